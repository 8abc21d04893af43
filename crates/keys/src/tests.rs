//! Keys that were tampered with, and tokens that were.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::receipt::{Receipt, Requester, Seen, TYP};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn made(folder: &Path) -> Key {
    let (key, origin) = open(folder, Use::Receipts, None).unwrap();
    assert_eq!(origin, Some(Origin::Made));
    key
}

fn trouble(folder: &Path, known: Option<&str>) -> KeyTrouble {
    open(folder, Use::Receipts, known).unwrap_err()
}

fn a_receipt(key: &Key) -> Receipt {
    Receipt {
        jti: receipt::name().unwrap(),
        iss: Receipt::issuer_of(key.public()),
        iat: 1_000,
        exp: 1_600,
        aud: "agent deploy".into(),
        txn: "req_1".into(),
        kind: "approval".into(),
        outcome: "approved".into(),
        reason: "approved".into(),
        approval_hash: "sha256:00".into(),
        display_hash: Some("sha256:01".into()),
        issuer: None,
        requester: Requester {
            pairing: Some("deploy".into()),
            kernel: Seen { uid: 1, place: "session".into(), program: None, program_hash: None },
            claims: None,
        },
        method: Some("gesture".into()),
        assurance: Some("gesture".into()),
        observable: true,
        app_version: "1".into(),
        seal: key.seal().as_str().into(),
        prev: None,
        meaning: receipt::MEANING.into(),
    }
}

fn part(token: &str, at: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()
}

/// The token with another part.
fn with(token: &str, at: usize, bytes: &[u8]) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[at] = URL_SAFE_NO_PAD.encode(bytes);
    parts.join(".")
}

#[test]
fn m3_a_key_is_made_once_in_a_file_that_is_closed_to_others() {
    let folder = folder();
    let first = made(folder.path());
    let mode = fs::metadata(folder.path().join("receipts.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    let (again, origin) = open(folder.path(), Use::Receipts, Some(first.kid())).unwrap();
    assert_eq!((again.public(), origin), (first.public(), None));
    let (other, _) = open(folder.path(), Use::Instance, None).unwrap();
    assert_ne!(other.kid(), first.kid(), "a key has one use");
}

#[test]
fn m3_a_key_that_the_record_knows_is_never_replaced_by_a_new_one() {
    let folder = folder();
    let known = made(folder.path()).kid().to_owned();
    let place = folder.path().join("receipts.key");
    let kept = fs::read(&place).unwrap();
    fs::remove_file(&place).unwrap();
    assert_eq!(trouble(folder.path(), Some(&known)), KeyTrouble::Missing { file: "receipts.key" });
    assert!(!place.exists());
    // Another installation's.
    made(folder.path());
    assert_eq!(trouble(folder.path(), Some(&known)), KeyTrouble::Foreign { file: "receipts.key" });
    // Put back, all is well.
    fs::write(&place, kept).unwrap();
    open(folder.path(), Use::Receipts, Some(&known)).unwrap();
    // A record that knows none takes the one that is there, and can say so.
    let (_, origin) = open(folder.path(), Use::Receipts, None).unwrap();
    assert_eq!(origin, Some(Origin::Found));
}

#[test]
fn f1_a_key_file_that_is_not_understood_in_full_is_not_used() {
    let folder = folder();
    let known = made(folder.path()).kid().to_owned();
    let place = folder.path().join("receipts.key");
    let kept = fs::read_to_string(&place).unwrap();
    let damaged = KeyTrouble::Damaged { file: "receipts.key" };
    for length in 0..kept.len() - 1 {
        fs::write(&place, &kept.as_bytes()[..length]).unwrap();
        assert_eq!(trouble(folder.path(), Some(&known)), damaged, "{length} bytes of it");
    }
    let parsed: Value = serde_json::from_str(&kept).unwrap();
    let other = |name: &str, value: Value| {
        let mut parsed = parsed.clone();
        parsed[name] = value;
        fs::write(&place, parsed.to_string()).unwrap();
        trouble(folder.path(), Some(&known))
    };
    assert_eq!(other("placet_key", json!(2)), KeyTrouble::TooNew { file: "receipts.key" });
    assert_eq!(other("use", json!("instance")), KeyTrouble::Foreign { file: "receipts.key" });
    assert_eq!(other("use", json!("anything")), damaged);
    assert_eq!(other("kid", json!("AAAA")), damaged);
    assert_eq!(other("more", json!(1)), damaged);
    for d in ["", "AAAA", &"A".repeat(43), &"_".repeat(43), "not base64!"] {
        assert_eq!(other("d", json!(d)), damaged, "{d}");
    }
    // The key of the other use, under this one's name.
    open(folder.path(), Use::Instance, None).unwrap();
    fs::rename(folder.path().join("instance.key"), &place).unwrap();
    assert_eq!(trouble(folder.path(), Some(&known)), KeyTrouble::Foreign { file: "receipts.key" });
    fs::write(&place, " ".repeat(1 << 20)).unwrap();
    assert_eq!(trouble(folder.path(), Some(&known)), damaged);
}

#[test]
fn m3_a_key_file_that_is_open_to_others_a_link_or_no_file_is_not_used() {
    let folder = folder();
    made(folder.path());
    let place = folder.path().join("receipts.key");
    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
        let found = trouble(folder.path(), None);
        assert!(matches!(found, KeyTrouble::NotPrivate { .. }), "{mode:o}: {found}");
    }
    fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&place, &elsewhere).unwrap();
    symlink(&elsewhere, &place).unwrap();
    let found = trouble(folder.path(), None);
    assert!(matches!(found, KeyTrouble::NotPrivate { why: "is a link", .. }), "{found}");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(matches!(trouble(folder.path(), None), KeyTrouble::NotPrivate { .. }));
}

