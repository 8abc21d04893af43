//! Who is asked at all: switches and limits, before anybody is disturbed.
//!
//! **Promises.** [`judge`] is a pure function: the same request and standing give the same
//! verdict. It can only say no or "ask the person"; there is no verdict that approves.
//!
//! **Never** look at what an agent says in its own words.

use crate::nagging::DECLINES;
use crate::outcome::{Assurance, Reason};
use crate::ports::Standing;
use crate::request::{Matter, Request, Server, Timestamp};
use crate::settings::Change;

/// Prompts shown for one bucket in ten minutes (S22).
pub const PROMPTS_OF_BUCKET: u32 = 10;
/// Prompts shown over all in ten minutes: three busy agents; more is a flood that nobody reads.
pub const PROMPTS_OVER_ALL: u32 = 30;
/// Waiting requests of one bucket (S22).
pub const WAITING_OF_BUCKET: u32 = 5;
/// Waiting requests over all: bounds memory and what a person can look through.
pub const WAITING_OVER_ALL: u32 = 20;

/// What policy says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask the person; less assurance than this cannot satisfy the request.
    Ask(Assurance),
    /// End it without asking; seconds to wait, if waiting helps.
    Refuse(Reason, Option<u64>),
}

/// Judges one request. `server` is the enrolled server with the issuer that it names.
pub fn judge(
    request: &Request,
    server: Option<&Server>,
    standing: &Standing,
    now: Timestamp,
) -> Verdict {
    if standing.paused_until > now && !ends_a_pause(request) {
        return Verdict::Refuse(Reason::Paused, Some(now.seconds_until(standing.paused_until)));
    }
    if standing.muted_until > now && !ends_a_mute(request) {
        return Verdict::Refuse(Reason::Muted, Some(now.seconds_until(standing.muted_until)));
    }
    if matches!(request.matter, Matter::Authorization(_)) && request.asker.pairing.is_none() {
        return Verdict::Refuse(Reason::NotPaired, None);
    }
    if request.matter.asks_server().is_some() && server.is_none() {
        return Verdict::Refuse(Reason::IssuerNotEnrolled, None);
    }
    // With it a program could register a key of its own.
    if matches!(&request.matter, Matter::Authorization(asked) if asked.is_reserved()) {
        return Verdict::Refuse(Reason::ScopeReserved, None);
    }
    // Before any limit: it would be no at any time (S21).
    if let Matter::Elicitation(asked) = &request.matter
        && asked.form.seems_secret()
    {
        return Verdict::Refuse(Reason::SecretInForm, None);
    }
    let least = request.least_assurance();
    if least > best_here(request, standing.passkeys) {
        return Verdict::Refuse(Reason::AssuranceUnreachable, None);
    }
    if standing.declines.0 >= DECLINES {
        return Verdict::Refuse(Reason::DeclinedBefore, Some(standing.declines.1));
    }
    if standing.waiting_of_bucket >= WAITING_OF_BUCKET
        || standing.waiting_over_all >= WAITING_OVER_ALL
    {
        return Verdict::Refuse(Reason::QueueFull, Some(30));
    }
    if standing.prompts_of_bucket >= PROMPTS_OF_BUCKET
        || standing.prompts_over_all >= PROMPTS_OVER_ALL
    {
        return Verdict::Refuse(Reason::TooManyPrompts, Some(standing.retry_after));
    }
    Verdict::Ask(least)
}

/// To end a pause or a mute must not be refused for being paused or muted.
fn ends_a_pause(request: &Request) -> bool {
    matches!(&request.matter, Matter::Change { change: Change::EndPause })
}

fn ends_a_mute(request: &Request) -> bool {
    matches!(&request.matter, Matter::Change { change: Change::EndPause | Change::EndMute(_) })
}

