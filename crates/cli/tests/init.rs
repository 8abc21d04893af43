//! `placet init` and `placet doctor` in folders of their own: what is written, what is taken back,
//! what is found to be missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const AGENTS: [(&str, &str); 4] = [
    ("claude-code", ".claude/settings.json"),
    ("codex", ".codex/hooks.json"),
    ("gemini", ".gemini/settings.json"),
    ("opencode", ".config/opencode/plugin/placet.js"),
];

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("project")).unwrap();
        Self(home)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn has(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }

    fn placet(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_placet"))
            .args(args)
            .env_clear()
            .env("HOME", self.0.path())
            .env("PLACET_SOCK", self.at("agent.sock"))
            .current_dir(self.at("project"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.placet(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        stderr
    }

    /// Every file and what it holds.
    fn all(&self) -> Vec<(PathBuf, String)> {
        let (mut found, mut folders) = (Vec::new(), vec![self.0.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push((path.clone(), fs::read_to_string(&path).unwrap())),
                }
            }
        }
        found.sort();
        found
    }

    fn wrong(&self, args: &[&str]) -> Vec<(String, String)> {
        let output = self.placet(&[&["--json", "doctor"], args].concat());
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        let wrong = value["wrong"].as_array().unwrap();
        let status = if wrong.is_empty() { 0 } else { 4 };
        assert_eq!(output.status.code(), Some(status), "{value}");
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        wrong.iter().map(|one| (text(one, "code"), text(one, "sentence"))).collect()
    }

    /// The codes about agents, sorted. That Placet is not running here is not about one.
    fn codes(&self, args: &[&str]) -> Vec<String> {
        let ignored = ["not_running", "token_missing", "codex_trust"];
        let all = self.wrong(args).into_iter().map(|(code, _)| code);
        let mut codes: Vec<_> = all.filter(|code| !ignored.contains(&code.as_str())).collect();
        codes.sort();
        codes
    }
}

fn program() -> String {
    env!("CARGO_BIN_EXE_placet").to_owned()
}

#[test]
fn what_is_written_fails_closed_and_gives_a_person_time() {
    let home = Home::new();
    for (agent, file) in AGENTS {
        home.done(&["init", agent, "--yes"]);
        let mut command = format!("{} hook {agent} --within 580", program());
        // They have no switch of their own against a hook that fails: the shell says no.
        if ["codex", "gemini"].contains(&agent) {
            command.push_str(" || exit 2");
        }
        let handlers = |event: &str| home.json(file)["hooks"][event][0].clone();
        match agent {
            "claude-code" => {
                let handler = json!([{"type": "command", "command": command, "timeout": 600,
                    "onFailure": "block"}]);
                assert_eq!(handlers("PreToolUse")["hooks"], handler);
                assert_eq!(handlers("PermissionRequest")["hooks"], handler);
                assert_eq!(handlers("PermissionRequest")["matcher"], "*");
                // Tools that only look are left to Claude Code.
                let matcher = handlers("PreToolUse")["matcher"].as_str().unwrap().to_owned();
                for looks in ["Read", "Glob", "Grep", "LS"] {
                    assert!(matcher.split('|').all(|tool| tool != looks), "{looks}");
                }
            }
            "codex" => {
                let handler = json!([{"type": "command", "command": command, "timeout": 600}]);
                assert_eq!(handlers("PreToolUse")["hooks"], handler);
                assert_eq!(handlers("PermissionRequest")["hooks"], handler);
            }
            // Its unit is milliseconds.
            "gemini" => assert_eq!(
                handlers("BeforeTool")["hooks"],
                json!([{"name": "placet", "type": "command", "command": command,
                    "timeout": 600_000}])
            ),
            _ => {
                let text = home.text(file);
                assert!(text.contains(&format!("const PLACET = {}\n", json!(program()))));
                assert!(text.contains("const WITHIN = 580 "), "{text}");
            }
        }
        assert_eq!(home.codes(&[agent]), [""; 0], "{agent}");
    }
}

#[test]
fn twice_is_once_and_undo_leaves_nothing() {
    for (agent, file) in AGENTS {
        for scope in ["--user", "--project"] {
            let home = Home::new();
            let before = home.all();
            home.done(&["init", agent, scope, "--yes"]);
            let once = home.all();
            assert_eq!(once.len(), 1, "one file: {once:?}");
            let in_project = once[0].0.starts_with(home.at("project"));
            assert_eq!(in_project, scope == "--project", "{file}");
            let again = home.done(&["init", agent, scope, "--yes"]);
            assert!(!again.contains("@@"), "no change is shown: {again}");
            assert_eq!(home.all(), once);
            home.done(&["init", agent, scope, "--undo", "--yes"]);
            assert_eq!(home.all(), before);
            home.done(&["init", agent, scope, "--undo", "--yes"]);
            assert_eq!(home.all(), before);
        }
    }
}

/// Settings with their own order, spaces, numbers and hooks.
const OWN: &str = "{\n\t\"z\": 1.50, \"a\": [ 1,2 ],\n\t\"hooks\": {\n\t\t\"PreToolUse\": [ {\"matcher\": \
                   \"Read\", \"hooks\": [{\"type\": \"command\", \"command\": \"lint\"}]} ],\n\t\t\
                   \"Stop\": []\n\t},\n\t\"m\": {\"\\u00fc\": null}\n}";

#[test]
fn what_is_not_ours_keeps_its_value_its_order_and_after_an_undo_its_bytes() {
    for (agent, file) in &AGENTS[..3] {
        let home = Home::new();
        home.has(file, OWN);
        fs::set_permissions(home.at(file), fs::Permissions::from_mode(0o640)).unwrap();
        home.done(&["init", agent, "--yes"]);
        let written = home.json(file);
        let order: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
        assert_eq!(order, ["z", "a", "hooks", "m"]);
        let own: Value = serde_json::from_str(OWN).unwrap();
        for name in ["z", "a", "m"] {
            assert_eq!(written[name], own[name]);
        }
        assert_eq!(written["hooks"]["PreToolUse"][0], own["hooks"]["PreToolUse"][0]);
        assert_eq!(written["hooks"]["Stop"], json!([]));
        assert!(home.text(file).contains("\n\t\"z\""), "indented as it was");
        assert_eq!(home.text(&format!("{file}.before-placet")), OWN, "a backup");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.at(file)), 0o640, "who may read it stays");
        home.done(&["init", agent, "--undo", "--yes"]);
        assert_eq!(home.all(), [(home.at(file), OWN.to_owned())]);
        assert_eq!(mode(&home.at(file)), 0o640);
    }
}

