//! What came over the prompt and went again between two looks at the stacking.
//!
//! **Promises.** While the prompt is on the screen, the display tells of each window that is shown,
//! moved or restacked beside it, its frame, or inside of them; none is too short-lived for that. A
//! window that went away before it could be asked where it was counts as having been over it.
//!
//! **Never** are events kept for a prompt that is not on the screen: the display would store them
//! without end.

use std::cell::RefCell;
use std::collections::HashMap;

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use super::area::Area;

type Looked<T> = Result<T, Box<dyn std::error::Error>>;

/// More than any desktop has to tell between two looks. What is more counts as having been over it.
const MOST: usize = 1024;

/// The windows whose inner life is told to us: those that ours is in, and ours.
#[derive(Debug, Default)]
pub(super) struct Passing {
    watched: RefCell<Vec<Window>>,
}

impl Passing {
    /// Asks to be told from now on, once for each of these.
    pub(super) fn watch(&self, connection: &RustConnection, windows: &[Window]) -> Looked<()> {
        let mut watched = self.watched.borrow_mut();
        for window in windows.iter().filter(|window| !watched.contains(window)).collect::<Vec<_>>()
        {
            let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
            connection.change_window_attributes(*window, &aux)?.check()?;
            watched.push(*window);
        }
        Ok(())
    }

    /// Asks to be told nothing any more, and forgets what was told.
    pub(super) fn rest(&self, connection: &RustConnection) -> Looked<()> {
        for window in self.watched.take() {
            let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
            // A frame is gone with the window that was in it.
            connection.change_window_attributes(window, &aux)?.ignore_error();
        }
        connection.flush()?;
        Ok(())
    }

    /// Whether anything was shown or moved within `ours` since the last time. `own` are those that
    /// ours is in, and itself, and what shows nothing of its own.
    pub(super) fn passed(
        &self,
        connection: &RustConnection,
        ours: Area,
        own: &[Window],
    ) -> Looked<bool> {
        let mut over = false;
        // Where those were that were made, or moved, meanwhile: they may be gone.
        let mut places: HashMap<Window, Area> = HashMap::new();
        let mut told = 0;
        while let Some(event) = connection.poll_for_event()? {
            told += 1;
            // Only emptied from here on, without a question for each: who tells fast enough must
            // not keep us here.
            if over || told > MOST {
                over = true;
                continue;
            }
            let (parent, window) = match event {
                Event::CreateNotify(made) => {
                    let at = (made.x.into(), made.y.into());
                    let area = Area::at(at, made.width.into(), made.height.into());
                    if let Some(corner) = corner(connection, made.parent) {
                        places.insert(made.window, area.moved(corner));
                    }
                    continue;
                }
                Event::ConfigureNotify(moved) => {
                    let at = (moved.x.into(), moved.y.into());
                    let area = Area::at(at, moved.width.into(), moved.height.into())
                        .wider(moved.border_width.into());
                    if let Some(corner) = corner(connection, moved.event) {
                        places.insert(moved.window, area.moved(corner));
                    }
                    (moved.event, moved.window)
                }
                Event::MapNotify(shown) => (shown.event, shown.window),
                Event::CirculateNotify(turned) => (turned.event, turned.window),
                _ => continue,
            };
            // What was told before the last rest is of no prompt that is on the screen.
            if own.contains(&window) || !self.watched.borrow().contains(&parent) {
                continue;
            }
            let shown = matches!(event, Event::MapNotify(_));
            over = match place(connection, window)? {
                Some(Place { shows: false, .. }) => false,
                // Moving what is not on the screen shows nothing.
                Some(Place { viewable: false, .. }) if !shown => false,
                Some(Place { area, .. }) => {
                    area.meets(ours) || places.get(&window).is_some_and(|area| area.meets(ours))
                }
                None => places.get(&window).is_none_or(|area| area.meets(ours)),
            };
        }
        Ok(over)
    }
}

/// What a window is now.
struct Place {
    area: Area,
    /// It is on the screen.
    viewable: bool,
    /// It has pixels.
    shows: bool,
}

/// `None` if it is gone.
fn place(connection: &RustConnection, window: Window) -> Looked<Option<Place>> {
    use x11rb::protocol::xproto::MapState;
    let attributes = connection.get_window_attributes(window)?;
    let geometry = connection.get_geometry(window)?;
    let (Ok(attributes), Ok(geometry)) = (attributes.reply(), geometry.reply()) else {
        return Ok(None);
    };
    let Some(corner) = corner(connection, window) else { return Ok(None) };
    let area = Area::at(corner, geometry.width.into(), geometry.height.into())
        .wider(geometry.border_width.into());
    Ok(Some(Place {
        area,
        viewable: attributes.map_state == MapState::VIEWABLE,
        shows: attributes.class != WindowClass::INPUT_ONLY,
    }))
}

/// Where a window's upper left corner is on the screen; `None` if it is gone.
fn corner(connection: &RustConnection, window: Window) -> Option<(i32, i32)> {
    let root = connection.setup().roots.first()?.root;
    let corner = connection.translate_coordinates(window, root, 0, 0).ok()?.reply().ok()?;
    Some((corner.dst_x.into(), corner.dst_y.into()))
}
