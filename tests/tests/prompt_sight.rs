//! The prompt must be whole in sight for Approve to work: on the screen, not cut by a shape, not
//! see-through (design §6). Each attack is that of another client of the same display.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use placet_stage::desktop::{Attacker, Session};
use prompt_support::*;
use serde_json::json;
use x11rb::connection::Connection as _;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::res::ConnectionExt as _;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClipOrdering, ConfigureWindowAux, ConnectionExt as _,
    CreateGCAux, PropMode, Rectangle,
};
use x11rb::wrapper::ConnectionExt as _;

const OFF: &str = "Part of this window is off the screen. Move it back to approve.";
const CUT: &str = "Part of this window was cut away. It cannot approve like this.";
const UNKNOWN: &str = "The display does not let Placet look at what lies over this window, so it \
                       cannot approve.";
const POINTER: &str = "The pointer hides too much of this window. It cannot approve like this.";
const RECOLOURED: &str = "The colours of the screen were changed. Set them back to approve.";
const TOO_SMALL: &str = "This window is too small for what it says. Make it larger to approve.";
const SEE_THROUGH: &str = "This window was made see-through. It cannot approve like this.";

/// The prompt with the focus on Approve, an attacker, the prompt's window and its frame.
fn scene() -> (Desk, Attacker, u32, u32) {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "plain"}));
    desk.go_to_approve();
    let attacker = desk.session.attacker().unwrap();
    let ours = desk.placet();
    let mut frame = ours;
    loop {
        let tree = attacker.screen().connection().query_tree(frame).unwrap().reply().unwrap();
        if tree.parent == tree.root {
            break;
        }
        frame = tree.parent;
    }
    assert_ne!(ours, frame, "the window manager draws no frame");
    (desk, attacker, ours, frame)
}

