//! A stage in the calling process.
//!
//! [`Stage::start`] spawns the server in the calling tokio runtime; dropping the [`Stage`] ends it
//! with every connection. Its methods are the control API without HTTP.

use std::io;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::world::World;
use super::{
    CodeNow, Config, Counts, Journal, Registering, Scenario, Started, UrlEnd, routes, tls, wire,
};
use crate::softkey::SoftKey;

/// A running stage. Dropping it stops it.
#[derive(Debug)]
pub struct Stage {
    world: Arc<World>,
    started: Started,
    task: JoinHandle<()>,
}

/// Why a stage did not start.
#[derive(Debug)]
pub enum StageError {
    /// The port could not be had.
    Port(io::Error),
    /// The operating system gave no randomness.
    Randomness(getrandom::Error),
    /// There is no relying party for this origin.
    RelyingParty(String),
    /// The certificate could not be made.
    Tls(tls::NoTls),
    /// The configuration cannot be served; the sentence says why.
    Config(&'static str),
}

impl std::fmt::Display for StageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Port(e) => write!(f, "the port could not be had: {e}"),
            Self::Randomness(e) => write!(f, "no randomness: {e}"),
            Self::RelyingParty(e) => write!(f, "no relying party: {e}"),
            Self::Tls(e) => write!(f, "no certificate: {e}"),
            Self::Config(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StageError {}

impl Stage {
    /// Starts a stage in the calling runtime; it serves when this returns.
    ///
    /// # Errors
    /// See [`StageError`].
    pub async fn start(config: Config) -> Result<Self, StageError> {
        check(&config).map_err(StageError::Config)?;
        let sockets = wire::Sockets::bind(config.port).await.map_err(StageError::Port)?;
        let host = format!("localhost:{}", sockets.port().map_err(StageError::Port)?);
        let (tls, ca_pem) = match config.tls_self_signed {
            true => tls::of_its_own()
                .map(|(tls, pem)| (Some(tls), Some(pem)))
                .map_err(StageError::Tls)?,
            false => (None, None),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let world = Arc::new(World::new(config, &format!("{scheme}://{host}"))?);
        let served =
            wire::Served { whole: routes::router(&world), control: routes::control(&world), tls };
        let task = tokio::spawn(wire::serve(sockets, served));
        let started = Started { ca_pem, ..started(&world) };
        Ok(Self { world, started, task })
    }

    /// A stage with the default configuration and this scenario.
    ///
    /// # Errors
    /// See [`StageError`].
    pub async fn with(scenario: Scenario) -> Result<Self, StageError> {
        Self::start(Config { scenario, ..Config::default() }).await
    }

    /// Issuer, control address and the rest of the start line.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.started.issuer
    }

    /// Behaves so from now on; fault counters start anew, accounts are unlocked.
    pub fn play(&self, scenario: Scenario) {
        self.world.play(scenario);
    }

    /// A code of the first account that would be accepted now; moves the stage's clock on when two
    /// codes in a row are used up. Asking twice without using it gives the same code.
    pub fn code(&self) -> String {
        self.world.fresh_code(&self.started.account).map(|c| c.code).unwrap_or_default()
    }

    /// The same for another account.
    pub fn code_of(&self, account: &str) -> String {
        self.world.fresh_code(account).map(|c| c.code).unwrap_or_default()
    }

    /// A code with its step and life that would be accepted now, if any; the clock stays.
    pub fn code_now(&self) -> Option<CodeNow> {
        self.world.code(&self.started.account)
    }

    /// Registers a new passkey of this key for the first account.
    ///
    /// # Errors
    /// A sentence.
    pub fn register(&self, key: &mut SoftKey) -> Result<(), String> {
        let options = self.world.passkey_options(&self.started.account)?;
        let made = self.world.relying_party.make(&options, key)?;
        self.world.passkey_made(made)
    }

    /// Begins to register a passkey of another key for the first account:
    /// `PublicKeyCredentialCreationOptionsJSON`.
    ///
    /// # Errors
    /// A sentence.
    pub fn passkey_options(&self) -> Result<serde_json::Value, String> {
        self.world.passkey_options(&self.started.account)
    }

    /// Ends what [`Self::passkey_options`] began, with the key's `RegistrationResponseJSON`.
    ///
    /// # Errors
    /// A sentence.
    pub fn passkey_made(&self, made: serde_json::Value) -> Result<(), String> {
        self.world.passkey_made(made)
    }

    /// How the passkeys endpoint behaves from now on.
    pub fn registering(&self, how: Registering) {
        self.world.lock().registering_as = how;
    }

    /// A code of the right form that is certainly wrong now.
    pub fn wrong_code(&self) -> String {
        let right: Vec<String> = self.world.codes_around(&self.started.account);
        let digits = usize::from(self.started.otp_digits);
        (0_u32..)
            .map(|n| format!("{n:0digits$}"))
            .find(|code| !right.contains(code))
            .unwrap_or_default()
    }

    /// Moves the stage's time forward.
    pub fn advance(&self, seconds: u64) {
        self.world.clock.advance(seconds);
    }

    /// Lets every held answer go.
    pub fn release(&self) {
        self.world.release();
    }

    /// Milliseconds by which the scenario `slow` is slow.
    pub fn delay(&self, ms: u64) {
        self.world.lock().delay_ms = ms;
    }

    /// Ends every waiting url-mode page; says how many there were.
    pub fn end_pages(&self, end: UrlEnd) -> usize {
        self.world.end_pages(end)
    }

    /// Resets every connection but the control API's, or stops that.
    pub fn set_down(&self, down: bool) {
        self.world.set_down(down);
    }

    /// Forgets wrong codes.
    pub fn unlock(&self) {
        self.world.lock().unlock_all();
    }

    /// Forgets sessions, grants, journal and counts.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Everything that was sent so far.
    pub fn journal(&self) -> Journal {
        self.world.lock().journal.clone()
    }

    /// Waits until the journal satisfies this. Put a timeout around it.
    pub async fn wait_for(&self, enough: impl FnMut(&Journal) -> bool) -> Journal {
        self.world.wait_for(enough).await
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.world.lock().counts
    }

    /// Waits until the server ends, which it does only if its task dies.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
        self.world.release();
    }
}

fn check(config: &Config) -> Result<(), &'static str> {
    // totp-rs panics outside 1 to 9; RFC 4226 §5.3 wants 6 to 8.
    if !(6..=8).contains(&config.otp_digits) {
        return Err("a code has 6 to 8 digits");
    }
    let plain = |path: &String| {
        !path.is_empty()
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if config.issuer_path.as_ref().is_some_and(|path| !plain(path) || path == "_stage") {
        return Err("an issuer path is one segment of letters, digits, - and _");
    }
    if config.accounts.is_empty() || config.clients.is_empty() {
        return Err("at least one account and one client are needed");
    }
    Ok(())
}

fn started(world: &World) -> Started {
    let inner = world.lock();
    let account = inner.accounts.first();
    Started {
        issuer: world.issuer().to_owned(),
        control: format!("http://{}/_stage", world.host),
        control_token: world.control_token.clone(),
        otpauth: account.map(|a| a.otpauth()).unwrap_or_default(),
        account: account.map(|a| a.name().to_owned()).unwrap_or_default(),
        client_id: world.config.clients.first().cloned().unwrap_or_default(),
        resource: world.resource(),
        otp_digits: world.config.otp_digits,
        ca_pem: None,
    }
}
