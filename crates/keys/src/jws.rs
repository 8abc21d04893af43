//! JWS in compact form (RFC 7515), ES256 and nothing else.
//!
//! **Promises.** [`verify`] looks at the header before anything else and takes `alg`, `kid` and `typ`
//! alone: a header with a key, an address or a `crit` of its own is refused, so that no key comes
//! from the token and no algorithm is chosen by it (RFC 8725 §3.1, §3.11). One signature has one
//! form: the lower `s`, base64url without stray bits.
//!
//! **Never** look at claims before the signature holds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{NotSigned, PublicKey, Sealed};

/// A receipt has about 1,500 bytes.
const BYTES_MAX: usize = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not three parts of base64url, or a header with more or less in it.
    #[error("this is not a token of the form that Placet signs")]
    Form,
    /// `none`, or any other than ES256.
    #[error("it is not signed in the one way that is taken here (ES256)")]
    Algorithm,
    /// Another `typ`: signed for another purpose.
    #[error("it was signed for another purpose")]
    Type,
    /// `kid` names none of the keys.
    #[error("it was signed with another key")]
    Key,
    /// The signature does not hold.
    #[error("its signature does not hold: it was changed, or is not of this key")]
    Signature,
    /// The claims are not those of a receipt.
    #[error("what was signed is not a receipt")]
    Claims,
}

pub(crate) fn sign(sealed: &dyn Sealed, typ: &str, claims: &Value) -> Result<String, NotSigned> {
    let kid = sealed.public().kid().to_owned();
    let header = Header { alg: "ES256".to_owned(), kid, typ: typ.to_owned() };
    let header = serde_json_canonicalizer::to_vec(&header).map_err(|_| NotSigned)?;
    let claims = serde_json_canonicalizer::to_vec(claims).map_err(|_| NotSigned)?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sealed.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// What was signed, and by which of `keys`, if `token` is signed by one of them for this `typ`.
///
/// # Errors
/// [`Refused`].
pub fn verify<'k>(
    token: &str,
    typ: &str,
    keys: &'k [PublicKey],
) -> Result<(Value, &'k PublicKey), Refused> {
    if token.len() > BYTES_MAX {
        return Err(Refused::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::Form)?;
    let plain = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Form);
    let header = plain(header)?;
    // First of all, and by itself: `none` has no other members.
    let alg: Value = serde_json::from_slice(&header).map_err(|_| Refused::Form)?;
    if alg.get("alg").and_then(Value::as_str) != Some("ES256") {
        return Err(Refused::Algorithm);
    }
    // This also refuses a member that occurs twice, so `alg` is the one that was looked at.
    let header: Header = serde_json::from_slice(&header).map_err(|_| Refused::Form)?;
    if header.typ != typ {
        return Err(Refused::Type);
    }
    let key = keys.iter().find(|key| key.kid() == header.kid).ok_or(Refused::Key)?;
    let signature = Signature::from_slice(&plain(signature)?).map_err(|_| Refused::Signature)?;
    if signature.normalize_s() != signature {
        return Err(Refused::Signature);
    }
    key.key().verify(signed.as_bytes(), &signature).map_err(|_| Refused::Signature)?;
    let claims = serde_json::from_slice(&plain(claims)?).map_err(|_| Refused::Claims)?;
    Ok((claims, key))
}
