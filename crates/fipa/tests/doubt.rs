//! Trouble that no well-meant server makes, written down byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canned;

use std::pin::pin;
use std::time::Duration;

use canned::{Canned, challenge, json, metadata, options, question, refused, with_header};
use placet_core::form::{Filled, Values};
use placet_core::ports::{Delivery, ServerError, Servers as _, Step};
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions};

const CHOICE: &str = r#"{"authenticator":{"type":"string","enum":["totp","push"]}}"#;
const OTHER_CHOICE: &str = r#"{"authenticator":{"type":"string","enum":["push","totp"]}}"#;
const OTP: &str = r#"{"otp":{"type":"string"}}"#;

fn chosen() -> Values {
    Values(vec![("authenticator".into(), Filled::Text("totp".into()))])
}

fn typed() -> Values {
    Values(vec![("otp".into(), Filled::Secret(Secret::new("287082".into())))])
}

#[tokio::test]
async fn f3_a_choice_in_doubt_is_sent_once_more_if_the_same_is_still_asked() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_1", CHOICE),
        3 => None,
        4 => challenge("as_2", CHOICE),
        _ => challenge("as_3", OTP),
    })
    .await;
    let client = Client::new(options());
    let choice = question(canned.begin(&client).await);
    let otp = question(client.answer(choice.session, chosen()).await);
    assert!(otp.form.asks_secret());
    assert_eq!(otp.last, Delivery::Seen);
    let bodies: Vec<_> = canned.contacts().into_iter().skip(1).map(|h| h.body).collect();
    assert_eq!(
        bodies,
        [
            r#"{"auth_session":"as_1","client_id":"placet","response":{"authenticator":"totp"}}"#,
            r#"{"auth_session":"as_1","client_id":"placet"}"#,
            r#"{"auth_session":"as_2","client_id":"placet","response":{"authenticator":"totp"}}"#,
        ],
        "A7: the refresh brought a new auth_session"
    );
}

#[tokio::test]
async fn f3_a_choice_in_doubt_is_not_sent_again_when_the_question_changed() {
    for (second, last) in [(OTHER_CHOICE, Delivery::Unconfirmed), (OTP, Delivery::Seen)] {
        let canned = Canned::http(move |origin, number, _| match number {
            1 => metadata(origin),
            2 => challenge("as_1", CHOICE),
            3 => json(503, "{}"),
            _ => challenge("as_2", second),
        })
        .await;
        let client = Client::new(options());
        let choice = question(canned.begin(&client).await);
        let next = question(client.answer(choice.session, chosen()).await);
        assert_eq!(next.last, last, "{second}");
        assert_eq!(canned.contacts().len(), 3, "{second}");
    }
}

#[tokio::test]
async fn t5_a_code_in_doubt_is_taken_as_seen_when_the_server_asks_something_else() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_1", OTP),
        3 => None,
        _ => challenge("as_2", CHOICE),
    })
    .await;
    let client = Client::new(options());
    let otp = question(canned.begin(&client).await);
    let next = question(client.answer(otp.session, typed()).await);
    assert_eq!(next.last, Delivery::Seen);
    assert_eq!(canned.heard().iter().filter(|h| h.body.contains("287082")).count(), 1);
}

#[tokio::test]
async fn t5_a_server_that_knows_no_refresh_has_not_refused_and_the_code_was_sent_once() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_1", OTP),
        3 => None,
        _ => json(400, r#"{"error":"invalid_request"}"#),
    })
    .await;
    let client = Client::new(options());
    let otp = question(canned.begin(&client).await);
    let error = refused(client.answer(otp.session, typed()).await);
    assert!(matches!(error, ServerError::Unreachable(_)), "{error:?}");
    assert_eq!(canned.heard().iter().filter(|h| h.body.contains("287082")).count(), 1);
}

