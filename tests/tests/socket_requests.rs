//! Requests at the socket: one outcome each, for who asked, and nothing but that (S5–S7, S11,
//! S13–S15, F10–F12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_agentd::daemon::Daemon;
use placet_agentd::desk::Found;
use placet_core::display::Step;
use placet_core::request::{RequestId, Timestamp};
use placet_tests::headless::agent::{Agent, authorization, enrolment, shell};
use placet_tests::headless::person::{Hands, Shown, Told};
use placet_tests::headless::server::{CODE, DESCRIPTION, MESSAGE, NOWHERE, OTP, REFUSING};
use placet_tests::headless::{Home, chain, receipts};
use placet_wire::notice::Status;
use placet_wire::outcome::{Ended, Outcome};
use placet_wire::params::Cancelled;
use serde_json::{Value, json};

const ISSUER: &str = "https://as.example";
/// The year 2200.
const FAR: Timestamp = Timestamp(7_258_118_400_000);

/// An agent that is paired under this name.
async fn paired(home: &Home, hands: &mut Hands, name: &str) -> Agent {
    let token = pair(home, hands, name).await;
    let mut agent = home.agent().await;
    agent.hello(Some(&token)).await;
    agent
}

async fn pair(home: &Home, hands: &mut Hands, name: &str) -> String {
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": name })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned()
}

async fn enrol(agent: &mut Agent, hands: &mut Hands, issuer: &str) {
    let id = agent.call("as/add", enrolment(issuer)).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
}

fn named(mut params: Value, request_id: &str) -> Value {
    params["request_id"] = json!(request_id);
    params
}

fn reason(ended: &Ended) -> (&str, &str) {
    (ended.outcome.as_str(), &ended.reason.code)
}

/// A daemon with one paired agent and one enrolled server.
async fn ready(home: &Home) -> (Daemon, Hands, Agent) {
    let (daemon, mut hands) = home.start().await;
    let mut agent = paired(home, &mut hands, "worker").await;
    enrol(&mut agent, &mut hands, ISSUER).await;
    (daemon, hands, agent)
}

#[tokio::test]
async fn s5_nothing_but_the_outcome_and_the_code_ever_reaches_an_agent() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let heard_before = agent.bytes.len();
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    let review = hands.asked().await;
    assert_eq!(review.screen.step, Step::Review, "first contact only after the person agreed");
    review.approve(&[]);
    hands.asked().await.approve(&["11111111"]);
    hands.asked().await.approve(&[OTP]);
    let ended = agent.ended(&id).await;
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!(ended.assurance.as_deref(), Some("otp"));
    assert_eq!(ended.granted.as_ref().unwrap().authorization_code.expose(), CODE);
    assert_eq!(ended.granted.as_ref().unwrap().client_id, "placet-test");
    agent.ask("log/list", json!({ "limit": 500 })).await.unwrap();
    agent.ask("as/list", json!({})).await.unwrap();
    let id = agent.call("authorization/request", authorization(REFUSING)).await;
    agent.ended(&id).await;
    daemon.stop().await;
    while agent.hear().await.is_some() {}

    let heard = String::from_utf8(agent.bytes).unwrap();
    for secret in [OTP, "11111111", MESSAGE, DESCRIPTION, "What it wants to do", "/challenge"] {
        assert!(!heard.contains(secret), "{secret} reached the agent");
    }
    assert_eq!(heard.matches(CODE).count(), 1, "once (S15)");
    // Every line of it is a known shape, and has no other member.
    let allowed = [
        "request_id",
        "outcome",
        "reason",
        "note",
        "assurance",
        "method",
        "observable",
        "receipt",
        "retry_after",
        "binding_code",
        "repeated",
        "authorization_code",
        "issuer",
        "client_id",
    ];
    for line in heard.get(heard_before..).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(result) = line["result"].as_object().filter(|r| r.contains_key("outcome")) else {
            continue;
        };
        for member in result.keys() {
            assert!(allowed.contains(&member.as_str()), "{member}");
        }
    }
}

