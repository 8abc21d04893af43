//! Several accounts of one server: added beside each other, chosen by the person, forgotten one by one.
//! The real daemon and its record; the server is scripted, but for what is sent to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_agentd::daemon::Daemon;
use placet_core::display::Input;
use placet_stage::server::{Config, Scenario, Stage};
use placet_tests::headless::agent::{Agent, authorization};
use placet_tests::headless::person::{Hands, Shown};
use placet_tests::headless::server::OTP;
use placet_tests::headless::{Home, chain};
use placet_wire::outcome::{Ended, Outcome};
use serde_json::{Value, json};

const ISSUER: &str = "https://as.example";

async fn paired(home: &Home, hands: &mut Hands) -> Agent {
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let mut agent = home.agent().await;
    agent.hello(Some(&token)).await;
    agent
}

fn account(name: &str) -> Value {
    json!({ "issuer": ISSUER, "client_id": "placet-test", "account": name })
}

async fn enrol(agent: &mut Agent, hands: &mut Hands, params: Value) -> Ended {
    let id = agent.call("as/add", params).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&[]);
    agent.ended(&id).await
}

/// A daemon with a paired agent, and with Sam's and Grace's accounts.
async fn ready(home: &Home) -> (Daemon, Hands, Agent) {
    let (daemon, mut hands) = home.start().await;
    let mut agent = paired(home, &mut hands).await;
    for name in ["sam", "grace"] {
        let ended = enrol(&mut agent, &mut hands, account(name)).await;
        assert_eq!(ended.outcome, Outcome::Approved);
    }
    (daemon, hands, agent)
}

/// What can be chosen, what is chosen at first first.
fn choice(shown: &Shown) -> Vec<String> {
    match &shown.screen.fields[0].input {
        Input::Choice { options, default, .. } => {
            assert_eq!(*default, Some(0));
            options.iter().map(|option| option.title.as_str().to_owned()).collect()
        }
        other => panic!("a choice, not {other:?}"),
    }
}

async fn accounts(agent: &mut Agent) -> Vec<String> {
    let listed = agent.ask("as/list", json!({})).await.unwrap();
    let all = listed["servers"].as_array().unwrap().iter();
    all.map(|server| server["account"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn s7_the_person_chooses_the_account_and_it_is_on_record() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    let review = hands.asked().await;
    assert_eq!(choice(&review), ["sam", "grace"], "the one that is only new is not chosen");
    review.approve(&["1"]);
    let question = hands.asked().await;
    let text = question.screen.lines().join("\n");
    assert!(text.contains("grace") && !text.contains("sam"), "{text}");
    question.approve(&[OTP]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    let rows = chain::rows(&home.record());
    let used: Vec<_> = rows
        .iter()
        .filter(|row| row.event == "contacting" && row.body.get("account").is_some())
        .map(|row| row.body["account"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(used, ["grace", "grace"]);
    let detail =
        daemon.switches().history().detail(rows.last().unwrap().request.as_deref().unwrap());
    let detail = detail.unwrap().unwrap();
    assert_eq!(detail.account, "grace");
    assert!(detail.steps.iter().any(|step| step.summary == format!("{ISSUER} for grace")));

    // What was used last is chosen at first from now on, also after a restart.
    daemon.stop().await;
    let (daemon, mut hands) = home.start().await;
    let mut agent = paired_again(&home, &mut hands).await;
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    let review = hands.asked().await;
    assert_eq!(choice(&review), ["grace", "sam"]);
    review.deny(None);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Declined);
    daemon.stop().await;
}

async fn paired_again(home: &Home, hands: &mut Hands) -> Agent {
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "another" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let mut agent = home.agent().await;
    agent.hello(Some(&token)).await;
    agent
}

#[tokio::test]
async fn s7_no_requester_can_say_which_account() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    for member in ["account", "login_hint"] {
        let mut params = authorization(ISSUER);
        params[member] = json!("grace");
        let problem = agent.ask("authorization/request", params).await.unwrap_err();
        assert_eq!(problem.data.unwrap().code, "forbidden_member");
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn s7_the_account_that_was_chosen_is_the_login_hint() {
    let home = Home::new();
    let (daemon, mut hands) = home.start_with_servers().await;
    let names = ["sam@example.com", "grace@example.com"];
    let config = Config {
        accounts: names.map(str::to_owned).to_vec(),
        scenario: Scenario::Single,
        ..Config::default()
    };
    let stage = Stage::start(config).await.unwrap();
    let mut agent = paired(&home, &mut hands).await;
    for name in names {
        let params = json!({ "issuer": stage.issuer(), "client_id": "placet", "account": name,
            "danger_allow_http_loopback": true });
        assert_eq!(enrol(&mut agent, &mut hands, params).await.outcome, Outcome::Approved);
    }
    let id = agent.call("authorization/request", authorization(stage.issuer())).await;
    hands.asked().await.approve(&["1"]);
    hands.asked().await.deny(None);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Declined);
    let journal = stage.journal();
    let form = journal.to("/challenge").next().unwrap().form();
    let hint = form.iter().find(|(name, _)| name == "login_hint").map(|(_, value)| value.as_str());
    assert_eq!(hint, Some("grace@example.com"));
    daemon.stop().await;
}

#[tokio::test]
async fn s6_the_same_account_takes_its_own_place_and_another_is_added_beside_it() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let mut again = account("sam");
    again["client_id"] = json!("placet-new");
    let id = agent.call("as/add", again).await;
    let first = hands.asked().await;
    assert!(first.screen.lines().join("\n").contains("This takes its place."));
    first.approve(&[]);
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    assert_eq!(accounts(&mut agent).await, ["sam", "grace"]);
    assert_eq!(daemon.switches().known().servers()[0].client_id, "placet-new");
    let id = agent.call("as/add", account("5am")).await;
    let first = hands.asked().await;
    let text = first.screen.lines().join("\n");
    assert!(text.contains("This adds another account"), "{text}");
    first.deny(None);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Declined);
    assert_eq!(accounts(&mut agent).await, ["sam", "grace"]);
    daemon.stop().await;
}

#[tokio::test]
async fn accounts_of_one_server_share_its_name_and_the_way_to_it() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    for (member, value) in [("proxy", "http://127.0.0.1:3128"), ("name", "Another bank")] {
        let mut params = account("mallory");
        params[member] = json!(value);
        let problem = agent.ask("as/add", params).await.unwrap_err();
        assert!(problem.message.contains("all accounts of a server share"), "{}", problem.message);
        assert!(hands.asked_nothing(), "{member}");
    }
    daemon.stop().await;

    // Both fitted when they were asked; the second does not any more.
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let first = agent.call("as/add", account("sam")).await;
    let shown = hands.asked().await;
    let mut params = account("mallory");
    params["proxy"] = json!("http://127.0.0.1:3128");
    let second = agent.call("as/add", params).await;
    agent.status(&second, placet_wire::notice::Status::Queued).await;
    shown.approve(&[]);
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&first).await.outcome, Outcome::Approved);
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&second).await.reason.code, "server_changed");
    assert_eq!(accounts(&mut agent).await, ["sam"]);
    daemon.stop().await;
}

