//! Nothing tells the PIN, at the most talkative level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use placet_core::ports::Authenticators as _;
use placet_stage::key::Settings;
use sha2::{Digest as _, Sha256};
use tracing_subscriber::filter::LevelFilter;

use super::played::{Person, Played, RP, over, wanted};

const SPOKEN: &str = "correct horse 4711";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn m1_nothing_that_is_traced_tells_the_pin() {
    let log = Log::default();
    let writer = log.clone();
    let listening = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // Threads of keys are others: the listener is for the whole program.
    tracing::subscriber::set_global_default(listening).unwrap();
    tracing::trace!("the listener hears");
    let key = Played::new(Settings { pin: Some(SPOKEN.into()), ..Settings::default() });
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&["wrong 0815", SPOKEN]);
    over(&[&key]).assert(wanted(&[&credential]), person).await.unwrap();
    let heard = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(heard.contains("the listener hears"));
    let hash = Sha256::digest(SPOKEN);
    let listed = format!("{:?}", &hash[..16]);
    let listed = listed.trim_matches(['[', ']']);
    for secret in [SPOKEN, "wrong 0815", &hex(&hash[..16]), &hex(SPOKEN.as_bytes()), listed] {
        assert!(!heard.contains(secret), "{secret} is in the log");
    }
}
