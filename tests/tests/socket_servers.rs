//! A server with a certificate authority and a proxy of its own, from `placet as add` to a code:
//! real TLS, a real proxy, the real daemon.
//!
//! Starts the program `placet`, which must be built (`cargo build -p placet-cli`; `cargo xtask
//! test` does).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::{Output, Stdio};

use placet_agentd::daemon::Daemon;
use placet_stage::proxy::{Manner, Proxy};
use placet_stage::server::{Config, Scenario, Stage};
use placet_tests::headless::Home;
use placet_tests::headless::agent::{Agent, authorization};
use placet_tests::headless::person::{Hands, Shown};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

async fn secure() -> Stage {
    let config = Config { tls_self_signed: true, scenario: Scenario::Single, ..Config::default() };
    Stage::start(config).await.unwrap()
}

fn pem(stage: &Stage) -> String {
    stage.started().ca_pem.clone().unwrap()
}

/// The program beside this test's own folder.
fn placet(home: &Home, args: &[&str]) -> Child {
    let me = std::env::current_exe().unwrap();
    let path = me.parent().unwrap().parent().unwrap().join("placet");
    assert!(path.exists(), "{} is missing: cargo build -p placet-cli", path.display());
    let mut command = Command::new(path);
    command
        .args(args)
        .env_clear()
        .env("PLACET_SOCK", home.socket())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().unwrap()
}

/// `placet as add` for this stage, with these options more.
fn add(home: &Home, stage: &Stage, more: &[&str]) -> Child {
    let mut args = vec!["--json", "as", "add", stage.issuer()];
    args.extend(["--client-id", "placet", "--account", "sam@example.com"]);
    args.extend(more);
    placet(home, &args)
}

/// Its exit status and its reason.
async fn ended(child: Child) -> (i32, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().await.unwrap();
    let said: Value = serde_json::from_slice(&stdout).unwrap_or_default();
    let said = said["reason"]["code"].as_str().map(str::to_owned);
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&stderr).into_owned());
    (status.code().unwrap(), said)
}

