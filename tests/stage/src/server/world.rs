//! Everything the running stage knows, behind one lock.
//!
//! The lock is never held across an await. What a test may wait for (a request that came in, a held
//! answer that was let go) is a watch channel, so that nobody polls.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use p256::ecdsa::VerifyingKey;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration};

use super::clock::Clock;
use super::config::Config;
use super::grant::Grants;
use super::journal::Journal;
use super::passkey::RelyingParty;
use super::random;
use super::registry::{Called, id_of};
use super::request::Wanted;
use super::script::Script;
use super::session::Sessions;
use super::stage::StageError;
use super::{Account, Registering, Scenario};

/// What was counted since the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Metadata requests.
    pub metadata: u32,
    /// First requests to the challenge endpoint that were well formed.
    pub first_contacts: u32,
    /// Challenges sent; repeated ones count again.
    pub challenges: u32,
    /// Requests with neither response nor action.
    pub refreshes: u32,
    /// Requests with a response.
    pub answers: u32,
    /// Assertions that were right.
    pub passkeys: u32,
    /// Assertions that were not.
    pub wrong_passkeys: u32,
    /// Codes that were right.
    pub right: u32,
    /// Codes that were wrong.
    pub wrong: u32,
    /// Codes that were right once and came again.
    pub replayed: u32,
    /// Answers that a fault kept the stage from looking at.
    pub unseen: u32,
    /// Declines and cancels.
    pub declines: u32,
    /// Authorization codes issued.
    pub codes: u32,
    /// Token requests.
    pub token_requests: u32,
    /// Access tokens issued.
    pub tokens: u32,
    /// Requests to the protected resource.
    pub resource_calls: u32,
    /// Those that were allowed.
    pub resource_granted: u32,
}

/// How a url-mode page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrlEnd {
    /// Nobody has answered it.
    Waiting,
    /// Confirmed.
    Done,
    /// Refused.
    Denied,
}

/// A page of url mode, and whose code it asks for.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) account: String,
    pub(super) end: UrlEnd,
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) scenario: Scenario,
    /// How often the script's first-request fault still strikes.
    pub(super) first_left: u32,
    /// How often its answer fault still strikes.
    pub(super) answer_left: u32,
    pub(super) polls: u32,
    pub(super) delay_ms: u64,
    pub(super) sessions: Sessions,
    pub(super) grants: Grants,
    pub(super) accounts: Vec<Account>,
    /// By account.
    pub(super) passkeys: HashMap<String, Vec<Passkey>>,
    /// Keys of installations, by client and account.
    pub(super) instances: HashMap<(String, String), VerifyingKey>,
    /// Names of assertions that were taken.
    pub(super) assertions: HashSet<String>,
    /// What they are called, by credential id.
    pub(super) called: HashMap<String, Called>,
    /// Registrations that were begun at the passkeys endpoint, by account.
    pub(super) begun: HashMap<String, PasskeyRegistration>,
    /// How that endpoint behaves.
    pub(super) registering_as: Registering,
    /// A registration that was begun over the control API, and for whom.
    pub(super) registering: Option<(String, PasskeyRegistration)>,
    pub(super) pages: HashMap<String, Page>,
    /// Requests behind a `request_uri`, each good once.
    pub(super) pushed: HashMap<String, Wanted>,
    pub(super) journal: Journal,
    pub(super) counts: Counts,
}

/// The running stage.
#[derive(Debug)]
pub(super) struct World {
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) control_token: String,
    pub(super) relying_party: RelyingParty,
    issuer: String,
    origin: String,
    /// `host:port`, the only Host that is served.
    pub(super) host: String,
    inner: Mutex<Inner>,
    released: watch::Sender<u64>,
    changed: watch::Sender<u64>,
    down: AtomicBool,
}

