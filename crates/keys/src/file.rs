//! A key in a file: `Seal::File`.
//!
//! **Promises.** The file is this user's own and closed to others (0600), no link is followed, and
//! what is not understood in full is not used. A new key is written beside, made durable and put in
//! its place by a rename, so that there is never half of one. The bytes are wiped when they were
//! used.
//!
//! **Never** write over a key that is there.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rustix::fs::OFlags;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{KeyTrouble, NotSigned, PublicKey, Seal, Sealed, Use};

/// The version of the file that this program writes.
const VERSION: u32 = 1;
/// A key's file has about 200 bytes.
const BYTES_MAX: u64 = 2048;

/// A key that was read from its file.
pub(crate) struct InFile {
    key: SigningKey,
    public: PublicKey,
}

impl std::fmt::Debug for InFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InFile").field("kid", &self.public.kid()).finish_non_exhaustive()
    }
}

impl Sealed for InFile {
    fn seal(&self) -> Seal {
        Seal::File
    }

    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], NotSigned> {
        // The nonce comes from the key and the message (RFC 6979): no random numbers to get wrong.
        let signature: Signature = self.key.try_sign(message).map_err(|_| NotSigned)?;
        Ok(signature.normalize_s().to_bytes().into())
    }
}

/// Says only which version a file has.
#[derive(Deserialize)]
struct Versioned {
    placet_key: u32,
}

/// What is in the file. Borrowed, so that there is no copy of the key to wipe.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<'a> {
    #[serde(rename = "placet_key")]
    _version: u32,
    #[serde(rename = "use")]
    used_for: Use,
    kid: &'a str,
    d: &'a str,
}

/// Reads the key; `None` if there is no such file.
pub(crate) fn read(folder: &Path, used_for: Use) -> Result<Option<InFile>, KeyTrouble> {
    let file = used_for.file();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(folder.join(file));
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(KeyTrouble::NotPrivate { file, why: "is a link" });
        }
        Err(error) => return Err(io(file, &error)),
    };
    let found = opened.metadata().map_err(|error| io(file, &error))?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(KeyTrouble::NotPrivate { file, why: "is not this user's own file" });
    }
    if found.mode() & 0o077 != 0 {
        let why = "was open to others: what it signed may be theirs; chmod 600 it";
        return Err(KeyTrouble::NotPrivate { file, why });
    }
    // As large as it can be, so that no half-filled buffer is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX as usize + 1));
    opened.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|error| io(file, &error))?;
    understand(&bytes, used_for).map(Some)
}

fn understand(bytes: &[u8], used_for: Use) -> Result<InFile, KeyTrouble> {
    let file = used_for.file();
    let damaged = KeyTrouble::Damaged { file };
    let Versioned { placet_key } = serde_json::from_slice(bytes).map_err(|_| damaged.clone())?;
    if placet_key > VERSION {
        return Err(KeyTrouble::TooNew { file });
    }
    let kept: Kept<'_> = serde_json::from_slice(bytes).map_err(|_| damaged.clone())?;
    if kept.used_for != used_for {
        return Err(KeyTrouble::Foreign { file });
    }
    let mut scalar = Zeroizing::new([0; 32]);
    let length =
        URL_SAFE_NO_PAD.decode_slice(kept.d, scalar.as_mut_slice()).map_err(|_| damaged.clone())?;
    if length != scalar.len() {
        return Err(damaged);
    }
    let key = SigningKey::from_slice(scalar.as_slice()).map_err(|_| damaged.clone())?;
    let public = PublicKey::new(*key.verifying_key());
    // A half-written or patched file does not become another key.
    if public.kid() != kept.kid {
        return Err(damaged);
    }
    Ok(InFile { key, public })
}

/// Makes a key and its file, which must not be there.
pub(crate) fn make(folder: &Path, used_for: Use) -> Result<InFile, KeyTrouble> {
    let file = used_for.file();
    let key = fresh()?;
    let public = PublicKey::new(*key.verifying_key());
    let scalar = Zeroizing::new(<[u8; 32]>::from(key.to_bytes()));
    let d = Zeroizing::new(URL_SAFE_NO_PAD.encode(scalar.as_slice()));
    let (word, kid) = (used_for.as_str(), public.kid());
    let text = Zeroizing::new(format!(
        "{{\"placet_key\":{VERSION},\"use\":\"{word}\",\"kid\":\"{kid}\",\"d\":\"{}\"}}\n",
        d.as_str()
    ));
    write(folder, file, text.as_bytes()).map_err(|error| io(file, &error))?;
    Ok(InFile { key, public })
}

/// Bytes of the system's generator, until they are a key: nearly all are.
fn fresh() -> Result<SigningKey, KeyTrouble> {
    for _ in 0..8 {
        let mut scalar = Zeroizing::new([0_u8; 32]);
        getrandom::fill(scalar.as_mut_slice()).map_err(|_| KeyTrouble::NoRandomness)?;
        if let Ok(key) = SigningKey::from_slice(scalar.as_slice()) {
            return Ok(key);
        }
    }
    Err(KeyTrouble::NoRandomness)
}

fn write(folder: &Path, file: &str, bytes: &[u8]) -> std::io::Result<()> {
    let (beside, place) = (folder.join(format!("{file}.new")), folder.join(file));
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&beside, &place)?;
    File::open(folder)?.sync_all()
}

fn io(file: &'static str, error: &std::io::Error) -> KeyTrouble {
    KeyTrouble::Io { file, why: error.kind().to_string() }
}
