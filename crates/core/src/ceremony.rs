//! The conversation with one server, as states that are used up by their one step: no challenge
//! is answered twice, no code exists before it is granted.
//!
//! ```text
//! Agreed ──contact──▶ Waiting ──hear──▶ Granted
//!    ▲                   ▲    ├───────▶ Over
//!    └────StartAgain◀────┼────┤
//!                        ├─answered── Question
//!                        └─signed────────┘
//! ```
//!
//! **Promises.** Every refusal of a server becomes one reason of the closed set (digest §7.8,
//! §2.10-3, -16, -23). At most [`ROUNDS`] exchanges and [`CODES`] typed codes for one approval. A
//! challenge is signed once (P13). What an answer is worth is decided here ([`worth`]).
//!
//! **Never** keep a typed value here.

use crate::approved::Approval;
use crate::display::Screen;
use crate::form::{Choice, Form, Kind, Values};
use crate::json::Digest;
use crate::ours;
use crate::outcome::{Assurance, Method, Reason};
use crate::passkey::{Assertion, Binding, Keeping, Passkey};
use crate::ports::{Challenge, Delivery, ServerError, Step, Suspicion};
use crate::request::Timestamp;
use crate::secret::Secret;
use crate::text::Text;

/// Exchanges with the server for one approval (digest §2.6.5-10, A23).
pub const ROUNDS: u32 = 8;
/// Codes that a person may type for one approval (T6).
pub const CODES: u32 = 5;

/// The person agreed to the action; the server does not know yet.
#[derive(Debug)]
pub struct Agreed(Memory);

/// The server has been asked or answered and is thinking.
#[derive(Debug)]
pub struct Waiting(Memory);

/// What the server said.
#[derive(Debug)]
#[must_use]
pub enum Heard<S> {
    /// The authorization code, and how sure it is.
    Granted {
        /// `authorization_code`.
        code: Secret,
        /// What the server verified.
        assurance: Assurance,
        /// With what.
        method: Method,
    },
    /// It asks something.
    Question(Question<S>),
    /// It forgot the session; once, the person may look again and start over (A8).
    StartAgain(Again),
    /// It is over; seconds to wait, if that helps.
    Over(Reason, Option<u64>),
    /// It is over, and it was what only an attack or a broken server does: for the record, and to be
    /// shown.
    Suspicious(Reason, Suspicion, String),
}

/// A question to be shown.
#[derive(Debug)]
pub struct Question<S> {
    challenge: Challenge<S>,
    problem: Option<Text>,
    memory: Memory,
}

/// The session was lost once.
#[derive(Debug)]
pub struct Again(Memory);

#[derive(Clone, Debug)]
struct Memory {
    least: Assurance,
    /// Exchanges so far.
    round: u32,
    /// Codes sent so far.
    codes: u32,
    /// What was sent last.
    sent: Sent,
    /// A passkey can be used here.
    passkeys: bool,
    /// The server knows this installation: what keeps its key.
    known: Option<&'static str>,
    /// What the person used here last.
    used_last: Option<Method>,
    /// What the server took and did not ask for again.
    verified: Option<(Assurance, Method)>,
    /// Challenges that were signed.
    signed: Vec<Digest>,
    /// Any values were sent.
    form: bool,
    /// The server's last `attempts_remaining`.
    attempts_remaining: Option<u32>,
    /// The session was lost once already.
    restarted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Nothing,
    Code,
    Form,
    Assertion(Assurance),
}

/// What an assertion is worth (design §2). That a person authenticated, by a key in hardware or in a
/// file; and for a challenge that commits to the action, the action, if the server knows that it was
/// this installation that asked. Else a program could have had the challenge made for another action.
#[must_use]
pub const fn worth(binding: Binding, keeping: Keeping, known: bool) -> Assurance {
    match (keeping, binding) {
        (Keeping::Software, _) => Assurance::PasskeySoftware,
        (Keeping::Hardware, Binding::Bound) if known => Assurance::PasskeyBound,
        (Keeping::Hardware, _) => Assurance::Passkey,
    }
}