#[tokio::test]
async fn s6_only_an_enrolled_issuer_is_asked_and_only_for_a_paired_agent() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut unpaired = home.agent().await;
    enrol(&mut unpaired, &mut hands, ISSUER).await;
    let ended = unpaired.end("authorization/request", authorization(ISSUER)).await;
    assert_eq!(reason(&ended), ("unsupported", "not_paired"));
    let mut agent = paired(&home, &mut hands, "worker").await;
    for other in ["https://as.example/", "https://AS.example", "https://evil.example"] {
        let ended = agent.end("authorization/request", authorization(other)).await;
        assert_eq!(
            reason(&ended),
            ("unsupported", "issuer_not_enrolled"),
            "byte for byte: {other}"
        );
    }
    assert!(hands.asked_nothing(), "nobody was asked");

    // Enrolment is the person's: their no leaves nothing behind.
    let id = agent.call("as/add", enrolment("https://evil.example")).await;
    let shown = hands.asked().await;
    let screen = shown.screen.lines().join("\n");
    assert!(screen.contains("Look at this server") && !screen.contains("/challenge"), "{screen}");
    shown.approve(&[]);
    let shown = hands.asked().await;
    let screen = shown.screen.lines().join("\n");
    assert!(screen.contains("https://evil.example/challenge"), "where answers would go: {screen}");
    shown.deny(Some("no"));
    let ended = agent.ended(&id).await;
    assert_eq!((reason(&ended), ended.note.as_deref()), (("declined", "denied"), Some("no")));
    let list = agent.ask("as/list", json!({})).await.unwrap();
    assert_eq!(list["servers"].as_array().unwrap().len(), 1);

    let id = agent.call("as/remove", json!({ "issuer": ISSUER })).await;
    hands.asked().await.approve(&[]);
    agent.ended(&id).await;
    let ended = agent.end("authorization/request", authorization(ISSUER)).await;
    assert_eq!(reason(&ended), ("unsupported", "issuer_not_enrolled"));
    daemon.stop().await;
}

#[tokio::test]
async fn s6_a_server_without_encryption_is_refused_before_anybody_is_asked() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    for issuer in ["http://as.example", "http://localhost:8080", "ftp://as.example"] {
        let problem = agent.ask("as/add", enrolment(issuer)).await.unwrap_err();
        let data = problem.data.unwrap();
        assert_eq!((data.code.as_str(), data.member.as_deref()), ("bad_value", Some("issuer")));
    }
    assert!(hands.asked_nothing(), "nobody was asked");
    daemon.stop().await;
}

#[tokio::test]
async fn s7_what_only_enrolment_may_say_is_refused_from_a_requester() {
    let home = Home::new();
    let (daemon, _hands, mut agent) = ready(&home).await;
    for member in ["client_id", "login_hint", "authorization_challenge_endpoint", "redirect_uri"] {
        let mut params = authorization(ISSUER);
        params[member] = json!("https://evil.example");
        let problem = agent.ask("authorization/request", params).await.unwrap_err();
        assert_eq!(
            (problem.code, problem.data.unwrap().code.as_str()),
            (-32602, "forbidden_member")
        );
    }
    daemon.stop().await;
}

#[tokio::test]
async fn s8_start_is_the_only_intake_and_an_auth_session_of_a_requester_is_refused() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let hello = agent.hello(None).await;
    assert_eq!(hello["capabilities"]["intake"], json!(["start"]));
    let params = json!({ "issuer": ISSUER, "auth_session": "mine" });
    let problem = agent.ask("authorization/resume", params).await.unwrap_err();
    assert_eq!(problem.data.unwrap().code, "unknown_method");
    let mut params = authorization(ISSUER);
    params["auth_session"] = json!("mine");
    let problem = agent.ask("authorization/request", params).await.unwrap_err();
    assert_eq!(problem.data.unwrap().code, "forbidden_member");
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn f11_a_server_without_metadata_and_a_refusal_say_nothing_of_its_words() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    let id = agent.call("as/add", enrolment(NOWHERE)).await;
    hands.asked().await.approve(&[]);
    assert_eq!(reason(&agent.ended(&id).await), ("unreachable", "server_unreachable"));
    assert!(hands.asked_nothing(), "there was nothing to trust");
    enrol(&mut agent, &mut hands, REFUSING).await;
    let id = agent.call("authorization/request", authorization(REFUSING)).await;
    hands.asked().await.approve(&[]);
    assert_eq!(reason(&agent.ended(&id).await), ("rejected_by_as", "server_refused"));
    // F10: nor does it stand anywhere as an instruction to the person.
    daemon.stop().await;
    let rows = chain::rows(&home.record());
    assert!(rows.iter().all(|row| !row.body.to_string().contains(DESCRIPTION)));
}

