//! What the prompt promises everywhere, under two window managers that are as unlike as can be:
//! openbox stacks windows and gives new ones the focus, i3 tiles them and has no icons (design §6).
//!
//! Every promise is tried under both; the other tests of the prompt run under openbox alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::time::Instant;

use placet_stage::desktop::{Program, Session, Window, WindowManager, keys};
use prompt_support::*;
use serde_json::json;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, WindowClass,
};

macro_rules! under_both {
    ($($promise:ident)*) => {
        mod under_openbox {
            $(#[test] fn $promise() { super::$promise(super::WindowManager::Openbox); })*
        }
        mod under_i3 {
            $(#[test] fn $promise() { super::$promise(super::WindowManager::I3); })*
        }
    };
}

under_both! {
    it_opens_without_the_focus
    a_program_that_asks_for_it_gets_attention_for_it_and_not_the_focus
    what_the_person_holds_approves
    what_the_person_clicks_denies
    a_window_over_it_blocks_approve
    a_program_that_fills_the_screen_does_not_keep_the_person_from_it
    it_is_on_every_workspace
    it_comes_up_where_the_pointer_is_and_whole_on_one_monitor
}

fn under(manager: WindowManager) -> Desk {
    Desk::with(Session::builder().window_manager(manager))
}

/// Another program in which the person types, and its window.
fn editor(desk: &Desk) -> (Program, Window) {
    let mut zenity = desk.session.command("zenity").unwrap();
    zenity.args(["--entry", "--title=Editor", "--text=Write"]);
    let program = desk.session.spawn("zenity", zenity).unwrap();
    let window = desk.session.screen().await_active(SOON, |window| window.title == "Editor");
    (program, window.unwrap())
}

/// Asks the window manager for something about a window, or about the desktop (EWMH).
fn ask_manager(desk: &Desk, window: u32, name: &str, data: [u32; 5]) {
    let connection = desk.session.screen().connection();
    let name = atom(desk, name);
    let event = ClientMessageEvent::new(32, window, name, data);
    let to_manager = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
    let root = desk.session.screen().root();
    connection.send_event(false, root, to_manager, event).unwrap().check().unwrap();
}

fn atom(desk: &Desk, name: &str) -> u32 {
    let asked = desk.session.screen().connection().intern_atom(false, name.as_bytes());
    asked.unwrap().reply().unwrap().atom
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < SOON, "it never came to this: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn it_opens_without_the_focus(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, _) = editor(&desk);
    desk.person.type_text("hello ").unwrap();
    for id in ["a", "b"] {
        desk.tell(&json!({"ask": "plain", "id": id}));
        desk.person.type_text("x y ").unwrap();
        desk.event("painted");
        desk.person.type_text("z ").unwrap();
        assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
        desk.tell(&json!({"drop": true}));
        desk.tell(&json!({"release": id}));
    }
    let whole = "hello x y z x y z ";
    desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some(whole)).unwrap();
    desk.no_event("answer");
}

fn a_program_that_asks_for_it_gets_attention_for_it_and_not_the_focus(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, _) = editor(&desk);
    desk.show(json!({"ask": "plain"}));
    desk.tell(&json!({"raise": true}));
    desk.session.screen().await_urgent(SOON, desk.placet()).unwrap();
    assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
    desk.person.type_text("on").unwrap();
    desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some("on")).unwrap();
}

fn what_the_person_holds_approves(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, _) = editor(&desk);
    desk.ask(json!({"ask": "plain"}));
    assert_eq!(desk.approve_in_a_few_tries().0, "approve");
}

fn what_the_person_clicks_denies(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, _) = editor(&desk);
    desk.ask(json!({"ask": "plain"}));
    let deny = desk.button("Deny");
    desk.person.click_on(&deny).unwrap();
    assert_eq!(desk.answer().0, "deny");
    desk.gone();
}

