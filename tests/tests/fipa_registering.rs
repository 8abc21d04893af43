//! A person's passkeys at a server, from the socket to a server that verifies them: the daemon, the
//! HTTP client and the stage with its relying party are real; the person and the key are played, at
//! the ports (docs/passkey-registration.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_agentd::daemon::Daemon;
use placet_core::display::Step;
use placet_core::passkey::Keeping;
use placet_core::ports::{ServerError, Servers as _};
use placet_core::request::Server;
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions};
use placet_stage::server::{Config, Registering, Scenario, Stage};
use placet_tests::headless::agent::{Agent, authorization};
use placet_tests::headless::person::{self, Hands, Shown};
use placet_tests::headless::{Home, chain};
use placet_tests::passkey::Played;
use placet_wire::message::Id;
use placet_wire::outcome::Ended;
use serde_json::{Value, json};

/// An enrolled stage, a key that it does not know, and a program that is not paired.
struct Play {
    home: Home,
    daemon: Daemon,
    hands: Hands,
    agent: Agent,
    stage: Stage,
    key: Played,
}

impl Play {
    async fn new() -> Self {
        let (home, stage) = (Home::new(), Stage::with(Scenario::Single).await.unwrap());
        let key = Played::new(None, Keeping::Hardware);
        let (window, mut hands) = person::window();
        let daemon = Daemon::start(home.options(), window, key.clone()).await.unwrap();
        let mut agent = home.agent().await;
        let enrolment = json!({ "issuer": stage.issuer(), "client_id": "placet",
            "account": "sam@example.com", "danger_allow_http_loopback": true });
        let id = agent.call("as/add", enrolment).await;
        hands.asked().await.approve(&[]);
        hands.asked().await.approve(&[]);
        assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");
        stage.reset();
        Self { home, daemon, hands, agent, stage, key }
    }

    async fn call(&mut self, method: &str, mut params: Value) -> Id {
        params["issuer"] = json!(self.stage.issuer());
        self.agent.call(method, params).await
    }

    /// The person agrees to look, and signs in with a code.
    async fn sign_in(&mut self) {
        let review = self.hands.asked().await;
        assert_eq!(review.screen.step, Step::Server, "{}", lines(&review));
        assert!(lines(&review).contains("No program can use it."), "{}", lines(&review));
        review.approve(&[]);
        let question = self.hands.asked().await;
        assert_eq!(question.screen.step, Step::Challenge, "{}", lines(&question));
        question.approve(&[&self.stage.code()]);
    }

    /// Asks, signs in and makes the passkey.
    async fn add(&mut self, name: &str) -> Ended {
        let id = self.call("passkey/add", json!({ "name": name })).await;
        self.sign_in().await;
        let making = self.hands.asked().await;
        assert_eq!(making.screen.step, Step::Passkey, "{}", lines(&making));
        making.approve(&[]);
        self.agent.ended(&id).await
    }

    /// The end of a question that nothing more is asked for.
    async fn ended(&mut self, id: &Id) -> (String, String) {
        let ended = self.agent.ended(id).await;
        assert!(ended.passkeys.is_none() && ended.granted.is_none());
        (ended.outcome.as_str().to_owned(), ended.reason.code)
    }

    async fn record(self) -> Vec<chain::Row> {
        let record = self.home.record();
        self.daemon.stop().await;
        chain::rows(&record)
    }
}

fn lines(shown: &Shown) -> String {
    shown.screen.lines().join("\n")
}

fn of<'a>(rows: &'a [chain::Row], event: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row.event == event).map(|row| &row.body).collect()
}

