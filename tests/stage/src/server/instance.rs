//! Installations that the server knows by a key: `private_key_jwt` (RFC 7523 §2.2, §3) at the challenge
//! endpoint.
//!
//! Promises: once an account's person has registered an installation, nobody opens a session for that
//! client and account without its signature; an assertion is taken once, for this issuer, for five
//! minutes at most.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;

use super::reply::Reply;
use super::request::{Form, Wanted, error};
use super::world::Inner;

/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion may have left.
const LONGEST: u64 = 300;

/// A public key as a JWK (RFC 7517): P-256, without a private member.
///
/// # Errors
/// A sentence.
pub(super) fn read(jwk: &Value) -> Result<VerifyingKey, &'static str> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("EC"), Some("P-256")) || jwk.get("d").is_some() {
        return Err("jwk is no public key of P-256");
    }
    let coordinate = |name: &str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.filter(|bytes| bytes.len() == 32).ok_or("jwk has no point")
    };
    let mut point = vec![4_u8];
    point.extend(coordinate("x")?);
    point.extend(coordinate("y")?);
    VerifyingKey::from_sec1_bytes(&point).map_err(|_| "jwk has no point of the curve")
}

/// Whether this client may open a session for this account.
///
/// # Errors
/// `invalid_client`.
pub(super) fn admitted(
    inner: &mut Inner,
    wanted: &Wanted,
    form: &Form,
    issuer: &str,
    now: u64,
) -> Result<(), Box<Reply>> {
    let refused = |why: &str| error(401, "invalid_client", why);
    let whose = (wanted.client_id.clone(), wanted.account.clone());
    let Some(key) = inner.instances.get(&whose) else {
        return match form.get("client_assertion") {
            None => Ok(()),
            Some(_) => Err(refused("this installation is not known")),
        };
    };
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(refused("this installation is to prove itself"));
    }
    let assertion = form.get("client_assertion").unwrap_or_default();
    let claims = verified(key, assertion).ok_or_else(|| refused("it is not signed by its key"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_u64);
    if text("iss") != Some(&wanted.client_id) || text("sub") != Some(&wanted.client_id) {
        return Err(refused("it is another client's"));
    }
    if text("aud") != Some(issuer) {
        return Err(refused("it is for another server"));
    }
    if !number("exp").is_some_and(|exp| exp > now && exp <= now.saturating_add(LONGEST)) {
        return Err(refused("it is over, or lives for too long"));
    }
    match text("jti") {
        Some(jti) if inner.assertions.insert(jti.to_owned()) => Ok(()),
        _ => Err(refused("it was used before")),
    }
}

/// The claims of a JWS in compact form with ES256 (RFC 7515 §5.2), if this key signed it.
fn verified(key: &VerifyingKey, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Value = serde_json::from_slice(&part(header)?).ok()?;
    if header.get("alg").and_then(Value::as_str) != Some("ES256") {
        return None;
    }
    let signature = Signature::from_slice(&part(signature)?).ok()?;
    key.verify(signed.as_bytes(), &signature).ok()?;
    serde_json::from_slice(&part(claims)?).ok()
}
