//! A stage in a process of its own, for those who want one: the demo, and tests of the whole.
//!
//! [`Process::spawn`] starts the program and reads its start line; dropping it ends it. Should this
//! process die first, the program's standard input closes, on which it ends too. The control API is
//! spoken over a plain socket, so that no HTTP client is needed here; these calls block the calling
//! thread.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{CodeNow, Counts, Journal, Scenario, Started, UrlEnd};

/// A running `stage-as`. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Started,
}

/// Why the process or its control API did not do as asked.
#[derive(Debug)]
pub enum ProcessError {
    /// Starting it or speaking with it failed.
    Io(std::io::Error),
    /// It said something that is not what was expected; the text says what.
    Said(String),
}

impl std::fmt::Display for ProcessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(e) => write!(f, "stage-as: {e}"),
            Self::Said(what) => write!(f, "stage-as said {what}"),
        }
    }
}

impl std::error::Error for ProcessError {}

impl From<std::io::Error> for ProcessError {
    fn from(e: std::io::Error) -> Self {
        Self::Io(e)
    }
}

impl Process {
    /// Starts `stage-as` at this path and waits for its start line. `--print-json` is added.
    ///
    /// # Errors
    /// It did not start, or ended without a start line.
    pub fn spawn<A: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Self, ProcessError> {
        let mut child = Command::new(program)
            .arg("--print-json")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match serde_json::from_str(&line) {
            Ok(started) => Ok(Self { child, started }),
            Err(_) => {
                child.kill()?;
                child.wait()?;
                Err(ProcessError::Said(format!("{line:?} instead of a start line")))
            }
        }
    }

    /// The start line.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Behaves so from now on.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn play(&self, scenario: Scenario) -> Result<(), ProcessError> {
        self.ask("POST", "/scenario", Some(json!({"scenario": scenario.name()}))).map(|_: Value| ())
    }

    /// A code that would be accepted now; moves the stage's clock on if it must.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn code(&self) -> Result<CodeNow, ProcessError> {
        self.ask("POST", "/code/fresh", None)
    }

    /// Everything that was sent so far.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn journal(&self) -> Result<Journal, ProcessError> {
        self.ask("GET", "/journal", None)
    }

    /// The journal, once it has so many requests to a path that ends so.
    ///
    /// # Errors
    /// See [`ProcessError`]; so many did not come within 30 s.
    pub fn journal_with(&self, requests: usize, path_end: &str) -> Result<Journal, ProcessError> {
        let path: String = url::form_urlencoded::byte_serialize(path_end.as_bytes()).collect();
        self.ask("GET", &format!("/journal?wait_for={requests}&path={path}"), None)
    }

    /// What was counted so far.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn counts(&self) -> Result<Counts, ProcessError> {
        let state: Value = self.ask("GET", "/state", None)?;
        let counts = state.get("counts").cloned().unwrap_or_default();
        serde_json::from_value(counts).map_err(|e| ProcessError::Said(e.to_string()))
    }

    /// Moves the stage's time forward.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn advance(&self, seconds: u64) -> Result<(), ProcessError> {
        self.ask("POST", "/clock", Some(json!({"advance": seconds}))).map(|_: Value| ())
    }

    /// Lets every held answer go.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn release(&self) -> Result<(), ProcessError> {
        self.ask("POST", "/release", None).map(|_: Value| ())
    }

    /// Ends every waiting url-mode page.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn end_pages(&self, end: UrlEnd) -> Result<(), ProcessError> {
        self.ask("POST", "/pages", Some(json!({"end": end}))).map(|_: Value| ())
    }

    /// Forgets sessions, grants, journal and counts.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn reset(&self) -> Result<(), ProcessError> {
        self.ask("POST", "/reset", None).map(|_: Value| ())
    }

    /// One request to the control API (see `control.rs` for all of them).
    ///
    /// # Errors
    /// No connection, a status other than 200, or another body than was expected.
    pub fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, ProcessError> {
        let said = |what: &str| ProcessError::Said(what.to_owned());
        let place = self.started.control.strip_prefix("http://").and_then(|p| p.split_once('/'));
        let (host, root) = place.ok_or_else(|| said("a control address that is not http"))?;
        let body = body.map(|b| b.to_string()).unwrap_or_default();
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        write!(
            stream,
            "{method} /{root}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.started.control_token,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| said("half an answer"))?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(said(&answer));
        }
        serde_json::from_str(body).map_err(|e| said(&e.to_string()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It would end when its standard input does; killed, it cannot keep us waiting. Nothing of it
        // outlives it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
