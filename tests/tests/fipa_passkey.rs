//! Passkeys from the socket to a server that verifies them: the daemon, the HTTP client and the stage
//! with its relying party are real; the person and the key are played, at the ports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use placet_agentd::daemon::Daemon;
use placet_core::display::Step;
use placet_core::passkey::Keeping;
use placet_core::ports::{ServerError, Servers as _};
use placet_stage::server::{Scenario, Stage};
use placet_stage::softkey::{Lie, SoftKey};
use placet_tests::headless::agent::{Agent, authorization};
use placet_tests::headless::person::{self, Hands, Shown, Told};
use placet_tests::headless::{Home, chain};
use placet_tests::passkey::Played;
use placet_wire::message::Id;
use placet_wire::outcome::Ended;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Play {
    home: Home,
    daemon: Daemon,
    hands: Hands,
    agent: Agent,
    stage: Stage,
    key: Played,
}

impl Play {
    async fn of(scenario: Scenario) -> Self {
        Self::with(scenario, Played::default()).await
    }

    /// A paired agent, an enrolled stage and a registered key.
    async fn with(scenario: Scenario, key: Played) -> Self {
        let (home, stage) = (Home::new(), Stage::with(scenario).await.unwrap());
        key.key(|key| stage.register(key)).unwrap();
        let (window, mut hands) = person::window();
        let daemon = Daemon::start(home.options(), window, key.clone()).await.unwrap();
        let mut pairing = home.agent().await;
        let id = pairing.call("placet/pair", json!({ "name": "worker" })).await;
        let code = pairing.pair_code().await.unwrap();
        hands.asked().await.approve(&[&code]);
        let token = pairing.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
        let mut agent = home.agent().await;
        agent.hello(Some(&token)).await;
        let enrolment = json!({ "issuer": stage.issuer(), "client_id": "placet",
            "account": "sam@example.com", "danger_allow_http_loopback": true });
        let id = agent.call("as/add", enrolment).await;
        hands.asked().await.approve(&[]);
        hands.asked().await.approve(&[]);
        assert_eq!(agent.ended(&id).await.outcome.as_str(), "approved");
        stage.reset();
        Self { home, daemon, hands, agent, stage, key }
    }

    /// As [`Play::of`], at a server that knows this installation.
    async fn known(scenario: Scenario, key: Played) -> Self {
        let mut play = Self::with(Scenario::Single, key).await;
        let registering = json!({ "issuer": play.stage.issuer() });
        let id = play.agent.call("as/register", registering).await;
        play.hands.asked().await.approve(&[]);
        play.hands.asked().await.approve(&[&play.stage.code()]);
        let key = play.hands.asked().await;
        assert!(lines(&key).contains("any program of yours can read"), "{}", lines(&key));
        key.approve(&[]);
        assert_eq!(play.agent.ended(&id).await.outcome.as_str(), "approved");
        play.stage.play(scenario);
        play.stage.reset();
        play
    }

    /// Asks, and the person agrees to look.
    async fn ask(&mut self, acr_values: Option<&str>) -> Id {
        let mut params = authorization(self.stage.issuer());
        if let Some(values) = acr_values {
            params["acr_values"] = json!(values);
        }
        let id = self.agent.call("authorization/request", params).await;
        let review = self.hands.asked().await;
        assert_eq!(review.screen.step, Step::Review);
        review.approve(&[]);
        id
    }

    /// The question for a passkey.
    async fn passkey(&mut self) -> Shown {
        let shown = self.hands.asked().await;
        assert_eq!(shown.screen.step, Step::Passkey, "{:?}", shown.screen.lines());
        shown
    }

    /// The next screen of the ceremony.
    async fn at_the_key(&mut self, says: &str) -> Shown {
        loop {
            let told = self.hands.told().await;
            let (Told::Asked(shown) | Told::Waits(shown)) = told else { continue };
            if shown.screen.heading.as_str() == says {
                assert_eq!(shown.screen.step, Step::Authenticator);
                return shown;
            }
        }
    }

    /// Stops the daemon and reads the record.
    async fn record(self) -> Vec<chain::Row> {
        let record = self.home.record();
        self.daemon.stop().await;
        chain::rows(&record)
    }
}

fn of<'a>(rows: &'a [chain::Row], event: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row.event == event).map(|row| &row.body).collect()
}

fn lines(shown: &Shown) -> String {
    shown.screen.lines().join("\n")
}

fn granted(ended: &Ended) -> Option<(&str, &str)> {
    ended.granted.as_ref()?;
    Some((ended.assurance.as_deref()?, ended.method.as_deref()?))
}

