//! The protocol and the rules say the same words.
//!
//! `placet-wire` and `placet-core` do not know each other (design §4), so only here can it be seen
//! that they agree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use placet_core::json::{Limits, parse};
use placet_core::outcome::{Assurance, Method, Outcome, Reason};
use placet_core::ports::Status;
use placet_wire::ask::{APPROVAL_LINE_MAX, LINE_MAX};
use serde_json::{Value, json};

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/wire/fixtures");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Every outcome object in the fixtures.
fn outcomes() -> Vec<Value> {
    fn collect(value: &Value, into: &mut Vec<Value>) {
        match value {
            Value::Object(members)
                if members.contains_key("outcome")
                    && members.get("reason").is_some_and(Value::is_object) =>
            {
                into.push(value.clone());
            }
            // A line of the table of errors, or of the log, and no outcome.
            Value::Object(members) if members.contains_key("outcome") => {}
            Value::Object(members) => members.values().for_each(|value| collect(value, into)),
            Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (_, bytes) in fixtures() {
        collect(&serde_json::from_slice(&bytes).unwrap(), &mut found);
    }
    assert!(found.len() > 5);
    found
}

#[test]
fn s11_the_outcomes_on_the_wire_are_those_of_the_rules() {
    let wire: Vec<_> = placet_wire::outcome::Outcome::ALL.iter().map(|o| o.as_str()).collect();
    let core: Vec<_> = Outcome::ALL.iter().map(|o| o.as_str()).collect();
    assert_eq!(wire, core);
    for (wire, core) in placet_wire::outcome::Outcome::ALL.iter().zip(Outcome::ALL) {
        assert_eq!(json!(wire), json!(core), "serde writes what as_str says");
    }
}

#[test]
fn the_four_words_of_request_status_are_those_of_the_rules() {
    let core = [Status::Queued, Status::Shown, Status::Answering, Status::Waiting];
    for (wire, core) in placet_wire::notice::Status::ALL.iter().zip(core) {
        assert_eq!(json!(wire), json!(core));
        assert_eq!(json!(wire), wire.as_str());
    }
}

#[test]
fn f11_the_reasons_in_the_fixtures_are_those_of_the_rules() {
    for ended in outcomes() {
        let code = ended["reason"]["code"].as_str().unwrap();
        let reason = Reason::ALL.iter().find(|reason| reason.code() == code);
        let reason = reason.unwrap_or_else(|| panic!("{code} is no reason of the rules"));
        assert_eq!(ended["reason"]["sentence"], reason.sentence());
        assert_eq!(ended["outcome"], reason.outcome().as_str());
    }
}

#[test]
fn the_assurances_and_methods_in_the_fixtures_are_those_of_the_rules() {
    for ended in outcomes() {
        if let Some(word) = ended.get("assurance") {
            assert!(serde_json::from_value::<Assurance>(word.clone()).is_ok(), "{word}");
            assert_eq!(ended["outcome"], "approved");
        }
        if let Some(word) = ended.get("method") {
            assert!(serde_json::from_value::<Method>(word.clone()).is_ok(), "{word}");
        }
    }
}

#[test]
fn s10_the_limits_on_the_wire_are_those_of_the_strict_reader() {
    assert_eq!(LINE_MAX, Limits::INTAKE.bytes);
    assert_eq!(APPROVAL_LINE_MAX, Limits::INTAKE_LARGE.bytes);
}

#[test]
fn s10_the_strict_reader_takes_every_fixture() {
    for (name, bytes) in fixtures() {
        assert!(parse(&bytes, Limits::INTAKE).is_ok(), "{name}");
    }
}

#[test]
fn a5_details_read_by_the_strict_reader_still_hold_every_byte() {
    let details = r#"[ {"type":"t","a":1.0,"b":1e2,"c":"\u00e9\/","d":123456789012345678901} ]"#;
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "authorization/request", "params": {
        "issuer": "https://as.example", "authorization_details": details,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256"}});
    let value = parse(line.to_string().as_bytes(), Limits::INTAKE).unwrap();
    let Ok(placet_wire::message::Incoming::Call(call)) = placet_wire::message::read(value) else {
        panic!("refused");
    };
    let placet_wire::ask::Ask::Authorization(asked) = call.ask else { panic!("another method") };
    assert_eq!(asked.authorization_details.as_deref(), Some(details));
}
