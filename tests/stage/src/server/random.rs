//! Random names for sessions, codes and tokens.
//!
//! Promises 256 bits from the operating system for each (FiPA §5.3.1 asks for that much in an
//! `auth_session`); never falls back to anything weaker.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` random bytes.
///
/// # Errors
/// The operating system gave none.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A name of 256 random bits behind a prefix that tells a reader what it is: 43 characters of
/// base64url after it.
///
/// # Errors
/// The operating system gave no randomness.
pub(super) fn name(prefix: &str) -> Result<String, getrandom::Error> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?)))
}
