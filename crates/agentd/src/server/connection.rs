//! One connection: lines in, calls out, and nothing of it outlives it.
//!
//! **Promises.** Every call gets one answer; what cannot be taken gets one precise error, and the
//! connection goes on unless the next line cannot be found. At most [`CALLS`] are open at once.
//! When the peer closes its side, everything it asked is stopped (S13) and recorded as such.
//!
//! **Never** look at a line before its size is bounded, nor at a call before its id is known to be
//! new.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use placet_core::json::{Digest, Limits, parse};
use placet_core::outcome::Reason;
use placet_core::ports::{Authenticators, Servers};
use placet_core::request::{Asker, Kernel};
use placet_wire::ask::{APPROVAL_LINE_MAX, Ask, LINE_MAX};
use placet_wire::flaw::{Fault, Flaw, Refusal};
use placet_wire::message::{self, Call, Id, Incoming};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::case::{self, Case};
use super::lines::{self, Ended, Line, Lines, Reader};
use super::peer::{self, Credentials, Peer};
use super::pending::{Owner, Stop};
use super::{Shared, answer};
use crate::desk::Window;

/// Open calls of one connection: an agent that asks more at once asks nobody.
const CALLS: usize = 16;
/// Ids remembered for one connection; then it has to connect anew.
const IDS: usize = 64 * 1024;

/// Serves one connection until its end; `stop` ends it from our side.
pub(super) async fn serve<W: Window, S: Servers + 'static, A: Authenticators + 'static>(
    shared: Arc<Shared<W, S, A>>,
    stream: UnixStream,
    credentials: Credentials,
    stop: CancellationToken,
) {
    let (read, write) = stream.into_split();
    let (lines, queue) = Lines::new();
    let mut writer = tokio::spawn(lines::write(write, queue));
    let mut reader = Reader::new(read, Arc::clone(&shared.house.large));
    let mut connection = Connection::new(Arc::clone(&shared), credentials, lines);
    let reason = connection.until_the_end(&mut reader, &mut writer, &stop).await;
    connection.close(reason).await;
    // The last answers are on their way; the writer gives up by itself if nobody reads them.
    if !writer.is_finished() {
        let _ = writer.await;
    }
}

struct Connection<W, S, A> {
    shared: Arc<Shared<W, S, A>>,
    number: u64,
    uid: u32,
    peer: watch::Receiver<Option<Arc<Peer>>>,
    lines: Lines,
    /// What it calls itself.
    claims: Option<String>,
    /// The hash of the token that it showed.
    token: Option<Digest>,
    /// Hashes of all ids that were used, by a key of our own.
    ids: HashSet<u64>,
    id_key: RandomState,
    calls: HashMap<Id, Stop>,
    tasks: JoinSet<Id>,
    task_of: HashMap<tokio::task::Id, Id>,
}

impl<W: Window, S: Servers + 'static, A: Authenticators + 'static> Connection<W, S, A> {
    fn new(shared: Arc<Shared<W, S, A>>, credentials: Credentials, lines: Lines) -> Self {
        let (found, peer) = watch::channel(None);
        // Reading /proc takes a while, and most first lines do not need it.
        tokio::task::spawn_blocking(move || {
            found.send_replace(Some(Arc::new(peer::look(credentials))));
        });
        Self {
            number: shared.house.next_connection(),
            shared,
            uid: credentials.uid,
            peer,
            lines,
            claims: None,
            token: None,
            ids: HashSet::new(),
            id_key: RandomState::new(),
            calls: HashMap::new(),
            tasks: JoinSet::new(),
            task_of: HashMap::new(),
        }
    }

