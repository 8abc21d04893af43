//! What the person does with the window: every accepted input event, before GTK.
//!
//! **Promises.** Before the prompt is armed nothing gets through, not even typing (H5). Controls
//! are worked from here and from nowhere else ([`super::answer`]). Esc dismisses. Ctrl+Enter counts
//! where the person, and no program, put the focus on Approve or into a field of the form.
//!
//! **Never** hand a secret field's key to GTK.

use std::rc::Rc;
use std::time::Duration;

use gtk::gdk::{self, EventType, ModifierType};
use gtk::glib;
use gtk::prelude::*;
use placet_core::ports::Answer;

use super::gate::{Behind, Pass};
use super::gesture::{Key, On, Progress, Stroke};
use super::judge::{Device, Injected};
use super::page::Does;
use super::window::{Hint, Inner, Phase};

/// The number of Deny among the controls.
const DENY: usize = 0;
/// The window has its new size this soon after the person opened a part of it.
const GROWS_WITHIN: Duration = Duration::from_millis(400);
/// Behind the gate: the window, which the gate does not keep alive.
pub(super) struct Entrance(pub(super) Rc<Inner>);

impl Behind for Entrance {
    fn input(&self, event: &mut gdk::Event, device: &Device) -> Pass {
        let inner = &self.0;
        let now = inner.moment_of(event);
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
        // What grew because the person opened it changes nothing of what a press means: who opens the
        // line for a reason types on.
        let grew = inner.opened_at.get().is_some_and(|at| at.elapsed() < GROWS_WITHIN);
        if inner.window.is_active() && !grew {
            inner.disturb();
        }
        // While the window comes up it hears of each step; nothing counts before it is painted, and
        // each look takes a while in which it is not.
        if !inner.unpainted.get() {
            inner.look_for_cover();
        }
        inner.refresh();
    }

