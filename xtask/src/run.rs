//! Running other programs and saying so.
//!
//! **Promises.** Every program gets no standard input. A program that cannot be started, or that
//! ends with anything but success, becomes a [`Stop`] that names it.
//!
//! **Never** goes a command line through a shell.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

/// How a command ends: with success, or with a [`Stop`].
pub(crate) type Done = Result<(), Stop>;

/// Why a command ended early: a sentence for the reader (empty if all is said already) and the
/// exit status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: String,
    pub(crate) code: u8,
}

impl Stop {
    /// Something that was tried did not work: exit status 1.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), code: 1 }
    }

    /// Wrong usage, or a part that does not exist yet: exit status 2.
    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), code: 2 }
    }
}

/// Prints one line of progress with the minutes and seconds since the start.
pub(crate) fn say(line: impl AsRef<str>) {
    static START: OnceLock<Instant> = OnceLock::new();
    let seconds = START.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{:02}:{:02}] {}", seconds / 60, seconds % 60, line.as_ref());
}

/// Runs a program with its output passed through.
///
/// # Errors
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Done {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Stop::failed(format!("{} cannot be started: {error}", shown(command))))?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::failed(format!("{} ended with {status}", shown(command))))
}

/// Runs a program and gives back what it wrote to stdout; stderr passes through.
///
/// # Errors
/// If it cannot be started, does not succeed, or writes something else than UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String, Stop> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|error| {
            Stop::failed(format!("{} cannot be started: {error}", shown(command)))
        })?;
    if !output.status.success() {
        return Err(Stop::failed(format!("{} ended with {}", shown(command), output.status)));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Stop::failed(format!("{} wrote something that is not text", shown(command))))
}

/// What a quiet probe wrote to stdout, whatever its exit status; `None` if there is no such program.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True if a quiet probe can be started and succeeds.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// True on a build server, where the lock file must already be right and documentation is built.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// `--locked` on a build server, nothing elsewhere.
pub(crate) fn locked() -> &'static [&'static str] {
    if in_ci() { &["--locked"] } else { &[] }
}

/// The program and its arguments, as a person would type them.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(12).map(|word| word.to_string_lossy().into_owned()));
    if command.get_args().len() > 12 {
        words.push("…".into());
    }
    words.join(" ")
}
