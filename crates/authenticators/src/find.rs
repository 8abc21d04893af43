//! Where keys come from: USB HID and PC/SC, each watched by a thread of its own.
//!
//! The library reads devices and speaks to readers while it is polled. On a thread of the daemon's
//! runtime one silent key would hold up everything else, so a bus has a small runtime for itself.
//!
//! **Promises.** A bus that cannot be watched (no reader service, no rights, a panic in the library)
//! says so in the log and leaves the others alone, and so does one that does not get on. Dropping
//! [`Arrivals`] ends the watching.
//!
//! **Never** open a key and keep it: who is not wanted is closed when [`Arrivals`] is dropped.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use webauthn_authenticator_rs::error::WebauthnCError;
use webauthn_authenticator_rs::nfc::NFCTransport;
use webauthn_authenticator_rs::transport::{Token, TokenEvent, Transport};
use webauthn_authenticator_rs::usb::USBTransport;

use crate::attached::Attached;

/// How long a bus may take to name what is there. A card needs half a second.
const NAMING: Duration = Duration::from_secs(3);

/// How long the last ceremony's keys may take to be let go.
const LETTING_GO: Duration = Duration::from_secs(2);

/// How long to look before looking anew.
const LOOK: Duration = Duration::from_secs(3);

/// What a bus says.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A key that can be spoken to.
    Key(Attached),
    /// Some key was taken out.
    Removed,
    /// All that were there at the beginning have been named.
    Named,
}

/// A way to keys. Watches until the channel closes.
pub(crate) trait Bus: Send + Sync {
    /// Begins to tell of keys.
    fn watch(&self, keys: Keys);
}

/// `/dev/hidraw*`.
pub(crate) struct Usb;

/// The PC/SC daemon's readers.
pub(crate) struct Cards;

impl Bus for Usb {
    fn watch(&self, keys: Keys) {
        on_a_thread(keys, async |keys| {
            let transport = USBTransport::new().await?;
            forward(transport, keys).await
        });
    }
}

impl Bus for Cards {
    fn watch(&self, keys: Keys) {
        if has_played_reader() {
            return tracing::warn!(
                "a virtual card reader is installed, on which any program can play a key: no reader is used"
            );
        }
        on_a_thread(keys.over("nfc"), async |keys| {
            let transport = NFCTransport::new(pcsc::Scope::User)?;
            forward(transport, keys).await
        });
    }
}

/// Runs a bus on a thread of its own, with a runtime that waits for nobody when it ends.
fn on_a_thread<F>(keys: Keys, watch: F)
where
    F: AsyncFnOnce(&mut Keys) -> Result<(), WebauthnCError> + Send + 'static,
{
    let word = keys.word;
    let run = move || {
        let mut keys = keys;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        let listening = keys.clone();
        let watched = runtime.block_on(async {
            let watching = AssertUnwindSafe(watch(&mut keys)).catch_unwind();
            tokio::select! {
                ended = watching => ended.unwrap_or(Err(WebauthnCError::Internal)),
                () = listening.unheard() => Ok(()),
            }
        });
        runtime.shutdown_background();
        if let Err(error) = watched {
            // Most machines have no reader.
            tracing::debug!("security keys over {word} cannot be watched: {error}");
        }
    };
    if let Err(error) = std::thread::Builder::new().name(format!("keys-{word}")).spawn(run) {
        tracing::warn!("security keys over {word} cannot be watched: {error}");
    }
}

/// A reader on which any program can play a card, and so learn a PIN: that of vsmartcard, which the
/// tests need. A debug build takes it.
fn has_played_reader() -> bool {
    if cfg!(debug_assertions) {
        return false;
    }
    let readers = pcsc::Context::establish(pcsc::Scope::User).and_then(|daemon| {
        let names = daemon.list_readers_owned()?;
        Ok(names.iter().any(|name| name.to_string_lossy().starts_with("Virtual PCD")))
    });
    readers.unwrap_or(false)
}

