//! The desk: everybody who wants the person's attention waits here, and one at a time gets it.
//!
//! **Promises.** First come, first shown, one prompt at a time (H16), but for the request that the
//! person asks to see ([`Board::show_next`]): it takes the place of one that nobody has begun to answer,
//! which goes back and is shown anew. What waits can be watched
//! ([`Board::waiting`]), for the tray, the notification and the prompt. Prompts are counted when
//! they are promised, so that a burst cannot pass the limits of [`placet_core::policy`] (S22).
//! Giving up a [`Turn`] hides the window before the next one gets it.
//!
//! **Never** show anything of a request whose turn it is not. Never let a program that asks over the
//! socket choose whose turn it is.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet_core::account::Task;
use placet_core::brief::brief;
use placet_core::display::{Screen, book, name_of, spoken_of};
use placet_core::json::Digest;
use placet_core::nagging::{DECLINES, gist};
use placet_core::ours;
use placet_core::outcome::Reason;
use placet_core::policy;
use placet_core::ports::{Answer, Clock as _, NoHuman, Person, Standing, Surroundings, Turn};
use placet_core::request::{Matter, Request, RequestId, Timestamp};
use placet_core::text::{Text, called, visible_line};
use tokio::sync::watch;

use crate::clock::RealClock;
pub use crate::line::Found;
use crate::line::{Hold, Line};

/// The window, as `src-tauri` has it and tests script it.
pub trait Window: Send + Sync + 'static {
    /// Shows the screen and waits for the person. Dropping the future wipes what was typed but
    /// leaves the window up until [`Window::release`]: the next screen of the same request follows.
    fn ask(&self, screen: Screen) -> impl Future<Output = Answer> + Send;
    /// Shows the screen while the server is asked; only Cancel works, and resolves this future.
    fn wait(&self, screen: Screen) -> impl Future<Output = Answer> + Send;
    /// This request no longer has the window: hide it.
    fn release(&self, request: &RequestId);
    /// This request goes back to those that wait, and another is shown: hide it.
    fn put_back(&self, request: &RequestId) {
        self.release(request);
    }
    /// The person has begun to answer what is on the screen: typed, opened the reason, pressed.
    fn begun(&self) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }
    /// The person asked for another request while this one is in the middle: it says so.
    fn stays(&self) {}
    /// A program asked over the socket (`placet open`): bring the prompt up, without the focus.
    fn open(&self);
    /// As [`Self::open`] while nothing waits: bring up the book, the window for everything else. False
    /// if there is none.
    fn open_book(&self) -> bool {
        false
    }
    /// True if a window can be shown in this session (F9).
    fn available(&self) -> bool;
}

/// One request that waits for the person, or has the prompt now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub request: RequestId,
    /// The limits' bucket: the pairing's name; empty for all that have none.
    pub bucket: String,
    /// Who asks, as on the screen.
    pub asker: Text,
    /// One line that says what it is about.
    pub heading: Text,
    /// The number that prompt and terminal show.
    pub code: Text,
    /// What was asked, on one line; may be empty ([`placet_core::brief`]).
    pub brief: Text,
    /// When it was admitted.
    pub received_at: Timestamp,
    /// When the answer is no.
    pub expires_at: Timestamp,
    /// It has the prompt.
    pub shown: bool,
}

/// Prompts older than this no longer count (S22).
const WINDOW_MS: u64 = 10 * 60 * 1000;

/// So often one request goes back for another. Any program of the session can press a notification: it
/// must not keep the person from answering by swapping what they read for ever.
const PUT_BACK_AT_MOST: u32 = 3;

/// The window is brought up at most this often for one request.
const OPEN_AGAIN_MS: u64 = 1000;

