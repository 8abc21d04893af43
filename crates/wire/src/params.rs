//! The parameters of each method, read strictly.
//!
//! **Promises.** A value of one of these types is within its limits. `authorization_details` is the
//! requester's own text, so that it can be forwarded byte for byte (A5): it travels as a JSON
//! *string* that holds the array, as OAuth itself carries it (RFC 9396 §2). JSON parsers do not keep
//! `1.0`, `1e2` or the order and spacing of members; a string they do keep.
//!
//! **Never** a member for an endpoint, a `client_id` or a `login_hint` in what a requester asks.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::flaw::{Fault, Flaw};
use crate::members::Members;
use crate::message::Id;
use crate::sensitive::Sensitive;

/// Seconds that a request waits for a person when it does not say.
pub const EXPIRES_IN_DEFAULT: u64 = 300;
/// The most seconds that a request can wait (digest §2.6.5-10).
pub const EXPIRES_IN_MAX: u64 = 600;
/// Bytes of a `request_id`.
pub const REQUEST_ID_MAX: usize = 128;
/// Bytes of an agent's own words; the prompt shows 280 characters of them (H2).
pub const REASON_MAX: usize = 4096;
/// Bytes of a server's certificate authorities: a few of the largest keys in use.
pub const CA_MAX: usize = 16 * 1024;
/// Bytes of a URL.
const URL_MAX: usize = 2048;
/// Bytes of a name that a person reads.
const NAME_MAX: usize = 64;

/// `placet/hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hello {
    /// The versions that the client speaks, best first.
    pub versions: Vec<String>,
    /// What the client calls itself: a claim, shown as one (S4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// The token of a pairing: attribution only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Sensitive>,
}

/// What a client calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// `placet/pair`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The name that the agent asks for: an ASCII letter or digit, then up to 63 of these and `._-`.
    pub name: String,
}

/// `approval/request`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalRequest {
    /// The requester's name for it: asking again with the same joins the one prompt (S14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The tool's name.
    pub tool: String,
    /// Its exact arguments: JSON of any shape.
    pub arguments: Value,
    /// The working directory that the agent names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// The agent's own words: shown last, framed as its own (H2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds until the answer is no: 1 to [`EXPIRES_IN_MAX`]; the daemon takes less than 15 for
    /// 15, since nobody can read faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// `authorization/request` (digest §2.8 `start`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorizationRequest {
    /// As in [`ApprovalRequest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// An enrolled issuer, byte for byte (S6).
    pub issuer: String,
    /// RFC 6749 §3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// RFC 8707: one text or a list on the wire.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "one_or_list")]
    pub resource: Vec<String>,
    /// RFC 9396: text that holds the JSON array, forwarded byte for byte (A5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<String>,
    /// Space-separated list (OpenID Connect Core §3.1.2.1, RFC 9470).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// Seconds (RFC 9470).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// RFC 7636 §4.2: 43 characters base64url.
    pub code_challenge: String,
    /// RFC 7636 §4.3: `S256` and no other.
    pub code_challenge_method: ChallengeMethod,
    /// How the success is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryMode>,
    /// As in [`ApprovalRequest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// As in [`ApprovalRequest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// RFC 7636 §4.3, without `plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChallengeMethod {
    /// SHA-256.
    S256,
}

/// Delivery modes (digest §2.8); more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// The authorization code goes to the requester, who holds the PKCE verifier.
    Code,
}

/// `as/add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddServer {
    /// RFC 8414 issuer.
    pub issuer: String,
    /// Placet's client there.
    pub client_id: String,
    /// The account it is for, later sent as `login_hint`.
    pub account: String,
    /// What the person calls it; the issuer's host if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Allows `http://localhost:…` for development (A27); shows a banner for ever.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub danger_allow_http_loopback: bool,
    /// The only certificate authorities that may vouch for it, as PEM: the text itself and never a
    /// path, where another file could stand later. Left out: those that the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// `http://host:port`: what all that is said to it goes through (`CONNECT`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
}

/// `as/remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoveServer {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// Which account there, byte for byte; needed only if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `pairing/revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokePairing {
    /// The agent's name.
    pub name: String,
}

