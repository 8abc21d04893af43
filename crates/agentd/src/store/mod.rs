//! The record: one append-only, hash-chained table from which everything else is read (R1).
//!
//! **Promises.** [`Store::append`] returns once the entry is on disk, or says that it is not. On
//! opening, the whole chain is checked; requests that had no end are ended as cancelled (F8); a
//! chain that does not hold is reported and never repaired (R8): Placet then starts in trouble,
//! trusts nothing that it read and records nothing, so that every request ends as a no. So it does
//! with a record of a newer version, which it leaves as it is, and with one that cannot be written.
//!
//! **Never** write a secret: entries hold none by their types (R3). Never write from two threads:
//! one thread owns the database.

mod chain;
mod error;
pub mod failpoint;
mod file;
pub mod history;
mod log;
mod signing;
mod state;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::thread::JoinHandle;

use placet_core::json::Digest;
use placet_core::outcome::{Method, Outcome, Reason};
use placet_core::ports::{Entry, Event, NotRecorded, Record};
use placet_core::request::{Server, Timestamp};
use placet_keys::receipt::digest;
use placet_keys::{Key, Origin, Use};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

pub use self::error::StoreError;
use self::failpoint::{Moment, failpoint};
pub use self::file::FILE;
pub(crate) use self::file::private_folder;
pub use self::log::Line;
pub use self::signing::Keys;
pub use self::state::{KnownKey, Paired, State};
pub use placet_keys::{KeyTrouble, Seal};

/// The record, shared: a handle to the one thread that writes it.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    state: Arc<RwLock<State>>,
    trouble: watch::Receiver<Option<StoreError>>,
    keys: watch::Receiver<Keys>,
}

/// An entry that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its hash.
    pub hash: Digest,
    /// The digest of the receipt that was signed with it (R7).
    pub receipt: Option<String>,
}

/// The thread behind [`Store`].
#[derive(Debug)]
pub struct StoreThread {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl StoreThread {
    /// Waits until every write that was asked for is done and the file is closed. What is asked
    /// after that is not recorded, and says so.
    pub fn close(self) {
        let _ = self.jobs.send(Job::Close);
        // A panic there has lost nothing: what was promised was committed.
        let _ = self.thread.join();
    }
}

#[derive(Debug)]
enum Job {
    Close,
    Append(Box<Entry>, oneshot::Sender<Result<Appended, StoreError>>),
    Log { limit: u64, before: Option<u64>, reply: oneshot::Sender<Result<Vec<Line>, StoreError>> },
}

impl Store {
    /// Opens or makes the record in `folder`, checks it, ends what was open (F8) and appends
    /// `started`, an [`Event::Started`]. Blocks: call it where that is allowed.
    ///
    /// # Errors
    /// [`StoreError`] if it is not ours alone. One that is damaged, newer or cannot be written is no
    /// error here: it opens in trouble (see [`Store::trouble`]).
    pub fn open(
        folder: &Path,
        started: Event,
        now: Timestamp,
    ) -> Result<(Self, StoreThread), StoreError> {
        let mut state = State::default();
        let (trouble_in, trouble) = watch::channel(None);
        let (keys_in, keys) = watch::channel(Keys::none(&KeyTrouble::Record));
        let version = match &started {
            Event::Started { version, .. } => version.clone(),
            _ => String::new(),
        };
        let mut writer = match file::open(folder) {
            Ok(opened) => match chain::verify(&opened.connection, &mut state) {
                Ok(tip) => Writer {
                    opened: Some(opened),
                    tip,
                    state: Arc::new(RwLock::new(state)),
                    broken: None,
                    trouble: trouble_in,
                    keys: keys_in,
                    version,
                },
                Err(error) => Writer::broken(Some(opened), in_trouble(error)?, trouble_in, keys_in),
            },
            Err(error) => Writer::broken(None, in_trouble(error)?, trouble_in, keys_in),
        };
        if !writer.is_broken() {
            let new = writer.open_keys(folder);
            let begun = writer
                .mark()
                .and_then(|()| writer.end_what_was_open(now))
                .and_then(|()| writer.append(&Entry { at: now, request: None, event: started }))
                .and_then(|_| writer.put_keys_on_record(new, now));
            if let Err(error) = begun {
                // What was read holds. This may pass: each write is tried anew.
                writer.trouble.send_replace(Some(in_trouble(error)?));
            }
        }
        let (jobs, inbox) = mpsc::channel();
        let state = Arc::clone(&writer.state);
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|error| StoreError::Io(error.to_string()))?;
        let thread = StoreThread { jobs: jobs.clone(), thread };
        Ok((Self { jobs, state, trouble, keys }, thread))
    }

