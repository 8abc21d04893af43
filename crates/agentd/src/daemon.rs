//! Placet without its window: started, watched, paused, stopped.
//!
//! **Promises.** [`Daemon::start`] returns once the socket takes connections. [`Daemon::stop`]
//! ends every prompt, records every end and closes the record; dropping a [`Daemon`] ends the
//! prompts too, and the next start records the ends (F8).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use placet_core::account::Installation;
use placet_core::ours;
use placet_core::outcome::Reason;
use placet_core::ports::{
    Authenticators, Clock as _, Entry, Event, NotRecorded, Record as _, Servers, Station,
    Surroundings,
};
use placet_core::request::{RequestId, Timestamp};
use placet_core::settings::{Change, Setting, Settings, Unfit};
use placet_keys::{Key, KeyTrouble, Seal, Use};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::RealClock;
use crate::desk::{Board, Desk, Found, Waiting, Window};
pub use crate::server::listener::SocketError;
use crate::server::listener::{self, Socket};
use crate::server::peer::Hashes;
use crate::server::pending::Registry;
use crate::server::{House, LARGE_AT_ONCE, Shared};
use crate::store::history::History;
use crate::store::{Keys, State, Store, StoreError, StoreThread};

/// With more entries than this, the history's index is brought up to date at the start and not when
/// somebody looks: it takes longer than a glance.
const MANY: u64 = 5_000;

/// What a daemon is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Our own folder for the socket and its lock: `$XDG_RUNTIME_DIR/placet`.
    pub runtime_dir: PathBuf,
    /// Our own folder for the record: `$XDG_STATE_HOME/placet`.
    pub state_dir: PathBuf,
    /// The socket, if it is not `agent.sock` in the runtime folder. Its folder must be private too.
    pub socket: Option<PathBuf>,
    /// What the installation and the session can hold.
    pub surroundings: Surroundings,
    /// Where it was started, for the record and for `status`.
    pub station: Station,
    /// The program's version.
    pub version: String,
    /// `http://localhost` issuers may be enrolled (A27): for development.
    pub allow_http_loopback: bool,
}

/// Why the daemon did not start. A record that is damaged, newer or cannot be written is not among
/// these: it starts in trouble then
/// and refuses every request (R8), see [`Daemon::health`].
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The record.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// Changes that wait to be put as a question; each takes a moment.
const CHANGES: usize = 4;

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    house: Arc<House>,
    record: StoreThread,
    accepting: JoinHandle<()>,
    stop: DropGuard,
    socket: PathBuf,
}

impl Daemon {
    /// Starts on the current tokio runtime, with the authorization servers over HTTP.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start<W: Window, A: Authenticators + 'static>(
        options: Options,
        window: Arc<W>,
        authenticators: A,
    ) -> Result<Self, StartError> {
        let servers = placet_fipa::Client::new(placet_fipa::ClientOptions {
            danger_allow_http_loopback: options.allow_http_loopback,
            ..placet_fipa::ClientOptions::default()
        });
        let speaker = servers.clone();
        let known = move |store: &Store| speaker.speak_as(Arc::new(InstanceKey(store.keys())));
        Self::prepared(options, window, servers, authenticators, known).await
    }

    /// Starts on the current tokio runtime, with these servers and authenticators.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_with<W: Window, S: Servers + 'static, A: Authenticators + 'static>(
        options: Options,
        window: Arc<W>,
        servers: S,
        authenticators: A,
    ) -> Result<Self, StartError> {
        Self::prepared(options, window, servers, authenticators, |_| {}).await
    }

    /// `prepare` is called when the record is open, and before anybody is heard.
    async fn prepared<W: Window, S: Servers + 'static, A: Authenticators + 'static>(
        options: Options,
        window: Arc<W>,
        servers: S,
        authenticators: A,
        prepare: impl FnOnce(&Store),
    ) -> Result<Self, StartError> {
        let clock = RealClock;
        let path = options.socket.unwrap_or_else(|| options.runtime_dir.join("agent.sock"));
        // The socket's lock comes first: a second daemon must not touch the record.
        let socket = Socket::bind(&path)?;
        let socket_path = socket.path().to_owned();
        let (folder, now) = (options.state_dir, clock.now());
        let history = History::new(&folder);
        let (version, station) = (options.version.clone(), Some(options.station.clone()));
        let started = Event::Started { version, station };
        let opened = tokio::task::spawn_blocking(move || Store::open(&folder, started, now)).await;
        let (store, record) =
            opened.map_err(|error| StoreError::Io(error.to_string())).and_then(|opened| opened)?;
        prepare(&store);
        let board = Arc::new(Board::default());
        let (changes, to_ask) = mpsc::channel(CHANGES);
        let house = Arc::new(House {
            store,
            history,
            board: Arc::clone(&board),
            registry: Registry::default(),
            clock,
            hashes: Hashes::default(),
            surroundings: options.surroundings,
            station: options.station,
            version: options.version,
            allow_http_loopback: options.allow_http_loopback,
            started_ms: clock.awake_and_asleep(),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            connections: AtomicU64::new(0),
            changes,
            switched: watch::Sender::new(()),
        });
        if house.store.state().entries() > MANY {
            let house = Arc::clone(&house);
            // Nobody waits for it; who looks before it is done waits a little longer.
            tokio::task::spawn_blocking(move || {
                if let Err(error) = house.history.warm() {
                    tracing::warn!(%error, "the history cannot be searched yet");
                }
            });
        }
        let desk = Desk::new(window, board);
        let shared = Shared { house: Arc::clone(&house), desk, servers, authenticators };
        let stop = CancellationToken::new();
        let accepting =
            tokio::spawn(listener::accept(socket, Arc::new(shared), to_ask, stop.clone()));
        Ok(Self { house, record, accepting, stop: stop.drop_guard(), socket: socket_path })
    }

    /// Where the socket is.
    #[must_use]
    pub fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// What waits for the person, in order, the one on the screen first.
    #[must_use]
    pub fn waiting(&self) -> watch::Receiver<Vec<Waiting>> {
        self.house.board.waiting()
    }

    /// What is wrong with the record; `None` is well. While it is damaged or cannot be written,
    /// every request ends as a no (`record_unwritable`).
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Option<StoreError>> {
        self.house.store.trouble()
    }

    /// A handle for the tray and the prompt, cheap to clone.
    #[must_use]
    pub fn switches(&self) -> Switches {
        Switches { house: Arc::clone(&self.house), socket: Arc::from(self.socket.as_path()) }
    }

    /// Ends every prompt, waits until each end is told and recorded, closes the record.
    pub async fn stop(self) {
        let Self { house, record, accepting, stop, socket: _ } = self;
        house.registry.close();
        drop(stop);
        // A panic there has ended all that it did.
        let _ = accepting.await;
        let _ = tokio::task::spawn_blocking(move || record.close()).await;
    }
}

