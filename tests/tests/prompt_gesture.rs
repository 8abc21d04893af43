//! What counts as an answer in the real prompt, and what does not: a person at a keyboard and a
//! mouse (H4, H5, design §6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::time::{Duration, Instant};

use placet_stage::desktop::{State, keys};
use prompt_support::*;
use serde_json::json;

#[test]
fn h4_a_press_held_on_approve_approves() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.hold_approve();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["gesture"]["kind"], "held");
    assert_eq!(with["gesture"]["device"], "TigerVNC pointer");
    assert_eq!(with["gesture"]["observable"], true);
}

#[test]
fn h4_ctrl_enter_approves() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["gesture"]["kind"], "chord");
    assert_eq!(with["gesture"]["device"], "TigerVNC keyboard");
}

#[test]
fn h4_ctrl_enter_does_nothing_where_the_focus_stands_at_first() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    for name in ["Deny", REASON] {
        desk.focused(name);
        desk.chord();
        desk.says(GO_TO);
        desk.no_event("answer");
        desk.person.key(keys::TAB).unwrap();
    }
    desk.focused("Approve");
    desk.chord();
    assert_eq!(desk.answer().0, "approve", "it is reached as the foot says");
}

#[test]
fn h4_ctrl_enter_does_nothing_in_the_line_for_a_reason() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    desk.person.click_on(window.named("push button", REASON).unwrap()).unwrap();
    desk.focused("Reason for the agent, which will read it");
    desk.armed(); // The window grew.
    desk.chord();
    desk.says(GO_TO);
    desk.no_event("answer");
}

#[test]
fn h4_a_click_on_approve_says_what_approves_instead() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let approve = window.named("push button", "Approve").unwrap().clone();
    // The window manager's focus may come with the click and arm anew: a person clicks again.
    desk.person.click_on(&approve).unwrap();
    desk.focused("Approve");
    desk.armed();
    desk.person.click_on(&approve).unwrap();
    desk.says("To approve, hold the mouse button down until it says “let go to confirm”, or press Ctrl+Enter.");
    desk.picture("click-on-approve.png");
    desk.no_event("answer");
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve", "it still works");
}

#[test]
fn h4_a_click_or_a_single_key_does_not_approve() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let approve = window.named("push button", "Approve").unwrap().clone();
    desk.person.click_on(&approve).unwrap();
    // The click leaves the focus on it; a window manager may hand it on later than the keys.
    desk.focused("Approve");
    for key in [keys::SPACE, keys::RETURN, keys::KP_ENTER] {
        desk.person.key(key).unwrap();
    }
    desk.no_event("answer");
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve", "it still works");
}

#[test]
fn h4_enter_does_nothing_on_deny_which_has_the_focus() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.person.key(keys::RETURN).unwrap();
    desk.no_event("answer");
    desk.says("Enter does nothing on this button. Press Space, or click it.");
    desk.person.key(keys::SPACE).unwrap();
    assert_eq!(desk.answer().0, "deny");
}

#[test]
fn h4_escape_and_a_closed_window_dismiss() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.person.key(keys::ESCAPE).unwrap();
    assert_eq!(desk.answer().0, "dismiss");
    desk.gone();
    desk.tell(&json!({"release": "plain"}));
    desk.ask(json!({"ask": "plain"}));
    desk.person.chord(&[keys::ALT, 0xffc1]).unwrap(); // Alt+F4, which openbox turns into a close
    assert_eq!(desk.answer().0, "dismiss");
}

#[test]
fn h5_what_is_done_before_the_prompt_is_armed_is_lost() {
    let mut desk = Desk::new();
    let window = desk.show(json!({"ask": "plain"}));
    let approve = window.named("push button", "Approve").unwrap().clone();
    // This press gives the window the focus: it never counts, however long it is held.
    desk.person.hold_on(&approve, Duration::from_millis(2_500)).unwrap();
    desk.no_event("answer");
    // The same again, now that it has had the focus for long enough.
    desk.person.hold_on(&approve, HELD).unwrap();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h5_keys_in_the_first_moments_after_the_focus_are_lost() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "plain"}));
    desk.open();
    desk.person.key(keys::SPACE).unwrap();
    desk.chord();
    desk.person.key(keys::ESCAPE).unwrap();
    desk.no_event("answer");
}

