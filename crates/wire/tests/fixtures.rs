//! The fixtures are what the protocol is: each good message is read and written back unchanged,
//! each bad one gets exactly the error that the table names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use placet_wire::ask::Ask;
use placet_wire::elicit::ElicitResult;
use placet_wire::flaw::Fault;
use placet_wire::heard::{Heard, hear};
use placet_wire::message::{Incoming, line, read};
use placet_wire::outcome::Ended;
use placet_wire::results::{
    HelloAnswer, KeyList, LogPage, Opened, PairAnswer, PairingList, ReceiptAnswer, Revoked,
    ServerList, StatusAnswer,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn fixtures() -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        found.insert(name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
    }
    found
}

fn exchanges() -> Vec<(String, Vec<(String, Value)>)> {
    let mut fixtures = fixtures();
    fixtures.remove("bad").expect("the table of bad inputs");
    fixtures
        .into_iter()
        .map(|(name, file)| {
            let messages =
                file["exchange"].as_array().unwrap().iter().map(|step| {
                    (step["from"].as_str().unwrap().to_owned(), step["message"].clone())
                });
            (name, messages.collect())
        })
        .collect()
}

#[test]
fn every_message_of_a_client_is_read_and_written_back_the_same() {
    for (name, messages) in exchanges() {
        for (_, message) in messages.iter().filter(|(from, _)| from == "client") {
            let written = match read(message.clone()).unwrap() {
                Incoming::Call(call) => line(&call),
                Incoming::Cancelled(cancelled) => cancelled.line(),
                Incoming::Ignored => panic!("{name}: ignored {message}"),
            };
            assert_eq!(written.matches('\n').count(), 1, "one line a message");
            let written: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(&written, message, "{name}");
        }
    }
}

#[test]
fn every_message_of_the_daemon_has_a_type_that_loses_nothing() {
    for (name, messages) in exchanges() {
        let mut methods: BTreeMap<String, String> = BTreeMap::new();
        for (from, message) in messages {
            if from == "client" {
                let method = message["method"].as_str().unwrap().to_owned();
                methods.insert(message["id"].to_string(), method);
                continue;
            }
            match hear(message.to_string().as_bytes()).unwrap() {
                Heard::Answer { answer, .. } => {
                    same_as_its_type(&methods[&message["id"].to_string()], &answer.unwrap());
                }
                Heard::Status(status) => same(&status.line(), &message),
                Heard::PairCode(code) => same(&code.line(), &message),
                Heard::Unknown => panic!("{name}: unknown {message}"),
            }
        }
    }
}

fn same(line: &str, message: &Value) {
    assert_eq!(&serde_json::from_str::<Value>(line).unwrap(), message);
}

fn same_as_its_type(method: &str, result: &Value) {
    fn through<T: Serialize + DeserializeOwned>(result: &Value) {
        let typed = T::deserialize(result).unwrap_or_else(|error| panic!("{error}: {result}"));
        assert_eq!(&serde_json::to_value(typed).unwrap(), result);
    }
    match method {
        "placet/hello" => through::<HelloAnswer>(result),
        "placet/pair" => through::<PairAnswer>(result),
        "elicitation/create" => through::<ElicitResult>(result),
        "as/list" => through::<ServerList>(result),
        "pairing/list" => through::<PairingList>(result),
        "pairing/revoke" => through::<Revoked>(result),
        "ui/open" => through::<Opened>(result),
        "status" => through::<StatusAnswer>(result),
        "log/list" => through::<LogPage>(result),
        "receipt/show" => through::<ReceiptAnswer>(result),
        "receipt/keys" => through::<KeyList>(result),
        _ => through::<Ended>(result),
    }
}

