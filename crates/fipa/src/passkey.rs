//! A WebAuthn challenge in a form (digest §2.6.3), and the answer to it.
//!
//! Placet is the WebAuthn client: no browser holds `rpId` against the origin for us.
//!
//! **Promises.** Both encodings are read strictly (P1, P2): `x-webauthn-options` with a whole
//! `PublicKeyCredentialRequestOptionsJSON`, and one `x-webauthn-*` keyword per member; where both are
//! there they must mean the same. `rpId` is the enrolled issuer's host or a registrable suffix of it,
//! the origin is the issuer's, and both are refused otherwise before an authenticator is touched
//! (P3, P4). User verification is always required (P5).
//!
//! **Never** take an origin from a server; never pass an extension on to an authenticator.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_core::passkey::{Assertion, ClientData, Hint, PublicKeyCredentialDescriptor, Wanted};
use placet_core::ports::{ServerError, Suspicion};
use serde_json::{Map, Value, json};
use url::Host;

use crate::place::Place;

pub(crate) type Object = Map<String, Value>;

/// Bytes of a challenge (digest §2.6.3).
pub(crate) const CHALLENGE: std::ops::RangeInclusive<usize> = 16..=1024;
/// Bytes of a credential id (WebAuthn §4).
const CREDENTIAL: std::ops::RangeInclusive<usize> = 1..=1023;
/// More credentials than a person has keys.
const CREDENTIALS: usize = 64;
/// Seconds that a ceremony may take (digest §2.6.3), and what it takes if the server does not say.
const TIMEOUT: (u64, u64) = (15, 600);
const TIMEOUT_UNSAID: u64 = 120;

/// The members of `PublicKeyCredentialRequestOptionsJSON`.
const MEMBERS: [&str; 7] =
    ["challenge", "timeout", "rpId", "allowCredentials", "userVerification", "hints", "extensions"];

/// The server as a relying party: what may stand in what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The issuer's host, if it is a name.
    host: Option<String>,
    /// The issuer's origin.
    origin: String,
    /// `ana_webauthn_origins_supported`.
    origins: Option<Vec<String>>,
}

impl Home {
    /// Of this issuer.
    pub(crate) fn of(issuer: &Place, origins: Option<&[String]>) -> Self {
        let host = match issuer.url().host() {
            Some(Host::Domain(host)) => Some(host.to_owned()),
            // An address is no rpId (digest §2.10-19).
            _ => None,
        };
        Self {
            host,
            origin: issuer.url().origin().ascii_serialization(),
            origins: origins.map(<[String]>::to_vec),
        }
    }

    /// The issuer's origin.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The `rpId` to be signed for (WebAuthn §5.1.4.1 step 8, HTML "is a registrable domain suffix of
    /// or is equal to").
    pub(crate) fn rp_id(&self, named: Option<&str>) -> Result<String, ServerError> {
        let Some(host) = &self.host else {
            return Err(foreign("its address has no name, so no passkey can be for it"));
        };
        if self.origins.as_ref().is_some_and(|known| !known.contains(&self.origin)) {
            return Err(foreign("it does not take passkeys from its own origin"));
        }
        let rp_id = named.unwrap_or(host);
        if rp_id == host {
            return Ok(rp_id.to_owned());
        }
        let parent = host.strip_suffix(rp_id).is_some_and(|sub| sub.ends_with('.'));
        if !parent {
            return Err(foreign("its rpId is not its host or a parent of it"));
        }
        // A public suffix belongs to nobody: everybody below it could use the passkey.
        if psl::domain_str(rp_id).is_none() {
            return Err(foreign("its rpId is a public suffix"));
        }
        Ok(rp_id.to_owned())
    }
}

/// A passkey that is asked for, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The property.
    pub(crate) name: String,
    /// For the authenticator.
    pub(crate) wanted: Wanted,
    /// True if the property takes the answer as text, false for an object (P6).
    as_text: bool,
}

