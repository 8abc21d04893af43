//! The prompt alone on a private desktop: `prompt-preview` driven over its pipes, a person, eyes
//! and an attacker.
//!
//! Needs the program `prompt-preview` beside the tests (`cargo build -p placet-desktop`).

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use placet_stage::desktop::{Builder, Eyes, Node, Person, Program, Session, State, keys};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Far longer than anything here takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);
/// The prompt's name on the accessibility bus.
pub const PROMPT: &str = "placet";
/// The hold that the gesture needs (design §6), and some more.
pub const HELD: Duration = Duration::from_millis(750);
/// The arming time (H5), and a little more: what is done after it must count.
pub const ARMED: Duration = Duration::from_millis(900);
/// Nothing that must not come has come after this time.
pub const QUIET: Duration = Duration::from_millis(500);
/// Words of the foot that are not part of a screen.
pub const REASON: &str = "Deny with a reason…";

/// What the foot says to who pressed Ctrl+Enter elsewhere.
pub const GO_TO: &str = "To approve by keyboard: Tab to the last button, then Ctrl+Enter.";

/// The prompt on a desktop of its own.
pub struct Desk {
    pub session: Session,
    pub eyes: Eyes,
    pub person: Person,
    input: ChildStdin,
    events: Receiver<Value>,
    /// The lines of the screen shown last.
    pub lines: Vec<String>,
    pub program: Program,
    _alone: MutexGuard<'static, ()>,
}

