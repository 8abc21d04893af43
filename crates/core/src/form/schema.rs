//! `requestedSchema` as fields (digest §3.4).
//!
//! **Promises.** What is not understood in full is refused as a whole (F1): each kind of field has a
//! closed list of keywords, so that no rule of its author's is passed over. A schema that no answer
//! can fit is refused as well.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{BadSchema, Choice, Field, Form, Format, Kind, Source, TextRule, malformed};

type Object = Map<String, Value>;

/// What every kind of field may have.
const COMMON: [&str; 4] = ["type", "title", "description", "default"];
/// Keywords that would make a form more than a flat list of fields.
const NESTING: [&str; 6] = ["$ref", "allOf", "anyOf", "not", "if", "properties"];

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
        let says = [text_of(object, "title")?, text_of(object, "description")?];
        let says = says.into_iter().flatten().filter(|said| !said.trim().is_empty()).collect();
        let form = Self { fields, says };
        form.within_bounds()?;
        Ok(form)
    }
}

fn kind_of(name: &str, property: &Object, source: Source) -> Result<Kind, BadSchema> {
    if let Some(keyword) = NESTING.into_iter().find(|keyword| property.contains_key(*keyword)) {
        return Err(malformed(&format!("{name} uses {keyword}")));
    }
    if property.get("format").and_then(Value::as_str) == Some("webauthn-get")
        || property.keys().any(|key| key.starts_with("x-webauthn-"))
    {
        return Err(BadSchema::Unsupported(format!("{name} asks for a passkey")));
    }
    match property.get("type").and_then(Value::as_str) {
        Some("string") if property.contains_key("oneOf") => choice(name, property, &["oneOf"]),
        Some("string") if property.contains_key("enum") => {
            choice(name, property, &["enum", "enumNames"])
        }
        Some("string") => text(name, property, source),
        Some(kind @ ("number" | "integer")) => number(name, property, kind == "integer"),
        Some("boolean") => boolean(name, property),
        Some("array") => choices(name, property),
        Some("object") => Err(malformed(&format!("{name} is nested"))),
        _ => Err(malformed(&format!("{name} has no known type"))),
    }
}

/// `String` of the grammar.
fn text(name: &str, property: &Object, source: Source) -> Result<Kind, BadSchema> {
    only(name, property, &["minLength", "maxLength", "pattern", "format", "x-sensitive"])?;
    let rule = TextRule {
        min: count_of(property, "minLength")?,
        max: count_of(property, "maxLength")?,
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
    let sensitive = match property.get("x-sensitive") {
        None => false,
        Some(Value::Bool(sensitive)) => *sensitive,
        Some(_) => return Err(malformed(&format!("x-sensitive of {name} is not a boolean"))),
    };
    let default = text_of(property, "default")?;
    let named_so = matches!(name, "otp" | "totp_code" | "code" | "pin" | "passcode");
    if sensitive || (source == Source::Server && (named_so || rule.digits_only())) {
        return Ok(Kind::Secret { rule });
    }
    Ok(Kind::Text { rule, default })
}

/// `Number` of the grammar.
fn number(name: &str, property: &Object, integer: bool) -> Result<Kind, BadSchema> {
    only(name, property, &["minimum", "maximum"])?;
    let minimum = number_of(property, "minimum")?;
    let maximum = number_of(property, "maximum")?;
    let default = number_of(property, "default")?;
    let least = minimum.map(|n| if integer { n.ceil() } else { n });
    let most = maximum.map(|n| if integer { n.floor() } else { n });
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        return Err(malformed(&format!("{name} has no possible number")));
    }
    if integer && default.is_some_and(|n| n.fract() != 0.0) {
        return Err(malformed(&format!("the default of {name} is not a whole number")));
    }
    Ok(Kind::Number { integer, minimum, maximum, default })
}

/// `Boolean` of the grammar.
fn boolean(name: &str, property: &Object) -> Result<Kind, BadSchema> {
    only(name, property, &[])?;
    match property.get("default") {
        None => Ok(Kind::Boolean { default: false }),
        Some(Value::Bool(default)) => Ok(Kind::Boolean { default: *default }),
        Some(_) => Err(malformed(&format!("the default of {name} is not a boolean"))),
    }
}

/// `Enum1` of the grammar, in both of its forms.
fn choice(name: &str, property: &Object, keywords: &[&str]) -> Result<Kind, BadSchema> {
    only(name, property, keywords)?;
    let options = if property.contains_key("oneOf") {
        titled(name, property, "oneOf")?
    } else {
        named(name, property)?
    };
    let default = match text_of(property, "default")? {
        None => None,
        Some(value) => Some(place_of(name, &options, &value)?),
    };
    Ok(Kind::Choice { options, default })
}