#[test]
fn undo_after_other_changes_takes_out_ours_alone() {
    for (agent, file) in &AGENTS[..3] {
        let home = Home::new();
        home.has(file, OWN);
        home.done(&["init", agent, "--yes"]);
        let mut changed = home.json(file);
        changed["new"] = json!(true);
        let event = if *agent == "gemini" { "BeforeTool" } else { "PreToolUse" };
        let groups = changed["hooks"][event].as_array_mut().unwrap();
        // Somebody put a handler of their own beside ours, and one that only looks like ours.
        let ours = groups.last_mut().unwrap()["hooks"].as_array_mut().unwrap();
        let others = [
            json!({"type": "command", "command": "their-own"}),
            json!({"type": "command", "command": format!("/bin/placet hook {agent} || true")}),
        ];
        ours.extend(others.clone());
        home.has(file, &changed.to_string());
        home.done(&["init", agent, "--undo", "--yes"]);
        let left = home.json(file);
        assert_eq!(left["new"], true);
        let list = left["hooks"][event].as_array().unwrap();
        assert_eq!(list.last().unwrap()["hooks"], json!(others));
        assert!(!home.text(file).contains("--within"), "{left}");
        assert!(left["hooks"].get("PermissionRequest").is_none(), "empty without ours");
        assert!(!home.at(&format!("{file}.before-placet")).exists());
    }
}

#[test]
fn an_older_hook_of_ours_is_replaced_not_doubled() {
    let home = Home::new();
    let old = json!({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [
        {"type": "command", "command": "'/old place/placet' hook claude-code --within 20",
            "timeout": 30}]}]}});
    home.has(".claude/settings.json", &old.to_string());
    home.done(&["init", "claude-code", "--yes"]);
    let text = home.text(".claude/settings.json");
    assert!(!text.contains("old place"), "{text}");
    assert_eq!(text.matches(" hook claude-code --within 580").count(), 2);
    assert_eq!(home.all().len(), 1, "no backup is made of settings that had ours");
}

#[test]
fn the_change_is_shown_and_nothing_is_written_unless_somebody_agrees() {
    let home = Home::new();
    home.has(".gemini/settings.json", "{\n  \"theme\": \"x\u{202e}\"\n}\n");
    let before = home.all();
    let output = home.placet(&["init", "gemini"]);
    assert_eq!(output.status.code(), Some(2));
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("+++ ") && shown.contains("+    \"BeforeTool\": ["), "{shown}");
    assert!(shown.contains("Give --yes"), "{shown}");
    assert!(!shown.contains('\u{202e}'), "nothing acts on a terminal");
    assert_eq!(home.all(), before);
}