#[test]
fn a_key_that_was_half_made_is_made_anew() {
    let folder = folder();
    fs::write(folder.path().join("receipts.key.new"), "half").unwrap();
    made(folder.path());
    assert!(!folder.path().join("receipts.key.new").exists());
}

#[test]
fn r4_a_receipt_is_a_jws_that_other_code_verifies() {
    let folder = folder();
    let key = made(folder.path());
    for _ in 0..16 {
        let token = a_receipt(&key).sign(&key).unwrap();
        let header: Value = serde_json::from_slice(&part(&token, 0)).unwrap();
        assert_eq!(header, json!({ "alg": "ES256", "kid": key.kid(), "typ": TYP }));
        let jwk = key.public_jwk();
        let mut point = vec![4];
        for half in ["x", "y"] {
            point.extend(URL_SAFE_NO_PAD.decode(jwk[half].as_str().unwrap()).unwrap());
        }
        let (signed, signature) = token.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let known = [PublicKey::from_jwk(&jwk).unwrap()];
        Receipt::verify(&token, &known).unwrap();
    }
}

#[test]
fn r10_a_receipt_with_a_changed_claim_a_swapped_predecessor_or_of_another_key_is_refused() {
    let folder = folder();
    let key = made(folder.path());
    let known = [key.public().clone()];
    let token = a_receipt(&key).sign(&key).unwrap();
    let claims: Value = serde_json::from_slice(&part(&token, 1)).unwrap();
    for (name, value) in [
        ("outcome", json!("declined")),
        ("prev", json!("sha256:02")),
        ("exp", json!(9_999_999_999_i64)),
        ("jti", json!("another")),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        let changed = with(&token, 1, claims.to_string().as_bytes());
        assert_eq!(Receipt::verify(&changed, &known), Err(Refused::Signature), "{name}");
    }
    let mut signature = part(&token, 2);
    signature[40] ^= 1;
    let changed = with(&token, 2, &signature);
    assert_eq!(Receipt::verify(&changed, &known), Err(Refused::Signature));
    // Another installation's, and one that calls itself this one's.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = made(elsewhere.path());
    let theirs = a_receipt(&other).sign(&other).unwrap();
    assert_eq!(Receipt::verify(&theirs, &known), Err(Refused::Key));
    let header = json!({ "alg": "ES256", "kid": key.kid(), "typ": TYP }).to_string();
    let posing = with(&theirs, 0, header.as_bytes());
    assert_eq!(Receipt::verify(&posing, &known), Err(Refused::Signature));
    let ours_by_name = Receipt { iss: Receipt::issuer_of(key.public()), ..a_receipt(&other) };
    let known = [other.public().clone()];
    let token = ours_by_name.sign(&other).unwrap();
    assert_eq!(Receipt::verify(&token, &known), Err(Refused::Claims));
}

