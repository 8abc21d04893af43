//! What the rules ask of the world: the record, the person, the servers, the clock, the requester.
//!
//! **Promises.** One method per question that [`crate::approval`] asks, one real adapter each.
//! Every future here may be dropped at any await point: that is how a request is cancelled, and
//! an adapter must then close what it opened (window, notification, connection).
//!
//! **Never** let an adapter decide: a port that cannot answer says so, and the rules say no.

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::account::{Installation, Own, Registered};
use crate::approved::Approval;
use crate::creation::{Created, Creation};
use crate::display::Screen;
use crate::form::{Form, Values};
use crate::json::Digest;
use crate::outcome::{Assurance, Method, Outcome, Reason};
use crate::passkey::{Assertion, CeremonyFault, CeremonyStep, Passkey, Wanted};
use crate::request::{Asker, Authorization, Request, RequestId, Server, Timestamp};
use crate::secret::Secret;
use crate::settings::Setting;

/// All ports together, so that [`crate::approval::handle`] takes one parameter.
pub trait Ports: Send + Sync {
    /// The append-only record.
    type Record: Record;
    /// The person and the window.
    type Person: Person;
    /// The authorization servers.
    type Servers: Servers;
    /// The authenticators.
    type Authenticators: Authenticators;
    /// Time.
    type Clock: Clock;
    /// The record.
    fn record(&self) -> &Self::Record;
    /// The person.
    fn person(&self) -> &Self::Person;
    /// The servers.
    fn servers(&self) -> &Self::Servers;
    /// The authenticators.
    fn authenticators(&self) -> &Self::Authenticators;
    /// The clock.
    fn clock(&self) -> &Self::Clock;
    /// What policy needs to know about this request at this moment.
    fn standing(&self, request: &Request) -> Standing;
    /// Tells the requester how far its request is: never what was asked of the person.
    fn status(&self, request: &Request, status: Status);
}

/// What policy needs to know: counts and switches, all kept by the adapter.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Until when Placet is paused; a time in the past means that it is not.
    pub paused_until: Timestamp,
    /// Until when this requester's bucket is muted; a time in the past means that it is not.
    pub muted_until: Timestamp,
    /// How often the person said no to this bucket about the same thing
    /// ([`gist`](crate::nagging::gist)) in the last ten minutes, and the seconds until the oldest of
    /// these is ten minutes old.
    pub declines: (u32, u64),
    /// Prompts shown for this requester's bucket in the last ten minutes.
    pub prompts_of_bucket: u32,
    /// Prompts shown for anybody in the last ten minutes.
    pub prompts_over_all: u32,
    /// Requests of this bucket that wait for the prompt, this one not counted.
    pub waiting_of_bucket: u32,
    /// Requests of anybody that wait for the prompt, this one not counted.
    pub waiting_over_all: u32,
    /// Seconds until the oldest counted prompt is ten minutes old.
    pub retry_after: u64,
    /// A passkey can be used here ([`Authenticators::usable`]).
    pub passkeys: bool,
    /// The surroundings.
    pub surroundings: Surroundings,
}

/// What the installation and the session can hold (design §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The hardened install.
    pub hardened: bool,
    /// Other clients of the session could watch or inject input.
    pub observable: bool,
    /// Whether the prompt is drawn where the person is logged in.
    pub seat: Seat,
    /// It can be known what lies over the prompt.
    pub sees_cover: bool,
}

/// Whether the prompt is drawn on the screen that the person is logged in at, as the system's login
/// manager says. Any program of the user can start Placet on a display of its own: then a yes there
/// is one that no person saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// It is the display of the user's active session.
    Here,
    /// It is another display, or that session is not the active one.
    Elsewhere,
    /// The login manager is not there, or does not say.
    #[default]
    Unknown,
}

impl Seat {
    /// The word in the record and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the program was started, for the record: what it shows later can be traced to this. The
/// first three are variables, which whoever started it chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// `DISPLAY`.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`.
    pub wayland_display: Option<String>,
    /// `XDG_SESSION_ID`.
    pub session_id: Option<String>,
    /// What the login manager said of the user's own session, in one line.
    pub login: Option<String>,
    /// What that means.
    pub seat: Seat,
    /// The hardened install.
    pub hardened: bool,
}

