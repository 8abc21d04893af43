//! `placet request` and `placet authorize`: the questions whose answer is an outcome.
//!
//! **Promises.** The exit status comes from the outcome object and from nothing else. A yes to an
//! authorization counts only with its code, from the issuer that was asked. A yes that was given to
//! an earlier call with the same request_id is no yes for this one.

use placet_wire::ask::Ask;
use placet_wire::notice::Status;
use placet_wire::outcome::{Ended, Outcome};
use placet_wire::params::{ApprovalRequest, AuthorizationRequest, ChallengeMethod, DeliveryMode};
use placet_wire::sensitive::Sensitive;
use serde_json::{Map, Value, json};

use super::converse;
use crate::args::{Authorize, Global, Request};
use crate::conversation::{Conversation, Notice};
use crate::exit::{Exit, Stop};
use crate::print::Printer;
use crate::quoted::quoted;
use crate::{json, pkce};

/// `placet request`.
pub(crate) fn request(
    asked: Request,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    let here = || std::env::current_dir().ok().and_then(|path| path.to_str().map(str::to_owned));
    let ask = Ask::Approval(ApprovalRequest {
        request_id: asked.asking.request_id,
        arguments: arguments(&asked.command, asked.args, asked.arguments.as_deref())?,
        tool: asked.tool.unwrap_or_else(|| "shell".to_owned()),
        working_directory: asked.cwd.or_else(here),
        reason: asked.asking.reason,
        expires_in: asked.asking.expires_in,
    });
    let (mut conversation, ..) = converse(global, printer)?;
    let (ended, value) = put(&mut conversation, ask, printer)?;
    conclude(&ended, &value, printer)
}

/// `placet authorize`.
pub(crate) fn authorize(
    asked: Authorize,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    let verifier = match asked.code_challenge {
        Some(_) => None,
        None if printer.is_json() => Some(pkce::verifier()?),
        None => {
            let sentence = "Give --code-challenge, or --json to get a PKCE verifier made for you \
                            and printed beside the code.";
            return Err(Stop::Usage(sentence.to_owned()));
        }
    };
    let challenge = match (asked.code_challenge, &verifier) {
        (Some(challenge), _) => challenge,
        (None, Some(verifier)) => pkce::challenge(verifier),
        (None, None) => String::new(),
    };
    let ask = Ask::Authorization(AuthorizationRequest {
        request_id: asked.asking.request_id,
        issuer: asked.issuer.clone(),
        scope: asked.scope,
        resource: asked.resource,
        authorization_details: asked.details.map(details).transpose()?,
        acr_values: asked.acr_values,
        max_age: asked.max_age,
        code_challenge: challenge,
        code_challenge_method: ChallengeMethod::S256,
        delivery: Some(DeliveryMode::Code),
        reason: asked.asking.reason,
        expires_in: asked.asking.expires_in,
    });
    let (mut conversation, ..) = converse(global, printer)?;
    let (ended, mut value) = put(&mut conversation, ask, printer)?;
    if ended.is_go_ahead() {
        let granted = ended.granted.as_ref().filter(|granted| granted.issuer == asked.issuer);
        if granted.is_none() {
            let sentence = "Placet said approved, but sent no code of this issuer. That is a no.";
            return Err(Stop::Garbled(sentence.to_owned()));
        }
        add_verifier(&mut value, verifier.as_ref());
    }
    conclude(&ended, &value, printer)
}

/// Sends a question and waits, telling on stderr how far it is.
pub(crate) fn put(
    conversation: &mut Conversation,
    ask: Ask,
    printer: &mut Printer,
) -> Result<(Ended, Value), Stop> {
    let given = ask.request_id().map(str::to_owned);
    let (ended, value): (Ended, Value) = conversation.call(ask, |notice| tell(&notice, printer))?;
    if given.is_some_and(|given| given != ended.request_id) {
        let sentence = "Placet answered another question. That is a no.";
        return Err(Stop::Garbled(sentence.to_owned()));
    }
    Ok((ended, value))
}

