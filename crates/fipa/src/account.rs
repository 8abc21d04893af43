//! The person's own session at a server, and the passkeys that they keep there
//! (docs/passkey-registration.md).
//!
//! **Promises.** The code is redeemed with a verifier that was made here and never left, at a token
//! endpoint on an origin that the person saw. The access token goes to the one endpoint of the
//! profile and nowhere else; it is held in memory, and wiped with the [`Account`]. A refresh token is
//! not kept.
//!
//! **Never** hand a token, a verifier or a server's words to anybody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use placet_core::account::{ID_MAX, NAME_MAX, Own, Registered, SCOPE};
use placet_core::creation::{Created, Creation};
use placet_core::json::{self, Limits};
use placet_core::ports::ServerError;
use placet_core::request::Server;
use placet_core::secret::Secret;
use placet_core::way::Way;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::challenge::seen;
use crate::http::{Answer, Failure};
use crate::passkey::Home;
use crate::place::Place;
use crate::{Client, body, creation};

/// More passkeys than a person has keys.
const PASSKEYS: usize = 64;
/// Bytes of a time as a server writes it.
const TIME_MAX: usize = 40;
/// What is waited when a server says 429 and not for how long.
const UNSAID_WAIT: u64 = 5;

/// What the person's own session begins with, if the server has a place for it.
///
/// # Errors
/// [`ServerError::NoPasskeysEndpoint`], or what is wrong with its metadata.
pub(crate) async fn own(client: &Client, server: &Server) -> Result<Own, ServerError> {
    places(client, server).await?;
    // RFC 7636 §4.1: 32 random bytes, base64url.
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|_| ServerError::Unsupported("there is no randomness".to_owned()))?;
    let code_verifier = Secret::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    let hash = Sha256::digest(code_verifier.expose().as_bytes());
    Ok(Own { code_verifier, code_challenge: URL_SAFE_NO_PAD.encode(hash) })
}

/// The person's own session. The access token is wiped when it is dropped.
#[derive(Debug)]
pub struct Account {
    client: Client,
    way: Way,
    passkeys: Place,
    home: Home,
    access_token: Secret,
}