impl Agreed {
    /// The person agreed to look; less than `least` will not do. `passkeys` says whether one can be
    /// used here.
    #[must_use]
    pub fn new(least: Assurance, passkeys: bool) -> Self {
        Self(Memory {
            least,
            passkeys,
            known: None,
            used_last: None,
            round: 0,
            codes: 0,
            sent: Sent::Nothing,
            verified: None,
            signed: Vec::new(),
            form: false,
            attempts_remaining: None,
            restarted: false,
        })
    }

    /// At a server that knows this installation, by a key that is kept so.
    #[must_use]
    pub fn known_by(self, kept: Option<&'static str>) -> Self {
        Self(Memory { known: kept, ..self.0 })
    }

    /// At a server where the person used this last.
    #[must_use]
    pub fn used_last(self, method: Option<Method>) -> Self {
        Self(Memory { used_last: method, ..self.0 })
    }

    /// Whether the server knows this installation.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.known.is_some()
    }

    /// Whether the server is told that a passkey can be used here (P10).
    #[must_use]
    pub fn passkeys(&self) -> bool {
        self.0.passkeys
    }

    /// The initial request is about to be sent: the new state and the number of the exchange.
    #[must_use]
    pub fn contact(self) -> (Waiting, u32) {
        let memory = self.0.next();
        let round = memory.round;
        (Waiting(memory), round)
    }
}

impl Waiting {
    /// The number of this exchange.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.0.round
    }

    /// Takes what the server said. `seconds_left` is what the request has left to live.
    pub fn hear<S>(self, step: Step<S>, seconds_left: u64) -> Heard<S> {
        let memory = self.0;
        match step {
            Step::Granted(code) => memory.granted(code),
            Step::Challenged(challenge) => memory.challenged(challenge, seconds_left),
            Step::Refused(error) => memory.refused(error),
        }
    }
}

impl Again {
    /// What to tell the person.
    #[must_use]
    pub fn problem(&self) -> Text {
        ours!("server-ended")
    }

    /// The person looked again.
    #[must_use]
    pub fn agreed(self) -> Agreed {
        Agreed(self.0)
    }
}

impl<S> Question<S> {
    /// The number of the exchange that brought it.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.memory.round
    }

    /// Until when it can be answered: the request's end, or the server's if that is earlier.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp, request: Timestamp) -> Timestamp {
        self.challenge.expires_in.map_or(request, |seconds| request.min(now.plus_seconds(seconds)))
    }

    /// The passkey that it asks for, if it does.
    #[must_use]
    pub fn passkey(&self) -> Option<&Passkey> {
        self.challenge.passkey.as_deref()
    }

    /// `approval_hash` of what the challenge commits to, if it does.
    #[must_use]
    pub fn bound_to(&self) -> Option<&Digest> {
        let bound = self.passkey().is_some_and(|passkey| passkey.binding == Binding::Bound);
        self.challenge.approval.as_deref().filter(|_| bound).map(Approval::hash)
    }

    /// The question on the screen of the action (H1). Takes the form out: it is shown once.
    pub fn screen(&mut self, review: &Screen, expires_at: Timestamp) -> Screen {
        let form = std::mem::take(&mut self.challenge.form);
        let round = self.memory.round.saturating_add(1);
        let Challenge { message, passkey, approval, clock_ahead, .. } = &self.challenge;
        let problem = self.problem.take();
        let screen = match passkey.as_deref() {
            None => Screen::challenge(review, round, message, form, problem, expires_at)
                .by_the_servers_clock(*clock_ahead),
            Some(Passkey { binding, .. }) => {
                Screen::passkey(review, round, message, *binding, problem, expires_at)
                    .of_installation(*binding, self.memory.known)
            }
        };
        match approval {
            Some(approval) => screen.acting_on(approval),
            None => screen,
        }
    }

    /// An authenticator signed the challenge that this question brought.
    #[must_use]
    pub fn signed(self, assertion: &Assertion) -> (S, Waiting) {
        let mut memory = self.memory.next();
        let known = memory.known.is_some();
        memory.attempts_remaining = self.challenge.attempts_remaining;
        if let Some(Passkey { wanted, binding }) = self.challenge.passkey.as_deref() {
            memory.signed.push(Digest::of_bytes(wanted.client_data.challenge()));
            memory.sent = Sent::Assertion(worth(*binding, assertion.keeping, known));
        }
        (self.challenge.session, Waiting(memory))
    }

    /// The person answered; `values` are looked at for their kind only.
    #[must_use]
    pub fn answered(self, values: &Values) -> (S, Waiting) {
        let mut memory = self.memory.next();
        memory.form = true;
        memory.sent = if values.has_secret() { Sent::Code } else { Sent::Form };
        memory.codes = memory.codes.saturating_add(u32::from(values.has_secret()));
        memory.attempts_remaining = self.challenge.attempts_remaining;
        (self.challenge.session, Waiting(memory))
    }

    /// The person did not answer: the session, to be left.
    #[must_use]
    pub fn left(self) -> S {
        self.challenge.session
    }
}

