//! What the record adds up to: pairings, servers, the pause, the settings, what is still open.
//!
//! **Promises.** Only [`State::fold`] changes it, and only with entries that are on disk: the same
//! record always gives the same state.

use std::collections::{BTreeMap, BTreeSet};

use placet_core::json::Digest;
use placet_core::names::alike;
use placet_core::outcome::Outcome;
use placet_core::ports::{Entry, Event};
use placet_core::request::{RequestId, Server, Timestamp};
use placet_core::settings::Settings;
use subtle::ConstantTimeEq as _;

/// The state after the last entry.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By name.
    pairings: BTreeMap<String, Paired>,
    /// In the order in which they were enrolled.
    servers: Vec<Server>,
    /// Until when everything is declined.
    paused_until: Option<Timestamp>,
    /// Until when everything from a requester's bucket is declined.
    muted_until: BTreeMap<String, Timestamp>,
    /// The last signature counter of each passkey that a server took, by issuer and SHA-256 of the
    /// credential id. Whether a signature is the passkey's own only the server can tell: what a
    /// played key said must not make the person's look like a copy.
    sign_counts: BTreeMap<(String, Digest), u32>,
    /// Counters of signatures whose request is open.
    asserted: BTreeMap<RequestId, Vec<((String, Digest), u32)>>,
    settings: Settings,
    /// Received and not ended.
    open: BTreeSet<RequestId>,
    /// How many entries, and the hash of the last.
    entries: u64,
    head: Option<Digest>,
}

/// A pairing.
#[derive(Clone, Debug)]
pub struct Paired {
    /// SHA-256 of the token.
    token_hash: Digest,
    /// When the person agreed.
    pub at: Timestamp,
}

impl State {
    /// Takes one entry in.
    pub(crate) fn fold(&mut self, entry: &Entry, hash: &Digest) {
        self.count(hash);
        match &entry.event {
            Event::Received { .. } => self.open.extend(entry.request.clone()),
            Event::Ended { outcome, .. } => {
                if let Some(id) = &entry.request {
                    self.open.remove(id);
                    let counts = self.asserted.remove(id).unwrap_or_default();
                    if *outcome == Outcome::Approved {
                        self.sign_counts.extend(counts);
                    }
                }
            }
            Event::Paired { name, token_hash } => {
                let paired = Paired { token_hash: token_hash.clone(), at: entry.at };
                self.pairings.insert(name.clone(), paired);
            }
            Event::Unpaired { name } => {
                self.pairings.remove(name);
                self.settings.forget(name);
            }
            Event::ServerEnrolled { server } => {
                self.servers.retain(|known| known.issuer != server.issuer);
                self.servers.push(server.clone());
            }
            Event::ServerRemoved { issuer } => {
                self.servers.retain(|known| known.issuer != *issuer);
            }
            Event::Paused { until } => self.paused_until = Some(*until),
            Event::Muted { bucket, until } => {
                // One that is over is of no use; this one's, too, if it is to end.
                self.muted_until.retain(|_, until| *until > entry.at);
                if *until > entry.at {
                    self.muted_until.insert(bucket.clone(), *until);
                } else {
                    self.muted_until.remove(bucket);
                }
            }
            Event::Asserted { issuer, credential, sign_count, .. } => {
                if let Some(id) = &entry.request {
                    let count = ((issuer.clone(), credential.clone()), *sign_count);
                    self.asserted.entry(id.clone()).or_default().push(count);
                }
            }
            Event::Set { setting } => self.settings.take(setting),
            Event::Repeated { .. }
            | Event::Shown { .. }
            | Event::Answered { .. }
            | Event::Contacting { .. }
            | Event::Challenged { .. }
            | Event::Suspicious { .. }
            | Event::Started { .. } => {}
        }
    }

    /// Takes in that there is one entry more, which changes nothing else.
    pub(crate) fn count(&mut self, hash: &Digest) {
        self.entries = self.entries.saturating_add(1);
        self.head = Some(hash.clone());
    }

