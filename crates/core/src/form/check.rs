//! What was typed against what its field takes (H7).
//!
//! **Promises.** Each field that is wrong is named with one sentence for the person; nothing goes
//! out before all are right.

use regex::Regex;

use super::{Field, Filled, Form, Kind, TextRule, Typed, Values, Wrong};
use crate::secret::Secret;

/// A pattern longer than this is not run (digest §3.4).
const MAX_PATTERN: usize = 256;

impl Form {
    /// Checks what was typed, field by field (H7). `typed` has one entry per field, in order.
    ///
    /// # Errors
    /// Every field that is wrong, in order.
    pub fn check(&self, typed: Vec<Typed>) -> Result<Values, Vec<Wrong>> {
        let mut values = Values::default();
        let mut wrong = Vec::new();
        if typed.len() != self.fields.len() {
            wrong
                .push(Wrong { field: String::new(), sentence: "Something is missing.".to_owned() });
        }
        for (field, typed) in self.fields.iter().zip(typed) {
            match field.check(typed) {
                Ok(Some(filled)) => values.0.push((field.name.clone(), filled)),
                Ok(None) => {}
                Err(sentence) => wrong.push(Wrong { field: field.name.clone(), sentence }),
            }
        }
        if wrong.is_empty() { Ok(values) } else { Err(wrong) }
    }
}

impl Field {
    /// Checks one value. `None` means left empty where that is allowed.
    ///
    /// # Errors
    /// A short sentence for the person.
    pub fn check(&self, typed: Typed) -> Result<Option<Filled>, String> {
        match (&self.kind, typed) {
            (Kind::Text { rule, .. }, Typed::Text(text)) => {
                if text.is_empty() && !self.required {
                    return Ok(None);
                }
                rule.check(&text, self.required)?;
                Ok(Some(Filled::Text(text)))
            }
            (Kind::Secret { rule }, Typed::Secret(secret)) => {
                let secret = rule.normalise(secret);
                if secret.is_empty() && !self.required {
                    return Ok(None);
                }
                rule.check(secret.expose(), self.required)?;
                Ok(Some(Filled::Secret(secret)))
            }
            (Kind::Number { integer, minimum, maximum, .. }, Typed::Text(text)) => {
                let text = text.trim();
                if text.is_empty() {
                    return if self.required { Err("Fill this in.".to_owned()) } else { Ok(None) };
                }
                number(text, *integer, *minimum, *maximum).map(|n| Some(Filled::Number(n)))
            }
            (Kind::Boolean { .. }, Typed::Boolean(on)) => Ok(Some(Filled::Boolean(on))),
            (Kind::Choice { options, .. }, Typed::Choice(chosen)) => {
                match chosen.and_then(|index| options.get(index)) {
                    Some(option) => Ok(Some(Filled::Text(option.value.clone()))),
                    None if self.required => Err("Choose one.".to_owned()),
                    None => Ok(None),
                }
            }
            _ => Err("This cannot be read.".to_owned()),
        }
    }
}

impl TextRule {
    /// True if only digits can match: decided by running the pattern, never by its look alone.
    #[must_use]
    pub fn digits_only(&self) -> bool {
        self.pattern.as_deref().is_some_and(|pattern| {
            let shape = pattern.trim_start_matches('^').trim_end_matches('$');
            let rest = shape.strip_prefix("[0-9]").or_else(|| shape.strip_prefix("\\d"));
            pattern.starts_with('^')
                && pattern.ends_with('$')
                && rest.is_some_and(|rest| {
                    rest.chars().all(|c| matches!(c, '{' | '}' | ',' | '+' | '*' | '0'..='9'))
                })
        })
    }

    /// Strips spaces and hyphens when only digits can match; keeps leading zeros (T3).
    fn normalise(&self, secret: Secret) -> Secret {
        if self.digits_only() {
            Secret::new(
                secret.expose().chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect(),
            )
        } else {
            secret
        }
    }

    fn check(&self, text: &str, required: bool) -> Result<(), String> {
        let length = text.chars().count() as u64;
        if length == 0 && required {
            return Err("Fill this in.".to_owned());
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min == max
            && length != min
        {
            return Err(format!("This needs exactly {min} characters."));
        }
        if let Some(min) = self.min
            && length < min
        {
            return Err(format!("This needs at least {min} characters."));
        }
        if let Some(max) = self.max
            && length > max
        {
            return Err(format!("At most {max} characters fit here."));
        }
        if let Some(pattern) = self.compiled()
            && !pattern.is_match(text)
        {
            let sentence = if self.digits_only() {
                "Only digits fit here."
            } else {
                "This does not have the expected form."
            };
            return Err(sentence.to_owned());
        }
        match self.format {
            Some(format) if !format.fits(text) => Err(format.sentence().to_owned()),
            _ => Ok(()),
        }
    }

    /// The pattern, if a linear-time engine understands it; else no pattern (digest §3.4, T2).
    fn compiled(&self) -> Option<Regex> {
        let pattern = self.pattern.as_deref()?;
        if pattern.len() > MAX_PATTERN {
            return None;
        }
        regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().ok()
    }
}

fn number(
    text: &str,
    integer: bool,
    minimum: Option<f64>,
    maximum: Option<f64>,
) -> Result<serde_json::Number, String> {
    let number = if integer {
        text.parse::<i64>()
            .map(serde_json::Number::from)
            .map_err(|_| "This needs a whole number.".to_owned())?
    } else {
        text.parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .ok_or_else(|| "This needs a number.".to_owned())?
    };
    let value = number.as_f64().unwrap_or(f64::NAN);
    if let Some(minimum) = minimum
        && value < minimum
    {
        return Err(format!("At least {minimum}."));
    }
    if let Some(maximum) = maximum
        && value > maximum
    {
        return Err(format!("At most {maximum}."));
    }
    Ok(number)
}