    /// What the record adds up to now. Held only for a moment: writing waits for it.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with the record, if anything; a broken chain stays, a full disk may pass.
    #[must_use]
    pub fn trouble(&self) -> watch::Receiver<Option<StoreError>> {
        self.trouble.clone()
    }

    /// The keys of this installation, or what is wrong with them.
    #[must_use]
    pub fn keys(&self) -> watch::Receiver<Keys> {
        self.keys.clone()
    }

    /// Writes one entry durably before it returns, with its receipt if it is the end of a request.
    ///
    /// # Errors
    /// [`NotRecorded`], as [`Record::append`].
    pub async fn append_signed(&self, entry: Entry) -> Result<Appended, NotRecorded> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Append(Box::new(entry), reply)).map_err(|_| NotRecorded)?;
        match answer.await {
            Ok(Ok(appended)) => Ok(appended),
            Ok(Err(error)) => {
                tracing::error!(%error, "the record could not be written");
                Err(NotRecorded)
            }
            Err(_) => Err(NotRecorded),
        }
    }

    /// The newest entries first, at most `limit`, older than `before` if given; without screens.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn log(&self, limit: u64, before: Option<u64>) -> Result<Vec<Line>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Io("the record is closed".to_owned());
        self.jobs.send(Job::Log { limit, before, reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Record for Store {
    async fn append(&self, entry: Entry) -> Result<Digest, NotRecorded> {
        self.append_signed(entry).await.map(|appended| appended.hash)
    }

    fn accounts(&self, issuer: &str) -> Vec<Server> {
        self.state().accounts(issuer).cloned().collect()
    }

    fn last_account(&self, issuer: &str) -> Option<String> {
        self.state().last_account(issuer).map(str::to_owned)
    }

    fn servers(&self) -> Vec<Server> {
        self.state().servers().to_vec()
    }

    fn is_paired(&self, name: &str) -> bool {
        self.state().is_paired(name)
    }

    fn last_method(&self, issuer: &str) -> Option<Method> {
        self.state().last_method(issuer)
    }

    fn installation(&self, issuer: &str, account: &str) -> Option<String> {
        self.state().installation(issuer, account).map(str::to_owned)
    }

    fn sign_count(&self, issuer: &str, credential: &Digest) -> Option<u32> {
        self.state().sign_count(issuer, credential)
    }

    fn is_low_risk(&self, agent: &str, tool: &str) -> bool {
        self.state().settings().is_low_risk(agent, tool)
    }
}

/// The thread's side.
#[derive(Debug)]
struct Writer {
    /// `None` if the file could not even be read.
    opened: Option<file::Opened>,
    tip: chain::Tip,
    state: Arc<RwLock<State>>,
    /// What does not pass before the next start.
    broken: Option<StoreError>,
    trouble: watch::Sender<Option<StoreError>>,
    keys: watch::Sender<Keys>,
    /// The program's, for receipts.
    version: String,
}

impl Writer {
    /// A record that does not hold or cannot be opened: nothing that was read from it counts.
    fn broken(
        opened: Option<file::Opened>,
        error: StoreError,
        trouble: watch::Sender<Option<StoreError>>,
        keys: watch::Sender<Keys>,
    ) -> Self {
        tracing::error!(%error, "the record cannot be used; every request will be refused");
        trouble.send_replace(Some(error.clone()));
        let broken = Some(error);
        let (tip, version) = (chain::Tip::start(), String::new());
        Self { opened, tip, state: Arc::default(), broken, trouble, keys, version }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    fn run(mut self, inbox: &mpsc::Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            match job {
                Job::Close => return,
                Job::Append(entry, reply) => {
                    let done = self.append(&entry);
                    if !self.is_broken() {
                        self.trouble.send_if_modified(|trouble| {
                            let now = done.as_ref().err().cloned();
                            let changed = *trouble != now;
                            *trouble = now;
                            changed
                        });
                    }
                    // Whoever asked may be gone; the entry stands.
                    let _ = reply.send(done);
                }
                Job::Log { limit, before, reply } => {
                    let lines = match &self.opened {
                        Some(opened) => log::read(&opened.connection, limit, before),
                        None => Err(StoreError::Io("the record cannot be read".to_owned())),
                    };
                    let _ = reply.send(lines);
                }
            }
        }
    }

    /// Opens the keys; returns those that the record does not know yet. They sign nothing before it
    /// does.
    fn open_keys(&mut self, folder: &Path) -> Vec<(Use, Key, Origin)> {
        let mut new = Vec::new();
        for used_for in Use::ALL {
            let known = {
                let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
                state.kid(used_for).map(str::to_owned)
            };
            let key = match placet_keys::open(folder, used_for, known.as_deref()) {
                Ok((key, Some(origin))) => {
                    new.push((used_for, key, origin));
                    continue;
                }
                Ok((key, None)) => Ok(key),
                Err(error) => {
                    tracing::error!(%error, "a key cannot be used; nothing is signed with it");
                    Err(error)
                }
            };
            self.keys.send_modify(|keys| keys.set(used_for, key));
        }
        new
    }

    fn put_keys_on_record(
        &mut self,
        new: Vec<(Use, Key, Origin)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (used_for, key, origin) in new {
            let event = signing::made(used_for, &key, origin);
            self.append(&Entry { at: now, request: None, event })?;
            self.keys.send_modify(|keys| keys.set(used_for, Ok(key)));
        }
        Ok(())
    }

    /// Writes one entry, an end with its receipt; on disk when this returns.
    fn append(&mut self, entry: &Entry) -> Result<Appended, StoreError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let Some(opened) = &mut self.opened else {
            return Err(StoreError::Io("the record is closed".to_owned()));
        };
        let signed = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            signing::with_receipt(entry, &state, &self.keys.borrow(), &self.version)
        };
        let entry = signed.as_ref().unwrap_or(entry);
        let row = self.tip.next(entry)?;
        write(&mut opened.connection, &row)?;
        self.tip = chain::Tip { seq: row.seq, hash: row.hash.clone() };
        self.state.write().unwrap_or_else(PoisonError::into_inner).fold(entry, &row.hash);
        let receipt = match &entry.event {
            Event::Ended { receipt: Some(receipt), .. } => Some(digest(receipt)),
            _ => None,
        };
        Ok(Appended { hash: row.hash, receipt })
    }

    fn mark(&self) -> Result<(), StoreError> {
        self.opened.as_ref().map_or(Ok(()), |opened| file::mark(&opened.connection))
    }

    /// F8: nothing resumes; what was open is over.
    fn end_what_was_open(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let open: Vec<_> = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            state.open().cloned().collect()
        };
        for id in open {
            let event = Event::Ended {
                outcome: Outcome::Cancelled,
                reason: Reason::Restarted,
                assurance: None,
                method: None,
                observable: true,
                display_hash: None,
                note: None,
                took_ms: 0,
                receipt: None,
            };
            self.append(&Entry { at: now, request: Some(id), event })?;
        }
        Ok(())
    }
}