/// The key of this installation, for the client of the servers.
#[derive(Debug)]
struct InstanceKey(watch::Receiver<Keys>);

impl InstanceKey {
    fn key(&self) -> Option<Key> {
        self.0.borrow().of(Use::Instance).as_ref().ok().cloned()
    }
}

impl placet_fipa::Instance for InstanceKey {
    fn installation(&self) -> Option<Installation> {
        let key = self.key()?;
        Some(Installation { kid: key.kid().to_owned(), kept: key.seal().sentence() })
    }

    fn public_jwk(&self) -> Option<serde_json::Value> {
        self.key().map(|key| key.public_jwk())
    }

    fn sign(&self, claims: &serde_json::Value) -> Option<String> {
        self.key()?.sign_jwt("JWT", claims).ok()
    }
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is so now.
    Done,
    /// The prompt asks the person.
    Asked,
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// The value.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Others wait to be asked.
    #[error("{}", ours!("unfit-busy").as_str())]
    Busy,
    /// The record.
    #[error("{}", ours!("unfit-not-recorded").as_str())]
    NotRecorded(#[from] NotRecorded),
}

/// What the person can do beside answering.
#[derive(Clone, Debug)]
pub struct Switches {
    house: Arc<House>,
    socket: Arc<std::path::Path>,
}

impl Switches {
    /// Declines everything until `until`, also what waits now; a time in the past ends the pause.
    ///
    /// # Errors
    /// [`NotRecorded`]: nothing was changed for what comes, but what waited was declined.
    pub async fn pause(&self, until: Timestamp) -> Result<(), NotRecorded> {
        let now = self.house.clock.now();
        if until > now {
            self.house.registry.stop(Reason::Paused, |_| true);
        }
        let entry = Entry { at: now, request: None, event: Event::Paused { until } };
        self.house.store.append(entry).await?;
        // What was admitted while the pause was being recorded.
        if until > now {
            self.house.registry.stop(Reason::Paused, |_| true);
        }
        Ok(())
    }

    /// Until when everything is declined; in the past if it is not.
    #[must_use]
    pub fn paused_until(&self) -> Timestamp {
        self.house.store.state().paused_until()
    }

    /// Declines everything from this requester until `until`, also what waits now (H16); a time in
    /// the past ends that.
    ///
    /// # Errors
    /// [`NotRecorded`]: nothing was changed for what comes, but what waited was declined.
    pub async fn mute(&self, bucket: &str, until: Timestamp) -> Result<(), NotRecorded> {
        let now = self.house.clock.now();
        let stop = || {
            if until > now {
                self.house.registry.stop(Reason::Muted, |open| open.bucket == bucket);
            }
        };
        stop();
        let event = Event::Muted { bucket: bucket.to_owned(), until };
        self.house.store.append(Entry { at: now, request: None, event }).await?;
        // What was admitted while it was being recorded.
        stop();
        Ok(())
    }

