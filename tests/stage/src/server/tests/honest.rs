//! The good path, and how strictly the endpoint reads.

use serde_json::json;

use super::super::{Config, Scenario};
use super::{CHALLENGE, Play};

#[tokio::test]
async fn a1_the_metadata_name_their_issuer_and_every_endpoint() {
    let play = Play::of(Scenario::Single).await;
    let issuer = play.stage.issuer().to_owned();
    let answer = play
        .send(play.http.get(format!("{issuer}/.well-known/oauth-authorization-server")))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert_eq!(document["issuer"], json!(issuer));
    assert_eq!(document["authorization_challenge_endpoint"], json!(format!("{issuer}/challenge")));
    assert_eq!(document["token_endpoint"], json!(format!("{issuer}/token")));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["ana_actions_supported"], json!(["accept", "decline", "cancel"]));
}

#[tokio::test]
async fn a1_an_issuer_with_a_path_has_its_metadata_between_host_and_path() {
    let play = Play::with(Config {
        issuer_path: Some("tenant".into()),
        scenario: Scenario::Single,
        ..Config::default()
    })
    .await;
    let origin = play.stage.issuer().strip_suffix("/tenant").unwrap().to_owned();
    let there = play
        .send(play.http.get(format!("{origin}/.well-known/oauth-authorization-server/tenant")))
        .await
        .unwrap();
    assert_eq!(there.json()["issuer"], json!(format!("{origin}/tenant")));
    let appended = play
        .send(play.http.get(format!("{origin}/tenant/.well-known/oauth-authorization-server")))
        .await
        .unwrap();
    assert_eq!(appended.status, 404, "never behind the path (RFC 8414 section 3.1)");
    assert!(play.code().await.starts_with("ac_"), "the whole ceremony works below the path");
}

#[tokio::test]
async fn fixture_1_selection_then_code_then_authorization_code() {
    let play = Play::of(Scenario::Selection).await;
    let choice = play.first().await.unwrap();
    assert_eq!((choice.status, choice.error().as_str()), (400, "insufficient_authorization"));
    assert_eq!(choice.header("cache-control"), "no-store");
    let options = &choice.json()["elicitations"][0]["requestedSchema"]["properties"]["authenticator"]
        ["oneOf"];
    assert_eq!(options[0]["const"], json!("totp"));
    assert_eq!(options[1]["const"], json!("passkey"));
    let form = play.answer(&choice.session(), json!({"authenticator": "totp"})).await.unwrap();
    assert_eq!(
        form.json()["elicitations"][0]["requestedSchema"]["properties"]["otp"],
        json!({"type": "string", "title": "One-Time Password", "minLength": 6, "maxLength": 6, "pattern": "^[0-9]{6}$"})
    );
    let granted = play.otp(&form.session(), &play.stage.code()).await;
    assert_eq!((granted.status, granted.header("cache-control")), (200, "no-store"));
    assert_eq!(
        granted.json().as_object().unwrap().keys().collect::<Vec<_>>(),
        ["authorization_code"]
    );
}

#[tokio::test]
async fn fixture_1_the_passkey_leads_to_the_browser() {
    let play = Play::of(Scenario::Selection).await;
    let choice = play.first().await.unwrap();
    let answer = play.answer(&choice.session(), json!({"authenticator": "passkey"})).await.unwrap();
    assert_eq!(answer.error(), "redirect_to_web");
}

#[tokio::test]
async fn a_code_has_as_many_digits_as_configured() {
    let play =
        Play::with(Config { otp_digits: 8, scenario: Scenario::Single, ..Config::default() }).await;
    assert_eq!(play.stage.code().len(), 8);
    assert!(play.stage.started().otpauth.contains("&digits=8&"));
    assert!(play.code().await.starts_with("ac_"));
}

#[tokio::test]
async fn a3_a_first_request_with_any_mistake_gets_the_error_of_its_standard() {
    let play = Play::of(Scenario::Single).await;
    let short = CHALLENGE.get(1..).unwrap();
    let unknown_type = r#"[{"type":"rocket_launch"}]"#;
    for (name, value, status, error) in [
        ("response_type", "", 400, "invalid_request"),
        ("response_type", "token", 400, "unsupported_response_type"),
        ("client_id", "", 400, "invalid_request"),
        ("client_id", "someone", 401, "invalid_client"),
        ("code_challenge", "", 400, "invalid_request"),
        ("code_challenge", short, 400, "invalid_request"),
        ("code_challenge_method", "", 400, "invalid_request"),
        ("code_challenge_method", "plain", 400, "invalid_request"),
        ("login_hint", "", 400, "invalid_request"),
        ("login_hint", "eve@example.com", 400, "access_denied"),
        ("resource", "/relative", 400, "invalid_target"),
        ("resource", "https://mcp.example/#part", 400, "invalid_target"),
        ("authorization_details", "{}", 400, "invalid_authorization_details"),
        ("authorization_details", "[{}]", 400, "invalid_authorization_details"),
        ("authorization_details", unknown_type, 400, "invalid_authorization_details"),
        ("request_uri", "urn:x", 400, "invalid_request"),
        ("redirect_uri", "http://evil.example/", 400, "invalid_request"),
        ("auth_session", "as_unknown", 400, "invalid_session"),
    ] {
        let mut parameters = play.parameters();
        parameters.retain(|(n, _)| *n != name);
        if !value.is_empty() {
            parameters.push((name, value.to_owned()));
        }
        let answer = play.form(&play.at("/challenge"), &parameters).await.unwrap();
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{name}={value:?}");
    }
    let mut twice = play.parameters();
    twice.push(("client_id", "placet".to_owned()));
    assert_eq!(
        play.form(&play.at("/challenge"), &twice).await.unwrap().error(),
        "invalid_request",
        "client_id twice"
    );
    assert_eq!(play.stage.counts().challenges, 0, "none of these opened a session");
}

