//! One private desktop.
//!
//! Promises: what [`Session::start`](Builder::start) returned is ready: the display takes
//! connections, the window manager has announced itself, the names on the bus have owners. Each is
//! awaited by its own event, never by a sleep. Dropping the session ends every process that it
//! started and removes its folder, also by a panic.
//!
//! Must never: activate anything on the bus. What is not asked for is not there, so that "no
//! notification daemon" means none.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::bus::Bus;
use super::fault::{Fault, Result, While};
use super::folder::{Folder, PANEL, bus_configuration, x_authority};
use super::notifications::FakeNotifications;
use super::person::Person;
use super::program::{Program, Starter, readable_within};
use super::screen::Screen;
use super::user::{User, unprivileged};
use super::xsettings::{Settings, Theme, XSettings};
use super::{attacker::Attacker, eyes::Eyes, sweep};

/// How long any part of the desktop may take to be ready: far above what a busy machine needs.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// The colour of the empty desktop.
const BACKGROUND: u32 = 0x4a_6a_7c;

/// The environment variable that marks every process of a session, by the session's folder.
pub(crate) const MARK: &str = "PLACET_STAGE";

/// GTK 3 has the dark variant of Adwaita built in, but not as a theme of its own; desktops that
/// offer it as one install this line.
const DARK: &[u8] =
    b"@import url(\"resource:///org/gtk/libgtk/theme/Adwaita/gtk-contained-dark.css\");\n";

/// Who answers `org.freedesktop.Notifications`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Notifications {
    /// Nobody; and nothing is activated.
    #[default]
    None,
    /// xfce4-notifyd, which shows action buttons.
    Xfce,
    /// A recording one of our own, with all capabilities; see [`Session::fake_notifications`].
    Fake,
    /// A recording one with just these capabilities.
    FakeWith(Vec<String>),
}

/// What a session is to have.
#[derive(Debug, Clone)]
pub struct Builder {
    size: (u16, u16),
    settings: Settings,
    panel: bool,
    notifications: Notifications,
    accessibility: bool,
    window_manager: bool,
    environment: BTreeMap<String, String>,
}

/// A running private desktop; all of it ends on drop.
pub struct Session {
    // Dropped from top to bottom: what talks to the servers first, the servers last.
    fake: Option<FakeNotifications>,
    screen: Screen,
    settings: Mutex<(XSettings, Settings)>,
    bus: Bus,
    programs: Vec<Program>,
    sweep: sweep::Sweep,
    starter: Starter,
    display: u32,
    cookie: [u8; 16],
    environment: BTreeMap<String, String>,
    user: User,
    folder: Folder,
}

impl Builder {
    /// Width and height of the screen in pixels (1280 × 800 unless said).
    #[must_use]
    pub fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    /// How large text is, 1.0 for 96 dots per inch (XSETTINGS `Xft/DPI`).
    #[must_use]
    pub fn text_scale(mut self, scale: f64) -> Self {
        self.settings.text_scale = scale;
        self
    }

