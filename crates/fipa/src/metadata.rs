//! Who a server is: RFC 8414 metadata, else OpenID Connect Discovery 1.0.
//!
//! **Promises.** The `issuer` of the document is the one that was asked for, byte for byte (A1);
//! an endpoint stays with the issuer that named it; every endpoint is https, or loopback http
//! beside a loopback issuer (A27). Nothing older than 24 hours is used.
//!
//! **Never** guess an endpoint (A2).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use placet_core::json::{self, Limits};
use placet_core::ports::ServerError;
use placet_core::way::Way;
use serde_json::{Map, Value};

use crate::http::{Answer, Failure, Http};
use crate::place::{Loopback, Place};

/// A1.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// What is waited when a server says 429 and not for how long.
const UNSAID_WAIT: u64 = 5;

/// What Placet uses of a server's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    issuer: String,
    challenge_endpoint: Option<Place>,
    token_endpoint: Option<Place>,
    authorization_endpoint: Option<Place>,
    actions: Vec<String>,
    webauthn_origins: Option<Vec<String>>,
    passkeys_endpoint: Option<Place>,
}

impl Metadata {
    /// The issuer, byte for byte as it was asked for.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `authorization_challenge_endpoint` (FiPA §8); without one this version cannot ask (A2).
    #[must_use]
    pub fn challenge_endpoint(&self) -> Option<&str> {
        self.challenge_endpoint.as_ref().map(|place| place.url().as_str())
    }

    /// `token_endpoint` (RFC 8414 §2), where the requester redeems its code.
    #[must_use]
    pub fn token_endpoint(&self) -> Option<&str> {
        self.token_endpoint.as_ref().map(|place| place.url().as_str())
    }

    /// `authorization_endpoint` (RFC 8414 §2).
    #[must_use]
    pub fn authorization_endpoint(&self) -> Option<&str> {
        self.authorization_endpoint.as_ref().map(|place| place.url().as_str())
    }

    /// True if `ana_actions_supported` lists this action (A24).
    #[must_use]
    pub fn understands(&self, action: &str) -> bool {
        self.actions.iter().any(|known| known == action)
    }

    /// `ana_webauthn_origins_supported` (digest §2.6.1).
    pub(crate) fn webauthn_origins(&self) -> Option<&[String]> {
        self.webauthn_origins.as_deref()
    }

    /// `placet_passkeys_endpoint` (docs/passkey-registration.md).
    pub(crate) fn passkeys_place(&self) -> Option<&Place> {
        self.passkeys_endpoint.as_ref()
    }

    /// Where codes are redeemed.
    pub(crate) fn token_place(&self) -> Option<&Place> {
        self.token_endpoint.as_ref()
    }

    /// Where challenges are asked for and answered.
    pub(crate) fn challenge_place(&self) -> Option<&Place> {
        self.challenge_endpoint.as_ref()
    }
}

/// The metadata that were fetched lately, with the way on which they came: what was heard on another
/// says nothing.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<(String, Way), (SystemTime, Metadata)>>);

impl Known {
    pub(crate) fn keep(&self, way: &Way, metadata: Metadata, now: SystemTime) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((metadata.issuer.clone(), way.clone()), (now, metadata));
    }

    /// Those of this issuer, unless they are too old or the clock went back.
    pub(crate) fn find(&self, way: &Way, issuer: &str, now: SystemTime) -> Option<Metadata> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(issuer.to_owned(), way.clone()))
            .filter(|(at, _)| now.duration_since(*at).is_ok_and(|age| age < MAX_AGE))
            .map(|(_, metadata)| metadata.clone())
    }
}

