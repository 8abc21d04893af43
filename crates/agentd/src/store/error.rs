//! What can go wrong with the record, by what a person can do about it.

use rusqlite::ErrorCode;

/// Why the record cannot be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder or file is not private to this user.
    #[error("{path} {why}")]
    NotPrivate {
        /// Which one.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A newer Placet wrote it.
    #[error("the record has version {found}, this Placet knows {known}: use the newer one")]
    TooNew {
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another Placet has it open.
    #[error("another Placet uses the record in {0}")]
    InUse(String),
    /// Another program holds the database.
    #[error("another program holds the record")]
    Busy,
    /// It may not be written.
    #[error("the record may not be written")]
    ReadOnly,
    /// No space is left.
    #[error("there is no space left for the record")]
    Full,
    /// The chain or the file is broken (R8).
    #[error("the record is damaged at entry {at}: {why}")]
    Damaged {
        /// Sequence number of the first entry that is wrong; 0 for the file itself.
        at: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Anything else of the disk or the database.
    #[error("the record cannot be used: {0}")]
    Io(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { at: 0, why: error.to_string() }
            }
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Self::ReadOnly
            }
            _ => Self::Io(error.to_string()),
        }
    }
}
