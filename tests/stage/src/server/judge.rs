//! Whether an answer fits the form that was sent.
//!
//! Reads the sent schema itself (MCP's restricted subset), so that a client which answers another
//! form than the one it got is found out. Says nothing about whether a code is right.

use serde_json::{Map, Value};

use super::elicit::{Asked, is_form};

/// An answer that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fits {
    /// The one-time code in it.
    pub(super) otp: Option<String>,
    /// The authenticator that it chooses.
    pub(super) choice: Option<String>,
    /// The assertion in it, as text or as an object.
    pub(super) passkey: Option<Value>,
}

/// Holds an answer against the challenge.
///
/// # Errors
/// A sentence for the developer of the client.
pub(super) fn judge(asked: &Asked, response: &Map<String, Value>) -> Result<Fits, String> {
    if asked.unanswerable {
        return Err("this challenge cannot be answered; a client must refuse it".to_owned());
    }
    let forms: Vec<&Value> = asked
        .entries
        .iter()
        .flatten()
        .filter(|e| is_form(e))
        .filter_map(|e| e.get("requestedSchema"))
        .collect();
    let property = |name: &str| forms.iter().find_map(|schema| schema.get("properties")?.get(name));
    for (name, value) in response {
        let Some(schema) = property(name) else { return Err(format!("nobody asked for {name}")) };
        fits(schema, value).map_err(|why| format!("{name} {why}"))?;
    }
    let required = forms
        .iter()
        .filter_map(|s| s.get("required")?.as_array())
        .flatten()
        .filter_map(Value::as_str);
    for name in required {
        if !response.contains_key(name) {
            return Err(format!("{name} is required"));
        }
    }
    let text = |name: Option<&str>| {
        name.and_then(|n| response.get(n)).and_then(Value::as_str).map(str::to_owned)
    };
    let passkey = asked.passkey.and_then(|name| response.get(name)).cloned();
    Ok(Fits { otp: text(asked.otp), choice: text(asked.choice), passkey })
}

/// One value against its property schema.
fn fits(schema: &Value, value: &Value) -> Result<(), &'static str> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    match kind {
        "string" => {
            let Some(text) = value.as_str() else { return Err("is not a string") };
            let length = text.chars().count();
            let bound = |name: &str| {
                schema.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
            };
            if bound("minLength").is_some_and(|min| length < min)
                || bound("maxLength").is_some_and(|max| length > max)
            {
                return Err("has another length than was asked for");
            }
            match options(schema) {
                Some(options) if !options.contains(&text) => Err("is none of the options"),
                _ => Ok(()),
            }
        }
        "number" | "integer" => {
            let Some(n) = value.as_f64() else { return Err("is not a number") };
            if kind == "integer" && n.fract() != 0.0 {
                return Err("is not a whole number");
            }
            if number("minimum").is_some_and(|min| n < min)
                || number("maximum").is_some_and(|max| n > max)
            {
                return Err("is out of range");
            }
            Ok(())
        }
        "array" => {
            let Some(values) = value.as_array() else { return Err("is not a list") };
            let count = |name: &str| schema.get(name).and_then(Value::as_u64);
            let many = values.len() as u64;
            if count("minItems").is_some_and(|min| many < min)
                || count("maxItems").is_some_and(|max| many > max)
            {
                return Err("has more or fewer values than were asked for");
            }
            let options = schema.get("items").and_then(options).unwrap_or_default();
            let mut seen = Vec::new();
            for value in values {
                let Some(text) = value.as_str() else { return Err("holds what is not text") };
                if !options.contains(&text) {
                    return Err("holds what is none of the options");
                }
                if seen.contains(&text) {
                    return Err("holds a value twice");
                }
                seen.push(text);
            }
            Ok(())
        }
        "object" if value.is_object() => Ok(()),
        "object" => Err("is not an object"),
        "boolean" if value.is_boolean() => Ok(()),
        "boolean" => Err("is not true or false"),
        _ => Err("has a schema that nobody can answer"),
    }
}

fn options(schema: &Value) -> Option<Vec<&str>> {
    let plain = schema
        .get("enum")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect());
    let titled = || {
        schema
            .get("oneOf")
            .or_else(|| schema.get("anyOf"))?
            .as_array()
            .map(|all| all.iter().filter_map(|o| o.get("const")?.as_str()).collect())
    };
    plain.or_else(titled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fits;

    #[test]
    fn fixture_18_several_of_several_are_counted_told_apart_and_looked_up() {
        for items in [
            json!({"type": "string", "enum": ["a", "b", "c"]}),
            json!({"anyOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}, {"const": "c", "title": "C"}]}),
        ] {
            let schema = json!({"type": "array", "minItems": 1, "maxItems": 2, "items": items});
            for right in [json!(["a"]), json!(["c", "a"])] {
                assert_eq!(fits(&schema, &right), Ok(()), "{right}");
            }
            for wrong in [
                json!([]),
                json!(["a", "b", "c"]),
                json!(["a", "a"]),
                json!(["A"]),
                json!([1]),
                json!("a"),
            ] {
                assert!(fits(&schema, &wrong).is_err(), "{wrong}");
            }
        }
    }
}
