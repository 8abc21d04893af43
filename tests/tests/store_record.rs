//! The record: chained, complete, without secrets, and never repaired in silence (R1–R3, R8, F8).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::PermissionsExt as _;

use placet_agentd::store::StoreError;
use placet_core::ports::{Entry, Event, Seat, Station};
use placet_core::request::Timestamp;
use placet_tests::headless::agent::{authorization, enrolment, shell};
use placet_tests::headless::server::{CODE, OTP};
use placet_tests::headless::{Home, chain};
use placet_wire::outcome::Outcome;
use rusqlite::Connection;
use serde_json::json;

const ISSUER: &str = "https://as.example";

/// One authorization from pairing to code; the pairing's token.
async fn a_whole_authorization(home: &Home) -> String {
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    agent.hello(Some(&token)).await;
    let id = agent.call("as/add", enrolment(ISSUER)).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&[]);
    agent.ended(&id).await;
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&["11111111"]);
    hands.asked().await.approve(&[OTP]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
    token
}

#[tokio::test]
async fn r2_each_start_says_on_which_screen_it_is_and_a_strange_one_is_said_in_the_prompt() {
    let home = Home::new();
    for (display, seat) in [(":0", Seat::Here), (":99", Seat::Elsewhere), (":1", Seat::Unknown)] {
        let mut options = home.options();
        options.surroundings.seat = seat;
        options.station = Station { display: Some(display.into()), seat, ..Station::default() };
        let (daemon, mut hands) = home.try_start(options).await.unwrap();
        let mut agent = home.agent().await;
        let id = agent.call("approval/request", shell("make")).await;
        let shown = hands.asked().await;
        let lines = shown.screen.lines().join("\n");
        assert_eq!(lines.contains("not the screen"), seat == Seat::Elsewhere, "{lines}");
        shown.approve(&[]);
        agent.ended(&id).await;
        let status = agent.ask("status", json!({})).await.unwrap();
        assert_eq!(
            (&status["session"]["display"], &status["session"]["seat"]),
            (&json!(display), &json!(seat.as_str()))
        );
        let log = agent.ask("log/list", json!({ "limit": 9 })).await.unwrap();
        let started = log["entries"].as_array().unwrap().iter().find(|e| e["event"] == "started");
        let summary = started.unwrap()["summary"].as_str().unwrap().to_owned();
        assert!(summary.contains(display), "{summary}");
        assert_eq!(summary.contains("nobody is logged in"), seat == Seat::Elsewhere, "{summary}");
        daemon.stop().await;
    }
    // Each answer belongs to the start before it.
    let rows = chain::rows(&home.record());
    let on = |row: &chain::Row| row.body["station"]["display"].as_str().map(str::to_owned);
    let order: Vec<_> = rows
        .iter()
        .filter(|row| row.event == "started" || row.event == "answered")
        .map(|row| on(row).unwrap_or_else(|| "answered".to_owned()))
        .collect();
    assert_eq!(order, [":0", "answered", ":99", "answered", ":1", "answered"]);
}

/// What a Placet before this one wrote: the chain is over its text, so it must still be read.
#[test]
fn r8_an_entry_of_a_start_that_does_not_say_where_is_read() {
    let old = json!({ "at": 1, "request": null, "event": "started", "version": "0.1.0" });
    let entry: Entry = serde_json::from_value(old.clone()).unwrap();
    assert!(matches!(&entry.event, Event::Started { station: None, .. }));
    assert_eq!(serde_json::to_value(entry).unwrap(), old);
}

