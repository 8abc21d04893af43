//! The requests that are open: how each can be stopped, who hears of it, and which are the same.
//!
//! **Promises.** A repeated `request_id` of the same requester joins the one request while it is
//! open, and is known as a repeat for a while after (S14): a yes is for the time that it was given. An identical, newer matter of the same requester stops the older
//! one as superseded (F12). The first reason to stop wins (S11).
//!
//! **Never** keep an authorization code here: who joins hears the outcome without it (S15).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet_core::json::Digest;
use placet_core::outcome::Reason;
use placet_core::ports::{Clock as _, Status};
use placet_core::request::{Request, RequestId};
use placet_wire::message::Id;
use placet_wire::notice::RequestStatus;
use placet_wire::outcome::Ended;
use tokio::sync::watch;

use super::lines::{Lines, WeakLines};
use crate::clock::RealClock;

/// An ended request is remembered this long for those who ask again.
const REMEMBERED_MS: u64 = 10 * 60 * 1000;
/// Ended requests remembered at once.
const REMEMBERED: usize = 512;

/// Whose `request_id` it is: names of different requesters do not meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A pairing, on whatever connection.
    Pairing(String),
    /// Without a pairing, one connection.
    Connection(u64),
    /// Placet's own book.
    Book,
}

/// A switch that is thrown once, with a reason.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Sender<Option<Reason>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Stops; the first reason stands.
    pub(crate) fn stop(&self, reason: Reason) {
        self.0.send_if_modified(|now| {
            let first = now.is_none();
            *now = now.or(Some(reason));
            first
        });
    }

    /// Resolves when it was stopped.
    pub(crate) async fn stopped(&self) -> Reason {
        let mut heard = self.0.subscribe();
        // The sender lives in self, so waiting cannot fail; were it so, nobody needs the answer.
        heard.wait_for(Option::is_some).await.ok().and_then(|now| *now).unwrap_or(Reason::Stopping)
    }
}

/// One open request.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: RequestId,
    pub(crate) owner: Owner,
    /// The limits' bucket, for "decline all from this requester".
    pub(crate) bucket: String,
    /// The server that it is to be asked of.
    pub(crate) issuer: Option<String>,
    /// The requester's `request_id`, or ours.
    pub(crate) request_id: String,
    /// A fingerprint of what is to be decided, for finding the same question again.
    pub(crate) matter: Digest,
    pub(crate) binding_code: String,
    pub(crate) stop: Stop,
    listeners: Mutex<Listeners>,
    ended: watch::Sender<Option<Ended>>,
}

#[derive(Debug, Default)]
struct Listeners {
    status: Option<Status>,
    /// Weak: who listens must not keep a connection's writer alive.
    calls: Vec<(Id, WeakLines)>,
}

/// What became of asking for admission.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It is new: take it to its end.
    New(Arc<Open>),
    /// It is the same as this one: wait for its end.
    Joined(Arc<Open>),
    /// It is the same as this one, which has ended: its answer is old.
    Repeated(Arc<Open>),
    /// The `request_id` was used for something else.
    Conflict,
    /// Placet stops.
    Stopping,
}

impl Open {
    pub(crate) fn new(
        request: &Request,
        owner: Owner,
        request_id: Option<&str>,
        matter: Digest,
        stop: Stop,
    ) -> Self {
        Self {
            request_id: request_id.map_or_else(|| request.id.0.clone(), str::to_owned),
            id: request.id.clone(),
            owner,
            bucket: request.bucket().to_owned(),
            issuer: request.matter.asks_server().map(str::to_owned),
            matter,
            binding_code: request.binding_code.clone(),
            stop,
            listeners: Mutex::default(),
            ended: watch::Sender::new(None),
        }
    }

    /// From now on, this call hears how far the request is.
    pub(crate) fn listen(&self, call: &Id, lines: &Lines) {
        let mut listeners = self.listeners();
        if let Some(status) = listeners.status {
            lines.tell(&self.notice(call, status));
        }
        listeners.calls.push((call.clone(), lines.weak()));
    }

    /// Tells all listeners (`request/status`).
    pub(crate) fn tell(&self, status: Status) {
        let mut listeners = self.listeners();
        listeners.status = Some(status);
        for (call, lines) in &listeners.calls {
            if let Some(lines) = lines.strong() {
                lines.tell(&self.notice(call, status));
            }
        }
    }

