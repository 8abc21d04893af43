//! What happens before anything else, in order; nothing here needs a display until the last step.
//!
//! 1. What the command line says.
//! 2. The same program again with a clean environment.
//! 3. No core dump, no debugger of the same user.
//! 4. Folders.
//! 5. The daemon, whose lock tells whether this is the first instance: a second one asks the first
//!    to open and ends.
//! 6. GTK and the prompt, if no foreign module can be loaded.
//! 7. The desktop, until Quit.
//!
//! **Promises.** Every step that fails ends the program with a sentence; none is skipped.
//!
//! **Never** touch GTK, D-Bus or a file before step 3.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use placet_agentd::SecurityKeys;
use placet_agentd::daemon::{Daemon, Options, SocketError, StartError};
use placet_core::ports::Surroundings;
use placet_texts::text;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use tokio::runtime::{Builder, Runtime};

use crate::environment::{Process, restart_clean};
use crate::glass::Glass;
use crate::keep::{Kept, Notary};
use crate::places::Places;
use crate::prompt::{Appearance, Prompt};
use crate::{away, book, desktop, modules, notify, others, seat, second, tray};

/// Any program of the session can watch and inject input, on Wayland too (design §2, 3).
const OBSERVABLE: bool = true;
/// The hardened install is not built (design §2, 2).
const HARDENED: bool = false;
/// A request that comes while GTK starts holds one thread; the daemon goes on with the other.
const WORKERS: usize = 2;
/// What has not ended by then is cut off: everything that matters is on disk.
const ENDS_WITHIN: Duration = Duration::from_secs(2);
/// A wrong command line (design §8: 2 is usage).
const USAGE: u8 = 2;

const HELP: &str = "\
Placet: a person's yes or no for what coding agents want to do.

Usage: placet-desktop [--hidden] [--danger-allow-http-loopback]

  --hidden   start without bringing anything up, for autostart
  --danger-allow-http-loopback
             let authorization servers on this machine be enrolled without
             encryption, for development; each shows a banner for good
  --version  print the version
  --help     print this

A second start brings up what is waiting in the first and ends.
";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run(Manner),
    Book,
    Version,
    Help,
}

/// How to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Manner {
    hidden: bool,
    danger_allow_http_loopback: bool,
}

