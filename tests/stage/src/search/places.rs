//! The places of a search: streams and folders here, processes and the display beside.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::needle::Needle;
use super::report::{Excluded, Hit, Report, Searched, Unread};

/// How much of a file or of memory is looked at in one piece.
pub(crate) const PIECE: usize = 4 << 20;

/// A search that is going on.
#[derive(Debug)]
pub struct Search<'a> {
    pub(crate) needle: &'a Needle,
    pub(crate) report: Report,
}

impl<'a> Search<'a> {
    /// Begins to look for a needle.
    #[must_use]
    pub fn new(needle: &'a Needle) -> Self {
        Self { needle, report: Report::default() }
    }

    /// The end.
    #[must_use]
    pub fn report(self) -> Report {
        self.report
    }

    /// Leaves the memory of a process out, because the secret is there by right; its environment
    /// and its command line are searched all the same.
    pub fn exclude(&mut self, pid: u32, why: &str) -> &mut Self {
        let name = super::process::name(pid);
        self.report.excluded.push(Excluded { pid, name, why: why.to_owned() });
        self
    }

    /// Looks in bytes that were recorded, or in a text.
    pub fn stream(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.look(&format!("stream {name}"), bytes);
        self.searched("stream", name, 1, bytes.len() as u64);
        self
    }

    /// Looks in all files under a folder (or in one file), in their names, and in what links point
    /// to; links are not followed. Databases are searched as the bytes they are, so that freed
    /// pages and write-ahead logs count.
    pub fn folder(&mut self, path: &Path) -> &mut Self {
        let mut total = (0, 0);
        self.walk(path, &mut total);
        self.searched("folder", &path.display().to_string(), total.0, total.1);
        self
    }

    fn walk(&mut self, path: &Path, total: &mut (u64, u64)) {
        let place = path.display().to_string();
        if let Some(name) = path.file_name() {
            self.look(&format!("name of {place}"), name.as_bytes());
        }
        let kind = match fs::symlink_metadata(path) {
            Ok(status) => status.file_type(),
            Err(error) => return self.unread(&place, &error),
        };
        if kind.is_dir() {
            let entries = match fs::read_dir(path) {
                Ok(entries) => entries,
                Err(error) => return self.unread(&place, &error),
            };
            for entry in entries {
                match entry {
                    Ok(entry) => self.walk(&entry.path(), total),
                    Err(error) => self.unread(&place, &error),
                }
            }
        } else if kind.is_symlink() {
            match fs::read_link(path) {
                Ok(target) => {
                    self.look(&format!("target of {place}"), target.as_os_str().as_bytes())
                }
                Err(error) => self.unread(&place, &error),
            }
        } else if kind.is_file() {
            match File::open(path).and_then(|file| self.read(&place, file)) {
                Ok(bytes) => *total = (total.0 + 1, total.1 + bytes),
                Err(error) => self.unread(&place, &error),
            }
        } else {
            // To read a pipe or a socket would change it.
            self.unread(&place, &"not a file");
        }
    }

    /// Reads to the end, piece by piece; returns how many bytes there were.
    pub(crate) fn read(&mut self, place: &str, mut from: impl Read) -> std::io::Result<u64> {
        let mut pieces = Pieces::new(place, 0);
        let mut buffer = vec![0; PIECE];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(pieces.end(self)),
                length => pieces.add(self, buffer.get(..length).unwrap_or_default()),
            }
        }
    }

    /// Looks in one run of bytes.
    pub(crate) fn look(&mut self, place: &str, bytes: &[u8]) {
        let mut pieces = Pieces::new(place, 0);
        pieces.add(self, bytes);
        pieces.end(self);
    }

    pub(crate) fn searched(&mut self, kind: &str, place: &str, parts: u64, bytes: u64) {
        let (kind, place) = (kind.to_owned(), place.to_owned());
        self.report.searched.push(Searched { kind, place, parts, bytes });
    }

    pub(crate) fn unread(&mut self, place: &str, why: &dyn std::fmt::Display) {
        self.report.unreadable.push(Unread { place: place.to_owned(), why: why.to_string() });
    }

    fn hit(&mut self, place: &str, form: String, offset: u64) {
        let same = |hit: &&mut Hit| hit.place == place && hit.form == form;
        match self.report.hits.iter_mut().find(same) {
            Some(hit) => hit.times += 1,
            None => self.report.hits.push(Hit { place: place.to_owned(), form, offset, times: 1 }),
        }
    }
}

/// One run of bytes that comes in pieces: what lies across a border is found, and found once.
pub(crate) struct Pieces<'p> {
    place: &'p str,
    /// What was not yet looked at as the start of a find.
    open: Vec<u8>,
    /// Where `open` begins.
    offset: u64,
    total: u64,
}

impl<'p> Pieces<'p> {
    pub(crate) fn new(place: &'p str, offset: u64) -> Self {
        Self { place, open: vec![], offset, total: 0 }
    }

    pub(crate) fn add(&mut self, search: &mut Search<'_>, bytes: &[u8]) {
        self.open.extend_from_slice(bytes);
        self.total += bytes.len() as u64;
        if self.open.len() >= PIECE {
            // A find that starts in the last few bytes may end in the next piece.
            self.scan(search, self.open.len().saturating_sub(search.needle.longest()));
        }
    }

    pub(crate) fn end(mut self, search: &mut Search<'_>) -> u64 {
        self.scan(search, self.open.len());
        self.total
    }

    fn scan(&mut self, search: &mut Search<'_>, until: usize) {
        for find in search.needle.scan(&self.open) {
            if find.offset < until {
                search.hit(self.place, find.form, self.offset + find.offset as u64);
            }
        }
        self.open.drain(..until);
        self.offset += until as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_across_two_pieces_is_found_once() {
        let needle = Needle::new(b"48151623").unwrap();
        for at in [PIECE - 200, PIECE - 4, PIECE - 1, PIECE, PIECE + 3] {
            let mut bytes = vec![b'x'; 2 * PIECE];
            bytes.splice(at..at + 15, *b"4-8-1-5-1-6-2-3");
            let mut search = Search::new(&needle);
            search.read("it", bytes.as_slice()).unwrap();
            let [hit] = search.report.hits.as_slice() else { panic!("{:?}", search.report) };
            assert_eq!((hit.offset, hit.times), (at as u64, 1));
        }
    }

    #[test]
    fn what_cannot_be_read_is_listed_and_links_are_not_followed() {
        let needle = Needle::new(b"48151623").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/proc/self/environ", folder.path().join("link")).unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let mut search = Search::new(&needle);
        search.folder(folder.path()).folder(&folder.path().join("missing"));
        let report = search.report();
        let unread: Vec<&str> = report.unreadable.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(
            unread,
            [socket.to_str().unwrap(), folder.path().join("missing").to_str().unwrap()]
        );
        assert!(!report.clean(), "nothing was read, so nothing is proved");
    }

    #[test]
    fn a_secret_in_a_file_s_name_or_in_a_link_is_found() {
        let needle = Needle::new(b"48151623").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("code-48151623.txt"), b"x").unwrap();
        std::os::unix::fs::symlink("48151623", folder.path().join("link")).unwrap();
        let mut search = Search::new(&needle);
        search.folder(folder.path());
        assert_eq!(search.report().hits.len(), 2);
    }
}
