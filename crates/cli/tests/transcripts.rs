//! Transcripts of the command line against a scripted daemon: a real Unix socket that says one
//! line after the other. What is typed, what goes over the socket, what is printed, how it exits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the daemon does, in order. It answers `placet/hello` by itself.
enum Step {
    /// Waits for one call.
    Hear,
    /// Says `result` to the last call.
    Answer(Value),
    /// Says an error to the last call.
    Refuse(Value),
    /// Says a notification about the last call; `id` is put in.
    Notify(&'static str, Value),
    /// Says these bytes.
    Raw(&'static [u8]),
    /// Waits until the client has closed its end.
    AwaitEnd,
}
use Step::{Answer, AwaitEnd, Hear, Notify, Raw, Refuse};

struct Stage {
    folder: TempDir,
    daemon: Option<JoinHandle<Vec<Value>>>,
}

/// What a finished command left behind.
struct Transcript {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    /// All that the daemon heard, hello included.
    heard: Vec<Value>,
}

impl Transcript {
    fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "one object: {}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    fn params(&self, method: &str) -> &Value {
        &self.heard.iter().find(|m| m["method"] == method).expect(method)["params"]
    }
}

fn stage(steps: Vec<Step>) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    let daemon = thread::spawn(move || play(&listener.accept().unwrap().0, steps));
    Stage { folder, daemon: Some(daemon) }
}

fn play(out: &UnixStream, steps: Vec<Step>) -> Vec<Value> {
    let mut lines = BufReader::new(out.try_clone().unwrap());
    let (mut heard, mut id) = (Vec::new(), Value::Null);
    let write = |bytes: &[u8]| (&mut &*out).write_all(bytes).unwrap();
    let say = |value: Value| write(format!("{value}\n").as_bytes());
    for step in steps {
        match step {
            Hear => loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap() == 0 {
                    return heard;
                }
                let message: Value = serde_json::from_str(&line).unwrap();
                heard.push(message.clone());
                id = message["id"].clone();
                if message["method"] != "placet/hello" {
                    break;
                }
                let paired = match message["params"]["token"].as_str() {
                    Some("known-token") => json!({"name": "demo-agent"}),
                    _ => Value::Null,
                };
                say(json!({"jsonrpc": "2.0", "id": id, "result": {
                    "version": "0", "app": {"name": "placet", "version": "0.1.0"},
                    "capabilities": {"methods": ["status"], "notifications": [],
                        "intake": ["start"], "delivery": ["code"], "modes": ["form"]},
                    "peer": {"uid": 1000, "pid": 4711, "program": "/usr/bin/placet",
                        "chain": [{"pid": 4711, "name": "placet"}, {"pid": 4602, "name": "bash"}],
                        "place": "session"},
                    "paired": paired}}));
            },
            Answer(result) => say(json!({"jsonrpc": "2.0", "id": id, "result": result})),
            Refuse(error) => say(json!({"jsonrpc": "2.0", "id": id, "error": error})),
            Notify(method, mut params) => {
                params["id"] = id.clone();
                say(json!({"jsonrpc": "2.0", "method": method, "params": params}));
            }
            Raw(bytes) => write(bytes),
            AwaitEnd => {
                let mut rest = Vec::new();
                lines.read_to_end(&mut rest).unwrap();
                heard.push(json!({"end": true}));
            }
        }
    }
    heard
}

impl Stage {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
        command
            .args(args)
            .env_clear()
            .env("TZ", "UTC")
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("PLACET_SOCK", self.folder.path().join("agent.sock"))
            .stdin(Stdio::null());
        command
    }

    fn run(self, args: &[&str]) -> Transcript {
        let mut command = self.command(args);
        self.finish(command.output().unwrap())
    }

    fn finish(mut self, output: Output) -> Transcript {
        let connects = self.daemon.is_some();
        let heard = self.daemon.take().map(|daemon| daemon.join().unwrap()).unwrap_or_default();
        // The daemon of these tests is this test, which is not placet-desktop: that is said first.
        let stderr = String::from_utf8(output.stderr).unwrap();
        let me = std::env::current_exe().unwrap();
        let careful = format!(
            "placet: Careful: {} answers at the socket, not placet-desktop.\n",
            me.display()
        );
        let rest = stderr.strip_prefix(&careful);
        let silent = !connects || heard.is_empty() || stderr.is_empty();
        assert!(rest.is_some() || silent, "{stderr}");
        Transcript {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: rest.unwrap_or(&stderr).to_owned(),
            heard,
        }
    }
}

fn no_daemon() -> Stage {
    Stage { folder: tempfile::tempdir().unwrap(), daemon: None }
}

fn ended(outcome: &str, code: &str) -> Value {
    json!({"request_id": "req_0", "outcome": outcome,
        "reason": {"code": code, "sentence": "A sentence of Placet."},
        "observable": true, "receipt": "sha256:00"})
}

fn granted() -> Value {
    let mut ended = ended("approved", "approved");
    ended["authorization_code"] = json!("SplxlOBeZQQYbYS6WxSbIA");
    ended["issuer"] = json!("https://as.example");
    ended["client_id"] = json!("placet");
    ended
}

