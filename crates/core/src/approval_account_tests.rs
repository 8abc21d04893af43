//! Errands at a server: who signs in for what, what is shown before it is done, and what is no end of
//! it.

use std::time::Duration;

use sha2::Sha256;

use super::*;
use crate::account::{Errand, Registered, Task};
use crate::creation::{Created, Creation};
use crate::passkey::{ClientData, Unfit};
use crate::ports::Suspicion;

fn creation() -> Creation {
    Creation {
        rp_id: "as.example".into(),
        rp_name: "Example".into(),
        user_id: b"sam".to_vec(),
        user_name: "sam@example.com".into(),
        user_display_name: "Sam".into(),
        client_data: ClientData::create(vec![7; 32], "https://as.example".into()),
        algorithms: vec![-7],
        exclude_credentials: vec![],
        resident_key: false,
        timeout: Duration::from_secs(120),
    }
}

fn created(flags: u8) -> Created {
    let mut data = Sha256::digest(b"as.example").to_vec();
    data.push(flags);
    data.extend(0_u32.to_be_bytes());
    data.extend([0; 16]);
    data.extend(3_u16.to_be_bytes());
    data.extend(b"new");
    Created {
        credential_id: b"new".to_vec(),
        attestation_object: b"object".to_vec(),
        authenticator_data: data,
        algorithm: -7,
        transports: vec!["usb"],
    }
}

fn known(id: &str, name: &str) -> Registered {
    Registered { id: id.into(), name: name.into(), created_at: None, last_used_at: None }
}

fn asking(task: Task) -> Request {
    let errand = Errand { issuer: "https://as.example".into(), task };
    request(Matter::Errand(errand))
}

fn adding() -> Request {
    asking(Task::AddPasskey { name: "blue key".into() })
}

/// The person approves the review and types a code that the server takes, then does this.
fn world(acts: Vec<Act>) -> World {
    let mut all = vec![Act::Approve, Act::Code("123456")];
    all.extend(acts);
    let mut world = World::new(all, vec![Step::Challenged(otp(1)), code()]);
    world.standing.passkeys = true;
    world.creation = Ok(creation());
    world.known = vec![known("1", "blue key"), known("2", "red key")];
    *world.made.lock().unwrap() = VecDeque::from([Ok(created(0x45))]);
    world
}

fn signed_in() -> [String; 4] {
    ["own at https://as.example", "begin with passkeys", "answer 1 code", "enter"]
        .map(str::to_owned)
}

/// What was called after the sign-in.
fn after(world: &World) -> Vec<String> {
    let calls = world.calls();
    assert_eq!(calls[..3], signed_in()[..3]);
    assert!(calls[3].starts_with("enter with ") && calls[3].ends_with(" and verifier"));
    calls[4..].to_vec()
}

#[test]
fn a_passkey_is_made_in_a_session_whose_code_goes_to_nobody() {
    let world = world(vec![Act::Approve]);
    let ended = world.run(&adding());
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!((ended.assurance, ended.method), (Some(Assurance::Otp), Some(Method::Totp)));
    assert!(ended.granted.is_none(), "the code was for Placet alone");
    assert_eq!(ended.passkeys, Some(vec![known("new", "blue key")]));
    assert_eq!(after(&world), ["begin passkey", "make", "finish new as blue key"]);
    let events = world.events();
    let at = |event: &str| events.iter().position(|e| e == event).unwrap();
    assert!(at("passkey_made") < events.len() - 2, "on record before the server is told");
    // The yes is that to the screen that said what is made, at the level of the sign-in.
    let screens = world.script.screens.lock().unwrap();
    assert_eq!(ended.display_hash.unwrap(), screens[2].hash().unwrap());
    let lines = screens[2].lines().join("\n");
    for words in ["Make this passkey", "blue key", "as.example", "Sam", "Example"] {
        assert!(lines.contains(words), "{words}: {lines}");
    }
    let first = screens[0].lines().join("\n");
    assert!(first.contains("Add a passkey at") && first.contains("my agent"), "{first}");
    let rounds: std::collections::BTreeSet<_> = screens.iter().map(|s| s.round).collect();
    assert_eq!(rounds.len(), screens.len(), "each screen has a number of its own");
}

