//! `placet-fipa` with servers that misbehave: each ends as the digest says, nothing is approved,
//! and no request goes where it must not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fipa_support;

use fipa_support::{Run, options, question, refused};
use placet_core::ports::{ServerError, Servers as _, Step};
use placet_fipa::{Client, ClientOptions};
use placet_stage::server::Scenario;

/// The kind of a refusal, for tables.
fn kind(error: &ServerError) -> &'static str {
    match error {
        ServerError::Unreachable(_) => "unreachable",
        ServerError::Proxy(_) => "proxy",
        ServerError::AccessDenied => "access_denied",
        ServerError::InvalidSession => "invalid_session",
        ServerError::Expired => "expired",
        ServerError::Locked => "locked",
        ServerError::Refused(_) => "refused",
        ServerError::Throttled(_) => "throttled",
        ServerError::RedirectToWeb => "web",
        ServerError::NoChallengeEndpoint => "no endpoint",
        ServerError::NoPasskeysEndpoint => "no passkeys endpoint",
        ServerError::Unsupported(_) => "unsupported",
        ServerError::ServerCannot(_) => "cannot",
        ServerError::Protocol(_) => "protocol",
        ServerError::Suspicious(..) => "suspicious",
    }
}

#[tokio::test]
async fn a1_a2_bad_metadata_end_it_before_the_first_contact() {
    for (scenario, expected) in [
        (Scenario::IssuerMismatch, "protocol"),
        (Scenario::IssuerSlash, "protocol"),
        (Scenario::MetadataMissing, "unreachable"),
        (Scenario::MetadataRedirect, "protocol"),
        (Scenario::MetadataNotJson, "protocol"),
        (Scenario::MetadataOversized, "protocol"),
        (Scenario::MetadataForeign, "protocol"),
        (Scenario::NoChallengeEndpoint, "no endpoint"),
    ] {
        let run = Run::with(scenario).await;
        let error = refused(run.begin().await);
        assert_eq!(kind(&error), expected, "{scenario}: {error:?}");
        assert_eq!(run.contacts(), 0, "{scenario}");
        let elsewhere = run.stage.journal().entries.iter().any(|e| !e.path.contains("well-known"));
        assert!(!elsewhere, "{scenario}: no redirect is followed");
    }
}

#[tokio::test]
async fn f1_f2_a8_a9_a10_a11_a12_a14_a23_a_bad_first_answer_ends_it() {
    for (scenario, expected) in [
        (Scenario::Overlapping, "protocol"),
        (Scenario::NoSession, "protocol"),
        (Scenario::ZeroEntries, "unsupported"),
        (Scenario::NoEntries, "unsupported"),
        (Scenario::UnknownMode, "protocol"),
        (Scenario::NestedSchema, "protocol"),
        (Scenario::RefSchema, "protocol"),
        (Scenario::AllOfSchema, "protocol"),
        (Scenario::ObjectArraySchema, "unsupported"),
        (Scenario::RequiredMissing, "protocol"),
        (Scenario::EnumNamesShort, "protocol"),
        (Scenario::UrlMode, "unsupported"),
        (Scenario::TwoUrls, "unsupported"),
        (Scenario::Redirects, "protocol"),
        (Scenario::Redirects307, "protocol"),
        (Scenario::WrongType, "protocol"),
        (Scenario::NoType, "protocol"),
        (Scenario::NotJson, "protocol"),
        (Scenario::EmptyBody, "protocol"),
        (Scenario::EndlessBody, "protocol"),
        (Scenario::Oversized, "protocol"),
        (Scenario::Deep, "protocol"),
        (Scenario::ManyEntries, "protocol"),
        (Scenario::ManyProperties, "protocol"),
        (Scenario::LongString, "protocol"),
        (Scenario::DuplicateMembers, "protocol"),
        (Scenario::ErrorNotString, "protocol"),
        (Scenario::ApprovalForeign, "protocol"),
        (Scenario::WebWithRequestUri, "web"),
        (Scenario::WebWithoutRequestUri, "web"),
        (Scenario::ServerError, "unreachable"),
        (Scenario::Unavailable, "unreachable"),
        (Scenario::AccessDenied, "access_denied"),
        (Scenario::InvalidClient, "refused"),
        (Scenario::Unmet, "cannot"),
        (Scenario::MissingInteraction, "cannot"),
        (Scenario::OwnError, "refused"),
        (Scenario::DpopNonce, "unsupported"),
        (Scenario::DpopNonceForever, "unsupported"),
    ] {
        let run = Run::with(scenario).await;
        let error = refused(run.begin().await);
        assert_eq!(kind(&error), expected, "{scenario}: {error:?}");
        assert_eq!(run.contacts(), 1, "{scenario}");
        let paths: Vec<_> = run.stage.journal().entries.into_iter().map(|e| e.path).collect();
        assert!(
            paths.iter().all(|p| p.contains("well-known") || p.ends_with("/challenge")),
            "{scenario}: {paths:?}"
        );
    }
}

