//! The daemon behind the desktop: [`Kept`] is the desktop's keeper, the daemon as the tray and the book
//! see it; the daemon's own window is [`Glass`].
//!
//! **Promises.** What the daemon says is handed to the tray at once.
//!
//! **Never** decide here: a pause, an open, a stop and a press on a notification are handed on.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use placet_agentd::clock::RealClock;
use placet_agentd::daemon::{Changed, Daemon, Switches};
use placet_agentd::desk::{self, Found};
use placet_agentd::store::StoreError;
use placet_agentd::store::history::Wanted;
use placet_core::display;
use placet_core::ports::{Clock as _, Gesture};
use placet_core::request::{RequestId, Timestamp};
use placet_core::text::visible_line;
use placet_core::way::Authority;
use placet_texts::text;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

use crate::autostart::{self, Autostart};
use crate::away::Away;
use crate::book::health::{self, Inside};
use crate::book::question::{Agent, Beginning, Trusted, Vouching};
use crate::book::{self, Question};
use crate::desktop::Keeper;
use crate::glass::{By, Glass};
use crate::local;
use crate::prompt::Witness;
use crate::trouble::said;
use crate::view::{Muted, State, Waiting};

/// The daemon, kept.
#[derive(Debug)]
pub struct Kept {
    daemon: Mutex<Option<Daemon>>,
    switches: Switches,
    glass: Arc<Glass>,
    away: Away,
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
            away: away.clone(),
            waiting: daemon.waiting(),
            health: daemon.health(),
            switched: switches.switched(),
            switches: switches.clone(),
            paused: Arc::clone(&paused),
        };
        let (sender, states) = watch::channel(sources.state(&glass));
        runtime.spawn(sources.follow(sender, Arc::clone(&glass)));
        (Self { daemon: Mutex::new(Some(daemon)), switches, glass, away, paused, runtime }, states)
    }
}

impl Keeper for Kept {
    fn open(&self, request: Option<&RequestId>) {
        match request.map(|request| self.switches.show_next(request)) {
            // What is on the screen now is not what they asked to see.
            Some(Found::Next) => self.glass.want(By::Person),
            Some(Found::Shown | Found::Nowhere) | None => self.glass.open_for(By::Person),
        }
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

    fn approve(&self, request: &RequestId, pressed: Gesture) {
        // Nothing is decided while the person is away (F9).
        if !self.away.clone().is() {
            self.glass.approve(request, pressed);
        }
    }

    fn suspicious(&self, what: &'static str, detail: &str) {
        let (switches, detail) = (self.switches.clone(), detail.to_owned());
        self.runtime.spawn(async move {
            if switches.suspicious(what, &detail).await.is_err() {
                tracing::warn!(what, "this could not be recorded");
            }
        });
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
                    Err(error) => book::Answer::Failed(text!(
                        "answer-pairing-stands",
                        why = error.to_string()
                    )),
                };
            }
            Question::Autostart(on) => {
                // The file system may take its time.
                let changed = self.runtime.spawn_blocking(move || autostart(on)).await;
                let failed = || book::Answer::Failed(text!("answer-not-changed"));
                return changed.unwrap_or_else(|_| failed());
            }
            Question::Change(change) => {
                return match switches.change(change).await {
                    Ok(changed) => book::Answer::Changed(changed == Changed::Asked),
                    Err(error) => book::Answer::Failed(error.to_string()),
                };
            }
            looks => self.runtime.spawn_blocking(move || looked_up(&switches, looks)).await,
        };
        match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                book::Answer::Failed(text!("answer-no-history-why", why = said(&error)))
            }
            Err(_) => book::Answer::Failed(text!("answer-no-history")),
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
    let (station, hardened) = switches.station();
    Inside {
        socket: switches.socket().to_owned(),
        trouble: switches.trouble(),
        keys: switches.keys(),
        entries: switches.known().entries(),
        station: station.clone(),
        hardened,
        refused: crate::modules::refused(),
    }
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
                authorities: server.way.authorities.iter().map(vouching).collect(),
                proxy: server.way.proxy.as_ref().map(|proxy| shown(proxy.as_str())),
            });
            book::Answer::Servers(servers.collect())
        }
        Question::Beginning => {
            let program = std::env::current_exe().unwrap_or_default();
            let file = autostart::File::of_person();
            book::Answer::Beginning(Beginning {
                autostart: file.map_or(Autostart::Off, |file| file.look(&program)),
                program: visible_line(&program.to_string_lossy()).as_str().to_owned(),
                agents: switches.known().pairings().map(|(name, _)| name.to_owned()).collect(),
                asked: history.page(&Wanted::default())?.iter().any(|past| past.kind == "approval"),
            })
        }
        Question::Health | Question::Revoke(_) | Question::Autostart(_) | Question::Change(_) => {
            book::Answer::Failed(text!("answer-no-look"))
        }
    })
}

