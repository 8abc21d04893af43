//! The daemon's window: the prompt, as soon as there is one.
//!
//! **Promises.** A request that comes before the prompt is made waits for it; without a prompt every
//! answer is a no. A screen that its notification may approve is answered by whichever comes first,
//! the prompt or the notification, and by nothing once it is over.
//!
//! **Never** decide here: an open and a press on a notification are handed on.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use placet_agentd::desk::{self, Window};
use placet_core::display::Screen;
use placet_core::form::Values;
use placet_core::ports::{Answer, Gesture};
use placet_core::request::RequestId;
use tokio::sync::{Notify, oneshot};

use crate::book::Book;
use crate::prompt::PromptHandle;

/// The daemon's window: the prompt, once it is there.
#[derive(Debug, Default)]
pub struct Glass {
    /// `None` inside: there is no display and never will be.
    prompt: OnceLock<Option<PromptHandle>>,
    /// When somebody last wanted it open, and who.
    wanted: Mutex<Option<(Instant, By)>>,
    /// Which buckets the latest screens belonged to: a request that was answered a moment ago no
    /// longer stands among those that wait.
    buckets: Mutex<VecDeque<(RequestId, String)>>,
    /// What a notification may answer now.
    offer: Mutex<Option<Offer>>,
    /// The book, once the desktop is there, and when a program last had it opened.
    book: OnceLock<Book>,
    book_opened: Mutex<Option<Instant>>,
    /// Told when a pause or a mute is on record.
    pub(crate) changed: Arc<Notify>,
}

/// The screen that is up, if its notification may approve it.
#[derive(Debug)]
struct Offer {
    request: RequestId,
    action: String,
    pressed: oneshot::Sender<Gesture>,
}

/// As long as it lives, a notification may answer.
struct Offered<'a>(&'a Glass);

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        *self.0.offer.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.changed.notify_one();
    }
}

/// Who wants the prompt open. Any program can press a notification, so that this is what it is meant
/// for and no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A click on the tray, a notification or the book.
    Person,
    /// A call over the socket.
    Program,
}

/// Screens that may still be asked about; one is enough but for the moment of a change.
const REMEMBERED: usize = 8;

/// An open that came just before the screen is meant for it: what waits is announced a moment
/// before it is drawn. A later screen would take the focus of a person who asked for another.
const MEANT_WITHIN: Duration = Duration::from_secs(1);

/// Any agent may ask for the book: not so often that a person who closes it has it at once again.
const BOOK_AGAIN: Duration = Duration::from_secs(10);

impl Glass {
    /// Says which prompt it is, or that there is none. Counts once.
    pub fn put_in(&self, prompt: Option<PromptHandle>) {
        let _ = self.prompt.set(prompt);
    }

    /// Says which book it is. Counts once.
    pub fn put_book(&self, book: Book) {
        let _ = self.book.set(book);
    }

    pub(crate) fn prompt(&self) -> Option<&PromptHandle> {
        self.prompt.get().and_then(Option::as_ref)
    }

