//! Receipts: one for each end, of what the record says, that others verify and that nobody else is
//! given (R4, R6, R7, R10); and the key that signs them (M3).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use placet_tests::headless::agent::{authorization, enrolment, shell};
use placet_tests::headless::server::{CODE, OTP};
use placet_tests::headless::{Home, chain, receipts};
use placet_wire::message::Id;
use placet_wire::outcome::Outcome;
use placet_wire::params::Cancelled;
use serde_json::{Value, json};

const ISSUER: &str = "https://as.example";

/// A record with an end of every kind that needs no waiting; the pairing's token.
async fn many_ends(home: &Home) -> (String, Vec<Option<String>>) {
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut told = Vec::new();
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    // Unpaired: nobody is asked.
    told.push(agent.end("authorization/request", authorization(ISSUER)).await.receipt);
    agent.hello(Some(&token)).await;
    let id = agent.call("as/add", enrolment(ISSUER)).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&[]);
    told.push(agent.ended(&id).await.receipt);
    let id = agent.call("authorization/request", authorization(ISSUER)).await;
    hands.asked().await.approve(&[]);
    hands.asked().await.approve(&["11111111"]);
    hands.asked().await.approve(&[OTP]);
    told.push(agent.ended(&id).await.receipt);
    let id = agent.call("approval/request", shell("a")).await;
    hands.asked().await.approve(&[]);
    told.push(agent.ended(&id).await.receipt);
    let id = agent.call("approval/request", shell("b")).await;
    hands.asked().await.deny(Some("use staging instead"));
    told.push(agent.ended(&id).await.receipt);
    let id = agent.call("approval/request", shell("c")).await;
    hands.asked().await.dismiss();
    told.push(agent.ended(&id).await.receipt);
    hands.session(false);
    told.push(agent.end("approval/request", shell("d")).await.receipt);
    hands.session(true);
    let id = agent.call("approval/request", shell("e")).await;
    hands.asked().await;
    agent.say(Cancelled { request_id: id.clone(), reason: None }.line().as_bytes()).await;
    told.push(agent.ended(&id).await.receipt);
    let id = agent.call("approval/request", shell("f")).await;
    hands.asked().await;
    daemon.stop().await;
    told.push(agent.ended(&id).await.receipt);
    (token, told)
}

#[tokio::test]
async fn r4_every_end_has_a_receipt_that_other_code_verifies_and_its_requester_the_digest() {
    let home = Home::new();
    let (_, told) = many_ends(&home).await;
    let rows = chain::rows(&home.record());
    let claims: Vec<_> = receipts::checked(&rows).into_iter().map(Option::unwrap).collect();
    let ends: Vec<_> = rows.iter().filter(|row| row.event == "ended").collect();
    assert_eq!(claims.len(), ends.len());
    let outcomes: std::collections::BTreeSet<_> =
        claims.iter().map(|claims| claims["outcome"].as_str().unwrap()).collect();
    let expected = ["approved", "cancelled", "declined", "unreachable", "unsupported"];
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), expected);
    // The first end is the pairing's, whose answer is a name and a token.
    let digests: Vec<_> = ends
        .iter()
        .skip(1)
        .map(|row| Some(receipts::digest(row.body["receipt"].as_str().unwrap())))
        .collect();
    assert_eq!(told, digests, "R7: the digest, and each its own");
    let of = |kind: &str| claims.iter().rfind(|claims| claims["kind"] == kind).unwrap();
    assert_eq!(of("authorization")["aud"], ISSUER);
    assert_eq!(of("authorization")["method"], "totp");
    assert_eq!(of("approval")["aud"], "agent worker");
    assert_eq!(claims[1]["aud"], ISSUER);
    assert_eq!(claims[0]["aud"], "unpaired program");
    assert_eq!(claims[0]["app_version"], "0.0.0-test");
}

#[tokio::test]
async fn r6_each_receipt_and_the_protocols_page_say_that_it_is_no_authorization() {
    let home = Home::new();
    many_ends(&home).await;
    for claims in receipts::checked(&chain::rows(&home.record())).into_iter().flatten() {
        let meaning = claims["meaning"].as_str().unwrap();
        assert!(meaning.contains("It is not an authorization"), "{meaning}");
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agent-protocol.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("It is not an authorization"));
}

#[tokio::test]
async fn the_protocols_example_is_a_receipt_that_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/wire/fixtures/receipts.json");
    let fixture: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let said = |step: usize| &fixture["exchange"][step]["message"]["result"];
    let token = said(1)["receipt"].as_str().unwrap();
    let claims = receipts::verified(token, &said(3)["keys"][0]["jwk"]);
    assert_eq!(said(1)["digest"], receipts::digest(token));
    assert_eq!(claims["outcome"], "approved");
}

