//! Several requests at once: one prompt, the others behind it, and a way out of a flood.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::time::{Duration, Instant};

use desktop_support::{
    SOON, alone, ask_for, await_attention, await_label, desktop, icon, picture, run, start,
};
use placet_stage::desktop::{Notifications, Session};

#[test]
fn h16_one_prompt_at_a_time_and_the_person_can_deny_all_of_one_requester() {
    let _alone = alone();
    let session = Session::builder().notifications(Notifications::Fake).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let mut asked: Vec<_> =
        (1..=3).map(|n| ask_for(&session, &format!("agent-{n}"), "git push")).collect();
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.starts_with("2 more waiting")).unwrap();
    let prompts = session.screen().windows().unwrap();
    assert_eq!(prompts.len(), 1, "one prompt at a time: {prompts:?}");
    assert!(run(&session, &["open"]).success);
    let window = prompts[0].id;
    await_attention(&session, window);
    let all = "Deny all 3 from this requester";
    // The first press only gives it the focus, and one too soon after the window changed does not
    // count: a person looks and presses again.
    let mut person = session.person().unwrap();
    let begun = Instant::now();
    while asked[0].wait(Duration::from_secs(1)).is_err() {
        assert!(begun.elapsed() < SOON, "nothing was denied: {}", asked[0].log());
        let button = eyes.await_node("placet", SOON, |node| {
            node.name == all && node.is(placet_stage::desktop::State::Sensitive)
        });
        picture(&session, "queue");
        person.click_on(&button.unwrap()).unwrap();
    }
    for one in &mut asked {
        assert_eq!(one.wait(SOON).unwrap().code(), Some(1), "{}", one.log());
    }
    let status = run(&session, &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["waiting"], 0, "{status}");
}

#[test]
fn h16_when_one_is_over_the_next_has_the_prompt() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let eyes = session.eyes().unwrap();
    let first = ask_for(&session, "first", "git push FIRST");
    eyes.await_node("placet", SOON, |node| node.name.contains("git push FIRST")).unwrap();
    let second = ask_for(&session, "second", "git push SECOND");
    eyes.await_node("placet", SOON, |node| node.name.starts_with("1 more waiting")).unwrap();
    first.stop();
    eyes.await_node("placet", SOON, |node| node.name.contains("git push SECOND")).unwrap();
    let gone = eyes.program("placet").unwrap();
    assert!(!gone.iter().any(|program| program.outline().contains("FIRST")), "the first one stays");
    assert!(second.running(), "{}", second.log());
}

#[test]
fn h16_a_requester_can_be_muted_for_an_hour_and_heard_again_from_the_tray() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let mut first = ask_for(&session, "first", "git push");
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.contains("git push")).unwrap();
    let windows = session.screen().windows().unwrap();
    let window = windows.iter().find(|window| window.title == "Placet").unwrap().id;
    assert!(run(&session, &["open"]).success);
    await_attention(&session, window);
    let mut person = session.person().unwrap();
    // As above: a person looks and presses again.
    let begun = Instant::now();
    let sensitive = placet_stage::desktop::State::Sensitive;
    while first.wait(Duration::from_secs(1)).is_err() {
        assert!(begun.elapsed() < SOON, "nothing was denied: {}", first.log());
        let button = eyes.await_node("placet", SOON, |node| {
            let mute = "Deny, and mute all unpaired programs for 1 hour";
            let shown = node.is(placet_stage::desktop::State::Showing) && node.is(sensitive);
            shown && (node.name == mute || node.name == "Deny with a reason…")
        });
        picture(&session, "mute");
        person.click_on(&button.unwrap()).unwrap();
    }
    assert_eq!(first.wait(SOON).unwrap().code(), Some(1), "{}", first.log());
    await_label(&icon, "Unmute all unpaired programs");
    let mut second = ask_for(&session, "second", "git push");
    assert_eq!(second.wait(SOON).unwrap().code(), Some(1), "{}", second.log());
    assert!(second.log().contains("muted"), "{}", second.log());
    icon.press("Unmute all unpaired programs").unwrap();
    await_label(&icon, "Nothing is waiting");
    let third = ask_for(&session, "third", "git push THIRD");
    await_label(&icon, "1 request is waiting");
    assert!(third.running(), "{}", third.log());
}
