//! What the daemon says of a request while it is open.
//!
//! **Promises.** Each notice names the call that it belongs to by its JSON-RPC `id`, since a client
//! that gave no `request_id` knows no other name.
//!
//! **Never** what is asked of the person, nor what the person does beyond the four words.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::message::Id;

/// `request/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestStatus {
    /// The JSON-RPC id of the call.
    pub id: Id,
    /// As the outcome will name it.
    pub request_id: String,
    /// How far it is.
    pub status: Status,
    /// Print it: the prompt shows the same (S16).
    pub binding_code: String,
}

/// How far a request is (the words of `placet_core::ports::Status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The prompt is busy with another.
    Queued,
    /// On the screen.
    Shown,
    /// The person agreed to look; the server was asked.
    Answering,
    /// The server looks at the answer.
    Waiting,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Shown, Self::Answering, Self::Waiting];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Shown => "shown",
            Self::Answering => "answering",
            Self::Waiting => "waiting",
        }
    }
}

/// `pair/code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairCode {
    /// The JSON-RPC id of `placet/pair`.
    pub id: Id,
    /// Print it: the person types it into the prompt. Not a secret from the agent.
    pub code: String,
}

impl RequestStatus {
    /// The notification's name.
    pub const METHOD: &'static str = "request/status";

    /// The notification as a line, with its line feed.
    #[must_use]
    pub fn line(&self) -> String {
        notification(Self::METHOD, self)
    }
}

impl PairCode {
    /// The notification's name.
    pub const METHOD: &'static str = "pair/code";

    /// The notification as a line, with its line feed.
    #[must_use]
    pub fn line(&self) -> String {
        notification(Self::METHOD, self)
    }
}

fn notification<T: Serialize>(method: &str, params: &T) -> String {
    format!("{}\n", json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}
