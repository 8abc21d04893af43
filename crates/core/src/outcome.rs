//! How a request ends: the closed set of outcomes (digest §2.7), and how sure a yes is (design §2).
//!
//! **Promises.** There is exactly one [`Ended`] for a request, it is final, and only a person's
//! answer makes it [`Outcome::Approved`] (see [`crate::approval`]).
//!
//! **Never** put a server's text or a secret in a [`Reason`]: it goes to the requester (F11).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Registered;
use crate::form::Values;
use crate::json::Digest;
use crate::request::Server;
use crate::secret::Secret;

/// The closed set of terminal outcomes (digest §2.7, S11). No transition leaves one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person approved and, if a server was asked, the server agreed.
    Approved,
    /// A person, a pause or a deny rule said no.
    Declined,
    /// Nobody answered: the requester went away, the window was closed, Placet stopped.
    Cancelled,
    /// The time ran out first.
    Expired,
    /// The server, the person's session or the record cannot be reached.
    Unreachable,
    /// The server locked the account or the session after wrong answers.
    Locked,
    /// The server said no.
    RejectedByAs,
    /// Somebody asked for what this installation cannot do.
    Unsupported,
    /// The server's answer breaks its protocol.
    ProtocolError,
    /// An identical, newer request of the same peer took its place (F12).
    Superseded,
    /// Too many prompts, or the server asked to wait longer than the request lives.
    RateLimited,
}

impl Outcome {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::Approved,
        Self::Declined,
        Self::Cancelled,
        Self::Expired,
        Self::Unreachable,
        Self::Locked,
        Self::RejectedByAs,
        Self::Unsupported,
        Self::ProtocolError,
        Self::Superseded,
        Self::RateLimited,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Unreachable => "unreachable",
            Self::Locked => "locked",
            Self::RejectedByAs => "rejected_by_as",
            Self::Unsupported => "unsupported",
            Self::ProtocolError => "protocol_error",
            Self::Superseded => "superseded",
            Self::RateLimited => "rate_limited",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Stable machine codes that say why (F11), each with one outcome and one sentence.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $outcome:ident, $sentence:literal;)*) => {
        /// Why a request ended as it did: a stable code for machines and a sentence for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $code)] $name,)* }

        impl Reason {
            /// All of them, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The stable code on the wire.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// The outcome that this reason leads to.
            #[must_use]
            pub const fn outcome(self) -> Outcome { match self { $(Self::$name => Outcome::$outcome,)* } }
            /// What happened and what to do, in one or two short sentences without foreign text.
            #[must_use]
            pub const fn sentence(self) -> &'static str { match self { $(Self::$name => $sentence,)* } }
        }
    };
}

