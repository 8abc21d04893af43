//! Text that a stranger wrote, made safe to look at (H9).
//!
//! **Promises.** [`visible`] is injective: two different inputs never look the same because of
//! characters that cannot be seen, but for spaces at the end of a line. Whatever is invisible, reorders its neighbours or has no agreed
//! shape is written out as `⟨U+XXXX⟩`; the signs of our own notation are written out too, so no
//! input can forge it. Nothing is cut.
//!
//! Letters that run from right to left reorder the digits and signs beside them. [`visible`] puts
//! each run of them between `⍇` and `⍈`, which run from left to right: within the marks a word
//! reads as it should, and everything else stands in the order in which it is used. Only [`prose`],
//! for sentences in a paragraph of their own, leaves them as they are.
//!
//! **Never** put a peer's or a server's string on the screen without it.

use placet_texts::Word;
use serde::Serialize;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Text that went through [`visible`]: the only kind that [`crate::display`] holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// The text as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many lines it has; an empty text has one.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.0.split('\n').count()
    }

    /// How many characters it has.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }

    /// The same with a further sentence behind it.
    #[must_use]
    pub fn then(self, sentence: &Self) -> Self {
        self.joined(' ', sentence)
    }

    /// The same with further lines below it.
    #[must_use]
    pub fn above(self, lines: &Self) -> Self {
        self.joined('\n', lines)
    }

    fn joined(mut self, between: char, more: &Self) -> Self {
        self.0.push(between);
        self.0.push_str(&more.0);
        self
    }
}

#[cfg(test)]
impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self(words.to_owned())
    }
}

/// A sentence of ours out of the file of all of them (`placet-texts`), around words that are escaped
/// here if they are not yet: `ours!("screen-pair", name = called(name))`.
#[macro_export]
macro_rules! ours {
    ($id:literal $(, $name:ident = $word:expr)* $(,)?) => {
        $crate::text::ours($id, &[$((stringify!($name), $crate::text::Stands::word(&$word))),*])
    };
}

/// As [`ours!`](crate::ours!), which is to be used: the tests find ids by it.
#[must_use]
pub fn ours(id: &'static str, words: &[(&str, Word<'_>)]) -> Text {
    Text(placet_texts::text(id, words))
}

/// What may stand in a sentence of ours.
pub trait Stands {
    /// As it is shown there.
    fn word(&self) -> Word<'_>;
}

impl Stands for Text {
    fn word(&self) -> Word<'_> {
        Word::from(self.as_str())
    }
}

/// Anybody's words.
impl Stands for str {
    fn word(&self) -> Word<'_> {
        Word::from(escape(self, false, true))
    }
}

impl Stands for String {
    fn word(&self) -> Word<'_> {
        self.as_str().word()
    }
}

impl<T: Stands + ?Sized> Stands for &T {
    fn word(&self) -> Word<'_> {
        (**self).word()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Stands for $number {
            fn word(&self) -> Word<'_> {
                Word::from(*self)
            }
        })*
    };
}
numbers!(u8, u32, u64, usize);

/// For values: keeps line breaks; everything else that cannot be seen is written out, and what runs
/// from right to left is marked.
#[must_use]
pub fn visible(raw: &str) -> Text {
    Text(escape(raw, true, true))
}

/// As [`visible`], for places that hold one line: line breaks are written out as well.
#[must_use]
pub fn visible_line(raw: &str) -> Text {
    Text(escape(raw, false, true))
}

/// As [`visible`], for sentences that a person wrote for a person and that stand in a paragraph of
/// their own: letters that run from right to left do so unmarked, as their readers know it.
#[must_use]
pub fn prose(raw: &str) -> Text {
    Text(escape(raw, true, false))
}

/// True for one line in which every character is seen as what it is: what [`visible_line`] would
/// show unchanged, but for the marks around what runs from right to left.
#[must_use]
pub fn is_plain_line(raw: &str) -> bool {
    escape(raw, false, false) == raw
}

/// At most `limit` characters of `raw`, and whether that was all of it. Only for words that are
/// not what is approved (the agent's own explanation, H2).
#[must_use]
pub fn clipped(raw: &str, limit: usize) -> (Text, bool) {
    let mut rest = raw.chars();
    let head: String = rest.by_ref().take(limit).collect();
    (prose(&head), rest.next().is_none())
}

/// A name that a requester gave to a part of what it asks for: a plain word that begins with a
/// lower-case letter stands as it is, anything else in quotation marks. Our own labels begin with a
/// capital letter, so it can be none of them, nor empty, nor end unseen.
#[must_use]
pub fn name(raw: &str) -> Text {
    let plain = raw.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && is_word(raw);
    if plain { Text(raw.to_owned()) } else { quoted(raw) }
}

/// What somebody or something is called, inside a sentence of ours: a plain word as it is, anything
/// that could go on with our sentence in quotation marks.
#[must_use]
pub fn called(raw: &str) -> Text {
    if is_word(raw) { Text(raw.to_owned()) } else { quoted(raw) }
}

