//! The rules of Placet: what may be asked, who decides, what is shown, what is recorded.
//!
//! Read [`approval::handle`] first: one request, top to bottom.
//!
//! **Promises.** Nothing ends as [`outcome::Outcome::Approved`] without a person's gesture that was
//! made on the screen whose hash is on record. Silence, errors and lost connections end as a no.
//! A secret typed by the person goes to [`ports::Servers`] and nowhere else.
//!
//! **Never.** No sockets, HTTP, SQL, windows or async runtime in this crate: those stand behind
//! [`ports`]. No `unsafe`, no panics.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod account;
pub mod approval;
pub mod approved;
pub mod brief;
pub mod ceremony;
mod change;
pub mod code_time;
pub mod creation;
pub mod display;
mod field;
pub mod form;
pub mod json;
mod layout;
pub mod nagging;
pub mod names;
pub mod outcome;
pub mod passkey;
pub mod policy;
pub mod ports;
#[cfg(test)]
mod pretended_tests;
pub mod request;
pub mod secret;
pub mod section;
pub mod settings;
pub mod text;
pub mod way;
