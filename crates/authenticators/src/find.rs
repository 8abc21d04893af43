//! Where keys come from: USB HID and PC/SC, each watched by a task of its own.
//!
//! **Promises.** One that cannot be watched (no reader service, no rights, a panic in the library)
//! says so in the log and leaves the others alone. Dropping [`Arrivals`] ends the watching.
//!
//! **Never** open a key and keep it: who is not wanted is closed when [`Arrivals`] is dropped.

use std::path::Path;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use webauthn_authenticator_rs::error::WebauthnCError;
use webauthn_authenticator_rs::nfc::NFCTransport;
use webauthn_authenticator_rs::transport::{TokenEvent, Transport};
use webauthn_authenticator_rs::usb::USBTransport;

use crate::attached::Attached;

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
    /// Starts a task that tells of keys.
    fn watch(&self, tell: mpsc::Sender<Arrival>, tasks: &mut JoinSet<()>);
}

/// `/dev/hidraw*`.
pub(crate) struct Usb;

/// The PC/SC daemon's readers.
pub(crate) struct Cards;

impl Bus for Usb {
    fn watch(&self, tell: mpsc::Sender<Arrival>, tasks: &mut JoinSet<()>) {
        tasks.spawn(async move {
            let watched = match USBTransport::new().await {
                Ok(transport) => forward(transport, "usb", tell).await,
                Err(error) => Err(error),
            };
            if let Err(error) = watched {
                tracing::warn!("security keys over USB cannot be watched: {error}");
            }
        });
    }
}

impl Bus for Cards {
    fn watch(&self, tell: mpsc::Sender<Arrival>, tasks: &mut JoinSet<()>) {
        tasks.spawn(async move {
            // This connects to a daemon, which may hang.
            let opened = tokio::task::spawn_blocking(|| NFCTransport::new(pcsc::Scope::User)).await;
            let watched = match opened {
                Ok(Ok(transport)) => forward(transport, "nfc", tell).await,
                Ok(Err(error)) => Err(error),
                Err(_panic) => Err(WebauthnCError::Internal),
            };
            if let Err(error) = watched {
                // Most machines have no reader.
                tracing::debug!("security keys on readers cannot be watched: {error}");
            }
        });
    }
}

/// True if a key could be attached here at all.
pub(crate) fn usable() -> bool {
    let readers =
        std::env::var_os("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| "/run/pcscd/pcscd.comm".into());
    Path::new("/sys/class/hidraw").is_dir() || Path::new(&readers).exists()
}

async fn forward<'b, T>(
    transport: T,
    word: &'static str,
    tell: mpsc::Sender<Arrival>,
) -> Result<(), WebauthnCError>
where
    T: Transport<'b> + Sync,
    T::Token: 'static,
{
    let mut events = transport.watch().await?;
    let mut keys = Keys::new(word, tell);
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

/// Opens keys and tells of them.
pub(crate) struct Keys {
    word: &'static str,
    tell: mpsc::Sender<Arrival>,
}

impl Keys {
    pub(crate) fn new(word: &'static str, tell: mpsc::Sender<Arrival>) -> Self {
        Self { word, tell }
    }

    /// False if nobody listens any more.
    pub(crate) async fn added<T>(&mut self, token: T) -> bool
    where
        T: webauthn_authenticator_rs::transport::Token + 'static,
    {
        match Attached::open(token, self.word).await {
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
}

/// What all buses say.
pub(crate) struct Arrivals {
    from: Vec<mpsc::Receiver<Arrival>>,
    /// Ends with us.
    _tasks: JoinSet<()>,
}

impl Arrivals {
    /// Begins to watch.
    pub(crate) fn watch(buses: &[Box<dyn Bus>]) -> Self {
        let mut tasks = JoinSet::new();
        let mut watch = |bus: &Box<dyn Bus>| {
            let (tell, hear) = mpsc::channel(16);
            bus.watch(tell, &mut tasks);
            hear
        };
        Self { from: buses.iter().map(&mut watch).collect(), _tasks: tasks }
    }

    /// All keys that are there now: of every bus, until it has named them or given up.
    pub(crate) async fn present(&mut self) -> Vec<Attached> {
        let mut keys = Vec::new();
        for bus in &mut self.from {
            while let Some(arrival) = bus.recv().await {
                match arrival {
                    Arrival::Key(key) => keys.push(key),
                    Arrival::Removed => {}
                    Arrival::Named => break,
                }
            }
        }
        keys
    }

    /// The next key, or `None` if nobody watches any more.
    pub(crate) async fn next(&mut self) -> Option<Attached> {
        loop {
            if let Arrival::Key(key) = self.any().await? {
                return Some(key);
            }
        }
    }

    /// Ends with the next removal; false if nobody watches any more.
    pub(crate) async fn removal(&mut self) -> bool {
        while let Some(arrival) = self.any().await {
            if matches!(arrival, Arrival::Removed) {
                return true;
            }
        }
        false
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
