//! `placet-fipa` when the network or the server fails in the middle: what has no secret in it is
//! tried again, a secret is sent once, and the state is asked for instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fipa_support;

use std::time::Duration;

use fipa_support::{Run, granted, options, question, refused};
use placet_core::ports::{Delivery, ServerError};
use placet_fipa::ClientOptions;
use placet_stage::server::{Config, Scenario};

/// A client that waits for an answer no longer than this.
async fn impatient(scenario: Scenario) -> Run {
    let options = ClientOptions { request_timeout: Duration::from_millis(400), ..options() };
    Run::start(Config { scenario, ..Config::default() }, options).await
}

#[tokio::test]
async fn f3_f5_the_first_request_is_tried_again_after_trouble_that_passes() {
    for scenario in [
        Scenario::Initial500Once,
        Scenario::InitialResetOnce,
        Scenario::Initial503Once,
        Scenario::InitialTooMany,
    ] {
        let run = Run::with(scenario).await;
        question(run.begin().await);
        assert_eq!(run.contacts(), 2, "{scenario}");
    }
}

#[tokio::test]
async fn f3_the_first_request_is_tried_three_times_and_no_more() {
    for scenario in [Scenario::Initial500, Scenario::InitialReset, Scenario::Truncated] {
        let run = Run::with(scenario).await;
        let error = refused(run.begin().await);
        assert!(matches!(error, ServerError::Unreachable(_)), "{scenario}: {error:?}");
        assert_eq!(run.contacts(), 3, "{scenario}");
    }
}

#[tokio::test]
async fn f3_a_server_that_never_answers_is_given_up() {
    let run = impatient(Scenario::InitialHold).await;
    question(run.begin().await);
    assert_eq!(run.contacts(), 2, "the stage holds only the first request");
}

/// Fixture 24: the code was used up, only the answer is lost.
#[tokio::test]
async fn t5_a_code_whose_answer_was_lost_is_not_sent_again_and_the_grant_is_fetched() {
    for scenario in
        [Scenario::Otp500Consumed, Scenario::OtpResetConsumed, Scenario::OtpHoldConsumed]
    {
        let run = impatient(scenario).await;
        let challenge = run.question().await;
        let code = run.stage.code();
        granted(run.answer(challenge, &[("otp", &code)]).await);
        assert_eq!(run.stage.journal().carrying(&code), 1, "{scenario}");
        let sent = run.follow_ups();
        assert_eq!(sent.len(), 2, "{scenario}");
        assert!(sent[1].get("response").is_none(), "{scenario}: a refresh carries no answer");
    }
}

/// Fixture 24: the server never looked.
#[tokio::test]
async fn t5_a_code_that_was_not_looked_at_may_be_typed_again_by_the_person_only() {
    for scenario in [
        Scenario::Otp500Unconsumed,
        Scenario::Otp503Unconsumed,
        Scenario::OtpResetUnconsumed,
        Scenario::OtpHoldUnconsumed,
    ] {
        let run = impatient(scenario).await;
        let challenge = run.question().await;
        let code = run.stage.code();
        let again = question(run.answer(challenge, &[("otp", &code)]).await);
        assert_eq!(again.last, Delivery::Unconfirmed, "{scenario}");
        assert_eq!(run.stage.journal().carrying(&code), 1, "{scenario}");
        granted(run.answer(again, &[("otp", &code)]).await);
    }
}

#[tokio::test]
async fn t5_f3_a_server_that_goes_down_with_the_code_is_unreachable_and_got_it_once() {
    let run = Run::with(Scenario::OtpDownAfter).await;
    let challenge = run.question().await;
    let code = run.stage.code();
    let error = refused(run.answer(challenge, &[("otp", &code)]).await);
    assert!(matches!(error, ServerError::Unreachable(_)), "{error:?}");
    assert_eq!(run.stage.journal().carrying(&code), 1);
}

#[tokio::test]
async fn t5_a_connection_that_was_refused_before_the_code_was_written_is_unreachable() {
    let run = Run::with(Scenario::Single).await;
    let challenge = run.question().await;
    let Run { stage, client, .. } = run;
    let code = stage.code();
    drop(stage);
    let values = fipa_support::filled(&challenge.form, &[("otp", &code)]);
    let step = placet_core::ports::Servers::answer(&client, challenge.session, values).await;
    assert!(matches!(refused(step), ServerError::Unreachable(_)));
}

#[tokio::test]
async fn f5_a_429_gives_the_question_back_with_the_wait_and_the_code_is_not_resent() {
    for (scenario, least, most) in [
        (Scenario::TooManySeconds, 1, 1),
        (Scenario::TooManyDate, 1, 3),
        (Scenario::TooManyBare, 1, 10),
        (Scenario::TooManyForever, 3600, 3600),
    ] {
        let run = Run::with(scenario).await;
        let first = run.question().await;
        let (message, form) = (first.message.clone(), first.form.clone());
        let code = run.stage.code();
        let again = question(run.answer(first, &[("otp", &code)]).await);
        let Delivery::Throttled(wait) = again.last else { panic!("{scenario}: {again:?}") };
        assert!((least..=most).contains(&wait), "{scenario}: {wait} s");
        assert_eq!((&again.message, &again.form), (&message, &form), "{scenario}");
        assert_eq!(run.stage.journal().carrying(&code), 1, "{scenario}");
        assert_eq!(run.contacts(), 2, "{scenario}: nothing else was sent");
        if scenario != Scenario::TooManyForever {
            granted(run.answer(again, &[("otp", &code)]).await);
        }
    }
}

#[tokio::test]
async fn s13_dropping_the_answer_closes_its_connection() {
    let run = Run::with(Scenario::OtpHoldUnconsumed).await;
    let challenge = run.question().await;
    let code = run.stage.code();
    {
        let typed = [("otp", code.as_str())];
        let answer = run.answer(challenge, &typed);
        let held = run.stage.wait_for(|journal| journal.to("/challenge").count() == 2);
        tokio::select! {
            step = answer => panic!("the stage holds it: {step:?}"),
            _ = held => {}
        }
    }
    let left = run.stage.wait_for(|journal| {
        journal.entries.iter().any(|e| e.fate == placet_stage::server::Fate::ClientLeft)
    });
    tokio::time::timeout(Duration::from_secs(5), left).await.expect("the connection was closed");
}
