//! What the health page says: how each thing is, what that means, how to better it.
//!
//! **Promises.** Looks and changes nothing; each look ends after [`ANSWERS_WITHIN`]. What cannot be
//! known is not called good.
//!
//! **Never** take a word on the session's bus for proof: any program of the session can stand there
//! under these names, and the page says what it heard.

use std::path::{Path, PathBuf};
use std::time::Duration;

use placet_agentd::store::{KeyTrouble, Seal, StoreError};
use placet_core::ports::{Seat, Station};
use placet_core::text::visible_line;
use placet_texts::text;

use super::question::Finding;
use crate::others::{self, Others};
use crate::trouble::{said, said_of_key};
use crate::{away, seat};

/// A bus that has not answered by then counts as one that says nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
/// As KDE's StatusNotifierItem specification names it; panels of others use the same name.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// What only the daemon knows.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Where agents ask.
    pub socket: PathBuf,
    /// What is wrong with the record.
    pub trouble: Option<StoreError>,
    /// Entries of the record.
    pub entries: u64,
    /// How the keys of this installation are kept, or why one cannot be used: the receipts' first.
    pub keys: [Result<Seal, KeyTrouble>; 2],
    /// Where the prompt is drawn.
    pub station: Station,
    /// Whether the install keeps the program from the user's own processes.
    pub hardened: bool,
    /// Modules that were not let in since the start.
    pub refused: u64,
}

/// Who answers at the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    Placet,
    Another,
    Nobody,
}

/// What shows notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Daemon {
    /// Its name, and whether it shows buttons and text.
    There {
        name: String,
        buttons: bool,
    },
    /// It is there and does not answer.
    Silent,
    None,
}

/// What shows the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    There,
    /// Somebody collects icons, and nobody shows them.
    NobodyShows,
    None,
}

/// All that was heard.
struct Heard {
    answers: Answers,
    notifications: Daemon,
    panel: Panel,
    login: bool,
    savers: Vec<&'static str>,
    others: Others,
}

/// Everything, line by line.
pub async fn look(inside: Inside) -> Vec<Finding> {
    let session = zbus::connection::Builder::session();
    let system_bus = seat::system_bus();
    let system = zbus::connection::Builder::address(system_bus.as_str());
    look_over(inside, session, system).await
}

async fn look_over(
    inside: Inside,
    session: zbus::connection::Builder<'_>,
    system: zbus::connection::Builder<'_>,
) -> Vec<Finding> {
    let session = within(session.build()).await;
    let session = session.as_ref();
    let system = within(system.build()).await;
    let mut savers = Vec::new();
    for name in away::savers() {
        if owned(session, name).await {
            savers.push(name);
        }
    }
    let heard = Heard {
        answers: answers(&inside.socket).await,
        notifications: daemon(session).await,
        panel: panel(session).await,
        login: owned(system.as_ref(), seat::LOGIN).await,
        savers,
        others: tokio::time::timeout(ANSWERS_WITHIN, tokio::task::spawn_blocking(others::look))
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or(Others::Unknown),
    };
    findings(&inside, &heard)
}

async fn within<T>(asked: impl Future<Output = zbus::Result<T>>) -> Option<T> {
    tokio::time::timeout(ANSWERS_WITHIN, asked).await.ok().and_then(Result::ok)
}

async fn owned(bus: Option<&zbus::Connection>, name: &str) -> bool {
    let Some(bus) = bus else { return false };
    let dbus = Some("org.freedesktop.DBus");
    let asked = bus.call_method(dbus, "/org/freedesktop/DBus", dbus, "NameHasOwner", &name);
    within(asked).await.is_some_and(|answer| answer.body().deserialize().unwrap_or(false))
}

/// Whether it is this very process that takes connections there.
async fn answers(socket: &Path) -> Answers {
    let connected = tokio::time::timeout(ANSWERS_WITHIN, tokio::net::UnixStream::connect(socket));
    let Ok(Ok(stream)) = connected.await else { return Answers::Nobody };
    let ours = i32::try_from(std::process::id()).ok();
    match stream.peer_cred() {
        Ok(peer) if ours.is_some() && peer.pid() == ours => Answers::Placet,
        _ => Answers::Another,
    }
}

async fn daemon(bus: Option<&zbus::Connection>) -> Daemon {
    let Some(bus) = bus else { return Daemon::None };
    const PATH: &str = "/org/freedesktop/Notifications";
    let to = Some(NOTIFICATIONS);
    // Starts one if the desktop has one that waits to be started: that is how it is found.
    let asked = within(bus.call_method(to, PATH, to, "GetCapabilities", &())).await;
    let Some(words) = asked.and_then(|words| words.body().deserialize::<Vec<String>>().ok()) else {
        let there = owned(Some(bus), NOTIFICATIONS).await;
        return if there { Daemon::Silent } else { Daemon::None };
    };
    let asked = within(bus.call_method(to, PATH, to, "GetServerInformation", &())).await;
    type Said = (String, String, String, String);
    let name = asked.and_then(|said| said.body().deserialize::<Said>().ok()).map(|said| said.0);
    let name: String = name.unwrap_or_default().chars().take(60).collect();
    let name = visible_line(&name).as_str().to_owned();
    Daemon::There { name, buttons: words.iter().any(|word| word == "actions") }
}

