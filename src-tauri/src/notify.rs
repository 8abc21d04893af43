//! Notifications of what waits: pointers to the prompt, nothing more.
//!
//! **Promises.** A request's notification is posted once, in a task of its own that nobody waits
//! for, and withdrawn when the person turns to the prompt or the request ends, also when the person
//! or the daemon closed it before or somebody pretended so. Few have one of their own; one more says
//! how many others wait, and changes with them. A daemon that shows no buttons gets none, and words
//! that say where to go instead. In the quiet hours there is none. No daemon, no bus, a daemon that hangs: nothing happens and nobody is
//! told, because what waits is reachable without it. While the person is away there is none: it
//! would stand on the lock screen. What still waits when they are back is announced then.
//!
//! **What a notification may do.** Any program on the bus can read it and can send a forged
//! `ActionInvoked`: the library's match rule names no sender. So its actions are opening the prompt,
//! which its forger could do with `placet open` as well, and Deny, which harms only who asks (design
//! §6). None of these approves anything. What the person marked as low-risk may have an Approve, and
//! is posted and heard in another way ([`offer`]).
//!
//! **Never** put into it what the agent wrote about itself, or anything a person typed, nor, but for
//! [`offer`], an argument of the action: only the name and the escaped heading, and of our own the
//! number and the time. The strangers' words go into the summary, which has no markup (Desktop Notifications Specification 1.2, "Basic Design").

mod offer;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Timeout, Urgency};
use placet_core::ports::Gesture;
use placet_core::request::RequestId;
use placet_texts::text;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::away::Away;
use crate::view::{State, Waiting, clipped, sentence};

/// What is asked when a notification is pressed: bring the prompt up, for this request if it is one's.
pub type Open = Arc<dyn Fn(Option<&RequestId>) + Send + Sync>;
/// What is asked when its Deny is pressed.
pub type Deny = Arc<dyn Fn(&RequestId) + Send + Sync>;
/// What is asked when its Approve is pressed, and how it was pressed.
pub type Approve = Arc<dyn Fn(&RequestId, Gesture) + Send + Sync>;
/// Who hears that a notification of this request stands.
pub type Told = Arc<dyn Fn(&RequestId) + Send + Sync>;
/// Who hears what only an attack or a broken tool does: a word and the details.
pub type Suspicious = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// What a notification can do.
#[derive(Clone)]
pub struct Acts {
    /// Bring the prompt up.
    pub open: Open,
    /// Deny this one.
    pub deny: Deny,
    /// Approve this one, which offered it.
    pub approve: Approve,
    /// Hear that this one stands.
    pub told: Told,
    /// Put on record what only an attack or a broken tool does.
    pub suspicious: Suspicious,
}

/// So many requests have a notification of their own: more would cover the screen.
const APART: usize = 3;
/// The name of its second action on the bus.
const DENY: &str = "deny";

/// A daemon that has not answered by then is not waited for; its notification cannot be withdrawn.
const POSTED_WITHIN: Duration = Duration::from_secs(30);
/// A tool's name can be as long as its author likes; daemons draw all of it.
const SUMMARY_LIMIT: usize = 160;
/// Each time that something was heard costs the bus two match rules, which it limits.
const HEARD_AT_MOST: usize = 50;
/// Withdrawing, or an alarm, is one message; a daemon that does not take it in this time hangs.
const WITHDRAWN_WITHIN: Duration = Duration::from_secs(2);

/// The window comes first: both want the same processor, and the person waits for the window.
const AFTER_THE_PROMPT: Duration = Duration::from_millis(60);

/// Posts and withdraws until `state` is gone, then withdraws what is left. `at_prompt` says whether
/// the prompt has the person's focus, `away` whether the screen is locked.
pub async fn follow(
    mut state: watch::Receiver<State>,
    mut at_prompt: watch::Receiver<bool>,
    mut away: Away,
    acts: Acts,
    picture: Option<PathBuf>,
) {
    // With what each offered to approve.
    let mut posted: HashMap<RequestId, (Option<String>, oneshot::Sender<()>)> = HashMap::new();
    let mut seen: HashSet<RequestId> = HashSet::new();
    let mut quietly: HashSet<RequestId> = HashSet::new();
    let mut tasks = JoinSet::new();
    let (others, count) = watch::channel(0);
    tasks.spawn(count_others(count, Arc::clone(&acts.open), picture.clone()));
    loop {
        let State { waiting, quiet_until, .. } = state.borrow_and_update().clone();
        if *at_prompt.borrow_and_update() {
            seen.extend(waiting.iter().map(|one| one.id.clone()));
        }
        let silent = away.is() || quiet_until.is_some();
        if quiet_until.is_some() {
            // It waits to be opened where it would take the focus, as if it had been announced.
            waiting
                .iter()
                .filter(|one| quietly.insert(one.id.clone()))
                .for_each(|one| (acts.told)(&one.id));
        }
        let waits = |id: &RequestId| waiting.iter().any(|one| one.id == *id);
        seen.retain(waits);
        quietly.retain(waits);
        // A dropped sender tells its task to withdraw.
        posted.retain(|id, _| waits(id) && !seen.contains(id) && !silent);
        let mut left = 0;
        for one in waiting.iter().filter(|one| !silent && !seen.contains(&one.id)) {
            // Its turn has come, or what may be approved there has changed: another takes its place.
            if posted.get(&one.id).is_some_and(|(offer, _)| *offer != one.offer) {
                posted.remove(&one.id);
            }
            if posted.contains_key(&one.id) {
                continue;
            }
            if posted.len() >= APART {
                left += 1;
            } else {
                let (end, ended) = oneshot::channel();
                posted.insert(one.id.clone(), (one.offer.clone(), end));
                tasks.spawn(accompany(one.clone(), ended, acts.clone(), picture.clone()));
            }
        }
        others.send_if_modified(|count| std::mem::replace(count, left) != left);
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            changed = state.changed() => if changed.is_err() { break },
            changed = at_prompt.changed() => if changed.is_err() { break },
            () = away.changed() => {}
        }
    }
    drop((posted, others));
    while tasks.join_next().await.is_some() {}
}

