//! The benchmark `passkey`: what Placet itself adds to an approval with a passkey.
//!
//! The daemon, its record on the disk, its HTTP client and a server that verifies are real; the
//! person answers at once, and the key is played. Stamps are taken where the rules call the ports:
//! from a server's question, parsed, to the start of the ceremony, and from the signature to its
//! being given to the HTTP client. Beside it the same calls are made bare, without a daemon: ask the
//! server, have the key sign, post.
//!
//! **Promises.** What the server, the key and the network take is in neither stamp.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use placet_agentd::daemon::Daemon;
use placet_core::form::Values;
use placet_core::passkey::{Assertion, CeremonyFault, CeremonyStep, Wanted};
use placet_core::ports::{Authenticators, CeremonyUi, ServerError, Servers, Step};
use placet_core::request::{Authorization, Server};
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions, Session};
use placet_stage::server::{Scenario, Stage};
use serde_json::{Value, json};

use super::Outcome;
use super::figures::{Figure, Report};
use super::machine::Machine;
use crate::headless::agent::{Agent, authorization};
use crate::headless::person::{self, Hands};
use crate::headless::{Home, PATIENCE};
use crate::passkey::Played;

/// Approvals in one run, in one life of the daemon, which asks a person at most ten times in ten
/// minutes for one agent.
const EACH: usize = 8;

/// When what happened last.
#[derive(Clone, Debug, Default)]
struct Stamps(Arc<Mutex<Taken>>);

#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    begun: Option<Instant>,
    asked: Option<Instant>,
    started: Option<Instant>,
    signed: Option<Instant>,
    posted: Option<Instant>,
    granted: Option<Instant>,
}

