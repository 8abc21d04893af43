//! What the record adds up to: pairings, servers, the pause, the settings, what is still open.
//!
//! **Promises.** Only [`State::fold`] changes it, and only with entries that are on disk: the same
//! record always gives the same state.

use std::collections::BTreeMap;

use placet_core::json::Digest;
use placet_core::names::alike;
use placet_core::outcome::{Method, Outcome};
use placet_core::ports::{Entry, Event};
use placet_core::request::{Asker, RequestId, Server, Timestamp};
use placet_core::settings::Settings;
use subtle::ConstantTimeEq as _;

/// The state after the last entry.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By name.
    pairings: BTreeMap<String, Paired>,
    /// In the order in which they were enrolled: each issuer once for each account.
    servers: Vec<Server>,
    /// The account with which the last authorization was approved, by issuer.
    last_accounts: BTreeMap<String, String>,
    /// Issuer and account of what is asked of a server by a request that is open.
    contacted: BTreeMap<RequestId, (String, String)>,
    /// Until when everything is declined.
    paused_until: Option<Timestamp>,
    /// Until when everything from a requester's bucket is declined.
    muted_until: BTreeMap<String, Timestamp>,
    /// The last signature counter of each passkey that a server took, by issuer and SHA-256 of the
    /// credential id. Whether a signature is the passkey's own only the server can tell: what a
    /// played key said must not make the person's look like a copy.
    sign_counts: BTreeMap<(String, Digest), u32>,
    /// Counters of signatures whose request is open.
    asserted: BTreeMap<RequestId, Vec<Counted>>,
    /// What each server was answered with last, and took.
    methods: BTreeMap<String, Method>,
    /// The names of this installation's keys that servers know, by issuer and account.
    installations: BTreeMap<(String, String), String>,
    settings: Settings,
    /// Received and not ended.
    open: BTreeMap<RequestId, Asked>,
    /// The keys of this installation by what they sign, the one that is used now last.
    keys: BTreeMap<String, Vec<KnownKey>>,
    /// The digest of the last receipt.
    last_receipt: Option<String>,
    /// How many entries, and the hash of the last.
    entries: u64,
    head: Option<Digest>,
}

/// Issuer, SHA-256 of the credential id, and the counter.
type Counted = ((String, Digest), u32);

/// What a receipt says of a question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: String,
    pub(crate) asker: Asker,
    pub(crate) request_hash: Digest,
    pub(crate) issuer: Option<String>,
}

