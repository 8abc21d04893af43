//! The life of an `auth_session`, wrong codes, and the browser's part.

use serde_json::json;

use super::super::{Scenario, UrlEnd};
use super::Play;

#[tokio::test]
async fn a7_every_response_has_a_new_auth_session_of_256_bits() {
    let play = Play::of(Scenario::Single).await;
    let first = play.first().await.unwrap().session();
    let second = play.refresh(&first).await.session();
    let third = play.otp(&second, &play.stage.wrong_code()).await.session();
    for session in [&first, &second, &third] {
        // "as_" and 43 characters of base64url: 32 bytes.
        assert_eq!(session.len(), 46);
    }
    assert!(first != second && second != third && first != third);
}

#[tokio::test]
async fn a7_an_answer_needs_the_newest_auth_session() {
    let play = Play::of(Scenario::Single).await;
    let first = play.first().await.unwrap().session();
    let second = play.refresh(&first).await.session();
    let code = play.stage.code();
    assert_eq!(
        play.otp(&first, &code).await.error(),
        "invalid_session",
        "the previous one does not answer"
    );
    assert_eq!(play.otp(&second, &code).await.status, 200, "and the code was not looked at");
}

#[tokio::test]
async fn d_2_10_9_the_previous_value_refreshes_until_the_new_one_was_used() {
    let play = Play::of(Scenario::Single).await;
    let first = play.first().await.unwrap().session();
    // The answer to this was lost:
    let lost = play.refresh(&first).await.session();
    let second = play.refresh(&first).await.session();
    assert_eq!(play.refresh(&lost).await.error(), "invalid_session", "the lost value was replaced");
    let third = play.refresh(&second).await.session();
    assert_eq!(
        play.refresh(&first).await.error(),
        "invalid_session",
        "the second was used, so the first is dead"
    );
    assert_eq!(play.otp(&third, &play.stage.code()).await.status, 200);
}

#[tokio::test]
async fn d_2_10_9_a_refresh_after_a_hidden_success_returns_the_code() {
    let play = Play::of(Scenario::OtpResetConsumed).await;
    let session = play.first().await.unwrap().session();
    assert!(
        play.answer(&session, json!({"otp": play.stage.code()})).await.is_err(),
        "the connection is reset"
    );
    let learned = play.refresh(&session).await;
    let code = learned.json()["authorization_code"].as_str().unwrap().to_owned();
    assert_eq!(
        play.refresh(&session).await.json()["authorization_code"],
        json!(code),
        "the same one, as often as asked"
    );
    assert_eq!(play.token(&code, &[]).await.status, 200);
    assert_eq!(
        play.refresh(&session).await.error(),
        "invalid_session",
        "not after it was redeemed"
    );
    assert_eq!(play.stage.counts().codes, 1);
}

#[tokio::test]
async fn d_2_10_9_a_hidden_wrong_answer_is_seen_at_the_refresh_as_still_waiting() {
    let play = Play::of(Scenario::OtpResetUnconsumed).await;
    let session = play.first().await.unwrap().session();
    let code = play.stage.code();
    assert!(play.answer(&session, json!({"otp": code})).await.is_err());
    let waiting = play.refresh(&session).await;
    assert_eq!(waiting.error(), "insufficient_authorization");
    assert_eq!(
        play.otp(&waiting.session(), &code).await.status,
        200,
        "the code was never looked at"
    );
    assert_eq!(
        play.stage.journal().sent_twice().len(),
        1,
        "and the journal knows that it came twice"
    );
}

#[tokio::test]
async fn fixture_2_two_wrong_codes_then_the_right_one() {
    let play = Play::of(Scenario::Single).await;
    let mut session = play.first().await.unwrap().session();
    for left in [4, 3] {
        let again = play.otp(&session, &play.stage.wrong_code()).await;
        assert_eq!(again.error(), "insufficient_authorization");
        assert_eq!(again.json()["elicitations"][0]["attempts_remaining"], json!(left));
        session = again.session();
    }
    assert_eq!(play.otp(&session, &play.stage.code()).await.status, 200);
    assert_eq!((play.stage.counts().wrong, play.stage.counts().right), (2, 1));
}

#[tokio::test]
async fn t9_a_code_is_refused_the_second_time_over_http_too() {
    let play = Play::of(Scenario::Single).await;
    let code = play.stage.code();
    let session = play.first().await.unwrap().session();
    assert_eq!(play.otp(&session, &code).await.status, 200);
    let again = play.first().await.unwrap().session();
    assert_eq!(
        play.otp(&again, &code).await.error(),
        "insufficient_authorization",
        "another session, the same code"
    );
    assert_eq!(play.stage.counts().replayed, 1);
}

