//! `placet receipt` against the real daemon, and without one: what holds, what is refused, and how
//! it exits (R7, R10).
//!
//! Starts the program `placet`, which must be built (`cargo build -p placet-cli`; `cargo xtask
//! test` does).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_keys::Use;
use placet_tests::headless::Home;
use placet_tests::headless::agent::shell;
use placet_tests::headless::person::Hands;
use serde_json::{Value, json};

/// The program beside this test's own folder.
fn placet(home: &Home, args: &[&str], stdin: &str) -> Output {
    let me = std::env::current_exe().unwrap();
    let program = me.parent().unwrap().parent().unwrap().join("placet");
    assert!(program.exists(), "{} is missing: cargo build -p placet-cli", program.display());
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .env("PLACET_SOCK", home.socket())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

async fn run(home: &Home, args: &[&str], stdin: &str) -> Output {
    // The daemon is in this process: it must go on meanwhile.
    tokio::task::block_in_place(|| placet(home, args, stdin))
}

async fn says(home: &Home, args: &[&str], status: i32) -> String {
    let output = run(home, args, "").await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

async fn json_of(home: &Home, args: &[&str], status: i32) -> Value {
    serde_json::from_str(&says(home, args, status).await).unwrap()
}

/// One question, answered; its digest.
async fn asked(home: &Home, hands: &mut Hands, what: &str, yes: bool) -> String {
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell(what)).await;
    let shown = hands.asked().await;
    if yes {
        shown.approve(&[])
    } else {
        shown.deny(None)
    }
    agent.ended(&id).await.receipt.unwrap()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn claims_of(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// What an agent can do on an ordinary desktop: read the key, and sign.
fn forged(home: &Home, change: impl FnOnce(&mut Value), like: &str) -> String {
    let known = placet_keys::open(&home.state(), Use::Receipts, None).unwrap().0;
    let mut claims = claims_of(like);
    change(&mut claims);
    known.sign_jwt(placet_keys::receipt::TYP, &claims).unwrap()
}

fn file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_receipt_is_shown_and_verified_with_the_exit_status_of_its_outcome() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let yes = asked(&home, &mut hands, "make", true).await;
    let no = asked(&home, &mut hands, "make install", false).await;
    let token = says(&home, &["receipt", "show", &yes], 0).await;
    assert_eq!(token.trim().split('.').count(), 3, "stdout is the token alone: {token}");
    let shown = json_of(&home, &["receipt", "show", &yes, "--json"], 0).await;
    assert_eq!((&shown["receipt"], &shown["digest"]), (&json!(token.trim()), &json!(yes)));
    assert_eq!(shown["claims"]["outcome"], "approved");
    // By its digest, as the last, as a file, from stdin.
    for (which, status) in [(yes.as_str(), 0), (no.as_str(), 1), ("last", 1)] {
        let found = json_of(&home, &["receipt", "verify", which, "--json"], status).await;
        assert_eq!((&found["holds"], &found["on_record"]), (&json!(true), &json!(true)), "{which}");
    }
    let path = file(&home, "yes.jws", &token);
    let plain = says(&home, &["receipt", "verify", path.to_str().unwrap()], 0).await;
    for words in
        ["holds, in time until", "approved (approved)", "not an authorization", "any program"]
    {
        assert!(plain.contains(words), "{words}: {plain}");
    }
    let output = run(&home, &["receipt", "verify", "-"], &token).await;
    assert_eq!(output.status.code(), Some(0));
    let unknown = run(&home, &["receipt", "show", "sha256:00"], "").await;
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    let status = says(&home, &["status"], 0).await;
    assert!(status.contains("receipts: signed, with a key that any program of yours can read"));

    // Without a daemon: the key is given.
    let key = says(&home, &["receipt", "key"], 0).await;
    assert!(!key.contains("\"d\""), "{key}");
    let key = format!("@{}", file(&home, "key.json", &key).display());
    let all = says(&home, &["receipt", "key", "--json"], 0).await;
    let all = format!("@{}", file(&home, "keys.json", &all).display());
    daemon.stop().await;
    let path = path.to_str().unwrap();
    for key in [&key, &all] {
        let found = json_of(&home, &["receipt", "verify", path, "--key", key, "--json"], 0).await;
        assert_eq!((&found["holds"], &found["on_record"]), (&json!(true), &Value::Null));
    }
    assert_eq!(run(&home, &["receipt", "verify", path], "").await.status.code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_what_was_changed_forged_used_meant_for_others_or_is_over_is_refused() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let yes = asked(&home, &mut hands, "make", true).await;
    let no = asked(&home, &mut hands, "make install", false).await;
    let token = says(&home, &["receipt", "show", &yes], 0).await.trim().to_owned();
    let declined = says(&home, &["receipt", "show", &no], 0).await.trim().to_owned();
    let key = says(&home, &["receipt", "key"], 0).await;
    let home = &home;
    let refused = |name: &'static str, token: String, online: bool, args: Vec<String>| {
        let key = key.clone();
        async move {
            let path = file(home, "one.jws", &token);
            let mut all = vec!["receipt", "verify", path.to_str().unwrap(), "--json"];
            if !online {
                all.extend(["--key", key.as_str()]);
            }
            all.extend(args.iter().map(String::as_str));
            let found = json_of(home, &all, 4).await;
            assert_eq!(found["holds"], false, "{name}: {found}");
            found["why"].as_str().unwrap().to_owned()
        }
    };
    // A no with the claims of a yes.
    let (header, rest) = declined.split_once('.').unwrap();
    let signature = rest.split_once('.').unwrap().1;
    let mut claims = claims_of(&declined);
    claims["outcome"] = json!("approved");
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let why = refused("changed", format!("{header}.{claims}.{signature}"), false, vec![]).await;
    assert!(why.contains("signature does not hold"), "{why}");
    // The key's thief signs a yes that Placet never saw, or turns a no around.
    let request = format!("req_{}", "7".repeat(32));
    let unseen = forged(home, |claims| claims["txn"] = json!(request), &token);
    let why = refused("unseen", unseen, true, vec![]).await;
    assert!(why.contains("Placet did not make it"), "{why}");
    let turned = forged(home, |claims| claims["outcome"] = json!("approved"), &declined);
    let why = refused("turned", turned, true, vec![]).await;
    assert!(why.contains("another receipt of this request"), "{why}");
    // `none`, and the other installation's.
    let header = json!({ "alg": "none", "typ": "approval-receipt+jwt" }).to_string();
    let rest = token.split_once('.').unwrap().1.rsplit_once('.').unwrap().0;
    let none = format!("{}.{rest}.", URL_SAFE_NO_PAD.encode(header));
    refused("none", none, false, vec![]).await;
    let other = Home::new();
    fs::create_dir_all(other.state()).unwrap();
    let theirs = forged(&other, |_| {}, &token);
    refused("another key", theirs.clone(), false, vec![]).await;
    refused("another key", theirs, true, vec![]).await;
    // Meant for somebody else.
    let aud = |aud: &str| vec!["--aud".to_owned(), aud.to_owned()];
    let why = refused("aud", token.clone(), false, aud("agent other")).await;
    assert!(why.contains("somebody else"), "{why}");
    // Once, and not twice; what does not hold uses nothing up.
    let list = home.path().join("used").display().to_string();
    let path = file(home, "yes.jws", &token);
    let once = ["receipt", "verify", path.to_str().unwrap(), "--key", &key, "--used", &list];
    refused("aud", token.clone(), false, [aud("x"), vec!["--used".into(), list.clone()]].concat())
        .await;
    says(home, &once, 0).await;
    assert!(says(home, &once, 4).await.contains("used before"));
    // A list that was cut off in the middle of a line.
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.trim_end()).unwrap();
    let two = file(home, "no.jws", &declined);
    let two = ["receipt", "verify", two.to_str().unwrap(), "--key", &key, "--used", &list];
    says(home, &two, 1).await;
    assert!(says(home, &once, 4).await.contains("used before"));
    assert_eq!(fs::read_to_string(&list).unwrap().lines().count(), 2);
    // Its time is over: it holds, and is no go-ahead.
    let old = |claims: &mut Value| {
        claims["iat"] = json!(now() - 601);
        claims["exp"] = json!(now() - 1);
    };
    let old = file(home, "old.jws", &forged(home, old, &token));
    let old = ["receipt", "verify", old.to_str().unwrap(), "--key", &key, "--json"];
    let found = json_of(home, &old, 3).await;
    assert_eq!((&found["holds"], &found["in_time"]), (&json!(true), &json!(false)));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m3_a_key_that_is_gone_is_said_by_status_and_what_it_signed_still_verifies() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let before = asked(&home, &mut hands, "make", true).await;
    daemon.stop().await;
    fs::remove_file(home.state().join("receipts.key")).unwrap();
    let (daemon, _hands) = home.start().await;
    let status = says(&home, &["status"], 0).await;
    assert!(status.contains("receipts: NOT SIGNED: the file receipts.key is gone"), "{status}");
    assert_eq!(says(&home, &["receipt", "key"], 4).await, "");
    let keys = json_of(&home, &["receipt", "key", "--json"], 4).await;
    assert_eq!(keys["keys"][0]["current"], false);
    let found = json_of(&home, &["receipt", "verify", &before, "--json"], 0).await;
    assert_eq!(found["on_record"], true);
    daemon.stop().await;
}
