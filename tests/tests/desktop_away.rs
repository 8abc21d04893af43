//! While the screen is locked or the machine sleeps nothing is shown and nothing decided (F9).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::process::Command;

use desktop_support::{SOON, alone, ask, ask_for, await_label, desktop, icon, run, start};
use placet_stage::desktop::{
    FakeLogin, FakeScreenSaver, Fault, Notifications, Posted, Program, Session, TrayWatcher, Window,
};

fn prompt(session: &Session) -> Window {
    session.screen().await_window(SOON, |window| window.title == "Placet" && window.mapped).unwrap()
}

fn no_prompt(session: &Session) {
    no_prompt_of(session).unwrap();
}

fn no_prompt_of(session: &Session) -> Result<(), Fault> {
    let shown = |window: &Window| window.title == "Placet" && window.mapped;
    session.screen().await_no_window(SOON, shown)
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
    let program = start(&session, with_login(&session));
    let asked = ask_for(&session, "first", "git push");
    let said = run(&session, &["request", "--expires-in", "15", "--", "git pull"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    no_prompt(&session);
    assert!(asked.running());
    let log = program.log();
    let at = |words: &str| log.find(words).unwrap_or_else(|| panic!("{words}: {log}"));
    assert!(at("sign=Unknown is=true") < at("sign=Saver(0) is=true"), "{log}");
    assert!(at("sign=Saver(0) is=true") < at("sign=Unknown is=false"), "it could be seen: {log}");
    // A screen saver that is gone locks nothing.
    drop(saver);
    prompt(&session);
}

#[test]
fn f9_the_screen_savers_of_all_desktops_are_heard_from_their_first_answer_on() {
    const SAVERS: [(&str, &str); 8] = [
        ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
        ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
        ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
        ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
        ("org.xfce.ScreenSaver", "/"),
        ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
        ("org.mate.ScreenSaver", "/"),
        ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ];
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    prompt(&session);
    for of in SAVERS {
        let saver = FakeScreenSaver::serve_as(session.bus_address(), of, true)
            .unwrap_or_else(|fault| panic!("{of:?}: {fault}"));
        let hidden = || no_prompt_of(&session).unwrap_or_else(|fault| panic!("{of:?}: {fault}"));
        hidden();
        saver.set(false).unwrap();
        prompt(&session);
        saver.set(true).unwrap();
        hidden();
        drop(saver);
        prompt(&session);
    }
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn f9_sleep_is_heard_also_where_the_login_manager_does_not_know_the_user() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let login = FakeLogin::serve_nobody(session.bus_address()).unwrap();
    let _desktop = start(&session, with_login(&session));
    let asked = ask(&session, "agent");
    prompt(&session);
    let inhibitor = login.await_inhibited(SOON).unwrap();
    login.sleep(true).unwrap();
    inhibitor.await_released(SOON).unwrap();
    no_prompt(&session);
    login.sleep(false).unwrap();
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn f9_what_the_login_manager_said_stays_when_its_bus_dies_until_it_can_be_asked_again() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let address = format!("unix:path={}", session.run_dir().join("system-bus").display());
    let mut command = with_login(&session);
    command.env("PLACET_TEST_SYSTEM_BUS", &address).env("PLACET_LOG", "placet_desktop=debug");
    let (bus, login) = system_bus(&session, &address);
    let program = start(&session, command);
    let asked = ask(&session, "agent");
    prompt(&session);
    login.lock(true).unwrap();
    no_prompt(&session);
    let lost = || program.log().matches("the login manager is not heard").count();
    let before = lost();
    drop((login, bus));
    // It has noticed, and looked for it again in vain.
    let begun = std::time::Instant::now();
    while lost() <= before {
        assert!(begun.elapsed() < SOON, "{}", program.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    no_prompt(&session);
    let (bus, login) = system_bus(&session, &address);
    prompt(&session);
    // It was told to lock itself, and nobody could say what came of it.
    login.tell_to_lock(true).unwrap();
    no_prompt(&session);
    drop((login, bus));
    let (_bus, _login) = system_bus(&session, &address);
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

/// A bus of its own at `address`, with a login manager on it.
fn system_bus(session: &Session, address: &str) -> (Program, FakeLogin) {
    let mut bus = session.command("dbus-daemon").unwrap();
    let configuration = session.folder().join("etc/bus.conf");
    bus.arg("--nofork").arg(format!("--address={address}"));
    bus.arg("--config-file").arg(configuration);
    let bus = session.spawn("system-bus", bus).unwrap();
    let begun = std::time::Instant::now();
    loop {
        match FakeLogin::serve(address, false) {
            Ok(login) => return (bus, login),
            Err(fault) => assert!(begun.elapsed() < SOON, "{fault}: {}", bus.log()),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// The program, with the session's bus for the system's, and its log in full.
fn with_login(session: &Session) -> Command {
    let mut command = desktop(session);
    command
        .env("PLACET_TEST_SYSTEM_BUS", session.bus_address())
        .env("PLACET_LOG", "placet_desktop=debug");
    command
}

/// What the program was told of one sign, in order.
fn told(program: &Program, sign: &str) -> Vec<bool> {
    let log = program.log();
    let lines = log.lines().filter(|line| line.contains(sign));
    lines.map(|line| line.contains("is=true")).collect()
}

#[test]
fn f9_the_machine_sleeps_only_after_the_prompt_is_hidden_and_it_is_back_after_waking() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let login = FakeLogin::serve(session.bus_address(), false).unwrap();
    let _desktop = start(&session, with_login(&session));
    let asked = ask(&session, "agent");
    for _ in 0..2 {
        prompt(&session);
        let mut inhibitor = login.await_inhibited(SOON).unwrap();
        assert!(inhibitor.held(), "it let the machine sleep at once");
        login.sleep(true).unwrap();
        inhibitor.await_released(SOON).unwrap();
        let shown = |window: &Window| window.title == "Placet" && window.mapped;
        assert!(!session.screen().windows().unwrap().iter().any(shown), "it slept with the prompt");
        login.sleep(false).unwrap();
    }
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn f9_a_session_that_was_told_to_lock_hides_it_at_once_and_only_for_a_while_if_it_never_locks() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let login = FakeLogin::serve(session.bus_address(), false).unwrap();
    let _desktop = start(&session, with_login(&session));
    let asked = ask(&session, "agent");
    prompt(&session);
    login.tell_to_lock(true).unwrap();
    no_prompt(&session);
    login.tell_to_lock(false).unwrap();
    prompt(&session);
    login.tell_to_lock(true).unwrap();
    no_prompt(&session);
    login.lock(true).unwrap();
    // That it was told to unlock does not mean that it did.
    login.tell_to_lock(false).unwrap();
    login.lock(false).unwrap();
    prompt(&session);
    // A locker that tells nobody when it is done must not hide the prompt for good.
    login.tell_to_lock(true).unwrap();
    no_prompt(&session);
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn f9_the_lock_of_a_session_on_another_display_hides_nothing() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _login = FakeLogin::serve_display(session.bus_address(), true, ":77").unwrap();
    let _desktop = start(&session, with_login(&session));
    let asked = ask(&session, "agent");
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn f9_only_the_owner_of_a_name_is_believed_when_it_says_that_nobody_is_away() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let login = FakeLogin::serve(session.bus_address(), false).unwrap();
    let saver = FakeScreenSaver::serve(session.bus_address(), true).unwrap();
    let program = start(&session, with_login(&session));
    let asked = ask(&session, "agent");
    login.sleep(true).unwrap();
    no_prompt(&session);
    let begun = std::time::Instant::now();
    while told(&program, "Asleep").is_empty() {
        assert!(begun.elapsed() < SOON, "{}", program.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // The bus hands on what is sent to one program, whoever sends it and whatever it listens to.
    forge(
        &session,
        &program,
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager.PrepareForSleep",
    );
    forge(
        &session,
        &program,
        "/org/freedesktop/ScreenSaver",
        "org.freedesktop.ScreenSaver.ActiveChanged",
    );
    // Had it been believed, this would be news.
    saver.set(true).unwrap();
    login.sleep(true).unwrap();
    saver.set(false).unwrap();
    login.sleep(false).unwrap();
    prompt(&session);
    for sign in ["Saver(0)", "Asleep"] {
        assert_eq!(told(&program, sign), [true, false], "{}", program.log());
    }
    assert!(asked.running(), "{}", asked.log());
}

/// Another program of the session sends a signal that says "false" to the program alone.
fn forge(session: &Session, program: &Program, path: &str, signal: &str) {
    const BUS: &str = "org.freedesktop.DBus";
    let bus = session.bus();
    let names = bus.call(BUS, "/org/freedesktop/DBus", BUS, "ListNames", ()).unwrap();
    let names: Vec<String> = names.body().deserialize().unwrap();
    let of = |name: &&String| name.starts_with(':') && bus.pid_of(name).ok() == Some(program.pid());
    let ours: Vec<_> = names.iter().filter(of).collect();
    assert!(!ours.is_empty(), "it is on no bus");
    for name in ours {
        let mut send = session.command("dbus-send").unwrap();
        send.args(["--session", "--type=signal", &format!("--dest={name}"), path, signal]);
        assert!(send.arg("boolean:false").status().unwrap().success());
    }
}

#[test]
fn f9_a_screen_saver_that_does_not_answer_and_floods_keeps_no_other_from_being_heard() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let saver = FakeScreenSaver::serve(session.bus_address(), false).unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    prompt(&session);
    // It owns another of the names, answers nothing, and says more than any queue holds.
    let mut flood = session.command("/usr/bin/python3").unwrap();
    let script = session.write_home("flood.py", FLOOD.as_bytes()).unwrap();
    let flood = session
        .spawn("flood", {
            flood.arg(script);
            flood
        })
        .unwrap();
    let begun = std::time::Instant::now();
    while !flood.log().contains("flooded") {
        assert!(begun.elapsed() < SOON, "{}", flood.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    saver.set(true).unwrap();
    no_prompt(&session);
    saver.set(false).unwrap();
    prompt(&session);
    assert!(asked.running(), "{}", asked.log());
}

/// A screen saver that was asked and keeps silent.
const FLOOD: &str = r#"
import gi
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
def seen(connection, message, incoming):
    if incoming and message.get_member() == "GetActive":
        GLib.idle_add(flood)
        return None
    return message
def flood():
    for _ in range(500):
        bus.emit_signal(None, "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged",
            GLib.Variant("(b)", (False,)))
    bus.flush_sync(None)
    print("flooded", flush=True)
    return False
bus.add_filter(seen)
Gio.bus_own_name_on_connection(bus, "org.gnome.ScreenSaver", 0, None, None)
GLib.MainLoop().run()
"#;

#[test]
fn f9_no_notification_stands_on_a_locked_screen_and_the_tray_says_that_nothing_is_shown() {
    let _alone = alone();
    let session = Session::builder().notifications(Notifications::Fake).start().unwrap();
    let watcher = TrayWatcher::serve(session.bus_address()).unwrap();
    let saver = FakeScreenSaver::serve(session.bus_address(), false).unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let first = ask(&session, "first");
    let notifications = session.fake_notifications().unwrap();
    let ours = |of: &Posted| of.app == "Placet" && !of.closed;
    let note = notifications.await_posted(SOON, ours).unwrap();
    saver.set(true).unwrap();
    notifications.await_posted(SOON, |of| of.id == note.id && of.closed).unwrap();
    await_label(&icon, "no request is shown");
    let second = ask(&session, "second");
    await_label(&icon, "2 requests are waiting");
    assert!(!notifications.posted().iter().any(ours), "{:?}", notifications.posted());
    saver.set(false).unwrap();
    notifications.await_posted(SOON, ours).unwrap();
    prompt(&session);
    assert!(first.running() && second.running(), "{} {}", first.log(), second.log());
    drop(watcher);
}