#[tokio::test]
async fn s11_each_kind_of_answer_is_one_outcome() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("a")).await;
    let queued = agent.status(&id, Status::Queued).await;
    agent.status(&id, Status::Shown).await;
    let shown = hands.asked().await;
    assert_eq!(shown.screen.binding_code.as_str(), queued.binding_code, "S16");
    shown.approve(&[]);
    let ended = agent.ended(&id).await;
    assert_eq!(
        (reason(&ended), ended.assurance.as_deref()),
        (("approved", "approved"), Some("gesture"))
    );
    assert_eq!(ended.request_id, queued.request_id);

    let id = agent.call("approval/request", shell("b")).await;
    hands.asked().await.dismiss();
    assert_eq!(reason(&agent.ended(&id).await), ("cancelled", "dismissed"));

    hands.session(false);
    let ended = agent.end("approval/request", shell("c")).await;
    assert_eq!(reason(&ended), ("unreachable", "no_human"));
    hands.session(true);

    let id = agent.call("approval/request", shell("d")).await;
    hands.asked().await;
    agent.say(Cancelled { request_id: id.clone(), reason: None }.line().as_bytes()).await;
    assert_eq!(reason(&agent.ended(&id).await), ("cancelled", "requester_cancelled"));

    let id = agent.call("approval/request", shell("e")).await;
    let shown = hands.asked().await;
    daemon.stop().await;
    assert_eq!(reason(&agent.ended(&id).await), ("cancelled", "stopping"));
    shown.gone().await;
    assert!(agent.is_closed().await);

    let rows = chain::rows(&home.record());
    let ends = chain::ends(&rows);
    assert_eq!(ends.len(), 5);
    assert!(ends.values().all(|ends| ends.len() == 1), "one end each: {ends:?}");
    let receipt = ended.receipt;
    assert!(receipt.is_some_and(|receipt| rows.iter().any(|row| {
        row.body["receipt"].as_str().is_some_and(|token| receipts::digest(token) == receipt)
    })));
}

#[tokio::test]
async fn s13_a_lost_connection_cancels_its_request_and_hides_the_prompt() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    agent.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    let request = shown.screen.request.clone();
    drop(agent);
    shown.gone().await;
    assert_eq!(hands.released().await, request);
    daemon.stop().await;
    let rows = chain::rows(&home.record());
    let ended = ("cancelled".to_owned(), "requester_gone".to_owned());
    assert_eq!(chain::ends(&rows)[&request.0], [ended]);
}

#[tokio::test]
async fn s14_a_repeated_request_id_joins_the_one_prompt_also_on_another_connection() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let token = pair(&home, &mut hands, "worker").await;
    let mut first = home.agent().await;
    first.hello(Some(&token)).await;
    let mut second = home.agent().await;
    second.hello(Some(&token)).await;
    let params = named(shell("make"), "build-1");
    let one = first.call("approval/request", params.clone()).await;
    let shown = hands.asked().await;
    let two = second.call("approval/request", params.clone()).await;
    second.status(&two, Status::Shown).await;
    let conflict = second.ask("approval/request", named(shell("rm -rf /"), "build-1")).await;
    assert_eq!(conflict.unwrap_err().data.unwrap().code, "request_id_conflict");
    // The same name means nothing from somebody else.
    let mut stranger = home.agent().await;
    let three = stranger.call("approval/request", params.clone()).await;
    stranger.status(&three, Status::Queued).await;
    shown.approve(&[]);
    assert_eq!(first.ended(&one).await.outcome, Outcome::Approved);
    assert_eq!(second.ended(&two).await.outcome, Outcome::Approved);
    let again = second.end("approval/request", params).await;
    assert_eq!((again.outcome, again.request_id.as_str()), (Outcome::Approved, "build-1"));
    assert!(again.repeated);
    hands.asked().await.deny(None);
    assert_eq!(stranger.ended(&three).await.outcome, Outcome::Declined);
    assert!(hands.asked_nothing(), "two prompts for four calls");
    daemon.stop().await;
}

