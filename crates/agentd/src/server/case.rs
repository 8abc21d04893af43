//! One call that a person decides, from admission to its answer.
//!
//! **Promises.** It goes through `placet_core::approval::handle` once and gets one answer (S11).
//! What a yes brings about (a pairing, an enrolment) is on record before the answer says so. A
//! code goes into the answer of the call that asked, and nowhere else (S15).

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use placet_core::account::Registered;
use placet_core::approval;
use placet_core::form::{Filled, Values};
use placet_core::json::Digest;
use placet_core::outcome::{Ended, Granted, Method, Outcome, Reason};
use placet_core::ports::{
    Authenticators, Clock as _, Entry, Event, NotRecorded, Ports, Record, Servers, Standing, Status,
};
use placet_core::request::{Asker, Matter, Request, Server};
use placet_wire::ask::Ask;
use placet_wire::elicit::ElicitResult;
use placet_wire::flaw::{Fault, Flaw};
use placet_wire::message::Id;
use placet_wire::notice::PairCode;
use placet_wire::outcome as wire;
use placet_wire::passkeys::Passkey;
use placet_wire::results::Paired;
use placet_wire::sensitive::Sensitive;
use serde_json::Value;
use zeroize::Zeroizing;

use super::lines::{Lines, success};
use super::pending::{Admitted, Open, Owner, Stop};
use super::{House, Shared, admit};
use crate::clock::RealClock;
use crate::desk::{Desk, Window};
use crate::random;
use crate::store::Store;

/// One call, with where it came from.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) id: Id,
    pub(super) ask: Ask,
    pub(super) asker: Asker,
    pub(super) owner: Owner,
    pub(super) lines: Lines,
    pub(super) stop: Stop,
}

/// An answer line, wiped when dropped.
pub(super) type Answer = Zeroizing<Vec<u8>>;

/// Takes one call to its answer.
pub(super) async fn run<W: Window, S: Servers + 'static, A: Authenticators + 'static>(
    shared: Arc<Shared<W, S, A>>,
    case: Case,
) -> Answer {
    let id = case.id.clone();
    match decide(&shared, case).await {
        Ok(answer) => answer,
        Err(flaw) => Zeroizing::new(flaw.answer(Some(id)).line().into_bytes()),
    }
}

async fn decide<W: Window, S: Servers + 'static, A: Authenticators + 'static>(
    shared: &Shared<W, S, A>,
    case: Case,
) -> Result<Answer, Flaw> {
    let Case { id, ask, asker, owner, lines, stop } = case;
    let house = &shared.house;
    let asked = admit::asked(ask, house)?;
    let received_at = house.clock.now();
    let request = Request {
        id: random::request_id().map_err(no_randomness)?,
        asker,
        matter: asked.matter,
        words: asked.words,
        binding_code: random::code().map_err(no_randomness)?,
        received_at,
        expires_at: received_at.plus_seconds(asked.expires_in),
    };
    // To the last digit: an approval must not be joined by a question about another number.
    let matter = request
        .hash()
        .map_err(|_| Flaw::new(Fault::Internal, "the question could not be compared"))?;
    let open = Open::new(&request, owner, asked.request_id.as_deref(), matter, stop.clone());
    let open = match house.registry.admit(open, asked.request_id.is_some()) {
        Admitted::New(open) => open,
        Admitted::Joined(open) => {
            open.listen(&id, &lines);
            let ended = match unless(&stop, open.ended()).await {
                Ok(ended) => ended,
                Err(reason) => Some(told(&open, &Ended::no(reason), None)),
            };
            let gone = || Flaw::new(Fault::Internal, "the request was lost; the answer is no");
            return answer(&id, &ended.ok_or_else(gone)?);
        }
        Admitted::Repeated(open) => {
            return answer(&id, &repeated(house, &open, request.asker).await?);
        }
        Admitted::Conflict => {
            let sentence = "was used for another question; take a new one for each question";
            return Err(Flaw::of(Fault::RequestIdConflict, "request_id", sentence));
        }
        Admitted::Stopping => {
            let told = ended_unseen(&id, Reason::Stopping);
            return match &request.matter {
                Matter::Elicitation(_) => elicited(&id, told, None),
                _ => answer(&id, &told),
            };
        }
    };
    let _leave = Leave { house, open: &open };
    // Taken back between the reading of the token and here: what stops the others came too early.
    if request.asker.pairing.as_ref().is_some_and(|name| !house.store.is_paired(name)) {
        stop.stop(Reason::PairingRevoked);
    }
    open.listen(&id, &lines);
    if let Matter::Pair(pairing) = &request.matter {
        lines.tell(&PairCode { id: id.clone(), code: pairing.code.clone() }.line());
    }
    let ports = CasePorts::new(shared, &open);
    let ended = Box::pin(approval::handle(&ports, &request, stop.stopped())).await;
    house.board.answered(&request, ended.reason);
    let (ended, paired) = bring_about(house, &request, ended, &lines).await;
    let told = told(&open, &ended, ports.record.receipt(&ended));
    house.registry.end(&open, told.clone());
    match (&request.matter, paired) {
        (Matter::Elicitation(_), _) => elicited(&id, told, ended.content),
        (_, Some(paired)) => success(&id, &paired).ok_or_else(unwritable),
        (_, None) => {
            let passkeys = ended.passkeys.map(|all| all.into_iter().map(passkey).collect());
            answer(&id, &wire::Ended { granted: ended.granted.map(granted), passkeys, ..told })
        }
    }
}

