//! One life of Placet, from its start to its end, and what the peers do in between.
//!
//! **Promises.** Ours and theirs take turns. Memory is never taken while both run: they share GTK's
//! pages, which would make each look smaller than it is alone. An agent is connected before its
//! clock starts, and the window of the request before is gone.

use std::process::Stdio;
use std::time::{Duration, Instant};

use placet_core::policy;
use placet_stage::desktop::{Program, TrayItem, TrayWatcher, Window, keys};
use serde_json::{Value, json};

use super::agent::{Agent, Moment, now};
use super::peers::{Asker, Sitter};
use super::stage::Stage;
use super::{Outcome, SOON, memory};

/// Rounds of prompts after the first one, of each question one: as many as an agent without a name may
/// have in ten minutes (S22).
const ROUNDS: u32 = (policy::PROMPTS_OF_BUCKET - 1) / 3;
/// How often `placet status` is run in each life.
const STATUSES: usize = 10;
/// A person needs longer than this; the prompt counts nothing before (H5).
const READING: Duration = Duration::from_secs(1);
/// What the book calls itself.
const BOOK: &str = "Placet: the book";

/// Who is there to be compared with.
#[derive(Debug)]
pub(super) struct Peers {
    pub(super) pinentry: Option<Asker>,
    pub(super) zenity: Option<Asker>,
    pub(super) keepassxc: Option<Sitter>,
}

/// What was measured, in the order of measuring. Times are in milliseconds, memory in MiB.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    pub(super) start: Vec<f64>,
    pub(super) start_keepassxc: Vec<f64>,
    pub(super) first_painted: Vec<f64>,
    pub(super) painted: Vec<f64>,
    pub(super) painted_long: Vec<f64>,
    pub(super) painted_form: Vec<f64>,
    pub(super) painted_pinentry: Vec<f64>,
    pub(super) painted_zenity: Vec<f64>,
    pub(super) answered: Vec<f64>,
    pub(super) status: Vec<f64>,
    pub(super) nothing: Vec<f64>,
    pub(super) fresh: Vec<f64>,
    pub(super) after_prompts: Vec<f64>,
    pub(super) after_book: Vec<f64>,
    pub(super) web: Vec<f64>,
    pub(super) opened: Vec<f64>,
    pub(super) opened_bare: Vec<f64>,
    pub(super) memory_zenity: Vec<f64>,
    pub(super) memory_keepassxc: Vec<f64>,
}

/// Lives one life.
///
/// # Errors
/// When anything cannot be measured.
pub(super) fn live(stage: &mut Stage, peers: &Peers, samples: &mut Samples) -> Outcome<()> {
    let ours = start(stage, samples)?;
    ours.rest(stage, &mut samples.fresh, &mut samples.web)?;

    let (agent, asked, painted) = ours.ask(stage, &plain())?;
    samples.first_painted.push(painted.since(asked));
    samples.answered.push(ours.approve(stage, agent)?);
    for _ in 0..ROUNDS {
        for (question, took) in [
            (plain(), &mut samples.painted),
            (long(), &mut samples.painted_long),
            (form(), &mut samples.painted_form),
        ] {
            stage.clear()?;
            let (agent, asked, painted) = ours.ask(stage, &question)?;
            took.push(painted.since(asked));
            agent.leave()?;
        }
        for (asker, took) in [
            (&peers.pinentry, &mut samples.painted_pinentry),
            (&peers.zenity, &mut samples.painted_zenity),
        ] {
            stage.clear()?;
            if let Some(asker) = asker {
                took.push(asker.ask(stage)?.took);
            }
        }
    }
    stage.clear()?;
    ours.rest(stage, &mut samples.after_prompts, &mut samples.web)?;

    for _ in 0..STATUSES {
        samples.status.push(run(stage, "placet", &["status"])?);
        samples.nothing.push(run(stage, "placet-nothing", &[])?);
    }

    samples.opened.push(ours.read_the_book(stage)?);
    ours.rest(stage, &mut samples.after_book, &mut samples.web)?;
    drop(ours);
    stage.clear()?;
    samples.opened_bare.push(bare(stage)?);
    stage.clear()?;

    if let Some(zenity) = &peers.zenity {
        let asking = zenity.ask(stage)?;
        samples.memory_zenity.extend(stage.memory_of(&asking.program)?);
        drop(asking);
        stage.clear()?;
    }
    if let Some(keepassxc) = &peers.keepassxc {
        let (program, took) = keepassxc.sit(stage)?;
        samples.start_keepassxc.push(took);
        samples.memory_keepassxc.extend(stage.memory_of(&program)?);
    }
    stage.clear()
}