    /// Takes lines until there are no more; says why.
    async fn until_the_end(
        &mut self,
        reader: &mut Reader<OwnedReadHalf>,
        writer: &mut tokio::task::JoinHandle<()>,
        stop: &CancellationToken,
    ) -> Reason {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Reason::Stopping,
                _ = &mut *writer => return Reason::RequesterGone,
                Some(done) = self.tasks.join_next_with_id() => self.done(done).await,
                line = reader.next() => match line {
                    Ok(line) => {
                        if !self.take(line).await {
                            return Reason::RequesterGone;
                        }
                    }
                    Err(Ended::Gone) => return Reason::RequesterGone,
                    Err(Ended::TooLong) => {
                        self.refuse(&Refusal::too_large(None, APPROVAL_LINE_MAX)).await;
                        return Reason::RequesterGone;
                    }
                    Err(Ended::TooSlow) => {
                        let sentence = "the line was not finished in time; send it in one piece";
                        self.refuse(&Refusal::not_json(sentence)).await;
                        return Reason::RequesterGone;
                    }
                },
            }
        }
    }

    /// Stops what is open, waits until that is recorded, and forgets the connection.
    async fn close(mut self, reason: Reason) {
        for stop in self.calls.values() {
            stop.stop(reason);
        }
        while let Some(done) = self.tasks.join_next_with_id().await {
            self.done(done).await;
        }
        self.shared.house.registry.forget_connection(self.number);
    }

    /// A call was answered, or its task was lost.
    async fn done(&mut self, done: Result<(tokio::task::Id, Id), tokio::task::JoinError>) {
        match done {
            Ok((task, id)) => {
                self.task_of.remove(&task);
                self.calls.remove(&id);
            }
            Err(error) => {
                let Some(id) = self.task_of.remove(&error.id()) else { return };
                self.calls.remove(&id);
                tracing::error!("a request was lost");
                let flaw = Flaw::new(Fault::Internal, "Placet failed, so the answer is no");
                self.refuse(&flaw.answer(Some(id))).await;
            }
        }
    }

    /// Takes one line; false if the connection cannot go on.
    async fn take(&mut self, line: Line) -> bool {
        let incoming = match read(line).await {
            Ok(incoming) => incoming,
            Err(refusal) => {
                // An error with an id that is open would be taken for that call's answer.
                let is_new = refusal.id.as_ref().is_none_or(|id| self.is_new(id));
                let refusal = if is_new { refusal } else { Refusal::reused_id() };
                self.refuse(&refusal).await;
                return true;
            }
        };
        match incoming {
            Incoming::Ignored => {}
            Incoming::Cancelled(cancelled) => {
                if let Some(stop) = self.calls.get(&cancelled.request_id) {
                    stop.stop(Reason::RequesterCancelled);
                }
            }
            Incoming::Call(call) => {
                if self.ids.len() >= IDS {
                    let sentence = "this connection has made its calls; connect anew";
                    self.refuse(&Flaw::new(Fault::Busy, sentence).answer(None)).await;
                    return false;
                }
                if !self.is_new(&call.id) {
                    self.refuse(&Refusal::reused_id()).await;
                    return true;
                }
                self.call(*call).await;
            }
        }
        true
    }

    async fn call(&mut self, Call { id, ask }: Call) {
        let answered = match &ask {
            Ask::Hello(hello) => {
                let kernel = self.peer().await.kernel().clone();
                answer::hello(&id, hello, &kernel, &self.shared.house).map(|(answer, token)| {
                    self.token = token;
                    self.claims = hello.client.as_ref().map(|client| match &client.version {
                        Some(version) => format!("{} {version}", client.name),
                        None => client.name.clone(),
                    });
                    answer
                })
            }
            Ask::ShowReceipt(asked) => {
                let kernel = self.peer().await.kernel().clone();
                let (pairing, house) = (self.pairing(), &self.shared.house);
                answer::receipt(&id, asked, (&kernel, pairing.as_deref()), house).await
            }
            ask if answer::is_at_once(ask) => answer::at_once(&id, ask, &self.shared).await,
            _ => return self.open(id, ask).await,
        };
        match answered {
            Ok(line) => self.lines.answer(line).await,
            Err(flaw) => self.refuse(&flaw.answer(Some(id))).await,
        }
    }

    /// A call that a person decides: its task is ours until it is over.
    async fn open(&mut self, id: Id, ask: Ask) {
        if self.calls.len() >= CALLS {
            let sentence = format!("{CALLS} calls are open on this connection; wait for one");
            return self.refuse(&Flaw::new(Fault::Busy, sentence).answer(Some(id))).await;
        }
        let pairing = self.pairing();
        let owner = pairing
            .as_ref()
            .map_or(Owner::Connection(self.number), |name| Owner::Pairing(name.clone()));
        let asker = Asker { pairing, claims: self.claims.clone(), kernel: self.kernel().await };
        let stop = Stop::new();
        self.calls.insert(id.clone(), stop.clone());
        let lines = self.lines.clone();
        let case = Case { id: id.clone(), ask, asker, owner, lines: lines.clone(), stop };
        let shared = Arc::clone(&self.shared);
        let answered = id.clone();
        let task = self.tasks.spawn(async move {
            let answer = Box::pin(case::run(shared, case)).await;
            lines.answer(answer).await;
            answered
        });
        self.task_of.insert(task.id(), id);
    }

    /// The name of the pairing whose token was shown, if it stands.
    fn pairing(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        self.shared.house.store.state().pairing(token).map(str::to_owned)
    }

    /// Notes an id; false if it was used before.
    fn is_new(&mut self, id: &Id) -> bool {
        self.ids.insert(self.id_key.hash_one(id))
    }

    async fn peer(&mut self) -> Arc<Peer> {
        let found = self.peer.wait_for(Option::is_some).await.ok().and_then(|peer| peer.clone());
        found.unwrap_or_else(|| Arc::new(Peer::unknown(self.uid)))
    }

    /// What the kernel says, with the hash of the executable (S4).
    async fn kernel(&mut self) -> Kernel {
        let peer = self.peer().await;
        let house = Arc::clone(&self.shared.house);
        let seen = Arc::clone(&peer);
        let hashed = tokio::task::spawn_blocking(move || seen.hashed(&house.hashes)).await;
        hashed.unwrap_or_else(|_| peer.kernel().clone())
    }

    async fn refuse(&self, refusal: &Refusal) {
        self.lines.answer(Zeroizing::new(refusal.line().into_bytes())).await;
    }
}

/// Reads one line: its JSON strictly, then its size by its method, then the message.
async fn read(line: Line) -> Result<Incoming, Refusal> {
    if line.bytes.len() <= LINE_MAX {
        return read_now(&line.bytes);
    }
    // Megabytes take a while; others are not to wait for them.
    let read = tokio::task::spawn_blocking(move || read_now(&line.bytes)).await;
    read.unwrap_or_else(|_| {
        Err(Flaw::new(Fault::Internal, "the line could not be read").answer(None))
    })
}

fn read_now(bytes: &[u8]) -> Result<Incoming, Refusal> {
    if bytes.len() > APPROVAL_LINE_MAX {
        return Err(Refusal::too_large(None, APPROVAL_LINE_MAX));
    }
    let value = parse(bytes, Limits::INTAKE_LARGE)
        .map_err(|refused| Refusal::not_json(refused.to_string()))?;
    let allowed = value.get("method").and_then(Value::as_str).map_or(LINE_MAX, Ask::line_max);
    if bytes.len() > allowed {
        let id = value.get("id").and_then(|id| Id::read(id).ok());
        return Err(Refusal::too_large(id, allowed));
    }
    message::read(value)
}