/// Fetches the metadata of an issuer.
pub(crate) async fn fetch(
    http: &Http,
    way: &Way,
    issuer: &str,
    loopback: Loopback,
) -> Result<Metadata, ServerError> {
    let home = Place::issuer(issuer, loopback)
        .map_err(|why| ServerError::Protocol(format!("the issuer cannot be used: {why}")))?;
    let mut missing = ServerError::Unreachable("it publishes no metadata".to_owned());
    for place in well_known(&home) {
        let answer = http.get(way, &place).await.map_err(|failure| match failure {
            Failure::Unsent(why) | Failure::Doubt(why) => ServerError::Unreachable(why),
            Failure::Proxy(why) => ServerError::Proxy(why),
            Failure::TooLarge => ServerError::Protocol("its metadata are too long".to_owned()),
        })?;
        tracing::debug!(issuer, status = answer.status, "asked for metadata");
        match members(answer) {
            Ok(members) => return read(issuer, &members, loopback),
            Err(Missing::Elsewhere(error)) => missing = error,
            Err(Missing::AtAll(error)) => return Err(error),
        }
    }
    Err(missing)
}

/// RFC 8414 §3.1: the suffix goes between host and path. OpenID Connect Discovery §4: at the end.
fn well_known(issuer: &Place) -> [Place; 2] {
    let path = issuer.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    [
        issuer.with_path(&format!("/.well-known/oauth-authorization-server{path}")),
        issuer.with_path(&format!("{path}/.well-known/openid-configuration")),
    ]
}

enum Missing {
    /// Not here; the other place may have it.
    Elsewhere(ServerError),
    /// There is no point in looking further.
    AtAll(ServerError),
}

fn members(answer: Answer) -> Result<Map<String, Value>, Missing> {
    let broken = |why: &str| ServerError::Protocol(format!("its metadata {why}"));
    match answer.status {
        200 => {}
        429 => {
            return Err(Missing::AtAll(ServerError::Throttled(
                answer.retry_after.unwrap_or(UNSAID_WAIT),
            )));
        }
        status @ 500.. => {
            return Err(Missing::AtAll(ServerError::Unreachable(format!("status {status}"))));
        }
        300..=399 => return Err(Missing::Elsewhere(broken("are a redirect"))),
        _ => {
            return Err(Missing::Elsewhere(ServerError::Unreachable(
                "it publishes no metadata".to_owned(),
            )));
        }
    }
    if !answer.is_json {
        return Err(Missing::Elsewhere(broken("are not JSON")));
    }
    match json::parse(&answer.body, Limits::SERVER) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Missing::AtAll(broken("are not an object"))),
        Err(why) => Err(Missing::AtAll(broken(&format!("cannot be read: {why}")))),
    }
}

/// Holds metadata against the issuer that was asked for.
///
/// # Errors
/// [`ServerError::Protocol`] for another issuer (A1) or an endpoint that may not be used (A27).
pub(crate) fn read(
    issuer: &str,
    members: &Map<String, Value>,
    loopback: Loopback,
) -> Result<Metadata, ServerError> {
    if members.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(ServerError::Protocol("its metadata name another issuer".to_owned()));
    }
    // An https issuer never leads to plain http, whatever is allowed for it.
    let loopback = match Place::issuer(issuer, loopback) {
        Ok(home) if home.is_loopback_http() => loopback,
        _ => Loopback::Refused,
    };
    let endpoint = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Place::parse(text, loopback)
            .map(Some)
            .map_err(|why| ServerError::Protocol(format!("its {name} cannot be used: {why}"))),
        Some(_) => Err(ServerError::Protocol(format!("its {name} is not text"))),
    };
    let texts = |name: &str| -> Option<Vec<String>> {
        let all = members.get(name)?.as_array()?;
        Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    Ok(Metadata {
        issuer: issuer.to_owned(),
        challenge_endpoint: endpoint("authorization_challenge_endpoint")?,
        token_endpoint: endpoint("token_endpoint")?,
        authorization_endpoint: endpoint("authorization_endpoint")?,
        actions: texts("ana_actions_supported").unwrap_or_default(),
        webauthn_origins: texts("ana_webauthn_origins_supported"),
        passkeys_endpoint: endpoint("placet_passkeys_endpoint")?,
    })
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
