//! Reading `/proc` (proc(5)): every file may be missing, forbidden or of a process that just ended.

use std::os::fd::RawFd;

/// `/proc/PID/stat` counts a process's start in USER_HZ, which is 100 on every Linux that Rust
/// runs on (proc(5), sysconf(3)).
const MS_PER_TICK: u64 = 10;

/// What `/proc/PID/stat` says.
#[derive(Clone, Debug)]
pub(super) struct Stat {
    /// The short name (`comm`), which the process chooses itself.
    pub(super) name: String,
    /// The parent's pid.
    pub(super) parent: i32,
    /// When it began, in ticks since the machine did.
    pub(super) started: u64,
}

impl Stat {
    pub(super) fn read(pid: i32) -> Option<Self> {
        Self::parse(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name stands in parentheses and may hold any byte, parentheses too: the last one ends it.
    fn parse(stat: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(stat);
        let (head, rest) = text.rsplit_once(')')?;
        let (_, name) = head.split_once('(')?;
        // Fields 3 and on: state is the first, the parent the second, the start the twentieth.
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            name: name.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// True if the process began after this moment of CLOCK_BOOTTIME, in milliseconds.
    pub(super) fn started_after(&self, boot_ms: u64) -> bool {
        self.started > boot_ms / MS_PER_TICK
    }
}

/// Where a link of `/proc/PID` points, as text; what is no UTF-8 shows as U+FFFD.
pub(super) fn link(pid: i32, name: &str) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/{name}")).ok()?;
    Some(path.to_string_lossy().into_owned())
}

/// The real user of a process, which anybody may read.
pub(super) fn real_uid(pid: i32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The pid that a pidfd stands for: -1 when that process has ended (pidfd_open(2)).
pub(super) fn pid_of_pidfd(fd: RawFd) -> Option<i32> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
}

/// Whether the process has our PID and mount namespaces; `None` if the kernel does not say.
pub(super) fn shares_our_namespaces(pid: i32) -> Option<bool> {
    let mut same = true;
    for name in ["ns/pid", "ns/mnt"] {
        let ours = std::fs::read_link(format!("/proc/self/{name}")).ok()?;
        let theirs = std::fs::read_link(format!("/proc/{pid}/{name}")).ok()?;
        same &= ours == theirs;
    }
    Some(same)
}

/// Whether its control group is one that container engines make. The namespaces of such a process
/// may be unreadable, its group never is.
pub(super) fn names_a_container(pid: i32) -> bool {
    let Ok(groups) = std::fs::read_to_string(format!("/proc/{pid}/cgroup")) else { return false };
    let ours = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    // A Placet that itself runs in a container shares the group's name with everybody there.
    groups != ours
        && ["/docker/", "docker-", "libpod-", "/lxc", "/kubepods", "crio-", "nspawn"]
            .iter()
            .any(|mark| groups.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = b"17 (a) S 1 (b)) R 16 17 17 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9";
        let stat = Stat::parse(stat).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent, stat.started), ("a) S 1 (b)", 16, 4711));
        assert!(stat.started_after(47_099) && !stat.started_after(47_110));
        assert!(Stat::parse(b"17 (a").is_none() && Stat::parse(b"17 (a) R 1").is_none());
    }
}
