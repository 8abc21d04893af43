//! `Date` (RFC 9110 §6.6.1): how far our clock is from the server's.
//!
//! **Promises.** What the way to the server and back, and the whole seconds of the header, leave open
//! is not counted as a difference.
//!
//! **Never** let it decide anything: a server can say what it wants. It is for a word to the person.

use std::time::SystemTime;

/// Milliseconds that our clock is ahead of the server's, negative if it is behind; `None` if the
/// header is no date. The request went out at `asked_at` and the answer was there at `heard_at`.
pub(crate) fn ahead(header: &str, asked_at: SystemTime, heard_at: SystemTime) -> Option<i64> {
    let date = milliseconds(httpdate::parse_http_date(header.trim()).ok()?)?;
    let (asked, heard) = (milliseconds(asked_at)?, milliseconds(heard_at)?);
    // The server wrote some moment of this second, at some moment between the two of ours.
    let least = asked.saturating_sub(date).saturating_sub(999);
    let most = heard.saturating_sub(date);
    Some(if least > 0 { least } else { most.min(0) })
}

fn milliseconds(at: SystemTime) -> Option<i64> {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis()).ok().map(i64::wrapping_neg),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// RFC 9110 §5.6.7: 784111777 is Sun, 06 Nov 1994 08:49:37 GMT.
    #[test]
    fn only_what_the_way_there_and_back_does_not_explain_is_a_difference() {
        let at = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_000_u64 + ms);
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (asked, heard, difference) in [
            (0, 0, 0),
            (500, 800, 0),
            (999, 5_000, 0),
            (1_999, 2_100, 1_000),
            (120_000, 121_000, 119_001),
        ] {
            assert_eq!(ahead(date, at(asked), at(heard)), Some(difference), "{asked} {heard}");
        }
        let behind = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(ahead(behind, at(0), at(400)), Some(-59_600));
        assert_eq!(ahead("tomorrow", at(0), at(0)), None);
        assert_eq!(ahead("", at(0), at(0)), None);
    }
}
