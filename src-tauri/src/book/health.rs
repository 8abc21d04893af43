//! What the health page says: how each thing is, what that means, how to better it.
//!
//! **Promises.** Looks and changes nothing; each look ends after [`ANSWERS_WITHIN`]. What cannot be
//! known is not called good.
//!
//! **Never** take a word on the session's bus for proof: any program of the session can stand there
//! under these names, and the page says what it heard.

use std::time::Duration;

use placet_core::ports::Seat;

use super::question::Finding;
use crate::others::{self, Others};
use crate::{away, seat};

/// A bus that has not answered by then counts as one that says nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// What only the daemon knows.
#[derive(Clone, Debug)]
pub struct Inside {
    /// What is wrong with the record.
    pub trouble: Option<String>,
    /// Entries of the record.
    pub entries: u64,
    /// Where the prompt is drawn.
    pub seat: Seat,
    /// Whether the install keeps the program from the user's own processes.
    pub hardened: bool,
    /// Modules that were not let in since the start.
    pub refused: u64,
}

/// Everything, line by line.
pub async fn look(inside: Inside) -> Vec<Finding> {
    let session = zbus::Connection::session();
    let session = tokio::time::timeout(ANSWERS_WITHIN, session).await.ok().and_then(Result::ok);
    let system_bus = seat::system_bus();
    let system = zbus::connection::Builder::address(system_bus.as_str()).build();
    let system = tokio::time::timeout(ANSWERS_WITHIN, system).await.ok().and_then(Result::ok);
    let notifications = owned(session.as_ref(), "org.freedesktop.Notifications").await;
    let tray = owned(session.as_ref(), "org.kde.StatusNotifierWatcher").await;
    let login = owned(system.as_ref(), seat::LOGIN).await;
    let mut saver = false;
    for name in away::savers() {
        saver = saver || owned(session.as_ref(), name).await;
    }
    let others = tokio::task::spawn_blocking(others::look).await.unwrap_or(Others::Unknown);
    findings(&inside, notifications, tray, (login, saver), others)
}

async fn owned(bus: Option<&zbus::Connection>, name: &str) -> bool {
    let Some(bus) = bus else { return false };
    let dbus = Some("org.freedesktop.DBus");
    let asked = bus.call_method(dbus, "/org/freedesktop/DBus", dbus, "NameHasOwner", &name);
    let answer = tokio::time::timeout(ANSWERS_WITHIN, asked).await.ok().and_then(Result::ok);
    answer.is_some_and(|answer| answer.body().deserialize().unwrap_or(false))
}

fn findings(
    inside: &Inside,
    notifications: bool,
    tray: bool,
    (login, saver): (bool, bool),
    others: Others,
) -> Vec<Finding> {
    let record = match &inside.trouble {
        None => finding(
            "Record",
            (true, format!("Whole at the start, and can be written: {} entries", inside.entries)),
            "What was asked, shown and answered is kept, and a changed or missing entry is noticed when Placet starts.",
            "",
        ),
        Some(trouble) => finding(
            "Record",
            (false, trouble.clone()),
            "Nothing can be approved while it is so.",
            "Free space on the disk if it is full. Put a damaged record aside (see “Where things are”) and start Placet again; agents and servers then have to be added anew.",
        ),
    };
    let seat = match inside.seat {
        Seat::Here => finding(
            "Screen",
            (true, "The one where you are logged in".into()),
            "The login manager names this display as yours.",
            "",
        ),
        Seat::Elsewhere => finding(
            "Screen",
            (false, "Not the one where you are logged in".into()),
            "Whoever started Placet there may be no person.",
            "Quit Placet and start it from your own desktop.",
        ),
        Seat::Unknown => finding(
            "Screen",
            (false, "Not known".into()),
            "The login manager does not say which display is yours.",
            "Nothing to do on Wayland: the login manager knows no names of Wayland displays.",
        ),
    };
    vec![
        finding(
            "Socket",
            (true, "Placet took it at the start".into()),
            "Agents of this user ask there. Whether another program took it away since is not looked at.",
            "",
        ),
        record,
        either(
            "Notifications",
            notifications,
            (
                "Somebody shows them",
                "Each request is announced, and the announcement leads to the prompt.",
            ),
            (
                "Nobody shows them",
                "The prompt still opens by itself.",
                "Start the notification service of your desktop.",
            ),
        ),
        either(
            "Tray",
            tray,
            ("There is a place for the icon", "What waits can be reached from the icon."),
            (
                "There is no place for the icon",
                "What waits is reached with “placet open” or by starting Placet again.",
                "On GNOME, install the extension AppIndicator and KStatusNotifierItem Support.",
            ),
        ),
        either(
            "Locked screen",
            login,
            (
                "The login manager can say so",
                "While the screen is locked nothing is decided and what was typed is wiped.",
            ),
            (
                if saver { "Only a screen saver can say so" } else { "Nobody can say so" },
                "Without the login manager, Placet may not notice that you are away.",
                "Use a desktop that locks through systemd-logind or elogind.",
            ),
        ),
        seat,
        finding(
            "Other programs of this session",
            (false, others.sentence()),
            "Any program of yours may see the screen or send input. Input that is known to be sent is refused, but not all of it is known.",
            "Run agents where they cannot reach this session: in a container, as another user, or on another machine.",
        ),
        match inside.refused {
            0 => finding(
                "Foreign modules",
                (true, "None was refused".into()),
                "No code from outside the system’s folders was to be loaded since the start.",
                "",
            ),
            n => finding(
                "Foreign modules",
                (false, format!("{n} refused since the start")),
                "Something wanted code from outside the system’s folders in Placet. It was not loaded.",
                "See “refused_module” in “placet log”: it names the file.",
            ),
        },
        either(
            "Install",
            inside.hardened,
            ("Hardened", "Programs of yours cannot change Placet."),
            (
                "Not hardened",
                "A program that runs as you can replace Placet, or change its record.",
                "There is no hardened install yet.",
            ),
        ),
    ]
}

fn finding(what: &str, (good, state): (bool, String), means: &str, better: &str) -> Finding {
    Finding { what: what.into(), good, state, means: means.into(), better: better.into() }
}

fn either(
    what: &str,
    good: bool,
    (yes, means): (&str, &str),
    (no, worse, better): (&str, &str, &str),
) -> Finding {
    if good {
        finding(what, (true, yes.to_owned()), means, "")
    } else {
        finding(what, (false, no.to_owned()), worse, better)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(trouble: Option<&str>, seat: Seat) -> Inside {
        let trouble = trouble.map(str::to_owned);
        Inside { trouble, entries: 3, seat, hardened: false, refused: 1 }
    }

    #[test]
    fn what_is_not_good_says_what_it_means_and_how_to_better_it() {
        for seat in [Seat::Here, Seat::Elsewhere, Seat::Unknown] {
            let all =
                findings(&inside(Some("no space"), seat), false, false, (false, true), Others::X11);
            assert_eq!(all.len(), 9);
            for one in all {
                assert!(!one.means.is_empty(), "{one:?}");
                assert_eq!(one.good, one.better.is_empty(), "{one:?}");
            }
        }
    }

    #[test]
    fn an_install_that_is_not_hardened_is_never_called_good() {
        let all = findings(&inside(None, Seat::Here), true, true, (true, true), Others::X11);
        let bad: Vec<_> = all.iter().filter(|one| !one.good).map(|one| one.what.as_str()).collect();
        assert_eq!(bad, ["Other programs of this session", "Foreign modules", "Install"]);
    }
}
