//! `kill -9` at every recorded transition: the record opens, every request is over, and nothing
//! counts as approved that was not recorded so (issue 2, point 7; F8).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use placet_agentd::store::failpoint::{EVENTS, Moment, VARIABLE};
use placet_tests::headless::agent::{Agent, authorization, enrolment, shell};
use placet_tests::headless::chain::{self, ends};
use placet_tests::headless::server::PASSKEYS;
use placet_tests::headless::{Home, receipts};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A daemon as a process.
struct Headless {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Headless {
    fn spawn(home: &Home, failpoint: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placet-headless"));
        command.arg(home.runtime()).arg(home.state());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        if let Some(failpoint) = failpoint {
            command.env(VARIABLE, failpoint);
        }
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, stdout }
    }

    /// Waits for one line; `None` if the process is gone.
    async fn said(&mut self) -> Option<String> {
        self.stdout.next_line().await.unwrap()
    }

    async fn tell(&mut self, line: &str) -> Option<()> {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.ok()?;
        self.said().await.map(drop)
    }

    async fn end(mut self) -> ExitStatus {
        let _ = self.stdin.write_all(b"stop\n").await;
        drop(self.stdin);
        self.child.wait().await.unwrap()
    }
}

/// One agent's day, with every kind of entry in it. `None` as soon as the daemon is gone. `heard`
/// takes the outcomes that reached the agent.
async fn a_day(home: &Home, daemon: &mut Headless, heard: &mut Vec<Value>) -> Option<()> {
    daemon.said().await?;
    daemon.tell("suspicious").await?;
    daemon.tell("pause").await?;
    daemon.tell("mute").await?;
    daemon.tell("set").await?;
    let mut agent = Agent::connect(&home.socket()).await.ok()?;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await?;
    daemon.tell(&format!("code {code}")).await?;
    let paired = agent.try_answer(&id).await.ok()?.unwrap();
    heard.push(json!({ "name": paired["name"] }));
    let token = paired["token"].clone();
    let mut build = shell("make");
    build["request_id"] = json!("build-1");
    for (method, params) in [
        ("placet/hello", json!({ "versions": ["0"], "token": token })),
        ("approval/request", build.clone()),
        ("approval/request", build),
        ("as/add", enrolment("https://as.example")),
        ("authorization/request", authorization("https://as.example")),
        ("as/add", enrolment(PASSKEYS)),
        ("authorization/request", authorization(PASSKEYS)),
        ("passkey/add", json!({ "issuer": PASSKEYS })),
        ("passkey/rename", json!({ "issuer": PASSKEYS, "passkey": "pk_1", "name": "red key" })),
        ("as/register", json!({ "issuer": PASSKEYS })),
        ("as/remove", json!({ "issuer": "https://as.example" })),
        ("pairing/revoke", json!({ "name": "worker" })),
    ] {
        let id = agent.call(method, params).await;
        heard.push(agent.try_answer(&id).await.ok()?.unwrap());
    }
    Some(())
}

#[tokio::test]
async fn f8_a_day_without_a_crash_has_every_kind_of_entry_in_it() {
    let home = Home::new();
    let mut daemon = Headless::spawn(&home, None);
    let mut heard = Vec::new();
    a_day(&home, &mut daemon, &mut heard).await.expect("nobody kills it");
    assert!(daemon.end().await.success());
    let rows = chain::rows(&home.record());
    let seen: BTreeSet<&str> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(seen, EVENTS.into_iter().collect(), "a transition that no crash would test");
    assert_eq!(heard.iter().filter(|answer| answer["outcome"] == "approved").count(), 10);
}

#[tokio::test]
async fn f8_after_kill_9_at_any_transition_the_request_is_over_and_nothing_else_is_approved() {
    let room = Arc::new(Semaphore::new(4));
    let mut runs = JoinSet::new();
    for event in EVENTS {
        for moment in Moment::ALL {
            let room = Arc::clone(&room);
            runs.spawn(async move {
                let _place = room.acquire_owned().await.unwrap();
                let mut kills = 0;
                while survives(&format!("{event}.{}#{}", moment.as_str(), kills + 1)).await {
                    kills += 1;
                    assert!(kills < 50, "{event} without end");
                }
                assert!(kills > 0, "{event}.{} was never reached", moment.as_str());
                kills
            });
        }
    }
    let kills: Vec<u32> = runs.join_all().await;
    println!("killed {} times", kills.iter().sum::<u32>());
}

/// Runs the day with this failpoint and checks what is left. False if it was never reached.
async fn survives(failpoint: &str) -> bool {
    let home = Home::new();
    let mut daemon = Headless::spawn(&home, Some(failpoint));
    let mut heard = Vec::new();
    let whole_day = a_day(&home, &mut daemon, &mut heard).await.is_some();
    let status = daemon.end().await;
    if whole_day && status.success() {
        return false;
    }
    assert_eq!(status.signal(), Some(9), "{failpoint}: killed, not failed");

    // Before anything else touches it: what the agent heard as approved is recorded so.
    let approved = |rows: &[chain::Row]| {
        let ends = ends(rows);
        ends.values().flatten().filter(|(outcome, _)| outcome == "approved").count()
    };
    let before = if home.record().exists() { chain_or_nothing(&home) } else { Vec::new() };
    let told = heard
        .iter()
        .filter(|answer| answer["repeated"] != true)
        .filter(|answer| answer["outcome"] == "approved" || answer["name"] == "worker")
        .count();
    assert!(told <= approved(&before), "{failpoint}: an approval that was not recorded");

    // The next start opens it, and everything is over.
    let mut daemon = Headless::spawn(&home, None);
    assert_eq!(daemon.said().await.as_deref(), Some("ready"), "{failpoint}");
    let mut agent = Agent::connect(&home.socket()).await.unwrap();
    let status = agent.ask("status", json!({})).await.unwrap();
    assert_eq!(status["record"]["ok"], true, "{failpoint}");
    assert_eq!(status["waiting"], 0, "{failpoint}: nothing resumes");
    drop(agent);
    assert!(daemon.end().await.success());
    let after = chain::rows(&home.record());
    for (request, ends) in ends(&after) {
        assert_eq!(ends.len(), 1, "{failpoint}: {request} has one end");
        let in_time = before
            .iter()
            .any(|row| row.event == "ended" && row.request.as_deref() == Some(request.as_str()));
        if !in_time {
            assert_eq!(ends[0], ("cancelled".to_owned(), "restarted".to_owned()), "{failpoint}");
        }
    }
    assert_eq!(approved(&after), approved(&before), "{failpoint}: no approval came of the crash");
    // Each end has its receipt, in one chain: there is no end without one, and none twice.
    assert!(
        receipts::checked(&after).iter().all(Option::is_some),
        "{failpoint}: a receipt is lost"
    );
    let keys: BTreeSet<_> = after
        .iter()
        .filter(|row| row.event == "key_made")
        .map(|row| row.body["purpose"].to_string())
        .collect();
    let made = after.iter().filter(|row| row.event == "key_made").count();
    assert_eq!((keys.len(), made), (2, 2), "{failpoint}: one key for each use");
    true
}

fn chain_or_nothing(home: &Home) -> Vec<chain::Row> {
    // Killed before the table was committed: the file is there and empty.
    let connection = rusqlite::Connection::open(home.record()).unwrap();
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'record'", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    if tables == 0 { Vec::new() } else { chain::rows(&home.record()) }
}
