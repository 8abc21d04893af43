//! Secrets: one-time codes, authorization codes, `auth_session`, tokens.
//!
//! **Promises.** The bytes are wiped when the value is dropped, also while a panic unwinds (M2).
//! `Debug` prints `[redacted]`; there is no `Display`, no `Serialize`, no `PartialEq` (M1).
//!
//! **Never** add a serde derive here: a secret is written out only where it leaves for the server
//! or, as an authorization code, for the one connection that asked.

use std::fmt;

use zeroize::Zeroizing;

/// Text that must not be seen: wiped on drop, redacted in `Debug`, exposed only on purpose.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller must not keep a copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Each call is a place to look at in review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m1_a_secret_never_prints_itself() {
        let secret = Secret::new("28708281".into());
        assert_eq!(format!("{secret:?} {secret:#?}"), "[redacted] [redacted]");
        assert_eq!(secret.expose(), "28708281");
    }
}
