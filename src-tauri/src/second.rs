//! What a second `placet-desktop` does: it looks whether the first one is a Placet, and asks it to
//! bring up what is waiting.
//!
//! **Promises.** [`meet`] speaks two lines of the agent protocol and waits a bounded time. It succeeds
//! only if what answers is this user's, says hello as Placet does, holds the lock itself and looks
//! like Placet. It has no right that `placet open` does not have.
//!
//! **What it does not do.** Prove it. A program of the same user can do all of this in one process
//! and close itself as Placet does; only the hardened install, where the daemon has a group of its
//! own, tells them apart (design §2).
//!
//! **Never** take the socket away from whoever holds it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Take, Write};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use placet_agentd::answerer::unlike_placet;
use placet_texts::text;
use serde_json::{Value, json};

/// The first instance may be starting still; its socket comes a moment after its lock.
const SOCKET_WITHIN: Duration = Duration::from_secs(3);
/// It answers at once, or when it has read its record, or it hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks at a socket that is not there yet.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// More than the longest answer to these questions.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// What the first instance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whether a window came up.
    pub shown: bool,
    /// How many requests wait.
    pub waiting: u64,
}

/// The first instance, as far as can be seen.
#[derive(Debug)]
pub struct First {
    stream: UnixStream,
    answers: BufReader<Take<UnixStream>>,
}

/// Meets whoever holds `socket` and the lock beside it. To be called inside the runtime.
///
/// # Errors
/// When nobody answers, or not as Placet does.
pub fn meet(socket: &Path) -> Result<First> {
    let stream = connect(socket)?;
    let peer = who_answers(&stream)?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        return Err(strange(&text!("second-other-user")));
    }
    if let Some(pid) = peer.pid().filter(|pid| *pid > 0) {
        if let Some(program) = unlike_placet(pid) {
            return Err(strange(&text!("second-other-program", program = program)));
        }
        if !may_hold(pid, &holders(&socket.with_extension("lock"))) {
            return Err(strange(&text!("second-two-programs")));
        }
    }
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    let answers = BufReader::new(stream.try_clone()?.take(ANSWER_LIMIT));
    let mut first = First { stream, answers };
    let hello = first.ask(1, "placet/hello", &json!({"versions": ["0"]}))?;
    if hello.pointer("/app/name") != Some(&json!("placet")) {
        return Err(not_the_protocol());
    }
    Ok(first)
}

impl First {
    /// Asks it to bring up what waits.
    ///
    /// # Errors
    /// When it does not answer, or not in the protocol.
    pub fn open(mut self) -> Result<Opened> {
        let answer = self.ask(2, "ui/open", &json!({}))?;
        let shown = answer.get("shown").and_then(Value::as_bool);
        let waiting = answer.get("waiting").and_then(Value::as_u64);
        let (shown, waiting) = shown.zip(waiting).ok_or_else(not_the_protocol)?;
        Ok(Opened { shown, waiting })
    }

    fn ask(&mut self, id: u64, method: &str, params: &Value) -> Result<Value> {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        writeln!(self.stream, "{call}")?;
        loop {
            let mut line = String::new();
            match self.answers.read_line(&mut line) {
                Ok(0) => return Err(strange(&text!("second-closes"))),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Err(strange(&text!("second-silent")));
                }
                read => read?,
            };
            let heard: Value = serde_json::from_str(&line).map_err(|_| not_the_protocol())?;
            // Anything else is a notification.
            if heard.get("id") == Some(&json!(id)) {
                return heard.get("result").cloned().ok_or_else(not_the_protocol);
            }
        }
    }
}

fn connect(socket: &Path) -> Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(connected) => return Ok(connected),
            Err(_) if start.elapsed() < SOCKET_WITHIN => std::thread::sleep(LOOK_AGAIN),
            Err(_) => return Err(strange(&text!("second-nobody"))),
        }
    }
}

/// SO_PEERCRED: who listened there.
fn who_answers(stream: &UnixStream) -> Result<tokio::net::unix::UCred> {
    let other = stream.try_clone()?;
    other.set_nonblocking(true)?;
    let credentials = tokio::net::UnixStream::from_std(other)?.peer_cred();
    // The two share this switch.
    stream.set_nonblocking(false)?;
    credentials
}

/// The processes that hold a lock on this file, as the kernel lists them (proc_locks(5)). Files are
/// told apart by their inode only: some file systems name another device here than to `stat`.
fn holders(file: &Path) -> Vec<i32> {
    let Ok(inode) = std::fs::metadata(file).map(|found| found.ino().to_string()) else {
        return Vec::new();
    };
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().filter_map(|line| holder(line, &inode)).collect()
}

/// `1: FLOCK  ADVISORY  WRITE 4711 fd:01:123456 0 EOF`
fn holder(line: &str, inode: &str) -> Option<i32> {
    let mut words = line.split_whitespace().skip_while(|word| *word != "FLOCK").skip(3);
    let pid = words.next()?.parse().ok()?;
    (words.next()?.rsplit(':').next() == Some(inode)).then_some(pid)
}

/// Not known is not refused: /proc/locks hides what other PID namespaces hold.
fn may_hold(pid: i32, holders: &[i32]) -> bool {
    !holders.iter().any(|holder| *holder > 0) || holders.contains(&pid)
}

fn not_the_protocol() -> Error {
    strange(&text!("second-protocol"))
}

fn strange(sentence: &str) -> Error {
    Error::new(ErrorKind::InvalidData, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_who_holds_the_lock_is_read_from_the_kernel() {
        let line = "3: FLOCK  ADVISORY  WRITE 4711 fd:01:123456 0 EOF";
        assert_eq!(holder(line, "123456"), Some(4711));
        assert_eq!(holder(line, "23456"), None);
        assert_eq!(holder("3: POSIX  ADVISORY  WRITE 4711 fd:01:123456 0 EOF", "123456"), None);
        assert!(may_hold(1, &[1]) && may_hold(1, &[]) && may_hold(1, &[0]) && !may_hold(1, &[2]));
        // A lock of our own is listed.
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().lock().unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(holders(file.path()).contains(&me));
    }
}
