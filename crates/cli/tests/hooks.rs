//! `placet hook` against a scripted daemon: what each agent gives it, what it asks, what it prints,
//! how it exits. The payloads are those that agents were seen to send
//! (`fixtures/agents/`, each with its source).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Every payload of a tool: its file, its agent, and the words for yes and for no. In a no, `WHY`
/// stands for the sentence.
const TOOLS: &[(&str, &str, &str, &str)] = &[
    (
        "claude-code-PreToolUse",
        "claude-code",
        r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#,
        PRE_TOOL_USE_NO,
    ),
    ("claude-code-PermissionRequest", "claude-code", PERMISSION_YES, PERMISSION_NO),
    // An allow of Codex's PreToolUse is an error to it; silence lets it go on.
    ("codex-PreToolUse", "codex", "", PRE_TOOL_USE_NO),
    ("codex-PermissionRequest", "codex", PERMISSION_YES, PERMISSION_NO),
    ("gemini-BeforeTool", "gemini", r#"{"decision":"allow"}"#, DECISION_NO),
    ("opencode-tool.execute.before", "opencode", r#"{"decision":"allow"}"#, DECISION_NO),
    (
        "copilot-preToolUse",
        "copilot",
        r#"{"permissionDecision":"allow"}"#,
        r#"{"permissionDecision":"deny","permissionDecisionReason":"WHY"}"#,
    ),
    (
        "vscode-PreToolUse",
        "vscode",
        r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#,
        PRE_TOOL_USE_NO,
    ),
    ("cursor-beforeShellExecution", "cursor", r#"{"permission":"allow"}"#, CURSOR_NO),
    ("cursor-beforeMCPExecution", "cursor", r#"{"permission":"allow"}"#, CURSOR_NO),
    ("goose-PreToolUse", "goose", "", r#"{"decision":"block","reason":"WHY"}"#),
    ("cline-PreToolUse", "cline", r#"{"cancel":false}"#, r#"{"cancel":true,"errorMessage":"WHY"}"#),
];
const PRE_TOOL_USE_NO: &str = r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"WHY"}}"#;
const PERMISSION_YES: &str = r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"allow"}}}"#;
const PERMISSION_NO: &str = r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"WHY"}}}"#;
const DECISION_NO: &str = r#"{"decision":"deny","reason":"WHY"}"#;
const CURSOR_NO: &str = r#"{"permission":"deny","user_message":"WHY","agent_message":"WHY"}"#;

/// Nothing takes this long but a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the daemon does with the question, after it has said hello.
enum Then {
    /// Says this result, with the line feed.
    Answer(Value),
    /// Says these bytes.
    Raw(&'static [u8]),
    /// Goes away.
    Close,
    /// Says nothing and waits until the client is gone.
    Rest,
}
use Then::{Answer, Close, Raw, Rest};

struct Stage {
    folder: TempDir,
    daemon: Option<JoinHandle<Vec<Value>>>,
    /// Something when the question is there.
    asked: Receiver<()>,
}

struct Seen {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    /// All that the daemon heard, hello included.
    heard: Vec<Value>,
}

impl Seen {
    fn question(&self) -> Option<&Value> {
        self.heard.iter().find(|m| m["method"] == "approval/request").map(|m| &m["params"])
    }

