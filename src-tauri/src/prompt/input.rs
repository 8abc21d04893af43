//! What the person does with the window: every accepted input event, before GTK.
//!
//! **Promises.** Before the prompt is armed nothing gets through, not even typing (H5). Controls
//! are worked here and nowhere else; Approve needs the deliberate gesture and then that nothing
//! stands in the way: all folds open, nothing over the window, time left, every field right (H3,
//! H7, H12). Esc dismisses.
//!
//! **Never** hand a secret field's key to GTK.

use std::rc::Rc;

use gtk::gdk::{self, EventType, ModifierType};
use gtk::prelude::*;
use placet_core::form::{Typed, Wrong};
use placet_core::ports::{Answer, Gesture, GestureKind};

use super::gate::{Behind, Pass};
use super::gesture::{Decided, Key, On, Stroke};
use super::judge::{Device, Injected};
use super::window::{Does, Inner, Phase};

/// The number of Deny among the controls.
const DENY: usize = 0;
/// A refused input is spoken of for this long.
const REFUSED_FOR: std::time::Duration = std::time::Duration::from_secs(6);

/// Why Approve does not work now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocked {
    Busy,
    Over,
    Expired,
    Covered,
    Folded,
}

impl Blocked {
    fn words(self) -> Option<&'static str> {
        match self {
            Self::Busy => Some("Waiting for the server…"),
            Self::Over => None,
            Self::Expired => Some("Time is over. Nothing was approved."),
            Self::Covered => Some("Something lies over this window. Move it away to approve."),
            Self::Folded => Some("To approve, first open every part that says “Show all”."),
        }
    }
}

/// Behind the gate: the window, which the gate does not keep alive.
pub(super) struct Entrance(pub(super) Rc<Inner>);

impl Behind for Entrance {
    fn input(&self, event: &mut gdk::Event, device: &Device) -> Pass {
        let inner = &self.0;
        let now = inner.now();
        let armed = inner.gestures.borrow().armed(now);
        match event.event_type() {
            EventType::KeyPress => inner.key_press(event, device),
            EventType::KeyRelease => inner.key_release(event, device),
            EventType::ButtonPress | EventType::TouchBegin => inner.button_down(event, device),
            EventType::ButtonRelease | EventType::TouchEnd => inner.button_up(event, device),
            EventType::MotionNotify | EventType::TouchUpdate => {
                inner.follow(event);
                Pass::On
            }
            EventType::TouchCancel => {
                inner.gestures.borrow_mut().cancel();
                Pass::On
            }
            EventType::Scroll => Pass::On,
            _ if armed => Pass::On,
            _ => Pass::Taken,
        }
    }

    fn disturbed(&self) {
        let inner = &self.0;
        if inner.window.is_active() {
            inner.gestures.borrow_mut().disturb(inner.now());
        }
        inner.look_for_cover();
        inner.refresh();
    }

    fn refused(&self, why: &Injected, report: bool) {
        self.0.refused_at.set(Some(std::time::Instant::now()));
        // Whatever the person was doing, somebody interfered with it.
        self.0.gestures.borrow_mut().cancel();
        self.0.refresh();
        if report {
            self.0.witness.suspicious("injected_input", &why.detail());
        }
    }
}

impl Inner {
    fn key_press(self: &Rc<Self>, event: &gdk::Event, device: &Device) -> Pass {
        let Some(code) = event.keycode() else { return Pass::Taken };
        let focused = self.window.focused_widget();
        let key = self.meaning(event, focused.as_ref());
        let stroke = self.gestures.borrow_mut().key_press(self.now(), code, key, device.clone());
        let pass = match stroke {
            Stroke::Stale => Pass::Taken,
            Stroke::Counts { repeat } => self.stroke(event, key, repeat, focused.as_ref()),
        };
        let mut taken = self.taken.borrow_mut();
        if pass == Pass::Taken {
            taken.insert(code);
        } else {
            taken.remove(&code);
        }
        pass
    }