#[tokio::test]
async fn r1_every_state_change_is_one_entry_and_another_program_can_check_the_chain() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let rows = chain::rows(&home.record());
    let of = |kind: &str| {
        let received = rows.iter().find(|row| row.event == "received" && row.body["kind"] == kind);
        let request = received.unwrap().request.clone();
        let events = rows.iter().filter(move |row| row.request == request);
        events.map(|row| row.event.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("pair"), ["received", "shown", "answered", "ended", "paired"]);
    assert_eq!(
        of("enrol_server"),
        [
            "received",
            "shown",
            "answered",
            "contacting",
            "shown",
            "answered",
            "ended",
            "server_enrolled"
        ]
    );
    assert_eq!(
        of("authorization"),
        [
            "received",
            "shown",
            "answered",
            "contacting",
            "challenged",
            "shown",
            "answered",
            "contacting",
            "challenged",
            "shown",
            "answered",
            "contacting",
            "ended"
        ]
    );
    assert_eq!(rows[0].event, "started");
}

#[tokio::test]
async fn r2_a_record_says_who_asked_for_what_how_it_was_answered_and_how_long_it_took() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let rows = chain::rows(&home.record());
    let received = rows.iter().rfind(|row| row.event == "received").unwrap();
    assert_eq!(received.body["issuer"], ISSUER);
    assert_eq!(received.body["asker"]["pairing"], "worker");
    assert_eq!(received.body["asker"]["kernel"]["pid"], std::process::id());
    assert!(received.body["request_hash"].as_str().unwrap().starts_with("sha256:"));
    let ended = rows.iter().rfind(|row| row.event == "ended").unwrap();
    assert_eq!(ended.body["outcome"], "approved");
    assert_eq!(ended.body["method"], "totp");
    assert_eq!(ended.body["assurance"], "otp");
    assert!(ended.body["took_ms"].is_u64());
    let shown = rows.iter().rfind(|row| row.event == "shown").unwrap();
    assert_eq!(ended.body["display_hash"], shown.body["display_hash"], "R5");
}

#[tokio::test]
async fn r3_no_code_token_or_typed_text_is_in_any_file() {
    let home = Home::new();
    let token = a_whole_authorization(&home).await;
    // While it runs the newest entries are beside the database, in its write-ahead log.
    let (daemon, _hands) = home.start().await;
    let mut searched = 0;
    for folder in [home.state(), home.runtime()] {
        for file in std::fs::read_dir(folder).unwrap() {
            let Ok(bytes) = std::fs::read(file.unwrap().path()) else { continue };
            searched += bytes.len();
            for secret in [OTP, "11111111", CODE, &token] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
            }
        }
    }
    assert!(searched > 10_000, "the record was looked at");
    daemon.stop().await;
}

#[tokio::test]
async fn r1_update_delete_and_forks_are_refused_by_the_database_itself() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let connection = Connection::open(home.record()).unwrap();
    let fork = "INSERT INTO record SELECT seq + 1, at, request, event, body, hash, 'sha256:x' FROM record WHERE seq = 3";
    let gap = "INSERT INTO record SELECT seq + 2, at, request, event, body, hash, 'sha256:x' FROM record ORDER BY seq DESC LIMIT 1";
    let replace = "INSERT OR REPLACE INTO record SELECT seq, at, request, event, '{}', prev, hash FROM record WHERE seq = 2";
    for (statement, says) in [
        ("UPDATE record SET event = 'x' WHERE seq = 2", "append-only"),
        ("DELETE FROM record WHERE seq = 2", "append-only"),
        (fork, "fork"),
        (gap, "fork"),
        (replace, "fork"),
    ] {
        let error = connection.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains(says), "{statement}: {error}");
    }
    drop(connection);
    assert!(chain::rows(&home.record()).len() > 20, "it is whole");
}

