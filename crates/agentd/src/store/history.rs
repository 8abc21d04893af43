//! What was asked and how it ended, to be leafed through and searched: the book's history.
//!
//! It is an index beside the record, in a file of its own that can be thrown away: [`History`] makes
//! it again from the record, and takes in what is new before each look.
//!
//! **Promises.** The record is only read, through a connection of its own, so that no search keeps
//! a request waiting. Pages go by the number of the last line, never by counting lines (a million
//! of them cost the same as ten). What is shown in full comes from the record itself and is hashed
//! again: [`Showing::holds`].
//!
//! **Never** answer anybody but the person's own book from here, but for receipts, which hold neither:
//! screens hold an action in full and a server's words (S5). Never decide by what it says.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use placet_core::json::{Digest, digest};
use placet_keys::receipt::{self, Receipt};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::StoreError;
use super::{FILE, log};

/// The index, in the folder of the record.
pub const INDEX: &str = "history.db";
/// The index of another version is made anew.
const VERSION: i64 = 4;
/// Lines of a page.
pub const PAGE: usize = 50;
/// So many characters of a screen can be found: what an agent sends to be read must not fill the
/// disk twice.
const FOUND_IN: usize = 64 * 1024;
/// A line shows this much of a heading; the detail shows all of it.
const HEADING: usize = 200;
/// Words of a search that count.
const WORDS: usize = 8;
/// Entries that are taken in at a time.
const STRIDE: i64 = 20_000;

const SCHEMA: &str = "
CREATE TABLE part(request TEXT, seq INTEGER, event TEXT, PRIMARY KEY(request, seq)) WITHOUT ROWID;
CREATE TABLE over(seq INTEGER PRIMARY KEY, request TEXT UNIQUE, at INTEGER, kind TEXT, agent TEXT,
  server TEXT, heading TEXT, outcome TEXT, reason TEXT, receipt TEXT, code TEXT, brief TEXT) STRICT;
CREATE INDEX over_receipt ON over(receipt) WHERE receipt IS NOT NULL;
CREATE VIRTUAL TABLE words USING fts5(text, facts, content='', columnsize=0,
  prefix='3 4 5');
CREATE TABLE seen(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER, hash TEXT) STRICT;
PRAGMA user_version = 4;
";

/// Which lines of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Older than this line.
    pub before: Option<u64>,
    /// Only with this outcome.
    pub outcome: Option<String>,
    /// Only from this agent; empty: from programs without a name.
    pub agent: Option<String>,
    /// Only for this server.
    pub server: Option<String>,
    /// All of these words were shown; the last may be the beginning of one.
    pub words: String,
}

/// One request that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The number of its end in the record; newer ones are higher.
    pub seq: u64,
    /// Which.
    pub request: String,
    /// When it ended, in milliseconds since 1970.
    pub at: i64,
    /// What kind of question it was.
    pub kind: String,
    /// The agent's name; empty for a program without one.
    pub agent: String,
    /// The server; empty if none was to be asked.
    pub server: String,
    /// The first screen's heading; empty if nothing was shown.
    pub heading: String,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// The number that prompt and terminal showed; empty in older records.
    #[serde(default)]
    pub code: String,
    /// What was asked, on one line ([`placet_core::brief`]); may be empty.
    #[serde(default)]
    pub brief: String,
}

/// One request in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Its line.
    pub past: Past,
    /// What the person wrote to the requester beside their no.
    #[serde(default)]
    pub note: Option<String>,
    /// The account that the server was asked for; empty if none was.
    pub account: String,
    /// Everything that was recorded of it, oldest first.
    pub steps: Vec<Stepped>,
    /// Every screen, exactly as it was sent to be shown.
    pub shown: Vec<Showing>,
    /// The receipt; none if there was no key to sign it with.
    pub receipt: Option<Signed>,
}

/// A receipt, as the book tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// `sha256:…`: what the agent was given of it (R7).
    pub digest: String,
    /// How its key was kept: a word of [`placet_keys::Seal`], or of a newer one.
    pub seal: String,
}

/// Which receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Last,
    /// The one of this request.
    Request(String),
    /// The one with this digest.
    Digest(String),
}

/// A receipt of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipted {
    /// The number of its end in the record.
    pub seq: u64,
    /// When it was recorded, in milliseconds since 1970.
    pub at: i64,
    /// The JWS.
    pub token: String,
    /// `sha256:…` of it.
    pub digest: String,
}

/// One entry of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stepped {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: i64,
    /// What.
    pub event: String,
    /// One line about it.
    pub summary: String,
}

/// One screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showing {
    /// When.
    pub at: i64,
    /// The recorded hash of it (R5).
    pub display_hash: String,
    /// Whether the screen has this hash now.
    pub holds: bool,
    /// The screen: `placet_core::display::Screen`.
    pub screen: Value,
}

