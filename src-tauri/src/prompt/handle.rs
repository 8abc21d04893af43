//! The prompt's handle: what the rest of the program holds, on any thread.
//!
//! **Promises.** [`PromptHandle::ask`] and [`PromptHandle::wait`] resolve with what the person did
//! and with nothing else; without a window they resolve with `Dismiss`. Dropping either future
//! wipes what was typed and makes the screen dead. Calls are handled in the order they were made.
//!
//! **Never** block the caller: all work is done on GTK's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use placet_core::display::Screen;
use placet_core::ports::Answer;
use placet_core::request::RequestId;
use tokio::sync::{mpsc, oneshot};

use super::style::Appearance;

/// Which showing of which screen: each has another number.
pub(super) type Ticket = u64;

/// What the window is told.
pub(super) enum Command {
    Show { ticket: Ticket, screen: Box<Screen>, busy: bool, reply: oneshot::Sender<Answer> },
    Withdraw(Ticket),
    Release(RequestId),
    Open { with_focus: bool },
    Begun(oneshot::Sender<bool>),
    Stays,
    Waiting(Vec<String>),
    Same(RequestId, usize),
    Away(bool, oneshot::Sender<()>),
    Appear(Appearance),
    Announced(RequestId),
}

/// The prompt, from any thread. Clones speak to the same window.
#[derive(Clone)]
pub struct PromptHandle {
    to: mpsc::UnboundedSender<Command>,
    next: Arc<AtomicU64>,
    available: Arc<AtomicBool>,
}

impl PromptHandle {
    pub(super) fn new(available: Arc<AtomicBool>) -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (to, from) = mpsc::unbounded_channel();
        (Self { to, next: Arc::new(AtomicU64::new(1)), available }, from)
    }

    /// Shows `screen` and waits for the person.
    pub async fn ask(&self, screen: Screen) -> Answer {
        self.show(screen, false).await
    }

    /// Shows `screen` while the server is being asked: nothing works but Cancel, which resolves
    /// this with `Dismiss`.
    pub async fn wait(&self, screen: Screen) -> Answer {
        self.show(screen, true).await
    }

    /// The request is over: its screen goes away. One that expired says so for a few seconds.
    pub fn release(&self, request: &RequestId) {
        self.tell(Command::Release(request.clone()));
    }

    /// The person asked for the prompt: it is raised and focused, if there is anything to show.
    pub fn open(&self) {
        self.tell(Command::Open { with_focus: true });
    }

    /// Whether the person has begun to answer what is shown.
    pub async fn begun(&self) -> bool {
        let (done, heard) = oneshot::channel();
        self.tell(Command::Begun(done));
        heard.await.unwrap_or(false)
    }

    /// The person asked for another request, and what is shown stays: the foot says so for a moment.
    pub fn stays(&self) {
        self.tell(Command::Stays);
    }

    /// A program asked for the prompt: it is raised and asks for attention, if there is anything to
    /// show. The focus stays where it is.
    pub fn raise(&self) {
        self.tell(Command::Open { with_focus: false });
    }

    /// A notification of this request stands: where the prompt would take the focus it waits to be
    /// opened by that.
    pub fn announced(&self, request: &RequestId) {
        self.tell(Command::Announced(request.clone()));
    }

    /// True if there is a window to ask in.
    #[must_use]
    pub fn available(&self) -> bool {
        self.available.load(Ordering::Acquire)
    }

    /// The names under which the other requests that wait are spoken of, in order.
    pub fn set_waiting(&self, names: Vec<String>) {
        self.tell(Command::Waiting(names));
    }

    /// So many of those that wait are from the requester of `request`: while that one is on the
    /// screen they can be denied together with it ([`super::Witness::deny_all`], H16).
    pub fn set_same(&self, request: &RequestId, count: usize) {
        self.tell(Command::Same(request.clone(), count));
    }

    /// The session is locked or asleep (true), or back (false): meanwhile the window is hidden,
    /// what was typed in secret is wiped, and nothing is decided. It is told when this returns; it
    /// has done so when the future resolves.
    pub fn set_away(&self, away: bool) -> impl Future<Output = ()> + Send + use<> {
        let (done, heard) = oneshot::channel();
        self.tell(Command::Away(away, done));
        async move {
            // A window that is gone shows nothing either.
            let _ = heard.await;
        }
    }

    /// Changes how the prompt looks.
    pub fn set_appearance(&self, appearance: Appearance) {
        self.tell(Command::Appear(appearance));
    }

    async fn show(&self, screen: Screen, busy: bool) -> Answer {
        let (reply, answer) = oneshot::channel();
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        let withdraw = Withdraw { to: self.to.clone(), ticket };
        self.tell(Command::Show { ticket, screen: Box::new(screen), busy, reply });
        let answer = answer.await;
        drop(withdraw);
        // Without a window nobody answers: that is a no.
        answer.unwrap_or(Answer::Dismiss)
    }

    fn tell(&self, command: Command) {
        // A window that is gone hears nothing; whoever waits for it is told by its channel.
        let _ = self.to.send(command);
    }
}

impl std::fmt::Debug for PromptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PromptHandle").field("available", &self.available()).finish_non_exhaustive()
    }
}

/// Tells the window that nobody waits for this showing any more.
struct Withdraw {
    to: mpsc::UnboundedSender<Command>,
    ticket: Ticket,
}

impl Drop for Withdraw {
    fn drop(&mut self) {
        let _ = self.to.send(Command::Withdraw(self.ticket));
    }
}