#[tokio::test]
async fn a3_unknown_parameters_and_several_resources_are_fine() {
    let play = Play::of(Scenario::Single).await;
    let mut parameters = play.parameters();
    parameters.push(("resource", "https://mcp.example/files".to_owned()));
    parameters.push(("ana_profile", "ana-http/0".to_owned()));
    parameters.push(("x_unknown", "1".to_owned()));
    let answer = play.form(&play.at("/challenge"), &parameters).await.unwrap();
    assert_eq!(answer.error(), "insufficient_authorization");
}

#[tokio::test]
async fn a3_a_first_request_as_json_is_no_first_request() {
    let play = Play::of(Scenario::Single).await;
    let answer =
        play.follow(json!({"response_type": "code", "client_id": "placet"})).await.unwrap();
    assert_eq!(answer.error(), "invalid_request");
    let plain =
        play.post(&play.at("/challenge"), "text/plain", "response_type=code".into()).await.unwrap();
    assert_eq!(plain.error(), "invalid_request");
}

#[tokio::test]
async fn a6_a_follow_up_is_read_strictly() {
    let play = Play::of(Scenario::Single).await;
    let session = play.first().await.unwrap().session();
    let code = play.stage.code();
    for (body, why) in [
        (json!({"response": {"otp": code}}), "no auth_session"),
        (
            json!({"auth_session": session, "response": {"otp": code}, "otp": code}),
            "an unknown member",
        ),
        (
            json!({"auth_session": session, "response": {"otp": code}, "action": "decline"}),
            "response and action",
        ),
        (json!({"auth_session": session, "action": "accept"}), "accept is implicit"),
        (
            json!({"auth_session": session, "response": {"otp": code}, "elicitation_id": "x"}),
            "an id that the entry has not",
        ),
        (
            json!({"auth_session": session, "response": {"otp": code, "more": 1}}),
            "a property nobody asked for",
        ),
        (json!({"auth_session": session, "response": {}}), "a required property is missing"),
        (json!({"auth_session": session, "response": {"otp": 123_456}}), "a number for a string"),
        (json!({"auth_session": session, "response": {"otp": "1234567"}}), "too long"),
    ] {
        let answer = play.follow(body).await.unwrap();
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"), "{why}");
    }
    let doubled = format!(r#"{{"auth_session":"{session}","auth_session":"{session}"}}"#);
    let answer = play.post(&play.at("/challenge"), "application/json", doubled).await.unwrap();
    assert_eq!(answer.error(), "invalid_request", "a doubled member");
    let foreign = play
        .follow(json!({"auth_session": session, "client_id": "other", "response": {"otp": code}}))
        .await
        .unwrap();
    assert_eq!((foreign.status, foreign.error().as_str()), (401, "invalid_client"));
    assert_eq!(
        play.otp(&session, &code).await.status,
        200,
        "nothing of this used up the session or the code"
    );
}

#[tokio::test]
async fn fixture_16_a_decline_ends_the_session() {
    let play = Play::of(Scenario::Single).await;
    let session = play.first().await.unwrap().session();
    let declined =
        play.follow(json!({"auth_session": session, "action": "decline"})).await.unwrap();
    assert_eq!(declined.error(), "access_denied");
    assert_eq!(play.otp(&session, &play.stage.code()).await.error(), "invalid_session");
    assert_eq!(play.stage.counts().declines, 1);
}

#[tokio::test]
async fn a_host_that_is_not_localhost_is_not_served() {
    let play = Play::of(Scenario::Single).await;
    let metadata =
        play.at("/.well-known/oauth-authorization-server").replace("localhost", "127.0.0.1");
    assert_eq!(play.send(play.http.get(metadata)).await.unwrap().status, 421, "DNS rebinding");
}

#[tokio::test]
async fn a27_a_certificate_of_its_own_making_is_trusted_only_by_who_was_given_it() {
    let play = Play::with(Config {
        tls_self_signed: true,
        scenario: Scenario::Single,
        ..Config::default()
    })
    .await;
    assert!(play.stage.issuer().starts_with("https://localhost:"));
    assert!(play.first().await.is_err(), "an unknown certificate");
    let pem = play.stage.started().ca_pem.clone().unwrap();
    let given = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([given]).build().unwrap();
    let play = Play { http, ..play };
    assert!(play.code().await.starts_with("ac_"));
    let plain = play.at("/challenge").replace("https:", "http:");
    assert_eq!(
        play.form(&plain, &play.parameters()).await.unwrap().status,
        404,
        "no plain way to the AS"
    );
    play.stage.play(Scenario::InitialReset);
    assert!(play.first().await.is_err(), "resets work below TLS too");
}
