//! What was asked, and by whom: the types past the socket, which cannot be wrong.
//!
//! **Promises.** A [`Request`] holds kernel facts and claims apart (S4). [`Request::hash`] covers
//! what is to be decided and nothing about the way it came.
//!
//! **Never** put an endpoint, a `client_id`, a `login_hint` or a secret in here: those come from
//! enrolment and from the person (S6, S7, design §5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account::{self, Errand};
use crate::form::Form;
use crate::json::{Digest, Refused, exact_digest};
use crate::outcome::Assurance;
use crate::settings::Change;
use crate::way::Way;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add((seconds as i64).saturating_mul(1000)))
    }

    /// Whole seconds until `later`, rounded up; 0 if it has passed.
    #[must_use]
    pub const fn seconds_until(self, later: Self) -> u64 {
        let gap = later.0.saturating_sub(self.0);
        if gap <= 0 { 0 } else { (gap as u64).div_ceil(1000) }
    }

    /// The day in UTC, as `2026-11-18`, by the civil calendar.
    #[must_use]
    pub fn day(self) -> String {
        // Days since 0000-03-01, in eras of 400 years of 146097 days each.
        let shifted = self.0.div_euclid(86_400_000).saturating_add(719_468);
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era.saturating_mul(400) + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Our own name of a request: `req_` and 32 hex digits. Unguessable, never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub String);

/// Who asks: what the kernel says and what the peer says, kept apart (S4, design §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The pairing whose token the peer showed: attribution, not proof.
    pub pairing: Option<String>,
    /// What the peer calls itself.
    pub claims: Option<String>,
    /// What the kernel says.
    pub kernel: Kernel,
}

/// What the kernel says of the process at the other end of the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// User id, from the socket (S2).
    pub uid: u32,
    /// Process id, from the socket; `None` for a peer whose process is not visible here.
    pub pid: Option<i32>,
    /// The process and its parents up to the terminal or session leader, nearest first.
    pub chain: Vec<Process>,
    /// Working directory of the process.
    pub cwd: Option<String>,
    /// Where the peer lives.
    pub place: Place,
}

/// One process as `/proc` shows it: display only, it can be dressed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// The short name (`comm`).
    pub name: String,
    /// Executable path, if readable.
    pub exe: Option<String>,
    /// `sha256:…` of the executable, if it was readable and not too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe_hash: Option<Digest>,
}

/// Where a peer lives, as far as the kernel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The same user's ordinary process: it reaches the session.
    Session,
    /// Behind an SSH server on this machine (a forwarded socket).
    Ssh,
    /// Another PID or mount namespace.
    Container,
    /// Not to be seen.
    Unknown,
}

/// One request, admitted: parsed, named, with its deadline.
#[derive(Clone, Debug)]
pub struct Request {
    /// Our name for it.
    pub id: RequestId,
    /// Who asks.
    pub asker: Asker,
    /// What is to be decided.
    pub matter: Matter,
    /// The agent's own explanation: shown last, framed, clipped (H2).
    pub words: Option<String>,
    /// A short code that the agent may print and the prompt shows (S16): `ABCD-EFGH`.
    pub binding_code: String,
    /// When it was admitted.
    pub received_at: Timestamp,
    /// When the answer is no.
    pub expires_at: Timestamp,
}

/// What is to be decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Matter {
    /// `approval/request`: one concrete action, no server.
    Approval(ToolCall),
    /// `authorization/request` in `start` mode, delivery `code`.
    Authorization(Authorization),
    /// `elicitation/create` in form mode: answers for the agent itself.
    Elicitation(Elicitation),
    /// `as/add`: trust this server.
    EnrolServer(Server),
    /// `as/remove`: forget this server.
    RemoveServer(Server),
    /// `placet/pair`: an agent wants a name here.
    Pair(Pairing),
    /// `passkey/…`: something that the person does at a server for themselves.
    Errand(Errand),
    /// From the book: a change that widens what is allowed.
    Change {
        /// Which.
        change: Change,
    },
}

/// One concrete action of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// Its exact arguments; JSON of any shape.
    pub arguments: Value,
    /// The working directory that the agent names.
    pub working_directory: Option<String>,
}

/// A form whose answers go to the agent (digest §3.5 b and c): no secret belongs into it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Elicitation {
    /// The MCP server behind the agent, as the agent calls it.
    pub server: Option<String>,
    /// What it says.
    pub message: String,
    /// The form as it was written.
    pub requested_schema: Value,
    /// The form as it was understood.
    #[serde(skip)]
    pub form: Form,
}