/// Reads a schema if it asks for a passkey; `None` if it does not.
///
/// # Errors
/// [`ServerError::Protocol`] for what breaks the profile, [`ServerError::Suspicious`] for a passkey
/// of another site, [`ServerError::Unsupported`] for another ceremony.
pub(crate) fn read(schema: &Value, home: &Home) -> Result<Option<Asked>, ServerError> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(None);
    };
    if !properties.values().any(asks) {
        return Ok(None);
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(broken("the form of a passkey is not an object"));
    }
    let mut named = properties.iter();
    // Whoever typed a code beside it would not know what it is for.
    let (Some((name, property)), None) = (named.next(), named.next()) else {
        return Err(broken("a passkey is asked for together with something else"));
    };
    for keyword in schema.as_object().into_iter().flat_map(Map::keys) {
        if !matches!(
            keyword.as_str(),
            "type"
                | "properties"
                | "required"
                | "$schema"
                | "title"
                | "description"
                | "additionalProperties"
        ) {
            return Err(broken("the form of a passkey has an unknown keyword"));
        }
    }
    let required = schema.get("required").unwrap_or(&Value::Null);
    if !required.is_null() && required != &json!([name]) && required != &json!([]) {
        return Err(broken("the form of a passkey requires something else"));
    }
    let property = property.as_object().ok_or_else(|| broken("a property is not an object"))?;
    for keyword in property.keys() {
        let known = matches!(keyword.as_str(), "type" | "title" | "description" | "format")
            || keyword == "x-webauthn-options"
            || keyword.strip_prefix("x-webauthn-").is_some_and(|member| MEMBERS.contains(&member));
        if !known {
            return Err(broken("the property of a passkey has an unknown keyword"));
        }
    }
    match property.get("format") {
        None => {}
        Some(Value::String(format)) if format == "webauthn-get" => {}
        Some(Value::String(format)) if format.starts_with("webauthn-") => {
            return Err(ServerError::Unsupported("it asks for another ceremony".to_owned()));
        }
        Some(_) => return Err(broken("the property of a passkey has another format")),
    }
    let as_text = match property.get("type").and_then(Value::as_str) {
        Some("string") => true,
        Some("object") => false,
        _ => return Err(broken("the property of a passkey is neither a string nor an object")),
    };
    let wanted = options(property, home)?;
    Ok(Some(Asked { name: name.clone(), wanted, as_text }))
}

fn asks(property: &Value) -> bool {
    let format = property.get("format").and_then(Value::as_str).unwrap_or_default();
    format.starts_with("webauthn-")
        || property
            .as_object()
            .is_some_and(|property| property.keys().any(|key| key.starts_with("x-webauthn-")))
}

/// The options in either encoding, or in both if they mean the same (P1).
fn options(property: &Object, home: &Home) -> Result<Wanted, ServerError> {
    let whole = match property.get("x-webauthn-options") {
        None => None,
        Some(Value::Object(options)) => Some(parsed(options, home)?),
        Some(_) => return Err(broken("x-webauthn-options is not an object")),
    };
    let mut flat = Object::new();
    for member in MEMBERS {
        if let Some(value) = property.get(&format!("x-webauthn-{member}")) {
            flat.insert(member.to_owned(), value.clone());
        }
    }
    if flat.is_empty() {
        return whole.ok_or_else(|| broken("a passkey is asked for without options"));
    }
    let flat = parsed(&flat, home)?;
    match whole {
        None => Ok(flat),
        // Hints are advice (digest §2.10-17).
        Some(whole)
            if (Wanted { hints: Vec::new(), ..whole.clone() })
                == (Wanted { hints: Vec::new(), ..flat }) =>
        {
            Ok(whole)
        }
        Some(_) => Err(broken("the two encodings of a passkey's options differ")),
    }
}

/// `parseRequestOptionsFromJSON` (WebAuthn §5.1.10), and our own checks.
fn parsed(options: &Object, home: &Home) -> Result<Wanted, ServerError> {
    let challenge = match options.get("challenge") {
        Some(Value::String(text)) => {
            bytes(text).ok_or_else(|| broken("the challenge is not base64url"))?
        }
        _ => return Err(broken("there is no challenge to be signed")),
    };
    if !CHALLENGE.contains(&challenge.len()) {
        return Err(broken("the challenge is too short or too long"));
    }
    let rp_id = match present(options, "rpId") {
        None => home.rp_id(None)?,
        Some(Value::String(rp_id)) => home.rp_id(Some(rp_id))?,
        Some(_) => return Err(broken("rpId is not text")),
    };
    let timeout = timeout(present(options, "timeout"))?;
    match present(options, "userVerification") {
        None => {}
        // Whatever it is, it is required (P5).
        Some(Value::String(asked)) if asked == "required" => {}
        Some(Value::String(_)) => {
            tracing::debug!("the server asks for less than user verification; it is required");
        }
        Some(_) => return Err(broken("userVerification is not text")),
    }
    if present(options, "extensions").is_some_and(|extensions| !extensions.is_object()) {
        return Err(broken("extensions are not an object"));
    }
    Ok(Wanted {
        rp_id,
        client_data: ClientData::get(challenge, home.origin.clone()),
        allow_credentials: allow_credentials(present(options, "allowCredentials"))?,
        hints: hints(present(options, "hints"))?,
        timeout,
    })
}

