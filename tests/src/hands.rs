//! What a scripted person does with the prompt: reads it, takes their time, presses.
//!
//! **Promises.** Looks only at what the accessibility tree says, as a person looks at the screen;
//! works only through the X server's own input device (see [`placet_stage::desktop::Person`]).
//!
//! **Never** knows anything of Placet's insides: what it needs is on the screen.

use std::time::{Duration, Instant};

use placet_stage::desktop::{Eyes, Fault, Node, Person, Result, Session, State};

/// The prompt's program, as the accessibility bus names it.
pub const PROGRAM: &str = "placet";
/// A person needs longer than this to read anything; the prompt counts nothing for 700 ms (H5).
const READING: Duration = Duration::from_millis(900);
/// The press that approves takes 600 ms; a person is a little late.
const PRESS: Duration = Duration::from_millis(800);
/// How long a window may take to come or to change.
const WITHIN: Duration = Duration::from_secs(15);

/// Notches of the wheel at a time, and how often it is turned each way at most.
const NOTCHES: i32 = 4;
const TURNS: usize = 12;

/// A person at a session.
pub struct Hands<'s> {
    session: &'s Session,
    person: Person,
    eyes: Eyes,
}

impl<'s> Hands<'s> {
    /// Sits down.
    ///
    /// # Errors
    /// When the session has no screen or accessibility bus.
    pub fn new(session: &'s Session) -> Result<Self> {
        Ok(Self { session, person: session.person()?, eyes: session.eyes()? })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        self.session
    }

    /// The eyes.
    #[must_use]
    pub fn eyes(&self) -> &Eyes {
        &self.eyes
    }

    /// The hands themselves.
    pub fn person(&mut self) -> &mut Person {
        &mut self.person
    }

