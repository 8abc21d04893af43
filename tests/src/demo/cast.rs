//! Who plays: the authorization server, the desktop app, the sample agent, the command line.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use placet_stage::desktop::{Program, Session};
use placet_stage::server::{self, Started};
use serde_json::{Value, json};

use super::Outcome;

/// Eight digits: six would turn up by chance in the memory of any process.
const DIGITS: &str = "8";

/// Starts the authorization server, a process of its own.
///
/// # Errors
/// If it does not start.
pub(super) fn server(programs: &Path) -> Outcome<server::Process> {
    Ok(server::Process::spawn(&programs.join("stage-as"), ["--otp-digits", DIGITS])?)
}

/// A line of JSON in, lines of JSON out.
pub(super) struct Agent {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Agent {
    /// Takes over the pipes of a started `sample-agent`.
    #[must_use]
    pub(super) fn new(stdin: ChildStdin, stdout: ChildStdout) -> Self {
        Self { stdin, stdout: BufReader::new(stdout) }
    }

    /// Gives a command.
    ///
    /// # Errors
    /// If it is gone.
    pub(super) fn tell(&mut self, command: &Value) -> Outcome<()> {
        writeln!(self.stdin, "{command}")?;
        Ok(self.stdin.flush()?)
    }

    /// The next line that has a member of this name.
    ///
    /// # Errors
    /// If it is gone, or done without.
    pub(super) fn hear(&mut self, member: &str) -> Outcome<Value> {
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                return Err(format!("the agent ended before it said {member}").into());
            }
            let value: Value = serde_json::from_str(&line)?;
            if value.get(member).is_some() {
                return Ok(value);
            }
            if value.get("done").is_some() {
                return Err(format!("the agent was done before it said {member}").into());
            }
        }
    }
}

/// The action that the agent asks for, at this server.
#[must_use]
pub(super) fn deletion(started: &Started) -> Value {
    json!({
        "do": "authorize",
        "issuer": started.issuer,
        "resource": started.resource,
        "tool": "delete_user",
        "arguments": {"userId": "alice"},
        "reason": "The account was closed last week; cleaning up.",
    })
}

/// The same for the command line: `authorization_details` as RFC 9396 writes it.
#[must_use]
pub(super) fn deletion_details() -> String {
    json!([{
        "type": "agent_intent",
        "action": {"name": "tools/call"},
        "resource": {"type": "mcp-tool", "id": "delete_user", "properties": {"arguments": {"userId": "bob"}}},
    }])
    .to_string()
}

/// The folder in which the sample agent keeps what it heard.
#[must_use]
pub(super) fn heard(home: &Path) -> PathBuf {
    home.join("agent-heard.bin")
}

/// The code that `placet pair` printed on its standard error.
///
/// # Errors
/// If it did not.
pub(super) fn code_printed(placet: &Program) -> Outcome<String> {
    // All `placet` commands share a log, and each prints the code of its prompt as well.
    let said = placet.log();
    let (_, after) = said.rsplit_once("Placet's window:").unwrap_or_default();
    after
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .find(|word| word.len() == 9 && word.chars().nth(4) == Some('-'))
        .map(str::to_owned)
        .ok_or_else(|| format!("no code in {said:?}").into())
}

/// A pipe that was full before the program wrote to it, so that it waits with what it has to say.
pub(super) struct Drain {
    read: PipeReader,
    stuffing: usize,
}

/// Starts a `placet` command whose standard output is full.
///
/// # Errors
/// If it does not start.
pub(super) fn stuffed(
    session: &Session,
    programs: &Path,
    words: &[&str],
) -> Outcome<(Program, Drain)> {
    let (read, write) = std::io::pipe()?;
    let stuffing = fill(&write)?;
    let mut command = session.command(programs.join("placet"))?;
    command.arg("--json").args(words).stdin(Stdio::null()).stdout(write);
    Ok((session.spawn_with_output("placet-held", command)?, Drain { read, stuffing }))
}

/// Fills a pipe to the last byte.
fn fill(write: &PipeWriter) -> Outcome<usize> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(write)?;
    fcntl_setfl(write, flags | OFlags::NONBLOCK)?;
    let mut stuffing = 0;
    for block in [4096, 1] {
        while let Ok(length) = rustix::io::write(write, &vec![b'.'; block]) {
            stuffing += length;
        }
    }
    fcntl_setfl(write, flags)?;
    Ok(stuffing)
}

impl Drain {
    /// Waits until the program waits in `write`.
    ///
    /// # Errors
    /// If it ends or does something else for long.
    pub(super) fn wait_until_full(&self, program: &Program) -> Outcome<()> {
        let place = format!("/proc/{}/wchan", program.pid());
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until {
            // `pipe_write`, or `anon_pipe_write` since Linux 6.14.
            if std::fs::read_to_string(&place).is_ok_and(|name| name.contains("pipe_write")) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let now = std::fs::read_to_string(&place).unwrap_or_default();
        Err(format!("the command line does not wait for its output; it is in {now:?}").into())
    }

    /// Empties the pipe: what the program printed, and its exit status.
    ///
    /// # Errors
    /// If that is no JSON.
    pub(super) fn empty(mut self, program: &mut Program) -> Outcome<(Value, i32)> {
        let mut bytes = Vec::new();
        self.read.read_to_end(&mut bytes)?;
        let status = program.wait(Duration::from_secs(30))?;
        let printed = bytes.get(self.stuffing..).unwrap_or_default();
        Ok((serde_json::from_slice(printed)?, status.code().unwrap_or(-1)))
    }
}
