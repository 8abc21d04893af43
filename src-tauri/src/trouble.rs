//! What is wrong with the record, for people: the same as [`StoreError`] says to the log and to
//! programs, in words that can be translated.

use placet_agentd::store::StoreError;
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

#[cfg(test)]
mod tests {
    use super::*;

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
