//! The prompt on Wayland, under sway: it is shown, answered by a person's own hands, does not take
//! the focus from them, and claims no more than it can know there (design §2, §6).
//!
//! sway gives every new window the focus and lets every program type, click and take pictures: of the
//! Wayland desktops it is one of the most open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;
mod prompt_support;

use std::time::{Duration, Instant};

use desktop_support::{ask, desktop, logs, recorded, run, start};
use placet_core::ports::Event;
use placet_core::settings::{Quiet, Setting};
use placet_stage::desktop::{Node, Notifications, Person, Program, Session, WindowManager};
use prompt_support::*;
use serde_json::{Value, json};

const BLIND: &str = "Placet cannot see here whether something lies over this window.";
/// Longer than the prompt waits for somebody to announce it (design §6: two seconds).
const UNANNOUNCED: Duration = Duration::from_millis(2500);

fn desk() -> Desk {
    Desk::with(Session::builder().window_manager(WindowManager::Sway))
}

/// The window of a program, as the compositor has it, once it fits.
fn await_window(session: &Session, program: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let mut swaymsg = session.command("swaymsg").unwrap();
        let told = swaymsg.args(["-r", "-t", "get_tree"]).output().unwrap();
        let tree: Value = serde_json::from_slice(&told.stdout).unwrap();
        if let Some(window) = find(&tree, program).filter(|window| fits(window)) {
            return window.clone();
        }
        assert!(begun.elapsed() < SOON, "{program} does not come to this: {tree}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn find<'a>(node: &'a Value, program: &str) -> Option<&'a Value> {
    if node["app_id"] == program {
        return Some(node);
    }
    let below = ["nodes", "floating_nodes"].iter().filter_map(|name| node[name].as_array());
    below.flatten().find_map(|one| find(one, program))
}

fn is_focused(window: &Value) -> bool {
    window["focused"] == true
}

/// Another program in which the person types.
fn editor(session: &Session) -> Program {
    let mut zenity = session.command("zenity").unwrap();
    zenity.args(["--entry", "--title=Editor", "--text=Write"]);
    let program = session.spawn("zenity", zenity).unwrap();
    await_window(session, "zenity", is_focused);
    program
}

fn written(desk: &Desk, text: &str) {
    let node = desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some(text));
    node.unwrap();
}

/// Asks, and gives it the focus as a press on its notification does.
fn ask_and_open(desk: &mut Desk, command: Value) {
    desk.tell(&command);
    let shown = desk.event("shown");
    let lines = shown["lines"].as_array().unwrap();
    desk.lines = lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    desk.tell(&json!({"open": true}));
    desk.event("painted");
    await_window(&desk.session, "placet", is_focused);
    scroll_through(desk);
    desk.armed();
}

/// Has all of the page in sight, by the wheel, wherever on the screen it is.
fn scroll_through(desk: &mut Desk) {
    let place = await_window(&desk.session, "placet", is_focused)["rect"].clone();
    let middle = |from: &str, size: &str| {
        i32::try_from(place[from].as_i64().unwrap() + place[size].as_i64().unwrap() / 3).unwrap()
    };
    let (x, y) = (middle("x", "width"), middle("y", "height"));
    for _ in 0..100 {
        let Some(down) = desk.scrolling_asked() else { return };
        desk.person.wheel(x, y, if down { 4 } else { -4 }).unwrap();
    }
    panic!("it is not over: {}", desk.window().outline());
}

/// Where on the screen a control is: a Wayland program knows its place in its window alone.
fn place_of(session: &Session, node: &Node) -> (i32, i32) {
    let window = await_window(session, "placet", |_| true);
    let at = |name: &str| i32::try_from(window["rect"][name].as_i64().unwrap()).unwrap();
    // What GTK draws around the window for its shadow is not in sway's rectangle.
    let shadow = |name: &str| i32::try_from(window["geometry"][name].as_i64().unwrap()).unwrap();
    let (x, y) = node.middle().unwrap();
    (at("x") - shadow("x") + x, at("y") - shadow("y") + y)
}