/// The history of the record in a folder.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
    open: Mutex<Option<Index>>,
}

#[derive(Debug)]
struct Index {
    record: Connection,
    index: Connection,
}

impl History {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: Mutex::new(None) }
    }

    /// A page, newest first. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] if the record cannot be read or the index not be made.
    pub fn page(&self, wanted: &Wanted) -> Result<Vec<Past>, StoreError> {
        self.with(|index| page(&index.index, wanted))
    }

    /// One request that is over; `None` if there is none of this name. Blocks.
    ///
    /// # Errors
    /// As [`History::page`].
    pub fn detail(&self, request: &str) -> Result<Option<Detail>, StoreError> {
        self.with(|index| index.detail(request))
    }

    /// A receipt, from the record itself; `None` if there is none. Blocks.
    ///
    /// # Errors
    /// As [`History::page`].
    pub fn receipt(&self, which: &Which) -> Result<Option<Receipted>, StoreError> {
        self.with(|index| index.receipt(which))
    }

    /// When each agent's last request ended. Blocks.
    ///
    /// # Errors
    /// As [`History::page`].
    pub fn last_of(&self, agent: &str) -> Result<Option<i64>, StoreError> {
        let wanted = Wanted { agent: Some(agent.to_owned()), ..Wanted::default() };
        self.with(|index| Ok(page(&index.index, &wanted)?.first().map(|past| past.at)))
    }

    /// Takes in what the record has and the index has not, a stride at a time, so that somebody who
    /// looks in between waits for one stride only. Blocks.
    ///
    /// # Errors
    /// As [`History::page`].
    pub fn warm(&self) -> Result<(), StoreError> {
        while self.with_index(Index::stride)? {}
        Ok(())
    }

    fn with<T>(&self, look: impl FnOnce(&Index) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.with_index(|index| index.catch_up().and_then(|()| look(index)))
    }

    fn with_index<T>(
        &self,
        work: impl FnOnce(&mut Index) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(Index::open(&self.folder)?);
        }
        let index = open.as_mut().ok_or_else(|| StoreError::Io("no index".to_owned()))?;
        let worked = work(index);
        if worked.is_err() {
            // The next look begins anew, with a new index if this one is broken.
            *open = None;
        }
        worked
    }
}

impl Index {
    fn open(folder: &Path) -> Result<Self, StoreError> {
        let only_read = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let record = Connection::open_with_flags(folder.join(FILE), only_read)?;
        record.busy_timeout(super::file::PATIENCE)?;
        let index = match index_of(folder, &record) {
            Ok(index) => index,
            Err(error) => {
                tracing::warn!(%error, "the index of the history is made anew");
                thrown_away(folder)?;
                index_of(folder, &record)?
            }
        };
        Ok(Self { record, index })
    }