async fn list(home: &Home) -> String {
    let output = placet(home, &["as", "list"]).wait_with_output().await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn file(home: &Home, text: &str) -> PathBuf {
    let path = home.path().join("ca.pem");
    std::fs::write(&path, text).unwrap();
    path
}

fn text(shown: &Shown) -> String {
    shown.screen.lines().join("\n")
}

async fn paired(home: &Home, hands: &mut Hands) -> Agent {
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let mut agent = home.agent().await;
    agent.hello(Some(&token)).await;
    agent
}

async fn enrolled(daemon: &Daemon) -> usize {
    daemon.switches().known().servers().len()
}

#[tokio::test]
async fn s6_an_authority_and_a_proxy_are_shown_before_they_are_trusted_and_hold_from_then_on() {
    let home = Home::new();
    let (daemon, mut hands) = home.start_with_servers().await;
    let (stage, proxy) = (secure().await, Proxy::start(Manner::Tunnels).await.unwrap());
    let path = file(&home, &pem(&stage));
    let own = ["--ca", path.to_str().unwrap(), "--proxy", proxy.url()];
    let adding = add(&home, &stage, &own);
    let first = hands.asked().await;
    let shown = text(&first);
    let sha256 =
        &placet_fipa::authorities(&pem(&stage), placet_core::request::Timestamp(1_800_000_000_000))
            .unwrap()[0]
            .sha256;
    for part in [
        "judged by a certificate authority of its own, instead of the public ones",
        "Vouched for only by",
        "Stage authority",
        sha256,
        "It is valid",
        "All that is said to this server goes through this proxy",
        proxy.url(),
    ] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
    assert!(proxy.asked().is_empty(), "nothing is contacted before the person agreed");
    // What lay in the file was read; what lies there now is nobody's concern.
    file(&home, &pem(&secure().await));
    first.approve(&[]);
    let second = hands.asked().await;
    assert!(text(&second).contains(sha256), "{}", text(&second));
    second.approve(&[]);
    assert_eq!(ended(adding).await, (0, "approved".into()));
    let listed = list(&home).await;
    for part in ["vouched for only by", "Stage authority", sha256, "through http://127.0.0.1:"] {
        assert!(listed.contains(part), "{part} is missing: {listed}");
    }

    // After a restart, from the record.
    daemon.stop().await;
    let (daemon, mut hands) = home.start_with_servers().await;
    let mut agent = paired(&home, &mut hands).await;
    let before = proxy.asked().len();
    let id = agent.call("authorization/request", authorization(stage.issuer())).await;
    let review = hands.asked().await;
    for part in ["Stage authority", sha256, "Through the proxy", proxy.url()] {
        assert!(text(&review).contains(part), "whom they trust: {}", text(&review));
    }
    review.approve(&[]);
    hands.asked().await.approve(&[&stage.code()]);
    assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");
    assert_eq!(proxy.asked().len(), before + 3, "metadata, the first request, the code");
    daemon.stop().await;
}

#[tokio::test]
async fn a27_a_server_that_nobody_vouches_for_is_not_enrolled() {
    let home = Home::new();
    let (daemon, mut hands) = home.start_with_servers().await;
    let stage = secure().await;
    let path = file(&home, &pem(&secure().await));
    for more in [&[][..], &["--ca", path.to_str().unwrap()]] {
        let adding = add(&home, &stage, more);
        hands.asked().await.approve(&[]);
        assert_eq!(ended(adding).await, (4, "server_unreachable".into()), "{more:?}");
    }
    assert_eq!((enrolled(&daemon).await, stage.journal().entries.len()), (0, 0));
    daemon.stop().await;
}

#[tokio::test]
async fn a_proxy_that_fails_is_said_to_have_failed() {
    let home = Home::new();
    let (daemon, mut hands) = home.start_with_servers().await;
    let (stage, proxy) = (secure().await, Proxy::start(Manner::Refuses).await.unwrap());
    let path = file(&home, &pem(&stage));
    let own = ["--ca", path.to_str().unwrap(), "--proxy", proxy.url()];
    let adding = add(&home, &stage, &own);
    hands.asked().await.approve(&[]);
    assert_eq!(ended(adding).await, (4, "proxy_failed".into()));
    assert_eq!((enrolled(&daemon).await, stage.journal().entries.len()), (0, 0));
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_no_authority_and_no_proxy_is_refused_before_anybody_is_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start_with_servers().await;
    let stage = secure().await;
    let good = pem(&stage);
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQA=\n-----END PRIVATE KEY-----\n";
    for (bad, said) in [
        ("", "is empty"),
        ("not a certificate", "something else than certificates"),
        (&format!("{good}{key}"), "something else than certificates"),
        (&"x".repeat(17_000), "more than 16384 bytes"),
    ] {
        let path = file(&home, bad);
        let (status, why) = ended(add(&home, &stage, &["--ca", path.to_str().unwrap()])).await;
        assert!(status == 2 && why.contains(said), "{status} {why}");
        assert!(!why.contains("MC4CAQA"), "{why}");
    }
    let missing = home.path().join("nothing.pem");
    let (status, _) = ended(add(&home, &stage, &["--ca", missing.to_str().unwrap()])).await;
    assert_eq!(status, 2);
    for bad in ["https://proxy.example:3128", "http://sam:hunter2@proxy.example:3128", "proxy"] {
        let (status, why) = ended(add(&home, &stage, &["--proxy", bad])).await;
        assert!(status == 2 && why.contains("proxy"), "{status} {why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
    let loopback = json!({ "issuer": "http://localhost:1", "client_id": "c", "account": "a",
        "danger_allow_http_loopback": true });
    let mut agent = home.agent().await;
    for (member, value) in [("ca", good.as_str()), ("proxy", "http://127.0.0.1:3128")] {
        let mut params = loopback.clone();
        params[member] = json!(value);
        let problem = agent.ask("as/add", params).await.unwrap_err();
        assert!(problem.message.contains("https alone"), "{}", problem.message);
        // S7: where an answer goes is never the requester's to say.
        let mut params = authorization(stage.issuer());
        params[member] = json!(value);
        let problem = agent.ask("authorization/request", params).await.unwrap_err();
        assert_eq!(problem.data.unwrap().code, "forbidden_member");
    }
    assert!(hands.nothing_new(), "nobody was asked");
    daemon.stop().await;
}
