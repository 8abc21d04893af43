//! Ceremonies that end before there is an answer.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use placet_core::passkey::{CeremonyFault, CeremonyStep};
use placet_core::ports::Authenticators as _;
use placet_stage::key::{Event, SIGN, Settings};

use super::played::{PIN, Person, Played, RP, Told, over, wanted};

/// How long the key went on waiting after the ceremony was dropped.
async fn dropped_while_waiting() -> Duration {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let keys = over(&[&key]);
    {
        let mut ceremony =
            std::pin::pin!(keys.assert(wanted(&[&credential]), Person::knowing(&[PIN])));
        tokio::select! {
            ended = &mut ceremony => panic!("{ended:?}"),
            () = key.key.event(0, |event| *event == Event::Waiting(SIGN)) => {}
        }
    }
    let dropped = Instant::now();
    key.key.event(0, |event| *event == Event::Cancelled).await;
    let took = dropped.elapsed();
    // The key itself is told, not only the driver let go of.
    while !key.told_to_cancel.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    took.max(dropped.elapsed())
}

#[tokio::test]
async fn a_dropped_ceremony_reaches_the_key_within_200_ms() {
    // A busy machine may be slow once; it is not slow each time.
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        fastest = fastest.min(dropped_while_waiting().await);
    }
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

#[tokio::test]
async fn a_dropped_ceremony_takes_the_question_for_the_pin_away() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[]);
    let keys = over(&[&key]);
    {
        let mut ceremony = std::pin::pin!(keys.assert(wanted(&[&credential]), person.clone()));
        tokio::select! {
            ended = &mut ceremony => panic!("{ended:?}"),
            () = person.hears(Told::Pin(Some(8), false)) => {}
        }
    }
    assert!(person.told().contains(&Told::PinTakenAway));
}

#[tokio::test]
async fn a_ceremony_ends_by_its_deadline_wherever_it_is() {
    for (pins, inserted) in [(&[PIN][..], true), (&[], true), (&[], false)] {
        let key = Played::new(Settings::default());
        let credential = key.key.credential(RP, b"sam");
        if !inserted {
            key.key.remove();
        }
        let mut wanted = wanted(&[&credential]);
        wanted.timeout = Duration::from_millis(300);
        let ended = over(&[&key]).assert(wanted, Person::knowing(pins)).await;
        assert_eq!(ended, Err(CeremonyFault::Deadline));
    }
}

#[tokio::test]
async fn a_key_that_is_taken_out_instead_of_touched_ends_it() {
    let key = Played::new(Settings::default());
    let credential = key.key.credential(RP, b"sam");
    let person = Person::knowing(&[PIN]);
    let keys = over(&[&key]);
    let ceremony = keys.assert(wanted(&[&credential]), person.clone());
    let pull = async {
        person.hears(Told::Step(CeremonyStep::Touch)).await;
        key.key.event(0, |event| *event == Event::Waiting(SIGN)).await;
        key.key.remove();
    };
    let (ended, ()) = tokio::join!(ceremony, pull);
    assert_eq!(ended, Err(CeremonyFault::Removed));
}
