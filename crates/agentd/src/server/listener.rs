//! The socket file and who is let in.
//!
//! **Promises.** A socket of mode 0600 in a 0700 folder that belongs to this user (S1). One daemon
//! a folder, by a lock; a socket that answers is never taken away. Only processes of this very
//! user are served (S2), at most [`CONNECTIONS`] at once.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use placet_core::ports::{Clock as _, Entry, Event, Record as _, Servers};
use placet_core::settings::Change;
use placet_wire::flaw::{Fault, Flaw};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::peer::{Credentials, may_speak};
use super::{House, Shared, change, connection};
use crate::desk::Window;
use crate::store::{StoreError, private_folder};

/// Connections at once: some agents with some tools each.
const CONNECTIONS: usize = 64;
/// A stranger's knocking is recorded at most this often.
const STRANGER_MS: u64 = 60 * 1000;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another Placet has this folder.
    #[error("Placet runs already with {0}")]
    AlreadyRunning(PathBuf),
    /// Something else listens there.
    #[error("another program listens at {0}")]
    Taken(PathBuf),
    /// Something that is no socket lies there.
    #[error("{0} is not a socket; it was not touched")]
    NotASocket(PathBuf),
    /// The folder is not private.
    #[error(transparent)]
    Folder(StoreError),
    /// The system says no.
    #[error("the socket cannot be made: {0}")]
    Io(#[from] Error),
}

/// The socket, held. Dropping it takes the file away.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    _lock: File,
}

impl Socket {
    /// Makes the socket at `path`, in a folder of its own.
    ///
    /// # Errors
    /// [`SocketError`].
    pub(crate) fn bind(path: &Path) -> Result<Self, SocketError> {
        let no_folder = || Error::new(ErrorKind::InvalidInput, "the path has no folder");
        let folder = path.parent().ok_or_else(no_folder)?;
        private_folder(folder).map_err(SocketError::Folder)?;
        let lock = lock(path)?;
        take_away_what_is_dead(path)?;
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Under our lock nobody else has bound it meanwhile.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.with_extension("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SocketError::AlreadyRunning(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn take_away_what_is_dead(path: &Path) -> Result<(), SocketError> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)?;
            Ok(())
        }
        // It answers, or may: it is not ours to take away.
        Ok(_) | Err(_) => Err(SocketError::Taken(path.to_owned())),
    }
}

/// Serves connections, and what the book asks, until `stop`; then waits until each has told and
/// recorded its end.
pub(crate) async fn accept<W: Window, S: Servers + 'static>(
    socket: Socket,
    shared: Arc<Shared<W, S>>,
    mut changes: mpsc::Receiver<Change>,
    stop: CancellationToken,
) {
    let ours = rustix::process::geteuid().as_raw();
    let mut strangers = Strangers::default();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut served = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = served.join_next() => continue,
            Some(change) = changes.recv() => {
                let shared = Arc::clone(&shared);
                served.spawn(async move { Box::pin(change::ask(&shared, change)).await });
                continue;
            }
            accepted = socket.listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely; the connections there are will end.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(credentials) = stream.peer_cred() else { continue };
        if !may_speak(ours, credentials.uid()) {
            strangers.turned_away(&shared.house, credentials.uid()).await;
            continue;
        }
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            served.spawn(turn_away(stream));
            continue;
        };
        let credentials = Credentials {
            uid: credentials.uid(),
            pid: credentials.pid().filter(|pid| *pid > 0),
            accepted_at: shared.house.clock.awake_and_asleep(),
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        served.spawn(async move {
            Box::pin(connection::serve(shared, stream, credentials, stop)).await;
            drop(place);
        });
    }
    // No new ones while the others end.
    drop(socket);
    while served.join_next().await.is_some() {}
}

/// Says that there is no room. The line is short: it fits the socket's buffer or is lost.
async fn turn_away(mut stream: UnixStream) {
    let sentence = format!("{CONNECTIONS} connections are open; close one or wait");
    let line = Flaw::new(Fault::Busy, sentence).answer(None).line();
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(line.as_bytes())).await;
}

#[derive(Default)]
struct Strangers {
    last: Option<u64>,
}

impl Strangers {
    /// S2: another user hears nothing; that it knocked is on record.
    async fn turned_away(&mut self, house: &House, uid: u32) {
        let now = house.clock.awake_and_asleep();
        if self.last.is_some_and(|last| now.saturating_sub(last) < STRANGER_MS) {
            return;
        }
        self.last = Some(now);
        tracing::warn!(uid, "another user knocked");
        let event =
            Event::Suspicious { what: "another_user".to_owned(), detail: format!("uid {uid}") };
        let entry = Entry { at: house.clock.now(), request: None, event };
        let _ = house.store.append(entry).await;
    }
}
