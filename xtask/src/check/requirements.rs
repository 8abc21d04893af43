//! Which test proves which requirement.
//!
//! A test is named after what it proves: `s13_a_lost_connection_cancels_its_request`, or
//! `s13_s15_…` for two. The list of requirements that must have one is `xtask/requirements.txt`.
//!
//! **Promises.** Only functions that a test attribute marks count, and, in JavaScript, titles given
//! to `test(` or `it(`. A number that is not in the list is no error: more may be proved than must.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::run::{Done, Stop, say};
use crate::workspace::Workspace;

const LIST: &str = "xtask/requirements.txt";

/// Where tests are.
const FOLDERS: [&str; 4] = ["crates", "src-tauri", "tests", "ui"];

/// A test: its file and its name.
type Proof = (String, String);

/// Names the requirements that no test carries: a warning, or a failure if `strict`.
///
/// # Errors
/// If the list or a source file cannot be read, or in strict mode something is not covered.
pub(crate) fn check(workspace: &Workspace, strict: bool) -> Done {
    let (wanted, proofs) = gather(workspace)?;
    let open: Vec<&str> = wanted
        .iter()
        .map(|(number, _)| number.as_str())
        .filter(|number| !proofs.contains_key(*number))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let words = format!("{} of {} have no test: {}", open.len(), wanted.len(), open.join(" "));
    if strict {
        return Err(Stop::failed(words));
    }
    say(format!("  not yet: {words}"));
    Ok(())
}

/// Prints the table as Markdown.
///
/// # Errors
/// If the list or a source file cannot be read.
pub(crate) fn print_table(workspace: &Workspace) -> Done {
    let (wanted, proofs) = gather(workspace)?;
    println!("| | requirement | tests |\n|---|---|---|");
    for (number, words) in &wanted {
        let tests: Vec<String> = proofs
            .get(number)
            .into_iter()
            .flatten()
            .map(|(file, name)| format!("`{file}`: {}", name.replace('_', " ")))
            .collect();
        let tests = if tests.is_empty() { "none yet".to_owned() } else { tests.join("<br>") };
        println!("| {number} | {words} | {tests} |");
    }
    Ok(())
}

type Gathered = (Vec<(String, String)>, BTreeMap<String, Vec<Proof>>);

fn gather(workspace: &Workspace) -> Result<Gathered, Stop> {
    let read = |file: &Path| {
        fs::read_to_string(workspace.root.join(file))
            .map_err(|error| Stop::failed(format!("{}: {error}", file.display())))
    };
    let wanted = parse(&read(Path::new(LIST))?);
    let mut proofs: BTreeMap<String, Vec<Proof>> = BTreeMap::new();
    for file in workspace.files()? {
        if !FOLDERS.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        let names = match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_tests(&read(&file)?),
            Some("mjs" | "js") => script_tests(&read(&file)?),
            _ => continue,
        };
        for name in names {
            for number in numbers(&name) {
                let proof = (file.display().to_string(), name.clone());
                proofs.entry(number).or_default().push(proof);
            }
        }
    }
    Ok((wanted, proofs))
}

fn parse(list: &str) -> Vec<(String, String)> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(number, words)| (number.to_owned(), words.to_owned()))
        .collect()
}

/// The functions that carry an attribute whose path ends in `test`.
fn rust_tests(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim_start) {
        if let Some(attribute) = line.strip_prefix("#[") {
            let path: String = attribute
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                .collect();
            marked |= path.rsplit("::").next() == Some("test");
            continue;
        }
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        if let Some(rest) = line.strip_prefix("fn ") {
            if marked {
                names.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
            marked = false;
        }
    }
    names
}

/// The titles of `test("…"` and `it("…"` at the beginning of a line.
fn script_tests(source: &str) -> Vec<String> {
    source
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("test(").or_else(|| line.strip_prefix("it(")))
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|c| "\"'`".contains(*c))?;
            Some(rest.strip_prefix(quote)?.split(quote).next()?.to_owned())
        })
        .collect()
}

/// `s13_s15_words` and `s13 words` prove S13 and S15, and S13.
fn numbers(name: &str) -> Vec<String> {
    name.split(['_', ' ', ':', ','])
        .filter(|word| !word.is_empty())
        .take_while(|word| is_number(word))
        .map(str::to_uppercase)
        .collect()
}

fn is_number(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|c| "sahptrmfc".contains(c.to_ascii_lowercase()))
        && letters.as_str().parse::<u8>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_functions_are_tests() {
        let source = "fn s1_no() {}\n#[test]\nfn s2_yes() {}\n  #[tokio::test(flavor = \"x\")]\n  \
                      #[ignore]\n  async fn s3_yes() {}\nfn s4_no() {}\n#[cfg(test)]\nfn s5_no() {}\n\
                      #[test_case]\nfn s6_no() {}\n";
        assert_eq!(rust_tests(source), ["s2_yes", "s3_yes"]);
    }

    #[test]
    fn titles_in_javascript_count() {
        let source = "test(\"h14 the book\", () => {});\n  it('r5: same', f);\nlatest(\"h1 x\")\n";
        assert_eq!(script_tests(source), ["h14 the book", "r5: same"]);
    }

    #[test]
    fn the_numbers_in_front_count_and_those_behind_do_not() {
        assert_eq!(numbers("s13_s15_a_lost_connection"), ["S13", "S15"]);
        assert_eq!(numbers("h14 the book of a1"), ["H14"]);
        assert_eq!(numbers("r5: same"), ["R5"]);
        assert!(numbers("a_single_line_has_no_line_breaks").is_empty());
        assert!(numbers("x9_no_such_family").is_empty());
    }

    #[test]
    fn the_list_has_each_number_once() {
        let list = parse(include_str!("../../requirements.txt"));
        let mut numbers: Vec<_> = list.iter().map(|(number, _)| number).collect();
        assert!(numbers.iter().all(|number| is_number(number)));
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), list.len());
    }
}
