//! Who is at the other end of the socket, as the kernel says it (S4).
//!
//! **Promises.** [`look`] takes the uid and the pid from the socket and reads the rest from `/proc`
//! for the process that had this pid when the connection was made: a pid that was given to another
//! process meanwhile is noticed (start time and pidfd) and then nothing is said of a process.
//! What cannot be read is left out; nothing here fails.
//!
//! **Never** take what is read here for proof: a process can dress up, and hand its socket on.
//! It is attribution.

mod hash;
mod proc;

use std::os::fd::{AsRawFd as _, OwnedFd};

use placet_core::json::Digest;
use placet_core::request::{Kernel, Place, Process};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub(crate) use self::hash::Hashes;
use self::proc::Stat;

/// The process and its parents: deeper chains are cut, since a peer makes them as deep as it likes.
const CHAIN_MAX: usize = 16;

/// What `SO_PEERCRED` said when the connection was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials {
    pub(crate) uid: u32,
    /// `None` if the process is in a PID namespace that cannot be seen from here.
    pub(crate) pid: Option<i32>,
    /// CLOCK_BOOTTIME in milliseconds: a process that began later is not the one that connected.
    pub(crate) accepted_at: u64,
}

/// A peer that was looked at.
#[derive(Debug)]
pub(crate) struct Peer {
    kernel: Kernel,
    /// Set if the first of the chain was found: which process that was.
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    pid: i32,
    started: u64,
    /// Names the process for good, even when its number is used again.
    pidfd: Option<OwnedFd>,
}

/// True if a peer of user `theirs` may speak to a daemon of user `ours` (S2). Root is not an
/// exception: it has other ways, and ours are for the person's own programs.
pub(crate) const fn may_speak(ours: u32, theirs: u32) -> bool {
    ours == theirs
}

/// Reads what the kernel shows of a peer. Blocks for some hundred microseconds.
pub(crate) fn look(credentials: Credentials) -> Peer {
    let Credentials { uid, pid, accepted_at } = credentials;
    let nothing = |place| Peer {
        kernel: Kernel { uid, pid: None, chain: Vec::new(), cwd: None, place },
        seen: None,
    };
    // A pid of 0 means that the peer lives in a PID namespace that is not below ours.
    let Some(pid) = pid else { return nothing(Place::Container) };
    let pidfd = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    let Some(stat) = Stat::read(pid) else { return nothing(Place::Unknown) };
    if stat.started_after(accepted_at) {
        return nothing(Place::Unknown);
    }
    let chain = chain(pid, &stat);
    let kernel = Kernel {
        uid,
        pid: Some(pid),
        cwd: proc::link(pid, "cwd"),
        place: place(pid, &chain),
        chain,
    };
    let seen = Seen { pid, started: stat.started, pidfd };
    // What was read belongs to the process that connected only if that one is still there now.
    if seen.is_there() { Peer { kernel, seen: Some(seen) } } else { nothing(Place::Unknown) }
}

impl Peer {
    /// A peer of which nothing could be learnt.
    pub(crate) fn unknown(uid: u32) -> Self {
        let kernel = Kernel { uid, pid: None, chain: Vec::new(), cwd: None, place: Place::Unknown };
        Self { kernel, seen: None }
    }

    /// What the kernel says, without the executable's hash.
    pub(crate) fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The same with the executable's hash, if the process still is the one that connected. Blocks
    /// while the file is read.
    pub(crate) fn hashed(&self, hashes: &Hashes) -> Kernel {
        let mut kernel = self.kernel.clone();
        if let (Some(seen), Some(process)) = (&self.seen, kernel.chain.first_mut()) {
            let hash: Option<Digest> = hashes.of_process(seen.pid);
            process.exe_hash = hash.filter(|_| seen.is_there());
        }
        kernel
    }
}

impl Seen {
    fn is_there(&self) -> bool {
        let named = self.pidfd.as_ref().and_then(|fd| proc::pid_of_pidfd(fd.as_raw_fd()));
        Stat::read(self.pid).is_some_and(|stat| stat.started == self.started)
            && named.is_none_or(|pid| pid == self.pid)
    }
}

/// The process and its parents, nearest first, up to but without the first process of the system.
fn chain(pid: i32, stat: &Stat) -> Vec<Process> {
    let mut chain = Vec::new();
    let mut next = Some((pid, stat.clone()));
    while let Some((pid, stat)) = next.take() {
        if pid <= 1 || chain.len() >= CHAIN_MAX {
            break;
        }
        next = Stat::read(stat.parent).map(|parent| (stat.parent, parent));
        chain.push(Process { pid, name: stat.name, exe: proc::link(pid, "exe"), exe_hash: None });
    }
    chain
}

