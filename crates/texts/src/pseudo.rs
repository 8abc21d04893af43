//! A language that nobody speaks, made from English by machine: each letter of ours has an accent,
//! each sentence is longer by two fifths and stands between marks. What is on the screen without an
//! accent then is either a stranger's, or was forgotten.
//!
//! **Never** in a release: nobody is to be shown this.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Bundle, ENGLISH, Word, bundle, said};

static PRETENDED: AtomicBool = AtomicBool::new(false);

/// Every sentence from now on, in this process.
pub fn pretend() {
    PRETENDED.store(true, Ordering::Relaxed);
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Every sentence of `work`, in this thread: for a test beside others.
pub fn pretended<T>(work: impl FnOnce() -> T) -> T {
    HERE.set(true);
    let done = work();
    HERE.set(false);
    done
}

pub(crate) fn is_on() -> bool {
    PRETENDED.load(Ordering::Relaxed) || HERE.get()
}

pub(crate) fn text(id: &str, words: &[(&str, Word<'_>)]) -> Option<String> {
    is_on().then(|| longer(&said(&BUNDLE, id, words)))
}

static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(ENGLISH);
    // Only our own words: what stands at a variable is not ours to change.
    bundle.set_transform(Some(accented));
    bundle
});

/// Between marks, and longer by two fifths. A line feed would make it taller as well.
pub(crate) fn longer(words: &str) -> String {
    let more = words.chars().count().min(MOST) * 2 / 5;
    let room = more.saturating_sub("[!!  !!]".len());
    // In pieces, as words are, so that a line can be broken between them.
    let filling: String = " ····".chars().cycle().take(room).collect();
    format!("[!! {words}{filling} !!]")
}

/// A sentence of ours is not longer; what is, holds much of a stranger's.
const MOST: usize = 200;

/// Each letter with an accent. Longer words than these are left to break where they are.
pub(crate) fn accented(words: &str) -> Cow<'_, str> {
    let accent = |letter: char| {
        let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let with = "áƀçđéƒğĥíĵķłɱñóþɋřšťúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶŁṀÑÓÞɊŘŠŤÚṼŴẊÝŽ";
        let found = plain.chars().zip(with.chars()).find(|(plain, _)| *plain == letter);
        found.map_or(letter, |(_, with)| with)
    };
    words.chars().map(accent).collect()
}
