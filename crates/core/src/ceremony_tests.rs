//! The conversation with a server: every refusal and its reason, limits, and what a code is worth.

use serde_json::json;

use super::*;
use crate::form::{Filled, Source};

fn form(schema: &serde_json::Value) -> Form {
    Form::parse(schema, Source::Server).unwrap()
}

fn code_form() -> Form {
    form(&json!({"type":"object","properties":{"otp":{"type":"string"}},"required":["otp"]}))
}

fn ask(form: Form, attempts_remaining: Option<u32>, last: Delivery) -> Step<()> {
    Step::Challenged(Challenge {
        session: (),
        message: String::new(),
        form,
        passkey: None,
        approval: None,
        attempts_remaining,
        expires_in: None,
        clock_ahead: None,
        last,
    })
}

fn typed() -> Values {
    Values(vec![("otp".into(), Filled::Secret(Secret::new("1".into())))])
}

fn chosen() -> Values {
    Values(vec![("authenticator".into(), Filled::Text("totp".into()))])
}

fn contacted(least: Assurance) -> Waiting {
    Agreed::new(least, false).contact().0
}

/// The server asks for a code, the person types one.
fn sent_code(waiting: Waiting, attempts: Option<u32>) -> Waiting {
    let Heard::Question(question) = waiting.hear(ask(code_form(), attempts, Delivery::Seen), 300)
    else {
        panic!("a code is asked for")
    };
    question.answered(&typed()).1
}

fn over(heard: Heard<()>) -> Reason {
    match heard {
        Heard::Over(reason, _) => reason,
        other => panic!("not over: {other:?}"),
    }
}

fn refused(waiting: Waiting, error: ServerError) -> Reason {
    over(waiting.hear(Step::<()>::Refused(error), 300))
}

fn problem(heard: Heard<()>) -> String {
    match heard {
        Heard::Question(question) => {
            question.problem.map(|text| text.as_str().to_owned()).unwrap_or_default()
        }
        other => panic!("not a question: {other:?}"),
    }
}

/// Digest §7.8 and §2.10-23, line by line.
#[test]
fn f2_every_refusal_of_a_server_has_its_outcome() {
    use crate::outcome::Outcome::{
        Expired, Locked, ProtocolError, RateLimited, RejectedByAs, Unreachable, Unsupported,
    };
    for (error, outcome) in [
        (ServerError::AccessDenied, RejectedByAs),
        (ServerError::Refused("invalid_scope".into()), RejectedByAs),
        (ServerError::Unreachable(String::new()), Unreachable),
        (ServerError::Expired, Expired),
        (ServerError::Locked, Locked),
        (ServerError::Throttled(900), RateLimited),
        (ServerError::RedirectToWeb, Unsupported),
        (ServerError::NoChallengeEndpoint, Unsupported),
        (ServerError::Unsupported(String::new()), Unsupported),
        (ServerError::ServerCannot(String::new()), Unsupported),
        (ServerError::Protocol(String::new()), ProtocolError),
    ] {
        assert_eq!(
            refused(contacted(Assurance::Gesture), error.clone()).outcome(),
            outcome,
            "{error:?}"
        );
    }
}

#[test]
fn f6_a_refusal_after_the_last_try_is_a_lock_and_otherwise_a_refusal() {
    let after = |attempts| {
        refused(sent_code(contacted(Assurance::Gesture), attempts), ServerError::AccessDenied)
    };
    assert_eq!(after(Some(1)), Reason::ServerLocked);
    assert_eq!(after(Some(2)), Reason::ServerRefused);
    assert_eq!(after(None), Reason::ServerRefused);
    let zero = contacted(Assurance::Gesture).hear(ask(code_form(), Some(0), Delivery::Seen), 300);
    assert_eq!(over(zero), Reason::ServerLocked, "no try left is not a prompt");
}

#[test]
fn a8_a_session_lost_twice_is_a_lock() {
    let lost = || Step::<()>::Refused(ServerError::InvalidSession);
    let Heard::StartAgain(again) = contacted(Assurance::Gesture).hear(lost(), 300) else {
        panic!("once")
    };
    assert_eq!(over(again.agreed().contact().0.hear(lost(), 300)), Reason::ServerLocked);
}

