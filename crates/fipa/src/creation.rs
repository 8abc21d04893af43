//! A passkey that a server wants made (docs/passkey-registration.md), and what is answered.
//!
//! **Promises.** `parseCreationOptionsFromJSON` (WebAuthn §5.1.8), strictly. `rp.id` is the enrolled
//! issuer's host or a registrable suffix of it, the origin is the issuer's, as for an assertion; all of
//! it is refused otherwise before an authenticator is touched. User verification is always required.
//! Only kinds of keys that are known to be sound are made ([`ALGORITHMS`]).
//!
//! **Never** pass an extension on, or an attestation; never take an origin from a server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_core::creation::{Created, Creation};
use placet_core::passkey::ClientData;
use placet_core::ports::ServerError;
use serde_json::{Value, json};

use crate::passkey::{CHALLENGE, Home, Object, broken, bytes, credentials, present, timeout};

/// COSE algorithms that a passkey may have, best first: ES256, EdDSA with Ed25519.
const ALGORITHMS: [i64; 2] = [-7, -8];
/// Bytes of a user handle (WebAuthn §5.4.3).
const USER: std::ops::RangeInclusive<usize> = 1..=64;
/// Bytes of a name.
const NAME: usize = 256;

/// `PublicKeyCredentialCreationOptionsJSON`.
///
/// # Errors
/// [`ServerError::Protocol`] for what breaks the profile, [`ServerError::Suspicious`] for a passkey of
/// another site, [`ServerError::Unsupported`] for one that cannot be made here.
pub(crate) fn options(options: &Object, home: &Home) -> Result<Creation, ServerError> {
    let challenge = match options.get("challenge") {
        Some(Value::String(text)) => {
            bytes(text).ok_or_else(|| broken("the challenge is not base64url"))?
        }
        _ => return Err(broken("there is no challenge for the new passkey")),
    };
    if !CHALLENGE.contains(&challenge.len()) {
        return Err(broken("the challenge is too short or too long"));
    }
    let rp = object(options, "rp")?;
    let rp_id = match present(rp, "id") {
        None => home.rp_id(None)?,
        Some(Value::String(id)) => home.rp_id(Some(id))?,
        Some(_) => return Err(broken("rp.id is not text")),
    };
    let user = object(options, "user")?;
    let user_id = text(user, "id").and_then(bytes).filter(|id| USER.contains(&id.len()));
    unless_asked_otherwise(options)?;
    Ok(Creation {
        rp_id,
        rp_name: name(rp, "name")?,
        user_id: user_id.ok_or_else(|| broken("user.id is not 1 to 64 bytes of base64url"))?,
        user_name: name(user, "name")?,
        user_display_name: name(user, "displayName")?,
        client_data: ClientData::create(challenge, home.origin().to_owned()),
        algorithms: algorithms(present(options, "pubKeyCredParams"))?,
        exclude_credentials: credentials(present(options, "excludeCredentials"))?,
        resident_key: resident_key(options)?,
        timeout: timeout(present(options, "timeout"))?,
    })
}

/// What the server insists on and cannot have here.
fn unless_asked_otherwise(options: &Object) -> Result<(), ServerError> {
    let unsupported = |why: &str| Err(ServerError::Unsupported(why.to_owned()));
    let selection = match present(options, "authenticatorSelection") {
        None => None,
        Some(Value::Object(selection)) => Some(selection),
        Some(_) => return Err(broken("authenticatorSelection is not an object")),
    };
    let attachment = selection.and_then(|it| present(it, "authenticatorAttachment"));
    if attachment.and_then(Value::as_str).is_some_and(|it| it != "cross-platform") {
        return unsupported("it wants a passkey of this machine");
    }
    let extensions = match present(options, "extensions") {
        None => return Ok(()),
        Some(Value::Object(extensions)) => extensions,
        Some(_) => return Err(broken("extensions are not an object")),
    };
    // None is passed on. These two say that the passkey must not be made without them.
    if extensions.get("enforceCredentialProtectionPolicy") == Some(&Value::Bool(true)) {
        return unsupported("it insists on credProtect");
    }
    let support = extensions.get("largeBlob").and_then(|blob| blob.get("support"));
    if support.and_then(Value::as_str) == Some("required") {
        return unsupported("it insists on largeBlob");
    }
    Ok(())
}

