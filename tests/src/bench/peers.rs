//! Who Placet is compared with, as far as they are installed.
//!
//! pinentry and zenity are what an agent's author would reach for to ask a person: each question
//! starts one. They are told the same action. KeePassXC is a tray app that keeps secrets.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Stdio};

use placet_stage::desktop::{Program, TrayItem, TrayWatcher};

use super::agent::now;
use super::stage::Stage;
use super::{Outcome, SOON};

/// Where Debian puts programs.
const PROGRAMS: &str = "/usr/bin";

/// A program that asks one question.
#[derive(Debug)]
pub(super) struct Asker {
    /// Its name.
    pub(super) name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    input: &'static str,
}

/// One that is asking.
#[derive(Debug)]
pub(super) struct Asking {
    /// Its process.
    pub(super) program: Program,
    /// From the start to painted, in milliseconds.
    pub(super) took: f64,
    /// Its end would be an answer.
    _stdin: Option<ChildStdin>,
}

/// The passphrase dialog of GnuPG, as a question; it speaks the Assuan protocol.
pub(super) fn pinentry() -> Option<Asker> {
    Some(Asker {
        name: "pinentry-gtk2",
        program: installed("pinentry-gtk-2")?,
        arguments: &[],
        input: "SETDESC An agent wants to run:%0A%0Agit push --force origin main\nCONFIRM\n",
    })
}

/// The dialog of shell scripts.
pub(super) fn zenity() -> Option<Asker> {
    Some(Asker {
        name: "zenity",
        program: installed("zenity")?,
        arguments: &["--question", "--text=An agent wants to run:\n\ngit push --force origin main"],
        input: "",
    })
}

impl Asker {
    /// Starts it and waits until its window is painted.
    ///
    /// # Errors
    /// When that does not happen.
    pub(super) fn ask(&self, stage: &Stage) -> Outcome<Asking> {
        let mut command = stage.command(&self.program)?;
        command.args(self.arguments).stdin(Stdio::piped());
        let begun = now();
        let mut program = stage.session.spawn(self.name, command)?;
        let mut stdin = program.stdin();
        if let Some(stdin) = &mut stdin {
            stdin.write_all(self.input.as_bytes())?;
        }
        let pid = program.pid();
        let painted = stage.watch.await_painted(SOON, |window| window.pid == Some(pid));
        let painted =
            painted.map_err(|fault| format!("{}: {fault} {}", self.name, program.log()))?;
        Ok(Asking { program, took: painted.since(begun), _stdin: stdin })
    }
}

/// A program that stays in the tray.
#[derive(Debug)]
pub(super) struct Sitter {
    program: PathBuf,
}

/// The password manager.
pub(super) fn keepassxc() -> Option<Sitter> {
    Some(Sitter { program: installed("keepassxc")? })
}

/// Only into the tray, with nothing to ask.
const KEEPASSXC: &[u8] = b"[General]\nUpdateCheckMessageShown=true\n\
    [GUI]\nCheckForUpdates=false\nMinimizeOnStartup=true\nMinimizeToTray=true\nShowTrayIcon=true\n";

impl Sitter {
    /// Its name.
    pub(super) const NAME: &'static str = "keepassxc";

    /// Starts it; how many milliseconds until it is in the tray.
    ///
    /// # Errors
    /// When it never is.
    pub(super) fn sit(&self, stage: &Stage) -> Outcome<(Program, f64)> {
        stage.session.write_home(".config/keepassxc/keepassxc.ini", KEEPASSXC)?;
        let _tray = TrayWatcher::serve(stage.session.bus_address())?;
        let command = stage.command(&self.program)?;
        let begun = now();
        let program = stage.session.spawn(Self::NAME, command)?;
        TrayItem::find(stage.session.bus(), "", SOON)
            .map_err(|fault| format!("{fault} {}", program.log()))?;
        Ok((program, now().since(begun)))
    }
}

fn installed(name: &str) -> Option<PathBuf> {
    Some(Path::new(PROGRAMS).join(name)).filter(|program| program.exists())
}
