//! The field for a code in the real prompt: masked, unheard, wiped (H7, H13, T3, T4, M1).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placet_stage::desktop::{Program, keys};
use prompt_support::*;
use serde_json::json;

const CODE: &str = "One-time code";

/// What the secret field says of itself.
fn described(desk: &Desk, words: &str) {
    desk.eyes
        .await_node(PROMPT, SOON, |node| node.role == "password text" && node.description == words)
        .unwrap();
}

#[test]
fn h13_a_code_is_typed_masked_and_sent_whole() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    desk.person.type_text("0123 99").unwrap();
    described(&desk, "7 characters typed");
    desk.person.key(keys::BACKSPACE).unwrap();
    described(&desk, "6 characters typed");
    desk.person.type_text("45").unwrap();
    described(&desk, "8 characters typed");
    desk.person.key(keys::BACKSPACE).unwrap();
    desk.picture("prompt-typed.png");
    let outline = desk.window().outline();
    for part in ["0123", "123", "994", "99"] {
        assert!(!outline.contains(&format!("\"{part}")), "{part} in {outline}");
    }
    let field = control(&desk.window(), "password text", CODE).unwrap().clone();
    assert_eq!(field.text, None);
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    // T3: spaces are stripped where only digits can match, the leading zero stays.
    assert_eq!(with["values"], json!({"otp": "012394"}));
}

#[test]
fn h7_a_code_of_the_wrong_shape_is_not_sent_and_says_why() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    desk.person.type_text("12").unwrap();
    desk.chord();
    desk.says("This needs exactly 6 characters.");
    desk.focused(CODE);
    described(&desk, "2 characters typed");
    desk.no_event("answer");
    desk.armed();
    desk.person.type_text("3456").unwrap();
    desk.chord();
    assert_eq!(desk.answer().1["values"], json!({"otp": "123456"}));
}

/// How far into its step of 30 seconds a code is (RFC 6238 §4.1), in milliseconds.
fn into_the_step() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis() % 30_000).unwrap()
}

/// The seconds that the foot gives the code, and whether it says to wait.
fn code_time(desk: &Desk) -> (u64, bool) {
    let says = |name: &str| {
        name.contains("shows its next code") || name.starts_with("Wait for the app's next code")
    };
    let found = desk.eyes.await_node(PROMPT, SOON, |node| says(&node.name)).unwrap();
    let label = found.find(|node| says(&node.name)).unwrap().name.clone();
    let digits: String = label.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap(), label.starts_with("Wait"))
}

#[test]
fn it_is_said_when_the_code_of_an_app_is_about_to_change() {
    let mut desk = Desk::new();
    // By the server's clock the step begins two seconds from now: a new code in about 30.
    desk.show(json!({"ask": "otp", "clock_ahead": into_the_step() - 28_000}));
    let (seconds, wait) = code_time(&desk);
    assert!(seconds <= 2 && wait || seconds > 20 && !wait, "{seconds} {wait}");
    desk.eyes
        .await_node(PROMPT, SOON, |node| {
            node.name.starts_with("An authenticator app shows its next code in 2")
        })
        .unwrap();
    desk.picture("prompt-code-time.png");
    // By this one it is over in about five.
    desk.show(json!({"ask": "otp", "clock_ahead": into_the_step() - 24_500, "round": 3}));
    desk.eyes
        .await_node(PROMPT, SOON, |node| node.name.starts_with("Wait for the app's next code: "))
        .unwrap();
    desk.picture("prompt-code-late.png");
    // Where no code is asked for there is no word of it.
    desk.show(json!({"ask": "choice", "round": 4}));
    let words = desk.window().outline();
    assert!(!words.contains("next code"), "{words}");
}

#[test]
fn a_clock_that_is_astray_is_said_where_the_code_is_typed() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "otp", "clock_ahead": -150_000}));
    desk.says("This computer's clock is 2 minutes behind the server's. A code that is made on this computer may be refused; one from your phone is not affected.");
    desk.picture("prompt-clock-astray.png");
}

#[test]
fn a_wrong_code_comes_back_empty_with_the_rest_in_place() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "form", "id": "one"}));
    desk.person.type_text("INV-42").unwrap();
    for _ in 0..4 {
        desk.person.key(keys::TAB).unwrap();
    }
    desk.focused(CODE);
    desk.person.type_text("1111").unwrap();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
    desk.show(json!({"ask": "form", "id": "one", "problem": "That code was not accepted. 2 tries left.", "round": 3}));
    desk.says("That code was not accepted. 2 tries left.");
    desk.focused(CODE);
    described(&desk, "Nothing typed");
    desk.eyes
        .await_node(PROMPT, SOON, |node| {
            node.name == "Reference" && node.text.as_deref() == Some("INV-42")
        })
        .unwrap();
}

