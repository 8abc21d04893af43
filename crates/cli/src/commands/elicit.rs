//! `placet elicit`: a form whose answers come to the caller (MCP's `elicitation/create`).
//!
//! **Promises.** Exit status 0 means that a person sent these answers to this very call; the result
//! has to be the one that its outcome makes, or it is a no. Stdout gets the result as it came, as
//! JSON in any case.
//!
//! **Never** the way for a secret: Placet refuses a form that asks for one.

use placet_wire::ask::Ask;
use placet_wire::elicit::{Action, Elicit, ElicitResult};
use placet_wire::outcome::Outcome;
use serde_json::Value;

use super::ask::tell;
use super::converse;
use crate::args::{Elicit as Asked, Global};
use crate::exit::{Exit, Stop};
use crate::json;
use crate::print::Printer;

/// `placet elicit`.
pub(crate) fn elicit(asked: Asked, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let schema = schema(&asked.schema)?;
    let ask = Elicit::form(asked.message, schema, asked.server, asked.expires_in);
    let (mut conversation, ..) = converse(global, printer)?;
    let (result, value): (ElicitResult, Value) =
        conversation.call(Ask::Elicit(Box::new(ask)), |notice| tell(&notice, printer))?;
    let outcome = &result.meta.outcome;
    if ElicitResult::of(outcome.clone(), result.content.clone()).as_ref() != Ok(&result) {
        let sentence = "Placet's answer contradicts itself, so it was not used. That is a no.";
        return Err(Stop::Garbled(sentence.to_owned()));
    }
    let mut message = format!("{}: {}", outcome.outcome, outcome.reason.sentence);
    if let Some(note) = &outcome.note {
        message.push_str(&format!(" They wrote: {note}"));
    }
    match result.action {
        Action::Accept => printer.progress(&message),
        Action::Decline | Action::Cancel => printer.say(&message),
    }
    printer.object(&value)?;
    Ok(match (result.action, outcome.outcome) {
        (Action::Accept, _) => Exit::Approved,
        // A yes without its answers, or of another time.
        (_, Outcome::Approved) => Exit::Other,
        (_, outcome) => outcome.into(),
    })
}

/// The form as it was given; the daemon reads it.
fn schema(given: &str) -> Result<Value, Stop> {
    match given.strip_prefix('@') {
        _ if given == "-" => json::parse(&json::stdin()?, "stdin"),
        None => json::parse(given, "--schema"),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Stop::Usage(format!("{path}: {error}")))?;
            json::parse(&text, path)
        }
    }
}
