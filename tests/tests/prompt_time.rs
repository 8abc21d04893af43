//! A program of the user stops the prompt's process and lets it go on (`SIGSTOP`, `SIGCONT`): time
//! in which nothing of it ran must not look like time in which the person did something (H4, H5).
//!
//! Each test measures that the person was as quick as it says, and tries again if the machine was
//! not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::time::{Duration, Instant};

use prompt_support::*;
use serde_json::json;

/// A machine that is this slow every time is no place for these tests.
const TRIES: usize = 10;
/// Less than the hold that the gesture needs (600 ms).
const SHORT: Duration = Duration::from_millis(550);
/// Less than the arming time (700 ms).
const EARLY: Duration = Duration::from_millis(600);

#[test]
fn h4_a_process_that_is_stopped_makes_no_short_press_a_held_one() {
    for _ in 0..TRIES {
        let mut desk = Desk::new();
        let window = desk.ask(json!({"ask": "plain"}));
        let (x, y) = control(&window, "push button", "Approve").unwrap().middle().unwrap();
        desk.person.move_to(x, y).unwrap();
        let pressed = Instant::now();
        desk.person.press(1).unwrap();
        // Time to see the press, before it is stopped.
        std::thread::sleep(Duration::from_millis(250));
        desk.stop();
        desk.person.release(1).unwrap();
        let short = pressed.elapsed() < SHORT;
        std::thread::sleep(HELD);
        desk.go_on();
        if short {
            desk.no_event("answer");
            desk.hold_approve();
            assert_eq!(desk.answer().0, "approve", "a press that is held still counts");
            return;
        }
    }
    panic!("no press was short");
}

#[test]
fn h5_a_process_that_is_stopped_arms_nothing_that_the_person_did_too_early() {
    for _ in 0..TRIES {
        let mut desk = Desk::new();
        let window = desk.show(json!({"ask": "plain"}));
        let (x, y) = control(&window, "push button", "Approve").unwrap().middle().unwrap();
        desk.person.move_to(x, y).unwrap();
        let opened = Instant::now();
        desk.open();
        desk.stop();
        desk.person.press(1).unwrap();
        let early = opened.elapsed() < EARLY;
        std::thread::sleep(ARMED);
        desk.go_on();
        std::thread::sleep(HELD);
        desk.person.release(1).unwrap();
        if early {
            desk.no_event("answer");
            return;
        }
    }
    panic!("no press was early");
}