#[test]
fn settings_that_are_not_understood_are_left_alone() {
    let rows = [
        "{ // a comment\n \"a\": 1 }",
        "{\"a\": 1,}",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": 18446744073709551616}",
        "[]",
        "{\"hooks\": []}",
        "{\"hooks\": {\"PreToolUse\": {}}}",
        "{\"hooks\": {\"Stop\": [7]}}",
        "{\"hooks\": {\"Stop\": [{\"hooks\": 7}]}}",
    ];
    for (agent, file) in &AGENTS[..3] {
        for text in rows {
            let home = Home::new();
            home.has(file, text);
            for undo in [&["init", agent, "--yes"][..], &["init", agent, "--yes", "--undo"]] {
                let output = home.placet(undo);
                assert_eq!(output.status.code(), Some(4), "{text}");
                let stderr = String::from_utf8(output.stderr).unwrap();
                assert!(stderr.contains("Nothing was written"), "{stderr}");
            }
            assert_eq!(home.all(), [(home.at(file), text.to_owned())]);
        }
    }
    let home = Home::new();
    home.has(".config/opencode/plugin/placet.js", "export const mine = 1\n");
    assert_eq!(home.placet(&["init", "opencode", "--yes"]).status.code(), Some(4));
    assert_eq!(home.placet(&["init", "opencode", "--yes", "--undo"]).status.code(), Some(4));
    assert_eq!(home.text(".config/opencode/plugin/placet.js"), "export const mine = 1\n");
}

#[test]
fn a_link_to_the_settings_stays_a_link() {
    let home = Home::new();
    home.has("dotfiles/claude.json", "{}\n");
    fs::create_dir(home.at(".claude")).unwrap();
    symlink(home.at("dotfiles/claude.json"), home.at(".claude/settings.json")).unwrap();
    home.done(&["init", "claude-code", "--yes"]);
    assert!(home.at(".claude/settings.json").is_symlink());
    assert!(home.text("dotfiles/claude.json").contains("onFailure"));
    home.done(&["init", "claude-code", "--yes", "--undo"]);
    assert_eq!(home.text("dotfiles/claude.json"), "{}\n");
}

#[test]
fn agents_that_nobody_saw_working_get_no_settings() {
    let home = Home::new();
    for agent in ["copilot", "vscode", "cursor", "goose", "cline"] {
        for args in [&["init", agent, "--yes"][..], &["doctor", agent]] {
            let output = home.placet(args);
            assert_eq!(output.status.code(), Some(2));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains(&format!("docs/agents/{agent}.md")), "{stderr}");
        }
    }
    assert_eq!(home.all(), []);
    let output = home.placet(&["hook", "--help"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().matches("(not run").count(), 5);
}

#[test]
fn doctor_finds_a_hook_that_is_absent_changed_or_fails_open() {
    let home = Home::new();
    assert_eq!(home.codes(&[]), [""; 0], "no agent is here");
    for (agent, file) in AGENTS {
        assert_eq!(home.codes(&[agent]), ["hook_absent"]);
        home.done(&["init", agent, "--yes"]);
        assert_eq!(home.codes(&[agent]), [""; 0]);
        if agent == "opencode" {
            home.has(file, &home.text(file).replace("throw", "return").replace("580", "5"));
            assert_eq!(home.codes(&[agent]), ["hook_changed"]);
            continue;
        }
        let whole = home.text(file);
        let with = |from: &str, to: &str| {
            assert!(whole.contains(from), "{from}");
            home.has(file, &whole.replacen(from, to, 1));
            home.codes(&[agent])
        };
        assert_eq!(with("600", "500"), ["timeout_short"]);
        assert_eq!(with("--within 580", "--within 30"), ["timeout_short"]);
        assert_eq!(with("\"timeout\"", "\"timeoutt\""), ["timeout_short"]);
        assert_eq!(with("\"matcher\": \"", "\"matcher\": \"x"), ["hook_changed"]);
        assert_eq!(with("\"command\",", "\"prompt\","), ["hook_changed"]);
        assert_eq!(with(&program(), "/gone/placet"), ["hook_changed"]);
        if agent != "claude-code" {
            assert_eq!(with(" || exit 2", ""), ["fails_open"]);
        } else {
            assert_eq!(with("\"block\"", "\"allow\""), ["fails_open"]);
            assert_eq!(with("{\n", "{\n\"disableAllHooks\": true,\n"), ["hooks_disabled"]);
        }
        home.has(file, "{ // no\n}");
        assert_eq!(home.codes(&[agent]), ["hook_absent", "settings_unreadable"]);
        home.has(file, &whole);
    }
}

