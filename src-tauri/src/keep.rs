//! The daemon behind the desktop, and the prompt behind the daemon.
//!
//! [`Glass`] is the daemon's window: the prompt, as soon as there is one. [`Kept`] is the
//! desktop's keeper: the daemon, as the tray and the book see it.
//!
//! **Promises.** What the daemon says is handed to the tray at once. A request that comes before
//! the prompt is made waits for it; without a prompt every answer is a no.
//!
//! **Never** decide here: a pause, an open and a stop are handed on.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use gtk::glib;
use placet_agentd::clock::RealClock;
use placet_agentd::daemon::{Daemon, Switches};
use placet_agentd::desk::{self, Window};
use placet_agentd::store::StoreError;
use placet_core::display::Screen;
use placet_core::ports::{Answer, Clock as _};
use placet_core::request::{RequestId, Timestamp};
use placet_core::text::visible_line;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

use crate::away::Away;
use crate::book::health::{self, Inside};
use crate::book::question::{Agent, Trusted};
use crate::book::{self, Question};
use crate::desktop::Keeper;
use crate::prompt::{PromptHandle, Witness};
use crate::view::{Muted, State, Waiting};

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
    /// Told when a pause or a mute is on record.
    changed: Arc<Notify>,
}

/// Who wants the prompt open. Any program can press a notification, so that this is what it is meant
/// for and no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
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

impl Glass {
    /// Says which prompt it is, or that there is none. Counts once.
    pub fn put_in(&self, prompt: Option<PromptHandle>) {
        let _ = self.prompt.set(prompt);
    }

    fn prompt(&self) -> Option<&PromptHandle> {
        self.prompt.get().and_then(Option::as_ref)
    }

