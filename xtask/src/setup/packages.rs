//! The system packages (Debian 12 names), each with its reason. Data only.

use Group::{Bench, Beside, Build, Run, Test};

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Compiling and linking.
    Build,
    /// Starting the desktop app; no linker finds these missing.
    Run,
    /// The virtual desktop of the tests and of the demo without a display.
    Test,
    /// Programs that the benchmarks' goals name.
    Bench,
    /// Programs that the benchmarks print beside, and that bring much along.
    Beside,
}

impl Group {
    /// Every group, with the name that the command line takes.
    pub(crate) const ALL: [(&'static str, Self); 5] =
        [("build", Build), ("run", Run), ("test", Test), ("bench", Bench), ("beside", Beside)];
}

/// One system package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    /// Why it is needed, in a few words.
    pub(crate) why: &'static str,
}

const fn package(name: &'static str, group: Group, why: &'static str) -> Package {
    Package { name, group, why }
}

/// Everything that is needed somewhere.
pub(crate) const PACKAGES: &[Package] = &[
    package("build-essential", Build, "compiles the bundled SQLite and links"),
    package("git", Build, "lists the files that the checks read"),
    package("libwebkit2gtk-4.1-dev", Build, "GTK 3 for the prompt, WebKit for the book"),
    package("pkg-config", Build, "finds GTK and WebKit"),
    package("libayatana-appindicator3-1", Run, "the tray icon opens it at run time"),
    package("adwaita-icon-theme", Test, "icons of GTK, or the prompt draws gaps"),
    package("at-spi2-core", Test, "the accessibility tree that the tests read"),
    package("dbus-x11", Test, "a session bus of the tests' own"),
    package("dunst", Test, "a notification daemon without action buttons"),
    package("fonts-dejavu-core", Test, "a font that has every character the tests show"),
    package("i3-wm", Test, "a window manager that tiles"),
    package("imagemagick", Test, "screenshots"),
    package("libnotify-bin", Test, "notify-send, for the hostile agent"),
    package("openbox", Test, "a window manager"),
    package("procps", Test, "ps, for reading every command line as an agent would"),
    package("python3-dbusmock", Test, "a mock of logind, for lock and sleep"),
    package("python3-pyatspi", Test, "reads and presses through the accessibility bus"),
    package("python3-venv", Test, "a place for pyotp, which checks the stage's codes"),
    package("sway", Test, "a Wayland compositor that needs no graphics card"),
    package("tigervnc-standalone-server", Test, "the X server whose input is the scripted person"),
    package("webkit2gtk-driver", Test, "drives the book"),
    package("x11-utils", Test, "xprop and xwininfo: what is where on the screen"),
    package("wtype", Test, "input by the virtual keyboard of Wayland, for the hostile agent"),
    package("xauth", Test, "authority files for the virtual displays"),
    package("zenity", Test, "an ordinary program, beside which an attack or a figure is looked at"),
    package("xdotool", Test, "injected input, for the hostile agent"),
    package("xfce4-notifyd", Test, "a notification daemon with action buttons"),
    package("xfce4-panel", Test, "a panel with a tray"),
    package("xvfb", Test, "a display for what needs no person"),
    package("pinentry-gtk2", Bench, "time from request to window"),
    package("keepassxc", Beside, "memory and start of a tray app that keeps secrets"),
];
