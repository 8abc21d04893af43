//! What is wrong with a message, as a JSON-RPC 2.0 error object (§5.1).
//!
//! **Promises.** Each [`Fault`] has one number and one stable word; the sentence says what to do.
//!
//! **Never** quote a member's value: only its name, clipped.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::message::Id;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, $word:literal;)*) => {
        /// The closed table of faults: what `data.code` says and which JSON-RPC number it has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[doc = $doc])* $name,)* }

        impl Fault {
            /// All of them, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The JSON-RPC number: -32700 to -32600 are the standard's, -32099 to -32000 ours.
            #[must_use]
            pub const fn number(self) -> i64 { match self { $(Self::$name => $number,)* } }
            /// The stable word in `data.code`.
            #[must_use]
            pub const fn word(self) -> &'static str { match self { $(Self::$name => $word,)* } }
            /// When it is sent, for the table in `docs/agent-protocol.md`.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

faults! {
    /// The line is not JSON, has a member twice, is too deep or has too long a string.
    NotJson = -32700, "not_json";
    /// The line has more bytes than its method may have; a line without end closes the connection.
    TooLarge = -32700, "too_large";
    /// A batch (an array) or any JSON that is not an object.
    NotAnObject = -32600, "not_an_object";
    /// The member `jsonrpc` is not the text `2.0`.
    BadVersionMember = -32600, "bad_jsonrpc";
    /// `id` is null, a fraction, an object, an array, a boolean, or text of more than 128 bytes.
    BadId = -32600, "bad_id";
    /// `id` was used on this connection before. The error's own `id` is null, so that it is not taken for the answer of the first call.
    ReusedId = -32600, "reused_id";
    /// The method needs an `id`, for its answer.
    MissingId = -32600, "missing_id";
    /// No text in `method`: perhaps a response, and Placet calls no client.
    NotACall = -32600, "not_a_call";
    /// A member beside `jsonrpc`, `id`, `method`, `params`.
    UnknownEnvelope = -32600, "unknown_member";
    /// No such method here; `placet/hello` lists those that there are.
    UnknownMethod = -32601, "unknown_method";
    /// The method is a notification: send it without `id`.
    NotificationOnly = -32601, "notification_only";
    /// `params` or a member of it is missing.
    MissingMember = -32602, "missing_member";
    /// A member that the method does not have.
    UnknownMember = -32602, "unknown_member";
    /// A member that only the person's enrolment may set: endpoints, `client_id`, `login_hint` and the like.
    ForbiddenMember = -32602, "forbidden_member";
    /// A member of another JSON type.
    WrongType = -32602, "wrong_type";
    /// A value outside what the method takes.
    BadValue = -32602, "bad_value";
    /// A `request_id` that was used for another question.
    RequestIdConflict = -32602, "request_id_conflict";
    /// Placet failed. The answer is no.
    Internal = -32603, "internal";
    /// `versions` has none that Placet speaks.
    NoCommonVersion = -32001, "no_common_version";
    /// Too many connections, or too many open calls on this one. Wait and ask again.
    Busy = -32002, "busy";
    /// `elicitation/create` only: nobody could be asked, or too much was asked. `message` says which.
    NotAsked = -32003, "not_asked";
}

/// One fault with its place and its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What kind.
    pub fault: Fault,
    /// The member at fault, such as `params.code_challenge` without the `params.`.
    pub member: Option<String>,
    /// What happened and what to do, in English for developers; it goes on after the member's
    /// name, if there is one: `is missing`.
    pub sentence: String,
}

impl Flaw {
    /// A fault of the whole message.
    #[must_use]
    pub fn new(fault: Fault, sentence: impl Into<String>) -> Self {
        Self { fault, member: None, sentence: sentence.into() }
    }

    /// A fault of one member. Its name is the sender's text: clipped to 64 characters.
    #[must_use]
    pub fn of(fault: Fault, member: &str, sentence: impl Into<String>) -> Self {
        let member = member.chars().take(64).collect();
        Self { fault, member: Some(member), sentence: sentence.into() }
    }

    /// The refusal of the message that had this flaw.
    #[must_use]
    pub fn answer(self, id: Option<Id>) -> Refusal {
        Refusal { id, flaw: self }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Some(member) => write!(f, "{member} {}", self.sentence),
            None => f.write_str(&self.sentence),
        }
    }
}

impl std::error::Error for Flaw {}

/// A message that was not taken, and what its sender hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The id of the message, if it could be read and is safe to use; otherwise null is sent.
    pub id: Option<Id>,
    /// What was wrong.
    pub flaw: Flaw,
}

impl Refusal {
    /// Bytes that are no JSON for us; `sentence` comes from the reader of the bytes.
    #[must_use]
    pub fn not_json(sentence: impl Into<String>) -> Self {
        Flaw::new(Fault::NotJson, sentence).answer(None)
    }

    /// A line over its limit of `allowed` bytes.
    #[must_use]
    pub fn too_large(id: Option<Id>, allowed: usize) -> Self {
        let sentence = format!("a line of this method may have {allowed} bytes");
        Flaw::new(Fault::TooLarge, sentence).answer(id)
    }

    /// An id that this connection used before.
    #[must_use]
    pub fn reused_id() -> Self {
        let sentence = "was used on this connection before; take a new one for each call";
        Flaw::of(Fault::ReusedId, "id", sentence).answer(None)
    }

    /// The error message as one JSON object (JSON-RPC 2.0 §5).
    #[must_use]
    pub fn message(&self) -> Value {
        let mut data = json!({ "code": self.flaw.fault.word() });
        if let (Some(data), Some(member)) = (data.as_object_mut(), &self.flaw.member) {
            data.insert("member".to_owned(), json!(member));
        }
        json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "error": {
                "code": self.flaw.fault.number(),
                "message": self.flaw.to_string(),
                "data": data,
            },
        })
    }

    /// The error message as a line, with its line feed.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}\n", self.message())
    }
}

/// An error object as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The JSON-RPC number.
    pub code: i64,
    /// The sentence.
    pub message: String,
    /// The word and the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<ProblemData>,
}

/// `data` of an error object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemData {
    /// The word: one of [`Fault::word`].
    pub code: String,
    /// The member at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}
