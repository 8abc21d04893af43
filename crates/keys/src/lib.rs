//! The keys of this installation: made, kept, used.
//!
//! **Promises.** One P-256 key for each [`Use`], so that what was signed for one purpose is never
//! taken for another. A key stands behind [`Sealed`], which signs and says how the key is kept
//! ([`Seal`]): a TPM can take the place of the file. What is signed is a JWS in compact form
//! (RFC 7515) with ES256 and nothing else; a key's name is its thumbprint (RFC 7638).
//!
//! **Never** claim more than [`Seal`] says. A key in a file can be used by every program that can
//! read the file: under an ordinary desktop these are all programs of the user, agents included.
//! **Never** make a new key where one is known: that is for who keeps the record to decide.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod file;
mod jws;
mod public;
pub mod receipt;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::jws::{Refused, verify};
pub use self::public::{NotAKey, PublicKey};
pub use self::trouble::KeyTrouble;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Receipts (R4).
    Receipts,
    /// Who this installation is, to a server that knows it.
    Instance,
}

impl Use {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Receipts, Self::Instance];

    /// The word in the record and in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Instance => "instance",
        }
    }

    /// The file in Placet's own folder.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Receipts => "receipts.key",
            Self::Instance => "instance.key",
        }
    }
}

/// How a key is kept: what keeps others from using it, and no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// In a file that is closed to other users. Every program of this user can read it.
    File,
}

impl Seal {
    /// The word in the record, in receipts and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
        }
    }

    /// What that is worth, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::File => {
                "The key is in a file that any program of yours can read: other users cannot sign \
                 with it, your agents can."
            }
        }
    }
}

/// What signs: the one thing that a TPM would do differently.
pub trait Sealed: std::fmt::Debug + Send + Sync {
    /// How the key is kept.
    fn seal(&self) -> Seal;
    /// Its public half.
    fn public(&self) -> &PublicKey;
    /// ES256 over `message`: `r` and `s`, 32 bytes each (RFC 7518 §3.4), with the lower of the two
    /// possible `s`.
    ///
    /// # Errors
    /// [`NotSigned`].
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], NotSigned>;
}

/// The key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be used")]
pub struct NotSigned;

/// A key that can be used; cheap to clone.
#[derive(Clone, Debug)]
pub struct Key {
    sealed: Arc<dyn Sealed>,
}

impl Key {
    /// A key that is kept some other way.
    #[must_use]
    pub fn new(sealed: Arc<dyn Sealed>) -> Self {
        Self { sealed }
    }

    /// Its name: the thumbprint of its public half (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        self.sealed.public().kid()
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        self.sealed.public()
    }

    /// Its public half as a JWK (RFC 7517), for a server that is to know it.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        self.sealed.public().jwk()
    }

    /// How it is kept.
    #[must_use]
    pub fn seal(&self) -> Seal {
        self.sealed.seal()
    }

    /// A JWT over `claims` with this `typ`, `alg` ES256 and the key's name as `kid`.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn sign_jwt(&self, typ: &str, claims: &Value) -> Result<String, NotSigned> {
        jws::sign(self.sealed.as_ref(), typ, claims)
    }
}

/// Where a key came from, when the record does not know it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made just now.
    Made,
    /// Its file was there before the record knew of it: the record is new, or Placet ended between
    /// the two.
    Found,
}

/// Opens the key for `used_for` in `folder`, which is private already. `known` is the name that the
/// record has for it: then it must be that key, and none is made. Without one a key is made if there
/// is none, and is durable when this returns.
///
/// # Errors
/// [`KeyTrouble`]: nothing was changed then.
pub fn open(
    folder: &Path,
    used_for: Use,
    known: Option<&str>,
) -> Result<(Key, Option<Origin>), KeyTrouble> {
    let (read, origin) = match (file::read(folder, used_for)?, known) {
        (Some(read), known) => (read, known.is_none().then_some(Origin::Found)),
        (None, Some(_)) => return Err(KeyTrouble::Missing { file: used_for.file() }),
        (None, None) => (file::make(folder, used_for)?, Some(Origin::Made)),
    };
    if known.is_some_and(|known| known != read.public().kid()) {
        return Err(KeyTrouble::Foreign { file: used_for.file() });
    }
    Ok((Key::new(Arc::new(read)), origin))
}
