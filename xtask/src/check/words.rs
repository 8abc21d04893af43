//! Words that must not be in the source: paths of one machine, hosts of package registries.
//!
//! The list is `xtask/words.txt`: a word, a tab, the reason. A word that begins with `/` is a path:
//! it counts only where a path begins, not inside a relative one.

use std::fs;
use std::path::Path;

use crate::check::verdict;
use crate::run::{Done, Stop};
use crate::workspace::Workspace;

const LIST: &str = "xtask/words.txt";

/// Files that must hold them: the list, and the lock files that tools write.
const EXCEPT: [&str; 2] = [LIST, "Cargo.lock"];

/// Reads every file of the project that is text.
///
/// # Errors
/// If a word is found or a file cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Done {
    let read = |file: &Path| {
        fs::read(workspace.root.join(file))
            .map_err(|error| Stop::failed(format!("{}: {error}", file.display())))
    };
    let list = String::from_utf8_lossy(&read(Path::new(LIST))?).into_owned();
    let words = parse(&list);
    let mut complaints = Vec::new();
    for file in workspace.files()? {
        if EXCEPT.iter().any(|except| file == Path::new(except))
            || file.ends_with("package-lock.json")
        {
            continue;
        }
        // A picture or a font is not text and has no words.
        if let Ok(text) = String::from_utf8(read(&file)?) {
            complaints.extend(
                found(&text, &words)
                    .into_iter()
                    .map(|(line, why)| format!("{}:{line}: {why}", file.display())),
            );
        }
    }
    verdict(&complaints)
}

fn parse(list: &str) -> Vec<(&str, &str)> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(word, why)| (word, why.trim()))
        .collect()
}

/// Line numbers, from one, and reasons.
fn found<'a>(text: &str, words: &[(&str, &'a str)]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, why) in words {
            if line.match_indices(word).any(|(at, _)| begins(line, at, word)) {
                found.push((number + 1, *why));
            }
        }
    }
    found
}

fn begins(line: &str, at: usize, word: &str) -> bool {
    let before = line.get(..at).and_then(|head| head.chars().next_back());
    !word.starts_with('/') || !before.is_some_and(|c| c.is_alphanumeric() || "._-~})]>".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_only_where_a_path_begins() {
        let words = parse("# comment\n/mnt/\ta machine's path\nhost.example\ta host\n");
        for bad in ["/mnt/x", "see \"/mnt/\"", "file:///mnt/x", "PATH=/mnt/", "a\n\n/mnt/"] {
            assert_eq!(found(bad, &words).len(), 1, "{bad}");
        }
        for good in ["src/mnt/x", "$HOME.d/mnt/", "../mnt/", "/mnt", "${X}/mnt/"] {
            assert!(found(good, &words).is_empty(), "{good}");
        }
        assert_eq!(found("x\nsub.host.example\n", &words), [(2, "a host")]);
    }
}
