//! One request, top to bottom: record, judge, ask, authorize, record, answer.
//!
//! **Promises.** It is on record before anyone is asked, and its end is on record before the
//! requester hears ([`handle`]). The server is contacted only after the person made the approving
//! gesture on the complete action (design §5); one that is to be enrolled is not even looked at
//! before. What the person typed goes to the server once.
//! If two things happen together, the one that means no wins.
//!
//! **Never** make a yes anywhere but in [`approved`]: it takes the answer of the person and the
//! hash of the screen that was answered.

mod account;
mod passkey;

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt as _;
use futures_util::future::{Either, Shared, select};

use crate::brief::brief;
use crate::ceremony::{Agreed, Heard, Question, Waiting};
use crate::display::{ACCOUNT, PAIRING_CODE, Screen};
use crate::form::Values;
use crate::json::{Digest, Refused};
use crate::names::resembled;
use crate::ours;
use crate::outcome::{Assurance, Ended, Granted, Method, Reason};
use crate::passkey::Assertion;
use crate::policy::{Verdict, judge};
use crate::ports::{
    Answer, Authenticators as _, Clock, Entry, Event, Gesture, GestureKind, NotRecorded, Person,
    Ports, Record, Servers, Status, Turn,
};
use crate::request::{Authorization, Matter, Pairing, Request, Server, Timestamp};
use crate::secret::Secret;

/// Takes one admitted request to its one end.
///
/// `stopped` resolves with a reason when nobody needs the answer any more: the connection ended
/// (S13), the requester took it back, a twin superseded it (F12), Placet stops.
///
/// The end is on record when this returns, unless the record cannot be written: then the end is
/// [`Reason::RecordUnwritable`]. It never panics and always returns.
pub async fn handle<P: Ports>(
    ports: &P,
    request: &Request,
    stopped: impl Future<Output = Reason> + Send,
) -> Ended {
    let accounts = accounts(ports, request);
    let case = Case { ports, request, accounts, began: ports.clock().awake_and_asleep() };

    // On record, before anyone is asked.
    let on_record = match received(request, case.accounts.first()) {
        Ok(event) => case.record(event).await,
        Err(_) => Err(NotRecorded),
    };
    if on_record.is_err() {
        return Ended::no(Reason::RecordUnwritable);
    }

    // Judge: a no needs nobody.
    let server = case.accounts.first();
    let standing = ports.standing(request);
    let ended = match judge(request, server, &standing, ports.clock().now()) {
        Verdict::Refuse(reason, retry_after) => Ended { retry_after, ..Ended::no(reason) },
        // Ask the person, and with their consent the server, until it is over.
        Verdict::Ask(least) => {
            let over = case.over(stopped).shared();
            let review = Screen::review(request, server, standing.surroundings);
            match case.ask(review, least, &over).await {
                // Who asked and who was asked must still stand when the yes is made.
                Ok(ended) if ended.is_approved() => match case.stands(&over) {
                    Ok(()) => ended,
                    Err(reason) => Ended { display_hash: ended.display_hash, ..Ended::no(reason) },
                },
                Ok(ended) => ended,
                Err(reason) => Ended::no(reason),
            }
        }
    };

    // On record, before the requester hears.
    match case.record(case.ended(&ended)).await {
        Ok(_) => ended,
        Err(NotRecorded) => Ended::no(Reason::RecordUnwritable),
    }
}

/// What ends a request from outside: resolves once, to the same reason for everyone who asks.
type Over<'a> = Shared<Pin<Box<dyn Future<Output = Reason> + Send + 'a>>>;

struct Case<'a, P> {
    ports: &'a P,
    request: &'a Request,
    /// The server that is to be asked, once for each account there, as they are shown.
    accounts: Vec<Server>,
    /// When it began, on the clock that counts sleep.
    began: u64,
}

/// The person's yes to one screen.
struct Yes {
    gesture: Gesture,
    values: Values,
    display_hash: Digest,
}

/// A question, answered.
struct Answered<S> {
    session: S,
    yes: Yes,
    with: With,
    waiting: Waiting,
}

/// What became of a question.
enum Given {
    With(Yes, With),
    No(Ended),
}