/// Neither gesture approves, and the foot says why; after `undo` the person can again.
fn blocked(desk: &mut Desk, words: &str, undo: impl FnOnce()) {
    desk.says(words);
    desk.chord();
    desk.hold_approve();
    desk.no_event("answer");
    undo();
    desk.eyes
        .until(PROMPT, SOON, |windows| {
            let said = windows.iter().any(|window| window.words().contains(&words));
            (!said).then_some(())
        })
        .unwrap();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn a_screen_whose_colours_hide_text_does_not_approve() {
    let (mut desk, attacker, _, _) = scene();
    let (root, connection) = (attacker.screen().root(), attacker.screen().connection());
    let screen = connection.randr_get_screen_resources_current(root).unwrap().reply().unwrap();
    let crtc = screen.crtcs[0];
    let size = connection.randr_get_crtc_gamma_size(crtc).unwrap().reply().unwrap().size;
    assert!(size > 1, "this display has no gamma ramps");
    let ramp = |of: &dyn Fn(u16) -> u16| (0..size).map(of).collect::<Vec<_>>();
    let plain = ramp(&|step| u16::MAX / (size - 1) * step);
    let set = |red: &[u16], green: &[u16], blue: &[u16]| {
        connection.randr_set_crtc_gamma(crtc, red, green, blue).unwrap().check().unwrap();
    };
    // All that is not black is white: text of any other colour is gone.
    let flat = ramp(&|step| if step == 0 { 0 } else { u16::MAX });
    set(&flat, &flat, &flat);
    // With a night light, which takes blue away, the person can approve.
    blocked(&mut desk, RECOLOURED, || set(&plain, &plain, &ramp(&|_| 0)));
}

#[test]
fn a_pointer_as_large_as_a_page_blocks_approve() {
    let (mut desk, attacker, ours, _) = scene();
    let connection = attacker.screen().connection();
    let set = |cursor: u32| {
        let aux = ChangeWindowAttributesAux::new().cursor(cursor);
        connection.change_window_attributes(ours, &aux).unwrap().check().unwrap();
    };
    // All of one colour, and larger than what is asked.
    let (picture, gc) = (connection.generate_id().unwrap(), connection.generate_id().unwrap());
    let cursor = connection.generate_id().unwrap();
    let (width, height) = (500, 300);
    connection.create_pixmap(1, picture, ours, width, height).unwrap();
    connection.create_gc(gc, picture, &CreateGCAux::new().foreground(1)).unwrap();
    let all = Rectangle { x: 0, y: 0, width, height };
    connection.poly_fill_rectangle(picture, gc, &[all]).unwrap();
    let white = u16::MAX;
    connection
        .create_cursor(cursor, picture, picture, white, white, white, white, white, white, 0, 0)
        .unwrap()
        .check()
        .unwrap();
    let place = desk.window().place.unwrap();
    desk.person.move_to(place.x + 20, place.y + 20).unwrap();
    set(cursor);
    desk.picture("prompt-pointer.png");
    blocked(&mut desk, POINTER, || set(x11rb::NONE));
}

#[test]
fn a_prompt_that_is_moved_off_the_screen_does_not_approve() {
    let (mut desk, attacker, _, frame) = scene();
    let connection = attacker.screen().connection();
    let before = connection.get_geometry(frame).unwrap().reply().unwrap();
    let to = |x: i32| {
        let aux = ConfigureWindowAux::new().x(x);
        connection.configure_window(frame, &aux).unwrap().check().unwrap();
    };
    to(-20);
    blocked(&mut desk, OFF, || to(before.x.into()));
}

#[test]
fn a_monitor_that_a_client_made_up_shows_nothing() {
    let (mut desk, attacker, _, frame) = scene();
    let (root, connection) = (attacker.screen().root(), attacker.screen().connection());
    let name = connection.intern_atom(false, b"beyond").unwrap().reply().unwrap().atom;
    let beyond = MonitorInfo {
        name,
        x: -2_000,
        y: -2_000,
        width: 8_000,
        height: 8_000,
        width_in_millimeters: 2_000,
        height_in_millimeters: 2_000,
        ..MonitorInfo::default()
    };
    connection.randr_set_monitor(root, beyond).unwrap().check().unwrap();
    let before = connection.get_geometry(frame).unwrap().reply().unwrap();
    let to = |y: i32| {
        let aux = ConfigureWindowAux::new().y(y);
        connection.configure_window(frame, &aux).unwrap().check().unwrap();
    };
    // What it wants to do is above the screen, and Approve is on it.
    to(-i32::from(before.height) / 2);
    blocked(&mut desk, OFF, || to(before.y.into()));
}

#[test]
fn opening_it_brings_it_back_on_the_screen() {
    let (mut desk, attacker, ours, _) = scene();
    // As another client asks the window manager for it.
    let aux = ConfigureWindowAux::new().x(-200);
    attacker.screen().connection().configure_window(ours, &aux).unwrap().check().unwrap();
    desk.says(OFF);
    desk.tell(&json!({"open": true}));
    desk.eyes
        .until(PROMPT, SOON, |windows| {
            let said = windows.iter().any(|window| window.words().contains(&OFF));
            (!said).then_some(())
        })
        .unwrap();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn a_shape_that_cuts_the_prompt_or_its_frame_blocks_approve() {
    for (of_frame, kind) in [(false, SK::BOUNDING), (false, SK::CLIP), (true, SK::BOUNDING)] {
        let (mut desk, attacker, ours, frame) = scene();
        let window = if of_frame { frame } else { ours };
        let connection = attacker.screen().connection();
        // A hole in the text.
        let hole = [Rectangle { x: 60, y: 60, width: 40, height: 9 }];
        connection
            .shape_rectangles(SO::SUBTRACT, kind, ClipOrdering::UNSORTED, window, 0, 0, &hole)
            .unwrap()
            .check()
            .unwrap();
        blocked(&mut desk, CUT, || {
            connection
                .shape_mask(SO::SET, kind, window, 0, 0, x11rb::NONE)
                .unwrap()
                .check()
                .unwrap();
        });
    }
}

#[test]
fn a_frame_with_round_corners_is_no_cut() {
    let (mut desk, attacker, _, frame) = scene();
    let connection = attacker.screen().connection();
    let corner = [Rectangle { x: 0, y: 0, width: 3, height: 1 }];
    let (from, kind) = (ClipOrdering::UNSORTED, SK::BOUNDING);
    let request = connection.shape_rectangles(SO::SUBTRACT, kind, from, frame, 0, 0, &corner);
    request.unwrap().check().unwrap();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn a_prompt_that_is_made_see_through_does_not_approve() {
    for of_frame in [false, true] {
        let (mut desk, attacker, ours, frame) = scene();
        let window = if of_frame { frame } else { ours };
        let connection = attacker.screen().connection();
        let name = connection.intern_atom(false, b"_NET_WM_WINDOW_OPACITY").unwrap();
        let name = name.reply().unwrap().atom;
        let set = |opacity: u32| {
            let kind = AtomEnum::CARDINAL;
            let request =
                connection.change_property32(PropMode::REPLACE, window, name, kind, &[opacity]);
            request.unwrap().check().unwrap();
            connection.flush().unwrap();
        };
        set(u32::MAX / 10);
        blocked(&mut desk, SEE_THROUGH, || set(u32::MAX));
    }
}

#[test]
fn what_was_painted_beyond_the_edge_of_the_screen_was_not_in_sight() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "rows", "rows": 37}));
    desk.open();
    desk.armed();
    desk.says("To approve, scroll down to the end first.");
    let attacker = desk.session.attacker().unwrap();
    let (ours, connection) = (desk.placet(), attacker.screen().connection());
    let height = || connection.get_geometry(ours).unwrap().reply().unwrap().height;
    let before = height();
    // All of the page at once, most of it below the screen, and back: nobody scrolled.
    for (to, reached) in [(4_000, 2_000..u16::MAX), (before.into(), before..before + 1)] {
        let aux = ConfigureWindowAux::new().height(to);
        connection.configure_window(ours, &aux).unwrap().check().unwrap();
        let begun = std::time::Instant::now();
        while !reached.contains(&height()) {
            assert!(begun.elapsed() < SOON, "{} instead of {to}", height());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        desk.armed();
    }
    desk.says("To approve, scroll down to the end first.");
    desk.chord();
    desk.no_event("answer");
    desk.scroll_through();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

/// Makes a window so large, as any client can whatever the window's own hints say, until it is so.
fn make(attacker: &Attacker, window: u32, (width, height): (u16, u16), done: impl Fn() -> bool) {
    let connection = attacker.screen().connection();
    let aux = ConfigureWindowAux::new().width(u32::from(width)).height(u32::from(height));
    let begun = std::time::Instant::now();
    loop {
        // The hint that says how small it may be is its own, but anybody's to take away, and GTK
        // puts it back whenever it changes.
        connection.delete_property(window, AtomEnum::WM_NORMAL_HINTS.into()).unwrap();
        connection.configure_window(window, &aux).unwrap().check().unwrap();
        let now = connection.get_geometry(window).unwrap().reply().unwrap();
        if (now.width, now.height) == (width, height) && done() {
            return;
        }
        assert!(begun.elapsed() < SOON, "{}×{}", now.width, now.height);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Whether the prompt says that it is too small.
fn too_small(desk: &Desk) -> bool {
    let window = desk.window();
    window.words().contains(&TOO_SMALL)
}

#[test]
fn a_prompt_that_is_made_too_small_for_what_it_says_does_not_approve() {
    let (mut desk, attacker, ours, _) = scene();
    let now = attacker.screen().connection().get_geometry(ours).unwrap().reply().unwrap();
    let before = (now.width, now.height);
    for small in [(180, before.1), (before.0, 90)] {
        make(&attacker, ours, small, || too_small(&desk));
        desk.picture(&format!("prompt-small-{}.png", small.0));
        desk.chord();
        desk.no_event("answer");
        make(&attacker, ours, before, || !too_small(&desk));
        desk.armed();
    }
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn what_was_in_sight_before_the_window_was_made_smaller_is_to_be_seen_anew() {
    let (mut desk, attacker, ours, _) = scene();
    let now = attacker.screen().connection().get_geometry(ours).unwrap().reply().unwrap();
    // As low as its own hint lets it be: the action is out of sight, Approve is not.
    let aux = ConfigureWindowAux::new().height(1);
    attacker.screen().connection().configure_window(ours, &aux).unwrap().check().unwrap();
    desk.says("To approve, scroll down to the end first.");
    desk.picture("prompt-low.png");
    desk.armed();
    desk.chord();
    desk.hold_approve();
    desk.no_event("answer");
    let aux = ConfigureWindowAux::new().height(u32::from(now.height));
    attacker.screen().connection().configure_window(ours, &aux).unwrap().check().unwrap();
    desk.eyes.until(PROMPT, SOON, |_| desk.scrolling_asked().is_none().then_some(())).unwrap();
    desk.armed();
    desk.hold_approve();
    assert_eq!(desk.answer().0, "approve");
}

#[test]
fn what_was_in_sight_while_its_text_was_tiny_is_to_be_seen_anew() {
    let mut desk = Desk::new();
    desk.tell(&json!({"look": "light", "scale": 0.5}));
    desk.show(json!({"ask": "rows", "rows": 37}));
    desk.open();
    desk.scroll_through();
    desk.tell(&json!({"look": "light", "scale": 2.0}));
    // Up or down, whichever way it stands now.
    desk.eyes.until(PROMPT, SOON, |_| desk.scrolling_asked().is_some().then_some(())).unwrap();
    desk.armed();
    desk.chord();
    desk.hold_approve();
    desk.no_event("answer");
}

#[test]
fn what_was_cut_off_when_it_was_painted_was_not_in_sight() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "rows", "rows": 37}));
    let attacker = desk.session.attacker().unwrap();
    let ours = desk.placet();
    let now = attacker.screen().connection().get_geometry(ours).unwrap().reply().unwrap();
    desk.open();
    make(&attacker, ours, (180, now.height), || too_small(&desk));
    // All of it passes by, the right half of it beyond the edge.
    for _ in 0..40 {
        desk.wheel(4);
    }
    make(&attacker, ours, (now.width, now.height), || !too_small(&desk));
    desk.armed();
    assert!(desk.scrolling_asked().is_some(), "{}", desk.window().outline());
    desk.chord();
    desk.no_event("answer");
}