impl Station {
    /// The display that is drawn on: Wayland's if both are there, as the toolkit chooses.
    #[must_use]
    pub fn drawn_on(&self) -> Option<&str> {
        self.wayland_display.as_deref().or(self.display.as_deref())
    }
}

/// `request/status`: how far a request is (design §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Admitted; the prompt is busy with another.
    Queued,
    /// On the screen.
    Shown,
    /// The person agreed to the action; the server is about to be asked.
    Answering,
    /// The server is looking at the answer.
    Waiting,
}

/// The append-only record (R1).
pub trait Record: Send + Sync {
    /// Writes one entry durably before it returns.
    ///
    /// # Errors
    /// [`NotRecorded`] if it is not on disk; the caller must then not go on.
    fn append(&self, entry: Entry) -> impl Future<Output = Result<Digest, NotRecorded>> + Send;

    /// The server with exactly this issuer (S6), once for each account that is enrolled there, in the
    /// order in which they were enrolled.
    fn accounts(&self, issuer: &str) -> Vec<Server>;

    /// The account with which the last authorization there was approved.
    fn last_account(&self, issuer: &str) -> Option<String>;

    /// All enrolled servers.
    fn servers(&self) -> Vec<Server>;

    /// The last signature counter of a passkey ([`Event::Asserted`]) that the issuer took: its
    /// request was approved.
    fn sign_count(&self, issuer: &str, credential: &Digest) -> Option<u32>;

    /// The name of this installation's key that the server with this issuer knows for this account,
    /// if it knows one.
    fn installation(&self, _issuer: &str, _account: &str) -> Option<String> {
        None
    }

    /// What the person answered this server with last, and it took.
    fn last_method(&self, _issuer: &str) -> Option<Method> {
        None
    }

    /// True if an agent is paired under this name now.
    fn is_paired(&self, name: &str) -> bool;

    /// True if the person has marked plain approvals of this agent and tool as low-risk, now.
    fn is_low_risk(&self, _agent: &str, _tool: &str) -> bool {
        false
    }
}

/// The entry could not be made durable. Carries no detail: the adapter logs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record could not be written")]
pub struct NotRecorded;