/// `log/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListLog {
    /// How many entries at most: 1 to 500.
    pub limit: u64,
    /// Only entries with a smaller `seq`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// `receipt/show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShowReceipt {
    /// `last`, Placet's own name of a request (`req_…`), or a receipt's digest (`sha256:…`).
    pub which: String,
}

/// `notifications/cancelled`, named as in MCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cancelled {
    /// The JSON-RPC id of the call that is taken back.
    #[serde(rename = "requestId")]
    pub request_id: Id,
    /// Why; recorded by nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Hello {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let versions = members
            .optional_texts("versions", 8, 16, false)?
            .ok_or_else(|| members.missing("versions"))?;
        let client = match members.inner("client", "client.")? {
            None => None,
            Some(mut inner) => {
                let client = Client {
                    name: inner.text("name", NAME_MAX)?,
                    version: inner.optional_text("version", NAME_MAX)?,
                };
                inner.end()?;
                Some(client)
            }
        };
        let token = members.optional_text("token", 256)?.map(Sensitive::new);
        members.end()?;
        Ok(Self { versions, client, token })
    }
}

impl Pair {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let name = agent_name(&mut members)?;
        members.end()?;
        Ok(Self { name })
    }
}

impl ApprovalRequest {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let asked = Self {
            request_id: request_id(&mut members)?,
            tool: members.text("tool", 256)?,
            arguments: members.any("arguments")?,
            working_directory: members.optional_text("working_directory", 4096)?,
            reason: members.optional_text("reason", REASON_MAX)?,
            expires_in: members.optional_whole("expires_in", 1..=EXPIRES_IN_MAX)?,
        };
        members.end()?;
        Ok(asked)
    }
}

impl AuthorizationRequest {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let asked = Self {
            request_id: request_id(&mut members)?,
            issuer: url(&mut members, "issuer")?,
            scope: scope(&mut members)?,
            resource: members.optional_texts("resource", 16, URL_MAX, true)?.unwrap_or_default(),
            authorization_details: details(&mut members)?,
            acr_values: members.optional_text("acr_values", 1024)?,
            max_age: members.optional_whole("max_age", 0..=u64::from(u32::MAX))?,
            code_challenge: code_challenge(&mut members)?,
            code_challenge_method: challenge_method(&mut members)?,
            delivery: delivery(&mut members)?,
            reason: members.optional_text("reason", REASON_MAX)?,
            expires_in: members.optional_whole("expires_in", 1..=EXPIRES_IN_MAX)?,
        };
        members.end()?;
        Ok(asked)
    }
}

impl AddServer {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let asked = Self {
            issuer: url(&mut members, "issuer")?,
            client_id: members.text("client_id", 512)?,
            account: members.text("account", 256)?,
            name: members.optional_text("name", NAME_MAX)?,
            danger_allow_http_loopback: members.flag("danger_allow_http_loopback")?,
            ca: members.optional_text("ca", CA_MAX)?,
            proxy: members.optional_text("proxy", URL_MAX)?,
        };
        members.end()?;
        Ok(asked)
    }
}

impl RemoveServer {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        let account = members.optional_text("account", 256)?;
        members.end()?;
        Ok(Self { issuer, account })
    }
}

impl RevokePairing {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let name = agent_name(&mut members)?;
        members.end()?;
        Ok(Self { name })
    }
}

impl ListLog {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let limit =
            members.optional_whole("limit", 1..=500)?.ok_or_else(|| members.missing("limit"))?;
        let before = members.optional_whole("before", 0..=u64::MAX)?;
        members.end()?;
        Ok(Self { limit, before })
    }
}

impl ShowReceipt {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let which = members.text("which", REQUEST_ID_MAX)?;
        let is_one = which == "last" || which.starts_with("req_") || which.starts_with("sha256:");
        if !is_one {
            let sentence = "takes last, a request (req_…) or a digest (sha256:…)";
            return Err(members.flaw(Fault::BadValue, "which", sentence));
        }
        members.end()?;
        Ok(Self { which })
    }
}