#[test]
fn t6_a_repeated_question_says_that_the_code_was_not_accepted_and_how_many_tries_are_left() {
    let again = |attempts| {
        let waiting = sent_code(contacted(Assurance::Gesture), None);
        problem(waiting.hear(ask(code_form(), attempts, Delivery::Seen), 300))
    };
    assert_eq!(again(Some(2)), "That code was not accepted. 2 tries are left.");
    assert_eq!(again(Some(1)), "That code was not accepted. One try is left.");
    assert_eq!(again(None), "That code was not accepted. Wait for a new one and try again.");
}

#[test]
fn t6_five_codes_are_enough_for_one_approval() {
    let mut waiting = contacted(Assurance::Gesture);
    for _ in 0..5 {
        waiting = sent_code(waiting, None);
    }
    assert_eq!(
        over(waiting.hear(ask(code_form(), None, Delivery::Seen), 300)),
        Reason::TooManyTries
    );
}

#[test]
fn a23_eight_exchanges_are_enough_for_one_approval() {
    let page = || form(&json!({"type":"object","properties":{"note":{"type":"string"}}}));
    let mut waiting = contacted(Assurance::Gesture);
    for _ in 1..8 {
        let Heard::Question(question) = waiting.hear(ask(page(), None, Delivery::Seen), 300) else {
            panic!("within the limit")
        };
        waiting = question.answered(&chosen()).1;
    }
    assert_eq!(waiting.round(), 8);
    assert_eq!(over(waiting.hear(ask(page(), None, Delivery::Seen), 300)), Reason::TooManyRounds);
}

#[test]
fn t5_after_a_broken_connection_the_person_hears_that_it_is_not_known() {
    let waiting = sent_code(contacted(Assurance::Gesture), None);
    let said = problem(waiting.hear(ask(code_form(), None, Delivery::Unconfirmed), 300));
    assert!(said.contains("did not confirm"), "{said}");
}

