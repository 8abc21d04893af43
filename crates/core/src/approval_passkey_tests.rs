//! Passkeys: what is touched when, what is shown meanwhile, what is sent, and what it is worth.

use std::time::Duration;

use super::*;
use crate::approved::Approval;
use crate::display::Step as At;
use crate::passkey::{Binding, ClientData, Passkey, PublicKeyCredentialDescriptor, Unfit};
use crate::ports::Suspicion;

fn passkey(session: u32, challenge: u8, binding: Binding) -> Challenge<u32> {
    let approval = json!({"iss": "https://as.example", "authorization_details":
        [{"type": "deploy", "to": "staging"}], "txn": "t-1"});
    let approval = Approval::of(approval.as_object().unwrap().clone());
    Challenge {
        session,
        message: "Approve with your passkey.".into(),
        form: Form::default(),
        passkey: Some(Box::new(Passkey {
            wanted: Wanted {
                rp_id: "as.example".into(),
                client_data: ClientData::get(vec![challenge; 32], "https://as.example".into()),
                allow_credentials: vec![PublicKeyCredentialDescriptor {
                    id: b"key".to_vec(),
                    transports: vec![],
                }],
                hints: vec![],
                timeout: Duration::from_secs(120),
            },
            binding,
        })),
        approval: approval.filter(|_| binding == Binding::Bound).map(Box::new),
        attempts_remaining: None,
        expires_in: None,
        clock_ahead: None,
        last: Delivery::Seen,
    }
}

fn bound() -> Step<u32> {
    Step::Challenged(passkey(1, 1, Binding::Bound))
}

fn unbound() -> Step<u32> {
    Step::Challenged(passkey(1, 1, Binding::Unbound))
}

fn world(acts: Vec<Act>, steps: Vec<Step<u32>>, keys: Vec<Key>) -> World {
    let mut world = World::new(acts, steps);
    world.standing.passkeys = true;
    world.known_kid = Some("kid");
    world.keys = Mutex::new(keys.into());
    world
}

fn touches(world: &World) -> usize {
    world.calls().iter().filter(|call| *call == "touch").count()
}

/// All lines of the last screen that asked for an answer.
fn last_lines(world: &World) -> String {
    world.script.screens.lock().unwrap().last().unwrap().lines().join("\n")
}

#[test]
fn p7_a_signature_over_the_action_is_passkey_bound_and_the_screen_says_that_it_signs_it() {
    let world =
        world(vec![Act::Approve, Act::Approve], vec![bound(), code()], vec![Key::Signs(None, 1)]);
    let ended = world.run(&authorization());
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!(ended.assurance, Some(Assurance::PasskeyBound));
    assert_eq!(ended.method, Some(Method::Passkey));
    assert_eq!(world.calls(), ["begin as this installation", "touch", "present 1 key"]);
    assert_eq!(
        world.events(),
        [
            "received",
            "shown",
            "answered",
            "contacting",
            "challenged",
            "shown",
            "answered",
            "asserted",
            "contacting",
            "ended"
        ],
    );
    let lines = last_lines(&world);
    assert!(lines.contains("Your passkey signs this action"), "{lines}");
    // H2, H3: every member of what is signed stands there, the server's and not the agent's.
    for shown in ["What the server will do", "staging", "\"t-1\"", "t-1", "https://as.example"] {
        assert!(lines.contains(shown) || shown == "\"t-1\"", "{shown}: {lines}");
    }
    let screen = ended.display_hash.unwrap();
    assert_eq!(screen, world.script.screens.lock().unwrap()[1].hash().unwrap());
}

#[test]
fn p7_a_signature_over_a_random_challenge_is_passkey_and_the_screen_says_that_it_is_no_more() {
    let world =
        world(vec![Act::Approve, Act::Approve], vec![unbound(), code()], vec![Key::Signs(None, 1)]);
    let ended = world.run(&authorization());
    assert_eq!(ended.assurance, Some(Assurance::Passkey));
    let lines = last_lines(&world);
    assert!(lines.contains("proves that it is you"), "{lines}");
    assert!(!lines.contains("signs this action"), "{lines}");
}