#[tokio::test]
async fn s14_after_its_end_a_repeat_is_marked_on_record_and_no_yes_for_another_time() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = paired(&home, &mut hands, "worker").await;
    let params = named(shell("make"), "build-1");
    let first = agent.call("approval/request", params.clone()).await;
    let shown = hands.asked().await;
    let joined = agent.call("approval/request", params.clone()).await;
    agent.status(&joined, Status::Shown).await;
    shown.approve(&[]);
    for id in [&first, &joined] {
        let ended = agent.ended(id).await;
        assert!(ended.is_go_ahead(), "it asked while the question was open: {ended:?}");
    }
    for _ in 0..2 {
        let again = agent.end("approval/request", params.clone()).await;
        assert_eq!((again.outcome, again.repeated), (Outcome::Approved, true));
        assert!(!again.is_go_ahead());
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
    let rows = chain::rows(&home.record());
    let ended = rows.iter().rfind(|row| row.event == "ended").unwrap();
    let repeats: Vec<_> = rows.iter().filter(|row| row.event == "repeated").collect();
    assert_eq!(repeats.len(), 2);
    for row in repeats {
        assert_eq!(
            (&row.request, &row.body["asker"]["pairing"]),
            (&ended.request, &json!("worker"))
        );
    }
}

#[tokio::test]
async fn s14_a_repeat_that_cannot_be_recorded_is_a_no() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let params = named(shell("make"), "build-1");
    let id = agent.call("approval/request", params.clone()).await;
    hands.asked().await.approve(&[]);
    assert!(agent.ended(&id).await.is_go_ahead());
    let connection = rusqlite::Connection::open(home.record()).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let again = agent.end("approval/request", params).await;
    assert_eq!(reason(&again), ("unreachable", "record_unwritable"));
    drop(connection);
    daemon.stop().await;
}

#[tokio::test]
async fn s14_numbers_too_large_for_canonical_json_are_told_apart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    // RFC 8785 writes both as 9007199254740992.
    let params =
        |id: u64| named(json!({ "tool": "delete", "arguments": { "id": id } }), "delete-1");
    let id = agent.call("approval/request", params(9_007_199_254_740_992)).await;
    hands.asked().await.approve(&[]);
    agent.ended(&id).await;
    let other = agent.ask("approval/request", params(9_007_199_254_740_993)).await.unwrap_err();
    assert_eq!(other.data.unwrap().code, "request_id_conflict", "not the approval of the other");
    daemon.stop().await;
}

#[tokio::test]
async fn s14_who_joined_and_leaves_does_not_end_it_and_who_asked_and_leaves_does() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let token = pair(&home, &mut hands, "worker").await;
    let mut agents = Vec::new();
    for _ in 0..3 {
        let mut agent = home.agent().await;
        agent.hello(Some(&token)).await;
        agents.push(agent);
    }
    let [mut first, mut second, mut third] = <[Agent; 3]>::try_from(agents).unwrap();
    let params = named(shell("make"), "build-1");
    first.call("approval/request", params.clone()).await;
    let shown = hands.asked().await;
    let joined = second.call("approval/request", params.clone()).await;
    second.status(&joined, Status::Shown).await;
    let id = third.call("approval/request", params.clone()).await;
    third.status(&id, Status::Shown).await;
    third.half_close();
    assert_eq!(reason(&third.ended(&id).await), ("cancelled", "requester_gone"));
    assert!(hands.nothing_new(), "the prompt stands");
    drop(first);
    shown.gone().await;
    assert_eq!(reason(&second.ended(&joined).await), ("cancelled", "requester_gone"));
    daemon.stop().await;
}

#[tokio::test]
async fn s4_revoking_a_pairing_ends_what_it_asked_at_once_and_takes_it_off_the_screen() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    let build = named(shell("make"), "build-1");
    let id = worker.call("approval/request", build.clone()).await;
    hands.asked().await.approve(&[]);
    assert!(worker.ended(&id).await.is_go_ahead());

    let first = worker.call("approval/request", shell("rm -rf build")).await;
    let shown = hands.asked().await;
    let second = worker.call("approval/request", shell("make install")).await;
    worker.status(&second, Status::Queued).await;
    let mut other = home.agent().await;
    let third = other.call("approval/request", shell("ls")).await;
    other.status(&third, Status::Queued).await;
    let request = shown.screen.request.clone();
    let revoked = other.ask("pairing/revoke", json!({ "name": "worker" })).await.unwrap();
    assert_eq!(revoked["revoked"], true);
    for id in [&first, &second] {
        assert_eq!(reason(&worker.ended(id).await), ("cancelled", "pairing_revoked"));
    }
    shown.gone().await;
    assert_eq!(hands.released().await, request, "off the screen");
    let shown = hands.asked().await;
    let given = &shown.screen.action.rows.last().unwrap().value;
    assert_eq!(given.as_str(), "ls", "the others go on");
    shown.approve(&[]);
    assert!(other.ended(&third).await.is_go_ahead());

    // The same connection speaks for nobody now.
    let id = worker.call("approval/request", shell("ls")).await;
    let shown = hands.asked().await;
    assert_eq!(shown.screen.asker.rows[0].value.as_str(), "This program is not paired.");
    shown.deny(None);
    worker.ended(&id).await;
    // Whoever gets the same name later is not told what the first one was told.
    let mut heir = paired(&home, &mut hands, "worker").await;
    let id = heir.call("approval/request", build).await;
    hands.asked().await.deny(None);
    let ended = heir.ended(&id).await;
    assert_eq!((ended.outcome, ended.repeated), (Outcome::Declined, false));
    daemon.stop().await;
    let rows = chain::rows(&home.record());
    let unpaired = rows.iter().position(|row| row.event == "unpaired").unwrap();
    let revoked = rows.iter().filter(|row| row.body["reason"] == "pairing_revoked");
    assert_eq!(revoked.count(), 2);
    assert!(
        rows[unpaired..].iter().all(|row| row.body["outcome"] != "approved"
            || row.request.as_deref() != Some(request.0.as_str())),
        "no yes after it"
    );
}