/// One line of the record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Which request it belongs to, if any.
    pub request: Option<RequestId>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Every recorded transition. The names are also the failpoints of the crash tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A request was admitted; nobody has been asked yet.
    Received {
        /// Kind of matter: `approval`, `authorization`, `elicitation`, `enrol_server`,
        /// `remove_server`, `pair`, `change`, or that of a [`Task`](crate::account::Task).
        kind: String,
        /// Kernel facts and claims, apart (R2).
        asker: Asker,
        /// Exact canonical hash of the matter ([`crate::json::exact_digest`]).
        request_hash: Digest,
        /// The issuer, for an authorization or a server.
        issuer: Option<String>,
        /// When it expires.
        expires_at: Timestamp,
        /// The number that prompt and terminal show (S16); empty in older records.
        #[serde(default)]
        code: String,
        /// One line of what was asked ([`crate::brief`]); empty in older records and where there is
        /// nothing to say.
        #[serde(default)]
        brief: String,
    },
    /// A `request_id` was asked again after its request had ended; nobody was asked anew. The
    /// entry's `request` is the one that ended.
    Repeated {
        /// Who asked again (S4).
        asker: Asker,
    },
    /// A screen is about to be shown: exactly this one.
    Shown {
        /// JCS hash of `screen` (R5).
        display_hash: Digest,
        /// What was sent to be shown: a serialized [`Screen`].
        screen: serde_json::Value,
    },
    /// The person answered a screen. Values are never recorded (R3).
    Answered {
        /// The screen that was answered.
        display_hash: Digest,
        /// True for the approving gesture.
        approve: bool,
        /// How the gesture was made, as the prompt saw it.
        gesture: Option<Gesture>,
        /// Milliseconds from the screen's showing to the answer (H21).
        took_ms: u64,
    },
    /// About to speak to the server: `begin` or `answer`.
    Contacting {
        /// The issuer.
        issuer: String,
        /// The account that the person chose, or the only one. Not there when a server is only looked
        /// at, and in entries of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Which exchange this is, counted from 1.
        round: u32,
    },
    /// The server asked a question.
    Challenged {
        /// The issuer.
        issuer: String,
        /// Which exchange this is, counted from 1.
        round: u32,
    },
    /// An authenticator signed; its assertion is about to be sent.
    Asserted {
        /// The issuer.
        issuer: String,
        /// SHA-256 of the credential id.
        credential: Digest,
        /// The signature counter; one that goes back is a copy's.
        sign_count: u32,
        /// `approval_hash` of what the challenge committed to, if it did.
        approval_hash: Option<Digest>,
    },
    /// An authenticator made a passkey; the server is about to be told.
    PasskeyMade {
        /// The issuer.
        issuer: String,
        /// SHA-256 of the credential id.
        credential: Digest,
        /// The signature counter at its beginning.
        sign_count: u32,
    },
    /// A server is about to be told that a passkey has another name, or is to be forgotten.
    PasskeyChanged {
        /// The issuer.
        issuer: String,
        /// The server's name for it.
        passkey: String,
        /// `renamed` or `deleted`.
        how: String,
    },
    /// A server knows this installation's key now.
    InstallationRegistered {
        /// The issuer.
        issuer: String,
        /// The account.
        account: String,
        /// The key's name: its thumbprint (RFC 7638).
        kid: String,
    },
    /// The end of a request.
    Ended {
        /// From the closed set.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// Set only if approved.
        assurance: Option<Assurance>,
        /// What answered.
        method: Option<Method>,
        /// Whether other clients of the session could watch or inject.
        observable: bool,
        /// The screen on which the decision was made.
        display_hash: Option<Digest>,
        /// What the person wrote to the requester beside their no: it heard just this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Milliseconds from admission.
        took_ms: u64,
        /// The receipt (R4): signed where this is recorded, and with it. None if there is no key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// An agent has a name and a token now.
    Paired {
        /// Its name.
        name: String,
        /// SHA-256 of its token: the token itself is never stored.
        token_hash: Digest,
    },
    /// A pairing was taken back.
    Unpaired {
        /// Its name.
        name: String,
    },
    /// A server is trusted now.
    ServerEnrolled {
        /// The server as it was shown.
        server: Server,
    },
    /// A server is no longer trusted, or no longer for this account.
    ServerRemoved {
        /// Its issuer.
        issuer: String,
        /// The account; entries of older versions do not say: there was only one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    /// The person paused Placet, or ended the pause (`until` in the past).
    Paused {
        /// Until when everything is declined.
        until: Timestamp,
    },
    /// The person muted a requester, or ended that (`until` in the past) (H16).
    Muted {
        /// [`Request::bucket`] of those that are meant.
        bucket: String,
        /// Until when everything from there is declined.
        until: Timestamp,
    },
    /// Something was set. If it widens what is allowed, the entry's `request` is the one in which the
    /// person agreed.
    Set {
        /// What.
        setting: Setting,
    },
    /// An input or a peer did something that only an attack or a broken tool does.
    Suspicious {
        /// A stable word, such as `injected_input`.
        what: String,
        /// Details without any secret.
        detail: String,
    },
    /// A key of this installation is used from here on.
    KeyMade {
        /// What it signs: `receipts` or `instance`.
        purpose: String,
        /// Its name: its thumbprint (RFC 7638).
        kid: String,
        /// Its public half (RFC 7517).
        public: serde_json::Value,
        /// How it is kept.
        seal: String,
        /// True if its file was there before the record knew of it.
        found: bool,
    },
    /// The program started.
    Started {
        /// Its version.
        version: String,
        /// Where. Entries of older versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<Station>,
    },
}

/// How the approving gesture was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gesture {
    /// A press held on the control, or the chord.
    pub kind: GestureKind,
    /// The input device as the toolkit names it: a tripwire, not proof.
    pub device: String,
    /// Whether other clients of this session can watch or inject input.
    pub observable: bool,
}

/// The two deliberate gestures (design §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GestureKind {
    /// A press held 600 ms on the control.
    Held,
    /// Ctrl and Enter together.
    Chord,
    /// Approve on a notification (opt-in): pressed there by whoever can, never more than a gesture.
    Notification,
}

/// The person at the screen. One prompt at a time (H16).
pub trait Person: Send + Sync {
    /// The prompt, taken.
    type Turn: Turn;
    /// Waits for the prompt to be free and takes it. Shows `request` among the waiting meanwhile.
    ///
    /// # Errors
    /// [`NoHuman`] if no window can be shown in this session (F9).
    fn turn(&self, request: &Request) -> impl Future<Output = Result<Self::Turn, NoHuman>> + Send;
}

