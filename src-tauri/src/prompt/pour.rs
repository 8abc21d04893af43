//! A long text in pieces, its long lines broken.
//!
//! **Promises.** All of the text comes out, in order, each piece bounded whatever the text is. A line
//! that goes on below says so with a mark that no stranger's text can contain.
//!
//! **Never** look at the whole text at once: it may be many megabytes.

use placet_core::text::{LEFT_TO_RIGHT, RIGHT_TO_LEFT};

/// Stands at the end of a line that goes on below. Such lines are broken here and not by the text
/// view, which would put hyphens where it breaks (no one wrote them) and takes minutes for a line of
/// a million characters. `⟨` never stands in a stranger's text unescaped, so the mark cannot be
/// forged.
const BREAK: &str = "⟨↩⟩";

/// What is left of a text.
pub(super) struct Pour {
    text: String,
    at: usize,
    columns: usize,
    hang: &'static str,
    /// The line before goes on.
    goes_on: bool,
    /// The break is within letters that run from right to left.
    within: bool,
}

impl Pour {
    /// Lines of at most so many columns; what goes on below is indented by `hang`.
    pub(super) fn new(text: String, columns: usize, hang: &'static str) -> Self {
        Self { text, at: 0, columns, hang, goes_on: false, within: false }
    }

    /// The next piece, of about so many bytes; none at the end.
    pub(super) fn next(&mut self, bytes: usize) -> Option<String> {
        let text = std::mem::take(&mut self.text);
        let mut out = String::new();
        while out.len() < bytes && self.at < text.len() {
            self.line(text.get(self.at..).unwrap_or_default(), &mut out);
        }
        self.text = text;
        (!out.is_empty()).then_some(out)
    }

    /// One line of the page.
    fn line(&mut self, rest: &str, out: &mut String) {
        let mut columns = self.columns;
        if std::mem::take(&mut self.goes_on) {
            out.push_str(self.hang);
            columns = columns.saturating_sub(self.hang.len()).max(1);
        }
        if std::mem::take(&mut self.within) {
            // Else the line would begin on the right, and all of it in the other order.
            out.push(RIGHT_TO_LEFT);
        }
        let piece = columns.saturating_sub(BREAK.chars().count()).max(1);
        let (mut cut, mut within) = (rest.len(), false);
        for (number, (at, letter)) in rest.char_indices().enumerate() {
            if letter == '\n' {
                // A line that fits is left alone, also if it would not fit with a mark.
                self.take(rest, at + 1, out);
                return;
            }
            if number == piece {
                cut = at;
                self.within = within;
            }
            if number == columns {
                self.goes_on = true;
                let within = self.within;
                self.take(rest, cut, out);
                if within {
                    out.push(LEFT_TO_RIGHT);
                }
                out.push_str(BREAK);
                out.push('\n');
                return;
            }
            match letter {
                RIGHT_TO_LEFT => within = true,
                LEFT_TO_RIGHT => within = false,
                _ => {}
            }
        }
        self.within = false;
        self.take(rest, rest.len(), out);
    }

    fn take(&mut self, rest: &str, end: usize, out: &mut String) {
        if !self.goes_on {
            self.within = false;
        }
        out.push_str(rest.get(..end).unwrap_or(rest));
        self.at = self.at.saturating_add(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, columns: usize, hang: &'static str) -> String {
        let mut pour = Pour::new(text.to_owned(), columns, hang);
        let mut out = String::new();
        while let Some(piece) = pour.next(1) {
            out.push_str(&piece);
        }
        let mut at_once = Pour::new(text.to_owned(), columns, hang);
        assert_eq!(at_once.next(usize::MAX).unwrap_or_default(), out, "however it is poured");
        out
    }

    #[test]
    fn h3_breaking_a_long_line_loses_nothing() {
        let long = "x".repeat(5_000);
        let text = format!("short\n{long}\n\n");
        let shown = broken(&text, 70, "");
        assert_eq!(shown.replace("⟨↩⟩\n", ""), text);
        assert!(shown.lines().all(|line| line.chars().count() <= 70));
        assert_eq!(broken(&"ü".repeat(70), 70, ""), "ü".repeat(70), "it fits");
        assert_eq!(broken("abcdef", 5, ""), "ab⟨↩⟩\ncdef");
        assert_eq!(broken("", 5, ""), "");
    }

    #[test]
    fn h1_a_line_that_goes_on_in_a_list_of_rows_is_indented() {
        let shown = broken(&format!("a: {}\nb: 1", "x".repeat(40)), 20, "    ");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].starts_with("    x") && lines.last() == Some(&"b: 1"), "{lines:?}");
        assert_eq!(shown.replace("⟨↩⟩\n    ", "").len(), 40 + 3 + 5);
    }

    #[test]
    fn h9_what_runs_from_right_to_left_does_so_within_marks_on_every_line() {
        let shown = broken("a ⍇אבגדהוזחטיכלמנס⍈ b", 12, "");
        for line in shown.lines() {
            assert_eq!(line.matches('⍇').count(), line.matches('⍈').count(), "{shown}");
            assert!(!line.starts_with(|c| ('א'..='ת').contains(&c)), "{shown}");
        }
        assert_eq!(shown.replace("⍈⟨↩⟩\n⍇", ""), "a ⍇אבגדהוזחטיכלמנס⍈ b");
    }
}
