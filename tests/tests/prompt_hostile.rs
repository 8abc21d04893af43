//! What plain X11 lets every program do around the real prompt, carried through: keys are watched,
//! pictures are taken, covers blink, keys are given another meaning, the toolkit's inspector is
//! called (design §2, §6).
//!
//! Some of it is not stopped and cannot be. Those tests succeed when the attack does, and then look
//! that the answer says `observable`: so nobody takes a tripwire for a wall.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use std::time::{Duration, Instant};

use placet_stage::desktop::{Attacker, Device, Node, Session, keys};
use prompt_support::*;
use serde_json::json;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xinput::{ConnectionExt as _, EventMask, XIEventMask};
use x11rb::protocol::xproto::{
    ClipOrdering, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, ImageFormat, StackMode,
    Window, WindowClass,
};

const CODE: &str = "One-time code";
const COVERED: &str = "Something lies over this window. Move it away to approve.";

/// The symbol that a key has now without Shift.
fn symbol(attacker: &Attacker, code: u8) -> u32 {
    let mapping = attacker.screen().connection().get_keyboard_mapping(code, 1).unwrap();
    mapping.reply().unwrap().keysyms[0]
}

/// The pixels of a place on the screen, as any client can take them.
fn photograph(attacker: &Attacker, node: &Node) -> Vec<u8> {
    let place = node.place.unwrap();
    let (x, y) = (i16::try_from(place.x).unwrap(), i16::try_from(place.y).unwrap());
    let (width, height) = (place.width as u16, place.height as u16);
    let screen = attacker.screen();
    let taken = screen.connection().get_image(
        ImageFormat::Z_PIXMAP,
        screen.root(),
        x,
        y,
        width,
        height,
        u32::MAX,
    );
    taken.unwrap().reply().unwrap().data
}

/// Waits until the field for a code says how much is in it.
fn typed(desk: &Desk, words: &str) -> Node {
    let field = |node: &Node| node.role == "password text" && node.description == words;
    desk.eyes.await_node(PROMPT, SOON, field).unwrap()
}

#[test]
fn every_key_of_a_code_can_be_watched_and_the_answer_says_observable() {
    // Not stopped: no X11 client can keep its keys from another. Design §2 calls for a passkey.
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    let attacker = desk.session.attacker().unwrap();
    let connection = attacker.screen().connection();
    // 1: all master devices.
    let mask = EventMask { deviceid: 1, mask: vec![XIEventMask::RAW_KEY_PRESS] };
    connection.xinput_xi_select_events(attacker.screen().root(), &[mask]).unwrap().check().unwrap();
    desk.person.type_text("482913").unwrap();
    typed(&desk, "6 characters typed");
    let mut logged = String::new();
    let begun = Instant::now();
    while logged.len() < 6 {
        assert!(begun.elapsed() < SOON, "only {logged} was heard");
        let Some(event) = connection.poll_for_event().unwrap() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        if let Event::XinputRawKeyPress(press) = event {
            let code = u8::try_from(press.detail).unwrap();
            logged.extend(char::from_u32(symbol(&attacker, code)));
        }
    }
    assert_eq!(logged, "482913");
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["gesture"]["observable"], true);
}

#[test]
fn a_key_of_a_code_that_is_down_can_be_asked_for_and_the_answer_says_observable() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    let attacker = desk.session.attacker().unwrap();
    let mut asked = String::new();
    for (count, digit) in "135790".chars().enumerate() {
        desk.person.key_down(keys::of(digit)).unwrap();
        let begun = Instant::now();
        let code = loop {
            let down = attacker.screen().connection().query_keymap().unwrap().reply().unwrap().keys;
            let first =
                (0..=255_u8).find(|code| down[usize::from(code / 8)] >> (code % 8) & 1 == 1);
            if let Some(code) = first {
                break code;
            }
            assert!(begun.elapsed() < SOON, "no key is down");
        };
        asked.extend(char::from_u32(symbol(&attacker, code)));
        desk.person.key_up(keys::of(digit)).unwrap();
        typed(
            &desk,
            &format!("{} character{} typed", count + 1, if count == 0 { "" } else { "s" }),
        );
        let up = || attacker.screen().connection().query_keymap().unwrap().reply().unwrap().keys;
        while up() != [0; 32] {
            assert!(begun.elapsed() < SOON, "it is never let go");
        }
    }
    assert_eq!(asked, "135790");
    desk.chord();
    assert_eq!(desk.answer().1["gesture"]["observable"], true);
}

