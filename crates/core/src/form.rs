//! Forms: the restricted schema of MCP elicitation and of ANA challenges (digest §3.4), parsed
//! into fields that cannot be wrong, and what a person filled in.
//!
//! **Promises.** A schema that is not understood in full is refused, never shown in part (F1).
//! [`Form::check`] says for each field what is wrong, in a sentence (H7). A secret field has no
//! default (H8) and its value lives in [`Secret`].
//!
//! **Never** decide by a property's name alone what an answer is worth (T1); the name only helps
//! to choose a masked field, and only for a server's form (digest §2.6.2).

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secret::Secret;

/// At most this many fields (digest §2.6.5-3).
const MAX_FIELDS: usize = 32;
/// A pattern longer than this is not run (digest §3.4).
const MAX_PATTERN: usize = 256;

/// Where a form comes from: only an enrolled server may ask for secrets (digest §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The challenge endpoint of an enrolled server.
    Server,
    /// A requester or an MCP server behind it.
    Requester,
}

/// A form: fields in the order their author gave.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The property name: where the value goes in `response` or `content`.
    pub name: String,
    /// `title`, if given.
    pub title: Option<String>,
    /// `description`, if given.
    pub description: Option<String>,
    /// True if the property is in `required`.
    pub required: bool,
    /// What kind of value.
    pub kind: Kind,
}

/// What kind of value a field takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Plain text.
    Text {
        /// Bounds and shape.
        rule: TextRule,
        /// Filled in at first.
        default: Option<String>,
    },
    /// A one-time code or another secret: masked, wiped, no default.
    Secret {
        /// Bounds and shape.
        rule: TextRule,
    },
    /// A number.
    Number {
        /// Whole numbers only.
        integer: bool,
        /// Smallest, as the schema wrote it.
        minimum: Option<f64>,
        /// Largest, as the schema wrote it.
        maximum: Option<f64>,
        /// Filled in at first.
        default: Option<f64>,
    },
    /// Yes or no.
    Boolean {
        /// Set at first.
        default: bool,
    },
    /// One of several.
    Choice {
        /// At least one.
        options: Vec<Choice>,
        /// Chosen at first: an index.
        default: Option<usize>,
    },
}

/// One option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value that is sent.
    pub value: String,
    /// What the person reads.
    pub title: String,
}

/// Bounds and shape of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextRule {
    /// `minLength`, in Unicode code points.
    pub min: Option<u64>,
    /// `maxLength`, in Unicode code points.
    pub max: Option<u64>,
    /// `pattern`, unanchored, if it is one that runs in linear time.
    pub pattern: Option<String>,
    /// `format`.
    pub format: Option<Format>,
}

/// The formats of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `email`
    Email,
    /// `uri`
    Uri,
    /// `date`
    Date,
    /// `date-time`
    DateTime,
}

/// Why a schema was refused. For developers and logs; holds the property's name at most.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    /// It is not the restricted shape at all.
    #[error("the form breaks its schema: {0}")]
    Malformed(String),
    /// A kind of field that exists in the standards and not here (yet).
    #[error("the form has a field that Placet cannot show: {0}")]
    Unsupported(String),
}

/// What the person filled in, by field name, in the order of the form.
#[derive(Debug, Default)]
pub struct Values(pub Vec<(String, Filled)>);

/// One value.
#[derive(Debug)]
pub enum Filled {
    /// Text or a chosen option's value.
    Text(String),
    /// A secret.
    Secret(Secret),
    /// A number as typed and checked.
    Number(serde_json::Number),
    /// Yes or no.
    Boolean(bool),
}

/// What stands in a field before it is checked: the prompt's side.
#[derive(Debug)]
pub enum Typed {
    /// Text as typed; also numbers.
    Text(String),
    /// Secret text as typed.
    Secret(Secret),
    /// A switch.
    Boolean(bool),
    /// A chosen option, by index.
    Choice(Option<usize>),
}

/// What is wrong with one field, as a sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// The field's name.
    pub field: String,
    /// One short sentence.
    pub sentence: String,
}

