//! The person's eyes: the accessibility tree of a program, as a screen reader reads it.
//!
//! Read over the accessibility bus (AT-SPI 2) by hand with zbus 6: the `atspi` crate brings a
//! second zbus of another major version. Only reads; pressing through this interface is what an
//! attacker does ([`super::Attacker::press_by_accessibility`]).
//!
//! The tree changes while it is read: a node that goes away is left out.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::wire::OwnedObjectPath;
use zbus::{MatchRule, MessageStream, Proxy};

use super::bus::{Bus, block};
use super::fault::{Fault, Result, While};
use super::node::{Node, Rect, State, States};

const REGISTRY: &str = "org.a11y.atspi.Registry";
const REGISTRY_PATH: &str = "/org/a11y/atspi/registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";
const NULL: &str = "/org/a11y/atspi/null";
const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const READ_WITHIN: Duration = Duration::from_secs(20);
/// An event may be missing (not every toolkit sends each), so that a wait looks again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Deeper than any window of a person; a tree that goes on is a loop.
const DEEPEST: usize = 64;

/// A connection to the accessibility bus of a session.
#[derive(Debug, Clone)]
pub struct Eyes {
    bus: Bus,
    changes: watch::Receiver<u64>,
}

impl Eyes {
    /// Makes programs export their trees, also those that ask whether anybody looks.
    pub(crate) fn switch_on(session_bus: &Bus) -> Result<()> {
        session_bus
            .call(
                "org.a11y.Bus",
                "/org/a11y/bus",
                "org.freedesktop.DBus.Properties",
                "Set",
                ("org.a11y.Status", "IsEnabled", zbus::wire::Variant::from(true)),
            )
            .map(drop)
    }

    /// Opens the accessibility bus of a session.
    pub(crate) fn open(session_bus: &Bus) -> Result<Self> {
        let reply =
            session_bus.call("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", ())?;
        let address: String = reply.body().deserialize().doing("reading an address")?;
        let bus = Bus::connect(&address)?;
        // Programs send events only for what somebody has registered for.
        for event in ["object:", "window:"] {
            let body = (event, Vec::<String>::new(), "");
            bus.call(REGISTRY, REGISTRY_PATH, REGISTRY, "RegisterEvent", body)?;
        }
        let connection = bus.connection().clone();
        let changes = block("listening to programs", READ_WITHIN, count_changes(connection))?;
        Ok(Self { bus, changes })
    }

    /// The accessibility bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The names of the programs that export a tree.
    ///
    /// # Errors
    /// When the bus does not answer.
    pub fn programs(&self) -> Result<Vec<String>> {
        let connection = self.bus.connection().clone();
        block("listing programs", READ_WITHIN, async move {
            Ok::<_, zbus::Error>(
                programs(&connection).await?.into_iter().map(|one| one.0).collect(),
            )
        })
    }

    /// The tree of every program with this name; none when no such program is there (yet).
    ///
    /// # Errors
    /// When the bus does not answer.
    pub fn program(&self, name: &str) -> Result<Vec<Node>> {
        let connection = self.bus.connection().clone();
        let name = name.to_owned();
        block(format!("reading the windows of {name}"), READ_WITHIN, async move {
            let mut trees = vec![];
            for (called, at) in programs(&connection).await? {
                if called == name {
                    // It may have ended since it was listed.
                    trees.extend(read(&connection, at, (0, false)).await.ok());
                }
            }
            Ok::<_, zbus::Error>(trees)
        })
    }

    /// Waits until a window of the program `name` fits, and returns the window's tree.
    ///
    /// # Errors
    /// When none does `within` the time; the message has the outline of what was there.
    pub fn await_window(
        &self,
        name: &str,
        within: Duration,
        fits: impl Fn(&Node) -> bool,
    ) -> Result<Node> {
        self.until(name, within, |windows| windows.iter().find(|window| fits(window)).cloned())
    }

    /// Waits until no window of the program `name` fits.
    ///
    /// # Errors
    /// When one still does after `within`.
    pub fn await_no_window(
        &self,
        name: &str,
        within: Duration,
        fits: impl Fn(&Node) -> bool,
    ) -> Result<()> {
        self.until(name, within, |windows| (!windows.iter().any(&fits)).then_some(()))
    }

    /// Waits until a node on screen in any window of the program `name` fits, and returns it.
    ///
    /// # Errors
    /// When none does `within` the time; the message has the outline of what was there.
    pub fn await_node(
        &self,
        name: &str,
        within: Duration,
        fits: impl Fn(&Node) -> bool,
    ) -> Result<Node> {
        self.until(name, within, |windows| {
            let mut showing =
                windows.iter().flat_map(Node::all).filter(|node| node.is(State::Showing));
            showing.find(|node| fits(node)).cloned()
        })
    }

    /// Reads again whenever something changed, until `look` finds what it looks for. The one poll
    /// of the accessibility tree: it is woken by events, and looks again after a while without.
    pub fn until<T>(
        &self,
        name: &str,
        within: Duration,
        look: impl Fn(&[Node]) -> Option<T>,
    ) -> Result<T> {
        let doing = format!("looking at {name}");
        let deadline = Instant::now() + within;
        let mut changes = self.changes.clone();
        loop {
            // What changes from here on ends the wait below at once.
            changes.mark_unchanged();
            let windows: Vec<Node> =
                self.program(name)?.into_iter().flat_map(|program| program.children).collect();
            if let Some(found) = look(&windows) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let there: String = windows.iter().map(Node::outline).collect();
                let cause = match there.as_str() {
                    "" => format!("no window within {within:?}; there is {:?}", self.programs()?),
                    there => format!("not within {within:?}; there is\n{there}"),
                };
                return Err(Fault::new(doing, cause));
            }
            let mut waiting = changes.clone();
            block(doing.clone(), READ_WITHIN, async move {
                // Also over when the bus has gone, which the next look says.
                let _ = tokio::time::timeout(left.min(LOOK_AGAIN), waiting.changed()).await;
                Ok::<_, zbus::Error>(())
            })?;
        }
    }
}