/// `EnumN` of the grammar, in both of its forms.
fn choices(name: &str, property: &Object) -> Result<Kind, BadSchema> {
    only(name, property, &["items", "minItems", "maxItems"])?;
    let items = property
        .get("items")
        .and_then(Value::as_object)
        .ok_or_else(|| malformed(&format!("{name} does not say what it takes")))?;
    if items.get("type").is_some_and(|kind| kind != "string") {
        let odd = format!("{name} takes several values that are not text");
        return Err(BadSchema::Unsupported(odd));
    }
    let options = if items.contains_key("anyOf") {
        only_these(name, items, &["type", "anyOf"])?;
        titled(name, items, "anyOf")?
    } else if items.contains_key("enum") {
        only_these(name, items, &["type", "enum"])?;
        named(name, items)?
    } else {
        return Err(BadSchema::Unsupported(format!("{name} takes any number of any texts")));
    };
    let count = |keyword| -> Result<Option<usize>, BadSchema> {
        Ok(count_of(property, keyword)?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)))
    };
    let min = count("minItems")?.unwrap_or(0);
    let max = count("maxItems")?.unwrap_or(usize::MAX).min(options.len());
    if min > max || max == 0 {
        return Err(malformed(&format!("{name} has no possible number of values")));
    }
    let default = string_list(property.get("default"), "default")?;
    let default = default
        .into_iter()
        .map(|value| place_of(name, &options, value))
        .collect::<Result<BTreeSet<_>, _>>()?;
    Ok(Kind::Choices { options, min, max, default: default.into_iter().collect() })
}

/// Options as `[{const, title}]`.
fn titled(name: &str, from: &Object, keyword: &str) -> Result<Vec<Choice>, BadSchema> {
    let list = from.get(keyword).and_then(Value::as_array);
    let list = list.ok_or_else(|| malformed(&format!("{keyword} of {name} is not a list")))?;
    let option = |entry: &Value| {
        let entry =
            entry.as_object().ok_or_else(|| malformed(&format!("an option of {name} is odd")))?;
        only_these(name, entry, &["const", "title"])?;
        let value = text_of(entry, "const")?
            .ok_or_else(|| malformed(&format!("an option of {name} has no const")))?;
        let title = text_of(entry, "title")?.unwrap_or_else(|| value.clone());
        Ok(Choice { value, title })
    };
    told_apart(name, list.iter().map(option).collect::<Result<_, BadSchema>>()?)
}

/// Options as `enum`, with `enumNames` or without.
fn named(name: &str, from: &Object) -> Result<Vec<Choice>, BadSchema> {
    let values = string_list(from.get("enum"), "enum")?;
    let names = string_list(from.get("enumNames"), "enumNames")?;
    if from.contains_key("enumNames") && names.len() != values.len() {
        return Err(malformed(&format!("enumNames of {name} has another length than enum")));
    }
    let option = |(number, value): (usize, &&str)| Choice {
        value: (*value).to_owned(),
        title: names.get(number).map_or(*value, |title| *title).to_owned(),
    };
    told_apart(name, values.iter().enumerate().map(option).collect())
}

fn told_apart(name: &str, options: Vec<Choice>) -> Result<Vec<Choice>, BadSchema> {
    if options.is_empty() {
        return Err(malformed(&format!("{name} offers nothing to choose")));
    }
    let mut seen = BTreeSet::new();
    if !options.iter().all(|option| seen.insert(option.value.as_str())) {
        return Err(malformed(&format!("{name} offers a value twice")));
    }
    Ok(options)
}

fn place_of(name: &str, options: &[Choice], value: &str) -> Result<usize, BadSchema> {
    options
        .iter()
        .position(|option| option.value == value)
        .ok_or_else(|| malformed(&format!("the default of {name} is not among its options")))
}

/// Nothing but [`COMMON`] and these: a keyword that is passed over is a rule that is broken.
fn only(name: &str, property: &Object, keywords: &[&str]) -> Result<(), BadSchema> {
    only_these(name, property, &[&COMMON, keywords].concat())
}

fn only_these(name: &str, object: &Object, keywords: &[&str]) -> Result<(), BadSchema> {
    match object.keys().find(|key| !keywords.contains(&key.as_str())) {
        Some(odd) => Err(BadSchema::Unsupported(format!("{name} uses {odd}"))),
        None => Ok(()),
    }
}

fn text_of(object: &Object, name: &str) -> Result<Option<String>, BadSchema> {
    match object.get(name) {
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

fn count_of(object: &Object, name: &str) -> Result<Option<u64>, BadSchema> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_u64().map(Some).ok_or_else(|| malformed(&format!("{name} is not a count")))
        }
    }
}

fn number_of(object: &Object, name: &str) -> Result<Option<f64>, BadSchema> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_f64().map(Some).ok_or_else(|| malformed(&format!("{name} is not a number")))
        }
    }
}
