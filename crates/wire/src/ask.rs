//! Every method a client can call, with its parameters.
//!
//! **Promises.** One variant a method; [`Ask::METHODS`] is the list that `placet/hello` sends.
//!
//! **Never** let a method through whose parameters were not read in full.

use serde_json::{Map, Value};

use crate::elicit::Elicit;
use crate::flaw::{Fault, Flaw};
use crate::members::Members;
use crate::params::{
    AddServer, ApprovalRequest, AuthorizationRequest, Cancelled, Hello, ListLog, Pair,
    RemoveServer, RevokePairing, ShowReceipt,
};
use crate::passkeys::{AddPasskey, DeletePasskey, ListPasskeys, RegisterAtServer, RenamePasskey};

/// Bytes of a line, its line feed not counted, for all but `approval/request` (S10).
pub const LINE_MAX: usize = 64 * 1024;
/// Bytes of an `approval/request` line: whole files travel in a tool's arguments (S10).
pub const APPROVAL_LINE_MAX: usize = 8 * 1024 * 1024;

/// What a client asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// `placet/hello`: versions, who the kernel says you are, pairing.
    Hello(Hello),
    /// `placet/pair`: ask the person for a name.
    Pair(Pair),
    /// `approval/request`: may this one action be done?
    Approval(ApprovalRequest),
    /// `authorization/request`: get a code from an authorization server for this.
    Authorization(AuthorizationRequest),
    /// `elicitation/create`: may the agent have these answers? (MCP, form mode)
    Elicit(Box<Elicit>),
    /// `as/add`: trust an authorization server, after the person agreed.
    AddServer(AddServer),
    /// `as/list`: the trusted ones.
    ListServers,
    /// `as/remove`: trust one no longer, after the person agreed.
    RemoveServer(RemoveServer),
    /// `as/register`: have a trusted one know this installation by its key; the person signs in there.
    RegisterAtServer(RegisterAtServer),
    /// `passkey/add`: make a passkey and have the server know it; the person signs in there.
    AddPasskey(AddPasskey),
    /// `passkey/list`: those that the server knows, after the person signed in there.
    ListPasskeys(ListPasskeys),
    /// `passkey/rename`: call one otherwise.
    RenamePasskey(RenamePasskey),
    /// `passkey/delete`: have the server forget one.
    DeletePasskey(DeletePasskey),
    /// `pairing/list`: the agents that have a name.
    ListPairings,
    /// `pairing/revoke`: take a name back; narrows only, so nobody is asked.
    RevokePairing(RevokePairing),
    /// `ui/open`: bring up what is waiting.
    Open,
    /// `status`: how Placet is.
    Status,
    /// `log/list`: the record, newest first.
    ListLog(ListLog),
    /// `receipt/show`: a receipt on record.
    ShowReceipt(ShowReceipt),
    /// `receipt/keys`: what receipts are verified with.
    ListKeys,
}

impl Ask {
    /// The names of all methods with an answer.
    pub const METHODS: [&'static str; 20] = [
        "placet/hello",
        "placet/pair",
        "approval/request",
        "authorization/request",
        "elicitation/create",
        "as/add",
        "as/list",
        "as/remove",
        "as/register",
        "passkey/add",
        "passkey/list",
        "passkey/rename",
        "passkey/delete",
        "pairing/list",
        "pairing/revoke",
        "ui/open",
        "status",
        "log/list",
        "receipt/show",
        "receipt/keys",
    ];

