//! The profile's own example and every way in which it may be about something else.

use std::time::Duration;

use placet_core::outcome::Assurance;
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
        approval.object.hash().as_str(),
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
    let none = held(changed("authorization_details", json!([]))).unwrap().unwrap();
    assert_eq!(none.object.left_out, 1, "which is shown");
    assert_eq!(held(Value::Object(example())).unwrap().unwrap().object.left_out, 0);
    assert!(held(changed("aud", json!("https://mcp.example/files"))).is_ok());
}

#[test]
fn an_entry_that_was_asked_for_once_does_not_fit_twice() {
    let entry = asked().authorization_details[0].clone();
    let twice = held(changed("authorization_details", json!([entry, entry])));
    assert!(matches!(twice, Err(ServerError::Unsupported(_))), "{twice:?}");
}

#[test]
fn f4_an_approval_past_its_end_and_the_skew_is_expired() {
    let exp = |exp: u64| held(changed("exp", json!(exp)));
    assert_eq!(exp(1_794_999_940), Err(ServerError::Expired));
    assert_eq!(exp(1_794_999_941).unwrap().unwrap().expires_in, Some(1));
}

#[test]
fn t7_the_level_that_is_demanded_is_passed_on_and_an_unknown_one_is_unsupported() {
    for (word, level) in [
        ("otp", Assurance::Otp),
        ("passkey", Assurance::Passkey),
        ("passkey-bound", Assurance::PasskeyBound),
    ] {
        let approval = held(changed("min_assurance", json!(word))).unwrap().unwrap();
        assert_eq!(approval.object.min_assurance, Some(level));
    }
    for level in [json!("certain"), json!(1), json!(null)] {
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

/// The challenge of the passkey fixture is the one that the digest computes for this approval and
/// this salt (§2.6.4).
#[test]
fn p7_a_challenge_is_bound_to_the_approval_that_it_is_made_from_and_to_no_other() {
    use crate::passkey::Home;
    use crate::place::{Loopback, Place};
    let fixture = include_str!("../fixtures/profile-passkey-options-object.json");
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let home = Home::of(&Place::issuer("https://as.example", Loopback::Refused).unwrap(), None);
    let schema = &fixture["elicitations"][0]["requestedSchema"];
    let passkey = crate::passkey::read(schema, &home).unwrap().unwrap();
    let binding = json!({"alg": "S256-JCS", "salt": "AAECAwQFBgcICQoLDA0ODw"});
    let judged = |approval: Value, binding: Value, passkey: Option<&passkey::Asked>| {
        let members = json!({"approval": approval, "approval_binding": binding});
        let members = members.as_object().unwrap();
        let held = read(members, &asked(), "agent-cli", at(1_795_000_000)).unwrap();
        bound(members, held.as_ref(), passkey)
    };
    let right = Value::Object(example());
    assert_eq!(judged(right.clone(), binding.clone(), Some(&passkey)), Ok(Binding::Bound));
    assert_eq!(judged(right.clone(), Value::Null, Some(&passkey)), Ok(Binding::Unbound));
    assert_eq!(judged(right.clone(), binding.clone(), None), Ok(Binding::Unbound));
    let other_salt = json!({"alg": "S256-JCS", "salt": "AAECAwQFBgcICQoLDA0ODg"});
    for (approval, binding) in [
        (changed("reason", json!("Deleting an account needs a fresh passkey!")), binding.clone()),
        (changed("authorization_details", json!([])), binding.clone()),
        (changed("txn", json!("97053963")), binding.clone()),
        (changed("more", json!(null)), binding.clone()),
        (right, other_salt),
    ] {
        let tampered = judged(approval.clone(), binding, Some(&passkey));
        let expected = Err(ServerError::Suspicious(
            Suspicion::Binding,
            "its challenge is not made from the approval beside it".to_owned(),
        ));
        assert_eq!(tampered, expected, "{approval}");
    }
    let alone = json!({"approval_binding": binding});
    let alone = bound(alone.as_object().unwrap(), None, Some(&passkey));
    assert!(matches!(alone, Err(ServerError::Protocol(_))), "{alone:?}");
}

#[test]
fn p7_an_approval_that_its_hash_would_round_is_refused() {
    let refused = held(changed("amount", json!(9_007_199_254_740_993_i64)));
    assert!(matches!(refused, Err(ServerError::Protocol(_))), "{refused:?}");
}
