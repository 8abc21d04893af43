//! What the person can set: a short, closed list, kept in the record like a pause or a pairing.
//!
//! **Promises.** [`Settings`] is what the record's [`Setting`]s add up to; nothing else changes it.
//! What widens what is allowed ([`Change::asks`]) is asked in the prompt and recorded with the yes
//! that made it; everything else takes effect at once. A value that means nothing cannot be made:
//! hours are of one day and are not the whole of it, names are not empty and not endless.
//!
//! **Never** add one that approves by itself, or that lowers what a server or a request demands.

use std::collections::BTreeSet;
use std::fmt;

use placet_texts::text;
use serde::{Deserialize, Serialize};

/// A tool's name in a setting has at most this many characters: the prompt has to show it.
const TOOL_LIMIT: usize = 120;
/// So many kinds at most: a list that nobody reads protects nobody.
const KINDS: usize = 50;

/// Everything that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What a notification may answer with Approve; nothing by default.
    #[serde(default)]
    pub on_notification: BTreeSet<Kind>,
    /// When no notification is shown; `None`: they always are.
    #[serde(default)]
    pub quiet: Option<Quiet>,
}

/// Plain approvals that the person has marked as low-risk: by agent and tool (design §2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The pairing.
    pub agent: String,
    /// The tool, exactly as the agent names it.
    pub tool: String,
}

/// From one minute of the local day to another, perhaps past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Minutes since midnight; the first that is quiet.
    pub from: u16,
    /// Minutes since midnight; the first that is not.
    pub to: u16,
}

/// One thing set, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Approve on notifications of this kind, or not any more.
    OnNotification {
        /// Which.
        kind: Kind,
        /// Whether.
        on: bool,
    },
    /// Quiet hours, or none.
    Quiet(Option<Quiet>),
}

/// What can be changed from the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A setting.
    Set(Setting),
    /// End the pause.
    EndPause,
    /// Hear this bucket again ([`crate::request::Request::bucket`]).
    EndMute(String),
}

impl Change {
    /// True if it widens what is allowed: then the prompt asks. A program can press the book's
    /// buttons (design §6).
    #[must_use]
    pub const fn asks(&self) -> bool {
        match self {
            Self::Set(Setting::OnNotification { on, .. }) => *on,
            // Silence approves nothing.
            Self::Set(Setting::Quiet(_)) => false,
            Self::EndPause | Self::EndMute(_) => true,
        }
    }
}

/// Why a value cannot be set, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// No such minute, or a whole day.
    Hours,
    /// No name, or too long a one.
    Tool,
    /// Too many kinds.
    Full,
    /// Nobody of that name.
    Agent,
}

impl std::error::Error for Unfit {}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Hours => text!("unfit-hours"),
            Self::Tool => text!("unfit-tool", most = TOOL_LIMIT),
            Self::Full => text!("unfit-full", most = KINDS),
            Self::Agent => text!("unfit-agent"),
        })
    }
}

impl Settings {
    /// Takes one in.
    pub fn take(&mut self, setting: &Setting) {
        match setting {
            Setting::OnNotification { kind, on: true } => {
                self.on_notification.insert(kind.clone());
            }
            Setting::OnNotification { kind, on: false } => {
                self.on_notification.remove(kind);
            }
            Setting::Quiet(quiet) => self.quiet = quiet.filter(Quiet::is_fit),
        }
    }

    /// The pairing is gone: who gets the name next inherits nothing.
    pub fn forget(&mut self, agent: &str) {
        self.on_notification.retain(|kind| kind.agent != agent);
    }

    /// Whether a notification may answer a plain approval of this agent and tool.
    #[must_use]
    pub fn is_low_risk(&self, agent: &str, tool: &str) -> bool {
        self.on_notification.iter().any(|kind| kind.agent == agent && kind.tool == tool)
    }

    /// Whether this can be set now.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn fits(&self, setting: &Setting) -> Result<(), Unfit> {
        match setting {
            Setting::OnNotification { kind, on: true } => {
                let characters = kind.tool.chars().count();
                if characters == 0 || characters > TOOL_LIMIT {
                    return Err(Unfit::Tool);
                }
                if self.on_notification.len() >= KINDS && !self.on_notification.contains(kind) {
                    return Err(Unfit::Full);
                }
                Ok(())
            }
            Setting::Quiet(Some(quiet)) if !quiet.is_fit() => Err(Unfit::Hours),
            Setting::OnNotification { on: false, .. } | Setting::Quiet(_) => Ok(()),
        }
    }
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

