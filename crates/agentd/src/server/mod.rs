//! The socket: who may connect, what they may say, what they hear.
//!
//! **Promises.** [`listener`] lets in this user's own processes only; [`connection`] bounds all
//! that one of them can make large, slow or many; [`case`] takes each question through the rules
//! once; [`pending`] knows which questions are the same.

mod admit;
mod answer;
mod case;
mod connection;
mod lines;
pub(crate) mod listener;
pub(crate) mod peer;
pub(crate) mod pending;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use placet_core::ports::{Station, Surroundings};
use tokio::sync::Semaphore;

use self::peer::Hashes;
use self::pending::Registry;
use crate::clock::RealClock;
use crate::desk::{Board, Desk};
use crate::store::Store;

/// What all connections share, but for the window and the servers.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) store: Store,
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
}

impl House {
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