fn shown() -> Step {
    Notify(
        "request/status",
        json!({"request_id": "req_0", "status": "shown", "binding_code": "TRVN-6KLD"}),
    )
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn a_request_that_a_person_approved_exits_0() {
    let seen = stage(vec![Hear, shown(), Answer(ended("approved", "approved"))]).run(&[
        "request",
        "--reason",
        "because",
        "--cwd",
        "/srv",
        "--expires-in",
        "60",
        "--",
        "git",
        "push",
        "my repo",
    ]);
    assert_eq!(seen.status, Some(0));
    assert_eq!(seen.stdout, "approved\n");
    assert_eq!(
        seen.stderr,
        "placet: shown to the person (the prompt shows TRVN-6KLD)\n\
         placet: approved: A sentence of Placet.\n"
    );
    assert_eq!(
        seen.params("approval/request"),
        &json!({"tool": "shell", "arguments": {"command": "git push 'my repo'"},
            "working_directory": "/srv", "reason": "because", "expires_in": 60})
    );
}

#[test]
fn every_outcome_has_the_exit_status_of_the_contract() {
    for (outcome, status) in [
        ("approved", 0),
        ("declined", 1),
        ("cancelled", 3),
        ("expired", 3),
        ("superseded", 3),
        ("unreachable", 4),
        ("locked", 4),
        ("rejected_by_as", 4),
        ("unsupported", 4),
        ("protocol_error", 4),
        ("rate_limited", 4),
    ] {
        let seen =
            stage(vec![Hear, Answer(ended(outcome, "code"))]).run(&["request", "--tool", "t"]);
        assert_eq!(seen.status, Some(status), "{outcome}");
        assert_eq!(seen.stdout, format!("{outcome}\n"));
    }
}

#[test]
fn a_no_carries_the_persons_note_and_the_wait() {
    let mut end = ended("declined", "denied");
    end["note"] = json!("use staging instead");
    let seen = stage(vec![Hear, Answer(end)]).run(&["request", "--tool", "t", "--quiet"]);
    assert_eq!(
        (seen.status, seen.stdout.as_str()),
        (Some(1), "declined\nnote: use staging instead\n")
    );
    assert_eq!(seen.stderr, "placet: declined: A sentence of Placet.\n");
    let mut end = ended("rate_limited", "too_many_prompts");
    end["retry_after"] = json!(180);
    let seen = stage(vec![Hear, Answer(end)]).run(&["request", "--tool", "t"]);
    assert_eq!(seen.stderr, "placet: rate_limited: A sentence of Placet. Ask again in 180 s.\n");
}

#[test]
fn s14_a_yes_that_was_given_before_is_no_go_ahead() {
    for (outcome, status) in [("approved", 4), ("declined", 1)] {
        let mut end = ended(outcome, "code");
        (end["request_id"], end["repeated"]) = (json!("build-1"), json!(true));
        let seen = stage(vec![Hear, Answer(end.clone())]).run(&[
            "request",
            "--request-id",
            "build-1",
            "--tool",
            "t",
            "--quiet",
        ]);
        assert_eq!((seen.status, seen.stdout), (Some(status), format!("{outcome}\nrepeated\n")));
        assert_eq!(seen.stderr.contains("Ask again with a new request_id."), outcome == "approved");
        let seen = stage(vec![Hear, Answer(end)]).run(&[
            "--json",
            "authorize",
            "--request-id",
            "build-1",
            "--issuer",
            "https://as.example",
            "--code-challenge",
            CHALLENGE,
        ]);
        assert_eq!(seen.status, Some(status), "{}", seen.stderr);
    }
    // Anything but a plain false is no answer at all.
    let mut end = ended("approved", "approved");
    end["repeated"] = json!("no");
    let seen = stage(vec![Hear, Answer(end)]).run(&["request", "--tool", "t"]);
    assert_eq!(seen.status, Some(4));
}

#[test]
fn json_prints_the_outcome_object_as_it_came() {
    let mut end = ended("approved", "approved");
    end["a_later_member"] = json!([1]);
    let seen = stage(vec![Hear, Answer(end.clone())]).run(&["--json", "request", "--tool", "t"]);
    assert_eq!((seen.status, seen.json()), (Some(0), end));
}

#[test]
fn arguments_come_as_pairs_as_json_or_from_stdin() {
    let yes = || vec![Hear, Answer(ended("approved", "approved"))];
    let seen = stage(yes()).run(&["request", "--tool", "t", "--arg", "a=1", "--arg", "b=x=y"]);
    assert_eq!(seen.params("approval/request")["arguments"], json!({"a": "1", "b": "x=y"}));
    let seen =
        stage(yes()).run(&["request", "--tool", "t", "--arguments", r#"{"b":[1.5],"a":null}"#]);
    let arguments = &seen.params("approval/request")["arguments"];
    assert_eq!(arguments.to_string(), r#"{"b":[1.5],"a":null}"#, "in the order given");

    let stage = stage(yes());
    let mut child = stage
        .command(&["request", "--tool", "t", "--arguments", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"path\":\n\"/etc/hosts\"}").unwrap();
    let seen = stage.finish(child.wait_with_output().unwrap());
    assert_eq!(seen.params("approval/request")["arguments"], json!({"path": "/etc/hosts"}));
}

#[test]
fn the_working_directory_is_the_current_one_if_none_is_given() {
    let stage = stage(vec![Hear, Answer(ended("approved", "approved"))]);
    let here = stage.folder.path().canonicalize().unwrap();
    let output = stage.command(&["request", "--tool", "t"]).current_dir(&here).output().unwrap();
    let seen = stage.finish(output);
    assert_eq!(seen.params("approval/request")["working_directory"], here.to_str().unwrap());
}

#[test]
fn usage_exits_2_and_asks_nobody() {
    let long = "x".repeat(5000);
    let rows: &[&[&str]] = &[
        &[],
        &["grant"],
        &["request"],
        &["request", "--tool", "t", "--arguments", "{"],
        &["request", "--tool", "t", "--arguments", r#"{"a":1,"a":2}"#],
        &["request", "--tool", "t", "--arg", "novalue"],
        &["request", "--tool", "t", "--arg", "a=1", "--arg", "a=2"],
        &["request", "--tool", "t", "--arg", "a=1", "--arguments", "{}"],
        &["request", "--tool", "t", "--arg", "a=1", "--", "ls"],
        &["request", "--tool", "t", "--expires-in", "0"],
        &["request", "--tool", "t", "--expires-in", "14"],
        &["request", "--tool", "t", "--expires-in", "601"],
        &["request", "--tool", "t", "--request-id", "req_1"],
        &["request", "--tool", "t", "--reason", &long],
        &["authorize"],
        &["authorize", "--issuer", "https://as.example"],
        &["authorize", "--issuer", "https://as.example", "--code-challenge", "short"],
        &["authorize", "--issuer", "i", "--code-challenge", CHALLENGE, "--details", "{}"],
        &["authorize", "--issuer", "i", "--code-challenge", CHALLENGE, "--details", "@/none"],
        &["authorize", "--issuer", "i", "--code-challenge", CHALLENGE, "--client-id", "x"],
        &["elicit", "--message", "?"],
        &["elicit", "--schema", "{}"],
        &["elicit", "--message", "", "--schema", "{}"],
        &["elicit", "--message", "?", "--schema", "{"],
        &["elicit", "--message", "?", "--schema", "[]"],
        &["elicit", "--message", "?", "--schema", r#"{"type":"object","type":"object"}"#],
        &["elicit", "--message", "?", "--schema", "@/none"],
        &["elicit", "--message", "?", "--schema", "-"],
        &["elicit", "--message", "?", "--schema", "{}", "--expires-in", "14"],
        &["elicit", "--message", "?", "--schema", "{}", "--server", &long],
        &["elicit", "--message", "?", "--schema", "{}", "--url", "https://mcp.example"],
        &["pair", "--name", "../x"],
        &["as", "add", "https://as.example"],
        &["log", "--limit", "501"],
        &["--token-file", "/none", "request", "--tool", "t"],
        &["--agent", "../x", "request", "--tool", "t"],
        &["man", "none"],
    ];
    for args in rows {
        let stage = no_daemon();
        // A daemon that answers hello and hears nothing more.
        let listener = UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap();
        let daemon = thread::spawn(move || match listener.accept() {
            Ok((stream, _)) => play(&stream, vec![Hear]),
            Err(_) => Vec::new(),
        });
        let output = stage.command(args).output().unwrap();
        // Ends the daemon's wait if nobody came.
        let _ = UnixStream::connect(stage.folder.path().join("agent.sock"));
        let heard = daemon.join().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
        assert!(heard.iter().all(|m| m["method"] == "placet/hello"), "{args:?}: {heard:?}");
    }
}

#[test]
fn without_a_daemon_it_says_what_to_do_and_exits_4() {
    let stage = no_daemon();
    let path = stage.folder.path().join("agent.sock").display().to_string();
    let seen = stage.run(&["request", "--tool", "t"]);
    assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""));
    assert_eq!(
        seen.stderr,
        format!(
            "placet: Placet is not running (nobody listens at {path}). Start it with: placet-desktop\n"
        )
    );
    let seen = no_daemon().run(&["status", "--json"]);
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (Some(4), &json!("not_running")));
}

#[test]
fn a_socket_that_nobody_answers_any_more_is_a_daemon_that_is_not_running() {
    let stage = no_daemon();
    drop(UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap());
    let seen = stage.run(&["status"]);
    assert_eq!(seen.status, Some(4));
    assert!(seen.stderr.contains("is not running"), "{}", seen.stderr);
}

#[test]
fn without_any_path_it_names_the_variable() {
    let stage = no_daemon();
    let output = stage.command(&["status"]).env_remove("PLACET_SOCK").output().unwrap();
    let seen = stage.finish(output);
    assert_eq!(seen.status, Some(4));
    assert!(seen.stderr.contains("PLACET_SOCK"), "{}", seen.stderr);
}

#[test]
fn the_socket_is_found_in_the_runtime_folder() {
    let stage = no_daemon();
    let folder = stage.folder.path().join("placet");
    std::fs::create_dir(&folder).unwrap();
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    let daemon =
        thread::spawn(move || play(&listener.accept().unwrap().0, vec![Hear, Answer(status())]));
    let output = stage
        .command(&["status"])
        .env_remove("PLACET_SOCK")
        .env("XDG_RUNTIME_DIR", stage.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(daemon.join().unwrap().len(), 1);
}

#[test]
fn f1_a_daemon_that_dies_while_the_question_is_open_is_a_no() {
    let seen = stage(vec![Hear, shown()]).run(&["request", "--tool", "t", "--quiet"]);
    assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""));
    assert_eq!(
        seen.stderr,
        "placet: Placet closed the connection before it answered. That is a no.\n"
    );
}

#[test]
fn f1_an_answer_that_is_not_understood_is_a_no() {
    let rows: [&[u8]; 10] = [
        b"\n",
        b"approved\n",
        b"{}\n",
        b"\xff\xfe\n",
        b"[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"outcome\":\"approved\"}}]\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"outcome\":\"approved\"}}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"approved\"}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"request_id\":\"r\",\"outcome\":\"yes\",\"reason\":{\"code\":\"approved\",\"sentence\":\"\"}}}\n",
        // The answer of another call.
        b"{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{\"request_id\":\"r\",\"outcome\":\"approved\",\"reason\":{\"code\":\"approved\",\"sentence\":\"\"}}}\n",
        // Cut off before its end.
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"request_id\":\"r\",\"outcome\":\"approved\",\"reason\":{\"code\":\"approved\",\"sentence\":\"\"}}}",
    ];
    for row in rows {
        let seen = stage(vec![Hear, Raw(row)]).run(&["request", "--tool", "t"]);
        assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""), "{}", row.escape_ascii());
        assert!(seen.stderr.ends_with("That is a no.\n"), "{}", seen.stderr);
    }
}

#[test]
fn f1_an_endless_line_is_not_read_to_its_end() {
    let stage = no_daemon();
    let listener = UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let chunk = [b'x'; 65536];
        // Ends with an error as soon as the client has had enough.
        while stream.write_all(&chunk).is_ok() {}
    });
    let seen = stage.run(&["status"]);
    daemon.join().unwrap();
    assert_eq!(seen.status, Some(4));
    assert!(seen.stderr.contains("not understood"), "{}", seen.stderr);
}

