//! One private desktop that is up.
//!
//! Promises: dropping the session ends every process that it started and removes its folder, also
//! by a panic.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::attacker::Attacker;
use super::builder::Builder;
use super::bus::Bus;
use super::eyes::Eyes;
use super::fault::{Result, While};
use super::folder::Folder;
use super::notifications::FakeNotifications;
use super::person::Person;
use super::program::{Program, Starter};
use super::screen::Screen;
use super::sweep::Sweep;
use super::user::User;
use super::xsettings::{Settings, Theme, XSettings};

/// A running private desktop; all of it ends on drop.
pub struct Session {
    // Dropped from top to bottom: what talks to the servers first, the servers last.
    pub(super) fake: Option<FakeNotifications>,
    pub(super) screen: Screen,
    pub(super) settings: Mutex<(XSettings, Settings)>,
    pub(super) bus: Bus,
    pub(super) programs: Vec<Program>,
    pub(super) sweep: Sweep,
    pub(super) starter: Starter,
    pub(super) display: u32,
    pub(super) cookie: [u8; 16],
    pub(super) environment: BTreeMap<String, String>,
    pub(super) user: User,
    pub(super) folder: Folder,
}

impl Session {
    /// A desktop with an X server, a bus, accessibility and a window manager; ask for more.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The whole environment of a program in the session.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Who programs run as.
    #[must_use]
    pub fn as_user(&self) -> &User {
        &self.user
    }

    /// The session's folder, with `home`, `run` (`XDG_RUNTIME_DIR`), `tmp`, `bin` and `log` in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The fresh home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.sub("home")
    }

    /// `XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.folder.sub("run")
    }

    /// A command that runs `program` in the session as its user, in its home, with only the
    /// session's environment. Give it to [`Session::spawn`], or run it to its end yourself.
    ///
    /// A program that the user cannot reach (a tree under a root-only folder) is copied first.
    ///
    /// # Errors
    /// When a program given by path is not there.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let program = self.install(Path::new(program.as_ref()))?;
        let mut command = self.user.command_bound_to_thread(program);
        dress(&mut command, &self.environment, &self.folder);
        Ok(command)
    }

    /// Where the user can run `program`: there, or a copy in the session's `bin`.
    ///
    /// # Errors
    /// When a program given by path is not there.
    pub fn install(&self, program: &Path) -> Result<PathBuf> {
        if program.components().count() > 1 {
            self.user.reachable(program, &self.folder.sub("bin"))
        } else {
            Ok(program.to_path_buf())
        }
    }

    /// Writes a file that belongs to the session's user; `path` is relative to its home.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_home(&self, path: &str, content: &[u8]) -> Result<PathBuf> {
        self.folder.write(&self.user, &format!("home/{path}"), content)
    }

    /// Starts a command of [`Session::command`]; its output goes to `log/NAME.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, name: &str, command: Command) -> Result<Program> {
        self.starter.start(name, command, &self.folder.sub("log"), false)
    }

    /// Starts a command whose standard output goes where it says itself.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_with_output(&self, name: &str, command: Command) -> Result<Program> {
        self.starter.start(name, command, &self.folder.sub("log"), true)
    }

    /// Starts a command whose output is a pipe; see [`Program::stdout`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_piped(&self, name: &str, mut command: Command) -> Result<Program> {
        command.stdout(Stdio::piped());
        self.starter.start(name, command, &self.folder.sub("log"), true)
    }

    /// The session bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The address of the session bus.
    #[must_use]
    pub fn bus_address(&self) -> &str {
        self.environment.get("DBUS_SESSION_BUS_ADDRESS").map_or("", String::as_str)
    }

    /// The X display.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// One more connection to the X display.
    ///
    /// # Errors
    /// When the display does not take it.
    pub fn open_screen(&self) -> Result<Screen> {
        Screen::connect(self.display, &self.cookie)
    }

    /// The X display's number.
    #[must_use]
    pub fn display(&self) -> u32 {
        self.display
    }

    /// The recording notification daemon, if the session has it.
    #[must_use]
    pub fn fake_notifications(&self) -> Option<&FakeNotifications> {
        self.fake.as_ref()
    }

    /// A person at this desktop.
    ///
    /// # Errors
    /// When the X server refuses the VNC client.
    pub fn person(&self) -> Result<Person> {
        Person::sit_down(&self.folder.sub("run/vnc.sock"))
    }

    /// What a screen reader at this desktop would read.
    ///
    /// # Errors
    /// When there is no accessibility bus.
    pub fn eyes(&self) -> Result<Eyes> {
        Eyes::open(&self.bus)
    }

    /// A program of the same session that means ill.
    ///
    /// # Errors
    /// When the display does not take it.
    pub fn attacker(&self) -> Result<Attacker> {
        Attacker::new(self.open_screen()?)
    }

    /// Writes a picture of the screen, as PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        self.screen.screenshot(path)
    }

    /// Changes light or dark while programs run.
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn set_theme(&self, theme: Theme) -> Result<()> {
        let mut guard = self.settings.lock().doing("changing the theme")?;
        let (announced, settings) = &mut *guard;
        settings.theme = theme;
        announced.change(&self.screen, *settings)
    }

    /// The process ids of the desktop itself, by name: X server, bus, window manager and so on.
    #[must_use]
    pub fn own_processes(&self) -> Vec<(String, u32)> {
        self.programs.iter().map(|program| (program.name().to_owned(), program.pid())).collect()
    }

    /// Every process of the session that is running now, started by it or by its programs.
    ///
    /// Processes that were started with another environment, or hide theirs, are not found.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.sweep.found()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.sweep.hold();
        // The window manager and the panel before the servers: the reverse of how they came.
        while let Some(program) = self.programs.pop() {
            program.stop();
        }
        // `sweep` and then `folder` are dropped after this, in the order of the fields.
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("display", &self.display)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

pub(super) fn dress(
    command: &mut Command,
    environment: &BTreeMap<String, String>,
    folder: &Folder,
) {
    command.env_clear().envs(environment).current_dir(folder.sub("home")).stdin(Stdio::null());
}
