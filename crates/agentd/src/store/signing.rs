//! The keys of this installation, as the record knows them, and the receipts that they sign.
//!
//! **Promises.** A receipt is made where the end of its request is written, and is part of that
//! entry: there is no end with half a receipt, no receipt without an end, and each names the one
//! before it (R4). A key that the record knows is that key or trouble; one that it does not know is
//! put on record before it signs (M3).
//!
//! **Never** hold up or change an answer: without a key there is an end without a receipt.

use placet_core::outcome::Method;
use placet_core::ports::{Entry, Event};
use placet_core::request::{Asker, Place};
use placet_keys::receipt::{self, LASTS, MEANING, Receipt, Requester, Seen};
use placet_keys::{Key, KeyTrouble, Origin, Use};

use super::state::{Asked, State};

/// The two keys, or why there is none.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs receipts.
    pub receipts: Result<Key, KeyTrouble>,
    /// Says who this installation is, to a server that knows it.
    pub instance: Result<Key, KeyTrouble>,
}

impl Keys {
    /// None, because of this.
    pub(crate) fn none(trouble: &KeyTrouble) -> Self {
        Self { receipts: Err(trouble.clone()), instance: Err(trouble.clone()) }
    }

    /// The key for this.
    ///
    /// # Errors
    /// Why there is none.
    pub const fn of(&self, used_for: Use) -> &Result<Key, KeyTrouble> {
        match used_for {
            Use::Receipts => &self.receipts,
            Use::Instance => &self.instance,
        }
    }

    pub(crate) fn set(&mut self, used_for: Use, key: Result<Key, KeyTrouble>) {
        match used_for {
            Use::Receipts => self.receipts = key,
            Use::Instance => self.instance = key,
        }
    }
}

/// The entry that says that this key is used from here on.
pub(crate) fn made(used_for: Use, key: &Key, origin: Origin) -> Event {
    Event::KeyMade {
        purpose: used_for.as_str().to_owned(),
        kid: key.kid().to_owned(),
        public: key.public_jwk(),
        seal: key.seal().as_str().to_owned(),
        found: origin == Origin::Found,
    }
}

/// `entry` with its receipt; `None` if it is no end, or there is no key.
pub(crate) fn with_receipt(
    entry: &Entry,
    state: &State,
    keys: &Keys,
    version: &str,
) -> Option<Entry> {
    let asked = state.asked(entry.request.as_ref()?)?;
    let key = keys.receipts.as_ref().ok()?;
    let mut signed = entry.clone();
    let receipt = receipt_of(entry, asked, key, state.last_receipt(), version)?;
    let Ok(token) = receipt.sign(key) else {
        tracing::error!("a receipt could not be signed");
        return None;
    };
    if let Event::Ended { receipt, .. } = &mut signed.event {
        *receipt = Some(token);
    }
    Some(signed)
}

fn receipt_of(
    entry: &Entry,
    asked: &Asked,
    key: &Key,
    prev: Option<&str>,
    version: &str,
) -> Option<Receipt> {
    let Event::Ended { outcome, reason, assurance, method, observable, display_hash, .. } =
        &entry.event
    else {
        return None;
    };
    let iat = entry.at.0.div_euclid(1000);
    Some(Receipt {
        jti: receipt::name().ok()?,
        iss: Receipt::issuer_of(key.public()),
        iat,
        exp: iat.saturating_add(LASTS),
        aud: audience(asked),
        txn: entry.request.as_ref()?.0.clone(),
        kind: asked.kind.clone(),
        outcome: outcome.as_str().to_owned(),
        reason: reason.code().to_owned(),
        approval_hash: asked.request_hash.as_str().to_owned(),
        display_hash: display_hash.as_ref().map(|hash| hash.as_str().to_owned()),
        issuer: asked.issuer.clone(),
        requester: requester(&asked.asker),
        method: method.map(word),
        assurance: assurance.map(|assurance| assurance.as_str().to_owned()),
        observable: *observable,
        app_version: version.to_owned(),
        seal: key.seal().as_str().to_owned(),
        prev: prev.map(str::to_owned),
        meaning: MEANING.to_owned(),
    })
}

/// The server, if one was to decide; else who asked. A name of an agent has no space in it.
fn audience(asked: &Asked) -> String {
    match (&asked.issuer, &asked.asker.pairing) {
        (Some(issuer), _) => issuer.clone(),
        (None, Some(agent)) => format!("agent {agent}"),
        (None, None) => "unpaired program".to_owned(),
    }
}

fn requester(asker: &Asker) -> Requester {
    let process = asker.kernel.chain.first();
    let place = match asker.kernel.place {
        Place::Session => "session",
        Place::Ssh => "ssh",
        Place::Container => "container",
        Place::Unknown => "unknown",
    };
    Requester {
        pairing: asker.pairing.clone(),
        kernel: Seen {
            uid: asker.kernel.uid,
            place: place.to_owned(),
            program: process.and_then(|process| process.exe.clone()),
            program_hash: process
                .and_then(|process| process.exe_hash.as_ref())
                .map(|hash| hash.as_str().to_owned()),
        },
        claims: asker.claims.clone(),
    }
}

fn word(method: Method) -> String {
    match method {
        Method::Gesture => "gesture",
        Method::Totp => "totp",
        Method::Form => "form",
        Method::Passkey => "passkey",
    }
    .to_owned()
}