/// Interop fixture 14, as it should be.
#[tokio::test]
async fn p7_a_touch_on_the_action_that_is_shown_is_granted_as_passkey_bound() {
    let mut play = Play::known(Scenario::PasskeyBound, Played::default()).await;
    let id = play.ask(None).await;
    let question = play.passkey().await;
    let shown = lines(&question);
    assert!(shown.contains("Your passkey signs this action"), "{shown}");
    assert!(shown.contains("What the server will do"), "{shown}");
    assert!(shown.contains("agent_intent") && shown.contains("tools/call"), "{shown}");
    assert!(shown.contains("This action needs a fresh code."), "the server's reason: {shown}");
    assert_eq!(play.key.state().begun, 0, "P8: nothing is touched yet");
    question.approve(&[]);
    let ended = play.agent.ended(&id).await;
    assert_eq!(granted(&ended), Some(("passkey-bound", "passkey")));
    assert_eq!(play.stage.counts().passkeys, 1, "the server has verified it");
    assert_eq!(play.key.state().signed, 1);

    let journal = play.stage.journal();
    let first = journal.to("/challenge").next().unwrap().form();
    let value = |name: &str| first.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(value("ana_authenticators"), Some("totp passkey"));
    assert_eq!(value("ana_webauthn_encodings"), Some("options-object flat"));
    let heard = String::from_utf8(play.agent.bytes.clone()).unwrap();
    assert!(!heard.contains("signature") && !heard.contains("clientData"), "S5");
    let rows = play.record().await;
    let asserted = of(&rows, "asserted");
    assert_eq!(asserted.len(), 1);
    assert_eq!(asserted[0]["sign_count"], 1);
    assert!(asserted[0]["approval_hash"].as_str().unwrap().starts_with("sha256:"));
    assert!(of(&rows, "suspicious").is_empty());
}

/// Interop fixtures 3 and 4.
#[tokio::test]
async fn p1_p6_both_encodings_and_both_types_are_answered_and_are_worth_a_passkey() {
    for scenario in [
        Scenario::Passkey,
        Scenario::PasskeyFlat,
        Scenario::PasskeyAsObject,
        Scenario::PasskeyUnbound,
    ] {
        let mut play = Play::of(scenario).await;
        let id = play.ask(None).await;
        let question = play.passkey().await;
        let shown = lines(&question);
        assert!(shown.contains("proves that it is you"), "{scenario}: {shown}");
        assert!(!shown.contains("signs this action"), "{scenario}: {shown}");
        question.approve(&[]);
        let ended = play.agent.ended(&id).await;
        assert_eq!(granted(&ended), Some(("passkey", "passkey")), "{scenario}");
        assert_eq!(play.stage.counts().passkeys, 1, "{scenario}");
        assert!(play.stage.journal().sent_twice().is_empty(), "{scenario}");
    }
}

#[tokio::test]
async fn a_key_in_a_file_is_worth_less_and_a_demand_for_more_is_not_met() {
    let key = || Played::new(None, Keeping::Software);
    let mut play = Play::with(Scenario::PasskeyBound, key()).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let ended = play.agent.ended(&id).await;
    assert_eq!(granted(&ended), Some(("passkey-software", "passkey")));
    let mut play = Play::with(Scenario::PasskeyBound, key()).await;
    let id = play.ask(Some("phrh")).await;
    play.passkey().await.approve(&[]);
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.reason.code, "assurance_unreachable");
    assert!(ended.granted.is_none(), "no code leaves for less than was asked for");
}

#[tokio::test]
async fn t7_who_wants_phishing_resistance_chooses_among_passkeys_only() {
    let mut play = Play::of(Scenario::PasskeySelection).await;
    let id = play.ask(Some("phr")).await;
    let choice = play.hands.asked().await;
    let offered = lines(&choice);
    assert!(offered.contains("Passkey") && !offered.contains("TOTP"), "{offered}");
    choice.approve(&["0"]);
    play.passkey().await.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey", "passkey")));
}

#[tokio::test]
async fn t7_a_code_is_not_taken_for_a_passkey() {
    for (scenario, acr_values) in [(Scenario::Single, Some("phr")), (Scenario::MinAssurance, None)]
    {
        let mut play = Play::of(scenario).await;
        let id = play.ask(acr_values).await;
        let ended = play.agent.ended(&id).await;
        assert_eq!(ended.reason.code, "assurance_unreachable", "{scenario}");
        assert_eq!(play.stage.counts().answers, 0, "{scenario}: nobody was asked for a code");
    }
}