fn hold(person: &mut Person, session: &Session, node: &Node) {
    let (x, y) = place_of(session, node);
    person.hold(x, y, HELD).unwrap();
}

#[test]
fn where_a_new_window_gets_the_focus_it_waits_until_the_person_opens_it() {
    let mut desk = desk();
    let _editor = editor(&desk.session);
    desk.person.type_text("hello ").unwrap();
    desk.tell(&json!({"ask": "plain", "id": "a"}));
    desk.tell(&json!({"announced": "a"}));
    desk.person.type_text("x ").unwrap();
    // It would have come up by now.
    std::thread::sleep(UNANNOUNCED);
    desk.no_event("painted");
    desk.person.type_text("y").unwrap();
    written(&desk, "hello x y");
    desk.tell(&json!({"open": true}));
    desk.event("painted");
    await_window(&desk.session, "placet", is_focused);
}

#[test]
fn it_comes_up_by_itself_if_nobody_announced_it() {
    let mut desk = desk();
    let _editor = editor(&desk.session);
    desk.tell(&json!({"announced": "another"}));
    desk.show(json!({"ask": "plain", "id": "a"}));
    await_window(&desk.session, "placet", |_| true);
}

#[test]
fn what_was_announced_before_the_person_looked_comes_up_by_itself_after() {
    let mut desk = desk();
    // Its notification is withdrawn when the person looks at the first.
    desk.tell(&json!({"announced": "b"}));
    ask_and_open(&mut desk, json!({"ask": "plain", "id": "a"}));
    let deny = place_of(&desk.session, &desk.button("Deny"));
    desk.person.click(deny.0, deny.1).unwrap();
    assert_eq!(desk.answer().0, "deny");
    desk.tell(&json!({"release": "a"}));
    desk.show(json!({"ask": "plain", "id": "b"}));
}

#[test]
fn the_person_approves_by_a_held_press_and_it_says_that_it_cannot_see_what_lies_over_it() {
    let mut desk = desk();
    ask_and_open(&mut desk, json!({"ask": "plain"}));
    assert!(desk.window().words().contains(&BLIND), "{}", desk.window().outline());
    desk.picture("prompt-wayland.png");
    let approve = desk.button(&desk.approve_name());
    hold(&mut desk.person, &desk.session, &approve);
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["gesture"]["observable"], true);
}

#[test]
fn the_person_approves_by_the_keyboard_and_denies_by_a_click() {
    let mut desk = desk();
    ask_and_open(&mut desk, json!({"ask": "plain", "id": "a"}));
    desk.go_to_approve();
    desk.chord();
    assert_eq!(desk.answer().0, "approve");
    desk.tell(&json!({"release": "a"}));
    ask_and_open(&mut desk, json!({"ask": "plain", "id": "b"}));
    let deny = place_of(&desk.session, &desk.button("Deny"));
    desk.person.click(deny.0, deny.1).unwrap();
    assert_eq!(desk.answer().0, "deny");
}

#[test]
fn h5_what_is_typed_before_it_is_armed_decides_nothing() {
    let mut desk = desk();
    let _editor = editor(&desk.session);
    desk.tell(&json!({"ask": "plain", "id": "a"}));
    desk.event("shown");
    desk.person.type_text("hello").unwrap();
    desk.tell(&json!({"open": true}));
    desk.event("painted");
    for _ in 0..5 {
        desk.person.type_text(" x").unwrap();
        desk.chord();
    }
    desk.no_event("answer");
}