#[test]
fn p7_a_signature_for_a_server_that_does_not_know_this_installation_claims_no_action() {
    for known_kid in [None, Some("another key")] {
        let mut world = world(
            vec![Act::Approve, Act::Approve],
            vec![bound(), code()],
            vec![Key::Signs(None, 1)],
        );
        world.known_kid = known_kid;
        let ended = world.run(&authorization());
        assert_eq!(ended.assurance, Some(Assurance::Passkey));
        assert_eq!(world.calls()[0], "begin with passkeys");
        let lines = last_lines(&world);
        assert!(lines.contains("The server does not know this installation"), "{lines}");
        // And what demands it is not met by less.
        let mut world =
            World { known_kid, ..super::passkey::world(vec![Act::Approve], vec![], vec![]) };
        let mut demanding = passkey(1, 1, Binding::Bound);
        demanding.approval.as_mut().unwrap().min_assurance = Some(Assurance::PasskeyBound);
        world.steps = Mutex::new(VecDeque::from([Step::Challenged(demanding)]));
        assert_eq!(world.run(&authorization()).reason, Reason::AssuranceUnreachable);
        assert_eq!(touches(&world), 0);
    }
}

#[test]
fn p7_the_screen_says_how_the_key_is_kept_by_which_the_server_knows_this_installation() {
    let world =
        world(vec![Act::Approve, Act::Approve], vec![bound(), code()], vec![Key::Signs(None, 1)]);
    assert!(world.run(&authorization()).is_approved());
    let lines = last_lines(&world);
    assert!(lines.contains("The server knows this installation by its key"), "{lines}");
    assert!(lines.contains("The key is kept somewhere."), "{lines}");
}

#[test]
fn p8_no_authenticator_is_touched_before_the_gesture_on_the_whole_action() {
    for (act, outcome) in [(Act::Deny("no"), Outcome::Declined), (Act::Dismiss, Outcome::Cancelled)]
    {
        let world = world(vec![Act::Approve, act], vec![bound()], vec![]);
        let ended = world.run(&authorization());
        assert_eq!(ended.outcome, outcome);
        assert_eq!(touches(&world), 0);
        let declined = outcome == Outcome::Declined;
        assert_eq!(world.calls()[1..], [format!("leave 1 {declined}")]);
    }
}

#[test]
fn p8_a_screen_too_large_to_be_shown_touches_no_authenticator() {
    let mut challenge = passkey(1, 1, Binding::Bound);
    let much = json!({"authorization_details": [], "long": "x\n".repeat(700_000)});
    challenge.approval = Approval::of(much.as_object().unwrap().clone()).map(Box::new);
    let steps = vec![Step::Challenged(challenge)];
    let world = world(vec![Act::Approve, Act::Approve], steps, vec![]);
    assert_eq!(world.run(&authorization()).outcome, Outcome::Cancelled);
    assert_eq!(touches(&world), 0);
}

#[test]
fn while_the_authenticator_works_the_action_stands_with_what_to_do_and_deny_cancels_it() {
    for (answer, outcome) in
        [(Answer::Deny { note: None }, Outcome::Declined), (Answer::Dismiss, Outcome::Cancelled)]
    {
        let declined = outcome == Outcome::Declined;
        let world = world(vec![Act::Approve, Act::Approve], vec![bound()], vec![Key::Waits]);
        // The first screen of the ceremony is replaced by that of its first step.
        *world.script.at_key.lock().unwrap() = VecDeque::from([None, Some(answer)]);
        let ended = world.run(&authorization());
        assert_eq!(ended.outcome, outcome);
        let waits = world.script.waits.lock().unwrap();
        let touch = waits.last().unwrap();
        assert_eq!(touch.step, At::Authenticator);
        let lines = touch.lines().join("\n");
        assert!(lines.starts_with("Touch your security key"), "{lines}");
        assert!(lines.contains("staging") && lines.contains("Deny"), "{lines}");
        assert_eq!(
            world.calls()[1..],
            ["touch".to_owned(), "untouched".to_owned(), format!("leave 1 {declined}")],
            "the ceremony was dropped, and nothing was sent"
        );
    }
}

