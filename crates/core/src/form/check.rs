//! What was typed against what its field takes (H7).
//!
//! **Promises.** Each field that is wrong is named with one sentence for the person; nothing goes
//! out before all are right.

use placet_texts::text;

use super::pattern::compiled;
use super::{Choice, Field, Filled, Form, Kind, TextRule, Typed, Values, Wrong, said};
use crate::secret::Secret;
use crate::text::is_plain_line;

/// Whole numbers beyond this are rounded by many readers of JSON (RFC 7493 §2.2).
const LARGEST: u64 = (1 << 53) - 1;
/// A number with at most so many digits is the same after it was read into 64 bits (IEEE 754).
const DIGITS_KEPT: usize = 15;

impl Form {
    /// Checks what was typed, field by field (H7). `typed` has one entry per field, in order.
    ///
    /// # Errors
    /// Every field that is wrong, in order.
    pub fn check(&self, typed: Vec<Typed>) -> Result<Values, Vec<Wrong>> {
        let mut values = Values::default();
        let mut wrong = Vec::new();
        if typed.len() != self.fields.len() {
            wrong.push(Wrong { field: String::new(), sentence: text!("wrong-missing") });
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
                // What was pasted may have been put there by a program.
                if !is_plain_line(&text) {
                    return Err(text!("wrong-unshowable"));
                }
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
                    return if self.required { Err(text!("wrong-empty")) } else { Ok(None) };
                }
                number(text, *integer, *minimum, *maximum).map(|n| Some(Filled::Number(n)))
            }
            (Kind::Boolean { .. }, Typed::Boolean(on)) => Ok(Some(Filled::Boolean(on))),
            (Kind::Choice { options, .. }, Typed::Choice(chosen)) => {
                match chosen.and_then(|index| options.get(index)) {
                    Some(option) => Ok(Some(Filled::Text(option.value.clone()))),
                    None if self.required => Err(text!("wrong-choose-one")),
                    None => Ok(None),
                }
            }
            (Kind::Choices { options, min, max, .. }, Typed::Choices(chosen)) => {
                self.several(options, *min, *max, &chosen)
            }
            _ => Err(text!("wrong-unreadable")),
        }
    }

    fn several(
        &self,
        options: &[Choice],
        min: usize,
        max: usize,
        chosen: &[usize],
    ) -> Result<Option<Filled>, String> {
        let values: Vec<String> = options
            .iter()
            .enumerate()
            .filter(|(number, _)| chosen.contains(number))
            .map(|(_, option)| option.value.clone())
            .collect();
        let count = values.len();
        if count == 0 && min > 0 && !self.required {
            return Ok(None);
        }
        if min == max && count != min {
            return Err(text!("wrong-choose-exactly", count = min));
        }
        if count < min {
            return Err(text!("wrong-choose-least", count = min));
        }
        if count > max {
            return Err(text!("wrong-choose-most", count = max));
        }
        Ok(Some(Filled::List(values)))
    }
}

impl TextRule {
    /// True if only digits can match, as far as that can be told without doubt.
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
            // Room for all of it at once: a buffer that grew would leave pieces behind (M1).
            let mut bare = String::with_capacity(secret.expose().len());
            bare.extend(secret.expose().chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')));
            Secret::new(bare)
        } else {
            secret
        }
    }

    fn check(&self, text: &str, required: bool) -> Result<(), String> {
        let length = text.chars().count() as u64;
        if length == 0 && required {
            return Err(text!("wrong-empty"));
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min == max
            && length != min
        {
            return Err(text!("wrong-length", count = min));
        }
        if let Some(min) = self.min
            && length < min
        {
            return Err(text!("wrong-length-least", count = min));
        }
        if let Some(max) = self.max
            && length > max
        {
            return Err(text!("wrong-length-most", count = max));
        }
        if let Some(pattern) = self.pattern.as_deref().and_then(compiled)
            && !pattern.is_match(text)
        {
            return Err(if self.digits_only() {
                text!("wrong-digits")
            } else {
                text!("wrong-pattern")
            });
        }
        match self.format {
            Some(format) if !format.fits(text) => Err(format.sentence()),
            _ => Ok(()),
        }
    }
}

fn number(
    text: &str,
    integer: bool,
    minimum: Option<f64>,
    maximum: Option<f64>,
) -> Result<serde_json::Number, String> {
    let number = if integer {
        let whole = text.parse::<i64>().map_err(|_| text!("wrong-whole"))?;
        if whole.unsigned_abs() > LARGEST {
            return Err(text!("wrong-large"));
        }
        serde_json::Number::from(whole)
    } else {
        let parsed = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        let parsed = parsed.ok_or_else(|| text!("wrong-number"))?;
        // Rounded to what nobody typed (decision 0007).
        let written = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0');
        let vanished = parsed.as_f64() == Some(0.0) && !digits.is_empty();
        if digits.len() > DIGITS_KEPT || vanished {
            return Err(text!("wrong-digits-kept"));
        }
        parsed
    };
    let value = number.as_f64().unwrap_or(f64::NAN);
    if let Some(minimum) = minimum
        && value < minimum
    {
        return Err(text!("wrong-least", least = said(minimum)));
    }
    if let Some(maximum) = maximum
        && value > maximum
    {
        return Err(text!("wrong-most", most = said(maximum)));
    }
    Ok(number)
}
