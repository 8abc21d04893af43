//! Reads the sources for what a person reads: where a sentence is asked for, and where one stands
//! as a literal. Rust by its tokens, the page's scripts and markup by their plain grammar.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A sentence that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) at: String,
    pub(crate) id: String,
    pub(crate) words: BTreeSet<String>,
}

/// A literal that reads like a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) at: String,
    pub(crate) words: String,
}

#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) uses: Vec<Use>,
    pub(crate) literals: Vec<Literal>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files below a folder with this ending, by their path from the root; no tests among them.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let is_test = name.ends_with("tests.rs") || name.contains("/src/bin/");
            if name.ends_with(ending) && !is_test {
                found.push(name);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

pub(crate) fn text_of(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// A space, and a word of small letters.
fn reads_like_a_sentence(words: &str) -> bool {
    let small = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase())
    };
    words.contains(' ') && words.split([' ', '\n']).any(small)
}

impl Found {
    pub(crate) fn rust(&mut self, file: &str, source: &str) {
        self.tokens(file, source.parse().unwrap());
    }

    fn tokens(&mut self, file: &str, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match (token, tokens.get(at), tokens.get(at + 1)) {
                (TokenTree::Punct(mark), Some(TokenTree::Punct(bang)), Some(_))
                    if mark.as_char() == '#' && bang.as_char() == '!' =>
                {
                    at += 2;
                }
                (TokenTree::Punct(mark), Some(TokenTree::Group(group)), _)
                    if mark.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
                {
                    at += 1;
                    let attribute = group.stream().to_string();
                    if attribute.starts_with("error") {
                        // What an error says to people.
                        self.tokens(file, group.stream());
                    } else if attribute.replace(' ', "") == "cfg(test)" {
                        at = after_item(&tokens, at);
                    }
                }
                (
                    TokenTree::Ident(name),
                    Some(TokenTree::Punct(bang)),
                    Some(TokenTree::Group(inside)),
                ) if bang.as_char() == '!' => {
                    match name.to_string().as_str() {
                        "text" | "ours" => {
                            let line = name.span().start().line;
                            self.asked(format!("{file}:{line}"), inside.stream());
                            self.tokens(file, inside.stream());
                        }
                        // For a log, a proof, or the compiler.
                        "trace" | "debug" | "info" | "warn" | "error" | "debug_assert" => {}
                        "concat" | "env" | "include_str" | "include_bytes" => {}
                        _ => self.tokens(file, inside.stream()),
                    }
                    at += 2;
                }
                (TokenTree::Group(group), ..) => self.tokens(file, group.stream()),
                (TokenTree::Literal(literal), ..) => {
                    let written = literal.to_string();
                    let words = without(&written, "{");
                    if written.starts_with(['"', 'r']) && reads_like_a_sentence(&words) {
                        let line = literal.span().start().line;
                        self.literals
                            .push(Literal { at: format!("{file}:{line}"), words: written });
                    }
                }
                _ => {}
            }
        }
    }

    /// `"id", name = word, …`
    fn asked(&mut self, at: String, inside: TokenStream) {
        let tokens: Vec<TokenTree> = inside.into_iter().collect();
        // A macro that is being defined, or documentation.
        let Some(TokenTree::Literal(id)) = tokens.first() else { return };
        let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        let words = tokens.split(comma).skip(1).filter_map(|part| match part {
            [TokenTree::Ident(name), TokenTree::Punct(is), ..] if is.as_char() == '=' => {
                Some(name.to_string())
            }
            _ => None,
        });
        let id = id.to_string().trim_matches('"').to_owned();
        self.uses.push(Use { at, id, words: words.collect() });
    }

    /// A module of the page: comments, strings and templates, and calls of `text`.
    pub(crate) fn script(&mut self, file: &str, source: &str) {
        let source: Vec<char> = source.chars().collect();
        let mut at = 0;
        let (mut line, mut code) = (1, String::new());
        while at < source.len() {
            let (here, next) = (source[at], source.get(at + 1));
            if here == '\n' {
                line += 1;
            }
            if here == '/' && next == Some(&'/') {
                while at < source.len() && source[at] != '\n' {
                    at += 1;
                }
                continue;
            }
            if here == '/' && next == Some(&'*') {
                while !(source[at] == '*' && source.get(at + 1) == Some(&'/')) {
                    at += 1;
                }
                at += 2;
                continue;
            }
            // An expression and not a division.
            if here == '/' && code.trim_end().ends_with(['=', '(', ',']) {
                at += 1;
                while source[at] != '/' {
                    at += if source[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
                continue;
            }
            if !['"', '\'', '`'].contains(&here) {
                code.push(here);
                at += 1;
                continue;
            }
            let start = at + 1;
            at = start;
            while source[at] != here {
                at += if source[at] == '\\' { 2 } else { 1 };
            }
            let words: String = source[start..at].iter().collect();
            at += 1;
            let says = code.ends_with("text(") && !code.ends_with("_text(");
            if says || code.ends_with("pieces(") {
                let rest: String = source[at..].iter().collect();
                self.uses.push(Use {
                    at: format!("{file}:{line}"),
                    id: words,
                    words: given(&rest),
                });
            } else if reads_like_a_sentence(&without(&words, "${"))
                && !code.trim_end().ends_with("from")
            {
                self.literals.push(Literal { at: format!("{file}:{line}"), words });
            }
            code.push('"');
        }
    }

    /// The page: what it names, and words that stand in it.
    pub(crate) fn markup(&mut self, file: &str, source: &str) {
        for (number, line) in source.lines().enumerate() {
            let at = format!("{file}:{}", number + 1);
            for name in ["data-text=\"", "data-label=\""] {
                for (_, rest) in
                    line.match_indices(name).map(|(at, _)| line.split_at(at + name.len()))
                {
                    let id = rest.split('"').next().unwrap_or_default().to_owned();
                    self.uses.push(Use { at: at.clone(), id, words: BTreeSet::new() });
                }
            }
            let mut outside = String::new();
            let mut depth = 0;
            for letter in line.chars() {
                match letter {
                    '<' => depth += 1,
                    '>' => depth -= 1,
                    _ if depth == 0 => outside.push(letter),
                    _ => {}
                }
            }
            let words = outside.trim();
            if words.chars().any(char::is_alphabetic) {
                self.literals.push(Literal { at: at.clone(), words: words.to_owned() });
            }
            for name in [" aria-label=\"", " title=\"", " placeholder=\""] {
                if line.contains(name) {
                    self.literals.push(Literal { at: at.clone(), words: line.trim().to_owned() });
                }
            }
        }
    }
}

/// The item behind `cfg(test)`: up to its braces or its semicolon.
fn after_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            TokenTree::Punct(mark) if mark.as_char() == ';' => break,
            _ => {}
        }
    }
    at
}

/// The members of `, { name: word, … })` behind an id.
fn given(rest: &str) -> BTreeSet<String> {
    let Some(inside) = rest.trim_start().strip_prefix(',').map(str::trim_start) else {
        return BTreeSet::new();
    };
    let Some(inside) = inside.strip_prefix('{') else { return BTreeSet::new() };
    let (mut depth, mut part, mut names) = (0, String::new(), BTreeSet::new());
    for letter in inside.chars() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' if depth == 0 => break,
            '}' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                names.insert(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    names.insert(part);
    let name = |part: &String| part.split(':').next().unwrap_or_default().trim().to_owned();
    names.iter().map(name).filter(|name| !name.is_empty()).collect()
}

/// Words without what is put into them between this and a brace.
fn without(words: &str, begin: &str) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once(begin) {
        out.push_str(before);
        rest = after.split_once('}').map_or(after, |(_, after)| after);
    }
    out + rest
}
