//! The passkeys endpoint (docs/passkey-registration.md): a person's own session adds, lists, renames
//! and deletes passkeys.
//!
//! Promises: only a token with the profile's scope does anything, and only with what its own account
//! has; a challenge is taken once; what comes back is verified with webauthn-rs; attestation `none`
//! and complete answers are required. On command it misbehaves, each way a [`Registering`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use webauthn_rs::prelude::Passkey;

use super::reply::{Reply, json_reply, oauth_error, with_header};
use super::request::invalid;
use super::world::{Inner, World};

/// The scope of a person's own session.
const SCOPE: &str = "placet:passkeys";
/// Passkeys of one account.
const MOST: usize = 5;

/// How the endpoint behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registering {
    /// Well.
    #[default]
    Honest,
    /// The metadata name no such endpoint.
    Missing,
    /// It stands on another host.
    Foreign,
    /// It wants a passkey of another site made.
    RogueRpId,
    /// It wants one of a public suffix made.
    SuffixRpId,
    /// Its challenge has 15 bytes.
    ShortChallenge,
    /// It takes only kinds of keys that are not made.
    WeakAlgorithms,
    /// It insists on an extension.
    Insists,
    /// It takes nothing that was made.
    RefusesAll,
    /// It answers with an HTML page and status 500.
    Broken,
}

/// What a person calls a passkey, and when it was made.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) name: String,
    pub(super) created: u64,
}

/// `POST {issuer}/passkeys`.
pub(super) async fn handle(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    answered(&world, &headers, &body).unwrap_or_else(|reply| *reply)
}