#[test]
fn a_prompt_that_cannot_look_what_lies_over_it_does_not_approve() {
    // One goes to GTK, the next to what looks over the prompt, and then the server's clock is not
    // to be had.
    for free in [1, 2] {
        let alone = alone();
        let session = Session::builder().start().unwrap();
        let attacker = session.attacker().unwrap();
        // The accessibility bus is a client too, and would come up in between.
        session.eyes().unwrap();
        let clients = || {
            let asked = attacker.screen().connection().res_query_clients().unwrap();
            asked.reply().unwrap().clients.len()
        };
        let mut taken = Vec::new();
        while let Ok(screen) = session.open_screen() {
            taken.push(screen);
        }
        let full = clients();
        taken.truncate(taken.len() - free);
        let begun = std::time::Instant::now();
        while clients() > full - free {
            assert!(begun.elapsed() < SOON, "{} clients", clients());
        }
        let mut desk = Desk::on(session, alone);
        desk.ask(json!({"ask": "plain"}));
        if free == 1 {
            desk.says(UNKNOWN);
        }
        desk.hold_approve();
        desk.no_event("answer");
        // Once others may connect again, it looks and can approve.
        drop(taken);
        desk.eyes
            .until(PROMPT, SOON, |windows| {
                let said = windows.iter().any(|window| window.words().contains(&UNKNOWN));
                (!said).then_some(())
            })
            .unwrap();
        desk.scroll_through();
        desk.open();
        desk.armed();
        desk.hold_approve();
        assert_eq!(desk.answer().0, "approve");
    }
}
