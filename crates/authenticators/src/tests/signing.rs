//! What a ceremony gives, checked by code that did not make it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use placet_core::creation::Creation;
use placet_core::passkey::{
    Assertion, AuthenticatorAttachment, CeremonyFault, CeremonyStep, ClientData, Keeping,
    PublicKeyCredentialDescriptor, Wanted,
};
use placet_core::ports::Authenticators as _;
use placet_stage::key::{Credential, SIGN, Settings, Version};

use super::played::{LONG, PIN, Person, Played, RP, Told, assert_with, over, wanted};
use crate::ctap::Fields;

/// As a server does it: the key out of its COSE form, the signature by another library.
fn verify(public_key: &[u8], authenticator_data: &[u8], client_data: &ClientData, der: &[u8]) {
    let mut key = Fields::read(public_key).unwrap();
    assert_eq!(key.number::<i64>(3), Ok(Some(-7)), "ES256");
    let (x, y) = (key.bytes(-2).unwrap().unwrap(), key.bytes(-3).unwrap().unwrap());
    let point = [&[4][..], &x, &y].concat();
    let signed = [authenticator_data, &client_data.hash()].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
        .verify(&signed, der)
        .expect("the signature is of what was shown");
}

fn check(made: &Assertion, credential: &Credential, wanted: &Wanted) {
    assert_eq!(made.credential_id, credential.id);
    assert_eq!(made.user_handle.as_deref(), Some(&b"sam"[..]), "userHandle is passed on");
    assert_eq!(made.authenticator_data[32] & 0x05, 0x05, "UP and UV");
    assert_eq!(made.authenticator_attachment, AuthenticatorAttachment::CrossPlatform);
    assert_eq!(made.keeping, Keeping::Hardware);
    assert!(made.fits(wanted).is_ok(), "the rules take it");
    verify(&credential.public_key, &made.authenticator_data, &wanted.client_data, &made.signature);
}

#[tokio::test]
async fn p5_every_kind_of_key_signs_with_the_user_verified() {
    for version in [Version::Ctap20, Version::Ctap21] {
        for pin_protocols in [vec![1], vec![2], vec![2, 1], vec![9, 1]] {
            for built_in_uv in [false, true] {
                let pin = (!built_in_uv).then(|| PIN.to_owned());
                let settings = Settings {
                    pin,
                    built_in_uv,
                    version,
                    pin_protocols: pin_protocols.clone(),
                    ..Settings::default()
                };
                let words = format!("{settings:?}");
                let key = Played::new(settings);
                let credential = key.key.credential(RP, b"sam");
                let wanted = wanted(&[&credential]);
                let made = assert_with(&key, wanted.clone()).await.expect(&words);
                check(&made, &credential, &wanted);
            }
        }
    }
}

#[tokio::test]
async fn an_origin_on_this_machine_is_signed_like_any_other() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential("127.0.0.1", b"sam");
    let mut wanted = wanted(&[&credential]);
    wanted.rp_id = "127.0.0.1".into();
    wanted.client_data = ClientData::get(vec![1; 32], "http://127.0.0.1:4711".into());
    let made = assert_with(&key, wanted.clone()).await.unwrap();
    check(&made, &credential, &wanted);
}

#[tokio::test]
async fn without_a_list_the_key_finds_its_own_passkey() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let wanted = wanted(&[]);
    check(&assert_with(&key, wanted.clone()).await.unwrap(), &credential, &wanted);
}

#[tokio::test]
async fn a_list_longer_than_the_key_takes_is_looked_through_without_a_touch() {
    let key = Played::new(Settings { max_listed: 3, ..Settings::default() });
    let other = Played::new(Settings::default());
    let mine = key.key.credential(RP, b"sam");
    let others: Vec<_> = (0..7).map(|_| other.key.credential(RP, b"sam")).collect();
    let mut all: Vec<_> = others.iter().collect();
    all.push(&mine);
    let wanted = wanted(&all);
    let before = key.key.events().len();
    let made = assert_with(&key, wanted.clone()).await.unwrap();
    check(&made, &mine, &wanted);
    let touches = key.key.events()[before..]
        .iter()
        .filter(|event| matches!(event, placet_stage::key::Event::Touched))
        .count();
    assert_eq!(touches, 1, "one touch for one signature");
    assert!(key.commands().iter().filter(|command| **command == SIGN).count() > 1);
}

#[tokio::test]
async fn a_key_without_the_passkey_says_so() {
    let (key, other) = (Played::new(Settings::default()), Played::new(Settings::default()));
    let credential = other.key.credential(RP, b"sam");
    let ended = assert_with(&key, wanted(&[&credential])).await;
    assert_eq!(ended, Err(CeremonyFault::NoCredential));
}

#[tokio::test]
async fn the_person_is_told_to_touch_once_and_nothing_is_signed_before() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[PIN]);
    let keys = over(&[&key]);
    let ceremony = keys.assert(wanted(&[&credential]), person.clone());
    let touch = async {
        person.hears(Told::Step(CeremonyStep::Touch)).await;
        key.key.event(0, |event| matches!(event, placet_stage::key::Event::Waiting(SIGN))).await;
        key.key.touch();
    };
    let (made, ()) = tokio::join!(ceremony, touch);
    made.unwrap();
    let steps = person.told();
    let touches = steps.iter().filter(|told| **told == Told::Step(CeremonyStep::Touch)).count();
    assert_eq!(touches, 1, "{steps:?}");
    assert!(!steps.contains(&Told::Step(CeremonyStep::Choosing)), "{steps:?}");
}

fn creation() -> Creation {
    Creation {
        rp_id: RP.into(),
        rp_name: "Example".into(),
        user_id: b"sam".to_vec(),
        user_name: "sam@as.example".into(),
        user_display_name: "Sam".into(),
        client_data: ClientData::create(vec![9; 32], "https://as.example".into()),
        algorithms: vec![-8, -7],
        exclude_credentials: Vec::new(),
        resident_key: true,
        timeout: LONG,
    }
}

#[tokio::test]
async fn a_new_passkey_has_an_id_and_signs_afterwards() {
    for version in [Version::Ctap20, Version::Ctap21] {
        let key = Played::new(Settings { version, ..Settings::default() });
        key.key.keep_touching(true);
        let keys = over(&[&key]);
        let made = keys.create(creation(), Person::knowing(&[PIN])).await.unwrap();
        assert_eq!((made.algorithm, made.credential_id.len()), (-7, 32));
        assert_eq!(made.transports, ["usb"]);
        let mut object = Fields::read(&made.attestation_object).unwrap();
        assert_eq!(object.take("fmt").unwrap().into_text().unwrap(), "none");
        assert_eq!(object.bytes("authData").unwrap().unwrap(), made.authenticator_data);
        // The public key stands behind the id.
        let public_key = made.authenticator_data[55 + 32..].to_vec();
        let credential = Credential {
            id: made.credential_id,
            public_key,
            rp_id: RP.into(),
            user_handle: b"sam".to_vec(),
        };
        let wanted = wanted(&[&credential]);
        check(&assert_with(&key, wanted.clone()).await.unwrap(), &credential, &wanted);
    }
}

#[tokio::test]
async fn a_key_that_has_one_is_not_given_a_second() {
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    let has = key.key.credential(RP, b"sam");
    let mut wanted = creation();
    wanted.exclude_credentials =
        vec![PublicKeyCredentialDescriptor { id: has.id, transports: Vec::new() }];
    let ended = over(&[&key]).create(wanted, Person::knowing(&[PIN])).await;
    assert_eq!(ended, Err(CeremonyFault::Excluded));
}
