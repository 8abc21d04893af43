//! A security key in the hand of the scripted person: the program `stage-key`, with a card reader of
//! its own, run as the session's user.
//!
//! **Promises.** It is registered at the stage's server as a real key would be; everything after that
//! goes through the reader. Dropping it ends key and reader.
//!
//! **Never** put its PIN where an agent can read it: it goes in through a pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_stage::desktop::{Program, Session};
use placet_stage::key::reader::{Reader, SOCKET};
use placet_stage::server;
use serde_json::{Value, json};

/// How long it may take to say anything.
const WITHIN: Duration = Duration::from_secs(30);

/// The relying party of the stage's server.
const RP_ID: &str = "localhost";

/// Anything that goes wrong with it, as a sentence.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The key.
#[derive(Debug)]
pub struct Key {
    program: Program,
    stdin: ChildStdin,
    said: Receiver<Value>,
    socket: PathBuf,
}

impl Key {
    /// The package that is missing on this machine, if one is.
    #[must_use]
    pub fn missing() -> Option<&'static str> {
        Reader::missing()
    }

    /// Puts a key on a reader; `program` is `stage-key`.
    ///
    /// # Errors
    /// If there is none.
    pub fn on_a_reader(session: &Session, program: &Path) -> Outcome<Self> {
        let mut command = session.command(program)?;
        command.stdin(Stdio::piped());
        let mut program = session.spawn_piped("stage-key", command)?;
        let pipes = program.stdin().zip(program.stdout());
        let (stdin, stdout) = pipes.ok_or("the key has no pipes")?;
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            for line in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut key = Self { program, stdin, said, socket: PathBuf::new() };
        let ready = key.hear("ready")?;
        key.socket = ready.get("socket").and_then(Value::as_str).ok_or("no socket")?.into();
        Ok(key)
    }

    /// Lets a program find the reader.
    pub fn shown_to(&self, program: &mut Command) {
        program.env(SOCKET, &self.socket);
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// Makes it a passkey of the server's first account.
    ///
    /// # Errors
    /// If the server does not take it.
    pub fn register(&mut self, server: &server::Process) -> Outcome<()> {
        let options: Value = server.ask("POST", "/passkeys/options", None)?;
        self.tell(&format!("credential {RP_ID} person"))?;
        let made = self.hear("credential")?;
        let started = server.started();
        let origin = url::Url::parse(&started.issuer)?.origin().ascii_serialization();
        let data = json!({"type": "webauthn.create", "challenge": options.get("challenge"),
            "origin": origin, "crossOrigin": false});
        let answer = json!({"id": made.get("id"), "rawId": made.get("id"), "type": "public-key",
            "response": {"attestationObject": made.get("attestation_object"),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(data.to_string())}});
        let _: Value = server.ask("POST", "/passkeys", Some(answer))?;
        Ok(())
    }

    /// Its PIN from now on.
    ///
    /// # Errors
    /// If it is gone.
    pub fn set_pin(&mut self, pin: &str) -> Outcome<()> {
        self.tell(&format!("pin {pin}"))?;
        self.hear("done").map(drop)
    }

    /// The PIN tries that are left.
    ///
    /// # Errors
    /// If it is gone.
    pub fn retries(&mut self) -> Outcome<u64> {
        self.tell("retries")?;
        self.hear("retries")?.get("retries").and_then(Value::as_u64).ok_or_else(|| "none".into())
    }

    /// A touch.
    ///
    /// # Errors
    /// If it is gone.
    pub fn touch(&mut self) -> Outcome<()> {
        self.tell("touch")
    }

    /// Takes it from the reader (`false`) or lays it there (`true`).
    ///
    /// # Errors
    /// If it is gone.
    pub fn lay(&mut self, there: bool) -> Outcome<()> {
        self.tell(if there { "insert" } else { "remove" })
    }

    /// Waits until it says this; what it said before that is passed over.
    ///
    /// # Errors
    /// If it does not.
    pub fn hear(&mut self, event: &str) -> Outcome<Value> {
        let until = Instant::now() + WITHIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let said = self.said.recv_timeout(left);
            let said = said.map_err(|_| format!("no {event}: {}", self.program.log()))?;
            if said.get("event").and_then(Value::as_str) == Some(event) {
                return Ok(said);
            }
        }
    }

    fn tell(&mut self, command: &str) -> Outcome<()> {
        writeln!(self.stdin, "{command}")?;
        Ok(self.stdin.flush()?)
    }
}