    /// Light or dark (XSETTINGS `Net/ThemeName`).
    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.settings.theme = theme;
        self
    }

    /// Whether programs may animate (XSETTINGS `Gtk/EnableAnimations`); they may unless said.
    #[must_use]
    pub fn animations(mut self, animations: bool) -> Self {
        self.settings.animations = animations;
        self
    }

    /// Whether there is an xfce4-panel with a task list and a tray; there is none unless said.
    #[must_use]
    pub fn panel(mut self, panel: bool) -> Self {
        self.panel = panel;
        self
    }

    /// Who shows notifications; nobody unless said.
    #[must_use]
    pub fn notifications(mut self, notifications: Notifications) -> Self {
        self.notifications = notifications;
        self
    }

    /// Whether programs export their accessibility tree; they do unless said.
    #[must_use]
    pub fn accessibility(mut self, accessibility: bool) -> Self {
        self.accessibility = accessibility;
        self
    }

    /// Whether openbox runs; it does unless said.
    #[must_use]
    pub fn window_manager(mut self, window_manager: bool) -> Self {
        self.window_manager = window_manager;
        self
    }

    /// One more environment variable of every program that is started in the session.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the desktop and waits until all of it is ready.
    ///
    /// # Errors
    /// When a program is missing (its Debian package is in the stage's documentation), or does not
    /// become ready within thirty seconds; the message has the end of its log.
    pub fn start(self) -> Result<Session> {
        let user = unprivileged()?;
        let folder = Folder::make(&user)?;
        let starter = Starter::new();
        let mut environment = environment(&folder);
        environment.extend(self.environment.clone());
        // Declared before the programs: a start that fails half-way is swept as well.
        let sweep = sweep::Sweep::new(MARK, folder.path());
        let mut stage = Raising {
            user: &user,
            folder: &folder,
            starter: &starter,
            environment,
            programs: vec![],
        };

        let cookie = stage.authority()?;
        folder.write(&user, "home/.local/share/themes/Adwaita-dark/gtk-3.0/gtk.css", DARK)?;
        let (display, bus_address) = stage.servers(self.size)?;
        stage.environment.insert("DISPLAY".into(), format!(":{display}"));
        stage.environment.insert("DBUS_SESSION_BUS_ADDRESS".into(), bus_address.clone());
        let screen = Screen::connect(display, &cookie)?;
        screen.paint(BACKGROUND)?;
        let settings = XSettings::announce(&screen, self.settings)?;
        let bus = Bus::connect(&bus_address)?;

        // Everything that does not need the others is started before anything is waited for.
        if self.window_manager {
            stage.start("openbox", "openbox", &["--sm-disable"])?;
        }
        if self.accessibility {
            stage.start("at-spi", at_spi()?, &["--launch-immediately"])?;
        }
        let xfce = self.panel || self.notifications == Notifications::Xfce;
        if xfce {
            if self.panel {
                let path = "home/.config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml";
                folder.write(&user, path, PANEL.as_bytes())?;
            }
            stage.start("xfconfd", activated("org.xfce.Xfconf")?, &[])?;
            stage.owned(&bus, "org.xfce.Xfconf")?;
        }
        if self.window_manager {
            screen.await_window_manager(READY_WITHIN).map_err(|fault| stage.explain(fault))?;
        }
        if self.panel {
            stage.start("xfce4-panel", "xfce4-panel", &["--disable-wm-check"])?;
        }
        let fake = match &self.notifications {
            Notifications::None => None,
            Notifications::Fake => Some(FakeNotifications::serve(&bus_address, None)?),
            Notifications::FakeWith(list) => {
                Some(FakeNotifications::serve(&bus_address, Some(list.clone()))?)
            }
            Notifications::Xfce => {
                let notifyd = activated("org.xfce.xfce4-notifyd.Notifications")?;
                stage.start("xfce4-notifyd", notifyd, &[])?;
                stage.owned(&bus, "org.freedesktop.Notifications")?;
                None
            }
        };
        if self.panel {
            stage.owned(&bus, "org.kde.StatusNotifierWatcher")?;
        }
        if self.accessibility {
            stage.owned(&bus, "org.a11y.Bus")?;
            Eyes::switch_on(&bus)?;
        }

        let (programs, environment) = (stage.programs, stage.environment);
        let settings = Mutex::new((settings, self.settings));
        Ok(Session {
            fake,
            screen,
            settings,
            bus,
            programs,
            sweep,
            starter,
            display,
            cookie,
            environment,
            user,
            folder,
        })
    }
}

impl Session {
    /// A desktop with an X server, a bus, accessibility and a window manager; ask for more.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            size: (1280, 800),
            settings: Settings { theme: Theme::Light, text_scale: 1.0, animations: true },
            panel: false,
            notifications: Notifications::None,
            accessibility: true,
            window_manager: true,
            environment: BTreeMap::new(),
        }
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

/// A session that is coming up.
struct Raising<'a> {
    user: &'a User,
    folder: &'a Folder,
    starter: &'a Starter,
    environment: BTreeMap<String, String>,
    programs: Vec<Program>,
}