#[test]
fn a_picture_of_the_prompt_shows_what_is_asked_and_of_a_code_only_dots() {
    let mut taken = Vec::new();
    for code in ["111111", "480297"] {
        let mut desk = Desk::new();
        let window = desk.ask(json!({"ask": "otp"}));
        desk.focused(CODE);
        let attacker = desk.session.attacker().unwrap();
        let whole = photograph(&attacker, &window);
        // Not stopped: text is on it, so not all of it has one colour.
        assert!(whole.chunks(4).any(|pixel| pixel[..3] != whole[..3]), "nothing is on the picture");
        desk.person.type_text(code).unwrap();
        typed(&desk, "6 characters typed");
        // Away from the field, where nothing blinks.
        desk.person.key(keys::TAB).unwrap();
        desk.focused("Deny");
        // What was painted is asked for once it no longer changes.
        let field = typed(&desk, "6 characters typed");
        let begun = Instant::now();
        let mut last = photograph(&attacker, &field);
        loop {
            std::thread::sleep(QUIET);
            let next = photograph(&attacker, &field);
            if next == last {
                break;
            }
            last = next;
            assert!(begun.elapsed() < SOON, "it changes all the time");
        }
        taken.push((field.place, last));
        desk.person.chord(&[keys::SHIFT, keys::TAB]).unwrap();
        desk.focused(CODE);
        desk.chord();
        assert_eq!(desk.answer().1["gesture"]["observable"], true);
    }
    assert!(taken[0] == taken[1], "the picture tells one code from another");
}

#[test]
fn a_key_that_was_given_another_meaning_sends_another_code_and_the_answer_says_observable() {
    // Not stopped: the keyboard's map belongs to every client. The server refuses the wrong code.
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp"}));
    desk.focused(CODE);
    let attacker = desk.session.attacker().unwrap();
    let connection = attacker.screen().connection();
    let (one, two) =
        (attacker.key_of(keys::of('1')).unwrap(), attacker.key_of(keys::of('2')).unwrap());
    let map = |code: u8| connection.get_keyboard_mapping(code, 1).unwrap().reply().unwrap();
    let (of_one, of_two) = (map(one), map(two));
    for (code, other) in [(one, of_two), (two, of_one)] {
        connection
            .change_keyboard_mapping(1, code, other.keysyms_per_keycode, &other.keysyms)
            .unwrap()
            .check()
            .unwrap();
    }
    // The fingers press the keys on which 1 1 2 2 1 1 is printed.
    for code in [one, one, two, two, one, one] {
        attacker.strike(Device::Person, code).unwrap();
    }
    typed(&desk, "6 characters typed");
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    assert_eq!(with["values"], json!({"otp": "221122"}));
    assert_eq!(with["gesture"]["observable"], true);
}

/// A window of the attacker's over the prompt's text that no window manager knows.
fn cover(attacker: &Attacker, window: &Node, class: WindowClass) -> Window {
    let place = window.place.unwrap();
    let (x, y) = (i16::try_from(place.x + 40).unwrap(), i16::try_from(place.y + 60).unwrap());
    let connection = attacker.screen().connection();
    let id = connection.generate_id().unwrap();
    let mut aux = CreateWindowAux::new().override_redirect(1);
    if class == WindowClass::INPUT_OUTPUT {
        aux = aux.background_pixel(0x00ff_ffff);
    }
    let (root, copied) = (attacker.screen().root(), 0);
    connection.create_window(0, id, root, x, y, 200, 50, 0, class, copied, &aux).unwrap();
    connection.flush().unwrap();
    id
}