async fn panel(bus: Option<&zbus::Connection>) -> Panel {
    let Some(bus) = bus else { return Panel::None };
    if !owned(Some(bus), WATCHER).await {
        return Panel::None;
    }
    let properties = Some("org.freedesktop.DBus.Properties");
    let what = (WATCHER, "IsStatusNotifierHostRegistered");
    let path = "/StatusNotifierWatcher";
    let asked = within(bus.call_method(Some(WATCHER), path, properties, "Get", &what)).await;
    let shown = asked.is_some_and(|answer| {
        let body = answer.body();
        let value = body.deserialize::<zbus::wire::Variant<'_>>();
        value.ok().and_then(|value| bool::try_from(value).ok()).unwrap_or(false)
    });
    if shown { Panel::There } else { Panel::NobodyShows }
}

fn findings(inside: &Inside, heard: &Heard) -> Vec<Finding> {
    vec![
        socket(heard.answers),
        record(inside),
        keys(inside),
        notifications(&heard.notifications),
        tray(heard.panel),
        lock(heard.login, &heard.savers),
        screen(inside.station.seat, heard.others),
        others(heard.others),
        match inside.refused {
            0 => good(
                text!("health-modules"),
                text!("health-modules-none"),
                text!("health-modules-none-means"),
            ),
            n => poor(
                text!("health-modules"),
                text!("health-modules-some", count = n),
                text!("health-modules-some-means"),
                text!("health-modules-some-better"),
            ),
        },
        match inside.hardened {
            true => good(
                text!("health-install"),
                text!("health-hardened"),
                text!("health-hardened-means"),
            ),
            false => poor(
                text!("health-install"),
                text!("health-unhardened"),
                text!("health-unhardened-means"),
                text!("health-unhardened-better"),
            ),
        },
    ]
}

fn socket(answers: Answers) -> Finding {
    let again = text!("health-socket-better");
    match answers {
        Answers::Placet => good(
            text!("health-socket"),
            text!("health-socket-ours"),
            text!("health-socket-ours-means"),
        ),
        Answers::Another => poor(
            text!("health-socket"),
            text!("health-socket-other"),
            text!("health-socket-other-means"),
            again,
        ),
        Answers::Nobody => poor(
            text!("health-socket"),
            text!("health-socket-nobody"),
            text!("health-socket-nobody-means"),
            again,
        ),
    }
}

fn record(inside: &Inside) -> Finding {
    let Some(trouble) = &inside.trouble else {
        return good(
            text!("health-record"),
            text!("health-record-whole", count = inside.entries),
            text!("health-record-whole-means"),
        );
    };
    let better = match trouble {
        StoreError::Full => {
            text!("health-record-full")
        }
        StoreError::ReadOnly => {
            text!("health-record-read-only")
        }
        StoreError::TooNew { .. } => text!("health-record-too-new"),
        StoreError::Busy | StoreError::InUse(_) => text!("health-record-busy"),
        StoreError::NotPrivate { .. } => text!("health-record-not-private"),
        StoreError::Damaged { .. } | StoreError::Io(_) => {
            text!("health-record-damaged")
        }
    };
    poor(text!("health-record"), said(trouble), text!("health-record-means"), better)
}

/// A key in a file is never called good: who can read it can sign with it.
fn keys(inside: &Inside) -> Finding {
    let what = text!("health-keys");
    match &inside.keys {
        [Ok(Seal::File), Ok(Seal::File)] => poor(
            what,
            text!("health-keys-file"),
            text!("health-keys-file-means"),
            text!("health-keys-file-better"),
        ),
        [Err(trouble), _] => poor(
            what,
            text!("health-keys-none", trouble = said_of_key(trouble)),
            text!("health-keys-none-means"),
            text!("health-keys-better"),
        ),
        [_, Err(trouble)] => poor(
            what,
            text!("health-keys-instance", trouble = said_of_key(trouble)),
            text!("health-keys-instance-means"),
            text!("health-keys-better"),
        ),
    }
}

