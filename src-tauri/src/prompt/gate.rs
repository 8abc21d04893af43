//! The one gate in front of GTK: every event of the process passes here before GTK, its input
//! methods and its key snoopers (among them the accessibility listeners) see it.
//!
//! **Promises.** An input event for the prompt's window reaches GTK only if [`judge`] let it pass;
//! what was refused is reported, at most once a second for each kind. While a judged event is
//! being handled, [`Gate::judging`] is true: a control that changes outside of that was changed
//! without the person, by an accessibility action or a text insertion. Keys that the prompt takes
//! itself (secrets) are never handed on.
//!
//! **Never** handle an input event of the prompt anywhere else.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use gtk::gdk::{self, EventType};
use gtk::prelude::*;

use super::judge::{Device, Injected, Origin, Trust, judge};
use super::window::LOST;

/// The same kind of refusal is reported at most this often: a flood must not fill the record.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// What becomes of an accepted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Pass {
    /// GTK handles it.
    On,
    /// The prompt took it; GTK never sees it.
    Taken,
}

/// Who the gate speaks to: the prompt's window.
pub(super) trait Behind {
    /// An accepted input event, before GTK.
    fn input(&self, event: &mut gdk::Event, device: &Device) -> Pass;
    /// Something that is no input but changes what a press means: moved, restacked, uncovered.
    fn disturbed(&self);
    /// Another program destroyed the window at the display.
    fn lost(&self, report: bool);
    /// An input was refused.
    fn refused(&self, why: &Injected, report: bool);
}

/// The gate. One for the process.
pub(super) struct Gate {
    window: gtk::Window,
    trust: Cell<Trust>,
    judging: Cell<bool>,
    behind: RefCell<Option<Weak<dyn Behind>>>,
    reported: RefCell<BTreeMap<String, Instant>>,
}

impl Gate {
    /// Puts the gate in front of GTK. GTK is initialized.
    pub(super) fn put_up(window: &gtk::Window) -> Rc<Self> {
        let gate = Rc::new(Self {
            window: window.clone(),
            trust: Cell::new(Trust::default()),
            judging: Cell::new(false),
            behind: RefCell::new(None),
            reported: RefCell::default(),
        });
        let handler = Rc::clone(&gate);
        gdk::Event::set_handler(Some(move |event: &mut gdk::Event| handler.pass(event)));
        gate
    }

    /// Names who the gate speaks to.
    pub(super) fn serve(&self, behind: Weak<dyn Behind>) {
        self.behind.replace(Some(behind));
    }

    /// True while an accepted input event is being handled.
    pub(super) fn judging(&self) -> bool {
        self.judging.get()
    }

    /// Runs `work` as part of a gesture that the gate accepted earlier: a paste that arrives late,
    /// a control that is worked by its key.
    pub(super) fn judged<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.judging.replace(true);
        let out = work();
        self.judging.set(before);
        out
    }

    /// Reports a change of a control that no accepted event caused.
    pub(super) fn without_event(&self) {
        self.refuse(&Injected::NoEvent);
    }

    fn pass(&self, event: &mut gdk::Event) {
        if !self.is_of_prompt(event) {
            gtk::main_do_event(event);
            return;
        }
        let behind = self.behind.borrow().as_ref().and_then(Weak::upgrade);
        match event.event_type() {
            EventType::Configure | EventType::VisibilityNotify => {
                gtk::main_do_event(event);
                if let Some(behind) = behind {
                    behind.disturbed();
                }
                return;
            }
            // GTK would destroy the widgets too, and with them the prompt for good.
            EventType::Destroy if event.window() == self.window.window() => {
                let report = self.is_due(LOST);
                if let Some(behind) = behind {
                    behind.lost(report);
                }
                return;
            }
            // Where the pointer is decides nothing by itself; GTK needs it for hovering.
            EventType::MotionNotify => {}
            kind if is_input(kind) => {}
            _ => {
                gtk::main_do_event(event);
                return;
            }
        }
        let origin = Origin {
            device: event.source_device().and_then(|device| device.name()).map(Into::into),
            sent: event.is_send_event(),
        };
        let device = match (judge(&origin, self.trust.get()), event.event_type()) {
            (Ok(device), _) => device,
            (Err(_), EventType::MotionNotify) => {
                gtk::main_do_event(event);
                return;
            }
            (Err(why), _) => return self.refuse(&why),
        };
        let pass = self.judged(|| behind.map_or(Pass::On, |behind| behind.input(event, &device)));
        if pass == Pass::On {
            self.judged(|| gtk::main_do_event(event));
        }
    }

    fn is_of_prompt(&self, event: &gdk::Event) -> bool {
        let Some(ours) = self.window.window() else { return false };
        event.window().is_some_and(|window| window.toplevel() == ours)
    }

    fn refuse(&self, why: &Injected) {
        let report = self.is_due(&why.detail());
        let behind = self.behind.borrow().as_ref().and_then(Weak::upgrade);
        if let Some(behind) = behind {
            behind.refused(why, report);
        }
    }

    /// Whether it is time to report this once more.
    fn is_due(&self, what: &str) -> bool {
        let now = Instant::now();
        let mut reported = self.reported.borrow_mut();
        let due = reported.get(what).is_none_or(|last| now.duration_since(*last) >= REPORT_EVERY);
        if due {
            // Device names are the X server's: few. Still, an attacker can make masters.
            if reported.len() > 64 {
                reported.clear();
            }
            reported.insert(what.to_owned(), now);
        }
        due
    }
}

fn is_input(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::KeyPress
            | EventType::KeyRelease
            | EventType::ButtonPress
            | EventType::DoubleButtonPress
            | EventType::TripleButtonPress
            | EventType::ButtonRelease
            | EventType::TouchBegin
            | EventType::TouchUpdate
            | EventType::TouchEnd
            | EventType::TouchCancel
            | EventType::TouchpadSwipe
            | EventType::TouchpadPinch
            | EventType::Scroll
            | EventType::PadButtonPress
            | EventType::PadButtonRelease
    )
}