reasons! {
    /// A person approved.
    Approved = "approved", Approved, "A person approved this.";
    /// A person pressed Deny.
    Denied = "denied", Declined, "A person declined this.";
    /// Placet is paused.
    Paused = "paused", Declined, "Placet is paused, which means no. Ask again later.";
    /// The person muted this requester for a time (H16).
    Muted = "muted", Declined, "The person muted this requester for a time, which means no. Ask again later.";
    /// A form for the agent asks for what looks like a secret (S21).
    SecretInForm = "secret_in_form", Declined, "This form asks for what looks like a secret, and its answers would go to the agent. Nobody was asked.";
    /// The prompt was closed without an answer.
    Dismissed = "dismissed", Cancelled, "The prompt was closed without an answer.";
    /// The connection that asked has ended (S13).
    RequesterGone = "requester_gone", Cancelled, "The connection that asked has ended.";
    /// The requester sent `notifications/cancelled`.
    RequesterCancelled = "requester_cancelled", Cancelled, "The requester took the question back.";
    /// The pairing that asked was taken back while this was open.
    PairingRevoked = "pairing_revoked", Cancelled, "The pairing of this agent was taken back.";
    /// While this pairing waited, another agent got its name or one that looks like it.
    NameTaken = "name_taken", Cancelled, "Another agent was paired under this name, or one that looks like it, meanwhile.";
    /// The server was removed, or enrolled anew, while this was open.
    ServerChanged = "server_changed", Cancelled, "This authorization server was removed or changed meanwhile.";
    /// Placet is stopping.
    Stopping = "stopping", Cancelled, "Placet is stopping. Ask again when it runs.";
    /// Placet ended while this was open; found at the next start (F8).
    Restarted = "restarted", Cancelled, "Placet ended while this was open, so the answer is no.";
    /// Our own deadline, or the server's (F4).
    TimeOut = "time_out", Expired, "Nobody answered in time.";
    /// `expired_token` or an expired approval from the server (F4).
    ServerTimeOut = "server_time_out", Expired, "The server stopped waiting.";
    /// The clock jumped or the machine slept past the deadline (F7).
    ClockJump = "clock_jump", Expired, "The machine slept or its clock jumped past the deadline.";
    /// Network, TLS or 5xx (F3).
    ServerUnreachable = "server_unreachable", Unreachable, "The authorization server cannot be reached.";
    /// The proxy of the server made no connection (F3).
    ProxyFailed = "proxy_failed", Unreachable, "The proxy that this authorization server is reached through made no connection to it.";
    /// The record cannot be written, so nobody may be asked.
    RecordUnwritable = "record_unwritable", Unreachable, "Placet cannot write its record, so it asks nobody. Check the disk.";
    /// No window can be shown (F9).
    NoHuman = "no_human", Unreachable, "There is no session in which a person could be asked.";
    /// The server counts no further tries (F6).
    ServerLocked = "server_locked", Locked, "The server takes no further answers. Recover the account on its web page.";
    /// Too many wrong codes typed here (T6).
    TooManyTries = "too_many_tries", Locked, "Too many codes were not accepted.";
    /// `access_denied` and other refusals (F2, digest §2.10-23).
    ServerRefused = "server_refused", RejectedByAs, "The authorization server refused.";
    /// Pairing is needed before a server may be asked (design §5).
    NotPaired = "not_paired", Unsupported, "Only a paired agent may ask for an authorization. Run: placet pair";
    /// The issuer was not enrolled by the person (S6).
    IssuerNotEnrolled = "issuer_not_enrolled", Unsupported, "This authorization server is not enrolled. A person can run: placet as add";
    /// Somebody but the person's own session asked for a scope that only it may have.
    ScopeReserved = "scope_reserved", Unsupported, "This scope is for Placet itself. Nobody was asked.";
    /// The server's metadata name no place for passkeys.
    NoPasskeysEndpoint = "no_passkeys_endpoint", Unsupported, "This server does not let passkeys be managed from here. Look at its web page.";
    /// The server knows no such passkey, or several by that name.
    NoSuchPasskey = "no_such_passkey", Unsupported, "The server has no passkey with this id, or not just one with this name. Run: placet passkey list";
    /// This installation has no key that can be used.
    NoInstallationKey = "no_installation_key", Unsupported, "This installation has no key that a server could know it by. Run: placet doctor";
    /// The server did not take what the key made.
    PasskeyNotTaken = "passkey_not_taken", RejectedByAs, "The server did not take the new passkey. It is of no use, and may stay on the key.";
    /// The server's metadata names no challenge endpoint (A2).
    NoChallengeEndpoint = "no_challenge_endpoint", Unsupported, "This server has no authorization challenge endpoint.";
    /// A higher assurance is demanded than this installation can give.
    AssuranceUnreachable = "assurance_unreachable", Unsupported, "This needs a stronger authenticator than this installation has.";
    /// The challenge asks for something that cannot be shown or answered here.
    ChallengeUnsupported = "challenge_unsupported", Unsupported, "The server asks for something that Placet cannot do.";
    /// The server wants a browser (`redirect_to_web`) and that path is not there.
    WebRequired = "web_required", Unsupported, "The server wants this done in a browser, which Placet cannot do yet.";
    /// The server cannot meet what was asked (`unmet_authentication_requirements`).
    ServerCannot = "server_cannot", Unsupported, "The server cannot meet what was asked for.";
    /// The server's answer breaks its protocol.
    ServerMisbehaved = "server_misbehaved", ProtocolError, "The server's answer does not follow its protocol, so it was not used.";
    /// A passkey challenge that does not commit to the action beside it (P7).
    BindingMismatch = "binding_mismatch", ProtocolError, "The server's question did not belong to the action that it sent, so nothing was signed.";
    /// A passkey challenge for another site (P3).
    ForeignPasskey = "foreign_passkey", ProtocolError, "The server asked for a passkey of another site, so nothing was signed.";
    /// An authenticator's answer that did not fit what was asked (P5).
    AuthenticatorUnfit = "authenticator_unfit", Unsupported, "The authenticator's answer did not fit what was asked, so it was not sent.";
    /// An authenticator that failed again and again (P9).
    AuthenticatorFailed = "authenticator_failed", Unreachable, "The authenticator failed several times.";
    /// More challenge rounds than allowed (digest §2.6.5-10).
    TooManyRounds = "too_many_rounds", ProtocolError, "The server asked too many questions for one approval.";
    /// F12.
    SupersededByTwin = "superseded", Superseded, "The same question was asked again; the newer one is open.";
    /// Too many prompts of one pairing or over all (S22).
    TooManyPrompts = "too_many_prompts", RateLimited, "Too many questions in a short time. Wait before asking again.";
    /// The person has said no to the same thing often enough (H17).
    DeclinedBefore = "declined_before", RateLimited, "A person has declined this several times. Do not ask again.";
    /// Too many waiting already (S22).
    QueueFull = "queue_full", RateLimited, "Too many questions are waiting already.";
    /// The server asked to wait longer than the request lives (F5).
    ServerThrottled = "server_throttled", RateLimited, "The server asked to wait longer than this request lives.";
    /// The code typed for a pairing was wrong too often.
    WrongPairingCode = "wrong_pairing_code", Declined, "The code typed was not the one that was printed.";
}