#[test]
fn f5_a_wait_beyond_the_requests_life_ends_it_and_a_shorter_one_is_said() {
    let throttled = |seconds| {
        sent_code(contacted(Assurance::Gesture), None)
            .hear(ask(code_form(), None, Delivery::Throttled(seconds)), 60)
    };
    assert!(problem(throttled(20)).contains("20 seconds"));
    match throttled(60) {
        Heard::Over(reason, wait) => {
            assert_eq!((reason, wait), (Reason::ServerThrottled, Some(60)))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_counts_as_verified_only_if_the_server_went_on() {
    let granted = || Step::<()>::Granted(Secret::new("c".into()));
    match sent_code(contacted(Assurance::Gesture), None).hear(granted(), 300) {
        Heard::Granted { assurance, method, .. } => {
            assert_eq!((assurance, method), (Assurance::Otp, Method::Totp))
        }
        other => panic!("{other:?}"),
    }
    // Wrong code, the question again, and then a grant that nobody earned.
    let waiting = sent_code(contacted(Assurance::Gesture), None);
    let Heard::Question(question) = waiting.hear(ask(code_form(), None, Delivery::Seen), 300)
    else {
        panic!()
    };
    match question.answered(&Values::default()).1.hear(granted(), 300) {
        Heard::Granted { assurance, .. } => assert_eq!(assurance, Assurance::Gesture),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_after_which_the_choice_is_shown_again_or_a_try_is_gone_is_not_verified() {
    let choice = || {
        form(&json!({"type":"object","properties":{"authenticator":{"type":"string",
            "enum":["totp"]}},"required":["authenticator"]}))
    };
    let note = || {
        form(&json!({"type":"object","properties":{"why":{"type":"string"}},"required":["why"]}))
    };
    for (next, before, after) in [(choice(), None, None), (note(), Some(3), Some(2))] {
        let waiting = sent_code(contacted(Assurance::Gesture), before);
        let Heard::Question(question) = waiting.hear(ask(next, after, Delivery::Seen), 300) else {
            panic!("it asks on")
        };
        let (_, waiting) = question.answered(&chosen());
        let code = Step::<()>::Granted(Secret::new("code".into()));
        match waiting.hear(code, 300) {
            Heard::Granted { assurance, .. } => assert_eq!(assurance, Assurance::Gesture),
            other => panic!("not granted: {other:?}"),
        }
    }
}

#[test]
fn a_grant_below_the_least_assurance_is_refused() {
    let granted = Step::<()>::Granted(Secret::new("c".into()));
    assert_eq!(over(contacted(Assurance::Otp).hear(granted, 300)), Reason::AssuranceUnreachable);
}

#[test]
fn t7_a_code_is_not_offered_where_a_passkey_is_demanded() {
    let heard = contacted(Assurance::Passkey).hear(ask(code_form(), None, Delivery::Seen), 300);
    assert_eq!(over(heard), Reason::AssuranceUnreachable);
}

#[test]
fn p10_only_authenticators_that_work_are_offered() {
    let offer = |values: &[&str]| {
        form(
            &json!({"type":"object","properties":{"authenticator":{"type":"string","enum":values}},"required":["authenticator"]}),
        )
    };
    let Heard::Question(question) = contacted(Assurance::Gesture)
        .hear(ask(offer(&["passkey", "totp"]), None, Delivery::Seen), 300)
    else {
        panic!("one is left")
    };
    let Kind::Choice { options, .. } = &question.challenge.form.fields[0].kind else {
        panic!("a choice")
    };
    assert_eq!(options.iter().map(|o| o.value.as_str()).collect::<Vec<_>>(), ["totp"]);
    // What was chosen at first stays so, and nothing else is.
    for (default, left) in [("totp", Some(0)), ("passkey", None)] {
        let mut schema = json!({"type":"object","properties":{"authenticator":{"type":"string",
            "enum":["passkey","totp"]}},"required":["authenticator"]});
        schema["properties"]["authenticator"]["default"] = json!(default);
        let Heard::Question(question) =
            contacted(Assurance::Gesture).hear(ask(form(&schema), None, Delivery::Seen), 300)
        else {
            panic!("one is left")
        };
        let Kind::Choice { default, .. } = &question.challenge.form.fields[0].kind else {
            panic!("a choice")
        };
        assert_eq!(*default, left);
    }
    let none =
        contacted(Assurance::Gesture).hear(ask(offer(&["passkey"]), None, Delivery::Seen), 300);
    assert_eq!(over(none), Reason::ChallengeUnsupported);
}

#[test]
fn p9_what_the_person_used_here_last_comes_first_and_only_what_can_work() {
    let choice = || {
        let options =
            json!([{"const": "totp", "title": "Code"}, {"const": "passkey", "title": "Passkey"}]);
        form(&json!({"type":"object","properties":{"authenticator":
            {"type":"string","oneOf": options}},"required":["authenticator"]}))
    };
    let offered = |passkeys: bool, least: Assurance, last: Option<Method>| -> Vec<String> {
        let waiting = Agreed::new(least, passkeys).used_last(last).contact().0;
        let Heard::Question(question) = waiting.hear(ask(choice(), None, Delivery::Seen), 300)
        else {
            panic!("a choice")
        };
        let Kind::Choice { options, .. } = &question.challenge.form.fields[0].kind else {
            panic!("a choice")
        };
        options.iter().map(|option| option.value.clone()).collect()
    };
    assert_eq!(offered(true, Assurance::Gesture, None), ["totp", "passkey"]);
    assert_eq!(offered(true, Assurance::Gesture, Some(Method::Passkey)), ["passkey", "totp"]);
    assert_eq!(offered(true, Assurance::Gesture, Some(Method::Totp)), ["totp", "passkey"]);
    assert_eq!(offered(false, Assurance::Gesture, Some(Method::Passkey)), ["totp"]);
    assert_eq!(offered(true, Assurance::Passkey, Some(Method::Totp)), ["passkey"]);
}
