//! Lines in, lines out: everything that a peer can make long or slow has a bound here.
//!
//! **Promises.** A line is bounded before it is parsed: [`LINE_MAX`] bytes at once, up to
//! [`APPROVAL_LINE_MAX`] for a few connections at a time. A line that was begun must go on every
//! [`IDLE`] and be complete within [`WHOLE`]; between lines a peer may rest as long as it likes.
//! What is sent is wiped after sending, and a peer that does not read is given up (S15).
//!
//! **Never** wait for one peer while another speaks.

use std::sync::Arc;
use std::time::Duration;

use placet_wire::ask::{APPROVAL_LINE_MAX, LINE_MAX};
use placet_wire::message::Id;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// The longest pause within a line: a program that writes a line has it ready.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
/// The longest time for one line: 8 MiB over a forwarded socket on a slow network.
pub(crate) const WHOLE: Duration = Duration::from_secs(60);
/// How long a peer may refuse to read what it asked for.
const WRITE: Duration = Duration::from_secs(10);
/// Lines that wait to be read by the peer. Notices beyond that are left out, answers wait.
const UNREAD: usize = 64;
/// Connections that may send a line over [`LINE_MAX`] at the same time: bounds memory to 32 MiB of
/// lines.
pub(crate) const LARGE_AT_ONCE: usize = 4;
/// Bytes asked of the socket at a time.
const CHUNK: usize = 16 * 1024;

/// One line, and the right to be large until it was dealt with. Wiped: it may hold a token.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    _large: Option<OwnedSemaphorePermit>,
}