#[test]
fn p8_no_server_is_contacted_before_the_first_yes_and_no_key_before_the_last() {
    let first = World::new(vec![Act::Deny("no")], vec![]);
    let mut first = World { creation: Ok(creation()), ..first };
    first.standing.passkeys = true;
    assert_eq!(first.run(&adding()).outcome, Outcome::Declined);
    assert!(first.calls().is_empty());
    for (act, outcome) in [(Act::Deny("no"), Outcome::Declined), (Act::Dismiss, Outcome::Cancelled)]
    {
        let world = world(vec![act]);
        let ended = world.run(&adding());
        assert_eq!(ended.outcome, outcome);
        assert!(ended.passkeys.is_none());
        assert_eq!(after(&world), ["begin passkey"]);
    }
}

#[test]
fn who_has_not_signed_in_gets_nothing_done() {
    // The server refuses the code: there is no session.
    let refused = vec![Step::Challenged(otp(1)), Step::Refused(ServerError::AccessDenied)];
    let mut world = World::new(vec![Act::Approve, Act::Code("000000")], refused);
    world.standing.passkeys = true;
    assert_eq!(world.run(&adding()).reason, Reason::ServerRefused);
    assert!(!world.calls().iter().any(|call| call.starts_with("enter")));
    // It grants without having asked for anything.
    let mut world = World::new(vec![Act::Approve], vec![code()]);
    world.standing.passkeys = true;
    let ended = world.run(&adding());
    assert_eq!(ended.reason, Reason::AssuranceUnreachable);
    assert!(ended.granted.is_none());
    assert!(!world.calls().iter().any(|call| call.starts_with("enter")));
}

#[test]
fn a_token_endpoint_that_refuses_ends_it() {
    let world = world(vec![]);
    *world.at_account.lock().unwrap() = Some(ServerError::Refused("invalid_grant".into()));
    let ended = world.run(&adding());
    assert_eq!(ended.reason, Reason::ServerRefused);
    assert!(ended.granted.is_none() && after(&world).is_empty());
}

#[test]
fn p3_a_passkey_of_another_site_is_refused_on_record_and_shown() {
    let mut world = world(vec![Act::Approve]);
    let why = "its rpId is not its host".to_owned();
    world.creation = Err(ServerError::Suspicious(Suspicion::RelyingParty, why));
    let ended = world.run(&adding());
    assert_eq!(ended.reason, Reason::ForeignPasskey);
    assert!(world.events().contains(&"suspicious".to_owned()));
    assert_eq!(after(&world), ["begin passkey"]);
}

#[test]
fn p5_what_a_lying_key_made_is_not_sent() {
    for made in [Ok(created(0x41)), Ok(created(0x05)), Err(CeremonyFault::Unfit(Unfit::OtherSite))]
    {
        let world = world(vec![Act::Approve]);
        *world.made.lock().unwrap() = VecDeque::from([made]);
        let ended = world.run(&adding());
        assert_eq!(ended.reason, Reason::AuthenticatorUnfit);
        assert_eq!(after(&world), ["begin passkey", "make"]);
        assert!(world.events().contains(&"suspicious".to_owned()));
        assert!(!world.events().contains(&"passkey_made".to_owned()));
    }
}

#[test]
fn a_passkey_that_the_server_does_not_take_is_a_no() {
    let world = world(vec![Act::Approve]);
    *world.made.lock().unwrap() = VecDeque::from([Ok(created(0x45))]);
    let ended = {
        // The error waits for what comes after the session was opened.
        let finish = ServerError::Refused("invalid_credential".into());
        let world = World { at_finish: Mutex::new(Some(finish)), ..world };
        world.run(&adding())
    };
    assert_eq!((ended.reason, ended.outcome), (Reason::PasskeyNotTaken, Outcome::RejectedByAs));
    assert!(ended.passkeys.is_none());
}

#[test]
fn p9_a_key_that_has_one_already_leads_back_to_the_question() {
    let world = world(vec![Act::Approve, Act::Approve]);
    let made = [Err(CeremonyFault::Excluded), Ok(created(0x45))];
    *world.made.lock().unwrap() = VecDeque::from(made);
    assert_eq!(world.run(&adding()).outcome, Outcome::Approved);
    let screens = world.script.screens.lock().unwrap();
    let problem = screens[3].problem.as_ref().unwrap().as_str();
    assert!(problem.contains("has a passkey for this server already"), "{problem}");
}

#[test]
fn without_an_authenticator_nobody_signs_in_for_nothing() {
    let mut world = World::new(vec![Act::Approve], vec![]);
    world.standing.passkeys = false;
    assert_eq!(world.run(&adding()).reason, Reason::AssuranceUnreachable);
    assert!(world.calls().is_empty());
}

