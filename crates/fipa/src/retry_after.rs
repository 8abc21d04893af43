//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

use std::time::SystemTime;

/// Seconds to wait from `now`; `None` if the header says nothing that can be read.
pub(crate) fn seconds(header: &str, now: SystemTime) -> Option<u64> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean longer than anybody waits.
        return Some(header.parse().unwrap_or(u64::MAX));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    match date.duration_since(now) {
        Ok(wait) => Some(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))),
        Err(_) => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// RFC 9110 §10.2.3 and §5.6.7 give the examples.
    #[test]
    fn f5_retry_after_is_seconds_or_a_date_in_any_of_the_three_forms() {
        // 784111777 is Sun, 06 Nov 1994 08:49:37 GMT.
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_767_500);
        for (header, wait) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(10)),
            ("Sun Nov  6 08:49:37 1994", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(header, now), wait, "{header:?}");
        }
    }
}