#[test]
fn s14_an_answer_to_another_request_id_is_a_no() {
    let seen = stage(vec![Hear, Answer(ended("approved", "approved"))]).run(&[
        "request",
        "--tool",
        "t",
        "--request-id",
        "mine",
    ]);
    assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""));
}

#[test]
fn an_error_of_the_daemon_says_its_sentence() {
    let error = json!({"code": -32602, "message": "tool is not wanted", "data": {"code": "bad_value", "member": "tool"}});
    let seen = stage(vec![Hear, Refuse(error)]).run(&["request", "--tool", "t", "--json"]);
    assert_eq!((seen.status, seen.stderr.as_str()), (Some(2), "placet: tool is not wanted\n"));
    assert_eq!(
        seen.json(),
        json!({"error": {"code": "bad_value", "message": "tool is not wanted"}})
    );
    let seen = stage(vec![Hear, Refuse(json!({"code": -32603, "message": "failed"}))])
        .run(&["request", "--tool", "t"]);
    assert_eq!(seen.status, Some(4));
}

#[test]
fn h9_no_escape_sequence_of_the_daemon_reaches_the_terminal() {
    let evil = "\u{1b}[2J\u{9b}31m\u{202e}gone\u{7}\r";
    let end = || {
        let mut end = ended("declined", "denied");
        end["note"] = json!(evil);
        end["reason"]["sentence"] = json!(evil);
        end
    };
    let status = || {
        Notify(
            "request/status",
            json!({"request_id": "r", "status": "shown", "binding_code": evil}),
        )
    };
    for args in [&["request", "--tool", "t"][..], &["request", "--tool", "t", "--json"]] {
        let seen = stage(vec![Hear, status(), Answer(end())]).run(args);
        assert_eq!(seen.status, Some(1));
        for text in [&seen.stdout, &seen.stderr] {
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(bad), "{text:?}");
        }
    }
}