fn notifications(daemon: &Daemon) -> Finding {
    let what = text!("health-notifications");
    match daemon {
        Daemon::There { name, buttons: true } => {
            good(what, text!("health-buttons", name = name), text!("health-buttons-means"))
        }
        Daemon::There { name, buttons: false } => poor(
            what,
            text!("health-no-buttons", name = name),
            text!("health-no-buttons-means"),
            text!("health-no-buttons-better"),
        ),
        Daemon::Silent => poor(
            what,
            text!("health-silent"),
            text!("health-silent-means"),
            text!("health-silent-better"),
        ),
        Daemon::None => poor(
            what,
            text!("health-no-notifications"),
            text!("health-no-notifications-means"),
            text!("health-no-notifications-better"),
        ),
    }
}

fn tray(panel: Panel) -> Finding {
    let what = text!("health-tray");
    let better = text!("health-tray-better");
    let means = text!("health-tray-means");
    match panel {
        Panel::There => good(what, text!("health-panel"), text!("health-panel-means")),
        Panel::NobodyShows => poor(what, text!("health-no-panel"), means, better),
        Panel::None => poor(what, text!("health-no-tray"), means, better),
    }
}

fn lock(login: bool, savers: &[&str]) -> Finding {
    let what = text!("health-lock");
    let means = text!("health-lock-means");
    let better = text!("health-lock-better");
    let savers = savers.join(", ");
    match (login, savers.is_empty()) {
        (true, true) => good(what, text!("health-login"), means),
        (true, false) => good(what, text!("health-login-and", savers = savers), means),
        (false, false) => {
            poor(what, text!("health-saver", savers = savers), text!("health-saver-means"), better)
        }
        (false, true) => poor(what, text!("health-no-lock"), text!("health-no-lock-means"), better),
    }
}

fn screen(seat: Seat, others: Others) -> Finding {
    let what = text!("health-screen");
    match seat {
        Seat::Here => good(what, text!("health-screen-here"), text!("health-screen-here-means")),
        Seat::Elsewhere => poor(
            what,
            text!("health-screen-elsewhere"),
            text!("health-screen-elsewhere-means"),
            text!("health-screen-elsewhere-better"),
        ),
        Seat::Unknown => poor(
            what,
            text!("health-unknown"),
            text!("health-screen-unknown-means"),
            // Only what helps in this kind of session.
            match others {
                Others::Wayland(_) => text!("health-screen-unknown-better"),
                Others::X11 | Others::Unknown => text!("health-screen-elsewhere-better"),
            },
        ),
    }
}

/// What the session lets other programs do, by its kind.
fn others(others: Others) -> Finding {
    poor(
        text!("health-others"),
        others.sentence(),
        match others {
            Others::X11 => text!("health-others-means"),
            Others::Wayland(_) => text!("health-others-means-wayland"),
            Others::Unknown => text!("health-others-means-unknown"),
        },
        text!("health-others-better"),
    )
}

fn good(what: String, state: String, means: String) -> Finding {
    Finding { what, good: true, state, means, better: String::new() }
}