#[tokio::test]
async fn r8_a_record_that_was_changed_is_reported_not_repaired_and_everything_is_a_no() {
    for (change, at) in [
        ("UPDATE record SET body = replace(body, 'worker', 'wicked') WHERE event = 'paired'", None),
        // The last one: no later entry hangs on it and would tell.
        (
            r#"UPDATE record SET body = replace(body, '"assurance":"otp"', '"assurance":"passkey"') WHERE seq = (SELECT max(seq) FROM record)"#,
            None,
        ),
        ("UPDATE record SET event = 'shown' WHERE seq = 2", Some(2)),
        ("UPDATE record SET at = at + 1 WHERE seq = 4", Some(4)),
        ("UPDATE record SET prev = 'sha256:x' WHERE seq = 5", Some(5)),
        ("DELETE FROM record WHERE seq = 6", Some(7)),
    ] {
        let home = Home::new();
        let token = a_whole_authorization(&home).await;
        let connection = Connection::open(home.record()).unwrap();
        for trigger in ["record_keeps_its_rows", "record_loses_no_row"] {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        assert_eq!(connection.execute(change, []).unwrap(), 1, "{change}");
        drop(connection);
        let before = count(&home);

        let (daemon, mut hands) = home.start().await;
        let health = daemon.health().borrow().clone();
        let Some(StoreError::Damaged { at: found, .. }) = health else {
            panic!("{change}: not noticed: {health:?}")
        };
        assert!(at.is_none_or(|at| at == found), "{change}: found at {found}");
        let mut agent = home.agent().await;
        assert_eq!(agent.hello(Some(&token)).await["paired"], json!(null), "nothing of it counts");
        let ended = agent.end("approval/request", shell("true")).await;
        assert_eq!(
            (ended.outcome, ended.reason.code.as_str()),
            (Outcome::Unreachable, "record_unwritable")
        );
        assert!(hands.nothing_new(), "{change}: nobody is asked");
        let status = agent.ask("status", json!({})).await.unwrap();
        assert_eq!(status["record"]["ok"], false);
        daemon.stop().await;
        assert_eq!(count(&home), before, "{change}: nothing was written");
    }
}

#[tokio::test]
async fn r8_a_file_that_is_no_database_is_reported_and_left_as_it_is() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let garbage = b"this is not a database, it only lies where one was".repeat(100);
    std::fs::write(home.record(), &garbage).unwrap();
    let (daemon, _hands) = home.start().await;
    assert!(matches!(&*daemon.health().borrow(), Some(StoreError::Damaged { at: 0, .. })));
    let ended = home.agent().await.end("approval/request", shell("true")).await;
    assert_eq!(ended.reason.code, "record_unwritable");
    daemon.stop().await;
    assert_eq!(std::fs::read(home.record()).unwrap(), garbage);
}

#[tokio::test]
async fn f1_a_record_of_a_newer_version_is_trouble_with_both_numbers_and_left_as_it_is() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let connection = Connection::open(home.record()).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let before = std::fs::read(home.record()).unwrap();
    let (daemon, mut hands) = home.start().await;
    let newer = StoreError::TooNew { found: 7, known: 2 };
    assert_eq!(*daemon.health().borrow(), Some(newer));
    let ended = home.agent().await.end("approval/request", shell("true")).await;
    assert_eq!(ended.reason.code, "record_unwritable");
    assert!(hands.asked_nothing(), "nobody is asked");
    assert!(daemon.switches().pause(Timestamp(i64::MAX)).await.is_err());
    daemon.stop().await;
    assert_eq!(std::fs::read(home.record()).unwrap(), before);
}

#[tokio::test]
async fn a_record_of_an_older_version_is_read_and_from_then_on_left_alone_by_older_programs() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let version = |set: Option<i64>| {
        let connection = Connection::open(home.record()).unwrap();
        if let Some(set) = set {
            connection.pragma_update(None, "user_version", set).unwrap();
        }
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    version(Some(1));
    let (daemon, _hands) = home.start().await;
    assert_eq!(*daemon.health().borrow(), None);
    let known = daemon.switches().known();
    assert_eq!(known.servers().len(), 1, "what stood in it stands");
    assert!(known.servers()[0].way.is_ordinary());
    daemon.stop().await;
    assert_eq!(version(None), 2);
}

