//! How the real prompt looks is its own: the user's files cannot hide a label, the desktop's
//! settings are followed (design §6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use placet_stage::desktop::{Node, Session, State, Theme};
use prompt_support::*;
use serde_json::json;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat,
};

/// Everything that a user's style sheet could do to hide something.
const HOSTILE: &str = r#"
* { color: transparent; background-color: #000; background-image: none; opacity: 0; font-size: 1px;
    font-family: "Standard Symbols PS"; -gtk-dpi: 10; padding: 0; margin: 30px; border: none; min-width: 0; }
window, .placet, .page, .page * { opacity: 0; color: transparent; }
.page .heading, .page button.approve { opacity: 0; color: transparent; font-size: 1px; }
"#;

/// The pixels of a place on the screen.
fn pixels(desk: &Desk, node: &Node) -> Vec<u8> {
    let place = node.place.unwrap_or_else(|| panic!("{} is not in sight", node.name));
    let screen = desk.session.screen();
    let (x, y) = (i16::try_from(place.x).unwrap(), i16::try_from(place.y).unwrap());
    let (width, height) = (place.width as u16, place.height as u16);
    let asked = screen
        .connection()
        .get_image(ImageFormat::Z_PIXMAP, screen.root(), x, y, width, height, u32::MAX)
        .unwrap();
    asked.reply().unwrap().data
}

/// How much of it is light, from 0 to 1.
fn lightness(pixels: &[u8]) -> f64 {
    let sum: u64 =
        pixels.chunks(4).map(|p| u64::from(p[0]) + u64::from(p[1]) + u64::from(p[2])).sum();
    sum as f64 / (pixels.len() as f64 / 4.0 * 765.0)
}

#[test]
fn a_style_sheet_of_the_user_changes_nothing() {
    let pictures = [false, true].map(|hostile| {
        let alone = alone();
        let session = Session::builder().start().unwrap();
        if hostile {
            session.write_home(".config/gtk-3.0/gtk.css", HOSTILE.as_bytes()).unwrap();
        }
        let mut desk = Desk::on(session, alone);
        let window = desk.ask(json!({"ask": "form", "problem": "Once more."}));
        desk.picture(&format!("prompt-css-{hostile}.png"));
        let of = |role: &str, name: &str| {
            let node = control(&window, role, name).unwrap();
            (node.place, pixels(&desk, node))
        };
        [
            of("label", "Once more."),
            of("label", "In the agent's own words (not checked)"),
            of("radio button", "Normal, two days"),
            of("push button", "Deny"),
            of("push button", "Approve with this code"),
        ]
    });
    for (ours, hostile) in pictures[0].iter().zip(&pictures[1]) {
        assert_eq!(ours.0, hostile.0, "it has moved");
        assert!(ours.1 == hostile.1, "it looks different");
    }
}

#[test]
fn light_and_dark_are_followed_while_it_stands() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "plain"}));
    let title = control(&window, "label", "Who asks").unwrap().clone();
    assert!(lightness(&pixels(&desk, &title)) > 0.6);
    desk.picture("prompt-light.png");
    desk.session.set_theme(Theme::Dark).unwrap();
    // Repainting has no event of its own.
    let deadline = std::time::Instant::now() + SOON;
    while lightness(&pixels(&desk, &title)) > 0.4 {
        assert!(std::time::Instant::now() < deadline, "it stayed light");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    desk.picture("prompt-dark.png");
}

#[test]
fn larger_text_makes_a_larger_prompt() {
    let widths = [1.0, 1.5].map(|scale| {
        let mut desk = Desk::with(Session::builder().text_scale(scale));
        let window = desk.show(json!({"ask": "plain"}));
        control(&window, "label", "Who asks").unwrap().place.unwrap().height
    });
    assert!(f64::from(widths[1]) > f64::from(widths[0]) * 1.3, "{widths:?}");
}

/// Pixels of the page below the last thing on it.
fn left_over(window: &Node, last: &str) -> i32 {
    let last = control(window, "label", last).unwrap().place.unwrap();
    let foot = window.find(|node| node.role == "footer").unwrap().place.unwrap();
    foot.y - (last.y + last.height)
}

#[test]
fn each_prompt_is_as_high_as_its_page_the_first_one_too() {
    let mut desk = Desk::new();
    let words = "The tests pass, so I would like to bring the new version to production now.";
    for turn in ["first", "second"] {
        let window = desk.show(json!({"ask": "plain", "id": turn}));
        desk.picture(&format!("prompt-{turn}.png"));
        let left_over = left_over(&window, words);
        assert!((0..60).contains(&left_over), "{turn}: {left_over} pixels");
        desk.tell(&json!({"release": turn}));
        desk.gone();
        desk.show(json!({"ask": "rows", "rows": 30, "id": "between"}));
        desk.tell(&json!({"release": "between"}));
        desk.gone();
    }
}

