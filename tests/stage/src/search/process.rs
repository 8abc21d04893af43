//! Processes: their environments, command lines, names, memory, and files that only they still hold.
//!
//! Read as whoever runs the search. Started by root for a user, the search leaves out what the
//! kernel would not let that user read (another user's, or a process that is not dumpable): it
//! asks what an agent of that user could find.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::places::{PIECE, Pieces, Search};

const PAGE: u64 = 4096;

impl Search<'_> {
    /// Looks in the environment, the command line and the name of every process, as far as user
    /// `uid` can read them.
    pub fn processes(&mut self, uid: u32) -> &mut Self {
        for (kind, file, owned) in [
            // Command lines and names are open to all, environments to the process's own user.
            ("environments", "environ", true),
            ("command lines", "cmdline", false),
            ("process names", "comm", false),
        ] {
            let mut total = (0, 0);
            let mut others = 0;
            for pid in pids() {
                let path = format!("/proc/{pid}/{file}");
                let Ok(status) = fs::metadata(&path) else { continue };
                if owned && status.uid() != uid {
                    others += 1;
                    continue;
                }
                match fs::read(&path) {
                    Ok(bytes) => {
                        self.look(&format!("{file} of {pid} {}", name(pid)), &bytes);
                        total = (total.0 + 1, total.1 + bytes.len() as u64);
                    }
                    // Ended in between.
                    Err(error) if error.raw_os_error() == Some(3) => {}
                    Err(error) => self.unread(&path, &error),
                }
            }
            let place = match others {
                0 => format!("that user {uid} can read"),
                others => format!("that user {uid} can read ({others} others not)"),
            };
            self.searched(kind, &place, total.0, total.1);
        }
        self
    }

    /// Looks in the memory of a process, and in deleted files that it still has open.
    ///
    /// What cannot be read at all (no right to) is listed; the process is not stopped meanwhile.
    pub fn memory(&mut self, pid: u32, what: &str) -> &mut Self {
        if pid == std::process::id() {
            // The needle is here.
            self.exclude(pid, "the search itself");
            return self;
        }
        if self.report.excluded.iter().any(|one| one.pid == pid) {
            return self;
        }
        let place = format!("memory of {pid} {} ({what})", name(pid));
        match self.regions(pid, &place) {
            Ok((parts, bytes)) => self.searched("memory", &place, parts, bytes),
            Err(error) => self.unread(&place, &error),
        }
        self.deleted_files(pid);
        self
    }

    /// Looks in the memory of every process whose memory user `uid` may read, but for those that
    /// were excluded before.
    pub fn memory_of_user(&mut self, uid: u32) -> &mut Self {
        for pid in pids() {
            // The kernel gives this file to root when the process is not dumpable.
            let ours = fs::metadata(format!("/proc/{pid}/environ"));
            if ours.is_ok_and(|status| status.uid() == uid) {
                self.memory(pid, "of the user");
            }
        }
        self
    }

    fn regions(&mut self, pid: u32, place: &str) -> std::io::Result<(u64, u64)> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        let memory = File::open(format!("/proc/{pid}/mem"))?;
        let mut total = (0, 0);
        for line in maps.lines() {
            let Some((start, end, name)) = readable(line) else { continue };
            let bytes = self.region(&memory, place, start, end);
            if bytes == 0 {
                self.unread(&format!("{place}, {name} at {start:#x}"), &"the kernel gave nothing");
            }
            total = (total.0 + 1, total.1 + bytes);
        }
        Ok(total)
    }

    fn region(&mut self, memory: &File, place: &str, start: u64, end: u64) -> u64 {
        let mut buffer = vec![0; PIECE];
        let mut pieces = Pieces::new(place, start);
        let mut total = 0;
        let mut at = start;
        while at < end {
            let left = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            let into = buffer.get_mut(..left).unwrap_or_default();
            match memory.read_at(into, at) {
                Ok(length) if length > 0 => {
                    pieces.add(self, into.get(..length).unwrap_or_default());
                    at += length as u64;
                }
                // A page that is not backed (a file that became shorter): what is behind it may be.
                _ => {
                    total +=
                        std::mem::replace(&mut pieces, Pieces::new(place, at + PAGE)).end(self);
                    at += PAGE;
                }
            }
        }
        total + pieces.end(self)
    }

    /// An anonymous or deleted file has no name in any folder.
    fn deleted_files(&mut self, pid: u32) {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return };
        let mut total = (0, 0);
        for entry in entries.flatten() {
            let Ok(target) = fs::read_link(entry.path()) else { continue };
            let target = target.to_string_lossy().into_owned();
            // Opening a device or a socket is not just reading.
            let file = fs::metadata(entry.path()).is_ok_and(|status| status.is_file());
            if !file || !target.ends_with("(deleted)") {
                continue;
            }
            let place = format!("{target} of {pid}");
            match File::open(entry.path()).and_then(|file| self.read(&place, file.take(1 << 30))) {
                Ok(bytes) => total = (total.0 + 1, total.1 + bytes),
                Err(error) => self.unread(&place, &error),
            }
        }
        if total.0 > 0 {
            self.searched("deleted files", &format!("that {pid} has open"), total.0, total.1);
        }
    }
}

