//! What the eyes see: a tree of things with roles, names, texts, states and places.

use std::fmt;

use zbus::wire::OwnedObjectPath;

/// A thing on the screen: a window, a button, a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is, in AT-SPI's words: `push button`, `label`, `frame`, `dialog`, `password text`…
    pub role: String,
    /// What it is called.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// The characters in it, when it has text of its own (a label, an entry).
    pub text: Option<String>,
    /// What can be done with it through accessibility, by its localised name (`Click`).
    pub actions: Vec<String>,
    /// Its states.
    pub states: States,
    /// Where it is on the screen; none when it is nowhere.
    pub place: Option<Rect>,
    /// What is in it.
    pub children: Vec<Node>,
    pub(crate) at: (String, OwnedObjectPath),
}

/// A rectangle of the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

/// A set of states (AT-SPI `StateType`, a bit each).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct States(pub(crate) u64);

/// The states that tests ask for, with AT-SPI's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// The window that takes the keys.
    Active = 1,
    /// Ticked.
    Checked = 4,
    /// Can be written in.
    Editable = 7,
    /// Can be used.
    Enabled = 8,
    /// Can take the keys.
    Focusable = 11,
    /// Takes the keys.
    Focused = 12,
    /// Keeps other windows of its program from use.
    Modal = 16,
    /// Held down.
    Pressed = 20,
    /// Chosen in a list.
    Selected = 23,
    /// Reacts to the person.
    Sensitive = 24,
    /// On screen now, together with all around it.
    Showing = 25,
    /// Not hidden itself.
    Visible = 30,
    /// What Enter would press.
    IsDefault = 39,
}

impl States {
    /// Whether `state` is in the set.
    #[must_use]
    pub fn has(self, state: State) -> bool {
        self.0 & (1 << (state as u8)) != 0
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            State::Active,
            State::Checked,
            State::Editable,
            State::Enabled,
            State::Focusable,
            State::Focused,
            State::Modal,
            State::Pressed,
            State::Selected,
            State::Sensitive,
            State::Showing,
            State::Visible,
            State::IsDefault,
        ];
        f.debug_set().entries(all.into_iter().filter(|state| self.has(*state))).finish()
    }
}

impl Node {
    /// Whether `state` holds.
    #[must_use]
    pub fn is(&self, state: State) -> bool {
        self.states.has(state)
    }

    /// This node and all in it, in reading order.
    #[must_use]
    pub fn all(&self) -> Vec<&Node> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Node::all));
        all
    }

    /// The first node, in reading order, that fits.
    pub fn find(&self, fits: impl Fn(&Node) -> bool) -> Option<&Node> {
        self.all().into_iter().find(|node| fits(node))
    }

    /// The first node on screen with this role and name.
    #[must_use]
    pub fn named(&self, role: &str, name: &str) -> Option<&Node> {
        self.find(|node| node.role == role && node.name == name && node.is(State::Showing))
    }

    /// The words on screen, in reading order: text where there is some, else names.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let shown = self.all().into_iter().filter(|node| node.is(State::Showing));
        shown
            .map(|node| node.text.as_deref().unwrap_or(&node.name))
            .filter(|words| !words.is_empty())
            .collect()
    }

    /// The middle of its place on the screen.
    #[must_use]
    pub fn middle(&self) -> Option<(i32, i32)> {
        self.place.map(|place| (place.x + place.width / 2, place.y + place.height / 2))
    }

    /// The tree as text, a line each: role, name, text, states, place.
    #[must_use]
    pub fn outline(&self) -> String {
        let mut lines = String::new();
        self.outline_into(&mut lines, 0);
        lines
    }

    fn outline_into(&self, lines: &mut String, depth: usize) {
        use fmt::Write;
        let indent = "  ".repeat(depth);
        // Writing to a string does not fail.
        let _ = write!(lines, "{indent}{} {:?}", self.role, self.name);
        if let Some(text) = &self.text {
            let _ = write!(lines, " text {text:?}");
        }
        if !self.description.is_empty() {
            let _ = write!(lines, " described {:?}", self.description);
        }
        let _ = write!(lines, " {:?}", self.states);
        if let Some(Rect { x, y, width, height }) = self.place {
            let _ = write!(lines, " {width}x{height}+{x}+{y}");
        }
        lines.push('\n');
        self.children.iter().for_each(|child| child.outline_into(lines, depth + 1));
    }
}