#[test]
fn h13_what_was_typed_is_wiped_when_nobody_waits_for_it_any_more() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    desk.person.type_text("123").unwrap();
    described(&desk, "3 characters typed");
    desk.tell(&json!({"drop": true}));
    described(&desk, "Nothing typed");
}

#[test]
fn h13_what_was_typed_is_wiped_when_the_session_is_locked() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    desk.person.type_text("123").unwrap();
    described(&desk, "3 characters typed");
    desk.tell(&json!({"away": true}));
    desk.gone();
    desk.no_event("answer");
    desk.tell(&json!({"away": false}));
    desk.window();
    described(&desk, "Nothing typed");
}

#[test]
fn t4_a_code_is_pasted_only_by_the_person_and_never_copied_out() {
    let mut desk = Desk::new();
    let mut zenity = desk.session.command("zenity").unwrap();
    zenity.args(["--entry", "--title=Editor", "--text=Write", "--entry-text=246810"]);
    let _editor = desk.session.spawn("zenity", zenity).unwrap();
    desk.session.screen().await_active(SOON, |window| window.title == "Editor").unwrap();
    desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some("246810")).unwrap();
    desk.person.chord(&[keys::CONTROL, u32::from('a')]).unwrap();
    desk.person.chord(&[keys::CONTROL, u32::from('c')]).unwrap();

    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    described(&desk, "Nothing typed");
    desk.person.chord(&[keys::CONTROL, u32::from('v')]).unwrap();
    described(&desk, "6 characters typed");
    // Copying and cutting: nothing leaves, nothing is lost.
    desk.person.type_text("1").unwrap();
    described(&desk, "7 characters typed");
    for key in ['a', 'c', 'x'] {
        desk.person.chord(&[keys::CONTROL, u32::from(key)]).unwrap();
    }
    described(&desk, "7 characters typed");
    // All of it is marked: what is typed replaces it.
    desk.person.type_text("9").unwrap();
    described(&desk, "1 character typed");
    desk.person.chord(&[keys::CONTROL, u32::from('v')]).unwrap();
    described(&desk, "7 characters typed");
    desk.person.chord(&[keys::CONTROL, keys::BACKSPACE]).unwrap();
    described(&desk, "Nothing typed");
}

/// Listens to every key through the accessibility bus, as a screen reader may.
const LISTENER: &str = r#"
import sys, pyatspi
def heard(event):
    print("key", event.event_string, flush=True)
    return False
for mask in range(0, 256):
    pyatspi.Registry.registerKeystrokeListener(heard, key_set=None, mask=mask,
        kind=(pyatspi.KEY_PRESSED_EVENT,), synchronous=True, preemptive=False)
print("ready", flush=True)
pyatspi.Registry.start()
"#;

fn listener(desk: &Desk) -> (Program, Receiver<String>) {
    let script = desk.session.write_home("listener.py", LISTENER.as_bytes()).unwrap();
    let mut python = desk.session.command("/usr/bin/python3").unwrap();
    python.arg(script);
    let mut program = desk.session.spawn_piped("listener", python).unwrap();
    let output = BufReader::new(program.stdout().unwrap());
    let (lines, heard) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    assert_eq!(heard.recv_timeout(SOON).unwrap(), "ready", "{}", program.log());
    (program, heard)
}

#[test]
fn h13_an_accessibility_key_listener_does_not_get_the_keys_of_a_code() {
    let mut desk = Desk::new();
    let (_program, heard) = listener(&desk);
    desk.ask(json!({"ask": "form"}));
    // It works: the keys of a plain field are heard.
    desk.focused("Reference");
    desk.person.type_text("abc").unwrap();
    for letter in ["key a", "key b", "key c"] {
        assert_eq!(heard.recv_timeout(SOON).unwrap(), letter);
    }
    for _ in 0..4 {
        desk.person.key(keys::TAB).unwrap();
    }
    desk.focused(CODE);
    while heard.recv_timeout(Duration::from_millis(200)).is_ok() {}
    desk.person.type_text("7531").unwrap();
    described(&desk, "4 characters typed");
    desk.person.chord(&[keys::SHIFT, keys::TAB]).unwrap();
    // The next key that GTK sees is heard, and none of those before it.
    let mut after = heard.recv_timeout(SOON).unwrap();
    while after.contains("Shift") {
        after = heard.recv_timeout(SOON).unwrap();
    }
    assert!(after.contains("Tab"), "heard {after}");
}