    /// The pairing with this token's hash. Every hash is compared in full, so that the time says
    /// nothing about how much of one was right.
    #[must_use]
    pub fn pairing(&self, token_hash: &Digest) -> Option<&str> {
        let mut found = None;
        for (name, known) in &self.pairings {
            if bool::from(
                known.token_hash.as_str().as_bytes().ct_eq(token_hash.as_str().as_bytes()),
            ) {
                found = Some(name.as_str());
            }
        }
        found
    }

    /// The agents that have a name.
    pub fn pairings(&self) -> impl ExactSizeIterator<Item = (&str, &Paired)> {
        self.pairings.iter().map(|(name, paired)| (name.as_str(), paired))
    }

    /// True if an agent has this name.
    #[must_use]
    pub fn is_paired(&self, name: &str) -> bool {
        self.pairings.contains_key(name)
    }

    /// The agent whose name this is, or could be taken for.
    #[must_use]
    pub fn paired_like(&self, name: &str) -> Option<&str> {
        self.pairings.keys().map(String::as_str).find(|taken| alike(taken, name))
    }

    /// The enrolled server with exactly this issuer (S6).
    #[must_use]
    pub fn server(&self, issuer: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.issuer == issuer)
    }

    /// All enrolled servers, in the order in which they were enrolled.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// How many entries the record has.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The hash of the last entry.
    #[must_use]
    pub fn head(&self) -> Option<&Digest> {
        self.head.as_ref()
    }

    /// Until when everything is declined; long past if never.
    #[must_use]
    pub fn paused_until(&self) -> Timestamp {
        self.paused_until.unwrap_or(Timestamp(i64::MIN))
    }

    /// Until when everything from this bucket is declined; long past if never (H16).
    #[must_use]
    pub fn muted_until(&self, bucket: &str) -> Timestamp {
        self.muted_until.get(bucket).copied().unwrap_or(Timestamp(i64::MIN))
    }

    /// What is set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The buckets that were muted and until when, which may be over.
    pub fn muted(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.muted_until.iter().map(|(bucket, until)| (bucket.as_str(), *until))
    }

    /// The last signature counter of a passkey that the issuer took.
    #[must_use]
    pub fn sign_count(&self, issuer: &str, credential: &Digest) -> Option<u32> {
        self.sign_counts.get(&(issuer.to_owned(), credential.clone())).copied()
    }

    /// Received and not ended.
    pub(crate) fn is_open(&self, request: &RequestId) -> bool {
        self.open.contains(request)
    }

    /// Received and not ended.
    pub(crate) fn open(&self) -> impl Iterator<Item = &RequestId> {
        self.open.iter()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_counter_counts_once_the_server_took_the_signature() {
        let credential = Digest::of_bytes(b"a key");
        let mut state = State::default();
        let mut fold = |request: &str, event: serde_json::Value| {
            let mut entry = json!({"at": 1, "request": request});
            entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
            let entry: Entry = serde_json::from_value(entry).unwrap();
            state.fold(&entry, &Digest::of_bytes(b"an entry"));
            state.sign_count("https://as.example", &credential)
        };
        let asserted = |sign_count: u32| {
            json!({"event": "asserted", "issuer": "https://as.example",
                   "credential": Digest::of_bytes(b"a key"), "sign_count": sign_count,
                   "approval_hash": null})
        };
        let ended = |outcome: &str, reason: &str| {
            json!({"event": "ended", "outcome": outcome, "reason": reason, "assurance": null,
                   "method": null, "observable": false, "display_hash": null, "took_ms": 1})
        };
        // What a key that somebody plays said, and the server refused.
        assert_eq!(fold("req_1", asserted(u32::MAX)), None);
        assert_eq!(fold("req_1", ended("rejected_by_as", "server_refused")), None);
        assert_eq!(fold("req_2", asserted(7)), None);
        assert_eq!(fold("req_3", asserted(9)), None);
        assert_eq!(fold("req_2", ended("approved", "approved")), Some(7));
    }
}