    /// Remembers whose the screen is, before anything is offered on it.
    pub(crate) fn remember(&self, shown: &desk::Waiting) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.iter().any(|(request, _)| *request == shown.request) {
            buckets.push_front((shown.request.clone(), shown.bucket.clone()));
            buckets.truncate(REMEMBERED);
        }
    }

    pub(crate) fn bucket_of(&self, request: &RequestId) -> Option<String> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.iter().find(|(one, _)| one == request).map(|(_, bucket)| bucket.clone())
    }

    /// Takes what was wanted just now.
    fn wanted(&self) -> Option<By> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        wanted.filter(|(at, _)| at.elapsed() < MEANT_WITHIN).map(|(_, by)| by)
    }

    /// The answer that comes from the notification of this screen; never, if it may give none.
    fn answered_elsewhere(&self, screen: &Screen) -> impl Future<Output = Answer> + Send + '_ {
        let offered = screen.on_notification.as_ref().map(|action| {
            let (pressed, press) = oneshot::channel();
            let (request, action) = (screen.request.clone(), action.as_str().to_owned());
            let offer = Offer { request, action, pressed };
            *self.offer.lock().unwrap_or_else(PoisonError::into_inner) = Some(offer);
            self.changed.notify_one();
            (Offered(self), press)
        });
        async move {
            if let Some((_offered, press)) = offered
                && let Ok(gesture) = press.await
            {
                return Answer::Approve { gesture, values: Values::default() };
            }
            std::future::pending().await
        }
    }

    /// The person, or who pretends to be, approved on the notification of this request.
    pub(crate) fn approve(&self, request: &RequestId, gesture: Gesture) {
        let mut offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offer) = offer.take_if(|offer| offer.request == *request) {
            // The screen may be over.
            let _ = offer.pressed.send(gesture);
        }
    }

    /// The whole action, if this request's notification may approve it now.
    pub(crate) fn offered(&self, request: &RequestId) -> Option<String> {
        let offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        offer.as_ref().filter(|offer| offer.request == *request).map(|offer| offer.action.clone())
    }

    /// Remembers who wants to see the request that is next; it comes up with its screen.
    pub(crate) fn want(&self, by: By) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        // What a program wants takes nothing away from what the person wants.
        if by == By::Person || wanted.is_none_or(|(at, _)| at.elapsed() >= MEANT_WITHIN) {
            *wanted = Some((Instant::now(), by));
        }
    }

    pub(crate) fn open_for(&self, by: By) {
        let Some(prompt) = self.prompt() else { return };
        self.want(by);
        bring_up(prompt, by);
    }
}

impl Window for Glass {
    async fn ask(&self, screen: Screen) -> Answer {
        match self.prompt() {
            Some(prompt) => {
                // The prompt hears both in this order.
                let open = async {
                    if let Some(by) = self.wanted() {
                        bring_up(prompt, by);
                    }
                };
                let elsewhere = self.answered_elsewhere(&screen);
                let here = async { tokio::join!(biased; prompt.ask(screen), open).0 };
                tokio::select! {
                    biased;
                    answer = here => answer,
                    answer = elsewhere => answer,
                }
            }
            None => Answer::Dismiss,
        }
    }

    async fn wait(&self, screen: Screen) -> Answer {
        match self.prompt() {
            Some(prompt) => prompt.wait(screen).await,
            None => Answer::Dismiss,
        }
    }

    fn release(&self, request: &RequestId) {
        if let Some(prompt) = self.prompt() {
            // What was wanted is over.
            self.wanted();
            prompt.release(request);
        }
    }

    fn put_back(&self, request: &RequestId) {
        // What is wanted is the one that comes now.
        if let Some(prompt) = self.prompt() {
            prompt.release(request);
        }
    }

    async fn begun(&self) -> bool {
        match self.prompt() {
            Some(prompt) => prompt.begun().await,
            None => false,
        }
    }

    fn stays(&self) {
        let Some(prompt) = self.prompt() else { return };
        prompt.stays();
        if let Some(by) = self.wanted() {
            bring_up(prompt, by);
        }
    }

    fn open(&self) {
        self.open_for(By::Program);
    }

    fn open_book(&self) -> bool {
        let Some(book) = self.book.get() else { return false };
        let mut opened = self.book_opened.lock().unwrap_or_else(PoisonError::into_inner);
        let often = opened.is_some_and(|at| at.elapsed() < BOOK_AGAIN);
        if !often {
            *opened = Some(Instant::now());
            book.open();
        }
        true
    }

    /// The socket takes requests some tens of milliseconds before the prompt is made. The first
    /// one waits here for that moment instead of hearing that there is no person.
    fn available(&self) -> bool {
        self.prompt.wait().as_ref().is_some_and(PromptHandle::available)
    }
}

fn bring_up(prompt: &PromptHandle, by: By) {
    match by {
        By::Person => prompt.open(),
        By::Program => prompt.raise(),
    }
}