/// What a question is answered with.
enum With {
    Values(Values),
    Assertion(Box<Assertion>),
}

/// Where an errand is when the person has signed in.
struct SessionEnds<'a> {
    review: &'a Screen,
    /// The sign-in, without its code.
    signed_in: Ended,
    server: &'a Server,
}

/// What became of a screen.
enum Decided {
    Yes(Yes),
    No(Ended),
}

impl<P: Ports> Case<'_, P> {
    /// The person's part: the prompt, the review, then what the matter needs.
    async fn ask(
        &self,
        review: Screen,
        least: Assurance,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        self.ports.status(self.request, Status::Queued);
        let turn = unless(over, self.ports.person().turn(self.request)).await?;
        let mut turn = turn.map_err(|_| Reason::NoHuman)?;
        // Only now: what was enrolled or used while it waited counts as well.
        let review = self.warned(self.to_choose(review));
        let review = if self.is_low_risk() { review.offered() } else { review };
        if let Matter::Pair(pairing) = &self.request.matter {
            return self.pair(&mut turn, review, pairing, over).await;
        }
        let yes = match self.show(&mut turn, &review, over).await? {
            Decided::Yes(yes) => yes,
            Decided::No(ended) => return Ok(ended),
        };
        match &self.request.matter {
            Matter::EnrolServer(new) => self.enrol(&mut turn, &review, new, over).await,
            Matter::Authorization(asked) => {
                let server = self.chosen(&yes.values)?;
                let review = if self.accounts.len() > 1 { review.chosen(server) } else { review };
                let passkeys = self.ports.authenticators().usable();
                let agreed = self.agreed(least, passkeys, server);
                self.authorize(&mut turn, review, yes, agreed, asked, server, over).await
            }
            Matter::Errand(errand) => {
                let server = self.chosen(&yes.values)?;
                let review = if self.accounts.len() > 1 { review.chosen(server) } else { review };
                self.errand(&mut turn, review, yes, least, errand, server, over).await
            }
            Matter::Elicitation(_) => Ok(elicited(yes)),
            _ => Ok(approved(Assurance::Gesture, Method::Gesture, yes)),
        }
    }

    /// Where there are several accounts, the person chooses on the screen of the action.
    fn to_choose(&self, review: Screen) -> Screen {
        let Some(issuer) = self.request.matter.asks_server() else { return review };
        if self.accounts.len() < 2 {
            return review;
        }
        let last = self.ports.record().last_account(issuer);
        review.choosing(&self.accounts, last.as_deref())
    }

    /// The server, for the account that the person chose; for the only one there is, if there was no
    /// choice. Nothing that the requester sent is looked at (S7).
    fn chosen(&self, values: &Values) -> Result<&Server, Reason> {
        match self.accounts.as_slice() {
            [only] => Ok(only),
            several => {
                let account = values.text(ACCOUNT);
                several
                    .iter()
                    .find(|server| Some(server.account.as_str()) == account)
                    // Policy has refused this already if there is none.
                    .ok_or(Reason::IssuerNotEnrolled)
            }
        }
    }

    /// The server's part: its questions to the person, their answers to it, until it decides.
    #[expect(clippy::too_many_arguments, reason = "one loop, read from top to bottom")]
    async fn authorize<T: Turn>(
        &self,
        turn: &mut T,
        mut review: Screen,
        mut yes: Yes,
        mut agreed: Agreed,
        asked: &Authorization,
        server: &Server,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        'session: loop {
            self.ports.status(self.request, Status::Answering);
            // The first contact: the person has agreed to this very action (design §5).
            let (passkeys, known) = (agreed.passkeys(), agreed.is_known());
            let (mut waiting, round) = agreed.contact();
            self.stands(over)?;
            self.contacting(server, Some(&server.account), round).await?;
            let servers = self.ports.servers();
            let mut step = if known {
                let begin = servers.begin_known(server, asked, passkeys);
                self.converse(turn, &review, begin, over).await?
            } else {
                let begin = servers.begin(server, asked, passkeys);
                self.converse(turn, &review, begin, over).await?
            };
            loop {
                let question = match waiting.hear(step, self.seconds_left()) {
                    Heard::Granted { code, assurance, method } => {
                        let ended = approved(assurance, method, yes);
                        return Ok(Ended { granted: Some(granted(code, server)), ..ended });
                    }
                    Heard::Over(reason, retry_after) => {
                        return Ok(Ended { retry_after, ..Ended::no(reason) });
                    }
                    Heard::Suspicious(reason, suspicion, why) => {
                        let refused = (reason, suspicion, why);
                        return self.refuse(turn, &review, refused, over).await;
                    }
                    // The server forgot the session: the person looks again, once (A8).
                    Heard::StartAgain(again) => {
                        review = review.again(again.problem());
                        yes = match self.show(turn, &review, over).await? {
                            Decided::Yes(yes) => yes,
                            Decided::No(ended) => return Ok(ended),
                        };
                        agreed = again.agreed();
                        continue 'session;
                    }
                    Heard::Question(question) => question,
                };
                let answered = match self.question(turn, &review, question, server, over).await? {
                    Ok(answered) => answered,
                    Err(ended) => return Ok(ended),
                };
                yes = answered.yes;
                waiting = answered.waiting;
                self.stands(over)?;
                self.contacting(server, Some(&server.account), waiting.round()).await?;
                let (servers, session) = (self.ports.servers(), answered.session);
                step = match answered.with {
                    With::Values(values) => {
                        let answer = servers.answer(session, values);
                        self.converse(turn, &review, answer, over).await?
                    }
                    With::Assertion(assertion) => {
                        let present = servers.present(session, *assertion);
                        self.converse(turn, &review, present, over).await?
                    }
                };
            }
        }
    }

    /// One question of the server: shown, answered, or left with word to the server (A24).
    async fn question<T: Turn>(
        &self,
        turn: &mut T,
        review: &Screen,
        mut question: Question<SessionOf<P>>,
        server: &Server,
        over: &Over<'_>,
    ) -> Result<Result<Answered<SessionOf<P>>, Ended>, Reason> {
        let event = Event::Challenged { issuer: server.issuer.clone(), round: question.round() };
        self.record(event).await.map_err(|_| Reason::RecordUnwritable)?;
        let expires_at = question.expires_at(self.ports.clock().now(), self.request.expires_at);
        let screen = question.screen(review, expires_at);
        let deadline = self.ports.clock().until(expires_at).map(|()| Reason::ServerTimeOut);
        let over = either(over.clone(), deadline);
        let given = match question.passkey() {
            None => self.show(turn, &screen, &over).await.map(|decided| match decided {
                Decided::Yes(mut yes) => {
                    let values = std::mem::take(&mut yes.values);
                    Given::With(yes, With::Values(values))
                }
                Decided::No(ended) => Given::No(ended),
            }),
            Some(passkey) => {
                let bound_to = question.bound_to();
                self.sign(turn, screen, passkey, bound_to, server, &over).await
            }
        };
        match given {
            Ok(Given::With(yes, with)) => {
                let (session, waiting) = match &with {
                    With::Values(values) => question.answered(values),
                    With::Assertion(assertion) => question.signed(assertion),
                };
                Ok(Ok(Answered { session, yes, with, waiting }))
            }
            Ok(Given::No(ended)) => {
                let declined = matches!(ended.reason, Reason::Denied);
                self.leave(question.left(), declined).await;
                Ok(Err(ended))
            }
            Err(reason) => {
                let declined = matches!(reason, Reason::Denied);
                self.leave(question.left(), declined).await;
                Err(reason)
            }
        }
    }

    /// An enrolment: the person agreed that Placet looks at this address. It looks, and they see what
    /// it found before they trust it.
    async fn enrol<T: Turn>(
        &self,
        turn: &mut T,
        review: &Screen,
        new: &Server,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        self.ports.status(self.request, Status::Answering);
        self.contacting(new, None, 1).await?;
        let looking = self.ports.servers().look_at(new);
        let found = match self.converse(turn, review, looking, over).await? {
            Ok(endpoint) => Server { challenge_endpoint: Some(endpoint), ..new.clone() },
            Err(error) => {
                let (reason, retry_after) = error.reason();
                return Ok(Ended { retry_after, ..Ended::no(reason) });
            }
        };
        match self.show(turn, &Screen::found(review, &found), over).await? {
            Decided::Yes(yes) => Ok(Ended {
                enrolled: Some(Box::new(found)),
                ..approved(Assurance::Gesture, Method::Gesture, yes)
            }),
            Decided::No(ended) => Ok(ended),
        }
    }

    /// A pairing: the person types the code that the agent's terminal prints (design §5).
    async fn pair<T: Turn>(
        &self,
        turn: &mut T,
        mut screen: Screen,
        pairing: &Pairing,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        for _ in 0..PAIRING_TRIES {
            let yes = match self.show(turn, &screen, over).await? {
                Decided::Yes(yes) => yes,
                Decided::No(ended) => return Ok(ended),
            };
            if same_code(yes.values.text(PAIRING_CODE).unwrap_or_default(), &pairing.code) {
                return Ok(approved(Assurance::Gesture, Method::Form, yes));
            }
            screen = screen.again(ours!("pairing-wrong"));
        }
        Err(Reason::WrongPairingCode)
    }

    /// Shows one screen, on record before and after, and takes the person's decision on it.
    async fn show<T: Turn>(
        &self,
        turn: &mut T,
        screen: &Screen,
        over: &Over<'_>,
    ) -> Result<Decided, Reason> {
        let display_hash = screen.hash().map_err(|_| Reason::RecordUnwritable)?;
        let sent = serde_json::to_value(screen).map_err(|_| Reason::RecordUnwritable)?;
        let shown = Event::Shown { display_hash: display_hash.clone(), screen: sent };
        self.record(shown).await.map_err(|_| Reason::RecordUnwritable)?;
        self.ports.status(self.request, Status::Shown);
        let since = self.ports.clock().awake_and_asleep();
        let lasts_ms = milliseconds(self.ports.clock().now(), screen.expires_at);
        let answer = match unless(over, turn.ask(screen)).await? {
            // H3: no window may say yes to what it could not show.
            Answer::Approve { .. } if !screen.approvable => Answer::Dismiss,
            // Nor a notification to what it was not offered, or is not to answer any more.
            Answer::Approve { gesture, .. }
                if gesture.kind == GestureKind::Notification
                    && (screen.on_notification.is_none() || !self.is_low_risk()) =>
            {
                Answer::Dismiss
            }
            answer => answer,
        };
        let took_ms = self.ports.clock().awake_and_asleep().saturating_sub(since);
        let gesture = match &answer {
            Answer::Approve { gesture, .. } => Some(gesture.clone()),
            Answer::Deny { .. } | Answer::Dismiss => None,
        };
        let answered = Event::Answered {
            display_hash: display_hash.clone(),
            approve: gesture.is_some(),
            gesture,
            took_ms,
        };
        self.record(answered).await.map_err(|_| Reason::RecordUnwritable)?;
        // Late is too late, on either clock (H12, F7).
        if self.ports.clock().now() >= screen.expires_at {
            return Err(Reason::TimeOut);
        }
        if took_ms >= lasts_ms {
            return Err(Reason::ClockJump);
        }
        self.in_time()?;
        Ok(match answer {
            Answer::Approve { gesture, values } => {
                Decided::Yes(Yes { gesture, values, display_hash })
            }
            Answer::Deny { note } => Decided::No(Ended {
                note,
                display_hash: Some(display_hash),
                ..Ended::no(Reason::Denied)
            }),
            Answer::Dismiss => Decided::No(Ended {
                display_hash: Some(display_hash),
                ..Ended::no(Reason::Dismissed)
            }),
        })
    }

    /// Waits for the server while the window says so and the person may still leave.
    async fn converse<T: Turn, S>(
        &self,
        turn: &mut T,
        screen: &Screen,
        exchange: impl Future<Output = S> + Send,
        over: &Over<'_>,
    ) -> Result<S, Reason> {
        self.ports.status(self.request, Status::Waiting);
        let leaving = turn.wait(screen).map(|answer| match answer {
            Answer::Deny { .. } => Reason::Denied,
            Answer::Approve { .. } | Answer::Dismiss => Reason::Dismissed,
        });
        let over = either(over.clone(), leaving);
        unless(&over, exchange).await
    }

    /// Tells the server, but does not let a slow one hold the window or the answer.
    async fn leave(&self, session: SessionOf<P>, declined: bool) {
        let patience = self.ports.clock().until(self.ports.clock().now().plus_seconds(LEAVING));
        let telling = self.ports.servers().leave(session, declined);
        select(Box::pin(telling), Box::pin(patience)).await;
    }

    /// True as long as nothing has ended the request from outside, its pairing was not taken back
    /// and its server is enrolled as it was shown, with all accounts of the choice and no other. The
    /// two look at the record itself: what stops a request comes over another way and could come too
    /// late.
    fn stands(&self, over: &Over<'_>) -> Result<(), Reason> {
        if let Some(reason) = over.clone().now_or_never() {
            return Err(reason);
        }
        self.in_time()?;
        let record = self.ports.record();
        if self.request.asker.pairing.as_deref().is_some_and(|name| !record.is_paired(name)) {
            return Err(Reason::PairingRevoked);
        }
        match self.request.matter.asks_server() {
            Some(issuer) if record.accounts(issuer) != self.accounts => Err(Reason::ServerChanged),
            _ => Ok(()),
        }
    }

    /// Puts on record that the server is contacted. Nothing stands between this and the contact.
    async fn contacting(
        &self,
        server: &Server,
        account: Option<&String>,
        round: u32,
    ) -> Result<(), Reason> {
        let (issuer, account) = (server.issuer.clone(), account.cloned());
        let event = Event::Contacting { issuer, account, round };
        self.record(event).await.map(drop).map_err(|_| Reason::RecordUnwritable)?;
        // The machine may have slept since the last look.
        self.in_time()
    }

    /// True if the request has not expired, by either clock (F7). Asked each time before something
    /// is done with an answer: the timer of a deadline stands still while the machine sleeps, and
    /// looks a moment late after it.
    fn in_time(&self) -> Result<(), Reason> {
        let clock = self.ports.clock();
        let lasts_ms = milliseconds(self.request.received_at, self.request.expires_at);
        if clock.now() >= self.request.expires_at {
            Err(Reason::TimeOut)
        } else if clock.awake_and_asleep().saturating_sub(self.began) >= lasts_ms {
            Err(Reason::ClockJump)
        } else {
            Ok(())
        }
    }

    async fn record(&self, event: Event) -> Result<Digest, NotRecorded> {
        let entry =
            Entry { at: self.ports.clock().now(), request: Some(self.request.id.clone()), event };
        self.ports.record().append(entry).await
    }

    fn over<'f>(
        &'f self,
        stopped: impl Future<Output = Reason> + Send + 'f,
    ) -> Pin<Box<dyn Future<Output = Reason> + Send + 'f>> {
        let deadline = self.ports.clock().until(self.request.expires_at).map(|()| Reason::TimeOut);
        Box::pin(async move {
            match select(Box::pin(stopped), Box::pin(deadline)).await {
                Either::Left((reason, _)) | Either::Right((reason, _)) => reason,
            }
        })
    }

    /// A plain approval of a kind that the person has marked, as the record says now.
    fn is_low_risk(&self) -> bool {
        match (&self.request.matter, &self.request.asker.pairing) {
            (Matter::Approval(call), Some(agent)) => {
                self.ports.record().is_low_risk(agent, &call.tool)
            }
            _ => false,
        }
    }

    /// With a warning if a new server, or a new account of one, could be taken for one that is
    /// enrolled; and with what stays if one account of several is to be forgotten.
    fn warned(&self, review: Screen) -> Screen {
        let record = self.ports.record();
        match &self.request.matter {
            Matter::EnrolServer(new) => {
                let accounts = record.accounts(&new.issuer);
                let same = accounts.iter().find(|server| server.account == new.account);
                match (same, accounts.as_slice(), resembled(new, &record.servers())) {
                    (Some(enrolled), ..) => review.replacing(enrolled, new),
                    (None, [], Some(enrolled)) => review.resembling(enrolled),
                    (None, [], None) => review,
                    (None, accounts, _) => review.beside(accounts, new),
                }
            }
            Matter::RemoveServer(old) => {
                let mut stay = record.accounts(&old.issuer);
                stay.retain(|server| server.account != old.account);
                if stay.is_empty() { review } else { review.forgetting_one(&stay) }
            }
            _ => review,
        }
    }

    fn seconds_left(&self) -> u64 {
        self.ports.clock().now().seconds_until(self.request.expires_at)
    }

    fn ended(&self, ended: &Ended) -> Event {
        Event::Ended {
            outcome: ended.outcome,
            reason: ended.reason,
            assurance: ended.assurance,
            method: ended.method,
            observable: ended.observable,
            display_hash: ended.display_hash.clone(),
            note: ended.note.clone(),
            took_ms: self.ports.clock().awake_and_asleep().saturating_sub(self.began),
            receipt: None,
        }
    }
}

