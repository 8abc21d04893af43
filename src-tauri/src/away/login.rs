//! The system's login manager (`org.freedesktop.login1`): is the user's own session locked, does the
//! machine go to sleep?
//!
//! **Promises.** Only the owner of the manager's name is heard, on a bus whose address no variable
//! can change. Sleep waits until the prompt is hidden and what was typed is wiped (a `delay`
//! inhibitor), if the manager allows it and for as long as it waits. That a session was told to lock
//! itself counts at once, but not for long unless something then says that it is locked: not every
//! locker tells.
//!
//! **Never** take the lock of a session on another display for ours.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::select;
use placet_texts::text;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use zbus::Message;
use zbus::wire::{OwnedFd, OwnedVariant};

use super::{
    ANSWERS_WITHIN, LOOK_AGAIN, Said, Sign, changed_hands, is_named, owner_of, owners, sent_by,
    signals,
};
use crate::seat::{self, LOGIN};

const MANAGER: &str = "org.freedesktop.login1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A session that was told to lock itself says by then that it is locked, or never will.
const LOCKED_WITHIN: Duration = Duration::from_secs(10);
/// The manager itself waits five seconds by default (`logind.conf`, `InhibitDelayMaxSec`).
const HIDDEN_WITHIN: Duration = Duration::from_secs(3);