    fn lost(&self, report: bool) {
        self.0.lost(report);
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
        let stroke =
            self.gestures.borrow_mut().key_press(self.moment_of(event), code, key, device.clone());
        let pass = match stroke {
            Stroke::Stale => {
                self.hint.set(Some(Hint::Pause));
                self.refresh();
                Pass::Taken
            }
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
        if !matches!(key, Key::Control | Key::Other) {
            if key == Key::Chord {
                self.say_what_blocks();
            }
            return Pass::Taken;
        }
        let (Some(value), Some(state)) = (event.keyval(), event.state()) else {
            return Pass::Taken;
        };
        let value = gdk::keys::Key::from(value);
        let control = state.contains(ModifierType::CONTROL_MASK);
        let shift = state.contains(ModifierType::SHIFT_MASK);
        match value {
            value if is_chord(&value, state) => {
                self.hint.set(Some(Hint::GoTo));
                self.say_what_blocks();
                return Pass::Taken;
            }
            name::Escape => {
                if !repeat && self.page.footer.reasoning() {
                    // The first one leaves the reason alone, which may have been much to type.
                    self.page.footer.show_reason(false);
                    self.page.footer.deny.grab_focus();
                    self.fit();
                } else if !repeat {
                    self.answer(Answer::Dismiss);
                }
                return Pass::Taken;
            }
            // Context menus and the toolkit's inspector have no place here.
            name::Menu => return Pass::Taken,
            name::F10 if shift => return Pass::Taken,
            name::i | name::I | name::d | name::D if control && shift => return Pass::Taken,
            _ if !control && !shift && self.page.turn(&value, focused) => return Pass::Taken,
            _ => {}
        }
        let Some(focused) = focused else { return Pass::On };
        for field in self.page.fields.borrow().iter() {
            if let Some(secret) = field.secret(focused) {
                return secret.key(event);
            }
            if let Some(line) = field.line(focused) {
                return line.key(event);
            }
        }
        if self.page.footer.reason_line.widget() == focused {
            return self.page.footer.reason_line.key(event);
        }
        if focused.downcast_ref::<gtk::Button>().is_some() && (is_space(&value) || is_enter(&value))
        {
            // GTK would click it from a timer.
            let approve = self.page.footer.approve == *focused;
            self.hint.set(Some(if approve { Hint::Hold } else { Hint::Space }));
            self.refresh();
            return Pass::Taken;
        }
        Pass::On
    }

    fn key_release(self: &Rc<Self>, event: &gdk::Event, device: &Device) -> Pass {
        let Some(code) = event.keycode() else { return Pass::Taken };
        let decided = self.gestures.borrow_mut().key_release(self.moment_of(event), code, device);
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
        let held = held(state);
        if matches!(value, gdk::keys::constants::Control_L | gdk::keys::constants::Control_R) {
            return Key::Control;
        }
        if is_chord(&value, state) {
            // Meant for the prompt, by somebody who is at the answer or at what it needs. With the
            // focus elsewhere, where it stands when the window comes up, it may be meant for another.
            let aimed = self.aimed.get() && focused.is_some_and(|widget| self.page.sends(widget));
            return if aimed { Key::Chord } else { Key::Other };
        }
        let Some(focused) = focused.filter(|_| held.is_empty()) else { return Key::Other };
        if is_enter(&value) && self.page.footer.reason_line.widget() == focused {
            return Key::Works(DENY);
        }
        let controls = self.page.controls.borrow();
        let found = controls.iter().enumerate().find(|(_, (widget, _))| widget == focused);
        match found {
            Some((number, (_, Does::Open(_) | Does::Reason)))
                if is_space(&value) || is_enter(&value) =>
            {
                Key::Works(number)
            }
            Some((number, (_, Does::Deny | Does::DenyAll | Does::Mute | Does::Toggle(_))))
                if is_space(&value) =>
            {
                Key::Works(number)
            }
            _ => Key::Other,
        }
    }

    fn button_down(self: &Rc<Self>, event: &mut gdk::Event, device: &Device) -> Pass {
        let (on, target) = self.on(event);
        let now = self.moment_of(event);
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
            self.page.footer.notice(blocked.words().as_deref());
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
        let now = self.moment_of(event);
        let begun = matches!(self.gestures.borrow().progress(now), Progress::Holding(_));
        let decided = self.gestures.borrow_mut().release(now, on, device);
        if begun && decided.is_none() && on == On::Approve {
            // A click: whoever makes one expects that it does something.
            self.hint.set(Some(Hint::Hold));
            self.refresh();
        }
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
        for field in self.page.fields.borrow().iter() {
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
        } else if within(self.page.footer.approve.upcast_ref()) {
            On::Approve
        } else {
            let controls = self.page.controls.borrow();
            controls
                .iter()
                .position(|(control, _)| within(control))
                .map_or(On::Elsewhere, On::Control)
        };
        (on, Some(widget))
    }

    /// What the control does that a gesture was on.
    pub(super) fn does(&self, on: On) -> Option<Does> {
        let On::Control(number) = on else { return None };
        self.page.controls.borrow().get(number).map(|(_, does)| does.clone())
    }

    /// Puts the focus where it stands at first.
    pub(super) fn focus_first(&self) {
        let (asking, wrong) = match self.shown.borrow().as_ref() {
            Some(shown) => (shown.phase == Phase::Asking, shown.screen.problem.is_some()),
            None => return,
        };
        self.gate.judged(|| self.page.focus_first(asking, wrong));
        self.aimed.set(true);
    }

    /// The person left: who comes back and presses Ctrl+Enter at once may mean another window.
    pub(super) fn aim_anew(&self) {
        if self.window.focused_widget().is_some_and(|widget| self.page.footer.approve == widget) {
            self.focus_first();
        }
    }

    /// Sees who moves the focus: an accessibility action can do it too.
    pub(super) fn watch_focus(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.window.connect_set_focus(move |_, widget| {
            let Some(inner) = weak.upgrade() else { return };
            inner.aimed.set(inner.gate.judging());
            if inner.aimed.get() || widget.is_none_or(|widget| inner.page.footer.approve != *widget)
            {
                return;
            }
            inner.gate.without_event();
            let weak = weak.clone();
            // GTK is about to move it.
            glib::idle_add_local_once(move || {
                if let Some(inner) = weak.upgrade() {
                    inner.focus_first();
                }
            });
        });
    }

    fn is_secret(&self, widget: &gtk::Widget) -> bool {
        self.page.fields.borrow().iter().any(|field| field.secret(widget).is_some())
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

/// Enter with Ctrl and nothing else.
fn is_chord(key: &gdk::keys::Key, state: ModifierType) -> bool {
    is_enter(key) && held(state) == ModifierType::CONTROL_MASK
}

fn held(state: ModifierType) -> ModifierType {
    state
        & (ModifierType::CONTROL_MASK
            | ModifierType::SHIFT_MASK
            | ModifierType::MOD1_MASK
            | ModifierType::SUPER_MASK)
}

fn is_space(key: &gdk::keys::Key) -> bool {
    use gdk::keys::constants as name;
    matches!(*key, name::space | name::KP_Space)
}
