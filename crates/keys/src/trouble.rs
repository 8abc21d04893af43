//! What can be wrong with a key, by what a person can do about it.

/// Why there is no key to sign with. Sentences without a key or a path of the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyTrouble {
    /// The record knows a key, and its file is gone.
    #[error("the file {file} is gone: put it back")]
    Missing {
        /// Which file.
        file: &'static str,
    },
    /// The file has another key than the record knows, or one for another use.
    #[error("the file {file} holds another key than this Placet's: put the right one back")]
    Foreign {
        /// Which file.
        file: &'static str,
    },
    /// The file is not private to this user.
    #[error("the file {file} {why}")]
    NotPrivate {
        /// Which file.
        file: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A newer Placet wrote it.
    #[error("the file {file} is of a newer Placet: use that one")]
    TooNew {
        /// Which file.
        file: &'static str,
    },
    /// It cannot be understood.
    #[error("the file {file} is damaged: put the right one back")]
    Damaged {
        /// Which file.
        file: &'static str,
    },
    /// It cannot be read or written.
    #[error("the file {file} cannot be read or written: {why}")]
    Io {
        /// Which file.
        file: &'static str,
        /// What the system says.
        why: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for a key")]
    NoRandomness,
    /// The record is not to be trusted, so no key of it is.
    #[error("the record comes first: while it cannot be used, nothing is signed")]
    Record,
}