#[test]
fn a_prompt_comes_up_in_its_own_size_and_may_then_be_made_narrower() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "plain", "id": "first"}));
    let ours = desk.placet();
    desk.tell(&json!({"release": "first"}));
    desk.gone();
    let screen = desk.session.screen();
    let connection = screen.connection();
    let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    connection.change_window_attributes(ours, &aux).unwrap().check().unwrap();
    let before = connection.get_geometry(ours).unwrap().reply().unwrap();
    desk.show(json!({"ask": "rows", "rows": 12, "id": "second"}));

    let screen = desk.session.screen();
    let connection = screen.connection();
    let now = connection.get_geometry(ours).unwrap().reply().unwrap();
    let (mut size, mut mapped) = ((before.width, before.height), None);
    while let Some(event) = connection.poll_for_event().unwrap() {
        match event {
            Event::ConfigureNotify(event) => size = (event.width, event.height),
            Event::MapNotify(_) => mapped = Some(size),
            _ => {}
        }
    }
    assert_ne!(size, (before.width, before.height), "both are of one size");
    assert_eq!(mapped, Some(size), "it came up in another size");
    assert_eq!((now.width, now.height), size);

    // ICCCM 4.1.2.3: the minimum width is the sixth of the numbers.
    let least = || {
        let hints =
            connection.get_property(false, ours, AtomEnum::WM_NORMAL_HINTS, AtomEnum::ANY, 0, 18);
        let hints: Vec<u32> = hints.unwrap().reply().unwrap().value32().unwrap().collect();
        hints[5]
    };
    let begun = std::time::Instant::now();
    while least() > u32::from(now.width) * 3 / 4 {
        assert!(begun.elapsed() < SOON, "{} of {}", least(), now.width);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Two small letters one after the other that have no accent.
fn in_english(words: &str) -> bool {
    words.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_lowercase))
}

fn all<'a>(node: &'a Node, out: &mut Vec<&'a Node>) {
    if node.is(State::Visible) {
        out.push(node);
        node.children.iter().for_each(|child| all(child, out));
    }
}

#[test]
fn in_a_language_of_longer_words_no_button_is_cut_off_and_no_word_of_the_window_stays_english() {
    for scale in [1.0, 2.0] {
        let mut desk = Desk::pretended(Session::builder().text_scale(scale));
        for (name, id) in
            [("plain", "a"), ("otp", "b"), ("long", "c"), ("rows", "d"), ("kinds", "e")]
        {
            let window = desk.show(json!({"ask": name, "id": id}));
            desk.picture(&format!("prompt-pretended-{name}-{scale}.png"));
            let mut nodes = Vec::new();
            all(&window, &mut nodes);
            let whole = window.place.unwrap();
            let foot = window.find(|node| node.role == "footer").unwrap().place.unwrap();
            let buttons: Vec<_> = nodes.iter().filter(|node| node.role == "push button").collect();
            assert!(buttons.len() >= 3, "{name}: {}", window.outline());
            let mut answers = Vec::new();
            for button in buttons {
                // What is scrolled out of sight has no place.
                let Some(place) = button.place else { continue };
                let left_and_right =
                    place.x >= whole.x && place.x + place.width <= whole.x + whole.width;
                assert!(left_and_right, "{name}: {} {place:?} in {whole:?}", button.name);
                if place.y >= foot.y {
                    assert!(place.y + place.height <= whole.y + whole.height, "{name}: {place:?}");
                    answers.push(place);
                }
            }
            assert!(answers.len() >= 3, "{name}: {}", window.outline());
            answers.sort_by_key(|place| place.x);
            for two in answers.windows(2) {
                let apart = two[0].x + two[0].width <= two[1].x
                    || two[0].y + two[0].height <= two[1].y
                    || two[1].y + two[1].height <= two[0].y;
                assert!(apart, "{name}: {two:?}");
            }
            // What the screen says is held against the file of sentences where it is made
            // (placet-core); here it is all that the window adds.
            for words in nodes.iter().flat_map(|node| [&node.name, &node.description]) {
                // Of a folded value the head, and what several lines say of a field as one.
                if words == "Placet"
                    || desk.lines.iter().any(|line| line.starts_with(words.as_str()))
                {
                    continue;
                }
                let added = desk
                    .lines
                    .iter()
                    .fold(words.clone(), |rest, line| rest.replace(line.as_str(), ""));
                assert!(!in_english(&added), "{name}: {words}");
            }
            desk.tell(&json!({"release": id}));
            desk.gone();
        }
    }
}