    /// Resolves with the end, once there is one.
    pub(crate) async fn ended(&self) -> Option<Ended> {
        let mut heard = self.ended.subscribe();
        heard.wait_for(Option::is_some).await.ok()?.clone()
    }

    fn notice(&self, call: &Id, status: Status) -> String {
        let status = match status {
            Status::Queued => placet_wire::notice::Status::Queued,
            Status::Shown => placet_wire::notice::Status::Shown,
            Status::Answering => placet_wire::notice::Status::Answering,
            Status::Waiting => placet_wire::notice::Status::Waiting,
        };
        let notice = RequestStatus {
            id: call.clone(),
            request_id: self.request_id.clone(),
            status,
            binding_code: self.binding_code.clone(),
        };
        notice.line()
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All requests that are open, and some that were.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopping: bool,
    open: HashMap<RequestId, Arc<Open>>,
    /// By what the requester calls it; ended ones with the time of their end.
    named: HashMap<(Owner, String), (Arc<Open>, Option<u64>)>,
}

impl Registry {
    /// Admits one request. `named` is true if the requester gave the `request_id`.
    pub(crate) fn admit(&self, open: Open, named: bool) -> Admitted {
        let mut inner = self.inner();
        if inner.stopping {
            return Admitted::Stopping;
        }
        inner.forget_old();
        let key = (open.owner.clone(), open.request_id.clone());
        if let Some((same, ended)) = inner.named.get(&key).filter(|_| named) {
            return match (same.matter == open.matter, ended) {
                (false, _) => Admitted::Conflict,
                (true, None) => Admitted::Joined(Arc::clone(same)),
                (true, Some(_)) => Admitted::Repeated(Arc::clone(same)),
            };
        }
        for older in inner.open.values() {
            if older.owner == open.owner && older.matter == open.matter {
                older.stop.stop(Reason::SupersededByTwin);
            }
        }
        let open = Arc::new(open);
        inner.open.insert(open.id.clone(), Arc::clone(&open));
        if named {
            inner.named.insert(key, (Arc::clone(&open), None));
        }
        Admitted::New(open)
    }

    /// The request has ended; `ended` is for those who joined or will. The first end stands.
    pub(crate) fn end(&self, open: &Open, ended: Ended) {
        let mut inner = self.inner();
        if inner.open.remove(&open.id).is_none() {
            return;
        }
        let key = (open.owner.clone(), open.request_id.clone());
        if let Some((_, at)) = inner.named.get_mut(&key) {
            *at = Some(RealClock.awake_and_asleep());
        }
        open.ended.send_replace(Some(ended));
    }

    /// A connection is gone: nobody can ask again for what only it could name.
    pub(crate) fn forget_connection(&self, connection: u64) {
        self.inner().named.retain(|(owner, _), _| *owner != Owner::Connection(connection));
    }

    /// A pairing is gone: what its agents named is nobody's, also if another gets the same name.
    pub(crate) fn forget_pairing(&self, name: &str) {
        let is_its = |owner: &Owner| matches!(owner, Owner::Pairing(its) if its == name);
        self.inner().named.retain(|(owner, _), _| !is_its(owner));
    }

    /// Stops every open request for which `which` is true.
    pub(crate) fn stop(&self, reason: Reason, which: impl Fn(&Open) -> bool) {
        for open in self.inner().open.values().filter(|open| which(open)) {
            open.stop.stop(reason);
        }
    }

    /// Stops all and admits no more.
    pub(crate) fn close(&self) {
        self.inner().stopping = true;
        self.stop(Reason::Stopping, |_| true);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_old(&mut self) {
        let now = RealClock.awake_and_asleep();
        let is_old = |at: Option<u64>| at.is_some_and(|at| at.saturating_add(REMEMBERED_MS) < now);
        self.named.retain(|_, (_, at)| !is_old(*at));
        while self.named.len() > REMEMBERED {
            let oldest = self
                .named
                .iter()
                .filter_map(|(key, (_, at))| at.map(|at| (at, key.clone())))
                .min_by_key(|(at, _)| *at);
            // What is open is bounded by the connections, so something has ended.
            let Some((_, key)) = oldest else { break };
            self.named.remove(&key);
        }
    }
}