impl World {
    /// A stage at this origin (`http://localhost:PORT`).
    ///
    /// # Errors
    /// No randomness, or an origin that is none.
    pub(super) fn new(config: Config, origin: &str) -> Result<Self, StageError> {
        let issuer = match &config.issuer_path {
            Some(path) => format!("{origin}/{path}"),
            None => origin.to_owned(),
        };
        let mut accounts = Vec::new();
        for name in &config.accounts {
            let secret = match &config.totp_secret {
                Some(secret) => secret.clone(),
                None => random::bytes::<20>().map_err(StageError::Randomness)?.to_vec(),
            };
            accounts.push(Account::new(name, &secret, config.otp_digits));
        }
        let mut inner = Inner {
            scenario: config.scenario,
            first_left: 0,
            answer_left: 0,
            polls: 0,
            delay_ms: 1500,
            sessions: Sessions::default(),
            grants: Grants::default(),
            accounts,
            passkeys: HashMap::new(),
            instances: HashMap::new(),
            assertions: HashSet::new(),
            called: HashMap::new(),
            begun: HashMap::new(),
            registering_as: Registering::Honest,
            registering: None,
            pages: HashMap::new(),
            pushed: HashMap::new(),
            journal: Journal::default(),
            counts: Counts::default(),
        };
        inner.play(config.scenario);
        Ok(Self {
            config,
            clock: Clock::default(),
            control_token: random::name("ctl_").map_err(StageError::Randomness)?,
            relying_party: RelyingParty::new(origin).map_err(StageError::RelyingParty)?,
            issuer,
            origin: origin.to_owned(),
            host: origin.split("//").nth(1).unwrap_or_default().to_owned(),
            inner: Mutex::new(inner),
            released: watch::Sender::new(0),
            changed: watch::Sender::new(0),
            down: AtomicBool::new(false),
        })
    }

    /// The issuer identifier.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its origin, which passkeys are for.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The resource identifier (RFC 8707).
    pub(super) fn resource(&self) -> String {
        format!("{}/resource", self.issuer)
    }

    /// The state; a panic of a test elsewhere does not make it unreadable.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behaves so from now on; fault counters start anew, accounts are unlocked, connections work.
    pub(super) fn play(&self, scenario: Scenario) {
        self.lock().play(scenario);
        self.down.store(false, Ordering::SeqCst);
    }

    /// Forgets sessions, grants, journal and counts; codes that were used stay used.
    pub(super) fn reset(&self) {
        let mut inner = self.lock();
        let scenario = inner.scenario;
        inner.sessions.clear();
        inner.grants.clear();
        inner.pages.clear();
        inner.pushed.clear();
        inner.journal = Journal::default();
        inner.counts = Counts::default();
        inner.play(scenario);
    }

    /// Resets every connection from now on, or stops that. The control API is spared on
    /// connections of its own.
    pub(super) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// True while every connection is reset.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }

    /// Waits until [`Self::release`] is next called.
    pub(super) async fn held(&self) {
        let mut released = self.released.subscribe();
        // An error means that the stage is gone; there is nothing left to wait for.
        let _ = released.changed().await;
    }

    /// Lets every held answer go.
    pub(super) fn release(&self) {
        self.released.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Says that the journal changed.
    pub(super) fn changed(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Waits until the journal satisfies this, and returns it.
    pub(super) async fn wait_for(&self, mut enough: impl FnMut(&Journal) -> bool) -> Journal {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let inner = self.lock();
                if enough(&inner.journal) {
                    return inner.journal.clone();
                }
            }
            if changed.changed().await.is_err() {
                return self.lock().journal.clone();
            }
        }
    }
}

impl Inner {
    /// The script of the current scenario.
    pub(super) fn script(&self) -> Script {
        self.scenario.script()
    }

    /// A new passkey of an account.
    pub(super) fn keep(&mut self, account: &str, made: Passkey, name: &str, created: u64) {
        self.called.insert(id_of(&made), Called { name: name.to_owned(), created });
        self.passkeys.entry(account.to_owned()).or_default().push(made);
    }

    /// The account of this name.
    pub(super) fn account(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|a| a.name() == name)
    }

    fn play(&mut self, scenario: Scenario) {
        let script = scenario.script();
        self.scenario = scenario;
        self.first_left = script.first.map_or(0, |t| t.times);
        self.answer_left = script.answer.map_or(0, |t| t.times);
        self.polls = 0;
        self.unlock_all();
    }

    /// Forgets everybody's wrong codes.
    pub(super) fn unlock_all(&mut self) {
        for account in &mut self.accounts {
            account.unlock();
        }
    }
}
