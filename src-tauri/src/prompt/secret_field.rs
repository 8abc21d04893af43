//! The field for a one-time code: drawn as dots, fed only by the gate (H13).
//!
//! **Promises.** What is typed lives in one buffer that never grows by moving and is wiped when
//! the field is emptied or dropped (M1). GTK never sees the keys, so neither an input method nor
//! an accessibility listener in this process gets them. Its accessible object has a name and says
//! how many characters it holds, never which. Copying and cutting out of it do not exist.
//!
//! **Never** give the text to a widget, a property or a log; never read the clipboard without the
//! person's own paste (T4).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::gdk;
use gtk::prelude::*;
use placet_core::secret::Secret;
use placet_texts::text;
use zeroize::{Zeroize as _, Zeroizing};

use super::gate::Pass;

/// More bytes than any one-time code or password prompt needs; reserved at once, so that the
/// buffer never moves and leaves no copy behind.
const CAPACITY: usize = 512;

/// The field. Clones are the same field.
#[derive(Clone)]
pub(super) struct SecretField(Rc<Inner>);

struct Inner {
    area: gtk::DrawingArea,
    typed: RefCell<Zeroizing<String>>,
    /// All of it is marked: the next character replaces it.
    marked: Cell<bool>,
}

impl SecretField {
    /// An empty field with this accessible name.
    pub(super) fn new(name: &str) -> Self {
        let area = gtk::DrawingArea::new();
        area.set_can_focus(true);
        area.set_focus_on_click(true);
        area.set_hexpand(true);
        area.add_events(gdk::EventMask::BUTTON_PRESS_MASK | gdk::EventMask::FOCUS_CHANGE_MASK);
        area.style_context().add_class("field");
        area.style_context().add_class("secret");
        let field = Self(Rc::new(Inner {
            area,
            typed: RefCell::new(Zeroizing::new(String::with_capacity(CAPACITY))),
            marked: Cell::new(false),
        }));
        if let Some(accessible) = field.0.area.accessible() {
            accessible.set_role(gtk::atk::Role::PasswordText);
            accessible.set_name(name);
        }
        field.describe();
        let weak = Rc::downgrade(&field.0);
        field.0.area.connect_draw(move |area, context| {
            if let Some(inner) = weak.upgrade() {
                inner.draw(area, context);
            }
            gtk::glib::Propagation::Stop
        });
        field.0.area.connect_focus_in_event(|area, _| redraw(area));
        field.0.area.connect_focus_out_event(|area, _| redraw(area));
        field.fit();
        field.0.area.connect_style_updated({
            let weak = Rc::downgrade(&field.0);
            move |_| {
                if let Some(inner) = weak.upgrade() {
                    SecretField(inner).fit();
                }
            }
        });
        field
    }

    /// The widget to put on the screen.
    pub(super) fn widget(&self) -> &gtk::DrawingArea {
        &self.0.area
    }

    /// A copy of what was typed, for checking and sending.
    pub(super) fn typed(&self) -> Secret {
        Secret::new(self.0.typed.borrow().as_str().to_owned())
    }

    /// Forgets what was typed.
    pub(super) fn wipe(&self) {
        self.0.typed.borrow_mut().zeroize();
        // Zeroizing a String empties it and keeps its buffer.
        self.0.marked.set(false);
        self.touched();
    }

    /// Takes a key that goes to this field. What moves the focus or ends the prompt is passed on.
    pub(super) fn key(&self, event: &gdk::Event) -> Pass {
        use gdk::keys::constants as key;
        let (Some(value), Some(state)) = (event.keyval(), event.state()) else {
            return Pass::Taken;
        };
        let value = gdk::keys::Key::from(value);
        let control = state.contains(gdk::ModifierType::CONTROL_MASK);
        let other = state.intersects(gdk::ModifierType::MOD1_MASK | gdk::ModifierType::SUPER_MASK);
        match value {
            key::Tab | key::ISO_Left_Tab | key::KP_Tab => return Pass::On,
            key::BackSpace | key::Delete | key::KP_Delete if control => self.wipe(),
            key::BackSpace => self.shorten(),
            key::a | key::A if control => {
                self.0.marked.set(!self.0.typed.borrow().is_empty());
                self.0.area.queue_draw();
            }
            key::u | key::U if control => self.wipe(),
            key::v | key::V if control => self.paste(&gdk::SELECTION_CLIPBOARD),
            key::Insert | key::KP_Insert if state.contains(gdk::ModifierType::SHIFT_MASK) => {
                self.paste(&gdk::SELECTION_CLIPBOARD);
            }
            _ if control || other => {}
            _ => {
                if let Some(character) = value.to_unicode().filter(|c| !c.is_control()) {
                    self.insert(character);
                }
            }
        }
        Pass::Taken
    }

