//! Reading JSON from strangers, and hashing it.
//!
//! **Promises.** [`parse`] refuses what two readers could understand differently or what could
//! exhaust us: duplicate member names (RFC 8259 §4 leaves them open), depth over
//! [`Limits::depth`] with the root at depth 1 (digest §2.10-18), strings over [`Limits::string`]
//! UTF-8 bytes, more values than [`VALUES_MAX`]. [`digest`] is SHA-256 over JCS (RFC 8785); [`exact_digest`] is the same for values
//! that JCS keeps, and tells apart the integers that JCS would round.
//!
//! **Never** parse a peer's or a server's bytes with `serde_json` directly.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

/// Values in one JSON text: each takes many times the two bytes that it may have been sent as.
pub const VALUES_MAX: usize = 600_000;

/// Bounds on one JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Nesting; the root value counts as 1.
    pub depth: usize,
    /// UTF-8 bytes of one string or member name.
    pub string: usize,
}

impl Limits {
    /// A server's answer (A23, digest §2.6.5-3).
    pub const SERVER: Self = Self { bytes: 256 * 1024, depth: 32, string: 16 * 1024 };
    /// An agent's `authorization/request` and small methods (S10).
    pub const INTAKE: Self = Self { bytes: 64 * 1024, depth: 32, string: 64 * 1024 };
    /// An agent's `approval/request` or `elicitation/create` (S10): whole files travel here.
    pub const INTAKE_LARGE: Self =
        Self { bytes: 8 * 1024 * 1024, depth: 32, string: 8 * 1024 * 1024 };
}

/// Why a JSON text was refused. Says where, never quotes the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More bytes than allowed.
    #[error("the message has {0} bytes, at most {1} are allowed")]
    TooLarge(usize, usize),
    /// Not JSON, a duplicate member, too deep or a string too long.
    #[error("{0}")]
    Malformed(String),
}

/// Parses one JSON text within `limits`.
///
/// # Errors
/// [`Refused`] with a sentence for the sender.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, Refused> {
    if bytes.len() > limits.bytes {
        return Err(Refused::TooLarge(bytes.len(), limits.bytes));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    if !numbers_are_kept(bytes) {
        return Err(Refused::Malformed(
            "a number has more digits than can be kept; send it as text".to_owned(),
        ));
    }
    if values(bytes) > VALUES_MAX {
        return Err(Refused::Malformed(format!("there are more than {VALUES_MAX} values in it")));
    }
    let value = Strict { depth: limits.depth, string: limits.string }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Refused::Malformed(error.to_string()))?;
    Ok(value)
}

/// `sha256:` and 64 lower-case hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The canonical bytes of a value (RFC 8785).
///
/// # Errors
/// [`Refused::Malformed`] if the value cannot be written as JSON (a map with keys that are not
/// text, a number that is not finite).
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, Refused> {
    serde_json_canonicalizer::to_vec(value).map_err(|error| Refused::Malformed(error.to_string()))
}

/// SHA-256 over the canonical bytes of a value.
///
/// # Errors
/// As [`canonical`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, Refused> {
    Ok(Digest::of_bytes(&canonical(value)?))
}

/// SHA-256 over the canonical bytes of a value in which every integer stands with all its digits.
///
/// RFC 8785 §3.2.2.3 writes numbers as a double would hold them, so 9007199254740993 becomes
/// 9007199254740992 and two different actions would have one hash. Here an integer beyond
/// ±(2^53 - 1), the range of RFC 7493 §2.2, is written in full. Any other value has the same bytes
/// as under RFC 8785, so that whoever has no such integer can check the hash with any JCS.
///
/// # Errors
/// As [`canonical`].
pub fn exact_digest<T: Serialize>(value: &T) -> Result<Digest, Refused> {
    let value =
        serde_json::to_value(value).map_err(|error| Refused::Malformed(error.to_string()))?;
    let mut out = Vec::new();
    write_exact(&value, &mut out)?;
    Ok(Digest::of_bytes(&out))
}

fn write_exact(value: &Value, out: &mut Vec<u8>) -> Result<(), Refused> {
    match value {
        Value::Object(members) => {
            // RFC 8785 §3.2.3: by UTF-16 code units.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (i, (name, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend(canonical(name)?);
                out.push(b':');
                write_exact(value, out)?;
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_exact(item, out)?;
            }
            out.push(b']');
        }
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            out.extend(number.to_string().into_bytes());
        }
        other => out.extend(canonical(other)?),
    }
    Ok(())
}

/// A decimal number with this many significant digits survives a double (IEEE 754: DBL_DIG).
const DIGITS_KEPT: usize = 15;

/// False if a number would be rounded on its way to the screen: more digits than a double keeps,
/// and not an integer of 64 bits. What was shown would not be what was sent.
fn numbers_are_kept(bytes: &[u8]) -> bool {
    let mut in_string = false;
    let mut escaped = false;
    let mut number: Vec<u8> = Vec::new();
    for byte in bytes.iter().chain(b" ") {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' => number.push(*byte),
            _ => {
                in_string = *byte == b'"';
                if !number_is_kept(&number) {
                    return false;
                }
                number.clear();
            }
        }
    }
    true
}

/// How many values there are at most: what begins a list or an object, or follows a comma.
fn values(bytes: &[u8]) -> usize {
    let (mut in_string, mut escaped, mut count) = (false, false, 1usize);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count = count.saturating_add(1),
            _ => {}
        }
    }
    count
}

