//! The deliberate gesture: what of the person's input is a decision, without the toolkit.
//!
//! **Promises.** Nothing counts before [`ARMING`] has passed since the prompt was shown, focused,
//! moved, restacked or redrawn (H5). Approve is a press held for [`HOLD`] and let go on the control,
//! or Ctrl+Enter pressed and let go; press and release come from one device, and any disturbance in
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

/// The gestures in progress. Times are of one steady clock.
#[derive(Debug, Default)]
pub(super) struct Gestures {
    quiet_since: Option<Duration>,
    press: Option<Press>,
    keys: BTreeMap<u16, KeyDown>,
}

#[derive(Debug)]
struct Press {
    on: On,
    device: Device,
    since: Duration,
}

#[derive(Debug)]
struct KeyDown {
    counts: bool,
    /// What letting it go will do, and whose it is.
    will: Option<(Key, Device)>,
}

impl Gestures {
    /// The prompt was shown, focused, moved, restacked or redrawn: arming starts anew, gestures end.
    pub(super) fn disturb(&mut self, now: Duration) {
        self.cancel();
        self.quiet_since = Some(now);
    }

    /// The prompt is hidden or has not the focus: nothing counts until the next [`Self::disturb`].
    pub(super) fn rest(&mut self) {
        self.cancel();
        self.quiet_since = None;
        // Releases are not seen from here on; a key that stays down comes back as a press and is
        // then held back by the arming time.
        self.keys.clear();
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
    pub(super) fn armed(&self, now: Duration) -> bool {
        self.quiet_since.is_some_and(|since| now.saturating_sub(since) >= ARMING)
    }

    /// A button or finger went down.
    pub(super) fn press(&mut self, now: Duration, on: On, device: Device) {
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
    pub(super) fn release(&mut self, now: Duration, on: On, device: &Device) -> Option<Decided> {
        let press = self.press.take()?;
        if press.on != on || press.device != *device || !self.armed(now) {
            return None;
        }
        match on {
            On::Approve if now.saturating_sub(press.since) >= HOLD => {
                Some(Decided::Approve(GestureKind::Held, press.device))
            }
            On::Control(number) => Some(Decided::Control(number, press.device)),
            On::Approve | On::Elsewhere => None,
        }
    }

    /// A key went down, or repeats.
    pub(super) fn key_press(
        &mut self,
        now: Duration,
        code: u16,
        key: Key,
        device: Device,
    ) -> Stroke {
        if let Some(down) = self.keys.get(&code) {
            return if down.counts { Stroke::Counts { repeat: true } } else { Stroke::Stale };
        }
        // Whatever else was begun is not one clear gesture any more.
        self.cancel();
        let counts = self.armed(now);
        let will = (counts && key != Key::Other).then_some((key, device));
        self.keys.insert(code, KeyDown { counts, will });
        if counts { Stroke::Counts { repeat: false } } else { Stroke::Stale }
    }

    /// A key went up.
    #[must_use]
    pub(super) fn key_release(
        &mut self,
        now: Duration,
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
            Key::Other => None,
        }
    }

    /// How far the press on Approve is.
    #[must_use]
    pub(super) fn progress(&self, now: Duration) -> Progress {
        match &self.press {
            Some(Press { on: On::Approve, since, .. }) => {
                let part = now.saturating_sub(*since).as_secs_f64() / HOLD.as_secs_f64();
                if part >= 1.0 { Progress::Enough } else { Progress::Holding(part) }
            }
            _ => Progress::None,
        }
    }
}

#[cfg(test)]
#[path = "gesture_tests.rs"]
mod tests;
