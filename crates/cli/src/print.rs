//! What reaches the terminal.
//!
//! **Promises.** Text that came over the socket is escaped: no control character, no escape
//! sequence, nothing invisible or reordering, in plain output and in JSON. Data goes to stdout,
//! messages to stderr.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::exit::{Exit, Stop};

/// Where a command's words go.
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    /// `json` for one JSON object on stdout, `quiet` for no progress.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether stdout gets JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The answer: as JSON, or as the lines that `plain` makes of it.
    pub(crate) fn answer(
        &mut self,
        value: &Value,
        plain: impl FnOnce() -> Vec<String>,
    ) -> Result<(), Stop> {
        let text = if self.json {
            json_line(value)
        } else {
            plain().iter().map(|line| visible(line) + "\n").collect()
        };
        self.data(text.as_bytes())
    }

    /// The answer as JSON, whether that was asked for or not.
    pub(crate) fn object(&mut self, value: &Value) -> Result<(), Stop> {
        self.data(json_line(value).as_bytes())
    }

    /// Bytes for stdout as they are: completions and manual pages.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| Stop::Local(format!("stdout cannot be written: {error}")))
    }

    /// A message for the person or the log.
    pub(crate) fn say(&mut self, text: &str) {
        // Nobody can be told that stderr is gone.
        let _ = writeln!(io::stderr().lock(), "placet: {}", visible(text));
    }

    /// Progress: as [`Self::say`], unless quiet.
    pub(crate) fn progress(&mut self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// The end without an answer.
    pub(crate) fn stop(&mut self, stop: &Stop) -> Exit {
        self.say(&stop.to_string());
        if self.json {
            let value = json!({ "error": { "code": stop.code(), "message": stop.to_string() } });
            // The exit status says it too.
            let _ = self.data(json_line(&value).as_bytes());
        }
        stop.exit()
    }
}

/// Text with everything escaped that a terminal would act on or not show.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    out
}

/// JSON on one line, in which only what is safe on a terminal stands unescaped. What is not ASCII,
/// or is DEL, occurs in JSON only inside strings, where `\u` escapes are allowed (RFC 8259 §7).
fn json_line(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.push('\n');
    out
}

/// Whether the standard library's table of what can be printed has it (it leaves out control,
/// format, private, unassigned and separator characters), or it is an ordinary quotation mark,
/// backslash or combining mark.
fn is_plain(c: char) -> bool {
    if matches!(c, '"' | '\'' | '\\') {
        return true;
    }
    // After a letter, a combining mark is not escaped for being one.
    let mut pair = String::from("x");
    pair.push(c);
    pair.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h9_nothing_that_a_terminal_acts_on_gets_through() {
        for c in ['\u{1b}', '\u{7}', '\r', '\n', '\u{7f}', '\u{9b}', '\u{85}'] {
            assert!(!visible(&format!("a{c}b")).contains(c), "{c:?}");
        }
        assert_eq!(visible("\u{1b}[2J"), "\\u{1b}[2J");
    }

    #[test]
    fn h9_what_reorders_or_hides_text_is_shown_as_an_escape() {
        for c in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200f}', '\u{feff}', '\u{2028}', '\u{ad}']
        {
            assert!(!visible(&format!("a{c}b")).contains(c), "{c:?}");
            let json = json_line(&json!({ "note": format!("a{c}b") }));
            assert!(!json.contains(c), "{c:?}");
        }
    }

    #[test]
    fn ordinary_text_of_any_language_stays_as_it_is() {
        for text in ["l'été \"42\" \\ /", "naïve e\u{301}", "日本語", "हिन्दी", "✓ 🙂"]
        {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_stays_the_same_value_when_it_is_escaped() {
        let value = json!({ "a": "\u{9b}31m \u{202e} \u{e0041} é \u{7f}\n" });
        let line = json_line(&value);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        assert!(!line.trim_end().chars().any(|c| c.is_control()));
    }
}