    /// Takes in what the record has and the index has not.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        while self.stride()? {}
        Ok(())
    }

    /// Takes in a stride of it; false: there is nothing more.
    fn stride(&mut self) -> Result<bool, StoreError> {
        let seen = seen(&self.index)?.map_or(0, |(seq, _)| seq);
        let work = self.index.transaction()?;
        let next = take_in(&self.record, &work, seen)?;
        if next == seen {
            return Ok(false);
        }
        work.commit()?;
        Ok(true)
    }

    fn detail(&self, request: &str) -> Result<Option<Detail>, StoreError> {
        let sql = "SELECT seq, request, at, kind, agent, server, heading, outcome, reason, code,
                   brief FROM over WHERE request = ?";
        let past = self.index.query_row(sql, [request], past).optional()?;
        let Some(past) = past else { return Ok(None) };
        let account = String::new();
        let mut detail = Detail {
            past,
            note: None,
            account,
            steps: Vec::new(),
            shown: Vec::new(),
            receipt: None,
        };
        let mut parts =
            self.index.prepare_cached("SELECT seq FROM part WHERE request = ? ORDER BY seq")?;
        let mut entry = self
            .record
            .prepare_cached("SELECT at, event, body FROM record WHERE seq = ? AND request = ?")?;
        let parts: Vec<i64> =
            parts.query_map([request], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for seq in parts {
            let (at, event, body): (i64, String, String) = entry
                .query_row((seq, request), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let mut body: Value = serde_json::from_str(&body).unwrap_or_default();
            if event == "shown" {
                let screen = body.get_mut("screen").map(Value::take).unwrap_or_default();
                let recorded = text(&body, "/display_hash").to_owned();
                let holds = digest(&screen).is_ok_and(|now: Digest| now.as_str() == recorded);
                detail.shown.push(Showing { at, display_hash: recorded, holds, screen });
            }
            if event == "ended" {
                detail.note = body.get("note").and_then(Value::as_str).map(str::to_owned);
            }
            if event == "contacting" {
                text(&body, "/account").clone_into(&mut detail.account);
            }
            if let Some(token) = body.get("receipt").and_then(Value::as_str) {
                let seal = Receipt::peek(token).map(|receipt| receipt.seal).unwrap_or_default();
                detail.receipt = Some(Signed { digest: receipt::digest(token), seal });
            }
            let summary = log::summary(&event, &body);
            detail.steps.push(Stepped { seq: u64::try_from(seq).unwrap_or(0), at, event, summary });
        }
        Ok(Some(detail))
    }
}

impl Index {
    fn receipt(&self, which: &Which) -> Result<Option<Receipted>, StoreError> {
        let (sql, value) = match which {
            Which::Last => (
                "SELECT seq FROM over WHERE receipt IS NOT NULL AND ?1 = '' ORDER BY seq DESC LIMIT 1",
                "",
            ),
            Which::Request(request) => {
                ("SELECT seq FROM over WHERE request = ?1", request.as_str())
            }
            Which::Digest(digest) => ("SELECT seq FROM over WHERE receipt = ?1", digest.as_str()),
        };
        let seq: Option<i64> = self.index.query_row(sql, [value], |row| row.get(0)).optional()?;
        let Some(seq) = seq else { return Ok(None) };
        let sql = "SELECT at, request, body FROM record WHERE seq = ? AND event = 'ended'";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found = self.record.query_row(sql, [seq], row).optional()?;
        let Some((at, request, body)): Option<(i64, String, String)> = found else {
            return Ok(None);
        };
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let Some(token) = body.get("receipt").and_then(Value::as_str) else { return Ok(None) };
        let digest = receipt::digest(token);
        // The index only says where to look.
        let is_it = match which {
            Which::Last => true,
            Which::Request(wanted) => *wanted == request,
            Which::Digest(wanted) => *wanted == digest,
        };
        let seq = u64::try_from(seq).unwrap_or(0);
        Ok(is_it.then(|| Receipted { seq, at, token: token.to_owned(), digest }))
    }
}

/// The index, if it belongs to this record.
fn index_of(folder: &Path, record: &Connection) -> Result<Connection, StoreError> {
    let path = folder.join(INDEX);
    super::file::private_file(&path)?;
    let index = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    index.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Any program of the user could have put one there.
    for off in [
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
    ] {
        index.set_db_config(off, false)?;
    }
    index.pragma_update(None, "trusted_schema", false)?;
    // Lost with the power, it is made again.
    index.pragma_update(None, "journal_mode", "WAL")?;
    index.pragma_update(None, "synchronous", "OFF")?;
    let found: i64 = index.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found == 0 {
        index.execute_batch(&format!("BEGIN;{SCHEMA}COMMIT;"))?;
    } else if found != VERSION {
        return Err(StoreError::TooNew { found, known: VERSION });
    }
    if let Some((seq, hash)) = seen(&index)? {
        let sql = "SELECT hash FROM record WHERE seq = ?";
        let there: Option<String> = record.query_row(sql, [seq], |row| row.get(0)).optional()?;
        if there.as_deref() != Some(hash.as_str()) {
            return Err(StoreError::Io("it is of another record".to_owned()));
        }
    }
    Ok(index)
}

fn thrown_away(folder: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal", "-shm"] {
        match std::fs::remove_file(folder.join(format!("{INDEX}{end}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn seen(index: &Connection) -> Result<Option<(i64, String)>, StoreError> {
    let sql = "SELECT seq, hash FROM seen";
    Ok(index.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Takes in the entries after `seen`, a stride of them; returns the last.
fn take_in(record: &Connection, work: &Transaction<'_>, seen: i64) -> Result<i64, StoreError> {
    let mut rows = record.prepare_cached(
        "SELECT seq, at, request, event, CASE event WHEN 'ended' THEN body END, hash FROM record
         WHERE seq > ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = rows.query((seen, STRIDE))?;
    let mut part = work.prepare_cached("INSERT INTO part(request, seq, event) VALUES (?, ?, ?)")?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        last = Some((seq, row.get::<_, String>(5)?));
        let Some(request) = row.get::<_, Option<String>>(2)? else { continue };
        let event: String = row.get(3)?;
        part.execute((&request, seq, &event))?;
        if let Some(body) = row.get::<_, Option<String>>(4)? {
            let ended: Value = serde_json::from_str(&body).unwrap_or_default();
            end(record, work, (seq, row.get(1)?, &request), &ended)?;
        }
    }
    let Some((seq, hash)) = last else { return Ok(seen) };
    work.execute("INSERT OR REPLACE INTO seen(one, seq, hash) VALUES (1, ?, ?)", (seq, hash))?;
    Ok(seq)
}

/// A request is over: its line, and its words.
fn end(
    record: &Connection,
    work: &Transaction<'_>,
    (seq, at, request): (i64, i64, &str),
    ended: &Value,
) -> Result<(), StoreError> {
    let mut parts = work.prepare_cached(
        "SELECT seq FROM part WHERE request = ? AND event IN ('received', 'shown') ORDER BY seq",
    )?;
    let mut entry = record.prepare_cached("SELECT body FROM record WHERE seq = ?")?;
    let (mut received, mut heading, mut words) = (Value::Null, String::new(), String::new());
    let parts: Vec<i64> =
        parts.query_map([request], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for part in parts {
        let body: String = entry.query_row([part], |row| row.get(0))?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        match body.get("screen") {
            Some(screen) => {
                if heading.is_empty() {
                    heading = text(screen, "/heading").chars().take(HEADING).collect();
                }
                let mut left = FOUND_IN;
                for member in
                    ["heading", "action", "asker", "destination", "problem", "fields", "words"]
                {
                    gather(screen.get(member).unwrap_or(&Value::Null), &mut words, &mut left);
                }
            }
            None => received = body,
        }
    }
    let agent = text(&received, "/asker/pairing");
    let (server, outcome) = (text(&received, "/issuer"), text(ended, "/outcome"));
    // Found by what was asked and by its number, also where nothing was shown.
    let (code, brief) = (text(&received, "/code"), text(&received, "/brief"));
    for one in [code, brief] {
        words.push('\n');
        words.push_str(one);
    }
    let facts = format!("{} {} {}", fact("o", outcome), fact("a", agent), fact("s", server));
    work.prepare_cached(
        "INSERT OR IGNORE INTO over(seq, request, at, kind, agent, server, heading, outcome, reason,
         receipt, code, brief) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((
        seq,
        request,
        at,
        text(&received, "/kind"),
        agent,
        server,
        heading,
        outcome,
        text(ended, "/reason"),
        ended.get("receipt").and_then(Value::as_str).map(receipt::digest),
        code,
        brief,
    ))?;
    work.prepare_cached("INSERT INTO words(rowid, text, facts) VALUES (?, ?, ?)")?
        .execute((seq, words, facts))?;
    Ok(())
}

/// All text in a value, as far as there is room.
fn gather(value: &Value, into: &mut String, left: &mut usize) {
    match value {
        Value::String(text) => {
            let taken: String = text.chars().take(*left).collect();
            *left = left.saturating_sub(taken.chars().count());
            into.push_str(&taken);
            into.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, into, left)),
        Value::Object(members) => members.values().for_each(|value| gather(value, into, left)),
        _ => {}
    }
}

/// One word that stands for a fact, whatever characters it has.
fn fact(of: &str, value: &str) -> String {
    let hash = Digest::of_bytes(value.as_bytes());
    let hash = hash.as_str().rsplit(':').next().unwrap_or_default();
    format!("{of}x{}", hash.chars().take(24).collect::<String>())
}

fn page(index: &Connection, wanted: &Wanted) -> Result<Vec<Past>, StoreError> {
    const COLUMNS: &str = "seq, request, at, kind, agent, server, heading, outcome, reason, \
                           code, brief";
    let before = wanted.before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let facts = [("o", &wanted.outcome), ("a", &wanted.agent), ("s", &wanted.server)];
    let facts = facts.iter().filter_map(|(of, value)| Some(fact(of, value.as_ref()?)));
    let mut query: Vec<String> = facts.map(|fact| format!("facts : {fact}")).collect();
    // Words of letters and digits alone: nothing of a search is syntax.
    let words = wanted.words.split(|one: char| !one.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(WORDS).collect();
    let open = wanted.words.chars().last().is_some_and(char::is_alphanumeric);
    query.extend(words.iter().enumerate().map(|(at, word)| {
        let begins = open && at.saturating_add(1) == words.len() && word.chars().count() > 2;
        format!("text : \"{word}\"{}", if begins { " *" } else { "" })
    }));
    if query.is_empty() {
        let sql = format!("SELECT {COLUMNS} FROM over WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        let mut lines = index.prepare_cached(&sql)?;
        return Ok(lines.query_map((before, limit), past)?.collect::<Result<_, _>>()?);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM over WHERE seq IN (SELECT rowid FROM words
         WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?) ORDER BY seq DESC"
    );
    let mut lines = index.prepare_cached(&sql)?;
    Ok(lines.query_map((query.join(" AND "), before, limit), past)?.collect::<Result<_, _>>()?)
}

fn past(row: &rusqlite::Row<'_>) -> rusqlite::Result<Past> {
    Ok(Past {
        seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        request: row.get(1)?,
        at: row.get(2)?,
        kind: row.get(3)?,
        agent: row.get(4)?,
        server: row.get(5)?,
        heading: row.get(6)?,
        outcome: row.get(7)?,
        reason: row.get(8)?,
        code: row.get(9)?,
        brief: row.get(10)?,
    })
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
