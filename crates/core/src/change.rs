//! How the prompt asks about a change that came from the book.
//!
//! **Promises.** Says what widens, who could use it, and that the question may not be the person's
//! own: any program of the session can press the book's buttons.

use crate::display::{Step, plain, row};
use crate::section::Section;
use crate::settings::{Change, Setting};
use crate::text::Text;

/// Step, heading, action, destination and the label of the approving control.
pub(crate) fn asked(change: &Change) -> (Step, Text, Section, Section, &'static str) {
    let (heading, rows, means, approve): (&'static str, _, &[&'static str], _) = match change {
        Change::Set(Setting::OnNotification { kind, on: true }) => (
            "Let notifications approve this?",
            vec![row("Agent", &kind.agent), row("Tool", &kind.tool)],
            &[
                "A notification for this agent and tool gets a button that approves, if the whole action fits in it. Authorizations of a server never do.",
                "Any program of your session can press that button, or stand in for the program that shows notifications. Allow only what does no harm.",
                "The action then stands in the notification, where other programs can read it.",
            ],
            "Allow this",
        ),
        Change::Set(Setting::OnNotification { kind, on: false }) => (
            "Stop approving on notifications?",
            vec![row("Agent", &kind.agent), row("Tool", &kind.tool)],
            &["Only the prompt approves then."],
            "Stop this",
        ),
        Change::Set(Setting::Quiet(_)) => (
            "Change the quiet hours?",
            vec![plain("When no notification is shown.")],
            &["Nothing is approved by silence."],
            "Change this",
        ),
        Change::EndPause => (
            "End the pause?",
            vec![plain("Every answer is no until the pause ends.")],
            &["Agents can ask you again."],
            "End the pause",
        ),
        Change::EndMute(bucket) => (
            "End this mute?",
            vec![match bucket.as_str() {
                "" => plain("All unpaired programs are muted: every answer to them is no."),
                "set up" => plain("Questions about setting up are muted: every answer is no."),
                agent => row("Muted agent", agent),
            }],
            &["It can ask you again."],
            "End this mute",
        ),
    };
    let action = Section { title: "What will change".into(), rows };
    let means = means.iter().map(|words| plain(words)).collect();
    let means = Section { title: "What this means".into(), rows: means };
    (Step::Change, heading.into(), action, means, approve)
}

/// Who asks.
pub(crate) fn asker() -> Section {
    let words = "Placet's book. Any program of your session can press its buttons: if it was not you, deny.";
    Section { title: "Who asks".into(), rows: vec![plain(words)] }
}
