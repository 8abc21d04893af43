//! The file of sentences against all that shows them, both ways.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod reading;

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use reading::{Found, files, text_of};

const FILE: &str = "crates/texts/en.ftl";

/// A sentence of the file: the words that it takes, the sentences that it quotes.
#[derive(Debug, Default)]
struct Sentence {
    words: BTreeSet<String>,
    quotes: BTreeSet<String>,
    chooses: bool,
}

fn sentences() -> BTreeMap<String, Sentence> {
    let source = text_of(FILE);
    let read = parse(source.as_str()).map_err(|(_, wrong)| wrong).expect("the file is well formed");
    let mut found = BTreeMap::new();
    for entry in read.body {
        match entry {
            Entry::Message(message) => {
                assert!(message.attributes.is_empty(), "{}", message.id.name);
                let mut sentence = Sentence::default();
                sentence.pattern(message.value.as_ref().expect("a value"));
                let before = found.insert(message.id.name.to_owned(), sentence);
                assert!(before.is_none(), "{} stands twice", message.id.name);
            }
            Entry::Term(term) => panic!("{} is a term", term.id.name),
            _ => {}
        }
    }
    found
}

impl Sentence {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.chooses = true;
                self.inline(selector);
                variants.iter().for_each(|variant| self.pattern(&variant.value));
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.words.insert(id.name.to_owned());
            }
            InlineExpression::MessageReference { id, attribute: None } => {
                self.quotes.insert(id.name.to_owned());
            }
            other => panic!("{other:?} is not used here"),
        }
    }
}

/// All that may ask for a sentence.
fn found() -> Found {
    let mut found = Found::default();
    for folder in ["crates/core/src", "crates/agentd/src", "src-tauri/src"] {
        for file in files(folder, ".rs") {
            found.rust(&file, &text_of(&file));
        }
    }
    for file in files("ui", ".js") {
        found.script(&file, &text_of(&file));
    }
    for file in files("ui", ".html") {
        found.markup(&file, &text_of(&file));
    }
    found
}

#[test]
fn every_sentence_that_is_asked_for_is_there_and_gets_the_words_that_it_takes() {
    let sentences = sentences();
    let mut wrong = Vec::new();
    for one in found().uses {
        match sentences.get(&one.id) {
            None => wrong.push(format!("{}: {} is not in {FILE}", one.at, one.id)),
            Some(sentence) if sentence.words != one.words => wrong.push(format!(
                "{}: {} takes {:?} and gets {:?}",
                one.at, one.id, sentence.words, one.words
            )),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_sentence_of_the_file_is_asked_for() {
    let sentences = sentences();
    let asked: BTreeSet<String> = found().uses.into_iter().map(|one| one.id).collect();
    let quoted: BTreeSet<&String> = sentences.values().flat_map(|one| &one.quotes).collect();
    let forgotten: Vec<_> =
        sentences.keys().filter(|id| !asked.contains(*id) && !quoted.contains(id)).collect();
    assert!(forgotten.is_empty(), "nobody asks for {forgotten:?}");
    let missing: Vec<_> = quoted.iter().filter(|id| !sentences.contains_key(**id)).collect();
    assert!(missing.is_empty(), "{missing:?} is quoted");
}

#[test]
fn the_books_sentences_are_plain_words_and_braces_on_one_line_each() {
    let source = text_of(FILE);
    let book: BTreeMap<_, _> =
        sentences().into_iter().filter(|(id, _)| id.starts_with("book-")).collect();
    for (id, sentence) in &book {
        assert!(!sentence.chooses && sentence.quotes.is_empty(), "{id}");
        let line = source.lines().find(|line| line.starts_with(&format!("{id} = "))).expect(id);
        for word in &sentence.words {
            assert!(line.contains(&format!("{{ ${word} }}")), "{id}: {word}");
        }
        assert_eq!(line.matches('{').count(), line.matches("{ $").count(), "{id}");
    }
    // What the page gets is all of them.
    assert_eq!(
        placet_texts::book().into_keys().collect::<Vec<_>>(),
        book.into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn the_labels_of_ours_begin_with_a_capital_letter_as_no_requesters_do() {
    let source = text_of(FILE);
    let rows = source.split("## Rows:").nth(1).unwrap().split("\n## ").next().unwrap();
    let labels: Vec<_> = rows.lines().filter_map(|line| line.split_once(" = ")).collect();
    assert!(labels.len() > 20);
    for (id, label) in labels {
        assert!(label.starts_with(char::is_uppercase), "{id} = {label}");
    }
}

include!("reading/allowed.rs");

#[test]
fn no_sentence_that_a_person_reads_stands_anywhere_else() {
    let shown = |at: &str| SHOWN.iter().any(|part| at.starts_with(part));
    let allowed = |at: &str, words: &str| {
        ALLOWED.iter().any(|(part, what, _)| at.starts_with(part) && words.contains(what))
    };
    let left: Vec<String> = found()
        .literals
        .into_iter()
        .filter(|one| shown(&one.at) && !allowed(&one.at, &one.words))
        .map(|one| format!("{}: {}", one.at, one.words))
        .collect();
    assert!(left.is_empty(), "to be moved to {FILE}:\n{}", left.join("\n"));
}

#[test]
fn what_may_stay_where_it_is_stays_there_for_a_reason_and_still_does() {
    let literals = found().literals;
    for (part, what, why) in ALLOWED {
        assert!(!why.is_empty());
        let used = literals.iter().any(|one| one.at.starts_with(part) && one.words.contains(what));
        assert!(used, "nothing in {part} has {what:?} any more");
    }
}

#[test]
fn the_reading_finds_what_it_is_to_find() {
    let mut found = Found::default();
    found.rust(
        "a.rs",
        r#"
        #![doc = "not this one"]
        /// nor this one
        #[error("an error for people")]
        fn f() {
            warn!("nor the log's");
            let a = text!("a-b", name = "in a word", count = n);
            let b = if c { ours!("c", ) } else { "not moved yet" };
        }
        #[cfg(test)]
        mod tests { fn g() { "nor a test's"; } }
        fn h() { "one_word"; "Two Words"; format!("{} left over", x); }
        "#,
    );
    found.script(
        "a.js",
        "// not this one\nconst a = text(\"a\", { name, count: f(b, {c}) });\nconst b = `${x} is left`; const c = /a b c'/; g(text(\"d\"), 'and this one');",
    );
    found.markup("a.html", "<p data-text=\"e\"></p>\n<p>left over</p><nav aria-label=\"x\">");
    let literals: Vec<_> = found.literals.iter().map(|one| one.words.as_str()).collect();
    assert_eq!(
        literals,
        [
            "\"an error for people\"",
            "\"in a word\"",
            "\"not moved yet\"",
            "\"{} left over\"",
            "${x} is left",
            "and this one",
            "left over",
            "<p>left over</p><nav aria-label=\"x\">"
        ]
    );
    let uses: Vec<_> = found
        .uses
        .iter()
        .map(|one| (one.id.as_str(), one.words.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        uses,
        [
            ("a-b", vec!["count", "name"]),
            ("c", vec![]),
            ("a", vec!["count", "name"]),
            ("d", vec![]),
            ("e", vec![])
        ]
    );
}
