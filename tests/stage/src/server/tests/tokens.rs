//! The token endpoint.

use serde_json::json;

use super::super::Scenario;
use super::Play;

#[tokio::test]
async fn a_code_and_its_verifier_give_a_token_with_what_was_granted() {
    let play = Play::of(Scenario::Single).await;
    let answer = play.token(&play.code().await, &[]).await;
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.header("pragma")),
        (200, "no-store", "no-cache")
    );
    let body = answer.json();
    assert_eq!(body["token_type"], json!("Bearer"));
    assert_eq!(body["authorization_details"][0]["resource"]["id"], json!("delete_user"));
}

#[tokio::test]
async fn a_code_is_good_for_its_own_client_verifier_and_time_only() {
    let play = Play::of(Scenario::Single).await;
    let other = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";
    for (change, error) in [
        (("code_verifier", other), "invalid_grant"),
        (("code_verifier", "short"), "invalid_grant"),
        (("code_verifier", ""), "invalid_request"),
        (("redirect_uri", "http://127.0.0.1:1/"), "invalid_grant"),
        (("client_id", "someone"), "invalid_client"),
        (("client_id", ""), "invalid_request"),
        (("grant_type", "client_credentials"), "unsupported_grant_type"),
        (("code", "ac_unknown"), "invalid_grant"),
    ] {
        let answer = play.token(&play.code().await, &[change]).await;
        assert_eq!(answer.error(), error, "{change:?}");
    }
    let late = play.code().await;
    play.stage.advance(61);
    assert_eq!(play.token(&late, &[]).await.error(), "invalid_grant", "after a minute");
    assert_eq!(play.stage.counts().tokens, 0);
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_code_up() {
    let play = Play::of(Scenario::Single).await;
    let code = play.code().await;
    let wrong = "x".repeat(43);
    assert_eq!(play.token(&code, &[("code_verifier", &wrong)]).await.error(), "invalid_grant");
    assert_eq!(play.token(&code, &[]).await.error(), "invalid_grant", "nobody may guess twice");
}

#[tokio::test]
async fn a_code_that_is_used_twice_takes_its_token_with_it() {
    let play = Play::of(Scenario::Single).await;
    let code = play.code().await;
    let token = play.token(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(play.token(&code, &[]).await.error(), "invalid_grant");
    let call =
        play.http.post(format!("{}/delete_user", play.stage.started().resource)).bearer_auth(token);
    assert_eq!(
        play.send(call.body(r#"{"userId":"alice"}"#)).await.unwrap().status,
        401,
        "RFC 6749 section 4.1.2"
    );
}

#[tokio::test]
async fn fixture_25_less_is_granted_than_was_asked_for() {
    let play = Play::of(Scenario::Narrowed).await;
    let answer = play.token(&play.code().await, &[]).await;
    assert_eq!(
        answer.json()["authorization_details"],
        json!([{"type": "agent_intent", "action": {"name": "tools/call"}}])
    );
}