#[test]
fn input_by_the_virtual_keyboard_is_not_seen_and_the_answer_says_observable() {
    // Not stopped: sway gives such a keyboard to every program, and its keys come to us as any.
    let mut desk = desk();
    ask_and_open(&mut desk, json!({"ask": "plain"}));
    let mut wtype = desk.session.command("wtype").unwrap();
    // A new keyboard takes the focus away and gives it back, which begins the arming anew and leads
    // the focus back to Deny: it waits, and goes to Approve by itself.
    wtype.args(["-s", "1500", "-k", "Tab", "-s", "100", "-k", "Tab", "-s", "100"]);
    // A Ctrl that is only said to be down, or only pressed, would make no chord of it.
    wtype.args(["-P", "Control_L", "-M", "ctrl", "-P", "Return"]);
    let said = wtype.args(["-p", "Return", "-m", "ctrl", "-p", "Control_L"]).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["gesture"]["observable"], true);
}

#[test]
fn what_the_compositor_lets_other_programs_do_is_known() {
    let mut desk = desk();
    desk.tell(&json!({"others": true}));
    assert_eq!(
        desk.event("others")["others"],
        "Wayland: this desktop lets them type and click, see the screen, lay something over this \
         window and read what you copy"
    );
}

#[test]
fn the_program_runs_announces_and_is_answered() {
    let _alone = alone();
    let session = Session::builder()
        .window_manager(WindowManager::Sway)
        .notifications(Notifications::Fake)
        .start()
        .unwrap();
    let _editor = editor(&session);
    let program = start(&session, desktop(&session));
    let mut agent = ask(&session, "agent");
    let notifications = session.fake_notifications().unwrap();
    let note = notifications.await_posted(SOON, |note| note.app == "Placet").unwrap();
    std::thread::sleep(UNANNOUNCED);
    // The person's editor still has the focus.
    await_window(&session, "zenity", is_focused);
    notifications.invoke(note.id, "default").unwrap();
    await_window(&session, "placet", is_focused);
    let eyes = session.eyes().unwrap();
    let deny = eyes.await_node("placet", SOON, |node| node.name == "Deny").unwrap();
    std::thread::sleep(ARMED);
    let (x, y) = place_of(&session, &deny);
    session.person().unwrap().click(x, y).unwrap();
    let ended = agent.wait(SOON).unwrap();
    assert_eq!(ended.code(), Some(1), "{}{}", agent.log(), logs(&session));
    assert!(program.running(), "{}", program.log());
}

#[test]
fn in_quiet_hours_it_takes_no_focus_and_what_waits_is_told_and_opened_by_the_person() {
    let _alone = alone();
    let session = Session::builder()
        .window_manager(WindowManager::Sway)
        .notifications(Notifications::Fake)
        .start()
        .unwrap();
    // All day but one minute, and that one is far from now.
    let mut date = session.command("date").unwrap();
    let hour = String::from_utf8(date.arg("+%H").output().unwrap().stdout).unwrap();
    let far = (hour.trim().parse::<u16>().unwrap() + 12) % 24 * 60;
    let quiet = Quiet { from: far + 1, to: far };
    recorded(&session, vec![Event::Set { setting: Setting::Quiet(Some(quiet)) }]);
    let _editor = editor(&session);
    let program = start(&session, desktop(&session));
    let agent = ask(&session, "agent");
    let begun = Instant::now();
    // Told to who looks.
    while !run(&session, &["status"]).out.contains("waiting: 1\n") {
        assert!(begun.elapsed() < SOON, "it is not told: {}", run(&session, &["status"]).out);
        std::thread::sleep(Duration::from_millis(50));
    }
    // It would have come up by now.
    std::thread::sleep(UNANNOUNCED);
    await_window(&session, "zenity", is_focused);
    let posted = session.fake_notifications().unwrap().posted();
    assert_eq!(posted.len(), 0, "{posted:?}");
    assert!(agent.running(), "silence answered: {}", agent.log());
    assert!(run(&session, &["open"]).success);
    await_window(&session, "placet", is_focused);
    assert!(program.running(), "{}", program.log());
}
