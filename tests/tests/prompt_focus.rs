//! The real prompt never takes the focus from what the person is typing, and comes up when the
//! person asks for it (design §6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use placet_stage::desktop::{Program, State, keys};
use prompt_support::*;
use serde_json::json;

/// Another program in which the person types.
fn editor(desk: &Desk) -> Program {
    let mut zenity = desk.session.command("zenity").unwrap();
    zenity.args(["--entry", "--title=Editor", "--text=Write"]);
    let program = desk.session.spawn("zenity", zenity).unwrap();
    desk.session.screen().await_active(SOON, |window| window.title == "Editor").unwrap();
    program
}

fn written(desk: &Desk, text: &str) {
    let node = desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some(text));
    node.unwrap();
}

#[test]
fn it_opens_without_the_focus_while_the_person_types_elsewhere() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.person.type_text("hello ").unwrap();
    for id in ["a", "b", "c"] {
        desk.tell(&json!({"ask": "plain", "id": id}));
        // Spaces and words, as they would press a button that took the focus.
        desk.person.type_text("x y ").unwrap();
        desk.event("painted");
        desk.person.type_text("z ").unwrap();
        let active = desk.session.screen().active().unwrap().unwrap();
        assert_eq!(active.title, "Editor");
        desk.tell(&json!({"drop": true}));
        desk.tell(&json!({"release": id}));
    }
    written(&desk, "hello x y z x y z x y z ");
    desk.no_event("answer");
}

#[test]
fn it_says_that_it_waits_for_a_click() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.show(json!({"ask": "plain"}));
    desk.says("To answer, click this window first.");
    desk.open();
    desk.eyes
        .until(PROMPT, SOON, |windows| {
            let words = windows.iter().flat_map(|window| window.words()).collect::<Vec<_>>();
            (!words.contains(&"To answer, click this window first.")).then_some(())
        })
        .unwrap();
}

#[test]
fn the_next_screen_of_a_request_keeps_the_focus_and_the_next_request_does_not_take_it() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.ask(json!({"ask": "payment", "id": "one"}));
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
    // The same request goes on: the person stays in the window.
    desk.show(json!({"ask": "otp", "id": "one"}));
    desk.focused("One-time code");
    // What is new on it, above and below the field.
    desk.scroll_through();
    desk.armed();
    desk.person.type_text("123456").unwrap();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
    desk.tell(&json!({"release": "one"}));
    desk.gone();
    desk.session.screen().await_active(SOON, |window| window.title == "Editor").unwrap();
    // Another request: the person is back at work.
    desk.show(json!({"ask": "plain", "id": "two"}));
    assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
    desk.person.type_text("on ").unwrap();
    written(&desk, "on ");
    assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
}

#[test]
fn opening_raises_it_at_once_even_before_it_is_on_the_screen() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.tell(&json!({"ask": "plain"}));
    desk.open();
    desk.event("painted");
    desk.focused("Deny");
}

#[test]
fn h5_ctrl_enter_meant_for_another_window_approves_nothing() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.person.type_text("hello").unwrap();
    desk.show(json!({"ask": "plain"}));
    // Somebody presses its notification, which any program can, and it takes the focus.
    desk.open();
    desk.person.type_text(" world").unwrap();
    desk.chord();
    desk.no_event("answer");
    // The person stops to think, and sends what they wrote.
    desk.armed();
    desk.person.key(u32::from('.')).unwrap();
    desk.chord();
    desk.says(GO_TO);
    desk.no_event("answer");
}

#[test]
fn a_program_that_asks_for_it_brings_it_up_without_the_focus() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.show(json!({"ask": "plain"}));
    let attacker = desk.session.attacker().unwrap();
    let id = desk.placet();
    attacker.iconify(id).unwrap();
    desk.gone();
    desk.tell(&json!({"raise": true}));
    desk.session.screen().await_window(SOON, |window| window.title == "Placet").unwrap();
    desk.says("To answer, click this window first.");
    assert!(desk.session.screen().is_urgent(desk.placet()).unwrap());
    assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
    desk.person.type_text("on").unwrap();
    written(&desk, "on");
    // The person goes there: it has their attention.
    desk.open();
    desk.focused("Deny");
    assert!(!desk.session.screen().is_urgent(desk.placet()).unwrap());
}

#[test]
fn opening_with_nothing_to_show_shows_nothing() {
    let mut desk = Desk::new();
    let _editor = editor(&desk);
    desk.tell(&json!({"open": true}));
    desk.no_event("painted");
    desk.gone();
}

#[test]
fn typing_goes_to_the_first_field_and_never_past_it() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "form"}));
    let field = desk.focused("Reference");
    assert!(field.is(State::Editable));
    desk.person.type_text("a b").unwrap();
    desk.person.key(keys::RETURN).unwrap();
    desk.no_event("answer");
    desk.eyes.await_node(PROMPT, SOON, |node| node.text.as_deref() == Some("a b")).unwrap();
}
