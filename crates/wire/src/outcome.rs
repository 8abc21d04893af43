//! How a request ended, as its requester hears it.
//!
//! **Promises.** The words are those of `placet_core::outcome` (a test in the `tests` package
//! compares). One outcome a call, the last thing that is said of it (S11).
//!
//! **Never** a server's text, a challenge, an OTP or a token (S5).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::passkeys::Passkey;
use crate::sensitive::Sensitive;

/// The closed set of outcomes (digest §2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person approved and, if a server was asked, the server agreed.
    Approved,
    /// A person or a pause said no.
    Declined,
    /// Nobody answered.
    Cancelled,
    /// The time ran out first.
    Expired,
    /// The server, the session or the record cannot be reached.
    Unreachable,
    /// The server locked the account.
    Locked,
    /// The server said no.
    RejectedByAs,
    /// This installation cannot do it.
    Unsupported,
    /// The server broke its protocol.
    ProtocolError,
    /// A newer identical request took its place.
    Superseded,
    /// Too many prompts.
    RateLimited,
}

impl Outcome {
    /// All of them.
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

/// Why: a stable code for machines and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// One of the codes of `placet_core::outcome::Reason`; a client must take ones it does not know.
    pub code: String,
    /// What happened and what to do.
    pub sentence: String,
}

/// The outcome object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The requester's `request_id`, or Placet's own if it gave none.
    pub request_id: String,
    /// The word.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// What the person wrote for the agent when declining: the person's words, plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How sure a yes is: a word of the assurance ladder (design §2). Only if approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<String>,
    /// What answered: `gesture`, `totp`, `form`, `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whether other clients of the session could watch or inject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observable: Option<bool>,
    /// `sha256:…` of the receipt that was signed with this end (R7); none if there is no key to sign
    /// with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Seconds until asking again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The short code that the prompt showed too (S16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_code: Option<String>,
    /// True if this request had ended before this call: the outcome is of that time, and a yes of
    /// that time is no yes for doing it again. Left out if false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The passkeys that a server knows (`passkey/list`), or the new one (`passkey/add`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkeys: Option<Vec<Passkey>>,
    /// What was granted, for this connection alone, once (S15). Its members stand beside the others.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Granted>,
}

impl Ended {
    /// True if the requester may go on: a yes that was given to this very call.
    #[must_use]
    pub fn is_go_ahead(&self) -> bool {
        self.outcome == Outcome::Approved && !self.repeated
    }
}

/// An authorization code and what is needed to redeem it with the requester's own verifier
/// (digest §2.10-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Useless without the PKCE verifier.
    pub authorization_code: Sensitive,
    /// Who made it.
    pub issuer: String,
    /// Placet's `client_id` there.
    pub client_id: String,
}