/// What a yes brings about, beside the yes. If that cannot be recorded it is a no.
async fn bring_about(
    house: &House,
    request: &Request,
    mut ended: Ended,
    lines: &Lines,
) -> (Ended, Option<Paired>) {
    if !ended.is_approved() {
        return (ended, None);
    }
    match &request.matter {
        // An errand was done before the yes was made. A change has no connection, and is brought about in [`super::change`].
        Matter::Approval(_)
        | Matter::Authorization(_)
        | Matter::Elicitation(_)
        | Matter::Errand(_)
        | Matter::Change { .. } => (ended, None),
        Matter::EnrolServer(_) => {
            // What was found and shown, not what was asked.
            let Some(server) = ended.enrolled.take() else {
                return (Ended::no(Reason::ServerMisbehaved), None);
            };
            // It could stand beside the others when this was asked; another may have come first.
            if house.store.state().unlike(&server).is_some() {
                return (Ended::no(Reason::ServerChanged), None);
            }
            let issuer = server.issuer.clone();
            let event = Event::ServerEnrolled { server: *server };
            (server_changes(house, request, &issuer, event, ended).await, None)
        }
        Matter::RemoveServer(Server { issuer, account, .. }) => {
            let account = Some(account.clone());
            let event = Event::ServerRemoved { issuer: issuer.clone(), account };
            (server_changes(house, request, issuer, event, ended).await, None)
        }
        Matter::Pair(pairing) => {
            // Nobody would have the token: no pairing that nobody can use.
            if lines.is_closed() {
                return (Ended::no(Reason::RequesterGone), None);
            }
            // It was free when this was asked; another may have waited for it too.
            if house.store.state().paired_like(&pairing.name).is_some() {
                return (Ended::no(Reason::NameTaken), None);
            }
            let Ok(token) = random::token() else {
                return (Ended::no(Reason::RecordUnwritable), None);
            };
            let token_hash = Digest::of_bytes(token.expose().as_bytes());
            let name = pairing.name.clone();
            let event = Event::Paired { name: name.clone(), token_hash };
            let ended = if_recorded(house, request, event, ended).await;
            let token = Sensitive::new(token.expose().to_owned());
            let paired = ended.is_approved().then_some(Paired { name, token });
            (ended, paired)
        }
    }
}

/// What is open at this server was asked of the server as it was, with the accounts that it had: that
/// is over.
async fn server_changes(
    house: &House,
    request: &Request,
    issuer: &str,
    event: Event,
    ended: Ended,
) -> Ended {
    let there = |open: &Open| open.issuer.as_deref() == Some(issuer);
    house.registry.stop(Reason::ServerChanged, there);
    let ended = if_recorded(house, request, event, ended).await;
    // What was admitted while it was being recorded.
    house.registry.stop(Reason::ServerChanged, there);
    ended
}

pub(super) async fn if_recorded(
    house: &House,
    request: &Request,
    event: Event,
    ended: Ended,
) -> Ended {
    let entry = Entry { at: house.clock.now(), request: Some(request.id.clone()), event };
    match house.store.append(entry).await {
        Ok(_) => ended,
        Err(NotRecorded) => Ended::no(Reason::RecordUnwritable),
    }
}

