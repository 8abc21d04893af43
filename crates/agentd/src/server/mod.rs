//! The socket: who may connect, what they may say, what they hear.
//!
//! **Promises.** [`listener`] lets in this user's own processes only; [`connection`] bounds all
//! that one of them can make large, slow or many; [`case`] takes each question through the rules
//! once; [`pending`] knows which questions are the same.

mod admit;
mod answer;
mod case;
mod change;
mod connection;
mod lines;
pub(crate) mod listener;
pub(crate) mod peer;
pub(crate) mod pending;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use placet_core::outcome::Reason;
use placet_core::ports::{
    Clock as _, Entry, Event, NotRecorded, Record as _, Station, Surroundings,
};
use placet_core::settings::Change;
use tokio::sync::{Semaphore, mpsc, watch};

use self::peer::Hashes;
use self::pending::{Open, Owner, Registry};
use crate::clock::RealClock;
use crate::desk::{Board, Desk};
use crate::store::Store;
use crate::store::history::History;

/// What all connections share, but for the window and the servers.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) history: History,
    pub(crate) board: Arc<Board>,
    pub(crate) registry: Registry,
    pub(crate) clock: RealClock,
    pub(crate) hashes: Hashes,
    pub(crate) surroundings: Surroundings,
    pub(crate) station: Station,
    pub(crate) version: String,
    pub(crate) allow_http_loopback: bool,
    /// CLOCK_BOOTTIME in milliseconds.
    pub(crate) started_ms: u64,
    /// The right to send a large line.
    pub(crate) large: Arc<Semaphore>,
    pub(crate) connections: AtomicU64,
    /// To be asked in the prompt ([`change`]).
    pub(crate) changes: mpsc::Sender<Change>,
    /// Told when something was set, paused or muted.
    pub(crate) switched: watch::Sender<()>,
}

impl House {
    /// Takes a pairing back; false if there is none of this name.
    pub(crate) async fn revoke(&self, name: &str) -> Result<bool, NotRecorded> {
        if !self.store.state().is_paired(name) {
            return Ok(false);
        }
        let theirs = |open: &Open| matches!(&open.owner, Owner::Pairing(of) if of == name);
        // What is open ends first: no yes is to be made while this is being recorded.
        self.registry.stop(Reason::PairingRevoked, theirs);
        let event = Event::Unpaired { name: name.to_owned() };
        self.store.append(Entry { at: self.clock.now(), request: None, event }).await?;
        // What was admitted meanwhile.
        self.registry.stop(Reason::PairingRevoked, theirs);
        self.registry.forget_pairing(name);
        Ok(true)
    }

    fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared<W, S> {
    pub(crate) house: Arc<House>,
    pub(crate) desk: Desk<W>,
    pub(crate) servers: S,
}

pub(crate) use self::lines::LARGE_AT_ONCE;