/// Where the peer lives. Anybody may call a process `sshd` or a control group `docker-…`, so the
/// first counts only under a parent of root's, the second only where nothing better can be read.
fn place(pid: i32, chain: &[Process]) -> Place {
    let is_ssh = |process: &Process| matches!(process.name.as_str(), "sshd" | "sshd-session");
    let over_ssh = chain.iter().any(|p| is_ssh(p) && proc::real_uid(p.pid) == Some(0));
    // A forwarded socket: the SSH server itself connects, and hides its namespaces.
    if over_ssh && chain.first().is_some_and(is_ssh) {
        return Place::Ssh;
    }
    match proc::shares_our_namespaces(pid) {
        Some(false) => Place::Container,
        Some(true) if over_ssh => Place::Ssh,
        Some(true) => Place::Session,
        None if proc::names_a_container(pid) => Place::Container,
        None => Place::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Credentials {
        let accepted_at = u64::MAX;
        Credentials { uid: 1, pid: Some(std::process::id().cast_signed()), accepted_at }
    }

    #[test]
    fn s2_only_the_same_user_may_speak() {
        assert!(may_speak(1000, 1000));
        assert!(!may_speak(1000, 1001));
        assert!(!may_speak(1000, 0), "root has other ways");
        assert!(!may_speak(0, 1000));
    }

    #[test]
    fn s4_a_process_is_seen_with_its_program_its_parents_and_its_folder() {
        let peer = look(here());
        let kernel = peer.kernel();
        assert_eq!(kernel.pid, Some(std::process::id().cast_signed()));
        let exe = std::env::current_exe().unwrap();
        assert_eq!(kernel.chain[0].exe.as_deref(), exe.to_str());
        assert_eq!(kernel.chain[1].pid, std::os::unix::process::parent_id().cast_signed());
        assert_eq!(kernel.cwd.as_deref(), std::env::current_dir().unwrap().to_str());
        assert!(kernel.chain.len() <= CHAIN_MAX && kernel.chain.iter().all(|p| p.pid > 1));
    }

    #[test]
    fn s4_a_pid_that_was_given_to_a_later_process_says_nothing() {
        // This very process began after the machine did: as if its pid had been used again.
        let peer = look(Credentials { accepted_at: 0, ..here() });
        assert_eq!(peer.kernel().pid, None);
        assert_eq!(peer.kernel().place, Place::Unknown);
        assert!(peer.kernel().chain.is_empty());
    }

    #[test]
    fn s4_a_process_in_namespaces_of_its_own_is_seen_as_contained() {
        let probe =
            std::process::Command::new("unshare").args(["--mount", "--user", "true"]).status();
        if !probe.is_ok_and(|status| status.success()) {
            eprintln!("skipped: this machine makes no user namespaces");
            return;
        }
        let mut child = std::process::Command::new("unshare")
            .args(["--mount", "--user", "sh", "-c", "echo in; read end"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        let peer = look(Credentials { pid: Some(child.id().cast_signed()), ..here() });
        assert_eq!(peer.kernel().place, Place::Container);
        child.kill().unwrap();
        child.wait().unwrap();
        // Nothing is said here of this very process: the tests themselves may run in a container.
        assert_ne!(look(here()).kernel().place, Place::Container, "not other than the daemon's");
    }

    #[test]
    fn s4_a_process_that_is_gone_says_nothing() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id().cast_signed();
        child.wait().unwrap();
        let peer = look(Credentials { pid: Some(pid), ..here() });
        assert_eq!((peer.kernel().pid, peer.kernel().place), (None, Place::Unknown));
        let peer = look(Credentials { pid: None, ..here() });
        assert_eq!(peer.kernel().place, Place::Container, "another PID namespace");
    }

    #[test]
    fn s4_the_hash_is_that_of_the_file_that_runs_even_when_it_was_deleted() {
        let path = std::env::temp_dir().join(format!("placet-sleep-{}", std::process::id()));
        std::fs::copy("/bin/sleep", &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let mut child = std::process::Command::new(&path).arg("60").spawn().unwrap();
        std::fs::remove_file(&path).unwrap();
        let peer = look(Credentials { pid: Some(child.id().cast_signed()), ..here() });
        let kernel = peer.hashed(&Hashes::default());
        child.kill().unwrap();
        child.wait().unwrap();
        let first = &kernel.chain[0];
        assert!(first.exe.as_deref().unwrap().ends_with(" (deleted)"));
        assert_eq!(first.exe_hash, Some(Digest::of_bytes(&bytes)));
        assert_eq!(peer.hashed(&Hashes::default()).chain[0].exe_hash, None, "it is gone now");
    }
}
