//! Bad input: each gets one precise error, and nobody else notices (S10, issue 2 "Bad input").

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_agentd::clock::RealClock;
use placet_core::ports::Clock as _;
use placet_tests::headless::Home;
use placet_tests::headless::agent::{Agent, authorization, shell};
use placet_wire::flaw::Problem;
use placet_wire::message::Id;
use placet_wire::notice::Status;
use serde_json::{Value, json};

fn word(problem: Problem) -> String {
    problem.data.unwrap().code
}

async fn error_of(agent: &mut Agent, line: &[u8]) -> (i64, String) {
    agent.say(line).await;
    agent.say(b"\n").await;
    let problem = agent.error().await;
    (problem.code, word(problem))
}

#[tokio::test]
async fn s10_a_line_that_is_no_message_gets_a_precise_error_and_the_connection_goes_on() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"status","params":{}1{}}}"#,
        r#"{"a":"#.repeat(40),
        "}".repeat(40)
    );
    for (line, number, expected) in [
        (&b""[..], -32700, "not_json"),
        (b"{", -32700, "not_json"),
        (b"hello", -32700, "not_json"),
        (b"\xff\xfe", -32700, "not_json"),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}"#, -32700, "not_json"),
        (deep.as_bytes(), -32700, "not_json"),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, -32600, "not_an_object"),
        (br#"{"jsonrpc":"2.0","id":null,"method":"status"}"#, -32600, "bad_id"),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"status"}"#, -32600, "bad_id"),
        (br#"{"jsonrpc":"2.0","method":"status"}"#, -32600, "missing_id"),
    ] {
        let heard = error_of(&mut agent, line).await;
        assert_eq!(heard, (number, expected.to_owned()), "{}", String::from_utf8_lossy(line));
    }
    for (method, params, number, expected) in [
        ("tools/call", json!({}), -32601, "unknown_method"),
        ("notifications/cancelled", json!({ "requestId": 1 }), -32601, "notification_only"),
        ("approval/request", json!([]), -32602, "wrong_type"),
        ("approval/request", json!({ "tool": "x" }), -32602, "missing_member"),
        (
            "approval/request",
            json!({ "tool": "x", "arguments": 1, "extra": 1 }),
            -32602,
            "unknown_member",
        ),
        ("placet/hello", json!({ "versions": ["9"] }), -32001, "no_common_version"),
    ] {
        let problem = agent.ask(method, params).await.unwrap_err();
        assert_eq!((problem.code, word(problem)), (number, expected.to_owned()), "{method}");
    }
    assert!(hands.nothing_new(), "none of this reached the person");
    agent.hello(None).await;
    daemon.stop().await;
}

#[tokio::test]
async fn s10_an_id_that_was_used_before_is_refused_without_touching_the_first_call() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    let again = br#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
    assert_eq!(error_of(&mut agent, again).await, (-32600, "reused_id".to_owned()));
    let bad = br#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#;
    assert_eq!(
        error_of(&mut agent, bad).await,
        (-32600, "reused_id".to_owned()),
        "not an answer to 1"
    );
    shown.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");
    assert_eq!(
        error_of(&mut agent, again).await,
        (-32600, "reused_id".to_owned()),
        "also when over"
    );
    let text = br#"{"jsonrpc":"2.0","id":"1","method":"status"}"#;
    agent.say(text).await;
    agent.say(b"\n").await;
    agent.answer(&Id::Text("1".into())).await.expect("text and number are different ids");
    daemon.stop().await;
}

#[tokio::test]
async fn s10_64_kib_for_all_and_8_mib_for_an_approval() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut large = authorization("https://as.example");
    large["reason"] = json!("x".repeat(64 * 1024));
    let problem = agent.ask("authorization/request", large).await.unwrap_err();
    assert_eq!((problem.code, word(problem)), (-32700, "too_large".to_owned()));

    let file = "line of a large file\n".repeat(7 * 1024 * 1024 / 21);
    let write = json!({ "tool": "write", "arguments": { "content": file } });
    let id = agent.call("approval/request", write).await;
    let shown = hands.asked().await;
    let row = shown.screen.action.rows.last().unwrap();
    assert_eq!(row.value.as_str().len(), file.len(), "every byte of it is shown");
    shown.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");

    // Without an end in 8 MiB the next line cannot be found: an error, and the connection ends.
    let mut other = home.agent().await;
    let chunk = vec![b'x'; 1024 * 1024];
    for _ in 0..9 {
        if !other.say(&chunk).await {
            break;
        }
    }
    assert_eq!(word(other.error().await), "too_large");
    assert!(other.is_closed().await);
    agent.hello(None).await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_peer_that_begins_a_line_and_rests_does_not_hold_up_others() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut agent = home.agent().await;
        // Eight begin a large line: no more than four may be large at once, the rest waits.
        agent.say(&vec![b' '; 200 * 1024]).await;
        slow.push(agent);
    }
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("make")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");
    daemon.stop().await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up_and_holds_no_memory() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    let mut deaf = home.agent().await;
    // Never reads, asks on: sooner or later nobody takes its lines any more.
    let line = b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"status\"}\n".repeat(1000);
    let given_up = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while deaf.say(&line).await {}
    });
    let mut agent = home.agent().await;
    let (given_up, _) = tokio::join!(given_up, agent.hello(None));
    given_up.expect("the daemon closes a connection that does not read");
    agent.hello(None).await;
    daemon.stop().await;
}

#[tokio::test]
async fn s13_a_half_closed_connection_has_ended() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("make")).await;
    agent.status(&id, Status::Shown).await;
    let shown = hands.asked().await;
    agent.half_close();
    shown.gone().await;
    let ended = agent.ended(&id).await;
    assert_eq!(
        (ended.outcome.as_str(), ended.reason.code.as_str()),
        ("cancelled", "requester_gone")
    );
    assert!(agent.is_closed().await);
    daemon.stop().await;
}

#[tokio::test]
async fn s12_silence_until_the_end_is_expired_and_not_declined() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut params = shell("make");
    params["expires_in"] = json!(1);
    let id = agent.call("approval/request", params).await;
    let shown = hands.asked().await;
    let until = shown.screen.expires_at;
    let lives = until.0 - RealClock.now().0;
    assert!((10_000..=15_000).contains(&lives), "15 s at least: {lives} ms");
    shown.gone().await;
    assert!(RealClock.now() >= until, "not a moment earlier");
    let ended = agent.ended(&id).await;
    assert_eq!((ended.outcome.as_str(), ended.reason.code.as_str()), ("expired", "time_out"));
    daemon.stop().await;
}

#[tokio::test]
async fn at_most_16_calls_are_open_on_one_connection() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    let mut agent = home.agent().await;
    let first = agent.call("approval/request", joined("make")).await;
    agent.status(&first, Status::Shown).await;
    for _ in 1..16 {
        agent.call("approval/request", joined("make")).await;
    }
    let problem = agent.ask("approval/request", joined("make")).await.unwrap_err();
    assert_eq!(word(problem), "busy");
    agent.ask("status", json!({})).await.expect("what needs nobody is still answered");
    daemon.stop().await;
}

/// All of them join one prompt, so that no limit of prompts is in the way.
fn joined(command: &str) -> Value {
    let mut params = shell(command);
    params["request_id"] = json!("the-same");
    params
}
