//! The initial authorization challenge request (FiPA §5.1): the first contact.
//!
//! **Promises.** It is a form with `response_type=code` (A3) and our `client_id` (A4), and every
//! parameter of the admitted request reaches the server as the requester wrote it (A5). The
//! account comes from the enrolment, the code challenge from the requester.
//!
//! **Never** send `request_uri`, a DPoP proof (A14) or anything that this version cannot do.

use bytes::Bytes;
use placet_core::ports::{Delivery, ServerError, Step};
use placet_core::request::{Authorization, Server};
use url::form_urlencoded;

use crate::http::FORM;
use crate::instance::{ASSERTION_TYPE, Instance, assertion};
use crate::passkey::Home;
use crate::place::{Loopback, Place};
use crate::reply::Reply;
use crate::session::{Conversation, Session};
use crate::{Client, Metadata};

/// What is advertised (A26, digest §2.6.1): forms, and one-time codes.
const ADVERTISED: [(&str, &str); 3] =
    [("ana_profile", "ana-http/0"), ("ana_modes", "form"), ("ana_authenticators", "totp")];
/// The same where a passkey can be used (P10).
const WITH_PASSKEYS: [(&str, &str); 4] = [
    ("ana_profile", "ana-http/0"),
    ("ana_modes", "form"),
    ("ana_authenticators", "totp passkey"),
    ("ana_webauthn_encodings", "options-object flat"),
];

/// Asks a server for the first time.
///
/// # Errors
/// Why there is nothing to show.
pub(crate) async fn begin(
    client: &Client,
    server: &Server,
    asked: &Authorization,
    passkeys: bool,
    instance: Option<&dyn Instance>,
) -> Result<Step<Session>, ServerError> {
    if asked.issuer != server.issuer {
        return Err(ServerError::Protocol("the request is for another issuer".to_owned()));
    }
    let metadata = client.known(server).await?;
    let loopback = client.loopback(server.danger_http_loopback);
    let endpoint = endpoint(server, &metadata, loopback)?;
    let body = body(server, asked, passkeys);
    let heard = match instance {
        None => client.http().post_patiently(&server.way, &endpoint, FORM, Bytes::from(body)).await,
        Some(instance) => {
            // One for each try: a server takes none twice.
            let mut bodies = Vec::new();
            for _ in 0..=client.http().options().pauses.len() {
                bodies.push(Bytes::from(proved(&body, &assertion(instance, server)?)));
            }
            client.http().post_each(&server.way, &endpoint, FORM, bodies).await
        }
    };
    let home = Place::issuer(&server.issuer, loopback)
        .map(|issuer| Home::of(&issuer, metadata.webauthn_origins()))
        .map_err(|why| ServerError::Protocol(why.to_owned()))?;
    let conversation = Conversation::new(client, server, asked, metadata, endpoint, home);
    conversation.step(None, Reply::read(heard), Delivery::Seen, &[])
}

/// The challenge endpoint that this issuer names (A1, A2), on an origin that the person saw when
/// the server was enrolled: an issuer that moves its endpoint to another host must be enrolled
/// again, because the window says where the answer goes.
fn endpoint(
    server: &Server,
    metadata: &Metadata,
    loopback: Loopback,
) -> Result<Place, ServerError> {
    let endpoint = metadata.challenge_place().ok_or(ServerError::NoChallengeEndpoint)?;
    seen(server, endpoint, loopback)
}

/// An endpoint, if it is on an origin that the person saw.
///
/// # Errors
/// [`ServerError::Protocol`].
pub(crate) fn seen(
    server: &Server,
    endpoint: &Place,
    loopback: Loopback,
) -> Result<Place, ServerError> {
    let seen = [Some(server.issuer.as_str()), server.challenge_endpoint.as_deref()];
    let known = seen
        .into_iter()
        .flatten()
        .filter_map(|place| Place::parse(place, loopback).ok())
        .any(|place| place.same_origin(endpoint));
    if known {
        Ok(endpoint.clone())
    } else {
        Err(ServerError::Protocol("an endpoint of it is on another host".to_owned()))
    }
}

/// With the proof of which installation asks (RFC 7523 §2.2).
fn proved(body: &str, assertion: &str) -> String {
    let mut form = form_urlencoded::Serializer::for_suffix(body.to_owned(), 0);
    form.append_pair("client_assertion_type", ASSERTION_TYPE);
    form.append_pair("client_assertion", assertion);
    form.finish()
}

