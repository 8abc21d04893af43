//! The relying party: asks for passkeys in every way of the profile (digest §2.6.3, §2.6.4) and a few
//! that are not, and verifies what comes back with webauthn-rs.
//!
//! Promises: each challenge is new, also on a refresh (digest §2.10-2), but where the scenario says
//! otherwise; an assertion is taken once, for the challenge that was sent last. Its own canonical
//! JSON, so that a mistake in the client's cannot hide here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

use super::random;
use super::script::{Binding, Step};
use crate::softkey::SoftKey;

/// The relying party of one issuer.
#[derive(Debug)]
pub(super) struct RelyingParty {
    webauthn: Webauthn,
    origin: String,
}

/// A challenge that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The schema's property.
    pub(super) property: Value,
    /// `approval_binding`.
    pub(super) binding: Option<Value>,
    /// `None` if nobody could answer it rightly.
    state: Option<PasskeyAuthentication>,
    challenge: Vec<u8>,
}

/// The property's name.
pub(super) const PROPERTY: &str = "assertion";

impl RelyingParty {
    /// At this origin, whose host is `localhost`.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn new(origin: &str) -> Result<Self, String> {
        let url = Url::parse(origin).map_err(|e| e.to_string())?;
        let builder = WebauthnBuilder::new("localhost", &url).map_err(|e| e.to_string())?;
        let webauthn = builder.build().map_err(|e| e.to_string())?;
        Ok(Self { webauthn, origin: origin.to_owned() })
    }

    /// Begins a registration: `PublicKeyCredentialCreationOptionsJSON`, and what it is held against.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn creation(
        &self,
        account: &str,
        has: Vec<CredentialID>,
    ) -> Result<(Value, PasskeyRegistration), String> {
        // The same for all of an account's passkeys (WebAuthn §5.4.3).
        let user = Sha256::digest(account.as_bytes());
        let user = user.first_chunk::<16>().map(|user| Uuid::from_bytes(*user));
        let user = user.unwrap_or_default();
        let begun = self.webauthn.start_passkey_registration(user, account, account, Some(has));
        let (options, state) = begun.map_err(|e| e.to_string())?;
        let whole = serde_json::to_value(&options).map_err(|e| e.to_string())?;
        Ok((whole.get("publicKey").cloned().unwrap_or_default(), state))
    }

    /// Verifies a `RegistrationResponseJSON`.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn created(
        &self,
        answer: Value,
        state: &PasskeyRegistration,
    ) -> Result<Passkey, String> {
        let answer: RegisterPublicKeyCredential =
            serde_json::from_value(answer).map_err(|e| e.to_string())?;
        self.webauthn.finish_passkey_registration(&answer, state).map_err(|e| e.to_string())
    }

    /// What this key answers to these options.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn make(&self, options: &Value, key: &mut SoftKey) -> Result<Value, String> {
        let made = key.make("localhost").map_err(|e| e.to_string())?;
        let data = json!({"type": "webauthn.create", "challenge": options.get("challenge"),
            "origin": self.origin, "crossOrigin": false});
        let id = URL_SAFE_NO_PAD.encode(&made.credential_id);
        Ok(json!({"id": id, "rawId": id, "type": "public-key", "response": {
            "attestationObject": URL_SAFE_NO_PAD.encode(&made.attestation_object),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(data.to_string())}}))
    }

    /// Asks for one of these passkeys, as the step and the binding have it. `before` is what was
    /// sent last in this session.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn ask(
        &self,
        step: Step,
        binding: Binding,
        passkeys: &[Passkey],
        approval: Option<&Value>,
        before: Option<&Sent>,
    ) -> Result<Sent, String> {
        if passkeys.is_empty() {
            return Err("this account has no passkey".to_owned());
        }
        let (asked, state) =
            self.webauthn.start_passkey_authentication(passkeys).map_err(|e| e.to_string())?;
        let whole = serde_json::to_value(&asked).map_err(|e| e.to_string())?;
        let mut options = whole.get("publicKey").cloned().unwrap_or_default();
        let mut challenge = asked.public_key.challenge.clone();
        let mut sent_binding = None;
        if let (Some(approval), Binding::Honest | Binding::Tampered) = (approval, binding) {
            let salt = random::bytes::<16>().map_err(|e| e.to_string())?;
            sent_binding = Some(json!({"alg": "S256-JCS", "salt": URL_SAFE_NO_PAD.encode(salt)}));
            let mut signed = approval.clone();
            if binding == Binding::Tampered {
                put(&mut signed, "reason", json!("Something else entirely."));
            }
            let mut hash = Sha256::new();
            hash.update(b"ana-approval-v1\0");
            hash.update(salt);
            hash.update(canonical(&signed));
            challenge = hash.finalize().to_vec();
        }
        match step {
            Step::PasskeyShortChallenge => challenge = vec![7; 15],
            Step::PasskeyUsedChallenge => {
                challenge = before.map_or(challenge, |before| before.challenge.clone());
            }
            _ => {}
        }
        let text = URL_SAFE_NO_PAD.encode(&challenge);
        put(&mut options, "challenge", json!(text));
        match step {
            Step::PasskeyRogueRpId => put(&mut options, "rpId", json!("bank.example")),
            Step::PasskeySuffixRpId => put(&mut options, "rpId", json!("com")),
            Step::PasskeyMalformed => put(&mut options, "challenge", json!(format!("{text}=="))),
            _ => {}
        }
        // Placed into the library's own state: it verifies against our challenge, not its.
        let mut state = serde_json::to_value(&state).map_err(|e| e.to_string())?;
        if let Some(ast) = state.get_mut("ast") {
            put(ast, "challenge", json!(text));
        }
        let state = serde_json::from_value(state).map_err(|e| e.to_string())?;
        let property = property(step, options);
        Ok(Sent { property, binding: sent_binding, state: Some(state), challenge })
    }

    /// Verifies an answer and moves the credential's counter on; false if it is not right.
    pub(super) fn verify(&self, sent: &mut Sent, value: &Value, passkeys: &mut [Passkey]) -> bool {
        let Some(state) = sent.state.take() else { return false };
        // A string holds the JSON text of the object.
        let answer = match value {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            other => other.clone(),
        };
        if !complete(&answer) {
            return false;
        }
        let Ok(credential) = serde_json::from_value::<PublicKeyCredential>(answer) else {
            return false;
        };
        match self.webauthn.finish_passkey_authentication(&credential, &state) {
            Ok(result) if result.user_verified() => {
                for passkey in passkeys {
                    passkey.update_credential(&result);
                }
                true
            }
            _ => false,
        }
    }
}