fn is_word(raw: &str) -> bool {
    !raw.is_empty() && raw.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn quoted(raw: &str) -> Text {
    Text(format!("\"{}\"", escape(&raw.replace('\\', "\\\\").replace('"', "\\\""), false, true)))
}

/// Marks stacked on one letter beyond this many are written out: real scripts need fewer, and a
/// taller pile would cover the lines above.
const MARKS_ON_A_LETTER: usize = 3;

/// Stands before letters that run from right to left. It is a sign that runs from left to right
/// itself (bidirectional class L, as all of APL's), so that nothing reorders across it.
pub const RIGHT_TO_LEFT: char = '⍇';
/// Stands behind them.
pub const LEFT_TO_RIGHT: char = '⍈';

fn escape(raw: &str, keep_newlines: bool, mark_runs: bool) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut marks = 0usize;
    let mut start = true;
    let mut runs = Runs { on: mark_runs, ..Runs::default() };
    for c in raw.chars() {
        let category = c.general_category();
        let is_mark = matches!(
            category,
            GeneralCategory::NonspacingMark
                | GeneralCategory::EnclosingMark
                | GeneralCategory::SpacingMark
        );
        marks = if is_mark { marks + 1 } else { 0 };
        match c {
            '\n' if keep_newlines => runs.left(&mut out, '\n'),
            '\t' if keep_newlines => {
                runs.end(&mut out);
                out.push_str("⇥   ");
            }
            _ if is_mark && (start || marks > MARKS_ON_A_LETTER) => {
                runs.end(&mut out);
                written_out(&mut out, c);
            }
            // A mark belongs to its letter, whichever way that runs.
            _ if is_mark && is_plain(c, category) && runs.ready() => out.push(c),
            _ if is_plain(c, category) => match Run::of(c, category) {
                Some(run) => runs.right(&mut out, c, run),
                None => runs.left(&mut out, c),
            },
            _ => {
                runs.end(&mut out);
                written_out(&mut out, c);
            }
        }
        start = c == '\n';
    }
    runs.end(&mut out);
    out
}

/// What runs from right to left, as far as it was read.
#[derive(Default)]
struct Runs {
    on: bool,
    run: Option<Run>,
    /// Spaces that belong to the run if it goes on behind them.
    spaces: usize,
}

/// Letters, or digits: the digits of a run of letters would change places with their neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Letters,
    Digits,
}

impl Run {
    /// The blocks that Unicode keeps for scripts that run from right to left.
    fn of(c: char, category: GeneralCategory) -> Option<Self> {
        let blocks = matches!(c,
            '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}');
        let digits =
            matches!(category, GeneralCategory::DecimalNumber | GeneralCategory::OtherNumber);
        blocks.then_some(if digits { Self::Digits } else { Self::Letters })
    }
}

impl Runs {
    /// True if a mark joins what was written last.
    fn ready(&self) -> bool {
        self.spaces == 0
    }

    fn right(&mut self, out: &mut String, c: char, run: Run) {
        if self.on && self.run != Some(run) {
            self.end(out);
            out.push(RIGHT_TO_LEFT);
            self.run = Some(run);
        }
        self.flush(out);
        out.push(c);
    }

    fn left(&mut self, out: &mut String, c: char) {
        if c == ' ' && self.run == Some(Run::Letters) {
            self.spaces = self.spaces.saturating_add(1);
            return;
        }
        self.end(out);
        out.push(c);
    }

    fn end(&mut self, out: &mut String) {
        if self.run.take().is_some() {
            out.push(LEFT_TO_RIGHT);
        }
        self.flush(out);
    }

    fn flush(&mut self, out: &mut String) {
        out.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.spaces)));
    }
}

fn is_plain(c: char, category: GeneralCategory) -> bool {
    let shapeless = matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    let odd_space = category == GeneralCategory::SpaceSeparator && c != ' ';
    // Fillers and blanks that have a letter's or symbol's category but no shape.
    let blank = matches!(
        c,
        '\u{115F}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{FFA0}'
            | '\u{2800}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{FFFC}'
            | '\u{13441}'
            | '\u{13442}'
            | '\u{1D159}'
    );
    // Variation selectors and the grapheme joiner: marks without a shape.
    let selector = matches!(c, '\u{034F}' | '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}');
    // The characters that our own notation uses.
    let ours = matches!(c, '⟨' | '⇥' | RIGHT_TO_LEFT | LEFT_TO_RIGHT);
    !(shapeless || odd_space || blank || selector || ours)
}

