//! The protected resource.

use super::super::Scenario;
use super::Play;

async fn call(play: &Play, token: &str, tool: &str, arguments: &str) -> u16 {
    let url = format!("{}/{tool}", play.stage.started().resource);
    let request = play.http.post(url).bearer_auth(token).header("content-type", "application/json");
    play.send(request.body(arguments.to_owned())).await.unwrap().status
}

#[tokio::test]
async fn a_token_runs_exactly_the_call_that_was_granted() {
    let play = Play::of(Scenario::Single).await;
    let token = play.token(&play.code().await, &[]).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for (tool, arguments, status) in [
        ("delete_user", r#"{"userId":"alice"}"#, 200),
        ("delete_user", r#"{"userId":"bob"}"#, 403),
        ("delete_user", "{}", 403),
        ("delete_user", r#"{"userId":"alice","force":true}"#, 403),
        ("create_user", r#"{"userId":"alice"}"#, 403),
        ("delete_user", "not json", 400),
    ] {
        assert_eq!(call(&play, &token, tool, arguments).await, status, "{tool} {arguments}");
    }
    assert_eq!(call(&play, "at_made_up", "delete_user", r#"{"userId":"alice"}"#).await, 401);
    let counts = play.stage.counts();
    assert_eq!((counts.resource_calls, counts.resource_granted), (7, 1));
}

#[tokio::test]
async fn a_token_expires() {
    let play = Play::of(Scenario::Single).await;
    let token = play.token(&play.code().await, &[]).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    play.stage.advance(301);
    assert_eq!(call(&play, &token, "delete_user", r#"{"userId":"alice"}"#).await, 401);
}

#[tokio::test]
async fn a_token_for_another_resource_is_refused() {
    let play = Play::of(Scenario::Single).await;
    let mut parameters = play.parameters();
    parameters.retain(|(name, _)| *name != "resource");
    parameters.push(("resource", "https://mcp.example/files".to_owned()));
    let session = play.form(&play.at("/challenge"), &parameters).await.unwrap().session();
    let granted = play.otp(&session, &play.stage.code()).await.json();
    let token = play.token(granted["authorization_code"].as_str().unwrap(), &[]).await;
    let token = token.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(call(&play, &token, "delete_user", r#"{"userId":"alice"}"#).await, 401);
}
