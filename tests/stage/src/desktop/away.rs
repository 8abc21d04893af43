//! Who says that the screen is locked or that the machine goes to sleep: a screen saver and a login
//! manager that say what a test wants.
//!
//! Mocks: no real login manager runs without being the system's, and no locker lets a script
//! unlock it. They speak the interfaces of `org.freedesktop.ScreenSaver` and of
//! `org.freedesktop.login1` (systemd-logind).

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use zbus::message::Type;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedObjectPath;
use zbus::{MessageStream, interface};

use super::bus::block;
use super::fault::{Fault, Result, While};

const WITHIN: Duration = Duration::from_secs(20);
const SAVER: (&str, &str) = ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver");
const LOGIN: (&str, &str) = ("org.freedesktop.login1", "/org/freedesktop/login1");
const USER: &str = "/org/freedesktop/login1/user/me";
const SESSION: &str = "/org/freedesktop/login1/session/c1";

/// A screen saver; it leaves the bus on drop.
#[derive(Debug)]
pub struct FakeScreenSaver {
    connection: zbus::Connection,
    name: &'static str,
    path: &'static str,
    active: Arc<Mutex<bool>>,
}

impl FakeScreenSaver {
    /// Owns `org.freedesktop.ScreenSaver` on the bus at `address`.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve(address: &str, active: bool) -> Result<Self> {
        Self::serve_as(address, SAVER, active)
    }

    /// The same under the name of another desktop, which is its interface's as well, and at this
    /// path alone.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve_as(
        address: &str,
        (name, path): (&'static str, &'static str),
        active: bool,
    ) -> Result<Self> {
        let active = Arc::new(Mutex::new(active));
        let (says, address) = (Arc::clone(&active), address.to_owned());
        let connection = block("becoming the screen saver", WITHIN, async move {
            let bus = zbus::connection::Builder::address(address.as_str()).build().await?;
            let calls = MessageStream::from(&bus);
            tokio::spawn(answer(bus.clone(), calls, path, says));
            bus.request_name(name).await?;
            zbus::Result::Ok(bus)
        })?;
        Ok(Self { connection, name, path, active })
    }

    /// The screen is locked, or unlocked.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn set(&self, active: bool) -> Result<()> {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = active;
        let (bus, name, path) = (self.connection.clone(), self.name, self.path);
        block("locking", WITHIN, async move {
            bus.emit_signal(None::<&str>, path, name, "ActiveChanged", &active).await
        })
    }
}

/// Answers `GetActive` until the bus is left.
async fn answer(
    bus: zbus::Connection,
    mut calls: MessageStream,
    path: &str,
    active: Arc<Mutex<bool>>,
) {
    while let Some(Ok(call)) = calls.next().await {
        let header = call.header();
        if call.message_type() != Type::MethodCall {
            continue;
        }
        let here = header.path().is_some_and(|at| at.as_str() == path);
        let answered = if here && header.member().is_some_and(|member| *member == "GetActive") {
            let active = *active.lock().unwrap_or_else(PoisonError::into_inner);
            bus.reply(&header, &active).await
        } else {
            let nothing = "org.freedesktop.DBus.Error.UnknownObject";
            bus.reply_error(&header, nothing, &"nothing is here").await
        };
        if answered.is_err() {
            return;
        }
    }
}

impl Drop for FakeScreenSaver {
    fn drop(&mut self) {
        leave(&self.connection);
    }
}

/// A login manager; it leaves the bus on drop.
#[derive(Debug)]
pub struct FakeLogin {
    connection: zbus::Connection,
    inhibitors: Arc<Inhibitors>,
}

/// Our ends of the locks that were taken against sleep and not yet waited for.
#[derive(Debug, Default)]
struct Inhibitors {
    taken: Mutex<Vec<UnixStream>>,
    changed: Condvar,
}

struct Manager {
    inhibitors: Arc<Inhibitors>,
    asleep: bool,
    knows_user: bool,
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.login1")]
enum Refused {
    #[zbus(error)]
    ZBus(zbus::Error),
    NoSuchUser(String),
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_user(&self, uid: u32) -> std::result::Result<OwnedObjectPath, Refused> {
        if self.knows_user {
            path(USER).map_err(|error| Refused::ZBus(error.into()))
        } else {
            Err(Refused::NoSuchUser(format!("user {uid} is not logged in")))
        }
    }

    #[zbus(property)]
    fn preparing_for_sleep(&self) -> bool {
        self.asleep
    }

    fn inhibit(
        &self,
        what: String,
        _who: String,
        _why: String,
        mode: String,
    ) -> zbus::fdo::Result<zbus::wire::OwnedFd> {
        if (what.as_str(), mode.as_str()) != ("sleep", "delay") {
            return Err(zbus::fdo::Error::AccessDenied(format!("{what} {mode}")));
        }
        let failed = |error: std::io::Error| zbus::fdo::Error::Failed(error.to_string());
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        self.inhibitors.taken.lock().unwrap_or_else(PoisonError::into_inner).push(ours);
        self.inhibitors.changed.notify_all();
        Ok(OwnedFd::from(theirs).into())
    }

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;
}

struct User;

#[interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> zbus::fdo::Result<(String, OwnedObjectPath)> {
        Ok(("c1".to_owned(), path(SESSION)?))
    }
}

