//! A notification daemon that records what it is given and answers as a test says.
//!
//! It speaks the Desktop Notifications Specification 1.2 (freedesktop.org). It shows nothing.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zbus::interface;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedVariant;

use super::bus::block;
use super::fault::{Fault, Result, While};

const PATH: &str = "/org/freedesktop/Notifications";
const WITHIN: Duration = Duration::from_secs(20);

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The number that the daemon gave to it.
    pub id: u32,
    /// The number of the one that it replaces, or 0.
    pub replaces: u32,
    /// What the program calls itself.
    pub app: String,
    /// Its icon's name or path.
    pub icon: String,
    /// Title.
    pub summary: String,
    /// Text, possibly with markup.
    pub body: String,
    /// Key and label of every action.
    pub actions: Vec<(String, String)>,
    /// Names and values (in D-Bus notation) of the hints.
    pub hints: Vec<(String, String)>,
    /// Milliseconds until it goes by itself, -1 for the daemon's own, 0 for never.
    pub expires: i32,
    /// The unique bus name of the poster.
    pub sender: String,
    /// Whether it was closed, by whomever.
    pub closed: bool,
}

#[derive(Debug, Default)]
struct Records {
    posted: Vec<Posted>,
    /// Given to no notification that is still there.
    last: u32,
}

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<Records>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The recording daemon; it leaves the bus on drop.
#[derive(Debug)]
pub struct FakeNotifications {
    connection: zbus::Connection,
    shared: Arc<Shared>,
}

struct Daemon {
    shared: Arc<Shared>,
    capabilities: Vec<String>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[allow(clippy::too_many_arguments)]
    fn notify(
        &self,
        #[zbus(header)] header: Header<'_>,
        app: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expires: i32,
    ) -> u32 {
        let mut pairs = actions.into_iter();
        let mut named = vec![];
        while let (Some(key), Some(label)) = (pairs.next(), pairs.next()) {
            named.push((key, label));
        }
        let mut hints: Vec<_> =
            hints.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        hints.sort();
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let mut records = self.shared.lock();
        let id = if replaces == 0 { records.last + 1 } else { replaces };
        records.last = records.last.max(id);
        records.posted.push(Posted {
            id,
            replaces,
            app,
            icon,
            summary,
            body,
            actions: named,
            hints,
            expires,
            sender,
            closed: false,
        });
        self.shared.changed.notify_all();
        id
    }

    async fn close_notification(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        id: u32,
    ) -> zbus::fdo::Result<()> {
        self.shared.close(id);
        // Reason 3: closed by a call.
        Ok(Self::notification_closed(&emitter, id, 3).await?)
    }

    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.clone()
    }

    #[zbus(out_args("name", "vendor", "version", "spec_version"))]
    fn get_server_information(&self) -> (String, String, String, String) {
        ("placet-stage".into(), "Placet".into(), "1".into(), "1.2".into())
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

impl Shared {
    fn close(&self, id: u32) {
        self.lock().posted.iter_mut().filter(|one| one.id == id).for_each(|one| one.closed = true);
        self.changed.notify_all();
    }
}

impl FakeNotifications {
    /// Owns `org.freedesktop.Notifications` on the bus at `address`; all capabilities unless given.
    ///
    /// # Errors
    /// When somebody else owns the name.
    pub fn serve(address: &str, capabilities: Option<Vec<String>>) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let all = ["actions", "body", "body-markup", "icon-static", "persistence"];
        let capabilities = capabilities.unwrap_or_else(|| all.map(str::to_owned).to_vec());
        let daemon = Daemon { shared: Arc::clone(&shared), capabilities };
        let address = address.to_owned();
        let connection = block("becoming the notification daemon", WITHIN, async move {
            zbus::connection::Builder::address(address.as_str())
                .serve_at(PATH, daemon)
                .name("org.freedesktop.Notifications")
                .build()
                .await
        })?;
        Ok(Self { connection, shared })
    }

    /// Everything posted so far, oldest first.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.lock().posted.clone()
    }

    /// Waits until a notification fits, past ones included.
    ///
    /// # Errors
    /// When none does `within` the time; the message lists those that came.
    pub fn await_posted(&self, within: Duration, fits: impl Fn(&Posted) -> bool) -> Result<Posted> {
        let deadline = Instant::now() + within;
        let mut records = self.shared.lock();
        loop {
            if let Some(found) = records.posted.iter().find(|posted| fits(posted)) {
                return Ok(found.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let came = format!("nothing within {within:?}; there came {:?}", records.posted);
                return Err(Fault::new("waiting for a notification", came));
            }
            records = self
                .shared
                .changed
                .wait_timeout(records, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(records, _)| records);
        }
    }

    /// The person presses the action `key` of notification `id`.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn invoke(&self, id: u32, key: &str) -> Result<()> {
        let (emitter, key) = (self.emitter()?, key.to_owned());
        block("pressing an action", WITHIN, async move {
            Daemon::action_invoked(&emitter, id, &key).await
        })
    }

    /// The notification goes: `reason` 1 expired, 2 dismissed by the person, 3 by a call.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub fn dismiss(&self, id: u32, reason: u32) -> Result<()> {
        self.shared.close(id);
        let emitter = self.emitter()?;
        block("closing a notification", WITHIN, async move {
            Daemon::notification_closed(&emitter, id, reason).await
        })
    }

    fn emitter(&self) -> Result<SignalEmitter<'static>> {
        Ok(SignalEmitter::new(&self.connection, PATH).doing("preparing a signal")?.into_owned())
    }
}

impl Drop for FakeNotifications {
    fn drop(&mut self) {
        let connection = self.connection.clone();
        let _ = block("leaving the bus", WITHIN, async move { connection.close().await });
    }
}
