//! The record's folder and file: private to this user, opened durable, one schema version.
//!
//! **Promises.** A 0700 folder and a 0600 file of this user, nobody's links followed. WAL with
//! `synchronous=FULL`: a commit that returned is on disk (SQLite, "PRAGMA synchronous"). Triggers
//! refuse UPDATE, DELETE and any row that does not hang on the last one (R1).
//!
//! **Never** change a file that a newer version wrote.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;

/// The file in the state folder.
pub const FILE: &str = "record.db";
/// The schema of this program: `user_version`. The tables of 1 were the same; a program that knows
/// only 1 would pass over who alone may vouch for a server, and over all accounts but one (0059, 0060).
const VERSION: i64 = 2;
/// How long another program may hold the database before a write counts as failed. People look
/// at the record with other tools; their reads are short.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
CREATE TABLE record(
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  request TEXT,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  prev TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE TRIGGER record_keeps_its_rows BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER record_loses_no_row BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER record_does_not_fork BEFORE INSERT ON record
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM record)
  OR (NEW.seq > 1 AND NEW.prev IS NOT (SELECT hash FROM record WHERE seq = NEW.seq - 1))
BEGIN SELECT RAISE(ABORT, 'the record does not fork'); END;
PRAGMA user_version = 2;
";

/// The opened record and the lock that says it is ours.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// Held as long as the connection: two writers would fork the chain.
    _lock: File,
}

/// Makes the file if it is not there. Before SQLite makes it, so that it is never readable for
/// others, not even shortly; its -wal and -shm files take the same mode.
///
/// # Errors
/// [`StoreError`] if it is a link, not this user's own, or open to others.
pub(super) fn private_file(path: &Path) -> Result<(), StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0))
        .open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(not_private(path, "is not this user's own file"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(not_private(path, "can be read by others: chmod 600 it"));
    }
    Ok(())
}

/// Opens or makes the record in `folder`.
///
/// # Errors
/// [`StoreError`]; nothing is changed if the file is not ours or newer.
pub(crate) fn open(folder: &Path) -> Result<Opened, StoreError> {
    private_folder(folder)?;
    let lock = lock(folder)?;
    let path = folder.join(FILE);
    private_file(&path)?;
    let connection = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    connection.busy_timeout(PATIENCE)?;
    // Defensive: no SQL can write to the database's own pages or its schema table.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::TooNew { found, known: VERSION });
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    if found == 0 {
        connection.execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT;"))?;
    }
    Ok(Opened { connection, _lock: lock })
}

/// Marks the record as one of this version, so that an older program leaves it alone from now on.
///
/// # Errors
/// [`StoreError`], as any write.
pub(crate) fn mark(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found < VERSION {
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(())
}

/// Makes `folder` with mode 0700, or checks that it is this user's own and closed to others.
///
/// # Errors
/// [`StoreError::NotPrivate`], or the disk's.
pub(crate) fn private_folder(folder: &Path) -> Result<(), StoreError> {
    if let Some(parent) = folder.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let found = folder.symlink_metadata()?;
    if found.is_symlink() {
        return Err(not_private(folder, "is a link"));
    }
    if !found.is_dir() {
        return Err(not_private(folder, "is not a folder"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(not_private(folder, "belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(not_private(folder, "is open to others: chmod 700 it"));
    }
    Ok(())
}

fn not_private(path: &Path, why: &str) -> StoreError {
    StoreError::NotPrivate { path: path.display().to_string(), why: why.to_owned() }
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join("record.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
