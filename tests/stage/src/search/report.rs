//! What a search found, where it looked, and where it could not or was told not to.

use serde::Serialize;

/// The end of a search.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Where the secret is; empty when all is well.
    pub hits: Vec<Hit>,
    /// Where it was looked for.
    pub searched: Vec<Searched>,
    /// What could not be read.
    pub unreadable: Vec<Unread>,
    /// Processes whose memory rightly holds the secret, and was left out.
    pub excluded: Vec<Excluded>,
}

/// One place where the secret is, in one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// Where.
    pub place: String,
    /// In which form.
    pub form: String,
    /// Bytes from the start of the place (an address, in memory), of the first.
    pub offset: u64,
    /// How often.
    pub times: usize,
}

/// A place that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Searched {
    /// What kind of place: `stream`, `folder`, `environments`, `command lines`, `memory`, …
    pub kind: String,
    /// Which one.
    pub place: String,
    /// How many files, processes, regions or properties.
    pub parts: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Which.
    pub place: String,
    /// Why.
    pub why: String,
}

/// A process whose memory was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excluded {
    /// Its number.
    pub pid: u32,
    /// What it calls itself.
    pub name: String,
    /// Why the secret may be there.
    pub why: String,
}

impl Report {
    /// Whether the secret was found nowhere, and at least something was searched.
    #[must_use]
    pub fn clean(&self) -> bool {
        self.hits.is_empty() && self.searched.iter().any(|place| place.bytes > 0)
    }

    /// The places that were searched, in words (`secrets_searched_in` of the demo's summary).
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let line = |one: &Searched| format!("{}: {} ({} bytes)", one.kind, one.place, one.bytes);
        self.searched.iter().map(line).collect()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Searched { kind, place, parts, bytes } in &self.searched {
            writeln!(f, "searched    {kind}: {place} ({parts} parts, {bytes} bytes)")?;
        }
        for Excluded { pid, name, why } in &self.excluded {
            writeln!(f, "left out    memory of {pid} {name}: {why}")?;
        }
        for Unread { place, why } in &self.unreadable {
            writeln!(f, "unreadable  {place}: {why}")?;
        }
        for Hit { place, form, offset, times } in &self.hits {
            writeln!(f, "FOUND       {place}, {form}, first at {offset:#x}, {times} times")?;
        }
        writeln!(f, "{} hits", self.hits.len())
    }
}