/// The whole program.
#[must_use]
pub fn start(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let ran = match wish(arguments) {
        Ok(Wish::Run(manner)) => prepare(Process::Desktop).and_then(|places| run(&places, manner)),
        Ok(Wish::Book) => prepare(Process::Book).and_then(|places| read(&places)),
        Ok(Wish::Version) => {
            return print(concat!("placet-desktop ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Ok(Wish::Help) => return print(HELP),
        Err(word) => {
            complain(&format!("placet-desktop does not know {word}. See: placet-desktop --help"));
            return ExitCode::from(USAGE);
        }
    };
    ran.unwrap_or_else(|sentence| {
        complain(&sentence);
        ExitCode::FAILURE
    })
}

fn wish(arguments: impl Iterator<Item = OsString>) -> Result<Wish, String> {
    let mut manner = Manner::default();
    let mut book = false;
    for argument in arguments {
        match argument.to_str() {
            Some("--hidden") => manner.hidden = true,
            Some("--danger-allow-http-loopback") => manner.danger_allow_http_loopback = true,
            Some("--book") => book = true,
            Some("--version") => return Ok(Wish::Version),
            Some("--help" | "-h") => return Ok(Wish::Help),
            _ => return Err(argument.to_string_lossy().into_owned()),
        }
    }
    Ok(if book { Wish::Book } else { Wish::Run(manner) })
}

fn prepare(process: Process) -> Result<Places, String> {
    restart_clean(process).map_err(|error| format!("Placet cannot restart itself: {error}"))?;
    close_up().map_err(|error| format!("Placet cannot close itself to others: {error}"))?;
    listen_to_ourselves();
    pretend_if_told();
    placet_texts::read();
    let places = Places::make().map_err(|fault| fault.to_string())?;
    Ok(places)
}

/// No core dump, and no `ptrace` or `/proc/PID/mem` for another process of the same user (M2).
/// A program that this one starts is not covered: the kernel resets the first at `execve`.
fn close_up() -> rustix::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
}

/// A debug build can speak a language that nobody speaks, so that it is seen what cannot be
/// translated, and what has no room for longer words. The book inherits it.
pub fn pretend_if_told() {
    #[cfg(debug_assertions)]
    if std::env::var_os("PLACET_TEST_PRETEND").is_some() {
        placet_texts::pretend();
    }
}

/// The log goes to standard error; `PLACET_LOG` says how much, warnings if it is not set.
fn listen_to_ourselves() {
    let level = std::env::var("PLACET_LOG").ok();
    let filter = tracing_subscriber::EnvFilter::new(level.as_deref().unwrap_or("warn"));
    // Fails only if there is a log already, which is as good.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// The tray app, until Quit.
fn run(places: &Places, manner: Manner) -> Result<ExitCode, String> {
    let runtime = runtime()?;
    let glass = Arc::new(Glass::default());
    let station = runtime.block_on(seat::station(HARDENED));
    let options = Options {
        runtime_dir: places.runtime.clone(),
        state_dir: places.state.clone(),
        socket: Some(places.socket.clone()),
        // An unhardened install in a session whose other programs can watch and inject (design §2).
        surroundings: Surroundings {
            hardened: HARDENED,
            observable: OBSERVABLE,
            seat: station.seat,
            sees_cover: others::is_x11(),
        },
        station,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        allow_http_loopback: manner.danger_allow_http_loopback,
    };
    let first = !places.state.join(placet_agentd::store::FILE).exists();
    let book = book::Book::default();
    glass.put_book(book.clone());
    let beginning = desktop::Beginning { book, first, hidden: manner.hidden };
    // Opens nothing: keys are looked for when a person agreed to use one.
    let starting = Daemon::start(options, Arc::clone(&glass), SecurityKeys::new());
    let daemon = match runtime.block_on(starting) {
        Ok(daemon) => daemon,
        Err(StartError::Socket(SocketError::AlreadyRunning(_))) => {
            return second(&runtime, places, manner);
        }
        Err(fault) => {
            let sentence = text!("start-cannot", why = fault.to_string());
            // Nobody reads the standard error of an autostarted program.
            runtime.block_on(notify::alarm(&sentence));
            return Err(sentence);
        }
    };
    let ended = show(&runtime, places, beginning, daemon, &glass);
    // Whoever still waits for a window hears that there is none.
    glass.put_in(None);
    runtime.shutdown_timeout(ENDS_WITHIN);
    ended
}

/// Tray and prompt around a daemon that runs.
fn show(
    runtime: &Runtime,
    places: &Places,
    beginning: desktop::Beginning,
    daemon: Daemon,
    glass: &Arc<Glass>,
) -> Result<ExitCode, String> {
    let mut listening = away::listen(seat::system_bus(), runtime.handle());
    toolkit(places)?;
    let notary = Notary::new(&daemon, Arc::clone(glass), runtime.handle());
    let notary = Arc::new(notary);
    let hears = Arc::clone(&notary);
    modules::listen(move |path| hears.refused_module(path));
    let prompt = Prompt::new(notary, Appearance::default(), OBSERVABLE)
        .map_err(|fault| format!("Placet cannot show its prompt: {fault}."))?;
    // Before anything is shown (F9).
    listening.tell(prompt.handle(), runtime.handle());
    let away = listening.away();
    glass.put_in(Some(prompt.handle()));
    let runs_on = runtime.handle().clone();
    let (kept, states) = Kept::new(daemon, Arc::clone(glass), away.clone(), runs_on);
    let status = desktop::run(runtime, places, beginning, states, away, Arc::new(kept))
        .map_err(|error| format!("Placet cannot start its desktop: {error}"))?;
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

/// The book, until it is closed.
fn read(places: &Places) -> Result<ExitCode, String> {
    modules::listen(|path| tracing::warn!(?path, "a module was refused"));
    toolkit(places)?;
    Ok(book::window::run())
}

/// The first instance brings up what waits. Autostart asks for nothing: it must not disturb. But
/// whoever holds the lock and is no Placet is said aloud, at autostart above all.
fn second(runtime: &Runtime, places: &Places, manner: Manner) -> Result<ExitCode, String> {
    let inside = runtime.enter();
    let met = second::meet(&places.socket).and_then(|first| match manner.hidden {
        true => Ok(None),
        false => first.open().map(Some),
    });
    drop(inside);
    let opened = met.map_err(|error| {
        let sentence = text!("start-taken", why = error.to_string());
        runtime.block_on(notify::alarm(&sentence));
        sentence
    })?;
    complain(match opened.map(|opened| (opened.shown, opened.waiting)) {
        None => "Placet is running already.",
        Some((true, 0)) => "Placet is running already: its book is open.",
        Some((true, _)) => "Placet is running already: its prompt is open.",
        Some((false, 0)) => "Placet is running already. Nothing is waiting.",
        Some((false, _)) => "Placet is running already, but it cannot show its prompt.",
    });
    if manner.danger_allow_http_loopback {
        complain("It does not take --danger-allow-http-loopback over. Quit it first (tray menu).");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts GTK with none of the user's files that change what it loads or draws.
fn toolkit(places: &Places) -> Result<(), String> {
    if !modules::in_force() {
        return Err("Placet cannot keep foreign code out of itself, so it does not start.".into());
    }
    places.empty_folders().map_err(|fault| fault.to_string())?;
    gtk::init().map_err(|_| "There is no display that Placet can use.".to_owned())?;
    tray::mark_windows();
    Ok(())
}

fn runtime() -> Result<Runtime, String> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("placet")
        .enable_all()
        .build()
        .map_err(|error| format!("Placet cannot start its threads: {error}"))
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
        let plain = Manner::default();
        assert_eq!(of(&[]), Ok(Wish::Run(plain)));
        assert_eq!(of(&["--hidden"]), Ok(Wish::Run(Manner { hidden: true, ..plain })));
        assert_eq!(of(&["--book"]), Ok(Wish::Book));
        assert_eq!(of(&["--hidden", "--version"]), Ok(Wish::Version));
        assert_eq!(of(&["--approve"]), Err("--approve".to_owned()));
        assert_eq!(of(&["--hidden", "now"]), Err("now".to_owned()));
    }

    #[test]
    fn a27_plain_http_needs_a_flag_that_says_danger() {
        let Ok(Wish::Run(manner)) = of(&["--hidden"]) else { panic!() };
        assert!(!manner.danger_allow_http_loopback);
        let Ok(Wish::Run(manner)) = of(&["--danger-allow-http-loopback"]) else { panic!() };
        assert!(manner.danger_allow_http_loopback);
    }
}
