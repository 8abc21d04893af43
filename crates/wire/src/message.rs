//! The envelope: JSON-RPC 2.0 §4 and §5, narrowed.
//!
//! **Promises.** [`read`] takes one call or one notification and nothing else: no batch, no
//! response, no member that it does not know. An id is text of up to 128 bytes or a whole number.
//!
//! **Never** reply to a notification, and never run a call that has no id.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ask::Ask;
use crate::flaw::{Fault, Flaw, Refusal};
use crate::members::Members;
use crate::params::Cancelled;

/// Bytes of an id that is text.
pub const ID_MAX: usize = 128;

/// The id of a call, chosen by the client, used once on a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A whole number that fits 64 bits with sign.
    Number(i64),
    /// Text of up to [`ID_MAX`] bytes.
    Text(String),
}

impl Id {
    /// Reads an id.
    ///
    /// # Errors
    /// [`Fault::BadId`].
    pub fn read(value: &Value) -> Result<Self, Flaw> {
        match value {
            Value::String(text) if text.len() <= ID_MAX => Ok(Self::Text(text.clone())),
            Value::Number(number) => number.as_i64().map(Self::Number).ok_or_else(bad_id),
            _ => Err(bad_id()),
        }
    }
}

/// One question of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Names the answer.
    pub id: Id,
    /// What is asked.
    pub ask: Ask,
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A call: gets exactly one answer.
    Call(Box<Call>),
    /// `notifications/cancelled`.
    Cancelled(Cancelled),
    /// A notification that is not known or not well formed: ignored, as JSON-RPC demands.
    Ignored,
}

/// Reads one message out of JSON that was read strictly.
///
/// # Errors
/// [`Refusal`] with the error to send; it carries the id if that could be read.
pub fn read(message: Value) -> Result<Incoming, Refusal> {
    let Value::Object(mut members) = message else {
        let sentence = "a message is one JSON object; batches are not taken";
        return Err(Flaw::new(Fault::NotAnObject, sentence).answer(None));
    };
    let id = match members.remove("id") {
        None => None,
        Some(value) => Some(Id::read(&value).map_err(|flaw| flaw.answer(None))?),
    };
    let (method, params) = envelope(members).map_err(|flaw| flaw.answer(id.clone()))?;
    let Some(id) = id else { return notification(&method, params) };
    match Ask::read(&method, params) {
        Ok(ask) => Ok(Incoming::Call(Box::new(Call { id, ask }))),
        Err(flaw) => Err(flaw.answer(Some(id))),
    }
}

/// A call as a line, with its line feed.
#[must_use]
pub fn line(call: &Call) -> String {
    let message = json!({
        "jsonrpc": "2.0",
        "id": call.id,
        "method": call.ask.method(),
        "params": call.ask.params(),
    });
    format!("{message}\n")
}

/// A success as a line, with its line feed. `result` is one of [`crate::results`] or an
/// [`crate::outcome::Ended`].
#[must_use]
pub fn success<T: Serialize>(id: &Id, result: &T) -> String {
    match serde_json::to_value(result) {
        Ok(result) => format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "result": result })),
        // Our own types always are JSON; if one is not, the client hears that we failed.
        Err(_) => Flaw::new(Fault::Internal, "the answer could not be written")
            .answer(Some(id.clone()))
            .line(),
    }
}

fn envelope(mut members: Map<String, Value>) -> Result<(String, Option<Value>), Flaw> {
    if members.remove("jsonrpc").as_ref().and_then(Value::as_str) != Some("2.0") {
        return Err(Flaw::of(Fault::BadVersionMember, "jsonrpc", "is not the text 2.0"));
    }
    let Some(Value::String(method)) = members.remove("method") else {
        let sentence = "is not text; only calls and notifications are taken";
        return Err(Flaw::of(Fault::NotACall, "method", sentence));
    };
    let params = members.remove("params");
    match members.keys().next() {
        Some(name) => Err(Flaw::of(Fault::UnknownEnvelope, name, "is no member of a message")),
        None => Ok((method, params)),
    }
}

fn notification(method: &str, params: Option<Value>) -> Result<Incoming, Refusal> {
    if method == Cancelled::METHOD {
        let cancelled = Members::of_params(params).and_then(Cancelled::read);
        return Ok(cancelled.map_or(Incoming::Ignored, Incoming::Cancelled));
    }
    if Ask::METHODS.contains(&method) {
        let flaw =
            Flaw::of(Fault::MissingId, "id", "is missing; this method answers, so it needs one");
        return Err(flaw.answer(None));
    }
    Ok(Incoming::Ignored)
}

fn bad_id() -> Flaw {
    Flaw::of(Fault::BadId, "id", "is neither text of up to 128 bytes nor a whole number")
}
