//! A daemon without a window: a real socket and a real record, only the person and the
//! authorization server are scripted, at the ports.
//!
//! [`Home::start`] starts one in this process with a [`person::Hands`] that the test plays;
//! `placet-headless` is the same as a program of its own, for tests that kill it.
//!
//! Test support: it panics where a test would.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test support: a failure here is the test's failure"
)]

pub mod agent;
pub mod chain;
pub mod person;
pub mod receipts;
pub mod server;

use std::fs::DirBuilder;
use std::future::Future;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use placet_agentd::daemon::{Daemon, Options, StartError};
use placet_core::ports::{NoAuthenticators, Seat, Station, Surroundings};

use self::agent::Agent;
use self::person::Hands;
use self::server::Scripted;

/// Nothing in these tests takes this long but a failure: then they end instead of standing still.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What happens, or a panic if it does not.
pub(crate) async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    within(PATIENCE, what, happens).await
}

/// As [`soon`], where it may take longer: a person by hand.
pub(crate) async fn within<T>(
    patience: Duration,
    what: &str,
    happens: impl Future<Output = T>,
) -> T {
    match tokio::time::timeout(patience, happens).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen"),
    }
}

/// A user's folders, gone when dropped.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// Fresh and empty.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("placet-test-").tempdir().unwrap();
        DirBuilder::new().mode(0o700).create(folder.path().join("run")).unwrap();
        Self { folder }
    }

    /// The folder of it all.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the socket.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.folder.path().join("run").join("placet")
    }

    /// The folder of the record.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state").join("placet")
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime().join("agent.sock")
    }

    /// The record's file.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.state().join(placet_agentd::store::FILE)
    }

    /// Options for this home: an unhardened install in an observable session.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            runtime_dir: self.runtime(),
            state_dir: self.state(),
            socket: None,
            surroundings: Surroundings {
                hardened: false,
                observable: true,
                seat: Seat::Unknown,
                sees_cover: true,
            },
            station: Station::default(),
            version: "0.0.0-test".to_owned(),
            allow_http_loopback: true,
        }
    }

    /// Starts a daemon here; the test plays the person.
    pub async fn start(&self) -> (Daemon, Hands) {
        self.try_start(self.options()).await.unwrap()
    }

    /// As [`Home::start`], with real authorization servers instead of the scripted one.
    pub async fn start_with_servers(&self) -> (Daemon, Hands) {
        let (window, hands) = person::window();
        let daemon = Daemon::start(self.options(), window, NoAuthenticators).await.unwrap();
        (daemon, hands)
    }

    /// Starts with other options.
    ///
    /// # Errors
    /// As [`Daemon::start_with`].
    pub async fn try_start(&self, options: Options) -> Result<(Daemon, Hands), StartError> {
        let (window, hands) = person::window();
        let daemon = Daemon::start_with(options, window, Scripted, NoAuthenticators).await?;
        Ok((daemon, hands))
    }

    /// Connects an agent that says nothing yet.
    pub async fn agent(&self) -> Agent {
        Agent::connect(&self.socket()).await.unwrap()
    }
}