fn ends(outcome: &str, reason: &str) -> (String, String) {
    (outcome.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn a_passkey_is_made_after_a_sign_in_and_answers_the_server_from_then_on() {
    let mut play = Play::new().await;
    let id = play.call("passkey/add", json!({ "name": "blue key" })).await;
    play.sign_in().await;
    let making = play.hands.asked().await;
    let shown = lines(&making);
    for words in ["Make this passkey", "blue key", "localhost", "sam@example.com"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(play.key.state().begun, 0, "P8: nothing is touched yet");
    making.approve(&[]);
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.outcome.as_str(), "approved", "{:?}", ended.reason);
    assert_eq!((ended.assurance.as_deref(), ended.method.as_deref()), (Some("otp"), Some("totp")));
    assert!(ended.granted.is_none(), "no code leaves");
    let made = ended.passkeys.unwrap().remove(0);
    assert_eq!(made.name, "blue key");

    // S5: the program heard nothing of the session.
    let heard = String::from_utf8(play.agent.bytes.clone()).unwrap();
    for secret in ["ac_", "at_", "as_", "attestation", "clientData"] {
        assert!(!heard.contains(secret), "{secret}: {heard}");
    }
    // The verifier and the token are Placet's: one code, one token, no refusal on the way.
    let counts = play.stage.counts();
    assert_eq!((counts.codes, counts.tokens, counts.token_requests), (1, 1, 1));
    let journal = play.stage.journal();
    let sent: Vec<Value> = journal.to("/passkeys").filter_map(|entry| entry.json()).collect();
    let actions: Vec<_> = sent.iter().map(|body| body["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["begin", "finish"]);
    let object = sent[1]["credential"]["response"]["attestationObject"].as_str().unwrap();
    assert!(object.starts_with("o2NmbXRkbm9uZ"), "fmt is none: {object}");
    let first = journal.to("/challenge").next().unwrap().form();
    let value = |name: &str| first.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!((value("scope"), value("max_age")), (Some("placet:passkeys"), Some("0")));

    // From now on it answers.
    play.stage.play(Scenario::Passkey);
    let id = play.call("passkey/list", json!({})).await;
    play.hands.asked().await.approve(&[]);
    let question = play.hands.asked().await;
    assert_eq!(question.screen.step, Step::Passkey);
    question.approve(&[]);
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.assurance.as_deref(), Some("passkey"), "{:?}", ended.reason);
    let known = ended.passkeys.unwrap();
    assert_eq!((known.len(), &known[0].id), (1, &made.id));
    assert_eq!(play.stage.counts().passkeys, 1, "the server has verified it");

    let rows = play.record().await;
    assert_eq!(of(&rows, "passkey_made").len(), 1);
    let written = serde_json::to_string(&rows.iter().map(|row| &row.body).collect::<Vec<_>>());
    assert!(!written.unwrap().contains("at_"), "R3");
    assert!(of(&rows, "suspicious").is_empty());
}

#[tokio::test]
async fn a_passkey_is_renamed_and_deleted_by_its_name_on_a_screen_of_its_own() {
    let mut play = Play::new().await;
    assert_eq!(play.add("blue key").await.outcome.as_str(), "approved");

    let renaming = json!({ "passkey": "blue key", "name": "red key" });
    let id = play.call("passkey/rename", renaming).await;
    play.sign_in().await;
    let which = play.hands.asked().await;
    let shown = lines(&which);
    assert!(shown.contains("Rename this passkey?") && shown.contains("red key"), "{shown}");
    which.approve(&[]);
    assert_eq!(play.agent.ended(&id).await.outcome.as_str(), "approved");

    // The old name means nothing any more, and nobody is asked about another.
    let id = play.call("passkey/delete", json!({ "passkey": "blue key" })).await;
    play.sign_in().await;
    assert_eq!(play.ended(&id).await, ends("unsupported", "no_such_passkey"));

    let id = play.call("passkey/delete", json!({ "passkey": "red key" })).await;
    play.sign_in().await;
    let which = play.hands.asked().await;
    let shown = lines(&which);
    assert!(shown.contains("Delete this passkey?"), "{shown}");
    assert!(shown.contains("It is your only passkey there."), "{shown}");
    which.deny(None);
    assert_eq!(play.ended(&id).await, ends("declined", "denied"));

    let id = play.call("passkey/delete", json!({ "passkey": "red key" })).await;
    play.sign_in().await;
    play.hands.asked().await.approve(&[]);
    assert_eq!(play.agent.ended(&id).await.outcome.as_str(), "approved");
    let id = play.call("passkey/list", json!({})).await;
    play.sign_in().await;
    assert_eq!(play.agent.ended(&id).await.passkeys, Some(vec![]));
    let rows = play.record().await;
    let how: Vec<_> = of(&rows, "passkey_changed").iter().map(|body| body["how"].clone()).collect();
    assert_eq!(how, ["renamed", "deleted"]);
}

#[tokio::test]
async fn a_key_that_the_server_knows_makes_no_second_passkey() {
    let mut play = Play::new().await;
    assert_eq!(play.add("blue key").await.outcome.as_str(), "approved");
    let id = play.call("passkey/add", json!({})).await;
    play.sign_in().await;
    let making = play.hands.asked().await;
    assert!(lines(&making).contains("You have one passkey there."), "{}", lines(&making));
    making.approve(&[]);
    let again = play.hands.asked().await;
    assert!(lines(&again).contains("has a passkey for this server already"), "{}", lines(&again));
    again.deny(None);
    assert_eq!(play.ended(&id).await, ends("declined", "denied"));
    let journal = play.stage.journal();
    let finished = journal.to("/passkeys").filter_map(|entry| entry.json());
    assert_eq!(finished.filter(|body| body["action"] == "finish").count(), 1);
}

/// Each has an end from the closed set, and none of them touches the key.
#[tokio::test]
async fn p2_p3_p4_what_can_be_refused_before_a_passkey_is_made_is() {
    for (how, outcome, reason, shown_as) in [
        (Registering::RogueRpId, "protocol_error", "foreign_passkey", Some("relying_party")),
        (Registering::SuffixRpId, "protocol_error", "foreign_passkey", Some("relying_party")),
        (Registering::ShortChallenge, "protocol_error", "server_misbehaved", None),
        (Registering::WeakAlgorithms, "unsupported", "challenge_unsupported", None),
        (Registering::Insists, "unsupported", "challenge_unsupported", None),
        (Registering::Broken, "unreachable", "server_unreachable", None),
    ] {
        let mut play = Play::new().await;
        play.stage.registering(how);
        let id = play.call("passkey/add", json!({})).await;
        play.sign_in().await;
        if shown_as.is_some() {
            let refused = play.hands.asked().await;
            assert_eq!(refused.screen.step, Step::Refused, "{how:?}");
            refused.approve(&[]);
        }
        assert_eq!(play.ended(&id).await, ends(outcome, reason), "{how:?}");
        assert_eq!(play.key.state().begun, 0, "{how:?}: the key was not touched");
        let rows = play.record().await;
        let suspicious = of(&rows, "suspicious");
        let what: Vec<_> = suspicious.iter().map(|body| body["what"].as_str().unwrap()).collect();
        assert_eq!(what, shown_as.into_iter().collect::<Vec<_>>(), "{how:?}");
    }
}

#[tokio::test]
async fn p4_a_server_that_takes_passkeys_only_from_another_origin_gets_none() {
    let stage = Stage::with(Scenario::Single).await.unwrap();
    let code = granted_code(&stage).await;
    stage.play(Scenario::ForeignOrigin);
    let (client, server) = (client(), server(&stage));
    let mut account = client.enter(&server, code, verifier()).await.unwrap();
    let refused = client.begin_passkey(&mut account).await;
    assert!(matches!(refused, Err(ServerError::Suspicious(..))), "{refused:?}");
}

#[tokio::test]
async fn a_server_without_a_place_for_passkeys_asks_for_no_sign_in() {
    for (how, outcome, reason) in [
        (Registering::Missing, "unsupported", "no_passkeys_endpoint"),
        (Registering::Foreign, "protocol_error", "server_misbehaved"),
    ] {
        let stage = Stage::with(Scenario::Single).await.unwrap();
        stage.registering(how);
        let mut play = Play::new().await;
        let enrolment = json!({ "issuer": stage.issuer(), "client_id": "placet",
            "account": "sam@example.com", "danger_allow_http_loopback": true });
        let id = play.agent.call("as/add", enrolment).await;
        play.hands.asked().await.approve(&[]);
        play.hands.asked().await.approve(&[]);
        assert_eq!(play.agent.ended(&id).await.outcome.as_str(), "approved", "{how:?}");
        play.stage = stage;
        let id = play.call("passkey/add", json!({})).await;
        play.hands.asked().await.approve(&[]);
        assert_eq!(play.ended(&id).await, ends(outcome, reason), "{how:?}");
        assert_eq!(play.stage.counts().first_contacts, 0, "{how:?}: nobody signed in");
    }
}

#[tokio::test]
async fn a_server_that_does_not_take_what_was_made_is_a_no() {
    let mut play = Play::new().await;
    play.stage.registering(Registering::RefusesAll);
    let ended = play.add("blue key").await;
    assert_eq!(
        (ended.outcome.as_str(), ended.reason.code.as_str()),
        ("rejected_by_as", "passkey_not_taken")
    );
    assert!(ended.passkeys.is_none());
}

#[tokio::test]
async fn a_token_endpoint_that_refuses_or_redirects_ends_it_before_a_key_is_touched() {
    for (scenario, outcome, reason) in [
        (Scenario::Token500, "unreachable", "server_unreachable"),
        (Scenario::TokenRedirects, "protocol_error", "server_misbehaved"),
    ] {
        let mut play = Play::new().await;
        play.stage.play(scenario);
        let id = play.call("passkey/add", json!({})).await;
        play.sign_in().await;
        assert_eq!(play.ended(&id).await, ends(outcome, reason), "{scenario}");
        assert_eq!(play.key.state().begun, 0, "{scenario}");
    }
}

#[tokio::test]
async fn a_sign_in_that_asks_for_nothing_is_none() {
    let mut play = Play::new().await;
    play.stage.play(Scenario::CodeAtOnce);
    let id = play.call("passkey/add", json!({})).await;
    play.hands.asked().await.approve(&[]);
    assert_eq!(play.ended(&id).await, ends("unsupported", "assurance_unreachable"));
    assert_eq!(play.stage.counts().token_requests, 0);
}

#[tokio::test]
async fn an_agent_that_asks_for_the_scope_of_that_session_is_refused_before_anybody_is_asked() {
    let mut play = Play::new().await;
    let mut agent = play.home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    play.hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let mut agent = play.home.agent().await;
    agent.hello(Some(&token)).await;
    for scope in ["placet:passkeys", "read PLACET:passkeys"] {
        let mut params = authorization(play.stage.issuer());
        params["scope"] = json!(scope);
        let ended = agent.end("authorization/request", params).await;
        assert_eq!(
            (ended.outcome.as_str(), ended.reason.code.as_str()),
            ("unsupported", "scope_reserved")
        );
    }
    assert!(play.hands.asked_nothing());
    assert_eq!(play.stage.counts().first_contacts, 0);
}

#[tokio::test]
async fn a_server_that_is_not_enrolled_is_an_error_and_a_name_that_cannot_be_seen_too() {
    let mut play = Play::new().await;
    let params = json!({ "issuer": "https://nowhere.example", "name": "x" });
    let refused = play.agent.ask("passkey/add", params).await.unwrap_err();
    assert_eq!(refused.data.unwrap().member.as_deref(), Some("issuer"));
    for name in ["two\nlines", "in\u{200b}visible", " "] {
        let params = json!({ "issuer": play.stage.issuer(), "name": name });
        let refused = play.agent.ask("passkey/add", params).await.unwrap_err();
        assert_eq!(refused.data.unwrap().member.as_deref(), Some("name"), "{name:?}");
    }
}

#[tokio::test]
async fn deny_at_the_key_tells_the_server_nothing_and_who_asked_that_it_was_declined() {
    let mut play = Play::new().await;
    let id = play.call("passkey/add", json!({})).await;
    play.sign_in().await;
    play.hands.asked().await.deny(Some("not now"));
    let ended = play.agent.ended(&id).await;
    assert_eq!((ended.outcome.as_str(), ended.note.as_deref()), ("declined", Some("not now")));
    let journal = play.stage.journal();
    assert_eq!(journal.to("/passkeys").count(), 1, "only what it was begun with");
}

/// RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn verifier() -> Secret {
    Secret::new(VERIFIER.to_owned())
}

fn client() -> Client {
    Client::new(ClientOptions { danger_allow_http_loopback: true, ..ClientOptions::default() })
}

fn server(stage: &Stage) -> Server {
    Server {
        issuer: stage.issuer().to_owned(),
        name: "stage".into(),
        client_id: "placet".into(),
        account: stage.started().account.clone(),
        challenge_endpoint: None,
        danger_http_loopback: true,
        way: placet_core::way::Way::default(),
    }
}

/// A code of the person's own session, for this verifier.
async fn granted_code(stage: &Stage) -> Secret {
    granted_code_of(stage, &server(stage), "placet:passkeys").await
}

async fn granted_code_of(stage: &Stage, server: &Server, scope: &str) -> Secret {
    use placet_core::form::{Filled, Values};
    use placet_core::ports::Step as Said;
    let asked = placet_core::request::Authorization {
        issuer: server.issuer.clone(),
        scope: Some(scope.to_owned()),
        resource: vec![],
        authorization_details: vec![],
        authorization_details_raw: None,
        acr_values: None,
        max_age: Some(0),
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
    };
    let client = client();
    let Said::Challenged(challenge) = client.begin(server, &asked, false).await else {
        panic!("no question")
    };
    let code = stage.code_of(&server.account);
    let values = Values(vec![("otp".into(), Filled::Secret(Secret::new(code)))]);
    let Said::Granted(code) = client.answer(challenge.session, values).await else {
        panic!("no code")
    };
    code
}

#[tokio::test]
async fn a_code_of_another_client_or_for_another_scope_opens_no_session() {
    let clients = vec!["placet".to_owned(), "other".to_owned()];
    let stage = Stage::start(Config { clients, scenario: Scenario::Single, ..Config::default() });
    let stage = stage.await.unwrap();
    let ours = server(&stage);
    let theirs = Server { client_id: "other".into(), ..ours.clone() };
    let code = granted_code_of(&stage, &theirs, "placet:passkeys").await;
    let refused = client().enter(&ours, code, verifier()).await;
    assert_eq!(refused.unwrap_err(), ServerError::Refused("invalid_grant".into()));
    let code = granted_code(&stage).await;
    let other = Secret::new("x".repeat(43));
    let refused = client().enter(&ours, code, other).await;
    assert_eq!(refused.unwrap_err(), ServerError::Refused("invalid_grant".into()));
    let code = granted_code_of(&stage, &ours, "tools").await;
    let refused = client().enter(&ours, code, verifier()).await;
    assert_eq!(refused.unwrap_err(), ServerError::Refused("another scope".into()));
}

#[tokio::test]
async fn a_stranger_sees_and_changes_nothing_of_anothers_list() {
    let accounts = vec!["sam@example.com".to_owned(), "eve@example.com".to_owned()];
    let stage = Stage::start(Config { accounts, scenario: Scenario::Single, ..Config::default() });
    let stage = stage.await.unwrap();
    let key = Played::new(None, Keeping::Hardware);
    key.key(|key| stage.register(key)).unwrap();
    let client = client();
    let code = granted_code(&stage).await;
    let mut sam = client.enter(&server(&stage), code, verifier()).await.unwrap();
    let known = client.passkeys(&mut sam).await.unwrap();
    assert_eq!(known.len(), 1);

    let eve = Server { account: "eve@example.com".into(), ..server(&stage) };
    let code = granted_code_of(&stage, &eve, "placet:passkeys").await;
    let mut account = client.enter(&eve, code, verifier()).await.unwrap();
    assert_eq!(client.passkeys(&mut account).await.unwrap(), []);
    let id = &known[0].id;
    let not_found = ServerError::Refused("not_found".into());
    assert_eq!(client.delete_passkey(&mut account, id).await, Err(not_found.clone()));
    assert_eq!(client.rename_passkey(&mut account, id, "mine").await, Err(not_found));
    assert_eq!(client.passkeys(&mut sam).await.unwrap(), known);
}