#[tokio::test]
async fn f1_f4_f6_a8_a11_a_bad_answer_to_a_right_code_grants_nothing() {
    for (scenario, expected) in [
        (Scenario::AccessToken, "protocol"),
        (Scenario::CodeAndAccessToken, "protocol"),
        (Scenario::WebAfterOtp, "web"),
        (Scenario::InvalidSessionOnce, "invalid_session"),
        (Scenario::ExpiredToken, "expired"),
        (Scenario::OtpServerError, "unreachable"),
    ] {
        let run = Run::with(scenario).await;
        let challenge = run.question().await;
        let error = refused(run.answer_right(challenge).await);
        assert_eq!(kind(&error), expected, "{scenario}: {error:?}");
        assert_eq!(run.contacts(), 2, "{scenario}: nothing is sent again");
    }
}

#[tokio::test]
async fn f2_f6_a_bad_answer_to_a_wrong_code_grants_nothing() {
    for (scenario, expected) in [
        (Scenario::ZeroAttempts, "locked"),
        (Scenario::WrongEndsSession, "invalid_session"),
        (Scenario::HostileDescription, "access_denied"),
    ] {
        let run = Run::with(scenario).await;
        let challenge = run.question().await;
        let wrong = run.stage.wrong_code();
        let error = refused(run.answer(challenge, &[("otp", &wrong)]).await);
        assert_eq!(kind(&error), expected, "{scenario}: {error:?}");
    }
}

#[tokio::test]
async fn f10_a_servers_words_for_developers_are_not_in_the_error() {
    let run = Run::with(Scenario::HostileDescription).await;
    let challenge = run.question().await;
    let wrong = run.stage.wrong_code();
    let error = refused(run.answer(challenge, &[("otp", &wrong)]).await);
    assert_eq!(error, ServerError::AccessDenied, "nothing but the code of the error");
}

#[tokio::test]
async fn r3_a_code_that_the_server_repeats_is_not_in_what_is_shown() {
    let run = Run::with(Scenario::EchoesCode).await;
    let challenge = run.question().await;
    let wrong = run.stage.wrong_code();
    let again = question(run.answer(challenge, &[("otp", &wrong)]).await);
    assert!(!again.message.contains(&wrong), "{}", again.message);
    assert!(again.message.contains("••••••"), "{}", again.message);
    assert!(!format!("{again:?}").contains(&wrong));
}

#[tokio::test]
async fn f1_an_approval_that_changes_between_the_rounds_ends_it() {
    let run = Run::with(Scenario::ApprovalChanges).await;
    let choice = run.question().await;
    let error = refused(run.answer(choice, &[("authenticator", "totp")]).await);
    assert_eq!(kind(&error), "protocol");
}

#[tokio::test]
async fn a27_plain_http_needs_the_flag_of_the_server_and_that_of_the_client() {
    let mut run = Run::with(Scenario::Single).await;
    run.server.danger_http_loopback = false;
    assert_eq!(kind(&refused(run.begin().await)), "protocol");
    run.server.danger_http_loopback = true;
    let shy = ClientOptions { danger_allow_http_loopback: false, ..options() };
    run.client = Client::new(shy);
    assert_eq!(kind(&refused(run.begin().await)), "protocol");
    assert!(run.client.metadata(run.stage.issuer(), true).await.is_err());
    assert!(run.stage.journal().entries.is_empty(), "not one request was made");
    run.client = Client::new(options());
    assert!(matches!(run.begin().await, Step::Challenged(_)), "with both it works");
}

#[tokio::test]
async fn s6_a_request_for_another_issuer_reaches_nobody() {
    let run = Run::with(Scenario::Single).await;
    let mut asked = run.asked();
    asked.issuer = "https://elsewhere.example".into();
    let error = refused(run.client.begin(&run.server, &asked, false).await);
    assert_eq!(kind(&error), "protocol");
    assert!(run.stage.journal().entries.is_empty());
}

#[tokio::test]
async fn f3_a_host_that_does_not_answer_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let issuer = format!("http://localhost:{port}");
    let client = Client::new(options());
    let error = client.metadata(&issuer, true).await.expect_err("nobody is there");
    assert_eq!(kind(&error), "unreachable", "{error:?}");
}