impl Cancelled {
    /// The notification's name.
    pub const METHOD: &'static str = "notifications/cancelled";

    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let request_id = Id::read(&members.any("requestId")?)?;
        let reason = members.optional_text("reason", REASON_MAX)?;
        members.end()?;
        Ok(Self { request_id, reason })
    }

    /// The notification as a line, with its line feed.
    #[must_use]
    pub fn line(&self) -> String {
        let message =
            serde_json::json!({ "jsonrpc": "2.0", "method": Self::METHOD, "params": self });
        format!("{message}\n")
    }
}

/// True for a name that an agent may have: also safe as a file name.
#[must_use]
pub fn is_agent_name(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn agent_name(members: &mut Members) -> Result<String, Flaw> {
    let name = members.text("name", NAME_MAX)?;
    if is_agent_name(&name) {
        return Ok(name);
    }
    let sentence = "takes ASCII letters, digits and ._- and begins with a letter or digit";
    Err(members.flaw(Fault::BadValue, "name", sentence))
}

fn request_id(members: &mut Members) -> Result<Option<String>, Flaw> {
    let id = members.optional_text("request_id", REQUEST_ID_MAX)?;
    if id.as_deref().is_some_and(|id| !id.chars().all(|c| c.is_ascii_graphic())) {
        let sentence = "takes ASCII characters that can be seen, no space";
        return Err(members.flaw(Fault::BadValue, "request_id", sentence));
    }
    // An answer names a request by one of these two kinds; they must not be taken for each other.
    if id.as_deref().is_some_and(|id| id.starts_with("req_")) {
        let sentence = "begins with req_, which is kept for Placet's own names";
        return Err(members.flaw(Fault::BadValue, "request_id", sentence));
    }
    Ok(id)
}

/// A URL is compared byte for byte later; here only what can never be one is refused.
pub(crate) fn url(members: &mut Members, name: &'static str) -> Result<String, Flaw> {
    let url = members.text(name, URL_MAX)?;
    if url.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(url);
    }
    Err(members.flaw(Fault::BadValue, name, "takes ASCII characters that can be seen, no space"))
}

/// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), one space between.
fn scope(members: &mut Members) -> Result<Option<String>, Flaw> {
    let scope = members.optional_text("scope", 4096)?;
    let is_token = |token: &str| {
        !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
    };
    if scope.as_deref().is_some_and(|scope| !scope.split(' ').all(is_token)) {
        let sentence = "is not a list of scope tokens with one space between (RFC 6749 §3.3)";
        return Err(members.flaw(Fault::BadValue, "scope", sentence));
    }
    Ok(scope)
}

/// Only that it is text: what is inside is read strictly, and shown, by the rules.
fn details(members: &mut Members) -> Result<Option<String>, Flaw> {
    members.optional_text("authorization_details", 60 * 1024).map_err(|flaw| match flaw.fault {
        Fault::WrongType => {
            let sentence =
                "must be text that holds the JSON array, as OAuth sends it, so that each byte is kept";
            members.flaw(Fault::WrongType, "authorization_details", sentence)
        }
        _ => flaw,
    })
}

/// S10: 43 characters base64url, which is 32 bytes (RFC 7636 §4.2).
fn code_challenge(members: &mut Members) -> Result<String, Flaw> {
    let challenge = members.text("code_challenge", 256)?;
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if challenge.len() == 43 && challenge.chars().all(base64url) {
        return Ok(challenge);
    }
    let sentence = "is not 43 characters base64url (RFC 7636 §4.2)";
    Err(members.flaw(Fault::BadValue, "code_challenge", sentence))
}

fn challenge_method(members: &mut Members) -> Result<ChallengeMethod, Flaw> {
    match members.text("code_challenge_method", 16)?.as_str() {
        "S256" => Ok(ChallengeMethod::S256),
        _ => Err(members.flaw(Fault::BadValue, "code_challenge_method", "takes S256 only")),
    }
}

fn delivery(members: &mut Members) -> Result<Option<DeliveryMode>, Flaw> {
    match members.optional_text("delivery", 16)?.as_deref() {
        None => Ok(None),
        Some("code") => Ok(Some(DeliveryMode::Code)),
        Some(_) => Err(members.flaw(Fault::BadValue, "delivery", "takes code only")),
    }
}

fn one_or_list<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match list {
        [one] => serializer.serialize_str(one),
        list => list.serialize(serializer),
    }
}