/// Placet, running.
struct Ours {
    program: Program,
    icon: TrayItem,
    _tray: TrayWatcher,
}

/// Starts it, and waits for both: the first answer on the socket, the icon in the tray.
fn start(stage: &Stage, samples: &mut Samples) -> Outcome<Ours> {
    let tray = TrayWatcher::serve(stage.session.bus_address())?;
    let mut agent = Agent::start(&stage.session)?;
    let mut command = stage.command(stage.programs.join("placet-desktop"))?;
    command.arg("--hidden");
    std::thread::scope(|scope| {
        let bus = stage.session.bus();
        let seen = scope.spawn(move || TrayItem::find(bus, "", SOON).map(|icon| (icon, now())));
        let begun = now();
        let program = stage.session.spawn("placet-desktop", command)?;
        let answered = agent.hello().map_err(|fault| format!("{fault} {}", program.log()))?;
        let seen = seen.join().map_err(|_| "looking at the tray went wrong")?;
        let (icon, seen) = seen.map_err(|fault| format!("{fault} {}", program.log()))?;
        samples.start.push(answered.max(seen).since(begun));
        agent.leave()?;
        Ok(Ours { program, icon, _tray: tray })
    })
}

impl Ours {
    /// What it takes with nothing pending, and how many of its processes draw web pages.
    fn rest(&self, stage: &Stage, memory: &mut Vec<f64>, web: &mut Vec<f64>) -> Outcome<()> {
        memory.extend(stage.memory_of(&self.program)?);
        let family = memory::family(self.program.pid());
        web.push(f64::from(u32::try_from(memory::web_processes(&family))?));
        Ok(())
    }

    /// An agent asks; when it did, and when the prompt was painted.
    fn ask(&self, stage: &Stage, question: &Question) -> Outcome<(Agent, Moment, Moment)> {
        let mut agent = Agent::start(&stage.session)?;
        agent.hello()?;
        stage.clear()?;
        let asked = agent.say(question.0, &question.1)?;
        let painted = stage.watch.await_painted(SOON, |window| self.owns(window));
        let painted = painted.map_err(|fault| format!("{fault} {}", self.program.log()))?;
        Ok((agent, asked, painted))
    }

    /// The person says yes; milliseconds from letting the keys go to the agent's answer.
    fn approve(&self, stage: &mut Stage, mut agent: Agent) -> Outcome<f64> {
        let screen = stage.session.screen();
        let window = screen.await_window(SOON, |window| self.owns(window))?;
        // Above all that can be pressed: this only turns to the window.
        let middle = window.x.saturating_add_unsigned(window.width / 2);
        stage.person.click(middle, window.y.saturating_add(6))?;
        screen.await_active(SOON, |active| active.id == window.id)?;
        std::thread::sleep(READING);
        // From Deny over its reason to Approve, where Ctrl+Enter counts.
        stage.person.key(keys::TAB)?;
        stage.person.key(keys::TAB)?;
        stage.person.key_down(keys::CONTROL)?;
        stage.person.key_down(keys::RETURN)?;
        let released = now();
        stage.person.key_up(keys::RETURN)?;
        stage.person.key_up(keys::CONTROL)?;
        let (answered, answer) = agent.answer()?;
        if answer.get("outcome") != Some(&json!("approved")) {
            return Err(format!("the person's yes did not arrive: {answer}").into());
        }
        agent.leave()?;
        Ok(answered.since(released))
    }

