//! One connection: calls out, answers and notices in.
//!
//! **Promises.** An answer counts only if it names the call that is open. Every wait ends: after
//! the call's own time at the latest, with [`Stop::Lost`]. A line is read up to a bound.
//!
//! **Never** takes the end of the connection for anything but a no. Ctrl-C needs no code here: it
//! ends the process, so the connection, so the question (S13).

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use placet_wire::ask::Ask;
use placet_wire::heard::{Heard, hear};
use placet_wire::message::{Call, Id, line, read};
use placet_wire::notice::{PairCode, RequestStatus};
use placet_wire::params::{Client, EXPIRES_IN_DEFAULT, EXPIRES_IN_MAX, Hello};
use placet_wire::results::HelloAnswer;
use placet_wire::sensitive::Sensitive;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::Stop;
use crate::print::Printer;
use crate::socket;

/// For answers that need no person.
const SOON: Duration = Duration::from_secs(15);
/// Beyond a question's own time: the daemon ends it, we wait a little for the word.
const GRACE: u64 = 30;
/// Bytes of an answer: a page of 500 log entries fits with room.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// What the daemon says while a call is open.
pub(crate) enum Notice {
    /// How far it is.
    Status(RequestStatus),
    /// The code of a pairing.
    PairCode(PairCode),
}

/// An open connection.
pub(crate) struct Conversation {
    stream: BufReader<UnixStream>,
    calls: i64,
}

impl Conversation {
    /// Connects, and says so if what answers does not look like Placet.
    pub(crate) fn open(path: &Path, printer: &mut Printer) -> Result<Self, Stop> {
        let stream = socket::connect(path)?;
        if let Some(program) = socket::answerer(&stream)? {
            let expected = placet_wire::answerer::PROGRAM;
            printer.say(&format!("Careful: {program} answers at the socket, not {expected}."));
        }
        stream.set_write_timeout(Some(SOON)).map_err(|error| lost(&error))?;
        Ok(Self { stream: BufReader::new(stream), calls: 0 })
    }

    /// Says who we are: our version as a claim, the pairing's token if there is one.
    pub(crate) fn hello(&mut self, token: Option<Sensitive>) -> Result<(HelloAnswer, Value), Stop> {
        let client =
            Client { name: "placet".into(), version: Some(env!("CARGO_PKG_VERSION").into()) };
        let versions = vec![placet_wire::VERSION.to_owned()];
        let ask = Ask::Hello(Hello { versions, client: Some(client), token });
        let (answer, value): (HelloAnswer, Value) = self.call(ask, |_| {})?;
        if answer.version != placet_wire::VERSION {
            return Err(garbled());
        }
        Ok((answer, value))
    }

    /// Sends one call and waits for its answer: typed, and as it came.
    pub(crate) fn call<T: DeserializeOwned>(
        &mut self,
        ask: Ask,
        mut notice: impl FnMut(Notice),
    ) -> Result<(T, Value), Stop> {
        let deadline = Instant::now() + patience(&ask);
        let id = self.send(ask)?;
        loop {
            let heard = hear(&self.line(deadline)?).map_err(|_| garbled())?;
            match heard {
                Heard::Answer { id: Some(of), answer } if of == id => {
                    let value = answer.map_err(Stop::Refused)?;
                    return match T::deserialize(&value) {
                        Ok(typed) => Ok((typed, value)),
                        Err(_) => Err(garbled()),
                    };
                }
                // With no id it can only be about our one open call.
                Heard::Answer { id: None, answer: Err(problem) } => {
                    return Err(Stop::Refused(problem));
                }
                Heard::Answer { .. } => return Err(garbled()),
                Heard::Status(status) if status.id == id => notice(Notice::Status(status)),
                Heard::PairCode(code) if code.id == id => notice(Notice::PairCode(code)),
                Heard::Status(_) | Heard::PairCode(_) | Heard::Unknown => {}
            }
        }
    }

    fn send(&mut self, ask: Ask) -> Result<Id, Stop> {
        self.calls += 1;
        let id = Id::Number(self.calls);
        let most = Ask::line_max(ask.method());
        let line = line(&Call { id: id.clone(), ask });
        if line.len() > most {
            let sentence =
                format!("This is too large to ask: {} bytes, at most {most}.", line.len());
            return Err(Stop::Usage(sentence));
        }
        // The daemon's own reader judges it here first, so that a wrong value is usage and asks
        // nobody.
        let value = serde_json::from_str(&line).map_err(|error| Stop::Usage(error.to_string()))?;
        if let Err(refusal) = read(value) {
            return Err(Stop::Usage(refusal.flaw.to_string()));
        }
        match self.stream.get_mut().write_all(line.as_bytes()) {
            // The daemon may have refused early and closed: its reason still waits to be read.
            Ok(()) => Ok(id),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(id),
            Err(error) => Err(lost(&error)),
        }
    }

    fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Stop> {
        let mut line = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(late());
            }
            self.stream.get_ref().set_read_timeout(Some(left)).map_err(|error| lost(&error))?;
            let chunk = match self.stream.fill_buf() {
                Ok([]) => {
                    let sentence = "Placet closed the connection before it answered. That is a no.";
                    return Err(Stop::Lost(sentence.to_owned()));
                }
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Err(late());
                }
                Err(error) => return Err(lost(&error)),
            };
            let (taken, whole) = match chunk.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (chunk.len(), false),
            };
            line.extend(chunk.iter().take(taken));
            self.stream.consume(taken);
            if line.len() > ANSWER_MAX {
                return Err(garbled());
            }
            if whole {
                return Ok(line);
            }
        }
    }
}

/// How long an answer may take.
fn patience(ask: &Ask) -> Duration {
    let seconds = |given: Option<u64>| {
        Duration::from_secs(given.unwrap_or(EXPIRES_IN_DEFAULT).saturating_add(GRACE))
    };
    match ask {
        Ask::Approval(asked) => seconds(asked.expires_in),
        Ask::Authorization(asked) => seconds(asked.expires_in),
        Ask::Elicit(asked) => seconds(asked.expires_in()),
        Ask::Pair(_) | Ask::AddServer(_) | Ask::RemoveServer(_) => seconds(None),
        Ask::RegisterAtServer(_)
        | Ask::AddPasskey(_)
        | Ask::ListPasskeys(_)
        | Ask::RenamePasskey(_)
        | Ask::DeletePasskey(_) => seconds(Some(EXPIRES_IN_MAX)),
        _ => SOON,
    }
}

fn lost(error: &std::io::Error) -> Stop {
    Stop::Lost(format!("The connection to Placet was lost ({error}). That is a no."))
}

fn late() -> Stop {
    Stop::Lost("Placet did not answer in time. That is a no.".to_owned())
}

fn garbled() -> Stop {
    Stop::Garbled(
        "Placet's answer was not understood, so it was not used. That is a no.".to_owned(),
    )
}