/// Says why Placet does not start, where a person may see it. It stays until they close it.
pub async fn alarm(sentence: &str) {
    let mut notification = Notification::new();
    notification.appname("Placet").summary(sentence).timeout(Timeout::Never);
    let notification = notification.urgency(Urgency::Critical).finalize();
    if tokio::time::timeout(WITHDRAWN_WITHIN, notification.show_async()).await.is_err() {
        tracing::debug!("the notification daemon does not answer");
    }
}

/// One notification from its posting to its withdrawal.
async fn accompany(
    waiting: Waiting,
    mut ended: oneshot::Receiver<()>,
    acts: Acts,
    picture: Option<PathBuf>,
) {
    tokio::select! {
        biased;
        // Over already: nobody needs to hear of it.
        _ = &mut ended => return,
        () = tokio::time::sleep(AFTER_THE_PROMPT) => {}
    }
    if let Some(action) = &waiting.offer {
        let summary = summary(&waiting);
        if let Some(mut offered) =
            offer::post(&waiting.id, &summary, action, picture.as_deref()).await
        {
            (acts.told)(&waiting.id);
            tokio::select! {
                _ = &mut ended => {}
                () = offered.listen(&waiting.id, &acts) => {
                    let _ = ended.await;
                }
            }
            return offered.withdraw().await;
        }
    }
    let buttons = has_buttons().await;
    let Some(handle) = post(compose(&waiting, buttons, picture.as_deref())).await else { return };
    (acts.told)(&waiting.id);
    tokio::select! {
        _ = &mut ended => {}
        () = listen(&handle, || (acts.open)(Some(&waiting.id)), || (acts.deny)(&waiting.id)) => {
            // Nothing more to hear; it is still to be withdrawn.
            let _ = ended.await;
        }
    }
    withdraw(&handle).await;
}

/// One notification that says how many requests wait that have none of their own; it is changed as
/// their number changes, and withdrawn when there are none.
async fn count_others(mut count: watch::Receiver<usize>, open: Open, picture: Option<PathBuf>) {
    let mut posted: Option<NotificationHandle> = None;
    loop {
        let now = *count.borrow_and_update();
        posted = match posted {
            Some(handle) if now == 0 => {
                withdraw(&handle).await;
                None
            }
            None if now == 0 => None,
            before => {
                let mut next = counting(now, has_buttons().await, picture.as_deref());
                if let Some(before) = before {
                    next.id(before.id());
                }
                post(next).await
            }
        };
        let heard = async {
            if let Some(handle) = &posted {
                listen(handle, || open(None), || {}).await;
            }
            // Nothing more to hear; its number may still change.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            changed = count.changed() => if changed.is_err() { break },
            () = heard => {}
        }
    }
    if let Some(handle) = posted {
        withdraw(&handle).await;
    }
}

async fn post(notification: Notification) -> Option<NotificationHandle> {
    match tokio::time::timeout(POSTED_WITHIN, notification.show_async()).await {
        Ok(Ok(handle)) => return Some(handle),
        Ok(Err(error)) => tracing::debug!(%error, "no notification"),
        Err(_) => tracing::debug!("the notification daemon does not answer"),
    }
    None
}

async fn withdraw(handle: &NotificationHandle) {
    let _ = tokio::time::timeout(WITHDRAWN_WITHIN, handle.close_async()).await;
}