fn write(connection: &mut Connection, row: &chain::Row) -> Result<(), StoreError> {
    failpoint(row.event, Moment::Before);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached(
            "INSERT INTO record(seq, at, request, event, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute((
            i64::try_from(row.seq).unwrap_or(i64::MAX),
            row.at,
            &row.request,
            row.event,
            &row.body,
            row.prev.as_str(),
            row.hash.as_str(),
        ))?;
    failpoint(row.event, Moment::Inside);
    transaction.commit()?;
    failpoint(row.event, Moment::After);
    Ok(())
}

/// What the person has to see, in the tray and in the book, is kept as a state. A record that others
/// can reach or hold stays an error: Placet does not start beside them.
fn in_trouble(error: StoreError) -> Result<StoreError, StoreError> {
    match error {
        StoreError::Damaged { .. }
        | StoreError::TooNew { .. }
        | StoreError::ReadOnly
        | StoreError::Full
        | StoreError::Io(_) => Ok(error),
        StoreError::NotPrivate { .. } | StoreError::InUse(_) | StoreError::Busy => Err(error),
    }
}

/// The event's name in the column `event`: as its `serde` tag.
pub(crate) const fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Received { .. } => "received",
        Event::Repeated { .. } => "repeated",
        Event::Shown { .. } => "shown",
        Event::Answered { .. } => "answered",
        Event::Contacting { .. } => "contacting",
        Event::Challenged { .. } => "challenged",
        Event::Asserted { .. } => "asserted",
        Event::InstallationRegistered { .. } => "installation_registered",
        Event::PasskeyMade { .. } => "passkey_made",
        Event::PasskeyChanged { .. } => "passkey_changed",
        Event::Ended { .. } => "ended",
        Event::Paired { .. } => "paired",
        Event::Unpaired { .. } => "unpaired",
        Event::ServerEnrolled { .. } => "server_enrolled",
        Event::ServerRemoved { .. } => "server_removed",
        Event::Paused { .. } => "paused",
        Event::Muted { .. } => "muted",
        Event::Set { .. } => "set",
        Event::Suspicious { .. } => "suspicious",
        Event::KeyMade { .. } => "key_made",
        Event::Started { .. } => "started",
    }
}
