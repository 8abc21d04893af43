//! What the logs say: at the highest level, of this crate and of everything below it, nothing that
//! must not be seen (M1, R3).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canned;

use std::io::Write;
use std::sync::{Arc, Mutex};

use canned::{Canned, challenge, json, metadata, options, question};
use placet_core::form::{Filled, Values};
use placet_core::ports::{Servers as _, Step};
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn typed(code: &str) -> Values {
    Values(vec![("otp".into(), Filled::Secret(Secret::new(code.to_owned())))])
}

#[tokio::test]
async fn m1_nothing_secret_is_logged_at_any_level() {
    const OTP: &str = r#"{"otp":{"type":"string"}}"#;
    let kept = Kept::default();
    let writer = kept.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let made = canned::tls::made("localhost", |_| {});
    let canned = Canned::https(made.tls, |origin, number, _| match number {
        1 => metadata(origin),
        2 => challenge("as_first", OTP),
        3 => None,
        4 => challenge("as_second", OTP),
        5 => json(
            400,
            r#"{"error":"insufficient_authorization","error_description":"28708281 is wrong","auth_session":"as_third","elicitations":[{"message":"28708281 is wrong","requestedSchema":{"type":"object","properties":{"otp":{"type":"string"}}}}]}"#,
        ),
        _ => json(200, r#"{"authorization_code":"uY29tL2F1dGhlbnRpY"}"#),
    })
    .await;
    let client =
        Client::new(ClientOptions { extra_roots: vec![made.root.into_bytes()], ..options() });
    let mut step = canned.begin(&client).await;
    for code in ["28708281", "28708281", "94287082"] {
        let asked = question(step);
        tracing::trace!(?asked, "a question may be printed");
        step = client.answer(asked.session, typed(code)).await;
    }
    tracing::trace!(?step, "so may a grant");
    assert!(matches!(step, Step::Granted(_)), "{step:?}");

    let logged = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
    assert!(logged.contains("the challenge endpoint answered"), "this crate is heard");
    assert!(logged.contains("so may a grant") && logged.contains("[redacted]"));
    assert!(logged.contains("rustls") && logged.contains("reqwest"), "so are those below");
    for hidden in ["28708281", "94287082", "as_first", "as_second", "as_third", "uY29tL2F1"] {
        assert!(!logged.contains(hidden), "{hidden} was logged");
    }
}
