//! Ceremonies with a played key on a virtual card reader: the PC/SC daemon, its library, APDUs.
//!
//! The library finds its daemon by a variable of the environment, which a test must not change in
//! its own process. So each test starts a daemon and runs itself once more, in a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr)] // what is skipped is said

use std::collections::VecDeque;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use placet_authenticators::SecurityKeys;
use placet_core::creation::Creation;
use placet_core::passkey::{
    Assertion, CeremonyFault, CeremonyStep, ClientData, PublicKeyCredentialDescriptor, Wanted,
};
use placet_core::ports::{Authenticators as _, CeremonyUi};
use placet_core::secret::Secret;
use placet_stage::key::card::lie_on_reader;
use placet_stage::key::reader::{Reader, SOCKET};
use placet_stage::key::{Event, INFO, SIGN, Settings, StageKey};
use tokio::sync::watch;

const RP: &str = "as.example";
const PIN: &str = "2580";
const PORTS: &str = "PLACET_TEST_READER_PORTS";

/// Runs `body` with the ports of a reader's two slots, where the library finds them.
fn on_a_reader<F: Future<Output = ()>>(name: &str, body: impl FnOnce(Vec<u16>) -> F) {
    if let Some(package) = Reader::missing() {
        eprintln!("skipped: the package {package} is not installed");
        return;
    }
    if let Ok(ports) = std::env::var(PORTS) {
        let ports = ports.split(',').map(|port| port.parse().unwrap()).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(body(ports));
    }
    let reader = Reader::start().unwrap();
    let ports: Vec<_> = reader.ports().iter().map(u16::to_string).collect();
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(SOCKET, reader.socket())
        .env(PORTS, ports.join(","))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

/// A key on a reader, until this is dropped.
struct Lying {
    key: StageKey,
    lying: tokio::task::JoinHandle<()>,
}

impl Lying {
    fn on(port: u16, settings: Settings) -> Self {
        let key = StageKey::new(settings);
        let card = key.clone();
        let lying = tokio::spawn(async move { lie_on_reader(&card, port).await.unwrap() });
        Self { key, lying }
    }

    /// A card that needs no touch.
    fn card(port: u16) -> Self {
        Self::on(port, Settings { touch: false, ..Settings::default() })
    }
}

impl Drop for Lying {
    fn drop(&mut self) {
        self.lying.abort();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Step(CeremonyStep),
    Pin(Option<u8>, bool),
}

#[derive(Clone)]
struct Person {
    pins: Arc<Mutex<VecDeque<&'static str>>>,
    told: Arc<watch::Sender<Vec<Told>>>,
}

impl Person {
    fn knowing(pins: &[&'static str]) -> Self {
        let pins = Arc::new(Mutex::new(pins.iter().copied().collect()));
        Self { pins, told: Arc::new(watch::Sender::new(Vec::new())) }
    }

    async fn hears(&self, what: Told) {
        self.told.subscribe().wait_for(|all| all.contains(&what)).await.unwrap();
    }
}

impl CeremonyUi for Person {
    fn step(&self, step: CeremonyStep) {
        self.told.send_modify(|told| told.push(Told::Step(step)));
    }

    async fn pin(&self, retries_left: Option<u8>, wrong_before: bool) -> Option<Secret> {
        self.told.send_modify(|told| told.push(Told::Pin(retries_left, wrong_before)));
        let known = self.pins.lock().unwrap().pop_front();
        match known {
            Some(pin) => Some(Secret::new(pin.to_owned())),
            None => std::future::pending().await,
        }
    }
}

fn wanted(id: &[u8]) -> Wanted {
    Wanted {
        rp_id: RP.into(),
        client_data: ClientData::get(vec![7; 32], "https://as.example".into()),
        allow_credentials: vec![PublicKeyCredentialDescriptor {
            id: id.to_vec(),
            transports: vec!["nfc".into()],
        }],
        hints: Vec::new(),
        timeout: Duration::from_secs(60),
    }
}

/// The signature, by another library. `public_key` is a COSE key as the played key writes it.
fn verify(made: &Assertion, wanted: &Wanted, public_key: &[u8]) {
    let after = |mark: &[u8]| {
        let at = public_key.windows(mark.len()).position(|part| part == mark).unwrap();
        &public_key[at + mark.len()..at + mark.len() + 32]
    };
    // -2 and -3, each a byte string of 32.
    let point = [&[4][..], after(&[0x21, 0x58, 0x20]), after(&[0x22, 0x58, 0x20])].concat();
    let signed = [&made.authenticator_data[..], &wanted.client_data.hash()].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
        .verify(&signed, &made.signature)
        .expect("the signature is of what was shown");
}

#[test]
fn p5_a_card_says_what_it_is_makes_a_passkey_and_signs_with_it() {
    on_a_reader("p5_a_card_says_what_it_is_makes_a_passkey_and_signs_with_it", async |ports| {
        let card = Lying::card(ports[0]);
        let keys = SecurityKeys::new();
        assert!(keys.usable());
        let creation = Creation {
            rp_id: RP.into(),
            rp_name: "Example".into(),
            user_id: b"sam".to_vec(),
            user_name: "sam".into(),
            user_display_name: "Sam".into(),
            client_data: ClientData::create(vec![9; 32], "https://as.example".into()),
            algorithms: vec![-7],
            exclude_credentials: Vec::new(),
            resident_key: false,
            timeout: Duration::from_secs(60),
        };
        let made = keys.create(creation, Person::knowing(&[PIN])).await.unwrap();
        assert_eq!(made.transports, ["nfc"]);
        assert!(card.key.events().contains(&Event::Command(INFO)));
        let public_key = &made.authenticator_data[55 + made.credential_id.len()..];
        let wanted = wanted(&made.credential_id);
        let signed = keys.assert(wanted.clone(), Person::knowing(&[PIN])).await.unwrap();
        assert_eq!(signed.authenticator_data[32] & 0x05, 0x05, "UP and UV");
        verify(&signed, &wanted, public_key);
    });
}

#[test]
fn a_wrong_pin_on_a_card_is_said_with_the_tries_that_are_left() {
    on_a_reader("a_wrong_pin_on_a_card_is_said_with_the_tries_that_are_left", async |ports| {
        let card = Lying::card(ports[0]);
        let credential = card.key.credential(RP, b"sam");
        let person = Person::knowing(&["0000", PIN]);
        let wanted = wanted(&credential.id);
        let signed = SecurityKeys::new().assert(wanted.clone(), person.clone()).await.unwrap();
        verify(&signed, &wanted, &credential.public_key);
        let told = person.told.borrow().clone();
        let asked: Vec<_> = told.iter().filter(|told| matches!(told, Told::Pin(..))).collect();
        assert_eq!(asked, [&Told::Pin(Some(8), false), &Told::Pin(Some(7), true)]);
    });
}

#[test]
fn a_card_that_is_taken_away_ends_the_ceremony_at_the_pin_and_at_the_touch() {
    let name = "a_card_that_is_taken_away_ends_the_ceremony_at_the_pin_and_at_the_touch";
    on_a_reader(name, async |ports| {
        let card = Lying::on(ports[0], Settings::default());
        let credential = card.key.credential(RP, b"sam");
        let keys = SecurityKeys::new();
        let person = Person::knowing(&[]);
        let ceremony = keys.assert(wanted(&credential.id), person.clone());
        let take = async {
            person.hears(Told::Pin(Some(8), false)).await;
            card.key.remove();
        };
        let (ended, ()) = tokio::join!(ceremony, take);
        assert_eq!(ended, Err(CeremonyFault::Removed));
        card.key.insert();
        let ceremony = keys.assert(wanted(&credential.id), Person::knowing(&[PIN]));
        let take = async {
            card.key.event(0, |event| *event == Event::Waiting(SIGN)).await;
            card.key.remove();
        };
        let (ended, ()) = tokio::join!(ceremony, take);
        assert_eq!(ended, Err(CeremonyFault::Removed));
    });
}

#[test]
fn a_card_that_is_laid_down_later_is_found() {
    on_a_reader("a_card_that_is_laid_down_later_is_found", async |ports| {
        let card = Lying::card(ports[0]);
        card.key.remove();
        let credential = card.key.credential(RP, b"sam");
        let person = Person::knowing(&[PIN]);
        let keys = SecurityKeys::new();
        let ceremony = keys.assert(wanted(&credential.id), person.clone());
        let lay = async {
            person.hears(Told::Step(CeremonyStep::Looking)).await;
            card.key.insert();
        };
        let (signed, ()) = tokio::join!(ceremony, lay);
        signed.unwrap();
    });
}

#[test]
fn a_ceremony_that_is_dropped_leaves_the_card_to_the_next() {
    on_a_reader("a_ceremony_that_is_dropped_leaves_the_card_to_the_next", async |ports| {
        let card = Lying::on(ports[0], Settings::default());
        let credential = card.key.credential(RP, b"sam");
        let keys = SecurityKeys::new();
        {
            let ceremony = keys.assert(wanted(&credential.id), Person::knowing(&[PIN]));
            let mut ceremony = std::pin::pin!(ceremony);
            tokio::select! {
                ended = &mut ceremony => panic!("{ended:?}"),
                () = card.key.event(0, |event| *event == Event::Waiting(SIGN)) => {}
            }
        }
        // What waited for a touch on the reader's side ends with the card, and nobody has it.
        let before = card.key.events().len();
        card.key.keep_touching(true);
        card.key.event(before, |event| matches!(event, Event::Status(_))).await;
        let wanted = wanted(&credential.id);
        let signed = keys.assert(wanted.clone(), Person::knowing(&[PIN])).await.unwrap();
        verify(&signed, &wanted, &credential.public_key);
    });
}

#[test]
fn a_dropped_ceremony_does_not_wait_for_a_card() {
    on_a_reader("a_dropped_ceremony_does_not_wait_for_a_card", async |ports| {
        let card = Lying::on(ports[0], Settings::default());
        let credential = card.key.credential(RP, b"sam");
        let keys = SecurityKeys::new();
        let dropped = {
            let ceremony = keys.assert(wanted(&credential.id), Person::knowing(&[PIN]));
            let mut ceremony = Box::pin(ceremony);
            tokio::select! {
                ended = &mut ceremony => panic!("{ended:?}"),
                () = card.key.event(0, |event| *event == Event::Waiting(SIGN)) => {}
            }
            Instant::now()
        };
        // The card waits for ever; a drop that waited for it would never get here.
        assert!(!card.key.events().contains(&Event::Touched), "{:?}", dropped.elapsed());
        card.key.remove();
    });
}

#[test]
fn with_a_card_in_each_of_two_slots_one_of_them_signs() {
    on_a_reader("with_a_card_in_each_of_two_slots_one_of_them_signs", async |ports| {
        let (left, right) = (Lying::card(ports[0]), Lying::card(ports[1]));
        let credentials = [left.key.credential(RP, b"sam"), right.key.credential(RP, b"sam")];
        let mut wanted = wanted(&credentials[0].id);
        wanted.allow_credentials.push(PublicKeyCredentialDescriptor {
            id: credentials[1].id.clone(),
            transports: Vec::new(),
        });
        let keys = SecurityKeys::new();
        let signed = keys.assert(wanted.clone(), Person::knowing(&[PIN])).await.unwrap();
        let which = credentials.iter().find(|one| one.id == signed.credential_id).unwrap();
        verify(&signed, &wanted, &which.public_key);
    });
}

#[test]
fn m1_the_traces_of_the_library_do_not_tell_the_pin() {
    on_a_reader("m1_the_traces_of_the_library_do_not_tell_the_pin", async |ports| {
        const SPOKEN: &str = "correct horse 4711";
        let log = Log::default();
        let writer = log.clone();
        let listening = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(listening).unwrap();
        let settings = Settings { pin: Some(SPOKEN.into()), touch: false, ..Settings::default() };
        let card = Lying::on(ports[0], settings);
        let credential = card.key.credential(RP, b"sam");
        let person = Person::knowing(&[SPOKEN]);
        SecurityKeys::new().assert(wanted(&credential.id), person).await.unwrap();
        let heard = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let id: String = credential.id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(heard.contains(&id), "the library traces what it sends");
        let hash = <sha2::Sha256 as sha2::Digest>::digest(SPOKEN);
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        assert!(!heard.contains(SPOKEN) && !heard.contains(&hex));
    });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