/// An OAuth authorization request as the requester may shape it (digest §2.8 `start`, A5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// The enrolled issuer, byte for byte.
    pub issuer: String,
    /// RFC 6749 §3.3.
    pub scope: Option<String>,
    /// RFC 8707 resource indicators.
    pub resource: Vec<String>,
    /// RFC 9396: the parsed array, for display and comparison.
    pub authorization_details: Vec<Map<String, Value>>,
    /// The same as the requester wrote it, forwarded byte for byte (A5).
    pub authorization_details_raw: Option<String>,
    /// Space-separated list, RFC 9470.
    pub acr_values: Option<String>,
    /// Seconds, RFC 9470.
    pub max_age: Option<u64>,
    /// RFC 7636, S256, 43 characters base64url. Also the requester's hold on the code.
    pub code_challenge: String,
}

/// An authorization server as the person enrols it (S6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// RFC 8414 issuer.
    pub issuer: String,
    /// What the person calls it; the issuer's host if they gave no name.
    pub name: String,
    /// Placet's client there.
    pub client_id: String,
    /// The account it is for, sent as `login_hint`.
    pub account: String,
    /// `authorization_challenge_endpoint` as the metadata said at enrolment, shown then; at each
    /// use the metadata is read anew (A1).
    pub challenge_endpoint: Option<String>,
    /// A loopback http issuer, allowed by `--danger-allow-http-loopback` (A27): shows a banner.
    pub danger_http_loopback: bool,
    /// Who may vouch for it and what it is reached through. Entries of older versions say nothing:
    /// the ordinary way.
    #[serde(default, skip_serializing_if = "Way::is_ordinary")]
    pub way: Way,
}

/// A pairing that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pairing {
    /// The name that the agent asks for.
    pub name: String,
    /// The code that its terminal prints and the person types: `ABCD-EFGH`. Not a secret from
    /// the agent; not shown in the prompt.
    #[serde(skip)]
    pub code: String,
}

impl Request {
    /// SHA-256 of what is to be decided, in canonical form and with every digit (R2).
    ///
    /// # Errors
    /// As [`exact_digest`].
    pub fn hash(&self) -> Result<Digest, Refused> {
        exact_digest(&self.matter)
    }

    /// The key under which limits count (S22): the pairing, or one for all that have none, since a new
    /// connection costs nothing. What a person sets up by hand has another, so that a flood of
    /// questions does not keep them from it.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match (&self.asker.pairing, &self.matter) {
            (Some(name), _) => name,
            (None, Matter::Approval(_) | Matter::Authorization(_) | Matter::Elicitation(_)) => "",
            // No pairing has a space in its name.
            (None, Matter::Pair(_) | Matter::EnrolServer(_) | Matter::RemoveServer(_)) => "set up",
            (None, Matter::Errand(_) | Matter::Change { .. }) => "set up",
        }
    }

    /// Who is meant by a bucket, raw; no pairing has a space in its name.
    #[must_use]
    pub fn who(bucket: &str) -> &str {
        match bucket {
            "" => "all unpaired programs",
            "set up" => "questions about setting up",
            agent => agent,
        }
    }

    /// The least assurance that can satisfy this request (design §2): `phr` and `phrh` in
    /// `acr_values` mean a passkey; a server's authorization needs at least what a server verified,
    /// a plain approval a gesture.
    #[must_use]
    pub fn least_assurance(&self) -> Assurance {
        match &self.matter {
            Matter::Authorization(asked) if asked.wants_phishing_resistance() => Assurance::Passkey,
            // Who may add a passkey has proved who they are.
            Matter::Errand(_) => Assurance::Otp,
            _ => Assurance::Gesture,
        }
    }
}

impl Matter {
    /// The enrolled server that it goes to.
    #[must_use]
    pub fn asks_server(&self) -> Option<&str> {
        match self {
            Self::Authorization(asked) => Some(&asked.issuer),
            Self::Errand(errand) => Some(&errand.issuer),
            _ => None,
        }
    }
}

impl Authorization {
    /// True if only the person's own session may ask for it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        account::reserved(self)
    }

    /// True if `acr_values` names `phr` or `phrh` (OpenID EAP ACR Values 1.0, T7).
    #[must_use]
    pub fn wants_phishing_resistance(&self) -> bool {
        self.acr_values
            .as_deref()
            .is_some_and(|values| values.split(' ').any(|v| matches!(v, "phr" | "phrh")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: `date -u -d @SECONDS +%F`.
    #[test]
    fn days_are_those_of_date() {
        for (at, day) in [
            (0, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (1_795_000_000_123, "2026-11-18"),
            (4_107_542_399_000, "2100-02-28"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(Timestamp(at).day(), day);
        }
    }

    #[test]
    fn a_server_of_an_older_record_is_reached_the_ordinary_way() {
        let old = r#"{"issuer":"https://as.example","name":"Example","client_id":"placet",
            "account":"sam@example.com","challenge_endpoint":null,"danger_http_loopback":false}"#;
        let server: Server = serde_json::from_str(old).unwrap();
        assert_eq!(server.way, Way::default());
        let written = serde_json::to_value(&server).unwrap();
        assert!(written.get("way").is_none(), "it is written as it was: {written}");
    }
}