#[tokio::test]
async fn r7_r3_the_receipt_itself_reaches_no_requester_and_no_secret_is_in_one() {
    let home = Home::new();
    let (token, _) = many_ends(&home).await;
    let rows = chain::rows(&home.record());
    for claims in receipts::checked(&rows).into_iter().flatten() {
        let text = claims.to_string();
        for secret in [OTP, "11111111", CODE, &token, "use staging instead", "auth_session"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("approval/request", shell("a")).await;
    hands.asked().await.approve(&[]);
    agent.ended(&id).await;
    agent.ask("log/list", json!({ "limit": 500 })).await.unwrap();
    let heard = String::from_utf8(agent.bytes.clone()).unwrap();
    assert!(heard.contains("sha256:") && !heard.contains("eyJ"), "no token unasked");
    daemon.stop().await;
}

#[tokio::test]
async fn r10_a_receipt_is_found_by_its_request_its_digest_or_as_the_last() {
    let home = Home::new();
    let (_, told) = many_ends(&home).await;
    let rows = chain::rows(&home.record());
    let (daemon, _hands) = home.start().await;
    let mut person = home.agent().await;
    let keys = person.ask("receipt/keys", json!({})).await.unwrap();
    let jwk = keys["keys"][0]["jwk"].clone();
    assert_eq!(
        (keys["keys"].as_array().unwrap().len(), &keys["keys"][0]["current"]),
        (1, &json!(true))
    );
    assert!(jwk.get("d").is_none());
    let ends: Vec<_> = rows.iter().filter(|row| row.event == "ended").collect();
    for (row, digest) in ends.iter().skip(1).zip(&told) {
        let request = row.request.clone().unwrap();
        for which in [request.as_str(), digest.as_deref().unwrap()] {
            let found = person.ask("receipt/show", json!({ "which": which })).await.unwrap();
            assert_eq!(found["receipt"], row.body["receipt"], "{which}");
            assert_eq!(found["digest"], json!(digest));
            assert_eq!(found["seq"], row.seq);
            assert_eq!(
                receipts::verified(found["receipt"].as_str().unwrap(), &jwk)["txn"],
                request
            );
        }
    }
    let last = person.ask("receipt/show", json!({ "which": "last" })).await.unwrap();
    assert_eq!(last["receipt"], ends.last().unwrap().body["receipt"]);
    let unknown = json!({ "which": format!("req_{}", "0".repeat(32)) });
    let refused = person.ask("receipt/show", unknown).await.unwrap_err();
    assert_eq!((refused.code, refused.data.unwrap().code.as_str()), (-32602, "bad_value"));
    let log = person.ask("log/list", json!({ "limit": 500 })).await.unwrap();
    let in_log: Vec<_> = log["entries"].as_array().unwrap().iter().rev().collect();
    let in_log: Vec<_> =
        in_log.into_iter().filter(|entry| entry["event"] == "ended").skip(1).collect();
    for (entry, digest) in in_log.iter().zip(&told) {
        assert_eq!(entry["receipt"], json!(digest));
    }
    daemon.stop().await;
}

/// What becomes of the file of the receipts' key while Placet is not running.
fn spoil(how: &str, home: &Home) {
    let key = home.state().join("receipts.key");
    let text = fs::read_to_string(&key).unwrap();
    match how {
        "removed" => fs::remove_file(&key).unwrap(),
        "truncated" => fs::write(&key, &text.as_bytes()[..text.len() / 2]).unwrap(),
        "emptied" => fs::write(&key, "").unwrap(),
        "open to others" => fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap(),
        "the other use's" => fs::copy(home.state().join("instance.key"), &key).map(drop).unwrap(),
        "another installation's" => {
            let other = Home::new();
            fs::create_dir_all(other.state()).unwrap();
            placet_keys_of(&other.state(), &key);
        }
        "newer" => {
            fs::write(&key, text.replace("\"placet_key\":1", "\"placet_key\":2")).unwrap();
        }
        "a link" => {
            let elsewhere = home.state().join("elsewhere");
            fs::rename(&key, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &key).unwrap();
        }
        _ => panic!("{how}"),
    }
}

/// A key as another installation makes it.
fn placet_keys_of(folder: &Path, to: &Path) {
    let made = placet_keys::open(folder, placet_keys::Use::Receipts, None);
    assert!(made.is_ok());
    fs::copy(folder.join("receipts.key"), to).unwrap();
}

#[tokio::test]
async fn m3_without_its_key_placet_goes_on_says_so_signs_nothing_and_makes_no_new_one() {
    for how in [
        "removed",
        "truncated",
        "emptied",
        "open to others",
        "the other use's",
        "another installation's",
        "newer",
        "a link",
    ] {
        let home = Home::new();
        let (daemon, mut hands) = home.start().await;
        let mut agent = home.agent().await;
        let id = agent.call("approval/request", shell("a")).await;
        hands.asked().await.approve(&[]);
        assert!(agent.ended(&id).await.receipt.is_some());
        daemon.stop().await;
        spoil(how, &home);
        let left = fs::read(home.state().join("receipts.key")).ok();

        let (daemon, mut hands) = home.start().await;
        let mut agent = home.agent().await;
        let status = agent.ask("status", json!({})).await.unwrap();
        let key = &status["keys"][0];
        assert_eq!((&key["use"], &key["ok"]), (&json!("receipts"), &json!(false)), "{how}");
        assert!(key["sentence"].as_str().unwrap().contains("receipts.key"), "{how}: {key}");
        assert_eq!(status["keys"][1]["ok"], true, "{how}: the other key is not touched");
        assert_eq!(status["record"]["ok"], true, "{how}");
        let id = agent.call("approval/request", shell("b")).await;
        hands.asked().await.approve(&[]);
        let ended = agent.ended(&id).await;
        assert_eq!((ended.outcome, ended.receipt), (Outcome::Approved, None), "{how}");
        let id = agent.call("approval/request", shell("c")).await;
        hands.asked().await.deny(None);
        assert_eq!(agent.ended(&id).await.outcome, Outcome::Declined, "{how}");
        daemon.stop().await;

        assert_eq!(fs::read(home.state().join("receipts.key")).ok(), left, "{how}: left as it was");
        let rows = chain::rows(&home.record());
        let made = rows.iter().filter(|row| row.event == "key_made").count();
        assert_eq!(made, 2, "{how}: no new key");
        let signed = receipts::checked(&rows);
        assert_eq!(signed.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    }
}

#[tokio::test]
async fn m3_a_key_that_is_put_back_signs_again_and_the_receipts_go_on_where_they_were() {
    let home = Home::new();
    let ask = |name: &'static str| {
        let home = &home;
        async move {
            let (daemon, mut hands) = home.start().await;
            let mut agent = home.agent().await;
            let id = agent.call("approval/request", shell(name)).await;
            hands.asked().await.approve(&[]);
            let receipt = agent.ended(&id).await.receipt;
            daemon.stop().await;
            receipt
        }
    };
    assert!(ask("a").await.is_some());
    let (key, away) = (home.state().join("receipts.key"), home.path().join("away"));
    fs::rename(&key, &away).unwrap();
    assert!(ask("b").await.is_none());
    fs::rename(&away, &key).unwrap();
    assert!(ask("c").await.is_some());
    // `prev` is checked there.
    let signed = receipts::checked(&chain::rows(&home.record()));
    assert_eq!(signed.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn m3_a_new_record_takes_the_key_that_is_there_and_says_that_it_found_it() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    daemon.stop().await;
    let kid = |rows: &[chain::Row]| {
        let made = rows.iter().find(|row| row.event == "key_made").unwrap();
        (made.body["kid"].clone(), made.body["found"].clone())
    };
    let (before, found) = kid(&chain::rows(&home.record()));
    assert_eq!(found, json!(false));
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", home.record().display()));
    }
    let (daemon, _hands) = home.start().await;
    daemon.stop().await;
    assert_eq!(kid(&chain::rows(&home.record())), (before, json!(true)));
}

#[tokio::test]
async fn m3_no_private_key_is_in_any_file_but_its_own_nor_on_the_socket() {
    let home = Home::new();
    let (_, _) = many_ends(&home).await;
    let (daemon, _hands) = home.start().await;
    let mut agent = home.agent().await;
    for (method, params) in [
        ("status", json!({})),
        ("receipt/keys", json!({})),
        ("receipt/show", json!({ "which": "last" })),
        ("log/list", json!({ "limit": 500 })),
    ] {
        let _: Value = agent.ask(method, params).await.unwrap();
    }
    for name in ["receipts.key", "instance.key"] {
        let kept: Value =
            serde_json::from_slice(&fs::read(home.state().join(name)).unwrap()).unwrap();
        let d = kept["d"].as_str().unwrap().as_bytes();
        let has = |bytes: &[u8]| bytes.windows(d.len()).any(|window| window == d);
        assert!(!has(&agent.bytes), "{name} on the socket");
        for file in fs::read_dir(home.state()).unwrap() {
            let file = file.unwrap();
            let bytes = fs::read(file.path()).unwrap();
            assert_eq!(has(&bytes), file.file_name() == name, "{name} in {:?}", file.file_name());
        }
    }
    daemon.stop().await;
}

#[tokio::test]
async fn r7_an_end_that_is_told_otherwise_than_it_was_signed_has_no_digest() {
    // The name is taken while the second waits: its yes is on record, and is told as a no.
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let (mut one, mut two) = (home.agent().await, home.agent().await);
    let first = one.call("placet/pair", json!({ "name": "worker" })).await;
    let code = one.pair_code().await.unwrap();
    let shown = hands.asked().await;
    let second: Id = two.call("placet/pair", json!({ "name": "worker" })).await;
    let other = two.pair_code().await.unwrap();
    shown.approve(&[&code]);
    one.answer(&first).await.unwrap();
    hands.asked().await.approve(&[&other]);
    let answer = two.answer(&second).await.unwrap();
    assert_eq!(answer["reason"]["code"], "name_taken");
    assert_eq!(answer["receipt"], Value::Null, "no receipt of a yes for a no");
    daemon.stop().await;
}
