//! What the methods answer, beside [`crate::outcome::Ended`].
//!
//! **Promises.** A client ignores members that it does not know, so members may be added.
//!
//! **Never** a secret, but for [`Paired::token`] to the one who paired.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::Ended;
use crate::sensitive::Sensitive;

/// Answer of `placet/hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloAnswer {
    /// The version that both speak.
    pub version: String,
    /// The daemon.
    pub app: App,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How the kernel sees this client.
    pub peer: Peer,
    /// The pairing whose token was sent; null without one, or if it was taken back.
    pub paired: Option<PairedName>,
}

/// The daemon's name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// `placet`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What the daemon can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Methods with an answer.
    pub methods: Vec<String>,
    /// Notifications that it sends.
    pub notifications: Vec<String>,
    /// Intake modes (digest §2.8): `start`.
    pub intake: Vec<String>,
    /// Delivery modes (digest §2.8): `code`.
    pub delivery: Vec<String>,
    /// Elicitation modes that it can show: `form`.
    pub modes: Vec<String>,
}

/// How the kernel sees a client: attribution, not proof (S4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// User id.
    pub uid: u32,
    /// Process id; null if the process is not visible here.
    pub pid: Option<i32>,
    /// Executable path; null if not readable.
    pub program: Option<String>,
    /// The process and its parents, nearest first.
    pub chain: Vec<Process>,
    /// `session`, `ssh`, `container` or `unknown`.
    pub place: String,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Short name.
    pub name: String,
}

/// The name of a pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedName {
    /// The name.
    pub name: String,
}

/// Answer of `placet/pair`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PairAnswer {
    /// The person typed the code.
    Paired(Paired),
    /// Anything else.
    Ended(Box<Ended>),
}

/// A new pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// The name, as the person left it.
    pub name: String,
    /// To be sent in `placet/hello`; kept by the client in a file with mode 0600.
    pub token: Sensitive,
}

/// Answer of `as/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerList {
    /// In the order in which they were added.
    pub servers: Vec<Server>,
}

/// An enrolled authorization server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// RFC 8414 issuer.
    pub issuer: String,
    /// What the person calls it.
    pub name: String,
    /// Placet's client there.
    pub client_id: String,
    /// The account it is for.
    pub account: String,
    /// A loopback http issuer (A27).
    #[serde(default)]
    pub danger_http_loopback: bool,
    /// The only certificate authorities that may vouch for it; none: those that the system trusts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<Authority>,
    /// What all that is said to it goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
}

/// A certificate authority of a server's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Its subject, as the certificate has it: escape before printing.
    pub subject: String,
    /// SHA-256 of the certificate (DER), in pairs of hex digits.
    pub sha256: String,
    /// Milliseconds since 1970: valid until.
    pub not_after: i64,
}

/// Answer of `pairing/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingList {
    /// By name.
    pub pairings: Vec<PairingEntry>,
}

/// One pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingEntry {
    /// The agent's name.
    pub name: String,
    /// Milliseconds since 1970.
    pub paired_at: i64,
}

/// Answer of `pairing/revoke`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// False if there was no such name.
    pub revoked: bool,
}

/// Answer of `ui/open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Whether a window was brought up.
    pub shown: bool,
    /// How many requests wait.
    pub waiting: u32,
}

/// A requester that is muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// An agent's name, `all unpaired programs` or `questions about setting up`.
    pub who: String,
    /// Until when, in milliseconds since 1970.
    pub until: i64,
}

/// Answer of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// The daemon's version.
    pub version: String,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Requests that wait for the person.
    pub waiting: u32,
    /// Milliseconds since 1970; there while paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<i64>,
    /// Who is muted: every answer to them is no.
    #[serde(default)]
    pub muted: Vec<Muted>,
    /// How many agents have a name.
    pub paired_agents: u32,
    /// How many authorization servers are enrolled.
    pub servers: u32,
    /// `unhardened` or `hardened` (design §2).
    pub tier: String,
    /// The session.
    pub session: Session,
    /// The record.
    pub record: RecordState,
    /// The keys of this installation.
    #[serde(default)]
    pub keys: Vec<KeyState>,
}

/// A key of this installation, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    /// What it signs: `receipts` or `instance`.
    #[serde(rename = "use")]
    pub used_for: String,
    /// Its name; there if it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// How it is kept: `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// What that is worth, or why it cannot be used, in one sentence.
    pub sentence: String,
    /// Whether it can be used.
    pub ok: bool,
}

/// Answer of `receipt/show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptAnswer {
    /// The receipt: a JWS in compact form.
    pub receipt: String,
    /// `sha256:…` of it: what its requester was given.
    pub digest: String,
    /// The number of its entry in the record.
    pub seq: u64,
    /// When that was written, in milliseconds since 1970.
    pub at: i64,
}

/// Answer of `receipt/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// All that have signed receipts here, the newest last.
    pub keys: Vec<PublicKey>,
}

/// The public half of a key that signs or signed receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// As a JWK (RFC 7517).
    pub jwk: Value,
    /// Since when it was used, in milliseconds since 1970.
    pub at: i64,
    /// Whether it is the one that signs now.
    pub current: bool,
}

/// The session, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Other clients of it could watch or inject input.
    pub observable: bool,
    /// The display that the prompt is drawn on, as it was named when the daemon was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Whether the person is logged in there: `here`, `elsewhere` or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordState {
    /// How many entries.
    pub entries: u64,
    /// `sha256:…` of the newest; null for an empty record.
    pub head: Option<String>,
    /// Whether the chain was whole at the start and can be written (R8).
    pub ok: bool,
}

/// Answer of `log/list`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogEntry>,
}

/// One entry of the record, without the screens and without what was asked of whom in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Placet's name of the request it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What happened: `received`, `shown`, `ended` and so on.
    pub event: String,
    /// `sha256:…` of the entry.
    pub digest: String,
    /// One line for people. May hold an agent's words: escape before printing.
    pub summary: String,
    /// The outcome, for `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// `sha256:…` of the receipt, for `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Why, for `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same as a sentence, for `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// Who asked, for `received`: the name of its pairing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The number that prompt and terminal showed, for `received` of a request that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One line of what was asked, for `received` of a request that is over. Holds an agent's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<String>,
}
