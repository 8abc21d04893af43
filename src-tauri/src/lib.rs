//! The desktop side of Placet: tray, notifications, the prompt, and the book's process.
//!
//! Read [`start::start`] first: what happens before anything else, in order. Then [`desktop`],
//! which ties the daemon to the tray, the notifications and the prompt.
//!
//! **Promises.** Decisions are made in the prompt and nowhere else here. No web page is alive
//! unless the book is open, and the book holds no secret.
//!
//! **Never** decide what may be asked or what a yes is: that is said in `placet_core`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod autostart;
pub mod away;
pub mod book;
pub mod desktop;
pub mod environment;
pub mod glass;
pub mod keep;
pub mod local;
pub mod modules;
pub mod notify;
pub mod others;
pub mod places;
pub mod prompt;
pub mod seat;
pub mod second;
pub mod start;
pub mod tray;
mod trouble;
pub mod view;

/// What the program was built with: the pages of `ui/`, their policy and who may call what.
#[expect(clippy::exit, reason = "what the macro makes ends a program that cannot start at all")]
pub(crate) fn context() -> tauri::Context {
    tauri::generate_context!()
}
