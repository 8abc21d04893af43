//! RFC 8414's example, our profile's, and a table of bad ones.

use serde_json::json;
use zeroize::Zeroizing;

use super::*;

fn place(issuer: &str) -> Place {
    Place::issuer(issuer, Loopback::Allowed).unwrap()
}

fn from(issuer: &str, document: &str, loopback: Loopback) -> Result<Metadata, ServerError> {
    let Ok(Value::Object(members)) = json::parse(document.as_bytes(), Limits::SERVER) else {
        panic!("an object")
    };
    read(issuer, &members, loopback)
}

fn profile() -> Metadata {
    from(
        "https://as.example/tenant",
        include_str!("../fixtures/profile-metadata.json"),
        Loopback::Refused,
    )
    .unwrap()
}

/// RFC 8414 §3.1 gives the first two; OpenID Connect Discovery §4 the suffix at the end.
#[test]
fn a1_the_well_known_places_of_an_issuer() {
    for (issuer, first, second) in [
        (
            "https://example.com",
            "https://example.com/.well-known/oauth-authorization-server",
            "https://example.com/.well-known/openid-configuration",
        ),
        (
            "https://example.com/issuer1",
            "https://example.com/.well-known/oauth-authorization-server/issuer1",
            "https://example.com/issuer1/.well-known/openid-configuration",
        ),
        (
            "https://example.com/a/b/",
            "https://example.com/.well-known/oauth-authorization-server/a/b",
            "https://example.com/a/b/.well-known/openid-configuration",
        ),
        (
            "https://example.com:8443/a%2Fb",
            "https://example.com:8443/.well-known/oauth-authorization-server/a%2Fb",
            "https://example.com:8443/a%2Fb/.well-known/openid-configuration",
        ),
    ] {
        let places = well_known(&place(issuer));
        assert_eq!(places.each_ref().map(|p| p.url().as_str()), [first, second], "{issuer}");
    }
}

#[test]
fn a2_the_example_of_rfc_8414_has_no_challenge_endpoint_and_none_is_guessed() {
    let metadata = from(
        "https://server.example.com",
        include_str!("../fixtures/rfc8414-metadata.json"),
        Loopback::Refused,
    )
    .unwrap();
    assert_eq!(metadata.challenge_endpoint(), None);
    assert_eq!(metadata.token_endpoint(), Some("https://server.example.com/token"));
    assert!(!metadata.understands("decline"));
}

#[test]
fn a24_the_actions_are_those_that_the_metadata_list() {
    assert!(profile().understands("decline") && profile().understands("cancel"));
    assert!(!profile().understands("restart"));
}

#[test]
fn a1_the_issuer_is_compared_byte_for_byte() {
    let document = |issuer: Value| {
        json!({"issuer": issuer, "authorization_challenge_endpoint": "https://as.example/ace"})
            .to_string()
    };
    let asked = "https://as.example/t";
    assert!(from(asked, &document(json!(asked)), Loopback::Refused).is_ok());
    for other in [
        json!("https://as.example/t/"),
        json!("https://as.example/T"),
        json!("https://AS.example/t"),
        json!("https://as.example:443/t"),
        json!("https://as.example/%74"),
        json!("https://evil.example/t"),
        json!(""),
        json!(null),
        json!(["https://as.example/t"]),
    ] {
        let refused = from(asked, &document(other.clone()), Loopback::Refused);
        assert!(matches!(refused, Err(ServerError::Protocol(_))), "{other}");
    }
    assert!(from(asked, "{}", Loopback::Refused).is_err());
}

#[test]
fn a27_every_endpoint_is_https_or_loopback_beside_a_loopback_issuer() {
    for (issuer, endpoint, loopback, good) in [
        ("https://as.example", "https://other.example/ace", Loopback::Refused, true),
        ("https://as.example", "http://as.example/ace", Loopback::Allowed, false),
        ("https://as.example", "http://localhost:1/ace", Loopback::Allowed, false),
        ("http://localhost:1", "http://localhost:1/ace", Loopback::Allowed, true),
        ("http://localhost:1", "http://localhost:1/ace", Loopback::Refused, false),
        ("http://localhost:1", "http://127.0.0.1:1/ace", Loopback::Allowed, false),
        ("https://as.example", "/ace", Loopback::Refused, false),
        ("https://as.example", "", Loopback::Refused, false),
    ] {
        for name in ["authorization_challenge_endpoint", "token_endpoint", "authorization_endpoint"]
        {
            let document = json!({"issuer": issuer, name: endpoint}).to_string();
            let read = from(issuer, &document, loopback);
            assert_eq!(read.is_ok(), good, "{name} {issuer} {endpoint}: {read:?}");
        }
    }
    let document = json!({"issuer": "https://a.b", "token_endpoint": 1}).to_string();
    assert!(from("https://a.b", &document, Loopback::Refused).is_err());
}

#[test]
fn a1_metadata_are_used_for_less_than_a_day_and_not_before_they_came() {
    let known = Known::default();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let way = Way::default();
    known.keep(&way, profile(), then);
    let found = |at: SystemTime| known.find(&way, "https://as.example/tenant", at).is_some();
    assert!(found(then));
    assert!(found(then + MAX_AGE - Duration::from_secs(1)));
    assert!(!found(then + MAX_AGE));
    assert!(!found(then - Duration::from_secs(1)), "the clock went back");
    assert!(known.find(&way, "https://as.example", then).is_none(), "another issuer");
}

#[test]
fn a1_what_is_no_metadata_is_looked_for_elsewhere_or_given_up() {
    let answer = |status, is_json, body: &str| {
        members(Answer {
            status,
            is_json,
            retry_after: None,
            clock_ahead: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        })
    };
    assert!(answer(200, true, "{}").is_ok());
    assert!(matches!(
        answer(404, true, "{}"),
        Err(Missing::Elsewhere(ServerError::Unreachable(_)))
    ));
    assert!(matches!(answer(302, true, "{}"), Err(Missing::Elsewhere(ServerError::Protocol(_)))));
    assert!(matches!(answer(200, false, "{}"), Err(Missing::Elsewhere(ServerError::Protocol(_)))));
    assert!(matches!(answer(200, true, "[]"), Err(Missing::AtAll(ServerError::Protocol(_)))));
    assert!(matches!(answer(200, true, "{"), Err(Missing::AtAll(ServerError::Protocol(_)))));
    assert!(matches!(answer(503, true, "{}"), Err(Missing::AtAll(ServerError::Unreachable(_)))));
    assert!(matches!(answer(429, true, "{}"), Err(Missing::AtAll(ServerError::Throttled(_)))));
}
