//! The one window: what it shows, when it is shown, and that nothing of it stays behind.
//!
//! **Promises.** It is made once and used again. It opens without taking the focus and is raised
//! only when the person asks. Secrets are wiped when a screen is answered, withdrawn, released or
//! hidden.
//!
//! **Never** change what is read while a screen stands.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;
use placet_core::code_time;
use placet_core::display::Screen;
use placet_core::ports::Answer;
use placet_core::request::{RequestId, Timestamp};
use tokio::sync::oneshot;

use super::Witness;
use super::cover::{Cover, Sight};
use super::gate::Gate;
use super::gesture::{Gestures, Moment};
use super::handle::{Command, Ticket};
use super::page::Page;
use super::place;
use super::raise::Raising;
use super::server_time::ServerTime;
use super::style::Style;

/// Constant: a title is no place for a stranger's text.
const TITLE: &str = "Placet";
/// How often the time left, the cover and the arming are looked at while the window is shown.
const TICK: Duration = Duration::from_millis(100);
/// What lies over the window is looked at every this many ticks; also at every press.
const COVER_TICKS: u32 = 2;
/// An expired request says so for this long.
const LINGER: Duration = Duration::from_secs(4);
/// What is put on record of a window that was taken away.
pub(super) const LOST: &str = "another program destroyed the prompt's window";

/// What the person did that does nothing, and what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A click or a single key on Approve.
    Hold,
    /// Enter on a control that only Space works.
    Space,
    /// The chord while the focus is elsewhere.
    GoTo,
    /// Typing before it counts.
    Pause,
}

/// What became of the screen that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The person is asked.
    Asking,
    /// The server is asked; only Cancel works.
    Busy,
    /// The person answered; what comes next is not known yet.
    Answered,
    /// Nobody waits for an answer any more.
    Withdrawn,
}

/// The screen that is shown.
pub(super) struct Shown {
    pub(super) ticket: Ticket,
    pub(super) screen: Box<Screen>,
    pub(super) phase: Phase,
    pub(super) reply: Option<oneshot::Sender<Answer>>,
}

/// The window and everything in it.
pub(super) struct Inner {
    pub(super) window: gtk::Window,
    pub(super) gate: Rc<Gate>,
    pub(super) page: Page,
    pub(super) gestures: RefCell<Gestures>,
    pub(super) shown: RefCell<Option<Shown>>,
    /// Keys whose press was taken here: their release is taken too.
    pub(super) taken: RefCell<BTreeSet<u16>>,
    pub(super) witness: Arc<dyn Witness>,
    pub(super) sight: Cell<Sight>,
    pub(super) refused_at: Cell<Option<Instant>>,
    /// When the person opened the line for a reason, which makes the window grow.
    pub(super) opened_at: Cell<Option<Instant>>,
    pub(super) hint: Cell<Option<Hint>>,
    /// When the person asked for another request than this.
    pub(super) stayed_at: Cell<Option<Instant>>,
    /// The person, or the prompt itself, put the keyboard's focus where it is.
    pub(super) aimed: Cell<bool>,
    pub(super) observable: bool,
    pub(super) style: Rc<Style>,
    cover: Option<Cover>,
    /// `None` where the display server tells no time but that of its events.
    pub(super) server_time: Option<ServerTime>,
    started: Instant,
    ticks: Cell<u32>,
    ticking: RefCell<Option<glib::SourceId>>,
    filling: RefCell<Option<gtk::TickCallbackId>>,
    lingering: RefCell<Option<glib::SourceId>>,
    pub(super) away: Cell<bool>,
    /// How many of those that wait are from the requester of which request.
    same: RefCell<Option<(RequestId, usize)>>,
    /// What is shown has not been on the glass yet.
    pub(super) unpainted: Cell<bool>,
    pub(super) raising: Raising,
    /// The first field is to be scrolled into sight.
    unscrolled: Cell<bool>,
    /// It comes up, and its size is to be found.
    unfit: Cell<bool>,
}

