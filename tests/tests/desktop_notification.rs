//! Notifications: one for each request, withdrawn with it, worth no more than `placet open`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::time::Duration;

use desktop_support::{SOON, alone, ask, ask_for, await_attention, desktop, picture, run, start};
use placet_stage::desktop::{FakeNotifications, Notifications, Posted, Session, Window};

fn fake() -> Session {
    Session::builder().notifications(Notifications::Fake).start().unwrap()
}

fn posted(session: &Session) -> &FakeNotifications {
    session.fake_notifications().unwrap()
}

fn ours(posted: &Posted) -> bool {
    posted.app == "Placet"
}

#[test]
fn h2_a_request_is_announced_once_by_its_askers_name_without_arguments_or_the_agents_words() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let _asked = ask_for(&session, "agent", "git push SECRET-ARGUMENT");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    assert_eq!(note.summary, "An unpaired program wants to use shell");
    assert!(!format!("{note:?}").contains("SECRET"), "{note:?}");
    let actions = [("default", "Review"), ("deny", "Deny")];
    assert_eq!(note.actions, actions.map(|(name, words)| (name.to_owned(), words.to_owned())));
    assert_eq!(note.expires, 0, "it stays until the request ends");
    let second = ask(&session, "second");
    posted(&session).await_posted(SOON, |other| ours(other) && other.id != note.id).unwrap();
    assert_eq!(posted(&session).posted().len(), 2, "one for each request");
    assert!(second.running());
}

#[test]
fn h12_a_notification_is_withdrawn_when_its_request_ends() {
    let _alone = alone();
    let session = fake();
    let mut program = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    assert!(!note.closed);
    asked.stop();
    let gone = |of: &Posted| of.id == note.id && of.closed;
    posted(&session).await_posted(SOON, gone).unwrap();

    let waiting = ask(&session, "waiting");
    let last = posted(&session).await_posted(SOON, |of| ours(of) && !of.closed).unwrap();
    program.signal(rustix::process::Signal::TERM).unwrap();
    posted(&session).await_posted(SOON, |of| of.id == last.id && of.closed).unwrap();
    assert!(program.wait(SOON).unwrap().success(), "{}", program.log());
    drop(waiting);
}

#[test]
fn h1_pressing_a_notification_opens_the_prompt_and_decides_nothing() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let window = prompt(&session);
    let active = session.screen().active().unwrap();
    assert!(active.is_none_or(|active| active.id != window.id), "it took the focus by itself");
    until_active(&session, &window, || posted(&session).invoke(note.id, "default").unwrap());
    assert!(asked.running(), "pressing it answered: {}", asked.log());
}

#[test]
fn h16_review_on_the_second_ones_notification_shows_the_second_and_then_the_first_again() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let first = ask_for(&session, "first", "git push FIRST");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.contains("git push FIRST")).unwrap();
    let second = ask_for(&session, "second", "git push SECOND");
    let other = posted(&session).await_posted(SOON, |one| ours(one) && one.id != note.id).unwrap();
    // The number, the time, and no argument.
    assert!(other.body.starts_with("Request "), "{other:?}");
    assert!(!format!("{other:?}").contains("SECOND"), "{other:?}");
    // A press that comes before anybody listens is lost: a person presses again.
    let begun = std::time::Instant::now();
    let shows_second = || {
        let programs = eyes.program("placet").unwrap();
        programs.iter().any(|program| program.outline().contains("git push SECOND"))
    };
    while !shows_second() {
        assert!(begun.elapsed() < SOON, "the second one is not shown");
        posted(&session).invoke(other.id, "default").unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }
    until_active(&session, &prompt(&session), || {});
    picture(&session, "review-of-the-second");
    assert!(first.running() && second.running(), "nothing was decided");
    second.stop();
    eyes.await_node("placet", SOON, |node| node.name.contains("git push FIRST")).unwrap();
    assert!(first.running(), "{}", first.log());
}

#[test]
fn a_forged_press_can_open_the_prompt_and_approves_nothing() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let window = prompt(&session);
    until_active(&session, &window, || {
        for action in ["approve", "Approve", "yes", "default"] {
            forge(&session, "ActionInvoked", note.id, &format!("string:{action}"));
        }
    });
    assert!(asked.running(), "a forged press answered: {}", asked.log());
}

