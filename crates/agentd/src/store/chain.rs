//! The chain through the record: each entry carries the hash of the one before (R1).
//!
//! **Promises.** `hash = SHA-256(JCS({entry, prev, seq}))`, as `sha256:` and hex; the first entry's
//! `prev` is [`genesis`]. [`verify`] reads every row, first to last, and names the first that is
//! wrong.
//!
//! **Never** repair: what is wrong is reported (R8). The chain shows that an entry was changed or
//! taken out of the middle; who can rewrite the whole file can rewrite the chain.

use placet_core::json::{Digest, canonical};
use placet_core::ports::Entry;
use rusqlite::Connection;

use super::error::StoreError;
use super::state::State;

/// `prev` of the first entry: SHA-256 of nothing.
pub(crate) fn genesis() -> Digest {
    Digest::of_bytes(b"")
}

/// The last entry: what the next one hangs on.
#[derive(Clone, Debug)]
pub(crate) struct Tip {
    pub(crate) seq: u64,
    pub(crate) hash: Digest,
}

/// One row, ready to be written.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) request: Option<String>,
    pub(crate) event: &'static str,
    pub(crate) body: String,
    pub(crate) prev: Digest,
    pub(crate) hash: Digest,
}

impl Tip {
    pub(crate) fn start() -> Self {
        Self { seq: 0, hash: genesis() }
    }

    /// The row for `entry` after this tip.
    pub(crate) fn next(&self, entry: &Entry) -> Result<Row, StoreError> {
        let body = canonical(entry).map_err(|error| StoreError::Io(error.to_string()))?;
        let body = String::from_utf8(body).map_err(|error| StoreError::Io(error.to_string()))?;
        let seq = self.seq.saturating_add(1);
        Ok(Row {
            seq,
            at: entry.at.0,
            request: entry.request.as_ref().map(|id| id.0.clone()),
            event: super::name_of(&entry.event),
            hash: hash(seq, &self.hash, &body),
            body,
            prev: self.hash.clone(),
        })
    }
}

/// The hash of one entry. `body` is canonical already, and so are a number and a digest, so the
/// three members in the order of RFC 8785 §3.2.3 make a canonical object.
fn hash(seq: u64, prev: &Digest, body: &str) -> Digest {
    Digest::of_bytes(format!(r#"{{"entry":{body},"prev":"{prev}","seq":{seq}}}"#).as_bytes())
}

/// The members that have columns of their own.
#[derive(serde::Deserialize)]
struct Head {
    at: i64,
    request: Option<String>,
    event: String,
}

/// Reads the whole record: every link is checked, every entry folded into `state`.
pub(crate) fn verify(connection: &Connection, state: &mut State) -> Result<Tip, StoreError> {
    let mut tip = Tip::start();
    let mut rows = connection
        .prepare("SELECT seq, at, request, event, body, prev, hash FROM record ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let seq = u64::try_from(seq).unwrap_or(0);
        let damaged = |why: &str| StoreError::Damaged { at: seq, why: why.to_owned() };
        if seq != tip.seq.saturating_add(1) {
            return Err(damaged("an entry before it is missing"));
        }
        let body: String = row.get(4)?;
        if row.get_ref(5)?.as_str().ok() != Some(tip.hash.as_str()) {
            return Err(damaged("it does not follow the entry before it"));
        }
        let computed = hash(seq, &tip.hash, &body);
        if row.get_ref(6)?.as_str().ok() != Some(computed.as_str()) {
            return Err(damaged("its content was changed"));
        }
        let not_understood = |_| damaged("it cannot be understood");
        let head: Head = serde_json::from_str(&body).map_err(not_understood)?;
        let columns_agree = row.get::<_, i64>(1)? == head.at
            && row.get::<_, Option<String>>(2)? == head.request
            && row.get_ref(3)?.as_str().ok() == Some(&head.event);
        if !columns_agree {
            return Err(damaged("its columns were changed"));
        }
        // Screens are the bulk of a record and mean nothing to the state: they are hashed, not
        // built up again, so that years of them do not delay the start.
        if head.event == "shown" {
            state.count(&computed);
        } else {
            let entry: Entry = serde_json::from_str(&body).map_err(not_understood)?;
            state.fold(&entry, &computed);
        }
        tip = Tip { seq, hash: computed };
    }
    Ok(tip)
}
