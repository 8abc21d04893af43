//! `placet pair`: a name for this agent, and the file that keeps it.

use placet_wire::ask::Ask;
use placet_wire::params::Pair as PairParams;
use placet_wire::results::PairAnswer;
use serde_json::{Value, json};

use super::ask::{conclude, tell, word};
use crate::args::{Global, Pair};
use crate::conversation::{Conversation, Notice};
use crate::exit::{Exit, Stop};
use crate::print::Printer;
use crate::{socket, token};

/// `placet pair`. The token goes into its file and nowhere else, so `--json` names the file.
pub(crate) fn pair(asked: Pair, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let named = token::named(global)?;
    let by_name = named.is_none();
    let path = match named {
        Some(path) => path,
        None => token::of_agent(&asked.name)?,
    };
    let mut conversation = Conversation::open(&socket::path(global.socket.as_deref())?, printer)?;
    conversation.hello(None)?;
    // Before the person is asked: a token that cannot be kept would be lost.
    let place = token::Place::make(path)?;
    let ask = Ask::Pair(PairParams { name: asked.name });
    let (answer, value): (PairAnswer, Value) = conversation.call(ask, |notice| match notice {
        // A second code beside the one to type would only be mistaken for it.
        Notice::Status(at) => printer.progress(word(at.status)),
        Notice::PairCode(_) => tell(&notice, printer),
    })?;
    match answer {
        PairAnswer::Ended(ended) => conclude(&ended, &value, printer).map(never_approved),
        PairAnswer::Paired(paired) => {
            let path = place.keep(&paired)?.display().to_string();
            let how = match by_name {
                true => format!("--agent {}", paired.name),
                false => format!("--token-file {path}"),
            };
            printer.progress(&format!("paired; speak as this agent with {how}"));
            let value = json!({ "name": paired.name, "token_file": path });
            printer.answer(&value, || vec![path.clone()])?;
            Ok(Exit::Approved)
        }
    }
}

/// An outcome object is a pairing that did not happen, whatever its word.
fn never_approved(exit: Exit) -> Exit {
    if exit == Exit::Approved { Exit::Other } else { exit }
}