impl Memory {
    fn next(mut self) -> Self {
        self.round = self.round.saturating_add(1);
        self
    }

    fn granted<S>(self, code: Secret) -> Heard<S> {
        let last = match self.sent {
            Sent::Code => Some((Assurance::Otp, Method::Totp)),
            Sent::Assertion(worth) => Some((worth, Method::Passkey)),
            Sent::Nothing | Sent::Form => None,
        };
        let (assurance, method) = match (better(self.verified, last), self.form) {
            (Some(verified), _) => verified,
            (None, true) => (Assurance::Gesture, Method::Form),
            (None, false) => (Assurance::Gesture, Method::Gesture),
        };
        // Digest §2.10-16: a code that came too easily does not satisfy the request.
        if assurance < self.least {
            return Heard::Over(Reason::AssuranceUnreachable, None);
        }
        Heard::Granted { code, assurance, method }
    }

    fn challenged<S>(mut self, mut challenge: Challenge<S>, seconds_left: u64) -> Heard<S> {
        if self.round >= ROUNDS {
            return Heard::Over(Reason::TooManyRounds, None);
        }
        if challenge.attempts_remaining == Some(0) {
            return Heard::Over(Reason::ServerLocked, None);
        }
        let demanded = challenge.approval.as_ref().and_then(|approval| approval.min_assurance);
        self.least = self.least.max(demanded.unwrap_or(self.least));
        if let Err(reason) =
            offer_what_works(&mut challenge.form, self.passkeys, self.least, self.used_last)
        {
            return Heard::Over(reason, None);
        }
        let asks_code = challenge.form.asks_secret();
        if asks_code && self.least > Assurance::Otp {
            return Heard::Over(Reason::AssuranceUnreachable, None);
        }
        if let Some(passkey) = &challenge.passkey {
            if !self.passkeys {
                return Heard::Over(Reason::ChallengeUnsupported, None);
            }
            if self.least > worth(passkey.binding, Keeping::Hardware, self.known.is_some()) {
                return Heard::Over(Reason::AssuranceUnreachable, None);
            }
            let challenge = Digest::of_bytes(passkey.wanted.client_data.challenge());
            if self.signed.contains(&challenge) {
                let why = "it asks to sign a challenge that was signed already".to_owned();
                return Heard::Suspicious(Reason::ServerMisbehaved, Suspicion::Repeated, why);
            }
        }
        let asks_passkey = challenge.passkey.is_some();
        let problem = match challenge.last {
            Delivery::Throttled(seconds) if seconds >= seconds_left => {
                return Heard::Over(Reason::ServerThrottled, Some(seconds));
            }
            Delivery::Throttled(seconds) => Some(ours!("server-throttled", seconds = seconds)),
            Delivery::Unconfirmed => Some(ours!("server-unconfirmed")),
            Delivery::Seen if self.sent == Sent::Code && asks_code => {
                if self.codes >= CODES {
                    return Heard::Over(Reason::TooManyTries, None);
                }
                Some(not_accepted(challenge.attempts_remaining))
            }
            Delivery::Seen if matches!(self.sent, Sent::Assertion(_)) && asks_passkey => {
                Some(ours!("server-no-passkey"))
            }
            Delivery::Seen => None,
        };
        // What is asked for again was not taken; what is not was. Who shows the choice once more, or
        // counts a try, did not take it either.
        let unclear = offers_authenticators(&challenge.form)
            || matches!((self.attempts_remaining, challenge.attempts_remaining),
                (Some(before), Some(now)) if now < before);
        match self.sent {
            Sent::Code if challenge.last == Delivery::Seen => {
                self.verified = match asks_code {
                    true => self.verified.filter(|(_, method)| *method != Method::Totp),
                    false if unclear => self.verified,
                    false => better(self.verified, Some((Assurance::Otp, Method::Totp))),
                };
            }
            Sent::Assertion(worth) if challenge.last == Delivery::Seen => {
                self.verified = match asks_passkey {
                    true => self.verified.filter(|(_, method)| *method != Method::Passkey),
                    false if unclear => self.verified,
                    false => better(self.verified, Some((worth, Method::Passkey))),
                };
            }
            _ => {}
        }
        self.sent = Sent::Nothing;
        Heard::Question(Question { challenge, problem, memory: self })
    }

