//! Whether the person is away: the screen is locked, or the machine goes to sleep (F9).
//!
//! **Promises.** Each source is followed if it is there, from its state at the start: the login
//! manager's `LockedHint` of the user's own session and its `PrepareForSleep`
//! (`org.freedesktop.login1`), and the desktops' own screen savers. Away is what any one of them
//! says; back is what none contradicts. A source that leaves its bus says nothing any more. What
//! cannot be read changes nothing.
//!
//! **Never** take "not away" for somebody who is there: many lockers tell nobody, and any program of
//! the session can speak for a screen saver, and say that the machine woke. By that it can hide the
//! prompt, and show it again; it cannot show it while the login manager says that the session is
//! locked, since that is asked for rather than heard.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{FutureExt as _, StreamExt as _, future, select};
use zbus::message::{Message, Type};
use zbus::{Connection, MatchRule, MessageStream};

use crate::seat;

/// The names under which screen savers stand on the session's bus, with their objects.
const SCREEN_SAVERS: [(&str, &str); 5] = [
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
];
const BUS: &str = "org.freedesktop.DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const MANAGER: (&str, &str) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
const SESSION: &str = "org.freedesktop.login1.Session";

/// Who says that the person is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Locked,
    Asleep,
    ScreenSaver(usize),
}

/// What all of them say together, told on when it changes.
struct Said<F> {
    away: Mutex<BTreeSet<Source>>,
    tell: F,
}

impl<F: Fn(bool)> Said<F> {
    fn set(&self, source: Source, away: bool) {
        let mut said = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.is_empty();
        if away {
            said.insert(source);
        } else {
            said.remove(&source);
        }
        if before != said.is_empty() {
            tracing::info!(away = before, ?source, "whether the person is away");
            // Under the lock, so that two changes are told in their order.
            (self.tell)(before);
        }
    }
}

/// Follows what this system and this session have, until both buses are gone.
pub async fn watch(tell: impl Fn(bool)) {
    let system = zbus::connection::Builder::address(seat::SYSTEM_BUS).build().await;
    let session = Connection::session().await;
    let there = |bus: zbus::Result<Connection>| {
        bus.map_err(|error| tracing::debug!(%error, "no bus to hear of a lock")).ok()
    };
    follow(there(system), there(session), tell).await;
}

/// Follows what stands on these buses.
pub async fn follow(system: Option<Connection>, session: Option<Connection>, tell: impl Fn(bool)) {
    let said = Arc::new(Said { away: Mutex::default(), tell });
    let (login, savers) = (Arc::clone(&said), said);
    let system = async move {
        let Some(bus) = system else { return };
        let locked = locked(&bus, &*login);
        let asleep = asleep(&bus, &*login);
        let (locked, asleep) = future::join(locked, asleep).await;
        for error in [locked.err(), asleep.err()].into_iter().flatten() {
            tracing::debug!(%error, "the login manager is not heard");
        }
    };
    let session = async move {
        let Some(bus) = session else { return };
        let all = SCREEN_SAVERS.iter().enumerate().map(|(number, (name, path))| {
            let (bus, said) = (bus.clone(), Arc::clone(&savers));
            async move {
                let set = |away| said.set(Source::ScreenSaver(number), away);
                if let Err(error) = screen_saver(&bus, name, path, set).await {
                    tracing::debug!(%error, name, "this screen saver is not heard");
                }
            }
        });
        future::join_all(all).await;
    };
    future::join(system, session).await;
}