#[tokio::test]
async fn s6_removing_a_server_or_enrolling_it_anew_ends_what_waits_for_it() {
    let home = Home::new();
    let (daemon, mut hands, mut agent) = ready(&home).await;
    enrol(&mut agent, &mut hands, REFUSING).await;
    let mut changes = vec![("as/remove", json!({ "issuer": ISSUER }))];
    changes.insert(0, ("as/add", enrolment(ISSUER)));
    for (method, params) in changes {
        let change = agent.call(method, params).await;
        let mut shown = hands.asked().await;
        let here = agent.call("authorization/request", authorization(ISSUER)).await;
        agent.status(&here, Status::Queued).await;
        let elsewhere = agent.call("authorization/request", authorization(REFUSING)).await;
        agent.status(&elsewhere, Status::Queued).await;
        if shown.screen.heading.as_str().starts_with("Look at") {
            shown.approve(&[]);
            shown = hands.asked().await;
        }
        shown.approve(&[]);
        assert_eq!(agent.ended(&change).await.outcome, Outcome::Approved, "{method}");
        assert_eq!(reason(&agent.ended(&here).await), ("cancelled", "server_changed"), "{method}");
        hands.asked().await.deny(None);
        assert_eq!(agent.ended(&elsewhere).await.outcome, Outcome::Declined, "{method}");
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn s15_the_code_goes_once_to_the_call_that_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let token = pair(&home, &mut hands, "worker").await;
    let mut asks = home.agent().await;
    asks.hello(Some(&token)).await;
    enrol(&mut asks, &mut hands, ISSUER).await;
    let mut joins = home.agent().await;
    joins.hello(Some(&token)).await;
    let params = named(authorization(ISSUER), "auth-1");
    let one = asks.call("authorization/request", params.clone()).await;
    let shown = hands.asked().await;
    let two = joins.call("authorization/request", params.clone()).await;
    joins.status(&two, Status::Shown).await;
    let three = asks.call("authorization/request", params.clone()).await;
    asks.status(&three, Status::Shown).await;
    shown.approve(&[]);
    hands.asked().await.approve(&[OTP]);
    assert_eq!(asks.ended(&one).await.granted.unwrap().authorization_code.expose(), CODE);
    for ended in [joins.ended(&two).await, asks.ended(&three).await] {
        assert_eq!((ended.outcome, ended.granted), (Outcome::Approved, None));
    }
    let again = asks.end("authorization/request", params).await;
    assert_eq!((again.outcome, again.granted), (Outcome::Approved, None), "it was erased");
    daemon.stop().await;
    let all = std::fs::read(home.record()).unwrap();
    assert!(!all.windows(CODE.len()).any(|window| window == CODE.as_bytes()), "R3");
}

#[tokio::test]
async fn f12_an_identical_newer_question_takes_the_place_of_the_older() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let older = agent.call("approval/request", named(shell("make"), "1")).await;
    let shown = hands.asked().await;
    let other = agent.call("approval/request", shell("make test")).await;
    agent.status(&other, Status::Queued).await;
    let newer = agent.call("approval/request", named(shell("make"), "2")).await;
    assert_eq!(reason(&agent.ended(&older).await), ("superseded", "superseded"));
    shown.gone().await;
    hands.asked().await.deny(None);
    assert_eq!(agent.ended(&other).await.outcome, Outcome::Declined);
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&newer).await.outcome, Outcome::Approved);
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn h16_one_prompt_at_a_time_in_order_and_all_of_one_requester_can_be_declined() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    let mut other = home.agent().await;
    let first = worker.call("approval/request", shell("1")).await;
    let shown = hands.asked().await;
    let second = other.call("approval/request", shell("2")).await;
    other.status(&second, Status::Queued).await;
    let third = worker.call("approval/request", shell("3")).await;
    worker.status(&third, Status::Queued).await;
    assert!(hands.asked_nothing(), "only one is on the screen");
    let waiting = daemon.waiting().borrow().clone();
    let list: Vec<_> =
        waiting.iter().map(|w| (w.asker.as_str(), w.bucket.as_str(), w.shown)).collect();
    let expected = [
        ("worker", "worker", true),
        ("an unpaired program", "", false),
        ("worker", "worker", false),
    ];
    assert_eq!(list, expected);
    assert_eq!(waiting[0].heading.as_str(), "worker wants to use shell");

    let opened = other.ask("ui/open", json!({})).await.unwrap();
    assert_eq!(opened, json!({ "shown": true, "waiting": 3 }));
    assert!(matches!(hands.told().await, Told::Opened));

    daemon.switches().decline_all_from("worker");
    for id in [&first, &third] {
        assert_eq!(reason(&worker.ended(id).await), ("declined", "denied"));
    }
    shown.gone().await;
    let shown = hands.asked().await;
    assert_eq!(shown.screen.action.rows.last().unwrap().value.as_str(), "2");
    shown.approve(&[]);
    assert_eq!(other.ended(&second).await.outcome, Outcome::Approved);
    assert!(daemon.waiting().borrow().is_empty());
    daemon.stop().await;
}

