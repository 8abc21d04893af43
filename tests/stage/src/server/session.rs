//! The sessions of the challenge endpoint and the life of an `auth_session`.
//!
//! Promises: every response carries a new `auth_session` of 256 random bits; an answer is taken
//! only with the newest; the one before it is good for a refresh until the newest was used, so that
//! a client whose answer was lost can learn where it stands; any other is unknown.

use std::collections::HashMap;

use serde_json::Value;

use super::elicit::Asked;
use super::passkey::Sent;
use super::random;
use super::request::Wanted;

/// One ceremony at the challenge endpoint.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) wanted: Wanted,
    /// Index into the scenario's steps.
    pub(super) step: usize,
    pub(super) asked: Option<Asked>,
    /// The passkey challenge that was sent last.
    pub(super) passkey: Option<Sent>,
    /// Set once the ceremony was fulfilled: what a refresh returns.
    pub(super) code: Option<String>,
    /// The ceremony ended without a code.
    pub(super) over: bool,
    /// Seconds since 1970 after which the current challenge is no longer answered.
    pub(super) expires: u64,
    /// Challenges sent so far.
    pub(super) rounds: u32,
    /// The approval object of the first challenge.
    pub(super) approval: Option<Value>,
    current: String,
    previous: Option<String>,
}

/// What an `auth_session` value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The newest of this session.
    Newest(u64),
    /// The one before the newest: a refresh only.
    Previous(u64),
    Unknown,
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: HashMap<u64, Session>,
    last: u64,
}

impl Sessions {
    /// Opens a session; no `auth_session` exists until the first [`Self::rotate`].
    pub(super) fn open(&mut self, wanted: Wanted, expires: u64) -> u64 {
        self.last = self.last.saturating_add(1);
        let session = Session {
            wanted,
            step: 0,
            asked: None,
            passkey: None,
            code: None,
            over: false,
            expires,
            rounds: 0,
            approval: None,
            current: String::new(),
            previous: None,
        };
        self.all.insert(self.last, session);
        self.last
    }

    /// The session with this number.
    pub(super) fn at(&mut self, id: u64) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    /// Looks a value up, without using it.
    pub(super) fn known(&self, auth_session: &str) -> Known {
        if auth_session.is_empty() {
            return Known::Unknown;
        }
        for (id, session) in &self.all {
            if session.current == auth_session {
                return Known::Newest(*id);
            }
            if session.previous.as_deref() == Some(auth_session) {
                return Known::Previous(*id);
            }
        }
        Known::Unknown
    }

    /// The newest value was used: the one before it dies.
    pub(super) fn used(&mut self, id: u64) {
        if let Some(session) = self.all.get_mut(&id) {
            session.previous = None;
        }
    }

    /// A new value for the next response. The value that the client certainly has stays good for a
    /// refresh: the newest if it was just used, otherwise still the one before it.
    ///
    /// # Errors
    /// No randomness.
    pub(super) fn rotate(&mut self, id: u64) -> Result<String, getrandom::Error> {
        let next = random::name("as_")?;
        if let Some(session) = self.all.get_mut(&id) {
            let old = std::mem::replace(&mut session.current, next.clone());
            if session.previous.is_none() && !old.is_empty() {
                session.previous = Some(old);
            }
        }
        Ok(next)
    }

    /// The newest value again (a scenario that does not rotate); a new one if there is none yet.
    ///
    /// # Errors
    /// No randomness.
    pub(super) fn keep(&mut self, id: u64) -> Result<String, getrandom::Error> {
        match self.all.get(&id) {
            Some(session) if !session.current.is_empty() => Ok(session.current.clone()),
            _ => self.rotate(id),
        }
    }

    /// Forgets one session.
    pub(super) fn forget(&mut self, id: u64) {
        self.all.remove(&id);
    }

    /// Forgets all sessions.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}
