//! Authorization codes and access tokens (RFC 6749 §4.1.2, §5.1).
//!
//! Promises: a code is single-use and short-lived, bound to its client, its PKCE challenge, its
//! redirect address, the resource and the granted details. Whatever is tried with a code uses it
//! up; trying a used code revokes the token that it gave (RFC 6749 §4.1.2).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::random;
use super::request::Wanted;

/// What was granted.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) account: String,
    pub(super) scope: Option<String>,
    pub(super) resource: Vec<String>,
    pub(super) details: Vec<Value>,
    code_challenge: String,
    /// Some for a code that went by way of the browser.
    redirect_uri: Option<String>,
    expires: u64,
}

impl Grant {
    /// A grant of these details, for a code that expires at `expires` (seconds since 1970).
    pub(super) fn new(
        wanted: &Wanted,
        details: Vec<Value>,
        redirect_uri: Option<String>,
        expires: u64,
    ) -> Self {
        Self {
            client_id: wanted.client_id.clone(),
            account: wanted.account.clone(),
            scope: wanted.scope.clone(),
            resource: wanted.resource.clone(),
            details,
            code_challenge: wanted.code_challenge.clone(),
            redirect_uri,
            expires,
        }
    }
}

/// What comes with a token request.
pub(super) struct Redeeming<'a> {
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) verifier: &'a str,
    pub(super) redirect_uri: Option<&'a str>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// Codes not yet redeemed, and tokens.
#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: HashMap<String, Grant>,
    /// Used codes, with the token they gave.
    used: HashMap<String, Option<String>>,
    tokens: HashMap<String, Grant>,
}

/// Seconds that an access token lives.
pub(super) const TOKEN_LIFETIME: u64 = 300;

impl Grants {
    /// A new code for a grant.
    ///
    /// # Errors
    /// No randomness.
    pub(super) fn issue(&mut self, grant: Grant) -> Result<String, getrandom::Error> {
        let code = random::name("ac_")?;
        self.codes.insert(code.clone(), grant);
        Ok(code)
    }

    /// True as long as a code can be redeemed.
    pub(super) fn redeemable(&self, code: &str) -> bool {
        self.codes.contains_key(code)
    }

    /// Gives a token for a code, or says in a sentence why not.
    ///
    /// # Errors
    /// Outer: no randomness. Inner: why the grant is invalid.
    pub(super) fn redeem(
        &mut self,
        with: &Redeeming<'_>,
    ) -> Result<Result<(String, Grant), &'static str>, getrandom::Error> {
        if let Some(token) = self.used.get(with.code) {
            if let Some(token) = token {
                self.tokens.remove(token);
            }
            return Ok(Err("the code was used before; its token is revoked"));
        }
        let Some(mut grant) = self.codes.remove(with.code) else { return Ok(Err("no such code")) };
        self.used.insert(with.code.to_owned(), None);
        if with.now > grant.expires {
            return Ok(Err("the code has expired"));
        }
        if grant.client_id != with.client_id {
            return Ok(Err("the code is another client's"));
        }
        if grant.redirect_uri.as_deref() != with.redirect_uri {
            return Ok(Err("redirect_uri is not that of the authorization request"));
        }
        if !verifies(&grant.code_challenge, with.verifier) {
            return Ok(Err("code_verifier does not fit code_challenge"));
        }
        let token = random::name("at_")?;
        grant.expires = with.now.saturating_add(TOKEN_LIFETIME);
        self.used.insert(with.code.to_owned(), Some(token.clone()));
        self.tokens.insert(token.clone(), grant.clone());
        Ok(Ok((token, grant)))
    }

    /// What a token grants, while it lives.
    pub(super) fn granted(&self, token: &str, now: u64) -> Option<&Grant> {
        self.tokens.get(token).filter(|grant| now <= grant.expires)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// RFC 7636 §4.6: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge, for a verifier
/// of 43 to 128 unreserved characters (§4.1).
pub(super) fn verifies(challenge: &str, verifier: &str) -> bool {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    well_formed && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::verifies;

    #[test]
    fn s10_the_vector_of_rfc_7636_appendix_b_verifies() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verifies(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!verifies(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!verifies(challenge, "short"));
    }
}
