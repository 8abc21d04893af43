//! The part of a passkey: the person agrees on the complete action, an authenticator signs, and what
//! it gave is held against what was asked before a server sees it.
//!
//! **Promises.** No authenticator is touched before the approving gesture (P8). While it works the
//! action stands on the screen with what the person is to do, and Deny; whatever ends the request
//! drops the ceremony, and that cancels it. A PIN goes from the secret field to the authenticator.
//! An answer that does not fit is not sent: it is on record as suspicious, and so is each signature
//! before it goes out, with its counter.
//!
//! **Never** keep a PIN or put one on record.

use std::future::Future;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::{FutureExt as _, StreamExt as _, select_biased};

use super::{Case, Decided, Given, Over, With, Yes, either};
use crate::display::{PIN, Screen};
use crate::form::{Filled, Values};
use crate::json::Digest;
use crate::ours;
use crate::outcome::{Ended, Reason};
use crate::passkey::{Assertion, CeremonyFault, CeremonyStep, Passkey, Unfit, Wanted, counted_on};
use crate::ports::{
    Answer, Authenticators, CeremonyUi, Clock as _, Event, Ports, Record as _, Suspicion, Turn,
};
use crate::request::Server;
use crate::secret::Secret;
use crate::text::Text;

/// Ceremonies that may fail by the authenticator's own fault: the first and two more (P9).
const FAILURES: u32 = 3;
/// Seconds for which a refusal stands to be read.
const READING: u64 = 60;

/// What became of one ceremony.
enum Touched<R> {
    Done(R),
    Fault(CeremonyFault),
    No(Ended),
}

impl<P: Ports> Case<'_, P> {
    /// The question on the screen, and an assertion that fits it.
    pub(super) async fn sign<T: Turn>(
        &self,
        turn: &mut T,
        screen: Screen,
        passkey: &Passkey,
        bound_to: Option<&Digest>,
        server: &Server,
        over: &Over<'_>,
    ) -> Result<Given, Reason> {
        let wanted = &passkey.wanted;
        let begin = |voice| self.ports.authenticators().assert(wanted.clone(), voice);
        let signed = self.at_the_key(turn, screen, wanted.timeout, begin, over).await?;
        let (yes, assertion) = match signed {
            Ok(signed) => signed,
            Err(ended) => return Ok(Given::No(ended)),
        };
        match self.fits(wanted, &assertion, server).await? {
            Ok(sign_count) => {
                let event = Event::Asserted {
                    issuer: server.issuer.clone(),
                    credential: Digest::of_bytes(&assertion.credential_id),
                    sign_count,
                    approval_hash: bound_to.cloned(),
                };
                self.record(event).await.map_err(|_| Reason::RecordUnwritable)?;
                Ok(Given::With(yes, With::Assertion(Box::new(assertion))))
            }
            Err(reason) => Ok(Given::No(Ended::no(reason))),
        }
    }

    /// The question on the screen, and after each yes a ceremony, until one gives something or it is
    /// over.
    pub(super) async fn at_the_key<T: Turn, R, F>(
        &self,
        turn: &mut T,
        mut screen: Screen,
        timeout: Duration,
        begin: impl Fn(Voice) -> F + Send,
        over: &Over<'_>,
    ) -> Result<Result<(Yes, R), Ended>, Reason>
    where
        R: Send,
        F: Future<Output = Result<R, CeremonyFault>> + Send,
    {
        let mut failures = 0;
        loop {
            let yes = match self.show(turn, &screen, over).await? {
                Decided::Yes(yes) => yes,
                Decided::No(ended) => return Ok(Err(ended)),
            };
            let timeout = self.ports.clock().now().plus_seconds(timeout.as_secs());
            let too_late = self.ports.clock().until(timeout).map(|()| Reason::TimeOut);
            let over = either(over.clone(), too_late);
            // Who asked must still stand before a person is made to touch anything.
            self.stands(&over)?;
            let fault = match self.touch(turn, &screen, &begin, &over).await? {
                Touched::No(ended) => return Ok(Err(ended)),
                Touched::Fault(fault) => fault,
                Touched::Done(done) => return Ok(Ok((yes, done))),
            };
            match &fault {
                CeremonyFault::Deadline => return Err(Reason::TimeOut),
                // One that lied is not asked again.
                CeremonyFault::NotVerified | CeremonyFault::Unfit(_) => {
                    let unfit = match fault {
                        CeremonyFault::Unfit(unfit) => unfit,
                        _ => Unfit::NotVerified,
                    };
                    self.suspicious("authenticator", unfit.to_string()).await?;
                    return Ok(Err(Ended::no(Reason::AuthenticatorUnfit)));
                }
                CeremonyFault::Removed | CeremonyFault::Other(_) => {
                    failures += 1;
                    if failures >= FAILURES {
                        return Ok(Err(Ended::no(Reason::AuthenticatorFailed)));
                    }
                }
                _ => {}
            }
            // Back to the question: another try, another key, or Deny (P9).
            screen = screen.again(problem(&fault));
        }
    }

    /// One ceremony, with what it says and asks on the screen.
    async fn touch<T: Turn, R, F>(
        &self,
        turn: &mut T,
        screen: &Screen,
        begin: &(impl Fn(Voice) -> F + Send),
        over: &Over<'_>,
    ) -> Result<Touched<R>, Reason>
    where
        R: Send,
        F: Future<Output = Result<R, CeremonyFault>> + Send,
    {
        let (voice, mut said) = mpsc::unbounded();
        let mut ceremony = Box::pin(begin(Voice(voice))).fuse();
        let mut over = over.clone();
        let mut step = CeremonyStep::Looking;
        let mut pins = 0;
        loop {
            let shown = Screen::authenticator(screen, step);
            let mut leaving = Box::pin(turn.wait(&shown)).fuse();
            // If two things happen together, the one that means no comes first.
            let asks = select_biased! {
                reason = over => return Err(reason),
                answer = leaving => {
                    return Err(match answer {
                        Answer::Deny { .. } => Reason::Denied,
                        Answer::Approve { .. } | Answer::Dismiss => Reason::Dismissed,
                    });
                }
                done = ceremony => return Ok(touched(done)),
                said = said.next() => said,
            };
            drop(leaving);
            let (retries_left, wrong_before, answer) = match asks {
                Some(Said::Step(next)) => {
                    step = next;
                    continue;
                }
                Some(Said::Pin { retries_left, wrong_before, answer }) => {
                    (retries_left, wrong_before, answer)
                }
                // It has nothing more to say, and is not listened to any more: it ends by itself.
                None => continue,
            };
            pins += 1;
            let round = screen.round.saturating_add(pins);
            let asked = Screen::pin(screen, round, retries_left, wrong_before);
            let mut asking = Box::pin(self.show(turn, &asked, &over)).fuse();
            select_biased! {
                decided = asking => match decided? {
                    Decided::Yes(yes) => {
                        // If the authenticator no longer waits for it, it is wiped here.
                        let _ = answer.send(pin_of(yes.values));
                    }
                    Decided::No(ended) => return Ok(Touched::No(ended)),
                },
                done = ceremony => return Ok(touched(done)),
            }
            step = CeremonyStep::Working;
        }
    }

    /// Holds an answer against the question and against the counter on record.
    async fn fits(
        &self,
        wanted: &Wanted,
        assertion: &Assertion,
        server: &Server,
    ) -> Result<Result<u32, Reason>, Reason> {
        let credential = Digest::of_bytes(&assertion.credential_id);
        let before = self.ports.record().sign_count(&server.issuer, &credential);
        let fits = assertion.fits(wanted).and_then(|now| counted_on(before, now).map(|()| now));
        match fits {
            Ok(sign_count) => Ok(Ok(sign_count)),
            Err(unfit) => {
                self.suspicious("authenticator", unfit.to_string()).await?;
                Ok(Err(Reason::AuthenticatorUnfit))
            }
        }
    }

    /// Refuses what only an attack or a broken server asks for: on record, and shown to the person,
    /// for whom it says more than the end does.
    pub(super) async fn refuse<T: Turn>(
        &self,
        turn: &mut T,
        review: &Screen,
        (reason, suspicion, why): (Reason, Suspicion, String),
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        self.suspicious(suspicion.as_str(), why).await?;
        let refused = Screen::refused(review, review.round.saturating_add(1), why_refused(reason));
        let read = self.ports.clock().until(self.ports.clock().now().plus_seconds(READING));
        let over = either(over.clone(), read.map(move |()| reason));
        // However the person leaves it, it is refused for this reason.
        let _ = self.show(turn, &refused, &over).await;
        Ok(Ended::no(reason))
    }

    pub(super) async fn suspicious(&self, what: &str, detail: String) -> Result<(), Reason> {
        let event = Event::Suspicious { what: what.to_owned(), detail };
        self.record(event).await.map(drop).map_err(|_| Reason::RecordUnwritable)
    }
}