/// The best that this installation can reach for a request: a passkey or a code that a server
/// verifies, or a gesture.
fn best_here(request: &Request, passkeys: bool) -> Assurance {
    match request.matter {
        Matter::Authorization(_) | Matter::Errand(_) if passkeys => Assurance::PasskeyBound,
        Matter::Authorization(_) | Matter::Errand(_) => Assurance::Otp,
        _ => Assurance::Gesture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use crate::ports::Surroundings;
    use crate::request::{Asker, Kernel, Place, RequestId, ToolCall};

    fn plain() -> Request {
        Request {
            id: RequestId("req_1".into()),
            asker: Asker {
                pairing: None,
                claims: None,
                kernel: Kernel {
                    uid: 0,
                    pid: None,
                    chain: vec![],
                    cwd: None,
                    place: Place::Session,
                },
            },
            matter: Matter::Approval(ToolCall {
                tool: String::new(),
                arguments: serde_json::Value::Null,
                working_directory: None,
            }),
            words: None,
            binding_code: String::new(),
            received_at: Timestamp(0),
            expires_at: Timestamp(1),
        }
    }

    fn standing(prompts: (u32, u32), waiting: (u32, u32)) -> Standing {
        Standing {
            paused_until: Timestamp(0),
            muted_until: Timestamp(0),
            declines: (0, 0),
            prompts_of_bucket: prompts.0,
            prompts_over_all: prompts.1,
            waiting_of_bucket: waiting.0,
            waiting_over_all: waiting.1,
            retry_after: 77,
            passkeys: false,
            surroundings: Surroundings {
                hardened: false,
                observable: true,
                seat: crate::ports::Seat::Unknown,
                sees_cover: true,
            },
        }
    }

    fn verdict(prompts: (u32, u32), waiting: (u32, u32)) -> Verdict {
        judge(&plain(), None, &standing(prompts, waiting), Timestamp(10))
    }

    /// The numbers are S22's own: ten prompts in ten minutes, five waiting, of one pairing.
    #[test]
    fn s22_ten_prompts_and_five_waiting_are_the_limit_of_one_requester() {
        assert_eq!(verdict((9, 9), (4, 4)), Verdict::Ask(Assurance::Gesture));
        assert_eq!(verdict((10, 10), (0, 0)), Verdict::Refuse(Reason::TooManyPrompts, Some(77)));
        assert!(matches!(verdict((0, 0), (5, 5)), Verdict::Refuse(Reason::QueueFull, Some(_))));
        assert_eq!(Reason::TooManyPrompts.outcome(), Outcome::RateLimited);
    }

    #[test]
    fn h16_who_is_muted_is_refused_until_then_and_told_how_long() {
        let at = |now| {
            let muted_until = Timestamp(60_000);
            let standing = Standing { muted_until, ..standing((0, 0), (0, 0)) };
            judge(&plain(), None, &standing, Timestamp(now))
        };
        assert_eq!(at(0), Verdict::Refuse(Reason::Muted, Some(60)));
        assert_eq!(at(60_000), Verdict::Ask(Assurance::Gesture));
        assert_eq!(Reason::Muted.outcome(), Outcome::Declined);
    }

    #[test]
    fn h17_three_times_no_to_the_same_is_enough() {
        let at = |declines| {
            let standing = Standing { declines, ..standing((0, 0), (0, 0)) };
            judge(&plain(), None, &standing, Timestamp(10))
        };
        assert_eq!(at((2, 60)), Verdict::Ask(Assurance::Gesture));
        assert_eq!(at((3, 60)), Verdict::Refuse(Reason::DeclinedBefore, Some(60)));
        assert_eq!(Reason::DeclinedBefore.outcome(), Outcome::RateLimited);
    }

    #[test]
    fn s22_many_requesters_together_have_a_limit_too() {
        assert!(matches!(verdict((0, 30), (0, 0)), Verdict::Refuse(Reason::TooManyPrompts, _)));
        assert!(matches!(verdict((0, 0), (0, 20)), Verdict::Refuse(Reason::QueueFull, _)));
    }
}
