//! Settings: kept in the record; what widens is asked in the prompt, what narrows is so at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_agentd::daemon::{Changed, Daemon, NotChanged};
use placet_core::display::Step;
use placet_core::ports::Clock as _;
use placet_core::request::Timestamp;
use placet_core::settings::{Change, Kind, Quiet, Setting, Unfit};
use placet_tests::headless::agent::{Agent, shell};
use placet_tests::headless::person::Hands;
use placet_tests::headless::{Home, chain};
use placet_wire::outcome::Outcome;
use serde_json::json;

/// The year 2200.
const FAR: Timestamp = Timestamp(7_258_118_400_000);
const NIGHT: Quiet = Quiet { from: 22 * 60, to: 7 * 60 };

async fn paired(home: &Home, hands: &mut Hands, name: &str) -> Agent {
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": name })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let mut agent = home.agent().await;
    agent.hello(Some(&token)).await;
    agent
}

fn mark(on: bool) -> Change {
    let kind = Kind { agent: "worker".to_owned(), tool: "shell".to_owned() };
    Change::Set(Setting::OnNotification { kind, on })
}

/// Asks for it, and the person agrees.
async fn agree(daemon: &Daemon, hands: &mut Hands, change: Change) {
    let mut switched = daemon.switches().switched();
    assert_eq!(daemon.switches().change(change).await, Ok(Changed::Asked));
    hands.asked().await.approve(&[]);
    switched.changed().await.unwrap();
}

#[tokio::test]
async fn nothing_that_widens_is_set_before_the_person_agreed_in_the_prompt() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let _worker = paired(&home, &mut hands, "worker").await;
    let mut switched = daemon.switches().switched();
    assert_eq!(daemon.switches().change(mark(true)).await, Ok(Changed::Asked));
    let shown = hands.asked().await;
    assert_eq!(shown.screen.step, Step::Change);
    let lines = shown.screen.lines().join("\n");
    for words in ["worker", "shell", "Placet's book", "Any program of your session can press"] {
        assert!(lines.contains(words), "{words}: {lines}");
    }
    assert!(!daemon.switches().settings().is_low_risk("worker", "shell"), "before the answer");
    shown.deny(None);
    switched.changed().await.unwrap();
    assert!(!daemon.switches().settings().is_low_risk("worker", "shell"), "after a no");
    agree(&daemon, &mut hands, mark(true)).await;
    assert!(daemon.switches().settings().is_low_risk("worker", "shell"));
    daemon.stop().await;
    // The entry belongs to the request in which the person agreed.
    let rows = chain::rows(&home.record());
    let set = rows.iter().find(|row| row.event == "set").unwrap();
    let ends = chain::ends(&rows);
    assert_eq!(
        ends[set.request.as_ref().unwrap()],
        [("approved".to_owned(), "approved".to_owned())]
    );
}

