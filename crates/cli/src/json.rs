//! JSON that a caller gives as an argument or on stdin.
//!
//! **Promises.** A member that occurs twice is refused: Placet would show one of the two and the
//! caller's tool might use the other.

use std::fmt;
use std::io::Read as _;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::exit::Stop;

/// Reads one JSON text; `what` names it in the message.
pub(crate) fn parse(text: &str, what: &str) -> Result<Value, Stop> {
    serde_json::from_str::<Once>(text)
        .map(|once| once.0)
        .map_err(|error| Stop::Usage(format!("{what} cannot be read as JSON: {error}")))
}

/// All of stdin.
pub(crate) fn stdin() -> Result<String, Stop> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Stop::Usage(format!("stdin cannot be read: {error}")))?;
    Ok(text)
}

struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // A whole number that needs more than 64 bits arrives here rounded; what Placet would show
        // is then not what was written.
        if value.fract() == 0.0 && value.abs() >= 9_007_199_254_740_992.0 {
            return Err(E::custom("a number is too large to be kept exactly; write it as text"));
        }
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a member name occurs twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_occurs_twice_is_refused_at_any_depth() {
        assert!(parse(r#"{"a":1,"a":2}"#, "x").is_err());
        assert!(parse(r#"[{"o":{"a":1,"\u0061":2}}]"#, "x").is_err());
        assert_eq!(
            parse(r#"{"b":1,"a":[null,1.5]}"#, "x").unwrap().to_string(),
            r#"{"b":1,"a":[null,1.5]}"#
        );
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        assert!(parse("18446744073709551615", "x").is_ok(), "fits 64 bits");
        assert!(parse("18446744073709551616", "x").is_err());
        assert!(parse("1e400", "x").is_err());
    }
}