#[tokio::test]
async fn t5_half_an_answer_is_doubt_and_not_a_grant() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_1", OTP),
        3 => Some("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"authorization_code\":\"c\"}".into()),
        _ => json(400, r#"{"error":"access_denied"}"#),
    })
    .await;
    let client = Client::new(options());
    let otp = question(canned.begin(&client).await);
    assert_eq!(refused(client.answer(otp.session, typed()).await), ServerError::AccessDenied);
}

#[tokio::test]
async fn a7_a_429_may_bring_a_new_auth_session_which_the_next_answer_carries() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_1", OTP),
        3 => json(429, r#"{"auth_session":"as_2"}"#),
        _ => json(200, r#"{"authorization_code":"c"}"#),
    })
    .await;
    let client = Client::new(options());
    let otp = question(canned.begin(&client).await);
    let again = question(client.answer(otp.session, typed()).await);
    assert!(matches!(again.last, Delivery::Throttled(_)));
    assert!(matches!(client.answer(again.session, typed()).await, Step::Granted(_)));
    assert!(canned.contacts()[2].body.contains("as_2"));
}

#[tokio::test]
async fn f5_a_long_429_on_a_request_without_a_secret_is_not_waited_for() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        _ => with_header(429, "retry-after: 3600", ""),
    })
    .await;
    let error = refused(canned.begin(&Client::new(options())).await);
    assert_eq!(error, ServerError::Throttled(3600));
    assert_eq!(canned.contacts().len(), 1);
}

#[tokio::test]
async fn a1_openid_discovery_is_asked_second_and_only_if_the_first_place_has_nothing() {
    for first in [
        json(404, "{}"),
        with_header(302, "location: /login", ""),
        with_header(200, "content-type: text/html", "<html>"),
    ] {
        let canned = Canned::http(move |origin, number, _| match number {
            1 => first.clone(),
            _ => metadata(origin),
        })
        .await;
        let found = Client::new(options()).metadata(&canned.origin, true).await;
        assert!(found.is_ok(), "{found:?}");
        let lines: Vec<_> = canned.heard().into_iter().map(|h| h.line).collect();
        assert_eq!(
            lines,
            [
                "GET /.well-known/oauth-authorization-server HTTP/1.1",
                "GET /.well-known/openid-configuration HTTP/1.1"
            ]
        );
    }
    let canned = Canned::http(|_, _, _| metadata("https://evil.example")).await;
    let refused = Client::new(options()).metadata(&canned.origin, true).await;
    assert!(matches!(refused, Err(ServerError::Protocol(_))), "{refused:?}");
    assert_eq!(canned.heard().len(), 1, "a wrong issuer is not looked for elsewhere");
}

#[tokio::test]
async fn t5_a_connection_that_was_never_made_is_tried_once_more_and_the_code_arrives_once() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        _ => challenge("as_1", OTP),
    })
    .await;
    let pause = Duration::from_secs(2);
    let client = Client::new(ClientOptions { pauses: [pause, pause], ..options() });
    let otp = question(canned.begin(&client).await);
    let port = canned.stop().await;
    let mut answer = pin!(client.answer(otp.session, typed()));
    // The first try is refused within this time, and then the pause is on.
    assert!(tokio::time::timeout(pause / 4, &mut answer).await.is_err(), "it tries again");
    let back = Canned::http_at(port, |_, _, _| json(200, r#"{"authorization_code":"c"}"#)).await;
    assert!(matches!(answer.await, Step::Granted(_)));
    assert_eq!(back.contacts().len(), 1);
}

#[tokio::test]
async fn a25_an_error_never_names_the_address_or_what_was_sent() {
    let canned = Canned::http(|origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_secret", OTP),
        _ => None,
    })
    .await;
    let client = Client::new(options());
    let otp = question(canned.begin(&client).await);
    let error = refused(client.answer(otp.session, typed()).await);
    let said = format!("{error:?} {error}");
    for hidden in ["as_secret", "287082", "/ace", "localhost"] {
        assert!(!said.contains(hidden), "{said}");
    }
}
