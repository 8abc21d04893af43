//! Which installation asks: `private_key_jwt` (RFC 7523 §2.2) at the challenge endpoint, where a server
//! knows this installation by its key (docs/passkey-registration.md).
//!
//! **Promises.** An assertion is for one server, lives for a minute and has a name of its own each
//! time, so that one that was seen is of no use. It goes to the challenge endpoint alone: codes are
//! redeemed by who asked, as a public client.
//!
//! **Never** send one to a server that does not know the key: it would learn a name of this
//! installation for nothing.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_core::account::Installation;
use placet_core::ports::ServerError;
use placet_core::request::Server;
use serde_json::{Value, json};

/// RFC 7523 §2.2.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion lives.
const LIVES: u64 = 60;

/// The key of this installation.
pub trait Instance: std::fmt::Debug + Send + Sync {
    /// Its name and how it is kept; `None` if it cannot be used.
    fn installation(&self) -> Option<Installation>;
    /// Its public half (RFC 7517).
    fn public_jwk(&self) -> Option<Value>;
    /// A JWT over these claims, with ES256.
    fn sign(&self, claims: &Value) -> Option<String>;
}

/// An assertion for this server.
///
/// # Errors
/// [`ServerError::Unsupported`] if there is no key or no randomness.
pub(crate) fn assertion(instance: &dyn Instance, server: &Server) -> Result<String, ServerError> {
    let failed = || ServerError::Unsupported("this installation cannot prove itself".to_owned());
    let mut jti = [0_u8; 16];
    getrandom::fill(&mut jti).map_err(|_| failed())?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| failed())?;
    let now = now.as_secs();
    let claims = json!({
        "iss": server.client_id,
        "sub": server.client_id,
        "aud": server.issuer,
        "jti": URL_SAFE_NO_PAD.encode(jti),
        "iat": now,
        "exp": now.saturating_add(LIVES),
    });
    instance.sign(&claims).ok_or_else(failed)
}

/// None: no server knows this installation.
#[derive(Debug)]
struct Nobody;

impl Instance for Nobody {
    fn installation(&self) -> Option<Installation> {
        None
    }

    fn public_jwk(&self) -> Option<Value> {
        None
    }

    fn sign(&self, _: &Value) -> Option<String> {
        None
    }
}

/// One that proves nothing.
pub(crate) fn nobody() -> Arc<dyn Instance> {
    Arc::new(Nobody)
}
