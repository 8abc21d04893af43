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
use tokio::task::{AbortHandle, Id, JoinSet};
use zbus::Message;

use super::{LOOK_AGAIN, Said, Sign, changed_hands, owner_of, owners, refusal, sent_by, signals};

/// Each is its interface's name as well. The first path that answers is taken.
pub(super) const SAVERS: [(&str, &[&str]); 5] = [
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

impl Saver {
    /// True if that was asked last and nothing newer was heard. A question that was answered before
    /// it could be aborted is out of date all the same.
    fn is_answer_to(&mut self, question: Id) -> bool {
        self.asking.take_if(|asking| asking.id() == question).is_some()
    }
}

/// What is known of all.
struct Savers<'a> {
    /// Only asks, as in [`super::login`].
    bus: zbus::Connection,
    all: [Saver; SAVERS.len()],
    /// Which saver, and what it says, if that is known.
    asking: JoinSet<(usize, Option<bool>)>,
    said: &'a Said,
}

/// Until the bus is gone.
async fn listen(said: &Said, looked: &mut Option<oneshot::Sender<()>>) -> zbus::Result<()> {
    let heard = zbus::connection::Builder::session().build().await?;
    let bus = zbus::connection::Builder::session().build().await?;
    let mut streams = Vec::new();
    for (name, _) in SAVERS {
        streams.push(owners(&heard, name).await?);
        streams.push(signals(&heard, name).await?);
    }
    let mut streams = select_all(streams);
    let mut savers = Savers { bus, all: Default::default(), asking: JoinSet::new(), said };
    for (number, (name, _)) in SAVERS.into_iter().enumerate() {
        // Known before any signal is looked at, which would be taken for a stranger's.
        let owner = owner_of(&savers.bus, name).await?;
        savers.belongs_to(number, owner);
    }
    loop {
        if savers.all.iter().all(|saver| saver.asking.is_none()) {
            looked.take();
        }
        tokio::select! {
            message = streams.next() => match message {
                Some(message) => savers.hear(&message?),
                None => return Ok(()),
            },
            Some(answer) = savers.asking.join_next_with_id() => {
                // Otherwise aborted: something newer was heard.
                if let Ok((question, (number, is))) = answer {
                    savers.answered(question, number, is);
                }
            }
        }
    }
}

impl Savers<'_> {
    /// Somebody came to own this name, or nobody does.
    fn belongs_to(&mut self, number: usize, owner: Option<String>) {
        let Some(saver) = self.all.get_mut(number) else { return };
        if let Some(asking) = saver.asking.take() {
            asking.abort();
        }
        saver.owner.clone_from(&owner);
        match owner {
            Some(owner) => {
                saver.asking = Some(self.asking.spawn(ask(self.bus.clone(), number, owner)));
            }
            None => self.said.say(Sign::Saver(number), false),
        }
    }

    fn answered(&mut self, question: Id, number: usize, is: Option<bool>) {
        let Some(saver) = self.all.get_mut(number) else { return };
        if saver.is_answer_to(question)
            && let Some(is) = is
        {
            self.said.say(Sign::Saver(number), is);
        }
    }

    /// One signal, which anybody may have sent.
    fn hear(&mut self, message: &Message) {
        if let Some((name, owner)) = changed_hands(message) {
            if let Some(number) = SAVERS.iter().position(|(saver, _)| *saver == name) {
                self.belongs_to(number, owner);
            }
            return;
        }
        let header = message.header();
        let (Some(interface), Some(member)) = (header.interface(), header.member()) else { return };
        for ((number, saver), (name, _)) in self.all.iter_mut().enumerate().zip(SAVERS) {
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
            self.said.say(Sign::Saver(number), message.body().deserialize().unwrap_or(true));
        }
    }
}

/// Asks the saver with this number, or rather its owner, so that none is started by being asked. It
/// may take its time: one that is slow after waking is believed as well.
async fn ask(bus: zbus::Connection, number: usize, owner: String) -> (usize, Option<bool>) {
    let Some((name, paths)) = SAVERS.get(number) else { return (number, None) };
    for path in *paths {
        let asked = bus.call_method(Some(owner.as_str()), *path, Some(*name), "GetActive", &());
        match asked.await {
            Ok(answer) => return (number, Some(answer.body().deserialize().unwrap_or(true))),
            Err(error) if refusal(&error).is_some() => {}
            // The bus is gone, and nobody was asked.
            Err(_) => return (number, None),
        }
    }
    // Not all that own such a name can be asked: GNOME's stand-in for the first is none.
    (number, Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn f9_an_answer_that_something_newer_overtook_is_not_believed() {
        let mut asking = JoinSet::new();
        let mut saver = Saver { asking: Some(asking.spawn(async {})), ..Saver::default() };
        let (overtaken, ()) = asking.join_next_with_id().await.unwrap().unwrap();
        // Its owner changed.
        saver.asking = Some(asking.spawn(async {}));
        assert!(!saver.is_answer_to(overtaken));
        let (last, ()) = asking.join_next_with_id().await.unwrap().unwrap();
        assert!(saver.is_answer_to(last));
        assert!(!saver.is_answer_to(last), "it is answered");
    }
}
