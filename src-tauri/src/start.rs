//! What happens before anything else, in order; nothing here needs a display until the last step.
//!
//! 1. What the command line says. 2. The same program again with a clean environment.
//! 3. No core dump, no debugger of the same user. 4. Folders. 5. One instance: a second one asks
//! the first to open and ends. 6. The desktop.
//!
//! **Promises.** Every step that fails ends the program with a sentence; none is skipped.
//!
//! **Never** touch GTK, D-Bus or a file before step 3.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::environment::{Process, restart_clean};
use crate::places::Places;

/// A wrong command line (design §8: 2 is usage).
const USAGE: u8 = 2;

const HELP: &str = "\
Placet: a person's yes or no for what coding agents want to do.

Usage: placet-desktop [--hidden]

  --hidden   start without bringing anything up, for autostart
  --version  print the version
  --help     print this

A second start brings up what is waiting in the first and ends.
";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run { hidden: bool },
    Book,
    Version,
    Help,
}

/// The whole program.
#[must_use]
pub fn start(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let process = match wish(arguments) {
        Ok(Wish::Run { .. }) => Process::Desktop,
        Ok(Wish::Book) => Process::Book,
        Ok(Wish::Version) => {
            return print(concat!("placet-desktop ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Ok(Wish::Help) => return print(HELP),
        Err(word) => {
            complain(&format!("placet-desktop does not know {word}. See: placet-desktop --help"));
            return ExitCode::from(USAGE);
        }
    };
    match prepare(process) {
        Ok(places) => run(process, &places),
        Err(sentence) => {
            complain(&sentence);
            ExitCode::FAILURE
        }
    }
}

fn wish(arguments: impl Iterator<Item = OsString>) -> Result<Wish, String> {
    let mut wish = Wish::Run { hidden: false };
    for argument in arguments {
        wish = match argument.to_str() {
            Some("--hidden") => Wish::Run { hidden: true },
            Some("--book") => Wish::Book,
            Some("--version") => return Ok(Wish::Version),
            Some("--help" | "-h") => return Ok(Wish::Help),
            _ => return Err(argument.to_string_lossy().into_owned()),
        };
    }
    Ok(wish)
}

fn prepare(process: Process) -> Result<Places, String> {
    restart_clean(process).map_err(|error| format!("Placet cannot restart itself: {error}"))?;
    close_up().map_err(|error| format!("Placet cannot close itself to others: {error}"))?;
    listen_to_ourselves();
    let places = Places::make().map_err(|fault| fault.to_string())?;
    Ok(places)
}

/// No core dump, and no `ptrace` or `/proc/PID/mem` for another process of the same user (M2).
/// A program that this one starts is not covered: the kernel resets the first at `execve`.
fn close_up() -> rustix::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
}

/// The log goes to standard error; `PLACET_LOG` says how much, warnings if it is not set.
fn listen_to_ourselves() {
    let level = std::env::var("PLACET_LOG").ok();
    let filter = tracing_subscriber::EnvFilter::new(level.as_deref().unwrap_or("warn"));
    // Fails only if there is a log already, which is as good.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn run(process: Process, places: &Places) -> ExitCode {
    let _ = (process, places);
    ExitCode::SUCCESS
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A sentence on standard error; if nobody can read it there is nothing better to do.
pub(crate) fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Wish, String> {
        wish(words.iter().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_read_whole() {
        assert_eq!(of(&[]), Ok(Wish::Run { hidden: false }));
        assert_eq!(of(&["--hidden"]), Ok(Wish::Run { hidden: true }));
        assert_eq!(of(&["--book"]), Ok(Wish::Book));
        assert_eq!(of(&["--hidden", "--version"]), Ok(Wish::Version));
        assert_eq!(of(&["--approve"]), Err("--approve".to_owned()));
        assert_eq!(of(&["--hidden", "now"]), Err("now".to_owned()));
    }
}
