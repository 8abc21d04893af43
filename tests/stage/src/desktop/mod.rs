//! A private desktop for one test run, a scripted person at it, and an attacker in it.
//!
//! [`Session`] is the desktop: X server, session bus, accessibility bus, window manager, and on
//! request a panel with a tray and a notification daemon, all in a fresh home that is removed
//! afterwards. [`Person`] is the hands: a VNC client, so that what they do comes from the X
//! server's own input device and not from XTEST. [`Eyes`] reads the accessibility tree, which is
//! what a screen reader would say. [`Attacker`] injects input in every way that a program of the
//! same session can.
//!
//! Promises: nothing outside of the session's folder is written, but for the X server's own lock
//! and socket under `/tmp`, which it removes; every process that a session started, directly or
//! not, is ended when the session is dropped, also by a panic; started by root, everything in the
//! session runs as an unprivileged user.
//!
//! Debian packages: `tigervnc-standalone-server dbus-daemon openbox at-spi2-core util-linux
//! fonts-dejavu-core adwaita-icon-theme`; for a panel `xfce4-panel xfconf`; for shown
//! notifications `xfce4-notifyd`; for a tiling window manager `i3-wm`, for Wayland
//! `sway`. The stage's own tests also use `zenity libnotify-bin python3-gi
//! gir1.2-gtk-3.0 libayatana-appindicator3-1`.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use placet_stage::desktop::{Notifications, Result, Session};
//! # fn main() -> Result<()> {
//! let session = Session::builder().panel(true).notifications(Notifications::Xfce).start()?;
//! let mut zenity = session.command("zenity")?;
//! zenity.args(["--question", "--text=Shall we?"]);
//! let zenity = session.spawn("zenity", zenity)?;
//! let soon = Duration::from_secs(10);
//! let yes = session.eyes()?.await_node("zenity", soon, |node| node.name == "Yes")?;
//! session.screenshot("asked.png".as_ref())?;
//! session.person()?.hold_on(&yes, Duration::from_millis(700))?;
//! # Ok(()) }
//! ```
//!
//! Must never: use the display, the bus or the home of the person who runs the tests.

mod attacker;
#[cfg(test)]
mod attacker_tests;
mod away;
mod builder;
mod bus;
mod eyes;
mod fault;
mod folder;
mod node;
mod notifications;
mod person;
mod program;
mod rfb;
mod screen;
mod session;
mod sweep;
#[cfg(test)]
mod tests;
mod tray;
#[cfg(test)]
mod tray_tests;
pub mod user;
mod xsettings;

pub use attacker::{Attacker, Device};
pub use away::{FakeLogin, FakeScreenSaver, Inhibitor};
pub use builder::{Builder, Notifications, WindowManager};
pub use bus::Bus;
pub use eyes::Eyes;
pub use fault::{Fault, Result};
pub use node::{Node, Rect, State, States};
pub use notifications::{FakeNotifications, Posted};
pub use person::{Person, keys};
pub use program::Program;
pub use screen::{Screen, Window};
pub use session::Session;
pub use tray::{Entry, TrayItem, TrayWatcher};
pub use xsettings::Theme;
