//! The X display: selections (the clipboard among them), and the properties of all windows, which
//! every client can read (titles, for one, and the old cut buffers).

use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt, CreateWindowAux, GetPropertyType, Window, WindowClass,
};

use super::places::Search;
use crate::desktop::{Fault, Result, Screen};

/// An owner that does not answer is listed; it cannot hold up the search.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
/// In units of four bytes: no property of a desktop is longer.
const LONGEST: u32 = 1 << 20;

impl Search<'_> {
    /// Looks in the selections and the window properties of a display.
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn display(&mut self, screen: &Screen) -> Result<&mut Self> {
        self.selections(screen)?;
        let mut total = (0, 0);
        self.properties(screen, screen.root(), &mut total);
        self.searched("window properties", "of the display", total.0, total.1);
        Ok(self)
    }

    fn selections(&mut self, screen: &Screen) -> Result<()> {
        let connection = screen.connection();
        let doing = |error: &dyn std::fmt::Display| Fault::new("reading the clipboard", error);
        let window = connection.generate_id().map_err(|error| doing(&error))?;
        let none = CreateWindowAux::new();
        connection
            .create_window(
                0,
                window,
                screen.root(),
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_ONLY,
                0,
                &none,
            )
            .map_err(|error| doing(&error))?;
        for name in ["PRIMARY", "SECONDARY", "CLIPBOARD"] {
            let selection = screen.atom(name)?;
            let owner = connection.get_selection_owner(selection).map_err(|error| doing(&error))?;
            let owner = owner.reply().map_err(|error| doing(&error))?.owner;
            if owner == x11rb::NONE {
                self.searched("clipboard", &format!("{name} (empty)"), 0, 0);
                continue;
            }
            let targets = converted(screen, window, selection, screen.atom("TARGETS")?)?;
            let listed = targets.unwrap_or_default();
            let mut targets: Vec<Atom> = listed
                .chunks_exact(4)
                .filter_map(|four| Some(Atom::from_ne_bytes(four.try_into().ok()?)))
                .collect();
            targets.extend([screen.atom("UTF8_STRING")?, AtomEnum::STRING.into()]);
            targets.sort_unstable();
            targets.dedup();
            // These do something, or say nothing of the content.
            for not in ["TARGETS", "MULTIPLE", "DELETE", "SAVE_TARGETS", "TIMESTAMP"] {
                let not = screen.atom(not)?;
                targets.retain(|target| *target != not);
            }
            let mut total = (0, 0);
            for target in targets {
                if let Some(bytes) = converted(screen, window, selection, target)? {
                    self.look(&format!("clipboard {name}"), &bytes);
                    total = (total.0 + 1, total.1 + bytes.len() as u64);
                }
            }
            if total.0 == 0 {
                self.unread(&format!("clipboard {name}"), &"its owner gave nothing");
            }
            self.searched("clipboard", name, total.0, total.1);
        }
        connection.destroy_window(window).map_err(|error| doing(&error))?;
        Ok(())
    }

    /// A window may be gone before it is looked at; then there is nothing to read.
    fn properties(&mut self, screen: &Screen, window: Window, total: &mut (u64, u64)) {
        for (name, bytes) in properties(screen, window).unwrap_or_default() {
            self.look(&format!("property {name} of window {window:#x}"), &bytes);
            *total = (total.0 + 1, total.1 + bytes.len() as u64);
        }
        let tree = screen.connection().query_tree(window).ok().and_then(|tree| tree.reply().ok());
        for child in tree.map(|tree| tree.children).unwrap_or_default() {
            self.properties(screen, child, total);
        }
    }
}

/// A selection in one form, or nothing when its owner does not give it.
fn converted(
    screen: &Screen,
    window: Window,
    selection: Atom,
    target: Atom,
) -> Result<Option<Vec<u8>>> {
    let doing = |error: &dyn std::fmt::Display| Fault::new("reading the clipboard", error);
    let connection = screen.connection();
    let property = screen.atom("PLACET_STAGE_SEARCH")?;
    connection
        .convert_selection(window, selection, target, property, x11rb::CURRENT_TIME)
        .map_err(|error| doing(&error))?;
    let answer = screen.await_event(ANSWERS_WITHIN, |event| match event {
        Event::SelectionNotify(notify) if notify.target == target => Some(notify.property),
        _ => None,
    })?;
    if answer.is_none_or(|property| property == x11rb::NONE) {
        return Ok(None);
    }
    let kind = GetPropertyType::ANY;
    let request = connection.get_property(true, window, property, kind, 0, LONGEST);
    let reply = request.map_err(|error| doing(&error))?.reply().map_err(|error| doing(&error))?;
    Ok(Some(reply.value))
}

fn properties(screen: &Screen, window: Window) -> Option<Vec<(String, Vec<u8>)>> {
    let connection = screen.connection();
    let list = connection.list_properties(window).ok()?.reply().ok()?;
    let mut found = vec![];
    for atom in list.atoms {
        let kind = GetPropertyType::ANY;
        let request = connection.get_property(false, window, atom, kind, 0, LONGEST).ok()?;
        let Ok(reply) = request.reply() else { continue };
        let name = connection.get_atom_name(atom).ok()?.reply().ok()?.name;
        found.push((String::from_utf8_lossy(&name).into_owned(), reply.value));
    }
    Some(found)
}