    /// What is set.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.house.store.state().settings().clone()
    }

    /// Tells whenever something was set, or asked for and agreed to.
    #[must_use]
    pub fn switched(&self) -> watch::Receiver<()> {
        self.house.switched.subscribe()
    }

    /// Changes something, or has the prompt ask first if that widens what is allowed
    /// ([`Change::asks`]). It is on record when this says [`Changed::Done`].
    ///
    /// # Errors
    /// [`NotChanged`]: nothing was changed and nobody is asked.
    pub async fn change(&self, change: Change) -> Result<Changed, NotChanged> {
        if let Change::Set(setting) = &change {
            self.fits(setting)?;
        }
        // What is so already is asked of nobody: it would only be one more window.
        let is_so = match &change {
            Change::EndPause => self.paused_until() <= self.house.clock.now(),
            Change::EndMute(bucket) => !self.muted().iter().any(|(muted, _)| muted == bucket),
            Change::Set(_) => false,
        };
        if is_so {
            return Ok(Changed::Done);
        }
        if change.asks() {
            self.house.changes.try_send(change).map_err(|_| NotChanged::Busy)?;
            return Ok(Changed::Asked);
        }
        if let Change::Set(setting) = change {
            let event = Event::Set { setting };
            let entry = Entry { at: self.house.clock.now(), request: None, event };
            self.house.store.append(entry).await?;
        }
        self.house.switched.send_replace(());
        Ok(Changed::Done)
    }

    fn fits(&self, setting: &Setting) -> Result<(), Unfit> {
        let state = self.house.store.state();
        state.settings().fits(setting)?;
        match setting {
            Setting::OnNotification { kind, on: true } if !state.is_paired(&kind.agent) => {
                Err(Unfit::Agent)
            }
            _ => Ok(()),
        }
    }

    /// Who is muted and until when, in the order of the buckets.
    #[must_use]
    pub fn muted(&self) -> Vec<(String, Timestamp)> {
        let now = self.house.clock.now();
        let state = self.house.store.state();
        let muted = state.muted().filter(|(_, until)| *until > now);
        muted.map(|(bucket, until)| (bucket.to_owned(), until)).collect()
    }

    /// Where the socket is.
    #[must_use]
    pub fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// What is over. Its looks block.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.house.history
    }

    /// What is wrong with the record, if anything.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        self.house.store.trouble().borrow().clone()
    }

    /// How the key of the receipts is kept, or why there is none; and the same for the key that says
    /// which installation this is.
    pub fn keys(&self) -> [Result<Seal, KeyTrouble>; 2] {
        let keys = self.house.store.keys();
        let keys = keys.borrow();
        Use::ALL.map(|used_for| keys.of(used_for).as_ref().map(Key::seal).map_err(Clone::clone))
    }

    /// Where the prompt is drawn, and whether the install is hardened.
    #[must_use]
    pub fn station(&self) -> (&Station, bool) {
        (&self.house.station, self.house.surroundings.hardened)
    }

    /// The record's agents and servers, for the book.
    #[must_use]
    pub fn known(&self) -> State {
        self.house.store.state().clone()
    }

    /// Takes a pairing back and ends what it has open; false if there is none of this name.
    ///
    /// # Errors
    /// [`NotRecorded`]: the pairing stands, but what waited was declined.
    pub async fn revoke(&self, name: &str) -> Result<bool, NotRecorded> {
        self.house.revoke(name).await
    }

    /// Declines all that waits from this requester (H16): [`Waiting::bucket`].
    pub fn decline_all_from(&self, bucket: &str) {
        self.house.registry.stop(Reason::Denied, |open| open.bucket == bucket);
    }

    /// The person asks to see this one that waits, by its notification, the icon or the book: it is next,
    /// and takes the place of one that nobody has begun to answer. Decides nothing.
    pub fn show_next(&self, request: &RequestId) -> Found {
        self.house.board.show_next(request)
    }

    /// Declines one that waits.
    pub fn decline(&self, request: &RequestId) {
        self.house.registry.stop(Reason::Denied, |open| open.id == *request);
    }

    /// Puts on record that an input or a peer did what only an attack or a broken tool does.
    /// `detail` holds no secret.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub async fn suspicious(&self, what: &str, detail: &str) -> Result<(), NotRecorded> {
        let event = Event::Suspicious { what: what.to_owned(), detail: detail.to_owned() };
        let entry = Entry { at: self.house.clock.now(), request: None, event };
        self.house.store.append(entry).await.map(drop)
    }
}
