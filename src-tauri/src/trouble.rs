//! What is wrong with the record or a key, for people: the same as [`StoreError`] says to the log and to
//! programs, in words that can be translated.

use placet_agentd::store::{KeyTrouble, StoreError};
use placet_texts::text;

/// A sentence without a full stop.
pub(crate) fn said(trouble: &StoreError) -> String {
    match trouble {
        StoreError::NotPrivate { path, why } => {
            text!("trouble-not-private", path = path, why = why)
        }
        StoreError::TooNew { found, known } => {
            text!("trouble-too-new", found = found.to_string(), known = known.to_string())
        }
        StoreError::InUse(path) => text!("trouble-in-use", path = path),
        StoreError::Busy => text!("trouble-busy"),
        StoreError::ReadOnly => text!("trouble-read-only"),
        StoreError::Full => text!("trouble-full"),
        StoreError::Damaged { at, why } => text!("trouble-damaged", entry = *at, why = why),
        StoreError::Io(why) => text!("trouble-unusable", why = why),
    }
}

/// The same of a key.
pub(crate) fn said_of_key(trouble: &KeyTrouble) -> String {
    match trouble {
        KeyTrouble::Missing { file } => text!("trouble-key-missing", file = *file),
        KeyTrouble::Foreign { file } => text!("trouble-key-foreign", file = *file),
        KeyTrouble::NotPrivate { file, why } => {
            text!("trouble-key-not-private", file = *file, why = *why)
        }
        KeyTrouble::TooNew { file } => text!("trouble-key-too-new", file = *file),
        KeyTrouble::Damaged { file } => text!("trouble-key-damaged", file = *file),
        KeyTrouble::Io { file, why } => text!("trouble-key-unusable", file = *file, why = why),
        KeyTrouble::NoRandomness => text!("trouble-key-random"),
        KeyTrouble::Record => text!("trouble-key-record"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_a_person_reads_of_a_key_the_same_as_the_log() {
        let file = "receipts.key";
        for trouble in [
            KeyTrouble::Missing { file },
            KeyTrouble::Foreign { file },
            KeyTrouble::NotPrivate { file, why: "is a link" },
            KeyTrouble::TooNew { file },
            KeyTrouble::Damaged { file },
            KeyTrouble::Io { file, why: "permission denied".to_owned() },
            KeyTrouble::NoRandomness,
            KeyTrouble::Record,
        ] {
            assert_eq!(said_of_key(&trouble), trouble.to_string());
        }
    }

    #[test]
    fn r8_a_person_reads_the_same_as_the_log() {
        let (path, why) = (|| "/state".to_owned(), || "is a link".to_owned());
        for trouble in [
            StoreError::NotPrivate { path: path(), why: why() },
            StoreError::TooNew { found: 7, known: 3 },
            StoreError::InUse(path()),
            StoreError::Busy,
            StoreError::ReadOnly,
            StoreError::Full,
            StoreError::Damaged { at: 1234, why: why() },
            StoreError::Io(why()),
        ] {
            assert_eq!(said(&trouble), trouble.to_string());
        }
    }
}
