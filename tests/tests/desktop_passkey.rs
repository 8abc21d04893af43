//! A security key, from the socket to the real window, the PC/SC daemon and a server that verifies
//! the signature: everything is real but the key and the person (P7, P8, P9).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr)] // what is skipped is said

mod desktop_support;

use desktop_support::{SOON, alone, built, desktop, pairing_code, picture, run, start};
use placet_stage::desktop::{Program, Session};
use placet_stage::server::{Process, Scenario};
use placet_tests::hands::Hands;
use placet_tests::key::Key;
use serde_json::{Value, json};

const PIN: &str = "73918264";
const PIN_FIELD: &str = "PIN of the security key";
const CODE_FIELD: &str = "One-Time Password";
const ASKS_PIN: &str = "Type the PIN of your security key";
const ASKS_TOUCH: &str = "Touch your security key";

/// An enrolled server and a paired agent, by the person's hands.
struct Play<'s> {
    session: &'s Session,
    server: Process,
    key: Key,
    hands: Hands<'s>,
    desktop: Program,
}

impl<'s> Play<'s> {
    fn set(session: &'s Session) -> Self {
        Self::with(session, true)
    }

    /// With a key that the server does not know.
    fn unknown(session: &'s Session) -> Self {
        Self::with(session, false)
    }

    fn with(session: &'s Session, known: bool) -> Self {
        let server = Process::spawn(&built("stage-as"), ["--scenario", "passkey-bound"]).unwrap();
        let mut key = Key::on_a_reader(session, &built("stage-key")).unwrap();
        key.set_pin(PIN).unwrap();
        if known {
            key.register(&server).unwrap();
        }
        let mut command = desktop(session);
        command.arg("--danger-allow-http-loopback");
        key.shown_to(&mut command);
        let desktop = start(session, command);
        let hands = Hands::new(session).unwrap();
        let mut play = Self { session, server, key, hands, desktop };
        play.enrol();
        play.pair();
        play.server.reset().unwrap();
        play.server.play(Scenario::PasskeyBound).unwrap();
        play
    }

    fn placet(&self, name: &str, words: &[&str]) -> Program {
        let mut placet = self.session.command(built("placet")).unwrap();
        placet.args(words);
        self.session.spawn(name, placet).unwrap()
    }

    fn enrol(&mut self) {
        let started = self.server.started().clone();
        let mut words = vec!["as", "add", &started.issuer, "--client-id", &started.client_id];
        words.extend(["--account", &started.account, "--name", "Example server"]);
        words.push("--danger-allow-http-loopback");
        let mut adding = self.placet("enrol", &words);
        for (says, control) in [
            ("Look at this server?", "Look at this server"),
            ("Trust this server?", "Trust this server"),
        ] {
            self.hands.prompt_saying(says).unwrap();
            self.hands.approve(control).unwrap();
        }
        assert!(adding.wait(SOON).unwrap().success(), "{}", adding.log());
    }

    fn pair(&mut self) {
        let mut pairing = self.placet("pair", &["pair", "--name", "my-agent"]);
        let code = pairing_code(&pairing);
        self.hands.prompt_saying("Pair with").unwrap();
        self.hands.type_into("Code from the agent's terminal", &code).unwrap();
        self.hands.approve("Pair").unwrap();
        assert!(pairing.wait(SOON).unwrap().success(), "{}", pairing.log());
    }

    /// The server is to know this installation from now on.
    fn register(&mut self) {
        self.server.play(Scenario::Single).unwrap();
        let issuer = self.server.started().issuer.clone();
        let mut registering = self.placet("register", &["as", "register", &issuer]);
        self.hands.prompt_saying("know this installation?").unwrap();
        self.hands.approve("Sign in and go on").unwrap();
        self.sign_in();
        self.hands.page_saying("Register this installation?").unwrap();
        picture(self.session, "installation-register");
        self.hands.approve("Register it").unwrap();
        assert!(registering.wait(SOON).unwrap().success(), "{}", registering.log());
        self.hands.no_prompt().unwrap();
        self.server.reset().unwrap();
        self.server.play(Scenario::PasskeyBound).unwrap();
    }

    /// With a one-time code, which is returned.
    fn sign_in(&mut self) -> String {
        self.hands.page_saying(CODE_FIELD).unwrap();
        let code = self.server.code().unwrap().code;
        self.hands.type_into(CODE_FIELD, &code).unwrap();
        self.hands.approve("Approve with this code").unwrap();
        code
    }

    /// The agent asks, and the person agrees as far as the PIN.
    fn ask(&mut self) -> Program {
        let started = self.server.started().clone();
        let details = json!([{"type": "agent_intent", "action": {"name": "tools/call"},
            "resource": {"type": "mcp-tool", "id": "delete_user",
                "properties": {"arguments": {"userId": "alice"}}}}]);
        let details = details.to_string();
        let mut words = vec!["--json", "--agent", "my-agent", "authorize"];
        words.extend(["--issuer", &started.issuer, "--resource", &started.resource]);
        words.extend(["--details", &details]);
        let agent = self.placet("agent", &words);
        self.hands.prompt_saying("do this?").unwrap();
        self.hands.approve("Approve and continue").unwrap();
        self.hands.page_saying("Your passkey signs this action").unwrap();
        picture(self.session, "passkey-question");
        self.hands.approve("Sign this with your passkey").unwrap();
        self.hands.page_saying(ASKS_PIN).unwrap();
        picture(self.session, "passkey-pin");
        agent
    }

    /// Types a PIN and uses it.
    fn pin(&mut self, pin: &str) {
        self.hands.type_into(PIN_FIELD, pin).unwrap();
        self.hands.approve("Use this PIN").unwrap();
    }