#[test]
fn an_authorization_with_a_challenge_of_ones_own_prints_the_code_and_no_verifier() {
    let details = "[ {\"type\":\"t\",\"amount\":1.0,\"limit\":1e2} ]";
    let seen = stage(vec![Hear, Answer(granted())]).run(&[
        "authorize",
        "--issuer",
        "https://as.example",
        "--scope",
        "a b",
        "--resource",
        "https://mcp.example/1",
        "--resource",
        "https://mcp.example/2",
        "--details",
        details,
        "--acr-values",
        "mfa",
        "--max-age",
        "60",
        "--code-challenge",
        CHALLENGE,
    ]);
    assert_eq!(seen.status, Some(0));
    assert_eq!(
        seen.stdout,
        "approved\nauthorization_code: SplxlOBeZQQYbYS6WxSbIA\nissuer: https://as.example\nclient_id: placet\n"
    );
    assert!(!seen.stderr.contains("Splx"), "messages hold no code");
    assert_eq!(
        seen.params("authorization/request"),
        &json!({"issuer": "https://as.example", "scope": "a b",
            "resource": ["https://mcp.example/1", "https://mcp.example/2"],
            "authorization_details": details, "acr_values": "mfa", "max_age": 60,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "delivery": "code"}),
        "the details are sent byte for byte (A5)"
    );
}

#[test]
fn an_authorization_without_a_challenge_prints_the_verifier_that_fits_the_one_sent() {
    let seen = stage(vec![Hear, Answer(granted())]).run(&[
        "authorize",
        "--issuer",
        "https://as.example",
        "--json",
    ]);
    assert_eq!(seen.status, Some(0));
    let (answer, sent) = (seen.json(), seen.params("authorization/request"));
    let verifier = answer["code_verifier"].as_str().unwrap();
    assert_eq!(sent["code_challenge"], s256(verifier));
    assert_eq!(answer["authorization_code"], "SplxlOBeZQQYbYS6WxSbIA");
    let over_the_socket = seen.heard.iter().map(Value::to_string).collect::<String>();
    assert!(!over_the_socket.contains(verifier), "the verifier never goes to Placet");
    assert!(!seen.stderr.contains(verifier));
}

