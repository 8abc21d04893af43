//! What a decided gesture does: answers, opens, toggles; and what stands in its way.
//!
//! **Promises.** Approve goes through only if all folds are open, all was in sight, the window is whole
//! on the screen and nothing lies over it,
//! time is left and every field is right (H3, H7, H12); otherwise the foot or the field says why.
//! A late gesture does nothing.
//!
//! **Never** answer twice: the window takes the answer once.

use std::rc::Rc;
use std::time::Duration;

use gtk::prelude::*;
use placet_core::display::Step;
use placet_core::form::{Typed, Wrong};
use placet_core::ports::{Answer, Gesture, GestureKind};
use placet_texts::text;

use super::cover::Sight;
use super::gesture::{Decided, Moment, On, Progress};
use super::judge::Device;
use super::page::Does;
use super::seen::Unseen;
use super::window::{Hint, Inner, Phase};

/// That another request was asked for is spoken of for this long.
const STAYED_FOR: Duration = Duration::from_secs(8);
/// A refused input is spoken of for this long.
const REFUSED_FOR: Duration = Duration::from_secs(6);

/// Why Approve does not work now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    Busy,
    Over,
    Expired,
    Sight(Sight),
    Folded,
    TooLarge,
    Refused,
    Unseen(Unseen),
}

impl Blocked {
    /// What the foot says of it.
    pub(super) fn words(self) -> Option<String> {
        Some(match self {
            Self::Busy => text!("prompt-busy"),
            Self::Over | Self::Refused => return None,
            Self::Expired => text!("prompt-expired"),
            Self::Sight(Sight::Whole) => return None,
            Self::Sight(Sight::Covered) => text!("prompt-covered"),
            Self::Sight(Sight::OffScreen) => text!("prompt-off-screen"),
            Self::Sight(Sight::Cut) => text!("prompt-cut"),
            Self::Sight(Sight::Recoloured) => text!("prompt-recoloured"),
            Self::Sight(Sight::SeeThrough) => text!("prompt-see-through"),
            Self::Sight(Sight::Distorted) => text!("prompt-distorted"),
            Self::Sight(Sight::UnderPointer) => text!("prompt-under-pointer"),
            Self::Sight(Sight::Unknown) => text!("prompt-sight-unknown"),
            Self::Sight(Sight::TooSmall) => text!("prompt-too-small"),
            Self::TooLarge => text!("prompt-too-large"),
            Self::Unseen(Unseen::NotYet) => return None,
            Self::Unseen(Unseen::Below) => text!("prompt-below"),
            Self::Unseen(Unseen::Above) => text!("prompt-above"),
            Self::Unseen(Unseen::Within) => text!("prompt-within"),
            Self::Unseen(Unseen::WithinAbove) => text!("prompt-within-above"),
            Self::Folded => text!("prompt-folded"),
        })
    }
}

impl Hint {
    /// What the foot says.
    fn words(self) -> String {
        match self {
            Self::Hold => text!("prompt-hint-hold"),
            Self::Space => text!("prompt-hint-space"),
            Self::GoTo => text!("prompt-hint-go-to"),
            Self::Pause => text!("prompt-hint-pause"),
        }
    }
}

