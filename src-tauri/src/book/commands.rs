//! All that the book's page can ask of the program. Listed in `build.rs`, granted in
//! `capabilities/book.json`.
//!
//! **Promises.** Commands convert and delegate; none takes or returns a secret (H14).
//!
//! **Never** add one that decides, or that gives the page a path, a file or an address to load.

#![expect(clippy::unreachable, reason = "the macro's way to check a type; it is never run")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use placet_core::request::RequestId;
use serde::Serialize;
use tauri::State;
use tokio::sync::{oneshot, watch};

use super::{Answer, FromBook, Page, Question};

/// A page and how many came before it; 0 while there is none.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) page: Option<Page>,
}

pub(super) struct Pages(pub(super) watch::Receiver<Numbered>);

/// The first page that is newer than `seen`.
#[tauri::command]
pub(super) async fn book(seen: u64, pages: State<'_, Pages>) -> Result<Numbered, ()> {
    let mut pages = pages.0.clone();
    let newer = pages.wait_for(|now| now.number > seen).await.map_err(drop)?;
    Ok(newer.clone())
}

/// Asks Placet for the prompt of this request.
#[tauri::command]
pub(super) fn look(request: RequestId) -> Result<(), ()> {
    super::say(&FromBook::Look(request)).map_err(drop)
}

/// Questions that Placet has not answered yet.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Open>>);

/// How many were asked, and who waits for which answer.
#[derive(Default)]
struct Open {
    count: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Asked {
    fn put(&self) -> (u64, oneshot::Receiver<Answer>) {
        let (sender, answer) = oneshot::channel();
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.count = asked.count.saturating_add(1);
        let number = asked.count;
        asked.waiting.insert(number, sender);
        (number, answer)
    }

    pub(super) fn answer(&self, number: u64, answer: Answer) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = asked.waiting.remove(&number) {
            // The page may have gone on to another.
            let _ = sender.send(answer);
        }
    }
}

/// Asks Placet one of the [`Question`]s.
#[tauri::command]
pub(super) async fn ask(question: Question, asked: State<'_, Asked>) -> Result<Answer, ()> {
    let (number, answer) = asked.put();
    super::say(&FromBook::Ask(number, question)).map_err(drop)?;
    answer.await.map_err(drop)
}
