//! What a second `placet-desktop` does: it asks the first one to bring up what is waiting.
//!
//! **Promises.** Speaks two lines of the agent protocol and waits a few seconds at most. It has no
//! right that `placet open` does not have.
//!
//! **Never** take the socket away from whoever holds it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The first instance may be starting still; its socket comes a moment after its lock.
const SOCKET_WITHIN: Duration = Duration::from_secs(3);
/// It answers at once or it hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
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

/// Asks the instance behind `socket` to open.
///
/// # Errors
/// When it does not answer, or not in the protocol.
pub fn ask_to_open(socket: &Path) -> std::io::Result<Opened> {
    let stream = connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    let mut answers = BufReader::new(stream.try_clone()?.take(ANSWER_LIMIT));
    ask(&stream, &mut answers, 1, "placet/hello", &json!({"versions": ["0"]}))?;
    let answer = ask(&stream, &mut answers, 2, "ui/open", &json!({}))?;
    let shown = answer.get("shown").and_then(Value::as_bool).ok_or_else(strange)?;
    let waiting = answer.get("waiting").and_then(Value::as_u64).ok_or_else(strange)?;
    Ok(Opened { shown, waiting })
}

fn connect(socket: &Path) -> std::io::Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Err(_) if start.elapsed() < SOCKET_WITHIN => std::thread::sleep(LOOK_AGAIN),
            connected => return connected,
        }
    }
}

fn ask(
    mut stream: &UnixStream,
    answers: &mut impl BufRead,
    id: u64,
    method: &str,
    params: &Value,
) -> std::io::Result<Value> {
    writeln!(
        stream,
        "{}",
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
    )?;
    loop {
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let heard: Value = serde_json::from_str(&line)?;
        // Anything else is a notification.
        if heard.get("id") == Some(&json!(id)) {
            return heard.get("result").cloned().ok_or_else(strange);
        }
    }
}

fn strange() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer does not follow the protocol")
}
