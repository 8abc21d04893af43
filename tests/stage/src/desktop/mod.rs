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
//! Must never: use the display, the bus or the home of the person who runs the tests.

mod attacker;
#[cfg(test)]
mod attacker_tests;
mod bus;
mod eyes;
mod fault;
mod folder;
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
pub use bus::Bus;
pub use eyes::{Eyes, Node, Rect, State, States};
pub use fault::{Fault, Result};
pub use notifications::{FakeNotifications, Posted};
pub use person::{Person, keys};
pub use program::Program;
pub use screen::{Screen, Window};
pub use session::{Builder, Notifications, Session};
pub use tray::{Entry, TrayItem, TrayWatcher};
pub use xsettings::Theme;
