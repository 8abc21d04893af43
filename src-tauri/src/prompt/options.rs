//! The options of a field, drawn: one of several as radio buttons, several as check boxes.
//!
//! **Promises.** An option reads as its title; the value that is sent stands below it in a label of
//! its own, where it is another text, so that no title can pose as one. One of several that need
//! not be chosen can be taken back (H6). All of it works by Tab, arrows and Space.
//!
//! **Never** change one outside of an accepted event ([`guard`]).

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;
use placet_core::display::OptionView;
use placet_core::text::Text;

use super::gate::Gate;
use super::sections::{label, plain_label};

/// The options of one field.
pub(super) struct Options {
    /// In the order of the form.
    toggles: Vec<gtk::ToggleButton>,
    /// Chosen while no option is, if that can be seen.
    none: Option<gtk::ToggleButton>,
}

impl Options {
    /// One of several; without `none` it cannot be taken back.
    pub(super) fn one(
        options: &[OptionView],
        default: Option<usize>,
        none: Option<&Text>,
        place: &gtk::Box,
        gate: &Rc<Gate>,
    ) -> Self {
        // Without words it never comes to the screen.
        let nothing = gtk::RadioButton::new();
        match none {
            Some(words) => nothing.add(&wrapping(words.as_str())),
            None => nothing.set_no_show_all(true),
        }
        place.add(&nothing);
        let draw = |(number, option): (usize, &OptionView)| {
            let radio = gtk::RadioButton::from_widget(&nothing);
            add(radio.upcast_ref(), option, default == Some(number), place);
            radio.upcast()
        };
        let toggles: Vec<gtk::ToggleButton> = options.iter().enumerate().map(draw).collect();
        let nothing: gtk::ToggleButton = nothing.upcast();
        // Guarded once the default is set.
        toggles.iter().chain([&nothing]).for_each(|toggle| guard(toggle, gate));
        Self { toggles, none: none.map(|_| nothing) }
    }

    /// Several of several.
    pub(super) fn several(
        options: &[OptionView],
        default: &[usize],
        place: &gtk::Box,
        gate: &Rc<Gate>,
    ) -> Self {
        let draw = |(number, option): (usize, &OptionView)| {
            let check = gtk::CheckButton::new();
            add(check.upcast_ref(), option, default.contains(&number), place);
            guard(&check, gate);
            check.upcast()
        };
        Self { toggles: options.iter().enumerate().map(draw).collect(), none: None }
    }

    /// Which are chosen, in order.
    pub(super) fn chosen(&self) -> Vec<usize> {
        let chosen = self.toggles.iter().enumerate().filter(|(_, toggle)| toggle.is_active());
        chosen.map(|(number, _)| number).collect()
    }

    /// Moves the focus to what is chosen, or to the first.
    pub(super) fn focus(&self) {
        if let Some(toggle) = self.all().find(|toggle| toggle.is_active()).or(self.all().next()) {
            toggle.grab_focus();
        }
    }

    /// Whether they take input.
    pub(super) fn enable(&self, on: bool) {
        self.all().for_each(|toggle| toggle.set_sensitive(on));
    }

    /// What a screen reader says of each beside its name.
    pub(super) fn describe(&self, words: &str) {
        self.all().for_each(|toggle| describe(toggle, words));
    }

    /// All that can be worked, in the order in which they stand.
    pub(super) fn all(&self) -> impl Iterator<Item = &gtk::ToggleButton> {
        self.none.iter().chain(&self.toggles)
    }
}

/// What a screen reader says of a control beside its name.
pub(super) fn describe(widget: &impl IsA<gtk::Widget>, words: &str) {
    if let Some(accessible) = widget.accessible() {
        accessible.set_description(words);
    }
}

fn add(toggle: &gtk::ToggleButton, option: &OptionView, chosen: bool, place: &gtk::Box) {
    toggle.add(&wrapping(option.title.as_str()));
    toggle.set_active(chosen);
    place.add(toggle);
    if let Some(sent) = &option.sent {
        place.add(&label(sent, &["help", "sent"]));
    }
}

/// The words of a toggle.
pub(super) fn wrapping(words: &str) -> gtk::Label {
    let label = plain_label(words, &[]);
    label.set_max_width_chars(-1);
    label
}

/// Puts a toggle back if no accepted event changed it.
pub(super) fn guard(toggle: &impl IsA<gtk::ToggleButton>, gate: &Rc<Gate>) {
    let toggle = toggle.upcast_ref::<gtk::ToggleButton>();
    let kept = Cell::new(toggle.is_active());
    let gate = Rc::clone(gate);
    toggle.connect_toggled(move |toggle| {
        if gate.judging() {
            kept.set(toggle.is_active());
        } else if toggle.is_active() != kept.get() {
            // Of a group only the chosen one can be put back: choosing it clears the others.
            if kept.get() || toggle.downcast_ref::<gtk::RadioButton>().is_none() {
                toggle.set_active(kept.get());
                gate.without_event();
            }
        }
    });
}
