//! `pattern`: an unanchored ECMAScript expression (JSON Schema), run in linear time.
//!
//! **Promises.** No expression of a stranger's can hold the window up: `regex` has no backtracking,
//! its time grows with the text times the size of the compiled program, and that size is bounded,
//! nested repetitions included; the text is what a person typed into one line. What the two
//! languages write alike and mean differently is translated; what only one of them has (look-around,
//! back references, inline flags) leaves the field without a pattern (digest §3.4, T2), and the
//! server checks the answer anyway.
//!
//! **Never** run one on what a stranger wrote.

use regex::Regex;

/// A pattern with more characters than this is not run (digest §3.4).
const LONGEST: usize = 256;
/// Bytes of the compiled program: far more than any honest pattern of that length takes, and
/// compiled in milliseconds.
const PROGRAM: usize = 1 << 20;

/// The expression, if it is one that runs in linear time.
pub(super) fn compiled(pattern: &str) -> Option<Regex> {
    if pattern.chars().count() > LONGEST {
        return None;
    }
    regex::RegexBuilder::new(&translated(pattern)?).size_limit(PROGRAM).build().ok()
}

/// ECMAScript as `regex` writes it. In ECMAScript `\d`, `\w` and `\b` know ASCII only, and `[`, `&`
/// and `~` in a class stand for themselves.
fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern.chars().peekable();
    let mut class = false;
    while let Some(c) = rest.next() {
        match (c, class) {
            ('\\', _) => match (rest.next()?, class) {
                ('d', false) => out.push_str("[0-9]"),
                ('d', true) => out.push_str("0-9"),
                ('D', _) => out.push_str("[^0-9]"),
                ('w', false) => out.push_str("[0-9A-Za-z_]"),
                ('w', true) => out.push_str("0-9A-Za-z_"),
                ('W', _) => out.push_str("[^0-9A-Za-z_]"),
                ('b', false) => out.push_str(r"(?-u:\b)"),
                ('B', false) => out.push_str(r"(?-u:\B)"),
                // ECMAScript has none of these, or means something else.
                ('A' | 'z' | 'b' | 'B' | 'a' | 'x' | 'U' | '<' | '>', _) => return None,
                (other, _) => out.extend(['\\', other]),
            },
            ('[', false) => {
                class = true;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // Empty, or everything: `regex` would read on.
                if rest.peek() == Some(&']') {
                    return None;
                }
            }
            (']', true) => {
                class = false;
                out.push(']');
            }
            ('[' | '&' | '~', true) => out.extend(['\\', c]),
            // A difference of classes to `regex`.
            ('-', true) if rest.peek() == Some(&'-') => return None,
            ('(', false) if rest.next_if_eq(&'?').is_some() => match rest.peek() {
                Some(':' | '<') => out.push_str("(?"),
                _ => return None,
            },
            _ => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ECMA-262 says of each: pattern, text, whether it matches.
    #[test]
    fn t2_a_pattern_means_what_it_means_in_ecmascript() {
        for (pattern, text, matches) in [
            (r"^\d{6}$", "123456", true),
            (r"^\d{6}$", "١٢٣٤٥٦", false),
            (r"^[\d-]+$", "12-3", true),
            (r"^[\d-]+$", "١", false),
            (r"^\w+$", "é", false),
            (r"^[^\d]$", "7", false),
            (r"^[^\D]$", "7", true),
            (r"^[\W]$", "é", true),
            (r"\bcat\b", "écaté", true),
            ("^[a&&b]$", "&", true),
            ("^[a&&b]$", "b", true),
            ("^[[]$", "[", true),
            ("^[~~]$", "~", true),
            ("b", "abc", true),
            ("^(?:a|b)(?<last>c)$", "bc", true),
            (r"^https:\/\/", "https://x", true),
            ("^\\u00e9$", "é", true),
            (r"^\p{Lu}$", "É", true),
            ("^a$", "a\n", false),
        ] {
            let expression = compiled(pattern);
            let expression = expression.unwrap_or_else(|| panic!("{pattern} runs"));
            assert_eq!(expression.is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn t2_what_only_one_of_the_languages_has_is_no_pattern() {
        for pattern in [
            "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "(?i)a", r"\Aa", r"a\z", "[]", "[^]", "[+--]",
            r"[\b]", r"\x41", r"\cA", "(", "a\\",
        ] {
            assert!(compiled(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn t2_a_pattern_that_would_take_too_much_is_not_run() {
        for pattern in ["((a{100}){100}){100}", "(((((\\w{50}){50}){50}){50}){50})"] {
            assert!(compiled(pattern).is_none(), "{pattern}");
        }
        assert!(compiled(&"a".repeat(LONGEST)).is_some());
        assert!(compiled(&"a".repeat(LONGEST + 1)).is_none());
    }

    /// A backtracking engine does not come back from any of these.
    #[test]
    fn t2_the_longest_line_is_judged_by_an_exploding_pattern_at_once() {
        let line = format!("{}!", "a".repeat(65_535));
        for pattern in ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*a){20}$", "^([a-z]+)*x$"] {
            assert!(!compiled(pattern).unwrap().is_match(&line), "{pattern}");
        }
    }
}