fn touched<R>(done: Result<R, CeremonyFault>) -> Touched<R> {
    match done {
        Ok(done) => Touched::Done(done),
        Err(fault) => Touched::Fault(fault),
    }
}

fn pin_of(values: Values) -> Option<Secret> {
    values.0.into_iter().find_map(|(name, filled)| match filled {
        Filled::Secret(pin) if name == PIN => Some(pin),
        _ => None,
    })
}

/// What the person reads where nothing can be answered.
fn why_refused(reason: Reason) -> Text {
    match reason {
        Reason::BindingMismatch => ours!("refused-binding"),
        Reason::ForeignPasskey => ours!("refused-site"),
        Reason::AuthenticatorUnfit => ours!("refused-authenticator"),
        _ => ours!("refused-protocol"),
    }
}

/// What the person reads above the question when it stands again.
fn problem(fault: &CeremonyFault) -> Text {
    match fault {
        CeremonyFault::Cancelled => ours!("key-cancelled"),
        CeremonyFault::NoAuthenticator => ours!("key-none"),
        CeremonyFault::NoCredential => ours!("key-no-passkey"),
        CeremonyFault::Excluded => ours!("key-has-one"),
        CeremonyFault::PinNotSet => ours!("key-no-pin"),
        CeremonyFault::PinAuthBlocked => ours!("key-pin-out-and-in"),
        CeremonyFault::PinBlocked => ours!("key-pin-blocked"),
        CeremonyFault::UvBlocked => ours!("key-not-recognized"),
        CeremonyFault::Removed => ours!("key-removed"),
        CeremonyFault::Deadline
        | CeremonyFault::NotVerified
        | CeremonyFault::Unfit(_)
        | CeremonyFault::Other(_) => ours!("key-failed"),
    }
}

/// What an authenticator says, on its way to the screen.
enum Said {
    Step(CeremonyStep),
    Pin { retries_left: Option<u8>, wrong_before: bool, answer: oneshot::Sender<Option<Secret>> },
}

/// The authenticator's side. Once the ceremony is over nobody listens.
pub(super) struct Voice(mpsc::UnboundedSender<Said>);

impl CeremonyUi for Voice {
    fn step(&self, step: CeremonyStep) {
        let _ = self.0.unbounded_send(Said::Step(step));
    }

    async fn pin(&self, retries_left: Option<u8>, wrong_before: bool) -> Option<Secret> {
        let (answer, answered) = oneshot::channel();
        self.0.unbounded_send(Said::Pin { retries_left, wrong_before, answer }).ok()?;
        answered.await.ok().flatten()
    }
}
