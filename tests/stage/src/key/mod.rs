//! A security key that is played: CTAP 2.0 or 2.1 with a real PIN protocol, real signatures, a
//! touch that comes when told, removal at any moment, and lies on command.
//!
//! [`StageKey`] is the key in the hand: it is told what the person does (touch, remove, insert) and
//! how it is to lie. [`StageKey::transmit`] is its one wire: a CTAP2 message in, an answer out.
//! [`card`] puts it on a virtual card reader, [`reader`] starts such a reader, and the program
//! `stage-key` is both for a demo.
//!
//! Promises: a wrong PIN costs a try as it does on a real key, three in a row need a new insertion,
//! eight are the end. Every lie changes exactly what its name says.
//!
//! Must never: be linked into the product. Its keys live in memory and are made for tests.

pub mod card;
mod cbor;
mod commands;
mod crypto;
mod lie;
mod pin;
pub mod reader;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub use commands::{CREDENTIAL, INFO, PIN, SELECTION, SIGN};
pub use lie::Lie;
pub use state::{Credential, Settings, Version};

use state::State;

/// What a stage key says of itself, for a log or a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A command arrived, by its number.
    Command(u8),
    /// It waits for a touch, in this command.
    Waiting(u8),
    /// It was touched.
    Touched,
    /// The command ended with this status.
    Status(u8),
    /// The host took its command back.
    Cancelled,
}

/// The key in the hand. Clones are the same key.
#[derive(Clone, Debug)]
pub struct StageKey {
    state: Arc<Mutex<State>>,
    hand: Arc<watch::Sender<Hand>>,
    events: Arc<watch::Sender<Vec<Event>>>,
}

/// What the person's hand does.
#[derive(Clone, Debug)]
struct Hand {
    /// Touches that no command used yet.
    touches: u32,
    /// Every wish for a touch is met at once.
    touching: bool,
    inserted: bool,
    /// Counts removals, so that one that was undone at once is still seen.
    removals: u32,
}

impl StageKey {
    /// A key that lies in its slot and is touched only when told.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let hand = Hand { touches: 0, touching: false, inserted: true, removals: 0 };
        Self {
            state: Arc::new(Mutex::new(State::new(settings))),
            hand: Arc::new(watch::Sender::new(hand)),
            events: Arc::new(watch::Sender::new(Vec::new())),
        }
    }

    /// One touch. It waits for the command that wants it.
    pub fn touch(&self) {
        self.hand.send_modify(|hand| hand.touches += 1);
    }

    /// From now on every wish for a touch is met at once, or not any more.
    pub fn keep_touching(&self, touching: bool) {
        self.hand.send_modify(|hand| hand.touching = touching);
    }

    /// Pulls it out. A command that runs ends without an answer.
    pub fn remove(&self) {
        self.hand.send_modify(|hand| {
            hand.inserted = false;
            hand.removals += 1;
            hand.touches = 0;
        });
        self.power_off();
    }

    /// Takes the power away and gives it back, as a reader does: tokens are void, and three wrong
    /// PINs in a row are forgiven.
    pub fn power_off(&self) {
        self.state().power_off();
    }

    /// Puts it back.
    pub fn insert(&self) {
        self.hand.send_modify(|hand| hand.inserted = true);
    }

    /// True if it lies in its slot.
    #[must_use]
    pub fn is_inserted(&self) -> bool {
        self.hand.borrow().inserted
    }

    /// Ends when it lies in its slot (`true`), or does not (`false`).
    pub async fn inserted(&self, wanted: bool) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.hand.subscribe().wait_for(|hand| hand.inserted == wanted).await;
    }

    /// From now on it lies like this; `None` is the truth.
    pub fn lie(&self, lie: Option<Lie>) {
        self.state().lie = lie;
    }

    /// Makes a credential without a ceremony, for a relying party that knows it already.
    pub fn credential(&self, rp_id: &str, user_handle: &[u8]) -> Credential {
        self.state().new_credential(rp_id, user_handle)
    }

    /// Its PIN from now on, as if set before it came here.
    pub fn set_pin(&self, pin: &str) {
        self.state().settings.pin = Some(pin.to_owned());
    }

    /// PIN tries that are left.
    #[must_use]
    pub fn retries(&self) -> u8 {
        self.state().retries
    }

    /// What happened so far, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// Ends when an event that `wanted` knows is among those after the first `after`.
    pub async fn event(&self, after: usize, wanted: impl Fn(&Event) -> bool) {
        let mut events = self.events.subscribe();
        let _ = events.wait_for(|all| all.iter().skip(after).any(&wanted)).await;
    }

    /// Everything that happens from now on, as a list that grows.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Vec<Event>> {
        self.events.subscribe()
    }

    /// A CTAP2 message: the command's number and its CBOR. The answer is the status and its CBOR;
    /// `None` if it was pulled out before. Dropping the future cancels the command.
    pub async fn transmit(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (&command, body) = message.split_first()?;
        let mut hand = self.hand.subscribe();
        let removals = {
            let now = hand.borrow_and_update();
            if !now.inserted {
                return None;
            }
            now.removals
        };
        self.tell(Event::Command(command));
        let running = Running { key: self, done: false };
        // What the command wants checked first is checked before a touch is asked for, as keys do.
        let wants_touch = self.state().wants_touch(command, body);
        if wants_touch {
            self.tell(Event::Waiting(command));
            let touched = hand
                .wait_for(|now| now.removals != removals || now.touching || now.touches > 0)
                .await
                .is_ok_and(|now| now.removals == removals);
            if !touched {
                running.done();
                return None;
            }
            self.hand.send_modify(|now| now.touches = now.touches.saturating_sub(1));
            self.tell(Event::Touched);
        }
        let answer = self.state().answer(command, body);
        running.done();
        self.tell(Event::Status(answer.first().copied().unwrap_or_default()));
        Some(answer)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        self.events.send_modify(|events| events.push(event));
    }
}

/// A command between its arrival and its answer; dropped before, it was cancelled.
struct Running<'a> {
    key: &'a StageKey,
    done: bool,
}

impl Running<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.key.tell(Event::Cancelled);
        }
    }
}
