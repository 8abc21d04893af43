//! The deliberate gesture: what of the person's input is a decision, without the toolkit.
//!
//! **Promises.** Nothing counts before [`ARMING`] has passed since the prompt was painted, focused,
//! moved, restacked or redrawn, or since a key came too early (H5), by our clock and by the display server's: a process that is
//! stopped and goes on sees neither a short press as a long one nor an early one as armed. Approve is a press held for [`HOLD`] and let go on the control,
//! or Ctrl+Enter pressed and let go, both of them here; press and release come from one device, and any disturbance in
//! between ends the gesture. A key that was down before it could count never counts.
//!
//! **Never** let Space, Enter or a click approve.

use std::collections::BTreeMap;
use std::time::Duration;

use placet_core::ports::GestureKind;

use super::judge::Device;

/// Nothing counts for this long after the prompt was shown or disturbed (H5).
pub(super) const ARMING: Duration = Duration::from_millis(700);
/// The press on Approve is held at least this long (design §6).
pub(super) const HOLD: Duration = Duration::from_millis(600);

/// What a pointer press or a key is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// The approving control.
    Approve,
    /// Another control of ours, by its number.
    Control(usize),
    /// Anything else.
    Elsewhere,
}

/// What a key means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Enter with Ctrl and nothing else.
    Chord,
    /// Ctrl itself.
    Control,
    /// Space or Enter on the focused control of ours, where that key works it.
    Works(usize),
    /// Any other.
    Other,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// The approving gesture is complete.
    Approve(GestureKind, Device),
    /// A control was worked.
    Control(usize, Device),
}

/// How far the press on Approve is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Progress {
    /// There is none.
    None,
    /// From 0 to 1.
    Holding(f64),
    /// Long enough: letting go approves.
    Enough,
}

/// How a key press stands to the time before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// It counts: it went down when input counted.
    Counts {
        /// It is held and repeats.
        repeat: bool,
    },
    /// It went down before input counted; it never counts until it was let go.
    Stale,
}

/// A moment, on the clocks that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// A steady clock of ours. It goes on while the process is stopped.
    pub(super) steady: Duration,
    /// The display server's, in milliseconds that begin anew after 49 days. For an event the time
    /// at which it happened, whenever we hear of it.
    pub(super) server: Option<u32>,
}

impl Moment {
    /// A moment of our own clock alone: good for what is drawn, and where the server has none.
    pub(super) fn seen(steady: Duration) -> Self {
        Self { steady, server: None }
    }

    /// How long after `earlier` it is, by whichever clock says less. An event that happened before
    /// `earlier` and was heard of afterwards is not after it at all.
    fn since(self, earlier: Self) -> Duration {
        let steady = self.steady.saturating_sub(earlier.steady);
        let (Some(now), Some(then)) = (self.server, earlier.server) else { return steady };
        let passed = now.wrapping_sub(then);
        // More than half of the way around is a step back.
        let passed = if passed > u32::MAX / 2 { 0 } else { passed };
        steady.min(Duration::from_millis(passed.into()))
    }

    /// The later of both, on each clock.
    fn later(self, other: Self) -> Self {
        let server = match (self.server, other.server) {
            (Some(one), Some(two)) => {
                Some(if two.wrapping_sub(one) > u32::MAX / 2 { one } else { two })
            }
            (one, two) => one.or(two),
        };
        Self { steady: self.steady.max(other.steady), server }
    }
}

/// The gestures in progress.
#[derive(Debug, Default)]
pub(super) struct Gestures {
    quiet_since: Option<Moment>,
    press: Option<Press>,
    keys: BTreeMap<u16, KeyDown>,
    /// The Ctrl key that is down, or that was the last key to go down: sticky keys.
    control: Option<u16>,
}

#[derive(Debug)]
struct Press {
    on: On,
    device: Device,
    since: Moment,
}

#[derive(Debug)]
struct KeyDown {
    counts: bool,
    /// What letting it go will do, and whose it is.
    will: Option<(Key, Device)>,
}

impl Gestures {
    /// The prompt was painted, focused, moved, restacked or redrawn: arming starts anew, gestures
    /// end.
    pub(super) fn disturb(&mut self, now: Moment) {
        self.cancel();
        self.quiet_since = Some(now);
    }