impl Inner {
    pub(super) fn new(
        window: gtk::Window,
        gate: Rc<Gate>,
        style: Rc<Style>,
        witness: Arc<dyn Witness>,
        observable: bool,
    ) -> Rc<Self> {
        window.set_title(TITLE);
        window.set_icon(icon().as_ref());
        window.style_context().add_class("placet");
        window.set_type_hint(gdk::WindowTypeHint::Dialog);
        window.set_focus_on_map(false);
        window.set_keep_above(true);
        // Whoever asked for it sees it, whichever desktop they are on.
        window.stick();
        window.add_events(gdk::EventMask::VISIBILITY_NOTIFY_MASK);
        if let Some(accessible) = window.accessible() {
            // A screen reader reads all labels of a dialog when it comes up.
            accessible.set_role(gtk::atk::Role::Dialog);
        }
        let page = Page::new(&gate);
        window.add(&page.whole);
        let display = gdk::Display::default();
        let cover = display.as_ref().and_then(Cover::of);
        let server_time = display.as_ref().and_then(ServerTime::of);
        let inner = Rc::new(Self {
            window,
            gate,
            page,
            witness,
            observable,
            style,
            cover,
            server_time,
            gestures: RefCell::default(),
            shown: RefCell::default(),
            taken: RefCell::default(),
            sight: Cell::default(),
            refused_at: Cell::new(None),
            opened_at: Cell::new(None),
            hint: Cell::new(None),
            stayed_at: Cell::new(None),
            aimed: Cell::new(false),
            started: Instant::now(),
            ticks: Cell::new(0),
            ticking: RefCell::default(),
            filling: RefCell::default(),
            lingering: RefCell::default(),
            away: Cell::new(false),
            same: RefCell::default(),
            unpainted: Cell::new(false),
            raising: Raising::default(),
            unscrolled: Cell::new(false),
            unfit: Cell::new(false),
        });
        inner.connect();
        inner
    }

    fn connect(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.window.connect_delete_event(move |_, _| {
            if let Some(inner) = weak.upgrade() {
                inner.answer(Answer::Dismiss);
            }
            glib::Propagation::Stop
        });
        let weak = Rc::downgrade(self);
        self.window.connect_is_active_notify(move |window| {
            let Some(inner) = weak.upgrade() else { return };
            if window.is_active() {
                window.set_urgency_hint(false);
                inner.disturb();
                inner.looked_at();
            } else {
                inner.gestures.borrow_mut().rest();
                inner.taken.borrow_mut().clear();
                inner.hint.set(None);
                inner.aim_anew();
            }
            inner.refresh();
        });
        let weak = Rc::downgrade(self);
        self.window.connect_check_resize(move |_| {
            if let Some(inner) = weak.upgrade().filter(|inner| inner.unfit.replace(false)) {
                let width = inner.style.page_width();
                place::put(&inner.window, width, |width, most| inner.page.hold(width, most));
            }
        });
        self.watch_focus();
        self.make();
    }

    /// Makes the window at the display.
    fn make(self: &Rc<Self>) {
        self.window.realize();
        if let Some(clock) = self.window.frame_clock() {
            let weak = Rc::downgrade(self);
            clock.connect_after_paint(move |_| {
                if let Some(inner) = weak.upgrade() {
                    inner.painted();
                }
            });
        }
    }

    /// The window is no more: any client can destroy it. What was typed is wiped, and what is asked
    /// is asked anew in another window.
    pub(super) fn lost(self: &Rc<Self>, report: bool) {
        if report {
            self.witness.suspicious("window_destroyed", LOST);
        }
        self.vanish();
        let weak = Rc::downgrade(self);
        // Not within the event, which still names the old one.
        glib::idle_add_local_once(move || {
            let Some(inner) = weak.upgrade() else { return };
            // Somebody may have opened it meanwhile: what is visible would not be shown anew.
            inner.vanish();
            inner.window.unrealize();
            inner.make();
            if inner.live() && !inner.away.get() {
                inner.appear();
                inner.refresh();
            }
        });
    }

    /// Time on a steady clock.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// When an event happened, and when we hear of it. X11 stamps every input; 0 is no time.
    pub(super) fn moment_of(&self, event: &gdk::Event) -> Moment {
        let server = Some(event.time()).filter(|time| *time != 0);
        Moment { steady: self.now(), server }
    }