#[test]
fn deny_on_a_notification_is_a_no_to_its_own_request_alone() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let mut first = ask(&session, "first");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let second = ask(&session, "second");
    posted(&session).await_posted(SOON, |of| ours(of) && of.id != note.id).unwrap();
    posted(&session).invoke(note.id, "deny").unwrap();
    assert_eq!(first.wait(SOON).unwrap().code(), Some(1), "{}", first.log());
    assert!(first.log().contains("declined"), "{}", first.log());
    posted(&session).await_posted(SOON, |of| of.id == note.id && of.closed).unwrap();
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.contains("Approve")).unwrap();
    assert!(second.running(), "the other was answered: {}", second.log());
}

#[test]
fn a_forged_end_neither_ends_a_request_nor_silences_or_keeps_its_notification() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let first = ask(&session, "first");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    forge(&session, "NotificationClosed", note.id, "uint32:2");
    assert_eq!(run(&session, &["status"]).code, Some(0));
    assert!(first.running(), "a forged end answered: {}", first.log());
    first.stop();
    posted(&session).await_posted(SOON, |of| of.id == note.id && of.closed).unwrap();

    let second = ask(&session, "second");
    let note = posted(&session).await_posted(SOON, |of| ours(of) && !of.closed).unwrap();
    let window = prompt(&session);
    forge(&session, "NotificationClosed", note.id, "uint32:2");
    until_active(&session, &window, || posted(&session).invoke(note.id, "default").unwrap());
    assert!(second.running());
}

#[test]
fn nothing_of_ours_lies_over_the_prompt_while_the_person_is_at_it() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let _first = ask(&session, "first");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let window = prompt(&session);
    until_active(&session, &window, || posted(&session).invoke(note.id, "default").unwrap());
    posted(&session).await_posted(SOON, |of| of.id == note.id && of.closed).unwrap();
    // What comes meanwhile is told by the prompt.
    let _second = ask(&session, "second");
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.starts_with("1 more waiting")).unwrap();
    assert_eq!(posted(&session).posted().len(), 1);
}

#[test]
fn many_requests_do_not_cover_the_screen_one_notification_counts_the_rest() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let first = ask(&session, "first");
    let mut others = vec![];
    for number in 1..4 {
        others.push(ask(&session, "more"));
        let news = |of: &Posted| ours(of) && of.summary.starts_with("An unpaired");
        let so_far = || posted(&session).posted().iter().filter(|of| news(of)).count();
        let begun = std::time::Instant::now();
        while number < 3 && so_far() <= number {
            assert!(begun.elapsed() < SOON, "there are {:?}", posted(&session).posted());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let one = |of: &Posted| of.summary == "1 more request waits" && !of.closed;
    let counting = posted(&session).await_posted(SOON, one).unwrap();
    assert_eq!(counting.actions, [("default".to_owned(), "Review".to_owned())]);
    others.push(ask(&session, "more"));
    let two = |of: &Posted| of.summary == "2 more requests wait" && !of.closed;
    let changed = posted(&session).await_posted(SOON, two).unwrap();
    assert_eq!(changed.replaces, counting.id, "a second one came up");
    let own = |of: &Posted| ours(of) && of.summary.starts_with("An unpaired");
    assert_eq!(posted(&session).posted().iter().filter(|of| own(of)).count(), 3);
    // As the others end, each of the rest gets its own, and then nothing is counted.
    first.stop();
    posted(&session).await_posted(SOON, |of| one(of) && of.replaces == changed.id).unwrap();
    others.remove(0).stop();
    let gone = |of: &Posted| of.id == changed.id && of.closed;
    posted(&session).await_posted(SOON, gone).unwrap();
}

#[test]
fn a_daemon_without_buttons_gets_none_and_says_where_to_go() {
    let _alone = alone();
    let bare = Notifications::FakeWith(vec!["body".into()]);
    let session = Session::builder().notifications(bare).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    assert_eq!(note.actions, []);
    assert!(note.body.contains("placet open"), "{}", note.body);
    assert!(run(&session, &["open"]).success);
    await_attention(&session, prompt(&session).id);
    assert!(asked.running());
}

#[test]
fn a_hostile_daemon_can_open_the_prompt_and_approves_nothing() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let note = posted(&session).await_posted(SOON, ours).unwrap();
    let window = prompt(&session);
    let all = ["approve", "Approve", "yes", "", "default", "inline-reply"];
    until_active(&session, &window, || {
        for action in all {
            posted(&session).invoke(note.id, action).unwrap();
            posted(&session).invoke(u32::MAX, action).unwrap();
        }
        posted(&session).dismiss(note.id, 2).unwrap();
    });
    assert!(asked.running(), "the daemon answered: {}", asked.log());
}

