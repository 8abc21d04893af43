//! A receipt: what this Placet observed of one request, signed (R4).
//!
//! **Promises.** One receipt for one request, by its own random name (`jti`) and for a short time
//! (`exp`, R10). It says itself that it is not an authorization (R6), how its key is kept, and names
//! the receipt before it (`prev`), so that one that is left out leaves a gap.
//!
//! **Never** put into it what was typed, what a server said, or what was shown: hashes stand for
//! that (R3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Key, NotSigned, PublicKey, Refused, jws};

/// `typ` of a receipt's header.
pub const TYP: &str = "approval-receipt+jwt";
/// Seconds for which a receipt may be presented. Kept as evidence it stays readable.
pub const LASTS: i64 = 600;
/// What each receipt says of itself (R6).
pub const MEANING: &str = "Shows what this installation of Placet observed. It is not an \
authorization: only the authorization server grants one.";

/// The claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// This receipt and no other: 128 random bits, base64url.
    pub jti: String,
    /// The installation, by its key: a thumbprint URI (RFC 9278).
    pub iss: String,
    /// When the request ended, in seconds since 1970.
    pub iat: i64,
    /// Until when it may be presented.
    pub exp: i64,
    /// For whom it is: the authorization server's issuer, or the agent that asked.
    pub aud: String,
    /// Placet's name of the request.
    pub txn: String,
    /// What kind of question it was.
    pub kind: String,
    /// A word of the closed set.
    pub outcome: String,
    /// Why: a stable code.
    pub reason: String,
    /// SHA-256 of what was asked, canonical.
    pub approval_hash: String,
    /// SHA-256 of what was sent to be shown, canonical; none if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_hash: Option<String>,
    /// The authorization server's issuer, if the question was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who asked: attribution, not proof.
    pub requester: Requester,
    /// What answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How sure a yes is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<String>,
    /// Whether other programs of the session could watch or inject input.
    pub observable: bool,
    /// The version of Placet.
    pub app_version: String,
    /// How the key is kept: [`crate::Seal`].
    pub seal: String,
    /// [`digest`] of the receipt before this one; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
    /// [`MEANING`].
    pub meaning: String,
}

/// Who asked, what the kernel says and what the program says of itself apart (R2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The name that a person gave it, if it showed its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<String>,
    /// What the kernel said.
    pub kernel: Seen,
    /// What it called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

/// What the kernel said of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// User id.
    pub uid: u32,
    /// Where it ran: `session`, `ssh`, `container` or `unknown`.
    pub place: String,
    /// Its executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// SHA-256 of the executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_hash: Option<String>,
}

impl Receipt {
    /// `iss` of the installation with this key.
    #[must_use]
    pub fn issuer_of(key: &PublicKey) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", key.kid())
    }

    /// Signs it.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn sign(&self, key: &Key) -> Result<String, NotSigned> {
        let claims = serde_json::to_value(self).map_err(|_| NotSigned)?;
        key.sign_jwt(TYP, &claims)
    }

    /// Reads a receipt that one of `keys` signed. Says nothing of its time: see [`Receipt::is_over`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn verify(token: &str, keys: &[PublicKey]) -> Result<Self, Refused> {
        let (claims, key) = jws::verify(token, TYP, keys)?;
        let receipt: Self = serde_json::from_value(claims).map_err(|_| Refused::Claims)?;
        // A key speaks for its own installation, and a name is one, whatever list it is put on.
        if receipt.iss != Self::issuer_of(key) || !is_name(&receipt.jti) {
            return Err(Refused::Claims);
        }
        Ok(receipt)
    }

    /// Reads what a token of our own record says, without looking at the signature.
    #[must_use]
    pub fn peek(token: &str) -> Option<Self> {
        let claims = token.split('.').nth(1)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        serde_json::from_value(claims).ok()
    }

    /// True if it may not be presented any more, or not yet, at `now` (seconds since 1970).
    #[must_use]
    pub fn is_over(&self, now: i64) -> bool {
        // Clocks of two machines differ a little.
        now >= self.exp || now < self.iat.saturating_sub(60)
    }
}

/// What a requester gets of a receipt (R7): `sha256:` and hex, over the token as it stands.
#[must_use]
pub fn digest(token: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(token.as_bytes())))
}

fn is_name(jti: &str) -> bool {
    URL_SAFE_NO_PAD.decode(jti).is_ok_and(|bytes| bytes.len() == 16)
}

/// A new `jti`.
///
/// # Errors
/// [`NotSigned`] if the operating system gives no random bytes.
pub fn name() -> Result<String, NotSigned> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| NotSigned)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
