//! The control API, the journal, and what a client that leaves looks like.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Fate, Journal, Scenario};
use super::Play;

impl Play {
    async fn control(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> super::Answer {
        let started = self.stage.started();
        let request = self
            .http
            .request(method, format!("{}{path}", started.control))
            .bearer_auth(&started.control_token);
        self.send(request.body(body.map(|b| b.to_string()).unwrap_or_default())).await.unwrap()
    }
}

#[tokio::test]
async fn the_control_api_wants_its_token() {
    let play = Play::of(Scenario::Single).await;
    for token in ["", "ctl_wrong"] {
        let request =
            play.http.get(format!("{}/code", play.stage.started().control)).bearer_auth(token);
        assert_eq!(play.send(request).await.unwrap().status, 401);
    }
    let code = play.control(reqwest::Method::GET, "/code", None).await.json();
    assert_eq!(code["code"], json!(play.stage.code()));
}

#[tokio::test]
async fn the_control_api_does_what_its_table_says() {
    use reqwest::Method as M;
    let play = Play::of(Scenario::Single).await;
    let set = play.control(M::POST, "/scenario", Some(json!({"scenario": "code-at-once"}))).await;
    assert_eq!(set.status, 200);
    assert_eq!(play.first().await.unwrap().status, 200, "the scenario was taken up");
    let unknown = play.control(M::POST, "/scenario", Some(json!({"scenario": "no-such"}))).await;
    assert_eq!(unknown.status, 400);
    let before = play.control(M::GET, "/state", None).await.json();
    assert_eq!(
        (&before["scenario"], &before["counts"]["codes"]),
        (&json!("code-at-once"), &json!(1))
    );
    play.control(M::POST, "/clock", Some(json!({"advance": 1000}))).await;
    let after = play.control(M::GET, "/state", None).await.json();
    assert!(after["now"].as_u64().unwrap() >= before["now"].as_u64().unwrap() + 1000);
    let journal: Journal = serde_json::from_value(
        play.control(M::GET, "/journal?wait_for=1&path=/challenge", None).await.json(),
    )
    .unwrap();
    assert_eq!(journal, play.stage.journal());
    play.control(M::POST, "/reset", None).await;
    assert_eq!(play.stage.journal().entries.len(), 0);
    assert_eq!(play.stage.counts(), super::super::Counts::default());
    let table = play.control(M::GET, "/scenarios", None).await.json();
    assert_eq!(table.as_array().unwrap().len(), Scenario::ALL.len());
}

#[tokio::test]
async fn the_journal_holds_what_was_sent_and_how_it_ended() {
    let play = Play::of(Scenario::Single).await;
    let session = play.first().await.unwrap().session();
    let code = play.stage.code();
    play.otp(&session, &code).await;
    let journal = play.stage.journal();
    let [first, answer] = journal.entries.as_slice() else { panic!("{journal:?}") };
    assert_eq!(
        (first.method.as_str(), first.path.as_str(), first.status),
        ("POST", "/challenge", Some(400))
    );
    assert!(first.form().contains(&("login_hint".to_owned(), "sam@example.com".to_owned())));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json().unwrap()["response"], json!({"otp": code}));
    assert_eq!((answer.fate, answer.status), (Fate::Answered, Some(200)));
    assert_eq!(journal.carrying(&code), 1);
    assert!(journal.sent_twice().is_empty());
    assert_eq!(journal.to("/challenge").count(), 2);
}

#[tokio::test]
async fn fixture_20_a_client_that_leaves_while_it_waits_is_written_down() {
    let play = Play::of(Scenario::InitialHold).await;
    let patience = Duration::from_secs(20);
    tokio::select! {
        answered = play.first() => panic!("held, but answered: {answered:?}"),
        came = tokio::time::timeout(patience, play.stage.wait_for(|j| j.entries.len() == 1)) => { came.unwrap(); }
    }
    // The client's future is gone, and with it its connection.
    let left = play.stage.wait_for(|j| j.entries.iter().all(|e| e.fate == Fate::ClientLeft));
    tokio::time::timeout(patience, left).await.expect("the stage sees the client leave");
}

#[tokio::test]
async fn fixture_24_a_held_answer_comes_when_it_is_released() {
    let play = Play::of(Scenario::OtpHoldConsumed).await;
    let session = play.first().await.unwrap().session();
    let code = play.stage.code();
    let release = async {
        play.stage.wait_for(|j| j.entries.len() == 2).await;
        // The work is done before the answer is held.
        while play.stage.counts().codes == 0 {
            tokio::task::yield_now().await;
        }
        play.stage.release();
    };
    let (answer, ()) = tokio::join!(play.answer(&session, json!({"otp": code})), release);
    assert_eq!(answer.unwrap().status, 504);
    assert!(play.refresh(&session).await.json()["authorization_code"].is_string());
}

#[tokio::test]
async fn a_dropped_stage_ends_its_connections() {
    let play = Play::of(Scenario::InitialHold).await;
    let Play { stage, http } = play;
    let url = format!("{}/challenge", stage.issuer());
    let held = Play { stage: super::Stage::with(Scenario::Single).await.unwrap(), http };
    let waiting = async {
        let parameters = held.parameters();
        held.form(&url, &parameters).await
    };
    let drop_it = async {
        stage.wait_for(|j| j.entries.len() == 1).await;
        drop(stage);
    };
    let (answer, ()) = tokio::join!(waiting, drop_it);
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn a_passkey_is_registered_over_the_control_api_once_for_each_beginning() {
    use reqwest::Method as M;
    let play = Play::of(Scenario::Passkey).await;
    let refused = play.first().await.unwrap().json();
    assert_eq!(refused["error"], json!("unmet_authentication_requirements"), "nobody has one");
    let options = play.control(M::POST, "/passkeys/options", None).await.json();
    assert_eq!(options["rp"]["id"], json!("localhost"));
    let mut key = crate::softkey::SoftKey::default();
    let origin = play.stage.issuer();
    let party = super::super::passkey::RelyingParty::new(origin).unwrap();
    let made = party.make(&options, &mut key).unwrap();
    assert_eq!(play.control(M::POST, "/passkeys", Some(made.clone())).await.status, 200);
    assert_eq!(play.control(M::POST, "/passkeys", Some(made)).await.status, 400, "it is used up");
    let asked = play.first().await.unwrap().json();
    assert_eq!(asked["error"], json!("insufficient_authorization"));
    let unknown = play.control(M::POST, "/passkeys/options?account=nobody", None).await;
    assert_eq!(unknown.status, 400);
}