    /// Something changed what a press means: arming starts anew from here.
    pub(super) fn disturb(&self) {
        let mut gestures = self.gestures.borrow_mut();
        if self.unpainted.get() {
            return gestures.unseen();
        }
        // Our own clock last: a process that is stopped in between waits longer by both.
        match self.server_time.as_ref().map(ServerTime::now) {
            Some(None) => gestures.unseen(),
            server => gestures.disturb(Moment { server: server.flatten(), steady: self.now() }),
        }
    }

    pub(super) fn command(self: &Rc<Self>, command: Command) {
        match command {
            Command::Show { ticket, screen, busy, reply } => {
                // Whoever asked may have gone away before the window heard of it.
                if !reply.is_closed() {
                    let phase = if busy { Phase::Busy } else { Phase::Asking };
                    self.show(Shown { ticket, screen, phase, reply: Some(reply) });
                }
            }
            Command::Withdraw(ticket) => self.withdraw(ticket),
            Command::Release(request) => self.release(&request),
            Command::Open { with_focus } => self.open(with_focus),
            Command::Begun(done) => {
                let _ = done.send(self.begun());
            }
            Command::Stays => {
                self.stayed_at.set(Some(Instant::now()));
                self.refresh();
            }
            Command::Waiting(names) => {
                if self.page.footer.waiting(&names) {
                    self.fit_again();
                }
            }
            Command::Same(request, count) => {
                self.same.replace(Some((request, count)));
                if self.offer_deny_all() {
                    self.fit_again();
                }
            }
            Command::Away(away, done) => {
                self.set_away(away);
                let _ = done.send(());
            }
            Command::Appear(appearance) => self.style.want(appearance),
            Command::Announced(request) => self.announced(request),
        }
    }

    fn show(self: &Rc<Self>, next: Shown) {
        self.stop_lingering();
        let before = self.shown.borrow_mut().take();
        let before = before.filter(|before| before.screen.request == next.screen.request);
        if before.is_none() {
            self.stayed_at.set(None);
        }
        let asking = next.phase == Phase::Asking;
        let earlier = before.as_ref().map(|before| &*before.screen);
        self.page.draw(earlier, &next.screen, asking);
        self.shown.replace(Some(next));
        let _ = self.offer_deny_all();
        self.hint.set(None);
        self.refused_at.set(None);
        self.opened_at.set(None);
        self.unpainted.set(true);
        self.unscrolled.set(asking);
        self.window.queue_draw();
        if self.window.is_active() {
            self.disturb();
            self.looked_at();
        } else {
            self.gestures.borrow_mut().rest();
        }
        // Before fitting, since what the foot says makes it higher; and before the focus, which an
        // insensitive control does not take.
        self.refresh();
        self.focus_first();
        if !self.away.get() {
            self.come_up();
        }
    }

    /// Says that the person turned to what is shown: its notification has done its work, and would
    /// only lie over the prompt.
    fn looked_at(&self) {
        if let Some(shown) = &*self.shown.borrow() {
            self.witness.looked_at(&shown.screen.request);
            self.unannounced();
        }
    }

    /// Offers to deny what else waits from the requester on the screen, if that is known of it.
    fn offer_deny_all(&self) -> bool {
        let shown = self.shown.borrow();
        let same = self.same.borrow();
        let count = match (shown.as_ref(), same.as_ref()) {
            (Some(shown), Some((request, count))) if shown.screen.request == *request => *count,
            _ => 0,
        };
        self.page.footer.same(count)
    }

    fn fit_again(&self) {
        if self.window.is_visible() {
            self.fit();
        }
    }

    /// Puts the window on the screen, without the focus.
    pub(super) fn appear(self: &Rc<Self>) {
        if self.window.is_visible() {
            self.fit();
        } else {
            // Within `show`, once the styles are in force: what was measured before, GTK forgets.
            self.unfit.set(true);
            self.unpainted.set(true);
            self.window.set_keep_above(true);
            // EWMH: a window whose last user activity was at 0 does not get the focus when it comes
            // up. GTK sets it once, and the person's last answer was activity.
            if let Some(window) = self.window.window()
                && let Some(window) = window.downcast_ref::<gdkx11::X11Window>()
            {
                window.set_user_time(0);
            }
            self.window.show();
        }
        if self.ticking.borrow().is_none() {
            let weak = Rc::downgrade(self);
            let id = glib::timeout_add_local(TICK, move || match weak.upgrade() {
                Some(inner) => {
                    inner.tick();
                    glib::ControlFlow::Continue
                }
                None => glib::ControlFlow::Break,
            });
            self.ticking.replace(Some(id));
        }
    }

