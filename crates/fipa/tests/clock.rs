//! What a server's `Date` says of this computer's clock (RFC 9110 §6.6.1).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canned;

use std::time::{Duration, SystemTime};

use canned::{Canned, metadata, options, question, with_header};
use placet_fipa::Client;

async fn ahead(date: &'static str) -> Option<i64> {
    let canned = Canned::http(move |origin, number, _| match number {
        1 => metadata(origin),
        _ => with_header(
            400,
            &format!("content-type: application/json{date}"),
            r#"{"error":"insufficient_authorization","auth_session":"as_1","elicitations":[{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{"otp":{"type":"string"}}}}]}"#,
        ),
    })
    .await;
    question(canned.begin(&Client::new(options())).await).clock_ahead
}

#[tokio::test]
async fn how_far_the_clock_is_from_the_servers_comes_with_the_question() {
    // RFC 9110 §5.6.7: 784111777 is Sun, 06 Nov 1994 08:49:37 GMT.
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let least = SystemTime::now().duration_since(then).unwrap().as_millis() - 1_000;
    let said = ahead("\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT").await.unwrap();
    let most = SystemTime::now().duration_since(then).unwrap().as_millis();
    assert!((least..=most).contains(&u128::try_from(said).unwrap()), "{least} {said} {most}");
}

#[tokio::test]
async fn a_server_that_does_not_say_the_time_leaves_it_open() {
    assert_eq!(ahead("").await, None);
    assert_eq!(ahead("\r\ndate: yesterday").await, None);
}
