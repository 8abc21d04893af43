//! One notification for each request that waits: a pointer to the prompt, nothing more.
//!
//! **Promises.** A request's notification is posted once, in a task of its own that nobody waits
//! for, and withdrawn when the person turns to the prompt or the request ends, also when the person or the daemon closed it before
//! or somebody pretended so. No daemon, no bus, a daemon that hangs: nothing happens and nobody is
//! told, because what waits is reachable without it. While the person is away there is none: it
//! would stand on the lock screen. What still waits when they are back is announced then.
//!
//! **What a notification may do.** Any program on the bus can read it and can send a forged
//! `ActionInvoked`: the library's match rule names no sender. So its actions are opening the prompt,
//! which its forger could do with `placet open` as well, and Deny, which harms only who asks (design
//! §6). It never approves anything.
//!
//! **Never** put into it what the agent wrote about itself, an argument of the action, or anything
//! a person typed: only the name and the escaped heading. They go into the summary, which has no
//! markup (Desktop Notifications Specification 1.2, "Basic Design"); the body is ours alone.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Timeout, Urgency};
use placet_core::request::RequestId;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::away::Away;
use crate::view::{State, Waiting, clipped, sentence};

/// What is asked when a notification is pressed: bring the prompt up.
pub type Open = Arc<dyn Fn() + Send + Sync>;
/// What is asked when its Deny is pressed.
pub type Deny = Arc<dyn Fn(&RequestId) + Send + Sync>;

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
    (open, deny): (Open, Deny),
    picture: Option<PathBuf>,
) {
    let mut posted: HashMap<RequestId, oneshot::Sender<()>> = HashMap::new();
    let mut seen: HashSet<RequestId> = HashSet::new();
    let mut tasks = JoinSet::new();
    loop {
        let waiting = state.borrow_and_update().waiting.clone();
        if *at_prompt.borrow_and_update() {
            seen.extend(waiting.iter().map(|one| one.id.clone()));
        }
        let is_away = away.is();
        let waits = |id: &RequestId| waiting.iter().any(|one| one.id == *id);
        seen.retain(waits);
        // A dropped sender tells its task to withdraw.
        posted.retain(|id, _| waits(id) && !seen.contains(id) && !is_away);
        for one in waiting.iter().filter(|_| !is_away) {
            if !seen.contains(&one.id) && !posted.contains_key(&one.id) {
                let (end, ended) = oneshot::channel();
                posted.insert(one.id.clone(), end);
                let acts = (Arc::clone(&open), Arc::clone(&deny));
                tasks.spawn(accompany(one.clone(), ended, acts, picture.clone()));
            }
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            changed = state.changed() => if changed.is_err() { break },
            changed = at_prompt.changed() => if changed.is_err() { break },
            () = away.changed() => {}
        }
    }
    drop(posted);
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
    (open, deny): (Open, Deny),
    picture: Option<PathBuf>,
) {
    tokio::select! {
        biased;
        // Over already: nobody needs to hear of it.
        _ = &mut ended => return,
        () = tokio::time::sleep(AFTER_THE_PROMPT) => {}
    }
    let notification = compose(&waiting, picture);
    let handle = match tokio::time::timeout(POSTED_WITHIN, notification.show_async()).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => return tracing::debug!(%error, "no notification"),
        Err(_) => return tracing::debug!("the notification daemon does not answer"),
    };
    tokio::select! {
        _ = &mut ended => {}
        () = listen(&handle, &open, || deny(&waiting.id)) => {
            // Nothing more to hear; it is still to be withdrawn.
            let _ = ended.await;
        }
    }
    let _ = tokio::time::timeout(WITHDRAWN_WITHIN, handle.close_async()).await;
}

fn compose(waiting: &Waiting, picture: Option<PathBuf>) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("Placet")
        .summary(&clipped(&sentence(&waiting.name, &waiting.heading), SUMMARY_LIMIT))
        .body("Placet's window says what for.")
        .action("default", "Review")
        .action(DENY, "Deny")
        .hint(Hint::DesktopEntry("placet".to_owned()))
        .urgency(Urgency::Normal)
        .timeout(Timeout::Never);
    if let Some(picture) = picture.as_deref().and_then(|path| path.to_str()) {
        notification.icon(picture);
    }
    notification
}

/// Hears presses. Whatever else is said, of closing too, may be said by anybody on the bus, so it
/// does not end the listening; only so much of it is listened to.
async fn listen(handle: &NotificationHandle, open: &Open, deny: impl Fn()) {
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
        };
        let notification = compose(&waiting, None);
        assert_eq!(notification.summary, "<b>bot</b> asks: Let <a href=\"x\">bot</a> do this?");
        assert!(!notification.body.contains("bot"), "{}", notification.body);
    }

    #[test]
    fn a_long_name_does_not_cover_the_screen() {
        let (id, long) = (RequestId("req_1".into()), "x".repeat(5000));
        let waiting = Waiting { id, name: "bot".into(), heading: long };
        assert!(compose(&waiting, None).summary.chars().count() <= SUMMARY_LIMIT + 1);
    }

    #[test]
    fn h18_its_actions_open_and_deny_and_none_approves() {
        let waiting =
            Waiting { id: RequestId("req_1".into()), name: "a".into(), heading: "b".into() };
        let actions = compose(&waiting, None).actions;
        assert_eq!(actions, ["default", "Review", "deny", "Deny"]);
    }
}
