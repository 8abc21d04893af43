//! The real `placet` against the real daemon, the stage's authorization server and a scripted
//! person: what an agent in a shell can get, and what it cannot.
//!
//! Starts the program `placet`, which must be built (`cargo build -p placet-cli`; `cargo xtask
//! test` does). What it prints line for line is tested in `crates/cli/tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;

use placet_agentd::daemon::{Daemon, Options};
use placet_agentd::desk::Window;
use placet_core::display::{PAIRING_CODE, Screen};
use placet_core::form::{Filled, Kind, Values};
use placet_core::ports::{Answer, Gesture, GestureKind, Seat, Station, Surroundings};
use placet_core::request::RequestId;
use placet_core::secret::Secret;
use placet_stage::server::{Scenario, Stage};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

/// What the person does with the next screen.
enum Move {
    /// Makes the gesture, with this in the field of this name.
    Approve(&'static str, String),
    Deny(&'static str),
}

/// The scripted person: one move a screen; without a move they look and do nothing.
struct Script {
    moves: Mutex<mpsc::UnboundedReceiver<Move>>,
    screens: mpsc::UnboundedSender<Screen>,
}

impl Window for Script {
    async fn ask(&self, screen: Screen) -> Answer {
        let form = screen.form.clone();
        self.screens.send(screen).unwrap();
        match self.moves.lock().await.recv().await {
            Some(Move::Approve(name, text)) => {
                let fill = |field: &placet_core::form::Field| {
                    assert_eq!(field.name, name);
                    let filled = match field.kind {
                        Kind::Secret { .. } => Filled::Secret(Secret::new(text.clone())),
                        _ => Filled::Text(text.clone()),
                    };
                    (field.name.clone(), filled)
                };
                let gesture =
                    Gesture { kind: GestureKind::Held, device: "script".into(), observable: true };
                Answer::Approve { gesture, values: Values(form.fields.iter().map(fill).collect()) }
            }
            Some(Move::Deny(note)) => {
                let note = (!note.is_empty()).then(|| note.to_owned());
                Answer::Deny { note }
            }
            None => std::future::pending().await,
        }
    }

    async fn wait(&self, _screen: Screen) -> Answer {
        std::future::pending().await
    }

    fn release(&self, _request: &RequestId) {}

    fn open(&self) {}

    fn available(&self) -> bool {
        true
    }
}

struct House {
    folder: TempDir,
    daemon: Daemon,
    moves: mpsc::UnboundedSender<Move>,
    screens: mpsc::UnboundedReceiver<Screen>,
}

impl House {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (moves, from_test) = mpsc::unbounded_channel();
        let (to_test, screens) = mpsc::unbounded_channel();
        let options = Options {
            runtime_dir: folder.path().join("run"),
            state_dir: folder.path().join("state"),
            socket: None,
            surroundings: Surroundings {
                hardened: false,
                observable: true,
                seat: Seat::Unknown,
                sees_cover: true,
            },
            station: Station::default(),
            version: "0.1.0".into(),
            allow_http_loopback: true,
        };
        let window = Script { moves: Mutex::new(from_test), screens: to_test };
        let daemon = Daemon::start(options, Arc::new(window)).await.unwrap();
        Self { folder, daemon, moves, screens }
    }

    fn approve(&self) {
        self.fill("", String::new());
    }

    fn fill(&self, field: &'static str, text: String) {
        assert!(self.moves.send(Move::Approve(field, text)).is_ok());
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(placet());
        command
            .args(args)
            .env_clear()
            .env("PLACET_SOCK", self.daemon.socket())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().await.unwrap()
    }

    /// Runs to the end and reads the one JSON object.
    async fn json(&self, args: &[&str], status: i32) -> Value {
        let output = self.run(args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Pairs `demo` with the person typing the code that the terminal printed.
    async fn pair(&self) {
        let mut child = self.command(&["pair", "--name", "demo", "-q"]).spawn().unwrap();
        let code = first_line(&mut child).await;
        let code = code.trim().rsplit(' ').next().unwrap().to_owned();
        self.fill(PAIRING_CODE, code);
        assert!(child.wait().await.unwrap().success());
    }

    async fn enrol(&self, stage: &Stage) {
        // To look at it, and to trust what was found.
        self.approve();
        self.approve();
        let (client, account) = (&stage.started().client_id, &stage.started().account);
        let args =
            ["as", "add", stage.issuer(), "--client-id", client, "--account", account, ALLOW_HTTP];
        let output = self.run(&args).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}

const ALLOW_HTTP: &str = "--danger-allow-http-loopback";

/// The program beside this test's own folder.
fn placet() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let path = me.parent().unwrap().parent().unwrap().join("placet");
    assert!(path.exists(), "{} is missing: cargo build -p placet-cli", path.display());
    path
}

async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    // The daemon of these tests is this test.
    let careful = lines.next_line().await.unwrap().unwrap();
    assert!(careful.contains("not placet-desktop"), "{careful}");
    lines.next_line().await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_yes_and_no_to_a_command() {
    let mut house = House::start().await;
    house.approve();
    let yes = house.json(&["--json", "request", "--", "git", "push"], 0).await;
    assert_eq!((&yes["outcome"], &yes["assurance"]), (&json!("approved"), &json!("gesture")));
    let screen = house.screens.recv().await.unwrap();
    assert!(screen.lines().iter().any(|line| line.contains("git push")), "{:?}", screen.lines());
    assert_eq!(yes["binding_code"], screen.binding_code.as_str(), "S16: both show the same");
    assert!(house.moves.send(Move::Deny("use staging instead")).is_ok());
    let no = house.json(&["--json", "request", "--", "git", "push"], 1).await;
    assert_eq!(no["note"], "use staging instead");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_script_asks_for_a_form_and_gets_what_the_person_filled_in() {
    let mut house = House::start().await;
    let form = r#"{"type":"object","properties":{"branch":{"type":"string"}}}"#;
    let ask = |schema| ["elicit", "--message", "Which branch?", "--schema", schema];
    house.fill("branch", "release-2".into());
    let result = house.json(&ask(form), 0).await;
    assert_eq!(
        (&result["action"], &result["content"]["branch"]),
        (&json!("accept"), &json!("release-2"))
    );
    let screen = house.screens.recv().await.unwrap();
    assert!(screen.lines().iter().any(|line| line.contains("Which branch?")));
    let outcome = &result["_meta"]["placet/outcome"];
    assert_eq!(outcome["binding_code"], screen.binding_code.as_str(), "S16: both show the same");
    assert!(house.moves.send(Move::Deny("main")).is_ok());
    let no = house.json(&ask(form), 1).await;
    assert_eq!((&no["action"], no.get("content")), (&json!("decline"), None));
    house.screens.recv().await.unwrap();

    let secret = r#"{"type":"object","properties":{"password":{"type":"string"}}}"#;
    let no = house.json(&ask(secret), 1).await;
    assert_eq!(no["_meta"]["placet/outcome"]["reason"]["code"], "secret_in_form");
    let nested = r#"{"type":"object","properties":{"a":{"type":"object"}}}"#;
    let output = house.run(&ask(nested)).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert!(text(&output.stderr).contains("a is nested"), "{}", text(&output.stderr));
    assert!(house.screens.try_recv().is_err(), "nobody was asked");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a27_s15_from_pairing_to_a_token_with_only_the_command_line() {
    let mut house = House::start().await;
    let stage = Stage::with(Scenario::Single).await.unwrap();
    house.pair().await;
    house.enrol(&stage).await;

    house.approve();
    let otp = stage.code();
    house.fill("otp", otp.clone());
    let details = "[ {\"type\":\"tool_call\",\"tool\":\"deploy\",\"n\":1.0e2} ]";
    let args = [
        "--json",
        "--agent",
        "demo",
        "authorize",
        "--issuer",
        stage.issuer(),
        "--details",
        details,
    ];
    let output = house.run(&args).await;
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stdout.contains(&otp) && !stderr.contains(&otp), "S5: no one-time code comes back");
    let granted: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&granted["assurance"], &granted["method"]), (&json!("otp"), &json!("totp")));

    let journal = stage.journal();
    let first = journal.to("/challenge").next().unwrap().form();
    assert!(first.contains(&("authorization_details".into(), details.into())), "A5: {first:?}");

    let redeemed = redeem(&stage, &granted, granted["code_verifier"].as_str().unwrap()).await;
    assert!(redeemed["access_token"].is_string(), "{redeemed}");
    while let Ok(screen) = house.screens.try_recv() {
        assert!(!screen.lines().concat().contains("code_verifier"));
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_the_code_is_worth_nothing_without_the_verifier() {
    let house = House::start().await;
    let stage = Stage::with(Scenario::Single).await.unwrap();
    house.pair().await;
    house.enrol(&stage).await;
    house.approve();
    house.fill("otp", stage.code());
    let granted = house
        .json(&["--json", "--agent", "demo", "authorize", "--issuer", stage.issuer()], 0)
        .await;
    let redeemed = redeem(&stage, &granted, &"a".repeat(43)).await;
    assert_eq!(redeemed["error"], "invalid_grant");
    house.daemon.stop().await;
}

async fn redeem(stage: &Stage, granted: &Value, verifier: &str) -> Value {
    let issuer = stage.issuer();
    let metadata = format!("{issuer}/.well-known/oauth-authorization-server");
    let client = reqwest::Client::new();
    let metadata = client.get(metadata).send().await.unwrap().bytes().await.unwrap();
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    let word = |name: &str| granted[name].as_str().unwrap();
    assert_eq!(word("issuer"), issuer);
    let body = format!(
        "grant_type=authorization_code&code={}&client_id={}&code_verifier={verifier}",
        word("authorization_code"),
        word("client_id"),
    );
    let answer = client
        .post(metadata["token_endpoint"].as_str().unwrap())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaired_caller_gets_no_authorization_and_the_server_is_not_asked() {
    let house = House::start().await;
    let stage = Stage::with(Scenario::Single).await.unwrap();
    house.enrol(&stage).await;
    let refused = house.json(&["--json", "authorize", "--issuer", stage.issuer()], 4).await;
    assert_eq!(refused["reason"]["code"], "not_paired");
    assert!(refused.get("code_verifier").is_none());
    assert_eq!(stage.journal().to("/challenge").count(), 0);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_ctrl_c_is_on_record_as_a_requester_that_went_away() {
    let mut house = House::start().await;
    let placet = house.command(&["request", "--tool", "t"]);
    let placet = placet.as_std();
    // Also in the background of a script, where programs are started deaf to Ctrl+C.
    let mut child = Command::new("/usr/bin/env")
        .arg("--default-signal=INT")
        .arg(placet.get_program())
        .args(placet.get_args())
        .env_clear()
        .envs(placet.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    house.screens.recv().await.unwrap();
    let pid = child.id().unwrap().to_string();
    let kill = Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().await.unwrap().code(), None);
    // Its end is on record once nothing waits any more.
    house.daemon.waiting().wait_for(Vec::is_empty).await.unwrap();
    let log = loop {
        let log = house.json(&["--json", "log", "--limit", "9"], 0).await;
        if log["entries"][0]["event"] == "ended" {
            break log;
        }
    };
    assert_eq!(log["entries"][0]["outcome"], "cancelled");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_stops_takes_the_question_with_it_as_a_no() {
    let mut house = House::start().await;
    let mut child = house.command(&["request", "--tool", "t"]).spawn().unwrap();
    house.screens.recv().await.unwrap();
    house.daemon.stop().await;
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert_eq!((child.wait().await.unwrap().code(), said.as_str()), (Some(3), "cancelled\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_commands_work_against_the_daemon() {
    let house = House::start().await;
    let stage = Stage::with(Scenario::Single).await.unwrap();
    house.pair().await;
    house.enrol(&stage).await;
    let status = house.json(&["--json", "status"], 0).await;
    assert_eq!((&status["paired_agents"], &status["servers"]), (&json!(1), &json!(1)));
    assert_eq!(status["record"]["ok"], true);
    let hello = house.json(&["--json", "--agent", "demo", "hello"], 0).await;
    assert_eq!(hello["paired"]["name"], "demo");
    assert_eq!(hello["peer"]["program"], placet().canonicalize().unwrap().to_str().unwrap());
    let list = house.json(&["--json", "as", "list"], 0).await;
    assert_eq!(list["servers"][0]["issuer"], stage.issuer());
    assert!(house.moves.send(Move::Deny("")).is_ok());
    assert_eq!(
        house.json(&["--json", "as", "remove", stage.issuer()], 1).await["outcome"],
        "declined"
    );
    assert_eq!(house.json(&["--json", "agents", "remove", "demo"], 0).await["revoked"], true);
    let hello = house.run(&["--agent", "demo", "hello"]).await;
    assert!(text(&hello.stderr).contains("Pair again"), "the old token is said to be unknown");
    for args in [&["status"][..], &["log"], &["as", "list"], &["agents", "list"], &["open"]] {
        assert_eq!(house.run(args).await.status.code(), Some(0), "{args:?}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_before_anybody_is_asked() {
    let house = House::start().await;
    let nobody = house.run(&["--agent", "nobody", "status"]).await;
    assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
    assert!(text(&nobody.stderr).contains("placet pair"), "{nobody:?}");
    // RFC 7636, Appendix B: the challenge has 43 letters.
    let whole = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for wrong in [whole.trim_start_matches('E'), &whole.replace('-', "+"), ""] {
        let authorize = ["authorize", "--issuer", "https://as.example", "--code-challenge", wrong];
        let refused = house.run(&authorize).await;
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(text(&refused.stderr).contains("--code-challenge"), "{refused:?}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_paired_is_told_how_to_speak_as_this_agent() {
    let house = House::start().await;
    let file = house.folder.path().join("kept.json");
    let file = file.to_str().unwrap();
    for (args, how) in [
        (&["pair", "--name", "demo"][..], "--agent demo".to_owned()),
        (&["--token-file", file, "pair", "--name", "other"], format!("--token-file {file}")),
    ] {
        let mut child = house.command(args).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, code)) = line.split_once("window: ") {
                house.fill(PAIRING_CODE, code.to_owned());
            }
            said.push_str(&line);
        }
        assert!(child.wait().await.unwrap().success(), "{said}");
        assert!(said.contains(&how), "{said}");
    }
    house.daemon.stop().await;
}

/// Whoever takes the socket's place could say "approved".
#[tokio::test(flavor = "multi_thread")]
async fn s2_what_another_users_program_answers_is_a_no() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let program = folder.path().join("squat");
    std::fs::copy(env!("CARGO_BIN_EXE_placet-headless"), &program).unwrap();
    let mut squatter = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args([folder.path().join("run"), folder.path().join("state")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(squatter.stdout.take().unwrap()).read_line(&mut ready).await.unwrap();
    assert_eq!(ready, "ready\n");
    for words in [&["request", "--tool", "t"][..], &["status"]] {
        let output = Command::new(placet())
            .args(words)
            .env("PLACET_SOCK", folder.path().join("run/agent.sock"))
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains("Another user's program (uid 65534)"), "{said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    squatter.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_a_large_tool_call_arrives_whole_and_a_larger_one_is_usage() {
    let mut house = House::start().await;
    let file = house.folder.path().join("arguments.json");
    for (bytes, status) in [(3 * 1024 * 1024, 1), (9 * 1024 * 1024, 2)] {
        std::fs::write(&file, json!({ "content": "x".repeat(bytes) }).to_string()).unwrap();
        if status == 1 {
            assert!(house.moves.send(Move::Deny("")).is_ok());
        }
        let output = house
            .command(&["request", "--tool", "t", "--arguments", "-"])
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    }
    let screen = house.screens.recv().await.unwrap();
    assert!(screen.lines().concat().matches('x').count() >= 3 * 1024 * 1024, "not one byte less");
    house.daemon.stop().await;
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