#[test]
fn every_method_has_a_fixture_with_an_answer() {
    let mut answered = BTreeSet::new();
    for (_, messages) in exchanges() {
        for (_, call) in messages.iter().filter(|(from, _)| from == "client") {
            let is_answer = |m: &Value| m["id"] == call["id"] && !m["result"].is_null();
            if messages.iter().any(|(from, m)| from == "server" && is_answer(m)) {
                answered.insert(call["method"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(answered, Ask::METHODS.iter().map(|m| (*m).to_owned()).collect());
}

#[test]
fn s10_every_bad_message_gets_exactly_the_error_of_the_table() {
    let mut seen = BTreeSet::new();
    for row in fixtures()["bad"].as_array().unwrap() {
        let Err(refusal) = read(row["message"].clone()) else { panic!("taken: {row}") };
        let answer = refusal.message();
        let mut data = json!({ "code": row["word"] });
        if let Some(member) = row.get("member") {
            data["member"] = member.clone();
        }
        assert_eq!(answer["id"], row["id"], "{row}");
        assert_eq!(answer["error"]["code"], row["code"], "{row}");
        assert_eq!(answer["error"]["data"], data, "{row}");
        assert!(answer["error"]["message"].as_str().is_some_and(|s| s.len() > 10), "{row}");
        seen.insert(row["word"].as_str().unwrap().to_owned());
    }
    // These come from the daemon, which alone sees bytes, ids and its own state.
    let elsewhere = [
        "not_json",
        "too_large",
        "reused_id",
        "request_id_conflict",
        "internal",
        "no_common_version",
        "busy",
        "not_asked",
    ];
    seen.extend(elsewhere.map(str::to_owned));
    assert_eq!(seen, Fault::ALL.iter().map(|f| f.word().to_owned()).collect());
}

#[test]
fn s10_an_error_never_quotes_a_value_and_clips_a_name() {
    let long = "x".repeat(5000);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "placet/pair", "params":
        {"name": "4711-value-of-the-peer\u{202e}"}});
    let error = read(message).unwrap_err().line();
    assert!(!error.contains("4711") && !error.contains('\u{202e}'), "{error}");
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "status", "params": {&long: 1}});
    let error = read(message).unwrap_err();
    assert_eq!(error.flaw.member.as_deref().map(str::len), Some(64));
}

#[test]
fn a5_authorization_details_keep_every_byte_from_line_to_line() {
    // A JSON reader turns 1e2 into 100.0, may drop the zero of 1.0 and loses spaces.
    let details = "[ {\"type\":\"t\", \"a\":1.0,\"b\":1e2,\"c\":\"\\u00e9\\/\",\"d\":\
                   123456789012345678901234567890} ]";
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "authorization/request", "params": {
        "issuer": "https://as.example", "authorization_details": details,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256"}});
    let line_in = message.to_string();
    let Ok(Incoming::Call(call)) = read(serde_json::from_str(&line_in).unwrap()) else { panic!() };
    let line_out: Value = serde_json::from_str(&line(&call)).unwrap();
    let Ok(Incoming::Call(call)) = read(line_out) else { panic!() };
    let Ask::Authorization(asked) = call.ask else { panic!() };
    assert_eq!(asked.authorization_details.as_deref(), Some(details));
}

#[test]
fn json_rpc_a_notification_is_never_answered_and_never_runs() {
    for params in
        [json!({}), json!({"requestId": null}), json!([1]), json!({"requestId": 1, "x": 1})]
    {
        let message =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        assert_eq!(read(message), Ok(Incoming::Ignored));
    }
    let message = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    assert_eq!(read(message), Ok(Incoming::Ignored));
}

#[test]
fn what_a_client_cannot_read_is_an_error_and_never_an_approval() {
    let lines = [
        "",
        "{",
        "[]",
        "null",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","result":{"outcome":"approved"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"result":{"outcome":"approved"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"request/status","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"request/status","params":{"status":"approved"}}"#,
    ];
    for line in lines {
        assert!(hear(line.as_bytes()).is_err(), "{line}");
    }
    let ended = json!({"request_id": "a", "outcome": "accepted",
        "reason": {"code": "approved", "sentence": "."}});
    assert!(serde_json::from_value::<Ended>(ended).is_err(), "a word outside the closed set");
}

#[test]
fn s15_what_was_granted_never_prints_itself() {
    let fixtures = fixtures();
    let steps = fixtures["authorization"]["exchange"].as_array().unwrap();
    let ended: Ended =
        serde_json::from_value(steps.last().unwrap()["message"]["result"].clone()).unwrap();
    let code = ended.granted.as_ref().unwrap().authorization_code.expose().to_owned();
    assert!(!format!("{ended:?}").contains(&code));
}
