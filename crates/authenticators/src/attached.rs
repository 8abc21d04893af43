//! One key that is attached: a library `Token` on a thread of its own.
//!
//! `Token`s can neither be cancelled nor given a deadline, some block while they transmit, and some
//! panic on an answer they did not expect. So each gets a thread, and orders go to it over a channel.
//!
//! **Promises.** Dropping the future of [`Attached::send`] cancels: the future is gone at once, and
//! the key is told as soon as its driver lets go of the message, which over USB is at once. A key
//! that was cancelled is not spoken to again. A panic in the driver is [`Fault::Driver`].
//!
//! **Never** share a key between two messages: the thread takes one order after the other.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use webauthn_authenticator_rs::error::{CtapError, WebauthnCError};
use webauthn_authenticator_rs::transport::Token;
use webauthn_authenticator_rs::types::{CableRequestType, CableState, EnrollSampleStatus};
use webauthn_authenticator_rs::ui::UiCallback;

use crate::ctap::{Fault, GET_INFO, Info};
use crate::find::Guard;

/// What a key says while it works on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    /// `STATUS_UPNEEDED`.
    TouchNeeded,
    /// `STATUS_PROCESSING`.
    Processing,
}

/// Hears what a key says meanwhile. Must not block.
pub(crate) type Listener = Arc<dyn Fn(KeepAlive) + Send + Sync>;

/// A key, with what it says of itself. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) info: Info,
    /// False for a card: laying it on the reader was the gesture.
    pub(crate) has_button: bool,
    /// `AuthenticatorTransport`.
    pub(crate) transport: &'static str,
    orders: mpsc::Sender<Order>,
}

struct Order {
    message: Vec<u8>,
    listener: Listener,
    reply: oneshot::Sender<Result<Vec<u8>, Fault>>,
}

impl Attached {
    /// Takes a token over and asks what it is. `transport` is the standard's word.
    /// Its thread waits for orders on `runtime` and keeps `guard` until the token is closed.
    pub(crate) async fn open<T: Token + 'static>(
        token: T,
        transport: &'static str,
        runtime: &Handle,
        guard: Guard,
    ) -> Result<Self, Fault> {
        let has_button = token.has_button();
        let (orders, incoming) = mpsc::channel(1);
        let runtime = runtime.clone();
        // Not a blocking task of the runtime: its end would wait for a driver that hangs.
        std::thread::Builder::new()
            .name("security-key".into())
            .spawn(move || {
                runtime.block_on(obey(token, incoming));
                drop(guard);
            })
            .map_err(|error| Fault::Driver(format!("no thread: {error}")))?;
        let mut key = Self { info: Info::default(), has_button, transport, orders };
        let info = key.send(vec![GET_INFO], Arc::new(|_| {})).await?;
        key.info = Info::read(&info)?;
        Ok(key)
    }

    /// One message and its answer without the status.
    pub(crate) async fn send(
        &self,
        message: Vec<u8>,
        listener: Listener,
    ) -> Result<Vec<u8>, Fault> {
        let gone = |_| Fault::Removed;
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order { message, listener, reply }).await.map_err(gone)?;
        answer.await.map_err(|_| Fault::Removed)?
    }
}

/// The thread of a token.
async fn obey<T: Token>(mut token: T, mut orders: mpsc::Receiver<Order>) {
    while let Some(Order { message, listener, mut reply }) = orders.recv().await {
        let ui = Callback(listener);
        let ended = {
            let transmitting = AssertUnwindSafe(token.transmit_raw(&message, &ui)).catch_unwind();
            tokio::select! {
                biased;
                () = reply.closed() => None,
                ended = transmitting => Some(ended),
            }
        };
        match ended {
            // Whoever asked may have gone meanwhile; then nobody wants the answer.
            Some(Ok(answer)) => drop(reply.send(answer.map_err(fault))),
            Some(Err(_panic)) => {
                let _ = reply.send(Err(Fault::Driver("the driver of the key gave up".into())));
                return;
            }
            None => {
                cancel(token).await;
                return;
            }
        }
    }
    close(token).await;
}

async fn cancel<T: Token>(mut token: T) {
    let cancelled = AssertUnwindSafe(token.cancel()).catch_unwind().await;
    if !matches!(cancelled, Ok(Ok(()))) {
        tracing::debug!("a key could not be told that it was cancelled");
    }
    close(token).await;
}

async fn close<T: Token>(mut token: T) {
    // It may be gone already; there is nothing to be done about it.
    let _ = AssertUnwindSafe(token.close()).catch_unwind().await;
}

fn fault(error: WebauthnCError) -> Fault {
    match error {
        WebauthnCError::Ctap(status) => Fault::Status(number(status)),
        WebauthnCError::PcscError(error) => match error {
            pcsc::Error::ServerTooBusy | pcsc::Error::NoMemory | pcsc::Error::SharingViolation => {
                Fault::Driver(error.to_string())
            }
            // A card that is taken away ends a transmission in many words.
            _ => Fault::Removed,
        },
        // A vanished device is an error of reading or writing it.
        WebauthnCError::HidError(_) | WebauthnCError::IoError(_) | WebauthnCError::Closed => {
            Fault::Removed
        }
        WebauthnCError::ApduTransmission => Fault::Unanswered,
        other => Fault::Driver(other.to_string()),
    }
}

fn number(status: CtapError) -> u8 {
    status.into()
}

/// The library's callbacks, of which two mean something.
struct Callback(Listener);

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

impl UiCallback for Callback {
    fn request_pin(&self) -> Option<String> {
        // Its own ceremony is not used: no PIN goes this way.
        None
    }

    fn request_touch(&self) {
        (self.0)(KeepAlive::TouchNeeded);
    }

    fn processing(&self) {
        (self.0)(KeepAlive::Processing);
    }

    fn fingerprint_enrollment_feedback(&self, _: u32, _: Option<EnrollSampleStatus>) {}

    fn cable_qr_code(&self, _: CableRequestType, _: String) {}

    fn dismiss_qr_code(&self) {}

    fn cable_status_update(&self, _: CableState) {}
}