/// A key of this installation.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Its name.
    pub kid: String,
    /// Its public half, a JWK.
    pub public: serde_json::Value,
    /// How it was kept.
    pub seal: String,
    /// Since when.
    pub at: Timestamp,
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
            Event::Received { kind, asker, request_hash, issuer, .. } => {
                let asked = Asked {
                    kind: kind.clone(),
                    asker: asker.clone(),
                    request_hash: request_hash.clone(),
                    issuer: issuer.clone(),
                };
                self.open.extend(entry.request.clone().map(|id| (id, asked)));
            }
            Event::Ended { outcome, receipt, method, .. } => {
                if let Some(id) = &entry.request {
                    let asked = self.open.remove(id);
                    let counts = self.asserted.remove(id).unwrap_or_default();
                    let account = self.contacted.remove(id);
                    if *outcome == Outcome::Approved {
                        let issuer = asked.and_then(|asked| asked.issuer);
                        let method =
                            method.filter(|it| matches!(it, Method::Totp | Method::Passkey));
                        self.methods.extend(issuer.zip(method));
                        self.sign_counts.extend(counts);
                        self.last_accounts.extend(account);
                    }
                }
                if let Some(receipt) = receipt {
                    self.last_receipt = Some(placet_keys::receipt::digest(receipt));
                }
            }
            Event::KeyMade { purpose, kid, public, seal, .. } => {
                let (kid, public) = (kid.clone(), public.clone());
                let known = KnownKey { kid, public, seal: seal.clone(), at: entry.at };
                self.keys.entry(purpose.clone()).or_default().push(known);
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
                // What this one knows is for it to say again.
                self.installations.remove(&(server.issuer.clone(), server.account.clone()));
                match self.servers.iter_mut().find(same(server)) {
                    // It keeps its place: what is asked for first is what was enrolled first.
                    Some(known) => *known = server.clone(),
                    None => self.servers.push(server.clone()),
                }
            }
            Event::ServerRemoved { issuer, account } => {
                let goes = |its: &str| account.as_deref().is_none_or(|account| account == its);
                self.servers.retain(|known| known.issuer != *issuer || !goes(&known.account));
                self.installations.retain(|(at, its), _| at != issuer || !goes(its));
                if self.accounts(issuer).next().is_none() {
                    self.methods.remove(issuer);
                }
                if self.last_accounts.get(issuer).is_some_and(|last| goes(last)) {
                    self.last_accounts.remove(issuer);
                }
            }
            Event::InstallationRegistered { issuer, account, kid } => {
                self.installations.insert((issuer.clone(), account.clone()), kid.clone());
            }
            Event::Contacting { issuer, account: Some(account), .. } => {
                if let Some(id) = &entry.request {
                    self.contacted.insert(id.clone(), (issuer.clone(), account.clone()));
                }
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
            Event::Asserted { issuer, credential, sign_count, .. }
            | Event::PasskeyMade { issuer, credential, sign_count } => {
                if let Some(id) = &entry.request {
                    let count = ((issuer.clone(), credential.clone()), *sign_count);
                    self.asserted.entry(id.clone()).or_default().push(count);
                }
            }
            Event::Set { setting } => self.settings.take(setting),
            Event::Repeated { .. }
            | Event::Shown { .. }
            | Event::Answered { .. }
            | Event::Contacting { account: None, .. }
            | Event::Challenged { .. }
            | Event::PasskeyChanged { .. }
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

    /// The server with exactly this issuer (S6), once for each account, in the order in which they were
    /// enrolled.
    pub fn accounts(&self, issuer: &str) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(move |server| server.issuer == issuer)
    }

    /// The account with which the last authorization at this issuer was approved.
    #[must_use]
    pub fn last_account(&self, issuer: &str) -> Option<&str> {
        self.last_accounts.get(issuer).map(String::as_str)
    }

    /// An account of the same server that `new` cannot stand beside: one server has one name and one
    /// way to it, whatever account is asked for, so that choosing an account chooses nothing else.
    #[must_use]
    pub fn unlike(&self, new: &Server) -> Option<&Server> {
        self.accounts(&new.issuer).filter(|known| known.account != new.account).find(|known| {
            let shown = |server: &Server| {
                (server.name.clone(), server.way.clone(), server.danger_http_loopback)
            };
            shown(known) != shown(new)
        })
    }

    /// What the server with this issuer was answered with last, and took.
    #[must_use]
    pub fn last_method(&self, issuer: &str) -> Option<Method> {
        self.methods.get(issuer).copied()
    }

    /// The name of this installation's key that the server with this issuer knows for this account.
    #[must_use]
    pub fn installation(&self, issuer: &str, account: &str) -> Option<&str> {
        let whose = (issuer.to_owned(), account.to_owned());
        self.installations.get(&whose).map(String::as_str)
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
        self.open.contains_key(request)
    }

    /// Received and not ended.
    pub(crate) fn open(&self) -> impl Iterator<Item = &RequestId> {
        self.open.keys()
    }

    pub(crate) fn asked(&self, request: &RequestId) -> Option<&Asked> {
        self.open.get(request)
    }

    /// The keys that this installation has signed with, by what; the one that is used now last.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &[KnownKey])> {
        self.keys.iter().map(|(purpose, keys)| (purpose.as_str(), keys.as_slice()))
    }

    /// The name of the key that is used now for this.
    #[must_use]
    pub fn kid(&self, used_for: placet_keys::Use) -> Option<&str> {
        Some(self.keys.get(used_for.as_str())?.last()?.kid.as_str())
    }

    /// The digest of the newest receipt (R4).
    #[must_use]
    pub fn last_receipt(&self) -> Option<&str> {
        self.last_receipt.as_deref()
    }
}

