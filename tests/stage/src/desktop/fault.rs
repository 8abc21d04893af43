//! The one error of the desktop: what was being done, and why it did not work.
//!
//! A test that fails because of its stage must say so in one line; nobody decides anything by the
//! kind of such an error, so it has none.

use std::fmt::Display;

/// What the stage was doing, and what came in between.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct Fault {
    doing: String,
    cause: String,
}

impl Fault {
    /// While `doing` something, `cause` came in between.
    pub fn new(doing: impl Into<String>, cause: impl Display) -> Self {
        Self { doing: doing.into(), cause: cause.to_string() }
    }
}

/// The result of everything in [`crate::desktop`].
pub type Result<T> = std::result::Result<T, Fault>;

/// Says what was being done when an error came up.
pub(crate) trait While<T> {
    fn doing(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: Display> While<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|cause| Fault::new(what, cause))
    }
}

impl<T> While<T> for Option<T> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| Fault::new(what, "nothing there"))
    }
}
