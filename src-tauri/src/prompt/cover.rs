//! Whether something lies over the prompt, on X11: a connection of our own that looks at the
//! stacking of all windows.
//!
//! **Promises.** Every window that is on the screen, can show something and is above the prompt
//! counts, also one that no window manager knows, that lets clicks through, or that a stranger put
//! inside the prompt or its frame. What cannot be known counts as covered. Under a compositor the
//! X server's own visibility events say "visible" to everyone; this does not depend on them.
//!
//! **Never** take a "no" for proof: a stranger can also draw into the prompt's own window, and on
//! Wayland nothing of this can be known (design §6).

use std::cell::Cell;

use gtk::gdk;
use gtk::prelude::*;
use x11rb::connection::Connection as _;
use x11rb::protocol::composite::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, MapState, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

/// A window is at most this many levels below the root: the frames of any window manager are few.
const LEVELS: usize = 16;

/// Looks at the stacking.
pub(super) struct Cover {
    connection: RustConnection,
    root: Window,
    /// The compositor's own window over everything, which shows what is below it.
    overlay: Cell<Option<Window>>,
    compositor: u32,
}

/// A rectangle on the screen: left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Area(i32, i32, i32, i32);

impl Area {
    fn meets(self, other: Self) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }
}

impl Cover {
    /// `None` where the display is not X11.
    pub(super) fn of(display: &gdk::Display) -> Option<Self> {
        display.downcast_ref::<gdkx11::X11Display>()?;
        match Self::connect(&display.name()) {
            Ok(cover) => Some(cover),
            Err(error) => {
                tracing::warn!(%error, "cannot see what lies over the prompt");
                None
            }
        }
    }

    fn connect(name: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, number) = x11rb::connect(Some(name))?;
        let screen = connection.setup().roots.get(number).ok_or("no such screen")?;
        let root = screen.root;
        // EWMH: the owner of this selection is the compositor.
        let name = format!("_NET_WM_CM_S{number}");
        let compositor = connection.intern_atom(false, name.as_bytes())?.reply()?.atom;
        Ok(Self { connection, root, overlay: Cell::new(None), compositor })
    }

    /// True if something lies over this window, or if that cannot be known.
    pub(super) fn over(&self, window: &gdk::Window) -> bool {
        let Some(window) = window.downcast_ref::<gdkx11::X11Window>() else { return true };
        // X11 ids have 29 bits.
        let Ok(id) = Window::try_from(window.xid()) else { return true };
        self.look(id).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot see what lies over the prompt");
            true
        })
    }

    fn look(&self, id: Window) -> Result<bool, Box<dyn std::error::Error>> {
        let geometry = self.connection.get_geometry(id)?.reply()?;
        let corner = self.connection.translate_coordinates(id, self.root, 0, 0)?.reply()?;
        let (left, top) = (i32::from(corner.dst_x), i32::from(corner.dst_y));
        let ours =
            Area(left, top, left + i32::from(geometry.width), top + i32::from(geometry.height));

        // A stranger's window inside of ours.
        let inside = self.connection.query_tree(id)?.reply()?;
        if self.any_over(&inside.children, ours)? {
            return Ok(true);
        }
        // From ours up to the root: the windows above it on each level.
        let (mut below, mut parent) = (id, inside.parent);
        for _ in 0..LEVELS {
            let level = self.connection.query_tree(parent)?.reply()?;
            // QueryTree lists from the bottom to the top.
            let above = level.children.iter().position(|child| *child == below);
            let above = above.and_then(|at| level.children.get(at + 1..)).unwrap_or_default();
            if self.any_over(above, ours)? {
                return Ok(true);
            }
            if parent == self.root {
                return Ok(false);
            }
            (below, parent) = (parent, level.parent);
        }
        Ok(true)
    }

    /// Whether any of these windows shows something within `ours`.
    fn any_over(&self, windows: &[Window], ours: Area) -> Result<bool, Box<dyn std::error::Error>> {
        // All questions first, then all answers: one wait, however many windows.
        let overlay = self.overlay()?;
        let asked = windows
            .iter()
            .filter(|window| Some(**window) != overlay)
            .map(|window| {
                Ok((
                    self.connection.get_window_attributes(*window)?,
                    self.connection.get_geometry(*window)?,
                    self.connection.translate_coordinates(*window, self.root, 0, 0)?,
                ))
            })
            .collect::<Result<Vec<_>, x11rb::errors::ConnectionError>>()?;
        for (attributes, geometry, corner) in asked {
            // A window that went away in between lies over nothing.
            let (Ok(attributes), Ok(geometry), Ok(corner)) =
                (attributes.reply(), geometry.reply(), corner.reply())
            else {
                continue;
            };
            if attributes.map_state != MapState::VIEWABLE
                || attributes.class == WindowClass::INPUT_ONLY
            {
                continue;
            }
            let (left, top) = (i32::from(corner.dst_x), i32::from(corner.dst_y));
            let edge = i32::from(geometry.border_width);
            let area = Area(
                left - edge,
                top - edge,
                left + i32::from(geometry.width) + edge,
                top + i32::from(geometry.height) + edge,
            );
            if area.meets(ours) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The compositor's own window, if there is a compositor: asking would make the window where
    /// there is none.
    fn overlay(&self) -> Result<Option<Window>, Box<dyn std::error::Error>> {
        if self.connection.get_selection_owner(self.compositor)?.reply()?.owner == x11rb::NONE {
            return Ok(None);
        }
        if self.overlay.get().is_none() {
            let reply = self.connection.composite_get_overlay_window(self.root)?.reply()?;
            self.connection.composite_release_overlay_window(self.root)?.check()?;
            self.overlay.set(Some(reply.overlay_win));
        }
        Ok(self.overlay.get())
    }
}
