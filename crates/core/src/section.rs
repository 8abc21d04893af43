//! Rows under a title: whose words they are, and how much of them is seen at first.
//!
//! **Promises.** A name that the requester chose cannot pose as a label of ours: ours begin with a
//! capital letter, its own are plain lower-case words or stand in quotation marks, under a heading
//! of ours (H1). Whatever is too much to be drawn at once is folded and says so; nothing is cut
//! ([`Row::folds`], [`Section::fold`], H3).
//!
//! **Never** count values alone: a label can be as long as a value.

use serde::Serialize;

use crate::text::Text;

/// A block with more lines than this is folded until the person opens it (H3, digest §5.1).
pub const FOLD_AFTER_LINES: usize = 12;
/// A value with more characters than this is folded too: one line can be as long as a page.
pub const FOLD_AFTER_CHARACTERS: usize = 2_000;
/// Rows that take more lines than this, all together, are folded at the end of their section: the
/// rest of the screen must not be pushed out of sight.
pub const SECTION_LINES: usize = 40;
/// A label with more characters than this stands above its value.
pub const LABEL_BESIDE: usize = 28;
/// Characters in a line of the prompt, roughly: above each other, and beside a label.
const COLUMNS: usize = 60;
const COLUMNS_BESIDE: usize = 42;
const COLUMNS_OF_LABEL: usize = 14;

/// Rows under a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The title.
    pub title: Text,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// A label and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Short; empty for a row that is a sentence.
    pub label: Text,
    /// The value, every line of it.
    pub value: Text,
    /// Drawn in a fixed-width face: code, arguments, paths.
    pub verbatim: bool,
    /// Whose words the label is.
    pub part: Part,
}

/// Whose words a label is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The label is ours.
    #[default]
    Fact,
    /// No label; the value is a title of ours over rows that the requester named.
    Heading,
    /// The label is a name that the requester chose ([`crate::text::name`]).
    Given,
}

impl Row {
    /// True if the value is folded at first; the approving control stays off until it was opened.
    #[must_use]
    pub fn folds(&self) -> bool {
        self.value.lines() > FOLD_AFTER_LINES || self.value.characters() > FOLD_AFTER_CHARACTERS
    }

    /// True if the label stands above the value.
    #[must_use]
    pub fn stacks(&self) -> bool {
        !self.label.as_str().is_empty()
            && (self.folds()
                || (self.verbatim && self.value.lines() > 1)
                || self.label.characters() > LABEL_BESIDE)
    }

    /// How many lines it takes as it is drawn at first, roughly.
    fn lines(&self) -> usize {
        let lines = |text: &Text, columns: usize| -> usize {
            text.as_str()
                .split('\n')
                .map(|line| line.chars().count().div_ceil(columns).max(1))
                .sum()
        };
        // Its head, and the button.
        let folded = FOLD_AFTER_LINES + 2;
        if self.label.as_str().is_empty() || self.stacks() {
            let label = match self.label.as_str() {
                "" => 0,
                _ => lines(&self.label, COLUMNS),
            };
            label.saturating_add(if self.folds() { folded } else { lines(&self.value, COLUMNS) })
        } else {
            lines(&self.label, COLUMNS_OF_LABEL).max(lines(&self.value, COLUMNS_BESIDE))
        }
    }

    /// As text for one long page: the label, then the value; each further line of the value is
    /// indented, so that no value can pose as a row.
    fn push_page(&self, out: &mut String) {
        let (label, value) = (self.label.as_str(), self.value.as_str());
        if label.is_empty() {
            out.push_str(value);
        } else if self.value.lines() == 1 {
            out.push_str(label);
            out.push_str(": ");
            out.push_str(value);
        } else {
            out.push_str(label);
            out.push(':');
            for line in value.split('\n') {
                out.push('\n');
                out.push_str(INDENT);
                out.push_str(line);
            }
        }
    }
}

/// Before each line on [`Section::page`] that goes on with a row.
pub const INDENT: &str = "    ";

impl Section {
    /// The first row that is folded away at first, if all are too much; the approving control
    /// stays off until they were opened.
    #[must_use]
    pub fn fold(&self) -> Option<usize> {
        let mut lines = 0usize;
        let at = self.rows.iter().position(|row| {
            lines = lines.saturating_add(row.lines());
            lines > SECTION_LINES
        })?;
        // A heading goes with what stands under it.
        let heading = |at: &usize| self.rows.get(*at).is_some_and(|row| row.part == Part::Heading);
        Some(at.checked_sub(1).filter(heading).unwrap_or(at))
    }

    /// How many rows there are, headings not counted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.iter().filter(|row| row.part != Part::Heading).count()
    }

    /// The rows from `first` on as one text.
    #[must_use]
    pub fn page(&self, first: usize) -> String {
        let mut out = String::new();
        for (number, row) in self.rows.iter().skip(first).enumerate() {
            if number > 0 {
                out.push('\n');
            }
            row.push_page(&mut out);
        }
        out
    }

    /// Characters in all of it, labels counted.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.rows.iter().map(|row| row.label.characters() + row.value.characters()).sum()
    }

    /// Lines in all of it.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.rows.iter().map(|row| row.value.lines()).sum()
    }

    /// All of it as lines, in reading order.
    pub(crate) fn push_lines(&self, out: &mut Vec<String>) {
        out.push(self.title.as_str().to_owned());
        for row in &self.rows {
            if !row.label.as_str().is_empty() {
                out.push(row.label.as_str().to_owned());
            }
            out.push(row.value.as_str().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{name, visible};

    fn section(rows: impl IntoIterator<Item = (String, String)>) -> Section {
        let rows = rows.into_iter().map(|(label, value)| Row {
            label: name(&label),
            value: visible(&value),
            verbatim: true,
            part: Part::Given,
        });
        Section { title: "Title".into(), rows: rows.collect() }
    }

    #[test]
    fn h3_a_section_with_very_many_rows_is_folded_at_its_end() {
        let few = section((0..SECTION_LINES).map(|n| (format!("m{n}"), "x".into())));
        assert_eq!(few.fold(), None);
        let many = section((0..240).map(|n| (format!("m{n}"), "x".into())));
        assert_eq!(many.fold(), Some(SECTION_LINES));
        let page = many.page(SECTION_LINES);
        assert!(page.starts_with("m40: x\nm41: x\n") && page.ends_with("\nm239: x"));
    }

    #[test]
    fn h3_a_long_name_counts_as_much_as_a_long_value() {
        let long = section([("a".into(), "1".into()), ("n".repeat(9_000), "2".into())]);
        assert_eq!(long.fold(), Some(1));
        let folded = section((0..6).map(|n| (format!("f{n}"), "line\n".repeat(400))));
        assert!(folded.fold().is_some(), "the heads of folded values take room as well");
    }

    #[test]
    fn h3_no_heading_stays_behind_alone() {
        let mut all = section((0..50).map(|n| (format!("m{n}"), "x".into())));
        let heading =
            Row { label: "".into(), value: "H".into(), verbatim: false, part: Part::Heading };
        all.rows.insert(SECTION_LINES - 1, heading);
        assert_eq!(all.fold(), Some(SECTION_LINES - 1));
        assert_eq!(all.count(), 50);
    }

    #[test]
    fn h1_on_a_page_no_value_poses_as_a_row() {
        let page =
            section([("a".into(), "1\nTool: bash\nb: 2".into()), ("b: 2".into(), "3".into())]);
        assert_eq!(page.page(0), "a:\n    1\n    Tool: bash\n    b: 2\n\"b: 2\": 3");
    }
}