/// Interop fixtures 14 and 15, and the rest of the list: each has an end from the closed set, and
/// none of them touches the key.
#[tokio::test]
async fn p2_p3_p4_p7_what_can_be_refused_before_the_key_is_touched_is() {
    for (scenario, outcome, reason, shown_as) in [
        (Scenario::PasskeyTampered, "protocol_error", "binding_mismatch", Some("approval_binding")),
        (Scenario::RogueRpId, "protocol_error", "foreign_passkey", Some("relying_party")),
        (Scenario::SuffixRpId, "protocol_error", "foreign_passkey", Some("relying_party")),
        (Scenario::ForeignOrigin, "protocol_error", "foreign_passkey", Some("relying_party")),
        (Scenario::ShortChallenge, "protocol_error", "server_misbehaved", None),
        (Scenario::MixedSchema, "protocol_error", "server_misbehaved", None),
        (Scenario::MalformedChallenge, "protocol_error", "server_misbehaved", None),
        (Scenario::PasskeyMinBound, "unsupported", "assurance_unreachable", None),
    ] {
        let mut play = Play::of(scenario).await;
        let id = play.ask(None).await;
        if shown_as.is_some() {
            let refused = play.hands.asked().await;
            assert_eq!(refused.screen.step, Step::Refused, "{scenario}");
            assert!(!refused.screen.approvable, "{scenario}: there is nothing to approve");
            // A window that approves all the same changes nothing.
            refused.approve(&[]);
        }
        let ended = play.agent.ended(&id).await;
        assert_eq!((ended.outcome.as_str(), ended.reason.code.as_str()), (outcome, reason));
        assert!(ended.granted.is_none(), "{scenario}");
        assert_eq!(play.key.state().begun, 0, "{scenario}: the key was not touched");
        assert_eq!(play.stage.counts().answers, 0, "{scenario}: nothing was sent");
        let rows = play.record().await;
        let suspicious: Vec<_> = of(&rows, "suspicious");
        let what: Vec<_> = suspicious.iter().map(|body| body["what"].as_str().unwrap()).collect();
        assert_eq!(what, shown_as.into_iter().collect::<Vec<_>>(), "{scenario}");
    }
}

#[tokio::test]
async fn p13_a_challenge_that_was_signed_is_refused_the_second_time() {
    let mut play = Play::of(Scenario::UsedChallenge).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let refused = play.hands.asked().await;
    assert_eq!(refused.screen.step, Step::Refused);
    refused.dismiss();
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.outcome.as_str(), "protocol_error");
    assert_eq!(play.key.state().signed, 1);
    assert!(ended.granted.is_none());
}

#[tokio::test]
async fn p5_a_lying_key_is_found_out_before_its_answer_is_sent() {
    for lie in [
        Lie::NoUserVerification,
        Lie::NoUserPresence,
        Lie::OtherSite,
        Lie::OtherCredential,
        Lie::CounterBack(1),
        Lie::CounterBack(0),
    ] {
        let mut play = Play::of(Scenario::PasskeyBound).await;
        // Once rightly, so that the counter is known.
        let id = play.ask(None).await;
        play.passkey().await.approve(&[]);
        assert!(granted(&play.agent.ended(&id).await).is_some(), "{lie:?}");
        play.key.key(|key| key.lie = lie);
        let id = play.ask(None).await;
        play.passkey().await.approve(&[]);
        let ended = play.agent.ended(&id).await;
        assert_eq!(ended.reason.code, "authenticator_unfit", "{lie:?}");
        assert_eq!(play.stage.counts().answers, 1, "{lie:?}: nothing more was sent");
        assert_eq!(of(&play.record().await, "suspicious").len(), 1, "{lie:?}");
    }
}

#[tokio::test]
async fn p5_the_counter_is_remembered_over_a_restart() {
    let mut play = Play::of(Scenario::Passkey).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    assert!(granted(&play.agent.ended(&id).await).is_some());
    play.daemon.stop().await;
    let (window, hands) = person::window();
    let daemon = Daemon::start(play.home.options(), window, play.key.clone()).await.unwrap();
    play = Play { daemon, hands, agent: play.home.agent().await, ..play };
    let id = play.agent.call("placet/pair", json!({ "name": "again" })).await;
    let code = play.agent.pair_code().await.unwrap();
    play.hands.asked().await.approve(&[&code]);
    let token = play.agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    play.agent = play.home.agent().await;
    play.agent.hello(Some(&token)).await;
    play.key.key(|key| key.lie = Lie::CounterBack(1));
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    assert_eq!(play.agent.ended(&id).await.reason.code, "authenticator_unfit");
}