    /// A key that counts.
    fn stroke(
        self: &Rc<Self>,
        event: &gdk::Event,
        key: Key,
        repeat: bool,
        focused: Option<&gtk::Widget>,
    ) -> Pass {
        use gdk::keys::constants as name;
        if key != Key::Other {
            self.say_what_blocks(key);
            return Pass::Taken;
        }
        let (Some(value), Some(state)) = (event.keyval(), event.state()) else {
            return Pass::Taken;
        };
        let value = gdk::keys::Key::from(value);
        let control = state.contains(ModifierType::CONTROL_MASK);
        let shift = state.contains(ModifierType::SHIFT_MASK);
        match value {
            name::Escape => {
                if !repeat {
                    self.answer(Answer::Dismiss);
                }
                return Pass::Taken;
            }
            // Context menus and the toolkit's inspector have no place here.
            name::Menu => return Pass::Taken,
            name::F10 if shift => return Pass::Taken,
            name::i | name::I | name::d | name::D if control && shift => return Pass::Taken,
            _ => {}
        }
        let Some(focused) = focused else { return Pass::On };
        for field in self.fields.borrow().iter() {
            if let Some(secret) = field.secret(focused) {
                return secret.key(event);
            }
            if let Some(line) = field.line(focused) {
                return line.key(event);
            }
        }
        if self.footer.reason_line.widget() == focused {
            return self.footer.reason_line.key(event);
        }
        if focused.downcast_ref::<gtk::Button>().is_some() && (is_space(&value) || is_enter(&value))
        {
            // GTK would click it from a timer.
            if self.footer.approve == *focused {
                self.hint.set(true);
                self.refresh();
            }
            return Pass::Taken;
        }
        Pass::On
    }

    fn key_release(self: &Rc<Self>, event: &gdk::Event, device: &Device) -> Pass {
        let Some(code) = event.keycode() else { return Pass::Taken };
        let decided = self.gestures.borrow_mut().key_release(self.now(), code, device);
        let taken = self.taken.borrow_mut().remove(&code);
        if let Some(decided) = decided {
            self.act(decided);
            return Pass::Taken;
        }
        // GTK never saw it go down.
        if taken { Pass::Taken } else { Pass::On }
    }

    /// What a key would do when it is let go.
    fn meaning(&self, event: &gdk::Event, focused: Option<&gtk::Widget>) -> Key {
        let (Some(value), Some(state)) = (event.keyval(), event.state()) else { return Key::Other };
        let value = gdk::keys::Key::from(value);
        let held = state
            & (ModifierType::CONTROL_MASK
                | ModifierType::SHIFT_MASK
                | ModifierType::MOD1_MASK
                | ModifierType::SUPER_MASK);
        if is_enter(&value) && held == ModifierType::CONTROL_MASK {
            return Key::Chord;
        }
        let Some(focused) = focused.filter(|_| held.is_empty()) else { return Key::Other };
        if is_enter(&value) && self.footer.reason_line.widget() == focused {
            return Key::Works(DENY);
        }
        let controls = self.controls.borrow();
        let found = controls.iter().enumerate().find(|(_, (widget, _))| widget == focused);
        match found {
            Some((number, (_, Does::Open(_) | Does::Reason)))
                if is_space(&value) || is_enter(&value) =>
            {
                Key::Works(number)
            }
            Some((number, (_, Does::Deny | Does::DenyAll | Does::Toggle(_))))
                if is_space(&value) =>
            {
                Key::Works(number)
            }
            _ => Key::Other,
        }
    }

    fn button_down(self: &Rc<Self>, event: &mut gdk::Event, device: &Device) -> Pass {
        let (on, target) = self.on(event);
        let now = self.now();
        if !self.gestures.borrow().armed(now) {
            self.gestures.borrow_mut().press(now, On::Elsewhere, device.clone());
            return Pass::Taken;
        }
        match event.button() {
            // A touch has no button.
            None | Some(1) => {}
            Some(2) => {
                self.middle(target.as_ref());
                self.gestures.borrow_mut().cancel();
                return Pass::Taken;
            }
            Some(_) => {
                self.gestures.borrow_mut().cancel();
                return Pass::Taken;
            }
        }
        if on == On::Approve
            && let Some(blocked) = self.blocked()
        {
            self.gestures.borrow_mut().cancel();
            self.footer.notice(blocked.words());
            return Pass::Taken;
        }
        self.gestures.borrow_mut().press(now, on, device.clone());
        if on == On::Approve {
            self.start_filling();
        }
        match self.does(on) {
            // Toggled when it is let go, and by us.
            Some(Does::Toggle(toggle)) => {
                toggle.grab_focus();
                Pass::Taken
            }
            _ => {
                if let Some(secret) = target.filter(|widget| self.is_secret(widget)) {
                    secret.grab_focus();
                }
                Pass::On
            }
        }
    }