fn same(server: &Server) -> impl Fn(&&mut Server) -> bool {
    |known| known.issuer == server.issuer && known.account == server.account
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn enrolled(account: &str, client_id: &str) -> serde_json::Value {
        json!({"event": "server_enrolled", "server": {"issuer": "https://as.example",
            "name": "Example", "client_id": client_id, "account": account,
            "challenge_endpoint": null, "danger_http_loopback": false}})
    }

    fn folded(events: &[(&str, serde_json::Value)]) -> State {
        let mut state = State::default();
        for (request, event) in events {
            let mut entry = json!({"at": 1, "request": request});
            entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
            let entry: Entry = serde_json::from_value(entry).unwrap();
            state.fold(&entry, &Digest::of_bytes(b"an entry"));
        }
        state
    }

    fn known(state: &State) -> Vec<(&str, &str)> {
        let accounts = state.accounts("https://as.example");
        accounts.map(|server| (server.account.as_str(), server.client_id.as_str())).collect()
    }

    #[test]
    fn a_server_is_known_once_for_each_account_and_the_same_one_takes_its_own_place() {
        let mut events = vec![
            ("req_1", enrolled("sam", "one")),
            ("req_2", enrolled("grace", "two")),
            ("req_3", enrolled("sam", "three")),
        ];
        assert_eq!(known(&folded(&events)), [("sam", "three"), ("grace", "two")]);
        let removed = |account: serde_json::Value| json!({"event": "server_removed", "issuer": "https://as.example", "account": account});
        events.push(("req_4", removed(json!("sam"))));
        assert_eq!(known(&folded(&events)), [("grace", "two")]);
        // An older Placet knew one account alone, and did not name it.
        events.push(("req_5", json!({"event": "server_removed", "issuer": "https://as.example"})));
        assert_eq!(known(&folded(&events)), []);
    }

    #[test]
    fn the_account_used_last_is_that_of_the_last_yes() {
        let contacting = |account: Option<&str>| {
            json!({"event": "contacting", "issuer": "https://as.example", "account": account,
                   "round": 1})
        };
        let ended = |outcome: &str, reason: &str| {
            json!({"event": "ended", "outcome": outcome, "reason": reason, "assurance": null,
                   "method": null, "observable": false, "display_hash": null, "took_ms": 1})
        };
        let yes = || ended("approved", "approved");
        let mut events = vec![
            ("req_1", enrolled("sam", "one")),
            ("req_2", enrolled("grace", "two")),
            // To look at a server is not to use an account.
            ("req_3", contacting(None)),
            ("req_3", yes()),
        ];
        let last = |events: &[(&str, serde_json::Value)]| {
            folded(events).last_account("https://as.example").map(str::to_owned)
        };
        assert_eq!(last(&events), None);
        events.extend([("req_4", contacting(Some("sam"))), ("req_5", contacting(Some("grace")))]);
        events.push(("req_5", ended("declined", "denied")));
        assert_eq!(last(&events), None, "a no uses nothing");
        events.push(("req_4", yes()));
        assert_eq!(last(&events).as_deref(), Some("sam"));
        events.push((
            "req_6",
            json!({"event": "server_removed", "issuer": "https://as.example",
            "account": "sam"}),
        ));
        assert_eq!(last(&events), None, "one that was forgotten and comes again is new");
    }

    #[test]
    fn accounts_of_one_server_have_one_name_and_one_way_to_it() {
        let state = folded(&[("req_1", enrolled("sam", "one"))]);
        let sam = state.servers()[0].clone();
        let grace = Server { account: "grace".into(), client_id: "two".into(), ..sam.clone() };
        assert_eq!(state.unlike(&grace), None);
        let proxy = placet_core::way::Proxy::parse("http://proxy.example:3128").ok();
        let way = placet_core::way::Way { proxy, ..placet_core::way::Way::default() };
        for unlike in [
            Server { name: "Other".into(), ..grace.clone() },
            Server { way: way.clone(), ..grace.clone() },
            Server { danger_http_loopback: true, ..grace.clone() },
        ] {
            assert_eq!(state.unlike(&unlike), Some(&sam));
        }
        // The one account that there is can be reached another way.
        assert_eq!(state.unlike(&Server { way, ..sam.clone() }), None);
    }

    #[test]
    fn p9_what_a_server_took_last_is_known_until_it_is_removed() {
        let mut state = State::default();
        let mut fold = |request: &str, event: serde_json::Value| {
            let mut entry = json!({"at": 1, "request": request});
            entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
            let entry: Entry = serde_json::from_value(entry).unwrap();
            state.fold(&entry, &Digest::of_bytes(b"an entry"));
            state.last_method("https://as.example")
        };
        let received = || {
            json!({"event": "received", "kind": "authorization", "asker": {"pairing": null,
                "claims": null, "kernel": {"uid": 1, "pid": null, "chain": [], "cwd": null,
                "place": "session"}}, "request_hash": Digest::of_bytes(b"what was asked"),
                "issuer": "https://as.example", "expires_at": 9})
        };
        let ended = |outcome: &str, reason: &str, method: &str| {
            json!({"event": "ended", "outcome": outcome, "reason": reason, "assurance": null,
                   "method": method, "observable": false, "display_hash": null, "took_ms": 1})
        };
        fold("req_1", received());
        assert_eq!(fold("req_1", ended("approved", "approved", "passkey")), Some(Method::Passkey));
        fold("req_2", received());
        let refused = fold("req_2", ended("rejected_by_as", "server_refused", "totp"));
        assert_eq!(refused, Some(Method::Passkey), "it did not take it");
        fold("req_3", received());
        let gesture = fold("req_3", ended("approved", "approved", "gesture"));
        assert_eq!(gesture, Some(Method::Passkey));
        fold("req_4", received());
        assert_eq!(fold("req_4", ended("approved", "approved", "totp")), Some(Method::Totp));
        let removed = json!({"event": "server_removed", "issuer": "https://as.example"});
        assert_eq!(fold("req_5", removed), None);
    }

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
