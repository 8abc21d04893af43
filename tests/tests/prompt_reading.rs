//! What the real prompt shows, read as a screen reader reads it (H3, H9, H12, H16, H20).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::time::{Duration, Instant};

use placet_stage::desktop::{Session, State, Theme, keys};
use prompt_support::*;
use serde_json::json;

/// Controls of the prompt that are not part of a screen.
fn without_controls(mut words: Vec<String>) -> Vec<String> {
    words.retain(|word| word != REASON);
    words
}

#[test]
fn h20_what_is_announced_is_what_is_shown_for_every_kind_of_screen() {
    let mut desk = Desk::new();
    for name in [
        "plain",
        "unpaired",
        "hostile",
        "names",
        "leftwards",
        "look-alike",
        "pair",
        "enrol",
        "otp",
        "choice",
        "form",
        "kinds",
        "hostile-form",
        "payment",
    ] {
        let command = json!({"ask": name, "id": name, "problem": "That code was not accepted."});
        let window = desk.show(command);
        assert_eq!(without_controls(read(&window)), desk.lines, "{name}:\n{}", window.outline());
        assert_eq!(window.role, "dialog");
        assert_eq!(window.name, "Placet");
        desk.tell(&json!({"release": name}));
        desk.gone();
    }
}

#[test]
fn h20_a_screen_after_another_is_read_as_it_is() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "otp", "id": "one"}));
    let window =
        desk.show(json!({"ask": "otp", "id": "one", "problem": "That was not right.", "round": 3}));
    assert_eq!(without_controls(read(&window)), desk.lines);
    // Another request in the same window: nothing of the first stays.
    desk.tell(&json!({"drop": true}));
    desk.tell(&json!({"release": "one"}));
    desk.gone();
    let window = desk.show(json!({"ask": "hostile", "id": "two"}));
    assert_eq!(without_controls(read(&window)), desk.lines);
}

#[test]
fn h20_every_control_has_a_name_and_a_role() {
    let mut desk = Desk::new();
    let window = desk.show(json!({"ask": "form"}));
    for (role, name) in [
        ("text", "Reference"),
        ("text", "Copies"),
        ("check box", "Tell the other side by e-mail"),
        ("radio button", "Normal, two days"),
        ("radio button", "Express, today"),
        ("password text", "One-time code"),
        ("push button", "Deny"),
        ("push button", REASON),
        ("push button", "Approve with this code"),
    ] {
        assert!(control(&window, role, name).is_some(), "{role} {name}:\n{}", window.outline());
    }
    let approve = control(&window, "push button", "Approve with this code").unwrap();
    assert_eq!(approve.description, "Hold the mouse button on it, or press Ctrl+Enter");
}

#[test]
fn h20_everything_can_be_reached_and_answered_by_keyboard() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "form"}));
    desk.focused("Reference");
    desk.person.type_text("INV-42").unwrap();
    desk.person.key(keys::TAB).unwrap();
    desk.focused("Copies");
    desk.person.chord(&[keys::CONTROL, u32::from('a')]).unwrap();
    desk.person.type_text("3").unwrap();
    desk.person.key(keys::TAB).unwrap();
    desk.focused("Tell the other side by e-mail");
    desk.person.key(keys::SPACE).unwrap();
    desk.person.key(keys::TAB).unwrap();
    desk.focused("Normal, two days");
    desk.person.key(keys::DOWN).unwrap();
    desk.focused("Express, today");
    desk.person.key(keys::TAB).unwrap();
    desk.focused("One-time code");
    desk.person.type_text("0042").unwrap();
    for name in ["Deny", REASON, "Approve with this code"] {
        desk.person.key(keys::TAB).unwrap();
        desk.focused(name);
    }
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(
        with["values"],
        json!({"reference": "INV-42", "copies": 3, "notify": true, "speed": "express", "code": "0042"})
    );
}

