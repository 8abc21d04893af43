//! The conversation with one server, as states that are used up by their one step: no challenge
//! is answered twice, no code exists before it is granted.
//!
//! ```text
//! Agreed ──contact──▶ Waiting ──hear──▶ Granted
//!    ▲                   ▲    ├───────▶ Over
//!    └────StartAgain◀────┼────┤
//!                        └─answered── Question
//! ```
//!
//! **Promises.** Every refusal of a server becomes one reason of the closed set (digest §7.8,
//! §2.10-3, -16, -23). At most [`ROUNDS`] exchanges and [`CODES`] typed codes for one approval.
//!
//! **Never** keep a typed value here.

use crate::display::Screen;
use crate::form::{Form, Kind, Values};
use crate::outcome::{Assurance, Method, Reason};
use crate::ports::{Challenge, Delivery, ServerError, Step};
use crate::request::Timestamp;
use crate::secret::Secret;
use crate::text::{Text, sentence};

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
    /// A code was sent and not asked for again.
    verified: bool,
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
}

impl Agreed {
    /// The person agreed to look; less than `least` will not do.
    #[must_use]
    pub fn new(least: Assurance) -> Self {
        Self(Memory {
            least,
            round: 0,
            codes: 0,
            sent: Sent::Nothing,
            verified: false,
            form: false,
            attempts_remaining: None,
            restarted: false,
        })
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
        "The server ended the sign-in. Look again, and approve once more if you still want it."
            .into()
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

    /// The question on the screen of the action (H1). Takes the form out: it is shown once.
    pub fn screen(&mut self, review: &Screen, expires_at: Timestamp) -> Screen {
        let form = std::mem::take(&mut self.challenge.form);
        let round = self.memory.round.saturating_add(1);
        Screen::challenge(
            review,
            round,
            &self.challenge.message,
            form,
            self.problem.take(),
            expires_at,
        )
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
        let verified = self.verified || self.sent == Sent::Code;
        let (assurance, method) = match (verified, self.form) {
            (true, _) => (Assurance::Otp, Method::Totp),
            (false, true) => (Assurance::Gesture, Method::Form),
            (false, false) => (Assurance::Gesture, Method::Gesture),
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
        if !offer_what_works(&mut challenge.form) {
            return Heard::Over(Reason::ChallengeUnsupported, None);
        }
        let asks_code = challenge.form.asks_secret();
        if asks_code && self.least > Assurance::Otp {
            return Heard::Over(Reason::AssuranceUnreachable, None);
        }
        let problem = match challenge.last {
            Delivery::Throttled(seconds) if seconds >= seconds_left => {
                return Heard::Over(Reason::ServerThrottled, Some(seconds));
            }
            Delivery::Throttled(seconds) => Some(sentence(
                "The server did not look at it. It asks to wait {} seconds before the next try.",
                &[&seconds.to_string()],
            )),
            Delivery::Unconfirmed => Some(
                "The connection broke and the server did not confirm. You may send the same again."
                    .into(),
            ),
            Delivery::Seen if self.sent == Sent::Code && asks_code => {
                if self.codes >= CODES {
                    return Heard::Over(Reason::TooManyTries, None);
                }
                Some(not_accepted(challenge.attempts_remaining))
            }
            Delivery::Seen => None,
        };
        if self.sent == Sent::Code && challenge.last == Delivery::Seen {
            self.verified = !asks_code;
        }
        self.sent = Sent::Nothing;
        Heard::Question(Question { challenge, problem, memory: self })
    }

    /// Digest §7.8 with §2.10-3 and -23.
    fn refused<S>(self, error: ServerError) -> Heard<S> {
        match error {
            ServerError::InvalidSession if !self.restarted => {
                let memory = Self { restarted: true, sent: Sent::Nothing, verified: false, ..self };
                Heard::StartAgain(Again(memory))
            }
            ServerError::AccessDenied
                if self.sent == Sent::Code && matches!(self.attempts_remaining, Some(0 | 1)) =>
            {
                Heard::Over(Reason::ServerLocked, None)
            }
            error => {
                let (reason, retry_after) = error.reason();
                Heard::Over(reason, retry_after)
            }
        }
    }
}

/// Takes the authenticators out of a choice that cannot work here (P10): offering one would end in
/// a failure. False if nothing is left.
fn offer_what_works(form: &mut Form) -> bool {
    if !form.is_choice() {
        return true;
    }
    for field in &mut form.fields {
        if let Kind::Choice { options, default } = &mut field.kind
            && options.iter().all(|option| matches!(option.value.as_str(), "totp" | "passkey"))
        {
            let chosen = default.and_then(|at| options.get(at)).map(|option| option.value.clone());
            options.retain(|option| option.value != "passkey");
            *default = options.iter().position(|option| Some(&option.value) == chosen.as_ref());
            if options.is_empty() {
                return false;
            }
        }
    }
    true
}

fn not_accepted(attempts_remaining: Option<u32>) -> Text {
    match attempts_remaining {
        None => "That code was not accepted. Wait for a new one and try again.".into(),
        Some(1) => "That code was not accepted. One try is left.".into(),
        Some(n) => sentence("That code was not accepted. {} tries are left.", &[&n.to_string()]),
    }
}

#[cfg(test)]
#[path = "ceremony_tests.rs"]
mod tests;
