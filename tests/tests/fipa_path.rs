//! `placet-fipa` with a server that keeps to its protocol, in every way in which it may.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fipa_support;

use fipa_support::{DETAILS, Run, VERIFIER, granted, options, question};
use placet_core::ports::{Delivery, ServerError, Servers as _, Step};
use placet_stage::server::{Config, Scenario};

/// POSTs a form and reads JSON, as the requester would.
async fn redeem(endpoint: &str, code: &str, client_id: &str) -> serde_json::Value {
    let body = format!(
        "grant_type=authorization_code&code={code}&client_id={client_id}&code_verifier={VERIFIER}"
    );
    let answer = reqwest::Client::new()
        .post(endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .expect("the token endpoint answers");
    serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
}

#[tokio::test]
async fn a3_a4_a5_a6_a7_from_the_selection_to_a_code_that_only_the_verifier_redeems() {
    let run = Run::with(Scenario::Selection).await;
    let choice = run.question().await;
    assert!(choice.form.is_choice());
    let otp = question(run.answer(choice, &[("authenticator", "totp")]).await);
    assert!(otp.form.asks_secret());
    assert_eq!(otp.last, Delivery::Seen);
    let code = granted(run.answer_right(otp).await);

    let journal = run.stage.journal();
    let sent: Vec<_> = journal.to("/challenge").collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = sent[0].form();
    let value = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(value("response_type"), Some("code"));
    assert_eq!(value("client_id"), Some("placet"));
    assert_eq!(value("authorization_details"), Some(DETAILS), "byte for byte");
    assert_eq!(value("scope"), Some("deploy"));
    assert_eq!(value("max_age"), Some("300"));
    assert_eq!(value("login_hint"), Some("sam@example.com"));
    assert_eq!(value("code_challenge_method"), Some("S256"));
    for later in &sent[1..] {
        assert_eq!(later.header("content-type"), Some("application/json"));
        let body = later.json().expect("JSON");
        let members: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["auth_session", "client_id", "response"]);
    }
    let sessions: Vec<_> =
        run.follow_ups().iter().map(|body| body["auth_session"].to_string()).collect();
    assert_ne!(sessions[0], sessions[1], "the newest value is sent");

    let token = run.client.metadata(run.stage.issuer(), true).await.expect("metadata");
    let token = token.token_endpoint().expect("a token endpoint").to_owned();
    let redeemed = redeem(&token, code.expose(), "placet").await;
    assert!(redeemed["access_token"].is_string(), "{redeemed}");
}

#[tokio::test]
async fn a14_a25_no_dpop_proof_is_sent_and_no_secret_is_in_a_url_or_header() {
    let run = Run::with(Scenario::Single).await;
    let otp = run.stage.code();
    let question = run.question().await;
    let code = granted(run.answer(question, &[("otp", &otp)]).await);
    let session = run.follow_ups()[0]["auth_session"].as_str().expect("text").to_owned();
    for entry in run.stage.journal().entries {
        assert_eq!(entry.header("dpop"), None);
        for secret in [otp.as_str(), code.expose(), session.as_str()] {
            assert!(!entry.path.contains(secret), "{}", entry.path);
            assert!(entry.headers.iter().all(|(_, value)| !value.contains(secret)));
        }
        assert_eq!(entry.header("cookie"), None);
        assert_eq!(entry.header("referer"), None);
    }
}

#[tokio::test]
async fn a7_a9_a10_a26_every_well_behaved_server_ends_in_a_code() {
    for scenario in [
        Scenario::Single,
        Scenario::OmitsSessionLater,
        Scenario::NoRotation,
        Scenario::ExtraMembers,
        Scenario::Status401,
        Scenario::Status403,
        Scenario::VendorJson,
        Scenario::PlainAna,
        Scenario::Negotiated,
        Scenario::NoMode,
        Scenario::OtpWithDefault,
        Scenario::FormOrUrl,
        Scenario::HostileText,
        Scenario::Approval,
        Scenario::Narrowed,
    ] {
        let run = Run::with(scenario).await;
        let mut step = run.begin().await;
        for _ in 0..3 {
            let Step::Challenged(challenge) = step else { break };
            let code = run.stage.code();
            step = run.answer(challenge, &[("authenticator", "totp"), ("otp", &code)]).await;
        }
        assert!(matches!(step, Step::Granted(_)), "{scenario}: {step:?}");
        assert!(run.stage.journal().sent_twice().is_empty(), "{scenario}");
    }
}

#[tokio::test]
async fn t1_a_code_is_asked_for_and_answered_under_any_name() {
    for (scenario, name) in
        [(Scenario::OtpOtherName, "totp_code"), (Scenario::OtpSensitive, "answer")]
    {
        let run = Run::with(scenario).await;
        let question = run.question().await;
        assert!(question.form.asks_secret(), "{scenario}");
        let code = run.stage.code();
        granted(run.answer(question, &[(name, &code)]).await);
    }
}

