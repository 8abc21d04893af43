//! `elicitation/create` of MCP, form mode: its parameters and its result.
//!
//! **Promises.** The parameters of the revisions 2025-06-18, 2025-11-25 and 2026-07-28 are read, with
//! `mode` or without it (S17). Each outcome has its action: `declined` is `decline`, what nobody
//! answered is `cancel`, and what could not be asked is an error (S12).
//!
//! **Never** `accept` without the content of a yes that was given to this very call.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flaw::{Fault, Flaw};
use crate::members::Members;
use crate::outcome::{Ended, Outcome};
use crate::params::EXPIRES_IN_MAX;

/// In `_meta`: the MCP server behind the runtime, as the runtime calls it.
const SERVER: &str = "placet/server";
/// In `_meta`: seconds until the answer is a no, as `expires_in` of other questions.
const EXPIRES_IN: &str = "placet/expires_in";
/// Bytes of a server's name.
const SERVER_MAX: usize = 64;
/// Bytes of the message: the line has a bound as well.
const MESSAGE_MAX: usize = 16 * 1024;

/// The parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Elicit {
    /// `form`, or left out as before 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What the server says.
    pub message: String,
    /// The form: an object, read by `placet_core::form`.
    pub requested_schema: Value,
    /// MCP's own; only `placet/server` and `placet/expires_in` are looked at.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
    /// MCP's wish for a task (2025-11-25): passed over, as MCP asks of who has no tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Value>,
}

/// The one mode that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A form.
    Form,
}

impl Elicit {
    /// A form, with what Placet itself looks at in `_meta`.
    #[must_use]
    pub fn form(
        message: String,
        requested_schema: Value,
        server: Option<String>,
        expires_in: Option<u64>,
    ) -> Self {
        let mut meta = Map::new();
        meta.extend(server.map(|name| (SERVER.to_owned(), name.into())));
        meta.extend(expires_in.map(|seconds| (EXPIRES_IN.to_owned(), seconds.into())));
        let meta = (!meta.is_empty()).then_some(meta);
        Self { mode: Some(Mode::Form), message, requested_schema, meta, task: None }
    }

    /// The name of the server behind the runtime: a claim of the runtime.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.meta.as_ref()?.get(SERVER)?.as_str()
    }

    /// Seconds until the answer is a no.
    #[must_use]
    pub fn expires_in(&self) -> Option<u64> {
        self.meta.as_ref()?.get(EXPIRES_IN)?.as_u64()
    }

    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let mode = match members.optional_text("mode", 64)?.as_deref() {
            None => None,
            Some("form") => Some(Mode::Form),
            Some(_) => {
                let sentence = "takes form only; open the page of a url in a browser instead";
                return Err(members.flaw(Fault::BadValue, "mode", sentence));
            }
        };
        let message = members.text("message", MESSAGE_MAX)?;
        let requested_schema = members.any("requestedSchema")?;
        if !requested_schema.is_object() {
            return Err(members.flaw(Fault::WrongType, "requestedSchema", "is not an object"));
        }
        let meta = match members.optional_any("_meta") {
            None => None,
            Some(Value::Object(meta)) => Some(meta),
            Some(_) => return Err(members.flaw(Fault::WrongType, "_meta", "is not an object")),
        };
        match meta.as_ref().and_then(|meta| meta.get(SERVER)) {
            None => {}
            Some(Value::String(name)) if (1..=SERVER_MAX).contains(&name.len()) => {}
            Some(_) => {
                let sentence = "is not text of 1 to 64 bytes";
                return Err(members.flaw(Fault::BadValue, "_meta.placet/server", sentence));
            }
        }
        match meta.as_ref().and_then(|meta| meta.get(EXPIRES_IN)).map(Value::as_u64) {
            None => {}
            Some(Some(seconds)) if (1..=EXPIRES_IN_MAX).contains(&seconds) => {}
            Some(_) => {
                let sentence = format!("is not a whole number of 1 to {EXPIRES_IN_MAX}");
                return Err(members.flaw(Fault::BadValue, "_meta.placet/expires_in", sentence));
            }
        }
        let task = members.optional_any("task");
        members.end()?;
        Ok(Self { mode, message, requested_schema, meta, task })
    }
}