#[tokio::test]
async fn what_narrows_is_so_at_once_and_outlives_a_restart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let _worker = paired(&home, &mut hands, "worker").await;
    agree(&daemon, &mut hands, mark(true)).await;
    let quiet = Change::Set(Setting::Quiet(Some(NIGHT)));
    assert_eq!(daemon.switches().change(quiet).await, Ok(Changed::Done));
    daemon.stop().await;
    let (daemon, mut hands) = home.start().await;
    assert_eq!(daemon.switches().settings().quiet, Some(NIGHT));
    assert!(daemon.switches().settings().is_low_risk("worker", "shell"));
    assert_eq!(daemon.switches().change(mark(false)).await, Ok(Changed::Done));
    assert!(!daemon.switches().settings().is_low_risk("worker", "shell"));
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn what_means_nothing_is_refused_before_anybody_is_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let change = |change| {
        let switches = daemon.switches();
        async move { switches.change(change).await.unwrap_err() }
    };
    assert_eq!(change(mark(true)).await, NotChanged::Unfit(Unfit::Agent), "nobody is paired");
    let never = Change::Set(Setting::Quiet(Some(Quiet { from: 60, to: 60 })));
    assert_eq!(change(never).await, NotChanged::Unfit(Unfit::Hours));
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn a_pause_or_a_mute_is_ended_from_the_book_by_a_yes_in_the_prompt_alone() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let switches = daemon.switches();
    switches.pause(FAR).await.unwrap();
    for bucket in ["", "set up"] {
        switches.mute(bucket, FAR).await.unwrap();
    }
    let mut switched = switches.switched();
    assert_eq!(switches.change(Change::EndPause).await, Ok(Changed::Asked));
    hands.asked().await.deny(None);
    switched.changed().await.unwrap();
    assert_eq!(switches.paused_until(), FAR, "a no ends no pause");
    agree(&daemon, &mut hands, Change::EndPause).await;
    assert!(switches.paused_until() <= placet_agentd::clock::RealClock.now());
    // Questions about setting up are muted, and this is one; the one that ends it must get through.
    agree(&daemon, &mut hands, Change::EndMute("set up".to_owned())).await;
    assert_eq!(switches.muted(), [(String::new(), FAR)]);
    let mut agent = home.agent().await;
    let status = agent.ask("status", json!({})).await.unwrap();
    assert_eq!(status["muted"], json!([{ "who": "all unpaired programs", "until": FAR.0 }]));
    agree(&daemon, &mut hands, Change::EndMute(String::new())).await;
    let id = agent.call("approval/request", shell("make")).await;
    hands.asked().await.approve(&[]);
    assert_eq!(agent.ended(&id).await.outcome, Outcome::Approved);
    daemon.stop().await;
}

#[tokio::test]
async fn while_paused_no_other_change_is_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let _worker = paired(&home, &mut hands, "worker").await;
    daemon.switches().pause(FAR).await.unwrap();
    let mut switched = daemon.switches().switched();
    assert_eq!(daemon.switches().change(mark(true)).await, Ok(Changed::Asked));
    switched.changed().await.unwrap();
    assert!(hands.asked_nothing());
    daemon.stop().await;
}

#[tokio::test]
async fn a_notification_approves_only_what_is_marked_when_it_is_shown_and_when_it_is_pressed() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut worker = paired(&home, &mut hands, "worker").await;
    // Not marked: nothing is offered, and a window that says so all the same is not believed.
    let id = worker.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    assert!(shown.screen.on_notification.is_none());
    shown.approve_on_notification();
    assert_eq!(worker.ended(&id).await.outcome, Outcome::Cancelled);

    agree(&daemon, &mut hands, mark(true)).await;
    let id = worker.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    let offered = shown.screen.on_notification.clone().unwrap();
    assert_eq!(offered.as_str(), "Tool: shell\ncommand: make");
    shown.approve_on_notification();
    let ended = worker.ended(&id).await;
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!(ended.assurance.as_deref(), Some("gesture"));
    assert_eq!(ended.observable, Some(true));

    // Taken back while it waits.
    let id = worker.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    assert!(shown.screen.on_notification.is_some());
    daemon.switches().change(mark(false)).await.unwrap();
    shown.approve_on_notification();
    assert_eq!(worker.ended(&id).await.outcome, Outcome::Cancelled);

    // Another agent, or none, gets nothing of it.
    agree(&daemon, &mut hands, mark(true)).await;
    for mut other in [home.agent().await, paired(&home, &mut hands, "other").await] {
        let id = other.call("approval/request", shell("make")).await;
        let shown = hands.asked().await;
        assert!(shown.screen.on_notification.is_none());
        shown.approve_on_notification();
        assert_eq!(other.ended(&id).await.outcome, Outcome::Cancelled);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn who_gets_the_name_of_a_revoked_agent_inherits_no_mark() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let _worker = paired(&home, &mut hands, "worker").await;
    agree(&daemon, &mut hands, mark(true)).await;
    assert!(daemon.switches().revoke("worker").await.unwrap());
    let mut worker = paired(&home, &mut hands, "worker").await;
    let id = worker.call("approval/request", shell("make")).await;
    let shown = hands.asked().await;
    assert!(shown.screen.on_notification.is_none());
    shown.deny(None);
    assert_eq!(worker.ended(&id).await.outcome, Outcome::Declined);
    daemon.stop().await;
}