#[tokio::test]
async fn a_signature_that_the_server_refuses_is_asked_for_again_with_a_new_challenge() {
    let mut play = Play::known(Scenario::PasskeyBound, Played::default()).await;
    play.key.key(|key| key.lie = Lie::BadSignature);
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let again = play.passkey().await;
    assert!(lines(&again).contains("The server did not accept that passkey."));
    play.key.key(|key| key.lie = Lie::None);
    again.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey-bound", "passkey")));
    let counts = play.stage.counts();
    assert_eq!((counts.wrong_passkeys, counts.passkeys), (1, 1));
    let journal = play.stage.journal();
    let challenges: Vec<_> = journal.to("/challenge").filter_map(|entry| entry.json()).collect();
    let sent = |at: usize| challenges[at]["response"]["assertion"].as_str().unwrap().to_owned();
    assert_ne!(sent(0), sent(1));
}

#[tokio::test]
async fn a_key_without_this_passkey_leads_back_to_the_question() {
    let mut play = Play::of(Scenario::Passkey).await;
    // Another key: what was registered is not in it.
    let right = play.key.key(std::mem::take::<SoftKey>);
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let again = play.passkey().await;
    assert!(lines(&again).contains("has no passkey for this server"));
    play.key.key(|key| *key = right);
    again.approve(&[]);
    assert!(granted(&play.agent.ended(&id).await).is_some());
}

#[tokio::test]
async fn the_pin_is_asked_for_beside_the_action_and_reaches_neither_server_agent_nor_record() {
    let pin = "9f-tre-4471";
    let key = Played::new(Some(pin), Keeping::Hardware);
    let mut play = Play::known(Scenario::PasskeyBound, key).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let first = play.hands.asked().await;
    assert_eq!(first.screen.step, Step::Pin);
    assert!(lines(&first).contains("tools/call"), "the action stands beside it");
    first.approve(&["0000"]);
    let second = play.hands.asked().await;
    assert!(lines(&second).contains("That PIN was wrong. 7 tries are left"), "{}", lines(&second));
    second.approve(&[pin]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey-bound", "passkey")));
    let mut everywhere = String::from_utf8_lossy(&play.agent.bytes).into_owned();
    everywhere.push_str(&format!("{:?}", play.stage.journal()));
    for row in play.record().await {
        everywhere.push_str(&row.body.to_string());
    }
    assert!(!everywhere.contains(pin));
}

/// Starts a ceremony, denies it while the key waits, and says how long it took to be dropped.
async fn denied_after() -> Duration {
    let mut play = Play::of(Scenario::PasskeyBound).await;
    play.key.touch(false);
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let touch = play.at_the_key("Touch your security key").await;
    assert!(lines(&touch).contains("tools/call"), "the action stands there: {}", lines(&touch));
    play.key.until(|state| state.waiting == 1).await;
    let pressed = Instant::now();
    touch.deny(None);
    let state = play.key.until(|state| state.dropped == 1).await;
    let took = pressed.elapsed();
    assert_eq!((state.waiting, state.signed), (0, 0));
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.outcome.as_str(), "declined");
    assert_eq!(play.stage.counts().declines, 1, "the server is told");
    assert_eq!(play.stage.counts().answers, 0);
    took
}

#[tokio::test]
async fn deny_while_the_key_waits_cancels_it_within_two_hundred_milliseconds() {
    // The best of a few: a machine that is busy with something else is not what is measured.
    let mut took = Vec::new();
    for _ in 0..5 {
        took.push(denied_after().await);
        if took.iter().any(|took| *took < Duration::from_millis(200)) {
            return;
        }
    }
    panic!("{took:?}");
}

#[tokio::test]
async fn s13_an_agent_that_goes_away_ends_the_ceremony() {
    let mut play = Play::of(Scenario::PasskeyBound).await;
    play.key.touch(false);
    play.ask(None).await;
    play.passkey().await.approve(&[]);
    play.key.until(|state| state.waiting == 1).await;
    play.agent = play.home.agent().await;
    let state = play.key.until(|state| state.dropped == 1).await;
    assert_eq!(state.signed, 0);
}

#[tokio::test]
async fn t5_a_signature_is_sent_once_and_a_lost_answer_is_asked_after() {
    let mut play = Play::of(Scenario::PasskeyResetConsumed).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey", "passkey")));
    assert!(play.stage.journal().sent_twice().is_empty());

    let mut play = Play::of(Scenario::PasskeyResetUnconsumed).await;
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    let again = play.passkey().await;
    assert!(lines(&again).contains("did not confirm"), "{}", lines(&again));
    again.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey", "passkey")));
    assert_eq!(play.key.state().signed, 2, "a new challenge, signed anew");
    assert!(play.stage.journal().sent_twice().is_empty());
}