/// Prints the outcome; its word decides the exit status.
pub(crate) fn conclude(ended: &Ended, value: &Value, printer: &mut Printer) -> Result<Exit, Stop> {
    let mut message = format!("{}: {}", ended.outcome, ended.reason.sentence);
    if let Some(seconds) = ended.retry_after {
        message.push_str(&format!(" Ask again in {seconds} s."));
    }
    if ended.outcome == Outcome::Approved && ended.repeated {
        message = "This request_id had its yes before, and that yes was for that time. \
                   Ask again with a new request_id."
            .to_owned();
    }
    match ended.is_go_ahead() {
        true => printer.progress(&message),
        false => printer.say(&message),
    }
    printer.answer(value, || {
        let mut lines = vec![ended.outcome.as_str().to_owned()];
        lines.extend(ended.repeated.then(|| "repeated".to_owned()));
        lines.extend(ended.note.as_ref().map(|note| format!("note: {note}")));
        if let Some(granted) = &ended.granted {
            lines.push(format!("authorization_code: {}", granted.authorization_code.expose()));
            lines.push(format!("issuer: {}", granted.issuer));
            lines.push(format!("client_id: {}", granted.client_id));
        }
        lines
    })?;
    Ok(match ended.outcome {
        Outcome::Approved if ended.repeated => Exit::Other,
        outcome => outcome.into(),
    })
}

/// One line on stderr for each notice.
pub(crate) fn tell(notice: &Notice, printer: &mut Printer) {
    match notice {
        // Also when quiet: without it the person cannot go on.
        Notice::PairCode(code) => {
            printer.say(&format!("Type this code into Placet's window: {}", code.code));
        }
        Notice::Status(at) => {
            let word = word(at.status);
            printer.progress(&format!("{word} (the prompt shows {})", at.binding_code));
        }
    }
}

/// How far a question is.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Queued => "waiting for the prompt",
        Status::Shown => "shown to the person",
        Status::Answering => "the person has said yes, the server is asked",
        Status::Waiting => "the server is asked",
    }
}

fn add_verifier(value: &mut Value, verifier: Option<&Sensitive>) {
    if let (Some(object), Some(verifier)) = (value.as_object_mut(), verifier) {
        object.insert("code_verifier".to_owned(), json!(verifier.expose()));
    }
}

fn arguments(
    command: &[String],
    args: Vec<String>,
    arguments: Option<&str>,
) -> Result<Value, Stop> {
    match (command, arguments) {
        ([], Some("-")) => json::parse(&json::stdin()?, "stdin"),
        ([], Some(text)) => json::parse(text, "--arguments"),
        ([], None) => {
            let mut object = Map::new();
            for arg in args {
                let Some((name, value)) = arg.split_once('=') else {
                    return Err(Stop::Usage("--arg takes NAME=VALUE.".to_owned()));
                };
                if object.insert(name.to_owned(), json!(value)).is_some() {
                    return Err(Stop::Usage("An --arg is given twice.".to_owned()));
                }
            }
            Ok(Value::Object(object))
        }
        ([line], _) => Ok(json!({ "command": line })),
        (words, _) => {
            let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
            Ok(json!({ "command": words.join(" ") }))
        }
    }
}

/// The text as it stands: the server gets these bytes (A5). Only that it is an array is checked.
fn details(given: String) -> Result<String, Stop> {
    let text = match given.strip_prefix('@') {
        None => given,
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Stop::Usage(format!("{path}: {error}")))?
            .trim()
            .to_owned(),
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Array(_)) => Ok(text),
        Ok(_) => Err(Stop::Usage("--details is not a JSON array.".to_owned())),
        Err(error) => Err(Stop::Usage(format!("--details cannot be read as JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_words_become_the_line_that_a_shell_would_read_as_these_words() {
        let words = ["git", "commit", "-m", "it's done; rm -rf /", "", "a b"].map(str::to_owned);
        let value = arguments(&words, Vec::new(), None).unwrap();
        assert_eq!(value["command"], r"git commit -m 'it'\''s done; rm -rf /' '' 'a b'");
        let line = arguments(&["make && make install".to_owned()], Vec::new(), None).unwrap();
        assert_eq!(line["command"], "make && make install");
    }
}