#[test]
fn h3_a_folded_value_is_to_be_opened_before_approve_works() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "long", "lines": 40}));
    let approve = control(&window, "push button", "Approve").unwrap();
    assert!(!approve.is(State::Sensitive), "{}", window.outline());
    desk.chord();
    desk.person.hold_on(approve, HELD).unwrap();
    desk.no_event("answer");
    desk.person.click_on(&desk.button("Show all 40 lines")).unwrap();
    let opened = desk.eyes.await_node(PROMPT, SOON, |node| {
        node.name == "content" && node.text.as_deref().is_some_and(|text| text.contains("step 40"))
    });
    opened.unwrap();
    desk.read_text("content");
    desk.scroll_through();
    let window = desk.armed();
    assert_eq!(without_controls(read(&window)), desk.lines);
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h3_an_opened_text_must_have_been_in_sight_line_by_line() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "long", "lines": 200}));
    desk.person.click_on(&desk.button("Show all 200 lines")).unwrap();
    let text =
        || desk.eyes.await_node(PROMPT, SOON, |node| node.name == "content" && node.role == "text");
    text().unwrap();
    // The page to its end, and nothing of the text below its first lines.
    for _ in 0..10 {
        desk.wheel(4);
    }
    desk.says("To approve, scroll the long text to its end first.");
    let approve = desk.button("Approve");
    assert!(!approve.is(State::Sensitive));
    desk.person.hold_on(&approve, HELD).unwrap();
    desk.no_event("answer");
    // A jump to its end does not count for its middle.
    desk.person.click_on(control(&desk.window(), "text", "content").unwrap()).unwrap();
    desk.person.chord(&[keys::CONTROL, keys::END]).unwrap();
    desk.says("To approve, scroll the long text up first: a part of it was not in sight yet.");
    desk.picture("prompt-text-jumped.png");
    desk.read_text("content");
    desk.scroll_through();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h3_a_very_long_value_opens_at_once_and_is_there_to_its_end() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "long", "lines": 3000}));
    let button = desk.button("Show all 3,000 lines");
    let before = Instant::now();
    desk.person.click_on(&button).unwrap();
    desk.eyes
        .await_node(PROMPT, SOON, |node| node.name == "content" && node.role == "text")
        .unwrap();
    // Far above what it takes; a layout of every line at once takes longer.
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    let whole = desk.eyes.await_node(PROMPT, SOON, |node| {
        node.name == "content" && node.text.as_ref().is_some_and(|text| desk.lines.contains(text))
    });
    whole.unwrap();
}

#[test]
fn h3_a_single_long_line_folds_as_well() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "wide", "characters": 200_000}));
    assert!(!control(&window, "push button", "Approve").unwrap().is(State::Sensitive));
    desk.person.click_on(&desk.button("Show all 200,000 characters")).unwrap();
    let node = desk.eyes.await_node(PROMPT, SOON, |node| {
        let all = || node.text.as_ref().map(|text| text.replace("⟨↩⟩\n", ""));
        node.name == "body"
            && node.role == "text"
            && all().is_some_and(|all| desk.lines.contains(&all))
    });
    node.unwrap();
}

#[test]
fn h3_very_many_rows_are_folded_and_are_to_be_opened_before_approve_works() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "rows", "rows": 240}));
    assert!(!control(&window, "push button", "Approve").unwrap().is(State::Sensitive));
    desk.chord();
    desk.no_event("answer");
    // The button is at the end of the section, out of sight.
    while !desk.button("Show all 242 rows").is(State::Showing) {
        desk.wheel(4);
    }
    desk.person.click_on(&desk.button("Show all 242 rows")).unwrap();
    let expected: Vec<String> = (1..=240).map(|row| format!("option_{row}: value {row}")).collect();
    let opened = desk.eyes.await_node(PROMPT, SOON, |node| {
        node.role == "text"
            && node.text.as_deref().is_some_and(|text| text.ends_with("option_240: value 240"))
    });
    let opened = opened.unwrap();
    let text = opened.text.clone().unwrap();
    // Every row is read, those before the fold and those in it.
    let seen = read(&desk.window());
    let folded = text.lines().count();
    assert!(folded > 100 && expected.join("\n").ends_with(&text));
    for row in 1..=(240 - folded) {
        assert!(seen.contains(&format!("option_{row}")) && seen.contains(&format!("value {row}")));
    }
    desk.read_text(&opened.name);
    desk.scroll_through();
    desk.armed();
    desk.picture("prompt-rows-opened.png");
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h3_a_page_that_scrolls_must_have_been_in_sight_to_its_end() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "names", "characters": 600}));
    desk.open();
    let window = desk.armed();
    assert!(!control(&window, "push button", "Approve").unwrap().is(State::Sensitive));
    desk.says("To approve, scroll down to the end first.");
    desk.chord();
    desk.no_event("answer");
    desk.scroll_through();
    desk.armed();
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h3_h20_the_page_is_read_to_its_end_by_keyboard_and_a_jump_over_the_middle_does_not_count() {
    let mut desk = Desk::new();
    // As much as is not folded: more than two pages.
    desk.show(json!({"ask": "rows", "rows": 37}));
    desk.open();
    desk.armed();
    desk.focused("Deny");
    desk.person.key(keys::END).unwrap();
    desk.says("To approve, scroll up first: a part of this was not in sight yet.");
    desk.chord();
    desk.no_event("answer");
    let deadline = Instant::now() + SOON;
    while let Some(down) = desk.scrolling_asked() {
        assert!(Instant::now() < deadline);
        desk.person.key(if down { keys::PAGE_DOWN } else { keys::PAGE_UP }).unwrap();
    }
    desk.armed();
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn h3_what_was_in_sight_in_the_review_need_not_be_again_but_what_is_new_must() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "payments", "rows": 2, "id": "one"}));
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
    // The same action with a server's question: it scrolls to the field by itself, and the action,
    // higher than the page, is not to be scrolled through again.
    desk.show(json!({"ask": "payments-otp", "rows": 2, "id": "one"}));
    desk.focused("One-time code");
    let window = desk.armed();
    let approve = control(&window, "push button", "Approve with this code").unwrap();
    assert!(approve.is(State::Sensitive), "{}", window.outline());
    // Without a review before it, all of it is new.
    desk.tell(&json!({"drop": true}));
    desk.tell(&json!({"release": "one"}));
    desk.gone();
    desk.show(json!({"ask": "payments-otp", "rows": 2, "id": "two"}));
    desk.open();
    desk.says("To approve, scroll up first: a part of this was not in sight yet.");
    desk.armed();
    desk.chord();
    desk.no_event("answer");
}

