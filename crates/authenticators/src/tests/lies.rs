//! Keys that lie, fail and break: none of it is an assertion.

use placet_core::passkey::{CeremonyFault, Unfit};
use placet_stage::key::{Lie, Settings, StageKey};

use super::played::{Played, RP, assert_with, wanted};

fn other(words: &str) -> CeremonyFault {
    CeremonyFault::Other(words.to_owned())
}

async fn lying(lie: Lie) -> Result<(), CeremonyFault> {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    key.key.lie(Some(lie));
    assert_with(&key, wanted(&[&credential])).await.map(|_| ())
}

#[tokio::test]
async fn p5_a_key_that_lies_about_verification_is_refused() {
    assert_eq!(lying(Lie::NotVerified).await, Err(CeremonyFault::NotVerified));
}

#[tokio::test]
async fn what_is_not_the_answer_to_this_question_is_refused() {
    for (lie, unfit) in [
        (Lie::NotPresent, Unfit::NotVerified),
        (Lie::ForeignRp, Unfit::OtherSite),
        (Lie::ForeignCredential, Unfit::OtherCredential),
    ] {
        assert_eq!(lying(lie).await, Err(CeremonyFault::Unfit(unfit)), "{lie:?}");
    }
    for (lie, words) in [
        (Lie::Garbage, "its answer is not understood: no CBOR"),
        (Lie::CutShort, "its answer is not understood: authenticator data cut short"),
    ] {
        assert_eq!(lying(lie).await, Err(other(words)), "{lie:?}");
    }
}

#[tokio::test]
async fn a_panic_of_the_driver_is_a_fault_of_this_ceremony_alone() {
    assert_eq!(lying(Lie::Nothing).await, Err(other("the driver of the key gave up")));
}

#[tokio::test]
async fn extensions_that_nobody_asked_for_harm_nothing() {
    assert_eq!(lying(Lie::Extensions).await, Ok(()));
}

#[tokio::test]
async fn a_credential_that_is_left_out_is_the_one_that_was_allowed() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    key.key.lie(Some(Lie::NoCredential));
    let made = assert_with(&key, wanted(&[&credential])).await.unwrap();
    assert_eq!(made.credential_id, credential.id);
}

#[tokio::test]
async fn a_credential_that_is_left_out_of_several_is_not_guessed() {
    let key = Played::new(Settings::default());
    let (one, two) = (key.key.credential(RP, b"sam"), key.key.credential(RP, b"sam"));
    key.key.lie(Some(Lie::NoCredential));
    for allowed in [&[&one, &two][..], &[]] {
        let ended = assert_with(&key, wanted(allowed)).await;
        assert_eq!(ended, Err(other("it does not say which passkey signed")));
    }
}

#[tokio::test]
async fn the_signature_counter_is_passed_on_as_the_key_says_it() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let mut counts = Vec::new();
    for lie in [None, None, Some(Lie::CounterBack)] {
        key.key.lie(lie);
        let made = assert_with(&key, wanted(&[&credential])).await.unwrap();
        counts.push(u32::from_be_bytes(made.authenticator_data[33..37].try_into().unwrap()));
    }
    assert_eq!(counts, [101, 102, 100], "the rules hold it against the record");
}

#[tokio::test]
async fn every_lie_has_its_word() {
    for (word, lie) in Lie::ALL {
        assert_eq!(Lie::named(word), Some(lie));
    }
    // The played key is honest unless told otherwise.
    let key = StageKey::new(Settings::default());
    assert!(key.is_inserted() && Lie::named("truth").is_none());
}
