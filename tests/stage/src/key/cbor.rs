//! CBOR as CTAP2 uses it: maps with small numbers or words as keys.

use ciborium::Value;

/// A map with numbers as keys, in their order.
pub(super) fn map(entries: Vec<(u8, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// A map with words as keys. The caller keeps CTAP2's order: shorter first, then by bytes.
pub(super) fn words(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

pub(super) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // A vector takes all that is written to it.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    ciborium::from_reader(bytes).ok()
}

/// The value under a number.
pub(super) fn at(map: &Value, key: u8) -> Option<&Value> {
    find(map, &Value::from(key))
}

/// The value under a word.
pub(super) fn under<'a>(map: &'a Value, key: &str) -> Option<&'a Value> {
    find(map, &Value::from(key))
}

fn find<'a>(map: &'a Value, key: &Value) -> Option<&'a Value> {
    map.as_map()?.iter().find(|(found, _)| found == key).map(|(_, value)| value)
}

pub(super) fn number(value: &Value) -> Option<u8> {
    value.as_integer().and_then(|number| u8::try_from(number).ok())
}
