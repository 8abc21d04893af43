//! `placet hook`: an agent's hook asks Placet.
//!
//! **Promises.** Only a yes that a person gave to this very question becomes the agent's "allow".
//! Everything else is a no that this agent understands, with a sentence and an exit status that
//! blocks: no Placet, a slow or a broken one, a payload that is not understood in full, a signal, a
//! panic. The hook ends before the agent gives up on it.
//!
//! **Never** tells the model more than that it was no, the person's own note, and one of Placet's
//! sentences: no binding code, no receipt, nothing of the payload. What it writes is a sentence for
//! a cooperative agent; an agent that edits its own settings is not held by a hook.

mod last_word;
mod payload;
mod reply;

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use placet_wire::ask::Ask;
use placet_wire::elicit::{Action, Elicit, ElicitResult};
use placet_wire::outcome::{Ended, Outcome};
use placet_wire::params::{ApprovalRequest, EXPIRES_IN_MAX};
use serde_json::Value;

use self::last_word::{LastWord, Verdict};
use self::payload::{Call, Form, Question};
use crate::agents::Agent;
use crate::args::Global;
use crate::conversation::Conversation;
use crate::exit::Stop;
use crate::print::Printer;
use crate::{json, socket, token};

/// Bytes of a payload: twice what Placet takes, so that what is too large is told so.
const PAYLOAD_MAX: u64 = 16 * 1024 * 1024;
/// Bytes that are read and thrown away after that, so that the agent does not break off writing and
/// miss the answer.
const REST_MAX: u64 = 256 * 1024 * 1024;
/// Levels of a payload: Placet's own line has 32, and the arguments stand one level deeper in it.
const DEPTH_MAX: usize = 31;
/// An agent writes its payload at once. One that has not by then will not.
const STDIN_PATIENCE: Duration = Duration::from_secs(30);
/// Seconds that Placet ends a question before the hook ends itself, so that the person's window does
/// not outlive it.
const AHEAD: u64 = 5;
/// Characters of a sentence or a note that go to the agent.
const SAYS_MAX: usize = 2000;

const HOOK: &str = "\
An agent starts this by itself; `placet init AGENT` writes the settings. It reads one JSON payload \
on stdin and prints the agent's own words for yes or no.

Exit status: 0 with the agent's allow on stdout if a person approved; otherwise 2 with a sentence on \
stderr (for Claude Code's PermissionRequest and Elicitation 0 with its deny, decline or cancel on stdout, \
which carries the sentence).

Speaks as --agent NAME; else as the pairing named like the agent, if there is one; else unpaired.
Agents marked \"not run\" follow their documentation; nobody has seen them work with Placet.";

/// `placet hook`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HOOK)]
pub(crate) struct Hook {
    /// Whose hook it is
    #[arg(value_enum, value_name = "AGENT")]
    whose: Agent,
    /// Seconds after which the answer is no; less than the agent allows its hook
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    within: Option<u64>,
}

/// For the very start of the program: if this may become a hook, a panic is a no even before it is
/// known whose hook it is.
pub(crate) fn guard_start() {
    if std::env::args_os().any(|word| word == "hook") {
        Arc::new(LastWord::default()).on_panic();
    }
}

/// Answers the agent and ends the process.
pub(crate) fn hook(asked: &Hook, global: &Global, printer: &mut Printer) -> ! {
    let within = asked.within.unwrap_or_else(|| asked.whose.within());
    let word = Arc::new(LastWord::default());
    // Before anything is read: from here on every end is a word.
    if let Err(error) = word.guard(Duration::from_secs(within)) {
        word.end(Verdict::No(format!("The hook cannot watch over its own end ({error}).")));
    }
    let verdict = match decide(asked.whose, within, &word, global, printer) {
        Ok(verdict) => verdict,
        Err(stop) => Verdict::No(stop.to_string()),
    };
    word.end(verdict)
}

fn decide(
    agent: Agent,
    within: u64,
    word: &LastWord,
    global: &Global,
    printer: &mut Printer,
) -> Result<Verdict, Stop> {
    let payload = payload()?;
    word.read_in();
    let question = payload::understand(agent, payload, |shape| word.shape(shape))?;
    match question {
        Question::Tool(call) => approval(agent, call, within, global, printer),
        Question::Elicitation(form) => elicitation(agent, form, within, global, printer),
    }
}

