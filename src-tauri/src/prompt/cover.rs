//! Whether the prompt is whole in sight, on X11: a connection of our own that looks at the stacking
//! of all windows, and at what cuts ours.
//!
//! **Promises.** Every window that is on the screen, can show something and is above the prompt
//! counts, also one that no window manager knows, that lets clicks through, that was there only
//! between two looks, or that a stranger put inside the prompt or its frame. The prompt must lie whole on what is lit of the screen and whole inside of
//! every window that it is in; no shape may cut it or them, and none of them may be see-through.
//! What cannot be known counts as covered. Under a compositor the X server's own visibility events
//! say "visible" to everyone; this does not depend on them.
//!
//! **Never** take [`Sight::Whole`] for proof: a stranger can also draw into the prompt's own window,
//! or tell the server to draw it elsewhere, and on Wayland nothing of this can be known (design §6).

use std::cell::{Cell, RefCell};

use gtk::gdk;
use gtk::prelude::*;
use x11rb::connection::Connection as _;
use x11rb::protocol::composite::ConnectionExt as _;
use x11rb::protocol::shape::{ConnectionExt as _, SK};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

use super::area::{Area, covers};
use super::glass::Glass;

/// A window is at most this many levels below the root: the frames of any window manager are few.
const LEVELS: usize = 16;
/// `_NET_WM_WINDOW_OPACITY` of a window that nothing shines through.
const OPAQUE: u32 = u32::MAX;

pub(super) type Looked<T> = Result<T, Box<dyn std::error::Error>>;

/// How much of the window the person can see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    /// All of it, as far as can be known.
    #[default]
    Whole,
    /// Something lies over it, or it cannot be known.
    Covered,
    /// A part of it is beyond the edge of the screen.
    OffScreen,
    /// A shape, or a window that it is in, cuts a part away.
    Cut,
    /// What is behind it shines through.
    SeeThrough,
    /// The screen was given colours in which text may vanish.
    Recoloured,
    /// The screen shows a part of what is drawn, or another picture of it.
    Distorted,
    /// The pointer is as large as a page.
    UnderPointer,
    /// The connection by which it would be known cannot be made.
    Unknown,
    /// It is smaller than what stands in it: another client can make it so.
    TooSmall,
}

/// Looks at the stacking, over a connection that is made anew when it was cut.
pub(super) struct Cover {
    display: String,
    link: RefCell<Option<Link>>,
}

impl Cover {
    /// `None` where the display is not X11.
    pub(super) fn of(display: &gdk::Display) -> Option<Self> {
        display.downcast_ref::<gdkx11::X11Display>()?;
        let display = display.name();
        let link = Link::new(&display)
            .inspect_err(|error| tracing::warn!(%error, "cannot see what lies over the prompt"));
        Some(Self { display: display.into(), link: RefCell::new(link.ok()) })
    }

    /// How much of this window can be seen.
    pub(super) fn sight(&self, window: &gdk::Window) -> Sight {
        let Some(window) = window.downcast_ref::<gdkx11::X11Window>() else {
            return Sight::Covered;
        };
        // X11 ids have 29 bits.
        let Ok(id) = Window::try_from(window.xid()) else { return Sight::Covered };
        let mut link = self.link.borrow_mut();
        // Any client can cut this connection, or take the last ones there are before ours is made:
        // once more with a new one.
        for _ in 0..2 {
            if link.is_none() {
                *link = Link::new(&self.display)
                    .inspect_err(|error| tracing::debug!(%error, "no way to look around"))
                    .ok();
            }
            let Some(there) = link.as_ref() else { return Sight::Unknown };
            match there.look(id) {
                Ok(sight) => return sight,
                Err(error) => {
                    tracing::warn!(%error, "cannot see what lies over the prompt");
                    *link = None;
                }
            }
        }
        Sight::Covered
    }
}

struct Link {
    connection: RustConnection,
    root: Window,
    /// The compositor's own window over everything, which shows what is below it.
    overlay: Cell<Option<Window>>,
    compositor: u32,
    opacity: u32,
}

