//! The book: a second process of the same program with the web page from `ui/`, alive only while
//! its window is open.
//!
//! [`Book`] starts it and talks to it; [`window`] is what runs in it. They speak lines of JSON
//! over the book's standard input and output, which no other process has.
//!
//! **Promises.** What goes to the book is a [`Page`]: what the tray shows as well. What comes back
//! is a request to look at a prompt. So an imitated book can do what `placet open` can do.
//! The book ends when its window is closed, when Placet ends, and when it is cut off.
//!
//! **Never** send it a secret, an argument of an action, or believe it in anything that widens
//! what is allowed (design §6).

mod commands;
mod process;
pub mod window;

use std::io::Write as _;

use serde::{Deserialize, Serialize};

use crate::view::State;

pub use process::Book;

/// Everything that the first page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The program's version.
    pub version: String,
    /// What is going on.
    pub state: State,
    /// Where things are.
    pub places: Vec<Place>,
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
    /// Come to the front.
    Raise,
}

/// A line from the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromBook {
    /// Bring up the prompt.
    Look,
    /// It came to the front.
    Raised,
}

/// The book says it to Placet.
fn say(what: &FromBook) -> std::io::Result<()> {
    let line = serde_json::to_string(what)?;
    writeln!(std::io::stdout().lock(), "{line}")
}
