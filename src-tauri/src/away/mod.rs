//! Whether the person is away: the screen is locked, or the machine goes to sleep (F9).
//!
//! Two sources, each followed if it is there: the system's login manager ([`login`]) and the screen
//! savers of the session ([`saver`]). The person is away while any of them says so.
//!
//! **Promises.** Until each source that is there has said what is true at the start, the person
//! counts as away; but not for longer than three seconds. While away the prompt is hidden and what
//! was typed in secret is wiped ([`Listening::tell`]), notifications are withdrawn
//! ([`crate::notify`]), and requests go on to expire. A source that was never there, or that cannot
//! be asked, says nothing. One whose bus was lost has said the same as last.
//!
//! **What it does not do.** Any program of the session can own a screen saver's name and say that
//! the screen is locked: then nothing is shown and everything ends as a no. It can say that it is
//! not, and the others that say "locked" still count. Any program of the user can have the login
//! manager say that their session is not locked.
//!
//! **Never** take "not away" for proof that a person is there.

mod login;
mod saver;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use zbus::Message;
use zbus::message::Type;

use crate::prompt::PromptHandle;

/// A bus or login manager that has not answered by then is asked again later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// What has not been said by then is not waited for.
const KNOWN_WITHIN: Duration = Duration::from_secs(3);
/// A bus that is not there, or went away, is looked for so often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The bus itself (D-Bus Specification, "Message Bus Messages").
const BUS: &str = "org.freedesktop.DBus";

/// Who says that the person is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// Nobody: not all have been asked yet.
    Unknown,
    /// The login manager: the session says that it is locked.
    Locked,
    /// The login manager: the session was told to lock itself, a moment ago.
    Locking,
    /// The login manager: the machine goes to sleep.
    Asleep,
    /// The screen saver with this number.
    Saver(usize),
}

/// All that says so now, and how often that has changed.
#[derive(Clone, Debug, Default)]
struct Signs {
    all: BTreeSet<Sign>,
    changes: u64,
}

/// What all sources say.
#[derive(Clone, Debug, Default)]
struct Said(Arc<watch::Sender<Signs>>);

impl Said {
    fn say(&self, sign: Sign, is: bool) {
        self.0.send_if_modified(|signs| {
            let changed = if is { signs.all.insert(sign) } else { signs.all.remove(&sign) };
            if changed {
                signs.changes = signs.changes.saturating_add(1);
                tracing::info!(?sign, is, "whether the person is away");
            }
            changed
        });
    }

    fn changes(&self) -> u64 {
        self.0.borrow().changes
    }
}

/// Whether the person is away, as it is now.
#[derive(Clone, Debug)]
pub struct Away(watch::Receiver<Signs>);

impl Away {
    /// True if any source says so.
    pub fn is(&mut self) -> bool {
        !self.0.borrow_and_update().all.is_empty()
    }

    /// Resolves when [`Away::is`] may have changed since it was last asked; never, if nobody
    /// listens any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listening {
    said: Said,
    /// What the prompt has done: so many changes.
    done: watch::Sender<u64>,
    tasks: JoinSet<()>,
}

/// Begins to listen, on the session's bus and the system's at this address.
#[must_use]
pub fn listen(system_bus: String, runtime: &Handle) -> Listening {
    let said = Said::default();
    said.say(Sign::Unknown, true);
    let done = watch::Sender::new(0);
    let mut tasks = JoinSet::new();
    let (looked, login_known) = oneshot::channel();
    tasks.spawn_on(login::follow(system_bus, said.clone(), done.subscribe(), looked), runtime);
    let (looked, savers_known) = oneshot::channel();
    tasks.spawn_on(saver::follow(said.clone(), looked), runtime);
    let all = said.clone();
    let known = async move {
        // A source that is not there drops its end.
        let both = async { (login_known.await, savers_known.await) };
        let _ = tokio::time::timeout(KNOWN_WITHIN, both).await;
        all.say(Sign::Unknown, false);
    };
    tasks.spawn_on(known, runtime);
    Listening { said, done, tasks }
}

