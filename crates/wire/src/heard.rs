//! What a client hears: answers and notifications.
//!
//! **Promises.** Members and notifications that are not known are passed over, so that a newer
//! daemon can say more. What is not one of ours is an error, never an approval.
//!
//! **Never** trust its texts with a terminal: escape them before printing.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::flaw::Problem;
use crate::message::Id;
use crate::notice::{PairCode, RequestStatus};

/// One line of the daemon.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The answer of a call; `id` is null if the daemon could not tell which.
    Answer {
        /// The call.
        id: Option<Id>,
        /// What came of it.
        answer: Result<Value, Problem>,
    },
    /// How far a request is.
    Status(RequestStatus),
    /// The code of a pairing.
    PairCode(PairCode),
    /// A notification that this version does not know.
    Unknown,
}

/// The line is not of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer does not follow Placet's protocol")
    }
}

impl std::error::Error for NotOurs {}

#[derive(Deserialize)]
struct Envelope {
    jsonrpc: String,
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Problem>,
}

/// Reads one line of the daemon.
///
/// # Errors
/// [`NotOurs`].
pub fn hear(line: &[u8]) -> Result<Heard, NotOurs> {
    let said: Envelope = serde_json::from_slice(line).map_err(|_| NotOurs)?;
    if said.jsonrpc != "2.0" {
        return Err(NotOurs);
    }
    match (said.method, said.result, said.error) {
        (None, Some(result), None) if said.id.is_some() => {
            Ok(Heard::Answer { id: said.id, answer: Ok(result) })
        }
        (None, None, Some(problem)) => Ok(Heard::Answer { id: said.id, answer: Err(problem) }),
        (Some(method), None, None) if said.id.is_none() => match method.as_str() {
            RequestStatus::METHOD => typed(said.params).map(Heard::Status),
            PairCode::METHOD => typed(said.params).map(Heard::PairCode),
            _ => Ok(Heard::Unknown),
        },
        _ => Err(NotOurs),
    }
}

fn typed<T: for<'de> Deserialize<'de>>(params: Option<Value>) -> Result<T, NotOurs> {
    T::deserialize(params.ok_or(NotOurs)?).map_err(|_| NotOurs)
}

/// A `result` that is null is there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