/// The old answer once more, on record and marked: it was for its own time (S14). If that cannot
/// be recorded it is a no.
async fn repeated(house: &House, open: &Open, asker: Asker) -> Result<wire::Ended, Flaw> {
    let gone = || Flaw::new(Fault::Internal, "the request was lost; the answer is no");
    let before = open.ended().await.ok_or_else(gone)?;
    let request = Some(open.id.clone());
    let event = Event::Repeated { asker };
    match house.store.append(Entry { at: house.clock.now(), request, event }).await {
        Ok(_) => Ok(wire::Ended { repeated: true, ..before }),
        Err(NotRecorded) => Ok(told(open, &Ended::no(Reason::RecordUnwritable), None)),
    }
}

/// However a case is left, it holds no place any more.
pub(super) struct Leave<'a> {
    pub(super) house: &'a House,
    pub(super) open: &'a Open,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.house.board.forget(&self.open.id);
        // Does nothing if the end was told; else who joined hears a no.
        self.house.registry.end(self.open, told(self.open, &Ended::no(Reason::Stopping), None));
    }
}

/// The world as one case sees it.
pub(super) struct CasePorts<'a, W, S, A> {
    shared: &'a Shared<W, S, A>,
    open: &'a Open,
    record: Recorder,
}

impl<'a, W, S, A> CasePorts<'a, W, S, A> {
    pub(super) fn new(shared: &'a Shared<W, S, A>, open: &'a Open) -> Self {
        let record = Recorder { store: shared.house.store.clone(), signed: Mutex::new(None) };
        Self { shared, open, record }
    }
}

impl<W: Window, S: Servers + 'static, A: Authenticators + 'static> Ports
    for CasePorts<'_, W, S, A>
{
    type Record = Recorder;
    type Person = Desk<W>;
    type Servers = S;
    type Authenticators = A;
    type Clock = RealClock;

    fn record(&self) -> &Recorder {
        &self.record
    }

    fn person(&self) -> &Desk<W> {
        &self.shared.desk
    }

    fn servers(&self) -> &S {
        &self.shared.servers
    }

    fn authenticators(&self) -> &A {
        &self.shared.authenticators
    }

    fn clock(&self) -> &RealClock {
        &self.shared.house.clock
    }

    fn standing(&self, request: &Request) -> Standing {
        let house = &self.shared.house;
        let until = {
            let state = house.store.state();
            (state.paused_until(), state.muted_until(request.bucket()))
        };
        let standing = house.board.standing(request, until, house.surroundings);
        Standing { passkeys: self.shared.authenticators.usable(), ..standing }
    }

    fn status(&self, _request: &Request, status: Status) {
        self.open.tell(status);
    }
}

/// The record, remembering the receipt that this case's end was signed with.
pub(super) struct Recorder {
    store: Store,
    signed: Mutex<Option<(Outcome, String)>>,
}

impl Recorder {
    /// The digest of the receipt (R7). An end that is told otherwise than it was signed (what a yes
    /// brings about can fail) has none: nobody gets a receipt of a yes for a no.
    fn receipt(&self, ended: &Ended) -> Option<String> {
        let signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, digest) = signed.as_ref().filter(|(outcome, _)| *outcome == ended.outcome)?;
        Some(digest.clone())
    }
}

impl Record for Recorder {
    async fn append(&self, entry: Entry) -> Result<Digest, NotRecorded> {
        let outcome = match &entry.event {
            Event::Ended { outcome, .. } => Some(*outcome),
            _ => None,
        };
        let appended = self.store.append_signed(entry).await?;
        if let Some((outcome, receipt)) = outcome.zip(appended.receipt) {
            let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
            *signed = Some((outcome, receipt));
        }
        Ok(appended.hash)
    }

    fn accounts(&self, issuer: &str) -> Vec<Server> {
        self.store.accounts(issuer)
    }

    fn last_account(&self, issuer: &str) -> Option<String> {
        self.store.last_account(issuer)
    }

    fn servers(&self) -> Vec<Server> {
        self.store.servers()
    }

    fn is_paired(&self, name: &str) -> bool {
        self.store.is_paired(name)
    }

    fn last_method(&self, issuer: &str) -> Option<Method> {
        self.store.last_method(issuer)
    }

    fn installation(&self, issuer: &str, account: &str) -> Option<String> {
        self.store.installation(issuer, account)
    }

    fn sign_count(&self, issuer: &str, credential: &Digest) -> Option<u32> {
        self.store.sign_count(issuer, credential)
    }

    fn is_low_risk(&self, agent: &str, tool: &str) -> bool {
        self.store.is_low_risk(agent, tool)
    }
}

async fn unless<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, Reason> {
    tokio::select! {
        biased;
        reason = stop.stopped() => Err(reason),
        done = work => Ok(done),
    }
}

