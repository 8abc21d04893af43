//! While the screen is locked or the machine sleeps nothing is shown and nothing decided (F9).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use desktop_support::{SOON, alone, ask_for, desktop, run, start};
use placet_stage::desktop::{FakeScreenSaver, Session, Window};

fn prompt(session: &Session) -> Window {
    session.screen().await_window(SOON, |window| window.title == "Placet" && window.mapped).unwrap()
}

fn no_prompt(session: &Session) {
    let shown = |window: &Window| window.title == "Placet" && window.mapped;
    session.screen().await_no_window(SOON, shown).unwrap();
}

#[test]
fn f9_a_locked_screen_hides_the_prompt_until_it_is_unlocked() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let saver = FakeScreenSaver::serve(session.bus_address(), false).unwrap();
    let _desktop = start(&session, desktop(&session));
    let first = ask_for(&session, "first", "git push");
    prompt(&session);
    saver.set(true).unwrap();
    no_prompt(&session);
    // Neither a call nor another question brings it up behind the lock.
    run(&session, &["open"]);
    let second = ask_for(&session, "second", "git pull");
    assert_eq!(run(&session, &["status"]).code, Some(0));
    no_prompt(&session);
    assert!(first.running() && second.running(), "{} {}", first.log(), second.log());
    saver.set(false).unwrap();
    prompt(&session);
    assert!(first.running(), "{}", first.log());
}

#[test]
fn f9_a_question_that_comes_while_the_screen_is_locked_from_the_start_waits_or_expires() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let saver = FakeScreenSaver::serve(session.bus_address(), true).unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask_for(&session, "first", "git push");
    let said = run(&session, &["request", "--expires-in", "15", "--", "git pull"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    no_prompt(&session);
    assert!(asked.running());
    // A screen saver that is gone locks nothing.
    drop(saver);
    prompt(&session);
}
