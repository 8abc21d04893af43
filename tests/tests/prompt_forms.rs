//! Forms in the real prompt: every kind of field, what is wrong with it, and changing one's mind
//! (H6, H7, H8, H9).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod prompt_support;

use placet_stage::desktop::{Node, Session, State, Theme, keys};
use prompt_support::*;
use serde_json::{Value, json};

const APPROVE: &str = "Send to the server";

/// Waits until something in the prompt is like this, scrolled out of sight or not.
fn there(desk: &Desk, is: impl Fn(&Node) -> bool) {
    let found = |windows: &[Node]| windows.iter().any(|window| window.find(&is).is_some());
    desk.eyes.until(PROMPT, SOON, |windows| found(windows).then_some(())).unwrap();
}

/// Waits until this stands in a text field.
fn holds(desk: &Desk, name: &str, text: &str) {
    there(desk, |node| {
        node.role == "text" && node.name == name && node.text.as_deref() == Some(text)
    });
}

/// Waits until a toggle is chosen, or until it is not.
fn chosen(desk: &Desk, role: &str, name: &str, on: bool) {
    there(desk, |node| node.role == role && node.name == name && node.is(State::Checked) == on);
}

/// Waits until the control with this name has the focus, in sight or not.
fn focused(desk: &Desk, name: &str) {
    there(desk, |node| node.name == name && node.is(State::Focused));
}

/// The controls of the sample `kinds`, as Tab goes through them.
const ORDER: [&str; 14] = [
    "Reference",
    "Contact",
    "Page to call back",
    "Day",
    "Latest",
    "Weight in kg",
    "Copies",
    "Insured",
    "No answer",
    "Monday",
    "Tuesday",
    "Wednesday",
    "fragile",
    "cold",
];

/// Goes from one control to another with Tab.
fn go(desk: &mut Desk, from: &str, to: &str) {
    let place = |name: &str| ORDER.iter().position(|control| *control == name).unwrap();
    for _ in place(to)..place(from) {
        desk.person.chord(&[keys::SHIFT, keys::TAB]).unwrap();
    }
    for _ in place(from)..place(to) {
        desk.person.key(keys::TAB).unwrap();
    }
    focused(desk, to);
}

/// Fills in what the sample `kinds` cannot do without.
fn fill_in(desk: &mut Desk) {
    focused(desk, "Reference");
    desk.person.type_text("INV-42").unwrap();
    go(desk, "Reference", "Weight in kg");
    desk.person.type_text("2.5").unwrap();
}

/// Sends it from where the focus is, a field.
fn sent(desk: &mut Desk) -> Value {
    desk.chord();
    let (answer, with) = desk.answer();
    assert_eq!(answer, "approve");
    with["values"].clone()
}

/// In sight: within the window and above its foot.
fn in_sight(desk: &Desk, words: &str) {
    let said = desk.says(words);
    let window = desk.window();
    let (said, deny) = (said.place.unwrap(), control(&window, "push button", "Deny").unwrap());
    let (window, deny) = (window.place.unwrap(), deny.place.unwrap());
    assert!(said.y >= window.y && said.y + said.height <= deny.y, "{words}: {said:?} {window:?}");
}

#[test]
fn h8_defaults_titles_and_limits_are_there_and_are_sent_as_they_stand() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "kinds"}));
    desk.picture("prompt-kinds.png");
    for (role, name) in [
        ("text", "Contact"),
        ("check box", "Insured"),
        ("radio button", "No answer"),
        ("radio button", "Express, today"),
        ("label", "Sent as express"),
        ("panel", "Days for the delivery"),
        ("label", "Choose 1 to 2."),
        ("check box", "Monday"),
        ("label", "Sent as mon"),
        ("check box", "fragile"),
    ] {
        assert!(control(&window, role, name).is_some(), "{role} {name}:\n{}", window.outline());
    }
    assert!(control(&window, "label", "Sent as fragile").is_none(), "the title says it");
    let monday = control(&window, "check box", "Monday").unwrap();
    assert_eq!(monday.description, "Not on holidays. Choose 1 to 2.");
    fill_in(&mut desk);
    let values = sent(&mut desk);
    assert_eq!(
        values,
        json!({"reference": "INV-42", "contact": "erin@example.com", "weight": 2.5, "copies": 1,
               "insured": true, "days": ["mon"], "tags": []})
    );
}

#[test]
fn h6_every_value_can_be_changed_by_keyboard_and_a_choice_taken_back() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "kinds"}));
    fill_in(&mut desk);
    go(&mut desk, "Weight in kg", "Insured");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Insured", false);
    go(&mut desk, "Insured", "No answer");
    desk.person.key(keys::DOWN).unwrap();
    chosen(&desk, "radio button", "Normal, two days", true);
    desk.person.key(keys::UP).unwrap();
    chosen(&desk, "radio button", "No answer", true);
    go(&mut desk, "No answer", "Monday");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Monday", false);
    go(&mut desk, "Monday", "Wednesday");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Wednesday", true);
    go(&mut desk, "Wednesday", "cold");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "cold", true);
    let values = sent(&mut desk);
    assert_eq!(
        values,
        json!({"reference": "INV-42", "contact": "erin@example.com", "weight": 2.5, "copies": 1,
               "insured": false, "days": ["wed"], "tags": ["cold"]})
    );
}