/// `AuthenticationResponseJSON`: what the library would let pass is required here (P6), and client
/// data in the exact serialization of WebAuthn §5.8.1.1.
fn complete(answer: &Value) -> bool {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let data = answer.pointer("/response/clientDataJSON").and_then(Value::as_str);
    let data = data.and_then(|data| URL_SAFE_NO_PAD.decode(data).ok()).unwrap_or_default();
    let exact = String::from_utf8(data).is_ok_and(|data| {
        data.starts_with("{\"type\":\"webauthn.get\",\"challenge\":\"")
            && data.ends_with("\",\"crossOrigin\":false}")
    });
    exact
        && text("type") == Some("public-key")
        && text("id").is_some_and(|id| text("rawId") == Some(id))
        && matches!(text("authenticatorAttachment"), Some("platform" | "cross-platform"))
        && answer.get("clientExtensionResults") == Some(&json!({}))
}

/// The property of the form, in the encoding of the step.
fn property(step: Step, options: Value) -> Value {
    let kind = if step == Step::PasskeyAsObject { "object" } else { "string" };
    let mut property = json!({"type": kind, "title": "Passkey", "format": "webauthn-get"});
    match (step, options) {
        (Step::PasskeyFlat, Value::Object(options)) => {
            for (name, value) in options {
                put(&mut property, &format!("x-webauthn-{name}"), value);
            }
        }
        (_, options) => put(&mut property, "x-webauthn-options", options),
    }
    property
}

/// RFC 8785 for what an approval of the stage can hold: numbers as ECMAScript writes those that have
/// no exponent.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<u16>>());
            let members = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", json!(name), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => "0".to_owned(),
            Some(n) => n.to_string(),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// An entry with this property alone, or with a code beside it.
