//! Bringing the prompt up, for the person or for a program.
//!
//! **Promises.** The person's own click on the tray or a notification raises the prompt and gives it
//! the focus. A program that asks over the socket raises it and asks for attention: the keys go on
//! to where the person is typing. Both take it from where it was put away: an icon, another
//! desktop, beyond the edge of the screen. On Wayland a window cannot come up without asking for the
//! focus: there the prompt waits to be opened if somebody announced what is asked, and comes up by
//! itself if nobody did.
//!
//! **Never** take either for proof of who asked: any program of the session can press the
//! notification (design §2). What keeps keys that were meant for another window from approving is in
//! [`super::gesture`] and [`super::input`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;
use placet_core::request::RequestId;

use super::cover::Sight;
use super::server_time::ServerTime;
use super::window::Inner;

/// The window manager is asked at most this many times, once a tick: a new window takes it a moment.
const TIMES: u32 = 15;
/// Who has not announced what is asked by then does not: what waits is to be reachable within two
/// seconds (design §6).
const ANNOUNCED_WITHIN: Duration = Duration::from_millis(1500);
/// So many announcements are remembered: no more have one that is their own.
const REMEMBERED: usize = 8;

/// What is still to be asked for.
#[derive(Debug, Default)]
pub(super) struct Raising {
    left: Cell<u32>,
    with_focus: Cell<bool>,
    announced: RefCell<VecDeque<RequestId>>,
    /// Comes up if nobody announces it.
    patience: RefCell<Option<glib::SourceId>>,
}

impl Raising {
    /// Nothing any more.
    pub(super) fn stop(&self) {
        self.left.set(0);
        self.with_focus.set(false);
        self.lose_patience();
    }
}

impl Raising {
    /// Waits no more.
    fn lose_patience(&self) {
        if let Some(id) = self.patience.take() {
            id.remove();
        }
    }
}

impl Inner {
    /// Shows what is asked, which the person did not ask for: without the focus, or not at once.
    pub(super) fn come_up(self: &Rc<Self>) {
        let window = self.window.window();
        let takes_focus = window.is_none_or(|window| !window.is::<gdkx11::X11Window>());
        if !takes_focus || self.window.is_visible() {
            return self.appear();
        }
        if self.is_announced() {
            return;
        }
        let weak = Rc::downgrade(self);
        let id = glib::timeout_add_local_once(ANNOUNCED_WITHIN, move || {
            let Some(inner) = weak.upgrade() else { return };
            inner.raising.patience.replace(None);
            if inner.live() && !inner.away.get() && !inner.is_announced() {
                inner.appear();
            }
        });
        self.raising.lose_patience();
        self.raising.patience.replace(Some(id));
    }

    /// Somebody told the person of this request.
    pub(super) fn announced(&self, request: RequestId) {
        let mut announced = self.raising.announced.borrow_mut();
        announced.push_front(request);
        announced.truncate(REMEMBERED);
    }

    /// The notifications were withdrawn: what waits further is announced by nobody any more.
    pub(super) fn unannounced(&self) {
        self.raising.announced.borrow_mut().clear();
    }

    fn is_announced(&self) -> bool {
        let (shown, announced) = (self.shown.borrow(), self.raising.announced.borrow());
        shown.as_ref().is_some_and(|shown| announced.contains(&shown.screen.request))
    }

    /// Brings the prompt up, if there is anything to show.
    pub(super) fn open(self: &Rc<Self>, with_focus: bool) {
        if !self.live() || self.away.get() {
            return;
        }
        self.appear();
        // What a program asks for takes nothing away from what the person asked for.
        let with_focus =
            with_focus || (self.raising.left.get() > 0 && self.raising.with_focus.get());
        self.raising.with_focus.set(with_focus);
        self.raising.left.set(TIMES);
        if with_focus {
            self.present();
        } else {
            self.lift();
            self.window.set_urgency_hint(!self.window.is_active());
        }
    }

    /// Asks once more, if it is not yet where it was asked to be.
    pub(super) fn raise_again(self: &Rc<Self>) {
        let Some(left) = self.raising.left.get().checked_sub(1) else { return };
        self.raising.left.set(left);
        if !self.raising.with_focus.get() {
            self.lift();
        } else if self.window.is_active() {
            self.raising.stop();
        } else {
            self.present();
        }
    }

    /// To the top, without the focus, unless it is there.
    fn lift(self: &Rc<Self>) {
        let Some(window) = self.window.window() else { return };
        if window.state().contains(gdk::WindowState::ICONIFIED) {
            // A window manager that is asked to bring an icon back gives it the focus. It does not
            // if the window comes anew.
            self.window.hide();
            self.window.deiconify();
            self.appear();
        }
        if self.look_for_cover() != Sight::Whole {
            window.raise();
        }
    }

    /// To the top, with the focus.
    fn present(&self) {
        // A window manager raises only for an event that is newer than the last one it saw. The
        // toolkit's own way to the server's time waits for ever if the window is no more.
        let time = self.server_time.as_ref().and_then(ServerTime::now);
        self.window.present_with_time(time.unwrap_or(0));
    }
}
