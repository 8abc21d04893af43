//! Opens the stage's private desktop and runs one program in it: for looking at a window by hand.
//!
//! Writes the session's environment to standard output first, as `NAME=VALUE` lines, so that other
//! programs can join; a VNC viewer can watch at `XDG_RUNTIME_DIR/vnc.sock`. Everything ends with
//! the program. Exit status: the program's, or 2 when the desktop did not start.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use placet_stage::desktop::{Fault, Notifications, Result, Session, Theme};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// Longer than anybody looks.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs a program in a private desktop.
#[derive(Parser)]
struct Arguments {
    /// With a panel that has a tray
    #[arg(long)]
    panel: bool,
    /// Who shows notifications
    #[arg(long, value_enum, default_value = "none")]
    notifications: Daemon,
    /// Dark instead of light
    #[arg(long)]
    dark: bool,
    /// How large text is
    #[arg(long, default_value_t = 1.0)]
    text_scale: f64,
    /// Write a picture of the screen here when the program has ended
    #[arg(long)]
    screenshot: Option<PathBuf>,
    /// What to run
    #[arg(required = true, last = true)]
    program: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Daemon {
    None,
    Xfce,
    Fake,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "stage-desktop: {fault}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8> {
    let notifications = match arguments.notifications {
        Daemon::None => Notifications::None,
        Daemon::Xfce => Notifications::Xfce,
        Daemon::Fake => Notifications::Fake,
    };
    let session = Session::builder()
        .panel(arguments.panel)
        .notifications(notifications)
        .theme(if arguments.dark { Theme::Dark } else { Theme::Light })
        .text_scale(arguments.text_scale)
        .start()?;
    let mut output = std::io::stdout().lock();
    for (name, value) in session.env() {
        writeln!(output, "{name}={value}").map_err(|error| Fault::new("writing", error))?;
    }
    let Some((program, rest)) = arguments.program.split_first() else { return Ok(2) };
    let mut command = session.command(program)?;
    command.args(rest);
    let mut program = session.spawn("program", command)?;
    end_with_us(program.pid());
    let status = program.wait(A_DAY)?;
    let _ = write!(std::io::stderr(), "{}", program.log());
    if let Some(path) = &arguments.screenshot {
        session.screenshot(path)?;
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// A signal to us ends the program, and so us in good order.
fn end_with_us(pid: u32) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async {
            let mut terminated = signal(SignalKind::terminate()).ok()?;
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            let group = Pid::from_raw(i32::try_from(pid).ok()?)?;
            kill_process_group(group, Signal::TERM).ok()
        })
    });
}
