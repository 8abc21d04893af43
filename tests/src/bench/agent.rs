//! The agent: a process of the session's user that says lines to Placet and notes when.
//!
//! `placet-bench --agent SOCKET` is started by the benchmark, which may be root and is then a
//! stranger to Placet. It connects as soon as there is a socket. Each line on its standard input
//! goes to the socket. On standard output it tells `said NANOSECONDS` just before a line is written,
//! and `heard NANOSECONDS LINE` for each line that comes.
//!
//! **Promises.** Both processes read the same clock (`CLOCK_MONOTONIC`), so that the way between
//! them is in no figure. Its end closes the connection, which takes back what it asked for (S13).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, ExitCode, Stdio};
use std::time::{Duration, Instant};

use placet_stage::desktop::{Program, Session};
use serde_json::{Value, json};

use super::{Outcome, SOON};

/// The word that makes the benchmark's program an agent.
pub(super) const WORD: &str = "--agent";
/// How often it looks for the socket; the start cannot be measured more finely.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Nanoseconds of `CLOCK_MONOTONIC`, the same in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// Milliseconds since an earlier moment.
    pub(super) fn since(self, earlier: Self) -> f64 {
        // Exact up to 104 days.
        (self.0 - earlier.0) as f64 / 1e6
    }
}

/// Now.
pub(super) fn now() -> Moment {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Moment(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec))
}

/// The agent's own process.
pub(super) fn speak(socket: &Path) -> ExitCode {
    let Some(stream) = connect(socket) else { return ExitCode::FAILURE };
    let Ok(reading) = stream.try_clone() else { return ExitCode::FAILURE };
    std::thread::spawn(move || {
        for line in BufReader::new(reading).lines() {
            let (at, Ok(line)) = (now(), line) else { break };
            println!("heard {} {line}", at.0);
        }
        // Placet is gone: nothing more will be heard.
        println!("heard {} null", now().0);
    });
    let mut stream = stream;
    for line in std::io::stdin().lines() {
        let Ok(line) = line else { break };
        let at = now();
        if stream.write_all(format!("{line}\n").as_bytes()).is_err() {
            return ExitCode::FAILURE;
        }
        println!("said {}", at.0);
    }
    ExitCode::SUCCESS
}

fn connect(socket: &Path) -> Option<UnixStream> {
    let until = Instant::now() + SOON;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Some(stream),
            Err(_) if Instant::now() > until => return None,
            // Nobody announces that a socket takes connections.
            Err(_) => std::thread::sleep(LOOK_AGAIN),
        }
    }
}

/// The agent, seen from the benchmark.
#[derive(Debug)]
pub(super) struct Agent {
    program: Program,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    heard: Vec<(Moment, Value)>,
    calls: i64,
}

impl Agent {
    /// Starts one, which connects as soon as Placet is there.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(session: &Session) -> Outcome<Self> {
        let mut command = session.command(std::env::current_exe()?)?;
        command.arg(WORD).arg(session.run_dir().join("placet/agent.sock"));
        command.stdin(Stdio::piped());
        let mut program = session.spawn_piped("agent", command)?;
        let pipes = program.stdin().zip(program.stdout());
        let (stdin, stdout) = pipes.ok_or("the agent has no pipes")?;
        Ok(Self { program, stdin, stdout: BufReader::new(stdout), heard: Vec::new(), calls: 0 })
    }

    /// Says hello; the moment at which that was answered.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn hello(&mut self) -> Outcome<Moment> {
        let params = json!({"versions": ["0"], "client": {"name": "bench", "version": "1"}});
        self.say("placet/hello", &params)?;
        Ok(self.answer()?.0)
    }

    /// Asks for something; the moment just before the line was written.
    ///
    /// # Errors
    /// When the agent is gone.
    pub(super) fn say(&mut self, method: &str, params: &Value) -> Outcome<Moment> {
        self.calls += 1;
        let call = json!({"jsonrpc": "2.0", "id": self.calls, "method": method, "params": params});
        writeln!(self.stdin, "{call}")?;
        self.stdin.flush()?;
        loop {
            if let Told::Said(at) = self.next()? {
                return Ok(at);
            }
        }
    }

    /// The answer to the last call, and when it came.
    ///
    /// # Errors
    /// When Placet refuses, or is gone.
    pub(super) fn answer(&mut self) -> Outcome<(Moment, Value)> {
        let calls = self.calls;
        loop {
            let found =
                self.heard.iter().position(|(_, line)| line.get("id") == Some(&json!(calls)));
            if let Some(at) = found {
                let (at, line) = self.heard.swap_remove(at);
                let answer = line.get("result").cloned();
                return Ok((at, answer.ok_or_else(|| format!("Placet refused: {line}"))?));
            }
            if self.heard.iter().any(|(_, line)| line.is_null()) {
                return Err("Placet hung up".into());
            }
            self.next()?;
        }
    }

    /// Takes everything back and waits until the agent is gone.
    ///
    /// # Errors
    /// When it stays.
    pub(super) fn leave(self) -> Outcome<()> {
        let Self { mut program, stdin, stdout, .. } = self;
        drop(stdin);
        program.wait(SOON)?;
        // Not before: its last words must go somewhere.
        drop(stdout);
        Ok(())
    }

    fn next(&mut self) -> Outcome<Told> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(format!("the agent is gone: {}", self.program.log()).into());
        }
        let told = told(&line).ok_or_else(|| format!("the agent said {line:?}"))?;
        if let Told::Heard(at, line) = &told {
            self.heard.push((*at, line.clone()));
        }
        Ok(told)
    }
}

/// One line of the agent.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Said(Moment),
    Heard(Moment, Value),
}

fn told(line: &str) -> Option<Told> {
    let (word, rest) = line.trim_end().split_once(' ')?;
    match word {
        "said" => Some(Told::Said(Moment(rest.parse().ok()?))),
        "heard" => {
            let (at, line) = rest.split_once(' ')?;
            Some(Told::Heard(Moment(at.parse().ok()?), serde_json::from_str(line).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_agent_tells_is_read_back() {
        assert_eq!(told("said 5000000\n"), Some(Told::Said(Moment(5_000_000))));
        let heard = Told::Heard(Moment(7_500_000), json!({"id": 1}));
        assert_eq!(told("heard 7500000 {\"id\": 1}\n"), Some(heard));
        assert_eq!(told("heard 7500000 {"), None);
        assert_eq!(told("sighed 7"), None);
        assert!((Moment(7_500_000).since(Moment(5_000_000)) - 2.5).abs() < 1e-9);
    }
}