/// By coreutils, so that the expected value is not our own.
fn s256(verifier: &str) -> String {
    let script = "printf %s \"$1\" | sha256sum | cut -c1-64 | tr a-f A-F \
                  | basenc -d --base16 | basenc --base64url -w0 | tr -d =";
    let output = Command::new("sh").args(["-c", script, "sh", verifier]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_verifier_is_not_printed_when_there_is_no_code() {
    let seen = stage(vec![Hear, Answer(ended("declined", "denied"))]).run(&[
        "authorize",
        "--issuer",
        "https://as.example",
        "--json",
    ]);
    assert_eq!(seen.status, Some(1));
    assert!(seen.json().get("code_verifier").is_none());
}

#[test]
fn f1_an_approval_without_a_code_or_of_another_issuer_is_a_no() {
    let mut other = granted();
    other["issuer"] = json!("https://evil.example");
    for end in [ended("approved", "approved"), other] {
        let seen = stage(vec![Hear, Answer(end)]).run(&[
            "authorize",
            "--issuer",
            "https://as.example",
            "--code-challenge",
            CHALLENGE,
        ]);
        assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""));
    }
}

const BRANCH: &str =
    r#"{"type":"object","properties":{"branch":{"type":"string"}},"required":["branch"]}"#;

/// MCP's result of an end.
fn elicited(action: &str, content: Option<Value>, ended: Value) -> Value {
    let mut result = json!({"action": action, "_meta": {"placet/outcome": ended}});
    if let Some(content) = content {
        result["content"] = content;
    }
    result
}

#[test]
fn s17_a_form_that_was_filled_in_is_printed_as_json_and_exits_0() {
    let content = json!({"branch": "main", "days": ["mon"], "copies": 2, "sure": true});
    let result = elicited("accept", Some(content), ended("approved", "approved"));
    let seen = stage(vec![Hear, shown(), Answer(result.clone())]).run(&[
        "elicit",
        "--message",
        "Which branch?",
        "--schema",
        BRANCH,
        "--server",
        "builder",
        "--expires-in",
        "60",
    ]);
    assert_eq!((seen.status, seen.json()), (Some(0), result.clone()));
    assert_eq!(
        seen.stderr,
        "placet: shown to the person (the prompt shows TRVN-6KLD)\n\
         placet: approved: A sentence of Placet.\n"
    );
    let schema: Value = serde_json::from_str(BRANCH).unwrap();
    assert_eq!(
        seen.params("elicitation/create"),
        &json!({"mode": "form", "message": "Which branch?", "requestedSchema": schema,
            "_meta": {"placet/server": "builder", "placet/expires_in": 60}})
    );
    let args = ["--json", "--quiet", "elicit", "--message", "?", "--schema", BRANCH];
    let seen = stage(vec![Hear, Answer(result.clone())]).run(&args);
    assert_eq!((seen.status, seen.json(), seen.stderr.as_str()), (Some(0), result, ""));
    assert!(seen.params("elicitation/create").get("_meta").is_none());
}

