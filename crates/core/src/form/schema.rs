//! `requestedSchema` as fields (digest §3.4).
//!
//! **Promises.** What is not understood in full is refused as a whole (F1).

use serde_json::{Map, Value};

use super::{
    BadSchema, Choice, Field, Form, Format, Kind, MAX_FIELDS, Source, TextRule, malformed,
};

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