    /// The person's own paste: Ctrl+V, Shift+Insert or the middle button.
    pub(super) fn paste(&self, from: &gdk::Atom) {
        let weak = Rc::downgrade(&self.0);
        gtk::Clipboard::get(from).request_text(move |_, text| {
            // It arrives later; a field that is gone by then takes nothing.
            let Some(inner) = weak.upgrade().filter(|inner| inner.area.has_focus()) else { return };
            let field = SecretField(inner);
            for character in text.unwrap_or_default().trim().chars().filter(|c| !c.is_control()) {
                field.insert(character);
            }
        });
    }

    fn insert(&self, character: char) {
        if self.0.marked.get() {
            self.wipe();
        }
        {
            let mut typed = self.0.typed.borrow_mut();
            if typed.len().saturating_add(character.len_utf8()) > CAPACITY {
                return;
            }
            typed.push(character);
        }
        self.touched();
    }

    fn shorten(&self) {
        if self.0.marked.get() {
            return self.wipe();
        }
        // The removed byte stays in the buffer until the next wipe, which clears all of it.
        self.0.typed.borrow_mut().pop();
        self.touched();
    }

    fn touched(&self) {
        self.describe();
        self.0.area.queue_draw();
    }

    fn describe(&self) {
        let count = self.0.typed.borrow().chars().count();
        if let Some(accessible) = self.0.area.accessible() {
            accessible.set_description(&text!("prompt-typed", count = count));
        }
    }

    /// As high as a line of its text and its padding.
    fn fit(&self) {
        let inner = &self.0;
        let height = inner.letter() * 1.5 + inner.padding() * 2.0;
        let (_, now) = inner.area.size_request();
        let height = height.ceil() as i32;
        if now != height {
            inner.area.set_size_request(-1, height);
        }
    }
}

impl Inner {
    /// The height of its letters, in pixels.
    fn letter(&self) -> f64 {
        // Measured, not computed: the theme, the text scale and the font all have a say.
        let (_, line) = self.area.create_pango_layout(Some("0")).pixel_size();
        (f64::from(line) * 0.75).max(8.0)
    }

    fn padding(&self) -> f64 {
        self.letter() * 0.45
    }

    fn draw(&self, area: &gtk::DrawingArea, context: &gtk::cairo::Context) {
        let style = area.style_context();
        let (width, height) =
            (f64::from(area.allocated_width()), f64::from(area.allocated_height()));
        gtk::render_background(&style, context, 0.0, 0.0, width, height);
        gtk::render_frame(&style, context, 0.0, 0.0, width, height);
        let colour = style.color(style.state());
        let step = self.letter() * 0.85;
        let left = self.padding() * 1.4;
        let count = self.typed.borrow().chars().count();
        // More than fit are not drawn past the edge; the description has the number.
        let fit = ((width - 2.0 * left) / step).max(0.0) as usize;
        if self.marked.get() {
            context.set_source_rgba(colour.red(), colour.green(), colour.blue(), 0.2);
            context.rectangle(
                left - 2.0,
                height * 0.2,
                step * count.min(fit) as f64 + 4.0,
                height * 0.6,
            );
            let _ = context.fill();
        }
        context.set_source_rgba(colour.red(), colour.green(), colour.blue(), colour.alpha());
        for number in 0..count.min(fit) {
            let x = left + step * (number as f64 + 0.5);
            context.arc(x, height / 2.0, self.letter() * 0.24, 0.0, std::f64::consts::TAU);
            let _ = context.fill();
        }
        if area.has_focus() {
            let x = (left + step * count.min(fit) as f64).round() + 0.5;
            context.set_line_width((self.letter() / 12.0).max(1.0));
            context.move_to(x, height * 0.25);
            context.line_to(x, height * 0.75);
            let _ = context.stroke();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.typed.get_mut().zeroize();
    }
}

fn redraw(area: &gtk::DrawingArea) -> gtk::glib::Propagation {
    area.queue_draw();
    gtk::glib::Propagation::Proceed
}
