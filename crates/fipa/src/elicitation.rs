//! The `elicitations` of a challenge (ANA §5.1, digest §2.6.2 and §2.6.5-4) as one form.
//!
//! **Promises.** What is not understood in full is refused, never shown in part (F1): an unknown
//! mode, a form outside the restricted schema, entries that cannot be answered together. Several
//! forms with different property names become one form and one answer. A passkey is asked for alone.
//!
//! **Never** open or fetch what a `url` entry names (H11).

use placet_core::form::{BadSchema, Form, Source};
use placet_core::ports::ServerError;
use serde_json::{Map, Value};

use crate::passkey::{self, Home};
use crate::place::{Loopback, Place};

/// Digest §2.6.5-3.
const MAX_ENTRIES: usize = 16;

/// What a server asks, in one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The entries' messages, raw, each in a paragraph of its own.
    pub(crate) message: String,
    /// All fields; none if a passkey is asked for.
    pub(crate) form: Form,
    /// The passkey that is asked for instead.
    pub(crate) passkey: Option<Box<passkey::Asked>>,
    /// `attempts_remaining`, the least of the entries'.
    pub(crate) attempts_remaining: Option<u32>,
    /// `expires_in` in seconds, the least of the entries'.
    pub(crate) expires_in: Option<u64>,
    /// `id` of the one entry, to be sent back (digest §2.10-5).
    pub(crate) id: Option<String>,
}

/// Reads the members of an `insufficient_authorization`.
///
/// # Errors
/// [`ServerError::Unsupported`] if nothing in it can be shown here, [`ServerError::Locked`] for
/// `attempts_remaining: 0` (F6), [`ServerError::Protocol`] for everything that breaks the profile.
pub(crate) fn read(
    members: &Map<String, Value>,
    loopback: Loopback,
    home: &Home,
) -> Result<Asked, ServerError> {
    let entries = match members.get("elicitations") {
        None => return Err(ServerError::Unsupported("it says not what it needs".to_owned())),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(broken("elicitations is not a list")),
    };
    if entries.len() > MAX_ENTRIES {
        return Err(broken("there are too many elicitations"));
    }
    let mut forms = Vec::new();
    let mut urls = 0usize;
    for entry in entries {
        let entry = entry.as_object().ok_or_else(|| broken("an elicitation is not an object"))?;
        match entry.get("mode") {
            None => forms.push(form(entry, home)?),
            Some(Value::String(mode)) if mode == "form" => forms.push(form(entry, home)?),
            Some(Value::String(mode)) if mode == "url" => {
                url(entry, loopback)?;
                urls = urls.saturating_add(1);
            }
            Some(_) => return Err(broken("an elicitation has an unknown mode")),
        }
    }
    let mut forms = forms.into_iter();
    let Some(first) = forms.next() else {
        let why = if urls == 0 { "it asks for nothing" } else { "it asks for a browser only" };
        return Err(ServerError::Unsupported(why.to_owned()));
    };
    if urls > 0 && forms.len() > 0 {
        return Err(broken("several forms stand beside a url"));
    }
    let asked = forms.try_fold(first, together)?;
    match asked.attempts_remaining {
        Some(0) => Err(ServerError::Locked),
        _ => Ok(asked),
    }
}

fn form(entry: &Map<String, Value>, home: &Home) -> Result<Asked, ServerError> {
    let message = match entry.get("message") {
        Some(Value::String(message)) => message.clone(),
        _ => return Err(broken("an elicitation has no message")),
    };
    let schema =
        entry.get("requestedSchema").ok_or_else(|| broken("an elicitation has no form"))?;
    let passkey = passkey::read(schema, home)?.map(Box::new);
    let form = match passkey {
        Some(_) => Form::default(),
        None => Form::parse(schema, Source::Server).map_err(refused)?,
    };
    let attempts = whole_number(entry, "attempts_remaining")?;
    let id = match entry.get("id") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(broken("the id of an elicitation is not text")),
    };
    Ok(Asked {
        message,
        form,
        passkey,
        attempts_remaining: attempts.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        expires_in: whole_number(entry, "expires_in")?,
        id,
    })
}

/// Two forms as one; the answer then belongs to no single entry, so no `id` is sent back.
fn together(one: Asked, other: Asked) -> Result<Asked, ServerError> {
    if one.passkey.is_some() || other.passkey.is_some() {
        return Err(broken("a passkey is asked for together with something else"));
    }
    Ok(Asked {
        passkey: None,
        message: format!("{}\n\n{}", one.message, other.message),
        form: one.form.merged(other.form).map_err(refused)?,
        attempts_remaining: least(one.attempts_remaining, other.attempts_remaining),
        expires_in: least(one.expires_in, other.expires_in),
        id: None,
    })
}

/// A `url` entry beside a form is an alternative that this version does not offer; it must still
/// be one that could be shown.
fn url(entry: &Map<String, Value>, loopback: Loopback) -> Result<(), ServerError> {
    match (entry.get("url"), entry.get("message")) {
        (Some(Value::String(url)), Some(Value::String(_))) => Place::parse(url, loopback)
            .map(|_| ())
            .map_err(|why| broken(&format!("the url of an elicitation cannot be used: {why}"))),
        _ => Err(broken("a url elicitation has no url or no message")),
    }
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn whole_number(entry: &Map<String, Value>, name: &str) -> Result<Option<u64>, ServerError> {
    match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            value.as_u64().map(Some).ok_or_else(|| broken(&format!("{name} is not a whole number")))
        }
    }
}

fn refused(why: BadSchema) -> ServerError {
    match why {
        BadSchema::Malformed(_) => ServerError::Protocol(why.to_string()),
        BadSchema::Unsupported(_) => ServerError::Unsupported(why.to_string()),
    }
}

fn broken(why: &str) -> ServerError {
    ServerError::Protocol(why.to_owned())
}

#[cfg(test)]
#[path = "elicitation_tests.rs"]
mod tests;