#[test]
fn a_pin_goes_from_the_secret_field_to_the_authenticator_and_the_tries_left_are_said() {
    let world = world(
        vec![Act::Approve, Act::Approve, Act::Pin("0000"), Act::Pin("24681357")],
        vec![bound(), code()],
        vec![Key::Signs(Some("24681357"), 7)],
    );
    let ended = world.run(&authorization());
    assert_eq!(ended.assurance, Some(Assurance::PasskeyBound));
    let screens = world.script.screens.lock().unwrap();
    let (first, second) = (screens[2].clone(), screens[3].clone());
    assert_eq!((first.step, second.step), (At::Pin, At::Pin));
    assert!(first.form.asks_secret() && first.problem.is_none());
    let problem = second.problem.clone().unwrap();
    assert_eq!(problem.as_str(), "That PIN was wrong. 7 tries are left before it blocks its PIN.");
    assert_ne!(first.hash().unwrap(), second.hash().unwrap());
    assert!(first.lines().join("\n").contains("staging"), "the action stands beside the PIN");
    let record = serde_json::to_string(&*world.entries.lock().unwrap()).unwrap();
    assert!(!record.contains("24681357") && !record.contains("0000\""), "R3: no PIN on record");
    assert_eq!(ended.display_hash, Some(screens[1].hash().unwrap()), "decided on the action");
}

#[test]
fn deny_at_the_pin_ends_the_request_and_the_ceremony() {
    let world = world(
        vec![Act::Approve, Act::Approve, Act::Deny("not mine")],
        vec![bound()],
        vec![Key::Signs(Some("1234"), 7)],
    );
    let ended = world.run(&authorization());
    assert_eq!((ended.outcome, ended.note.as_deref()), (Outcome::Declined, Some("not mine")));
    assert_eq!(world.calls()[1..], ["touch", "untouched", "leave 1 true"]);
}

#[test]
fn p9_what_another_try_can_mend_leads_back_to_the_question() {
    for (fault, words) in [
        (CeremonyFault::Cancelled, "ended at the security key"),
        (CeremonyFault::NoAuthenticator, "No security key was found"),
        (CeremonyFault::NoCredential, "has no passkey for this server"),
        (CeremonyFault::PinNotSet, "has no PIN"),
        (CeremonyFault::PinAuthBlocked, "Take the security key out"),
        (CeremonyFault::PinBlocked, "has blocked its PIN"),
        (CeremonyFault::UvBlocked, "did not recognize you"),
        (CeremonyFault::Removed, "was taken out"),
        (CeremonyFault::Other("apdu 6f00".into()), "failed"),
    ] {
        let world = world(
            vec![Act::Approve, Act::Approve, Act::Approve],
            vec![bound(), code()],
            vec![Key::Fails(fault.clone()), Key::Signs(None, 1)],
        );
        assert_eq!(world.run(&authorization()).outcome, Outcome::Approved, "{fault:?}");
        let lines = last_lines(&world);
        assert!(lines.contains(words), "{fault:?}: {lines}");
        assert!(!lines.contains("6f00"), "what is for developers is not shown");
        assert_eq!(touches(&world), 2);
    }
}