impl Stamps {
    fn take(&self, at: impl FnOnce(&mut Taken)) {
        at(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn taken(&self) -> Taken {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Taken {
    /// Placet's own share, and the whole way from first contact to the code, in milliseconds.
    fn figures(self) -> Option<(f64, f64)> {
        let before = self.started?.duration_since(self.asked?);
        let after = self.posted?.duration_since(self.signed?);
        let whole = self.granted?.duration_since(self.begun?);
        Some((milliseconds(before.saturating_add(after)), milliseconds(whole)))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The HTTP client, with stamps.
#[derive(Debug)]
struct Stamped {
    client: Client,
    stamps: Stamps,
}

impl Servers for Stamped {
    type Session = Session;
    type Account = ();

    async fn look_at(&self, server: &Server) -> Result<String, ServerError> {
        self.client.look_at(server).await
    }

    async fn begin(&self, server: &Server, asked: &Authorization, passkeys: bool) -> Step<Session> {
        self.stamps.take(|taken| taken.begun = Some(Instant::now()));
        let step = self.client.begin(server, asked, passkeys).await;
        self.stamps.take(|taken| taken.asked = Some(Instant::now()));
        step
    }

    async fn answer(&self, session: Session, values: Values) -> Step<Session> {
        self.client.answer(session, values).await
    }

    async fn present(&self, session: Session, assertion: Assertion) -> Step<Session> {
        self.stamps.take(|taken| taken.posted = Some(Instant::now()));
        let step = self.client.present(session, assertion).await;
        self.stamps.take(|taken| taken.granted = Some(Instant::now()));
        step
    }

    async fn leave(&self, session: Session, declined: bool) {
        self.client.leave(session, declined).await;
    }

    async fn own(
        &self,
        _: &placet_core::request::Server,
    ) -> Result<placet_core::account::Own, placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn enter(
        &self,
        _: &placet_core::request::Server,
        _: placet_core::secret::Secret,
        _: placet_core::secret::Secret,
    ) -> Result<(), placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn begin_passkey(
        &self,
        (): &mut (),
    ) -> Result<placet_core::creation::Creation, placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn finish_passkey(
        &self,
        (): &mut (),
        _: &placet_core::creation::Creation,
        _: &placet_core::creation::Created,
        _: &str,
    ) -> Result<placet_core::account::Registered, placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn passkeys(
        &self,
        (): &mut (),
    ) -> Result<Vec<placet_core::account::Registered>, placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn rename_passkey(
        &self,
        (): &mut (),
        _: &str,
        _: &str,
    ) -> Result<(), placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }

    async fn delete_passkey(
        &self,
        (): &mut (),
        _: &str,
    ) -> Result<(), placet_core::ports::ServerError> {
        Err(placet_core::ports::ServerError::NoPasskeysEndpoint)
    }
}

/// The key, with stamps.
#[derive(Debug)]
struct StampedKey {
    key: Played,
    stamps: Stamps,
}

impl Authenticators for StampedKey {
    fn usable(&self) -> bool {
        true
    }

    async fn assert<U: CeremonyUi>(
        &self,
        wanted: Wanted,
        ui: U,
    ) -> Result<Assertion, CeremonyFault> {
        self.stamps.take(|taken| taken.started = Some(Instant::now()));
        let signed = self.key.assert(wanted, ui).await;
        self.stamps.take(|taken| taken.signed = Some(Instant::now()));
        signed
    }

    async fn create<U: CeremonyUi>(
        &self,
        _: placet_core::creation::Creation,
        _: U,
    ) -> Result<placet_core::creation::Created, CeremonyFault> {
        Err(CeremonyFault::NoAuthenticator)
    }
}

/// Nobody looks.
#[derive(Debug)]
struct Nobody;

impl CeremonyUi for Nobody {
    fn step(&self, _step: CeremonyStep) {}

    async fn pin(&self, _retries_left: Option<u8>, _wrong_before: bool) -> Option<Secret> {
        None
    }
}

/// Measures `runs` times [`EACH`] approvals, ours and bare in turn.
///
/// # Errors
/// When anything cannot be measured.
pub(super) fn run(runs: usize) -> Outcome<Report> {
    let machine = Machine::here(&std::env::temp_dir());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut share, mut ours, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        for run in 1..=runs {
            eprintln!("bench: passkey, {run} of {runs}");
            let mut play = Play::new().await?;
            play.approve(0).await?;
            play.stamps.taken();
            for number in 1..=EACH {
                play.approve(number).await?;
                let (own, whole) = play.stamps.taken().figures().ok_or("a stamp is missing")?;
                share.push(own);
                ours.push(whole);
                bare.push(play.bare().await?);
            }
            play.daemon.stop().await;
        }
        Outcome::Ok(())
    })?;
    let calls = "the bare calls";
    let figures = [
        Figure::alone("a passkey approval: Placet's own share", "ms", &share, Some(5.0)),
        Figure::beside("first contact to the code", "ms", &ours, calls, &bare, None),
    ];
    let figures = figures.into_iter().flatten().collect();
    Ok(Report { name: "passkey", machine: machine.afterwards(), figures })
}

struct Play {
    _home: Home,
    daemon: Daemon,
    hands: Hands,
    agent: Agent,
    stage: Stage,
    key: Played,
    client: Client,
    stamps: Stamps,
}

impl Play {
    /// A paired agent, an enrolled server, a registered key.
    async fn new() -> Outcome<Self> {
        let (home, stage) = (Home::new(), Stage::with(Scenario::PasskeyBound).await?);
        let (key, stamps) = (Played::default(), Stamps::default());
        key.key(|key| stage.register(key))?;
        let client = || {
            Client::new(ClientOptions {
                danger_allow_http_loopback: true,
                ..ClientOptions::default()
            })
        };
        let (window, mut hands) = person::window();
        let servers = Stamped { client: client(), stamps: stamps.clone() };
        let authenticators = StampedKey { key: key.clone(), stamps: stamps.clone() };
        let daemon = Daemon::start_with(home.options(), window, servers, authenticators).await?;
        let mut agent = home.agent().await;
        let id = agent.call("placet/pair", json!({ "name": "bench" })).await;
        let code = agent.pair_code().await.ok_or("no pairing code came")?;
        hands.asked().await.approve(&[&code]);
        let paired = agent.answer(&id).await.map_err(|_| "pairing was refused")?;
        let token = paired.get("token").and_then(Value::as_str).ok_or("no token came")?.to_owned();
        let mut agent = home.agent().await;
        agent.hello(Some(&token)).await;
        let enrolment = json!({ "issuer": stage.issuer(), "client_id": "placet",
            "account": "sam@example.com", "danger_allow_http_loopback": true });
        let id = agent.call("as/add", enrolment).await;
        hands.asked().await.approve(&[]);
        hands.asked().await.approve(&[]);
        if agent.ended(&id).await.outcome.as_str() != "approved" {
            return Err("the server was not enrolled".into());
        }
        Ok(Self { _home: home, daemon, hands, agent, stage, key, client: client(), stamps })
    }

    /// One approval, by a person who answers at once. Each is another question, by its number.
    async fn approve(&mut self, number: usize) -> Outcome<()> {
        let mut params = authorization(self.stage.issuer());
        if let Some(challenge) = params.get_mut("code_challenge") {
            let other =
                challenge.as_str().map(|one| one.replacen("E9M", &format!("E{number}M"), 1));
            *challenge = json!(other);
        }
        let id = self.agent.call("authorization/request", params).await;
        self.hands.asked().await.approve(&[]);
        self.hands.asked().await.approve(&[]);
        let ended = tokio::time::timeout(PATIENCE, self.agent.ended(&id)).await?;
        match ended.assurance.as_deref() {
            Some(_) => Ok(()),
            None => Err(format!("it ended as {}", ended.outcome.as_str()).into()),
        }
    }

    /// The same without a daemon: the calls alone.
    async fn bare(&self) -> Outcome<f64> {
        let server = Server {
            issuer: self.stage.issuer().to_owned(),
            name: "stage".to_owned(),
            client_id: "placet".to_owned(),
            account: "sam@example.com".to_owned(),
            challenge_endpoint: None,
            danger_http_loopback: true,
            way: placet_core::way::Way::default(),
        };
        let params = authorization(self.stage.issuer());
        let text = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
        let details = text("authorization_details").ok_or("no authorization_details")?;
        let asked = Authorization {
            issuer: server.issuer.clone(),
            scope: text("scope"),
            resource: Vec::new(),
            authorization_details: serde_json::from_str(&details)?,
            authorization_details_raw: Some(details),
            acr_values: None,
            max_age: None,
            code_challenge: text("code_challenge").ok_or("no code_challenge")?,
        };
        let begun = Instant::now();
        let Step::Challenged(challenge) = self.client.begin(&server, &asked, true).await else {
            return Err("the server did not ask for a passkey".into());
        };
        let passkey = challenge.passkey.ok_or("the server did not ask for a passkey")?;
        let signed = self.key.assert(passkey.wanted, Nobody).await;
        let signed = signed.map_err(|fault| format!("the key: {fault:?}"))?;
        match self.client.present(challenge.session, signed).await {
            Step::Granted(_) => Ok(milliseconds(begun.elapsed())),
            other => Err(format!("the server did not take the signature: {other:?}").into()),
        }
    }
}