/// Those of `pubKeyCredParams` that are sound, best first. None at all means the standard's two, of
/// which we take one.
fn algorithms(list: Option<&Value>) -> Result<Vec<i64>, ServerError> {
    let list = match list {
        None => return Err(broken("there is no pubKeyCredParams")),
        Some(list) => list.as_array().ok_or_else(|| broken("pubKeyCredParams is not a list"))?,
    };
    let mut named = Vec::new();
    for one in list {
        let kind = one.get("type").and_then(Value::as_str);
        let alg = one.get("alg").and_then(Value::as_i64);
        let (Some(kind), Some(alg)) = (kind, alg) else {
            return Err(broken("an entry of pubKeyCredParams has no type or no alg"));
        };
        if kind == "public-key" {
            named.push(alg);
        }
    }
    if list.is_empty() {
        named.push(-7);
    }
    let sound: Vec<_> = ALGORITHMS.into_iter().filter(|alg| named.contains(alg)).collect();
    if sound.is_empty() {
        return Err(ServerError::Unsupported("it takes no kind of key that is made here".into()));
    }
    Ok(sound)
}

/// `residentKey` of the selection, or what stood for it in Level 1.
fn resident_key(options: &Object) -> Result<bool, ServerError> {
    let selection = present(options, "authenticatorSelection");
    let member = |name: &str| selection.and_then(|it| it.get(name)).filter(|it| !it.is_null());
    match (member("residentKey"), member("requireResidentKey")) {
        (Some(Value::String(word)), _) => Ok(word == "required"),
        (None, Some(Value::Bool(required))) => Ok(*required),
        (None, None) => Ok(false),
        _ => Err(broken("residentKey cannot be read")),
    }
}

fn object<'a>(options: &'a Object, name: &str) -> Result<&'a Object, ServerError> {
    let found = options.get(name).and_then(Value::as_object);
    found.ok_or_else(|| broken(&format!("{name} of a new passkey is not an object")))
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn name(object: &Object, member: &str) -> Result<String, ServerError> {
    let found = text(object, member).filter(|text| text.len() <= NAME);
    found.map(str::to_owned).ok_or_else(|| broken("a name is missing or too long"))
}

/// `RegistrationResponseJSON` (WebAuthn §5.1), without an attestation.
pub(crate) fn answer(creation: &Creation, created: &Created) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let id = text(&created.credential_id);
    json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": text(&creation.client_data.json()),
            "attestationObject": text(&created.attestation_object),
            "authenticatorData": text(&created.authenticator_data),
            "transports": created.transports,
            "publicKeyAlgorithm": created.algorithm,
        },
    })
}

#[cfg(test)]
mod tests {
    use placet_core::ports::Suspicion;

    use super::*;
    use crate::place::{Loopback, Place};

    fn home(issuer: &str) -> Home {
        Home::of(&Place::issuer(issuer, Loopback::Refused).unwrap(), None)
    }