impl Raising<'_> {
    fn authority(&self) -> Result<[u8; 16]> {
        let mut cookie = [0; 16];
        getrandom::fill(&mut cookie).doing("making a cookie for the display")?;
        self.folder.write(self.user, "run/Xauthority", &x_authority(&cookie))?;
        Ok(cookie)
    }

    /// Starts the X server and the bus, and returns the display's number and the bus's address.
    fn servers(&mut self, (width, height): (u16, u16)) -> Result<(u32, String)> {
        let mut x = self.command("Xtigervnc");
        x.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-depth", "24", "-dpi", "96"]);
        x.args(["-geometry", &format!("{width}x{height}"), "-SecurityTypes", "None"]);
        x.args(["-rfbport", "-1", "-rfbunixmode", "0600", "-rfbunixpath"]);
        x.arg(self.folder.sub("run/vnc.sock"));
        // The person has no clipboard, and several persons may sit down.
        x.args([
            "-SendCutText=0",
            "-AcceptCutText=0",
            "-AlwaysShared=1",
            "-AcceptSetDesktopSize=0",
        ]);
        x.arg("-auth").arg(self.folder.sub("run/Xauthority"));
        x.stdout(Stdio::piped());
        let mut x = self.starter.start("Xtigervnc", x, &self.folder.sub("log"), true)?;

        let socket = self.folder.sub("run/bus");
        let configuration =
            self.folder.write(self.user, "etc/bus.conf", bus_configuration(&socket).as_bytes())?;
        let mut bus = self.command("dbus-daemon");
        bus.arg("--nofork").arg("--print-address=1").arg("--config-file").arg(configuration);
        bus.stdout(Stdio::piped());
        let mut bus = self.starter.start("dbus-daemon", bus, &self.folder.sub("log"), true)?;

        // Each writes its line when it takes connections.
        let display = first_line(&mut x)?;
        let display =
            display.parse().doing(format!("reading the display's number: {display:?}"))?;
        let address = first_line(&mut bus)?;
        self.programs.extend([bus, x]);
        Ok((display, address))
    }

    fn start(&mut self, name: &str, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<()> {
        let mut command = self.command(program);
        command.args(arguments);
        let program = self.starter.start(name, command, &self.folder.sub("log"), false)?;
        self.programs.push(program);
        Ok(())
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.user.command_bound_to_thread(program);
        dress(&mut command, &self.environment, self.folder);
        command
    }

    fn owned(&self, bus: &Bus, name: &str) -> Result<()> {
        bus.await_owner(name, READY_WITHIN).map(drop).map_err(|fault| self.explain(fault))
    }

    /// Adds what the programs wrote, which is usually why.
    fn explain(&self, fault: Fault) -> Fault {
        let logs: Vec<String> = self
            .programs
            .iter()
            .map(|program| {
                format!("{} (running: {}): {}", program.name(), program.running(), program.log())
            })
            .collect();
        Fault::new(fault.to_string(), logs.join("\n"))
    }
}

fn dress(command: &mut Command, environment: &BTreeMap<String, String>, folder: &Folder) {
    command.env_clear().envs(environment).current_dir(folder.sub("home")).stdin(Stdio::null());
}

/// The environment of every program, but for the addresses of the display and the bus.
fn environment(folder: &Folder) -> BTreeMap<String, String> {
    let path = |name: &str| folder.sub(name).display().to_string();
    let path_with_ours = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", path("bin"));
    [
        ("HOME", path("home")),
        ("XDG_RUNTIME_DIR", path("run")),
        ("TMPDIR", path("tmp")),
        ("XAUTHORITY", path("run/Xauthority")),
        ("PATH", path_with_ours),
        ("LANG", "C.UTF-8".into()),
        ("XDG_CONFIG_DIRS", "/etc/xdg".into()),
        ("XDG_DATA_DIRS", "/usr/local/share:/usr/share".into()),
        ("XDG_SESSION_TYPE", "x11".into()),
        ("XDG_CURRENT_DESKTOP", "XFCE".into()),
        ("GDK_BACKEND", "x11".into()),
        // No dconf: it would have to be activated.
        ("GSETTINGS_BACKEND", "memory".into()),
        ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
        (MARK, folder.path().display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn first_line(program: &mut Program) -> Result<String> {
    let doing = format!("waiting for {} to be ready", program.name());
    let mut output = BufReader::new(program.stdout().doing(doing.clone())?);
    let deadline = Instant::now() + READY_WITHIN;
    if !readable_within(output.get_ref().as_fd(), deadline).doing(doing.clone())? {
        return Err(Fault::new(
            doing,
            format!("nothing within {READY_WITHIN:?}: {}", program.log()),
        ));
    }
    let mut line = String::new();
    output.by_ref().take(4096).read_line(&mut line).doing(doing.clone())?;
    match line.trim() {
        "" => Err(Fault::new(doing, format!("it ended: {}", program.log()))),
        line => Ok(line.to_owned()),
    }
}

/// The program that D-Bus would activate for a name, from its service file: where a distribution
/// puts it differs.
fn activated(service: &str) -> Result<String> {
    let file = format!("/usr/share/dbus-1/services/{service}.service");
    let text = std::fs::read_to_string(&file).doing(format!("reading {file}"))?;
    let program = text.lines().find_map(|line| line.strip_prefix("Exec="));
    let program = program.and_then(|line| line.split_whitespace().next());
    program.map(str::to_owned).doing(format!("finding the program of {service}"))
}

fn at_spi() -> Result<String> {
    activated("org.a11y.Bus")
}