impl Account {
    /// Redeems the code (RFC 6749 §4.1.3).
    ///
    /// # Errors
    /// Why there is no session.
    pub(crate) async fn enter(
        client: &Client,
        server: &Server,
        code: Secret,
        code_verifier: Secret,
    ) -> Result<Self, ServerError> {
        let Places { token, passkeys, home } = places(client, server).await?;
        let body = body::redemption(&code, &code_verifier, &server.client_id);
        let mut members = members(client.http().post_form_once(&server.way, &token, body).await)?;
        let access_token = match members.shift_remove("access_token") {
            Some(Value::String(token)) if !token.is_empty() => Secret::new(token),
            _ => return Err(broken("it gave no access token")),
        };
        if let Some(Value::String(refresh)) = members.shift_remove("refresh_token") {
            drop(Secret::new(refresh));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        match text("token_type") {
            Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
            Some(_) => {
                return Err(ServerError::Unsupported("its token is bound to a key".to_owned()));
            }
            None => return Err(broken("it gave a token of no type")),
        }
        // RFC 6749 §5.1: it is left out if it is what was asked for.
        if text("scope").is_some_and(|scope| scope.split(' ').all(|token| token != SCOPE)) {
            return Err(ServerError::Refused("another scope".to_owned()));
        }
        let (client, way) = (client.clone(), server.way.clone());
        Ok(Self { client, way, passkeys, home, access_token })
    }

    pub(crate) async fn begin_passkey(&self) -> Result<Creation, ServerError> {
        let said = self.say(&json!({"action": "begin"})).await?;
        match said.get("publicKey") {
            Some(Value::Object(options)) => creation::options(options, &self.home),
            _ => Err(broken("there is no publicKey for the new passkey")),
        }
    }

    pub(crate) async fn finish_passkey(
        &self,
        creation: &Creation,
        created: &Created,
        name: &str,
    ) -> Result<Registered, ServerError> {
        let credential = creation::answer(creation, created);
        let said = json!({"action": "finish", "name": name, "credential": credential});
        let said = self.say(&said).await?;
        said.get("passkey").and_then(registered).ok_or_else(|| broken("it names no passkey"))
    }

    pub(crate) async fn passkeys(&self) -> Result<Vec<Registered>, ServerError> {
        let said = self.say(&json!({"action": "list"})).await?;
        let list = said.get("passkeys").and_then(Value::as_array);
        let list = list.filter(|list| list.len() <= PASSKEYS);
        let known = list.and_then(|list| list.iter().map(registered).collect());
        known.ok_or_else(|| broken("its list of passkeys cannot be read"))
    }

    pub(crate) async fn rename_passkey(&self, id: &str, name: &str) -> Result<(), ServerError> {
        self.say(&json!({"action": "rename", "passkey": id, "name": name})).await.map(drop)
    }

    pub(crate) async fn delete_passkey(&self, id: &str) -> Result<(), ServerError> {
        self.say(&json!({"action": "delete", "passkey": id})).await.map(drop)
    }

    pub(crate) async fn register_installation(&self, jwk: Value) -> Result<(), ServerError> {
        self.say(&json!({"action": "instance_key", "jwk": jwk})).await.map(drop)
    }

    async fn say(&self, what: &Value) -> Result<Map<String, Value>, ServerError> {
        let body = Bytes::from(what.to_string());
        let http = self.client.http();
        members(http.post_with(&self.way, &self.passkeys, &self.access_token, body).await)
    }
}

struct Places {
    token: Place,
    passkeys: Place,
    home: Home,
}

/// The two endpoints, on origins that the person saw when the server was enrolled.
async fn places(client: &Client, server: &Server) -> Result<Places, ServerError> {
    let metadata = client.known(server).await?;
    let loopback = client.loopback(server.danger_http_loopback);
    let passkeys = metadata.passkeys_place().ok_or(ServerError::NoPasskeysEndpoint)?;
    let token = metadata.token_place().ok_or_else(|| broken("it names no token endpoint"))?;
    let issuer = Place::issuer(&server.issuer, loopback).map_err(broken)?;
    Ok(Places {
        token: seen(server, token, loopback)?,
        passkeys: seen(server, passkeys, loopback)?,
        home: Home::of(&issuer, metadata.webauthn_origins()),
    })
}

/// A passkey as a server tells of it.
fn registered(told: &Value) -> Option<Registered> {
    let text = |name: &str, most: usize| {
        let text = told.get(name)?.as_str()?;
        (text.len() <= most).then(|| text.to_owned())
    };
    let id = text("id", ID_MAX).filter(|id| !id.is_empty())?;
    // One that was named elsewhere may have any name.
    let name = told.get("name").and_then(Value::as_str).unwrap_or_default();
    let name: String = name.chars().take(NAME_MAX).collect();
    Some(Registered {
        id,
        name,
        created_at: text("created_at", TIME_MAX),
        last_used_at: text("last_used_at", TIME_MAX),
    })
}

/// The members of a success. The JSON member `error` decides, not the status; its description goes
/// nowhere.
fn members(heard: Result<Answer, Failure>) -> Result<Map<String, Value>, ServerError> {
    let answer = heard.map_err(|failure| match failure {
        Failure::Unsent(why) | Failure::Doubt(why) => ServerError::Unreachable(why),
        Failure::Proxy(why) => ServerError::Proxy(why),
        Failure::TooLarge => broken("the answer is too long"),
    })?;
    let status = answer.status;
    tracing::debug!(status, bytes = answer.body.len(), "an endpoint of the person's own answered");
    match status {
        300..=399 => return Err(broken("the answer is a redirect")),
        429 => return Err(ServerError::Throttled(answer.retry_after.unwrap_or(UNSAID_WAIT))),
        500.. => return Err(ServerError::Unreachable(format!("status {status}"))),
        _ => {}
    }
    if !answer.is_json {
        return Err(broken("the answer is not labelled as JSON"));
    }
    let members = match json::parse(&answer.body, Limits::SERVER) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(broken("the answer is not an object")),
        Err(why) => return Err(broken(&format!("the answer cannot be read: {why}"))),
    };
    match (members.get("error").and_then(Value::as_str), status) {
        (None, 200) if !members.contains_key("error") => Ok(members),
        (Some("server_error" | "temporarily_unavailable"), _) => {
            Err(ServerError::Unreachable("it cannot now".to_owned()))
        }
        (Some(error), _) => Err(ServerError::Refused(error.chars().take(64).collect())),
        (None, _) => Err(broken("the answer is neither a success nor an error")),
    }
}

fn broken(why: &str) -> ServerError {
    ServerError::Protocol(why.to_owned())
}