    /// Remembers whose the screen is, before anything is offered on it.
    fn remember(&self, shown: &desk::Waiting) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.iter().any(|(request, _)| *request == shown.request) {
            buckets.push_front((shown.request.clone(), shown.bucket.clone()));
            buckets.truncate(REMEMBERED);
        }
    }

    fn bucket_of(&self, request: &RequestId) -> Option<String> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.iter().find(|(one, _)| one == request).map(|(_, bucket)| bucket.clone())
    }

    /// Takes what was wanted just now.
    fn wanted(&self) -> Option<By> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        wanted.filter(|(at, _)| at.elapsed() < MEANT_WITHIN).map(|(_, by)| by)
    }

    fn open_for(&self, by: By) {
        let Some(prompt) = self.prompt() else { return };
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        // What a program wants takes nothing away from what the person wants.
        if by == By::Person || wanted.is_none_or(|(at, _)| at.elapsed() >= MEANT_WITHIN) {
            *wanted = Some((Instant::now(), by));
        }
        drop(wanted);
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
                tokio::join!(biased; prompt.ask(screen), open).0
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

    fn open(&self) {
        self.open_for(By::Program);
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

/// The daemon, kept.
#[derive(Debug)]
pub struct Kept {
    daemon: Mutex<Option<Daemon>>,
    switches: Switches,
    glass: Arc<Glass>,
    paused: Arc<Notify>,
    runtime: Handle,
}

impl Kept {
    /// Takes the daemon over. The receiver always has the latest state.
    #[must_use]
    pub fn new(
        daemon: Daemon,
        glass: Arc<Glass>,
        away: Away,
        runtime: Handle,
    ) -> (Self, watch::Receiver<State>) {
        let switches = daemon.switches();
        let paused = Arc::clone(&glass.changed);
        let mut sources = Sources {
            away,
            waiting: daemon.waiting(),
            health: daemon.health(),
            switches: switches.clone(),
            paused: Arc::clone(&paused),
        };
        let (sender, states) = watch::channel(sources.state());
        runtime.spawn(sources.follow(sender, Arc::clone(&glass)));
        (Self { daemon: Mutex::new(Some(daemon)), switches, glass, paused, runtime }, states)
    }
}

impl Keeper for Kept {
    fn open(&self) {
        self.glass.open_for(By::Person);
    }

    fn pause(&self, time: Duration) {
        let (switches, paused) = (self.switches.clone(), Arc::clone(&self.paused));
        let until = after(RealClock.now(), time);
        self.runtime.spawn(async move {
            if switches.pause(until).await.is_err() {
                tracing::warn!("the pause could not be recorded");
            }
            paused.notify_one();
        });
    }

    fn announced(&self, request: &RequestId) {
        if let Some(prompt) = self.glass.prompt() {
            prompt.announced(request);
        }
    }

    fn deny(&self, request: &RequestId) {
        self.switches.decline(request);
    }

    fn unmute(&self, bucket: &str) {
        mute(&self.runtime, &self.switches, &self.paused, bucket, Duration::ZERO);
    }

    async fn answer(&self, question: Question) -> book::Answer {
        let switches = self.switches.clone();
        let answered = match question {
            Question::Health => return book::Answer::Health(health::look(inside(&switches)).await),
            Question::Revoke(name) => {
                return match switches.revoke(&name).await {
                    Ok(revoked) => book::Answer::Revoked(revoked),
                    Err(error) => book::Answer::Failed(format!("The pairing stands: {error}.")),
                };
            }
            looks => self.runtime.spawn_blocking(move || looked_up(&switches, looks)).await,
        };
        match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => book::Answer::Failed(format!("The history cannot be read: {error}.")),
            Err(_) => book::Answer::Failed("The history cannot be read.".to_owned()),
        }
    }

    async fn stop(&self) {
        let daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(daemon) = daemon {
            daemon.stop().await;
        }
    }
}

fn inside(switches: &Switches) -> Inside {
    let trouble = switches.trouble().map(|trouble| trouble.to_string());
    let (seat, hardened) = switches.station();
    let entries = switches.known().entries();
    Inside { trouble, entries, seat, hardened, refused: crate::modules::refused() }
}

/// What only has to be looked up. Blocks.
fn looked_up(switches: &Switches, question: Question) -> Result<book::Answer, StoreError> {
    let history = switches.history();
    Ok(match question {
        Question::History(wanted) => book::Answer::History(history.page(&wanted)?),
        Question::Detail(request) => book::Answer::Detail(history.detail(&request)?.map(Box::new)),
        Question::Agents => {
            let agents = switches.known();
            let agents = agents.pairings().map(|(name, paired)| {
                let last_used = history.last_of(name)?;
                Ok(Agent { name: name.to_owned(), paired_at: paired.at.0, last_used })
            });
            book::Answer::Agents(agents.collect::<Result<_, StoreError>>()?)
        }
        Question::Servers => {
            let known = switches.known();
            let shown = |raw: &str| visible_line(raw).as_str().to_owned();
            let servers = known.servers().iter().map(|server| Trusted {
                name: shown(&server.name),
                issuer: shown(&server.issuer),
                account: shown(&server.account),
                client_id: shown(&server.client_id),
                challenge_endpoint: server.challenge_endpoint.as_deref().map(shown),
                plain_http: server.danger_http_loopback,
            });
            book::Answer::Servers(servers.collect())
        }
        Question::Health | Question::Revoke(_) => {
            book::Answer::Failed("Not to be looked up.".to_owned())
        }
    })
}

/// A muted requester is muted for this long (H16).
const MUTED_FOR: Duration = Duration::from_secs(60 * 60);

/// Mutes a requester for this long; zero ends it. Tells `changed` once it is on record.
fn mute(
    runtime: &Handle,
    switches: &Switches,
    changed: &Arc<Notify>,
    bucket: &str,
    time: Duration,
) {
    let (switches, changed, bucket) = (switches.clone(), Arc::clone(changed), bucket.to_owned());
    let until = after(RealClock.now(), time);
    runtime.spawn(async move {
        if switches.mute(&bucket, until).await.is_err() {
            tracing::warn!("who is muted could not be recorded");
        }
        changed.notify_one();
    });
}

/// Everything that the state is made from.
struct Sources {
    away: Away,
    waiting: watch::Receiver<Vec<desk::Waiting>>,
    health: watch::Receiver<Option<StoreError>>,
    switches: Switches,
    paused: Arc<Notify>,
}

/// While paused the time left is looked at this often: a clock that is set or a machine that
/// slept must not leave the icon behind.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

impl Sources {
    /// Keeps `states` and the prompt's list of names true until the daemon is gone.
    async fn follow(mut self, states: watch::Sender<State>, glass: Arc<Glass>) {
        loop {
            let state = self.state();
            let left = self.left(&state);
            states.send_if_modified(|now| {
                let changed = *now != state;
                *now = state;
                changed
            });
            if let Some(prompt) = glass.prompt() {
                prompt.set_waiting(self.behind());
                let waiting = self.waiting.borrow();
                if let Some(shown) = waiting.iter().find(|one| one.shown) {
                    glass.remember(shown);
                    let others = others(&waiting, &shown.request, &shown.bucket);
                    prompt.set_same(&shown.request, others.count());
                }
            }
            tokio::select! {
                changed = self.waiting.changed() => if changed.is_err() { return },
                changed = self.health.changed() => if changed.is_err() { return },
                () = self.away.changed() => {}
                () = self.paused.notified() => {}
                () = sleep(left) => {}
            }
        }
    }

    fn state(&mut self) -> State {
        let until = self.switches.paused_until();
        State {
            waiting: self.waiting.borrow().iter().map(seen).collect(),
            paused_until: (until > RealClock.now()).then(|| local_time(until)),
            away: self.away.is(),
            muted: self.switches.muted().into_iter().map(muted).collect(),
            trouble: self.health.borrow().as_ref().map(sentence),
        }
    }

    /// When to look again because a pause ends, or somebody is muted no longer.
    fn left(&self, state: &State) -> Option<Duration> {
        let paused = state.paused_until.is_some().then(|| self.switches.paused_until());
        let muted = self.switches.muted().into_iter().map(|(_, until)| until);
        let first = paused.into_iter().chain(muted).min()?;
        Some(Duration::from_secs(RealClock.now().seconds_until(first)).min(LOOK_AGAIN))
    }

    /// Who waits behind the one on the screen.
    fn behind(&self) -> Vec<String> {
        let waiting = self.waiting.borrow();
        waiting.iter().filter(|one| !one.shown).map(|one| one.asker.as_str().to_owned()).collect()
    }
}

/// What waits from the same requester as `request`, whose bucket this is (H16).
fn others<'a>(
    waiting: &'a [desk::Waiting],
    request: &'a RequestId,
    bucket: &'a str,
) -> impl Iterator<Item = &'a desk::Waiting> {
    waiting.iter().filter(move |one| one.bucket == bucket && one.request != *request)
}

