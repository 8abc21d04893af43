//! The profile's own example and every way in which it may be about something else.

use std::time::Duration;

use serde_json::json;

use super::*;

fn example() -> Map<String, Value> {
    let text = include_str!("../fixtures/profile-approval.json");
    let challenge: Value = serde_json::from_str(text).unwrap();
    challenge["approval"].as_object().unwrap().clone()
}

fn asked() -> Authorization {
    let details = example()["authorization_details"].clone();
    Authorization {
        issuer: "https://as.example".into(),
        scope: None,
        resource: vec!["https://mcp.example/files".into()],
        authorization_details: serde_json::from_value(details).unwrap(),
        authorization_details_raw: None,
        acr_values: None,
        max_age: None,
        code_challenge: String::new(),
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn held(approval: Value) -> Result<Option<Approval>, ServerError> {
    let members = json!({"approval": approval});
    read(members.as_object().unwrap(), &asked(), "agent-cli", at(1_795_000_000))
}

fn changed(name: &str, value: Value) -> Value {
    let mut approval = example();
    approval.insert(name.to_owned(), value);
    Value::Object(approval)
}

/// The hash is the test vector of digest §2.6.4.
#[test]
fn the_example_fits_its_request_and_has_the_published_hash() {
    let approval = held(Value::Object(example())).unwrap().unwrap();
    assert_eq!(
        approval.hash.as_str(),
        "sha256:9b2b0997a61cc99178cc39c7a923c54c584d1983de5295aa916e3c3db528ce66"
    );
    assert_eq!(approval.expires_in, Some(180), "120 seconds and the skew");
    assert_eq!(read(&Map::new(), &asked(), "agent-cli", at(0)), Ok(None));
}

#[test]
fn f1_an_approval_about_something_else_is_refused() {
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(null)),
        ("client_id", json!("another")),
        ("aud", json!(["https://mcp.example/other"])),
        ("aud", json!(null)),
        ("authorization_details", json!({})),
        ("authorization_details", json!(null)),
        ("exp", json!("soon")),
    ] {
        let refused = held(changed(name, value.clone()));
        assert!(matches!(refused, Err(ServerError::Protocol(_))), "{name} {value}: {refused:?}");
    }
    assert!(matches!(held(json!([])), Err(ServerError::Protocol(_))));
    let mut wider = asked().authorization_details;
    wider[0].insert("type".into(), json!("payment_initiation"));
    let refused = held(changed("authorization_details", json!(wider)));
    assert!(matches!(refused, Err(ServerError::Unsupported(_))), "{refused:?}");
}

#[test]
fn fewer_entries_than_were_asked_for_fit() {
    assert!(held(changed("authorization_details", json!([]))).is_ok());
    assert!(held(changed("aud", json!("https://mcp.example/files"))).is_ok());
}

#[test]
fn f4_an_approval_past_its_end_and_the_skew_is_expired() {
    let exp = |exp: u64| held(changed("exp", json!(exp)));
    assert_eq!(exp(1_794_999_940), Err(ServerError::Expired));
    assert_eq!(exp(1_794_999_941).unwrap().unwrap().expires_in, Some(1));
}

#[test]
fn t7_a_demand_for_more_than_a_code_is_unsupported() {
    assert!(held(changed("min_assurance", json!("otp"))).is_ok());
    for level in [json!("passkey"), json!("passkey-bound"), json!("certain"), json!(1)] {
        let refused = held(changed("min_assurance", level.clone()));
        assert!(matches!(refused, Err(ServerError::Unsupported(_))), "{level}");
    }
}

#[test]
fn f1_an_approval_that_changes_between_two_questions_is_refused() {
    let first = held(Value::Object(example())).unwrap().unwrap();
    let second = held(changed("reason", json!("another"))).unwrap().unwrap();
    assert!(first.clone().same_as(None).is_ok());
    assert!(first.clone().same_as(Some(&first)).is_ok());
    assert!(matches!(second.same_as(Some(&first)), Err(ServerError::Protocol(_))));
}