    fn button_up(self: &Rc<Self>, event: &mut gdk::Event, device: &Device) -> Pass {
        let (on, _) = self.on(event);
        let decided = self.gestures.borrow_mut().release(self.now(), on, device);
        let toggle = matches!(self.does(on), Some(Does::Toggle(_)));
        if let Some(decided) = decided {
            self.act(decided);
        }
        if toggle { Pass::Taken } else { Pass::On }
    }

    /// A press that slides off its control is none.
    fn follow(&self, event: &mut gdk::Event) {
        if !inside(event) {
            self.gestures.borrow_mut().strayed();
        }
    }

    /// The middle button pastes, where that can be.
    fn middle(&self, target: Option<&gtk::Widget>) {
        let Some(target) = target else { return };
        for field in self.fields.borrow().iter() {
            if let Some(secret) = field.secret(target) {
                secret.widget().grab_focus();
                secret.paste(&gdk::SELECTION_PRIMARY);
            }
            if let Some(line) = field.line(target) {
                line.widget().grab_focus();
                line.paste(&gdk::SELECTION_PRIMARY);
            }
        }
    }

    /// What an event of the pointer is on, and the widget.
    fn on(&self, event: &mut gdk::Event) -> (On, Option<gtk::Widget>) {
        let Some(widget) = gtk::event_widget(event) else { return (On::Elsewhere, None) };
        let within = |control: &gtk::Widget| widget == *control || widget.is_ancestor(control);
        let on = if !inside(event) {
            On::Elsewhere
        } else if within(self.footer.approve.upcast_ref()) {
            On::Approve
        } else {
            let controls = self.controls.borrow();
            controls
                .iter()
                .position(|(control, _)| within(control))
                .map_or(On::Elsewhere, On::Control)
        };
        (on, Some(widget))
    }

    fn does(&self, on: On) -> Option<Does> {
        let On::Control(number) = on else { return None };
        self.controls.borrow().get(number).map(|(_, does)| does.clone())
    }

    fn is_secret(&self, widget: &gtk::Widget) -> bool {
        self.fields.borrow().iter().any(|field| field.secret(widget).is_some())
    }

    fn act(self: &Rc<Self>, decided: Decided) {
        match decided {
            Decided::Approve(kind, device) => self.approve(kind, device),
            Decided::Control(number, _) => match self.does(On::Control(number)) {
                Some(Does::Deny) => self.deny(),
                Some(Does::DenyAll) => self.deny_all(),
                Some(Does::Reason) => {
                    self.footer.show_reason(true);
                    self.fit();
                }
                Some(Does::Open(fold)) => {
                    fold.open();
                    self.fit();
                    self.refresh();
                }
                Some(Does::Toggle(toggle)) if toggle.is_sensitive() => {
                    self.gate.judged(|| toggle.clicked());
                }
                Some(Does::Toggle(_)) | None => {}
            },
        }
    }

    fn deny(&self) {
        match self.phase() {
            Some(Phase::Asking) if self.seconds_left() > 0 => {
                self.answer(Answer::Deny { note: self.footer.note() });
            }
            // Cancel, or a prompt that is over: it goes away.
            _ => self.answer(Answer::Dismiss),
        }
    }

    /// Denies this and everything that waits from the same requester (H16).
    fn deny_all(&self) {
        let request = self.shown.borrow().as_ref().map(|shown| shown.screen.request.clone());
        self.deny();
        if let Some(request) = request {
            self.witness.deny_all(&request);
        }
    }