/// One desktop at a time: two cores do not carry more.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub fn new() -> Self {
        Self::with(Session::builder())
    }

    pub fn with(builder: Builder) -> Self {
        let alone = alone();
        let session = builder.start().unwrap();
        Self::on(session, alone)
    }

    pub fn on(session: Session, alone: MutexGuard<'static, ()>) -> Self {
        let command = session.command(preview()).unwrap();
        Self::started(session, alone, command)
    }

    /// In the language that nobody speaks (`placet_texts::pretend`).
    pub fn pretended(builder: Builder) -> Self {
        let alone = alone();
        let session = builder.start().unwrap();
        let mut command = session.command(preview()).unwrap();
        command.env("PLACET_TEST_PRETEND", "1");
        Self::started(session, alone, command)
    }

    fn started(session: Session, alone: MutexGuard<'static, ()>, mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        let mut program = session.spawn_piped("prompt-preview", command).unwrap();
        let input = program.stdin().unwrap();
        let output = BufReader::new(program.stdout().unwrap());
        let (events, received) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if events.send(event).is_err() {
                    break;
                }
            }
        });
        let (eyes, person) = (session.eyes().unwrap(), session.person().unwrap());
        let mut desk = Self {
            session,
            eyes,
            person,
            input,
            events: received,
            lines: vec![],
            program,
            _alone: alone,
        };
        desk.event("ready");
        desk
    }

    pub fn tell(&mut self, command: &Value) {
        writeln!(self.input, "{command}").unwrap();
        self.input.flush().unwrap();
    }

    /// The next event with this member; the others before it are dropped.
    pub fn event(&mut self, name: &str) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) if event.get(name).is_some() => return event,
                Ok(_) => {}
                Err(why) => panic!("no {name}: {why}; {}", self.program.log()),
            }
        }
    }

    /// Fails if an event with this member comes within a short time.
    pub fn no_event(&mut self, name: &str) {
        let deadline = Instant::now() + QUIET;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) => {
                    assert!(event.get(name).is_none(), "there was {event}; {}", self.program.log())
                }
                Err(RecvTimeoutError::Timeout) => return,
                Err(why) => panic!("{why}; {}", self.program.log()),
            }
        }
    }

    /// Shows a sample and waits until it is on the glass; the prompt has not the focus.
    pub fn show(&mut self, command: Value) -> Node {
        self.tell(&command);
        let shown = self.event("shown");
        let lines = shown["lines"].as_array().unwrap();
        self.lines = lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
        self.event("painted");
        self.window()
    }

    /// As [`Self::show`], then gives it the focus, as somebody who clicks the notification does,
    /// and waits until it is armed.
    pub fn ask(&mut self, command: Value) -> Node {
        self.show(command);
        self.open();
        self.scroll_through();
        self.armed()
    }

    /// Has all of the page in sight once, as the foot asks for. What is folded stays so.
    pub fn scroll_through(&mut self) {
        // Turns are counted, not seconds: a long page takes long on a busy machine.
        for _ in 0..100 {
            let Some(down) = self.scrolling_asked() else { return };
            self.wheel(if down { 4 } else { -4 });
        }
        panic!("it is not over: {}", self.window().outline());
    }

    /// Reads an opened text to its end: turns the wheel over it as the foot asks for.
    pub fn read_text(&mut self, name: &str) {
        for _ in 0..200 {
            let window = self.window();
            let says = |part: &str| window.find(|node| node.name.contains(part)).is_some();
            let down = match (says("long text to its end"), says("long text up")) {
                (true, _) => true,
                (_, true) => false,
                _ => return,
            };
            let text = control(&window, "text", name).unwrap().place.unwrap();
            // What of it is on the page, which ends a little above the answers.
            let page = (window.place.unwrap().y + 40, self.button("Deny").place.unwrap().y - 80);
            let (top, end) = (text.y.max(page.0), (text.y + text.height).min(page.1));
            if end - top < 60 {
                self.wheel(if text.y > page.1 - 60 { 4 } else { -4 });
                continue;
            }
            self.person.wheel(text.x + 20, (top + end) / 2, if down { 3 } else { -3 }).unwrap();
        }
        panic!("it is not over: {}", self.window().outline());
    }

    /// Whether the foot asks to scroll, and if so whether down.
    pub fn scrolling_asked(&self) -> Option<bool> {
        let window = self.window();
        let says = |part: &str| window.find(|node| node.name.contains(part)).is_some();
        match (says("scroll down"), says("scroll up")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// Turns the wheel at the edge of the prompt, where nothing but the page scrolls.
    pub fn wheel(&mut self, notches: i32) {
        let place = self.window().place.unwrap();
        self.person.wheel(place.x + 6, place.y + place.height / 3, notches).unwrap();
    }

    /// Opens the prompt for the person and waits until it has the focus.
    pub fn open(&mut self) {
        self.tell(&json!({"open": true}));
        self.session.screen().await_active(SOON, |window| window.title == "Placet").unwrap();
    }

    /// Waits until input counts. There is no event for it: the time itself is what is waited for.
    pub fn armed(&self) -> Node {
        std::thread::sleep(ARMED);
        self.window()
    }

    /// The prompt as it is now.
    pub fn window(&self) -> Node {
        let heading = self.lines.first().cloned().unwrap_or_default();
        self.eyes
            .await_window(PROMPT, SOON, |window| {
                window.is(State::Showing) && control(window, "label", &heading).is_some()
            })
            .unwrap()
    }

    /// Waits until the prompt says this somewhere.
    pub fn says(&self, words: &str) -> Node {
        self.eyes
            .await_node(PROMPT, SOON, |node| {
                node.name == words || node.text.as_deref() == Some(words)
            })
            .unwrap()
    }

    /// Waits until the control with this name has the focus.
    pub fn focused(&self, name: &str) -> Node {
        self.eyes
            .await_node(PROMPT, SOON, |node| node.name == name && node.is(State::Focused))
            .unwrap()
    }

    /// The number of the prompt's window, whether it is on the screen or not.
    pub fn placet(&self) -> u32 {
        let windows = self.session.screen().windows().unwrap();
        windows.iter().find(|window| window.title == "Placet").unwrap().id
    }

    /// Waits until the prompt is off the screen.
    pub fn gone(&self) {
        self.session.screen().await_no_window(SOON, |window| window.title == "Placet").unwrap();
    }

    /// Holds Approve as the person does.
    pub fn hold_approve(&mut self) {
        let approve = self.button(&self.approve_name());
        self.person.hold_on(&approve, HELD).unwrap();
    }

    /// Holds Approve, and again if something came in between: windows that move about start the
    /// arming anew.
    pub fn approve_in_a_few_tries(&mut self) -> (String, Value) {
        for _ in 0..4 {
            self.armed();
            self.hold_approve();
            let deadline = Instant::now() + QUIET.max(Duration::from_secs(3));
            while let Ok(event) =
                self.events.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                if event.get("answer").is_some() {
                    return (event["answer"].as_str().unwrap().to_owned(), event["with"].clone());
                }
            }
        }
        panic!("no answer; {}", self.program.log())
    }

    /// Goes to Approve with the keyboard.
    pub fn go_to_approve(&mut self) {
        let focus = |windows: &[Node]| {
            let focused = |window: &Node| window.find(|node| node.is(State::Focused)).cloned();
            windows.iter().find_map(focused).map(|node| node.name)
        };
        let approve = self.approve_name();
        let mut at = self.eyes.until(PROMPT, SOON, focus).unwrap();
        // Every control of a sample, and some more.
        for _ in 0..20 {
            if at == approve {
                return;
            }
            self.person.key(keys::TAB).unwrap();
            let moved = |windows: &[Node]| focus(windows).filter(|name| *name != at);
            at = self.eyes.until(PROMPT, SOON, moved).unwrap();
        }
        panic!("{approve} was not reached");
    }

    /// Presses Ctrl+Enter as the person does, wherever the focus is.
    pub fn chord(&mut self) {
        self.person.chord(&[keys::CONTROL, keys::RETURN]).unwrap();
    }

    /// Stops the prompt's process, as any program of the user can, and waits until it is stopped.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.program.pid());
        let deadline = Instant::now() + SOON;
        // The state is the first letter after the name in brackets (proc(5)).
        let state = || {
            let stat = std::fs::read_to_string(&stat).unwrap();
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap()
        };
        while state() != 'T' {
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets the prompt's process go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.program.pid()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn approve_name(&self) -> String {
        self.lines.last().unwrap().clone()
    }

    pub fn button(&self, name: &str) -> Node {
        let window = self.window();
        let found = control(&window, "push button", name).cloned();
        found.unwrap_or_else(|| panic!("no button {name} in\n{}", window.outline()))
    }

    /// The last answer: its kind.
    pub fn answer(&mut self) -> (String, Value) {
        let event = self.event("answer");
        (event["answer"].as_str().unwrap().to_owned(), event["with"].clone())
    }

    /// A picture for whoever wants to look: into the folder that `PLACET_STAGE_PICTURES` names.
    pub fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("PLACET_STAGE_PICTURES") {
            self.session.screenshot(&PathBuf::from(folder).join(name)).unwrap();
        }
    }
}

/// What has this role and name in the window, also where it is scrolled out of sight.
pub fn control<'a>(window: &'a Node, role: &str, name: &str) -> Option<&'a Node> {
    window.find(|node| node.role == role && node.name == name && node.is(State::Visible))
}

/// What a screen reader reads of a window, in order: the words of everything that has any, but
/// what stands in the foot that changes, and what a field holds.
pub fn read(window: &Node) -> Vec<String> {
    let mut out = Vec::new();
    gather(window, &mut out);
    out
}

fn gather(node: &Node, out: &mut Vec<String>) {
    // Scrolled out of sight is still there to be read.
    if !node.is(State::Visible) {
        return;
    }
    match node.role.as_str() {
        "footer" => return,
        "label" | "push button" | "radio button" | "check box" => out.push(node.name.clone()),
        // An opened fold: text that nobody can write in.
        "text" if !node.is(State::Editable) => out.extend(node.text.clone()),
        _ => {}
    }
    for child in &node.children {
        gather(child, out);
    }
}

fn preview() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(|deps| deps.parent()).unwrap().join("prompt-preview");
    assert!(path.exists(), "{} is missing: cargo build -p placet-desktop", path.display());
    path
}