/// `ActiveChanged` of one screen saver, as long as the bus is there.
async fn screen_saver(
    bus: &Connection,
    name: &str,
    path: &str,
    set: impl Fn(bool),
) -> zbus::Result<()> {
    let mut changes = signals(bus, name, path, name, "ActiveChanged").await?;
    let mut owners = owners(bus, name).await?;
    // Asking a name without an owner would start it.
    let owned: bool = ask(bus, BUS, "/org/freedesktop/DBus", BUS, "NameHasOwner", &name).await?;
    let now = || async { ask(bus, name, path, name, "GetActive", &()).await.unwrap_or(false) };
    if owned {
        set(now().await);
    }
    loop {
        select! {
            change = changes.next().fuse() => match change {
                Some(change) => read(change).map_or((), &set),
                None => return Ok(()),
            },
            owner = owners.next().fuse() => match owner {
                Some(owner) => match read::<(String, String, String)>(owner) {
                    Some((_, _, new)) if new.is_empty() => set(false),
                    Some(_) => set(now().await),
                    None => {}
                },
                None => return Ok(()),
            },
        }
    }
}

/// `LockedHint` of the user's own graphical session.
async fn locked<F: Fn(bool)>(bus: &Connection, said: &Said<F>) -> zbus::Result<()> {
    let Some(session) = seat::display_session(bus).await? else { return Ok(()) };
    let path = session.as_str();
    let mut changes = signals(bus, seat::LOGIN, path, PROPERTIES, "PropertiesChanged").await?;
    loop {
        // Read anew rather than from the signal, which may only say that it changed.
        let hint = (SESSION, "LockedHint");
        let hint: zbus::Result<zbus::wire::OwnedVariant> =
            ask(bus, seat::LOGIN, path, PROPERTIES, "Get", &hint).await;
        if let Some(locked) = hint.ok().and_then(|hint| bool::try_from(hint).ok()) {
            said.set(Source::Locked, locked);
        }
        if changes.next().await.is_none() {
            return Ok(());
        }
    }
}

/// `PrepareForSleep`: true before, false after.
async fn asleep<F: Fn(bool)>(bus: &Connection, said: &Said<F>) -> zbus::Result<()> {
    let (path, interface) = MANAGER;
    let mut changes = signals(bus, seat::LOGIN, path, interface, "PrepareForSleep").await?;
    while let Some(change) = changes.next().await {
        if let Some(asleep) = read(change) {
            said.set(Source::Asleep, asleep);
        }
    }
    Ok(())
}

/// What the owner of `name` signals, and whatever another program sends to this one alone under the
/// same names: the bus hands that on whoever it is from.
async fn signals(
    bus: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    member: &str,
) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(name.to_owned())
        .path(path.to_owned())
        .interface(interface.to_owned())
        .member(member.to_owned())
        .build()?;
    MessageStream::for_match_rule(rule, bus, None).await
}

/// Who comes to own `name`, and who gives it up.
async fn owners(bus: &Connection, name: &str) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS)
        .interface(BUS)
        .member("NameOwnerChanged")
        .add_arg(name.to_owned())
        .build()?;
    MessageStream::for_match_rule(rule, bus, None).await
}

async fn ask<A, T>(
    bus: &Connection,
    to: &str,
    path: &str,
    interface: &str,
    method: &str,
    with: &A,
) -> zbus::Result<T>
where
    A: serde::Serialize + zbus::wire::Type,
    T: serde::de::DeserializeOwned + zbus::wire::Type,
{
    bus.call_method(Some(to), path, Some(interface), method, with).await?.body().deserialize()
}

fn read<T: serde::de::DeserializeOwned + zbus::wire::Type>(
    message: zbus::Result<Message>,
) -> Option<T> {
    message.ok()?.body().deserialize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f9_away_is_what_any_source_says_and_back_what_none_contradicts() {
        let told = Mutex::new(Vec::new());
        let said = Said { away: Mutex::default(), tell: |away| told.lock().unwrap().push(away) };
        said.set(Source::ScreenSaver(0), false);
        said.set(Source::Locked, true);
        said.set(Source::ScreenSaver(0), true);
        said.set(Source::ScreenSaver(0), false);
        said.set(Source::Asleep, true);
        said.set(Source::Locked, false);
        assert_eq!(*told.lock().unwrap(), [true], "the machine still sleeps");
        said.set(Source::Asleep, false);
        assert_eq!(*told.lock().unwrap(), [true, false]);
    }
}