    /// That it is a no of this shape, and its sentence.
    fn no(&self, shape: &str) -> String {
        let sentence = self.stderr.strip_prefix("placet: ").expect(&self.stderr).trim_end();
        let said = shape.replace("WHY", &sentence.replace('\\', "\\\\").replace('"', "\\\""));
        assert_eq!(self.stdout.trim_end(), said);
        // Claude Code's PermissionRequest would lose the sentence with status 2.
        let in_words = shape == PERMISSION_NO && self.status == Some(0);
        assert!(self.status == Some(2) || in_words, "{:?}", self.status);
        assert!(sentence.len() > 15, "a sentence: {sentence}");
        sentence.to_owned()
    }
}

fn stage(version: &'static str, then: Then) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    let (tell, asked) = channel();
    let daemon = thread::spawn(move || play(&listener.accept().unwrap().0, version, then, &tell));
    Stage { folder, daemon: Some(daemon), asked }
}

fn answering(result: Value) -> Stage {
    stage("0", Answer(result))
}

/// For what must not be asked: a daemon that would say yes.
fn yes() -> Stage {
    answering(ended("approved"))
}

fn nobody() -> Stage {
    Stage { folder: tempfile::tempdir().unwrap(), daemon: None, asked: channel().1 }
}

fn play(out: &UnixStream, version: &str, then: Then, asked: &Sender<()>) -> Vec<Value> {
    let mut lines = BufReader::new(out.try_clone().unwrap());
    let mut heard = Vec::new();
    let say = |value: Value| drop((&mut &*out).write_all(format!("{value}\n").as_bytes()));
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return heard;
        }
        let message: Value = serde_json::from_str(&line).unwrap();
        heard.push(message.clone());
        let id = message["id"].clone();
        if message["method"] == "placet/hello" {
            let paired = message["params"]["token"].as_str().map(|token| json!({ "name": token }));
            say(json!({"jsonrpc": "2.0", "id": id, "result": {
                "version": version, "app": {"name": "placet", "version": "0.1.0"},
                "capabilities": {"methods": ["status"], "notifications": [],
                    "intake": ["start"], "delivery": ["code"], "modes": ["form"]},
                "peer": {"uid": 1000, "pid": 4711, "program": "/usr/bin/placet",
                    "chain": [], "place": "session"},
                "paired": paired}}));
            continue;
        }
        say(json!({"jsonrpc": "2.0", "method": "request/status", "params": {
            "id": id, "request_id": "req_0", "status": "shown", "binding_code": "TRVN-6KLD"}}));
        let _ = asked.send(());
        match then {
            Answer(result) => say(json!({"jsonrpc": "2.0", "id": id, "result": result})),
            Raw(bytes) => drop((&mut &*out).write_all(bytes)),
            Close => {}
            Rest => drop(lines.read_to_end(&mut Vec::new())),
        }
        return heard;
    }
}

impl Stage {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
        command
            .arg("hook")
            .args(args)
            .env_clear()
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("PLACET_SOCK", self.folder.path().join("agent.sock"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn pairing(&self, name: &str, text: &str) {
        let folder = self.folder.path().join("config/placet/agents");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
    }

    fn run(self, args: &[&str], payload: impl Into<Vec<u8>>) -> Seen {
        let child = self.command(args).spawn().unwrap();
        let output = feed(child, payload.into());
        self.finish(output)
    }

    fn finish(mut self, output: Output) -> Seen {
        // A client that never came leaves the daemon waiting: one that says nothing comes.
        drop(UnixStream::connect(self.folder.path().join("agent.sock")));
        let heard = self.daemon.take().map(|daemon| daemon.join().unwrap()).unwrap_or_default();
        // The daemon of these tests is not placet-desktop: that is said before anything else.
        let stderr = String::from_utf8(output.stderr).unwrap();
        let me = std::env::current_exe().unwrap();
        let careful = format!(
            "placet: Careful: {} answers at the socket, not placet-desktop.\n",
            me.display()
        );
        let stderr = stderr.strip_prefix(&careful).unwrap_or(&stderr).to_owned();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Seen { status: output.status.code(), stdout, stderr, heard }
    }
}

fn feed(mut child: Child, payload: Vec<u8>) -> Output {
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&payload));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().expect("an agent can write its whole payload, whatever is in it");
    output
}

fn fixture(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["payload"].take()
}

fn ended(outcome: &str) -> Value {
    json!({"request_id": "req_0", "outcome": outcome,
        "reason": {"code": "code", "sentence": "A sentence of Placet."},
        "observable": true, "receipt": "sha256:00", "binding_code": "TRVN-6KLD"})
}