impl Form {
    /// Parses `requestedSchema`.
    ///
    /// # Errors
    /// [`BadSchema`], for the whole form: a form is never shown in part.
    pub fn parse(schema: &Value, source: Source) -> Result<Self, BadSchema> {
        let object = schema.as_object().ok_or_else(|| malformed("it is not an object"))?;
        for name in object.keys() {
            match name.as_str() {
                "type" | "properties" | "required" | "$schema" | "title" | "description" => {}
                "additionalProperties" if object.get(name) == Some(&Value::Bool(false)) => {}
                _ => return Err(malformed(&format!("{name} is not part of it"))),
            }
        }
        if object.get("type").and_then(Value::as_str) != Some("object") {
            return Err(malformed("its type is not object"));
        }
        let properties = object
            .get("properties")
            .and_then(Value::as_object)
            .ok_or_else(|| malformed("it has no properties"))?;
        if properties.len() > MAX_FIELDS {
            return Err(malformed("it has too many properties"));
        }
        let required = string_list(object.get("required"), "required")?;
        if let Some(missing) = required.iter().find(|name| !properties.contains_key(**name)) {
            return Err(malformed(&format!("{missing} is required and not there")));
        }
        let fields = properties
            .iter()
            .map(|(name, property)| {
                let property = property
                    .as_object()
                    .ok_or_else(|| malformed(&format!("{name} is not an object")))?;
                Ok(Field {
                    name: name.clone(),
                    title: text_of(property, "title")?,
                    description: text_of(property, "description")?,
                    required: required.contains(&name.as_str()),
                    kind: kind_of(name, property, source)?,
                })
            })
            .collect::<Result<Vec<_>, BadSchema>>()?;
        Ok(Self { fields })
    }

    /// True if any field is a secret.
    #[must_use]
    pub fn asks_secret(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.kind, Kind::Secret { .. }))
    }

    /// True if the form is the choice of an authenticator: a single choice, nothing else.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self.fields.as_slice(), [Field { kind: Kind::Choice { .. }, .. }])
    }

    /// Both forms in one (digest §2.6.5-4).
    ///
    /// # Errors
    /// [`BadSchema::Malformed`] if a property name occurs in both.
    pub fn merged(mut self, other: Self) -> Result<Self, BadSchema> {
        for field in other.fields {
            if self.fields.iter().any(|mine| mine.name == field.name) {
                return Err(malformed(&format!("{} occurs in two forms", field.name)));
            }
            self.fields.push(field);
        }
        if self.fields.len() > MAX_FIELDS {
            return Err(malformed("it has too many properties"));
        }
        Ok(self)
    }

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
    /// The label: the title, or the name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

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

impl Format {
    fn fits(self, text: &str) -> bool {
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

    fn sentence(self) -> &'static str {
        match self {
            Self::Email => "This is not an e-mail address.",
            Self::Uri => "This is not a full web address.",
            Self::Date => "Write the date as YYYY-MM-DD.",
            Self::DateTime => "Write the time as YYYY-MM-DDThh:mm:ssZ.",
        }
    }
}

impl Values {
    /// True if a secret is among them.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(|(_, filled)| matches!(filled, Filled::Secret(_)))
    }

    /// The one text value, for prompts of our own that ask for one text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(field, filled)| match filled {
            Filled::Text(text) if field == name => Some(text.as_str()),
            _ => None,
        })
    }
}

fn malformed(what: &str) -> BadSchema {
    BadSchema::Malformed(what.to_owned())
}

fn text_of(property: &Map<String, Value>, name: &str) -> Result<Option<String>, BadSchema> {
    match property.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed(&format!("{name} is not text"))),
    }
}

fn string_list<'a>(value: Option<&'a Value>, name: &str) -> Result<Vec<&'a str>, BadSchema> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str().ok_or_else(|| malformed(&format!("{name} is not a list of texts")))
            })
            .collect(),
        Some(_) => Err(malformed(&format!("{name} is not a list"))),
    }
}