    fn withdraw(&self, ticket: Ticket) {
        {
            let mut shown = self.shown.borrow_mut();
            let Some(shown) = shown.as_mut().filter(|shown| shown.ticket == ticket) else { return };
            if shown.reply.take().is_none() {
                return;
            }
            shown.phase = Phase::Withdrawn;
        }
        self.page.wipe();
        self.gestures.borrow_mut().cancel();
        self.refresh();
    }

    fn release(self: &Rc<Self>, request: &RequestId) {
        let (of_this, expired) = match self.shown.borrow().as_ref() {
            Some(shown) => (
                shown.screen.request == *request,
                shown.phase == Phase::Withdrawn && seconds_left(&shown.screen) == 0,
            ),
            None => return,
        };
        if !of_this {
            return;
        }
        self.page.wipe();
        if expired && self.window.is_visible() {
            // H12: the person sees why the prompt goes away.
            let weak = Rc::downgrade(self);
            let id = glib::timeout_add_local_once(LINGER, move || {
                if let Some(inner) = weak.upgrade() {
                    inner.lingering.replace(None);
                    inner.hide();
                }
            });
            self.stop_lingering();
            self.lingering.replace(Some(id));
        } else {
            self.hide();
        }
    }

    fn stop_lingering(&self) {
        if let Some(id) = self.lingering.take() {
            id.remove();
        }
    }

    fn set_away(self: &Rc<Self>, away: bool) {
        if self.away.replace(away) == away {
            return;
        }
        if away {
            self.page.wipe();
            self.vanish();
            // Off the screen before anybody hears that it is.
            self.window.display().sync();
        } else if self.live() {
            self.come_up();
            self.refresh();
        }
    }

    /// Answers the one who asked, once. Anything but an approval also hides the window.
    pub(super) fn answer(&self, answer: Answer) {
        let approve = matches!(answer, Answer::Approve { .. });
        let reply = {
            let mut shown = self.shown.borrow_mut();
            match shown.as_mut() {
                Some(shown) => {
                    let reply = shown.reply.take();
                    if reply.is_some() {
                        shown.phase = Phase::Answered;
                    }
                    reply
                }
                None => None,
            }
        };
        self.page.wipe();
        self.gestures.borrow_mut().cancel();
        if let Some(reply) = reply {
            // Whoever asked may be gone: then the answer, with what was typed, is dropped here.
            let _ = reply.send(answer);
        }
        if approve {
            self.refresh();
        } else {
            self.vanish();
        }
    }

    /// Takes the window off the screen and forgets the screen.
    fn hide(&self) {
        self.stop_lingering();
        self.vanish();
        self.shown.replace(None);
        self.page.clear();
    }

    /// Ends it all: no question is open any more.
    pub(super) fn close(&self) {
        self.hide();
    }

    fn vanish(&self) {
        self.page.wipe();
        self.window.hide();
        self.raising.stop();
        self.window.set_urgency_hint(false);
        self.gestures.borrow_mut().rest();
        if let Some(id) = self.ticking.take() {
            id.remove();
        }
        self.stop_filling();
    }

    fn tick(self: &Rc<Self>) {
        let tick = self.ticks.get().wrapping_add(1);
        self.ticks.set(tick);
        self.raise_again();
        if tick.is_multiple_of(COVER_TICKS) {
            self.look_for_cover();
        }
        self.refresh();
    }

    /// Looks at how much of the window is in sight; that it is whole again is a disturbance.
    pub(super) fn look_for_cover(&self) -> Sight {
        let sight = match (self.window.window().filter(|_| self.window.is_visible()), &self.cover) {
            (Some(window), Some(cover)) => cover.sight(&window),
            // On Wayland it cannot be known, and the screen itself says so.
            _ => Sight::Whole,
        };
        let sight = match self.window.window().filter(|_| sight == Sight::Whole) {
            Some(window) if self.page.is_cut(window.width(), window.height()) => Sight::TooSmall,
            _ => sight,
        };
        let before = self.sight.replace(sight);
        if before != Sight::Whole && sight == Sight::Whole {
            // What was painted meanwhile was not in sight.
            self.window.queue_draw();
            if self.window.is_active() {
                self.disturb();
            }
        }
        sight
    }