pub(super) fn entry(step: Step, property: &Value) -> Value {
    let mut properties = Map::new();
    properties.insert(PROPERTY.to_owned(), property.clone());
    if step == Step::PasskeyMixed {
        properties.insert("otp".to_owned(), json!({"type": "string", "pattern": "^[0-9]{6}$"}));
    }
    json!({"mode": "form", "message": "Approve with your passkey.", "requestedSchema":
        {"type": "object", "properties": properties, "required": [PROPERTY]}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::softkey::Lie;

    /// The digest's example (§2.6.4), canonical as it stands there.
    #[test]
    fn p7_the_stages_own_canonical_form_is_that_of_the_profiles_example() {
        let text = include_str!("../../../interop/approval-vectors.json");
        let vectors: Value = serde_json::from_str(text).expect("JSON");
        let first = &vectors[0];
        let canonical = canonical(&first["approval"]);
        assert_eq!(canonical.len(), 438);
        let mut hash = Sha256::new();
        hash.update(b"ana-approval-v1\0");
        hash.update((0_u8..16).collect::<Vec<u8>>());
        hash.update(canonical);
        assert_eq!(URL_SAFE_NO_PAD.encode(hash.finalize()), first["challenge"]);
    }

    fn answer(sent: &Sent, key: &mut SoftKey, change: impl FnOnce(&mut Value)) -> Value {
        let options = &sent.property["x-webauthn-options"];
        let challenge = options["challenge"].as_str().expect("text");
        let data = format!(
            "{{\"type\":\"webauthn.get\",\"challenge\":\"{challenge}\",\"origin\":\"http://localhost:4000\",\"crossOrigin\":false}}"
        );
        let hash = Sha256::digest(data.as_bytes()).into();
        let signed = key.sign("localhost", &hash, &[]).expect("it has one");
        let id = URL_SAFE_NO_PAD.encode(signed.credential_id);
        let mut answer = json!({"id": id, "rawId": id, "type": "public-key",
            "authenticatorAttachment": "cross-platform", "clientExtensionResults": {},
            "response": {"clientDataJSON": URL_SAFE_NO_PAD.encode(&data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(signed.authenticator_data),
            "signature": URL_SAFE_NO_PAD.encode(signed.signature)}});
        change(&mut answer);
        answer
    }

    #[test]
    fn p6_the_stage_takes_a_right_assertion_once_and_no_wrong_one() {
        let rp = RelyingParty::new("http://localhost:4000").expect("a relying party");
        let mut key = SoftKey::default();
        let (options, state) = rp.creation("sam", Vec::new()).expect("options");
        let made = rp.make(&options, &mut key).expect("made");
        let mut passkeys = [rp.created(made, &state).expect("registered")];
        let ask = |passkeys: &[Passkey]| {
            rp.ask(Step::Passkey, Binding::None, passkeys, None, None).expect("asked")
        };
        let mut sent = ask(&passkeys);
        let right = answer(&sent, &mut key, |_| {});
        assert!(rp.verify(&mut sent, &right, &mut passkeys));
        assert!(!rp.verify(&mut sent, &right, &mut passkeys), "once");
        let mut sent = ask(&passkeys);
        let text = json!(answer(&sent, &mut key, |_| {}).to_string());
        assert!(rp.verify(&mut sent, &text, &mut passkeys), "as text too");
        for lie in
            [Lie::NoUserVerification, Lie::OtherSite, Lie::CounterBack(u32::MAX), Lie::BadSignature]
        {
            let mut sent = ask(&passkeys);
            key.lie = lie;
            let wrong = answer(&sent, &mut key, |_| {});
            assert!(!rp.verify(&mut sent, &wrong, &mut passkeys), "{lie:?}");
            // Back to an honest key whose counter is ahead again.
            key.lie = Lie::None;
            for _ in 0..6 {
                let _ = key.sign("localhost", &[0; 32], &[]);
            }
        }
        let incomplete: [fn(&mut Value); 3] = [
            |answer| drop(answer.as_object_mut().map(|a| a.shift_remove("clientExtensionResults"))),
            |answer| answer["rawId"] = json!("AQID"),
            |answer| answer["type"] = json!("password"),
        ];
        for change in incomplete {
            let mut sent = ask(&passkeys);
            let wrong = answer(&sent, &mut key, change);
            assert!(!rp.verify(&mut sent, &wrong, &mut passkeys));
        }
    }
}