#[test]
fn a_cover_that_lets_clicks_through_blocks_approve() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    let attacker = desk.session.attacker().unwrap();
    let connection = attacker.screen().connection();
    let id = cover(&attacker, &window, WindowClass::INPUT_OUTPUT);
    connection.shape_rectangles(SO::SET, SK::INPUT, ClipOrdering::UNSORTED, id, 0, 0, &[]).unwrap();
    connection.map_window(id).unwrap().check().unwrap();
    desk.says(COVERED);
    desk.hold_approve();
    desk.chord();
    desk.no_event("answer");
}

#[test]
fn a_window_that_lay_below_and_is_raised_blocks_approve() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    let attacker = desk.session.attacker().unwrap();
    let connection = attacker.screen().connection();
    let id = cover(&attacker, &window, WindowClass::INPUT_OUTPUT);
    let stack = |mode: StackMode| {
        let aux = ConfigureWindowAux::new().stack_mode(mode);
        connection.configure_window(id, &aux).unwrap().check().unwrap();
    };
    stack(StackMode::BELOW);
    connection.map_window(id).unwrap().check().unwrap();
    stack(StackMode::ABOVE);
    desk.says(COVERED);
    desk.chord();
    desk.hold_approve();
    desk.no_event("answer");
    stack(StackMode::BELOW);
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn a_window_that_shows_nothing_and_takes_the_presses_gains_no_yes() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let attacker = desk.session.attacker().unwrap();
    let connection = attacker.screen().connection();
    let id = cover(&attacker, &window, WindowClass::INPUT_ONLY);
    let place = window.place.unwrap();
    let all = ConfigureWindowAux::new()
        .x(place.x)
        .y(place.y)
        .width(u32::try_from(place.width).unwrap())
        .height(u32::try_from(place.height).unwrap());
    connection.configure_window(id, &all).unwrap().check().unwrap();
    connection.map_window(id).unwrap().check().unwrap();
    desk.hold_approve();
    desk.no_event("answer");
    connection.destroy_window(id).unwrap().check().unwrap();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

/// A cover that is there for a moment.
struct Blinking {
    attacker: Attacker,
    id: Window,
}

impl Blinking {
    fn over(desk: &Desk, window: &Node) -> Self {
        let attacker = desk.session.attacker().unwrap();
        let id = cover(&attacker, window, WindowClass::INPUT_OUTPUT);
        Self { attacker, id }
    }

    /// Comes and has gone again, for the display too, when this returns.
    fn once(&self) {
        let connection = self.attacker.screen().connection();
        connection.map_window(self.id).unwrap().check().unwrap();
        connection.unmap_window(self.id).unwrap().check().unwrap();
    }
}

