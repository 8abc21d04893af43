//! A played key as the library's `Token`, a bus with such keys, and a person.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use placet_core::passkey::{
    CeremonyFault, CeremonyStep, ClientData, PublicKeyCredentialDescriptor, Wanted,
};
use placet_core::ports::{Authenticators as _, CeremonyUi};
use placet_core::secret::Secret;
use placet_stage::key::{Credential, Event, Settings, StageKey};
use tokio::sync::watch;
use tokio::task::JoinSet;
use webauthn_authenticator_rs::error::{CtapError, WebauthnCError};
use webauthn_authenticator_rs::transport::Token;
use webauthn_authenticator_rs::ui::UiCallback;
use webauthn_rs_proto::AuthenticatorTransport;

use crate::SecurityKeys;
use crate::find::{Arrival, Bus, Keys};

pub(super) const RP: &str = "as.example";
pub(super) const PIN: &str = "2580";
/// Longer than anything here takes, on any machine.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A key and the driver in front of it.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) key: StageKey,
    button: bool,
    pub(super) told_to_cancel: Arc<AtomicBool>,
}

impl Played {
    pub(super) fn new(settings: Settings) -> Self {
        let told_to_cancel = Arc::default();
        Self { key: StageKey::new(settings), button: true, told_to_cancel }
    }

    pub(super) fn card() -> Self {
        let settings = Settings { touch: false, ..Settings::default() };
        Self { button: false, ..Self::new(settings) }
    }

    /// What arrived, without the questions what it is.
    pub(super) fn commands(&self) -> Vec<u8> {
        let command = |event| match event {
            Event::Command(command) if command != placet_stage::key::INFO => Some(command),
            _ => None,
        };
        self.key.events().into_iter().filter_map(command).collect()
    }
}

#[async_trait]
impl Token for Played {
    type Id = ();

    fn has_button(&self) -> bool {
        self.button
    }

    fn get_transport(&self) -> AuthenticatorTransport {
        AuthenticatorTransport::Usb
    }

    async fn transmit_raw<U>(&mut self, cbor: &[u8], ui: &U) -> Result<Vec<u8>, WebauthnCError>
    where
        U: UiCallback,
    {
        let before = self.key.events().len();
        let keep_alive = async {
            self.key.event(before, |event| matches!(event, Event::Waiting(_))).await;
            // More than once, as a key does.
            ui.request_touch();
            ui.request_touch();
            std::future::pending::<()>().await;
        };
        let answer = tokio::select! {
            answer = self.key.transmit(cbor) => answer.ok_or(WebauthnCError::Closed)?,
            () = keep_alive => return Err(WebauthnCError::Internal),
        };
        // As the library does over NFC: an empty answer is a panic.
        match CtapError::from(answer[0]) {
            CtapError::Ok => Ok(answer[1..].to_vec()),
            status => Err(WebauthnCError::Ctap(status)),
        }
    }

    async fn cancel(&mut self) -> Result<(), WebauthnCError> {
        self.told_to_cancel.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn init(&mut self) -> Result<(), WebauthnCError> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), WebauthnCError> {
        Ok(())
    }
}

/// A bus with these keys.
pub(super) struct PlayedBus(pub(super) Vec<Played>);

impl Bus for PlayedBus {
    fn watch(&self, keys: Keys) {
        // On this thread's runtime: a played key blocks nobody.
        let played = self.0.clone();
        tokio::spawn(async move {
            let (naming, mut named) = tokio::sync::mpsc::channel::<()>(1);
            let mut tasks = JoinSet::new();
            for key in played {
                let (mut keys, naming) = (keys.clone(), naming.clone());
                tasks.spawn(async move {
                    let mut naming = Some(naming);
                    loop {
                        if key.key.is_inserted() {
                            keys.added(key.clone()).await;
                            naming.take();
                            key.key.inserted(false).await;
                            keys.say(Arrival::Removed).await;
                        }
                        naming.take();
                        key.key.inserted(true).await;
                    }
                });
            }
            drop(naming);
            // Ends when every key was looked at once.
            assert!(named.recv().await.is_none());
            keys.say(Arrival::Named).await;
            keys.unheard().await;
        });
    }
}

/// A bus that cannot be watched.
pub(super) struct BrokenBus;

impl Bus for BrokenBus {
    fn watch(&self, keys: Keys) {
        tokio::spawn(async move {
            let _keys = keys;
            panic!("the bus is broken")
        });
    }
}

/// A bus that says nothing at all.
pub(super) struct SilentBus;

impl Bus for SilentBus {
    fn watch(&self, keys: Keys) {
        tokio::spawn(async move { keys.unheard().await });
    }
}

pub(super) fn over(played: &[&Played]) -> SecurityKeys {
    SecurityKeys::over(vec![Box::new(PlayedBus(played.iter().copied().cloned().collect()))])
}

/// What the person was told or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Step(CeremonyStep),
    /// Tries left, and whether the last one was wrong.
    Pin(Option<u8>, bool),
    /// The question for a PIN was taken away without an answer.
    PinTakenAway,
}

/// A person who knows PINs, one after the other, and then thinks for ever.
#[derive(Clone)]
pub(super) struct Person {
    pins: Arc<Mutex<VecDeque<Option<&'static str>>>>,
    pub(super) told: Arc<watch::Sender<Vec<Told>>>,
}

impl Person {
    pub(super) fn knowing(pins: &[&'static str]) -> Self {
        Self::answering(&pins.iter().map(|pin| Some(*pin)).collect::<Vec<_>>())
    }

    pub(super) fn answering(pins: &[Option<&'static str>]) -> Self {
        let pins = Arc::new(Mutex::new(pins.iter().copied().collect()));
        Self { pins, told: Arc::new(watch::Sender::new(Vec::new())) }
    }

    pub(super) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    pub(super) async fn hears(&self, what: Told) {
        let mut told = self.told.subscribe();
        told.wait_for(|all| all.contains(&what)).await.unwrap();
    }

    fn note(&self, told: Told) {
        self.told.send_modify(|all| all.push(told));
    }
}

struct Asked<'a>(Option<&'a Person>);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(person) = self.0 {
            person.note(Told::PinTakenAway);
        }
    }
}

impl CeremonyUi for Person {
    fn step(&self, step: CeremonyStep) {
        self.note(Told::Step(step));
    }

    async fn pin(&self, retries_left: Option<u8>, wrong_before: bool) -> Option<Secret> {
        self.note(Told::Pin(retries_left, wrong_before));
        let mut asked = Asked(Some(self));
        let known = self.pins.lock().unwrap().pop_front();
        let Some(known) = known else { return std::future::pending().await };
        asked.0 = None;
        known.map(|pin| Secret::new(pin.to_owned()))
    }
}

pub(super) fn wanted(allowed: &[&Credential]) -> Wanted {
    let descriptor = |one: &&Credential| PublicKeyCredentialDescriptor {
        id: one.id.clone(),
        transports: vec!["usb".into()],
    };
    Wanted {
        rp_id: RP.into(),
        client_data: ClientData::get(vec![7; 32], "https://as.example".into()),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        hints: Vec::new(),
        timeout: LONG,
    }
}

/// A ceremony with one key that is touched at once, and a person who knows its PIN.
pub(super) async fn assert_with(
    key: &Played,
    wanted: Wanted,
) -> Result<placet_core::passkey::Assertion, CeremonyFault> {
    key.key.keep_touching(true);
    over(&[key]).assert(wanted, Person::knowing(&[PIN])).await
}
