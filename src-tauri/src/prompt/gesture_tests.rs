use super::*;

const ENTER: u16 = 36;
const SPACE: u16 = 65;
const CONTROL: u16 = 37;

/// Both clocks agree.
fn ms(ms: u32) -> Moment {
    at(ms, ms)
}

fn at(steady: u32, server: u32) -> Moment {
    Moment { steady: Duration::from_millis(steady.into()), server: Some(server) }
}

fn mouse() -> Device {
    Device("mouse".into())
}

fn keyboard() -> Device {
    Device("keyboard".into())
}

/// Shown at 0, so armed from 700 on, with Ctrl down.
fn shown() -> Gestures {
    let mut gestures = Gestures::default();
    gestures.disturb(ms(0));
    gestures.key_press(ms(0), CONTROL, Key::Control, keyboard());
    gestures
}

#[test]
fn h5_a_press_before_the_prompt_is_armed_never_counts_however_long_it_is_held() {
    let mut gestures = shown();
    gestures.press(ms(699), On::Approve, mouse());
    assert_eq!(gestures.release(ms(5_000), On::Approve, &mouse()), None);
    gestures.press(ms(699), On::Control(0), mouse());
    assert_eq!(gestures.release(ms(5_000), On::Control(0), &mouse()), None);
}

#[test]
fn h4_approve_is_a_press_of_600_ms_and_no_click() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Approve, mouse());
    assert_eq!(gestures.release(ms(1_299), On::Approve, &mouse()), None);
    gestures.press(ms(2_000), On::Approve, mouse());
    assert_eq!(
        gestures.release(ms(2_600), On::Approve, &mouse()),
        Some(Decided::Approve(GestureKind::Held, mouse()))
    );
}

#[test]
fn h5_a_disturbance_ends_the_gesture_and_arming_starts_anew() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Approve, mouse());
    gestures.disturb(ms(1_000));
    assert_eq!(gestures.release(ms(2_000), On::Approve, &mouse()), None);
    assert!(!gestures.armed(ms(1_699)));
    assert!(gestures.armed(ms(1_700)));
}

#[test]
fn h5_nothing_counts_without_the_focus() {
    let mut gestures = shown();
    gestures.rest();
    gestures.press(ms(9_000), On::Control(0), mouse());
    assert_eq!(gestures.release(ms(9_100), On::Control(0), &mouse()), None);
}

#[test]
fn press_and_release_come_from_one_device() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Approve, mouse());
    assert_eq!(gestures.release(ms(1_400), On::Approve, &Device("other".into())), None);
    gestures.key_press(ms(2_000), ENTER, Key::Chord, keyboard());
    assert_eq!(gestures.key_release(ms(2_100), ENTER, &Device("other".into())), None);
}

#[test]
fn sliding_off_the_control_and_back_is_no_gesture() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Approve, mouse());
    gestures.strayed();
    assert_eq!(gestures.release(ms(1_400), On::Approve, &mouse()), None);
    gestures.press(ms(2_000), On::Control(1), mouse());
    assert_eq!(gestures.release(ms(2_100), On::Approve, &mouse()), None);
}

#[test]
fn a_second_button_ends_the_gesture() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Approve, mouse());
    gestures.press(ms(800), On::Approve, mouse());
    assert_eq!(gestures.release(ms(1_500), On::Approve, &mouse()), None);
}

#[test]
fn the_chord_approves_when_it_is_let_go() {
    let mut gestures = shown();
    let stroke = gestures.key_press(ms(700), ENTER, Key::Chord, keyboard());
    assert_eq!(stroke, Stroke::Counts { repeat: false });
    assert_eq!(
        gestures.key_release(ms(760), ENTER, &keyboard()),
        Some(Decided::Approve(GestureKind::Chord, keyboard()))
    );
}

#[test]
fn h4_the_chord_needs_a_ctrl_that_was_pressed_here() {
    let enter = |gestures: &mut Gestures, at: u32| {
        gestures.key_press(ms(at), ENTER, Key::Chord, keyboard());
        gestures.key_release(ms(at + 10), ENTER, &keyboard())
    };
    let mut gestures = Gestures::default();
    gestures.disturb(ms(0));
    assert_eq!(enter(&mut gestures, 700), None, "locked by a program");
    gestures.key_press(ms(800), CONTROL, Key::Control, keyboard());
    assert!(enter(&mut gestures, 900).is_some());
    assert!(enter(&mut gestures, 1_000).is_some(), "it is still down");
    assert_eq!(gestures.key_release(ms(1_100), CONTROL, &keyboard()), None);
    assert!(enter(&mut gestures, 1_200).is_some(), "the last key before: sticky keys");
    assert_eq!(enter(&mut gestures, 1_300), None);
    gestures.key_press(ms(1_400), CONTROL, Key::Control, keyboard());
    gestures.rest();
    gestures.disturb(ms(2_000));
    assert_eq!(enter(&mut gestures, 3_000), None, "pressed elsewhere");
}

#[test]
fn h5_a_key_that_was_down_before_never_counts_though_it_repeats() {
    let mut gestures = shown();
    gestures.key_press(ms(100), ENTER, Key::Chord, keyboard());
    assert_eq!(gestures.key_press(ms(800), ENTER, Key::Chord, keyboard()), Stroke::Stale);
    assert_eq!(gestures.key_release(ms(900), ENTER, &keyboard()), None);
}

