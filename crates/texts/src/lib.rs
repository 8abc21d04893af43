//! What a person reads, in one place, ready to be translated: `en.ftl`, in the syntax of Project
//! Fluent.
//!
//! **Promises.** Each sentence of the prompt, the notifications, the tray and the book stands in
//! that file once, under an id ([`text!`]); tests hold the file against the code, both ways. Words
//! that come in from outside are arguments and stay what they are: nothing in them is read as
//! syntax, nothing is put around them (the marks of decision 0025 are `placet-core`'s, so Fluent's
//! own isolating marks are off). An id that is missing shows itself and never panics.
//!
//! **Never** put a stranger's words into an id, nor read a file, the environment or the locale here.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

mod book;
#[cfg(debug_assertions)]
mod pseudo;

pub use book::book;
#[cfg(debug_assertions)]
pub use pseudo::{pretend, pretended};

/// The sentences, in English.
const ENGLISH: &str = include_str!("../en.ftl");

/// Whole numbers beyond this are not all the same in 64 bits of floating point (RFC 7493 §2.2).
const WHOLE: u64 = 1 << 53;

/// What stands in a sentence at one of its variables.
#[derive(Clone, Debug)]
pub enum Word<'a> {
    /// Words, as they are.
    Text(Cow<'a, str>),
    /// A number, by which the sentence may choose its form.
    Number(u64),
}

/// The sentence with this id: `text!("prompt-wait")`, `text!("tray-paused", until = time)`.
#[macro_export]
macro_rules! text {
    ($id:literal $(, $name:ident = $word:expr)* $(,)?) => {
        $crate::text($id, &[$((stringify!($name), $crate::Word::from($word))),*])
    };
}

/// As [`text!`], which is to be used: the tests find ids by it.
#[must_use]
pub fn text(id: &str, words: &[(&str, Word<'_>)]) -> String {
    #[cfg(debug_assertions)]
    if let Some(pretended) = pseudo::text(id, words) {
        return pretended;
    }
    said(&BUNDLE, id, words)
}

/// Reads the file now and not at the first sentence, which is not to wait for it.
pub fn read() {
    LazyLock::force(&BUNDLE);
}

type Bundle = FluentBundle<FluentResource>;

static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(ENGLISH));

fn bundle(source: &str) -> Bundle {
    // What can be read of a file with a mistake is used; the tests allow none.
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    let doubled = bundle.add_resource(resource);
    debug_assert!(doubled.is_ok(), "{doubled:?}");
    bundle
}

fn said(bundle: &Bundle, id: &str, words: &[(&str, Word<'_>)]) -> String {
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        debug_assert!(false, "no sentence has the id {id}");
        return id.to_owned();
    };
    let words: FluentArgs<'_> =
        words.iter().map(|(name, word)| (Cow::Borrowed(*name), word.value())).collect();
    let mut wrong = Vec::new();
    let said = bundle.format_pattern(pattern, Some(&words), &mut wrong).into_owned();
    debug_assert!(wrong.is_empty(), "{id}: {wrong:?}");
    said
}

impl Word<'_> {
    fn value(&self) -> FluentValue<'_> {
        match self {
            Self::Text(words) => FluentValue::String(Cow::Borrowed(words)),
            Self::Number(number) if *number <= WHOLE => FluentValue::from(*number),
            Self::Number(number) => FluentValue::String(Cow::Owned(number.to_string())),
        }
    }
}

impl<'a> From<&'a str> for Word<'a> {
    fn from(words: &'a str) -> Self {
        Self::Text(Cow::Borrowed(words))
    }
}

impl<'a> From<&'a String> for Word<'a> {
    fn from(words: &'a String) -> Self {
        Self::Text(Cow::Borrowed(words))
    }
}

impl From<String> for Word<'_> {
    fn from(words: String) -> Self {
        Self::Text(Cow::Owned(words))
    }
}

impl From<u64> for Word<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Word<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for Word<'_> {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Word<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

#[cfg(test)]
mod tests;