#[test]
fn h7_each_wrong_field_says_why_beside_itself_and_nothing_typed_is_lost() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "kinds"}));
    focused(&desk, "Reference");
    desk.person.type_text("42").unwrap();
    let mut at = "Reference";
    for (name, text) in
        [("Page to call back", "harbor.example"), ("Day", "2023-02-29"), ("Latest", "noon")]
    {
        go(&mut desk, std::mem::replace(&mut at, name), name);
        desk.person.type_text(text).unwrap();
        holds(&desk, name, text);
    }
    desk.chord();
    for (name, sentence) in [
        ("Reference", "This needs at least 3 characters."),
        ("Page to call back", "This is not a full web address."),
        ("Day", "Write the date as YYYY-MM-DD."),
        ("Latest", "Write the time as YYYY-MM-DDThh:mm:ssZ."),
        ("Weight in kg", "Fill this in."),
    ] {
        there(&desk, |node| node.role == "label" && node.name == sentence);
        // Beside its field: a screen reader says it of the field.
        there(&desk, |node| node.name == name && node.description == sentence);
    }
    desk.picture("prompt-kinds-wrong.png");
    desk.no_event("answer");
    // It goes to the first, and all stands as it was typed.
    focused(&desk, "Reference");
    for (name, text) in [
        ("Reference", "42"),
        ("Contact", "erin@example.com"),
        ("Page to call back", "harbor.example"),
        ("Day", "2023-02-29"),
        ("Latest", "noon"),
    ] {
        holds(&desk, name, text);
    }
    desk.armed();
    at = "Reference";
    for (name, text) in [
        ("Reference", "INV-42"),
        ("Page to call back", "https://harbor.example/"),
        ("Day", "2024-02-29"),
        ("Latest", "2024-02-29T12:00:00Z"),
        ("Weight in kg", "30"),
    ] {
        go(&mut desk, std::mem::replace(&mut at, name), name);
        desk.person.chord(&[keys::CONTROL, u32::from('a')]).unwrap();
        desk.person.type_text(text).unwrap();
        holds(&desk, name, text);
    }
    let values = sent(&mut desk);
    assert_eq!(
        values,
        json!({"reference": "INV-42", "contact": "erin@example.com", "page": "https://harbor.example/",
               "on": "2024-02-29", "at": "2024-02-29T12:00:00Z", "weight": 30.0, "copies": 1,
               "insured": true, "days": ["mon"], "tags": []})
    );
}

#[test]
fn h7_too_few_and_too_many_say_so_where_the_person_looks() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "kinds"}));
    fill_in(&mut desk);
    go(&mut desk, "Weight in kg", "Monday");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Monday", false);
    desk.chord();
    // The form is longer than the page, and the field is far down.
    in_sight(&desk, "Choose at least 1.");
    focused(&desk, "Monday");
    desk.armed();
    for (from, name) in [("Monday", "Monday"), ("Monday", "Tuesday"), ("Tuesday", "Wednesday")] {
        go(&mut desk, from, name);
        desk.person.key(keys::SPACE).unwrap();
        chosen(&desk, "check box", name, true);
    }
    desk.chord();
    in_sight(&desk, "Choose at most 2.");
    desk.picture("prompt-kinds-too-many.png");
    desk.no_event("answer");
    desk.armed();
    // It went to the first of them.
    go(&mut desk, "Monday", "Tuesday");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Tuesday", false);
    assert_eq!(sent(&mut desk)["days"], json!(["mon", "wed"]));
}

#[test]
fn h7_approve_itself_is_held_back_too() {
    let mut desk = Desk::new();
    desk.ask(json!({"ask": "kinds"}));
    focused(&desk, "Reference");
    desk.hold_approve();
    desk.says("Fill this in.");
    desk.no_event("answer");
    assert_eq!(desk.approve_name(), APPROVE);
}

#[test]
fn accessibility_checks_no_box() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "kinds"}));
    let attacker = desk.session.attacker().unwrap();
    for name in ["Monday", "Tuesday"] {
        let toggle = control(&window, "check box", name).unwrap();
        attacker.press_by_accessibility(&desk.eyes, toggle, "click").unwrap();
    }
    desk.event("suspicious");
    chosen(&desk, "check box", "Monday", true);
    chosen(&desk, "check box", "Tuesday", false);
    fill_in(&mut desk);
    assert_eq!(sent(&mut desk)["days"], json!(["mon"]));
}

