//! How a private desktop comes up, part by part.
//!
//! Promises: what [`Builder::start`] returned is ready: the display takes connections, the window
//! manager has announced itself, the names on the bus have owners. Each is awaited by its own
//! event, never by a sleep. A start that fails half-way leaves nothing behind.
//!
//! Must never: activate anything on the bus. What is not asked for is not there, so that "no
//! notification daemon" means none.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::bus::Bus;
use super::eyes::Eyes;
use super::fault::{Fault, Result, While};
use super::folder::{Folder, PANEL, bus_configuration, x_authority};
use super::notifications::FakeNotifications;
use super::program::{Program, Starter, readable_within};
use super::rfb::Rfb;
use super::screen::Screen;
use super::session::{Session, dress};
use super::sweep::Sweep;
use super::user::{User, unprivileged};
use super::xsettings::{Settings, Theme, XSettings};

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

/// Who places windows and gives them the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowManager {
    /// Nobody: windows stand where they put themselves.
    None,
    /// openbox, which stacks: new windows lie over the others.
    #[default]
    Openbox,
    /// i3, which tiles: windows lie beside each other, and the focus of most comes with the pointer.
    I3,
    /// sway, a Wayland compositor, drawn into the X server so that the person's hands work it as any
    /// other desktop. Programs of the session know nothing but Wayland, and new windows get the focus.
    Sway,
}

/// i3 with two workspaces, and no bar that would have to be started; Super+1 and Super+2 go there.
const I3: &str = "# i3 config file (v4)
font pango:DejaVu Sans 9
workspace_layout default
bindsym Mod4+1 workspace number 1
bindsym Mod4+2 workspace number 2
bindsym Mod4+f fullscreen toggle
";

/// sway as large as the screen. It tells where it listens when it is ready.
fn sway((width, height): (u16, u16), ready: &Path) -> String {
    format!(
        "xwayland disable
output * mode --custom {width}x{height}@60Hz
output * bg #{BACKGROUND:06x} solid_color
default_border none
bindsym Mod4+1 workspace number 1
bindsym Mod4+2 workspace number 2
exec \"echo $WAYLAND_DISPLAY $SWAYSOCK > {0}.part && mv {0}.part {0}\"
",
        ready.display()
    )
}

/// What a session is to have.
#[derive(Debug, Clone)]
pub struct Builder {
    size: (u16, u16),
    monitors: u16,
    settings: Settings,
    panel: bool,
    notifications: Notifications,
    accessibility: bool,
    window_manager: WindowManager,
    environment: BTreeMap<String, String>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            size: (1280, 800),
            monitors: 1,
            settings: Settings { theme: Theme::Light, text_scale: 1.0, animations: true },
            panel: false,
            notifications: Notifications::None,
            accessibility: true,
            window_manager: WindowManager::default(),
            environment: BTreeMap::new(),
        }
    }

    /// Width and height of the screen in pixels (1280 × 800 unless said).
    #[must_use]
    pub fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    /// Into how many monitors, beside each other, the screen is divided (one unless said).
    #[must_use]
    pub fn monitors(mut self, monitors: u16) -> Self {
        self.monitors = monitors;
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

    /// Who places windows; openbox unless said.
    #[must_use]
    pub fn window_manager(mut self, window_manager: WindowManager) -> Self {
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
        let sweep = Sweep::new(MARK, folder.path());
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
        if self.monitors > 1 {
            Rfb::connect(&folder.sub("run/vnc.sock"))?.divide(self.monitors)?;
        }
        screen.paint(BACKGROUND)?;
        let settings = XSettings::announce(&screen, self.settings)?;
        let bus = Bus::connect(&bus_address)?;

        // Everything that does not need the others is started before anything is waited for.
        match self.window_manager {
            WindowManager::None => {}
            WindowManager::Openbox => stage.start("openbox", "openbox", &["--sm-disable"])?,
            WindowManager::I3 => {
                let config = folder.write(&user, "etc/i3.conf", I3.as_bytes())?;
                stage.start("i3", "i3", &["-c", &config.display().to_string()])?;
            }
            WindowManager::Sway => stage.sway(self.size)?,
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
        if matches!(self.window_manager, WindowManager::Openbox | WindowManager::I3) {
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
        x.args(["-SendCutText=0", "-AcceptCutText=0", "-AlwaysShared=1"]);
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

    /// Starts sway, waits until it is ready, and leaves later programs no display but its own.
    fn sway(&mut self, size: (u16, u16)) -> Result<()> {
        let ready = self.folder.sub("run/sway.ready");
        let config = sway(size, &ready);
        let config = self.folder.write(self.user, "etc/sway.conf", config.as_bytes())?;
        let mut command = self.command("sway");
        // No graphics card and no device of the machine is touched.
        command.env("WLR_BACKENDS", "x11").env("WLR_RENDERER", "pixman").arg("-c").arg(config);
        let program = self.starter.start("sway", command, &self.folder.sub("log"), false)?;
        self.programs.push(program);
        let begun = Instant::now();
        let told = loop {
            match std::fs::read_to_string(&ready) {
                Ok(told) => break told,
                Err(error) if begun.elapsed() > READY_WITHIN => {
                    return Err(self.explain(Fault::new("waiting for sway", error)));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let (display, socket) =
            told.trim().split_once(' ').doing("reading where sway listens".to_owned())?;
        for name in ["DISPLAY", "XAUTHORITY"] {
            self.environment.remove(name);
        }
        for (name, value) in [
            ("WAYLAND_DISPLAY", display),
            ("SWAYSOCK", socket),
            ("GDK_BACKEND", "wayland"),
            ("XDG_SESSION_TYPE", "wayland"),
            ("XDG_CURRENT_DESKTOP", "sway"),
        ] {
            self.environment.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
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