#[test]
fn h5_who_types_on_does_not_arm_it() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "plain"}));
    desk.open();
    // Longer than the arming time in all, and never a pause of that length.
    let begun = Instant::now();
    let mut last = Instant::now();
    while begun.elapsed() < ARMED * 2 {
        desk.person.key(keys::RIGHT).unwrap();
        if last.elapsed() > Duration::from_millis(600) {
            return; // A machine that is too busy to type on it.
        }
        last = Instant::now();
        std::thread::sleep(Duration::from_millis(100));
    }
    // Space would deny, and Escape dismiss.
    desk.person.key(keys::SPACE).unwrap();
    desk.person.key(keys::ESCAPE).unwrap();
    if last.elapsed() < Duration::from_millis(600) {
        desk.no_event("answer");
        desk.armed();
        desk.person.key(keys::ESCAPE).unwrap();
        assert_eq!(desk.answer().0, "dismiss", "after a pause it counts");
    }
}

#[test]
fn h5_a_new_screen_starts_the_arming_anew() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain", "id": "a"}));
    desk.go_to_approve();
    desk.person.key_down(keys::CONTROL).unwrap();
    desk.person.key_down(keys::RETURN).unwrap();
    // Another screen comes while the chord is down.
    desk.show(json!({"ask": "plain", "id": "a", "problem": "Once more."}));
    desk.person.key_up(keys::RETURN).unwrap();
    desk.person.key_up(keys::CONTROL).unwrap();
    desk.no_event("answer");
}

#[test]
fn a_press_that_slides_off_approve_is_none() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let (x, y) = window.named("push button", "Approve").unwrap().middle().unwrap();
    desk.person.move_to(x, y).unwrap();
    desk.person.press(1).unwrap();
    std::thread::sleep(HELD);
    desk.person.move_to(x, y - 200).unwrap();
    desk.person.release(1).unwrap();
    desk.no_event("answer");
}

#[test]
fn letting_go_too_early_is_no_approval() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let approve = window.named("push button", "Approve").unwrap().clone();
    desk.person.hold_on(&approve, Duration::from_millis(300)).unwrap();
    desk.no_event("answer");
}

#[test]
fn deny_is_a_click_and_can_carry_a_reason() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    desk.person.click_on(window.named("push button", "Deny").unwrap()).unwrap();
    assert_eq!(desk.answer(), ("deny".to_owned(), json!({"note": null})));
    desk.tell(&json!({"release": "plain"}));
    desk.gone();

    let window = desk.ask(json!({"ask": "plain"}));
    desk.person.click_on(window.named("push button", REASON).unwrap()).unwrap();
    desk.says("Reason for the agent, which will read it");
    // At once: that the window grows for it loses no key.
    desk.person.type_text("use staging instead").unwrap();
    desk.person.click_on(&desk.button("Deny")).unwrap();
    assert_eq!(desk.answer(), ("deny".to_owned(), json!({"note": "use staging instead"})));
}

#[test]
fn while_the_server_is_asked_only_cancel_works() {
    let mut desk = Desk::new();
    desk.ask(json!({"wait": "plain"}));
    desk.says("Waiting for the server…");
    desk.chord();
    let window = desk.window();
    let approve = window.named("push button", "Approve").unwrap().clone();
    desk.person.hold_on(&approve, HELD).unwrap();
    desk.no_event("answer");
    desk.person.click_on(&desk.button("Cancel")).unwrap();
    assert_eq!(desk.answer().0, "dismiss");
}

#[test]
fn a_withdrawn_question_takes_no_answer() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    desk.tell(&json!({"drop": true}));
    // The prompt has heard of it.
    desk.eyes
        .await_node(PROMPT, SOON, |node| node.name == "Approve" && !node.is(State::Sensitive))
        .unwrap();
    desk.chord();
    desk.no_event("answer");
    desk.tell(&json!({"release": "plain"}));
    desk.gone();
}