    /// The person opens the book and closes it again; milliseconds from the menu to its page.
    fn read_the_book(&self, stage: &mut Stage) -> Outcome<f64> {
        let asked = now();
        self.icon.press("Open the book")?;
        let painted = stage.watch.await_painted(SOON, |window| window.title == BOOK)?;
        let screen = stage.session.screen();
        let book = screen.await_window(SOON, |window| window.title == BOOK)?;
        screen.await_active(SOON, |active| active.id == book.id)?;
        self.until("the book has a page", |family| memory::web_processes(family) > 0)?;
        std::thread::sleep(READING);
        // Alt+F4 (keysymdef.h).
        stage.person.chord(&[keys::ALT, 0xffc1])?;
        stage.clear()?;
        self.until("the book is gone", |family| family.len() == 1)?;
        Ok(painted.since(asked))
    }

    fn until(&self, what: &str, holds: impl Fn(&[u32]) -> bool) -> Outcome<()> {
        let until = Instant::now() + SOON;
        while !holds(&memory::family(self.program.pid())) {
            if Instant::now() > until {
                return Err(format!("never: {what}").into());
            }
            // Nobody announces the end of somebody else's process.
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn owns(&self, window: &Window) -> bool {
        window.pid == Some(self.program.pid())
    }
}

/// What an agent asks: the method and its parameters.
struct Question(&'static str, Value);

/// A short command.
fn plain() -> Question {
    call(json!({"command": "git push --force origin main"}))
}

/// An argument of 3,000 lines.
fn long() -> Question {
    let lines: Vec<String> = (1..=3000).map(|line| format!("echo step {line} && sync")).collect();
    call(json!({"script": lines.join("\n")}))
}

fn call(arguments: Value) -> Question {
    let reason = "The release branch was rebased.";
    let call = json!({"tool": "shell", "arguments": arguments, "reason": reason, "expires_in": 60});
    Question("approval/request", call)
}

/// A form with ten kinds of fields (digest §3.4).
fn form() -> Question {
    let text = |more: Value| {
        let mut field = json!({"type": "string"});
        if let Some((field, more)) = field.as_object_mut().zip(more.as_object()) {
            field.extend(more.clone());
        }
        field
    };
    let titled = json!([{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]);
    let properties = json!({
        "branch": text(json!({"minLength": 1, "maxLength": 40})),
        "mail": text(json!({"format": "email"})),
        "page": text(json!({"format": "uri"})),
        "day": text(json!({"format": "date"})),
        "at": text(json!({"format": "date-time"})),
        "copies": {"type": "integer", "minimum": 1, "maximum": 9},
        "ratio": {"type": "number"},
        "force": {"type": "boolean", "default": false},
        "way": {"type": "string", "oneOf": titled},
        "parts": {"type": "array", "items": {"anyOf": titled}, "maxItems": 2},
    });
    let schema = json!({"type": "object", "properties": properties, "required": ["branch"]});
    let asked = json!({"message": "How shall it be released?", "requestedSchema": schema});
    Question("elicitation/create", asked)
}

/// A window that is Tauri and nothing else; milliseconds from its start to its page.
fn bare(stage: &Stage) -> Outcome<f64> {
    let command = stage.command(stage.programs.join("bare-window"))?;
    let begun = now();
    let program = stage.session.spawn("bare-window", command)?;
    let painted = stage.watch.await_painted(SOON, |window| window.title == "Bare")?;
    program.stop();
    Ok(painted.since(begun))
}

/// Runs a program of ours to its end; in milliseconds.
fn run(stage: &Stage, name: &str, arguments: &[&str]) -> Outcome<f64> {
    let mut command = stage.command(stage.programs.join(name))?;
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = now();
    let status = command.status()?;
    let ended = now();
    if status.success() { Ok(ended.since(begun)) } else { Err(format!("{name}: {status}").into()) }
}
