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
pub(crate) const SYSTEM_BUS: &str = "unix:path=/run/dbus/system_bus_socket";
/// A login manager that has not answered by then is not waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

pub(crate) const LOGIN: &str = "org.freedesktop.login1";

/// The user's own graphical session, as the login manager says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Login {
    id: String,
    active: bool,
    kind: String,
    display: String,
    seat: String,
}

/// Where this process was started.
pub async fn station(hardened: bool) -> Station {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = tokio::time::timeout(ANSWERS_WITHIN, login()).await;
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
async fn login() -> zbus::Result<Option<Login>> {
    let bus = zbus::connection::Builder::address(SYSTEM_BUS).build().await?;
    let Some((id, session)) = display_of_user(&bus).await? else { return Ok(None) };
    let mut of = properties(&bus, session.as_str(), "org.freedesktop.login1.Session").await?;
    let mut text = |name: &str| of.remove(name).and_then(|value| String::try_from(value).ok());
    let (kind, display) = (text("Type"), text("Display"));
    let active = of.remove("Active").and_then(|value| bool::try_from(value).ok());
    let seat = of.remove("Seat").and_then(pair).map(|(seat, _)| seat);
    Ok(Some(Login {
        id,
        active: active.unwrap_or(false),
        kind: kind.unwrap_or_default(),
        display: display.unwrap_or_default(),
        seat: seat.unwrap_or_default(),
    }))
}

/// The object of that session.
pub(crate) async fn display_session(
    bus: &zbus::Connection,
) -> zbus::Result<Option<OwnedObjectPath>> {
    Ok(display_of_user(bus).await?.map(|(_, session)| session))
}

async fn display_of_user(
    bus: &zbus::Connection,
) -> zbus::Result<Option<(String, OwnedObjectPath)>> {
    let manager = "/org/freedesktop/login1";
    let uid = rustix::process::geteuid().as_raw();
    let found = bus
        .call_method(Some(LOGIN), manager, Some("org.freedesktop.login1.Manager"), "GetUser", &uid)
        .await?;
    let user: OwnedObjectPath = found.body().deserialize()?;
    let mut of_user = properties(bus, user.as_str(), "org.freedesktop.login1.User").await?;
    Ok(of_user.remove("Display").and_then(pair).filter(|(id, _)| !id.is_empty()))
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
