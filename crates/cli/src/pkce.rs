//! A PKCE verifier for one call (RFC 7636).
//!
//! **Promises.** 32 random bytes from the operating system; the challenge is S256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_wire::sensitive::Sensitive;
use sha2::{Digest as _, Sha256};

use crate::exit::Stop;

/// A new verifier of 43 characters (RFC 7636 §4.1).
pub(crate) fn verifier() -> Result<Sensitive, Stop> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Stop::Local(format!("no randomness from the system: {error}")))?;
    let verifier = URL_SAFE_NO_PAD.encode(bytes);
    bytes.fill(0);
    Ok(Sensitive::new(verifier))
}

/// BASE64URL(SHA256(ASCII(verifier))) (RFC 7636 §4.2).
pub(crate) fn challenge(verifier: &Sensitive) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_standards_own_example_holds() {
        let verifier = Sensitive::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_verifier_is_new_each_time_and_of_the_allowed_length() {
        let (one, two) = (verifier().unwrap(), verifier().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), two.expose());
    }
}