fn answered(world: &World, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Box<Reply>> {
    let mut inner = world.lock();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let token = bearer.and_then(|v| v.strip_prefix("Bearer "));
    let grant = token.and_then(|token| inner.grants.granted(token, world.clock.now()));
    let Some(grant) = grant else {
        let refusal = oauth_error(401, "invalid_token", "no such token, or it has expired");
        return Err(Box::new(with_header(refusal, "www-authenticate", "Bearer")));
    };
    if !grant.scope.as_deref().is_some_and(|scope| scope.split(' ').any(|one| one == SCOPE)) {
        return Err(Box::new(oauth_error(403, "insufficient_scope", "another scope is needed")));
    }
    let (account, client_id) = (grant.account.clone(), grant.client_id.clone());
    if inner.registering_as == Registering::Broken {
        return Ok(super::reply::text_reply(500, Some("text/html"), "<html>Oops</html>"));
    }
    let asked: Map<String, Value> =
        serde_json::from_slice(body).map_err(|e| invalid(&e.to_string()))?;
    let text = |name: &str| {
        let text = asked.get(name).and_then(Value::as_str);
        text.ok_or_else(|| invalid(&format!("{name} is missing")))
    };
    match text("action")? {
        "begin" => begin(world, &mut inner, &account),
        "finish" => {
            let name = text("name")?.to_owned();
            let credential = asked.get("credential").cloned().unwrap_or_default();
            finish(world, &mut inner, &account, &name, credential)
        }
        "list" => {
            let all: Vec<_> = known(&inner, &account).map(|one| told(&inner, one)).collect();
            Ok(json_reply(200, &json!({"passkeys": all})))
        }
        "rename" => {
            let (id, name) = (own(&inner, &account, text("passkey")?)?, text("name")?.to_owned());
            if let Some(called) = inner.called.get_mut(&id) {
                called.name = name;
            }
            Ok(json_reply(200, &json!({})))
        }
        "delete" => {
            let id = own(&inner, &account, text("passkey")?)?;
            if let Some(all) = inner.passkeys.get_mut(&account) {
                all.retain(|one| id_of(one) != id);
            }
            inner.called.remove(&id);
            Ok(json_reply(200, &json!({})))
        }
        "instance_key" => {
            let jwk = asked.get("jwk").cloned().unwrap_or_default();
            let key = super::instance::read(&jwk).map_err(invalid)?;
            inner.instances.insert((client_id, account), key);
            Ok(json_reply(200, &json!({})))
        }
        _ => Err(invalid("no such action")),
    }
}

fn begin(world: &World, inner: &mut Inner, account: &str) -> Result<Reply, Box<Reply>> {
    if known(inner, account).count() >= MOST {
        return Err(Box::new(oauth_error(409, "too_many_passkeys", "delete one first")));
    }
    let has = known(inner, account).map(|one| one.cred_id().clone()).collect();
    let begun = world.relying_party.creation(account, has);
    let (mut options, state) = begun.map_err(|why| invalid(&why))?;
    inner.begun.insert(account.to_owned(), state);
    let mut put = |pointer: &str, value: Value| {
        if let Some(member) = options.pointer_mut(pointer) {
            *member = value;
        }
    };
    match inner.registering_as {
        Registering::RogueRpId => put("/rp/id", json!("bank.example")),
        Registering::SuffixRpId => put("/rp/id", json!("com")),
        Registering::ShortChallenge => put("/challenge", json!(URL_SAFE_NO_PAD.encode([7; 15]))),
        Registering::WeakAlgorithms => {
            put("/pubKeyCredParams", json!([{"type": "public-key", "alg": -65535}]));
        }
        Registering::Insists => {
            put("/extensions", json!({"largeBlob": {"support": "required"}}));
        }
        _ => {}
    }
    Ok(json_reply(200, &json!({"publicKey": options})))
}

fn finish(
    world: &World,
    inner: &mut Inner,
    account: &str,
    name: &str,
    credential: Value,
) -> Result<Reply, Box<Reply>> {
    let refused = |why: &str| Box::new(oauth_error(400, "invalid_credential", why));
    // Once, whatever becomes of it.
    let begun = inner.begun.remove(account);
    let state = begun.ok_or_else(|| refused("nothing was begun"))?;
    if inner.registering_as == Registering::RefusesAll {
        return Err(refused("not today"));
    }
    if !complete(&credential) {
        return Err(refused("it is not complete"));
    }
    let made = world.relying_party.created(credential, &state).map_err(|why| refused(&why))?;
    let id = id_of(&made);
    if inner.passkeys.values().flatten().any(|one| id_of(one) == id) {
        return Err(Box::new(oauth_error(409, "already_registered", "it is known")));
    }
    inner.keep(account, made, name, world.clock.now());
    let all = inner.passkeys.get(account);
    let kept = all.and_then(|all| all.last()).map(|one| told(inner, one));
    Ok(json_reply(200, &json!({"passkey": kept})))
}

/// `RegistrationResponseJSON`: what the library would let pass is required here, and client data in
/// the exact serialization of WebAuthn §5.8.1.1.
fn complete(answer: &Value) -> bool {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
    let decoded = |pointer: &str| {
        let data = text(pointer).and_then(|data| URL_SAFE_NO_PAD.decode(data).ok());
        data.unwrap_or_default()
    };
    let exact = String::from_utf8(decoded("/response/clientDataJSON")).is_ok_and(|data| {
        data.starts_with("{\"type\":\"webauthn.create\",\"challenge\":\"")
            && data.ends_with("\",\"crossOrigin\":false}")
    });
    // An attestation object of three members that begins with `fmt`: `none`.
    let unattested = decoded("/response/attestationObject").starts_with(b"\xa3\x63fmt\x64none");
    exact
        && unattested
        && text("/type") == Some("public-key")
        && text("/id").is_some_and(|id| text("/rawId") == Some(id))
        && text("/authenticatorAttachment") == Some("cross-platform")
        && answer.get("clientExtensionResults") == Some(&json!({}))
        && answer.pointer("/response/transports").is_some_and(Value::is_array)
}

fn known<'a>(inner: &'a Inner, account: &str) -> impl Iterator<Item = &'a Passkey> {
    inner.passkeys.get(account).into_iter().flatten()
}

/// The id, if it is one of this account's.
fn own(inner: &Inner, account: &str, id: &str) -> Result<String, Box<Reply>> {
    let found = known(inner, account).map(id_of).find(|one| one == id);
    found.ok_or_else(|| Box::new(oauth_error(404, "not_found", "no such passkey")))
}

pub(super) fn id_of(passkey: &Passkey) -> String {
    URL_SAFE_NO_PAD.encode(passkey.cred_id())
}

fn told(inner: &Inner, passkey: &Passkey) -> Value {
    let id = id_of(passkey);
    let called = inner.called.get(&id);
    let name = called.map_or("unnamed", |called| &called.name);
    json!({"id": id, "name": name, "created_at": called.map(|called| time(called.created))})
}

/// RFC 3339, by the civil calendar.
fn time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_those_of_date() {
        assert_eq!(super::time(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(super::time(1_795_000_000), "2026-11-18T11:06:40Z");
    }
}
