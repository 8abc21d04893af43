//! What the tests of several crates share. One file a promise stands in `tests/`.

pub mod bench;
pub mod book;
pub mod demo;
pub mod gallery;
pub mod hands;
pub mod headless;
pub mod key;
pub mod passkey;
pub mod sample_agent;