/// Who waits and what was shown: the part of the desk that does not know the window.
#[derive(Debug)]
pub struct Board {
    waiting: watch::Sender<Vec<Waiting>>,
    counts: Mutex<Counts>,
    /// The queue in front of the one prompt.
    line: Arc<Line>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Requests that policy let through and that have not had the prompt yet, by bucket.
    promised: Vec<(RequestId, String)>,
    /// When the prompt was given, in milliseconds of CLOCK_BOOTTIME, and to which bucket.
    shown: VecDeque<(u64, String)>,
    /// When the person said no, to which bucket, and to what.
    declined: VecDeque<(u64, String, Digest)>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            waiting: watch::Sender::new(Vec::new()),
            counts: Mutex::default(),
            line: Arc::default(),
        }
    }
}

impl Board {
    /// What waits, in the order of asking; the one on the screen says so.
    #[must_use]
    pub fn waiting(&self) -> watch::Receiver<Vec<Waiting>> {
        self.waiting.subscribe()
    }

    /// The person asks to see this one, by its notification, the icon or the book. Decides nothing.
    pub(crate) fn show_next(&self, request: &RequestId) -> Found {
        self.line.next(request)
    }

    /// What policy needs to know about `request` now (S22). If policy will let it through, it
    /// counts from here on: two that are judged at the same moment see each other.
    pub(crate) fn standing(
        &self,
        request: &Request,
        (paused_until, muted_until): (Timestamp, Timestamp),
        surroundings: Surroundings,
    ) -> Standing {
        let now = RealClock.awake_and_asleep();
        let bucket = request.bucket();
        let again = |of: &(u64, String, Digest)| of.1 == bucket;
        // A large question is read once more for this only if there was a no at all, and while nobody
        // else has to wait for it.
        let declined = self.counts().declined.iter().any(again);
        let gist = declined.then(|| gist(&request.matter)).flatten();
        let mut counts = self.counts();
        counts.forget_older_than(now.saturating_sub(WINDOW_MS));
        let waiting = |of: &dyn Fn(&str) -> bool| {
            counts.promised.iter().filter(|(id, b)| *id != request.id && of(b)).count()
        };
        let shown = |of: &dyn Fn(&str) -> bool| counts.shown.iter().filter(|(_, b)| of(b)).count();
        let mine = |b: &str| b == bucket;
        let all = |_: &str| true;
        let oldest = counts
            .shown
            .iter()
            .find(|(_, b)| shown(&mine) < PROMPTS_OF_BUCKET || b == bucket)
            .map_or(now, |(at, _)| *at);
        let mut alike = counts
            .declined
            .iter()
            .filter(|of| again(of) && Some(&of.2) == gist.as_ref())
            .map(|(at, ..)| *at)
            .peekable();
        let until = |at: u64| at.saturating_add(WINDOW_MS).saturating_sub(now).div_ceil(1000);
        let declines = match alike.peek() {
            Some(oldest) => (until(*oldest), clamped(alike.count())),
            None => (0, 0),
        };
        let standing = Standing {
            declines: (declines.1, declines.0),
            paused_until,
            muted_until,
            prompts_of_bucket: clamped(shown(&mine).saturating_add(waiting(&mine))),
            prompts_over_all: clamped(shown(&all).saturating_add(waiting(&all))),
            waiting_of_bucket: clamped(waiting(&mine)),
            waiting_over_all: clamped(waiting(&all)),
            retry_after: until(oldest),
            // The desk knows no authenticators.
            passkeys: false,
            surroundings,
        };
        // A flood of refused requests must not count against those that wait.
        if standing.waiting_of_bucket < policy::WAITING_OF_BUCKET
            && standing.waiting_over_all < policy::WAITING_OVER_ALL
            && standing.prompts_of_bucket < policy::PROMPTS_OF_BUCKET
            && standing.prompts_over_all < policy::PROMPTS_OVER_ALL
            && standing.declines.0 < DECLINES
        {
            counts.promised.push((request.id.clone(), bucket.to_owned()));
        }
        standing
    }

    /// The request is over: its promise, if it still has one, is free again.
    pub(crate) fn forget(&self, request: &RequestId) {
        self.counts().promised.retain(|(id, _)| id != request);
    }