#[test]
fn each_payload_is_asked_whole_and_a_yes_is_said_in_the_agents_own_words() {
    for (file, agent, says, _) in TOOLS {
        let seen = yes().run(&[agent, "--within", "100"], fixture(file).to_string());
        assert_eq!((seen.status, seen.stdout.trim_end()), (Some(0), *says), "{file}");
        let (tool, arguments, reason) = match *file {
            "claude-code-PreToolUse" | "claude-code-PermissionRequest" => (
                "Bash",
                json!({"command": "touch x-from-agent && echo made"}),
                Some("create marker"),
            ),
            "codex-PreToolUse" => {
                ("Bash", json!({"command": "touch x-from-codex && echo made"}), None)
            }
            "codex-PermissionRequest" => (
                "Bash",
                json!({"command": "touch x-from-codex && echo made"}),
                Some("Need to create a marker file?"),
            ),
            "gemini-BeforeTool" => (
                "run_shell_command",
                json!({"command": "touch x-from-gemini && echo made"}),
                Some("create marker"),
            ),
            "opencode-tool.execute.before" => {
                ("bash", json!({"command": "touch x-from-oc && echo made"}), Some("create marker"))
            }
            "copilot-preToolUse" => ("bash", json!({"command": "touch x"}), None),
            "vscode-PreToolUse" => ("runTerminalCommand", json!({"command": "touch x"}), None),
            "cursor-beforeShellExecution" => ("shell", json!({"command": "touch x"}), None),
            "cursor-beforeMCPExecution" => ("send", json!({"to": "sam"}), None),
            "goose-PreToolUse" => ("developer__shell", json!({"command": "touch x"}), None),
            _ => ("execute_command", json!({"command": "touch x"}), None),
        };
        let mut wanted = json!({"tool": tool, "arguments": arguments,
            "working_directory": "/home/dev/project", "expires_in": 95});
        if let Some(reason) = reason {
            wanted["reason"] = json!(reason);
        }
        assert_eq!(seen.question(), Some(&wanted), "{file}");
    }
}

#[test]
fn every_outcome_but_a_yes_is_a_no_in_the_agents_own_words_that_blocks() {
    let outcomes = [
        "declined",
        "cancelled",
        "expired",
        "unreachable",
        "locked",
        "rejected_by_as",
        "unsupported",
        "protocol_error",
        "superseded",
        "rate_limited",
    ];
    for (file, agent, _, no) in TOOLS {
        for outcome in outcomes {
            let seen = answering(ended(outcome)).run(&[agent], fixture(file).to_string());
            assert_eq!(seen.no(no), "A sentence of Placet.", "{file} {outcome}");
        }
    }
}

#[test]
fn s5_the_persons_note_reaches_the_model_and_nothing_else_does() {
    for (file, agent, _, no) in TOOLS {
        let mut end = ended("declined");
        end["note"] = json!("use staging,\nnot production\u{202e}");
        end["retry_after"] = json!(180);
        let seen = answering(end).run(&[agent], fixture(file).to_string());
        let sentence = "A sentence of Placet. Ask again in 180 s. The person says: use staging, \
                        not production\\u{202e}";
        assert_eq!(seen.stderr, format!("placet: {sentence}\n"));
        assert!(seen.stdout.contains("use staging, not production"), "{no}");
        for secret in ["req_0", "sha256", "TRVN", "touch", "sam"] {
            let said = format!("{}{}", seen.stdout, seen.stderr);
            assert!(!said.contains(secret), "{file} tells {secret}: {said}");
        }
    }
}

#[test]
fn s14_a_yes_that_was_given_before_is_a_no() {
    for (file, agent, _, no) in TOOLS {
        let mut end = ended("approved");
        end["repeated"] = json!(true);
        let seen = answering(end).run(&[agent], fixture(file).to_string());
        assert_eq!(seen.no(no), "This was approved before, for that time only.");
    }
}