/// Counts the events of all programs. Always read, because a stream that is not read holds up
/// every answer on its connection; ends with the connection.
async fn count_changes(connection: zbus::Connection) -> zbus::Result<watch::Receiver<u64>> {
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .path_namespace("/org/a11y/atspi")
        .build()?;
    let mut events = MessageStream::for_match_rule(rule, &connection, None).await?;
    let (count, changes) = watch::channel(0);
    tokio::spawn(async move {
        while events.next().await.is_some() && !count.is_closed() {
            count.send_modify(|count| *count += 1);
        }
    });
    Ok(changes)
}

type At = (String, OwnedObjectPath);

async fn proxy(
    connection: &zbus::Connection,
    at: &At,
    interface: &'static str,
) -> zbus::Result<Proxy<'static>> {
    // No caching: it would subscribe to every object's changes.
    zbus::proxy::Builder::new(connection)
        .destination(at.0.clone())
        .path(at.1.clone())
        .interface(interface)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

async fn programs(connection: &zbus::Connection) -> zbus::Result<Vec<(String, At)>> {
    let root = (REGISTRY.to_owned(), OwnedObjectPath::try_from(ROOT)?);
    let desktop = proxy(connection, &root, ACCESSIBLE).await?;
    let children: Vec<At> = desktop.call("GetChildren", &()).await?;
    let mut programs = vec![];
    for at in children {
        let one = proxy(connection, &at, ACCESSIBLE).await?;
        // One that has just ended has no name any more.
        if let Ok(name) = one.get_property::<String>("Name").await {
            programs.push((name, at));
        }
    }
    Ok(programs)
}

/// A node and what is below it; `of_web`: it is of a web page, whose engine answers otherwise.
async fn read(
    connection: &zbus::Connection,
    at: At,
    (depth, mut of_web): (usize, bool),
) -> zbus::Result<Node> {
    let one = proxy(connection, &at, ACCESSIBLE).await?;
    let mut role: String = one.call("GetRoleName", &()).await?;
    // WebKit 2.50 has no names for most roles, and never answers when asked for all actions at once.
    if role.is_empty() {
        role = role_name(one.call("GetRole", &()).await?).to_owned();
    }
    let name: String = one.get_property("Name").await?;
    let description: String = one.get_property("Description").await.unwrap_or_default();
    let interfaces: Vec<String> = one.call("GetInterfaces", &()).await?;
    let has = |interface: &str| interfaces.iter().any(|one| one == interface);

    let words: Vec<u32> = one.call("GetState", &()).await?;
    let states = words.iter().take(2).rev().fold(0, |all, word| all << 32 | u64::from(*word));

    let place = if has("org.a11y.atspi.Component") {
        let component = proxy(connection, &at, "org.a11y.atspi.Component").await?;
        // Coordinates of kind 0 are of the screen.
        let (x, y, width, height): (i32, i32, i32, i32) =
            component.call("GetExtents", &(0u32)).await?;
        // GTK says of what it has not placed that it lies at the smallest number there is.
        let placed = x != i32::MIN && width > 0 && height > 0;
        placed.then_some(Rect { x, y, width, height })
    } else {
        None
    };
    let text = if has("org.a11y.atspi.Text") {
        let text = proxy(connection, &at, "org.a11y.atspi.Text").await?;
        Some(text.call("GetText", &(0, -1)).await?)
    } else {
        None
    };
    let actions: Vec<(String, String, String)> = if has("org.a11y.atspi.Action") && !of_web {
        let action = proxy(connection, &at, "org.a11y.atspi.Action").await?;
        action.call("GetActions", &()).await?
    } else {
        vec![]
    };
    let mut children = vec![];
    if depth < DEEPEST {
        let mut below: Vec<At> = one.call("GetChildren", &()).await?;
        if below.is_empty() && role == "filler" {
            // Where another process's tree is embedded (a web page's), the bridge of ATK 2.46 lists
            // no children and tells of one when asked for it by number, as a screen reader does.
            let count: i32 = one.get_property("ChildCount").await.unwrap_or(0);
            of_web = true;
            for number in 0..count {
                below.push(one.call("GetChildAtIndex", &number).await?);
            }
        }
        for child in below.into_iter().filter(|child| child.1.as_str() != NULL) {
            children.extend(Box::pin(read(connection, child, (depth + 1, of_web))).await.ok());
        }
    }
    let actions = actions.into_iter().map(|(name, _, _)| name).collect();
    Ok(Node { role, name, description, text, actions, states: States(states), place, children, at })
}

/// What a screen reader calls a role (AT-SPI `AtspiRole`), of those that a web page has here.
fn role_name(role: u32) -> &'static str {
    match role {
        2 => "alert",
        7 => "check box",
        11 => "combo box",
        20 => "filler",
        27 => "image",
        29 => "label",
        31 => "list",
        32 => "list item",
        33 => "menu",
        35 => "menu item",
        43 => "push button",
        48 => "scroll bar",
        49 => "scroll pane",
        54 => "status bar",
        61 => "text",
        73 => "paragraph",
        79 => "entry",
        83 => "heading",
        85 => "section",
        87 => "form",
        88 => "link",
        95 => "document web",
        101 => "notification",
        109 => "article",
        110 => "landmark",
        116 => "static",
        121 => "description list",
        122 => "description term",
        123 => "description value",
        _ => "",
    }
}