#[tokio::test]
async fn s6_an_account_is_forgotten_by_its_name_and_the_others_stay() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let problem = agent.ask("as/remove", json!({ "issuer": ISSUER })).await.unwrap_err();
    assert!(problem.message.contains(r#""sam" and "grace""#), "{}", problem.message);
    let unknown = json!({ "issuer": ISSUER, "account": "mallory" });
    assert!(agent.ask("as/remove", unknown).await.is_err());
    assert!(hands.asked_nothing(), "nobody was asked");
    let id = agent.call("as/remove", json!({ "issuer": ISSUER, "account": "sam" })).await;
    let shown = hands.asked().await;
    let text = shown.screen.lines().join("\n");
    assert!(text.contains("Forget this account?") && text.contains("It stays for"), "{text}");
    shown.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    assert_eq!(accounts(&mut agent).await, ["grace"]);
    // With one account there is no choice, and it need not be named.
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    let review = hands.asked().await;
    assert!(review.screen.fields.is_empty());
    review.deny(None);
    agent.ended(&id).await;
    let id = agent.call("as/remove", json!({ "issuer": ISSUER })).await;
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    assert_eq!(accounts(&mut agent).await, [""; 0]);
    daemon.stop().await;
}

#[tokio::test]
async fn s6_what_waits_for_a_server_ends_when_an_account_comes_or_goes() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let mut other = home.agent().await;
    let params = [
        ("as/add", account("erin")),
        ("as/remove", json!({ "issuer": ISSUER, "account": "erin" })),
    ];
    for (method, params) in params {
        let changing = other.call(method, params).await;
        let mut shown = hands.asked().await;
        let waiting = agent.call("authorization/request", authorization(ISSUER)).await;
        agent.status(&waiting, placet_wire::notice::Status::Queued).await;
        if method == "as/add" {
            shown.approve(&[]);
            shown = hands.asked().await;
        }
        shown.approve(&[]);
        assert_eq!(other.ended(&changing).await.outcome, Outcome::Approved);
        assert_eq!(agent.ended(&waiting).await.reason.code, "server_changed", "{method}");
    }
    assert!(hands.asked_nothing(), "its choice was not shown any more");
    daemon.stop().await;
}

#[tokio::test]
async fn s14_f12_the_same_question_is_the_same_whatever_account_is_chosen() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let older = agent.call("authorization/request", authorization(ISSUER)).await;
    let shown = hands.asked().await;
    let newer = agent.call("authorization/request", authorization(ISSUER)).await;
    assert_eq!(agent.ended(&older).await.outcome, Outcome::Superseded);
    shown.gone().await;
    hands.asked().await.approve(&["1"]);
    hands.asked().await.approve(&[OTP]);
    assert_eq!(agent.ended(&newer).await.outcome, Outcome::Approved);

    let mut named = authorization(ISSUER);
    named["request_id"] = json!("one");
    let first = agent.call("authorization/request", named.clone()).await;
    let review = hands.asked().await;
    let joined = agent.call("authorization/request", named.clone()).await;
    agent.status(&joined, placet_wire::notice::Status::Shown).await;
    review.approve(&["0"]);
    hands.asked().await.approve(&[OTP]);
    assert_eq!(agent.ended(&first).await.outcome, Outcome::Approved);
    let joined = agent.ended(&joined).await;
    assert!(joined.outcome == Outcome::Approved && joined.granted.is_none());
    let repeated = agent.end("authorization/request", named).await;
    assert!(repeated.repeated && hands.asked_nothing());
    daemon.stop().await;
}