#[test]
fn doctor_finds_a_hook_of_codex_that_codex_does_not_trust() {
    let home = Home::new();
    home.done(&["init", "codex", "--yes"]);
    let trust = || {
        let all = home.wrong(&["codex"]).into_iter();
        all.filter(|(code, _)| code == "codex_trust").map(|(_, why)| why).collect::<Vec<_>>()
    };
    assert_eq!(trust().len(), 2);
    let key = |event: &str| format!("{}:{event}:0:0", home.at(".codex/hooks.json").display());
    let entry = |event, rest| format!("[hooks.state.{}]\n{rest}\n", json!(key(event)));
    let one = entry("pre_tool_use", "trusted_hash = \"sha256:00\"");
    home.has(".codex/config.toml", &one);
    assert_eq!(trust().len(), 1);
    let other = entry("permission_request", "trusted_hash = \"sha256:00\"");
    home.has(".codex/config.toml", &format!("{one}{other}"));
    assert_eq!(trust(), [""; 0]);
    let off = entry("permission_request", "trusted_hash = \"sha256:00\"\nenabled = false");
    home.has(".codex/config.toml", &format!("{one}{off}"));
    assert_eq!(trust().len(), 1);
    home.has(".codex/config.toml", "no toml [");
    assert_eq!(trust().len(), 2);
}

#[test]
fn doctor_finds_tokens_sockets_programs_and_an_autostart_that_are_not_right() {
    let home = Home::new();
    let codes = || -> Vec<String> { home.wrong(&[]).into_iter().map(|(code, _)| code).collect() };
    assert_eq!(codes(), ["not_running"]);
    drop(UnixListener::bind(home.at("agent.sock")).unwrap());
    assert_eq!(codes(), ["stale_socket"]);
    fs::remove_file(home.at("agent.sock")).unwrap();
    // This test is not placet-desktop.
    let squatter = UnixListener::bind(home.at("agent.sock")).unwrap();
    assert_eq!(codes(), ["not_placet"]);
    drop(squatter);

    let token = ".config/placet/agents/ci.json";
    home.has(token, r#"{"name": "ci", "token": "x"}"#);
    fs::set_permissions(home.at(token), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(codes(), ["stale_socket", "token_mode"]);
    fs::set_permissions(home.at(token), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(codes(), ["stale_socket"]);
    home.has(token, "{}");
    assert_eq!(codes(), ["stale_socket", "token_unreadable"]);
    fs::remove_file(home.at(token)).unwrap();

    let autostart = ".config/autostart/placet.desktop";
    for (exec, right) in [
        ("placet-desktop --hidden", true),
        ("/tmp/evil --hidden", false),
        ("/tmp/nowhere/placet-desktop --hidden", false),
        ("sh -c 'placet-desktop --hidden'", false),
        ("", false),
    ] {
        home.has(autostart, &format!("[Desktop Entry]\nExec={exec}\n"));
        let found = codes().contains(&"autostart_replaced".to_owned());
        assert_eq!(found, !right, "{exec}");
    }
    fs::remove_file(home.at(autostart)).unwrap();

    let other = home.at("bin/placet");
    home.has("bin/placet", "#!/bin/sh\n");
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
    let output = command
        .args(["doctor"])
        .env_clear()
        .env("HOME", home.0.path())
        .env("PATH", home.at("bin"))
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("`placet` in your PATH is"), "{stdout}");
    assert!(stdout.lines().any(|line| line.starts_with("  mend: ")), "each says how: {stdout}");
}

#[test]
fn doctor_says_that_an_agent_has_no_name_yet() {
    let home = Home::new();
    home.done(&["init", "gemini", "--yes"]);
    let has = |code: &str| home.wrong(&["gemini"]).iter().any(|(found, _)| found == code);
    assert!(has("token_missing"));
    let token = ".config/placet/agents/gemini.json";
    home.has(token, r#"{"name": "gemini", "token": "x"}"#);
    fs::set_permissions(home.at(token), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(!has("token_missing"));
}

#[test]
fn uninstall_names_the_agents_that_would_be_left_asking() {
    let home = Home::new();
    assert!(!home.done(&["uninstall", "--yes"]).contains("still asks"));
    for (agent, _) in AGENTS {
        home.done(&["init", agent, "--yes"]);
        let said = home.done(&["uninstall", "--yes"]);
        assert!(said.contains(&format!("placet init {agent} --undo")), "{said}");
    }
}

#[test]
fn a_hook_of_ours_that_was_put_there_by_hand_for_forms_stays_until_an_undo() {
    let home = Home::new();
    let file = ".claude/settings.json";
    let handler = json!({"type": "command", "timeout": 600, "onFailure": "block",
        "command": format!("{} hook claude-code --within 580", program())});
    let own = json!({"a": 1, "hooks": {"Elicitation": [{"hooks": [handler]}]}});
    home.has(file, &own.to_string());
    home.done(&["init", "claude-code", "--yes"]);
    assert_eq!(home.json(file)["hooks"]["Elicitation"][0]["hooks"][0], handler);
    let once = home.all();
    home.done(&["init", "claude-code", "--yes"]);
    assert_eq!(home.all(), once);
    assert_eq!(home.codes(&["claude-code"]), [""; 0]);
    home.done(&["init", "claude-code", "--yes", "--undo"]);
    assert_eq!(home.json(file), json!({"a": 1}), "all of ours goes");
}