fn answer(id: &Id, ended: &wire::Ended) -> Result<Answer, Flaw> {
    success(id, ended).ok_or_else(unwritable)
}

/// MCP's result; what was filled in goes into this one answer and nowhere else.
fn elicited(id: &Id, told: wire::Ended, content: Option<Values>) -> Result<Answer, Flaw> {
    let content = content.map(|values| values.0.into_iter().filter_map(sent).collect());
    success(id, &ElicitResult::of(told, content)?).ok_or_else(unwritable)
}

/// A secret is never sent: a form that has one was refused before (S21).
fn sent((name, filled): (String, Filled)) -> Option<(String, Value)> {
    let value = match filled {
        Filled::Text(text) => Value::String(text),
        Filled::List(items) => items.into_iter().map(Value::String).collect(),
        Filled::Number(number) => Value::Number(number),
        Filled::Boolean(on) => Value::Bool(on),
        Filled::Secret(_) => return None,
    };
    Some((name, value))
}

fn unwritable() -> Flaw {
    Flaw::new(Fault::Internal, "the answer could not be written; it is a no")
}

fn no_randomness(error: random::NoRandomness) -> Flaw {
    Flaw::new(Fault::Internal, error.to_string())
}

/// The end of a call that never became a request.
fn ended_unseen(id: &Id, reason: Reason) -> wire::Ended {
    let request_id = match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text.clone(),
    };
    spoken(request_id, None, &Ended::no(reason), None)
}

/// What a requester hears of an end, without the code (S5, S15).
pub(super) fn told(open: &Open, ended: &Ended, receipt: Option<String>) -> wire::Ended {
    spoken(open.request_id.clone(), Some(open.binding_code.clone()), ended, receipt)
}

fn spoken(
    request_id: String,
    binding_code: Option<String>,
    ended: &Ended,
    receipt: Option<String>,
) -> wire::Ended {
    wire::Ended {
        request_id,
        outcome: outcome(ended.outcome),
        reason: wire::Reason {
            code: ended.reason.code().to_owned(),
            sentence: ended.reason.sentence().to_owned(),
        },
        note: ended.note.clone(),
        assurance: ended.assurance.map(|assurance| assurance.as_str().to_owned()),
        method: ended.method.map(|method| {
            let word = match method {
                Method::Gesture => "gesture",
                Method::Totp => "totp",
                Method::Form => "form",
                Method::Passkey => "passkey",
            };
            word.to_owned()
        }),
        observable: ended.is_approved().then_some(ended.observable),
        receipt,
        retry_after: ended.retry_after,
        binding_code,
        repeated: false,
        passkeys: None,
        granted: None,
    }
}

const fn outcome(outcome: Outcome) -> wire::Outcome {
    match outcome {
        Outcome::Approved => wire::Outcome::Approved,
        Outcome::Declined => wire::Outcome::Declined,
        Outcome::Cancelled => wire::Outcome::Cancelled,
        Outcome::Expired => wire::Outcome::Expired,
        Outcome::Unreachable => wire::Outcome::Unreachable,
        Outcome::Locked => wire::Outcome::Locked,
        Outcome::RejectedByAs => wire::Outcome::RejectedByAs,
        Outcome::Unsupported => wire::Outcome::Unsupported,
        Outcome::ProtocolError => wire::Outcome::ProtocolError,
        Outcome::Superseded => wire::Outcome::Superseded,
        Outcome::RateLimited => wire::Outcome::RateLimited,
    }
}

fn passkey(known: Registered) -> Passkey {
    let Registered { id, name, created_at, last_used_at } = known;
    Passkey { id, name, created_at, last_used_at }
}

fn granted(granted: Granted) -> wire::Granted {
    wire::Granted {
        authorization_code: Sensitive::new(granted.authorization_code.expose().to_owned()),
        issuer: granted.issuer,
        client_id: granted.client_id,
    }
}

#[cfg(test)]
mod tests {
    use placet_core::secret::Secret;

    use super::*;

    #[test]
    fn s21_a_secret_that_stood_in_a_form_would_not_be_sent() {
        let filled = vec![
            ("name".to_owned(), Filled::Text("octocat".to_owned())),
            ("otp".to_owned(), Filled::Secret(Secret::new("123456".to_owned()))),
        ];
        let sent: Vec<_> = filled.into_iter().filter_map(sent).collect();
        assert_eq!(sent, [("name".to_owned(), Value::from("octocat"))]);
    }
}