#[test]
fn h3_what_is_too_large_to_be_shown_says_so_and_cannot_be_approved() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "long", "lines": 600_001}));
    assert!(!control(&window, "push button", "Approve").unwrap().is(State::Sensitive));
    desk.says("This is too large to be shown, so it cannot be approved.");
    desk.chord();
    desk.no_event("answer");
}

#[test]
fn h12_time_left_is_shown_and_a_late_answer_does_nothing() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain", "seconds": 4}));
    desk.says("Time is over. Nothing was approved.");
    desk.says("Time is over");
    desk.chord();
    desk.hold_approve();
    desk.no_event("answer");
}

#[test]
fn h12_an_expired_request_says_so_before_it_goes() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "plain", "seconds": 1}));
    desk.says("Time is over. Nothing was approved.");
    // What the rules do at the end of the time.
    desk.tell(&json!({"drop": true}));
    desk.tell(&json!({"release": "plain"}));
    desk.says("Time is over. Nothing was approved.");
    desk.gone();
}

#[test]
fn h16_who_else_waits_is_shown_by_number_and_name() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "plain"}));
    desk.tell(&json!({"waiting": ["codex", "gemini", "codex"]}));
    desk.says("3 more waiting: codex, gemini");
    desk.says("Request KXRT-8842");
}

#[test]
fn h16_everything_from_one_requester_can_be_denied_at_once() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain", "id": "one"}));
    desk.tell(&json!({"waiting": ["Claude Code", "codex", "Claude Code"]}));
    // Of another request: it says nothing about this one.
    desk.tell(&json!({"same": 2, "of": "two"}));
    desk.says("3 more waiting: Claude Code, codex");
    let all = "Deny all 3 from this requester";
    assert!(control(&desk.window(), "push button", all).is_none());
    desk.tell(&json!({"same": 2, "of": "one"}));
    desk.says(all);
    // The window grew, which is a disturbance.
    desk.armed();
    desk.person.click_on(&desk.button(all)).unwrap();
    assert_eq!(desk.event("deny_all")["deny_all"], "one");
    assert_eq!(desk.answer().0, "deny");
}

#[test]
fn it_fits_a_small_screen_at_twice_the_text_size() {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let mut desk = Desk::with(Session::builder().text_scale(2.0).theme(theme));
        for sample in ["plain", "otp", "form", "long"] {
            desk.ask(
                json!({"ask": sample, "id": sample, "problem": "That code was not accepted."}),
            );
            desk.picture(&format!("prompt-{sample}-{name}-200.png"));
            let window = desk.window();
            let place = window.place.unwrap();
            assert!(place.x >= 0 && place.y >= 0, "{place:?}");
            assert!(place.x + place.width <= 1280 && place.y + place.height <= 800, "{place:?}");
            for button in [desk.lines[desk.lines.len() - 2].clone(), desk.approve_name()] {
                let place = desk.button(&button).place.unwrap();
                assert!(place.x + place.width <= 1280 && place.y + place.height <= 800, "{button}");
            }
            desk.tell(&json!({"release": sample}));
            desk.gone();
        }
    }
}