#[tokio::test]
async fn f6_five_wrong_codes_over_several_sessions_lock_the_account() {
    let play = Play::of(Scenario::Single).await;
    for _ in 0..4 {
        let session = play.first().await.unwrap().session();
        assert_eq!(
            play.otp(&session, &play.stage.wrong_code()).await.error(),
            "insufficient_authorization"
        );
    }
    let session = play.first().await.unwrap().session();
    assert_eq!(play.otp(&session, &play.stage.wrong_code()).await.error(), "access_denied");
    assert_eq!(
        play.first().await.unwrap().error(),
        "access_denied",
        "no new session gives new attempts"
    );
    play.stage.unlock();
    assert_eq!(play.first().await.unwrap().error(), "insufficient_authorization");
}

#[tokio::test]
async fn f4_a_challenge_expires() {
    let play = Play::of(Scenario::ExpiresSoon).await;
    let first = play.first().await.unwrap();
    assert_eq!(first.json()["elicitations"][0]["expires_in"], json!(2));
    play.stage.advance(3);
    assert_eq!(play.otp(&first.session(), &play.stage.code()).await.error(), "expired_token");
}

#[tokio::test]
async fn fixture_17_a_url_is_polled_until_the_page_was_confirmed() {
    let play = Play::of(Scenario::UrlMode).await;
    let first = play.first().await.unwrap();
    let entry = first.json()["elicitations"][0].clone();
    assert_eq!(entry["mode"], json!("url"));
    let url = entry["url"].as_str().unwrap();
    assert!(!url.contains(&first.session()), "a25: no auth_session in a URL");
    let waiting = play.refresh(&first.session()).await;
    assert_eq!(waiting.json()["elicitations"][0], entry, "the unchanged entry means still waiting");
    let refused = play.form(url, &[("otp", play.stage.wrong_code())]).await.unwrap();
    assert!(refused.text.contains("not right"));
    assert!(
        play.form(url, &[("otp", play.stage.code())]).await.unwrap().text.contains("Thank you")
    );
    assert_eq!(play.refresh(&waiting.session()).await.status, 200);
}

#[tokio::test]
async fn fixture_17_polls_may_be_told_to_slow_down_and_a_page_may_be_refused() {
    let play = Play::of(Scenario::UrlPending).await;
    let first = play.first().await.unwrap();
    let slow = play.refresh(&first.session()).await;
    assert_eq!((slow.error().as_str(), &slow.json()["interval"]), ("slow_down", &json!(5)));
    let pending = play.refresh(&slow.session()).await;
    assert_eq!(pending.error(), "authorization_pending");
    assert_eq!(play.stage.end_pages(UrlEnd::Denied), 1);
    assert_eq!(play.refresh(&pending.session()).await.error(), "access_denied");
}

#[tokio::test]
async fn fixture_8_a_request_uri_leads_through_the_browser_to_a_code() {
    let play = Play::of(Scenario::WebWithRequestUri).await;
    let mut parameters = play.parameters();
    parameters.push(("redirect_uri", "http://127.0.0.1:49152/back".to_owned()));
    parameters.push(("state", "st-1".to_owned()));
    let answer = play.form(&play.at("/challenge"), &parameters).await.unwrap();
    assert_eq!(
        (answer.error().as_str(), &answer.json()["expires_in"]),
        ("redirect_to_web", &json!(60))
    );
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "placet")
        .append_pair("request_uri", answer.json()["request_uri"].as_str().unwrap())
        .finish();
    let page = format!("{}?{query}", play.at("/authorize"));
    assert!(play.send(play.http.get(&page)).await.unwrap().text.contains("name=\"otp\""));
    let back = play.form(&page, &[("otp", play.stage.code())]).await.unwrap();
    assert_eq!(back.status, 303);
    let place = url::Url::parse(back.header("location")).unwrap();
    let pairs: std::collections::HashMap<_, _> = place.query_pairs().into_owned().collect();
    assert_eq!((pairs["state"].as_str(), pairs["iss"].as_str()), ("st-1", play.stage.issuer()));
    let code = pairs["code"].as_str();
    assert_eq!(
        play.form(&page, &[("otp", play.stage.code())]).await.unwrap().status,
        400,
        "a request_uri is good once"
    );
    let token = play.token(code, &[("redirect_uri", "http://127.0.0.1:49152/back")]).await;
    assert_eq!(token.status, 200, "a19: the web path names its redirect_uri: {token:?}");
}
