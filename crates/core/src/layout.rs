//! JSON laid out to be read: what fits into one line stands in one line.
//!
//! **Promises.** It is the same JSON: only white space between its parts is chosen here. The order
//! of the members is kept. It takes time in proportion to the value.
//!
//! **Never** leave anything out: what is long is folded where it is drawn.

use serde_json::Value;

/// Characters of a line, its indentation included. A block of the prompt has a few more.
const WIDTH: usize = 60;
/// Spaces for each level.
const INDENT: usize = 2;

/// The value as text, of one line or more.
#[must_use]
pub(crate) fn laid_out(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, 0, &mut out);
    out
}

/// Writes `value` behind `before` characters of its line.
fn put(value: &Value, level: usize, before: usize, out: &mut String) {
    let mut line = String::new();
    if one_line(value, WIDTH.saturating_sub(before), &mut line) {
        out.push_str(&line);
        return;
    }
    match value {
        Value::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                next_line(number > 0, level + 1, out);
                put(item, level + 1, (level + 1) * INDENT, out);
            }
            end(level, ']', out);
        }
        Value::Object(members) => {
            out.push('{');
            for (number, (name, member)) in members.iter().enumerate() {
                next_line(number > 0, level + 1, out);
                let name = Value::from(name.as_str()).to_string();
                out.push_str(&name);
                out.push_str(": ");
                let before = (level + 1) * INDENT + name.chars().count() + 2;
                put(member, level + 1, before, out);
            }
            end(level, '}', out);
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn next_line(comma: bool, level: usize, out: &mut String) {
    if comma {
        out.push(',');
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', level * INDENT));
}

fn end(level: usize, sign: char, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', level * INDENT));
    out.push(sign);
}

/// Appends `value` to `line` if all of it has room there; false if not. Gives up early, so that a
/// large value is not written once for each of its levels.
fn one_line(value: &Value, room: usize, line: &mut String) -> bool {
    match value {
        Value::Array(items) => {
            line.push('[');
            for (number, item) in items.iter().enumerate() {
                line.push_str(if number > 0 { ", " } else { "" });
                if !one_line(item, room, line) {
                    return false;
                }
            }
            line.push(']');
        }
        Value::Object(members) => {
            line.push('{');
            for (number, (name, member)) in members.iter().enumerate() {
                line.push_str(if number > 0 { ", " } else { "" });
                if name.len() > room * 4 {
                    return false;
                }
                line.push_str(&Value::from(name.as_str()).to_string());
                line.push_str(": ");
                if !one_line(member, room, line) {
                    return false;
                }
            }
            line.push('}');
        }
        // A character has at most four bytes.
        Value::String(text) if text.len() > room * 4 => return false,
        scalar => line.push_str(&scalar.to_string()),
    }
    line.chars().count() <= room
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_into_a_line_stands_in_one() {
        assert_eq!(laid_out(&json!({"name": "tools/call"})), r#"{"name": "tools/call"}"#);
        assert_eq!(laid_out(&json!([])), "[]");
        assert_eq!(laid_out(&json!([1, "a", null])), r#"[1, "a", null]"#);
    }

    #[test]
    fn what_does_not_fit_is_broken_at_its_outermost_members() {
        let value = json!({
            "type": "mcp-tool",
            "id": "delete_user",
            "properties": {"arguments": {"userId": "alice"}, "aud": "urn:example"},
        });
        assert_eq!(
            laid_out(&value),
            r#"{
  "type": "mcp-tool",
  "id": "delete_user",
  "properties": {
    "arguments": {"userId": "alice"},
    "aud": "urn:example"
  }
}"#
        );
    }

    #[test]
    fn h3_it_is_the_same_json_whatever_it_holds() {
        let long = "word ".repeat(100);
        let deep = (0..30).fold(json!({"end": long}), |inner, n| json!([n, {"in": inner}]));
        for value in [
            deep,
            json!({"": "", "a\"b\n": ["\u{202e}", {}], "numbers": [0, -1, 1.5, u64::MAX]}),
            json!((0..500).collect::<Vec<_>>()),
            Value::from("x".repeat(1000)),
        ] {
            let text = laid_out(&value);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn no_line_that_can_be_broken_is_wider_than_the_page() {
        let value = json!({"names": ["alice", "bob", "carol"], "more": {"numbers": (0..40).collect::<Vec<_>>()}});
        assert!(laid_out(&value).lines().all(|line| line.chars().count() <= WIDTH + 1));
    }
}
