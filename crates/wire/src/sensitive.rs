//! Text that belongs to one connection: an authorization code, a pairing token.
//!
//! **Promises.** `Debug` prints `[redacted]`; there is no `Display`; the bytes are overwritten when
//! the value is dropped, as far as safe code can make the compiler do so.
//!
//! **Never** put a one-time code here: nothing in this protocol carries one (S5).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text for the one connection that it is meant for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive(String);

impl Sensitive {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Each call is a place to look at in review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Sensitive {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Without this the writes above are dead and may be left out.
        std::hint::black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m1_a_sensitive_text_never_prints_itself() {
        let text = Sensitive::new("SplxlOBeZQQYbYS6WxSbIA".into());
        assert_eq!(format!("{text:?} {text:#?}"), "[redacted] [redacted]");
        assert_eq!(text.expose(), "SplxlOBeZQQYbYS6WxSbIA");
    }
}
