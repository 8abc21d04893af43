//! Where it was measured: a figure without its machine says little.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// The machine, as far as it matters to the figures.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Machine {
    /// The processor's name.
    pub(super) cpu: String,
    /// How many of it.
    pub(super) cores: usize,
    /// Main memory.
    pub(super) memory_mib: u64,
    /// The distribution.
    pub(super) system: String,
    /// The kernel.
    pub(super) kernel: String,
    /// Where the record was, which is written through to the disk.
    pub(super) filesystem: String,
    /// Programs that wanted to run in the last minute before the beginning; ours not yet.
    pub(super) load_before: f64,
    /// The same at the end, ours among them: about one. More is somebody else's work.
    pub(super) load_after: f64,
}

impl Machine {
    /// This one. `folder` is where the record will be.
    pub(super) fn here(folder: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim_matches([' ', '\t', ':', '=', '"']).to_owned()
        };
        let memory = first(after(&read("/proc/meminfo"), "MemTotal"));
        Self {
            cpu: after(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory.parse::<u64>().unwrap_or(0) / 1024,
            system: after(&read("/etc/os-release"), "PRETTY_NAME"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            filesystem: filesystem(&read("/proc/self/mounts"), folder),
            load_before: load(),
            load_after: 0.0,
        }
    }

    /// The same machine at the end.
    pub(super) fn afterwards(self) -> Self {
        Self { load_after: load(), ..self }
    }
}

fn load() -> f64 {
    first(std::fs::read_to_string("/proc/loadavg").unwrap_or_default()).parse().unwrap_or(0.0)
}

fn first(text: String) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The type of the file system that holds `folder`: the mount with the longest path above it, and
/// of two at the same place the later one (proc(5), `/proc/mounts`).
fn filesystem(mounts: &str, folder: &Path) -> String {
    let mut found = (0, "");
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (fields.next(), fields.next()) else { continue };
        if folder.starts_with(place) && place.len() >= found.0 {
            found = (place.len(), kind);
        }
    }
    found.1.to_owned()
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, memory_mib, system, kernel, filesystem, load_before, load_after } =
            self;
        write!(f, "{cores} × {cpu}, {memory_mib} MiB, {system}, Linux {kernel}, ")?;
        write!(f, "record on {filesystem}, load {load_before:.2} before and {load_after:.2} after")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_nearest_mount_above_it() {
        let mounts = "none / overlay rw 0 0\n/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n\
                      proc /tmpother proc rw 0 0\n";
        assert_eq!(filesystem(mounts, Path::new("/tmp/x")), "tmpfs");
        assert_eq!(filesystem(mounts, Path::new("/home/x")), "ext4");
        assert_eq!(filesystem("", Path::new("/home/x")), "");
    }
}
