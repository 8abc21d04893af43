//! What time it is at the display server, on X11.
//!
//! The events of a person bear the server's time, in milliseconds. To tell how long after a change
//! of the window a press came, the change needs the same clock: a program can stop this process
//! (`SIGSTOP`) and let it go on, and then our own clock says that seconds went by in which nothing
//! of ours ran.
//!
//! **Promises.** The time is at or after the moment of the question. It comes over a connection of
//! our own, as the answer to one request of ours: what another client sends or changes is not taken
//! for it.
//!
//! **Never** go on without it on X11: where it cannot be had, nothing counts.

use std::cell::RefCell;

use gtk::gdk;
use gtk::prelude::*;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The server's clock.
pub(super) struct ServerTime {
    display: String,
    link: RefCell<Option<Link>>,
}

struct Link {
    connection: RustConnection,
    /// Never shown; its property is what is asked about.
    window: Window,
}

impl ServerTime {
    /// `None` where the display is not X11: there only events bear a time.
    pub(super) fn of(display: &gdk::Display) -> Option<Self> {
        display.downcast_ref::<gdkx11::X11Display>()?;
        Some(Self { display: display.name().into(), link: RefCell::default() })
    }

    /// The time now, in milliseconds that begin anew after 49 days; `None` if the server does not
    /// say.
    pub(super) fn now(&self) -> Option<u32> {
        let mut link = self.link.borrow_mut();
        // Any client can cut this connection: once more with a new one.
        for _ in 0..2 {
            if link.is_none() {
                *link = Link::new(&self.display)
                    .inspect_err(|error| tracing::warn!(%error, "no way to the server's clock"))
                    .ok();
            }
            match link.as_ref()?.now() {
                Ok(time) => return Some(time),
                Err(error) => {
                    tracing::warn!(%error, "the server does not say what time it is");
                    *link = None;
                }
            }
        }
        None
    }
}

impl Link {
    fn new(display: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, number) = x11rb::connect(Some(display))?;
        let root = connection.setup().roots.get(number).ok_or("no such screen")?.root;
        let window = connection.generate_id()?;
        let aux = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        connection
            .create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &aux)?
            .check()?;
        Ok(Self { connection, window })
    }

    /// ICCCM, "Acquiring timestamps": a change of a property is told with the time of the change.
    fn now(&self) -> Result<u32, Box<dyn std::error::Error>> {
        let name = AtomEnum::WM_NAME;
        let asked = self
            .connection
            .change_property8(PropMode::APPEND, self.window, name, AtomEnum::STRING, &[])?
            .sequence_number();
        self.connection.flush()?;
        loop {
            let (event, sequence) = self.connection.wait_for_event_with_sequence()?;
            match event {
                Event::Error(error) => return Err(format!("{:?}", error.error_kind).into()),
                // Another client can change the property too, and send made-up events. The first
                // is told with an older number or is as new as ours; the second says what it is.
                Event::PropertyNotify(told)
                    if sequence >= asked && told.response_type & 0x80 == 0 =>
                {
                    return Ok(told.time);
                }
                _ => {}
            }
        }
    }
}