impl Quiet {
    const fn is_fit(&self) -> bool {
        self.from < DAY && self.to < DAY && self.from != self.to
    }

    /// True in the minute `now` of the local day.
    #[must_use]
    pub const fn holds(self, now: u16) -> bool {
        if self.from < self.to {
            self.from <= now && now < self.to
        } else {
            self.from <= now || now < self.to
        }
    }

    /// Minutes from the minute `now` to the next beginning or end; at least 1.
    #[must_use]
    pub fn next(self, now: u16) -> u16 {
        let until = |minute: u16| {
            let left = (u32::from(minute) + u32::from(DAY) - u32::from(now % DAY)) % u32::from(DAY);
            if left == 0 { u32::from(DAY) } else { left }
        };
        u16::try_from(until(self.from).min(until(self.to))).unwrap_or(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: Quiet = Quiet { from: 22 * 60, to: 7 * 60 };

    fn kind(agent: &str, tool: &str) -> Kind {
        Kind { agent: agent.to_owned(), tool: tool.to_owned() }
    }

    fn on(agent: &str, tool: &str) -> Setting {
        Setting::OnNotification { kind: kind(agent, tool), on: true }
    }

    #[test]
    fn nothing_is_low_risk_by_default_and_then_only_the_same_agent_with_the_same_tool() {
        let mut settings = Settings::default();
        assert!(!settings.is_low_risk("bot", "ls"));
        settings.take(&on("bot", "ls"));
        assert!(settings.is_low_risk("bot", "ls"));
        for (agent, tool) in [("bot", "LS"), ("bot", "ls "), ("bots", "ls"), ("", "ls")] {
            assert!(!settings.is_low_risk(agent, tool), "{agent} {tool}");
        }
        settings.take(&Setting::OnNotification { kind: kind("bot", "ls"), on: false });
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn a_name_that_is_taken_back_leaves_nothing_to_the_next_of_that_name() {
        let mut settings = Settings::default();
        settings.take(&on("bot", "ls"));
        settings.take(&on("other", "ls"));
        settings.forget("bot");
        assert!(!settings.is_low_risk("bot", "ls") && settings.is_low_risk("other", "ls"));
    }

    #[test]
    fn what_widens_is_asked_and_what_narrows_is_not() {
        let off = Setting::OnNotification { kind: kind("bot", "ls"), on: false };
        assert!(Change::Set(on("bot", "ls")).asks());
        assert!(Change::EndPause.asks() && Change::EndMute(String::new()).asks());
        for setting in [off, Setting::Quiet(Some(NIGHT)), Setting::Quiet(None)] {
            assert!(!Change::Set(setting).asks());
        }
    }

    #[test]
    fn quiet_hours_go_past_midnight_and_end_on_the_minute() {
        let hours = |from: u16, to: u16| Quiet { from: from * 60, to: to * 60 };
        let quiet = |of: Quiet, at: u16| of.holds(at);
        assert!(quiet(NIGHT, 22 * 60) && quiet(NIGHT, 0) && quiet(NIGHT, 7 * 60 - 1));
        assert!(!quiet(NIGHT, 7 * 60) && !quiet(NIGHT, 12 * 60) && !quiet(NIGHT, 22 * 60 - 1));
        let noon = hours(12, 13);
        assert!(quiet(noon, 12 * 60) && !quiet(noon, 13 * 60) && !quiet(noon, 11 * 60));
        assert_eq!(NIGHT.next(22 * 60), 9 * 60);
        assert_eq!(NIGHT.next(7 * 60), 15 * 60);
        assert_eq!(noon.next(13 * 60), 23 * 60);
    }

    #[test]
    fn a_value_that_means_nothing_is_refused_and_never_taken() {
        let mut settings = Settings::default();
        for quiet in
            [Quiet { from: 5, to: 5 }, Quiet { from: 0, to: 1440 }, Quiet { from: 1500, to: 3 }]
        {
            assert_eq!(settings.fits(&Setting::Quiet(Some(quiet))), Err(Unfit::Hours));
            // As it could stand in a record that somebody wrote.
            settings.take(&Setting::Quiet(Some(quiet)));
            assert_eq!(settings.quiet, None);
        }
        assert_eq!(settings.fits(&on("bot", "")), Err(Unfit::Tool));
        assert_eq!(settings.fits(&on("bot", &"x".repeat(121))), Err(Unfit::Tool));
        for number in 0..KINDS {
            settings.take(&on("bot", &number.to_string()));
        }
        assert_eq!(settings.fits(&on("bot", "one more")), Err(Unfit::Full));
        assert_eq!(settings.fits(&on("bot", "0")), Ok(()));
    }
}
