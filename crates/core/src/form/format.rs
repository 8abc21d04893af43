//! The formats of MCP: what fits them.

use regex::Regex;

use super::Format;

impl Format {
    pub(super) fn fits(self, text: &str) -> bool {
        let digits =
            |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        match self {
            // RFC 5321 is wider than anyone's mail; one @ between two non-empty parts is enough.
            Self::Email => text
                .split_once('@')
                .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)),
            Self::Uri => url::Url::parse(text).is_ok(),
            Self::Date => {
                let parts: Vec<&str> = text.split('-').collect();
                matches!(parts.as_slice(), [y, m, d]
                    if digits(y, 4) && digits(m, 2) && digits(d, 2)
                        && day_exists(y.parse().unwrap_or(0), m.parse().unwrap_or(0), d.parse().unwrap_or(0)))
            }
            Self::DateTime => text.split_once(['T', 't']).is_some_and(|(date, time)| {
                Self::Date.fits(date) && Regex::new(r"^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$").is_ok_and(|re| re.is_match(time))
            }),
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Email => "This is not an e-mail address.",
            Self::Uri => "This is not a full web address.",
            Self::Date => "Write the date as YYYY-MM-DD.",
            Self::DateTime => "Write the time as YYYY-MM-DDThh:mm:ssZ.",
        }
    }
}

fn day_exists(year: u32, month: u32, day: u32) -> bool {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}