impl Link {
    fn new(name: &str) -> Looked<Self> {
        let (connection, number) = x11rb::connect(Some(name))?;
        let screen = connection.setup().roots.get(number).ok_or("no such screen")?;
        let root = screen.root;
        let atom = |name: &str| -> Looked<u32> {
            Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
        };
        // EWMH: the owner of this selection is the compositor.
        let compositor = atom(&format!("_NET_WM_CM_S{number}"))?;
        let opacity = atom("_NET_WM_WINDOW_OPACITY")?;
        Glass::ready(&connection)?;
        Ok(Self { connection, root, overlay: Cell::new(None), compositor, opacity })
    }

    fn look(&self, id: Window) -> Looked<Sight> {
        let ours = self.place(id)?;
        // A stranger's window inside of ours.
        let inside = self.connection.query_tree(id)?.reply()?;
        if self.any_over(&inside.children, ours)? {
            return Ok(Sight::Covered);
        }
        // From ours up to the root: the windows above it on each level, and what cuts it there.
        let (mut below, mut parent) = (id, inside.parent);
        for _ in 0..LEVELS {
            if self.cut(below, ours)? {
                return Ok(Sight::Cut);
            }
            if self.see_through(below)? {
                return Ok(Sight::SeeThrough);
            }
            let level = self.connection.query_tree(parent)?.reply()?;
            // QueryTree lists from the bottom to the top.
            let above = level.children.iter().position(|child| *child == below);
            let above = above.and_then(|at| level.children.get(at + 1..)).unwrap_or_default();
            if self.any_over(above, ours)? {
                return Ok(Sight::Covered);
            }
            if parent == self.root {
                let glass = Glass { connection: &self.connection, root: self.root };
                return glass.look(ours, self.place(self.root)?);
            }
            (below, parent) = (parent, level.parent);
        }
        Ok(Sight::Covered)
    }

    /// Where a window is on the screen, without its border.
    fn place(&self, id: Window) -> Looked<Area> {
        let geometry = self.connection.get_geometry(id)?;
        let corner = self.connection.translate_coordinates(id, self.root, 0, 0)?;
        let (geometry, corner) = (geometry.reply()?, corner.reply()?);
        let corner = (corner.dst_x.into(), corner.dst_y.into());
        Ok(Area::at(corner, geometry.width.into(), geometry.height.into()))
    }

    /// Whether a part of `ours` does not show through `window`, which is ours or one that ours is
    /// in: it is smaller, or it or what it shows has another shape. A frame with round corners has
    /// a shape too: what matters is where ours is.
    fn cut(&self, window: Window, ours: Area) -> Looked<bool> {
        let attributes = self.connection.get_window_attributes(window)?;
        let extents = self.connection.shape_query_extents(window)?;
        let whole = self.place(window)?;
        let (attributes, extents) = (attributes.reply()?, extents.reply()?);
        if attributes.map_state != MapState::VIEWABLE || !covers(ours, &[whole]) {
            return Ok(true);
        }
        for (shaped, kind) in
            [(extents.bounding_shaped, SK::BOUNDING), (extents.clip_shaped, SK::CLIP)]
        {
            if !shaped {
                continue;
            }
            let shape = self.connection.shape_get_rectangles(window, kind)?.reply()?;
            let left_over = shape.rectangles.iter().map(|part| {
                let corner = (whole.left + i32::from(part.x), whole.top + i32::from(part.y));
                Area::at(corner, part.width.into(), part.height.into())
            });
            if !covers(ours, &left_over.collect::<Vec<_>>()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a compositor is told to let what is behind shine through.
    fn see_through(&self, window: Window) -> Looked<bool> {
        let property =
            self.connection.get_property(false, window, self.opacity, AtomEnum::ANY, 0, 1)?;
        let property = property.reply()?;
        if property.type_ == x11rb::NONE {
            return Ok(false);
        }
        Ok(property.value32().and_then(|mut values| values.next()) != Some(OPAQUE))
    }

    /// Whether any of these windows shows something within `ours`.
    fn any_over(&self, windows: &[Window], ours: Area) -> Looked<bool> {
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
            let corner = (corner.dst_x.into(), corner.dst_y.into());
            let area = Area::at(corner, geometry.width.into(), geometry.height.into())
                .wider(geometry.border_width.into());
            if area.meets(ours) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The compositor's own window, if there is a compositor: asking would make the window where
    /// there is none.
    fn overlay(&self) -> Looked<Option<Window>> {
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