/// MCP's `ElicitResult`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElicitResult {
    /// What the person did.
    pub action: Action,
    /// The answers, with `accept` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
    /// What a plain question would have heard.
    #[serde(rename = "_meta")]
    pub meta: Meta,
}

/// What the person did, in MCP's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// They sent their answers.
    Accept,
    /// They said no.
    Decline,
    /// They did not say.
    Cancel,
}

/// Tells apart what MCP has one word for (S12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The outcome.
    #[serde(rename = "placet/outcome")]
    pub outcome: Ended,
}

impl ElicitResult {
    /// The result of an end.
    ///
    /// # Errors
    /// [`Fault::NotAsked`] where MCP has no action.
    pub fn of(ended: Ended, content: Option<Map<String, Value>>) -> Result<Self, Flaw> {
        let action = match (ended.outcome, &content) {
            (Outcome::Approved, Some(_)) if ended.is_go_ahead() => Action::Accept,
            (Outcome::Declined, _) => Action::Decline,
            (
                Outcome::Approved | Outcome::Cancelled | Outcome::Expired | Outcome::Superseded,
                _,
            ) => Action::Cancel,
            (
                Outcome::Unreachable
                | Outcome::Locked
                | Outcome::RejectedByAs
                | Outcome::Unsupported
                | Outcome::ProtocolError
                | Outcome::RateLimited,
                _,
            ) => return Err(not_asked(ended)),
        };
        let content = content.filter(|_| action == Action::Accept);
        Ok(Self { action, content, meta: Meta { outcome: ended } })
    }
}

/// The error has no member for it, so the sentence says how long to wait (S22).
fn not_asked(ended: Ended) -> Flaw {
    let mut sentence = ended.reason.sentence;
    if let Some(seconds) = ended.retry_after {
        sentence.push_str(&format!(" Ask again in {seconds} s."));
    }
    Flaw::new(Fault::NotAsked, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;
    use serde_json::json;

    fn ended(outcome: Outcome) -> Ended {
        serde_json::from_value(json!({
            "request_id": "r", "outcome": outcome,
            "reason": Reason { code: "c".into(), sentence: "s".into() },
        }))
        .unwrap()
    }

    #[test]
    fn s12_each_outcome_has_its_action_and_only_a_yes_carries_content() {
        for outcome in Outcome::ALL {
            let said = ElicitResult::of(ended(outcome), Some(Map::new()));
            match outcome {
                Outcome::Approved => {
                    let said = said.unwrap();
                    assert_eq!((said.action, said.content), (Action::Accept, Some(Map::new())));
                }
                Outcome::Declined => {
                    let said = said.unwrap();
                    assert_eq!((said.action, said.content), (Action::Decline, None));
                }
                Outcome::Cancelled | Outcome::Expired | Outcome::Superseded => {
                    let said = said.unwrap();
                    assert_eq!((said.action, said.content), (Action::Cancel, None));
                    assert_eq!(said.meta.outcome.outcome, outcome, "told apart");
                }
                _ => assert_eq!(said.unwrap_err().fault, Fault::NotAsked),
            }
        }
    }

    #[test]
    fn s22_who_asks_too_much_hears_how_long_to_wait() {
        let many = Ended { retry_after: Some(180), ..ended(Outcome::RateLimited) };
        let flaw = ElicitResult::of(many, None).unwrap_err();
        assert_eq!(
            (flaw.fault, flaw.sentence.as_str()),
            (Fault::NotAsked, "s Ask again in 180 s.")
        );
    }

    #[test]
    fn s12_a_yes_without_content_or_of_another_time_is_no_accept() {
        let of = |ended, content| ElicitResult::of(ended, content).unwrap();
        assert_eq!(of(ended(Outcome::Approved), None).action, Action::Cancel);
        let old = Ended { repeated: true, ..ended(Outcome::Approved) };
        let old = of(old, Some(Map::new()));
        assert_eq!((old.action, old.content), (Action::Cancel, None));
    }
}
