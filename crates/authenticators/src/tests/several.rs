//! No key, several keys, keys that come later, buses that break.

use std::time::Duration;

use placet_core::passkey::{CeremonyFault, CeremonyStep};
use placet_core::ports::Authenticators as _;
use placet_stage::key::{CREDENTIAL, Event, SELECTION, Settings, Version};

use super::played::{BrokenBus, PIN, Person, Played, PlayedBus, RP, SilentBus, Told, over, wanted};
use crate::SecurityKeys;

#[tokio::test]
async fn among_several_keys_the_touched_one_is_used_and_the_others_are_told() {
    for version in [Version::Ctap20, Version::Ctap21] {
        let settings = Settings { version, ..Settings::default() };
        let (left, right) = (Played::new(settings.clone()), Played::new(settings));
        let credential = right.key.credential(RP, b"sam");
        let person = Person::knowing(&[PIN]);
        let keys = over(&[&left, &right]);
        let ceremony = keys.assert(wanted(&[&credential]), person.clone());
        let choose = async {
            person.hears(Told::Step(CeremonyStep::Choosing)).await;
            for key in [&left, &right] {
                key.key.event(0, |event| matches!(event, Event::Waiting(_))).await;
            }
            right.key.keep_touching(true);
            left.key.event(0, |event| *event == Event::Cancelled).await;
        };
        let (made, ()) = tokio::join!(ceremony, choose);
        assert_eq!(made.unwrap().credential_id, credential.id);
        let selection = if version == Version::Ctap21 { SELECTION } else { CREDENTIAL };
        assert_eq!(left.commands(), [selection], "the other heard nothing else");
        assert_eq!(left.key.retries(), 8);
    }
}

#[tokio::test]
async fn a_single_key_is_not_asked_to_be_chosen() {
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let made = over(&[&key]).assert(wanted(&[&credential]), Person::knowing(&[PIN])).await;
    made.unwrap();
    assert!(!key.commands().contains(&SELECTION) && !key.commands().contains(&CREDENTIAL));
}

#[tokio::test]
async fn a_card_on_the_reader_is_chosen_by_lying_there() {
    let (key, card) = (Played::new(Settings::default()), Played::card());
    let credential = card.key.credential(RP, b"sam");
    let keys = over(&[&key, &card]);
    let made = keys.assert(wanted(&[&credential]), Person::knowing(&[PIN])).await;
    assert_eq!(made.unwrap().credential_id, credential.id);
}

#[tokio::test]
async fn a_key_that_can_verify_nobody_is_no_choice_beside_one_that_can() {
    let without = Played::new(Settings { pin: None, ..Settings::default() });
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[PIN]);
    let keys = over(&[&without, &key]);
    keys.assert(wanted(&[&credential]), person.clone()).await.unwrap();
    assert!(!person.told().contains(&Told::Step(CeremonyStep::Choosing)));
}

#[tokio::test]
async fn a_key_that_is_put_in_later_is_found() {
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    key.key.remove();
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[PIN]);
    let keys = over(&[&key]);
    let ceremony = keys.assert(wanted(&[&credential]), person.clone());
    let insert = async {
        person.hears(Told::Step(CeremonyStep::Looking)).await;
        key.key.insert();
    };
    let (made, ()) = tokio::join!(ceremony, insert);
    made.unwrap();
}

#[tokio::test]
async fn a_bus_that_breaks_or_says_nothing_leaves_the_others_alone() {
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let keys = SecurityKeys::over(vec![
        Box::new(BrokenBus),
        Box::new(PlayedBus(vec![key.clone()])),
        Box::new(SilentBus),
    ]);
    keys.assert(wanted(&[&credential]), Person::knowing(&[PIN])).await.unwrap();
}

#[tokio::test]
async fn without_any_bus_there_is_no_authenticator() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let ended = SecurityKeys::over(vec![Box::new(BrokenBus)])
        .assert(wanted(&[&credential]), Person::knowing(&[]))
        .await;
    assert_eq!(ended, Err(CeremonyFault::NoAuthenticator));
}

#[tokio::test]
async fn a_key_that_is_still_open_is_waited_for() {
    let key = Played::new(Settings::default());
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let keys = over(&[&key]);
    let open = keys.open.guard();
    let mut ceremony = std::pin::pin!(keys.assert(wanted(&[&credential]), Person::knowing(&[PIN])));
    tokio::select! {
        ended = &mut ceremony => panic!("{ended:?}"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    assert_eq!(key.key.events(), [], "the last ceremony has it still");
    drop(open);
    ceremony.await.unwrap();
}