    /// What the prompt shows is not on the glass yet: nothing counts until the next
    /// [`Self::disturb`].
    pub(super) fn unseen(&mut self) {
        self.cancel();
        self.quiet_since = None;
    }

    /// The prompt is hidden or has not the focus: nothing counts until the next [`Self::disturb`].
    pub(super) fn rest(&mut self) {
        self.unseen();
        // Releases are not seen from here on; a key that stays down comes back as a press and is
        // then held back by the arming time.
        self.keys.clear();
        self.control = None;
    }

    /// Ends the gestures in progress. Keys that are down stay known, so that their repeats do not
    /// begin one.
    pub(super) fn cancel(&mut self) {
        self.press = None;
        for down in self.keys.values_mut() {
            down.will = None;
        }
    }

    /// Whether input counts.
    #[must_use]
    pub(super) fn armed(&self, now: Moment) -> bool {
        self.quiet_since.is_some_and(|since| now.since(since) >= ARMING)
    }

    /// A button or finger went down.
    pub(super) fn press(&mut self, now: Moment, on: On, device: Device) {
        if self.press.is_some() || !self.armed(now) {
            // A second button, finger or mouse: whatever was meant, it is not one clear gesture.
            self.press = None;
            return;
        }
        self.press = Some(Press { on, device, since: now });
    }

    /// The pointer, still down, is not on the control any more.
    pub(super) fn strayed(&mut self) {
        self.press = None;
    }

    /// A button or finger went up, on `on`.
    #[must_use]
    pub(super) fn release(&mut self, now: Moment, on: On, device: &Device) -> Option<Decided> {
        let press = self.press.take()?;
        if press.on != on || press.device != *device || !self.armed(now) {
            return None;
        }
        match on {
            On::Approve if now.since(press.since) >= HOLD => {
                Some(Decided::Approve(GestureKind::Held, press.device))
            }
            On::Control(number) => Some(Decided::Control(number, press.device)),
            On::Approve | On::Elsewhere => None,
        }
    }

    /// A key went down, or repeats.
    pub(super) fn key_press(&mut self, now: Moment, code: u16, key: Key, device: Device) -> Stroke {
        if let Some(down) = self.keys.get(&code) {
            if down.counts {
                return Stroke::Counts { repeat: true };
            }
            self.begin_anew(now);
            return Stroke::Stale;
        }
        // Whatever else was begun is not one clear gesture any more.
        self.cancel();
        let counts = self.armed(now);
        let does = match key {
            // Another program can lock Ctrl, or hold one of its own, and make a chord of each Enter.
            Key::Chord => self.control.is_some(),
            Key::Works(_) => true,
            Key::Control | Key::Other => false,
        };
        if key == Key::Control {
            self.control = Some(code);
        } else if self.control.is_some_and(|control| !self.keys.contains_key(&control)) {
            self.control = None;
        }
        let will = (counts && does).then_some((key, device));
        self.keys.insert(code, KeyDown { counts, will });
        if !counts {
            self.begin_anew(now);
        }
        if counts { Stroke::Counts { repeat: false } } else { Stroke::Stale }
    }

    /// A key came before it could count: whoever types did not turn to the prompt yet. Somebody who
    /// types on in it, meaning another window, never arms it.
    fn begin_anew(&mut self, now: Moment) {
        self.quiet_since = self.quiet_since.map(|since| since.later(now));
    }

    /// A key went up.
    #[must_use]
    pub(super) fn key_release(
        &mut self,
        now: Moment,
        code: u16,
        device: &Device,
    ) -> Option<Decided> {
        let (key, by) = self.keys.remove(&code)?.will?;
        if by != *device || !self.armed(now) {
            return None;
        }
        match key {
            Key::Chord => Some(Decided::Approve(GestureKind::Chord, by)),
            Key::Works(number) => Some(Decided::Control(number, by)),
            Key::Control | Key::Other => None,
        }
    }

    /// How far the press on Approve is.
    #[must_use]
    pub(super) fn progress(&self, now: Moment) -> Progress {
        match &self.press {
            Some(Press { on: On::Approve, since, .. }) => {
                let part = now.since(*since).as_secs_f64() / HOLD.as_secs_f64();
                if part >= 1.0 { Progress::Enough } else { Progress::Holding(part) }
            }
            _ => Progress::None,
        }
    }
}

#[cfg(test)]
#[path = "gesture_tests.rs"]
mod tests;
