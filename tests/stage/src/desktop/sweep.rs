//! Ends what a session's programs started and left behind.
//!
//! A program may put a child in a session of its own, out of reach of its process group. What
//! inherits the session's mark in its environment is found in `/proc`. Each process is held by a
//! pidfd while it is looked at, so that a number that was given away again is never signalled.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Ends every process with the mark on drop.
#[derive(Debug)]
pub(crate) struct Sweep {
    mark: Vec<u8>,
}

impl Sweep {
    pub(crate) fn new(variable: &str, folder: &Path) -> Self {
        Self { mark: format!("{variable}={}", folder.display()).into_bytes() }
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
        let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
        let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { return };
        if self.marked(pid) {
            let _ = pidfd_send_signal(&process, Signal::KILL);
            // Until it is gone, its files are in use.
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
            let _ = super::program::readable_within(&process, deadline);
        }
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        // A process that is just forking may be missed once, not often.
        for _ in 0..10 {
            let found = self.found();
            if found.is_empty() {
                return;
            }
            found.into_iter().for_each(|pid| self.end(pid));
        }
    }
}
