//! The tray: a watcher for a desktop without a panel, and an item's menu read and pressed.
//!
//! StatusNotifierItem (freedesktop.org) with its menu over `com.canonical.dbusmenu`. Menu entries
//! are found by their label, because that is what a person reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use zbus::interface;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::wire::{OwnedObjectPath, OwnedVariant, Variant};
use zbus::{MatchRule, MessageStream, Proxy};

use super::bus::{Bus, block};
use super::fault::{Fault, Result};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const WITHIN: Duration = Duration::from_secs(20);

/// An icon in the tray.
#[derive(Debug, Clone)]
pub struct TrayItem {
    connection: zbus::Connection,
    owner: String,
    path: String,
}

/// One entry of a menu, with those below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The number that the program gave to it.
    pub id: i32,
    /// What it says, without the underscores that mark mnemonics.
    pub label: String,
    /// Whether it can be pressed.
    pub enabled: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// Whether it is a line between others.
    pub separator: bool,
    /// Whether it is ticked, when it can be.
    pub checked: Option<bool>,
    /// The entries below it.
    pub children: Vec<Entry>,
}

impl Entry {
    /// This entry and all below it, from top to bottom.
    #[must_use]
    pub fn all(&self) -> Vec<&Entry> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Entry::all));
        all
    }

    /// The labels of what is shown, from top to bottom.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let shown =
            self.all().into_iter().skip(1).filter(|entry| entry.visible && !entry.separator);
        shown.map(|entry| entry.label.as_str()).collect()
    }
}

impl TrayItem {
    /// The items that the watcher (a panel's, or a [`TrayWatcher`]) knows now.
    ///
    /// # Errors
    /// When there is no watcher.
    pub fn all(bus: &Bus) -> Result<Vec<Self>> {
        let connection = bus.connection().clone();
        block("listing the tray", WITHIN, async move { items(&connection).await })
    }

    /// Waits until the watcher knows an item whose `Id` or `Title` contains `name`.
    ///
    /// # Errors
    /// When it does not `within` the time.
    pub fn find(bus: &Bus, name: &str, within: Duration) -> Result<Self> {
        let connection = bus.connection().clone();
        let name = name.to_owned();
        block(format!("waiting for {name} in the tray"), within, async move {
            let rule = MatchRule::builder()
                .msg_type(zbus::message::Type::Signal)
                .interface(WATCHER)
                .member("StatusNotifierItemRegistered")
                .build()?;
            let mut registered = MessageStream::for_match_rule(rule, &connection, None).await?;
            loop {
                for item in items(&connection).await? {
                    if item.called(&name).await {
                        return Ok::<_, zbus::Error>(item);
                    }
                }
                if registered.next().await.is_none() {
                    return Err(zbus::Error::Failure("the bus went away".into()));
                }
            }
        })
    }

    /// A string property of the item: `Id`, `Title`, `Status`, `IconName`, `IconThemePath`,
    /// `IconAccessibleDesc`, …
    ///
    /// # Errors
    /// When the item has no such property, or it is not a string.
    pub fn property(&self, name: &str) -> Result<String> {
        let (item, property) = (self.clone(), name.to_owned());
        block(format!("reading the tray item's {name}"), WITHIN, async move {
            item.text(&property).await
        })
    }

    /// The whole menu; its root has no label.
    ///
    /// # Errors
    /// When the item has no menu.
    pub fn menu(&self) -> Result<Entry> {
        let item = self.clone();
        block("reading the tray menu", WITHIN, async move { item.layout().await })
    }

    /// Waits until the menu fits.
    ///
    /// # Errors
    /// When it does not `within` the time; the message has its labels.
    pub fn await_menu(&self, within: Duration, fits: impl Fn(&Entry) -> bool) -> Result<Entry> {
        let deadline = Instant::now() + within;
        loop {
            let menu = self.menu()?;
            if fits(&menu) {
                return Ok(menu);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let labels = format!("it has {:?}", menu.labels());
                return Err(Fault::new("waiting for the tray menu to change", labels));
            }
            let item = self.clone();
            // A change between the reading and the listening is seen by the next look.
            let _ =
                block("waiting for the tray menu to change", left.min(LOOK_AGAIN), async move {
                    item.changed().await
                });
        }
    }

    /// Presses the entry whose label contains `label`.
    ///
    /// # Errors
    /// When there is none, it is not enabled, or several fit.
    pub fn press(&self, label: &str) -> Result<()> {
        let menu = self.menu()?;
        let fitting: Vec<&Entry> = menu
            .all()
            .into_iter()
            .filter(|entry| entry.visible && !entry.separator && entry.label.contains(label))
            .collect();
        let doing = format!("pressing {label:?} in the tray menu");
        let [entry] = fitting.as_slice() else {
            let cause = format!("{} entries fit of {:?}", fitting.len(), menu.labels());
            return Err(Fault::new(doing, cause));
        };
        if !entry.enabled {
            return Err(Fault::new(doing, "it cannot be pressed now"));
        }
        let (item, id) = (self.clone(), entry.id);
        block(doing, WITHIN, async move {
            let menu = item.menu_proxy().await?;
            let body = (id, "clicked", Variant::from(0i32), 0u32);
            menu.call::<_, _, ()>("Event", &body).await
        })
    }