/// What the process calls itself.
pub(crate) fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return vec![] };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Start, end and name of a readable region, from a line of `maps` (proc(5)).
fn readable(line: &str) -> Option<(u64, u64, &str)> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    fields.next()?.starts_with('r').then_some(())?;
    let name = fields.nth(3).unwrap_or("anonymous memory");
    // The kernel's own pages, the same for all processes.
    if name.starts_with("[vvar") || name == "[vsyscall]" {
        return None;
    }
    Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::user::unprivileged;
    use crate::search::{Needle, memory};

    const SECRET: &[u8] = b"48151623";

    #[test]
    fn a_process_that_was_left_out_is_listed_and_not_searched() {
        let needle = Needle::new(SECRET).unwrap();
        let planted = memory(&unprivileged().unwrap(), SECRET).unwrap();
        let mut search = Search::new(&needle);
        search.exclude(planted.pid().unwrap(), "it is allowed to know");
        search.memory(planted.pid().unwrap(), "planted");
        let report = search.report();
        assert!(report.hits.is_empty());
        let [excluded] = report.excluded.as_slice() else { panic!("{report:?}") };
        assert_eq!(
            (excluded.name.as_str(), excluded.why.as_str()),
            ("sort", "it is allowed to know")
        );
        assert!(report.searched.is_empty());
    }

    #[test]
    fn memory_that_cannot_be_read_is_listed() {
        let needle = Needle::new(SECRET).unwrap();
        let mut search = Search::new(&needle);
        // No process has this number: Linux gives out at most 2^22.
        search.memory(5_000_000, "nobody");
        let report = search.report();
        assert_eq!(report.unreadable.len(), 1);
        assert!(!report.clean());
    }

    #[test]
    fn the_search_leaves_itself_out_and_says_so() {
        let needle = Needle::new(SECRET).unwrap();
        let mut search = Search::new(&needle);
        search.memory(std::process::id(), "itself");
        let report = search.report();
        assert!(report.hits.is_empty());
        assert_eq!(report.excluded.first().unwrap().why, "the search itself");
    }

    #[test]
    fn only_what_the_user_could_read_is_searched() {
        let (needle, user) = (Needle::new(SECRET).unwrap(), unprivileged().unwrap());
        let planted = crate::search::environment(&user, SECRET).unwrap();
        let hits = |uid| {
            let mut search = Search::new(&needle);
            search.processes(uid);
            search.report().hits.len()
        };
        assert_eq!(hits(user.uid), 1);
        assert_eq!(hits(user.uid + 100_000), 0);
        drop(planted);
        assert_eq!(hits(user.uid), 0);
    }
}
