//! The fields of a form, drawn, and what stands in them.
//!
//! **Promises.** One control for each field, in the form's order. A control that changes while the
//! gate judges nothing (an accessibility action, a text insertion) is put back as it was and
//! reported. Plain fields use no input method daemon, no completion and no context menu; secret
//! fields are not GTK entries at all ([`super::secret_field`]).
//!
//! **Never** decide here whether a value is right: `Form::check` does.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::gdk;
use gtk::prelude::*;
use placet_core::display::{FieldView, Input};
use placet_core::form::Typed;

use super::gate::{Gate, Pass};
use super::options::{Options, describe, guard, wrapping};
use super::secret_field::SecretField;
use super::sections::{changing_label, label, vertical};

/// A field on the screen.
pub(super) struct Field {
    control: Control,
    place: gtk::Box,
    wrong: gtk::Label,
    help: String,
    /// As it was drawn.
    first: Stands,
}

/// What stands in a field, to see whether it was changed: of a secret only that there is something.
type Stands = (String, Vec<usize>);

enum Control {
    Line(Line),
    Secret(SecretField),
    Switch(gtk::CheckButton),
    One(Options),
    Several(Options),
}

/// A plain text entry behind the gate.
#[derive(Clone)]
pub(super) struct Line {
    entry: gtk::Entry,
    gate: Rc<Gate>,
}

impl Line {
    /// A line that holds `text` at first.
    pub(super) fn new(text: &str, name: &str, gate: &Rc<Gate>) -> Self {
        // The simple input context composes accents and runs in this process: the keys go to no
        // daemon, and text arrives within the key's own event.
        let entry = gtk::Entry::builder().im_module("gtk-im-context-simple").build();
        entry.set_text(text);
        entry.set_hexpand(true);
        entry.set_width_chars(8);
        entry.set_has_frame(true);
        entry.set_input_hints(gtk::InputHints::NO_SPELLCHECK | gtk::InputHints::NO_EMOJI);
        entry.drag_dest_unset();
        entry.drag_source_unset();
        if let Some(accessible) = entry.accessible() {
            accessible.set_name(name);
        }
        let watching = Rc::clone(gate);
        let kept = RefCell::new(entry.text());
        entry.connect_changed(move |entry| {
            if watching.judging() {
                kept.replace(entry.text());
            } else if *kept.borrow() != entry.text() {
                let kept = kept.borrow().clone();
                // Changes the text again, which then equals what was kept.
                entry.set_text(&kept);
                watching.without_event();
            }
        });
        Self { entry, gate: Rc::clone(gate) }
    }

    /// The widget.
    pub(super) fn widget(&self) -> &gtk::Entry {
        &self.entry
    }

    /// What stands in it.
    pub(super) fn text(&self) -> String {
        self.entry.text().into()
    }

    /// Empties it: the prompt does, not the person.
    pub(super) fn clear(&self) {
        self.gate.judged(|| self.entry.set_text(""));
    }

    /// Takes the keys whose text would arrive outside of their event.
    pub(super) fn key(&self, event: &gdk::Event) -> Pass {
        use gdk::keys::constants as key;
        let (Some(value), Some(state)) = (event.keyval(), event.state()) else { return Pass::On };
        let control = state.contains(gdk::ModifierType::CONTROL_MASK);
        let shift = state.contains(gdk::ModifierType::SHIFT_MASK);
        let value = gdk::keys::Key::from(value);
        let paste = (control && matches!(value, key::v | key::V))
            || (shift && matches!(value, key::Insert | key::KP_Insert));
        let emoji = control && matches!(value, key::period | key::semicolon);
        if paste {
            self.paste(&gdk::SELECTION_CLIPBOARD);
        }
        if paste || emoji { Pass::Taken } else { Pass::On }
    }

    /// The person's own paste.
    pub(super) fn paste(&self, from: &gdk::Atom) {
        let (entry, gate) = (self.entry.downgrade(), Rc::clone(&self.gate));
        gtk::Clipboard::get(from).request_text(move |_, text| {
            let Some(entry) = entry.upgrade().filter(|entry| entry.has_focus()) else { return };
            let text: String =
                text.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).collect();
            gate.judged(|| {
                entry.delete_selection();
                let mut at = entry.position();
                entry.insert_text(&text, &mut at);
                entry.set_position(at);
            });
        });
    }
}

impl Control {
    fn stands(&self) -> Stands {
        match self {
            Self::Line(line) => (line.text(), Vec::new()),
            Self::Secret(secret) => (String::new(), vec![usize::from(!secret.typed().is_empty())]),
            Self::Switch(switch) => (String::new(), vec![usize::from(switch.is_active())]),
            Self::One(options) | Self::Several(options) => (String::new(), options.chosen()),
        }
    }
}