/// The server that is to be asked, once for each account there.
fn accounts<P: Ports>(ports: &P, request: &Request) -> Vec<Server> {
    request.matter.asks_server().map(|issuer| ports.record().accounts(issuer)).unwrap_or_default()
}

fn milliseconds(Timestamp(from): Timestamp, Timestamp(to): Timestamp) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// Seconds for which a server may take the news that nobody will answer.
const LEAVING: u64 = 2;
/// How often a pairing code may be mistyped.
const PAIRING_TRIES: u32 = 3;

type SessionOf<P> = <<P as Ports>::Servers as Servers>::Session;

/// The only place that makes a yes.
fn approved(assurance: Assurance, method: Method, yes: Yes) -> Ended {
    Ended::approved(assurance, method, yes.gesture.observable, yes.display_hash)
}

/// The answers of a form, for the requester.
fn elicited(mut yes: Yes) -> Ended {
    let content = Some(std::mem::take(&mut yes.values));
    Ended { content, ..approved(Assurance::Gesture, Method::Form, yes) }
}

fn granted(authorization_code: Secret, server: &Server) -> Granted {
    Granted {
        authorization_code,
        issuer: server.issuer.clone(),
        client_id: server.client_id.clone(),
    }
}

fn received(request: &Request, server: Option<&Server>) -> Result<Event, Refused> {
    let (kind, issuer) = match &request.matter {
        Matter::Approval(_) => ("approval", None),
        Matter::Authorization(asked) => ("authorization", Some(asked.issuer.clone())),
        Matter::Elicitation(_) => ("elicitation", None),
        Matter::EnrolServer(server) => ("enrol_server", Some(server.issuer.clone())),
        Matter::RemoveServer(server) => ("remove_server", Some(server.issuer.clone())),
        Matter::Pair(_) => ("pair", None),
        Matter::Errand(errand) => (errand.task.kind(), Some(errand.issuer.clone())),
        Matter::Change { .. } => ("change", None),
    };
    Ok(Event::Received {
        kind: kind.to_owned(),
        asker: request.asker.clone(),
        request_hash: request.hash()?,
        issuer,
        expires_at: request.expires_at,
        code: request.binding_code.clone(),
        brief: brief(&request.matter, server).as_str().to_owned(),
    })
}

/// Codes are compared without what people add or leave out when they type.
fn same_code(typed: &str, printed: &str) -> bool {
    let plain = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect::<String>()
    };
    !plain(printed).is_empty() && plain(typed) == plain(printed)
}

/// Runs `work` unless it is over first; if both are ready, it is over.
async fn unless<T>(over: &Over<'_>, work: impl Future<Output = T>) -> Result<T, Reason> {
    match select(over.clone(), Box::pin(work)).await {
        Either::Left((reason, _)) => Err(reason),
        Either::Right((done, _)) => Ok(done),
    }
}

fn either<'f>(
    first: impl Future<Output = Reason> + Send + 'f,
    second: impl Future<Output = Reason> + Send + 'f,
) -> Over<'f> {
    let both: Pin<Box<dyn Future<Output = Reason> + Send + 'f>> = Box::pin(async move {
        match select(Box::pin(first), Box::pin(second)).await {
            Either::Left((reason, _)) | Either::Right((reason, _)) => reason,
        }
    });
    both.shared()
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;