/// What the window shows of a plain approval.
fn command(shown: &Shown) -> String {
    shown.screen.action.rows.last().unwrap().value.as_str().to_owned()
}

async fn until_stays(hands: &mut Hands) {
    loop {
        match hands.told().await {
            Told::Stays => return,
            Told::Asked(shown) => panic!("another is on the screen: {}", command(&shown)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn h16_the_request_that_the_person_asks_for_is_shown_and_the_other_comes_back_after_it() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut ids = Vec::new();
    let first = agent.call("approval/request", shell("1")).await;
    let shown = hands.asked().await;
    for command in ["2", "3"] {
        let id = agent.call("approval/request", shell(command)).await;
        agent.status(&id, Status::Queued).await;
        ids.push(id);
    }
    let waiting = daemon.waiting().borrow().clone();
    assert_eq!(waiting[2].brief.as_str(), "shell: 3");
    let switches = daemon.switches();
    assert_eq!(switches.show_next(&waiting[0].request), Found::Shown);
    assert_eq!(switches.show_next(&RequestId("req_0".into())), Found::Nowhere);
    assert_eq!(switches.show_next(&waiting[2].request), Found::Next);
    // The first one goes back, unanswered.
    shown.gone().await;
    let third = hands.asked().await;
    assert_eq!(command(&third), "3");
    let list: Vec<_> = daemon.waiting().borrow().iter().map(|one| one.shown).collect();
    assert_eq!(list, [false, false, true]);
    third.approve(&[]);
    assert_eq!(agent.ended(&ids[1]).await.outcome, Outcome::Approved);
    // Then the one that was begun, before the one that nobody has seen.
    let again = hands.asked().await;
    assert_eq!(command(&again), "1");
    assert!(hands.asked_nothing());
    again.deny(None);
    assert_eq!(reason(&agent.ended(&first).await), ("declined", "denied"));
    let second = hands.asked().await;
    assert_eq!(command(&second), "2");
    second.approve(&[]);
    assert_eq!(agent.ended(&ids[0]).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn h16_what_the_person_has_begun_to_answer_stays_and_says_that_another_comes_next() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let first = agent.call("approval/request", shell("1")).await;
    let shown = hands.asked().await;
    for command in ["2", "3"] {
        let id = agent.call("approval/request", shell(command)).await;
        agent.status(&id, Status::Queued).await;
    }
    hands.begin(true);
    let waiting = daemon.waiting().borrow().clone();
    assert_eq!(daemon.switches().show_next(&waiting[2].request), Found::Next);
    until_stays(&mut hands).await;
    // Nothing that the socket takes does the same.
    agent.ask("ui/open", json!({})).await.unwrap();
    shown.deny(None);
    assert_eq!(reason(&agent.ended(&first).await), ("declined", "denied"));
    hands.begin(false);
    assert_eq!(command(&hands.asked().await), "3");
    daemon.stop().await;
}

#[tokio::test]
async fn h16_who_presses_without_end_keeps_nobody_from_answering() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    agent.call("approval/request", shell("1")).await;
    let mut shown = hands.asked().await;
    let second = agent.call("approval/request", shell("2")).await;
    agent.status(&second, Status::Queued).await;
    let waiting = daemon.waiting().borrow().clone();
    let other = |shown: &Shown| usize::from(command(shown) == "1");
    for _ in 0..6 {
        assert_eq!(daemon.switches().show_next(&waiting[other(&shown)].request), Found::Next);
        shown.gone().await;
        shown = hands.asked().await;
    }
    // Both went back three times; from now on what is up stays.
    assert_eq!(daemon.switches().show_next(&waiting[other(&shown)].request), Found::Next);
    until_stays(&mut hands).await;
    daemon.stop().await;
}

#[tokio::test]
async fn s16_the_log_tells_what_was_asked_once_it_is_over() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    let mut other = home.agent().await;
    let asked = worker.call("approval/request", shell("git push")).await;
    let shown = hands.asked().await;
    let number = shown.screen.binding_code.as_str().to_owned();
    let beginning = async |other: &mut Agent| {
        let page = other.ask("log/list", json!({ "limit": 20 })).await.unwrap();
        let entries = page["entries"].as_array().unwrap().iter();
        entries.clone().find(|entry| entry["summary"] == "approval from worker").unwrap().clone()
    };
    let open = beginning(&mut other).await;
    assert_eq!((&open["code"], &open["brief"]), (&Value::Null, &Value::Null), "it still waits");
    shown.deny(Some("use staging"));
    let _ = worker.ended(&asked).await;
    let over = beginning(&mut other).await;
    assert_eq!(over["code"], number.as_str());
    assert_eq!((&over["agent"], &over["brief"]), (&json!("worker"), &json!("shell: git push")));
    let page = other.ask("log/list", json!({ "limit": 1 })).await.unwrap();
    assert_eq!(page["entries"][0]["sentence"], "A person declined this.");
    assert!(
        !page.to_string().contains("staging"),
        "what the person wrote is for the worker: {page}"
    );
    daemon.stop().await;
}

#[tokio::test]
async fn s22_five_wait_for_one_requester_and_the_next_hears_to_come_back() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        let id = agent.call("approval/request", shell(&"x".repeat(n + 1))).await;
        let status = if n == 0 { Status::Shown } else { Status::Queued };
        agent.status(&id, status).await;
        ids.push(id);
    }
    let ended = agent.end("approval/request", shell("one more")).await;
    assert_eq!((reason(&ended), ended.retry_after), (("rate_limited", "queue_full"), Some(30)));
    let mut other = paired_beside(&home, &mut hands, ids.len()).await;
    for id in &ids {
        agent.ended(id).await;
    }
    // Another requester has a queue of its own.
    let id = other.call("approval/request", shell("mine")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(other.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_a_burst_over_many_connections_does_not_pass_the_limits() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agents = Vec::new();
    for of in 0..5 {
        let mut agent = home.agent().await;
        let mut ids = Vec::new();
        for n in 0..16 {
            ids.push(agent.call("approval/request", shell(&format!("{of}-{n}"))).await);
        }
        agents.push((agent, ids));
    }
    let denying = tokio::spawn(async move {
        loop {
            hands.asked().await.deny(None);
        }
    });
    let mut prompts = 0;
    for (agent, ids) in &mut agents {
        for id in ids {
            match agent.ended(id).await.outcome {
                Outcome::Declined => prompts += 1,
                other => assert_eq!(other, Outcome::RateLimited),
            }
        }
    }
    assert!((5..=10).contains(&prompts), "80 asked, {prompts} prompts in ten minutes");
    denying.abort();
    daemon.stop().await;
}

/// Answers all that stand before it, then pairs.
async fn paired_beside(home: &Home, hands: &mut Hands, standing: usize) -> Agent {
    for _ in 0..standing {
        hands.asked().await.deny(None);
    }
    paired(home, hands, "worker").await
}

#[tokio::test]
async fn s22_ten_prompts_in_ten_minutes_are_enough_for_one_requester() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    // Each another thing, so that H17 has nothing against it.
    for n in 0..8 {
        let id = worker.call("approval/request", shell(&"x".repeat(n + 1))).await;
        hands.asked().await.deny(None);
        worker.ended(&id).await;
    }
    // The ninth is on the screen, the tenth is promised the prompt: that counts as well.
    let ninth = worker.call("approval/request", shell("ninth")).await;
    worker.status(&ninth, Status::Shown).await;
    let tenth = worker.call("approval/request", shell("tenth")).await;
    worker.status(&tenth, Status::Queued).await;
    let ended = worker.end("approval/request", shell("one more")).await;
    assert_eq!(reason(&ended), ("rate_limited", "too_many_prompts"));
    let retry = ended.retry_after.unwrap();
    assert!((590..=600).contains(&retry), "until the oldest is ten minutes old: {retry}");
    for id in [&ninth, &tenth] {
        hands.asked().await.deny(None);
        worker.ended(id).await;
    }
    let ended = worker.end("approval/request", shell("one more")).await;
    assert_eq!(reason(&ended), ("rate_limited", "too_many_prompts"));
    let mut other = home.agent().await;
    let id = other.call("approval/request", shell("mine")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(other.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn a_pause_declines_what_waits_and_what_comes_and_survives_a_restart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    daemon.switches().pause(FAR).await.unwrap();
    shown.gone().await;
    assert_eq!(reason(&agent.ended(&id).await), ("declined", "paused"));
    daemon.stop().await;

    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let ended = agent.end("approval/request", shell("make")).await;
    assert_eq!(reason(&ended), ("declined", "paused"));
    assert!(hands.nothing_new());
    assert_eq!(agent.ask("status", json!({})).await.unwrap()["paused_until"], FAR.0);
    daemon.switches().pause(Timestamp(0)).await.unwrap();
    let id = agent.call("approval/request", shell("make")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn h16_a_mute_declines_what_waits_and_what_comes_from_one_requester_and_survives_a_restart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let token = pair(&home, &mut hands, "worker").await;
    let mut worker = home.agent().await;
    worker.hello(Some(&token)).await;
    let id = worker.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    daemon.switches().mute("worker", FAR).await.unwrap();
    shown.gone().await;
    assert_eq!(reason(&worker.ended(&id).await), ("declined", "muted"));
    assert_eq!(daemon.switches().muted(), [("worker".to_owned(), FAR)]);
    daemon.stop().await;

    let (daemon, mut hands) = home.start().await;
    let mut worker = home.agent().await;
    worker.hello(Some(&token)).await;
    let ended = worker.end("approval/request", shell("make")).await;
    assert_eq!(reason(&ended), ("declined", "muted"));
    assert!(ended.retry_after.is_some_and(|seconds| seconds > 600), "{ended:?}");
    assert!(hands.nothing_new());
    let mut other = home.agent().await;
    let id = other.call("approval/request", shell("make")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(other.ended(&id).await.outcome, Outcome::Approved, "another is heard");
    daemon.switches().mute("worker", Timestamp(0)).await.unwrap();
    let id = worker.call("approval/request", shell("make")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(worker.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn h17_after_three_times_no_the_same_thing_is_not_asked_again_until_a_while_has_passed() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    for command in ["git push v1", "git  push v2", "Git push v33"] {
        let id = worker.call("approval/request", shell(command)).await;
        hands.asked().await.deny(None);
        assert_eq!(reason(&worker.ended(&id).await), ("declined", "denied"));
    }
    let ended = worker.end("approval/request", shell("git push v4")).await;
    assert_eq!(reason(&ended), ("rate_limited", "declined_before"));
    assert!(ended.retry_after.is_some_and(|s| (1..=600).contains(&s)), "{ended:?}");
    assert!(hands.asked_nothing());
    // Something else, and somebody else, are asked about.
    let id = worker.call("approval/request", shell("git pull")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(worker.ended(&id).await.outcome, Outcome::Approved);
    let mut other = paired(&home, &mut hands, "other").await;
    let id = other.call("approval/request", shell("git push v4")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(other.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn h17_a_yes_ends_what_was_counted_against_it() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    for yes in [false, false, true, false, false, true] {
        let id = worker.call("approval/request", shell("git push")).await;
        let shown = hands.asked().await;
        if yes {
            shown.approve(&[])
        } else {
            shown.deny(None)
        }
        worker.ended(&id).await;
    }
    daemon.stop().await;
}
