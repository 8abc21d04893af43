//! Which key, if several are attached.
//!
//! **Promises.** A single key is taken as it is. Among several the person chooses by touching one;
//! a card on a reader was chosen by laying it there. The others are told that it is over.

use std::sync::Arc;

use ciborium::Value;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use placet_core::passkey::{CeremonyFault, CeremonyStep};
use placet_core::ports::CeremonyUi;

use crate::attached::Attached;
use crate::channel::Says;
use crate::ctap::{Fault, MAKE_CREDENTIAL, SELECTION, message, status, words};
use crate::find::{Arrivals, Bus, Next, Open};

/// Waits until there is a key, and chooses one. What watches goes on watching.
pub(crate) async fn choose<U: CeremonyUi>(
    buses: &[Box<dyn Bus>],
    open: &Open,
    says: &Arc<Says<U>>,
) -> Result<(Attached, Arrivals), CeremonyFault> {
    loop {
        let mut arrivals = Arrivals::watch(buses, open).await;
        let mut present = arrivals.present().await;
        if present.is_empty() {
            says.step(CeremonyStep::Looking);
            match arrivals.next().await {
                Next::Key(key) => present.push(key),
                Next::LookAnew => continue,
                Next::Nothing => return Err(CeremonyFault::NoAuthenticator),
            }
        }
        return Ok((among(present, says).await?, arrivals));
    }
}

/// One of these.
async fn among<U: CeremonyUi>(
    mut present: Vec<Attached>,
    says: &Says<U>,
) -> Result<Attached, CeremonyFault> {
    // One that cannot verify anybody is no choice, unless there is no other: then it says why not.
    if present.iter().any(|key| key.info.can_verify()) {
        present.retain(|key| key.info.can_verify());
    }
    if present.len() > 1 {
        says.step(CeremonyStep::Choosing);
        return touched(present).await;
    }
    present.pop().ok_or(CeremonyFault::NoAuthenticator)
}

/// The first that is touched.
async fn touched(present: Vec<Attached>) -> Result<Attached, CeremonyFault> {
    let mut waiting: FuturesUnordered<_> = present
        .into_iter()
        .map(|key| async move {
            let touched = touch(&key).await;
            (key, touched)
        })
        .collect();
    let mut last = CeremonyFault::NoAuthenticator;
    while let Some((key, touched)) = waiting.next().await {
        match touched {
            Ok(()) => return Ok(key),
            Err(fault) => last = fault.into(),
        }
    }
    Err(last)
}

async fn touch(key: &Attached) -> Result<(), Fault> {
    if !key.has_button {
        return Ok(());
    }
    let quiet = Arc::new(|_| {});
    if key.info.speaks_ctap21 {
        return key.send(vec![SELECTION], quiet).await.map(|_| ());
    }
    // CTAP 2.0 has no selection. An empty pinUvAuthParam makes the key wait for a touch and then
    // refuse (CTAP 2.0, 5.1, step 1), whatever the rest says.
    let name = |name: &str| Value::from(name);
    let asked = message(
        MAKE_CREDENTIAL,
        vec![
            (1, Value::from(&[0; 32][..])),
            (2, words([("id", name("selection.invalid")), ("name", name("selection.invalid"))])),
            (3, words([("id", Value::from(&[0][..])), ("name", name("selection.invalid"))])),
            (
                4,
                Value::Array(vec![words([("alg", Value::from(-7)), ("type", name("public-key"))])]),
            ),
            (8, Value::Bytes(Vec::new())),
            // Not in the standard, and wanted by some keys.
            (9, Value::from(1)),
        ],
    );
    match key.send(asked, quiet).await {
        Err(Fault::Status(
            status::PIN_INVALID | status::PIN_AUTH_INVALID | status::PIN_NOT_SET,
        )) => Ok(()),
        Err(fault) => Err(fault),
        Ok(_) => Err(Fault::Malformed("a passkey that nobody asked for")),
    }
}