impl Listening {
    /// Whether the person is away.
    #[must_use]
    pub fn away(&self) -> Away {
        Away(self.said.0.subscribe())
    }

    /// Keeps `prompt` told. It has heard what is true now when this returns, before anything that
    /// it is told later.
    pub fn tell(&mut self, prompt: PromptHandle, runtime: &Handle) {
        let mut away = self.away();
        let first = prompt.set_away(away.is());
        let (said, done) = (self.said.clone(), self.done.clone());
        let telling = async move {
            first.await;
            loop {
                // In this order: what comes in between is told, and counted, the next time.
                let changes = said.changes();
                prompt.set_away(away.is()).await;
                done.send_replace(changes);
                away.changed().await;
            }
        };
        self.tasks.spawn_on(telling, runtime);
    }
}

/// Listens to signals of `name`. Anybody can send the same signals: ask [`sent_by`].
async fn signals(bus: &zbus::Connection, name: &str) -> zbus::Result<zbus::MessageStream> {
    let rule = zbus::MatchRule::builder().msg_type(Type::Signal).sender(name).build()?;
    zbus::MessageStream::for_match_rule(rule, bus, None).await
}

/// Listens to changes of who owns `name`.
async fn owners(bus: &zbus::Connection, name: &str) -> zbus::Result<zbus::MessageStream> {
    let rule = zbus::MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS)
        .interface(BUS)
        .member("NameOwnerChanged")
        .add_arg(name)
        .build()?;
    zbus::MessageStream::for_match_rule(rule, bus, None).await
}

/// Which name changed hands, and to whom.
fn changed_hands(message: &Message) -> Option<(String, Option<String>)> {
    let header = message.header();
    let bus = sent_by(message, Some(BUS)) && header.interface().is_some_and(|at| *at == BUS);
    if !bus || header.member().is_none_or(|member| *member != "NameOwnerChanged") {
        return None;
    }
    let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
    Some((name, Some(owner).filter(|owner| !owner.is_empty())))
}

/// The sender is `owner`: the bus wrote that into the message itself. The rule by which the bus
/// sends us a message is no proof, since anybody can send it to us alone.
fn sent_by(message: &Message, owner: Option<&str>) -> bool {
    message.header().sender().is_some_and(|sender| Some(sender.as_str()) == owner)
}

/// The unique name of who owns `name` now, if anybody does.
async fn owner_of(bus: &zbus::Connection, name: &str) -> zbus::Result<Option<String>> {
    let asked =
        bus.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetNameOwner", &name);
    let answered = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    match answered.map_err(|_| zbus::Error::Failure("the bus does not answer".into()))? {
        Ok(owner) => owner.body().deserialize().map(Some),
        Err(error) if is_named(&error, "org.freedesktop.DBus.Error.NameHasNoOwner") => Ok(None),
        Err(error) => Err(error),
    }
}

/// How the asked one refused; `None` if it was not reached.
fn refusal(error: &zbus::Error) -> Option<String> {
    use zbus::DBusError as _;
    match error {
        zbus::Error::MethodError(name, ..) => Some(name.to_string()),
        zbus::Error::FDO(error) if !matches!(**error, zbus::fdo::Error::ZBus(_)) => {
            Some(error.name().to_string())
        }
        _ => None,
    }
}

fn is_named(error: &zbus::Error, name: &str) -> bool {
    refusal(error).is_some_and(|found| found == name)
}

/// The names on the session's bus under which screen savers stand.
pub(crate) fn savers() -> impl Iterator<Item = &'static str> {
    saver::SAVERS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn f9_until_all_have_answered_the_person_is_away_but_a_bus_that_hangs_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        let _hangs = UnixListener::bind(&path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listening = listen(format!("unix:path={}", path.display()), runtime.handle());
        let mut away = listening.away();
        assert!(away.is(), "shown before it is known whether the screen is locked");
        runtime.block_on(async {
            while away.is() {
                away.changed().await;
            }
        });
    }
}
