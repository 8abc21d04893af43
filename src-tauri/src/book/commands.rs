//! All that the book's page can ask of the program. Listed in `build.rs`, granted in
//! `capabilities/book.json`.
//!
//! **Promises.** Commands convert and delegate; neither takes nor returns a secret (H14).
//!
//! **Never** add one that decides, or that gives the page a path, a file or an address to load.

#![expect(clippy::unreachable, reason = "the macro's way to check a type; it is never run")]

use serde::Serialize;
use tauri::State;
use tokio::sync::watch;

use super::{FromBook, Page};

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

/// Asks Placet for the prompt.
#[tauri::command]
pub(super) fn look() -> Result<(), ()> {
    super::say(&FromBook::Look).map_err(drop)
}
