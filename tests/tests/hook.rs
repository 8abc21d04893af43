//! `placet hook` with the real daemon and a scripted person: an agent's payload goes in, the
//! person's answer comes out in the agent's own words.
//!
//! Starts the programs `placet` and `placet-headless`, which must be built.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use placet_core::request::Timestamp;
use placet_tests::headless::Home;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// An agent, its event as it was captured, and how it hears yes.
const AGENTS: [(&str, &str, &str); 4] = [
    ("claude-code", "claude-code-PreToolUse", "allow"),
    ("codex", "codex-PermissionRequest", "allow"),
    ("gemini", "gemini-BeforeTool", "allow"),
    ("opencode", "opencode-tool.execute.before", "allow"),
];

fn program(name: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_placet-headless"));
    built.with_file_name(name)
}

fn payload(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/tests/fixtures/agents");
    let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["payload"].to_string()
}

async fn start(home: &Home, args: &[&str], file: &str) -> Child {
    let mut hook = Command::new(program("placet"))
        .arg("hook")
        .args(args)
        .env_clear()
        .env("PLACET_SOCK", home.socket())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("placet is built");
    hook.stdin.take().unwrap().write_all(payload(file).as_bytes()).await.unwrap();
    hook
}

async fn end(hook: Child) -> Output {
    hook.wait_with_output().await.unwrap()
}

/// Blocked, with this in its words on stdout and on stderr.
fn no(output: &Output, word: &str) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stdout} {stderr}");
    assert!(stdout.contains("deny") && stdout.contains(word), "{stdout}");
    assert!(stderr.contains(word), "{stderr}");
}

#[tokio::test]
async fn a_persons_yes_lets_the_agent_go_on_and_they_saw_the_command_and_the_folder() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    for (agent, file, word) in AGENTS {
        let hook = start(&home, &[agent], file).await;
        let shown = hands.asked().await;
        let screen = format!("{:?}", shown.screen);
        assert!(
            screen.contains("touch x-from-") && screen.contains("/home/dev/project"),
            "{screen}"
        );
        shown.approve(&[]);
        let output = end(hook).await;
        assert_eq!(output.status.code(), Some(0), "{agent}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(said.to_string().contains(&format!(":\"{word}\"")), "{said}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_persons_no_blocks_and_their_note_reaches_the_agent() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    for (agent, file, _) in AGENTS {
        let hook = start(&home, &[agent], file).await;
        hands.asked().await.deny(Some("use staging instead"));
        let output = end(hook).await;
        no(&output, "The person says: use staging instead");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!said.contains("req_") && !said.contains("sha256") && !said.contains("touch"));
    }
    let hook = start(&home, &["gemini"], "gemini-BeforeTool").await;
    hands.asked().await.dismiss();
    assert_eq!(end(hook).await.status.code(), Some(2), "Esc");
    daemon.stop().await;
}

#[tokio::test]
async fn while_placet_is_paused_the_answer_is_no_and_nobody_is_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    daemon.switches().pause(Timestamp(i64::MAX / 2)).await.unwrap();
    for (agent, file, _) in AGENTS {
        no(&end(start(&home, &[agent], file).await).await, "paused");
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn nobody_answers_and_the_question_is_gone_when_the_hook_is() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let hook = start(&home, &["claude-code", "--within", "5"], "claude-code-PreToolUse").await;
    let shown = hands.asked().await;
    no(&end(hook).await, "Nobody answered within 5 s");
    shown.gone().await;
    // With time enough Placet itself says that it is over, before the hook has to.
    let hook = start(&home, &["claude-code", "--within", "20"], "claude-code-PreToolUse").await;
    let shown = hands.asked().await;
    let output = end(hook).await;
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Nobody answered within"));
    assert_eq!(output.status.code(), Some(2));
    drop(shown);
    daemon.stop().await;
}

#[tokio::test]
async fn an_agent_that_ends_its_hook_takes_the_question_back() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut hook = start(&home, &["codex"], "codex-PreToolUse").await;
    let shown = hands.asked().await;
    hook.kill().await.unwrap();
    shown.gone().await;
    daemon.stop().await;
}

#[tokio::test]
async fn f1_placet_that_is_not_there_or_is_killed_while_it_asks_is_a_no() {
    let home = Home::new();
    for (agent, file, _) in AGENTS {
        no(&end(start(&home, &[agent], file).await).await, "not running");
    }
    for (agent, file, _) in AGENTS {
        let (mut placet, mut lines) = headless(&home).await;
        let hook = start(&home, &[agent], file).await;
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("asked"));
        placet.kill().await.unwrap();
        let output = end(hook).await;
        no(&output, "closed the connection before it answered");
        // The stale socket that a killed one leaves is no yes either.
        no(&end(start(&home, &[agent], file).await).await, "not running");
    }
}