    /// Waits until the screen asks for the touch and the key waits for it.
    fn at_the_touch(&mut self) {
        self.hands.page_saying(ASKS_TOUCH).unwrap();
        self.key.hear("waiting").unwrap();
        picture(self.session, "passkey-touch");
    }
}

/// What the agent's command printed.
fn answer(agent: &Program) -> Value {
    let log = agent.log();
    let line = log.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_else(|| panic!("no answer: {log}"))).unwrap()
}

/// A session on a machine that has a reader to be played, or a word on what it lacks.
fn session() -> Option<Session> {
    if let Some(package) = Key::missing() {
        eprintln!("skipped: the package {package} is not installed");
        return None;
    }
    Some(Session::builder().start().unwrap())
}

#[test]
fn p7_a_pin_and_a_touch_on_the_action_that_is_shown_are_granted_as_passkey_bound() {
    let _alone = alone();
    let Some(session) = session() else { return };
    let mut play = Play::set(&session);
    play.register();
    let mut agent = play.ask();
    assert_eq!(play.key.retries().unwrap(), 8, "P8: no PIN was tried for the person");

    // A wrong one first: said on the same screen, with what is left.
    play.pin("00000000");
    play.hands.page_saying("That PIN was wrong. 7 tries are left").unwrap();
    play.hands.page_saying("tools/call").unwrap();
    picture(&session, "passkey-wrong-pin");
    assert_eq!(play.key.retries().unwrap(), 7);
    play.pin(PIN);
    play.at_the_touch();
    assert!(!answerable(&agent), "nobody was told anything before the touch");
    play.key.touch().unwrap();

    assert_eq!(agent.wait(SOON).unwrap().code(), Some(0), "{}", agent.log());
    let answer = answer(&agent);
    assert_eq!(
        (&answer["outcome"], &answer["assurance"]),
        (&"approved".into(), &"passkey-bound".into())
    );
    assert!(answer["authorization_code"].is_string(), "{answer}");
    assert_eq!(play.server.counts().unwrap().passkeys, 1, "the server has verified it");
    play.hands.no_prompt().unwrap();
    assert!(!play.desktop.log().contains(PIN) && !agent.log().contains(PIN), "M1");
}

/// True if the agent's command has printed an answer.
fn answerable(agent: &Program) -> bool {
    agent.log().lines().any(|line| line.starts_with('{'))
}

#[test]
fn p9_deny_while_the_key_waits_for_a_touch_ends_it_and_no_assertion_leaves() {
    let _alone = alone();
    let Some(session) = session() else { return };
    let mut play = Play::set(&session);
    let mut agent = play.ask();
    play.pin(PIN);
    play.at_the_touch();
    play.hands.click("Deny").unwrap();
    assert_eq!(agent.wait(SOON).unwrap().code(), Some(1), "{}", agent.log());
    assert_eq!(answer(&agent)["outcome"], "declined");
    play.hands.no_prompt().unwrap();
    // Too late: whatever the key says now, nobody asked for it.
    play.key.touch().unwrap();
    assert!(run(&session, &["status"]).success);
    let counts = play.server.counts().unwrap();
    assert_eq!((counts.passkeys, counts.answers, counts.declines), (0, 0, 1));
}

/// The whole way of a passkey: made with `placet passkey add`, and then used by an agent's request.
#[test]
fn p8_a_passkey_is_added_from_the_command_line_and_answers_for_an_agent_afterwards() {
    let _alone = alone();
    let Some(session) = session() else { return };
    let mut play = Play::unknown(&session);
    let issuer = play.server.started().issuer.clone();
    play.server.play(Scenario::Single).unwrap();
    let words = ["--json", "passkey", "add", &issuer, "--name", "blue key"];
    let mut adding = play.placet("adding", &words);
    play.hands.prompt_saying("Add a passkey at").unwrap();
    picture(&session, "passkey-add");
    play.hands.approve("Sign in and go on").unwrap();
    let code = play.sign_in();
    play.hands.page_saying("Make this passkey on your security key?").unwrap();
    play.hands.page_saying("blue key").unwrap();
    picture(&session, "passkey-make");
    assert_eq!(play.key.retries().unwrap(), 8, "P8: no PIN was tried for the person");
    play.hands.approve("Make the passkey").unwrap();
    play.hands.page_saying(ASKS_PIN).unwrap();
    play.pin(PIN);
    play.at_the_touch();
    assert!(!answerable(&adding), "nobody was told anything before the touch");
    play.key.touch().unwrap();
    assert_eq!(adding.wait(SOON).unwrap().code(), Some(0), "{}", adding.log());
    let made = answer(&adding);
    assert_eq!(made["passkeys"][0]["name"], "blue key", "{made}");
    assert!(made["authorization_code"].is_null(), "no code leaves");
    play.hands.no_prompt().unwrap();

    // And now it is used.
    play.server.play(Scenario::PasskeyBound).unwrap();
    let mut agent = play.ask();
    play.pin(PIN);
    play.at_the_touch();
    play.key.touch().unwrap();
    assert_eq!(agent.wait(SOON).unwrap().code(), Some(0), "{}", agent.log());
    let answer = answer(&agent);
    assert_eq!((&answer["outcome"], &answer["method"]), (&"approved".into(), &"passkey".into()));
    assert_eq!(play.server.counts().unwrap().passkeys, 1, "the server has verified it");
    play.hands.no_prompt().unwrap();
    for log in [play.desktop.log(), adding.log(), agent.log()] {
        assert!(!log.contains(PIN) && !log.contains(&code), "M1");
    }
}
