//! The software passkey of the stage behind the port of the authenticators, as a security key that a
//! test plays: with a PIN, a touch that is waited for, a removal.
//!
//! Test support: it panics where a test would. Nothing of it is in the app.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "test support: a failure here is the test's failure"
)]

use std::sync::{Arc, Mutex, PoisonError};

use placet_core::creation::{Created, Creation};
use placet_core::passkey::{
    Assertion, AuthenticatorAttachment, CeremonyFault, CeremonyStep, Keeping, Wanted,
};
use placet_core::ports::{Authenticators, CeremonyUi};
use placet_stage::softkey::SoftKey;
use tokio::sync::watch;

/// A key that is played. Clones are the same key.
#[derive(Clone, Debug)]
pub struct Played(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: Mutex<SoftKey>,
    pin: Option<&'static str>,
    keeping: Keeping,
    touched: watch::Sender<bool>,
    state: watch::Sender<State>,
}

/// What a test can look at, or wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Ceremonies that began.
    pub begun: u32,
    /// Those that wait for a touch now.
    pub waiting: u32,
    /// Those that were dropped before they ended.
    pub dropped: u32,
    /// Assertions that were given.
    pub signed: u32,
}

impl Default for Played {
    fn default() -> Self {
        Self::new(None, Keeping::Hardware)
    }
}

impl Played {
    /// With this PIN, or none. The person touches it at once.
    #[must_use]
    pub fn new(pin: Option<&'static str>, keeping: Keeping) -> Self {
        Self(Arc::new(Inner {
            key: Mutex::new(SoftKey::default()),
            pin,
            keeping,
            touched: watch::Sender::new(true),
            state: watch::Sender::default(),
        }))
    }

    /// The key itself, to register it or to make it lie.
    pub fn key<T>(&self, with: impl FnOnce(&mut SoftKey) -> T) -> T {
        with(&mut self.0.key.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the person touches it when it asks.
    pub fn touch(&self, touches: bool) {
        self.0.touched.send_replace(touches);
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        *self.0.state.borrow()
    }

    /// Waits until it stands so.
    pub async fn until(&self, so: impl FnMut(&State) -> bool) -> State {
        *self.0.state.subscribe().wait_for(so).await.unwrap()
    }

    fn count(&self, change: impl FnOnce(&mut State)) {
        self.0.state.send_modify(change);
    }

    /// The PIN, if it has one, and the touch.
    async fn verified<U: CeremonyUi>(&self, ui: &U) -> Result<(), CeremonyFault> {
        self.count(|state| state.begun += 1);
        let mut begun = Begun { key: self, waiting: false, ended: false };
        let (mut wrong_before, mut left) = (false, 8);
        while let Some(pin) = self.0.pin {
            let Some(typed) = ui.pin(Some(left), wrong_before).await else {
                begun.ended = true;
                return Err(CeremonyFault::Cancelled);
            };
            if typed.expose() == pin {
                break;
            }
            (wrong_before, left) = (true, left - 1);
        }
        ui.step(CeremonyStep::Touch);
        self.count(|state| state.waiting += 1);
        begun.waiting = true;
        self.0.touched.subscribe().wait_for(|touched| *touched).await.unwrap();
        begun.ended = true;
        Ok(())
    }
}

/// Counts a ceremony that ends without having ended by itself.
struct Begun<'a> {
    key: &'a Played,
    waiting: bool,
    ended: bool,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.key.count(|state| {
            state.waiting -= u32::from(self.waiting);
            state.dropped += u32::from(!self.ended);
        });
    }
}

impl Authenticators for Played {
    fn usable(&self) -> bool {
        true
    }

    async fn assert<U: CeremonyUi>(
        &self,
        wanted: Wanted,
        ui: U,
    ) -> Result<Assertion, CeremonyFault> {
        self.verified(&ui).await?;
        let allowed: Vec<Vec<u8>> =
            wanted.allow_credentials.iter().map(|one| one.id.clone()).collect();
        let signed = self
            .key(|key| key.sign(&wanted.rp_id, &wanted.client_data.hash(), &allowed))
            .ok_or(CeremonyFault::NoCredential)?;
        self.count(|state| state.signed += 1);
        Ok(Assertion {
            credential_id: signed.credential_id,
            authenticator_data: signed.authenticator_data,
            signature: signed.signature,
            user_handle: None,
            authenticator_attachment: AuthenticatorAttachment::CrossPlatform,
            keeping: self.0.keeping,
        })
    }

    async fn create<U: CeremonyUi>(
        &self,
        wanted: Creation,
        ui: U,
    ) -> Result<Created, CeremonyFault> {
        self.verified(&ui).await?;
        let excluded = |key: &mut SoftKey| {
            wanted.exclude_credentials.iter().any(|one| key.has(&wanted.rp_id, &one.id))
        };
        if self.key(excluded) {
            return Err(CeremonyFault::Excluded);
        }
        let made = self.key(|key| key.make(&wanted.rp_id)).unwrap();
        Ok(Created {
            authenticator_data: made.authenticator_data,
            credential_id: made.credential_id,
            attestation_object: made.attestation_object,
            algorithm: -7,
            transports: vec!["usb"],
        })
    }
}