/// A Placet as a program of its own, whose person looks and does nothing.
async fn headless(home: &Home) -> (Child, Lines<BufReader<ChildStdout>>) {
    // Called as the real one is, so that nobody takes it for something else.
    let called = home.path().join("placet-desktop");
    if !called.exists() {
        std::fs::copy(program("placet-headless"), &called).unwrap();
    }
    let mut placet = Command::new(called)
        .arg(home.runtime())
        .arg(home.state())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    placet.stdin.as_mut().unwrap().write_all(b"rest\n").await.unwrap();
    let mut lines = BufReader::new(placet.stdout.take().unwrap()).lines();
    for word in ["ready", "done"] {
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some(word));
    }
    (placet, lines)
}

#[tokio::test]
async fn s4_a_hook_that_is_paired_is_shown_by_its_name() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut pair = Command::new(program("placet"))
        .args(["pair", "--name", "gemini"])
        .env_clear()
        .env("PLACET_SOCK", home.socket())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(pair.stderr.take().unwrap()).lines();
    let code = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some((_, code)) = line.split_once("window: ") {
            break code.to_owned();
        }
    };
    hands.asked().await.approve(&[&code]);
    while lines.next_line().await.unwrap().is_some() {}
    assert!(pair.wait().await.unwrap().success());
    for (args, named) in [(&["gemini"][..], true), (&["claude-code"], false)] {
        let file = if named { "gemini-BeforeTool" } else { "claude-code-PreToolUse" };
        let hook = start(&home, args, file).await;
        let shown = hands.asked().await;
        assert_eq!(format!("{:?}", shown.screen).contains("gemini\""), named, "{:?}", shown.screen);
        shown.deny(None);
        end(hook).await;
    }
    daemon.stop().await;
}

#[tokio::test]
async fn where_nothing_is_wrong_doctor_says_so_and_a_no_is_one_sentence_alone() {
    let home = Home::new();
    let doctor = async || {
        let output = Command::new(program("placet"))
            .args(["--json", "doctor"])
            .env_clear()
            .env("PLACET_SOCK", home.socket())
            .env("HOME", home.path())
            .output()
            .await
            .unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let codes = said["wrong"].as_array().unwrap().iter();
        let codes: Vec<String> =
            codes.map(|one| one["code"].as_str().unwrap().to_owned()).collect();
        (output.status.code(), codes)
    };
    assert_eq!(doctor().await, (Some(4), vec!["not_running".to_owned()]));
    let (mut placet, mut lines) = headless(&home).await;
    assert_eq!(doctor().await, (Some(0), vec![]));
    // A pairing that Placet does not know, as after it was taken back.
    let agents = home.path().join(".config/placet/agents");
    std::fs::create_dir_all(&agents).unwrap();
    let token = agents.join("ci.json");
    std::fs::write(&token, r#"{"name": "ci", "token": "no-such-token"}"#).unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(doctor().await, (Some(4), vec!["token_unknown".to_owned()]));

    let hook = start(&home, &["claude-code", "--within", "6"], "claude-code-PreToolUse").await;
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("asked"));
    let output = end(hook).await;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "placet: Nobody answered within 6 s.\n");
    placet.kill().await.unwrap();
}

#[tokio::test]
async fn m3_doctor_says_that_a_key_of_this_installation_is_gone() {
    let home = Home::new();
    let (mut placet, _lines) = headless(&home).await;
    placet.kill().await.unwrap();
    for name in ["receipts.key", "instance.key"] {
        std::fs::remove_file(home.state().join(name)).unwrap();
    }
    let (mut placet, _lines) = headless(&home).await;
    let output = Command::new(program("placet"))
        .args(["--json", "doctor"])
        .env_clear()
        .env("PLACET_SOCK", home.socket())
        .env("HOME", home.path())
        .output()
        .await
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong = said["wrong"].as_array().unwrap();
    assert_eq!((output.status.code(), wrong.len()), (Some(4), 2), "{said}");
    for (one, file) in wrong.iter().zip(["receipts.key", "instance.key"]) {
        assert_eq!(one["code"], "key_unusable");
        assert!(one["sentence"].as_str().unwrap().contains(file), "{one}");
    }
    placet.kill().await.unwrap();
}

#[tokio::test]
async fn s12_a_form_is_filled_or_declined_by_the_person_and_the_agent_hears_which() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    for fills in [true, false] {
        let hook = start(&home, &["claude-code"], "claude-code-Elicitation-form").await;
        let shown = hands.asked().await;
        let screen = format!("{:?}", shown.screen);
        assert!(screen.contains("What is your name?") && screen.contains("everything"), "{screen}");
        match fills {
            true => shown.approve(&["Ada"]),
            false => shown.deny(None),
        }
        let output = end(hook).await;
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let said = &said["hookSpecificOutput"];
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(said["action"], if fills { "accept" } else { "decline" });
        assert_eq!(said["content"]["name"].as_str(), fills.then_some("Ada"));
    }
    daemon.stop().await;
}
