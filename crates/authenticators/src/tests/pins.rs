//! The PIN: asked, counted, never twice.

use placet_core::passkey::{CeremonyFault, CeremonyStep};
use placet_core::ports::Authenticators as _;
use placet_stage::key::{Settings, StageKey, Version};

use super::played::{PIN, Person, Played, RP, Told, over, wanted};

async fn ask(
    key: &Played,
    pins: &[Option<&'static str>],
) -> (Result<(), CeremonyFault>, Vec<Told>) {
    key.key.keep_touching(true);
    let credential = key.key.credential(RP, b"sam");
    let person = Person::answering(pins);
    let ended = over(&[key]).assert(wanted(&[&credential]), person.clone()).await;
    let questions =
        person.told().into_iter().filter(|told| matches!(told, Told::Pin(..))).collect();
    (ended.map(|_| ()), questions)
}

fn retries(key: &StageKey) -> u8 {
    key.retries()
}

#[tokio::test]
async fn a_wrong_pin_is_said_with_the_tries_that_are_left() {
    for version in [Version::Ctap20, Version::Ctap21] {
        for pin_protocols in [vec![1], vec![2]] {
            let settings = Settings { version, pin_protocols, ..Settings::default() };
            let key = Played::new(settings);
            let (ended, asked) = ask(&key, &[Some("0000"), Some("1111"), Some(PIN)]).await;
            assert_eq!(ended, Ok(()));
            let wanted =
                [Told::Pin(Some(8), false), Told::Pin(Some(7), true), Told::Pin(Some(6), true)];
            assert_eq!(asked, wanted);
            assert_eq!(retries(&key.key), 8, "the right one gives them back");
        }
    }
}

#[tokio::test]
async fn three_wrong_pins_want_the_key_taken_out_and_eight_are_the_end() {
    let key = Played::new(Settings::default());
    let wrong = [Some("0000"); 3];
    for left in [5, 2] {
        let (ended, asked) = ask(&key, &wrong).await;
        assert_eq!(ended, Err(CeremonyFault::PinAuthBlocked));
        assert_eq!((asked.len(), retries(&key.key)), (3, left));
        // It is so until it is taken out, and asking costs nothing.
        assert_eq!(ask(&key, &[Some(PIN)]).await.0, Err(CeremonyFault::PinAuthBlocked));
        assert_eq!(retries(&key.key), left);
        key.key.remove();
        key.key.insert();
    }
    assert_eq!(ask(&key, &wrong).await.0, Err(CeremonyFault::PinBlocked));
    key.key.remove();
    key.key.insert();
    let (ended, asked) = ask(&key, &[Some(PIN)]).await;
    assert_eq!(
        (ended, asked),
        (Err(CeremonyFault::PinBlocked), vec![]),
        "nobody is asked any more"
    );
}

#[tokio::test]
async fn what_no_key_can_have_as_a_pin_costs_no_try() {
    let key = Played::new(Settings::default());
    let (ended, asked) = ask(&key, &[Some("258"), Some(""), Some(PIN)]).await;
    assert_eq!(ended, Ok(()));
    let wanted = [Told::Pin(Some(8), false), Told::Pin(Some(8), true), Told::Pin(Some(8), true)];
    assert_eq!(asked, wanted);
}

#[tokio::test]
async fn no_pin_is_the_end() {
    let key = Played::new(Settings::default());
    assert_eq!(ask(&key, &[None]).await.0, Err(CeremonyFault::Cancelled));
    assert_eq!(ask(&key, &[Some("0000"), None]).await.0, Err(CeremonyFault::Cancelled));
    assert_eq!(retries(&key.key), 7, "it was sent once");
}

#[tokio::test]
async fn p5_a_key_without_a_pin_is_refused_before_it_signs() {
    let key = Played::new(Settings { pin: None, ..Settings::default() });
    assert_eq!(ask(&key, &[]).await, (Err(CeremonyFault::PinNotSet), vec![]));
    assert!(key.commands().is_empty());
}

#[tokio::test]
async fn a_key_with_its_own_reader_asks_for_no_pin() {
    let settings = Settings { built_in_uv: true, ..Settings::default() };
    assert_eq!(ask(&Played::new(settings), &[]).await, (Ok(()), vec![]));
}

#[tokio::test]
async fn a_key_that_is_taken_out_while_the_pin_is_typed_ends_it() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[]);
    let keys = over(&[&key]);
    let ceremony = keys.assert(wanted(&[&credential]), person.clone());
    let pull = async {
        person.hears(Told::Pin(Some(8), false)).await;
        key.key.remove();
    };
    let (ended, ()) = tokio::join!(ceremony, pull);
    assert_eq!(ended, Err(CeremonyFault::Removed));
    assert!(person.told().contains(&Told::PinTakenAway), "the field goes away");
}

#[tokio::test]
async fn another_key_that_is_taken_out_while_the_pin_is_typed_ends_nothing() {
    let (key, other) = (Played::new(Settings::default()), Played::new(Settings::default()));
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[]);
    let keys = over(&[&key, &other]);
    let mut ceremony = std::pin::pin!(keys.assert(wanted(&[&credential]), person.clone()));
    let pull = async {
        person.hears(Told::Step(CeremonyStep::Choosing)).await;
        key.key.touch();
        person.hears(Told::Pin(Some(8), false)).await;
        let before = key.key.events().len();
        other.key.remove();
        // The chosen one is asked whether it is still there.
        key.key.event(before, |event| matches!(event, placet_stage::key::Event::Status(0))).await;
    };
    tokio::select! {
        ended = &mut ceremony => panic!("{ended:?}"),
        () = pull => {}
    }
    assert!(!person.told().contains(&Told::PinTakenAway));
}