fn a_window_over_it_blocks_approve(manager: WindowManager) {
    let mut desk = under(manager);
    desk.ask(json!({"ask": "plain"}));
    let (attacker, ours) = (desk.session.attacker().unwrap(), desk.placet());
    let place = desk.session.screen().windows().unwrap();
    let place = place.iter().find(|window| window.id == ours).unwrap().clone();
    let connection = attacker.screen().connection();
    let cover = connection.generate_id().unwrap();
    // No window manager knows it, and it comes to lie on top.
    let aux = CreateWindowAux::new().override_redirect(1).background_pixel(0);
    let (x, y) = (i16::try_from(place.x + 40).unwrap(), i16::try_from(place.y + 60).unwrap());
    let (root, class) = (attacker.screen().root(), WindowClass::INPUT_OUTPUT);
    connection.create_window(0, cover, root, x, y, 80, 20, 0, class, 0, &aux).unwrap();
    connection.map_window(cover).unwrap().check().unwrap();
    desk.says("Something lies over this window. Move it away to approve.");
    desk.hold_approve();
    desk.no_event("answer");
    connection.destroy_window(cover).unwrap().check().unwrap();
    desk.eyes
        .until(PROMPT, SOON, |windows| {
            let words: Vec<_> = windows.iter().flat_map(|window| window.words()).collect();
            (!words.iter().any(|word| word.starts_with("Something lies over"))).then_some(())
        })
        .unwrap();
    assert_eq!(desk.approve_in_a_few_tries().0, "approve");
}

fn a_program_that_fills_the_screen_does_not_keep_the_person_from_it(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, window) = editor(&desk);
    let (add, fullscreen) = (1, atom(&desk, "_NET_WM_STATE_FULLSCREEN"));
    ask_manager(&desk, window.id, "_NET_WM_STATE", [add, fullscreen, 0, 1, 0]);
    let (width, height) = desk.session.screen().size().unwrap();
    until("the editor fills the screen", || {
        let windows = desk.session.screen().windows().unwrap();
        let editor = windows.iter().find(|one| one.id == window.id);
        editor.is_some_and(|one| one.width == u32::from(width) && one.height == u32::from(height))
    });
    desk.tell(&json!({"ask": "plain"}));
    let shown = desk.event("shown");
    let lines = shown["lines"].as_array().unwrap();
    desk.lines = lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    // The person goes on.
    desk.person.type_text("on").unwrap();
    desk.eyes.await_node("zenity", SOON, |node| node.text.as_deref() == Some("on")).unwrap();
    assert_eq!(desk.session.screen().active().unwrap().unwrap().title, "Editor");
    // And presses the notification.
    desk.open();
    desk.scroll_through();
    assert_eq!(desk.approve_in_a_few_tries().0, "approve");
}

fn it_is_on_every_workspace(manager: WindowManager) {
    let mut desk = under(manager);
    let (_editor, _) = editor(&desk);
    desk.show(json!({"ask": "plain"}));
    let root = desk.session.screen().root();
    match manager {
        // Its workspaces are made by being gone to.
        WindowManager::I3 => desk.person.chord(&[keys::SUPER, u32::from('2')]).unwrap(),
        _ => ask_manager(&desk, root, "_NET_CURRENT_DESKTOP", [1, 0, 0, 0, 0]),
    }
    let current = atom(&desk, "_NET_CURRENT_DESKTOP");
    until("the other workspace", || {
        let asked = desk.session.screen().connection().get_property(
            false,
            root,
            current,
            AtomEnum::CARDINAL,
            0,
            1,
        );
        let told = asked.unwrap().reply().unwrap();
        told.value32().and_then(|mut numbers| numbers.next()) == Some(1)
    });
    desk.session.screen().await_no_window(SOON, |window| window.title == "Editor").unwrap();
    desk.session.screen().await_window(SOON, |window| window.title == "Placet").unwrap();
    desk.open();
    desk.scroll_through();
    assert_eq!(desk.approve_in_a_few_tries().0, "approve");
}

fn it_comes_up_where_the_pointer_is_and_whole_on_one_monitor(manager: WindowManager) {
    let mut desk = Desk::with(Session::builder().window_manager(manager).monitors(2));
    let (width, _) = desk.session.screen().size().unwrap();
    let half = i32::from(width / 2);
    for (id, x) in [("a", half + half / 2), ("b", half / 2)] {
        desk.person.move_to(x, 500).unwrap();
        desk.ask(json!({"ask": "plain", "id": id}));
        let windows = desk.session.screen().windows().unwrap();
        let ours = windows.iter().find(|window| window.title == "Placet").unwrap();
        let (from, to) = if x > half { (half, 2 * half) } else { (0, half) };
        let right = ours.x + i32::try_from(ours.width).unwrap();
        assert!(from <= ours.x && right <= to, "{ours:?} is not between {from} and {to}");
        assert_eq!(desk.approve_in_a_few_tries().0, "approve");
        desk.tell(&json!({"release": id}));
        desk.gone();
    }
}