/// No session in which a person could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no session in which a person could be asked")]
pub struct NoHuman;

/// The prompt while one request has it. Dropping it closes the window and withdraws the
/// notification.
pub trait Turn: Send {
    /// Shows `screen` and waits for the person. Dropping the future wipes what was typed.
    fn ask(&mut self, screen: &Screen) -> impl Future<Output = Answer> + Send;
    /// Shows that the server is being asked; nothing can be pressed but Cancel, which resolves
    /// this future. It never resolves otherwise.
    fn wait(&mut self, screen: &Screen) -> impl Future<Output = Answer> + Send;
}

/// What the person did with a screen.
#[derive(Debug)]
pub enum Answer {
    /// The deliberate gesture, with what was filled in.
    Approve {
        /// How it was made.
        gesture: Gesture,
        /// The fields, valid for the screen's form.
        values: Values,
    },
    /// Deny, with an optional reason for the agent.
    Deny {
        /// At most a few hundred characters, plain text.
        note: Option<String>,
    },
    /// Esc, a closed window, a lost display.
    Dismiss,
}

/// The authorization servers, over HTTP. One implementation: `placet-fipa`.
pub trait Servers: Send + Sync {
    /// A running authorization session with one server. Holds `auth_session`; used up by each
    /// step, so no challenge is answered twice.
    type Session: Send;
    /// The person's own session. Holds the access token; dropping it wipes that.
    type Account: Send;

    /// Reads the public metadata (RFC 8414) of a server that is to be enrolled, and returns its
    /// `authorization_challenge_endpoint`. The first contact with a server that nobody trusts yet.
    fn look_at(&self, server: &Server) -> impl Future<Output = Result<String, ServerError>> + Send;

    /// The initial authorization challenge request (FiPA §5.1). The first contact of a request.
    /// `passkeys` says whether to tell the server that a passkey can be used here (P10, A26).
    fn begin(
        &self,
        server: &Server,
        asked: &Authorization,
        passkeys: bool,
    ) -> impl Future<Output = Step<Self::Session>> + Send;

    /// An intermediate request that answers the last challenge (ANA §5.2). Each call sends the
    /// values at most once (T5); on doubt it refreshes instead (digest §2.6.5-9).
    fn answer(
        &self,
        session: Self::Session,
        values: Values,
    ) -> impl Future<Output = Step<Self::Session>> + Send;

    /// As [`answer`](Self::answer), with what an authenticator signed for [`Challenge::passkey`].
    fn present(
        &self,
        session: Self::Session,
        assertion: Assertion,
    ) -> impl Future<Output = Step<Self::Session>> + Send;

    /// As [`begin`](Self::begin), at a server that knows this installation's key: proves with it that
    /// this is the installation.
    fn begin_known(
        &self,
        server: &Server,
        asked: &Authorization,
        passkeys: bool,
    ) -> impl Future<Output = Step<Self::Session>> + Send {
        self.begin(server, asked, passkeys)
    }

    /// This installation's key, if there is one that can be used.
    fn installation(&self) -> Option<Installation> {
        None
    }

    /// Has the server know this installation's key.
    fn register_installation(
        &self,
        _account: &mut Self::Account,
    ) -> impl Future<Output = Result<(), ServerError>> + Send {
        std::future::ready(Err(ServerError::NoPasskeysEndpoint))
    }

    /// Tells the server that the person declined or went away, if it wants to know (A24).
    fn leave(&self, session: Self::Session, declined: bool) -> impl Future<Output = ()> + Send;

    /// Looks whether this server keeps passkeys for Placet (docs/passkey-registration.md), and gives
    /// what a session of the person's own begins with.
    fn own(&self, server: &Server) -> impl Future<Output = Result<Own, ServerError>> + Send;

    /// Redeems a code for such a session.
    fn enter(
        &self,
        server: &Server,
        code: Secret,
        code_verifier: Secret,
    ) -> impl Future<Output = Result<Self::Account, ServerError>> + Send;

    /// What a new passkey is to be, with everything checked that can be before an authenticator is
    /// touched.
    fn begin_passkey(
        &self,
        account: &mut Self::Account,
    ) -> impl Future<Output = Result<Creation, ServerError>> + Send;