#[test]
fn p9_a_deadline_is_an_expiry_and_a_third_failure_of_the_key_an_end() {
    let failing = world(
        vec![Act::Approve, Act::Approve],
        vec![bound()],
        vec![Key::Fails(CeremonyFault::Deadline)],
    );
    assert_eq!(failing.run(&authorization()).outcome, Outcome::Expired);
    let broken = || Key::Fails(CeremonyFault::Other(String::new()));
    let world = world(
        vec![Act::Approve, Act::Approve, Act::Approve, Act::Approve],
        vec![bound()],
        vec![broken(), Key::Fails(CeremonyFault::Removed), broken()],
    );
    let ended = world.run(&authorization());
    assert_eq!(ended.reason, Reason::AuthenticatorFailed);
    assert_eq!(touches(&world), 3);
    assert_eq!(world.calls().last().unwrap(), "leave 1 false");
}

#[test]
fn p5_an_answer_that_does_not_fit_is_recorded_and_not_sent() {
    let lies: [fn(&mut Assertion); 6] = [
        |answer| answer.authenticator_data[32] = 0x01,
        |answer| answer.authenticator_data[32] = 0x04,
        |answer| answer.authenticator_data[0] ^= 1,
        |answer| answer.authenticator_data.truncate(36),
        |answer| answer.credential_id = b"another".to_vec(),
        |answer| answer.signature.clear(),
    ];
    let mut keys: Vec<Key> = lies.into_iter().map(Key::Lies).collect();
    keys.push(Key::Fails(CeremonyFault::NotVerified));
    keys.push(Key::Fails(CeremonyFault::Unfit(Unfit::OtherSite)));
    for key in keys {
        let world = world(vec![Act::Approve, Act::Approve], vec![bound()], vec![key]);
        let ended = world.run(&authorization());
        assert_eq!(ended.reason, Reason::AuthenticatorUnfit);
        assert!(!world.calls().iter().any(|call| call.starts_with("present")), "nothing is sent");
        assert!(world.events().contains(&"suspicious".to_owned()));
        assert!(!world.events().contains(&"asserted".to_owned()));
    }
}

#[test]
fn p5_a_counter_that_goes_back_or_stands_still_is_that_of_a_copy() {
    for (before, now, taken) in
        [(5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false), (0, 0, true), (0, 1, true)]
    {
        let world = world(
            vec![Act::Approve, Act::Approve],
            vec![bound(), code()],
            vec![Key::Signs(None, now)],
        );
        world.entries.lock().unwrap().push(Event::Asserted {
            issuer: "https://as.example".into(),
            credential: Digest::of_bytes(b"key"),
            sign_count: before,
            approval_hash: None,
        });
        let ended = world.run(&authorization());
        assert_eq!(ended.is_approved(), taken, "{before} and then {now}");
        assert_eq!(world.events().contains(&"suspicious".to_owned()), !taken);
    }
}

#[test]
fn a_signature_that_cannot_be_recorded_is_not_sent() {
    for failing in 0..12 {
        let mut world = world(
            vec![Act::Approve, Act::Approve],
            vec![bound(), code()],
            vec![Key::Signs(None, 1)],
        );
        world.fail_only = Some(failing);
        let ended = world.run(&authorization());
        let sent = world.calls().iter().any(|call| call.starts_with("present"));
        let entries = world.entries.lock().unwrap();
        let on_record = entries.iter().any(|event| matches!(event, Event::Asserted { .. }));
        assert!(on_record || !sent, "write {failing}");
        assert!(!ended.is_approved() || failing >= 10, "write {failing}");
    }
}

#[test]
fn p13_a_challenge_that_was_signed_is_not_signed_again() {
    let world = world(
        vec![Act::Approve, Act::Approve, Act::Deny("")],
        vec![bound(), bound()],
        vec![Key::Signs(None, 1)],
    );
    let ended = world.run(&authorization());
    assert_eq!(ended.outcome, Outcome::ProtocolError);
    assert_eq!(touches(&world), 1);
    assert!(world.events().contains(&"suspicious".to_owned()));
}