    /// Waits for the prompt to say something.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn prompt_saying(&self, words: &str) -> Result<Node> {
        self.eyes.await_window(PROGRAM, WITHIN, |window| {
            window.is(State::Showing) && window.words().iter().any(|line| line.contains(words))
        })
    }

    /// Waits for the prompt to have these words on its page, in sight or to be scrolled to.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn page_saying(&self, words: &str) -> Result<Node> {
        let says = |node: &&Node| node.is(State::Visible) && node.name.contains(words);
        let page = |windows: &[Node]| windows.iter().flat_map(Node::all).find(says).cloned();
        self.eyes.until(PROGRAM, WITHIN, page)
    }

    /// Waits until no prompt is on the screen.
    ///
    /// # Errors
    /// When one still is.
    pub fn no_prompt(&self) -> Result<()> {
        self.eyes.await_no_window(PROGRAM, WITHIN, |window| window.is(State::Showing))
    }

    /// Reads, then holds the control with this name until the screen says something else.
    ///
    /// # Errors
    /// When the control is not there, or nothing happens.
    pub fn approve(&mut self, name: &str) -> Result<()> {
        self.turn_to_it()?;
        self.scroll_through(name)?;
        let control = self.control(name)?;
        self.press(&control, PRESS, name)
    }

    /// Reads, then clicks the control with this name.
    ///
    /// # Errors
    /// As [`Hands::approve`].
    pub fn click(&mut self, name: &str) -> Result<()> {
        let control = self.control(name)?;
        self.press(&control, Duration::from_millis(60), name)
    }

    /// Clicks into the field with this name and types.
    ///
    /// # Errors
    /// When the field is not there.
    pub fn type_into(&mut self, name: &str, text: &str) -> Result<()> {
        let field = self.eyes.await_node(PROGRAM, WITHIN, |node| {
            node.name == name && matches!(node.role.as_str(), "text" | "entry" | "password text")
        })?;
        self.focus(&field)?;
        // The first click may only have raised the window.
        let focused = |node: &Node| node.name == name && node.is(State::Focused);
        if self.eyes.await_node(PROGRAM, READING, focused).is_err() {
            self.focus(&field)?;
        }
        self.person.type_text(text)?;
        // A person sees what they typed, or its dots, before they go on.
        let arrived = |node: &Node| {
            node.name == name
                && node.is(State::Showing)
                && match node.role.as_str() {
                    "password text" => node.description != "Nothing typed",
                    _ => node.text.as_deref() == Some(text),
                }
        };
        self.eyes.await_node(PROGRAM, WITHIN, arrived).map(drop)
    }

    /// Chooses the option with this name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn choose(&mut self, name: &str) -> Result<()> {
        let option = self
            .eyes
            .await_node(PROGRAM, WITHIN, |node| node.name == name && node.role == "radio button")?;
        self.focus(&option)?;
        if option.is(State::Checked) {
            return Ok(());
        }
        self.person.click_on(&option)?;
        let chosen = |node: &Node| node.name == name && node.is(State::Checked);
        self.eyes.await_node(PROGRAM, WITHIN, chosen).map(drop)
    }

    /// A first click only brings the window to the front: it never counts (design §6).
    fn focus(&mut self, node: &Node) -> Result<()> {
        std::thread::sleep(READING);
        self.person.click_on(node)?;
        std::thread::sleep(READING);
        Ok(())
    }

    /// Clicks where the prompt says so, if it does: its own notification then goes from over it.
    fn turn_to_it(&mut self) -> Result<()> {
        let windows = self.eyes.program("placet")?;
        let asked = windows.iter().flat_map(Node::all).find(|node| {
            node.name == "To answer, click this window first." && node.is(State::Showing)
        });
        match asked.cloned() {
            Some(words) => self.person.click_on(&words).map(drop),
            None => Ok(()),
        }
    }

    /// Scrolls until this control works: all must have been in sight.
    fn scroll_through(&mut self, name: &str) -> Result<()> {
        let ways = [NOTCHES; TURNS].into_iter().chain([-NOTCHES; TURNS]);
        for notches in ways {
            let found = |node: &Node| node.name == name && node.role == "push button";
            if self.eyes.await_node(PROGRAM, WITHIN, found)?.is(State::Sensitive) {
                return Ok(());
            }
            // On its edge, where nothing else scrolls.
            let window = self.eyes.await_window(PROGRAM, WITHIN, |one| one.is(State::Showing))?;
            if let Some(place) = window.place {
                self.person.wheel(place.x + 6, place.y + place.height / 2, notches)?;
            }
        }
        Ok(())
    }

    fn control(&self, name: &str) -> Result<Node> {
        self.eyes.await_node(PROGRAM, WITHIN, |node| {
            node.name == name && node.role == "push button" && node.is(State::Sensitive)
        })
    }

    /// People try again when a press did nothing, as the first one that only raised the window.
    fn press(&mut self, control: &Node, time: Duration, name: &str) -> Result<()> {
        let before = self.words();
        let until = Instant::now() + WITHIN;
        while Instant::now() < until {
            std::thread::sleep(READING);
            // The control may have moved while the person was reading.
            let Ok(now) = self.control(name) else { break };
            self.person.hold_on(&now, time)?;
            let changed =
                self.eyes.until(PROGRAM, PRESS, |windows| (words(windows) != before).then_some(()));
            if changed.is_ok() {
                return Ok(());
            }
        }
        Err(Fault::new("pressing", format!("{name} did nothing: {:?}", control.place)))
    }

    fn words(&self) -> Vec<String> {
        let programs = self.eyes.program(PROGRAM).unwrap_or_default();
        let windows: Vec<Node> = programs.into_iter().flat_map(|one| one.children).collect();
        words(&windows)
    }
}

/// What the windows say and offer, in sight or scrolled out of it, but for the foot, which changes
/// by itself.
fn words(windows: &[Node]) -> Vec<String> {
    let mut all = Vec::new();
    for window in windows {
        read(window, &mut all);
    }
    all
}

fn read(node: &Node, all: &mut Vec<String>) {
    if node.role == "footer" || !node.is(State::Visible) {
        return;
    }
    if node.role == "push button" {
        // A control that is switched off while the server is asked is a change, its hint is none.
        return all.push(format!("{} {}", node.name, node.is(State::Sensitive)));
    }
    all.extend(node.text.clone().or_else(|| Some(node.name.clone())).filter(|t| !t.is_empty()));
    for child in &node.children {
        read(child, all);
    }
}