fn number_is_kept(token: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(token) else { return true };
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').len() <= DIGITS_KEPT
        || text.parse::<i64>().is_ok()
        || text.parse::<u64>().is_ok()
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
    string: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) if depth > 0 => Ok(Self { depth, ..self }),
            _ => Err(E::custom("nested too deeply")),
        }
    }

    fn text<E: de::Error>(self, text: String) -> Result<String, E> {
        if text.len() > self.string {
            return Err(E::custom("a string is too long"));
        }
        Ok(text)
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.text(value.to_owned()).map(Value::String)
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper::<A::Error>()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper::<A::Error>()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = self.text::<A::Error>(name)?;
            let value = members.next_value_seed(inner)?;
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

    fn small(text: &str) -> Result<Value, Refused> {
        parse(text.as_bytes(), Limits { bytes: 1000, depth: 3, string: 8 })
    }

    #[test]
    fn s10_more_values_than_can_be_held_are_refused_before_they_are_read() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count));
        assert!(parse(list(500_000).as_bytes(), Limits::INTAKE_LARGE).is_ok());
        for many in [list(3_900_000), format!("[{}0]", "{},".repeat(2_000_000))] {
            let refused = parse(many.as_bytes(), Limits::INTAKE_LARGE).unwrap_err().to_string();
            assert!(refused.contains("more than 600000 values"), "{refused}");
        }
        // What stands in a text is none.
        let text = format!("\"\\\\\\\"{}\"", "[,".repeat(1_000_000));
        assert!(parse(text.as_bytes(), Limits::INTAKE_LARGE).is_ok());
    }

    #[test]
    fn s10_a_duplicate_member_is_refused_because_two_readers_would_differ() {
        assert!(matches!(small(r#"{"a":1,"a":2}"#), Err(Refused::Malformed(_))));
        assert!(matches!(small(r#"{"o":{"a":1,"\u0061":2}}"#), Err(Refused::Malformed(_))));
    }

    #[test]
    fn a23_depth_counts_the_root_as_one() {
        assert!(small("[[1]]").is_ok());
        assert!(small(r#"{"a":[]}"#).is_ok());
        assert!(small("[[[]]]").is_err(), "arrays at depth 3 hold nothing deeper than the limit");
        assert!(small("[[[[1]]]]").is_err());
    }

    #[test]
    fn a23_long_strings_and_names_are_refused_by_utf8_bytes() {
        assert!(small(r#""12345678""#).is_ok());
        assert!(small(r#""123456789""#).is_err());
        assert!(small(r#""ééééé""#).is_err(), "five letters, ten bytes");
        assert!(small(r#"{"123456789":1}"#).is_err());
    }

    #[test]
    fn h3_a_number_that_would_be_rounded_is_refused_and_not_shown_as_another() {
        let number = |text: &str| parse(text.as_bytes(), Limits::INTAKE).map(|v| v.to_string());
        for kept in ["18446744073709551615", "-9223372036854775808", "0.1", "123456789012345"] {
            assert_eq!(number(kept).as_deref(), Ok(kept));
        }
        for rounded in ["18446744073709551616", "0.12345678901234567890", "[1234567890123456789e1]"]
        {
            assert!(number(rounded).is_err(), "{rounded}");
        }
        assert!(number(r#"{"12345678901234567890123": "\"98765432109876543210987"}"#).is_ok());
    }

    #[test]
    fn s10_bytes_are_counted_before_parsing() {
        let limits = Limits { bytes: 4, depth: 3, string: 8 };
        assert_eq!(parse(b"[1,2]", limits), Err(Refused::TooLarge(5, 4)));
        assert!(parse(b"[1] ]", Limits { bytes: 9, ..limits }).is_err(), "trailing characters");
    }

    #[test]
    fn r2_the_exact_digest_tells_large_integers_apart_and_is_jcs_for_all_else() {
        let of = |text: &str| {
            let value = parse(text.as_bytes(), Limits::INTAKE).unwrap();
            (digest(&value).unwrap(), exact_digest(&value).unwrap())
        };
        let [one, other] = [9_007_199_254_740_992_u64, 9_007_199_254_740_993]
            .map(|id| of(&format!(r#"{{"id":[{id}]}}"#)));
        assert_eq!(one.0, other.0, "RFC 8785 rounds: that is why");
        assert_ne!(one.1, other.1);
        assert_ne!(of("-9007199254740993").1, of("-9007199254740994").1);
        assert_ne!(of("9007199254740993").1, of(r#""9007199254740993""#).1, "text is no number");
        // Where JCS rounds nothing the two are one: order, escapes, numbers, nothing at all.
        for same in [
            r#"{"b":1.50,"a":[1e2,-0.0,0.1,null,true,{}],"\u20ac":"\u000f\n\"\\","\ud83d\ude00":[]}"#,
            "9007199254740991",
            "[]",
        ] {
            let (jcs, exact) = of(same);
            assert_eq!(jcs, exact, "{same}");
        }
    }

    /// RFC 8785 §3.2.3 orders members by UTF-16 code units; the vector is the digest's §2.6.4.
    #[test]
    fn the_digests_test_vector_for_an_approval_hash_holds() {
        let text = r#"{"v":1,"aud":["https://mcp.example/files"],"txn":"97053963-771d-49cc-a4e3-20aad399c312","authorization_details":[{"type":"agent_intent","action":{"name":"tools/call"},"resource":{"id":"delete_user","properties":{"arguments":{"userId":"alice"},"aud":"https://mcp.example/files"},"type":"mcp-tool"}}],"client_id":"agent-cli","exp":1795000120,"iat":1795000000,"iss":"https://as.example","reason":"Deleting an account needs a fresh passkey."}"#;
        let value = parse(text.as_bytes(), Limits::SERVER).unwrap();
        assert_eq!(canonical(&value).unwrap().len(), 438);
        assert_eq!(
            digest(&value).unwrap().as_str(),
            "sha256:9b2b0997a61cc99178cc39c7a923c54c584d1983de5295aa916e3c3db528ce66"
        );
    }
}