#[test]
fn f1_no_placet_or_a_broken_one_is_a_no() {
    let alarm: &[u8] = b"\x00\xff\xfe garbage \n";
    for (file, agent, _, no) in TOOLS {
        let payload = fixture(file).to_string();
        let seen = nobody().run(&[agent], payload.clone());
        assert!(seen.no(no).starts_with("Placet is not running"), "{}", seen.stderr);
        let rows: [(&str, Stage); 6] = [
            ("closed the connection", stage("0", Close)),
            ("not understood", stage("0", Raw(alarm))),
            ("not understood", stage("0", Raw(b"{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n"))),
            ("not understood", stage("7", Rest)),
            ("not understood", answering(json!({"outcome": "approved"}))),
            ("not understood", answering(json!("approved"))),
        ];
        for (word, stage) in rows {
            let seen = stage.run(&[agent], payload.clone());
            let sentence = seen.no(no);
            assert!(sentence.contains(word), "{file}: {sentence}");
        }
    }
}

#[test]
fn f1_a_socket_that_nobody_listens_at_any_more_is_a_no() {
    let stage = nobody();
    drop(UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap());
    let seen = stage.run(&["codex"], fixture("codex-PreToolUse").to_string());
    assert!(seen.no(PRE_TOOL_USE_NO).starts_with("Placet is not running"));
}

