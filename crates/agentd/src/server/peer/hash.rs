//! The hash of the executable that a peer runs.
//!
//! **Promises.** It is read through `/proc/PID/exe`, so it is the file that runs, whatever lies at
//! its path now. At most [`SIZE_MAX`] bytes are read, once a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, PoisonError};

use placet_core::json::Digest;
use sha2::{Digest as _, Sha256};

/// Larger executables have no hash: reading them would delay the prompt for nothing that a person
/// can use.
const SIZE_MAX: u64 = 64 * 1024 * 1024;
/// Files remembered; more than a person's tools, less than what an attacker could fill.
const REMEMBERED: usize = 256;

/// Hashes by file: the same device, inode, size and change time mean the same content.
#[derive(Debug, Default)]
pub(crate) struct Hashes(Mutex<HashMap<Key, Digest>>);

type Key = (u64, u64, u64, i64, i64);

impl Hashes {
    /// The hash of what process `pid` runs.
    pub(super) fn of_process(&self, pid: i32) -> Option<Digest> {
        let file = File::open(format!("/proc/{pid}/exe")).ok()?;
        let found = file.metadata().ok()?;
        if !found.is_file() || found.size() > SIZE_MAX {
            return None;
        }
        // The change time, not the modification time: a program can set the latter.
        let key = (found.dev(), found.ino(), found.size(), found.ctime(), found.ctime_nsec());
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known.clone());
        }
        let digest = read(file)?;
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, digest.clone());
        Some(digest)
    }
}

fn read(file: File) -> Option<Digest> {
    let mut hasher = Sha256::new();
    let mut file = file.take(SIZE_MAX);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => break,
            n => hasher.update(buffer.get(..n)?),
        }
    }
    let text = format!("sha256:{}", hex::encode(hasher.finalize()));
    serde_json::from_value(serde_json::Value::String(text)).ok()
}
