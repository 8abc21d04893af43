//! How much memory programs take: the proportional set size, in which each page counts divided by
//! the number of processes that have it (proc(5), `smaps_rollup`).
//!
//! **Promises.** A program is all of its processes: those that it started, and those that these
//! started. A figure is taken when it no longer changes.
//!
//! Placet is closed to other processes of its own user, also for this. Root may read it, and whoever
//! may become root without being asked (`sudo -n`).

use std::io::ErrorKind;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Outcome;

/// How long nothing may change before it counts as at rest.
const STILL: Duration = Duration::from_millis(1500);
/// After this it is not at rest, and is taken as it is.
const RESTLESS: Duration = Duration::from_secs(15);
/// A change that counts as one.
const CHANGE_KIB: u64 = 256;

/// Whether memory can be measured here.
pub(super) fn readable() -> bool {
    let asked = || Command::new("sudo").args(["-n", "true"]).output();
    rustix::process::geteuid().is_root() || asked().is_ok_and(|output| output.status.success())
}

/// `pid` and everything below it.
pub(super) fn family(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, parent(&stat)?))
        })
        .collect();
    descendants(pid, &parents)
}

/// The parent, from `/proc/PID/stat`: the second field after the name, which may have brackets and
/// blanks in it (proc(5)).
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn descendants(of: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut all = vec![of];
    let mut looked_at = 0;
    while let Some(one) = all.get(looked_at).copied() {
        let new = parents.iter().filter(|(pid, parent)| *parent == one && !all.contains(pid));
        let new: Vec<u32> = new.map(|(pid, _)| *pid).collect();
        all.extend(new);
        looked_at += 1;
    }
    all
}

/// How many of these processes draw web pages or fetch them.
pub(super) fn web_processes(family: &[u32]) -> usize {
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    family.iter().filter(|pid| name(pid).starts_with("WebKit")).count()
}

/// What the program takes when it is at rest, in MiB.
///
/// # Errors
/// When a process is closed to us.
pub(super) fn at_rest(pid: u32) -> Outcome<f64> {
    let begun = Instant::now();
    let mut last = together(pid)?;
    let mut since = Instant::now();
    while since.elapsed() < STILL && begun.elapsed() < RESTLESS {
        // Nothing announces that memory has changed.
        std::thread::sleep(Duration::from_millis(250));
        let now = together(pid)?;
        if now.abs_diff(last) > CHANGE_KIB {
            (last, since) = (now, Instant::now());
        }
    }
    // Exact: a figure in KiB is far below 2^52.
    Ok(together(pid)? as f64 / 1024.0)
}

fn together(pid: u32) -> Outcome<u64> {
    family(pid).into_iter().map(of).sum()
}

/// One process, in KiB; one that has ended meanwhile takes nothing.
fn of(pid: u32) -> Outcome<u64> {
    let place = format!("/proc/{pid}/smaps_rollup");
    let text = match std::fs::read_to_string(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => as_root(&place)?,
        Err(_) => return Ok(0),
    };
    Ok(pss(&text).unwrap_or(0))
}

fn as_root(place: &str) -> Outcome<String> {
    let output = Command::new("sudo").args(["-n", "cat", place]).output();
    let output = output.map_err(|error| format!("{place} is for root, and sudo: {error}"))?;
    if !output.status.success() {
        return Err(format!("{place} is for root, and sudo asks for a password").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent("7 (cat) S 3 7 7 0"), Some(3));
        assert_eq!(parent("7 (a) S 9 (b) R 4 7 7"), Some(4), "a name that looks like the fields");
        assert_eq!(parent("7 (cat"), None);
    }

    #[test]
    fn a_family_has_grandchildren_and_no_strangers() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 4)];
        assert_eq!(descendants(3, &parents), [3, 4, 6]);
        assert_eq!(descendants(9, &parents), [9]);
    }

    #[test]
    fn the_proportional_size_is_read_and_not_its_parts() {
        // As Linux 6 prints it.
        let rollup = "00400000-7fff000 ---p 00000000 00:00 0 [rollup]\nRss:            5000 kB\n\
                      Pss:            1234 kB\nPss_Dirty:       200 kB\nPss_Anon:        100 kB\n";
        assert_eq!(pss(rollup), Some(1234));
        assert_eq!(pss(""), None);
    }
}
