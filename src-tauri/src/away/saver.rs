//! The screen savers of the session, under the names that desktops give them.
//!
//! **Promises.** Only the owner of a name is heard, whoever else signals. No saver is started by
//! asking, and one that does not answer, or floods, keeps no other from being heard. A saver that
//! leaves the bus says nothing any more: as a rule the lock is gone with it.
//!
//! **Never** let what one says take back what another has said.

use futures_util::StreamExt as _;
use futures_util::stream::select_all;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};
use zbus::Message;

use super::{
    ANSWERS_WITHIN, LOOK_AGAIN, Said, Sign, changed_hands, owner_of, owners, sent_by, signals,
};

/// Each is its interface's name as well. The first path that answers is taken.
const SAVERS: [(&str, &[&str]); 5] = [
    ("org.freedesktop.ScreenSaver", &["/org/freedesktop/ScreenSaver", "/ScreenSaver"]),
    ("org.gnome.ScreenSaver", &["/org/gnome/ScreenSaver"]),
    ("org.xfce.ScreenSaver", &["/org/xfce/ScreenSaver", "/"]),
    ("org.mate.ScreenSaver", &["/org/mate/ScreenSaver", "/"]),
    ("org.cinnamon.ScreenSaver", &["/org/cinnamon/ScreenSaver"]),
];

/// Follows them as long as it runs.
pub(super) async fn follow(said: Said, looked: oneshot::Sender<()>) {
    let mut looked = Some(looked);
    loop {
        if let Err(error) = listen(&said, &mut looked).await {
            tracing::debug!(%error, "screen savers are not heard");
        }
        looked = None;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What is known of one.
#[derive(Default)]
struct Saver {
    owner: Option<String>,
    /// Asks it what is true now. Whatever is heard meanwhile is newer than the answer.
    asking: Option<AbortHandle>,
}

/// An answer: which saver, who owns it, and what it says, if it answers.
type Answer = (usize, Option<String>, Option<bool>);

/// Until the bus is gone.
async fn listen(said: &Said, looked: &mut Option<oneshot::Sender<()>>) -> zbus::Result<()> {
    let bus = zbus::connection::Builder::session().build().await?;
    let mut streams = Vec::new();
    for (name, _) in SAVERS {
        streams.push(owners(&bus, name).await?);
        streams.push(signals(&bus, name).await?);
    }
    let mut streams = select_all(streams);
    let mut savers: [Saver; SAVERS.len()] = Default::default();
    let mut asking: JoinSet<Answer> = JoinSet::new();
    for (number, saver) in savers.iter_mut().enumerate() {
        saver.asking = Some(asking.spawn(ask(bus.clone(), number, None)));
    }
    loop {
        tokio::select! {
            message = streams.next() => match message {
                Some(message) => hear(&message?, &bus, &mut savers, &mut asking, said),
                None => return Ok(()),
            },
            Some(answer) = asking.join_next() => {
                // Aborted: something newer was heard.
                if let Ok((number, owner, is)) = answer
                    && let Some(saver) = savers.get_mut(number)
                {
                    saver.asking = None;
                    saver.owner = owner;
                    said.say(Sign::Saver(number), is.unwrap_or(false));
                }
            }
        }
        if savers.iter().all(|saver| saver.asking.is_none()) {
            looked.take();
        }
    }
}

/// One signal, which anybody may have sent.
fn hear(
    message: &Message,
    bus: &zbus::Connection,
    savers: &mut [Saver],
    asking: &mut JoinSet<Answer>,
    said: &Said,
) {
    if let Some((name, owner)) = changed_hands(message) {
        let found = savers.iter_mut().enumerate().zip(SAVERS).find(|(_, saver)| saver.0 == name);
        let Some(((number, saver), _)) = found else { return };
        if let Some(asking) = saver.asking.take() {
            asking.abort();
        }
        saver.owner.clone_from(&owner);
        match owner {
            Some(owner) => {
                saver.asking = Some(asking.spawn(ask(bus.clone(), number, Some(owner))));
            }
            None => said.say(Sign::Saver(number), false),
        }
        return;
    }
    let header = message.header();
    let (Some(interface), Some(member)) = (header.interface(), header.member()) else { return };
    for ((number, saver), (name, _)) in savers.iter_mut().enumerate().zip(SAVERS) {
        if *interface != name
            || *member != "ActiveChanged"
            || !sent_by(message, saver.owner.as_deref())
        {
            continue;
        }
        if let Some(asking) = saver.asking.take() {
            asking.abort();
        }
        // What cannot be read means away, until it says otherwise or leaves.
        said.say(Sign::Saver(number), message.body().deserialize().unwrap_or(true));
    }
}

/// Asks the saver with this number, or rather its owner, so that none is started by being asked.
async fn ask(bus: zbus::Connection, number: usize, owner: Option<String>) -> Answer {
    let Some((name, paths)) = SAVERS.get(number) else { return (number, owner, None) };
    let owner = match owner {
        Some(owner) => Some(owner),
        None => owner_of(&bus, name).await,
    };
    let Some(at) = owner.as_deref() else { return (number, owner, None) };
    let asked = async {
        for path in *paths {
            if let Ok(answer) =
                bus.call_method(Some(at), *path, Some(*name), "GetActive", &()).await
            {
                return Some(answer.body().deserialize().unwrap_or(true));
            }
        }
        None
    };
    // Not all that own such a name can be asked: GNOME's stand-in for the first is none.
    let is = tokio::time::timeout(ANSWERS_WITHIN, asked).await.ok().flatten();
    (number, owner, is)
}