#[tokio::test]
async fn a6_several_fields_and_two_merged_forms_are_answered_in_one_response() {
    let run = Run::with(Scenario::MergedForms).await;
    let code = run.stage.code();
    let question = run.question().await;
    assert_eq!(question.form.fields.len(), 2);
    granted(run.answer(question, &[("otp", &code), ("reason", "a \"release\"\\")]).await);
    let sent = run.follow_ups();
    assert_eq!(sent[0]["response"]["reason"], "a \"release\"\\");
    assert!(sent[0].get("elicitation_id").is_none());

    let run = Run::with(Scenario::FormKinds).await;
    let code = run.stage.code();
    let question = run.question().await;
    granted(
        run.answer(
            question,
            &[("otp", &code), ("reason", "release"), ("ratio", "0.5"), ("rooms", "b,a")],
        )
        .await,
    );
    let sent = run.follow_ups();
    assert_eq!(
        sent[0]["response"],
        serde_json::json!({"channel":"none","otp":code,"reason":"release","amount":1,"ratio":0.5,"notify":true,
            "days":["mon","tue"],"rooms":["a","b"]})
    );
}

#[tokio::test]
async fn a6_the_id_of_an_entry_comes_back() {
    let run = Run::with(Scenario::EntryId).await;
    let question = run.question().await;
    granted(run.answer_right(question).await);
    assert_eq!(run.follow_ups()[0]["elicitation_id"], "entry-7f3a");
}

#[tokio::test]
async fn t6_a_wrong_code_brings_the_question_again_with_what_is_left() {
    let run = Run::with(Scenario::Single).await;
    let first = run.question().await;
    let wrong = run.stage.wrong_code();
    let second = question(run.answer(first, &[("otp", &wrong)]).await);
    assert_eq!((second.attempts_remaining, second.last), (Some(4), Delivery::Seen));
    granted(run.answer_right(second).await);
    let run = Run::with(Scenario::RefusesTwo).await;
    let mut step = run.begin().await;
    for left in [None, Some(()), Some(())] {
        let again = question(step);
        assert_eq!(again.attempts_remaining.map(|_| ()), left);
        let code = run.stage.code();
        step = run.answer(again, &[("otp", &code)]).await;
    }
    granted(step);
}

#[tokio::test]
async fn a24_a_decline_or_cancel_is_told_only_to_a_server_that_lists_it() {
    for (scenario, declined, action) in [
        (Scenario::Single, true, Some("decline")),
        (Scenario::Single, false, Some("cancel")),
        (Scenario::NoActions, true, None),
        (Scenario::PlainAna, false, None),
    ] {
        let run = Run::with(scenario).await;
        let question = run.question().await;
        run.client.leave(question.session, declined).await;
        let sent = run.follow_ups();
        assert_eq!(sent.len(), usize::from(action.is_some()), "{scenario}");
        if let (Some(sent), Some(action)) = (sent.first(), action) {
            assert_eq!(sent["action"], action);
            assert!(sent.get("response").is_none());
        }
    }
}

#[tokio::test]
async fn a_code_on_the_very_first_request_is_granted() {
    let run = Run::with(Scenario::CodeAtOnce).await;
    granted(run.begin().await);
    assert_eq!(run.contacts(), 1);
}

#[tokio::test]
async fn a1_metadata_are_found_below_a_path_and_fetched_once() {
    let config = Config {
        scenario: Scenario::Single,
        issuer_path: Some("tenant".into()),
        ..Config::default()
    };
    let run = Run::start(config, options()).await;
    assert!(run.stage.issuer().ends_with("/tenant"));
    question(run.begin().await);
    question(run.begin().await);
    let journal = run.stage.journal();
    let asked: Vec<_> =
        journal.entries.iter().filter(|e| e.path.contains("well-known")).map(|e| &e.path).collect();
    assert_eq!(asked, ["/.well-known/oauth-authorization-server/tenant"]);
}

#[tokio::test]
async fn f4_the_seconds_that_a_server_waits_are_passed_on() {
    let run = Run::with(Scenario::ExpiresSoon).await;
    assert_eq!(run.question().await.expires_in, Some(2));
}

/// Fixture 25: fewer whole entries are less than the person saw; a changed entry is another one.
#[tokio::test]
async fn f1_an_approval_may_hold_fewer_entries_and_no_changed_one() {
    let run = Run::with(Scenario::NarrowedApproval).await;
    let two = format!(
        "{},{{\"type\":\"tool_call\",\"tool\":\"notify\"}}]",
        DETAILS.trim_end_matches(" ]")
    );
    let mut asked = run.asked();
    asked.authorization_details = serde_json::from_str(&two).expect("JSON");
    asked.authorization_details_raw = Some(two);
    let challenge = question(run.client.begin(&run.server, &asked, false).await);
    granted(run.answer_right(challenge).await);
    let changed = run.begin().await;
    assert!(matches!(changed, Step::Refused(ServerError::Unsupported(_))), "{changed:?}");
}
