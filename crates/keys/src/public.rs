//! The public half of a key, as a JWK and by its name.
//!
//! **Promises.** [`PublicKey::from_jwk`] takes a P-256 key that is a point of the curve, and nothing
//! that has a private half. The name is computed, never taken from the JWK.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::VerifyingKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A public key on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    x: String,
    y: String,
    kid: String,
}

/// Why a JWK is not a key that can be checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Another kind, or not a JWK.
    #[error("this is not a public key on P-256 in JWK form")]
    Kind,
    /// It holds the private half.
    #[error("this JWK holds a private key: keep it to yourself, and give the public one")]
    Private,
}

impl PublicKey {
    pub(crate) fn new(key: VerifyingKey) -> Self {
        let point = key.to_sec1_point(false);
        // An uncompressed point of this curve is one byte and two times 32.
        let (x, y) =
            point.as_bytes().get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // RFC 7638 §3.2: the required members, in this order, without white space.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        Self { key, x, y, kid }
    }

    /// Reads a JWK.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn from_jwk(jwk: &Value) -> Result<Self, NotAKey> {
        if jwk.get("d").is_some() {
            return Err(NotAKey::Private);
        }
        let text = |name| jwk.get(name).and_then(Value::as_str).ok_or(NotAKey::Kind);
        if text("kty")? != "EC" || text("crv")? != "P-256" {
            return Err(NotAKey::Kind);
        }
        let mut point = vec![4];
        for name in ["x", "y"] {
            let half = URL_SAFE_NO_PAD.decode(text(name)?).map_err(|_| NotAKey::Kind)?;
            if half.len() != 32 {
                return Err(NotAKey::Kind);
            }
            point.extend(half);
        }
        let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| NotAKey::Kind)?;
        Ok(Self::new(key))
    }

    /// The thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// As a JWK.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y,
            "kid": self.kid, "alg": "ES256", "use": "sig",
        })
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }
}