fn written_out(out: &mut String, c: char) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h9_what_cannot_be_seen_is_written_out() {
        for (raw, shown) in [
            ("rm \u{202E}txt.exe", "rm ⟨U+202E⟩txt.exe"),
            ("a\u{200B}b\u{FEFF}c", "a⟨U+200B⟩b⟨U+FEFF⟩c"),
            ("a\u{2066}b\u{2069}", "a⟨U+2066⟩b⟨U+2069⟩"),
            ("\u{1b}[2J\r\0", "⟨U+001B⟩[2J⟨U+000D⟩⟨U+0000⟩"),
            ("a\u{00A0}b\u{3000}c", "a⟨U+00A0⟩b⟨U+3000⟩c"),
            ("\u{3164}\u{2800}\u{E0041}", "⟨U+3164⟩⟨U+2800⟩⟨U+E0041⟩"),
            ("\u{FFFC}\u{1D159}\u{13441}", "⟨U+FFFC⟩⟨U+1D159⟩⟨U+13441⟩"),
            ("soft\u{00AD}hyphen", "soft⟨U+00AD⟩hyphen"),
            ("line\u{2028}sep", "line⟨U+2028⟩sep"),
        ] {
            assert_eq!(visible(raw).as_str(), shown);
        }
    }

    #[test]
    fn h9_an_escape_cannot_be_forged() {
        assert_ne!(visible("⟨U+202E⟩"), visible("\u{202E}"));
        assert_ne!(visible("⇥   x"), visible("\tx"));
    }

    #[test]
    fn h9_ordinary_text_of_any_script_stays_as_it_is() {
        for plain in ["git push", "naïve café", "日本語", "हिन्दी", "Ελλάδα\nsecond", "🙂"]
        {
            assert_eq!(visible(plain).as_str(), plain);
        }
        let sentence = "שלום עולם, 3 קבצים.\nمرحبا بالعالم";
        assert_eq!(prose(sentence).as_str(), sentence);
    }

    #[test]
    fn h9_letters_that_run_from_right_to_left_move_nothing_beside_them() {
        for (raw, shown) in [
            ("/srv/דוד/100-200", "/srv/⍇דוד⍈/100-200"),
            ("שלום עולם 12", "⍇שלום עולם⍈ 12"),
            ("א  ב", "⍇א  ב⍈"),
            ("EUR ١٢-٣٤", "EUR ⍇١٢⍈-⍇٣٤⍈"),
            ("ب١", "⍇ب⍈⍇١⍈"),
            ("שָׁלוֹם!", "⍇שָׁלוֹם⍈!"),
            ("א\u{301}1", "⍇א\u{301}⍈1"),
            ("א\nב", "⍇א⍈\n⍇ב⍈"),
            ("א\tb", "⍇א⍈⇥   b"),
            ("א\u{200F}ב", "⍇א⍈⟨U+200F⟩⍇ב⍈"),
            ("א ", "⍇א⍈ "),
        ] {
            assert_eq!(visible(raw).as_str(), shown);
        }
        assert_eq!(visible_line("א\n1").as_str(), "⍇א⍈⟨U+000A⟩1");
        assert_eq!(ours!("screen-answer", who = "דוד 5").as_str(), "Answer ⍇דוד⍈ 5?");
        assert_eq!(visible("⍇a⍈").as_str(), "⟨U+2347⟩a⟨U+2348⟩", "the marks cannot be forged");
    }

    #[test]
    fn h9_taking_the_marks_away_gives_back_what_was_written() {
        let raw = "rm דוד 1 עולם  ٣٤ x\nشكرا 50%، نعم";
        let shown = visible(raw);
        let plain: String = shown.as_str().chars().filter(|c| !"⍇⍈".contains(*c)).collect();
        assert_eq!(plain, raw);
        let depth = |c: char| shown.as_str().matches(c).count();
        assert_eq!(depth('⍇'), depth('⍈'));
    }

    #[test]
    fn h1_a_name_that_a_stranger_chose_is_a_plain_word_or_in_quotation_marks() {
        for plain in ["command", "file_path", "instructedAmount", "_meta", "x-api.key2"] {
            assert_eq!(name(plain).as_str(), plain);
        }
        for (raw, shown) in [
            ("", "\"\""),
            ("Tool", "\"Tool\""),
            ("In the folder", "\"In the folder\""),
            ("command ", "\"command \""),
            ("timeout (number)", "\"timeout (number)\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("commаnd", "\"commаnd\""),
            ("a\nb", "\"a⟨U+000A⟩b\""),
        ] {
            assert_eq!(name(raw).as_str(), shown);
        }
        assert_eq!(called("claude-2.1").as_str(), "claude-2.1");
        assert_eq!(called("git. Approved").as_str(), "\"git. Approved\"");
        assert_eq!(
            ours!("screen-resembles", name = called("b c"), issuer = called("a")).as_str(),
            "It looks like \"b c\" at a, which you trust already, and is another server."
        );
    }

    #[test]
    fn h9_piled_marks_do_not_climb_over_other_lines() {
        let pile = format!("a{}", "\u{0301}".repeat(40));
        let shown = visible(&pile);
        assert_eq!(shown.as_str().matches('\u{0301}').count(), 3);
        assert_eq!(shown.as_str().matches("⟨U+0301⟩").count(), 37, "nothing is lost");
    }

    #[test]
    fn h2_the_agents_words_are_clipped_and_it_says_so() {
        assert_eq!(clipped("abc", 3), (visible("abc"), true));
        assert_eq!(clipped("abcd", 3), (visible("abc"), false));
    }

    #[test]
    fn a_single_line_has_no_line_breaks() {
        assert_eq!(visible_line("a\nb\tc").as_str(), "a⟨U+000A⟩b⟨U+0009⟩c");
        assert_eq!(ours!("row-in-short", label = "a\n", value = "b").as_str(), "a⟨U+000A⟩: b");
    }
}
