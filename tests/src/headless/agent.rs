//! An agent at the socket: says lines, keeps every byte that it hears.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use placet_wire::flaw::Problem;
use placet_wire::heard::{Heard, hear};
use placet_wire::message::Id;
use placet_wire::notice::{RequestStatus, Status};
use placet_wire::outcome::Ended;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// One connection.
#[derive(Debug)]
pub struct Agent {
    read: BufReader<OwnedReadHalf>,
    write: Option<OwnedWriteHalf>,
    next: i64,
    answers: HashMap<Id, Result<Value, Problem>>,
    notices: Vec<Heard>,
    /// All that was ever heard on this connection.
    pub bytes: Vec<u8>,
    /// For so long a line may be on its way.
    pub patience: Duration,
}

/// The other side is gone.
#[derive(Debug)]
pub struct Gone;

impl Agent {
    /// Connects.
    ///
    /// # Errors
    /// The system's.
    pub async fn connect(socket: &Path) -> std::io::Result<Self> {
        let (read, write) = UnixStream::connect(socket).await?.into_split();
        Ok(Self {
            read: BufReader::new(read),
            write: Some(write),
            next: 0,
            answers: HashMap::new(),
            notices: Vec::new(),
            bytes: Vec::new(),
            patience: super::PATIENCE,
        })
    }

    /// Sends bytes as they are; an error only means that the other side is gone.
    pub async fn say(&mut self, bytes: &[u8]) -> bool {
        match &mut self.write {
            Some(write) => write.write_all(bytes).await.is_ok(),
            None => false,
        }
    }

    /// Closes this side; the other may still speak.
    pub fn half_close(&mut self) {
        self.write = None;
    }

    /// Sends a call with a fresh id.
    pub async fn call(&mut self, method: &str, params: Value) -> Id {
        self.next += 1;
        let id = Id::Number(self.next);
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.say(format!("{line}\n").as_bytes()).await;
        id
    }

    /// Calls and waits for the answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Problem> {
        let id = self.call(method, params).await;
        self.answer(&id).await
    }

    /// Calls and waits for the outcome.
    pub async fn end(&mut self, method: &str, params: Value) -> Ended {
        let id = self.call(method, params).await;
        self.ended(&id).await
    }

    /// The answer of a call.
    pub async fn answer(&mut self, id: &Id) -> Result<Value, Problem> {
        self.try_answer(id).await.expect("the daemon went away before it answered")
    }

    /// The answer of a call, unless the daemon went away.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn try_answer(&mut self, id: &Id) -> Result<Result<Value, Problem>, Gone> {
        loop {
            if let Some(answer) = self.answers.remove(id) {
                return Ok(answer);
            }
            match self.hear().await.ok_or(Gone)? {
                Heard::Answer { id: Some(id), answer } => {
                    let before = self.answers.insert(id, answer);
                    assert!(before.is_none(), "two answers to one call (S11)");
                }
                other => self.notices.push(other),
            }
        }
    }

    /// The outcome of a call.
    pub async fn ended(&mut self, id: &Id) -> Ended {
        let answer = self.answer(id).await.expect("an outcome, not an error");
        serde_json::from_value(answer).unwrap()
    }

    /// The next error without an id.
    pub async fn error(&mut self) -> Problem {
        loop {
            match self.hear().await.expect("an error, not silence") {
                Heard::Answer { id: None, answer } => return answer.unwrap_err(),
                other => self.notices.push(other),
            }
        }
    }

    /// Waits until this call's request is this far.
    pub async fn status(&mut self, id: &Id, status: Status) -> RequestStatus {
        loop {
            let found = self.notices.iter().position(
                |notice| matches!(notice, Heard::Status(s) if s.id == *id && s.status == status),
            );
            if let Some(Heard::Status(found)) = found.map(|at| self.notices.remove(at)) {
                return found;
            }
            match self.hear().await.expect("a status, not silence") {
                Heard::Answer { id: Some(id), answer } => drop(self.answers.insert(id, answer)),
                other => self.notices.push(other),
            }
        }
    }

    /// The code that a pairing prints.
    pub async fn pair_code(&mut self) -> Option<String> {
        loop {
            if let Heard::PairCode(code) = self.hear().await? {
                return Some(code.code);
            }
        }
    }

    /// The next line; `None` if the other side has closed.
    pub async fn hear(&mut self) -> Option<Heard> {
        let mut line = Vec::new();
        let reading = self.read.read_until(b'\n', &mut line);
        super::within(self.patience, "a line", reading).await.ok()?;
        self.bytes.extend_from_slice(&line);
        if line.last() != Some(&b'\n') {
            return None;
        }
        Some(hear(&line).unwrap())
    }

    /// True once the other side has closed, after whatever it still said.
    pub async fn is_closed(&mut self) -> bool {
        while self.hear().await.is_some() {}
        true
    }

    /// `placet/hello` with a token.
    pub async fn hello(&mut self, token: Option<&str>) -> Value {
        let mut params =
            json!({ "versions": ["0"], "client": { "name": "test-agent", "version": "1" } });
        if let Some(token) = token {
            params["token"] = json!(token);
        }
        self.ask("placet/hello", params).await.unwrap()
    }
}

/// Parameters of an `approval/request` for one shell command.
#[must_use]
pub fn shell(command: &str) -> Value {
    json!({ "tool": "shell", "arguments": { "command": command } })
}

/// Parameters of an `authorization/request` at an issuer (the challenge is RFC 7636's appendix B).
#[must_use]
pub fn authorization(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "scope": "users:write",
        "authorization_details": r#"[{"type":"agent_intent","action":{"name":"tools/call"}}]"#,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    })
}

/// Parameters of `as/add`.
#[must_use]
pub fn enrolment(issuer: &str) -> Value {
    json!({ "issuer": issuer, "client_id": "placet-test", "account": "alice" })
}