/// Follows it as long as it runs.
pub(super) async fn follow(
    address: String,
    said: Said,
    done: watch::Receiver<u64>,
    looked: oneshot::Sender<()>,
) {
    let mut looked = Some(looked);
    loop {
        if let Err(error) = listen(&address, &said, done.clone(), &mut looked).await {
            tracing::debug!(%error, "the login manager is not heard");
        }
        // What it said last stays until it can be asked again.
        looked = None;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What is known of it.
struct Manager<'a> {
    /// Only asks. What others send us on the connection that listens can fill its queue, and an
    /// answer would stand behind it.
    bus: zbus::Connection,
    owner: Option<String>,
    /// The path of the session that is ours.
    session: Option<String>,
    said: &'a Said,
    done: watch::Receiver<u64>,
    /// As long as it is open, the machine does not sleep before we say so.
    inhibitor: Option<OwnedFd>,
    /// Until when a session that was told to lock itself counts as locked.
    locking: Option<Instant>,
}

/// Until the bus is gone, or something was said that cannot be read.
async fn listen(
    address: &str,
    said: &Said,
    done: watch::Receiver<u64>,
    looked: &mut Option<oneshot::Sender<()>>,
) -> zbus::Result<()> {
    let heard = zbus::connection::Builder::address(address).build().await?;
    let bus = zbus::connection::Builder::address(address).build().await?;
    let mut signals = select(owners(&heard, LOGIN).await?, signals(&heard, LOGIN).await?);
    let owner = owner_of(&bus, LOGIN).await?;
    // What was heard on an earlier bus ends as well.
    let locking = Some(Instant::now() + LOCKED_WITHIN);
    let mut manager = Manager { bus, owner, session: None, said, done, inhibitor: None, locking };
    manager.look().await?;
    looked.take();
    loop {
        let over = manager.locking;
        tokio::select! {
            message = signals.next() => match message {
                Some(message) => manager.hear(&message?).await?,
                None => return Ok(()),
            },
            () = tokio::time::sleep_until(over.unwrap_or_else(Instant::now)), if over.is_some() => {
                manager.locked_itself(false);
            }
        }
    }
}

impl Manager<'_> {
    /// Asks for all that is true now.
    async fn look(&mut self) -> zbus::Result<()> {
        if self.owner.is_none() {
            // It is just being started anew, or there is none: what it said last stays.
            return Ok(());
        }
        let asked = async {
            let session = match seat::login(&self.bus).await {
                // It may still say that the machine sleeps.
                Err(error) if is_named(&error, "org.freedesktop.login1.NoSuchUser") => None,
                answered => answered?.filter(seat::Login::is_drawn_on),
            };
            let asleep = self.property(MANAGER_PATH, MANAGER, "PreparingForSleep").await;
            // An old one does not know it.
            let asleep = asleep.ok().and_then(|asleep| bool::try_from(asleep).ok());
            zbus::Result::Ok((session, asleep.unwrap_or(false)))
        };
        let (session, asleep) = timeout(ANSWERS_WITHIN, asked)
            .await
            .map_err(|_| zbus::Error::Failure("the login manager does not answer".into()))??;
        self.said.say(Sign::Locked, session.as_ref().is_some_and(|session| session.locked));
        self.session = session.map(|session| session.path);
        self.sleeps(asleep).await;
        Ok(())
    }

    async fn property(&self, path: &str, of: &str, name: &str) -> zbus::Result<OwnedVariant> {
        let which = (of, name);
        let asked = self.bus.call_method(Some(LOGIN), path, Some(PROPERTIES), "Get", &which);
        asked.await?.body().deserialize()
    }

    /// One signal, which anybody may have sent.
    async fn hear(&mut self, message: &Message) -> zbus::Result<()> {
        if let Some((name, owner)) = changed_hands(message) {
            if name == LOGIN {
                self.owner = owner;
                self.inhibitor = None;
                self.look().await?;
            }
            return Ok(());
        }
        if !sent_by(message, self.owner.as_deref()) {
            return Ok(());
        }
        let header = message.header();
        let of = |path: &str| header.path().is_some_and(|at| at.as_str() == path);
        let ours = self.session.as_deref().is_some_and(of);
        let interface = header.interface().map_or("", |interface| interface.as_str());
        let member = header.member().map_or("", |member| member.as_str());
        match (interface, member) {
            (MANAGER, "PrepareForSleep") => {
                let asleep = message.body().deserialize().inspect_err(|_| {
                    self.said.say(Sign::Asleep, true);
                })?;
                self.sleeps(asleep).await;
            }
            (MANAGER, "SessionNew" | "SessionRemoved") => self.look().await?,
            (SESSION, "Lock") if ours => self.locked_itself(true),
            (SESSION, "Unlock") if ours => self.locked_itself(false),
            (PROPERTIES, "PropertiesChanged") if ours => self.changed(message).await?,
            _ => {}
        }
        Ok(())
    }

    /// The session was told to lock itself, or to unlock.
    fn locked_itself(&mut self, locked: bool) {
        self.locking = locked.then(|| Instant::now() + LOCKED_WITHIN);
        self.said.say(Sign::Locking, locked);
    }

    /// The session says what changed of it.
    async fn changed(&mut self, message: &Message) -> zbus::Result<()> {
        let body = message.body();
        let read: zbus::Result<(String, HashMap<String, OwnedVariant>, Vec<String>)> =
            body.deserialize();
        let (interface, mut changed, invalid) = read.inspect_err(|_| {
            self.said.say(Sign::Locked, true);
        })?;
        if interface != SESSION {
            return Ok(());
        }
        if let Some(locked) = changed.remove("LockedHint") {
            // What cannot be read means away; then all is asked anew.
            let is = bool::try_from(locked);
            self.said.say(Sign::Locked, is.as_ref().copied().unwrap_or(true));
            if !is? {
                self.locked_itself(false);
            }
        } else if invalid.iter().any(|name| name == "LockedHint") {
            self.look().await?;
        }
        Ok(())
    }

    /// The machine goes to sleep, once we let it; or it is awake, and next time it asks us again.
    async fn sleeps(&mut self, asleep: bool) {
        self.said.say(Sign::Asleep, asleep);
        if asleep {
            let changes = self.said.changes();
            let hidden = self.done.wait_for(|done| *done >= changes);
            let _ = timeout(HIDDEN_WITHIN, hidden).await;
            self.inhibitor = None;
        } else if self.inhibitor.is_none() {
            self.inhibitor = timeout(ANSWERS_WITHIN, self.inhibit()).await.ok().flatten();
        }
    }

    async fn inhibit(&self) -> Option<OwnedFd> {
        let why = text!("away-inhibits");
        let what = ("sleep", "Placet", why.as_str(), "delay");
        let asked =
            self.bus.call_method(Some(LOGIN), MANAGER_PATH, Some(MANAGER), "Inhibit", &what);
        let answer = asked
            .await
            .inspect_err(|error| tracing::debug!(%error, "sleep does not wait for the prompt"));
        answer.ok()?.body().deserialize().ok()
    }
}
