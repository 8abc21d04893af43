//! The person's own clock: hours and minutes where they are.

use gtk::glib;
use placet_core::request::Timestamp;
use placet_core::settings::Quiet;
use placet_texts::text;

/// Hours and minutes of a moment, as the person's clock shows them.
#[must_use]
pub fn time(at: Timestamp) -> String {
    glib::DateTime::from_unix_local(at.0.div_euclid(1000))
        .and_then(|at| at.format("%H:%M"))
        .map_or_else(|_| text!("time-later"), String::from)
}

/// The minute of the local day; `None` if the system knows no local time.
#[must_use]
pub fn minute() -> Option<u16> {
    let now = glib::DateTime::now_local().ok()?;
    u16::try_from(now.hour() * 60 + now.minute()).ok()
}

/// When quiet hours end that hold in this minute, such as `07:00`.
#[must_use]
pub fn quiet_until(quiet: Quiet, minute: u16) -> Option<String> {
    quiet.holds(minute).then(|| format!("{:02}:{:02}", quiet.to / 60, quiet.to % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_say_when_they_end() {
        let night = Quiet { from: 22 * 60, to: 7 * 60 + 5 };
        assert_eq!(quiet_until(night, 23 * 60).as_deref(), Some("07:05"));
        assert_eq!(quiet_until(night, 12 * 60), None);
        assert!(minute().is_some_and(|minute| minute < 24 * 60));
    }
}