#[test]
fn h9_a_form_that_would_be_taken_for_something_else_is_written_out() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "hostile-form"}));
    desk.picture("prompt-hostile-form.png");
    // The default that would look otherwise is told and not filled in.
    holds(&desk, "Note⟨U+202E⟩eton", "");
    for (role, name) in [
        ("label", "It may stay empty."),
        ("label", "Suggested, and not filled in: pay ⟨U+202E⟩001"),
        ("label", "<b>Send to</b>"),
        ("radio button", "Us⟨U+000A⟩Sent as them"),
        ("label", "Sent as us"),
        ("radio button", "Us"),
        ("label", "Sent as them"),
        ("check box", "no"),
        ("label", "Sent as \"nо\""),
        ("check box", "⟨U+2066⟩no"),
        ("label", "Sent as \"yes⟨U+0007⟩\""),
    ] {
        assert!(control(&window, role, name).is_some(), "{role} {name}:\n{}", window.outline());
    }
}

#[test]
fn h6_a_form_for_the_agent_says_who_gets_the_answers_and_each_can_be_changed_before_it_goes() {
    let mut desk = Desk::new();
    let window = desk.ask(json!({"ask": "elicitation"}));
    desk.picture("prompt-elicitation.png");
    for words in [
        "Answer claude-code?",
        "The agent sees what you type here. Never type a password, a code or another secret.",
        "For the server, says the agent",
        "parcel-service",
        "The parcel for order 4711 is packed. How shall it be sent?",
        "What you fill in goes to the agent itself, not to a server. It can read it and pass it on.",
    ] {
        let said = |node: &Node| node.name == words || node.text.as_deref() == Some(words);
        assert!(window.find(said).is_some(), "{words}:\n{}", window.outline());
    }
    assert_eq!(desk.approve_name(), "Send to the agent");
    // What is wrong does not go out (H7).
    for _ in 0..3 {
        desk.person.key(keys::TAB).unwrap();
    }
    focused(&desk, "Reference");
    desk.person.type_text("42").unwrap();
    holds(&desk, "Reference", "42");
    desk.chord();
    desk.says("This needs at least 3 characters.");
    desk.no_event("answer");
    desk.armed();
    // What stood there, typed or suggested, is changed.
    go(&mut desk, "Reference", "Contact");
    for (from, name, text) in [
        ("Contact", "Contact", "sam@example.com"),
        ("Contact", "Reference", "INV-7"),
        ("Reference", "Weight in kg", "2.5"),
        ("Weight in kg", "Copies", "3"),
    ] {
        go(&mut desk, from, name);
        desk.person.chord(&[keys::CONTROL, u32::from('a')]).unwrap();
        desk.person.type_text(text).unwrap();
        holds(&desk, name, text);
    }
    go(&mut desk, "Copies", "Insured");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Insured", false);
    let values = sent(&mut desk);
    assert_eq!(
        values,
        json!({"reference": "INV-7", "contact": "sam@example.com", "weight": 2.5, "copies": 3,
               "insured": false, "days": ["mon"], "tags": []})
    );
}

#[test]
fn h5_a_form_for_the_agent_is_read_from_its_top_and_takes_no_keys_before_the_person_goes_to_it() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "elicitation"}));
    desk.open();
    desk.armed();
    focused(&desk, "Deny");
    // H1: before anything is scrolled.
    in_sight(&desk, "Answer claude-code?");
    in_sight(
        &desk,
        "The agent sees what you type here. Never type a password, a code or another secret.",
    );
    desk.picture("prompt-elicitation-top.png");
    desk.person.type_text("INV-42").unwrap();
    desk.chord();
    desk.no_event("answer");
    holds(&desk, "Reference", "");
}

#[test]
fn s7_the_account_is_chosen_on_the_screen_of_the_action_which_begins_with_the_focus_on_deny() {
    let mut desk = Desk::new();
    desk.show(json!({"ask": "accounts"}));
    desk.open();
    desk.scroll_through();
    desk.armed();
    focused(&desk, "Deny");
    chosen(&desk, "radio button", "grace@example.com", true);
    chosen(&desk, "radio button", "erin@harbor.example", false);
    // Ctrl+Enter that was meant for another window approves no account by habit.
    desk.chord();
    desk.no_event("answer");
    desk.armed();
    for _ in 0..3 {
        desk.person.key(keys::TAB).unwrap();
    }
    focused(&desk, "grace@example.com");
    desk.person.key(keys::DOWN).unwrap();
    chosen(&desk, "radio button", "erin@harbor.example", true);
    assert_eq!(sent(&mut desk), json!({"account": "erin@harbor.example"}));
}

#[test]
fn h20_a_long_form_fits_a_small_screen_at_twice_the_text_size() {
    let mut desk = Desk::with(Session::builder().text_scale(2.0).theme(Theme::Dark));
    desk.ask(json!({"ask": "kinds"}));
    fill_in(&mut desk);
    go(&mut desk, "Weight in kg", "Monday");
    desk.person.key(keys::SPACE).unwrap();
    chosen(&desk, "check box", "Monday", false);
    desk.chord();
    in_sight(&desk, "Choose at least 1.");
    desk.picture("prompt-kinds-dark-200.png");
    let window = desk.window();
    for node in ["Days for the delivery", "Monday", "Tuesday", "Wednesday"] {
        let found = window.find(|found| found.name == node && found.is(State::Visible));
        let place = found.and_then(|found| found.place).unwrap();
        assert!(place.x >= 0 && place.x + place.width <= 1280, "{node}: {place:?}");
    }
}