    /// Tells the server what an authenticator made for [`begin_passkey`](Self::begin_passkey), once.
    fn finish_passkey(
        &self,
        account: &mut Self::Account,
        creation: &Creation,
        created: &Created,
        name: &str,
    ) -> impl Future<Output = Result<Registered, ServerError>> + Send;

    /// The passkeys that the server knows.
    fn passkeys(
        &self,
        account: &mut Self::Account,
    ) -> impl Future<Output = Result<Vec<Registered>, ServerError>> + Send;

    /// Another name for one.
    fn rename_passkey(
        &self,
        account: &mut Self::Account,
        id: &str,
        name: &str,
    ) -> impl Future<Output = Result<(), ServerError>> + Send;

    /// The server forgets one.
    fn delete_passkey(
        &self,
        account: &mut Self::Account,
        id: &str,
    ) -> impl Future<Output = Result<(), ServerError>> + Send;
}

/// What a server said, reduced to what the rules act on.
#[derive(Debug)]
pub enum Step<S> {
    /// `authorization_code` (FiPA §5.2.1).
    Granted(Secret),
    /// `insufficient_authorization` with something to show.
    Challenged(Challenge<S>),
    /// Everything else.
    Refused(ServerError),
}

/// A challenge and the session to answer it with.
#[derive(Debug)]
pub struct Challenge<S> {
    /// To be used up by `answer` or `leave`.
    pub session: S,
    /// The server's message, raw; shown escaped.
    pub message: String,
    /// What to fill in; empty if a passkey is asked for.
    pub form: Form,
    /// The passkey that is asked for instead, with everything checked that can be before an
    /// authenticator is touched.
    pub passkey: Option<Box<Passkey>>,
    /// What the server says that it will act on.
    pub approval: Option<Box<Approval>>,
    /// `attempts_remaining`, if the server said it.
    pub attempts_remaining: Option<u32>,
    /// Seconds that the server waits, if it said so.
    pub expires_in: Option<u64>,
    /// Milliseconds that this computer's clock is ahead of the server's, if the server said the time;
    /// 0 where its answer leaves that open.
    pub clock_ahead: Option<i64>,
    /// What became of the values sent last.
    pub last: Delivery,
}

/// What became of the values sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// None were sent, or the server looked at them.
    Seen,
    /// The network broke; the server still waits for an answer (T5).
    Unconfirmed,
    /// 429: not looked at; wait this many seconds (F5, digest §2.10-12).
    Throttled(u64),
}

/// Why a server ended it, by whose fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// No connection, TLS failure, time-out, 5xx, `server_error`, `temporarily_unavailable`.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The proxy of this server made no connection to it.
    #[error("no connection through the proxy: {0}")]
    Proxy(String),
    /// `access_denied`.
    #[error("access_denied")]
    AccessDenied,
    /// `invalid_session`.
    #[error("invalid_session")]
    InvalidSession,
    /// `expired_token`.
    #[error("expired_token")]
    Expired,
    /// `attempts_remaining: 0` (F6).
    #[error("attempts_remaining is 0")]
    Locked,
    /// Another OAuth error: its code (digest §2.10-23).
    #[error("refused: {0}")]
    Refused(String),
    /// 429 on a request without a secret, or beyond any use: seconds to wait.
    #[error("throttled for {0} s")]
    Throttled(u64),
    /// `redirect_to_web`.
    #[error("redirect_to_web")]
    RedirectToWeb,
    /// No `authorization_challenge_endpoint` (A2).
    #[error("no authorization_challenge_endpoint")]
    NoChallengeEndpoint,
    /// It keeps no passkeys for Placet (docs/passkey-registration.md).
    #[error("no placet_passkeys_endpoint")]
    NoPasskeysEndpoint,
    /// Something this Placet cannot show or do, for developers.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// `unmet_authentication_requirements`, `missing_interaction_type`.
    #[error("the server cannot: {0}")]
    ServerCannot(String),
    /// It breaks the protocol, for developers.
    #[error("protocol error: {0}")]
    Protocol(String),
    /// It breaks the protocol as an attack would: refused, recorded and shown to the person.
    #[error("suspicious: {1}")]
    Suspicious(Suspicion, String),
}

