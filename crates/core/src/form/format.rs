//! The formats of MCP: what fits them, and how they are told to a person.
//!
//! Each is as narrow as its own text, and no narrower: `email` as HTML has it, `uri` as RFC 3986,
//! `date` and `date-time` as RFC 3339.

use std::net::Ipv6Addr;

use placet_texts::text;
use regex::Regex;

use super::Format;
use crate::ours;
use crate::text::Text;

/// HTML §4.10.5.1.5, "valid e-mail address".
const EMAIL: &str = r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$";

/// RFC 3986 Appendix A, `URI`, in extended notation; what stands between brackets is `literal`'s.
const URI: &str = r"(?x)^
    [A-Za-z][A-Za-z0-9+.\-]* :
    ( //
      ( ([A-Za-z0-9._\~!$\&'()*+,;=:\-] | %[0-9A-Fa-f]{2})* @ )?
      ( \[ (?P<literal>[^\[\]]*) \] | ([A-Za-z0-9._\~!$\&'()*+,;=\-] | %[0-9A-Fa-f]{2})* )
      ( : [0-9]* )?
      ( / ([A-Za-z0-9._\~!$\&'()*+,;=:@\-] | %[0-9A-Fa-f]{2})* )*
    | /? ([A-Za-z0-9._\~!$\&'()*+,;=:@\-] | %[0-9A-Fa-f]{2})+
      ( / ([A-Za-z0-9._\~!$\&'()*+,;=:@\-] | %[0-9A-Fa-f]{2})* )*
    | /?
    )
    ( \? ([A-Za-z0-9._\~!$\&'()*+,;=:@/?\-] | %[0-9A-Fa-f]{2})* )?
    ( \# ([A-Za-z0-9._\~!$\&'()*+,;=:@/?\-] | %[0-9A-Fa-f]{2})* )?
    $";

/// RFC 3986 §3.2.2, `IPvFuture`.
const IP_FUTURE: &str = r"^[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$";

/// RFC 3339 §5.6, `full-time`, without its ranges.
const TIME: &str =
    r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$";

impl Format {
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => matches(EMAIL, text),
            Self::Uri => uri(text),
            Self::Date => day(text).is_some(),
            Self::DateTime => date_time(text),
        }
    }

    /// What is wrong with a text that does not fit.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::Email => text!("wrong-email"),
            Self::Uri => text!("wrong-uri"),
            Self::Date => text!("wrong-date"),
            Self::DateTime => text!("wrong-date-time"),
        }
    }

    /// What is wanted.
    pub(super) fn wanted(self) -> Text {
        match self {
            Self::Email => ours!("wants-email"),
            Self::Uri => ours!("wants-uri"),
            Self::Date => ours!("wants-date"),
            Self::DateTime => ours!("wants-date-time"),
        }
    }
}

fn matches(expression: &str, text: &str) -> bool {
    Regex::new(expression).is_ok_and(|expression| expression.is_match(text))
}

fn uri(text: &str) -> bool {
    let Ok(expression) = Regex::new(URI) else { return false };
    expression.captures(text).is_some_and(|parts| {
        parts.name("literal").is_none_or(|literal| {
            literal.as_str().parse::<Ipv6Addr>().is_ok() || matches(IP_FUTURE, literal.as_str())
        })
    })
}

/// Year, month and day of a `full-date` that exists.
fn day(text: &str) -> Option<(u32, u32, u32)> {
    let number = |part: &str, digits: usize| {
        let right = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| part.parse().ok()).flatten()
    };
    let mut parts = text.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    (parts.next().is_none() && (1..=days_in(year, month)).contains(&day))
        .then_some((year, month, day))
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

fn date_time(text: &str) -> bool {
    let read = || {
        let (date, time) = text.split_once(['T', 't'])?;
        let (year, month, day) = day(date)?;
        let expression = Regex::new(TIME).ok()?;
        let parts = expression.captures(time)?;
        let number = |at: usize| -> Option<i32> {
            parts.get(at).map_or(Some(0), |part| part.as_str().parse().ok())
        };
        let (hour, minute, second) = (number(1)?, number(2)?, number(3)?);
        let (east, hours, minutes) =
            (parts.get(4).is_none_or(|sign| sign.as_str() == "+"), number(5)?, number(6)?);
        if hour > 23 || minute > 59 || second > 60 || hours > 23 || minutes > 59 {
            return None;
        }
        if second < 60 {
            return Some(());
        }
        // §5.7: a leap second is the last one of a month, in UTC.
        let offset = (hours * 60 + minutes) * if east { 1 } else { -1 };
        let utc = hour * 60 + minute - offset;
        let last = 23 * 60 + 59;
        let month_ends = if utc < 0 {
            day == 1
        } else if utc < 24 * 60 {
            day == days_in(year, month)
        } else {
            // The day after in UTC is the last one of the month.
            day + 1 == days_in(year, month)
        };
        (utc.rem_euclid(24 * 60) == last && month_ends).then_some(())
    };
    read().is_some()
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