    /// The method's name.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Hello(_) => "placet/hello",
            Self::Pair(_) => "placet/pair",
            Self::Approval(_) => "approval/request",
            Self::Authorization(_) => "authorization/request",
            Self::Elicit(_) => "elicitation/create",
            Self::AddServer(_) => "as/add",
            Self::ListServers => "as/list",
            Self::RemoveServer(_) => "as/remove",
            Self::RegisterAtServer(_) => "as/register",
            Self::AddPasskey(_) => "passkey/add",
            Self::ListPasskeys(_) => "passkey/list",
            Self::RenamePasskey(_) => "passkey/rename",
            Self::DeletePasskey(_) => "passkey/delete",
            Self::ListPairings => "pairing/list",
            Self::RevokePairing(_) => "pairing/revoke",
            Self::Open => "ui/open",
            Self::Status => "status",
            Self::ListLog(_) => "log/list",
            Self::ShowReceipt(_) => "receipt/show",
            Self::ListKeys => "receipt/keys",
        }
    }

    /// The `request_id` that the requester gave, if the method has one (S14).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Approval(asked) => asked.request_id.as_deref(),
            Self::Authorization(asked) => asked.request_id.as_deref(),
            _ => None,
        }
    }

    /// The parameters as JSON.
    #[must_use]
    pub fn params(&self) -> Value {
        let params = match self {
            Self::Hello(params) => serde_json::to_value(params),
            Self::Pair(params) => serde_json::to_value(params),
            Self::Approval(params) => serde_json::to_value(params),
            Self::Authorization(params) => serde_json::to_value(params),
            Self::Elicit(params) => serde_json::to_value(params),
            Self::AddServer(params) => serde_json::to_value(params),
            Self::RemoveServer(params) => serde_json::to_value(params),
            Self::RegisterAtServer(params) => serde_json::to_value(params),
            Self::AddPasskey(params) => serde_json::to_value(params),
            Self::ListPasskeys(params) => serde_json::to_value(params),
            Self::RenamePasskey(params) => serde_json::to_value(params),
            Self::DeletePasskey(params) => serde_json::to_value(params),
            Self::RevokePairing(params) => serde_json::to_value(params),
            Self::ListLog(params) => serde_json::to_value(params),
            Self::ShowReceipt(params) => serde_json::to_value(params),
            Self::ListServers | Self::ListPairings | Self::Open | Self::Status | Self::ListKeys => {
                Ok(Value::Object(Map::new()))
            }
        };
        // These types hold texts, numbers and JSON: writing them cannot fail.
        params.unwrap_or(Value::Null)
    }

    /// The bytes a line of this method may have (S10).
    #[must_use]
    pub fn line_max(method: &str) -> usize {
        if method == "approval/request" { APPROVAL_LINE_MAX } else { LINE_MAX }
    }

    /// Reads the parameters of a method.
    ///
    /// # Errors
    /// [`Flaw`]: unknown method, or the member at fault.
    pub fn read(method: &str, params: Option<Value>) -> Result<Self, Flaw> {
        if method == Cancelled::METHOD {
            let sentence = "is a notification; send it without an id";
            return Err(Flaw::of(Fault::NotificationOnly, "method", sentence));
        }
        if !Self::METHODS.contains(&method) {
            let sentence = "is not known here; placet/hello lists those that are";
            return Err(Flaw::of(Fault::UnknownMethod, "method", sentence));
        }
        let members = Members::of_params(params)?;
        match method {
            "placet/hello" => Hello::read(members).map(Self::Hello),
            "placet/pair" => Pair::read(members).map(Self::Pair),
            "approval/request" => ApprovalRequest::read(members).map(Self::Approval),
            "authorization/request" => AuthorizationRequest::read(members).map(Self::Authorization),
            "elicitation/create" => {
                Elicit::read(members).map(|asked| Self::Elicit(Box::new(asked)))
            }
            "as/add" => AddServer::read(members).map(Self::AddServer),
            "as/list" => members.end().map(|()| Self::ListServers),
            "as/remove" => RemoveServer::read(members).map(Self::RemoveServer),
            "as/register" => RegisterAtServer::read(members).map(Self::RegisterAtServer),
            "passkey/add" => AddPasskey::read(members).map(Self::AddPasskey),
            "passkey/list" => ListPasskeys::read(members).map(Self::ListPasskeys),
            "passkey/rename" => RenamePasskey::read(members).map(Self::RenamePasskey),
            "passkey/delete" => DeletePasskey::read(members).map(Self::DeletePasskey),
            "pairing/list" => members.end().map(|()| Self::ListPairings),
            "pairing/revoke" => RevokePairing::read(members).map(Self::RevokePairing),
            "ui/open" => members.end().map(|()| Self::Open),
            "log/list" => ListLog::read(members).map(Self::ListLog),
            "receipt/show" => ShowReceipt::read(members).map(Self::ShowReceipt),
            "receipt/keys" => members.end().map(|()| Self::ListKeys),
            _ => members.end().map(|()| Self::Status),
        }
    }
}
