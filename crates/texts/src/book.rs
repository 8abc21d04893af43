//! The sentences of the book, for its page: as they stand in the file, with `{ $name }` where a
//! word comes in. The page puts it there as text (`ui/text.js`).
//!
//! **Never** a sentence with a selector or anything else that the page would have to understand:
//! where a number chooses the form, the daemon's side says the sentence.

use std::collections::BTreeMap;

use crate::ENGLISH;

/// What the page's sentences begin with.
const BOOK: &str = "book-";

/// Every sentence of the page, by its id.
#[must_use]
pub fn book() -> BTreeMap<String, String> {
    let lines = ENGLISH.lines().filter(|line| line.starts_with(BOOK));
    let parted = lines.filter_map(|line| line.split_once(" = "));
    parted.map(|(id, sentence)| (id.to_owned(), shown(sentence))).collect()
}

#[cfg(not(debug_assertions))]
fn shown(sentence: &str) -> String {
    sentence.to_owned()
}

#[cfg(debug_assertions)]
fn shown(sentence: &str) -> String {
    if !crate::pseudo::is_on() {
        return sentence.to_owned();
    }
    // Between the braces stands a name and not a word.
    let accented: String = sentence
        .split_inclusive(['{', '}'])
        .map(|part| match part.ends_with('}') {
            true => part.into(),
            false => crate::pseudo::accented(part),
        })
        .collect();
    crate::pseudo::longer(&accented)
}