/// Another client of the same bus, which never owned the daemon's name, says it.
fn forge(session: &Session, signal: &str, id: u32, more: &str) {
    let mut send = session.command("dbus-send").unwrap();
    send.args(["--session", "--type=signal", "/org/freedesktop/Notifications"]);
    send.arg(format!("org.freedesktop.Notifications.{signal}"))
        .arg(format!("uint32:{id}"))
        .arg(more);
    assert!(send.status().unwrap().success());
}

/// Does it again until the window is active: the library listens a moment after it has posted, and
/// what is said before that is lost. A person presses again.
fn until_active(session: &Session, window: &Window, press: impl Fn()) {
    let begun = std::time::Instant::now();
    let a_while = Duration::from_millis(500);
    loop {
        press();
        match session.screen().await_active(a_while, |active| active.id == window.id) {
            Ok(_) => return,
            Err(fault) => assert!(begun.elapsed() < SOON, "{fault}"),
        }
    }
}

/// The prompt's window, on screen.
fn prompt(session: &Session) -> Window {
    session.screen().await_window(SOON, |window| window.title == "Placet" && window.mapped).unwrap()
}

#[test]
fn without_a_daemon_placet_open_brings_the_prompt_up_within_two_seconds() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let program = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let window = prompt(&session);
    // Somebody put it away.
    session.attacker().unwrap().iconify(window.id).unwrap();
    session.screen().await_no_window(SOON, |window| window.title == "Placet").unwrap();
    let begun = std::time::Instant::now();
    let opened = run(&session, &["open"]);
    assert!(opened.success, "{}", opened.err);
    let up = |window: &Window| window.title == "Placet";
    session.screen().await_window(Duration::from_secs(2), up).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "it took {:?}", begun.elapsed());
    assert!(asked.running());
    assert_eq!(program.log(), "", "a missing daemon is no reason to complain");
}

#[test]
fn an_open_in_the_moment_before_the_prompt_is_drawn_is_not_lost() {
    let _alone = alone();
    let session = fake();
    let _desktop = start(&session, desktop(&session));
    for _ in 0..5 {
        let asked = ask(&session, "agent");
        // Announced, and perhaps not drawn yet.
        let note = posted(&session).await_posted(SOON, |of| ours(of) && !of.closed).unwrap();
        assert!(run(&session, &["open"]).success);
        let window = prompt(&session);
        await_attention(&session, window.id);
        asked.stop();
        // Else the next turn takes this one for its own, and opens before anything waits.
        posted(&session).await_posted(SOON, |of| of.id == note.id && of.closed).unwrap();
        session.screen().await_no_window(SOON, |window| window.mapped).unwrap();
    }
}

#[test]
fn a_session_without_a_bus_is_served_all_the_same() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut command = desktop(&session);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    let _desktop = start(&session, command);
    let asked = ask(&session, "agent");
    prompt(&session);
    let opened = run(&session, &["open"]);
    assert!(opened.success, "{}", opened.err);
    assert!(asked.running());
}

#[test]
fn a_real_daemon_shows_it_with_buttons_that_open_and_deny() {
    let _alone = alone();
    let session =
        Session::builder().panel(true).notifications(Notifications::Xfce).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let eyes = session.eyes().unwrap();
    let words = "An unpaired program wants to use shell";
    eyes.await_node("xfce4-notifyd", SOON, |node| node.name.contains(words)).unwrap();
    let button = eyes.await_node("xfce4-notifyd", SOON, |node| node.name == "Review").unwrap();
    picture(&session, "notification");
    let window = prompt(&session);
    session.person().unwrap().click_on(&button).unwrap();
    session.screen().await_active(SOON, |active| active.id == window.id).unwrap();
    picture(&session, "notification-opened");
    assert!(asked.running());
    asked.stop();
    eyes.await_no_window("xfce4-notifyd", SOON, |window| {
        window.find(|node| node.name.contains(words)).is_some()
    })
    .unwrap();
    session.screen().await_no_window(SOON, |window| window.title == "Placet").unwrap();

    let mut second = ask(&session, "second");
    let deny = eyes.await_node("xfce4-notifyd", SOON, |node| node.name == "Deny").unwrap();
    picture(&session, "notification-deny");
    session.person().unwrap().click_on(&deny).unwrap();
    assert_eq!(second.wait(SOON).unwrap().code(), Some(1), "{}", second.log());
}
