//! A notification with Approve, for what the person has marked as low-risk (design §6).
//!
//! **Promises.** Posted and heard on a connection of its own. The press counts only if the bus says
//! that it comes from the very daemon that took the notification, if it names this request, and not
//! before [`ARMING`]; one from anybody else is refused and reported. The body is the whole action, as
//! [`placet_core::display::Screen::on_notification`] has it; a daemon that shows no body or no
//! buttons gets no Approve.
//!
//! **What that is worth.** Any program of the session can press the daemon's button, tell some daemons
//! to press it, or be the daemon. So the answer is a `gesture`, always `observable`, and the record says
//! which process the daemon was. The rules look once more whether the kind is marked
//! (`placet_core::approval`).
//!
//! **Never** offer Approve for anything that has no such text.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use placet_core::ports::{Gesture, GestureKind};
use placet_core::request::RequestId;
use placet_texts::text;
use zbus::message::{Message, Type};
use zbus::wire::Variant;

use super::{Acts, DENY, POSTED_WITHIN, WITHDRAWN_WITHIN};

/// A press within this time was meant for something else, or comes from no person (H5).
const ARMING: Duration = Duration::from_secs(1);
/// The daemon's name on the bus, and its interface.
const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The bus itself.
const BUS: &str = "org.freedesktop.DBus";

/// One that a daemon took.
pub(super) struct Offered {
    bus: zbus::Connection,
    heard: zbus::MessageStream,
    /// The daemon's unique name.
    daemon: String,
    /// What the record says of it.
    device: String,
    id: u32,
    at: Instant,
    approve: String,
}

/// What a press means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    Review,
    Deny,
    Approve,
    /// Approve, sooner than anybody can have read it.
    TooSoon,
    /// Not from the daemon.
    Forged,
    /// Of another notification, or another signal.
    None,
}

/// Posts it; `None` if nobody takes it, or the daemon cannot show it as it must be shown.
pub(super) async fn post(
    request: &RequestId,
    summary: &str,
    action: &str,
    picture: Option<&Path>,
) -> Option<Offered> {
    let posting = try_post(request, summary, action, picture);
    match tokio::time::timeout(POSTED_WITHIN, posting).await {
        Ok(Ok(offered)) => return offered,
        Ok(Err(error)) => tracing::debug!(%error, "no notification with Approve"),
        Err(_) => tracing::debug!("the notification daemon does not answer"),
    }
    None
}

async fn try_post(
    request: &RequestId,
    summary: &str,
    action: &str,
    picture: Option<&Path>,
) -> zbus::Result<Option<Offered>> {
    let bus = zbus::connection::Builder::session().build().await?;
    // May start the daemon; who answers is who owns the name.
    let answer = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
    let Some(daemon) = answer.header().sender().map(ToString::to_string) else { return Ok(None) };
    let capabilities: Vec<String> = answer.body().deserialize()?;
    let can = |word: &str| capabilities.iter().any(|one| one == word);
    if !can("actions") || !can("body") {
        return Ok(None);
    }
    // Without a sender: what others say is to be seen as well. Before it is posted: some answer at once.
    let rule = zbus::MatchRule::builder().msg_type(Type::Signal).interface(NAME).build()?;
    let heard = zbus::MessageStream::for_match_rule(rule, &bus, None).await?;
    let approve = format!("approve {}", request.0);
    let body = if can("body-markup") { plain(action) } else { action.to_owned() };
    let icon = picture.and_then(Path::to_str).unwrap_or_default();
    let labels = [text!("notice-review"), text!("screen-deny"), text!("screen-approve")];
    let [review, deny, approves] = labels.each_ref().map(String::as_str);
    let actions = ["default", review, DENY, deny, approve.as_str(), approves];
    let hints = HashMap::from([
        ("desktop-entry", Variant::from("placet")),
        ("urgency", Variant::from(1_u8)),
    ]);
    let notification = ("Placet", 0_u32, icon, summary, body.as_str(), &actions[..], hints, 0_i32);
    // To the one that was asked, whoever owns the name by now.
    let to = Some(daemon.as_str());
    let posted = bus.call_method(to, PATH, Some(NAME), "Notify", &notification).await?;
    let id = posted.body().deserialize()?;
    let device = device(&bus, &daemon).await;
    Ok(Some(Offered { bus, heard, daemon, device, id, at: Instant::now(), approve }))
}

impl Offered {
    /// Hears presses until the bus is gone or one approves.
    pub(super) async fn listen(&mut self, request: &RequestId, acts: &Acts) {
        let mut reported = false;
        while let Some(message) = self.heard.next().await {
            let Ok(message) = message else { return };
            match self.press(&message) {
                Press::Review => (acts.open)(Some(request)),
                Press::Deny => (acts.deny)(request),
                Press::Approve => {
                    let kind = GestureKind::Notification;
                    let gesture = Gesture { kind, device: self.device.clone(), observable: true };
                    return (acts.approve)(request, gesture);
                }
                Press::TooSoon => tracing::info!("a notification was approved too soon"),
                // One is enough to see it by; there can be many.
                Press::Forged if !reported => {
                    reported = true;
                    let sender = message.header().sender().map(ToString::to_string);
                    let sender = sender.unwrap_or_default();
                    let detail = format!("by {sender}, the daemon is {}", self.daemon);
                    (acts.suspicious)("forged_notification", &detail);
                }
                Press::Forged | Press::None => {}
            }
        }
    }

    fn press(&self, message: &Message) -> Press {
        let header = message.header();
        let is = |member: &str| header.member().is_some_and(|name| *name == member);
        let Ok((id, key)) = message.body().deserialize::<(u32, String)>() else {
            return Press::None;
        };
        if !is("ActionInvoked") || id != self.id {
            return Press::None;
        }
        if header.sender().is_none_or(|sender| sender.as_str() != self.daemon) {
            return Press::Forged;
        }
        match key.as_str() {
            "default" => Press::Review,
            DENY => Press::Deny,
            key if key != self.approve => Press::None,
            _ if self.at.elapsed() < ARMING => Press::TooSoon,
            _ => Press::Approve,
        }
    }

    /// Takes it away.
    pub(super) async fn withdraw(self) {
        let to = Some(self.daemon.as_str());
        let closing = self.bus.call_method(to, PATH, Some(NAME), "CloseNotification", &self.id);
        let _ = tokio::time::timeout(WITHDRAWN_WITHIN, closing).await;
    }
}

/// What the record says of the daemon: attribution, and no proof.
async fn device(bus: &zbus::Connection, daemon: &str) -> String {
    let asked = bus.call_method(
        Some(BUS),
        "/org/freedesktop/DBus",
        Some(BUS),
        "GetConnectionUnixProcessID",
        &daemon,
    );
    let answered = tokio::time::timeout(WITHDRAWN_WITHIN, asked).await;
    let pid = answered.ok().and_then(Result::ok).and_then(|pid| pid.body().deserialize().ok());
    let program = |pid: u32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    match pid {
        Some(pid) => {
            let program = program(pid).map(|path| path.display().to_string());
            let program: String =
                program.unwrap_or_else(|| "not readable".to_owned()).chars().take(200).collect();
            format!("notification of {daemon}, process {pid}, {program}")
        }
        None => format!("notification of {daemon}"),
    }
}

/// Text for a body with markup (Desktop Notifications Specification 1.2, "Markup").
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h9_an_action_in_a_body_with_markup_has_none() {
        assert_eq!(plain("a <b>&amp;</b>"), "a &lt;b&gt;&amp;amp;&lt;/b&gt;");
    }
}