impl Inner {
    /// Does what was decided.
    pub(super) fn act(self: &Rc<Self>, decided: Decided) {
        match decided {
            Decided::Approve(kind, device) => self.approve(kind, device),
            Decided::Control(number, _) => match self.does(On::Control(number)) {
                Some(Does::Deny) => self.deny(),
                Some(Does::DenyAll) => self.deny_all(),
                Some(Does::Mute) => self.mute(),
                Some(Does::Reason) => {
                    self.opened_at.set(Some(std::time::Instant::now()));
                    self.page.footer.show_reason(true);
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
                self.answer(Answer::Deny { note: self.page.footer.note() });
            }
            Some(Phase::Busy) if self.step() == Some(Step::Authenticator) => {
                self.answer(Answer::Deny { note: None });
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

    /// Denies this, and everything from the same requester for an hour (H16).
    fn mute(&self) {
        let request = self.shown.borrow().as_ref().map(|shown| shown.screen.request.clone());
        self.deny();
        if let Some(request) = request {
            self.witness.mute(&request);
        }
    }

    fn approve(self: &Rc<Self>, kind: GestureKind, device: Device) {
        if let Some(blocked) = self.blocked() {
            self.page.footer.notice(blocked.words().as_deref());
            return;
        }
        let typed: Vec<Typed> =
            self.page.fields.borrow().iter().map(|field| field.typed()).collect();
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
    fn mark(self: &Rc<Self>, wrong: &[Wrong]) {
        let names: Vec<String> = match self.shown.borrow().as_ref() {
            Some(shown) => {
                shown.screen.form.fields.iter().map(|field| field.name.clone()).collect()
            }
            None => return,
        };
        let mut first = None;
        for (number, (field, name)) in self.page.fields.borrow().iter().zip(&names).enumerate() {
            let sentence = wrong.iter().find(|wrong| wrong.field == *name);
            field.mark(sentence.map(|wrong| wrong.sentence.as_str()));
            if sentence.is_some() && first.is_none() {
                first = Some(number);
                field.focus();
            }
        }
        self.fit();
        if let Some(number) = first {
            self.once_laid_out(move |page| page.scroll_to(number));
        }
    }

    /// The person has begun to answer: something is typed or chosen, the reason is open, or a press is on
    /// its way.
    pub(super) fn begun(&self) -> bool {
        let gesture = self.gestures.borrow().progress(Moment::seen(self.now()));
        gesture != Progress::None
            || self.opened_at.get().is_some()
            || self.phase() == Some(Phase::Answered)
            || self.page.fields.borrow().iter().any(|field| !field.untouched())
    }

    /// What stands in the way of Approve now. Looks at the stacking itself.
    pub(super) fn blocked(&self) -> Option<Blocked> {
        let phase = self.phase();
        if phase == Some(Phase::Busy) {
            Some(Blocked::Busy)
        } else if self.seconds_left() == 0 {
            Some(Blocked::Expired)
        } else if phase != Some(Phase::Asking) {
            Some(Blocked::Over)
        } else if let Some(unread) = self.unread() {
            Some(unread)
        } else {
            Some(self.look_for_cover()).filter(|sight| *sight != Sight::Whole).map(Blocked::Sight)
        }
    }

    /// Which step of its request the screen is.
    fn step(&self) -> Option<Step> {
        self.shown.borrow().as_ref().map(|shown| shown.screen.step)
    }

    /// What of the screen the person has not had before their eyes (H3).
    fn unread(&self) -> Option<Blocked> {
        let complete = self.shown.borrow().as_ref().is_some_and(|shown| shown.screen.approvable);
        if self.step() == Some(Step::Refused) {
            Some(Blocked::Refused)
        } else if !complete {
            Some(Blocked::TooLarge)
        } else if self.page.folded() {
            Some(Blocked::Folded)
        } else {
            self.page.unseen().map(Blocked::Unseen)
        }
    }

    /// Says why the chord that was begun will do nothing.
    pub(super) fn say_what_blocks(&self) {
        match self.blocked() {
            Some(blocked) => self.page.footer.notice(blocked.words().as_deref()),
            None => self.refresh(),
        }
    }

    /// Brings the foot up to date: what counts, what stands in the way, the time.
    pub(super) fn refresh(&self) {
        let phase = self.phase();
        let (armed, active) =
            (self.gestures.borrow().armed(Moment::seen(self.now())), self.window.is_active());
        if armed && self.hint.get() == Some(Hint::Pause) {
            self.hint.set(None);
        }
        let left = self.seconds_left();
        let asking = phase == Some(Phase::Asking) && left > 0;
        let deny = phase.is_some_and(|phase| phase != Phase::Answered);
        self.page.footer.time(left);
        self.page.footer.code_time(self.code_seconds().filter(|_| asking));
        let unread = self.unread();
        self.page.footer.ready(armed, deny, asking, asking && unread.is_none());
        let refused = self.refused_at.get().is_some_and(|at| at.elapsed() < REFUSED_FOR);
        let stayed = self.stayed_at.get().is_some_and(|at| at.elapsed() < STAYED_FOR);
        let words = if stayed && self.live() && left > 0 {
            Some(text!("prompt-stays"))
        } else if phase == Some(Phase::Busy) {
            match self.step() {
                Some(Step::Authenticator) => Some(text!("prompt-busy-key")),
                _ => Blocked::Busy.words(),
            }
        } else if phase.is_some() && left == 0 {
            Blocked::Expired.words()
        } else if refused {
            Some(text!("prompt-refused-input"))
        } else if asking && !active {
            // What lies over it may be its own notification, which then goes.
            Some(text!("prompt-click-first"))
        } else if self.sight.get() != Sight::Whole {
            Blocked::Sight(self.sight.get()).words()
        } else if let Some(words) = unread.filter(|_| asking).and_then(Blocked::words) {
            Some(words)
        } else {
            self.hint.get().filter(|_| asking).map(Hint::words)
        };
        self.page.footer.notice(words.as_deref());
    }
}