#[tokio::test]
async fn f1_a_record_that_may_not_be_written_is_trouble_from_the_start_and_nothing_is_lost() {
    if rustix::process::geteuid().is_root() {
        // Root passes file modes; the suite runs as an ordinary user.
        return;
    }
    let home = Home::new();
    a_whole_authorization(&home).await;
    let before = std::fs::read(home.record()).unwrap();
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(home.record(), mode(0o400)).unwrap();
    let (daemon, mut hands) = home.start().await;
    assert_eq!(*daemon.health().borrow(), Some(StoreError::ReadOnly));
    let ended = home.agent().await.end("approval/request", shell("true")).await;
    assert_eq!(ended.reason.code, "record_unwritable");
    assert!(hands.asked_nothing(), "nobody is asked");
    daemon.stop().await;
    assert_eq!(std::fs::read(home.record()).unwrap(), before);
    std::fs::set_permissions(home.record(), mode(0o600)).unwrap();
    let (daemon, _hands) = home.start().await;
    assert_eq!(*daemon.health().borrow(), None, "it is whole again");
    daemon.stop().await;
}

#[tokio::test]
async fn f1_while_the_record_cannot_be_written_nobody_is_asked_and_it_recovers() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut health = daemon.health();
    let blocker = Connection::open(home.record()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ended = agent.end("approval/request", shell("true")).await;
    assert_eq!(
        (ended.outcome, ended.reason.code.as_str()),
        (Outcome::Unreachable, "record_unwritable")
    );
    assert!(hands.nothing_new(), "nobody was asked");
    assert_eq!(*health.borrow_and_update(), Some(StoreError::Busy));
    blocker.execute_batch("ROLLBACK").unwrap();
    let id = agent.call("approval/request", shell("true")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    assert_eq!(*health.borrow_and_update(), None, "well again");
    daemon.stop().await;
}

#[tokio::test]
async fn f1_a_yes_that_cannot_be_recorded_is_a_no() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("true")).await;
    let shown = hands.asked().await;
    let blocker = Connection::open(home.record()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    shown.approve(&[]);
    let ended = agent.ended(&id).await;
    assert_eq!(
        (ended.outcome, ended.reason.code.as_str()),
        (Outcome::Unreachable, "record_unwritable")
    );
    blocker.execute_batch("ROLLBACK").unwrap();
    daemon.stop().await;
    // Its end is found missing at the next start, and is a no as well (F8).
    let (daemon, _hands) = home.start().await;
    daemon.stop().await;
    let ends = chain::ends(&chain::rows(&home.record()));
    assert_eq!(
        ends.into_values().next().unwrap(),
        [("cancelled".to_owned(), "restarted".to_owned())]
    );
}

#[tokio::test]
async fn the_log_is_read_newest_first_page_by_page_and_holds_no_screen() {
    let home = Home::new();
    a_whole_authorization(&home).await;
    let (daemon, _hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut before = None;
    let mut seen = Vec::new();
    loop {
        let mut params = json!({ "limit": 7 });
        if let Some(before) = before {
            params["before"] = json!(before);
        }
        let page = agent.ask("log/list", params).await.unwrap();
        let entries = page["entries"].as_array().unwrap().clone();
        let Some(last) = entries.last() else { break };
        before = last["seq"].as_i64();
        seen.extend(entries);
    }
    let rows = chain::rows(&home.record());
    assert_eq!(seen.len(), rows.len());
    for (entry, row) in seen.iter().zip(rows.iter().rev()) {
        assert_eq!((&entry["seq"], &entry["digest"]), (&json!(row.seq), &json!(row.hash)));
        assert_eq!(entry["event"], row.event);
    }
    let text = String::from_utf8(agent.bytes.clone()).unwrap();
    assert!(text.contains("approved") && !text.contains("says the server"));
    daemon.stop().await;
}

fn count(home: &Home) -> i64 {
    let connection = Connection::open(home.record()).unwrap();
    connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap()
}
