//! A server that repeats what was just typed.
//!
//! Some servers put a wrong code back into their message. What is shown is recorded, and a record
//! never holds a code (R3): so it is dotted out of everything that is shown.
//!
//! **Never** change what is sent: a form that carries the secret in a name or a value is refused.

use placet_core::form::{Field, Form, Kind};
use placet_core::ports::ServerError;
use placet_core::secret::Secret;
use serde_json::{Map, Value};

/// Shorter secrets would dot out ordinary text.
const SHORTEST: usize = 4;

/// `text` with each of `secrets` dotted out.
pub(crate) fn dotted(text: String, secrets: &[Secret]) -> String {
    let mut text = text;
    for secret in long_enough(secrets) {
        if text.contains(secret) {
            text = text.replace(secret, &"•".repeat(secret.chars().count()));
        }
    }
    text
}

/// `form` with each of `secrets` dotted out of its titles and descriptions.
///
/// # Errors
/// [`ServerError::Protocol`] if one stands where it would be sent.
pub(crate) fn dotted_form(form: Form, secrets: &[Secret]) -> Result<Form, ServerError> {
    let fields = form.fields.into_iter().map(|field| dotted_field(field, secrets));
    let fields = fields.collect::<Result<_, _>>()?;
    Ok(Form { fields, says: form.says.into_iter().map(|said| dotted(said, secrets)).collect() })
}

/// Whether what cannot be dotted out, because it is hashed as it is, holds one of `secrets`.
///
/// # Errors
/// [`ServerError::Protocol`] if it does.
pub(crate) fn free_of(members: &Map<String, Value>, secrets: &[Secret]) -> Result<(), ServerError> {
    let holds = |text: &str| long_enough(secrets).any(|secret| text.contains(secret));
    fn any(value: &Value, holds: &dyn Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => holds(text),
            Value::Number(number) => holds(&number.to_string()),
            Value::Array(items) => items.iter().any(|item| any(item, holds)),
            Value::Object(members) => {
                members.iter().any(|(name, value)| holds(name) || any(value, holds))
            }
            Value::Null | Value::Bool(_) => false,
        }
    }
    if members.iter().any(|(name, value)| holds(name) || any(value, &holds)) {
        return Err(ServerError::Protocol("its approval repeats what was typed".to_owned()));
    }
    Ok(())
}

fn dotted_field(mut field: Field, secrets: &[Secret]) -> Result<Field, ServerError> {
    let holds = |text: &str| long_enough(secrets).any(|secret| text.contains(secret));
    let sent = match &field.kind {
        Kind::Text { default, rule } => {
            default.as_deref().is_some_and(holds) || rule.pattern.as_deref().is_some_and(holds)
        }
        Kind::Secret { rule } => rule.pattern.as_deref().is_some_and(holds),
        Kind::Choice { options, .. } | Kind::Choices { options, .. } => {
            options.iter().any(|option| holds(&option.value))
        }
        Kind::Number { default, minimum, maximum, .. } => {
            [default, minimum, maximum].into_iter().flatten().any(|n| holds(&n.to_string()))
        }
        Kind::Boolean { .. } => false,
    };
    if sent || holds(&field.name) {
        return Err(ServerError::Protocol("its form repeats what was typed".to_owned()));
    }
    field.title = field.title.map(|text| dotted(text, secrets));
    field.description = field.description.map(|text| dotted(text, secrets));
    if let Kind::Choice { options, .. } | Kind::Choices { options, .. } = &mut field.kind {
        for option in options {
            option.title = dotted(std::mem::take(&mut option.title), secrets);
        }
    }
    Ok(field)
}

fn long_enough(secrets: &[Secret]) -> impl Iterator<Item = &str> {
    secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use placet_core::form::Source;
    use serde_json::json;

    use super::*;

    fn typed() -> Vec<Secret> {
        vec![Secret::new("28708281".to_owned()), Secret::new("12".to_owned())]
    }

    #[test]
    fn r3_a_code_that_the_server_repeats_is_dotted_out_of_what_is_shown() {
        let text = dotted("28708281 is wrong (28708281), 12 left".to_owned(), &typed());
        assert_eq!(text, "•••••••• is wrong (••••••••), 12 left");
        let form = Form::parse(
            &json!({"type":"object","properties":{"otp":{"type":"string","title":"Not 28708281",
                "description":"28708281"},"c":{"type":"string",
                "oneOf":[{"const":"a","title":"28708281?"}]},"d":{"type":"array",
                "items":{"anyOf":[{"const":"a","title":"or 28708281?"}]}}}}),
            Source::Server,
        )
        .unwrap();
        let form = dotted_form(form, &typed()).unwrap();
        assert!(!format!("{form:?}").contains("28708281"), "{form:?}");
    }

    #[test]
    fn r3_an_approval_that_carries_the_code_is_refused() {
        for members in [
            json!({"reason": "28708281 was typed"}),
            json!({"28708281": true}),
            json!({"authorization_details": [{"a": ["x", {"b": "28708281"}]}]}),
            json!({"n": 28_708_281}),
        ] {
            assert!(free_of(members.as_object().unwrap(), &typed()).is_err(), "{members}");
        }
        let plain = json!({"reason": "12", "n": 2870});
        assert!(free_of(plain.as_object().unwrap(), &typed()).is_ok());
    }

    #[test]
    fn r3_a_form_that_carries_the_code_in_a_value_is_refused() {
        for property in [
            json!({"x28708281":{"type":"string"}}),
            json!({"a":{"type":"string","default":"28708281"}}),
            json!({"a":{"type":"string","pattern":"28708281"}}),
            json!({"a":{"type":"string","enum":["28708281"]}}),
            json!({"a":{"type":"array","items":{"enum":["28708281"]}}}),
            json!({"a":{"type":"integer","default":28_708_281}}),
        ] {
            let form = Form::parse(&json!({"type":"object","properties":property}), Source::Server);
            assert!(dotted_form(form.unwrap(), &typed()).is_err(), "{property}");
        }
    }
}
