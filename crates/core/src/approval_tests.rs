//! The rules with a scripted person, a scripted server and a clock that is set by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use futures_util::future::{pending, ready};
use serde_json::json;
use sha2::Digest as _;

use super::*;
use crate::account::{Installation, Own, Registered};
use crate::creation::{Created, Creation};
use crate::form::{Filled, Form, Source, Values};
use crate::outcome::Outcome;
use crate::passkey::{
    Assertion, AuthenticatorAttachment, CeremonyFault, CeremonyStep, Keeping, Wanted,
};
use crate::ports::{
    Authenticators, CeremonyUi, Challenge, Delivery, GestureKind, NoHuman, ServerError, Standing,
    Step, Surroundings,
};
use crate::request::{Asker, Kernel, Place, RequestId, ToolCall};
use crate::way::{Authority, Proxy, Way};

const NOW: i64 = 1_795_000_000_000;

/// What the scripted person does with one screen.
enum Act {
    Approve,
    Type(&'static str, &'static str),
    Code(&'static str),
    Pin(&'static str),
    Deny(&'static str),
    Dismiss,
    /// Approves, but meanwhile the pairing was taken back.
    Unpaired,
    /// Approves, but meanwhile the server was enrolled for another account.
    Reenrolled,
    /// Approves, but only after the clock moved: wall milliseconds, boot milliseconds.
    Late(i64, u64),
}

/// The person, and the clocks that they can take their time with.
struct Script {
    acts: Mutex<VecDeque<Act>>,
    screens: Mutex<Vec<Screen>>,
    wall: AtomicI64,
    boot: AtomicU64,
    unpaired: AtomicBool,
    reenrolled: AtomicBool,
    its_turn: AtomicBool,
    /// What the person does while the authenticator works, per screen; `None` lets it work.
    at_key: Mutex<VecDeque<Option<Answer>>>,
    /// The screens of that time.
    waits: Mutex<Vec<Screen>>,
    /// So many milliseconds the machine sleeps while the server answers, and the wall clock is then
    /// set back.
    asleep_at_server: AtomicU64,
}

struct World {
    entries: Mutex<Vec<Event>>,
    fail_from: Option<usize>,
    /// Only this attempt to write fails, counted from 0.
    fail_only: Option<usize>,
    attempts: AtomicUsize,
    /// The machine sleeps past the deadline while this kind of row is written.
    sleeps_in: Option<&'static str>,
    script: Arc<Script>,
    steps: Mutex<VecDeque<Step<u32>>>,
    found: Result<String, ServerError>,
    calls: Mutex<Vec<String>>,
    keys: Mutex<VecDeque<Key>>,
    standing: Standing,
    human: bool,
    server: Option<Server>,
    /// Other accounts there.
    more: Vec<Server>,
    last_account: Option<&'static str>,
    /// Enrolled while the request waits for its turn.
    meanwhile: Option<Server>,
    /// What a new passkey is to be.
    creation: Result<Creation, ServerError>,
    /// What the authenticator makes.
    made: Mutex<VecDeque<Result<Created, CeremonyFault>>>,
    /// The passkeys that the server knows.
    known: Vec<Registered>,
    /// What the server says instead of doing what comes next in the person's own session.
    at_account: Mutex<Option<ServerError>>,
    at_finish: Mutex<Option<ServerError>>,
    /// The name of the installation's key that the server knows; ours is `kid`.
    known_kid: Option<&'static str>,
    /// While the server looks at an answer, it is enrolled for another account.
    reenrolled_at_answer: bool,
}

impl World {
    fn new(acts: Vec<Act>, steps: Vec<Step<u32>>) -> Self {
        Self {
            entries: Mutex::default(),
            fail_from: None,
            fail_only: None,
            attempts: AtomicUsize::new(0),
            sleeps_in: None,
            script: Arc::new(Script {
                acts: Mutex::new(acts.into()),
                screens: Mutex::default(),
                wall: AtomicI64::new(NOW),
                boot: AtomicU64::new(1000),
                unpaired: AtomicBool::new(false),
                reenrolled: AtomicBool::new(false),
                its_turn: AtomicBool::new(false),
                at_key: Mutex::default(),
                waits: Mutex::default(),
                asleep_at_server: AtomicU64::new(0),
            }),
            steps: Mutex::new(steps.into()),
            found: Ok("https://as.example/ace".into()),
            calls: Mutex::default(),
            keys: Mutex::default(),
            standing: standing(),
            human: true,
            server: Some(server()),
            more: Vec::new(),
            last_account: None,
            meanwhile: None,
            creation: Err(ServerError::NoPasskeysEndpoint),
            made: Mutex::default(),
            known: Vec::new(),
            at_account: Mutex::default(),
            at_finish: Mutex::default(),
            known_kid: None,
            reenrolled_at_answer: false,
        }
    }

    fn run(&self, request: &Request) -> Ended {
        block_on(handle(self, request, pending()))
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn events(&self) -> Vec<String> {
        let name =
            |e: &Event| serde_json::to_value(e).unwrap()["event"].as_str().unwrap().to_owned();
        self.entries.lock().unwrap().iter().map(name).collect()
    }
}

impl Ports for World {
    type Record = Self;
    type Person = Self;
    type Servers = Self;
    type Authenticators = Self;
    type Clock = Self;
    fn authenticators(&self) -> &Self {
        self
    }
    fn record(&self) -> &Self {
        self
    }
    fn person(&self) -> &Self {
        self
    }
    fn servers(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
    fn standing(&self, _: &Request) -> Standing {
        self.standing
    }
    fn status(&self, _: &Request, _: Status) {}
}

impl Record for World {
    async fn append(&self, entry: Entry) -> Result<Digest, NotRecorded> {
        let mut entries = self.entries.lock().unwrap();
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        if self.fail_from.is_some_and(|from| entries.len() >= from)
            || self.fail_only == Some(attempt)
        {
            return Err(NotRecorded);
        }
        let written = serde_json::to_value(&entry.event).unwrap();
        if self.sleeps_in.is_some_and(|kind| written["event"] == kind) {
            // Timers stood still: only who asks the clocks knows.
            self.script.wall.fetch_add(3_600_000, Ordering::SeqCst);
            self.script.boot.fetch_add(3_600_000, Ordering::SeqCst);
        }
        entries.push(entry.event);
        Ok(Digest::of_bytes(b"entry"))
    }
    fn accounts(&self, issuer: &str) -> Vec<Server> {
        let mut accounts: Vec<Server> = self.server.iter().chain(&self.more).cloned().collect();
        accounts.retain(|server| server.issuer == issuer);
        if self.script.reenrolled.load(Ordering::SeqCst) {
            for server in accounts.iter_mut().take(1) {
                server.account = "mallory@example.com".into();
            }
        }
        accounts
    }
    fn last_account(&self, _: &str) -> Option<String> {
        self.last_account.map(str::to_owned)
    }
    fn sign_count(&self, issuer: &str, credential: &Digest) -> Option<u32> {
        let entries = self.entries.lock().unwrap();
        entries.iter().rev().find_map(|event| match event {
            Event::Asserted { issuer: at, credential: of, sign_count, .. }
                if at == issuer && of == credential =>
            {
                Some(*sign_count)
            }
            _ => None,
        })
    }
    fn installation(&self, _: &str, _: &str) -> Option<String> {
        self.known_kid.map(str::to_owned)
    }
    fn is_paired(&self, _: &str) -> bool {
        !self.script.unpaired.load(Ordering::SeqCst)
    }
    fn servers(&self) -> Vec<Server> {
        let its_turn = self.script.its_turn.load(Ordering::SeqCst);
        let meanwhile = self.meanwhile.iter().filter(|_| its_turn);
        self.server.iter().chain(meanwhile).cloned().collect()
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp(self.script.wall.load(Ordering::SeqCst))
    }
    fn awake_and_asleep(&self) -> u64 {
        self.script.boot.load(Ordering::SeqCst)
    }
    async fn until(&self, _: Timestamp) {
        pending().await
    }
}

struct Prompt(Arc<Script>);

impl Person for World {
    type Turn = Prompt;
    async fn turn(&self, _: &Request) -> Result<Prompt, NoHuman> {
        self.script.its_turn.store(true, Ordering::SeqCst);
        if self.human { Ok(Prompt(self.script.clone())) } else { Err(NoHuman) }
    }
}

impl Turn for Prompt {
    async fn ask(&mut self, screen: &Screen) -> Answer {
        self.0.screens.lock().unwrap().push(screen.clone());
        let act = self.0.acts.lock().unwrap().pop_front();
        let yes = |values: Values| Answer::Approve { gesture: gesture(), values };
        match act {
            Some(Act::Approve) => yes(Values::default()),
            Some(Act::Type(name, text)) => {
                yes(Values(vec![(name.into(), Filled::Text(text.into()))]))
            }
            Some(Act::Code(code)) => {
                yes(Values(vec![("otp".into(), Filled::Secret(Secret::new(code.into())))]))
            }
            Some(Act::Pin(pin)) => yes(Values(vec![(
                crate::display::PIN.into(),
                Filled::Secret(Secret::new(pin.into())),
            )])),
            Some(Act::Deny(note)) => Answer::Deny { note: Some(note.into()) },
            Some(Act::Dismiss) => Answer::Dismiss,
            Some(Act::Unpaired) => {
                self.0.unpaired.store(true, Ordering::SeqCst);
                yes(Values::default())
            }
            Some(Act::Reenrolled) => {
                self.0.reenrolled.store(true, Ordering::SeqCst);
                yes(Values(vec![(ACCOUNT.into(), Filled::Text("grace@example.com".into()))]))
            }
            Some(Act::Late(wall, boot)) => {
                self.0.wall.fetch_add(wall, Ordering::SeqCst);
                self.0.boot.fetch_add(boot, Ordering::SeqCst);
                yes(Values::default())
            }
            // A test whose script runs out must fail, not hang.
            None => panic!("the script has no act for this screen"),
        }
    }
    async fn wait(&mut self, screen: &Screen) -> Answer {
        let act = {
            let mut at_key = self.0.at_key.lock().unwrap();
            // Only what stands while the authenticator works is looked at.
            if screen.step != crate::display::Step::Authenticator {
                None
            } else {
                self.0.waits.lock().unwrap().push(screen.clone());
                at_key.pop_front()
            }
        };
        match act {
            Some(Some(answer)) => answer,
            _ => pending().await,
        }
    }
}

/// What an authenticator of the script does in one ceremony.
enum Key {
    /// Asks for the PIN until it is this, then signs with this counter.
    Signs(Option<&'static str>, u32),
    /// Signs, but changes its authenticator data first.
    Lies(fn(&mut Assertion)),
    Fails(CeremonyFault),
    /// Waits for a touch that does not come.
    Waits,
}

impl Authenticators for World {
    fn usable(&self) -> bool {
        self.standing.passkeys
    }
    async fn assert<U: CeremonyUi>(
        &self,
        wanted: Wanted,
        ui: U,
    ) -> Result<Assertion, CeremonyFault> {
        let dropped = Dropped(&self.calls);
        self.calls.lock().unwrap().push("touch".into());
        let key = self.keys.lock().unwrap().pop_front().expect("the script has a key");
        ui.step(CeremonyStep::Touch);
        let signed = |sign_count: u32| {
            let mut data = sha2::Sha256::digest(wanted.rp_id.as_bytes()).to_vec();
            data.push(0x05);
            data.extend(sign_count.to_be_bytes());
            Assertion {
                credential_id: b"key".to_vec(),
                authenticator_data: data,
                signature: b"signature".to_vec(),
                user_handle: None,
                authenticator_attachment: AuthenticatorAttachment::CrossPlatform,
                keeping: Keeping::Hardware,
            }
        };
        let done = match key {
            Key::Signs(pin, sign_count) => {
                let mut wrong_before = false;
                let mut left = 8;
                loop {
                    let Some(right) = pin else { break Ok(signed(sign_count)) };
                    let Some(typed) = ui.pin(Some(left), wrong_before).await else {
                        break Err(CeremonyFault::Cancelled);
                    };
                    if typed.expose() == right {
                        break Ok(signed(sign_count));
                    }
                    left -= 1;
                    wrong_before = true;
                }
            }
            Key::Lies(how) => {
                let mut assertion = signed(1);
                how(&mut assertion);
                Ok(assertion)
            }
            Key::Fails(fault) => Err(fault),
            Key::Waits => pending().await,
        };
        std::mem::forget(dropped);
        done
    }
    async fn create<U: CeremonyUi>(&self, _: Creation, ui: U) -> Result<Created, CeremonyFault> {
        self.calls.lock().unwrap().push("make".into());
        ui.step(CeremonyStep::Touch);
        self.made.lock().unwrap().pop_front().expect("the script makes a passkey")
    }
}

/// Says when a ceremony was dropped before it ended.
struct Dropped<'a>(&'a Mutex<Vec<String>>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("untouched".into());
    }
}

impl World {
    fn begun(&self, how: &str) -> Step<u32> {
        self.calls.lock().unwrap().push(how.into());
        let asleep = self.script.asleep_at_server.load(Ordering::SeqCst);
        self.script.boot.fetch_add(asleep, Ordering::SeqCst);
        self.steps.lock().unwrap().pop_front().expect("the script has a step")
    }
}

impl Servers for World {
    type Session = u32;
    type Account = u32;
    async fn look_at(&self, server: &Server) -> Result<String, ServerError> {
        self.calls.lock().unwrap().push(format!("look at {}", server.issuer));
        self.found.clone()
    }
    async fn begin(&self, server: &Server, _: &Authorization, passkeys: bool) -> Step<u32> {
        let offered = if passkeys { "begin with passkeys" } else { "begin" };
        let offered = match self.more.as_slice() {
            [] => offered.to_owned(),
            _ => format!("{offered} for {}", server.account),
        };
        self.begun(&offered)
    }
    async fn begin_known(&self, _: &Server, _: &Authorization, passkeys: bool) -> Step<u32> {
        assert!(passkeys, "the scripts know no other");
        self.begun("begin as this installation")
    }
    fn installation(&self) -> Option<Installation> {
        Some(Installation { kid: "kid".into(), kept: "The key is kept somewhere." })
    }
    async fn register_installation(&self, _: &mut u32) -> Result<(), ServerError> {
        self.calls.lock().unwrap().push("register kid".into());
        self.at_finish.lock().unwrap().take().map_or(Ok(()), Err)
    }
    async fn answer(&self, session: u32, values: Values) -> Step<u32> {
        let what = if values.has_secret() { "code" } else { "form" };
        self.calls.lock().unwrap().push(format!("answer {session} {what}"));
        self.script.reenrolled.fetch_or(self.reenrolled_at_answer, Ordering::SeqCst);
        self.steps.lock().unwrap().pop_front().expect("the script has a step")
    }
    async fn present(&self, session: u32, assertion: Assertion) -> Step<u32> {
        let what = String::from_utf8(assertion.credential_id).unwrap();
        self.calls.lock().unwrap().push(format!("present {session} {what}"));
        self.steps.lock().unwrap().pop_front().expect("the script has a step")
    }
    async fn leave(&self, session: u32, declined: bool) {
        self.calls.lock().unwrap().push(format!("leave {session} {declined}"));
    }

    async fn own(&self, server: &Server) -> Result<Own, ServerError> {
        self.calls.lock().unwrap().push(format!("own at {}", server.issuer));
        let (code_verifier, code_challenge) = (Secret::new("verifier".into()), "challenge".into());
        Ok(Own { code_verifier, code_challenge })
    }
    async fn enter(&self, _: &Server, code: Secret, verifier: Secret) -> Result<u32, ServerError> {
        let call = format!("enter with {} and {}", code.expose(), verifier.expose());
        self.calls.lock().unwrap().push(call);
        self.at_account.lock().unwrap().take().map_or(Ok(1), Err)
    }
    async fn begin_passkey(&self, _: &mut u32) -> Result<Creation, ServerError> {
        self.calls.lock().unwrap().push("begin passkey".into());
        self.creation.clone()
    }
    async fn finish_passkey(
        &self,
        _: &mut u32,
        _: &Creation,
        created: &Created,
        name: &str,
    ) -> Result<Registered, ServerError> {
        let id = String::from_utf8(created.credential_id.clone()).unwrap();
        self.calls.lock().unwrap().push(format!("finish {id} as {name}"));
        match self.at_finish.lock().unwrap().take() {
            Some(error) => Err(error),
            None => Ok(Registered { id, name: name.into(), created_at: None, last_used_at: None }),
        }
    }
    async fn passkeys(&self, _: &mut u32) -> Result<Vec<Registered>, ServerError> {
        self.calls.lock().unwrap().push("list".into());
        Ok(self.known.clone())
    }
    async fn rename_passkey(&self, _: &mut u32, id: &str, name: &str) -> Result<(), ServerError> {
        self.calls.lock().unwrap().push(format!("rename {id} to {name}"));
        Ok(())
    }
    async fn delete_passkey(&self, _: &mut u32, id: &str) -> Result<(), ServerError> {
        self.calls.lock().unwrap().push(format!("delete {id}"));
        self.at_account.lock().unwrap().take().map_or(Ok(()), Err)
    }
}

fn gesture() -> Gesture {
    Gesture { kind: GestureKind::Held, device: "test".into(), observable: true }
}

fn standing() -> Standing {
    Standing {
        paused_until: Timestamp(0),
        muted_until: Timestamp(0),
        declines: (0, 0),
        prompts_of_bucket: 0,
        prompts_over_all: 0,
        waiting_of_bucket: 0,
        waiting_over_all: 0,
        retry_after: 60,
        passkeys: false,
        surroundings: Surroundings {
            hardened: false,
            observable: true,
            seat: crate::ports::Seat::Unknown,
            sees_cover: true,
        },
    }
}

fn server() -> Server {
    Server {
        issuer: "https://as.example".into(),
        name: "Example".into(),
        client_id: "placet".into(),
        account: "sam@example.com".into(),
        challenge_endpoint: Some("https://as.example/ace".into()),
        danger_http_loopback: false,
        way: crate::way::Way::default(),
    }
}

fn request(matter: Matter) -> Request {
    Request {
        id: RequestId("req_0".into()),
        asker: Asker {
            pairing: Some("my agent".into()),
            claims: None,
            kernel: Kernel {
                uid: 1000,
                pid: Some(7),
                chain: vec![],
                cwd: None,
                place: Place::Session,
            },
        },
        matter,
        words: None,
        binding_code: "ABCD-EFGH".into(),
        received_at: Timestamp(NOW),
        expires_at: Timestamp(NOW + 300_000),
    }
}

fn plain() -> Request {
    request(Matter::Approval(ToolCall {
        tool: "shell".into(),
        arguments: json!({"command":"rm -rf build"}),
        working_directory: None,
    }))
}

fn authorization() -> Request {
    request(Matter::Authorization(asked()))
}

fn asked() -> Authorization {
    Authorization {
        issuer: "https://as.example".into(),
        scope: Some("deploy".into()),
        resource: vec![],
        authorization_details: vec![],
        authorization_details_raw: None,
        acr_values: None,
        max_age: None,
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
    }
}

fn otp(session: u32) -> Challenge<u32> {
    let schema = json!({"type":"object","properties":{"otp":{"type":"string","pattern":"^[0-9]{6}$"}},"required":["otp"]});
    Challenge {
        session,
        message: "Enter the code.".into(),
        form: Form::parse(&schema, Source::Server).unwrap(),
        passkey: None,
        approval: None,
        attempts_remaining: None,
        expires_in: None,
        clock_ahead: None,
        last: Delivery::Seen,
    }
}

fn code() -> Step<u32> {
    Step::Granted(Secret::new("the-code".into()))
}

#[test]
fn f1_a_gesture_of_a_person_is_a_yes_and_everything_is_on_record_in_order() {
    let world = World::new(vec![Act::Approve], vec![]);
    let ended = world.run(&plain());
    assert_eq!(ended.outcome, Outcome::Approved);
    assert_eq!(ended.assurance, Some(Assurance::Gesture));
    assert_eq!(world.events(), ["received", "shown", "answered", "ended"]);
}

#[test]
fn s12_deny_and_dismissal_are_different_ends_and_a_reason_goes_along() {
    let denied = World::new(vec![Act::Deny("use staging")], vec![]).run(&plain());
    assert_eq!((denied.outcome, denied.note.as_deref()), (Outcome::Declined, Some("use staging")));
    let closed = World::new(vec![Act::Dismiss], vec![]).run(&plain());
    assert_eq!(closed.outcome, Outcome::Cancelled);
}

#[test]
fn f1_without_a_record_nobody_is_asked_and_nothing_is_approved() {
    for fail_from in 0..4 {
        let mut world = World::new(vec![Act::Approve], vec![]);
        world.fail_from = Some(fail_from);
        let ended = world.run(&plain());
        assert_eq!(ended.reason, Reason::RecordUnwritable, "failing at entry {fail_from}");
        assert!(ended.granted.is_none());
    }
}

/// A record that is full for a moment: each single entry that is missing is a no.
#[test]
fn f1_one_entry_that_could_not_be_written_is_a_no_also_when_the_next_one_can() {
    for missing in 0..4 {
        let mut world = World::new(vec![Act::Approve], vec![]);
        world.fail_only = Some(missing);
        let ended = world.run(&plain());
        assert_eq!(ended.reason, Reason::RecordUnwritable, "without entry {missing}");
        let screens = world.script.screens.lock().unwrap().len();
        assert_eq!(screens, usize::from(missing > 1), "without entry {missing}");
    }
}

#[test]
fn s13_what_ends_a_request_from_outside_wins_over_a_yes_of_the_same_moment() {
    let world = World::new(vec![Act::Approve], vec![]);
    let ended = block_on(handle(&world, &plain(), ready(Reason::RequesterGone)));
    assert_eq!(ended.reason, Reason::RequesterGone);
    assert_eq!(world.events(), ["received", "ended"]);
}

/// The stop that revoking throws can come too late for a press of the same moment: the record
/// itself is looked at when the yes is made, and before anything is sent.
#[test]
fn s4_a_pairing_taken_back_while_its_prompt_stands_gets_no_yes() {
    let world = World::new(vec![Act::Unpaired], vec![]);
    let ended = world.run(&plain());
    assert_eq!((ended.outcome, ended.reason), (Outcome::Cancelled, Reason::PairingRevoked));
    assert!(ended.display_hash.is_some(), "the record says which screen was answered");
    assert_eq!(world.events(), ["received", "shown", "answered", "ended"]);
    let world = World::new(vec![Act::Unpaired], vec![code()]);
    assert_eq!(world.run(&authorization()).reason, Reason::PairingRevoked);
    assert_eq!(world.calls(), Vec::<String>::new(), "nobody is asked for it any more");
    let world =
        World::new(vec![Act::Approve, Act::Unpaired], vec![Step::Challenged(otp(1)), code()]);
    assert_eq!(world.run(&authorization()).reason, Reason::PairingRevoked);
    assert_eq!(world.calls(), ["begin"], "the answer was not sent");
}

#[test]
fn s6_a_server_removed_or_enrolled_anew_meanwhile_gets_no_answer() {
    let world = World::new(vec![Act::Reenrolled], vec![code()]);
    assert_eq!(world.run(&authorization()).reason, Reason::ServerChanged);
    assert_eq!(world.calls(), Vec::<String>::new());
    let world =
        World::new(vec![Act::Approve, Act::Reenrolled], vec![Step::Challenged(otp(1)), code()]);
    let ended = world.run(&authorization());
    assert_eq!((ended.outcome, ended.reason), (Outcome::Cancelled, Reason::ServerChanged));
    assert_eq!(world.calls(), ["begin"]);
}

#[test]
fn f9_no_session_to_ask_in_is_unreachable() {
    let mut world = World::new(vec![], vec![]);
    world.human = false;
    assert_eq!(world.run(&plain()).reason, Reason::NoHuman);
}

#[test]
fn a_server_is_contacted_only_after_the_person_agreed_to_the_action() {
    for act in [Act::Deny(""), Act::Dismiss] {
        let world = World::new(vec![act], vec![code()]);
        assert!(!world.run(&authorization()).is_approved());
        assert_eq!(world.calls(), Vec::<String>::new());
    }
    let world =
        World::new(vec![Act::Approve, Act::Code("123456")], vec![Step::Challenged(otp(1)), code()]);
    let ended = world.run(&authorization());
    assert_eq!(ended.assurance, Some(Assurance::Otp));
    assert_eq!(ended.granted.unwrap().authorization_code.expose(), "the-code");
    assert_eq!(world.calls(), ["begin", "answer 1 code"]);
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
            "contacting",
            "ended"
        ]
    );
}

fn enrolment() -> Request {
    request(Matter::EnrolServer(Server { challenge_endpoint: None, ..server() }))
}

#[test]
fn s6_a_server_that_is_to_be_enrolled_is_looked_at_only_after_the_person_agreed_to_look() {
    for act in [Act::Deny(""), Act::Dismiss] {
        let world = World::new(vec![act], vec![]);
        assert!(!world.run(&enrolment()).is_approved());
        assert_eq!(world.calls(), Vec::<String>::new(), "no contact before consent");
        assert_eq!(world.events(), ["received", "shown", "answered", "ended"]);
    }
    let world = World::new(vec![Act::Approve, Act::Approve], vec![]);
    let ended = world.run(&enrolment());
    assert!(ended.is_approved());
    assert_eq!(ended.enrolled, Some(Box::new(server())), "as it was found and shown");
    assert_eq!(world.calls(), ["look at https://as.example"]);
    assert_eq!(
        world.events(),
        ["received", "shown", "answered", "contacting", "shown", "answered", "ended"]
    );
    let screens = world.script.screens.lock().unwrap();
    let [look, trust] = [&screens[0], &screens[1]].map(|screen| screen.lines().join("\n"));
    assert!(look.contains("Look at this server") && !look.contains("Trust this server"), "{look}");
    assert!(trust.contains("Trust this server") && trust.contains("https://as.example/ace"));
    assert_eq!((screens[0].round, screens[1].round), (1, 2));
    assert_eq!(ended.display_hash, Some(screens[1].hash().unwrap()));
}

#[test]
fn s6_a_server_that_looks_like_one_that_was_enrolled_while_it_waited_has_a_warning() {
    let mut world = World::new(vec![Act::Approve, Act::Deny("")], vec![]);
    world.server = None;
    world.meanwhile =
        Some(Server { issuer: "https://as.examp1e".into(), name: "Other".into(), ..server() });
    world.run(&enrolment());
    for screen in &*world.script.screens.lock().unwrap() {
        let text = screen.lines().join("\n");
        assert!(text.contains("It looks like Other at https://as.examp1e"), "{text}");
    }
}

#[test]
fn s6_enrolling_a_server_again_says_what_it_takes_the_place_of() {
    let mut world = World::new(vec![Act::Approve, Act::Deny("")], vec![]);
    world.server = Some(Server { way: own_way(), ..server() });
    world.run(&enrolment());
    let screens = world.script.screens.lock().unwrap();
    assert_eq!(screens.len(), 2);
    for screen in &*screens {
        let text = screen.lines().join("\n");
        for said in [
            "for the account \"sam@example.com\". This takes its place.",
            "Until now \"CN=Harbor\" vouched for it.",
            "Until now it was reached through http://proxy.example:3128.",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

fn own_way() -> Way {
    let authority = Authority {
        certificate: "AAAA".into(),
        subject: "CN=Harbor".into(),
        sha256: "AA:BB".into(),
        not_before: Timestamp(0),
        not_after: Timestamp(NOW),
    };
    let proxy = Proxy::parse("http://proxy.example:3128").unwrap();
    Way { authorities: vec![authority], proxy: Some(proxy) }
}

fn account(name: &str) -> Server {
    Server { account: name.into(), ..server() }
}

/// Sam's server, where Grace and a look-alike of Sam have accounts too.
fn several(acts: Vec<Act>, steps: Vec<Step<u32>>) -> World {
    let more = vec![account("grace@example.com"), account("sаm@example.com")];
    World { more, ..World::new(acts, steps) }
}

fn options(screen: &Screen) -> (Vec<String>, Option<usize>) {
    match &screen.fields[0].input {
        crate::display::Input::Choice { options, default, none: None } => {
            (options.iter().map(|option| option.title.as_str().to_owned()).collect(), *default)
        }
        other => panic!("a choice that must be made, not {other:?}"),
    }
}

#[test]
fn s7_where_there_are_several_accounts_the_person_chooses_and_the_rest_is_for_that_one() {
    let acts = vec![Act::Type(ACCOUNT, "grace@example.com"), Act::Code("123456")];
    let world = several(acts, vec![Step::Challenged(otp(1)), code()]);
    assert!(world.run(&authorization()).is_approved());
    assert_eq!(world.calls(), ["begin for grace@example.com", "answer 1 code"]);
    let screens = world.script.screens.lock().unwrap();
    let [review, question] = [&screens[0], &screens[1]].map(|screen| screen.lines().join("\n"));
    assert!(review.contains("For the account that you choose below."), "{review}");
    assert!(review.contains("Two of your accounts look alike"), "{review}");
    assert!(question.contains("grace@example.com"), "{question}");
    assert!(!question.contains("below") && screens[1].fields.len() == 1, "{question}");
    let entries = world.entries.lock().unwrap();
    let used: Vec<_> = entries
        .iter()
        .filter_map(|event| match event {
            Event::Contacting { account, .. } => Some(account.as_deref()),
            _ => None,
        })
        .collect();
    assert_eq!(used, [Some("grace@example.com"); 2], "on record");
}

#[test]
fn h1_the_account_that_was_used_last_is_chosen_at_first_and_never_one_that_is_only_new() {
    let first = |last: Option<&'static str>| {
        let world = World { last_account: last, ..several(vec![Act::Dismiss], vec![]) };
        world.run(&authorization());
        let screens = world.script.screens.lock().unwrap();
        options(&screens[0])
    };
    let (order, chosen) = first(None);
    assert_eq!((order[0].as_str(), chosen), ("sam@example.com", Some(0)), "enrolled first");
    let (order, chosen) = first(Some("grace@example.com"));
    assert_eq!((order[0].as_str(), order.len(), chosen), ("grace@example.com", 3, Some(0)));
    let (order, _) = first(Some("gone@example.com"));
    assert_eq!(order[0], "sam@example.com");
}

#[test]
fn s7_an_account_that_is_not_enrolled_or_no_choice_is_a_no() {
    for act in [Act::Type(ACCOUNT, "mallory@example.com"), Act::Approve] {
        let world = several(vec![act], vec![code()]);
        assert_eq!(world.run(&authorization()).reason, Reason::IssuerNotEnrolled);
        assert_eq!(world.calls(), Vec::<String>::new());
    }
}

#[test]
fn h1_with_one_account_there_is_no_choice() {
    let world = World::new(vec![Act::Dismiss], vec![]);
    world.run(&authorization());
    let screens = world.script.screens.lock().unwrap();
    assert!(screens[0].fields.is_empty());
    assert!(screens[0].lines().join("\n").contains("sam@example.com"));
}

#[test]
fn s6_an_account_that_goes_while_its_choice_stands_gets_no_answer() {
    // Another than the chosen one: what was shown is not so any more.
    let world = several(vec![Act::Reenrolled], vec![code()]);
    assert_eq!(world.run(&authorization()).reason, Reason::ServerChanged);
    assert_eq!(world.calls(), Vec::<String>::new());
}

#[test]
fn s6_adding_an_account_says_which_are_there_and_which_it_looks_like() {
    let adding = |name: &str| {
        let mut world = World::new(vec![Act::Deny("")], vec![]);
        world.more = vec![account("grace@example.com")];
        world.server = Some(server());
        let new = Server { challenge_endpoint: None, ..account(name) };
        world.run(&request(Matter::EnrolServer(new)));
        let screens = world.script.screens.lock().unwrap();
        screens[0].lines().join("\n")
    };
    let other = adding("erin@example.com");
    assert!(other.contains("for \"sam@example.com\", \"grace@example.com\". This adds"), "{other}");
    assert!(!other.contains("looks like"), "{other}");
    let like = adding("sam@examp1e.com");
    assert!(like.contains("\"sam@examp1e.com\" looks like \"sam@example.com\""), "{like}");
}

#[test]
fn s6_forgetting_one_account_says_which_stay() {
    let world = several(vec![Act::Approve], vec![]);
    assert!(world.run(&request(Matter::RemoveServer(account("grace@example.com")))).is_approved());
    let screens = world.script.screens.lock().unwrap();
    let text = screens[0].lines().join("\n");
    assert!(text.contains("Forget this account?") && text.contains("It stays for"), "{text}");
}

#[test]
fn s6_looking_is_not_trusting_and_what_cannot_be_looked_at_is_a_no() {
    let world = World::new(vec![Act::Approve, Act::Deny("no")], vec![]);
    let ended = world.run(&enrolment());
    assert_eq!((ended.outcome, ended.enrolled), (Outcome::Declined, None));
    for (error, outcome, reason) in [
        (ServerError::Unreachable(String::new()), Outcome::Unreachable, Reason::ServerUnreachable),
        (ServerError::Protocol(String::new()), Outcome::ProtocolError, Reason::ServerMisbehaved),
        (ServerError::NoChallengeEndpoint, Outcome::Unsupported, Reason::NoChallengeEndpoint),
    ] {
        let mut world = World::new(vec![Act::Approve], vec![]);
        world.found = Err(error);
        let ended = world.run(&enrolment());
        assert_eq!((ended.outcome, ended.reason), (outcome, reason));
        assert_eq!(world.events(), ["received", "shown", "answered", "contacting", "ended"]);
    }
}

#[test]
fn s6_an_issuer_that_nobody_enrolled_is_not_shown_and_not_asked() {
    let mut world = World::new(vec![Act::Approve], vec![code()]);
    world.server = None;
    assert_eq!(world.run(&authorization()).reason, Reason::IssuerNotEnrolled);
    assert_eq!(world.events(), ["received", "ended"]);
}

#[test]
fn an_unpaired_program_may_ask_for_plain_approvals_and_never_for_a_server() {
    let mut unpaired = authorization();
    unpaired.asker.pairing = None;
    assert_eq!(
        World::new(vec![Act::Approve], vec![code()]).run(&unpaired).reason,
        Reason::NotPaired
    );
    let mut unpaired = plain();
    unpaired.asker.pairing = None;
    assert!(World::new(vec![Act::Approve], vec![]).run(&unpaired).is_approved());
}

#[test]
fn t7_a_request_for_phishing_resistance_is_not_offered_a_code() {
    let mut wants = asked();
    wants.acr_values = Some("mfa phrh".into());
    let world = World::new(vec![Act::Approve], vec![Step::Challenged(otp(1))]);
    assert_eq!(
        world.run(&request(Matter::Authorization(wants))).reason,
        Reason::AssuranceUnreachable
    );
    assert_eq!(world.calls(), Vec::<String>::new());
}

#[test]
fn a24_leaving_tells_the_server_whether_it_was_a_no() {
    let world = World::new(vec![Act::Approve, Act::Deny("no")], vec![Step::Challenged(otp(7))]);
    assert_eq!(world.run(&authorization()).outcome, Outcome::Declined);
    assert_eq!(world.calls(), ["begin", "leave 7 true"]);
    let world = World::new(vec![Act::Approve, Act::Dismiss], vec![Step::Challenged(otp(7))]);
    assert_eq!(world.run(&authorization()).outcome, Outcome::Cancelled);
    assert_eq!(world.calls(), ["begin", "leave 7 false"]);
}

#[test]
fn a8_a_lost_session_is_started_again_once_and_only_after_the_person_looked_again() {
    let lost = || Step::Refused(ServerError::InvalidSession);
    let world = World::new(
        vec![Act::Approve, Act::Code("123456"), Act::Approve, Act::Code("234567")],
        vec![Step::Challenged(otp(1)), lost(), Step::Challenged(otp(2)), code()],
    );
    assert!(world.run(&authorization()).is_approved());
    assert_eq!(world.calls(), ["begin", "answer 1 code", "begin", "answer 2 code"]);

    let world = World::new(vec![Act::Approve, Act::Approve], vec![lost(), lost()]);
    assert_eq!(
        world.run(&authorization()).outcome,
        Outcome::Locked,
        "digest 2.10-3: twice is locked"
    );
}

#[test]
fn a_pairing_needs_the_code_that_the_terminal_prints() {
    let pair =
        || request(Matter::Pair(Pairing { name: "my agent".into(), code: "ABCD-EFGH".into() }));
    assert!(World::new(vec![Act::Type("code", "abcd efgh")], vec![]).run(&pair()).is_approved());
    let wrong = || Act::Type("code", "ABCD-EFGX");
    let world = World::new(vec![wrong(), wrong(), wrong(), Act::Type("code", "ABCD-EFGH")], vec![]);
    assert_eq!(world.run(&pair()).reason, Reason::WrongPairingCode, "three tries");
    let empty = World::new(vec![Act::Approve, Act::Approve, Act::Approve], vec![]);
    assert!(!empty.run(&pair()).is_approved(), "nothing typed");
}

/// RFC 8785 alone writes both as 9007199254740992.
#[test]
fn r2_two_requests_that_differ_in_the_last_digit_of_a_long_number_have_two_hashes() {
    let hash = |id: u64| {
        let call = ToolCall {
            tool: "delete".into(),
            arguments: json!({ "id": id }),
            working_directory: None,
        };
        let world = World::new(vec![Act::Approve], vec![]);
        assert!(world.run(&request(Matter::Approval(call))).is_approved());
        let entries = world.entries.lock().unwrap();
        let Some(Event::Received { request_hash, .. }) = entries.first() else { panic!() };
        request_hash.clone()
    };
    assert_ne!(hash(9_007_199_254_740_992), hash(9_007_199_254_740_993));
}

#[test]
fn pause_means_no_and_nobody_is_asked() {
    let mut world = World::new(vec![Act::Approve], vec![]);
    world.standing.paused_until = Timestamp(NOW + 5_000);
    let ended = world.run(&plain());
    assert_eq!((ended.outcome, ended.retry_after), (Outcome::Declined, Some(5)));
    assert_eq!(world.events(), ["received", "ended"]);
}

#[test]
fn s16_what_was_asked_and_its_number_are_on_record_also_if_nobody_was_asked() {
    let mut world = World::new(vec![], vec![]);
    world.standing.muted_until = Timestamp(NOW + 5_000);
    assert_eq!(world.run(&plain()).reason, Reason::Muted);
    let entries = world.entries.lock().unwrap();
    let Some(Event::Received { code, brief, .. }) = entries.first() else { panic!() };
    assert_eq!(code, "ABCD-EFGH");
    assert_eq!(*brief, crate::brief::brief(&plain().matter, None).as_str());
    assert!(!brief.is_empty());
    // As an older version wrote it.
    let mut older = serde_json::to_value(entries.first().unwrap()).unwrap();
    for member in ["code", "brief"] {
        older.as_object_mut().unwrap().remove(member).unwrap();
    }
    let Event::Received { code, brief, .. } = serde_json::from_value(older).unwrap() else {
        panic!()
    };
    assert_eq!((code.as_str(), brief.as_str()), ("", ""));
}

#[test]
fn the_reason_that_the_agent_hears_is_on_record_and_none_if_there_was_none() {
    for (act, note) in [(Act::Deny("use staging"), Some("use staging")), (Act::Dismiss, None)] {
        let world = World::new(vec![act], vec![]);
        let ended = world.run(&plain());
        assert_eq!(ended.note.as_deref(), note);
        let entries = world.entries.lock().unwrap();
        let Some(Event::Ended { note: recorded, .. }) = entries.last() else { panic!() };
        assert_eq!(recorded.as_deref(), note);
    }
}

#[test]
fn r3_nothing_that_was_typed_or_granted_is_on_record() {
    let world = World::new(
        vec![Act::Approve, Act::Code("86420975")],
        vec![Step::Challenged(otp(1)), code()],
    );
    assert!(world.run(&authorization()).is_approved());
    let log = serde_json::to_string(&*world.entries.lock().unwrap()).unwrap();
    assert!(!log.contains("86420975") && !log.contains("the-code"));
}

#[test]
fn h12_a_click_after_the_end_does_nothing() {
    let world = World::new(vec![Act::Late(300_000, 0)], vec![]);
    assert_eq!(world.run(&plain()).outcome, Outcome::Expired);
    let world = World::new(vec![Act::Late(299_000, 299_000)], vec![]);
    assert!(world.run(&plain()).is_approved(), "one second before the end counts");
}

#[test]
fn f7_a_clock_set_back_or_a_long_sleep_does_not_bring_a_request_back_to_life() {
    let world = World::new(vec![Act::Late(-3_600_000, 300_000)], vec![]);
    assert_eq!(world.run(&plain()).reason, Reason::ClockJump);
}

#[test]
fn f7_expiry_is_checked_again_before_a_code_is_sent() {
    let world =
        World::new(vec![Act::Approve, Act::Late(600_000, 600_000)], vec![Step::Challenged(otp(3))]);
    assert_eq!(world.run(&authorization()).outcome, Outcome::Expired);
    assert_eq!(world.calls(), ["begin", "leave 3 false"], "the code was not sent");
}

#[test]
fn f7_a_sleep_between_the_answer_and_the_contact_sends_nothing() {
    let world =
        World { sleeps_in: Some("contacting"), ..World::new(vec![Act::Approve], vec![code()]) };
    assert_eq!(world.run(&authorization()).reason, Reason::TimeOut);
    assert_eq!(world.calls(), [""; 0], "the server was contacted after the request had expired");
}

#[test]
fn f7_a_grant_that_comes_after_a_sleep_past_the_deadline_is_no_yes() {
    let world = World::new(vec![Act::Approve], vec![code()]);
    world.script.asleep_at_server.store(3_600_000, Ordering::SeqCst);
    let ended = world.run(&authorization());
    assert_eq!((ended.reason, ended.granted.is_some()), (Reason::ClockJump, false));
}

#[test]
fn f7_a_clock_set_back_does_not_lengthen_the_servers_own_deadline() {
    let brief = Challenge { expires_in: Some(20), ..otp(4) };
    let world =
        World::new(vec![Act::Approve, Act::Late(-60_000, 21_000)], vec![Step::Challenged(brief)]);
    assert_eq!(world.run(&authorization()).reason, Reason::ClockJump);
    assert_eq!(world.calls(), ["begin", "leave 4 false"], "the code was sent");
}

#[test]
fn f4_the_servers_own_deadline_ends_it_when_it_is_earlier() {
    let brief = Challenge { expires_in: Some(20), ..otp(4) };
    let world =
        World::new(vec![Act::Approve, Act::Late(21_000, 21_000)], vec![Step::Challenged(brief)]);
    assert_eq!(world.run(&authorization()).outcome, Outcome::Expired);
}

#[test]
fn a_clock_far_from_the_servers_is_said_on_the_screen_of_the_code() {
    for (clock_ahead, said) in [(None, false), (Some(29_000), false), (Some(-40_000), true)] {
        let asked = Challenge { clock_ahead, ..otp(1) };
        let script = vec![Step::Challenged(asked), code()];
        let world = World::new(vec![Act::Approve, Act::Code("123456")], script);
        assert!(world.run(&authorization()).is_approved());
        let screens = world.script.screens.lock().unwrap();
        assert_eq!(screens[1].clock_ahead, clock_ahead.unwrap_or(0));
        let lines = screens[1].lines().join("\n");
        assert_eq!(lines.contains("clock is 40 seconds behind the server's"), said, "{lines}");
    }
}

#[test]
fn h1_the_action_the_asker_and_the_server_stand_on_the_screen_of_the_code() {
    let world =
        World::new(vec![Act::Approve, Act::Code("123456")], vec![Step::Challenged(otp(1)), code()]);
    assert!(world.run(&authorization()).is_approved());
    let screens = world.script.screens.lock().unwrap();
    let lines = screens[1].lines().join("\n");
    for part in ["deploy", "my agent", "https://as.example", "sam@example.com", "Enter the code."] {
        assert!(lines.contains(part), "{part} is missing in\n{lines}");
    }
    assert_eq!(
        screens[0].action, screens[1].action,
        "the action does not change between the steps"
    );
}

#[test]
fn r5_the_yes_names_the_screen_that_was_answered() {
    let world =
        World::new(vec![Act::Approve, Act::Code("123456")], vec![Step::Challenged(otp(1)), code()]);
    let ended = world.run(&authorization());
    let screens = world.script.screens.lock().unwrap();
    assert_eq!(ended.display_hash, Some(screens[1].hash().unwrap()));
    assert_ne!(screens[0].hash().unwrap(), screens[1].hash().unwrap());
}

#[test]
fn h3_a_yes_to_what_is_too_large_to_be_shown_is_a_no() {
    let world = World::new(vec![Act::Approve], vec![]);
    let arguments = json!({ "content": "\n".repeat(crate::display::SHOWN_LINES) });
    let call = ToolCall { tool: "write".into(), arguments, working_directory: None };
    let ended = world.run(&request(Matter::Approval(call)));
    assert_eq!(ended.outcome, Outcome::Cancelled);
    let entries = world.entries.lock().unwrap();
    assert!(
        entries.iter().any(|entry| matches!(entry, Event::Answered { approve: false, .. })),
        "nor is a yes on record"
    );
}

#[test]
fn s6_a_new_server_that_resembles_an_enrolled_one_is_shown_with_a_warning() {
    let mut world = World::new(vec![Act::Dismiss], vec![]);
    world.server = Some(server());
    let new = Server {
        issuer: "https://other.example".into(),
        name: "Exampl\u{0435}".into(),
        ..server()
    };
    world.run(&request(Matter::EnrolServer(new)));
    let screens = world.script.screens.lock().unwrap();
    assert!(
        screens[0]
            .banners
            .iter()
            .any(|banner| banner.as_str().starts_with("It looks like Example at"))
    );
}

fn asking(schema: serde_json::Value) -> Request {
    let form = Form::parse(&schema, Source::Requester).unwrap();
    let matter = Matter::Elicitation(crate::request::Elicitation {
        server: None,
        message: "Who are you?".into(),
        requested_schema: schema,
        form,
    });
    Request { matter, ..plain() }
}

#[test]
fn h1_what_is_filled_in_for_the_agent_is_said_to_go_there_and_is_not_on_record() {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let world = World::new(vec![Act::Type("name", "octocat")], vec![]);
    let ended = world.run(&asking(schema.clone()));
    assert!(ended.is_approved());
    assert_eq!(ended.method, Some(Method::Form));
    assert_eq!(ended.content.unwrap().text("name"), Some("octocat"));
    let lines = world.script.screens.lock().unwrap()[0].lines().join("\n");
    assert!(lines.contains("Never type a password, a code or another secret."), "{lines}");
    let record = serde_json::to_string(&*world.entries.lock().unwrap()).unwrap();
    assert!(!record.contains("octocat"), "R3");
    for act in [Act::Deny(""), Act::Dismiss] {
        let ended = World::new(vec![act], vec![]).run(&asking(schema.clone()));
        assert!(!ended.is_approved() && ended.content.is_none());
    }
}

#[test]
fn s21_a_form_for_the_agent_that_seems_to_ask_for_a_secret_is_shown_to_nobody() {
    let schema = json!({ "type": "object", "properties": { "password": { "type": "string" } } });
    let world = World::new(vec![Act::Type("password", "x")], vec![]);
    let ended = world.run(&asking(schema));
    assert_eq!(ended.reason, Reason::SecretInForm);
    assert_eq!(ended.outcome, Outcome::Declined);
    assert!(world.script.screens.lock().unwrap().is_empty());
}

#[path = "approval_passkey_tests.rs"]
mod passkey;

#[path = "approval_account_tests.rs"]
mod account;