#[test]
fn h5_who_types_on_never_arms_it() {
    let mut gestures = shown();
    for (number, start) in (0..20u16).zip((500..).step_by(650)) {
        let stroke = gestures.key_press(ms(start), number, Key::Other, keyboard());
        assert_eq!(stroke, Stroke::Stale, "key {number}");
        let _ = gestures.key_release(ms(start + 50), number, &keyboard());
    }
    // The last key went down at 12,850.
    let stroke = gestures.key_press(ms(13_549), ENTER, Key::Chord, keyboard());
    assert_eq!(stroke, Stroke::Stale);
    assert_eq!(gestures.key_release(ms(14_500), ENTER, &keyboard()), None);
    let stroke = gestures.key_press(ms(14_501), ENTER, Key::Chord, keyboard());
    assert_eq!(stroke, Stroke::Counts { repeat: false }, "after a pause it counts");
}

#[test]
fn h5_a_key_from_before_the_prompt_does_not_set_the_arming_back() {
    let mut gestures = Gestures::default();
    gestures.disturb(at(0, 10_000));
    assert_eq!(gestures.key_press(at(10, 9_000), SPACE, Key::Other, keyboard()), Stroke::Stale);
    assert!(!gestures.armed(at(5_000, 10_699)));
    assert!(gestures.armed(at(5_000, 10_700)));
}

#[test]
fn another_key_in_between_ends_the_chord() {
    let mut gestures = shown();
    gestures.key_press(ms(700), ENTER, Key::Chord, keyboard());
    gestures.key_press(ms(710), SPACE, Key::Other, keyboard());
    assert_eq!(gestures.key_release(ms(760), ENTER, &keyboard()), None);
}

#[test]
fn a_control_is_worked_by_a_click_or_its_key() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Control(2), mouse());
    assert_eq!(
        gestures.release(ms(720), On::Control(2), &mouse()),
        Some(Decided::Control(2, mouse()))
    );
    gestures.key_press(ms(800), SPACE, Key::Works(2), keyboard());
    assert_eq!(
        gestures.key_release(ms(850), SPACE, &keyboard()),
        Some(Decided::Control(2, keyboard()))
    );
}

#[test]
fn progress_is_shown_only_for_approve() {
    let mut gestures = shown();
    gestures.press(ms(700), On::Control(0), mouse());
    assert_eq!(gestures.progress(ms(1_000)), Progress::None);
    let _ = gestures.release(ms(1_000), On::Elsewhere, &mouse());
    gestures.press(ms(1_000), On::Approve, mouse());
    assert_eq!(gestures.progress(ms(1_300)), Progress::Holding(0.5));
    assert_eq!(gestures.progress(ms(1_600)), Progress::Enough);
}

#[test]
fn h4_a_short_press_of_a_process_that_was_stopped_is_not_a_held_one() {
    let mut gestures = shown();
    gestures.press(ms(1_000), On::Approve, mouse());
    // Let go after 150 ms; the process was stopped and hears of it two seconds later.
    assert_eq!(gestures.release(at(3_000, 1_150), On::Approve, &mouse()), None);
    // Nor does a long press count that was heard of all at once: what was shown meanwhile?
    gestures.press(at(4_000, 2_000), On::Approve, mouse());
    assert_eq!(gestures.release(at(4_001, 3_000), On::Approve, &mouse()), None);
}

#[test]
fn h5_an_early_press_or_key_of_a_process_that_was_stopped_is_not_an_armed_one() {
    let mut gestures = shown();
    gestures.press(at(5_000, 100), On::Control(0), mouse());
    assert_eq!(gestures.release(at(5_001, 5_001), On::Control(0), &mouse()), None);
    let stroke = gestures.key_press(at(5_002, 200), ENTER, Key::Chord, keyboard());
    assert_eq!(stroke, Stroke::Stale);
}

#[test]
fn h5_what_happened_before_the_prompt_was_there_does_not_count_when_it_is_heard_of() {
    let mut gestures = Gestures::default();
    gestures.disturb(at(0, 10_000));
    assert!(!gestures.armed(at(9_000, 9_000)));
    assert!(gestures.armed(at(9_000, 10_700)));
}

#[test]
fn the_servers_clock_begins_anew_after_49_days() {
    let mut gestures = Gestures::default();
    gestures.disturb(at(0, u32::MAX - 99));
    assert!(!gestures.armed(at(5_000, 599)));
    assert!(gestures.armed(at(5_000, 600)));
}

#[test]
fn without_a_time_of_the_server_our_own_clock_counts() {
    let mut gestures = Gestures::default();
    gestures.disturb(Moment::seen(Duration::ZERO));
    assert!(!gestures.armed(at(699, 5_000)));
    // Wayland: only events bear a time, and a press and its release are both events.
    gestures.press(at(700, 5_000), On::Approve, mouse());
    assert_eq!(gestures.release(at(1_400, 5_100), On::Approve, &mouse()), None);
}

#[test]
fn h5_nothing_counts_while_a_new_screen_is_not_painted() {
    let mut gestures = shown();
    gestures.unseen();
    assert!(!gestures.armed(ms(9_000)));
    gestures.disturb(ms(9_000));
    assert!(gestures.armed(ms(9_700)));
}