impl Field {
    /// Draws a field into `into`, in the order of `Screen::lines`.
    pub(super) fn draw(view: &FieldView, into: &gtk::Box, gate: &Rc<Gate>) -> Self {
        let place = vertical(4);
        let name = view.label.as_str();
        let asks = || {
            let asks = label(&view.label, &["ask"]);
            place.add(&asks);
            asks
        };
        let wrong = changing_label(&["wrong"]);
        wrong.set_no_show_all(true);
        let helps =
            |class| view.help.iter().for_each(|help| place.add(&label(help, &["help", class])));
        // What is to be known before one chooses, and what is wrong with it, stand above the
        // options: there can be more of them than the page is high.
        let above = || {
            asks();
            helps("above");
            place.add(&wrong);
        };
        let control = match &view.input {
            Input::Line { default } => {
                let line = Line::new(default.as_str(), name, gate);
                asks().set_mnemonic_widget(Some(line.widget()));
                place.add(line.widget());
                Control::Line(line)
            }
            Input::Secret => {
                let secret = SecretField::new(name);
                asks().set_mnemonic_widget(Some(secret.widget()));
                place.add(secret.widget());
                Control::Secret(secret)
            }
            Input::Switch { default } => {
                let switch = gtk::CheckButton::new();
                switch.add(&wrapping(name));
                switch.set_active(*default);
                guard(&switch, gate);
                place.add(&switch);
                Control::Switch(switch)
            }
            Input::Choice { options, default, none } => {
                above();
                Control::One(Options::one(options, *default, none.as_ref(), &place, gate))
            }
            Input::Choices { options, default } => {
                above();
                Control::Several(Options::several(options, default, &place, gate))
            }
        };
        match &control {
            Control::Line(_) | Control::Secret(_) => helps("below"),
            Control::Switch(_) => helps("beside"),
            Control::One(_) | Control::Several(_) => {
                if let Some(accessible) = place.accessible() {
                    accessible.set_role(gtk::atk::Role::Panel);
                    accessible.set_name(name);
                }
            }
        }
        if wrong.parent().is_none() {
            place.add(&wrong);
        }
        into.add(&place);
        place.show_all();
        let help: Vec<&str> = view.help.iter().map(placet_core::text::Text::as_str).collect();
        let first = control.stands();
        let field = Self { control, place, wrong, help: help.join(" "), first };
        field.mark(None);
        field
    }

    /// What stands in it; a secret as a copy that wipes itself.
    pub(super) fn typed(&self) -> Typed {
        match &self.control {
            Control::Line(line) => Typed::Text(line.text()),
            Control::Secret(secret) => Typed::Secret(secret.typed()),
            Control::Switch(switch) => Typed::Boolean(switch.is_active()),
            Control::One(options) => Typed::Choice(options.chosen().first().copied()),
            Control::Several(options) => Typed::Choices(options.chosen()),
        }
    }

    /// Nobody has typed or chosen anything.
    pub(super) fn untouched(&self) -> bool {
        self.control.stands() == self.first
    }

    /// Forgets a secret; anything else stays.
    pub(super) fn wipe(&self) {
        if let Control::Secret(secret) = &self.control {
            secret.wipe();
        }
    }

    /// True for a secret field.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.control, Control::Secret(_))
    }

    /// All of it: label, control, help, and what is wrong.
    pub(super) fn place(&self) -> &gtk::Box {
        &self.place
    }

    /// Moves the focus here.
    pub(super) fn focus(&self) {
        match &self.control {
            Control::Line(line) => line.widget().grab_focus(),
            Control::Secret(secret) => secret.widget().grab_focus(),
            Control::Switch(switch) => switch.grab_focus(),
            Control::One(options) | Control::Several(options) => options.focus(),
        }
    }

    /// Says what is wrong with it, or that nothing is.
    pub(super) fn mark(&self, sentence: Option<&str>) {
        self.wrong.set_text(sentence.unwrap_or_default());
        self.wrong.set_visible(sentence.is_some());
        let words = sentence.unwrap_or(&self.help);
        let widget: &gtk::Widget = match &self.control {
            Control::Line(line) => line.widget().upcast_ref(),
            Control::Secret(secret) => secret.widget().upcast_ref(),
            Control::Switch(switch) => return describe(switch, words),
            Control::One(options) | Control::Several(options) => return options.describe(words),
        };
        let style = widget.style_context();
        if sentence.is_some() {
            style.add_class("bad");
        } else {
            style.remove_class("bad");
        }
        // What a screen reader says of a plain entry; a secret field describes itself.
        if matches!(self.control, Control::Line(_)) {
            describe(widget, words);
        }
    }

    /// Whether it takes input.
    pub(super) fn enable(&self, on: bool) {
        match &self.control {
            Control::Line(line) => line.widget().set_sensitive(on),
            Control::Secret(secret) => secret.widget().set_sensitive(on),
            Control::Switch(switch) => switch.set_sensitive(on),
            Control::One(options) | Control::Several(options) => options.enable(on),
        }
    }

    /// The secret field, if `widget` is it.
    pub(super) fn secret(&self, widget: &gtk::Widget) -> Option<&SecretField> {
        match &self.control {
            Control::Secret(secret) if secret.widget() == widget => Some(secret),
            _ => None,
        }
    }

    /// The plain line, if `widget` is it.
    pub(super) fn line(&self, widget: &gtk::Widget) -> Option<&Line> {
        match &self.control {
            Control::Line(line) if line.widget() == widget => Some(line),
            _ => None,
        }
    }

    /// The toggles, which are worked by click and Space.
    pub(super) fn toggles(&self) -> Vec<gtk::Button> {
        match &self.control {
            Control::Switch(switch) => vec![switch.clone().upcast()],
            Control::One(options) | Control::Several(options) => {
                options.all().map(|toggle| toggle.clone().upcast()).collect()
            }
            Control::Line(_) | Control::Secret(_) => Vec::new(),
        }
    }
}