fn poor(what: String, state: String, means: String, better: String) -> Finding {
    Finding { good: false, better, ..good(what, state, means) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(trouble: Option<StoreError>, seat: Seat) -> Inside {
        let station = Station { display: Some(":0".into()), seat, ..Station::default() };
        let socket = PathBuf::from("/nowhere");
        let keys = [Ok(Seal::File), Ok(Seal::File)];
        Inside { socket, trouble, entries: 3, keys, station, hardened: false, refused: 1 }
    }

    fn at_best() -> Heard {
        Heard {
            answers: Answers::Placet,
            notifications: Daemon::There { name: "one".into(), buttons: true },
            panel: Panel::There,
            login: true,
            savers: vec![],
            others: Others::X11,
        }
    }

    fn poor_ones(inside: &Inside, heard: &Heard) -> Vec<String> {
        let all = findings(inside, heard);
        assert_eq!(all.len(), 10);
        for one in &all {
            assert!(!one.means.is_empty(), "{one:?}");
            assert_eq!(one.good, one.better.is_empty(), "{one:?}");
        }
        all.into_iter().filter(|one| !one.good).map(|one| one.what).collect()
    }

    #[test]
    fn what_is_not_good_says_what_it_means_and_how_to_better_it() {
        let heard = |answers, notifications, panel| Heard {
            answers,
            notifications,
            panel,
            login: false,
            savers: vec![],
            others: Others::X11,
        };
        let bare = Daemon::There { name: "one".into(), buttons: false };
        for trouble in [
            StoreError::Full,
            StoreError::ReadOnly,
            StoreError::Busy,
            StoreError::TooNew { found: 2, known: 1 },
            StoreError::Damaged { at: 1, why: "x".into() },
        ] {
            let inside = inside(Some(trouble), Seat::Elsewhere);
            for heard in [
                heard(Answers::Another, Daemon::None, Panel::None),
                heard(Answers::Nobody, Daemon::Silent, Panel::NobodyShows),
                heard(Answers::Another, bare.clone(), Panel::None),
            ] {
                assert_eq!(poor_ones(&inside, &heard).len(), 10);
            }
        }
    }

    #[test]
    fn an_install_that_is_not_hardened_is_never_called_good() {
        let bad = poor_ones(&inside(None, Seat::Here), &at_best());
        let always =
            ["Receipts and keys", "Other programs of this session", "Foreign modules", "Install"];
        assert_eq!(bad, always);
    }

    #[test]
    fn m3_a_key_in_a_file_is_never_called_good_and_one_that_is_gone_says_so() {
        let mut at = inside(None, Seat::Here);
        assert!(!keys(&at).good);
        at.keys = [Err(KeyTrouble::Missing { file: "receipts.key" }), Ok(Seal::File)];
        assert!(keys(&at).state.contains("Nothing is signed: the file receipts.key is gone"));
        at.keys = [Ok(Seal::File), Err(KeyTrouble::Damaged { file: "instance.key" })];
        assert!(keys(&at).state.contains("Receipts are signed, but the file instance.key"));
    }

    #[tokio::test]
    async fn a_source_that_takes_the_connection_and_says_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        // The kernel takes what connects there, and nobody ever answers.
        let _silent = tokio::net::UnixListener::bind(&path).unwrap();
        let address = format!("unix:path={}", path.display());
        let bus = || zbus::connection::Builder::address(address.as_str());
        let looked = look_over(inside(None, Seat::Here), bus(), bus());
        // Two silent buses, and far more for a busy machine.
        let looked = tokio::time::timeout(ANSWERS_WITHIN * 15, looked).await;
        let all = looked.expect("the page waits for what never comes");
        assert_eq!(all.len(), 10);
        let says = |what: &str| all.iter().find(|one| one.what == what).unwrap();
        for (what, state) in [
            ("Notifications", "Nobody shows them"),
            ("Tray", "There is no place for the icon"),
            ("Locked screen", "Nobody can say so"),
        ] {
            let said = says(what);
            assert!(!said.good, "{said:?}");
            assert_eq!(said.state, state);
        }
        assert_eq!(says("Notifications").means, "The prompt still opens by itself.");
    }

    #[test]
    fn advice_for_wayland_stands_only_where_the_session_is_one() {
        let said = |others| {
            let heard = Heard { others, ..at_best() };
            let all = findings(&inside(None, Seat::Unknown), &heard);
            all.iter().map(|one| format!("{} {} {}\n", one.state, one.means, one.better)).collect()
        };
        let x11: String = said(Others::X11);
        assert!(!x11.contains("Wayland"), "{x11}");
        let wayland: String = said(Others::Wayland(Default::default()));
        assert!(wayland.contains("on Wayland, Placet cannot see what lies over"), "{wayland}");
        assert!(wayland.contains("knows no names of Wayland displays"), "{wayland}");
    }

    #[tokio::test]
    async fn who_answers_at_the_socket_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        assert_eq!(answers(&path).await, Answers::Nobody);
        let _ours = tokio::net::UnixListener::bind(&path).unwrap();
        assert_eq!(answers(&path).await, Answers::Placet);
    }

    #[test]
    fn every_word_of_ours_about_the_health_can_be_translated() {
        let name = || "7".to_owned();
        let troubles =
            [None, Some(StoreError::Full), Some(StoreError::ReadOnly), Some(StoreError::Busy)];
        let more =
            [StoreError::TooNew { found: 2, known: 1 }, StoreError::Damaged { at: 1, why: name() }];
        let more = more.into_iter().chain([StoreError::NotPrivate { path: name(), why: name() }]);
        let mut all = Vec::new();
        for trouble in troubles.into_iter().chain(more.map(Some)) {
            for (seat, answers, panel, login) in [
                (Seat::Here, Answers::Placet, Panel::There, true),
                (Seat::Elsewhere, Answers::Another, Panel::NobodyShows, false),
                (Seat::Unknown, Answers::Nobody, Panel::None, false),
            ] {
                for (buttons, savers) in [(true, vec![]), (false, vec!["7"])] {
                    let notifications = Daemon::There { name: name(), buttons };
                    let others = Others::Unknown;
                    let heard = Heard { answers, notifications, panel, login, savers, others };
                    let mut inside = inside(trouble.clone(), seat);
                    inside.hardened = buttons;
                    inside.refused = u64::from(login);
                    all.extend(placet_texts::pretended(|| findings(&inside, &heard)));
                }
            }
        }
        let beside = [Daemon::Silent, Daemon::None];
        all.extend(placet_texts::pretended(|| beside.map(|one| notifications(&one))));
        for one in all {
            for words in [one.what, one.state, one.means, one.better] {
                assert!(!words.contains(|c: char| c.is_ascii_lowercase()), "{words}");
            }
        }
    }
}