/// Design §2: `passkey-bound` needs a server that knows this installation.
#[tokio::test]
async fn p7_an_agent_that_speaks_as_placet_opens_no_session_once_the_installation_is_known() {
    let mut play = Play::known(Scenario::PasskeyBound, Played::default()).await;
    // The agent: the same client_id, the same account, a challenge for an action of its own.
    let server = placet_core::request::Server {
        issuer: play.stage.issuer().to_owned(),
        name: "stage".into(),
        client_id: "placet".into(),
        account: "sam@example.com".into(),
        challenge_endpoint: None,
        danger_http_loopback: true,
        way: placet_core::way::Way::default(),
    };
    let asked = placet_core::request::Authorization {
        issuer: server.issuer.clone(),
        scope: None,
        resource: vec![],
        authorization_details: vec![],
        authorization_details_raw: None,
        acr_values: None,
        max_age: None,
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
    };
    let options = placet_fipa::ClientOptions {
        danger_allow_http_loopback: true,
        ..placet_fipa::ClientOptions::default()
    };
    let agent = placet_fipa::Client::new(options);
    let refused = |step: placet_core::ports::Step<_>| match step {
        placet_core::ports::Step::Refused(ServerError::Refused(error)) => error,
        other => panic!("a refusal was expected, not {other:?}"),
    };
    assert_eq!(refused(agent.begin(&server, &asked, true).await), "invalid_client");
    // With a key of its own it is not this installation either.
    #[derive(Debug)]
    struct OfItsOwn(placet_keys::Key);
    impl placet_fipa::Instance for OfItsOwn {
        fn installation(&self) -> Option<placet_core::account::Installation> {
            None
        }
        fn public_jwk(&self) -> Option<Value> {
            None
        }
        fn sign(&self, claims: &Value) -> Option<String> {
            self.0.sign_jwt("JWT", claims).ok()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = placet_keys::open(folder.path(), placet_keys::Use::Instance, None).unwrap();
    agent.speak_as(std::sync::Arc::new(OfItsOwn(key)));
    assert_eq!(refused(agent.begin_known(&server, &asked, true).await), "invalid_client");

    // An assertion that it saw (it cannot: TLS) would be of no use: each is taken once.
    let id = play.ask(None).await;
    play.passkey().await.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey-bound", "passkey")));
    let journal = play.stage.journal();
    let proved = |body: &&placet_stage::server::Entry| body.body.contains("client_assertion=");
    let seen = journal.to("/challenge").find(proved).expect("Placet proved itself").body.clone();
    let host = play.stage.issuer().strip_prefix("http://").unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let request = format!(
        "POST /challenge HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{seen}",
        seen.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The answer may come before the end of the connection, or be cut off by it.
    let read = stream.read_to_string(&mut answer).await;
    let journal = play.stage.journal();
    let last = journal.to("/challenge").last().unwrap();
    assert_eq!((last.status, last.body == seen), (Some(401), true), "{read:?} {answer}");
}

#[tokio::test]
async fn p7_at_a_server_that_does_not_know_this_installation_a_bound_challenge_is_a_passkey() {
    let mut play = Play::of(Scenario::PasskeyBound).await;
    let id = play.ask(None).await;
    let question = play.passkey().await;
    let shown = lines(&question);
    assert!(shown.contains("The server does not know this installation"), "{shown}");
    question.approve(&[]);
    assert_eq!(granted(&play.agent.ended(&id).await), Some(("passkey", "passkey")));
    let journal = play.stage.journal();
    let first = journal.to("/challenge").next().unwrap().form();
    assert!(first.iter().all(|(name, _)| name != "client_assertion"), "it learns no name of it");
}

#[tokio::test]
async fn a_server_that_is_enrolled_anew_is_to_be_told_anew() {
    let mut play = Play::known(Scenario::PasskeyBound, Played::default()).await;
    let enrolment = json!({ "issuer": play.stage.issuer(), "client_id": "placet",
        "account": "sam@example.com", "danger_allow_http_loopback": true });
    let id = play.agent.call("as/add", enrolment).await;
    play.hands.asked().await.approve(&[]);
    play.hands.asked().await.approve(&[]);
    assert_eq!(play.agent.ended(&id).await.outcome.as_str(), "approved");
    // The server still knows the key; Placet does not claim that it does.
    let id = play.ask(None).await;
    let ended = play.agent.ended(&id).await;
    assert_eq!(ended.reason.code, "server_refused");
}