    fn honest() -> Value {
        json!({
            "rp": {"id": "as.example.com", "name": "Example"},
            "user": {"id": "AQID", "name": "sam", "displayName": "Sam"},
            "challenge": "OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs",
            "pubKeyCredParams": [{"type": "public-key", "alg": -257}, {"type": "public-key", "alg": -8},
                {"type": "public-key", "alg": -7}, {"type": "other", "alg": -65535}],
            "timeout": 60000,
            "excludeCredentials": [{"type": "public-key", "id": "AQID"}],
            "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true,
                "userVerification": "discouraged"},
            "attestation": "direct",
            "extensions": {"credProps": true, "credentialProtectionPolicy": "userVerificationRequired",
                "enforceCredentialProtectionPolicy": false}
        })
    }

    fn read(change: impl FnOnce(&mut Value)) -> Result<Creation, ServerError> {
        let mut value = honest();
        change(&mut value);
        options(value.as_object().unwrap(), &home("https://as.example.com"))
    }

    #[test]
    fn honest_options_are_read_with_es256_first_and_verification_whatever_was_asked() {
        let creation = read(|_| {}).unwrap();
        assert_eq!(creation.algorithms, [-7, -8]);
        assert_eq!(
            (creation.rp_id.as_str(), creation.user_id.as_slice()),
            ("as.example.com", &[1, 2, 3][..])
        );
        assert!(creation.resident_key);
        assert_eq!(creation.exclude_credentials.len(), 1);
        assert_eq!(creation.client_data.origin(), "https://as.example.com");
        let json = String::from_utf8(creation.client_data.json()).unwrap();
        assert!(json.starts_with(r#"{"type":"webauthn.create","challenge":"OE7yR-"#), "{json}");
        assert!(!read(|v| v["authenticatorSelection"] = Value::Null).unwrap().resident_key);
        let parent = read(|v| v["rp"]["id"] = json!("example.com")).unwrap();
        assert_eq!(parent.rp_id, "example.com");
        assert_eq!(read(|v| v["pubKeyCredParams"] = json!([])).unwrap().algorithms, [-7]);
    }

    #[test]
    fn p3_a_passkey_for_another_site_or_a_public_suffix_is_refused_as_an_attack() {
        for rp_id in ["bank.example", "com", "evil-as.example.com", "x.as.example.com", ""] {
            let refused = read(|v| v["rp"]["id"] = json!(rp_id));
            assert!(
                matches!(refused, Err(ServerError::Suspicious(Suspicion::RelyingParty, _))),
                "{rp_id}: {refused:?}"
            );
        }
        let origins = ["https://other.example".to_owned()];
        let place = Place::issuer("https://as.example.com", Loopback::Refused).unwrap();
        let elsewhere = Home::of(&place, Some(&origins));
        let refused = options(honest().as_object().unwrap(), &elsewhere);
        assert!(matches!(refused, Err(ServerError::Suspicious(..))), "P4: {refused:?}");
    }

    #[test]
    fn p2_what_cannot_be_read_exactly_is_refused() {
        let changes: [fn(&mut Value); 12] = [
            |v| v["challenge"] = json!("AQID"),
            |v| v["challenge"] = json!("OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs="),
            |v| v["challenge"] = Value::Null,
            |v| v["rp"] = json!("as.example.com"),
            |v| v["rp"]["id"] = json!(7),
            |v| v["user"]["id"] = json!(""),
            |v| v["user"]["id"] = json!("A".repeat(100)),
            |v| v["user"]["displayName"] = Value::Null,
            |v| v["pubKeyCredParams"] = Value::Null,
            |v| v["pubKeyCredParams"] = json!([{"type": "public-key"}]),
            |v| v["excludeCredentials"] = json!([{"id": "AQID"}]),
            |v| v["timeout"] = json!("soon"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let refused = read(change);
            assert!(matches!(refused, Err(ServerError::Protocol(_))), "{number}: {refused:?}");
        }
    }

    #[test]
    fn what_a_server_insists_on_and_cannot_have_is_refused_before_a_key_is_touched() {
        let changes: [fn(&mut Value); 4] = [
            |v| v["pubKeyCredParams"] = json!([{"type": "public-key", "alg": -257}]),
            |v| v["authenticatorSelection"]["authenticatorAttachment"] = json!("platform"),
            |v| v["extensions"]["enforceCredentialProtectionPolicy"] = json!(true),
            |v| v["extensions"]["largeBlob"] = json!({"support": "required"}),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let refused = read(change);
            assert!(matches!(refused, Err(ServerError::Unsupported(_))), "{number}: {refused:?}");
        }
    }
}
