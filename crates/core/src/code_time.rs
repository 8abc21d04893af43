//! How long a code of an authenticator app is good for, and whether this computer's clock is one to
//! make codes by.
//!
//! **Promises.** Steps are those of RFC 6238 §4.1 with its default of 30 seconds, which the apps use.
//! They are counted by the server's clock where it said the time.
//!
//! **Never** take these for a rule: the server alone decides whether a code is good.

use crate::ours;
use crate::request::Timestamp;
use crate::text::Text;

/// Seconds for which a code stands (RFC 6238 §4.1, the default of X).
pub const STEP: i64 = 30;
/// With fewer seconds left than these a code is likely to be over before it arrives.
pub const SHORT: u64 = 6;

/// Seconds until an authenticator app shows another code: 1 to 30. `ahead` is how many
/// milliseconds this computer's clock is ahead of the server's.
#[must_use]
pub const fn seconds_left(now: Timestamp, ahead: i64) -> u64 {
    let step = STEP * 1000;
    let into = now.0.saturating_sub(ahead).rem_euclid(step);
    ((step - into) as u64).div_ceil(1000)
}

/// What to say of a clock that is a whole step or more from the server's; `ahead` in milliseconds.
#[must_use]
pub fn astray(ahead: i64) -> Option<Text> {
    let seconds = ahead.unsigned_abs() / 1000;
    if seconds < STEP.unsigned_abs() {
        return None;
    }
    let time = match seconds {
        0..120 => ours!("code-seconds", count = seconds),
        120..7_200 => ours!("code-minutes", count = seconds / 60),
        7_200..172_800 => ours!("code-hours", count = seconds / 3_600),
        _ => ours!("code-days", count = seconds / 86_400),
    };
    Some(match ahead > 0 {
        true => ours!("code-clock-ahead", time = time),
        false => ours!("code-clock-behind", time = time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of RFC 6238, appendix B, fall into the steps 1, 0x23523EC, 0x23523ED, 0x273EF07.
    #[test]
    fn a_code_stands_to_the_end_of_its_step() {
        for (seconds, left) in
            [(59, 1), (1_111_111_109, 1), (1_111_111_111, 29), (1_234_567_890, 30)]
        {
            assert_eq!(seconds_left(Timestamp(seconds * 1000), 0), left, "{seconds}");
        }
        assert_eq!(seconds_left(Timestamp(59_001), 0), 1);
        assert_eq!(seconds_left(Timestamp(58_999), 0), 2);
    }

    #[test]
    fn steps_are_counted_by_the_servers_clock() {
        // The server's clock says 59 s.
        assert_eq!(seconds_left(Timestamp(69_000), 10_000), 1);
        assert_eq!(seconds_left(Timestamp(49_000), -10_000), 1);
        assert_eq!(seconds_left(Timestamp(-1_000), 0), 1, "before 1970");
        assert_eq!(seconds_left(Timestamp(0), i64::MIN), seconds_left(Timestamp(i64::MAX), 0));
    }

    #[test]
    fn a_clock_that_is_a_step_or_more_astray_is_said() {
        assert_eq!(astray(29_999), None);
        assert_eq!(astray(-29_999), None);
        let said = |ahead| astray(ahead).map(|text| text.as_str().to_owned()).unwrap_or_default();
        assert!(said(30_000).contains("is 30 seconds ahead of the server's"), "{}", said(30_000));
        assert!(said(-150_000).contains("is 2 minutes behind the server's"), "{}", said(-150_000));
        assert!(said(3 * 3_600_000).contains("3 hours ahead"), "{}", said(3 * 3_600_000));
        assert!(said(i64::MIN).contains("days behind"), "{}", said(i64::MIN));
    }
}
