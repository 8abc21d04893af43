//! The login manager's and the screen saver's word on whether the person is away (F9), with the real
//! prompt. The session's bus stands for the system's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use placet_stage::desktop::{FakeLogin, FakeScreenSaver, Window};
use prompt_support::*;
use serde_json::json;

const CODE: &str = "One-time code";

/// What the secret field says of itself.
fn described(desk: &Desk, words: &str) {
    desk.eyes
        .await_node(PROMPT, SOON, |node| node.role == "password text" && node.description == words)
        .unwrap();
}

fn shown(desk: &Desk) {
    let shown = |window: &Window| window.title == "Placet" && window.mapped;
    desk.session.screen().await_window(SOON, shown).unwrap();
}

fn follows(desk: &mut Desk) {
    let bus = desk.session.bus_address().to_owned();
    desk.tell(&json!({ "buses": bus }));
}

#[test]
fn f9_what_was_typed_is_wiped_when_the_session_is_locked_and_the_prompt_comes_back_unlocked() {
    let mut desk = Desk::new();
    let login = FakeLogin::serve(desk.session.bus_address(), false).unwrap();
    follows(&mut desk);
    desk.ask(json!({"ask": "otp", "id": "a"}));
    desk.focused(CODE);
    desk.person.type_text("314").unwrap();
    described(&desk, "3 characters typed");
    login.lock(true).unwrap();
    desk.gone();
    desk.no_event("answer");
    login.lock(false).unwrap();
    shown(&desk);
    desk.window();
    described(&desk, "Nothing typed");
}

#[test]
fn f9_sleep_hides_it_and_no_screen_saver_shows_it_while_the_session_is_locked() {
    let mut desk = Desk::new();
    let login = FakeLogin::serve(desk.session.bus_address(), true).unwrap();
    let saver = FakeScreenSaver::serve(desk.session.bus_address(), false).unwrap();
    desk.show(json!({"ask": "plain", "id": "a"}));
    follows(&mut desk);
    // It was locked before anybody listened.
    desk.gone();
    for active in [true, false] {
        saver.set(active).unwrap();
    }
    desk.tell(&json!({"open": true}));
    desk.no_event("painted");
    login.lock(false).unwrap();
    desk.event("painted");
    login.sleep(true).unwrap();
    desk.gone();
    login.sleep(false).unwrap();
    shown(&desk);
}