/// Turns the start with the session on or off, for this program.
fn autostart(on: bool) -> book::Answer {
    let changed = || {
        let program = std::env::current_exe()?;
        let file = autostart::File::of_person();
        let file = file.ok_or_else(|| std::io::Error::other(text!("answer-no-home")))?;
        if on {
            file.turn_on(&program)?
        } else {
            file.turn_off()?
        }
        Ok::<_, std::io::Error>(file.look(&program))
    };
    match changed() {
        Ok(now) => book::Answer::Autostart(now),
        Err(error) => {
            book::Answer::Failed(text!("answer-not-changed-why", why = error.to_string()))
        }
    }
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
    switched: watch::Receiver<()>,
    paused: Arc<Notify>,
}

/// While paused the time left is looked at this often: a clock that is set or a machine that
/// slept must not leave the icon behind.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Quiet hours begin and end on the minute, which is looked at so often where there are any.
const A_MINUTE: Duration = Duration::from_secs(20);

impl Sources {
    /// Keeps `states` and the prompt's list of names true until the daemon is gone.
    async fn follow(mut self, states: watch::Sender<State>, glass: Arc<Glass>) {
        loop {
            let state = self.state(&glass);
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
                changed = self.switched.changed() => if changed.is_err() { return },
                () = self.paused.notified() => {}
                () = sleep(left) => {}
            }
        }
    }

    fn state(&mut self, glass: &Glass) -> State {
        let until = self.switches.paused_until();
        let settings = self.switches.settings();
        let quiet = settings.quiet.zip(local::minute());
        State {
            waiting: self.waiting.borrow().iter().map(|one| seen(one, glass)).collect(),
            paused_until: (until > RealClock.now()).then(|| local::time(until)),
            away: self.away.is(),
            muted: self.switches.muted().into_iter().map(muted).collect(),
            quiet_until: quiet.and_then(|(quiet, now)| local::quiet_until(quiet, now)),
            settings,
            trouble: self.health.borrow().as_ref().map(sentence),
        }
    }

    /// When to look again because a pause ends, somebody is muted no longer, or it gets quiet.
    fn left(&self, state: &State) -> Option<Duration> {
        let paused = state.paused_until.is_some().then(|| self.switches.paused_until());
        let muted = self.switches.muted().into_iter().map(|(_, until)| until);
        let first = paused.into_iter().chain(muted).min();
        let ends = first
            .map(|first| Duration::from_secs(RealClock.now().seconds_until(first)).min(LOOK_AGAIN));
        // The minute that is begun counts: it is looked at once more when it is over.
        let quiet = state.settings.quiet.map(|_| A_MINUTE);
        ends.into_iter().chain(quiet).min()
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
    let name = display::muted(&bucket).as_str().to_owned();
    Muted { bucket, name, until: local::time(until) }
}

fn seen(waiting: &desk::Waiting, glass: &Glass) -> Waiting {
    Waiting {
        id: waiting.request.clone(),
        name: waiting.asker.as_str().to_owned(),
        heading: waiting.heading.as_str().to_owned(),
        code: waiting.code.as_str().to_owned(),
        brief: waiting.brief.as_str().to_owned(),
        asked_at: local::time(waiting.received_at),
        offer: glass.offered(&waiting.request),
    }
}

fn sentence(trouble: &StoreError) -> String {
    text!("tray-trouble", trouble = said(trouble))
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

fn vouching(authority: &Authority) -> Vouching {
    Vouching {
        subject: visible_line(&authority.subject).as_str().to_owned(),
        sha256: authority.sha256.clone(),
        until: authority.not_after.day(),
    }
}