    /// The person answered: a no counts against what is alike (H17), a yes ends that.
    pub(crate) fn answered(&self, request: &Request, reason: Reason) {
        if !matches!(reason, Reason::Denied | Reason::Approved) {
            return;
        }
        let Some(gist) = gist(&request.matter) else { return };
        let bucket = request.bucket();
        let mut counts = self.counts();
        if reason == Reason::Denied {
            let now = RealClock.awake_and_asleep();
            counts.declined.push_back((now, bucket.to_owned(), gist));
        } else {
            counts.declined.retain(|(_, of, about)| of != bucket || *about != gist);
        }
    }

    fn prompted(&self, request: &RequestId, bucket: &str) {
        let mut counts = self.counts();
        counts.promised.retain(|(id, _)| id != request);
        counts.shown.push_back((RealClock.awake_and_asleep(), bucket.to_owned()));
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As `usize`, for counting.
const PROMPTS_OF_BUCKET: usize = policy::PROMPTS_OF_BUCKET as usize;

fn clamped(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Counts {
    fn forget_older_than(&mut self, moment: u64) {
        while self.shown.front().is_some_and(|(at, _)| *at < moment) {
            self.shown.pop_front();
        }
        while self.declined.front().is_some_and(|(at, ..)| *at < moment) {
            self.declined.pop_front();
        }
    }
}

/// The desk in front of one window.
#[derive(Debug)]
pub struct Desk<W> {
    window: Arc<W>,
    board: Arc<Board>,
    /// When the window was last brought up, in milliseconds of CLOCK_BOOTTIME.
    opened: AtomicU64,
}

impl<W: Window> Desk<W> {
    pub(crate) fn new(window: Arc<W>, board: Arc<Board>) -> Self {
        Self { window, board, opened: AtomicU64::new(0) }
    }

    /// Brings up what waits, or the book if nothing does; false if there is no window for it.
    pub(crate) fn open(&self) -> bool {
        if !self.window.available() {
            return false;
        }
        if self.board.waiting.borrow().is_empty() {
            // A desktop without a tray has no other way to it.
            return self.window.open_book();
        }
        // Any agent may call this: not often enough to make a window jump about.
        let now = RealClock.awake_and_asleep();
        let last = self.opened.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= OPEN_AGAIN_MS {
            // Only what was done counts: a loop of calls must not keep the person's own from working.
            self.opened.store(now, Ordering::Relaxed);
            self.window.open();
        }
        true
    }
}

impl<W: Window> Person for Desk<W> {
    type Turn = DeskTurn<W>;

    async fn turn(&self, request: &Request) -> Result<DeskTurn<W>, NoHuman> {
        if !self.window.available() {
            return Err(NoHuman);
        }
        let place = Place::take(&self.board, request);
        let hold = self.board.line.join(&request.id).await.map_err(|_| NoHuman)?;
        if !self.window.available() {
            return Err(NoHuman);
        }
        self.board.prompted(&request.id, request.bucket());
        // An open that was for the one before does not stand in the way of one for this.
        self.opened.store(0, Ordering::Relaxed);
        place.shown(true);
        let window = Arc::clone(&self.window);
        Ok(DeskTurn { window, place, hold: Some(hold), begun: false, put_back: 0 })
    }
}

/// The prompt, while one request has it.
#[derive(Debug)]
pub struct DeskTurn<W: Window> {
    window: Arc<W>,
    // Dropped in this order: off the list, then the next one's turn.
    place: Place,
    /// `None` while another has it.
    hold: Option<Hold>,
    /// An answer was given already: what is on the screen is one step of several.
    begun: bool,
    put_back: u32,
}

impl<W: Window> Turn for DeskTurn<W> {
    async fn ask(&mut self, screen: &Screen) -> Answer {
        loop {
            let asking = self.window.ask(screen.clone());
            if let Some(answer) = self.until_answered(asking).await {
                self.begun = true;
                return answer;
            }
            if self.stand_back().await.is_err() {
                return Answer::Dismiss;
            }
        }
    }

    async fn wait(&mut self, screen: &Screen) -> Answer {
        self.begun = true;
        let waiting = self.window.wait(screen.clone());
        self.until_answered(waiting).await.unwrap_or(Answer::Dismiss)
    }
}
impl<W: Window> DeskTurn<W> {
    /// Shows it until the person answers; `None`: they asked for another first, and had not begun here.
    async fn until_answered(&self, asking: impl Future<Output = Answer> + Send) -> Option<Answer> {
        let mut asking = pin!(asking);
        let another = self.hold.as_ref().map(|hold| Arc::clone(&hold.another));
        loop {
            let another = async {
                match &another {
                    Some(another) => another.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                answer = &mut asking => return Some(answer),
                () = another => {}
            }
            if !self.begun && self.put_back < PUT_BACK_AT_MOST {
                tokio::select! {
                    biased;
                    answer = &mut asking => return Some(answer),
                    begun = self.window.begun() => if !begun { return None },
                }
            }
            self.window.stays();
        }
    }

    /// Stands back for the one that is next, until the prompt is this one's again.
    async fn stand_back(&mut self) -> Result<(), NoHuman> {
        self.put_back = self.put_back.saturating_add(1);
        let Some(hold) = self.hold.take() else { return Err(NoHuman) };
        self.window.put_back(&self.place.request);
        self.place.shown(false);
        let board = Arc::clone(&self.place.board);
        self.hold =
            Some(board.line.step_back(&self.place.request, hold).await.map_err(|_| NoHuman)?);
        if !self.window.available() {
            return Err(NoHuman);
        }
        self.place.shown(true);
        Ok(())
    }
}

impl<W: Window> Drop for DeskTurn<W> {
    fn drop(&mut self) {
        // What waits once more is not on the screen.
        if self.hold.is_some() {
            self.window.release(&self.place.request);
        }
    }
}

/// A line on the board; dropping it takes the line off.
#[derive(Debug)]
struct Place {
    board: Arc<Board>,
    request: RequestId,
}

impl Place {
    fn take(board: &Arc<Board>, request: &Request) -> Self {
        let asker = match &request.matter {
            Matter::Change { .. } => book(),
            _ => name_of(&request.asker),
        };
        let line = Waiting {
            request: request.id.clone(),
            bucket: request.bucket().to_owned(),
            asker,
            heading: heading(request),
            code: visible_line(&request.binding_code),
            brief: brief(&request.matter, None),
            received_at: request.received_at,
            expires_at: request.expires_at,
            shown: false,
        };
        board.waiting.send_modify(|waiting| waiting.push(line));
        Self { board: Arc::clone(board), request: request.id.clone() }
    }

    fn shown(&self, shown: bool) {
        self.board.waiting.send_modify(|waiting| {
            for line in waiting.iter_mut().filter(|line| line.request == self.request) {
                line.shown = shown;
            }
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.waiting.send_modify(|waiting| waiting.retain(|l| l.request != self.request));
    }
}

/// What it is about, for a list: the names that are in it, none of the arguments.
fn heading(request: &Request) -> Text {
    let who = &spoken_of(&request.asker);
    match &request.matter {
        Matter::Approval(call) => {
            ours!("board-approval", who = who, tool = called(&call.tool))
        }
        Matter::Authorization(asked) => {
            ours!("board-authorization", who = who, issuer = visible_line(&asked.issuer))
        }
        Matter::Elicitation(_) => ours!("board-form", who = who),
        Matter::EnrolServer(server) => ours!("board-trust", issuer = &server.issuer),
        Matter::RemoveServer(server) => ours!("board-forget", issuer = &server.issuer),
        Matter::Pair(pairing) => ours!("board-pair", name = &pairing.name),
        Matter::Errand(errand) => {
            let issuer = visible_line(&errand.issuer);
            match &errand.task {
                Task::AddPasskey { .. } => ours!("errand-add", server = issuer),
                Task::ListPasskeys => ours!("errand-list", server = issuer),
                Task::RenamePasskey { .. } => ours!("errand-rename", server = issuer),
                Task::DeletePasskey { .. } => ours!("errand-delete", server = issuer),
                Task::RegisterInstallation => ours!("errand-register", server = issuer),
            }
        }
        Matter::Change { .. } => ours!("board-change"),
    }
}