fn muted((bucket, until): (String, Timestamp)) -> Muted {
    let name = match bucket.as_str() {
        "" => "programs without a name".to_owned(),
        // No pairing has a space in its name.
        "set up" => "questions about setting up".to_owned(),
        name => visible_line(name).as_str().to_owned(),
    };
    Muted { bucket, name, until: local_time(until) }
}

fn seen(waiting: &desk::Waiting) -> Waiting {
    Waiting {
        id: waiting.request.clone(),
        name: waiting.asker.as_str().to_owned(),
        heading: waiting.heading.as_str().to_owned(),
    }
}

fn sentence(trouble: &StoreError) -> String {
    format!("Placet answers no to everything: {trouble}")
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_add(milliseconds))
}

/// Hours and minutes, as the person's clock shows them.
fn local_time(at: Timestamp) -> String {
    glib::DateTime::from_unix_local(at.0.div_euclid(1000))
        .and_then(|at| at.format("%H:%M"))
        .map_or_else(|_| "later".to_owned(), String::from)
}

/// Hears the prompt: puts on record what its gate refused, without letting its sender fill the
/// disk, and declines what else waits from a requester that the person had enough of.
#[derive(Debug)]
pub struct Notary {
    to: mpsc::Sender<(&'static str, String)>,
    switches: Switches,
    waiting: watch::Receiver<Vec<desk::Waiting>>,
    glass: Arc<Glass>,
    runtime: Handle,
    changed: Arc<Notify>,
}

/// So many wait to be written; more of the same says nothing new.
const NOTES: usize = 8;
/// One note a second is enough to see an attack by.
const BETWEEN_NOTES: Duration = Duration::from_secs(1);

impl Notary {
    /// Serves the prompt of this daemon until it is dropped.
    #[must_use]
    pub fn new(daemon: &Daemon, glass: Arc<Glass>, runtime: &Handle) -> Self {
        let (switches, waiting) = (daemon.switches(), daemon.waiting());
        let record = switches.clone();
        let (to, mut from) = mpsc::channel::<(&'static str, String)>(NOTES);
        runtime.spawn(async move {
            while let Some((what, detail)) = from.recv().await {
                if record.suspicious(what, &detail).await.is_err() {
                    tracing::warn!(what, "this could not be recorded");
                }
                tokio::time::sleep(BETWEEN_NOTES).await;
            }
        });
        let (runtime, changed) = (runtime.clone(), Arc::clone(&glass.changed));
        Self { to, switches, waiting, glass, runtime, changed }
    }
}

/// A path that an agent chose is on record to this length.
const PATH_LIMIT: usize = 300;

impl Notary {
    /// A module was not opened (see [`crate::modules`]).
    pub fn refused_module(&self, path: &Path) {
        let path: String = path.to_string_lossy().chars().take(PATH_LIMIT).collect();
        self.suspicious("refused_module", visible_line(&path).as_str());
    }
}

impl Witness for Notary {
    fn suspicious(&self, what: &'static str, detail: &str) {
        tracing::warn!(what, detail, "this was refused");
        // A full channel holds enough of it already.
        let _ = self.to.try_send((what, detail.to_owned()));
    }

    fn deny_all(&self, request: &RequestId) {
        let Some(bucket) = self.glass.bucket_of(request) else {
            return tracing::warn!("it is not known who asked; nothing else was declined");
        };
        let waiting = self.waiting.borrow().clone();
        for other in others(&waiting, request, &bucket) {
            self.switches.decline(&other.request);
        }
    }

    fn mute(&self, request: &RequestId) {
        match self.glass.bucket_of(request) {
            Some(bucket) => {
                mute(&self.runtime, &self.switches, &self.changed, &bucket, MUTED_FOR);
            }
            None => tracing::warn!("it is not known who asked; nobody was muted"),
        }
    }
}