struct LoginSession {
    locked: bool,
    display: String,
}

#[interface(name = "org.freedesktop.login1.Session")]
impl LoginSession {
    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.locked
    }

    #[zbus(property, name = "Type")]
    fn kind(&self) -> &'static str {
        "x11"
    }

    #[zbus(property)]
    fn display(&self) -> String {
        self.display.clone()
    }

    #[zbus(property)]
    fn active(&self) -> bool {
        true
    }

    #[zbus(signal)]
    async fn lock(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn unlock(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

impl FakeLogin {
    /// Owns `org.freedesktop.login1` on the bus at `address`, with one session for everybody, that
    /// names no display.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve(address: &str, locked: bool) -> Result<Self> {
        Self::serve_display(address, locked, "")
    }

    /// The same; the session is on this X11 display.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve_display(address: &str, locked: bool, display: &str) -> Result<Self> {
        Self::serve_user(address, Some(LoginSession { locked, display: display.to_owned() }))
    }

    /// The same, but nobody has logged in with it.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve_nobody(address: &str) -> Result<Self> {
        Self::serve_user(address, None)
    }

    fn serve_user(address: &str, session: Option<LoginSession>) -> Result<Self> {
        let address = address.to_owned();
        let inhibitors = Arc::new(Inhibitors::default());
        let manager = Manager {
            inhibitors: Arc::clone(&inhibitors),
            asleep: false,
            knows_user: session.is_some(),
        };
        let connection = block("becoming the login manager", WITHIN, async move {
            let mut bus =
                zbus::connection::Builder::address(address.as_str()).serve_at(LOGIN.1, manager);
            if let Some(session) = session {
                bus = bus.serve_at(USER, User).serve_at(SESSION, session);
            }
            bus.name(LOGIN.0).build().await
        })?;
        Ok(Self { connection, inhibitors })
    }

    /// The session is told to lock itself, or to unlock; whether it does so it says another time.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn tell_to_lock(&self, lock: bool) -> Result<()> {
        let emitter = emitter(&self.connection, SESSION)?;
        block("telling the session to lock", WITHIN, async move {
            if lock {
                LoginSession::lock(&emitter).await
            } else {
                LoginSession::unlock(&emitter).await
            }
        })
    }

    /// Waits until somebody wants sleep to wait for them.
    ///
    /// # Errors
    /// When nobody does `within` the time.
    pub fn await_inhibited(&self, within: Duration) -> Result<Inhibitor> {
        let taken = self.inhibitors.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, _) = self
            .inhibitors
            .changed
            .wait_timeout_while(taken, within, |taken| taken.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        taken.pop().map(Inhibitor).ok_or_else(|| Fault::new("waiting for an inhibitor", "none"))
    }

    /// The session is locked, or unlocked.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn lock(&self, locked: bool) -> Result<()> {
        let server = self.connection.object_server().clone();
        block("locking the session", WITHIN, async move {
            let session = server.interface::<_, LoginSession>(SESSION).await?;
            session.get_mut().await.locked = locked;
            session.get().await.locked_hint_changed(session.signal_emitter()).await
        })
    }

    /// The machine goes to sleep, or wakes.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn sleep(&self, asleep: bool) -> Result<()> {
        let server = self.connection.object_server().clone();
        block("going to sleep", WITHIN, async move {
            let manager = server.interface::<_, Manager>(LOGIN.1).await?;
            manager.get_mut().await.asleep = asleep;
            Manager::prepare_for_sleep(manager.signal_emitter(), asleep).await
        })
    }
}

/// What keeps the machine awake until its holder lets go.
#[derive(Debug)]
pub struct Inhibitor(UnixStream);

impl Inhibitor {
    /// Waits until its holder lets go.
    ///
    /// # Errors
    /// When they do not `within` the time.
    pub fn await_released(mut self, within: Duration) -> Result<()> {
        let doing = "waiting until sleep is allowed";
        self.0.set_read_timeout(Some(within)).doing(doing)?;
        match self.0.read(&mut [0]).doing(doing)? {
            0 => Ok(()),
            _ => Err(Fault::new(doing, "something was said instead")),
        }
    }

    /// Whether its holder still holds it.
    #[must_use]
    pub fn held(&mut self) -> bool {
        let _ = self.0.set_nonblocking(true);
        let held = self.0.read(&mut [0]).is_err();
        let _ = self.0.set_nonblocking(false);
        held
    }
}

impl Drop for FakeLogin {
    fn drop(&mut self) {
        leave(&self.connection);
    }
}

fn path(path: &'static str) -> zbus::fdo::Result<OwnedObjectPath> {
    path.try_into().map_err(|_| zbus::fdo::Error::Failed("not a path".to_owned()))
}

fn emitter(connection: &zbus::Connection, path: &'static str) -> Result<SignalEmitter<'static>> {
    Ok(SignalEmitter::new(connection, path).doing("preparing a signal")?.into_owned())
}

fn leave(connection: &zbus::Connection) {
    let connection = connection.clone();
    let _ = block("leaving the bus", WITHIN, async move { connection.close().await });
}
