//! The scenes: what is asked, what the person does, what must have come of it.

use placet_stage::desktop::Program;
use placet_stage::server::Scenario as Behaviour;
use serde_json::{Value, json};

use super::Outcome;
use super::cast;
use super::headless::Stage;
use super::hunt::Ground;
use super::summary::Scenario;

/// One scene.
type Scene = fn(&mut Stage<'_>, Scenario) -> Outcome<Scenario>;

/// All scenes, in order: later ones need what earlier ones set up.
pub(super) const ALL: &[(&str, Scene)] = &[
    ("server-enrolled", enrol),
    ("agent-paired", pair),
    ("code-guarded-action", code_guarded),
    ("wrong-code-then-right", wrong_then_right),
    ("passkey-guarded-action", passkey_guarded),
    ("plain-approval", plain),
    ("denied-with-a-reason", denied),
    ("command-line-authorization", command_line),
];

/// The heading of every request.
const LET_DO: &str = "do this?";
/// The field of the stage's one-time code (ANA A.1.2).
const CODE_FIELD: &str = "One-Time Password";
/// The field of the security key's PIN.
const PIN_FIELD: &str = "PIN of the security key";

fn enrol(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    let started = stage.server.started().clone();
    told.asked = format!("trust {}", started.issuer);
    let mut words = vec!["as", "add", &started.issuer, "--client-id", &started.client_id];
    words.extend(["--account", &started.account, "--name", "Example server"]);
    words.push("--danger-allow-http-loopback");
    let mut placet = stage.placet(&words)?;
    stage.hands.prompt_saying("Look at this server?")?;
    told.screenshots.push(stage.picture("look-at-this-server")?);
    stage.hands.approve("Look at this server")?;
    stage.hands.prompt_saying("Trust this server?")?;
    told.screenshots.push(stage.picture("trust-this-server")?);
    stage.hands.approve("Trust this server")?;
    let (answer, _) = Stage::printed(&mut placet)?;
    ended(stage, &mut told, &answer, "approved");
    Ok(told)
}

fn pair(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    told.asked = "a name for the agent".to_owned();
    stage.agent.tell(&json!({"do": "pair", "name": "demo-agent"}))?;
    let code = stage.agent.hear("code")?["code"].as_str().unwrap_or_default().to_owned();
    stage.hands.prompt_saying("Pair with")?;
    stage.hands.type_into("Code from the agent's terminal", &code)?;
    told.screenshots.push(stage.picture("pairing-code")?);
    stage.hands.approve("Pair")?;
    let paired = stage.agent.hear("paired")?["paired"] == true;
    told.outcome = if paired { "approved" } else { "declined" }.to_owned();
    expect(&mut told, paired, "the agent is paired");
    stage.agent.hear("done")?;
    Ok(told)
}

/// The main scene: review, choice of the authenticator, code, and the agent goes on.
fn code_guarded(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    stage.server.play(Behaviour::Selection)?;
    ask(stage, &mut told)?;
    told.screenshots.push(stage.picture("who-asks-and-for-what")?);
    let before = stage.server.counts()?.first_contacts;
    expect(&mut told, before == 0, "the server was not contacted before the person agreed");
    stage.hands.approve("Approve and continue")?;
    stage.hands.prompt_saying("The server says")?;
    stage.hands.choose("Authenticator App (TOTP)")?;
    told.screenshots.push(stage.picture("which-authenticator")?);
    stage.hands.approve("Continue with this")?;
    type_code(stage, &mut told, "code")?;
    finish(stage, &mut told, "otp")
}

/// A wrong code first: it stays in place, says so, and nothing else has to be done again.
fn wrong_then_right(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    stage.server.play(Behaviour::Single)?;
    ask(stage, &mut told)?;
    stage.hands.approve("Approve and continue")?;
    stage.hands.prompt_saying(CODE_FIELD)?;
    let right = stage.server.code()?.code;
    let wrong: String = right.chars().map(|c| if c == '9' { '0' } else { '9' }).collect();
    stage.hands.type_into(CODE_FIELD, &wrong)?;
    stage.hands.approve("Approve with this code")?;
    stage.hands.prompt_saying("not accepted")?;
    told.screenshots.push(stage.picture("code-not-accepted")?);
    type_code(stage, &mut told, "right-code")?;
    finish(stage, &mut told, "otp")
}

/// The server is to know this installation: only then does a signature claim the action.
fn register(stage: &mut Stage<'_>, told: &mut Scenario) -> Outcome<()> {
    stage.server.play(Behaviour::Single)?;
    let issuer = stage.server.started().issuer.clone();
    let mut placet = stage.placet(&["as", "register", &issuer])?;
    stage.hands.prompt_saying("know this installation?")?;
    stage.hands.approve("Sign in and go on")?;
    stage.hands.prompt_saying(CODE_FIELD)?;
    let code = stage.server.code()?.code;
    stage.hands.type_into(CODE_FIELD, &code)?;
    stage.hands.approve("Approve with this code")?;
    stage.hands.prompt_saying("Register this installation?")?;
    stage.hands.approve("Register it")?;
    let (_, status) = Stage::printed(&mut placet)?;
    expect(told, status == 0, "the server knows this installation");
    Ok(())
}

/// A security key signs the action that is on the screen: its PIN, then a touch.
fn passkey_guarded(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    register(stage, &mut told)?;
    stage.key.register(&stage.server)?;
    stage.server.play(Behaviour::PasskeyBound)?;
    let pin = fresh_pin(stage)?;
    stage.key.set_pin(&pin)?;
    ask(stage, &mut told)?;
    stage.hands.approve("Approve and continue")?;
    stage.hands.page_saying("Your passkey signs this action")?;
    told.screenshots.push(stage.picture("what-the-passkey-signs")?);
    stage.hands.approve("Sign this with your passkey")?;
    stage.hands.type_into(PIN_FIELD, &pin)?;
    told.screenshots.push(stage.picture("pin-of-the-security-key")?);
    hunt(stage, &mut told, &pin, "while the PIN stands in the field")?;
    stage.hands.approve("Use this PIN")?;
    stage.hands.page_saying("Touch your security key")?;
    stage.key.hear("waiting")?;
    told.screenshots.push(stage.picture("touch-your-security-key")?);
    hunt(stage, &mut told, &pin, "while the security key waits for a touch")?;
    let before = stage.server.counts()?.passkeys;
    expect(&mut told, before == 0, "nothing was signed before the touch");
    stage.key.touch()?;
    hear_outcome(stage, &mut told, &pin)?;
    finish(stage, &mut told, "passkey-bound")
}

fn plain(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    told.asked = "cargo publish".to_owned();
    let words = ["request", "--reason", "The release is ready.", "--", "cargo publish --locked"];
    let mut placet = stage.placet(&words)?;
    stage.hands.prompt_saying(LET_DO)?;
    told.screenshots.push(stage.picture("plain-approval")?);
    stage.hands.approve("Approve")?;
    let (answer, status) = Stage::printed(&mut placet)?;
    ended(stage, &mut told, &answer, "approved");
    expect(&mut told, status == 0, "exit status 0");
    Ok(told)
}

fn denied(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    told.asked = "git push --force".to_owned();
    let mut placet = stage.placet(&["request", "--", "git push --force origin main"])?;
    stage.hands.prompt_saying(LET_DO)?;
    stage.hands.click("Deny with a reason…")?;
    stage.hands.type_into("Reason for the agent, which will read it", "Use a branch instead.")?;
    told.screenshots.push(stage.picture("deny-with-a-reason")?);
    stage.hands.click("Deny")?;
    let (answer, status) = Stage::printed(&mut placet)?;
    ended(stage, &mut told, &answer, "declined");
    expect(&mut told, status == 1, "exit status 1");
    expect(&mut told, answer["note"] == "Use a branch instead.", "the agent hears the reason");
    Ok(told)
}

/// The command line holds its answer in memory while the search looks into it: its output is a
/// pipe that nobody empties.
fn command_line(stage: &mut Stage<'_>, mut told: Scenario) -> Outcome<Scenario> {
    stage.server.play(Behaviour::Single)?;
    told.asked = "delete_user {\"userId\":\"bob\"}".to_owned();
    let started = stage.server.started().clone();
    let token = stage.session.home().join("cli-token.json");
    let token = token.to_string_lossy().into_owned();
    pair_command_line(stage, &token)?;
    let details = cast::deletion_details();
    let mut words = vec!["--token-file", &token, "authorize", "--issuer", &started.issuer];
    words.extend(["--resource", &started.resource, "--details", &details]);
    let (mut placet, drain) = super::cast::stuffed(stage.session, &stage.programs, &words)?;
    stage.hands.prompt_saying(LET_DO)?;
    stage.hands.approve("Approve and continue")?;
    stage.hands.prompt_saying(CODE_FIELD)?;
    type_code_of(stage, &mut told, "command-line-code", Some((&mut placet, drain)))?;
    Ok(told)
}

fn pair_command_line(stage: &mut Stage<'_>, token: &str) -> Outcome<()> {
    let mut placet = stage.placet(&["--token-file", token, "pair", "--name", "shell"])?;
    stage.hands.prompt_saying("Pair with")?;
    let code = cast::code_printed(&placet)?;
    stage.hands.type_into("Code from the agent's terminal", &code)?;
    stage.hands.approve("Pair")?;
    Stage::printed(&mut placet).map(drop)
}

fn ask(stage: &mut Stage<'_>, told: &mut Scenario) -> Outcome<()> {
    told.asked = "delete_user {\"userId\":\"alice\"}".to_owned();
    let command = cast::deletion(stage.server.started());
    stage.agent.tell(&command)?;
    let printed = stage.agent.hear("binding_code")?["binding_code"].clone();
    let window = stage.hands.prompt_saying(LET_DO)?;
    let printed = printed.as_str().unwrap_or("none");
    expect(
        told,
        window.words().iter().any(|w| w.contains(printed)),
        "the prompt shows the agent's code",
    );
    Ok(())
}

fn type_code(stage: &mut Stage<'_>, told: &mut Scenario, name: &str) -> Outcome<()> {
    type_code_of(stage, told, name, None)
}

/// Types the code, answers, and looks for the code everywhere: before, for chance hits; while the
/// server has it; and after the requester heard the outcome.
fn type_code_of(
    stage: &mut Stage<'_>,
    told: &mut Scenario,
    name: &str,
    placet: Option<(&mut Program, cast::Drain)>,
) -> Outcome<()> {
    stage.hands.prompt_saying(CODE_FIELD)?;
    let code = fresh_code(stage)?;
    stage.hands.type_into(CODE_FIELD, &code)?;
    told.screenshots.push(stage.picture(name)?);
    hunt(stage, told, &code, "while it stands in the field")?;
    stage.hands.approve("Approve with this code")?;
    stage.hands.no_prompt()?;
    if let Some((placet, drain)) = placet {
        drain.wait_until_full(placet)?;
        let mut ground = ground(stage);
        ground.memories.push((placet.pid(), "the command line"));
        hunt_in(&ground, told, &code, "while the command line holds its answer")?;
        let (answer, status) = drain.empty(placet)?;
        ended(stage, told, &answer, "approved");
        expect(told, status == 0, "exit status 0");
        let held = answer["authorization_code"].is_string() && answer["code_verifier"].is_string();
        expect(told, held, "the command line has a code and its own verifier");
        return Ok(());
    }
    hear_outcome(stage, told, &code)
}

/// The agent hears that it may, uses what it got, and never saw the secret.
fn hear_outcome(stage: &mut Stage<'_>, told: &mut Scenario, secret: &str) -> Outcome<()> {
    let answer = stage.agent.hear("outcome")?;
    ended(stage, told, &answer["outcome"], "approved");
    told.code_redeemed = answer["redeemed"] == true;
    told.resource_status = answer["resource_status"].as_u64().and_then(|n| u16::try_from(n).ok());
    hunt(stage, told, secret, "after the agent heard the outcome")
}

/// Seconds that a code must still be good for when the person begins to type it.
const TYPING_TAKES: u64 = 25;

/// A code that occurs nowhere by chance, and that lives long enough to be typed.
fn fresh_code(stage: &Stage<'_>) -> Outcome<String> {
    for _ in 0..6 {
        let code = stage.server.code()?.code;
        let nowhere = ground(stage).search(&code)?.hits.is_empty();
        let now = stage.server.code()?;
        if nowhere && now.code == code && now.valid_for >= TYPING_TAKES {
            return Ok(code);
        }
    }
    Err("no code was unseen and fresh: the search finds what is not there, or takes too long"
        .into())
}

/// A PIN as long as a code, that occurs nowhere by chance.
fn fresh_pin(stage: &Stage<'_>) -> Outcome<String> {
    for _ in 0..6 {
        let mut random = [0; 4];
        getrandom::fill(&mut random)?;
        let pin = format!("{:08}", u32::from_le_bytes(random) % 100_000_000);
        if ground(stage).search(&pin)?.hits.is_empty() {
            return Ok(pin);
        }
    }
    Err("no PIN was unseen: the search finds what is not there".into())
}

fn hunt(stage: &Stage<'_>, told: &mut Scenario, code: &str, when: &str) -> Outcome<()> {
    hunt_in(&ground(stage), told, code, when)
}

fn hunt_in(ground: &Ground<'_>, told: &mut Scenario, code: &str, when: &str) -> Outcome<()> {
    let report = ground.search(code)?;
    told.secret_hits += report.hits.len();
    for hit in &report.hits {
        told.faults.push(format!("{when}, the secret is in {} as {}", hit.place, hit.form));
    }
    expect(told, report.clean(), "the search looked somewhere and found nothing");
    told.secrets_searched_in = report.places();
    Ok(())
}

fn ground<'a>(stage: &'a Stage<'_>) -> Ground<'a> {
    let mut excluded = vec![
        (std::process::id(), "the scripted person, who types it"),
        (stage.server.pid(), "the authorization server, which checks it"),
        (stage.key.pid(), "the security key, which checks its PIN"),
    ];
    excluded.extend(
        stage
            .session
            .own_processes()
            .iter()
            .filter(|(name, _)| name == "Xtigervnc")
            .map(|(_, pid)| (*pid, "the display server, which the person's keys go through")),
    );
    Ground {
        session: stage.session,
        folders: vec![stage.out.clone()],
        memories: vec![(stage.agent_program.pid(), "the agent")],
        streams: Vec::new(),
        excluded,
    }
}

fn finish(stage: &mut Stage<'_>, told: &mut Scenario, worth: &str) -> Outcome<Scenario> {
    expect(told, told.code_redeemed, "the agent redeemed its code with its own verifier");
    expect(told, told.resource_status == Some(200), "the resource let it in");
    expect(told, told.assurance.as_deref() == Some(worth), "recorded as what it is worth");
    stage.agent.hear("done")?;
    Ok(told.clone())
}

fn ended(stage: &Stage<'_>, told: &mut Scenario, answer: &Value, wanted: &str) {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    told.outcome = text("outcome").unwrap_or_else(|| answer.to_string());
    told.assurance = text("assurance");
    told.receipt = text("receipt");
    told.shown_sha256 = told.receipt.as_deref().and_then(|receipt| stage.shown(receipt));
    expect(told, told.outcome == wanted, wanted);
    expect(told, told.shown_sha256.is_some(), "the record has the hash of what was shown");
}

fn expect(told: &mut Scenario, holds: bool, what: &str) {
    if !holds {
        told.faults.push(format!("does not hold: {what}"));
    }
}
