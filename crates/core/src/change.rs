//! How the prompt asks about a change that came from the book.
//!
//! **Promises.** Says what widens, who could use it, and that the question may not be the person's
//! own: any program of the session can press the book's buttons.

use crate::display::{Step, plain, row};
use crate::ours;
use crate::section::Section;
use crate::settings::{Change, Kind, Setting};
use crate::text::Text;

/// Step, heading, action, destination and the label of the approving control.
pub(crate) fn asked(change: &Change) -> (Step, Text, Section, Section, Text) {
    let kind_rows = |kind: &Kind| {
        vec![row(ours!("row-agent"), &kind.agent), row(ours!("row-tool"), &kind.tool)]
    };
    let (heading, rows, means, approve) = match change {
        Change::Set(Setting::OnNotification { kind, on: true }) => (
            ours!("change-offer"),
            kind_rows(kind),
            vec![
                ours!("change-offer-button"),
                ours!("change-offer-anyone"),
                ours!("change-offer-readable"),
            ],
            ours!("change-offer-yes"),
        ),
        Change::Set(Setting::OnNotification { kind, on: false }) => (
            ours!("change-no-offer"),
            kind_rows(kind),
            vec![ours!("change-no-offer-means")],
            ours!("change-no-offer-yes"),
        ),
        Change::Set(Setting::Quiet(_)) => (
            ours!("change-quiet"),
            vec![plain(ours!("change-quiet-what"))],
            vec![ours!("change-quiet-means")],
            ours!("change-quiet-yes"),
        ),
        Change::EndPause => (
            ours!("change-pause"),
            vec![plain(ours!("change-pause-what"))],
            vec![ours!("change-pause-means")],
            ours!("change-pause-yes"),
        ),
        Change::EndMute(bucket) => (
            ours!("change-mute"),
            vec![match bucket.as_str() {
                "" => plain(ours!("change-mute-unpaired")),
                "set up" => plain(ours!("change-mute-set-up")),
                agent => row(ours!("row-muted"), agent),
            }],
            vec![ours!("change-mute-means")],
            ours!("change-mute-yes"),
        ),
    };
    let action = Section { title: ours!("change-what"), rows };
    let means = means.into_iter().map(plain).collect();
    let means = Section { title: ours!("screen-means"), rows: means };
    (Step::Change, heading, action, means, approve)
}

/// Who asks.
pub(crate) fn asker() -> Section {
    Section { title: ours!("screen-asker"), rows: vec![plain(ours!("change-asker"))] }
}
