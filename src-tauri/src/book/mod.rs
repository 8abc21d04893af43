//! The book: a second process of the same program with the web page from `ui/`, alive only while
//! its window is open.
//!
//! [`Book`] starts it and talks to it; [`window`] is what runs in it. They speak lines of JSON
//! over the book's standard input and output, which no other process has.
//!
//! **Promises.** What goes to the book is a [`Page`], what the tray shows as well, and the answer to
//! each [`Question`]. What comes back is a question or a request to look at a prompt. So an imitated
//! book can do what a notification's Review and `placet agents remove` can do, read what the record holds, which
//! is a file of the same user, and set what widens nothing; what widens is asked in the prompt.
//! The book ends when its window is closed, when Placet ends, and when it is cut off.
//!
//! **Never** send it a secret, or believe it in anything that widens
//! what is allowed (design §6).

mod commands;
pub mod health;
mod process;
pub mod question;
#[cfg(test)]
#[path = "types_tests.rs"]
mod types;
pub mod window;

use std::io::Write as _;

use placet_core::request::RequestId;
use serde::{Deserialize, Serialize};

use crate::view::State;

pub use process::{Book, Reply};
pub use question::{Answer, Question};

/// Everything that the first page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The program's version.
    pub version: String,
    /// What is going on.
    pub state: State,
    /// The same in one sentence.
    #[serde(default)]
    pub said: String,
    /// Where things are.
    pub places: Vec<Place>,
    /// Placet was started here for the first time: it begins with the page for a new person.
    #[serde(default)]
    pub first: bool,
}

/// A labelled path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What it is.
    pub label: String,
    /// Where it is.
    pub path: String,
}

/// A line to the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToBook {
    /// Show this from now on.
    Show(Page),
    /// To the question of this number.
    Answer(u64, Answer),
    /// Come to the front.
    Raise,
}

/// A line from the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromBook {
    /// Bring up the prompt for this request.
    Look(RequestId),
    /// A question and its number.
    Ask(u64, Question),
    /// It came to the front.
    Raised,
}

/// What the book says is shorter; more than this and it is cut off.
const LINE_LIMIT: u64 = 4096;

/// The book says it to Placet.
fn say(what: &FromBook) -> std::io::Result<()> {
    let line = serde_json::to_string(what)?;
    if line.len() as u64 >= LINE_LIMIT {
        return Err(std::io::Error::other("that is too long"));
    }
    writeln!(std::io::stdout().lock(), "{line}")
}