/// Why no further line can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed its side, or the connection broke.
    Gone,
    /// A line has no end within [`APPROVAL_LINE_MAX`].
    TooLong,
    /// A line was begun and not finished in time.
    TooSlow,
}

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` in which no line feed is.
    searched: usize,
    large: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    /// When the line began and when its last byte came.
    begun: Option<(Instant, Instant)>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(from: R, large: Arc<Semaphore>) -> Self {
        Self { from, buffer: Vec::new(), searched: 0, large, permit: None, begun: None }
    }

    /// The next line without its line feed. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Line, Ended> {
        loop {
            if let Some(line) = self.line() {
                return Ok(line);
            }
            if self.buffer.len() > APPROVAL_LINE_MAX {
                return Err(Ended::TooLong);
            }
            let deadline = match self.begun {
                None => Instant::now() + Duration::from_secs(365 * 24 * 3600),
                Some((begun, last)) => (begun + WHOLE).min(last + IDLE),
            };
            if self.buffer.len() > LINE_MAX && self.permit.is_none() {
                let permit = Arc::clone(&self.large).acquire_owned();
                self.permit = permit.await.ok();
                // The wait was ours, not the peer's.
                let now = Instant::now();
                self.begun = Some((now, now));
                continue;
            }
            self.buffer.reserve(CHUNK);
            let read = self.from.read_buf(&mut self.buffer);
            match timeout_at(deadline, read).await {
                Ok(Ok(0) | Err(_)) => return Err(Ended::Gone),
                Ok(Ok(_)) => {
                    let now = Instant::now();
                    self.begun = Some((self.begun.map_or(now, |(begun, _)| begun), now));
                }
                Err(_) => return Err(Ended::TooSlow),
            }
        }
    }

    fn line(&mut self) -> Option<Line> {
        let fresh = self.buffer.get(self.searched..)?;
        let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let rest = self.buffer.split_off(self.searched.saturating_add(end).saturating_add(1));
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.pop();
        self.searched = 0;
        let now = Instant::now();
        self.begun = (!self.buffer.is_empty()).then_some((now, now));
        Some(Line { bytes: Zeroizing::new(bytes), _large: self.permit.take() })
    }
}

/// What is sent to one peer, by whoever has something to say.
#[derive(Clone, Debug)]
pub(crate) struct Lines(mpsc::Sender<Zeroizing<Vec<u8>>>);

impl Lines {
    /// The sending end and the queue that [`write()`] empties.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Zeroizing<Vec<u8>>>) {
        let (sender, queue) = mpsc::channel(UNREAD);
        (Self(sender), queue)
    }

    /// An answer: waits until there is room, which ends when the connection does.
    pub(crate) async fn answer(&self, line: Zeroizing<Vec<u8>>) {
        let _ = self.0.send(line).await;
    }

    /// A notice: left out if the peer does not read.
    pub(crate) fn tell(&self, line: &str) {
        let _ = self.0.try_send(Zeroizing::new(line.as_bytes().to_vec()));
    }

    /// For those who only listen.
    pub(crate) fn weak(&self) -> WeakLines {
        WeakLines(self.0.downgrade())
    }

    /// True if nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// The same without keeping the connection's writer alive.
#[derive(Clone, Debug)]
pub(crate) struct WeakLines(mpsc::WeakSender<Zeroizing<Vec<u8>>>);

impl WeakLines {
    /// `None` if the connection has ended.
    pub(crate) fn strong(&self) -> Option<Lines> {
        self.0.upgrade().map(Lines)
    }
}

/// Writes what is in the queue until it ends or the peer does not read.
pub(crate) async fn write<T: AsyncWrite + Unpin>(
    mut to: T,
    mut queue: mpsc::Receiver<Zeroizing<Vec<u8>>>,
) {
    while let Some(line) = queue.recv().await {
        // Each line is wiped here, after it was written or not.
        match tokio::time::timeout(WRITE, to.write_all(&line)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
}

#[derive(Serialize)]
struct Success<'a, T> {
    jsonrpc: &'static str,
    id: &'a Id,
    result: &'a T,
}

/// A success as a line. It is written into a buffer of exactly its size: one that grew would leave
/// copies of a code behind (S15).
pub(crate) fn success<T: Serialize>(id: &Id, result: &T) -> Option<Zeroizing<Vec<u8>>> {
    let message = Success { jsonrpc: "2.0", id, result };
    let mut size = Size(0);
    serde_json::to_writer(&mut size, &message).ok()?;
    let mut line = Zeroizing::new(Vec::with_capacity(size.0.saturating_add(1)));
    serde_json::to_writer(&mut *line, &message).ok()?;
    line.push(b'\n');
    Some(line)
}

struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(LARGE_AT_ONCE))
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_writer_has_ten_seconds_between_bytes_and_a_minute_for_a_line() {
        let (mut peer, ours) = tokio::io::duplex(64);
        let mut reader = Reader::new(ours, large());
        peer.write_all(b"{").await.unwrap();
        let begun = Instant::now();
        assert_eq!(reader.next().await.unwrap_err(), Ended::TooSlow);
        assert_eq!(begun.elapsed().as_secs(), IDLE.as_secs());

        let (mut peer, ours) = tokio::io::duplex(64);
        let mut reader = Reader::new(ours, large());
        let begun = Instant::now();
        let trickle = tokio::spawn(async move {
            while peer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(9)).await;
            }
        });
        assert_eq!(reader.next().await.unwrap_err(), Ended::TooSlow);
        assert_eq!(begun.elapsed().as_secs(), WHOLE.as_secs());
        trickle.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn between_lines_a_peer_may_rest() {
        let (mut peer, ours) = tokio::io::duplex(64);
        let mut reader = Reader::new(ours, large());
        tokio::spawn(async move {
            peer.write_all(b"a\nb\n").await.unwrap();
            tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
            peer.write_all(b"c\n").await.unwrap();
        });
        for expected in [b"a", b"b", b"c"] {
            assert_eq!(reader.next().await.unwrap().bytes.as_slice(), expected);
        }
        assert_eq!(reader.next().await.unwrap_err(), Ended::Gone);
    }

    #[tokio::test]
    async fn s15_an_answer_fits_its_buffer_exactly() {
        let line = success(&Id::Number(1), &serde_json::json!({ "a": "ä\n" })).unwrap();
        assert_eq!(
            line.as_slice(),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"ä\\n\"}}\n".as_bytes()
        );
        assert_eq!(line.capacity(), line.len());
    }
}