#[test]
fn s17_the_form_comes_from_a_file_or_from_stdin_in_the_order_of_its_author() {
    let yes = || {
        let content = Some(json!({"branch": "main"}));
        stage(vec![Hear, Answer(elicited("accept", content, ended("approved", "approved")))])
    };
    let form = r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"number"}}}"#;
    let file = yes();
    let path = file.folder.path().join("form.json");
    std::fs::write(&path, form).unwrap();
    let path = format!("@{}", path.display());
    let seen = file.run(&["elicit", "--message", "?", "--schema", &path]);
    let heard = seen.params("elicitation/create")["requestedSchema"].to_string();
    assert_eq!((seen.status, heard.as_str()), (Some(0), form), "{}", seen.stderr);

    let piped = yes();
    let mut child = piped
        .command(&["elicit", "--message", "?", "--schema", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(form.as_bytes()).unwrap();
    let seen = piped.finish(child.wait_with_output().unwrap());
    let heard = seen.params("elicitation/create")["requestedSchema"].to_string();
    assert_eq!((seen.status, heard.as_str()), (Some(0), form));
}

#[test]
fn s12_a_form_that_was_not_filled_in_exits_as_the_contract_says() {
    for (action, outcome, status) in [
        ("decline", "declined", 1),
        ("cancel", "cancelled", 3),
        ("cancel", "expired", 3),
        ("cancel", "superseded", 3),
        ("cancel", "approved", 4),
    ] {
        let result = elicited(action, None, ended(outcome, "code"));
        let args = ["elicit", "--message", "?", "--schema", BRANCH];
        let seen = stage(vec![Hear, Answer(result.clone())]).run(&args);
        assert_eq!((seen.status, seen.json()), (Some(status), result), "{outcome}");
    }
    let mut end = ended("declined", "denied");
    end["note"] = json!("use main");
    let args = ["elicit", "--message", "?", "--schema", BRANCH, "--quiet"];
    let seen = stage(vec![Hear, Answer(elicited("decline", None, end))]).run(&args);
    assert_eq!(seen.stderr, "placet: declined: A sentence of Placet. They wrote: use main\n");
    for (code, word, status) in [(-32003, "not_asked", 4), (-32602, "bad_value", 2)] {
        let refused = json!({"code": code, "message": "No.", "data": {"code": word}});
        let args = ["--json", "elicit", "--message", "?", "--schema", BRANCH];
        let seen = stage(vec![Hear, Refuse(refused)]).run(&args);
        assert_eq!((seen.status, &seen.json()["error"]["code"]), (Some(status), &json!(word)));
    }
}

#[test]
fn f1_answers_of_a_form_without_a_yes_to_this_very_call_are_a_no() {
    let content = || Some(json!({"branch": "main"}));
    let mut repeated = ended("approved", "approved");
    repeated["repeated"] = json!(true);
    for result in [
        elicited("accept", content(), ended("declined", "denied")),
        elicited("accept", content(), ended("expired", "time_out")),
        elicited("accept", content(), repeated),
        elicited("accept", None, ended("approved", "approved")),
        elicited("decline", content(), ended("declined", "denied")),
        elicited("cancel", content(), ended("approved", "approved")),
        elicited("decline", None, ended("cancelled", "dismissed")),
        elicited("cancel", None, ended("unreachable", "no_human")),
        elicited("yes", content(), ended("approved", "approved")),
        json!({"action": "accept", "content": {"branch": "main"}}),
    ] {
        let args = ["elicit", "--message", "?", "--schema", BRANCH];
        let seen = stage(vec![Hear, Answer(result.clone())]).run(&args);
        assert_eq!((seen.status, seen.stdout.as_str()), (Some(4), ""), "{result}");
        assert!(seen.stderr.ends_with("That is a no.\n"), "{}", seen.stderr);
    }
}

#[test]
fn pairing_prints_the_code_to_stderr_and_keeps_the_token_for_the_user_alone() {
    let steps = vec![
        Hear,
        Notify("pair/code", json!({"code": "KWPT-3MQX"})),
        Answer(json!({"name": "demo-agent", "token": "cGxhY2V0LXRva2Vu"})),
    ];
    let stage = stage(steps);
    let file = stage.folder.path().join("config/placet/agents/demo-agent.json");
    let folder = TempDirOf(stage.folder.path().to_owned());
    let output = stage.command(&["pair", "--name", "demo-agent", "--quiet"]).output().unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, json!({"name": "demo-agent", "token": "cGxhY2V0LXRva2Vu"}));
    assert_eq!(folder.names("config/placet/agents"), ["demo-agent.json"], "nothing left beside");
    let seen = stage.finish(output);
    assert_eq!(seen.status, Some(0));
    assert_eq!(seen.stderr, "placet: Type this code into Placet's window: KWPT-3MQX\n");
    assert_eq!(seen.stdout, format!("{}\n", file.display()));
}

struct TempDirOf(std::path::PathBuf);

