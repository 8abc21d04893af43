//! What the book may ask, and what it gets.
//!
//! **Promises.** A closed list. All but three only look. [`Question::Revoke`] takes a name away from an
//! agent, which any program can ask for with `placet agents remove`; [`Question::Autostart`] writes a
//! file that any program of the user can write; [`Question::Change`] narrows at once, and what widens
//! is asked in the prompt.
//!
//! **Never** add one that approves, enrols, pairs or renames, nor one that widens without the prompt:
//! an imitated or remote-controlled book could ask it (design §6).

use placet_agentd::store::history::{Detail, Past, Wanted};
use placet_core::settings::Change;
use serde::{Deserialize, Serialize};

use crate::autostart::Autostart;

/// From the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A page of the history.
    History(Wanted),
    /// One request in full.
    Detail(String),
    /// Who is paired.
    Agents,
    /// Which servers are trusted.
    Servers,
    /// How well Placet is set up here.
    Health,
    /// Take this agent's name away.
    Revoke(String),
    /// What the first page for a new person needs.
    Beginning,
    /// Start with the person's session, or do not.
    Autostart(bool),
    /// Set something, or end a pause or a mute.
    Change(Change),
}

/// To the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Newest first.
    History(Vec<Past>),
    /// `None`: there is none.
    Detail(Option<Box<Detail>>),
    /// By name.
    Agents(Vec<Agent>),
    /// As they were enrolled.
    Servers(Vec<Trusted>),
    /// Line by line.
    Health(Vec<Finding>),
    /// False: there was none of this name.
    Revoked(bool),
    /// How far the person is.
    Beginning(Beginning),
    /// How it is now.
    Autostart(Autostart),
    /// False: it is so now. True: the prompt asks.
    Changed(bool),
    /// One sentence about what went wrong.
    Failed(String),
}

/// How far a new person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// Whether Placet starts with the session.
    pub autostart: Autostart,
    /// The program that would be started.
    pub program: String,
    /// Agents that have a name, by name.
    pub agents: Vec<String>,
    /// Something was asked and is over.
    pub asked: bool,
}

/// A paired agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name, as it is told to Placet.
    pub name: String,
    /// When the person agreed, in milliseconds since 1970.
    pub paired_at: i64,
    /// When its last request ended; `None`: none has.
    pub last_used: Option<i64>,
}

/// A trusted server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    /// What the person calls it, escaped.
    pub name: String,
    /// RFC 8414 issuer.
    pub issuer: String,
    /// The account that it is asked for, escaped.
    pub account: String,
    /// Placet's client there, escaped.
    pub client_id: String,
    /// Where its questions came from at enrolment; `None`: it had none, and cannot be asked.
    pub challenge_endpoint: Option<String>,
    /// Spoken to without encryption, on this machine.
    pub plain_http: bool,
    /// The only certificate authorities that may vouch for it, escaped; empty: those that the system
    /// trusts.
    pub authorities: Vec<Vouching>,
    /// What all that is said to it goes through, escaped; `None`: nothing.
    pub proxy: Option<String>,
}

/// A certificate authority of a server's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouching {
    /// Its subject, escaped.
    pub subject: String,
    /// SHA-256 of the certificate.
    pub sha256: String,
    /// The last day on which it is valid, in UTC.
    pub until: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// As good as it can be here.
    pub good: bool,
    /// How it is.
    pub state: String,
    /// What that means.
    pub means: String,
    /// How to better it; empty if there is nothing to do.
    pub better: String,
}
