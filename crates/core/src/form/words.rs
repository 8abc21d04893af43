//! What a field takes, in words of ours, before anything is typed.
//!
//! **Promises.** Every limit that [`Form::check`](super::Form::check) holds is said, but for a
//! `pattern`, which says little to a person, and for a secret, of which its server speaks.

use super::{Field, Format, Kind, TextRule};
use crate::ours;
use crate::text::Text;

/// A whole number beyond this is a limit of the format, not of the author (RFC 7493 §2.2).
const WHOLE: f64 = 9_007_199_254_740_991.0;

impl Field {
    /// What it takes, if there is anything to say: a few short sentences in one line.
    #[must_use]
    pub fn wants(&self) -> Option<Text> {
        let limits = match &self.kind {
            Kind::Text { rule, .. } => rule.wanted(),
            Kind::Number { integer, minimum, maximum, .. } => {
                vec![number(*integer, *minimum, *maximum)]
            }
            Kind::Choices { options, min, max, .. } => {
                vec![several(options.len(), *min, *max, self.required)]
            }
            Kind::Secret { .. } | Kind::Boolean { .. } | Kind::Choice { .. } => Vec::new(),
        };
        let typed =
            matches!(self.kind, Kind::Text { .. } | Kind::Number { .. } | Kind::Secret { .. });
        let empty = (typed && !self.required).then(|| ours!("wants-optional"));
        let sentences = limits.into_iter().chain(empty);
        sentences.reduce(|one, other| one.then(&other))
    }
}

impl TextRule {
    fn wanted(&self) -> Vec<Text> {
        let format = self.format.map(Format::wanted);
        let length = match (self.min.filter(|min| *min > 1), self.max) {
            (Some(min), Some(max)) if min == max => Some(ours!("wants-length", count = min)),
            (Some(min), Some(max)) => Some(ours!("wants-length-between", least = min, most = max)),
            (Some(min), None) => Some(ours!("wants-length-least", count = min)),
            (None, Some(max)) => Some(ours!("wants-length-most", count = max)),
            (None, None) => None,
        };
        format.into_iter().chain(length).collect()
    }
}

fn number(integer: bool, minimum: Option<f64>, maximum: Option<f64>) -> Text {
    let counts = |limit: &f64| !integer || limit.abs() < WHOLE;
    let least = minimum.filter(counts).map(said);
    let most = maximum.filter(counts).map(said);
    match (integer, least, most) {
        (true, Some(least), Some(most)) => ours!("wants-whole-between", least = least, most = most),
        (true, Some(least), None) => ours!("wants-whole-least", least = least),
        (true, None, Some(most)) => ours!("wants-whole-most", most = most),
        (true, None, None) => ours!("wants-whole"),
        (false, Some(least), Some(most)) => {
            ours!("wants-number-between", least = least, most = most)
        }
        (false, Some(least), None) => ours!("wants-number-least", least = least),
        (false, None, Some(most)) => ours!("wants-number-most", most = most),
        (false, None, None) => ours!("wants-number"),
    }
}

fn several(options: usize, min: usize, max: usize, required: bool) -> Text {
    match (min, max) {
        (0, max) if max == options => ours!("wants-any"),
        (0, _) => ours!("wants-up-to-or-none", count = max),
        (min, max) if min == max && required => ours!("wants-exactly", count = min),
        (min, max) if min == max => ours!("wants-exactly-or-none", count = min),
        (_, max) if max == options && required => ours!("wants-least", count = min),
        (_, max) if max == options => ours!("wants-least-or-none", count = min),
        _ if required => ours!("wants-between", least = min, most = max),
        _ => ours!("wants-between-or-none", least = min, most = max),
    }
}

/// A number as a person writes it; a very large or very small one with an exponent.
pub(crate) fn said(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-6..1e16).contains(&size) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}