/// How long a ceremony may take.
pub(crate) fn timeout(asked: Option<&Value>) -> Result<Duration, ServerError> {
    let seconds = match asked {
        None => TIMEOUT_UNSAID,
        Some(timeout) => {
            let millis = timeout.as_u64().ok_or_else(|| broken("timeout is not a number"))?;
            (millis / 1000).clamp(TIMEOUT.0, TIMEOUT.1)
        }
    };
    Ok(Duration::from_secs(seconds))
}

fn allow_credentials(
    list: Option<&Value>,
) -> Result<Vec<PublicKeyCredentialDescriptor>, ServerError> {
    let known = credentials(list)?;
    if known.is_empty() && list.and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        return Err(ServerError::Unsupported("it names no passkey that is known".to_owned()));
    }
    Ok(known)
}

/// `PublicKeyCredentialDescriptorJSON`s.
pub(crate) fn credentials(
    list: Option<&Value>,
) -> Result<Vec<PublicKeyCredentialDescriptor>, ServerError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let list = list.as_array().ok_or_else(|| broken("a list of credentials is none"))?;
    if list.len() > CREDENTIALS {
        return Err(broken("a list of credentials is too long"));
    }
    let mut known = Vec::new();
    for one in list {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        let (Some(kind), Some(id)) = (text("type"), text("id")) else {
            return Err(broken("a credential has no type or no id"));
        };
        let id = bytes(id).ok_or_else(|| broken("the id of a credential is not base64url"))?;
        if !CREDENTIAL.contains(&id.len()) {
            return Err(broken("the id of a credential is empty or too long"));
        }
        let transports = strings(one.get("transports").filter(|value| !value.is_null()))
            .ok_or_else(|| broken("transports are not a list of texts"))?;
        // WebAuthn §5.1.4: other types are passed over.
        if kind == "public-key" {
            known.push(PublicKeyCredentialDescriptor { id, transports });
        }
    }
    Ok(known)
}

fn hints(list: Option<&Value>) -> Result<Vec<Hint>, ServerError> {
    let hints = strings(list).ok_or_else(|| broken("hints are not a list of texts"))?;
    let hint = |text: &String| match text.as_str() {
        "security-key" => Some(Hint::SecurityKey),
        "client-device" => Some(Hint::ClientDevice),
        "hybrid" => Some(Hint::Hybrid),
        _ => None,
    };
    Ok(hints.iter().filter_map(hint).collect())
}

fn strings(list: Option<&Value>) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(Vec::new()) };
    list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Absent and null are the same: some servers write every member.
pub(crate) fn present<'a>(options: &'a Object, name: &str) -> Option<&'a Value> {
    options.get(name).filter(|value| !value.is_null())
}

/// Base64url without padding, white space or stray bits (P2).
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `approval_binding` (digest §2.6.4): its salt.
///
/// # Errors
/// [`ServerError::Protocol`] if it cannot be read, [`ServerError::Unsupported`] for another `alg`.
pub(crate) fn binding_salt(members: &Object) -> Result<Option<Vec<u8>>, ServerError> {
    let Some(binding) = present(members, "approval_binding") else { return Ok(None) };
    match binding.get("alg") {
        Some(Value::String(alg)) if alg == "S256-JCS" => {}
        Some(Value::String(_)) => {
            return Err(ServerError::Unsupported("it binds its approval otherwise".to_owned()));
        }
        _ => return Err(broken("approval_binding has no alg")),
    }
    let salt = binding.get("salt").and_then(Value::as_str).and_then(bytes);
    match salt {
        Some(salt) if CHALLENGE.contains(&salt.len()) => Ok(Some(salt)),
        _ => Err(broken("the salt of approval_binding is not 16 bytes of base64url")),
    }
}

/// `AuthenticationResponseJSON` (WebAuthn §5.1), as the value of the property, written as JSON (P6).
pub(crate) fn answer(asked: &Asked, assertion: &Assertion) -> String {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut response = json!({
        "clientDataJSON": text(&asked.wanted.client_data.json()),
        "authenticatorData": text(&assertion.authenticator_data),
        "signature": text(&assertion.signature),
    });
    if let (Some(handle), Some(members)) = (&assertion.user_handle, response.as_object_mut()) {
        members.insert("userHandle".to_owned(), Value::String(text(handle)));
    }
    let id = text(&assertion.credential_id);
    let whole = json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "authenticatorAttachment": assertion.authenticator_attachment.as_str(),
        "clientExtensionResults": {},
        "response": response,
    });
    match asked.as_text {
        true => Value::String(whole.to_string()).to_string(),
        false => whole.to_string(),
    }
}

pub(crate) fn broken(why: &str) -> ServerError {
    ServerError::Protocol(why.to_owned())
}

fn foreign(why: &str) -> ServerError {
    ServerError::Suspicious(Suspicion::RelyingParty, why.to_owned())
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