    async fn called(&self, name: &str) -> bool {
        for property in ["Id", "Title"] {
            if self.text(property).await.is_ok_and(|text| text.contains(name)) {
                return true;
            }
        }
        false
    }

    async fn text(&self, property: &str) -> zbus::Result<String> {
        self.proxy().await?.get_property(property).await
    }

    async fn proxy(&self) -> zbus::Result<Proxy<'static>> {
        Proxy::new(&self.connection, self.owner.clone(), self.path.clone(), ITEM).await
    }

    async fn menu_proxy(&self) -> zbus::Result<Proxy<'static>> {
        let path: OwnedObjectPath = self.proxy().await?.get_property("Menu").await?;
        Proxy::new(&self.connection, self.owner.clone(), path, MENU).await
    }

    async fn layout(&self) -> zbus::Result<Entry> {
        let menu = self.menu_proxy().await?;
        let all: Vec<String> = vec![];
        let (_revision, root): (u32, Layout) = menu.call("GetLayout", &(0, -1, all)).await?;
        Ok(entry(root))
    }

    async fn changed(&self) -> zbus::Result<()> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(self.owner.as_str())
            .interface(MENU)
            .build()?;
        MessageStream::for_match_rule(rule, &self.connection, None).await?.next().await;
        Ok(())
    }
}

/// How long a change of the menu may go unseen at most.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

type Layout = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

fn entry((id, properties, children): Layout) -> Entry {
    let text =
        |name: &str| properties.get(name).and_then(|value| String::try_from(value.clone()).ok());
    let truth = |name: &str| properties.get(name).and_then(|value| bool::try_from(value).ok());
    let ticked = properties.get("toggle-state").and_then(|value| i32::try_from(value).ok());
    Entry {
        id,
        // "__" is an underscore, "_" marks the mnemonic.
        label: text("label")
            .unwrap_or_default()
            .replace("__", "\u{0}")
            .replace('_', "")
            .replace('\u{0}', "_"),
        enabled: truth("enabled").unwrap_or(true),
        visible: truth("visible").unwrap_or(true),
        separator: text("type").as_deref() == Some("separator"),
        checked: text("toggle-type").filter(|kind| !kind.is_empty()).map(|_| ticked == Some(1)),
        children: children
            .into_iter()
            .filter_map(|child| Layout::try_from(child).ok())
            .map(entry)
            .collect(),
    }
}

async fn items(connection: &zbus::Connection) -> zbus::Result<Vec<TrayItem>> {
    // Not `get_property`, which caches.
    let properties =
        Proxy::new(connection, WATCHER, WATCHER_PATH, "org.freedesktop.DBus.Properties").await?;
    let names: OwnedVariant =
        properties.call("Get", &(WATCHER, "RegisteredStatusNotifierItems")).await?;
    let names =
        Vec::<String>::try_from(names).map_err(|error| zbus::Error::Failure(error.to_string()))?;
    Ok(names.iter().map(|name| item(connection, name)).collect())
}

/// A registered name is `:1.7/its/path`, or a bus name alone.
fn item(connection: &zbus::Connection, name: &str) -> TrayItem {
    let (owner, path) = match name.split_once('/') {
        Some((owner, path)) => (owner.to_owned(), format!("/{path}")),
        None => (name.to_owned(), "/StatusNotifierItem".to_owned()),
    };
    TrayItem { connection: connection.clone(), owner, path }
}

/// The tray of a desktop that has no panel: it knows the items and shows nothing.
#[derive(Debug)]
pub struct TrayWatcher {
    connection: zbus::Connection,
}

struct Watcher {
    items: Arc<Mutex<Vec<String>>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        service: String,
    ) -> zbus::fdo::Result<()> {
        // Ayatana gives a path and means itself; KDE gives a bus name.
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let name = if service.starts_with('/') { format!("{sender}{service}") } else { service };
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        Ok(Self::status_notifier_item_registered(&emitter, &name).await?)
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(
        emitter: &SignalEmitter<'_>,
        service: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

impl TrayWatcher {
    /// Owns `org.kde.StatusNotifierWatcher` on the bus at `address`, as panel and host in one.
    ///
    /// # Errors
    /// When a panel already owns the name.
    pub fn serve(address: &str) -> Result<Self> {
        let watcher = Watcher { items: Arc::default() };
        let address = address.to_owned();
        let connection = block("becoming the tray", WITHIN, async move {
            zbus::connection::Builder::address(address.as_str())
                .serve_at(WATCHER_PATH, watcher)
                .name(WATCHER)
                .build()
                .await
        })?;
        Ok(Self { connection })
    }
}

impl Drop for TrayWatcher {
    fn drop(&mut self) {
        let connection = self.connection.clone();
        let _ = block("leaving the bus", WITHIN, async move { connection.close().await });
    }
}