/// Whether the daemon shows buttons (Desktop Notifications Specification 1.2, `GetCapabilities`);
/// what does not answer is taken to.
async fn has_buttons() -> bool {
    const NAME: &str = "org.freedesktop.Notifications";
    let asked = async {
        let bus = zbus::Connection::session().await?;
        let path = "/org/freedesktop/Notifications";
        let answer = bus.call_method(Some(NAME), path, Some(NAME), "GetCapabilities", &()).await?;
        answer.body().deserialize::<Vec<String>>()
    };
    match tokio::time::timeout(WITHDRAWN_WITHIN, asked).await {
        Ok(Ok(words)) => words.iter().any(|word| word == "actions"),
        _ => true,
    }
}

fn summary(waiting: &Waiting) -> String {
    clipped(&sentence(&waiting.name, &waiting.heading), SUMMARY_LIMIT)
}

fn compose(waiting: &Waiting, buttons: bool, picture: Option<&Path>) -> Notification {
    let body = match waiting.code.is_empty() {
        true => text!("notice-window"),
        false => text!("notice-request", code = &waiting.code, time = &waiting.asked_at),
    };
    let mut notification = pointer(&summary(waiting), &body, buttons, picture);
    if buttons {
        notification.action(DENY, &text!("screen-deny"));
    }
    notification
}

fn counting(others: usize, buttons: bool, picture: Option<&Path>) -> Notification {
    let summary = text!("notice-more", count = others);
    pointer(&summary, &text!("notice-one-by-one"), buttons, picture)
}

/// A notification that leads to the prompt. Its urgency is an ordinary one: what an agent asks for
/// does not break "do not disturb".
fn pointer(summary: &str, body: &str, buttons: bool, picture: Option<&Path>) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("Placet")
        .summary(summary)
        .hint(Hint::DesktopEntry("placet".to_owned()))
        .urgency(Urgency::Normal)
        .timeout(Timeout::Never);
    if buttons {
        notification.body(body).action("default", &text!("notice-review"));
    } else {
        notification.body(&text!("notice-no-buttons", body = body));
    }
    if let Some(picture) = picture.and_then(Path::to_str) {
        notification.icon(picture);
    }
    notification
}

/// Hears presses. Whatever else is said, of closing too, may be said by anybody on the bus, so it
/// does not end the listening; only so much of it is listened to.
async fn listen(handle: &NotificationHandle, open: impl Fn(), deny: impl Fn()) {
    for _ in 0..HEARD_AT_MOST {
        let mut heard = None;
        handle.wait_for_action_async(|what| heard = Some(what.clone())).await;
        match heard {
            Some(NotificationResponse::Default) => open(),
            Some(NotificationResponse::Action(name)) if name == DENY => deny(),
            Some(_) => {}
            // The bus is gone.
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h9_strangers_words_stand_only_where_there_is_no_markup() {
        let waiting = Waiting {
            id: RequestId("req_1".into()),
            name: "<b>bot</b>".into(),
            heading: "Let <a href=\"x\">bot</a> do this?".into(),
            code: "VQ7Z-CCMK".into(),
            brief: "shell: <b>git</b> push".into(),
            asked_at: "15:20".into(),
            offer: None,
        };
        let notification = compose(&waiting, true, None);
        assert_eq!(notification.summary, "<b>bot</b> asks: Let <a href=\"x\">bot</a> do this?");
        assert_eq!(
            notification.body,
            "Request VQ7Z-CCMK, asked at 15:20. Placet's window says what for."
        );
    }

    #[test]
    fn a_long_name_does_not_cover_the_screen() {
        let (id, long) = (RequestId("req_1".into()), "x".repeat(5000));
        let (code, brief, asked_at) = (String::new(), long.clone(), String::new());
        let name = "bot".into();
        let waiting = Waiting { id, name, heading: long, code, brief, asked_at, offer: None };
        assert!(compose(&waiting, true, None).summary.chars().count() <= SUMMARY_LIMIT + 1);
    }

    #[test]
    fn h18_its_actions_open_and_deny_and_none_approves() {
        let waiting = Waiting {
            id: RequestId("req_1".into()),
            name: "a".into(),
            heading: "b".into(),
            code: "VQ7Z-CCMK".into(),
            brief: "shell: <b>git</b> push".into(),
            asked_at: "15:20".into(),
            offer: None,
        };
        let actions = compose(&waiting, true, None).actions;
        assert_eq!(actions, ["default", "Review", "deny", "Deny"]);
    }

    #[test]
    fn every_word_of_ours_in_a_notification_can_be_translated() {
        let name = || "7".to_owned();
        let waiting = Waiting {
            id: RequestId(name()),
            name: name(),
            heading: name(),
            code: name(),
            brief: name(),
            asked_at: name(),
            offer: None,
        };
        let made = placet_texts::pretended(|| {
            [true, false]
                .map(|buttons| [compose(&waiting, buttons, None), counting(2, buttons, None)])
        });
        for one in made.as_flattened() {
            // Keys of actions stand at even places.
            let labels = one.actions.iter().skip(1).step_by(2);
            for words in labels.chain([&one.summary, &one.body]) {
                assert!(!words.contains(|c: char| c.is_ascii_lowercase()), "{words}");
            }
        }
    }
}