#[test]
fn f1_a_placet_that_does_not_answer_is_a_no_when_the_time_is_up() {
    for (file, agent, _, no) in TOOLS {
        let seen = stage("0", Rest).run(&[agent, "--within", "1"], fixture(file).to_string());
        assert_eq!(seen.no(no), "Nobody answered within 1 s.");
        // On a slow machine the time can be up before it has asked.
        assert!(seen.question().is_none_or(|question| question["expires_in"] == 1));
    }
    // Nor one that takes the connection and says nothing at all.
    let stage = nobody();
    let _listener = UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap();
    let child = stage.command(&["gemini", "--within", "1"]).spawn().unwrap();
    let output = feed(child, fixture("gemini-BeforeTool").to_string().into());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn f1_a_stdin_that_does_not_end_is_a_no_when_the_time_is_up() {
    let stage = nobody();
    let mut child = stage.command(&["gemini", "--within", "1"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"hook_event_name\":").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stderr, b"placet: Nobody answered within 1 s.\n");
}

#[test]
fn f1_a_signal_in_the_middle_of_a_question_is_a_no_and_takes_the_question_back() {
    for signal in [
        Signal::TERM,
        Signal::INT,
        Signal::HUP,
        Signal::QUIT,
        Signal::ALARM,
        Signal::USR1,
        Signal::USR2,
    ] {
        for (file, agent, _, no) in &TOOLS[..6] {
            let stage = stage("0", Rest);
            let mut child = stage.command(&[agent]).spawn().unwrap();
            let payload = fixture(file).to_string();
            child.stdin.take().unwrap().write_all(payload.as_bytes()).unwrap();
            stage.asked.recv_timeout(PATIENCE).expect("the question");
            kill_process(Pid::from_child(&child), signal).unwrap();
            let output = child.wait_with_output().unwrap();
            // The daemon's thread ends when the connection does.
            let seen = stage.finish(output);
            assert!(seen.no(no).contains("told to stop"), "{signal:?}");
        }
    }
}

#[test]
fn s10_a_member_that_is_missing_or_of_another_type_is_a_no_and_one_that_does_not_matter_is_passed_over()
 {
    for (file, agent, ..) in TOOLS {
        let whole = fixture(file);
        let asked = yes().run(&[agent], whole.to_string()).question().unwrap().clone();
        let mut needed = 0;
        for name in whole.as_object().unwrap().keys() {
            let mut payload = whole.clone();
            payload.as_object_mut().unwrap().remove(name);
            let without = yes().run(&[agent], payload.to_string());
            let wrong = [json!(7), json!(null), json!([7]), json!({}), json!("")].map(|value| {
                let mut payload = whole.clone();
                payload[name] = value;
                yes().run(&[agent], payload.to_string())
            });
            if without.question().is_none() {
                needed += 1;
                let in_words =
                    *file == "claude-code-PermissionRequest" && name != "hook_event_name";
                assert_eq!(without.status, Some(if in_words { 0 } else { 2 }), "{file} {name}");
                assert!(!in_words || without.stdout.contains("deny"), "{file} {name}");
                assert!(without.stderr.contains(&format!("has no `{name}`")), "{}", without.stderr);
            } else {
                assert_eq!(without.question(), Some(&asked), "{file} without {name}");
            }
            for seen in wrong {
                match seen.question() {
                    None => assert!(seen.stderr.starts_with("placet: "), "{file} {name}"),
                    // An empty object of arguments, or an empty text, is one; nothing is made up.
                    Some(question) if without.question().is_none() => {
                        let text = question.to_string();
                        assert!(
                            text.contains("{}") || text.contains("\"\""),
                            "{file} {name} {text}"
                        );
                    }
                    Some(question) => assert_eq!(question, &asked, "{file} {name}"),
                }
            }
        }
        assert!(needed >= 3, "{file}: tool, arguments, folder");
    }
}

#[test]
fn s10_what_is_huge_deep_or_no_json_is_a_no_and_asks_nobody() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("{{\"tool_input\":{{\"a\":{open}{close}}}}}")
    };
    let long = |bytes: usize| {
        let mut payload = fixture("claude-code-PreToolUse");
        payload["tool_input"]["command"] = json!("x".repeat(bytes));
        payload.to_string()
    };
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("spaces", b"  \n".to_vec()),
        ("no JSON", b"{".to_vec()),
        ("text after it", b"{} {}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("text", b"\"approved\"".to_vec()),
        ("not UTF-8", b"{\"hook_event_name\":\"\xff\"}".to_vec()),
        ("a mark before it", b"\xef\xbb\xbf{}".to_vec()),
        ("a member twice", br#"{"tool_input":{"a":1,"a":2}}"#.to_vec()),
        ("a number that would be rounded", br#"{"tool_input":{"a":1e400}}"#.to_vec()),
        ("200 levels", nested(200).into_bytes()),
        ("100,000 levels", nested(100_000).into_bytes()),
        ("30 levels too many", nested(60).into_bytes()),
        ("another event", br#"{"hook_event_name":"PostToolUse"}"#.to_vec()),
        ("10 MB of arguments", long(10_000_000).into_bytes()),
        ("17 MB", long(17 << 20).into_bytes()),
    ];
    for (what, payload) in rows {
        for agent in ["claude-code", "codex", "gemini", "opencode", "copilot", "cursor", "cline"] {
            let seen = yes().run(&[agent], payload.clone());
            assert_eq!(seen.status, Some(2), "{what}");
            assert!(seen.stderr.len() > 20 && seen.stderr.len() < 400, "{what}: {}", seen.stderr);
            assert!(seen.question().is_none(), "{what}");
        }
    }
    let seen = yes().run(&["claude-code"], long(10_000_000));
    assert!(seen.no(PRE_TOOL_USE_NO).starts_with("This is too large to ask"));
}

#[test]
fn s10_the_deepest_that_placet_takes_is_asked_and_one_level_more_is_not() {
    let payload = |levels: usize| {
        let mut payload = fixture("gemini-BeforeTool");
        let mut inner = json!(1);
        for _ in 0..levels {
            inner = json!([inner]);
        }
        payload["tool_input"] = json!({ "a": inner });
        payload.to_string()
    };
    assert!(yes().run(&["gemini"], payload(29)).question().is_some());
    let seen = yes().run(&["gemini"], payload(30));
    assert_eq!(seen.stderr, "placet: The agent's payload has more than 31 levels.\n");
}

#[test]
fn h9_names_that_hide_or_reorder_are_asked_as_they_are_and_never_repeated() {
    let hostile = "Read\u{202e}hsaB\u{200b}\u{1b}[2J";
    for (file, agent, _, _) in &TOOLS[..5] {
        let mut payload = fixture(file);
        payload["tool_name"] = json!(hostile);
        payload["tool_input"] = json!({ hostile: hostile, "description": hostile });
        payload["cwd"] = json!(format!("/srv/{hostile}"));
        let seen = answering(ended("declined")).run(&[agent], payload.to_string());
        let question = seen.question().unwrap();
        assert_eq!(question["tool"], hostile);
        // Of a tool that is not the agent's shell, `description` is an argument as any other.
        assert_eq!(question["arguments"], payload["tool_input"]);
        assert_eq!(question["working_directory"], payload["cwd"]);
        let said = format!("{}{}", seen.stdout, seen.stderr);
        assert!(!said.contains("hsaB") && !said.contains('\u{202e}'), "{said}");
        // Nor by an error.
        payload["hook_event_name"] = json!(hostile);
        let seen = yes().run(&[agent], payload.to_string());
        assert!(seen.status == Some(2) && !seen.stderr.contains("hsaB"), "{}", seen.stderr);
    }
}

#[test]
fn h2_the_agents_own_description_of_a_command_goes_to_the_reason_if_it_fits_there() {
    let ask = |description: Value| {
        let mut payload = fixture("claude-code-PreToolUse");
        payload["tool_input"]["description"] = description;
        yes().run(&["claude-code"], payload.to_string()).question().unwrap().clone()
    };
    assert_eq!(ask(json!("x".repeat(4096)))["reason"], "x".repeat(4096));
    for odd in [json!("x".repeat(4097)), json!(""), json!(7), json!({"a": 1})] {
        let question = ask(odd.clone());
        assert_eq!(question.get("reason"), None);
        assert_eq!(question["arguments"]["description"], odd, "nothing is left out");
    }
}

#[test]
fn s4_it_speaks_as_the_pairing_of_the_agents_name_or_the_one_that_is_named_or_as_nobody() {
    let payload = || fixture("codex-PreToolUse").to_string();
    let token = |seen: &Seen| seen.heard[0]["params"].get("token").cloned();
    assert_eq!(token(&yes().run(&["codex"], payload())), None);
    let with = |args: &[&str]| {
        let stage = yes();
        stage.pairing("codex", r#"{"name": "codex", "token": "its-own"}"#);
        stage.pairing("ci", r#"{"name": "ci", "token": "of-ci"}"#);
        stage.run(args, payload())
    };
    assert_eq!(token(&with(&["codex"])), Some(json!("its-own")));
    assert_eq!(token(&with(&["codex", "--agent", "ci"])), Some(json!("of-ci")));
    // One that is named or there, and cannot be used, is no reason to go on without.
    let seen = with(&["codex", "--agent", "other"]);
    assert!(seen.no(PRE_TOOL_USE_NO).contains("other.json") && seen.heard.is_empty());
    let stage = yes();
    stage.pairing("codex", "{}");
    let seen = stage.run(&["codex"], payload());
    assert!(seen.no(PRE_TOOL_USE_NO).contains("no pairing") && seen.heard.is_empty());
}

#[test]
fn f1_a_yes_that_cannot_be_told_is_a_no() {
    let stage = yes();
    let mut child = stage
        .command(&["gemini"])
        .stdout(std::fs::File::create("/dev/full").unwrap())
        .spawn()
        .unwrap();
    let payload = fixture("gemini-BeforeTool").to_string();
    child.stdin.take().unwrap().write_all(payload.as_bytes()).unwrap();
    let seen = stage.finish(child.wait_with_output().unwrap());
    assert!(seen.question().is_some());
    assert_eq!(seen.status, Some(2));
}

/// What a form hears: its status, the action and the content.
fn form(stage: Stage, payload: &Value) -> (Seen, Value) {
    let seen = stage.run(&["claude-code", "--within", "100"], payload.to_string());
    let said: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(said["hookSpecificOutput"]["hookEventName"], "Elicitation");
    assert_eq!(seen.status, Some(0), "its words count, and none of them is an approval");
    (seen, said["hookSpecificOutput"].clone())
}

fn elicited(action: &str, outcome: &str) -> Value {
    let mut result = json!({"action": action, "_meta": {"placet/outcome": ended(outcome)}});
    if action == "accept" {
        result["content"] = json!({"name": "Ada"});
    }
    result
}

#[test]
fn s12_a_form_of_a_server_is_filled_declined_or_cancelled_by_the_person() {
    let payload = fixture("claude-code-Elicitation-form");
    let (seen, said) = form(answering(elicited("accept", "approved")), &payload);
    assert_eq!((&said["action"], &said["content"]), (&json!("accept"), &json!({"name": "Ada"})));
    let asked = seen.heard.iter().find(|m| m["method"] == "elicitation/create").unwrap();
    assert_eq!(
        asked["params"],
        json!({"mode": "form", "message": payload["message"],
            "requestedSchema": payload["requested_schema"],
            "_meta": {"placet/server": "everything", "placet/expires_in": 95}})
    );
    let mut no = elicited("decline", "declined");
    no["_meta"]["placet/outcome"]["note"] = json!("not this name");
    let (seen, said) = form(answering(no), &payload);
    assert_eq!(said, json!({"hookEventName": "Elicitation", "action": "decline"}));
    assert!(seen.stderr.contains("not this name"), "{}", seen.stderr);
    // Nobody answered, or an answer that contradicts itself, or none: nothing is made up.
    let mut repeated = elicited("accept", "approved");
    repeated["_meta"]["placet/outcome"]["repeated"] = json!(true);
    let mut empty = elicited("accept", "approved");
    empty.as_object_mut().unwrap().remove("content");
    for answer in [
        elicited("cancel", "expired"),
        elicited("accept", "declined"),
        elicited("accept", "expired"),
        repeated,
        empty,
        ended("approved"),
        json!({"action": "accept", "content": {"name": "Ada"}}),
    ] {
        let (_, said) = form(answering(answer), &payload);
        assert_eq!(said, json!({"hookEventName": "Elicitation", "action": "cancel"}));
    }
    for stage in [nobody(), stage("0", Close)] {
        assert_eq!(form(stage, &payload).1["action"], "cancel");
    }
}

#[test]
fn a_form_that_is_not_whole_or_an_address_is_cancelled_and_asks_nobody() {
    let address = fixture("claude-code-Elicitation-url");
    let (seen, said) = form(yes(), &address);
    assert_eq!(said, json!({"hookEventName": "Elicitation", "action": "cancel"}));
    assert!(seen.stderr.contains("address") && seen.heard.is_empty(), "{}", seen.stderr);
    for name in ["mcp_server_name", "message", "mode", "requested_schema"] {
        let mut payload = fixture("claude-code-Elicitation-form");
        payload[name] = json!(7);
        let (seen, said) = form(yes(), &payload);
        assert_eq!(said["action"], "cancel", "{name}");
        assert!(seen.heard.is_empty(), "{name}");
    }
}

#[test]
fn a_hook_that_is_started_wrongly_blocks_with_a_sentence() {
    let payload = fixture("codex-PreToolUse").to_string();
    for args in [
        &["codexx"][..],
        &[],
        &["codex", "--within", "0"],
        &["codex", "--within", "soon"],
        &["codex", "--bogus"],
        &["codex", "--agent", "../x"],
    ] {
        let child = nobody().command(args).spawn().unwrap();
        // It may end before it has read anything.
        let mut child = child;
        let _ = child.stdin.take().unwrap().write_all(payload.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}