    /// Whether what is painted now is on the glass: another client can make the window higher than
    /// the screen, or lie over it, and then nothing of it counts as seen. Asked anew while that matters.
    fn in_sight(&self) -> bool {
        let known = self.page.unseen().is_none();
        let sight = if known { self.sight.get() } else { self.look_for_cover() };
        sight == Sight::Whole
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.shown.borrow().as_ref().map(|shown| shown.phase)
    }

    /// Somebody waits for what the person does with the screen.
    pub(super) fn live(&self) -> bool {
        matches!(self.phase(), Some(Phase::Asking | Phase::Busy))
    }

    /// Seconds until the request on the screen is over.
    pub(super) fn seconds_left(&self) -> u64 {
        self.shown.borrow().as_ref().map_or(0, |shown| seconds_left(&shown.screen))
    }

    /// Seconds for which a code of an authenticator app stands, if the screen takes one.
    pub(super) fn code_seconds(&self) -> Option<u64> {
        let shown = self.shown.borrow();
        let screen = &shown.as_ref().filter(|shown| shown.screen.takes_code())?.screen;
        Some(code_time::seconds_left(now(), screen.clock_ahead))
    }

    /// Follows the press on Approve while it lasts.
    pub(super) fn start_filling(self: &Rc<Self>) {
        if self.filling.borrow().is_some() {
            return;
        }
        let weak = Rc::downgrade(self);
        let id = self.window.add_tick_callback(move |_, _| {
            let Some(inner) = weak.upgrade() else { return glib::ControlFlow::Break };
            let progress = inner.gestures.borrow().progress(Moment::seen(inner.now()));
            inner.page.footer.progress(progress, !inner.style.reduced_motion());
            if progress == super::gesture::Progress::None {
                inner.filling.replace(None);
                return glib::ControlFlow::Break;
            }
            glib::ControlFlow::Continue
        });
        self.filling.replace(Some(id));
    }

    fn stop_filling(&self) {
        if let Some(id) = self.filling.take() {
            id.remove();
        }
        self.page.footer.progress(super::gesture::Progress::None, false);
    }

    /// Does something with the page as soon as its size is known: GTK lays out at a higher priority
    /// than an idle call has.
    pub(super) fn once_laid_out(self: &Rc<Self>, then: impl FnOnce(&Page) + 'static) {
        let weak = Rc::downgrade(self);
        glib::idle_add_local_once(move || {
            if let Some(inner) = weak.upgrade() {
                then(&inner.page);
            }
        });
    }

    /// As large as what it shows, within the monitor.
    pub(super) fn fit(&self) {
        place::put(&self.window, self.style.page_width(), |width, _| self.page.height_at(width));
    }

    fn painted(self: &Rc<Self>) {
        if self.window.is_mapped() {
            let size = (self.window.allocated_width(), self.window.allocated_height());
            self.page.painted_in(size, self.style.page_width());
        }
        if self.window.is_mapped() && self.in_sight() && self.page.look() {
            self.refresh();
        }
        if self.window.is_mapped() && self.unscrolled.replace(false) {
            self.once_laid_out(Page::scroll);
        }
        if self.window.is_mapped() && self.unpainted.replace(false) {
            self.page.let_go();
            let request = self.shown.borrow().as_ref().map(|shown| shown.screen.request.clone());
            if let Some(request) = request {
                self.witness.painted(&request);
            }
            // A screen is not armed before it could be seen.
            if self.window.is_active() {
                self.disturb();
            }
        }
    }
}

/// The program's own icon, for the title bar and the task list.
fn icon() -> Option<gtk::gdk_pixbuf::Pixbuf> {
    let image: &[u8] = include_bytes!("../../../icons/128.png");
    gtk::gdk_pixbuf::Pixbuf::from_read(image).ok()
}

fn seconds_left(screen: &Screen) -> u64 {
    now().seconds_until(screen.expires_at)
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(now.map_or(i64::MAX, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX)))
}
