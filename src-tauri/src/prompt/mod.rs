//! The prompt: the native window in which decisions are made and secrets typed (design §6).
//!
//! **Promises.** It draws [`placet_core::display::Screen`] and nothing else of a stranger's. Every
//! input event passes one gate in front of GTK ([`gate`]); what a person does counts only as a
//! deliberate gesture ([`gesture`]). It opens without taking the focus. Its looks, its text and its
//! accessibility tree are its own, whatever the user's files say ([`style`]).
//!
//! **Never** decide anything, speak to a server or the socket, or keep a secret beyond its screen.
//!
//! A call goes `handle` → `window` → `page` (`sections`, `pour`, `seen`, `fields`, `footer`); an answer goes `gate` →
//! `judge` → `input` → `gesture` → `answer` → `window` → the handle's future.

mod answer;
mod area;
mod cover;
mod fields;
mod footer;
mod gate;
mod gesture;
mod glass;
mod handle;
mod input;
mod judge;
mod options;
mod page;
mod place;
mod pointer;
mod pour;
mod raise;
mod ramp;
mod secret_field;
mod sections;
mod seen;
mod server_time;
mod style;
mod window;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;
use placet_core::request::RequestId;

pub use handle::PromptHandle;
pub use style::{Appearance, Scheme};

/// Hears what the prompt saw. Called on GTK's thread: must not block.
pub trait Witness: Send + Sync {
    /// Input that only an attack or a tool injects: for the record's `Suspicious`. `what` is a
    /// stable word; `detail` names a kind and a device, never a key or a text.
    fn suspicious(&self, what: &'static str, detail: &str);
    /// The person turned to this request: the prompt has the focus with it.
    fn looked_at(&self, request: &RequestId) {
        let _ = request;
    }
    /// The person denied this request and everything that waits from the same requester (H16). The
    /// request itself is answered as any other.
    fn deny_all(&self, request: &RequestId) {
        let _ = request;
    }
    /// The person denied this request and wants to hear nothing from its requester for an hour
    /// (H16). The request itself is answered as any other.
    fn mute(&self, request: &RequestId) {
        let _ = request;
    }
    /// The screen of this request is on the glass.
    fn painted(&self, request: &RequestId) {
        let _ = request;
    }
}

/// The prompt's window cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrompt {
    /// There is no display, or GTK could not use it.
    #[error("there is no display")]
    NoDisplay,
}

/// The window. Lives on GTK's main thread; ends every question when it is dropped.
pub struct Prompt {
    entrance: Rc<input::Entrance>,
    handle: PromptHandle,
    available: Arc<AtomicBool>,
    commands: glib::JoinHandle<()>,
}

impl Prompt {
    /// Makes the window, hidden. Call on the thread on which GTK was initialized; once in a
    /// process. `observable` says whether other clients of the session can watch or inject input;
    /// it goes into every gesture.
    ///
    /// # Errors
    /// [`NoPrompt`] without a display.
    pub fn new(
        witness: Arc<dyn Witness>,
        appearance: Appearance,
        observable: bool,
    ) -> Result<Self, NoPrompt> {
        if gdk::Display::default().is_none() {
            return Err(NoPrompt::NoDisplay);
        }
        endure_errors();
        // The class of the window on X11, its application id on Wayland.
        glib::set_prgname(Some("placet"));
        gdk::set_program_class("placet");
        // All words of ours run from left to right, and no value may run otherwise (H9).
        gtk::Widget::set_default_direction(gtk::TextDirection::Ltr);
        let style = style::Style::put_on(appearance);
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        let gate = gate::Gate::put_up(&window);
        let inner = window::Inner::new(window, Rc::clone(&gate), style, witness, observable);
        let entrance = Rc::new(input::Entrance(Rc::clone(&inner)));
        let behind: Rc<dyn gate::Behind> = entrance.clone();
        gate.serve(Rc::downgrade(&behind));

        let available = Arc::new(AtomicBool::new(true));
        let (handle, mut from) = PromptHandle::new(Arc::clone(&available));
        let commands = glib::MainContext::default().spawn_local(async move {
            while let Some(command) = from.recv().await {
                inner.command(command);
            }
        });
        Ok(Self { entrance, handle, available, commands })
    }

    /// What the rest of the program holds.
    #[must_use]
    pub fn handle(&self) -> PromptHandle {
        self.handle.clone()
    }
}

/// Any client can destroy the window, and the toolkit ends the process at the next request about a
/// window that is no more. An error of the display is never more than that here; the connection's end
/// still ends the process.
fn endure_errors() {
    let display = gdk::Display::default();
    if let Some(display) = display.and_then(|display| display.downcast::<gdkx11::X11Display>().ok())
    {
        // Never popped: it can happen at any time.
        display.error_trap_push();
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        self.available.store(false, Ordering::Release);
        self.commands.abort();
        self.entrance.0.close();
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt").finish_non_exhaustive()
    }
}
