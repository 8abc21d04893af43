//! What a field takes, in words of ours, before anything is typed.
//!
//! **Promises.** Every limit that [`Form::check`](super::Form::check) holds is said, but for a
//! `pattern`, which says little to a person, and for a secret, of which its server speaks.

use super::{Field, Kind, TextRule};
use crate::text::{Text, phrase, sentence};

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
        let empty = (typed && !self.required).then(|| "It may stay empty.".into());
        let sentences = limits.into_iter().chain(empty);
        sentences.reduce(|one, other| phrase("{} {}", &[&one, &other]))
    }
}

impl TextRule {
    fn wanted(&self) -> Vec<Text> {
        let format = self.format.map(|format| format.wanted().into());
        let length = match (self.min.filter(|min| *min > 1), self.max) {
            (Some(min), Some(max)) if min == max => characters("Exactly {} characters.", &[min]),
            (Some(min), Some(max)) => characters("{} to {} characters.", &[min, max]),
            (Some(min), None) => characters("At least {} characters.", &[min]),
            (None, Some(max)) => characters("At most {} characters.", &[max]),
            (None, None) => None,
        };
        format.into_iter().chain(length).collect()
    }
}

fn characters(pattern: &'static str, numbers: &[u64]) -> Option<Text> {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(sentence(pattern, &numbers.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn number(integer: bool, minimum: Option<f64>, maximum: Option<f64>) -> Text {
    let counts = |limit: &f64| !integer || limit.abs() < WHOLE;
    let least = minimum.filter(counts).map(said);
    let most = maximum.filter(counts).map(said);
    match (integer, least, most) {
        (true, Some(least), Some(most)) => sentence("A whole number, {} to {}.", &[&least, &most]),
        (true, Some(least), None) => sentence("A whole number, at least {}.", &[&least]),
        (true, None, Some(most)) => sentence("A whole number, at most {}.", &[&most]),
        (true, None, None) => "A whole number.".into(),
        (false, Some(least), Some(most)) => sentence("A number, {} to {}.", &[&least, &most]),
        (false, Some(least), None) => sentence("A number, at least {}.", &[&least]),
        (false, None, Some(most)) => sentence("A number, at most {}.", &[&most]),
        (false, None, None) => "A number.".into(),
    }
}

fn several(options: usize, min: usize, max: usize, required: bool) -> Text {
    let (least, most) = (min.to_string(), max.to_string());
    match (min, max) {
        (0, max) if max == options => "Choose any number, or none.".into(),
        (0, _) => sentence("Choose up to {}, or none.", &[&most]),
        (min, max) if min == max && required => sentence("Choose exactly {}.", &[&least]),
        (min, max) if min == max => sentence("Choose exactly {}, or none.", &[&least]),
        (_, max) if max == options && required => sentence("Choose at least {}.", &[&least]),
        (_, max) if max == options => sentence("Choose at least {}, or none.", &[&least]),
        _ if required => sentence("Choose {} to {}.", &[&least, &most]),
        _ => sentence("Choose {} to {}, or none.", &[&least, &most]),
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