#[test]
fn the_list_goes_to_who_asked_and_the_screen_says_so() {
    let world = world(vec![]);
    let ended = world.run(&asking(Task::ListPasskeys));
    assert_eq!(ended.outcome, Outcome::Approved);
    assert!(ended.granted.is_none());
    assert_eq!(ended.passkeys.map(|all| all.len()), Some(2));
    let lines = world.script.screens.lock().unwrap()[0].lines().join("\n");
    assert!(lines.contains("then go to the program that asks"), "{lines}");
}

#[test]
fn what_is_deleted_or_renamed_stands_on_the_screen_by_its_name_first() {
    let deleting = || asking(Task::DeletePasskey { passkey: "2".into() });
    let yes = world(vec![Act::Approve]);
    let ended = yes.run(&deleting());
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!(after(&yes), ["list", "delete 2"]);
    let screens = yes.script.screens.lock().unwrap();
    let lines = screens[2].lines().join("\n");
    assert!(lines.contains("Delete this passkey?") && lines.contains("red key"), "{lines}");
    assert_eq!(ended.display_hash.unwrap(), screens[2].hash().unwrap());
    let no = world(vec![Act::Deny("no")]);
    assert_eq!(no.run(&deleting()).outcome, Outcome::Declined);
    assert_eq!(after(&no), ["list"]);
    let renaming = Task::RenamePasskey { passkey: "blue key".into(), name: "green".into() };
    let renamed = world(vec![Act::Approve]);
    assert_eq!(renamed.run(&asking(renaming)).outcome, Outcome::Approved);
    assert_eq!(after(&renamed), ["list", "rename 1 to green"]);
    let nothing = world(vec![]);
    let ended = nothing.run(&asking(Task::DeletePasskey { passkey: "3".into() }));
    assert_eq!(ended.reason, Reason::NoSuchPasskey);
    assert_eq!(after(&nothing), ["list"]);
}

#[test]
fn who_asked_must_still_stand_when_the_code_is_redeemed() {
    let world = World { reenrolled_at_answer: true, ..world(vec![]) };
    assert_eq!(world.run(&adding()).reason, Reason::ServerChanged);
    assert!(!world.calls().iter().any(|call| call.starts_with("enter")));
}

#[test]
fn a_scope_of_placet_itself_is_refused_before_anybody_is_asked() {
    for scope in ["placet:passkeys", "deploy Placet:Passkeys"] {
        let world = World::new(vec![], vec![]);
        let asked = Authorization { scope: Some(scope.into()), ..asked() };
        let ended = world.run(&request(Matter::Authorization(asked)));
        assert_eq!(ended.reason, Reason::ScopeReserved);
        assert!(world.script.screens.lock().unwrap().is_empty());
    }
}

#[test]
fn s6_an_errand_at_a_server_that_is_not_enrolled_asks_nobody() {
    let world = World { server: None, ..World::new(vec![], vec![]) };
    assert_eq!(world.run(&adding()).reason, Reason::IssuerNotEnrolled);
    assert!(world.script.screens.lock().unwrap().is_empty());
}

#[test]
fn an_installation_is_registered_after_its_key_stood_on_the_screen_and_is_on_record_then() {
    let registering = || asking(Task::RegisterInstallation);
    let yes = world(vec![Act::Approve]);
    assert_eq!(yes.run(&registering()).outcome, Outcome::Approved);
    assert_eq!(after(&yes), ["register kid"]);
    let lines = yes.script.screens.lock().unwrap()[2].lines().join("\n");
    assert!(lines.contains("kid") && lines.contains("The key is kept somewhere."), "{lines}");
    assert!(yes.events().contains(&"installation_registered".to_owned()));
    let no = world(vec![Act::Deny("no")]);
    assert_eq!(no.run(&registering()).outcome, Outcome::Declined);
    assert!(after(&no).is_empty());
    let refused = world(vec![Act::Approve]);
    *refused.at_finish.lock().unwrap() = Some(ServerError::Refused("invalid_request".into()));
    assert_eq!(refused.run(&registering()).reason, Reason::ServerRefused);
    assert!(!refused.events().contains(&"installation_registered".to_owned()));
}

#[test]
fn the_persons_own_session_is_asked_for_as_this_installation_where_the_server_knows_it() {
    let world = World { known_kid: Some("kid"), ..world(vec![]) };
    assert!(world.run(&asking(Task::ListPasskeys)).is_approved());
    assert_eq!(world.calls()[1], "begin as this installation");
}
