//! Faults on the wire, seen from the other end of it.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::json;

use super::super::Scenario;
use super::Play;

/// One first request over a plain socket, and all bytes that come back.
async fn raw(play: &Play) -> (String, std::io::Result<()>) {
    let host = play.stage.issuer().strip_prefix("http://").unwrap().to_owned();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(play.parameters())
        .finish();
    tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(&host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(
            stream,
            "POST /challenge HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut bytes = vec![0_u8; 4 * 1024 * 1024];
        let mut got = 0;
        loop {
            match stream.read(bytes.get_mut(got..).unwrap()) {
                Ok(0) => break (String::from_utf8_lossy(bytes.get(..got).unwrap()).into_owned(), Ok(())),
                Ok(n) => got += n,
                Err(e) => break (String::from_utf8_lossy(bytes.get(..got).unwrap()).into_owned(), Err(e)),
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn fixture_24_a_reset_leaves_no_byte_of_an_answer() {
    let play = Play::of(Scenario::InitialReset).await;
    let (bytes, end) = raw(&play).await;
    assert_eq!(bytes, "");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn fixture_22_an_endless_body_is_endless() {
    let play = Play::of(Scenario::EndlessBody).await;
    let (bytes, _) = raw(&play).await;
    assert!(bytes.len() > 2 * 1024 * 1024, "only {} bytes", bytes.len());
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_it_says() {
    let play = Play::of(Scenario::Truncated).await;
    let (bytes, _) = raw(&play).await;
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    let says: usize =
        head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    assert_eq!(body.len() + 4096, says);
}

#[tokio::test]
async fn fixture_22_the_limits_are_passed_by_little() {
    let play = Play::of(Scenario::Deep).await;
    let deep = play.first().await.unwrap();
    assert_eq!(depth(&deep.json()), 40);
    play.stage.play(Scenario::Oversized);
    let large = play.first().await.unwrap();
    assert!(large.text.len() > 300 * 1024, "{}", large.text.len());
    play.stage.play(Scenario::ManyEntries);
    assert_eq!(play.first().await.unwrap().json()["elicitations"].as_array().unwrap().len(), 17);
    play.stage.play(Scenario::ManyProperties);
    let many = play.first().await.unwrap().json();
    assert_eq!(
        many["elicitations"][0]["requestedSchema"]["properties"].as_object().unwrap().len(),
        33
    );
    play.stage.play(Scenario::LongString);
    let long = play.first().await.unwrap().json();
    let title = long["elicitations"][0]["requestedSchema"]["properties"]["otp"]["title"]
        .as_str()
        .unwrap()
        .len();
    assert_eq!(title, 16 * 1024 + 1);
}

/// Depth of JSON, the root counting as 1.
fn depth(value: &serde_json::Value) -> usize {
    let below = match value {
        serde_json::Value::Array(all) => all.iter().map(depth).max(),
        serde_json::Value::Object(all) => all.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

#[tokio::test]
async fn f5_retry_after_is_said_in_seconds_as_a_date_or_not_at_all() {
    let play = Play::of(Scenario::TooManySeconds).await;
    for (scenario, check) in [
        (Scenario::TooManySeconds, (|v| v == "1") as fn(&str) -> bool),
        (Scenario::TooManyDate, |v| {
            let date = httpdate::parse_http_date(v).unwrap();
            date <= std::time::SystemTime::now() + Duration::from_secs(2)
        }),
        (Scenario::TooManyBare, str::is_empty),
    ] {
        play.stage.play(scenario);
        let session = play.first().await.unwrap().session();
        let code = play.stage.code();
        let busy = play.otp(&session, &code).await;
        assert_eq!(busy.status, 429, "{scenario}");
        assert!(check(busy.header("retry-after")), "{scenario}: {:?}", busy.header("retry-after"));
        assert_eq!(
            play.otp(&session, &code).await.status,
            200,
            "{scenario}: the code was not looked at"
        );
    }
}

#[tokio::test]
async fn a12_what_follows_a_redirect_is_in_the_journal() {
    let play = Play::of(Scenario::Redirects307).await;
    let answer = play.first().await.unwrap();
    assert_eq!((answer.status, answer.header("location")), (307, play.at("/elsewhere").as_str()));
    assert_eq!(play.stage.journal().to("/elsewhere").count(), 0);
    play.form(answer.header("location"), &play.parameters()).await.unwrap();
    assert_eq!(play.stage.journal().to("/elsewhere").count(), 1);
}

#[tokio::test]
async fn a_duplicate_member_says_two_different_things() {
    let play = Play::of(Scenario::DuplicateMembers).await;
    let answer = play.first().await.unwrap();
    assert_eq!(answer.text.matches("\"error\":").count(), 2);
    assert_eq!(answer.text.matches("\"auth_session\":").count(), 2);
    assert_eq!(
        answer.error(),
        "insufficient_authorization",
        "a reader that takes the last one sees a challenge"
    );
}

#[tokio::test]
async fn fixture_24_the_server_stays_down_until_told_otherwise() {
    let play = Play::of(Scenario::OtpDownAfter).await;
    let session = play.first().await.unwrap().session();
    assert!(play.answer(&session, json!({"otp": play.stage.code()})).await.is_err());
    assert!(play.follow(json!({"auth_session": session})).await.is_err());
    assert!(play.first().await.is_err());
    play.stage.set_down(false);
    assert!(play.refresh(&session).await.json()["authorization_code"].is_string());
}

#[tokio::test]
async fn d_2_10_15_an_approval_object_stays_the_same_unless_told_to_change() {
    let play = Play::of(Scenario::Approval).await;
    let first = play.first().await.unwrap();
    let approval = first.json()["approval"].clone();
    assert_eq!(approval["iss"], json!(play.stage.issuer()));
    assert_eq!(
        (&approval["client_id"], &approval["aud"]),
        (&json!("placet"), &json!([play.stage.started().resource]))
    );
    assert_eq!(approval["authorization_details"][0]["type"], json!("agent_intent"));
    assert_eq!(play.refresh(&first.session()).await.json()["approval"], approval);
    play.stage.play(Scenario::ApprovalChanges);
    let first = play.first().await.unwrap();
    let second = play.answer(&first.session(), json!({"authenticator": "totp"})).await.unwrap();
    assert_ne!(second.json()["approval"], first.json()["approval"]);
}