#[test]
fn r10_no_token_chooses_its_algorithm_its_key_or_its_purpose() {
    let folder = folder();
    let key = made(folder.path());
    let known = [key.public().clone()];
    let token = a_receipt(&key).sign(&key).unwrap();
    let refused = |header: Value| {
        Receipt::verify(&with(&token, 0, header.to_string().as_bytes()), &known).unwrap_err()
    };
    let kid = key.kid();
    for alg in ["none", "None", "HS256", "ES384", "RS256", "EdDSA", ""] {
        let header = json!({ "alg": alg, "kid": kid, "typ": TYP });
        assert_eq!(refused(header), Refused::Algorithm, "{alg}");
    }
    assert_eq!(refused(json!({ "alg": "none" })), Refused::Algorithm);
    let twice = format!(r#"{{"alg":"none","alg":"ES256","kid":"{kid}","typ":"{TYP}"}}"#);
    assert_eq!(Receipt::verify(&with(&token, 0, twice.as_bytes()), &known), Err(Refused::Form));
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    assert_eq!(Receipt::verify(&unsigned, &known), Err(Refused::Signature));
    let jwk = key.public_jwk();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example")),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": kid, "typ": TYP });
        header[name] = value;
        assert_eq!(refused(header), Refused::Form, "{name}");
    }
    // The same key for another purpose: not a receipt, however right its claims are.
    let claims = serde_json::to_value(a_receipt(&key)).unwrap();
    let login = key.sign_jwt("client-authentication+jwt", &claims).unwrap();
    assert_eq!(Receipt::verify(&login, &known), Err(Refused::Type));
    for text in ["", ".", "..", "a.b", "a.b.c.d", &format!("{token}.{token}"), &format!("{token} ")]
    {
        assert!(Receipt::verify(text, &known).is_err(), "{text}");
    }
}

#[test]
fn r10_a_receipt_has_one_form() {
    let folder = folder();
    let key = made(folder.path());
    let known = [key.public().clone()];
    let token = a_receipt(&key).sign(&key).unwrap();
    let signature = Signature::from_slice(&part(&token, 2)).unwrap();
    let twin = Signature::from_scalars(signature.r(), -*signature.s()).unwrap();
    let twin = with(&token, 2, &twin.to_bytes());
    assert_ne!(receipt::digest(&twin), receipt::digest(&token));
    assert_eq!(Receipt::verify(&twin, &known), Err(Refused::Signature));
    // 64 bytes leave four bits over in the last letter.
    let (front, last) = token.split_at(token.len() - 1);
    let sloppy = char::from(last.as_bytes()[0] + 1);
    assert!(Receipt::verify(&format!("{front}{sloppy}"), &known).is_err());
}

#[test]
fn r10_a_receipt_is_over_after_its_time_and_has_a_name_of_128_bits() {
    let folder = folder();
    let key = made(folder.path());
    let receipt = a_receipt(&key);
    assert!(!receipt.is_over(1_000) && !receipt.is_over(1_599));
    assert!(receipt.is_over(1_600) && receipt.is_over(900));
    assert_eq!(URL_SAFE_NO_PAD.decode(&receipt.jti).unwrap().len(), 16);
    assert_ne!(receipt::name().unwrap(), receipt::name().unwrap());
}

#[test]
fn m1_nothing_that_is_printed_of_a_key_is_secret() {
    let folder = folder();
    let key = made(folder.path());
    let kept: Value =
        serde_json::from_slice(&fs::read(folder.path().join("receipts.key")).unwrap()).unwrap();
    let d = kept["d"].as_str().unwrap();
    let token = a_receipt(&key).sign(&key).unwrap();
    for text in [format!("{key:?}"), key.public_jwk().to_string(), token] {
        assert!(!text.contains(d), "{text}");
    }
    let private = json!({ "kty": "EC", "crv": "P-256", "x": "", "y": "", "d": d });
    assert_eq!(PublicKey::from_jwk(&private), Err(NotAKey::Private));
}

#[test]
fn a_key_has_the_name_that_rfc_7638_gives_it() {
    // RFC 7515, appendix A.3.1; its thumbprint by other code (Python's hashlib).
    let jwk = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.kid(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}
