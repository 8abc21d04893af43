//! Which screen this is: is the prompt drawn where the person is logged in?
//!
//! Any program of the user can start a display of its own and Placet on it, and press Approve
//! there. The variables that name the display are its starter's. What the user's own session is, is
//! said by the system's login manager (`org.freedesktop.login1`), asked at an address that no
//! variable can change.
//!
//! **Promises.** [`station`] always returns, after two seconds at the latest. Without a login
//! manager, and where it does not say enough (it knows no names of Wayland displays), the answer is
//! [`Seat::Unknown`].
//!
//! **Never** take "here" for proof: it is known once, at the start, and a display can be relayed.

use std::collections::HashMap;
use std::time::Duration;

use placet_core::ports::{Seat, Station};
use zbus::wire::{OwnedObjectPath, OwnedVariant};

/// The system's bus (D-Bus Specification, "Well-known Message Bus Instances"), whatever
/// `DBUS_SYSTEM_BUS_ADDRESS` says.
const SYSTEM_BUS: &str = "unix:path=/run/dbus/system_bus_socket";
/// A login manager that has not answered by then is not waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The login manager's name on the bus.
pub(crate) const LOGIN: &str = "org.freedesktop.login1";

/// The address of the system's bus. Tests of a debug build have one of their own.
pub(crate) fn system_bus() -> String {
    let test = cfg!(debug_assertions).then(|| std::env::var("PLACET_TEST_SYSTEM_BUS").ok());
    test.flatten().unwrap_or_else(|| SYSTEM_BUS.to_owned())
}

/// The user's own graphical session, as the login manager says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    /// Its object's path.
    pub(crate) path: String,
    /// Its screen is locked, as its desktop says.
    pub(crate) locked: bool,
    id: String,
    active: bool,
    kind: String,
    display: String,
    seat: String,
}

/// Where this process was started.
pub async fn station(hardened: bool) -> Station {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = async {
        let bus = zbus::connection::Builder::address(system_bus().as_str()).build().await?;
        login(&bus).await
    };
    let asked = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    let login = asked.ok().and_then(|answered| {
        answered.map_err(|error| tracing::debug!(%error, "no login manager")).ok().flatten()
    });
    let (display, wayland_display) = (variable("DISPLAY"), variable("WAYLAND_DISPLAY"));
    Station {
        seat: seat(login.as_ref(), display.as_deref(), wayland_display.as_deref()),
        login: login.map(|at| {
            let active = if at.active { "active" } else { "not active" };
            format!(
                "session {} ({}) on {}, {active}, display {}",
                at.id, at.kind, at.seat, at.display
            )
        }),
        display,
        wayland_display,
        session_id: variable("XDG_SESSION_ID"),
        hardened,
    }
}

/// The session that the login manager uses as the user's own display; `None` if there is none.
pub(crate) async fn login(bus: &zbus::Connection) -> zbus::Result<Option<Login>> {
    let manager = "/org/freedesktop/login1";
    let uid = rustix::process::geteuid().as_raw();
    let found = bus
        .call_method(Some(LOGIN), manager, Some("org.freedesktop.login1.Manager"), "GetUser", &uid)
        .await?;
    let user: OwnedObjectPath = found.body().deserialize()?;
    let mut of_user = properties(bus, user.as_str(), "org.freedesktop.login1.User").await?;
    let Some((id, session)) = of_user.remove("Display").and_then(pair) else { return Ok(None) };
    if id.is_empty() {
        return Ok(None);
    }
    let mut of = properties(bus, session.as_str(), "org.freedesktop.login1.Session").await?;
    let mut text = |name: &str| of.remove(name).and_then(|value| String::try_from(value).ok());
    let (kind, display) = (text("Type"), text("Display"));
    let mut is = |name: &str| of.remove(name).and_then(|value| bool::try_from(value).ok());
    let (active, locked) = (is("Active"), is("LockedHint"));
    let seat = of.remove("Seat").and_then(pair).map(|(seat, _)| seat);
    Ok(Some(Login {
        path: session.as_str().to_owned(),
        locked: locked.unwrap_or(false),
        id,
        active: active.unwrap_or(false),
        kind: kind.unwrap_or_default(),
        display: display.unwrap_or_default(),
        seat: seat.unwrap_or_default(),
    }))
}