#[test]
fn a_passkey_that_the_server_did_not_take_is_asked_for_with_a_new_challenge() {
    let again = Step::Challenged(passkey(2, 2, Binding::Bound));
    let world = world(
        vec![Act::Approve, Act::Approve, Act::Approve],
        vec![bound(), again, code()],
        vec![Key::Signs(None, 1), Key::Signs(None, 2)],
    );
    assert_eq!(world.run(&authorization()).assurance, Some(Assurance::PasskeyBound));
    assert!(last_lines(&world).contains("The server did not accept that passkey."));
}

#[test]
fn p7_a_challenge_that_does_not_fit_its_action_is_recorded_and_shown_and_touches_nothing() {
    for (suspicion, reason, words) in [
        (Suspicion::Binding, Reason::BindingMismatch, "did not belong to the action"),
        (Suspicion::RelyingParty, Reason::ForeignPasskey, "a passkey of another site"),
    ] {
        let error = ServerError::Suspicious(suspicion, "for developers".into());
        let world = world(vec![Act::Approve, Act::Deny("")], vec![Step::Refused(error)], vec![]);
        let ended = world.run(&authorization());
        assert_eq!(ended.reason, reason);
        assert_eq!(ended.outcome, Outcome::ProtocolError);
        assert_eq!(touches(&world), 0);
        assert!(world.events().contains(&"suspicious".to_owned()));
        let screens = world.script.screens.lock().unwrap();
        let refused = screens.last().unwrap();
        assert_eq!(refused.step, At::Refused);
        assert!(!refused.approvable, "nothing on it approves");
        assert!(refused.lines().join("\n").contains(words));
    }
}

#[test]
fn t7_who_wants_phishing_resistance_is_offered_no_code_and_who_cannot_is_told_before() {
    let mut wants = asked();
    wants.acr_values = Some("phr".into());
    let wants = request(Matter::Authorization(wants));
    let choice = json!({"type":"object","properties":{"authenticator":{"type":"string",
        "enum":["totp","passkey"]}},"required":["authenticator"]});
    let choice = || {
        let form = Form::parse(&choice, Source::Server).unwrap();
        Step::Challenged(Challenge { form, ..otp(1) })
    };
    let chosen = Act::Type("authenticator", "passkey");
    let world_with = world(
        vec![Act::Approve, chosen, Act::Approve],
        vec![choice(), unbound(), code()],
        vec![Key::Signs(None, 1)],
    );
    let ended = world_with.run(&wants);
    assert_eq!(ended.assurance, Some(Assurance::Passkey));
    let offered = world_with.script.screens.lock().unwrap()[1].lines().join("\n");
    assert!(offered.contains("passkey") && !offered.contains("totp"), "{offered}");

    let refused = world(vec![Act::Approve], vec![Step::Challenged(otp(1))], vec![]).run(&wants);
    assert_eq!(refused.reason, Reason::AssuranceUnreachable, "a code is not enough");

    let without = World::new(vec![], vec![]);
    assert_eq!(without.run(&wants).reason, Reason::AssuranceUnreachable);
    assert!(without.calls().is_empty(), "P10: nobody is asked for what cannot be done");
}

#[test]
fn p10_without_authenticators_no_passkey_is_offered_advertised_or_begun() {
    let world = World::new(vec![Act::Approve], vec![bound()]);
    let ended = world.run(&authorization());
    assert_eq!(ended.reason, Reason::ChallengeUnsupported);
    assert_eq!(world.calls(), ["begin"], "and the server is not told of any");
}

#[test]
fn the_least_that_a_server_demands_beside_its_question_counts() {
    let mut demanding = passkey(1, 1, Binding::Unbound);
    let members = json!({"min_assurance": "passkey-bound"});
    demanding.approval = Approval::of(members.as_object().unwrap().clone()).map(Box::new);
    demanding.approval.as_mut().unwrap().min_assurance = Some(Assurance::PasskeyBound);
    let steps = vec![Step::Challenged(demanding)];
    let world = world(vec![Act::Approve], steps, vec![]);
    assert_eq!(world.run(&authorization()).reason, Reason::AssuranceUnreachable);
    assert_eq!(touches(&world), 0);
}
