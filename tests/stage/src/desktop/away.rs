//! Who says that the screen is locked or that the machine goes to sleep: a screen saver and a login
//! manager that say what a test wants.
//!
//! Mocks: no real login manager runs without being the system's, and no locker lets a script
//! unlock it. They speak the interfaces of `org.freedesktop.ScreenSaver` and of
//! `org.freedesktop.login1` (systemd-logind).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zbus::interface;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedObjectPath;

use super::bus::block;
use super::fault::{Result, While};

const WITHIN: Duration = Duration::from_secs(20);
const SAVER: (&str, &str) = ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver");
const LOGIN: (&str, &str) = ("org.freedesktop.login1", "/org/freedesktop/login1");
const USER: &str = "/org/freedesktop/login1/user/me";
const SESSION: &str = "/org/freedesktop/login1/session/c1";

/// A screen saver; it leaves the bus on drop.
#[derive(Debug)]
pub struct FakeScreenSaver {
    connection: zbus::Connection,
    active: Arc<Mutex<bool>>,
}

struct Saver(Arc<Mutex<bool>>);

#[interface(name = "org.freedesktop.ScreenSaver")]
impl Saver {
    fn get_active(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[zbus(signal)]
    async fn active_changed(emitter: &SignalEmitter<'_>, active: bool) -> zbus::Result<()>;
}

impl FakeScreenSaver {
    /// Owns `org.freedesktop.ScreenSaver` on the bus at `address`.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve(address: &str, active: bool) -> Result<Self> {
        let active = Arc::new(Mutex::new(active));
        let (saver, address) = (Saver(Arc::clone(&active)), address.to_owned());
        let connection = block("becoming the screen saver", WITHIN, async move {
            let bus = zbus::connection::Builder::address(address.as_str());
            bus.serve_at(SAVER.1, saver).name(SAVER.0).build().await
        })?;
        Ok(Self { connection, active })
    }

    /// The screen is locked, or unlocked.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn set(&self, active: bool) -> Result<()> {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = active;
        let emitter = emitter(&self.connection, SAVER.1)?;
        block("locking", WITHIN, async move { Saver::active_changed(&emitter, active).await })
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
}

struct Manager;

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_user(&self, _uid: u32) -> zbus::fdo::Result<OwnedObjectPath> {
        path(USER)
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
}

#[interface(name = "org.freedesktop.login1.Session")]
impl LoginSession {
    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.locked
    }
}

impl FakeLogin {
    /// Owns `org.freedesktop.login1` on the bus at `address`, with one session for everybody.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve(address: &str, locked: bool) -> Result<Self> {
        let address = address.to_owned();
        let connection = block("becoming the login manager", WITHIN, async move {
            zbus::connection::Builder::address(address.as_str())
                .serve_at(LOGIN.1, Manager)
                .serve_at(USER, User)
                .serve_at(SESSION, LoginSession { locked })
                .name(LOGIN.0)
                .build()
                .await
        })?;
        Ok(Self { connection })
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
        let emitter = emitter(&self.connection, LOGIN.1)?;
        block("going to sleep", WITHIN, async move {
            Manager::prepare_for_sleep(&emitter, asleep).await
        })
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