/// What a passkey challenge tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// The challenge does not commit to the `approval` beside it (P7).
    Binding,
    /// It names an `rpId` or wants an origin that is not this server's (P3, P4).
    RelyingParty,
    /// It uses a challenge again (P13).
    Repeated,
}

impl Suspicion {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binding => "approval_binding",
            Self::RelyingParty => "relying_party",
            Self::Repeated => "repeated_challenge",
        }
    }
}

impl ServerError {
    /// What it means for the request, and seconds to wait if waiting helps (digest §7.8, §2.10-23).
    #[must_use]
    pub fn reason(&self) -> (Reason, Option<u64>) {
        let reason = match self {
            Self::InvalidSession | Self::Locked => Reason::ServerLocked,
            Self::Unreachable(_) => Reason::ServerUnreachable,
            Self::Proxy(_) => Reason::ProxyFailed,
            Self::AccessDenied | Self::Refused(_) => Reason::ServerRefused,
            Self::Expired => Reason::ServerTimeOut,
            Self::Throttled(seconds) => return (Reason::ServerThrottled, Some(*seconds)),
            Self::RedirectToWeb => Reason::WebRequired,
            Self::NoChallengeEndpoint => Reason::NoChallengeEndpoint,
            Self::NoPasskeysEndpoint => Reason::NoPasskeysEndpoint,
            Self::Unsupported(_) => Reason::ChallengeUnsupported,
            Self::ServerCannot(_) => Reason::ServerCannot,
            Self::Protocol(_) | Self::Suspicious(Suspicion::Repeated, _) => {
                Reason::ServerMisbehaved
            }
            Self::Suspicious(Suspicion::Binding, _) => Reason::BindingMismatch,
            Self::Suspicious(Suspicion::RelyingParty, _) => Reason::ForeignPasskey,
        };
        (reason, None)
    }
}

/// The authenticators that this machine can reach. One implementation: `placet-authenticators`.
pub trait Authenticators: Send + Sync {
    /// True if a ceremony can begin here at all (P10): there is a way to reach an authenticator,
    /// not that one is attached. Asks no device and does not block.
    fn usable(&self) -> bool;

    /// `navigator.credentials.get()`: one assertion, with user verification, which the reply's flags
    /// must show. Dropping the future cancels: within 200 ms nothing waits for a touch any more.
    fn assert<U: CeremonyUi>(
        &self,
        wanted: Wanted,
        ui: U,
    ) -> impl Future<Output = Result<Assertion, CeremonyFault>> + Send;

    /// `navigator.credentials.create()`: one new passkey, with user verification. Otherwise as
    /// [`assert`](Self::assert).
    fn create<U: CeremonyUi>(
        &self,
        wanted: Creation,
        ui: U,
    ) -> impl Future<Output = Result<Created, CeremonyFault>> + Send;
}

/// What an authenticator says to the person and asks of them. May be called from any thread; once
/// the ceremony is over or was dropped, nothing of it is shown any more and [`pin`](Self::pin)
/// gives nothing.
pub trait CeremonyUi: Send + Sync + 'static {
    /// How far it is. Never blocks.
    fn step(&self, step: CeremonyStep);

    /// The PIN of the authenticator. `retries_left` is as the authenticator says; `wrong_before` is
    /// true if the last one was wrong. `None`: the person gives none.
    fn pin(
        &self,
        retries_left: Option<u8>,
        wrong_before: bool,
    ) -> impl Future<Output = Option<Secret>> + Send;
}

/// A machine without authenticators: passkeys are not offered.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAuthenticators;

impl Authenticators for NoAuthenticators {
    fn usable(&self) -> bool {
        false
    }

    async fn assert<U: CeremonyUi>(&self, _: Wanted, _: U) -> Result<Assertion, CeremonyFault> {
        Err(CeremonyFault::NoAuthenticator)
    }

    async fn create<U: CeremonyUi>(&self, _: Creation, _: U) -> Result<Created, CeremonyFault> {
        Err(CeremonyFault::NoAuthenticator)
    }
}

/// Time, passed in (STYLE 28).
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Milliseconds of a clock that never goes back and counts sleep (CLOCK_BOOTTIME).
    fn awake_and_asleep(&self) -> u64;
    /// Resolves when `deadline` has passed on either clock.
    fn until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send;
}
