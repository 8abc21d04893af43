//! Receipts, read and verified by code that shares nothing with the daemon's: its own reading of a
//! JWS, and another library's ES256.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::chain::Row;

/// The claims of each end's receipt, in order, after everything about them was checked: each end has
/// one, the signature holds under the key on record, each names the one before it and says what its
/// entry says. `None` for an end without a receipt.
#[must_use]
pub fn checked(rows: &[Row]) -> Vec<Option<Value>> {
    let mut key = None;
    let mut prev = Value::Null;
    let mut all = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match row.event.as_str() {
            "key_made" if row.body["purpose"] == "receipts" => key = Some(&row.body["public"]),
            "ended" => {
                let Some(token) = row.body["receipt"].as_str() else {
                    all.push(None);
                    continue;
                };
                let claims = verified(token, key.expect("a key on record before it signs"));
                let received = rows[..at]
                    .iter()
                    .rfind(|one| one.event == "received" && one.request == row.request)
                    .expect("what was asked");
                assert_eq!(claims["prev"], prev, "it names the one before it");
                assert_eq!(claims["txn"], json!(row.request));
                for name in ["outcome", "reason", "display_hash", "method", "assurance"] {
                    assert_eq!(claims[name], row.body[name], "{name}");
                }
                assert_eq!(claims["approval_hash"], received.body["request_hash"]);
                assert_eq!(claims["issuer"], received.body["issuer"]);
                assert_eq!(claims["kind"], received.body["kind"]);
                let asker = &received.body["asker"];
                assert_eq!(claims["requester"]["pairing"], asker["pairing"]);
                assert_eq!(claims["requester"]["kernel"]["place"], asker["kernel"]["place"]);
                assert_eq!(claims["iat"], json!(row.body["at"].as_i64().unwrap() / 1000));
                assert_eq!(
                    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
                    600,
                    "short (R10)"
                );
                assert!(claims["meaning"].as_str().unwrap().contains("not an authorization"));
                assert_eq!(claims["seal"], "file");
                prev = json!(digest(token));
                all.push(Some(claims));
            }
            _ => {}
        }
    }
    let mut names: Vec<_> = all.iter().flatten().map(|claims| claims["jti"].to_string()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "a jti is used once");
    all
}

/// The claims of a receipt that this JWK's key signed.
#[must_use]
pub fn verified(token: &str, jwk: &Value) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts: {token}") };
    let read = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&read(header)).unwrap();
    let typ = "approval-receipt+jwt";
    assert_eq!(header, json!({ "alg": "ES256", "kid": jwk["kid"], "typ": typ }));
    let point = [vec![4], read(jwk["x"].as_str().unwrap()), read(jwk["y"].as_str().unwrap())];
    let signed = token.rsplit_once('.').unwrap().0;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.concat())
        .verify(signed.as_bytes(), &read(signature))
        .expect("the signature holds");
    serde_json::from_slice(&read(claims)).unwrap()
}

/// What a requester is given.
#[must_use]
pub fn digest(token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
