//! A canary in the clipboard: an X client that owns it and gives it to whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConnectionExt, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::desktop::{Fault, Result, Screen};

/// The clipboard holds the canary until this is dropped.
#[derive(Debug)]
pub struct Copied {
    over: Arc<AtomicBool>,
    owner: Option<JoinHandle<()>>,
}

/// Owns `CLIPBOARD` on a display, with a connection of its own.
///
/// # Errors
/// When the X server does not answer.
pub fn clipboard(screen: Screen, canary: &[u8]) -> Result<Copied> {
    let doing = |error: &dyn std::fmt::Display| Fault::new("planting into the clipboard", error);
    let connection = screen.connection();
    let window = connection.generate_id().map_err(|error| doing(&error))?;
    let (kind, none) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection
        .create_window(0, window, screen.root(), 0, 0, 1, 1, 0, kind, 0, &none)
        .map_err(|error| doing(&error))?;
    let selection = screen.atom("CLIPBOARD")?;
    connection
        .set_selection_owner(window, selection, x11rb::CURRENT_TIME)
        .map_err(|error| doing(&error))?
        .check()
        .map_err(|error| doing(&error))?;
    let over = Arc::new(AtomicBool::new(false));
    let (told, canary) = (Arc::clone(&over), canary.to_vec());
    let owner = std::thread::spawn(move || {
        while !told.load(Ordering::Relaxed) {
            let request = screen.await_event(Duration::from_millis(50), |event| match event {
                Event::SelectionRequest(request) => Some(*request),
                _ => None,
            });
            match request {
                Ok(Some(request)) => {
                    // A requester that has gone is not our concern.
                    let _ = answer(&screen, &request, &canary);
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    });
    Ok(Copied { over, owner: Some(owner) })
}

impl Drop for Copied {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
    }
}

/// ICCCM section 2.2: the value goes into a property of the requester, and an event says so.
fn answer(screen: &Screen, request: &SelectionRequestEvent, canary: &[u8]) -> Result<()> {
    let doing = |error: &dyn std::fmt::Display| Fault::new("giving the clipboard", error);
    let connection = screen.connection();
    let text = screen.atom("UTF8_STRING")?;
    let targets = screen.atom("TARGETS")?;
    let (window, property) = (request.requestor, request.property);
    if request.target == targets {
        let atom = x11rb::protocol::xproto::AtomEnum::ATOM;
        connection
            .change_property32(PropMode::REPLACE, window, property, atom, &[targets, text])
            .map_err(|error| doing(&error))?;
    } else {
        connection
            .change_property8(PropMode::REPLACE, window, property, request.target, canary)
            .map_err(|error| doing(&error))?;
    }
    let event = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: request.time,
        requestor: window,
        selection: request.selection,
        target: request.target,
        property,
    };
    connection
        .send_event(false, window, EventMask::NO_EVENT, event)
        .map_err(|error| doing(&error))?
        .check()
        .map_err(|error| doing(&error))
}
