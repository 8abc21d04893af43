//! Ends what a session's programs started and left behind.
//!
//! A program may put a child in a session of its own, out of reach of its process group. What
//! inherits the session's mark in its environment is found in `/proc`. Each process is held by a
//! pidfd while it is looked at, so that a number that was given away again is never signalled.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::program::readable_within;

/// Ends every process with the mark on drop.
#[derive(Debug)]
pub(crate) struct Sweep {
    mark: Vec<u8>,
    held: Vec<OwnedFd>,
}

impl Sweep {
    pub(crate) fn new(variable: &str, folder: &Path) -> Self {
        Self { mark: format!("{variable}={}", folder.display()).into_bytes(), held: vec![] }
    }

    /// Remembers those that run now: the sweep is over when they are, whoever ended them.
    pub(crate) fn hold(&mut self) {
        self.held = self.found().into_iter().filter_map(hold).collect();
    }

    /// The processes that have the mark, as far as we may see.
    pub(crate) fn found(&self) -> Vec<u32> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return vec![] };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| self.marked(*pid))
            .collect()
    }

    fn marked(&self, pid: u32) -> bool {
        let environ = PathBuf::from(format!("/proc/{pid}/environ"));
        let Ok(environ) = std::fs::read(environ) else { return false };
        environ.split(|byte| *byte == 0).any(|variable| variable == self.mark)
    }

    fn end(&self, pid: u32) {
        let Some(process) = hold(pid) else { return };
        if self.marked(pid) {
            let _ = pidfd_send_signal(&process, Signal::KILL);
            await_end(&process);
        }
    }
}

/// Ends every process whose `variable` names a folder that is `over`.
pub(crate) fn end_marked(variable: &str, over: impl Fn(&Path) -> bool) {
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    let pids =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let folder = |pid: u32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut variables = environ.split(|byte| *byte == 0);
        let value = variables.find_map(|one| {
            one.strip_prefix(variable.as_bytes())?.strip_prefix(b"=").map(<[u8]>::to_vec)
        })?;
        Some(PathBuf::from(OsString::from_vec(value)))
    };
    let mut folders: Vec<PathBuf> = pids.filter_map(folder).filter(|folder| over(folder)).collect();
    folders.sort();
    folders.dedup();
    folders.iter().for_each(|folder| drop(Sweep::new(variable, folder)));
}

fn hold(pid: u32) -> Option<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// A pidfd becomes readable when its process has ended, reaped or not. A killed process ends soon.
fn await_end(process: &OwnedFd) {
    let _ = readable_within(process, Instant::now() + Duration::from_secs(2));
}

impl Drop for Sweep {
    fn drop(&mut self) {
        // A process that is just forking may be missed once, not often.
        for _ in 0..10 {
            let found = self.found();
            if found.is_empty() {
                break;
            }
            found.into_iter().for_each(|pid| self.end(pid));
        }
        self.held.iter().for_each(await_end);
    }
}
