//! Running one test program: its output is passed on and kept, its time is limited, and what it
//! leaves behind is ended.
//!
//! **Never** ends a process that was not started below the program: those are known by their process
//! group, and by the home that only they were given.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::run::{Stop, say, shown, succeeds};

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its stdout.
    pub(crate) output: String,
    /// With exit status 0, and in time.
    pub(crate) well: bool,
}

/// Whether the output is passed on while it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aloud {
    Yes,
    No,
}

/// Runs `command`, at most for `limit`. `home` is the folder that only this program was given.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn watch(
    command: &mut Command,
    home: &Path,
    limit: Duration,
    aloud: Aloud,
) -> Result<Ended, Stop> {
    let stderr = if aloud == Aloud::Yes { Stdio::inherit() } else { Stdio::null() };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .process_group(0)
        .spawn()
        .map_err(|error| Stop::failed(format!("{} cannot be started: {error}", shown(command))))?;
    let lines = child.stdout.take().map(|stdout| collect(stdout, aloud));
    let begun = Instant::now();
    let mut late = false;
    let status = loop {
        if let Ok(Some(status)) = child.try_wait() {
            break Some(status);
        }
        if begun.elapsed() > limit {
            late = true;
            say(format!("{} took longer than {} s and is ended", shown(command), limit.as_secs()));
            end(&format!("-{}", child.id()));
            // Once more by its handle, so that the wait has an end.
            let _gone_already = child.kill();
            break child.wait().ok();
        }
        // The only thing that is waited for here by looking again: std has no wait with a limit.
        std::thread::sleep(Duration::from_millis(20));
    };
    end(&format!("-{}", child.id()));
    for left in left_behind(home) {
        say(format!("  left behind and ended: {} ({})", left.command, left.pid));
        end(&left.pid);
    }
    let mut output = String::new();
    if let Some(lines) = lines {
        // Whoever still holds the pipe is gone by now, or holds it for nothing.
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(2)) {
            output.push_str(&line);
        }
    }
    Ok(Ended { output, well: !late && status.is_some_and(|status| status.success()) })
}

fn collect(stdout: std::process::ChildStdout, aloud: Aloud) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).into_owned();
            if aloud == Aloud::Yes {
                print!("{line}");
            }
            if sender.send(line).is_err() {
                return;
            }
            bytes.clear();
        }
    });
    receiver
}

/// Ends a process, or with a minus in front a process group; one that is gone already is no error.
fn end(process: &str) {
    // `kill` of the shell: the program of the same name may not be installed. Spelled with `-s`,
    // because dash takes the `--` after `-KILL` for a process.
    succeeds(Command::new("sh").args(["-c", "kill -s KILL -- \"$0\""]).arg(process));
}

struct Left {
    pid: String,
    command: String,
}

/// Processes whose environment names `home`.
fn left_behind(home: &Path) -> Vec<Left> {
    let needle = home.join("").into_os_string().into_encoded_bytes();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid =
                entry.file_name().into_string().ok().filter(|name| name.parse::<u32>().is_ok())?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            environment.windows(needle.len()).any(|part| part == needle).then(|| {
                let command = fs::read(entry.path().join("comm")).unwrap_or_default();
                Left { pid, command: String::from_utf8_lossy(&command).trim().to_owned() }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, home: &Path, limit: Duration) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("HOME", home.join("home"));
        watch(&mut command, home, limit, Aloud::No).unwrap()
    }

    #[test]
    fn the_output_and_the_end_of_a_program_are_seen() {
        let home = Path::new("/tmp/xtask-no-such-home-a");
        let ended = run("echo one; echo two", home, Duration::from_secs(20));
        assert!(ended.well && ended.output == "one\ntwo\n");
        assert!(!run("exit 3", home, Duration::from_secs(20)).well);
        assert!(!run("kill -SEGV $$", home, Duration::from_secs(20)).well);
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_its_children() {
        let home = Path::new("/tmp/xtask-no-such-home-b");
        let ended = run("echo begun; sleep 1000 & wait", home, Duration::from_millis(300));
        assert!(!ended.well && ended.output == "begun\n");
        assert!(left_behind(home).is_empty());
    }

    #[test]
    fn what_leaves_the_group_is_found_by_its_home_and_ended() {
        let home = Path::new("/tmp/xtask-no-such-home-c");
        let ended = run("setsid sleep 1000 & echo $!", home, Duration::from_secs(20));
        assert!(ended.well);
        // A process that was killed may stay for a moment until its new parent looks.
        let pid = ended.output.trim().to_owned();
        let gone =
            || fs::read(format!("/proc/{pid}/environ")).map_or(true, |bytes| bytes.is_empty());
        let begun = Instant::now();
        while !gone() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
        assert!(gone());
    }
}