async fn properties(
    bus: &zbus::Connection,
    path: &str,
    interface: &str,
) -> zbus::Result<HashMap<String, OwnedVariant>> {
    let all = Some("org.freedesktop.DBus.Properties");
    let answer = bus.call_method(Some(LOGIN), path, all, "GetAll", &interface).await?;
    answer.body().deserialize()
}

impl Login {
    /// This process draws in it: unless it names another X11 display. Who works on a virtual display
    /// while their own screen is locked is there.
    pub(crate) fn is_drawn_on(&self) -> bool {
        let display = std::env::var("DISPLAY").unwrap_or_default();
        self.kind != "x11"
            || self.display.is_empty()
            || display.is_empty()
            || screen_of(&display) == screen_of(&self.display)
    }
}

fn pair(value: OwnedVariant) -> Option<(String, OwnedObjectPath)> {
    value.try_into().ok()
}

/// What it means for the prompt. The toolkit draws on Wayland if it is named.
fn seat(login: Option<&Login>, display: Option<&str>, wayland: Option<&str>) -> Seat {
    let Some(login) = login.filter(|login| matches!(login.kind.as_str(), "x11" | "wayland")) else {
        return Seat::Unknown;
    };
    if !login.active {
        return Seat::Elsewhere;
    }
    // A session of X11 names its display; a Wayland display in it is another one.
    match (login.kind.as_str(), wayland, display) {
        ("x11", Some(_), _) => Seat::Elsewhere,
        ("x11", None, Some(display)) if !login.display.is_empty() => {
            if screen_of(display) == screen_of(&login.display) {
                Seat::Here
            } else {
                Seat::Elsewhere
            }
        }
        _ => Seat::Unknown,
    }
}

/// `:0` for `:0.0` and `unix:0`: the display without the number of a screen on it.
fn screen_of(display: &str) -> &str {
    let display = display.strip_prefix("unix").unwrap_or(display);
    match display.rsplit_once('.') {
        Some((before, screen)) if !screen.contains(':') => before,
        _ => display,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(kind: &str, active: bool, display: &str) -> Login {
        Login { kind: kind.into(), active, display: display.into(), ..Login::default() }
    }

    #[test]
    fn only_the_display_of_the_active_session_is_here() {
        let at = |login: &Login, display, wayland| seat(Some(login), display, wayland);
        let own = login("x11", true, ":0");
        for name in [":0", ":0.0", "unix:0"] {
            assert_eq!(at(&own, Some(name), None), Seat::Here, "{name}");
        }
        for name in [":99", ":0:1", "localhost:0", ":10.0", ":"] {
            assert_eq!(at(&own, Some(name), None), Seat::Elsewhere, "{name}");
        }
        assert_eq!(at(&own, Some(":0"), Some("wayland-9")), Seat::Elsewhere, "nested");
        assert_eq!(at(&login("x11", false, ":0"), Some(":0"), None), Seat::Elsewhere);
        assert_eq!(at(&login("wayland", false, ""), None, Some("wayland-0")), Seat::Elsewhere);
    }

    #[test]
    fn what_the_login_manager_does_not_say_is_unknown() {
        assert_eq!(seat(None, Some(":0"), None), Seat::Unknown);
        for quiet in [login("x11", true, ""), login("wayland", true, ""), login("tty", true, "")] {
            assert_eq!(seat(Some(&quiet), Some(":0"), None), Seat::Unknown, "{quiet:?}");
        }
        let wayland = login("wayland", true, "");
        assert_eq!(seat(Some(&wayland), None, Some("wayland-0")), Seat::Unknown);
    }
}