impl TempDirOf {
    fn names(&self, under: &str) -> Vec<String> {
        let list = std::fs::read_dir(self.0.join(under)).unwrap();
        list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_pairing_that_did_not_happen_keeps_no_file() {
    let stage = stage(vec![Hear, Answer(ended("declined", "wrong_pairing_code"))]);
    let folder = TempDirOf(stage.folder.path().to_owned());
    let output = stage.command(&["pair", "--name", "x"]).output().unwrap();
    assert_eq!(folder.names("config/placet/agents"), Vec::<String>::new());
    assert_eq!(stage.finish(output).status, Some(1));
}

#[test]
fn a_token_that_could_not_be_kept_is_not_asked_for() {
    let stage = stage(vec![Hear, Answer(ended("approved", "approved"))]);
    std::fs::write(stage.folder.path().join("config"), "a file, not a folder").unwrap();
    let output = stage.command(&["pair"]).output().unwrap();
    let seen = stage.finish(output);
    assert_eq!(seen.status, Some(4));
    assert!(seen.heard.iter().all(|m| m["method"] == "placet/hello"), "{:?}", seen.heard);
}

#[test]
fn the_token_of_a_pairing_is_sent_in_hello_and_one_that_is_unknown_is_said() {
    for (token, warned) in [("known-token", false), ("old-token", true)] {
        let stage = stage(vec![Hear, Answer(ended("approved", "approved"))]);
        let file = stage.folder.path().join("token.json");
        std::fs::write(&file, json!({"name": "demo-agent", "token": token}).to_string()).unwrap();
        let output = stage
            .command(&["request", "--tool", "t", "-q"])
            .env("PLACET_TOKEN_FILE", &file)
            .output()
            .unwrap();
        let seen = stage.finish(output);
        assert_eq!(seen.params("placet/hello")["token"], token);
        assert_eq!(seen.stderr.contains("Pair again"), warned, "{}", seen.stderr);
        assert!(!seen.stderr.contains(token) && !seen.stdout.contains(token));
    }
}

fn status() -> Value {
    json!({"version": "0.1.0", "uptime_s": 86, "waiting": 1, "paired_agents": 2, "servers": 1,
        "tier": "unhardened", "session": {"observable": true},
        "record": {"entries": 12, "head": "sha256:00", "ok": true}})
}

#[test]
fn status_is_one_call_without_a_hello() {
    let seen = stage(vec![Hear, Answer(status())]).run(&["status"]);
    assert_eq!(seen.status, Some(0));
    assert_eq!(
        seen.stdout,
        "Placet 0.1.0, running for 86 s, unhardened\nwaiting: 1\nagents: 2, servers: 1\n\
         session: other programs can watch or inject input\ndisplay: not known\n\
         record: 12 entries, whole\n"
    );
    for (seat, says) in [
        ("here", ":9, where you are logged in"),
        ("elsewhere", ":9, NOT the screen that you are logged in at"),
        ("unknown", ":9"),
    ] {
        let mut at = status();
        at["session"] = json!({"observable": true, "display": ":9", "seat": seat});
        let seen = stage(vec![Hear, Answer(at)]).run(&["status"]);
        assert!(seen.stdout.contains(&format!("display: {says}\n")), "{}", seen.stdout);
    }
    let key = |seal: Option<&str>, sentence: &str| json!({"use": "receipts", "seal": seal, "sentence": sentence, "ok": seal.is_some()});
    for (key, says) in [
        (key(Some("file"), "x"), "receipts: signed, with a key that any program of yours can read"),
        (key(None, "the file is gone"), "receipts: NOT SIGNED: the file is gone"),
    ] {
        let mut at = status();
        at["keys"] = json!([key]);
        let seen = stage(vec![Hear, Answer(at)]).run(&["status"]);
        assert!(seen.stdout.contains(&format!("{says}\n")), "{}", seen.stdout);
    }
    assert_eq!(seen.heard.len(), 1);
    let mut paused = status();
    paused["paused_until"] = json!(1_795_000_000_000_i64);
    let seen = stage(vec![Hear, Answer(paused)]).run(&["status"]);
    assert!(seen.stdout.contains("paused until 2026-11-18T11:06:40Z: "), "{}", seen.stdout);
    let mut muted = status();
    muted["muted"] = json!([{"who": "all unpaired programs", "until": 1_795_000_000_000_i64}]);
    let seen = stage(vec![Hear, Answer(muted)]).run(&["status"]);
    let says = "muted until 2026-11-18T11:06:40Z: all unpaired programs\nto end that: ";
    assert!(seen.stdout.contains(says), "{}", seen.stdout);
    let seen = stage(vec![Hear, Answer(status())]).run(&["status", "--json"]);
    assert_eq!(seen.json(), status());
}

#[test]
fn the_persons_commands_send_what_they_say() {
    let yes = || Answer(ended("approved", "approved"));
    let server = json!({"issuer": "http://localhost:1", "name": "Demo", "client_id": "placet",
        "account": "sam", "danger_http_loopback": true});
    let rows: Vec<(&[&str], Step, &str, Value, &str)> = vec![
        (
            &[
                "as",
                "add",
                "http://localhost:1",
                "--client-id",
                "placet",
                "--account",
                "sam",
                "--name",
                "Demo",
                "--danger-allow-http-loopback",
            ],
            yes(),
            "as/add",
            json!({"issuer": "http://localhost:1", "client_id": "placet", "account": "sam",
                "name": "Demo", "danger_allow_http_loopback": true}),
            "approved\n",
        ),
        (
            &["as", "remove", "https://as.example"],
            yes(),
            "as/remove",
            json!({"issuer": "https://as.example"}),
            "approved\n",
        ),
        (
            &["as", "list"],
            Answer(json!({"servers": [server]})),
            "as/list",
            json!({}),
            "http://localhost:1 (Demo) for sam as placet, DANGER: plain http\n",
        ),
        (
            &["open"],
            Answer(json!({"shown": true, "waiting": 2})),
            "ui/open",
            json!({}),
            "waiting: 2\n",
        ),
        (
            &["log", "--limit", "2", "--before", "9"],
            Answer(json!({"entries": [{"seq": 8, "at": 1_795_000_000_000_i64, "event": "ended",
                "digest": "sha256:00", "summary": "a\nb"}]})),
            "log/list",
            json!({"limit": 500, "before": 9}),
            "2026-11-18 11:06  -  a\\u{a}b\n",
        ),
        (
            &["agents", "list"],
            Answer(json!({"pairings": [{"name": "a", "paired_at": 0}]})),
            "pairing/list",
            json!({}),
            "a since 1970-01-01T00:00:00Z\n",
        ),
        (
            &["agents", "remove", "a"],
            Answer(json!({"revoked": true})),
            "pairing/revoke",
            json!({"name": "a"}),
            "removed\n",
        ),
    ];
    for (args, answer, method, params, stdout) in rows {
        let seen = stage(vec![Hear, answer]).run(args);
        assert_eq!((seen.status, seen.stdout.as_str()), (Some(0), stdout), "{args:?}");
        assert_eq!(seen.params(method), &params, "{args:?}");
    }
}

#[test]
fn an_empty_list_and_an_unknown_name_say_what_to_do_on_stderr_alone() {
    for (args, answer, status, stdout, hint) in [
        (vec!["as", "list"], json!({"servers": []}), 0, "", "placet as add"),
        (vec!["agents", "list"], json!({"pairings": []}), 0, "", "placet pair"),
        (
            vec!["agents", "remove", "a"],
            json!({"revoked": false}),
            4,
            "unknown\n",
            "placet agents list",
        ),
    ] {
        let seen = stage(vec![Hear, Answer(answer)]).run(&args);
        assert_eq!((seen.status, seen.stdout.as_str()), (Some(status), stdout), "{args:?}");
        assert!(seen.stderr.contains(hint), "{args:?}: {}", seen.stderr);
    }
}

#[test]
fn hello_says_how_placet_sees_the_caller() {
    let seen = stage(vec![Hear]).run(&["hello"]);
    assert_eq!(seen.status, Some(0));
    assert!(seen.stdout.contains("started by: placet (4711) < bash (4602)\n"), "{}", seen.stdout);
}

#[test]
fn a_daemon_of_another_version_is_asked_nothing() {
    let stage = no_daemon();
    let listener = UnixListener::bind(stage.folder.path().join("agent.sock")).unwrap();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        lines.read_line(&mut String::new()).unwrap();
        let hello = json!({"jsonrpc": "2.0", "id": 1, "result": {
            "version": "1", "app": {"name": "placet", "version": "9.0.0"},
            "capabilities": {"methods": [], "notifications": [], "intake": [], "delivery": [], "modes": []},
            "peer": {"uid": 1000, "pid": null, "program": null, "chain": [], "place": "unknown"},
            "paired": null}});
        stream.write_all(format!("{hello}\n").as_bytes()).unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    });
    let seen = stage.run(&["request", "--tool", "t"]);
    assert_eq!(seen.status, Some(4), "{}", seen.stderr);
    assert_eq!(daemon.join().unwrap(), "");
}