    fn approve(self: &Rc<Self>, kind: GestureKind, device: Device) {
        if let Some(blocked) = self.blocked() {
            self.footer.notice(blocked.words());
            return;
        }
        let typed: Vec<Typed> = self.fields.borrow().iter().map(|field| field.typed()).collect();
        let checked = match self.shown.borrow().as_ref() {
            Some(shown) => shown.screen.form.check(typed),
            None => return,
        };
        match checked {
            Ok(values) => {
                let gesture = Gesture { kind, device: device.0, observable: self.observable };
                self.answer(Answer::Approve { gesture, values });
            }
            Err(wrong) => self.mark(&wrong),
        }
    }

    /// Says at each field what is wrong with it, and goes to the first (H7).
    fn mark(&self, wrong: &[Wrong]) {
        let names: Vec<String> = match self.shown.borrow().as_ref() {
            Some(shown) => {
                shown.screen.form.fields.iter().map(|field| field.name.clone()).collect()
            }
            None => return,
        };
        let mut first = true;
        for (field, name) in self.fields.borrow().iter().zip(&names) {
            let sentence = wrong.iter().find(|wrong| wrong.field == *name);
            field.mark(sentence.map(|wrong| wrong.sentence.as_str()));
            if sentence.is_some() && std::mem::take(&mut first) {
                field.focus();
            }
        }
        self.fit();
    }

    /// What stands in the way of Approve now. Looks at the stacking itself.
    fn blocked(&self) -> Option<Blocked> {
        let phase = self.phase();
        if phase == Some(Phase::Busy) {
            Some(Blocked::Busy)
        } else if self.seconds_left() == 0 {
            Some(Blocked::Expired)
        } else if phase != Some(Phase::Asking) {
            Some(Blocked::Over)
        } else if self.folded() {
            Some(Blocked::Folded)
        } else if self.look_for_cover() {
            Some(Blocked::Covered)
        } else {
            None
        }
    }

    fn say_what_blocks(&self, key: Key) {
        if key == Key::Chord
            && let Some(blocked) = self.blocked()
        {
            self.footer.notice(blocked.words());
        }
    }

    /// Brings the foot up to date: what counts, what stands in the way, the time.
    pub(super) fn refresh(&self) {
        let phase = self.phase();
        let (armed, active) = (self.gestures.borrow().armed(self.now()), self.window.is_active());
        let left = self.seconds_left();
        let asking = phase == Some(Phase::Asking) && left > 0;
        let deny = phase.is_some_and(|phase| phase != Phase::Answered);
        self.footer.time(left);
        self.footer.ready(armed, deny, asking && !self.folded());
        let refused = self.refused_at.get().is_some_and(|at| at.elapsed() < REFUSED_FOR);
        let words = if phase == Some(Phase::Busy) {
            Blocked::Busy.words()
        } else if phase.is_some() && left == 0 {
            Blocked::Expired.words()
        } else if self.covered.get() {
            Blocked::Covered.words()
        } else if refused {
            Some("Another program tried to use this window. It was refused.")
        } else if asking && !active {
            Some("To answer, click this window first.")
        } else if asking && self.folded() {
            Blocked::Folded.words()
        } else if asking && self.hint.get() {
            Some("To approve, hold the button with the mouse, or press Ctrl+Enter.")
        } else {
            None
        };
        self.footer.notice(words);
    }
}

/// Whether a pointer's event is within the window that gets it: during a press all of them go to
/// the window that was pressed.
fn inside(event: &gdk::Event) -> bool {
    let (Some((x, y)), Some(window)) = (event.coords(), event.window()) else { return false };
    x >= 0.0 && y >= 0.0 && x < f64::from(window.width()) && y < f64::from(window.height())
}

fn is_enter(key: &gdk::keys::Key) -> bool {
    use gdk::keys::constants as name;
    matches!(*key, name::Return | name::KP_Enter | name::ISO_Enter)
}

fn is_space(key: &gdk::keys::Key) -> bool {
    use gdk::keys::constants as name;
    matches!(*key, name::space | name::KP_Space)
}