    /// Digest §7.8 with §2.10-3 and -23.
    fn refused<S>(self, error: ServerError) -> Heard<S> {
        match error {
            ServerError::InvalidSession if !self.restarted => {
                let memory = Self { restarted: true, sent: Sent::Nothing, verified: None, ..self };
                Heard::StartAgain(Again(memory))
            }
            ServerError::AccessDenied
                if self.sent == Sent::Code && matches!(self.attempts_remaining, Some(0 | 1)) =>
            {
                Heard::Over(Reason::ServerLocked, None)
            }
            ServerError::Suspicious(what, ref why) => {
                let (reason, _) = error.reason();
                Heard::Suspicious(reason, what, why.clone())
            }
            error => {
                let (reason, retry_after) = error.reason();
                Heard::Over(reason, retry_after)
            }
        }
    }
}

/// The surer of two.
fn better(
    one: Option<(Assurance, Method)>,
    other: Option<(Assurance, Method)>,
) -> Option<(Assurance, Method)> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 >= one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Takes the authenticators out of a choice that cannot work here, or that are worth too little: to
/// offer one would end in a failure (P10, T7).
///
/// # Errors
/// Why nothing is left.
/// True if it is the choice of an authenticator.
fn offers_authenticators(form: &Form) -> bool {
    form.is_choice()
        && form.fields.iter().any(|field| match &field.kind {
            Kind::Choice { options, .. } => are_authenticators(options),
            _ => false,
        })
}

fn are_authenticators(options: &[Choice]) -> bool {
    options.iter().all(|option| matches!(option.value.as_str(), "totp" | "passkey"))
}

fn offer_what_works(
    form: &mut Form,
    passkeys: bool,
    least: Assurance,
    used_last: Option<Method>,
) -> Result<(), Reason> {
    if !form.is_choice() {
        return Ok(());
    }
    let codes = least <= Assurance::Otp;
    for field in &mut form.fields {
        if let Kind::Choice { options, default } = &mut field.kind
            && are_authenticators(options)
        {
            let chosen = default.and_then(|at| options.get(at)).map(|option| option.value.clone());
            options.retain(|option| if option.value == "passkey" { passkeys } else { codes });
            let last = match used_last {
                Some(Method::Totp) => "totp",
                Some(Method::Passkey) => "passkey",
                _ => "",
            };
            // What the person used here last comes first; the rest stays as the server has it.
            options.sort_by_key(|option| option.value != last);
            *default = options.iter().position(|option| Some(&option.value) == chosen.as_ref());
            if options.is_empty() {
                return Err(if codes {
                    Reason::ChallengeUnsupported
                } else {
                    Reason::AssuranceUnreachable
                });
            }
        }
    }
    Ok(())
}

fn not_accepted(attempts_remaining: Option<u32>) -> Text {
    match attempts_remaining {
        None => ours!("server-no-code"),
        Some(n) => ours!("server-no-code-tries", tries = n),
    }
}

#[cfg(test)]
#[path = "ceremony_tests.rs"]
mod tests;