#[test]
fn open_without_a_window_exits_4() {
    let seen = stage(vec![Hear, Answer(json!({"shown": false, "waiting": 1}))]).run(&["open"]);
    assert_eq!(seen.status, Some(4));
}

/// The same command, which Ctrl+C ends also if these tests run in the background of a script, where
/// programs are started deaf to it.
fn interruptible(command: &Command) -> Command {
    let mut env = Command::new("/usr/bin/env");
    env.arg("--default-signal=INT").arg(command.get_program()).args(command.get_args());
    env.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    env
}

#[test]
fn s13_ctrl_c_ends_the_connection_and_so_the_question() {
    let stage = stage(vec![Hear, shown(), AwaitEnd]);
    let mut child = interruptible(&stage.command(&["request", "--tool", "t"]))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Once it says that the question is shown, it is waiting.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = lines.nth(1).unwrap().unwrap();
    assert!(said.contains("TRVN-6KLD"), "{said}");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let seen = stage.finish(child.wait_with_output().unwrap());
    assert_eq!(seen.status, None, "ended by the signal, so no status at all and not 0");
    assert_eq!(seen.heard.last(), Some(&json!({"end": true})), "the daemon saw the end");
}

#[test]
fn s10_a_question_over_its_limit_is_usage() {
    let stage = stage(vec![Hear]);
    let file = stage.folder.path().join("details.json");
    std::fs::write(&file, format!("[\"{}\"]", "x".repeat(70_000))).unwrap();
    let details = format!("@{}", file.display());
    let args = ["authorize", "--issuer", "i", "--code-challenge", CHALLENGE, "--details", &details];
    let output = stage.command(&args).output().unwrap();
    let seen = stage.finish(output);
    assert_eq!(seen.status, Some(2), "{}", seen.stderr);
    assert!(seen.stderr.contains("at most 65536"), "{}", seen.stderr);
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let seen = no_daemon().run(&["completions", shell]);
        assert_eq!(seen.status, Some(0));
        assert!(["authorize", "elicit"].iter().all(|c| seen.stdout.contains(c)), "{shell}");
    }
    for args in
        [&["man"][..], &["man", "request"], &["man", "elicit"], &["man", "as"], &["man", "receipt"]]
    {
        let seen = no_daemon().run(args);
        assert_eq!(seen.status, Some(0));
        assert!(seen.stdout.contains(".TH"), "{args:?}");
    }
}

#[test]
fn help_is_data_and_names_the_exit_statuses() {
    let seen = no_daemon().run(&["--help"]);
    assert_eq!((seen.status, seen.stderr.as_str()), (Some(0), ""));
    assert!(seen.stdout.contains("3  expired, cancelled or superseded"));
    let seen = no_daemon().run(&["authorize", "--help"]);
    assert!(seen.stdout.contains("whoever reads this stdout"), "the secrecy of stdout is said");
    let seen = no_daemon().run(&["elicit", "--help"]);
    assert!(seen.stdout.contains("no secret may be asked for"), "{}", seen.stdout);
}

#[test]
fn a_stdout_that_nobody_reads_is_not_an_approval() {
    let stage = stage(vec![Hear, Answer(ended("approved", "approved"))]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = stage.command(&["request", "--tool", "t"]).stdout(full).output().unwrap();
    assert_eq!(stage.finish(output).status, Some(4));
}

#[test]
fn uninstall_removes_nothing_while_a_placet_answers_at_the_sessions_socket_or_at_the_named_one() {
    for named_is_live in [false, true] {
        let stage = no_daemon();
        let at = |path: &str| stage.folder.path().join(path);
        let kept = at("home/.local/state/placet/record.db");
        for folder in ["home/.local/state/placet", "run/placet", "elsewhere"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::fs::write(&kept, "a record").unwrap();
        let (own, named) = (at("run/placet/agent.sock"), at("elsewhere/agent.sock"));
        let live = if named_is_live { &named } else { &own };
        let listener = UnixListener::bind(live).unwrap();
        let uninstall = || {
            let mut command = stage.command(&["uninstall", "--yes"]);
            command.env("HOME", at("home")).env("XDG_RUNTIME_DIR", at("run"));
            command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
            command.env("PLACET_SOCK", &named).output().unwrap()
        };
        let refused = uninstall();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success(), "{said}");
        assert!(said.contains("Placet is running"), "{said}");
        assert!(kept.exists(), "it was removed while {} is answered", live.display());
        // Once nobody answers, it goes.
        drop(listener);
        let done = uninstall();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(!kept.exists());
    }
}