#[test]
fn a_cover_that_blinks_keeps_approve_from_working() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    let blinking = Blinking::over(&desk, &window);
    // The display has told of the blink before it tells of the press.
    for _ in 0..5 {
        blinking.once();
        desk.chord();
    }
    desk.no_event("answer");
    // Armed again, it blinks once while the button is held.
    desk.armed();
    let held = std::thread::scope(|scope| {
        let blinks = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            blinking.once();
            blinking
        });
        desk.hold_approve();
        blinks.join().unwrap()
    });
    desk.no_event("answer");
    drop(held);
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn no_key_opens_the_toolkits_inspector_where_the_settings_allow_it() {
    let alone = alone();
    let session = Session::builder().env("GSETTINGS_BACKEND", "keyfile").start().unwrap();
    let allowed = b"[org/gtk/settings/debug]\nenable-inspector-keybinding=true\n";
    session.write_home(".config/glib-2.0/settings/keyfile", allowed).unwrap();
    // An ordinary program has its inspector up.
    let mut zenity = session.command("zenity").unwrap();
    zenity.args(["--entry", "--title=Ordinary"]);
    let zenity = session.spawn("zenity", zenity).unwrap();
    let ordinary = |window: &placet_stage::desktop::Window| window.title == "Ordinary";
    session.screen().await_active(SOON, ordinary).unwrap();
    let attacker = session.attacker().unwrap();
    attacker.chord(Device::Person, &[keys::CONTROL, keys::SHIFT, keys::of('d')]).unwrap();
    session.screen().await_window(SOON, |window| window.title != "Ordinary").unwrap();
    zenity.stop();
    session.screen().await_no_window(SOON, |_| true).unwrap();
    let mut desk = Desk::on(session, alone);
    desk.ask(json!({"ask": "form"}));
    desk.focused("Reference");
    let attacker = desk.session.attacker().unwrap();
    for letter in ['d', 'i'] {
        // Not seen as injected: it comes as the person's own device.
        attacker.chord(Device::Person, &[keys::CONTROL, keys::SHIFT, keys::of(letter)]).unwrap();
    }
    std::thread::sleep(ARMED);
    let windows = desk.session.screen().windows().unwrap();
    let strange: Vec<_> = windows.iter().filter(|window| window.title != "Placet").collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn a_window_that_another_program_destroys_comes_back_and_approves_nothing() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "otp", "id": "a"}));
    desk.focused(CODE);
    desk.person.type_text("123").unwrap();
    typed(&desk, "3 characters typed");
    for _ in 0..3 {
        let (old, attacker) = (desk.placet(), desk.session.attacker().unwrap());
        attacker.screen().connection().destroy_window(old).unwrap().check().unwrap();
        desk.event("painted");
        desk.session.screen().await_no_window(SOON, |window| window.id == old).unwrap();
    }
    desk.no_event("answer");
    typed(&desk, "Nothing typed");
    desk.open();
    desk.scroll_through();
    desk.armed();
    desk.person.type_text("123456").unwrap();
    desk.hold_approve();
    let (answer, with) = desk.answer();
    assert_eq!((answer.as_str(), &with["values"]), ("approve", &json!({"otp": "123456"})));
    desk.tell(&json!({"release": "a"}));
    desk.ask(json!({"ask": "plain", "id": "b"}));
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve", "the next question is asked as ever");
}

#[test]
fn a_window_that_another_program_destroys_is_on_record() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    let (old, attacker) = (desk.placet(), desk.session.attacker().unwrap());
    attacker.screen().connection().destroy_window(old).unwrap().check().unwrap();
    assert_eq!(desk.event("suspicious")["suspicious"], "window_destroyed");
}

#[test]
fn a_window_that_is_destroyed_while_nothing_is_asked_is_there_for_the_next_question() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain", "id": "a"}));
    let old = desk.placet();
    desk.tell(&json!({"drop": true}));
    desk.tell(&json!({"release": "a"}));
    desk.gone();
    let attacker = desk.session.attacker().unwrap();
    attacker.screen().connection().destroy_window(old).unwrap().check().unwrap();
    desk.ask(json!({"ask": "plain", "id": "b"}));
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn a_window_that_is_destroyed_before_the_prompt_hears_of_it_does_not_end_the_process() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    for _ in 0..5 {
        let (old, attacker) = (desk.placet(), desk.session.attacker().unwrap());
        // What it is told meanwhile is about a window that is no more.
        desk.stop();
        attacker.screen().connection().destroy_window(old).unwrap().check().unwrap();
        for look in ["dark", "light"] {
            desk.tell(&json!({"open": true}));
            desk.tell(&json!({"look": look}));
            desk.tell(&json!({"raise": true}));
        }
        desk.go_on();
        desk.event("painted");
        desk.session.screen().await_no_window(SOON, |window| window.id == old).unwrap();
    }
    desk.open();
    desk.armed();
    desk.scroll_through();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}