/// How a decision was made (design §2, lowest first). `otp` and above mean that a person
/// authenticated; only `passkey-bound` claims the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// A standing rule the person made.
    Policy,
    /// Notification button or window, in an observable session or unhardened install.
    Gesture,
    /// Deliberate gesture, hardened install, asker confined from the session.
    GestureTrusted,
    /// A one-time code the server verified.
    Otp,
    /// A platform passkey without hardware behind it.
    PasskeySoftware,
    /// A user-verified assertion from hardware.
    Passkey,
    /// The same, over a challenge that commits to the action.
    PasskeyBound,
}

impl Assurance {
    /// The word in records and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Gesture => "gesture",
            Self::GestureTrusted => "gesture-trusted",
            Self::Otp => "otp",
            Self::PasskeySoftware => "passkey-software",
            Self::Passkey => "passkey",
            Self::PasskeyBound => "passkey-bound",
        }
    }
}

/// What answered the server (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A deliberate gesture in the prompt, nothing else.
    Gesture,
    /// A one-time code typed by the person.
    Totp,
    /// Fields without a secret in them.
    Form,
    /// A passkey.
    Passkey,
}

/// The end of a request: what is recorded and what the requester hears.
#[derive(Debug)]
pub struct Ended {
    /// The outcome, from the closed set.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// Set only if approved.
    pub assurance: Option<Assurance>,
    /// What answered, if anybody did.
    pub method: Option<Method>,
    /// True if other clients of the session could watch or inject (design §2).
    pub observable: bool,
    /// SHA-256 of the JCS of the screen on which the decision was made (R5).
    pub display_hash: Option<Digest>,
    /// What the person wrote for the agent when declining, or a wait in seconds.
    pub note: Option<String>,
    /// Seconds until asking again makes sense (S22, F5).
    pub retry_after: Option<u64>,
    /// What the server granted, for the requester and nobody else (S15).
    pub granted: Option<Granted>,
    /// What the person filled in for the agent, for the requester and nobody else: for a form of
    /// `elicitation/create`. Never a secret, never on record (R3).
    pub content: Option<Values>,
    /// The passkeys that a server knows, for who asked for the list; the new one, for who asked for
    /// that.
    pub passkeys: Option<Vec<Registered>>,
    /// The server that the person trusts now, as it was found and shown: for an enrolment.
    pub enrolled: Option<Box<Server>>,
}

/// An authorization code and what is needed to redeem it (digest §2.10-6).
#[derive(Debug)]
pub struct Granted {
    /// `authorization_code`, useless without the requester's PKCE verifier.
    pub authorization_code: Secret,
    /// The issuer that made it.
    pub issuer: String,
    /// Placet's `client_id` there.
    pub client_id: String,
}

impl Ended {
    /// An end without a yes. [`Reason::Approved`] here is turned into a refusal: only
    /// [`Ended::approved`] makes a yes.
    #[must_use]
    pub fn no(reason: Reason) -> Self {
        let reason =
            if matches!(reason, Reason::Approved) { Reason::ServerMisbehaved } else { reason };
        Self {
            outcome: reason.outcome(),
            reason,
            assurance: None,
            method: None,
            observable: true,
            display_hash: None,
            note: None,
            retry_after: None,
            granted: None,
            content: None,
            passkeys: None,
            enrolled: None,
        }
    }

    /// A yes: there is no other way to make one, and it needs the screen that was answered.
    #[must_use]
    pub fn approved(
        assurance: Assurance,
        method: Method,
        observable: bool,
        display_hash: Digest,
    ) -> Self {
        Self {
            outcome: Outcome::Approved,
            reason: Reason::Approved,
            assurance: Some(assurance),
            method: Some(method),
            observable,
            display_hash: Some(display_hash),
            ..Self::no(Reason::Denied)
        }
    }

    /// True for a yes.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        matches!(self.outcome, Outcome::Approved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s12_declined_cancelled_expired_and_unreachable_have_words_of_their_own() {
        let words: std::collections::BTreeSet<_> =
            Outcome::ALL.iter().map(|o| o.as_str()).collect();
        assert_eq!(words.len(), 11);
        for word in ["declined", "cancelled", "expired", "unreachable"] {
            assert!(words.contains(word));
        }
    }

    #[test]
    fn f1_no_end_without_a_person_is_a_yes() {
        for reason in Reason::ALL {
            assert!(!Ended::no(*reason).is_approved(), "{reason:?}");
        }
    }

    #[test]
    fn f11_codes_are_unique_and_every_sentence_is_one_line() {
        let codes: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(
            Reason::ALL
                .iter()
                .all(|r| r.sentence().ends_with(|c: char| c == '.' || c.is_alphanumeric()))
        );
    }
}
