//! The running program: tray, notifications and book around whatever keeps the requests.
//!
//! **Promises.** No window at the start and none needed: closing the last one ends nothing. The
//! tray, the notifications and the book all draw the same [`State`]. When [`run`] returns, the
//! icon and the notifications are gone and the book is closed.
//!
//! **Never** let the loss of one of them stop another.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gtk::prelude::{Cast as _, GtkWindowExt as _};
use gtk::{gio, glib};
use placet_agentd::store::history::INDEX;
use placet_core::ports::Gesture;
use placet_core::request::RequestId;
use placet_texts::text;
use tauri::{AppHandle, RunEvent};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::away::Away;
use crate::book::{Answer, Book, Place, Question, Reply};
use crate::notify::{self, Acts, Open};
use crate::places::Places;
use crate::tray::{self, Tray};
use crate::view::{Act, State};

/// What the desktop asks of whoever keeps the requests.
pub trait Keeper: Send + Sync + 'static {
    /// Brings up the prompt: for this request, or whoever's turn it is, if anybody waits.
    fn open(&self, request: Option<&RequestId>);
    /// A notification of this request stands.
    fn announced(&self, request: &RequestId);
    /// Declines this request, if it still waits.
    fn deny(&self, request: &RequestId);
    /// Approves this request, if it is the one on the screen and offers that on its notification.
    fn approve(&self, request: &RequestId, pressed: Gesture);
    /// Puts on record what only an attack or a broken tool does.
    fn suspicious(&self, what: &'static str, detail: &str);
    /// Declines everything for this long; zero ends a pause.
    fn pause(&self, time: Duration);
    /// Lets the requests of this bucket through again.
    fn unmute(&self, bucket: &str);
    /// Answers the book.
    fn answer(&self, question: Question) -> impl Future<Output = Answer> + Send;
    /// Ends everything that waits, then the keeper itself.
    fn stop(&self) -> impl Future<Output = ()> + Send;
}

/// The pieces of a running desktop that others call.
#[derive(Clone, Debug)]
pub struct Desktop {
    app: AppHandle,
    book: Book,
}

/// A keeper that does not end by then is left behind: its record is durable without it.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// The icon changes so much later than what it shows: the same thread draws the prompt, which is
/// waited for, and a change that is over by then is none.
const AFTER_THE_PROMPT: Duration = Duration::from_millis(100);

/// How this start is.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// To be opened by whoever has the other end.
    pub book: Book,
    /// The first one here: the book begins with the page for a new person.
    pub first: bool,
    /// Nobody asked for a window.
    pub hidden: bool,
}

