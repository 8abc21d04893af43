//! A ceremony's line to the person and to one key.
//!
//! **Promises.** The person hears of a step once, not with every keep-alive of the key. While the
//! person types a PIN, a key that is taken out ends the ceremony.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use placet_core::passkey::{CeremonyFault, CeremonyStep};
use placet_core::ports::CeremonyUi;
use placet_core::secret::Secret;

use crate::attached::{Attached, KeepAlive, Listener};
use crate::ctap::{Fault, GET_INFO};
use crate::find::Arrivals;

/// How long a key that was taken out may go unnoticed.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The person's side, which remembers what it said last.
pub(crate) struct Says<U> {
    ui: U,
    last: Mutex<Option<CeremonyStep>>,
}

impl<U: CeremonyUi> Says<U> {
    pub(crate) fn new(ui: U) -> Arc<Self> {
        Arc::new(Self { ui, last: Mutex::new(None) })
    }

    pub(crate) fn step(&self, step: CeremonyStep) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != Some(step) {
            *last = Some(step);
            self.ui.step(step);
        }
    }

    async fn pin(&self, retries_left: Option<u8>, wrong_before: bool) -> Option<Secret> {
        // The next step is news again.
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.ui.pin(retries_left, wrong_before).await
    }

    /// What a key says, as a step.
    fn listener(self: &Arc<Self>) -> Listener {
        let says = Arc::clone(self);
        Arc::new(move |said| {
            says.step(match said {
                KeepAlive::TouchNeeded => CeremonyStep::Touch,
                KeepAlive::Processing => CeremonyStep::Working,
            });
        })
    }
}

/// The key that was chosen.
pub(crate) struct Channel<U> {
    pub(crate) key: Attached,
    says: Arc<Says<U>>,
    arrivals: Arrivals,
}

impl<U: CeremonyUi> Channel<U> {
    pub(crate) fn new(key: Attached, says: Arc<Says<U>>, arrivals: Arrivals) -> Self {
        Self { key, says, arrivals }
    }

    /// A message that needs nobody.
    pub(crate) async fn send(&self, message: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.says.step(CeremonyStep::Working);
        self.ask(message).await
    }

    /// A message that the key answers once it was touched.
    pub(crate) async fn send_touched(&self, message: Vec<u8>) -> Result<Vec<u8>, Fault> {
        // A card has no way to say that it waits, and some keys say it late.
        self.says.step(CeremonyStep::Touch);
        self.ask(message).await
    }

    async fn ask(&self, message: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let answer = self.key.send(message, self.says.listener()).await;
        if answer == Err(Fault::Unanswered) && !self.is_there().await {
            return Err(Fault::Removed);
        }
        answer
    }

    /// Asks the key something that it can always answer.
    async fn is_there(&self) -> bool {
        let answer = self.key.send(vec![GET_INFO], Arc::new(|_| {})).await;
        matches!(answer, Ok(_) | Err(Fault::Status(_)))
    }

    /// The PIN that the person types.
    pub(crate) async fn pin(
        &mut self,
        retries_left: u8,
        wrong_before: bool,
    ) -> Result<Secret, CeremonyFault> {
        let says = Arc::clone(&self.says);
        let typing = std::pin::pin!(says.pin(Some(retries_left), wrong_before));
        let leaving = std::pin::pin!(self.removed());
        match select(typing, leaving).await {
            Either::Left((typed, _)) => typed.ok_or(CeremonyFault::Cancelled),
            Either::Right(((), _)) => Err(CeremonyFault::Removed),
        }
    }

    /// Ends when the key is gone. A bus says that some key was taken out and not which one, and of a
    /// card that is in use it says nothing; so this one is asked, then and each second.
    async fn removed(&mut self) {
        loop {
            let _ = tokio::time::timeout(ASK_AGAIN, self.arrivals.removal()).await;
            if !self.is_there().await {
                return;
            }
        }
    }
}
