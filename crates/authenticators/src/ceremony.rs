//! A ceremony from beginning to end: find, choose, verify, sign, look.
//!
//! **Promises.** It ends by its deadline, whatever a key or a driver does.
//!
//! **Never** keep anything of a ceremony: signature counters are on record, where the rules hold
//! them against each other.

use std::sync::Arc;
use std::time::Duration;

use placet_core::creation::{Created, Creation};
use placet_core::passkey::{Assertion, CeremonyFault, Wanted};
use placet_core::ports::{Authenticators, CeremonyUi};

use crate::assertion::sign;
use crate::channel::{Channel, Says};
use crate::choose::choose;
use crate::creation::make;
use crate::find::{Bus, Cards, Open, Usb, usable};

/// The security keys of this machine.
pub struct SecurityKeys {
    buses: Vec<Box<dyn Bus>>,
    pub(crate) open: Open,
}

impl Default for SecurityKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl SecurityKeys {
    /// Over USB and on readers. Nothing is opened before a ceremony begins.
    #[must_use]
    pub fn new() -> Self {
        Self::over(vec![Box::new(Usb), Box::new(Cards)])
    }

    pub(crate) fn over(buses: Vec<Box<dyn Bus>>) -> Self {
        Self { buses, open: Open::default() }
    }

    /// The key that is to be used.
    async fn channel<U: CeremonyUi>(&self, ui: U) -> Result<Channel<U>, CeremonyFault> {
        let says = Says::new(ui);
        let (key, arrivals) = choose(&self.buses, &self.open, &says).await?;
        Ok(Channel::new(key, Arc::clone(&says), arrivals))
    }
}

impl Authenticators for SecurityKeys {
    fn usable(&self) -> bool {
        usable()
    }

    async fn assert<U: CeremonyUi>(
        &self,
        wanted: Wanted,
        ui: U,
    ) -> Result<Assertion, CeremonyFault> {
        let timeout = wanted.timeout;
        within(timeout, async {
            let mut channel = self.channel(ui).await?;
            sign(&mut channel, &wanted).await
        })
        .await
    }

    async fn create<U: CeremonyUi>(
        &self,
        wanted: Creation,
        ui: U,
    ) -> Result<Created, CeremonyFault> {
        let timeout = wanted.timeout;
        within(timeout, async {
            let mut channel = self.channel(ui).await?;
            make(&mut channel, &wanted).await
        })
        .await
    }
}

async fn within<T>(
    timeout: Duration,
    ceremony: impl Future<Output = Result<T, CeremonyFault>>,
) -> Result<T, CeremonyFault> {
    match tokio::time::timeout(timeout, ceremony).await {
        Ok(ended) => ended,
        Err(_elapsed) => Err(CeremonyFault::Deadline),
    }
}
