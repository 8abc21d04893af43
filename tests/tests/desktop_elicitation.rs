//! A form of an agent, from the socket to the real window and back: who gets the answers is said,
//! and what a person filled in comes back to who asked (S12, S17, S21, H1, H6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use desktop_support::{SOON, alone, built, desktop, picture, run, start};
use placet_stage::desktop::{Node, Program, Session, State};
use placet_tests::hands::Hands;
use rustix::process::Signal;
use serde_json::{Value, json};

const FORM: &str = r#"{"type":"object","required":["branch"],"properties":{
    "branch":{"type":"string","title":"Branch","maxLength":40},
    "kind":{"type":"string","title":"Build","enum":["d","r"],"enumNames":["Debug","Release"],"default":"d"},
    "copies":{"type":"integer","title":"Copies","minimum":1,"default":2}}}"#;

/// A script asks for the form and waits.
fn ask(session: &Session, name: &str) -> Program {
    let mut placet = session.command(built("placet")).unwrap();
    placet.args(["elicit", "--quiet", "--message", "Which branch is to be built?"]);
    placet.args(["--server", "builder", "--schema", FORM]);
    session.spawn(name, placet).unwrap()
}

/// What it printed: the one line that is JSON.
fn printed(script: &Program) -> Value {
    let log = script.log();
    let line = log.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_else(|| panic!("no result: {log}"))).unwrap()
}

#[test]
fn s17_what_a_person_fills_in_comes_back_to_the_script_that_asked() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let mut script = ask(&session, "script");
    let mut hands = Hands::new(&session).unwrap();
    let window = hands.prompt_saying("Which branch is to be built?").unwrap();
    let words = window.words();
    for part in [
        "Never type a password, a code or another secret.",
        "goes to the agent itself, not to a server",
        "For the server, says the agent",
        "builder",
    ] {
        assert!(words.iter().any(|line| line.contains(part)), "{part}: {words:#?}");
    }
    assert!(run(&session, &["open"]).success);
    hands.type_into("Branch", "release-2").unwrap();
    // The form is longer than the window; its edge scrolls and nothing else.
    let place = window.place.unwrap();
    hands.person().wheel(place.x + 6, place.y + place.height / 2, 8).unwrap();
    let release = |node: &Node| node.name == "Release" && node.is(State::Showing);
    hands.eyes().await_node("placet", SOON, release).unwrap();
    hands.choose("Release").unwrap();
    picture(&session, "elicitation");
    hands.approve("Send to the agent").unwrap();
    assert_eq!(script.wait(SOON).unwrap().code(), Some(0), "{}", script.log());
    let result = printed(&script);
    assert_eq!(result["action"], "accept");
    assert_eq!(result["content"], json!({"branch": "release-2", "kind": "r", "copies": 2}));
    hands.no_prompt().unwrap();
}

#[test]
fn s12_deny_in_the_window_is_decline_and_its_end_is_cancel() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let desktop = start(&session, desktop(&session));
    let mut script = ask(&session, "script");
    let mut hands = Hands::new(&session).unwrap();
    hands.prompt_saying("Which branch is to be built?").unwrap();
    assert!(run(&session, &["open"]).success);
    hands.click("Deny").unwrap();
    assert_eq!(script.wait(SOON).unwrap().code(), Some(1), "{}", script.log());
    let result = printed(&script);
    assert_eq!((&result["action"], result.get("content")), (&json!("decline"), None));
    hands.no_prompt().unwrap();

    // Placet is ended while it asks: nobody answered.
    let mut script = ask(&session, "another");
    hands.prompt_saying("Which branch is to be built?").unwrap();
    desktop.signal(Signal::TERM).unwrap();
    assert_eq!(script.wait(SOON).unwrap().code(), Some(3), "{}", script.log());
    assert_eq!(printed(&script)["action"], "cancel");
}

#[test]
fn s21_a_form_that_asks_for_a_secret_opens_no_window() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let form = r#"{"type":"object","properties":{"token":{"type":"string"}}}"#;
    let said = run(&session, &["elicit", "--message", "Sign in", "--schema", form]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let result: Value = serde_json::from_str(&said.out).unwrap();
    let reason = &result["_meta"]["placet/outcome"]["reason"]["code"];
    assert_eq!((&result["action"], reason), (&json!("decline"), &json!("secret_in_form")));
    session.screen().await_no_window(SOON, |window| window.title == "Placet").unwrap();
}