/// Runs until Quit, a signal, or the loss of the display. Returns the exit status.
///
/// # Errors
/// When Tauri cannot start.
pub fn run<K: Keeper>(
    runtime: &Runtime,
    places: &Places,
    beginning: Beginning,
    states: watch::Receiver<State>,
    away: Away,
    keeper: Arc<K>,
) -> tauri::Result<i32> {
    outlive_the_bus();
    let at_prompt = at_prompt();
    let app = tauri::Builder::default().build(crate::context())?;
    let desktop = Desktop { app: app.handle().clone(), book: beginning.book };

    let open: Open = {
        let keeper = Arc::clone(&keeper);
        Arc::new(move |request| keeper.open(request))
    };
    let picture = tray::write_picture(&places.pictures());
    let acts = {
        let [deny, approve, told, suspicious] = [&keeper; 4].map(Arc::clone);
        Acts {
            open: Arc::clone(&open),
            deny: Arc::new(move |request| deny.deny(request)),
            approve: Arc::new(move |request, pressed| approve.approve(request, pressed)),
            told: Arc::new(move |request| told.announced(request)),
            suspicious: Arc::new(move |what, detail| suspicious.suspicious(what, detail)),
        }
    };
    let notifications = notify::follow(states.clone(), at_prompt, away, acts, picture);
    let notifications = runtime.spawn(notifications);
    let book = {
        let (book, states) = (desktop.book.clone(), states.clone());
        let fixed = (listed(places), beginning.first);
        if beginning.first && !beginning.hidden {
            book.open();
        }
        let keeper = Arc::clone(&keeper);
        let reply: Reply = Arc::new(move |question| {
            let keeper = Arc::clone(&keeper);
            Box::pin(async move { keeper.answer(question).await })
        });
        runtime.spawn(async move { book.serve(states, fixed, (open, reply)).await })
    };
    let acting = {
        let (desktop, keeper, runtime) =
            (desktop.clone(), Arc::clone(&keeper), runtime.handle().clone());
        move |act| match act {
            Act::Open(request) => keeper.open(Some(&request)),
            Act::Pause(time) => keeper.pause(time),
            Act::Resume => keeper.pause(Duration::ZERO),
            Act::Unmute(bucket) => keeper.unmute(&bucket),
            Act::Book => desktop.book.open(),
            Act::Quit => {
                runtime.spawn(quit(desktop.app.clone(), Arc::clone(&keeper)));
            }
        }
    };
    runtime.spawn(quit_on_signal(desktop.app.clone(), keeper));
    draw_tray(app.handle(), places, states, acting);

    let status = app.run_return(|_, event| {
        // The last window was closed: that is no reason to end. `exit` comes with a code.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    runtime.block_on(async {
        book.abort();
        let _ = book.await;
        notifications.abort();
        let _ = notifications.await;
    });
    Ok(status)
}

/// The session's bus may go away while a question is open. GLib's default is to end a program of
/// that session with it; what waits can still be answered in the prompt.
fn outlive_the_bus() {
    gio::bus_get(gio::BusType::Session, gio::Cancellable::NONE, |bus| {
        if let Ok(bus) = bus {
            bus.set_exit_on_close(false);
            // All of the process share this one, as long as somebody has it.
            std::mem::forget(bus);
        }
    });
}

/// Whether the person is at the prompt: one of the windows that this process has now, which is
/// before the tray has any, is active.
fn at_prompt() -> watch::Receiver<bool> {
    let (sender, active) = watch::channel(false);
    let sender = Rc::new(sender);
    for window in gtk::Window::list_toplevels() {
        if let Ok(window) = window.downcast::<gtk::Window>() {
            let sender = Rc::clone(&sender);
            window.connect_is_active_notify(move |window| {
                sender.send_replace(window.is_active());
            });
        }
    }
    active
}

/// Puts the icon up and keeps it true, on the main thread.
fn draw_tray(
    app: &AppHandle,
    places: &Places,
    mut states: watch::Receiver<State>,
    act: impl Fn(Act) + Send + Sync + 'static,
) {
    let state = states.borrow_and_update().clone();
    let Some(mut tray) = Tray::put_up(app, &places.pictures(), &state, act) else { return };
    glib::MainContext::default().spawn_local(async move {
        while states.changed().await.is_ok() {
            glib::timeout_future(AFTER_THE_PROMPT).await;
            let state = states.borrow_and_update().clone();
            tray.show(&state);
        }
    });
}

async fn quit<K: Keeper>(app: AppHandle, keeper: Arc<K>) {
    if tokio::time::timeout(STOPPED_WITHIN, keeper.stop()).await.is_err() {
        tracing::warn!("something did not stop in time");
    }
    app.exit(0);
}

async fn quit_on_signal<K: Keeper>(app: AppHandle, keeper: Arc<K>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    ) else {
        return tracing::warn!("signals are not heard; they end Placet at once");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    quit(app, keeper).await;
}

fn listed(places: &Places) -> Vec<Place> {
    let place =
        |label: String, path: &std::path::Path| Place { label, path: path.display().to_string() };
    vec![
        place(text!("health-record"), &places.state),
        place(text!("book-place-index"), &places.state.join(INDEX)),
        place(text!("health-socket"), &places.socket),
    ]
}