/// True if a key could be attached here at all.
pub(crate) fn usable() -> bool {
    let readers =
        std::env::var_os("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| "/run/pcscd/pcscd.comm".into());
    Path::new("/sys/class/hidraw").is_dir() || Path::new(&readers).exists()
}

async fn forward<'b, T>(transport: T, keys: &mut Keys) -> Result<(), WebauthnCError>
where
    T: Transport<'b>,
    T::Token: 'static,
{
    let mut events = transport.watch().await?;
    while let Some(event) = events.next().await {
        let open = match event {
            TokenEvent::Added(token) => keys.added(token).await,
            TokenEvent::Removed(_) => keys.say(Arrival::Removed).await,
            TokenEvent::EnumerationComplete => keys.say(Arrival::Named).await,
        };
        if !open {
            break;
        }
    }
    Ok(())
}

/// What is open, so that the next ceremony finds it closed: a card is not shared, and the library
/// looks at one that is in use once and never again.
#[derive(Debug, Default)]
pub(crate) struct Open(watch::Sender<()>);

impl Open {
    /// Stands for something that is open until it is dropped.
    pub(crate) fn guard(&self) -> Guard {
        Guard(self.0.subscribe())
    }

    /// Ends when nothing is open any more, or after [`LETTING_GO`].
    pub(crate) async fn closed(&self) {
        let _ = tokio::time::timeout(LETTING_GO, self.0.closed()).await;
    }
}

/// See [`Open::guard`].
#[derive(Clone, Debug)]
pub(crate) struct Guard(
    #[expect(dead_code, reason = "it is there to be dropped")] watch::Receiver<()>,
);

/// Opens the keys of a bus and tells of them.
#[derive(Clone)]
pub(crate) struct Keys {
    word: &'static str,
    tell: mpsc::Sender<Arrival>,
    /// Where the keys' threads wait for orders.
    runtime: Handle,
    guard: Guard,
}

impl Keys {
    /// False if nobody listens any more.
    pub(crate) async fn added<T: Token + 'static>(&mut self, token: T) -> bool {
        let opened = Attached::open(token, self.word, &self.runtime, self.guard.clone()).await;
        match opened {
            Ok(key) if key.info.speaks_ctap2 => self.say(Arrival::Key(key)).await,
            Ok(_) => !self.tell.is_closed(),
            Err(error) => {
                tracing::debug!("a key over {} does not say what it is: {error:?}", self.word);
                !self.tell.is_closed()
            }
        }
    }

    /// False if nobody listens any more.
    pub(crate) async fn say(&self, arrival: Arrival) -> bool {
        self.tell.send(arrival).await.is_ok()
    }

    /// Ends when nobody listens any more.
    pub(crate) async fn unheard(&self) {
        self.tell.closed().await;
    }

    /// Names the bus as the standard does.
    fn over(mut self, word: &'static str) -> Self {
        self.word = word;
        self
    }
}

/// What came.
pub(crate) enum Next {
    /// A key.
    Key(Attached),
    /// None so far.
    LookAnew,
    /// None will: nobody watches.
    Nothing,
}

/// What all buses say.
pub(crate) struct Arrivals {
    from: Vec<mpsc::Receiver<Arrival>>,
}

impl Arrivals {
    /// Begins to watch, once what was open before is closed.
    pub(crate) async fn watch(buses: &[Box<dyn Bus>], open: &Open) -> Self {
        open.closed().await;
        let mut from = Vec::new();
        for bus in buses {
            let (tell, hear) = mpsc::channel(16);
            bus.watch(Keys { word: "usb", tell, runtime: Handle::current(), guard: open.guard() });
            from.push(hear);
        }
        Self { from }
    }

    /// All keys that are there now: of every bus, until it has named them, given up or taken too
    /// long.
    pub(crate) async fn present(&mut self) -> Vec<Attached> {
        let until = Instant::now() + NAMING;
        let mut keys = Vec::new();
        for bus in &mut self.from {
            while let Ok(Some(arrival)) = tokio::time::timeout_at(until, bus.recv()).await {
                match arrival {
                    Arrival::Key(key) => keys.push(key),
                    Arrival::Removed => {}
                    Arrival::Named => break,
                }
            }
        }
        keys
    }

    /// The next key, if one comes while it is worth waiting: a card that another program held is
    /// seen only by looking anew.
    pub(crate) async fn next(&mut self) -> Next {
        let coming = async {
            loop {
                match self.any().await {
                    Some(Arrival::Key(key)) => return Next::Key(key),
                    Some(_) => {}
                    None => return Next::Nothing,
                }
            }
        };
        tokio::time::timeout(LOOK, coming).await.unwrap_or(Next::LookAnew)
    }

    /// Ends with the next removal, and never if nobody watches any more.
    pub(crate) async fn removal(&mut self) {
        while let Some(arrival) = self.any().await {
            if matches!(arrival, Arrival::Removed) {
                return;
            }
        }
        std::future::pending().await
    }

    async fn any(&mut self) -> Option<Arrival> {
        while !self.from.is_empty() {
            let heard = self.from.iter_mut().map(|bus| Box::pin(bus.recv()));
            let (arrival, which, _) = futures_util::future::select_all(heard).await;
            if arrival.is_some() {
                return arrival;
            }
            self.from.swap_remove(which);
        }
        None
    }
}
