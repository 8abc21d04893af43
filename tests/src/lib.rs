//! What the tests of several crates share. One file a promise stands in `tests/`.

pub mod headless;