/// One payload from stdin, whole, strict and bounded.
fn payload() -> Result<Value, Stop> {
    let cannot = |error| Stop::Usage(format!("The agent's payload cannot be read: {error}."));
    let mut bytes = Vec::new();
    let mut stdin = std::io::stdin().lock();
    (&mut stdin).take(PAYLOAD_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > PAYLOAD_MAX {
        // What comes of it does not matter: the answer is no.
        let _ = std::io::copy(&mut stdin.take(REST_MAX), &mut std::io::sink());
        let sentence = format!("The agent's payload has more than {PAYLOAD_MAX} bytes.");
        return Err(Stop::Usage(sentence));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Stop::Usage("The agent's payload is not UTF-8.".to_owned()))?;
    // The parser's own words could repeat what stands in the payload.
    let value = json::parse(text, "the payload").map_err(|_| {
        let sentence = "The agent's payload cannot be read: it is not JSON, has a member twice, \
                        is nested too deep, or has a number that would be rounded.";
        Stop::Usage(sentence.to_owned())
    })?;
    if !fits(&value, DEPTH_MAX) {
        let sentence = format!("The agent's payload has more than {DEPTH_MAX} levels.");
        return Err(Stop::Usage(sentence));
    }
    Ok(value)
}

/// Whether it has at most so many levels. serde_json has bounded the recursion.
fn fits(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return !value.is_array() && !value.is_object();
    };
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, below)),
        Value::Object(members) => members.values().all(|member| fits(member, below)),
        _ => true,
    }
}

/// Asks a person.
fn approval(
    agent: Agent,
    call: Call,
    within: u64,
    global: &Global,
    printer: &mut Printer,
) -> Result<Verdict, Stop> {
    let ask = Ask::Approval(ApprovalRequest {
        request_id: None,
        tool: call.tool,
        arguments: call.arguments,
        working_directory: Some(call.cwd),
        reason: call.reason,
        expires_in: Some(expires_in(within)),
    });
    let mut conversation = converse(agent, global, printer)?;
    let (ended, _): (Ended, Value) = conversation.call(ask, |_| {})?;
    Ok(verdict(&ended))
}

/// Connects and says hello, as the agent.
fn converse(agent: Agent, global: &Global, printer: &mut Printer) -> Result<Conversation, Stop> {
    let token = pairing(agent, global)?.as_deref().map(token::read).transpose()?;
    let mut conversation = Conversation::open(&socket::path(global.socket.as_deref())?, printer)?;
    conversation.hello(token)?;
    Ok(conversation)
}

/// How long Placet asks: it ends before the hook does.
fn expires_in(within: u64) -> u64 {
    within.saturating_sub(AHEAD).clamp(1, EXPIRES_IN_MAX)
}

/// The pairing to speak as: the one that was named, or the agent's own if there is one.
fn pairing(agent: Agent, global: &Global) -> Result<Option<std::path::PathBuf>, Stop> {
    if let Some(named) = token::named(global)? {
        return Ok(Some(named));
    }
    let own = token::of_agent(agent.name())?;
    // A link that leads nowhere is there, and then cannot be read: a no.
    Ok(own.symlink_metadata().is_ok().then_some(own))
}

/// Yes, or why not.
fn verdict(ended: &Ended) -> Verdict {
    if ended.is_go_ahead() {
        return Verdict::Yes;
    }
    Verdict::No(why_not(ended))
}

/// Placet's sentence and the person's words.
fn why_not(ended: &Ended) -> String {
    let mut sentence = match ended.outcome {
        Outcome::Approved => "This was approved before, for that time only.".to_owned(),
        _ => ended.reason.sentence.clone(),
    };
    if let Some(seconds) = ended.retry_after {
        sentence.push_str(&format!(" Ask again in {seconds} s."));
    }
    if let Some(note) = ended.note.as_deref().filter(|note| !note.is_empty()) {
        sentence.push_str(&format!(" The person says: {note}"));
    }
    sentence
}

/// A server's form, filled by a person in Placet's window; the answers go to the agent, which is what
/// it asks for. A url is never opened from here: which page it is would be the agent's word.
fn elicitation(
    agent: Agent,
    form: Form,
    within: u64,
    global: &Global,
    printer: &mut Printer,
) -> Result<Verdict, Stop> {
    let Form::Fields { server, message, schema } = form else {
        let sentence = "Placet does not open an address that a hook names, so this was cancelled.";
        return Ok(Verdict::No(sentence.to_owned()));
    };
    let ask = Elicit::form(message, schema, Some(server), Some(expires_in(within)));
    let mut conversation = converse(agent, global, printer)?;
    let (result, _): (ElicitResult, Value) =
        conversation.call(Ask::Elicit(Box::new(ask)), |_| {})?;
    let outcome = result.meta.outcome.clone();
    if ElicitResult::of(outcome.clone(), result.content.clone()).as_ref() != Ok(&result) {
        let sentence = "Placet's answer contradicts itself, so it was not used. That is a no.";
        return Err(Stop::Garbled(sentence.to_owned()));
    }
    Ok(match (result.action, result.content) {
        (Action::Accept, Some(content)) => Verdict::Filled(content),
        (Action::Decline, _) => Verdict::Declined(why_not(&outcome)),
        _ => Verdict::No(why_not(&outcome)),
    })
}