fn kind_of(name: &str, property: &Map<String, Value>, source: Source) -> Result<Kind, BadSchema> {
    for keyword in ["$ref", "allOf", "anyOf", "not", "if", "properties"] {
        if property.contains_key(keyword) {
            return Err(malformed(&format!("{name} uses {keyword}")));
        }
    }
    if property.get("format").and_then(Value::as_str) == Some("webauthn-get")
        || property.keys().any(|key| key.starts_with("x-webauthn-"))
    {
        return Err(BadSchema::Unsupported(format!("{name} asks for a passkey")));
    }
    match property.get("type").and_then(Value::as_str) {
        Some("string") if property.contains_key("enum") || property.contains_key("oneOf") => {
            choice_of(name, property)
        }
        Some("string") => text_kind(name, property, source),
        Some(kind @ ("number" | "integer")) => Ok(Kind::Number {
            integer: kind == "integer",
            minimum: number_of(property, "minimum")?,
            maximum: number_of(property, "maximum")?,
            default: number_of(property, "default")?,
        }),
        Some("boolean") => match property.get("default") {
            None => Ok(Kind::Boolean { default: false }),
            Some(Value::Bool(default)) => Ok(Kind::Boolean { default: *default }),
            Some(_) => Err(malformed(&format!("the default of {name} is not a boolean"))),
        },
        Some("array") => Err(BadSchema::Unsupported(format!("{name} takes several values"))),
        Some("object") => Err(malformed(&format!("{name} is nested"))),
        _ => Err(malformed(&format!("{name} has no known type"))),
    }
}

fn text_kind(name: &str, property: &Map<String, Value>, source: Source) -> Result<Kind, BadSchema> {
    let rule = TextRule {
        min: length_of(property, "minLength")?,
        max: length_of(property, "maxLength")?,
        pattern: text_of(property, "pattern")?,
        format: match text_of(property, "format")?.as_deref() {
            None => None,
            Some("email") => Some(Format::Email),
            Some("uri") => Some(Format::Uri),
            Some("date") => Some(Format::Date),
            Some("date-time") => Some(Format::DateTime),
            Some(_) => return Err(BadSchema::Unsupported(format!("{name} has an unknown format"))),
        },
    };
    if rule.min.zip(rule.max).is_some_and(|(min, max)| min > max) {
        return Err(malformed(&format!("{name} has no possible length")));
    }
    let sensitive = property.get("x-sensitive") == Some(&Value::Bool(true));
    let named_so = matches!(name, "otp" | "totp_code" | "code" | "pin" | "passcode");
    if sensitive || (source == Source::Server && (named_so || rule.digits_only())) {
        return Ok(Kind::Secret { rule });
    }
    Ok(Kind::Text { rule, default: text_of(property, "default")? })
}

fn choice_of(name: &str, property: &Map<String, Value>) -> Result<Kind, BadSchema> {
    let options: Vec<Choice> = if let Some(list) = property.get("oneOf") {
        let list =
            list.as_array().ok_or_else(|| malformed(&format!("oneOf of {name} is not a list")))?;
        list.iter()
            .map(|entry| {
                let value = entry.get("const").and_then(Value::as_str);
                let value =
                    value.ok_or_else(|| malformed(&format!("an option of {name} has no const")))?;
                let title = entry.get("title").and_then(Value::as_str).unwrap_or(value);
                Ok(Choice { value: value.to_owned(), title: title.to_owned() })
            })
            .collect::<Result<_, BadSchema>>()?
    } else {
        let values = string_list(property.get("enum"), "enum")?;
        let names = string_list(property.get("enumNames"), "enumNames")?;
        if property.contains_key("enumNames") && names.len() != values.len() {
            return Err(malformed(&format!("enumNames of {name} has another length than enum")));
        }
        values
            .iter()
            .enumerate()
            .map(|(i, value)| Choice {
                value: (*value).to_owned(),
                title: names.get(i).map_or(*value, |title| *title).to_owned(),
            })
            .collect()
    };
    if options.is_empty() {
        return Err(malformed(&format!("{name} offers nothing to choose")));
    }
    let mut seen = std::collections::BTreeSet::new();
    if !options.iter().all(|option| seen.insert(option.value.as_str())) {
        return Err(malformed(&format!("{name} offers a value twice")));
    }
    let default = match text_of(property, "default")? {
        None => None,
        Some(value) => {
            Some(options.iter().position(|option| option.value == value).ok_or_else(|| {
                malformed(&format!("the default of {name} is not among its options"))
            })?)
        }
    };
    Ok(Kind::Choice { options, default })
}

fn length_of(property: &Map<String, Value>, name: &str) -> Result<Option<u64>, BadSchema> {
    match property.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_u64().map(Some).ok_or_else(|| malformed(&format!("{name} is not a length")))
        }
    }
}

fn number_of(property: &Map<String, Value>, name: &str) -> Result<Option<f64>, BadSchema> {
    match property.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_f64().map(Some).ok_or_else(|| malformed(&format!("{name} is not a number")))
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

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