fn body(server: &Server, asked: &Authorization, passkeys: bool) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("response_type", "code");
    form.append_pair("client_id", &server.client_id);
    if let Some(scope) = &asked.scope {
        form.append_pair("scope", scope);
    }
    for resource in &asked.resource {
        form.append_pair("resource", resource);
    }
    if let Some(details) = &asked.authorization_details_raw {
        form.append_pair("authorization_details", details);
    }
    if let Some(acr_values) = &asked.acr_values {
        form.append_pair("acr_values", acr_values);
    }
    if let Some(max_age) = asked.max_age {
        form.append_pair("max_age", &max_age.to_string());
    }
    if !server.account.is_empty() {
        form.append_pair("login_hint", &server.account);
    }
    form.append_pair("code_challenge", &asked.code_challenge);
    form.append_pair("code_challenge_method", "S256");
    let advertised: &[_] = if passkeys { &WITH_PASSKEYS } else { &ADVERTISED };
    form.extend_pairs(advertised);
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            issuer: "https://as.example".into(),
            name: "as.example".into(),
            client_id: "placet & co".into(),
            account: "sam@example.com".into(),
            challenge_endpoint: Some("https://ace.example/ace".into()),
            danger_http_loopback: false,
            way: placet_core::way::Way::default(),
        }
    }

    fn asked() -> Authorization {
        let raw = "[ {\"type\":\"agent_intent\", \"n\":1.0e2,\"s\":\"\\u00e9 +&=%\"} ]";
        Authorization {
            issuer: "https://as.example".into(),
            scope: Some("users:write  read".into()),
            resource: vec!["https://mcp.example/files".into(), "urn:x:y".into()],
            authorization_details: serde_json::from_str(raw).unwrap(),
            authorization_details_raw: Some(raw.into()),
            acr_values: Some("phr".into()),
            max_age: Some(0),
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        }
    }

    #[test]
    fn a1_a_challenge_endpoint_is_used_only_on_an_origin_that_the_person_saw() {
        let used = |named: Option<&str>, enrolled: Option<&str>| {
            let members = serde_json::json!({"issuer": "https://as.example",
                "authorization_challenge_endpoint": named});
            let metadata = crate::metadata::read(
                "https://as.example",
                members.as_object().unwrap(),
                Loopback::Refused,
            );
            let server = Server { challenge_endpoint: enrolled.map(str::to_owned), ..server() };
            endpoint(&server, &metadata.unwrap(), Loopback::Refused)
        };
        let here = Some("https://as.example/ace");
        let there = Some("https://ace.example/ace");
        assert!(used(here, here).is_ok());
        assert!(used(here, None).is_ok(), "the issuer itself was seen");
        assert!(used(here, there).is_ok(), "back to the issuer");
        assert!(used(there, there).is_ok());
        assert!(used(Some("https://ace.example/v2"), there).is_ok());
        for (named, enrolled) in [
            (there, here),
            (there, None),
            (Some("https://as.example:444/ace"), here),
            (Some("https://as.example.evil.example/ace"), here),
        ] {
            let refused = used(named, enrolled);
            assert!(matches!(refused, Err(ServerError::Protocol(_))), "{named:?}: {refused:?}");
        }
        assert_eq!(used(None, here), Err(ServerError::NoChallengeEndpoint), "A2: never guessed");
    }

    fn pairs(body: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(body.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a3_a4_a5_a26_the_first_request_carries_exactly_what_was_admitted() {
        let details = asked().authorization_details_raw.unwrap();
        let expected = [
            ("response_type", "code"),
            ("client_id", "placet & co"),
            ("scope", "users:write  read"),
            ("resource", "https://mcp.example/files"),
            ("resource", "urn:x:y"),
            ("authorization_details", details.as_str()),
            ("acr_values", "phr"),
            ("max_age", "0"),
            ("login_hint", "sam@example.com"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("ana_profile", "ana-http/0"),
            ("ana_modes", "form"),
            ("ana_authenticators", "totp"),
        ];
        let sent = pairs(&body(&server(), &asked(), false));
        let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn p10_a26_passkeys_are_advertised_only_where_one_can_be_used() {
        let of = |passkeys: bool| {
            let sent = pairs(&body(&server(), &asked(), passkeys));
            let value = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            (value("ana_authenticators").unwrap(), value("ana_webauthn_encodings"))
        };
        assert_eq!(of(false), ("totp".to_owned(), None));
        assert_eq!(of(true), ("totp passkey".to_owned(), Some("options-object flat".to_owned())));
    }

    #[test]
    fn a_proof_stands_behind_what_was_asked() {
        let sent = pairs(&proved(&body(&server(), &asked(), false), "a.b+c"));
        let last: Vec<_> =
            sent.iter().rev().take(2).map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            last,
            [("client_assertion", "a.b+c"), ("client_assertion_type", ASSERTION_TYPE)]
        );
        assert_eq!(sent.len(), pairs(&body(&server(), &asked(), false)).len() + 2);
    }

    #[test]
    fn a5_what_was_not_asked_for_is_not_sent() {
        let asked = Authorization {
            scope: None,
            resource: Vec::new(),
            authorization_details_raw: None,
            acr_values: None,
            max_age: None,
            ..asked()
        };
        let server = Server { account: String::new(), ..server() };
        let names: Vec<_> =
            pairs(&body(&server, &asked, false)).into_iter().map(|(n, _)| n).collect();
        assert_eq!(
            names,
            [
                "response_type",
                "client_id",
                "code_challenge",
                "code_challenge_method",
                "ana_profile",
                "ana_modes",
                "ana_authenticators"
            ]
        );
    }
}
