//! `docs/agent-protocol.md` shows the fixtures and the table of faults, word for word.
//!
//! `PLACET_WRITE_DOCS=1 cargo test -p placet-wire --test page` writes them into the page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::path::PathBuf;

use placet_wire::flaw::Fault;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What belongs between `<!-- NAME -->` and `<!-- end -->`.
fn block(name: &str) -> String {
    match name {
        "faults" => faults(),
        "bad" => bad(),
        _ => exchange(name),
    }
}

fn file(name: &str) -> Value {
    let path = root().join("fixtures").join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn exchange(name: &str) -> String {
    let file = file(name);
    let mut out = format!("{}\n\n```text\n", file["about"].as_str().unwrap());
    for step in file["exchange"].as_array().unwrap() {
        let arrow = if step["from"] == "client" { "client →" } else { "placet ←" };
        writeln!(out, "{arrow} {}", step["message"]).unwrap();
    }
    out + "```\n"
}

fn faults() -> String {
    let mut out = "| number | `data.code` | when |\n| --- | --- | --- |\n".to_owned();
    for fault in Fault::ALL {
        writeln!(out, "| {} | `{}` | {} |", fault.number(), fault.word(), fault.about()).unwrap();
    }
    out
}

fn bad() -> String {
    let mut out =
        "| what is sent | number | `data.code` | `data.member` |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for row in file("bad").as_array().unwrap() {
        let member =
            row.get("member").map_or(String::new(), |m| format!("`{}`", m.as_str().unwrap()));
        let (name, word) = (row["name"].as_str().unwrap(), row["word"].as_str().unwrap());
        writeln!(out, "| {name} | {} | `{word}` | {member} |", row["code"]).unwrap();
    }
    out
}

/// The page with every block written anew, and the names of its blocks.
fn rewritten(page: &str) -> (String, Vec<String>) {
    let (mut out, mut names, mut inside) = (String::new(), Vec::new(), false);
    for line in page.lines() {
        let name = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        match name {
            Some("end") => inside = false,
            Some(name) => {
                assert!(!inside, "{name} begins inside another block");
                writeln!(out, "{line}\n\n{}", block(name)).unwrap();
                names.push(name.to_owned());
                inside = true;
                continue;
            }
            None if inside => continue,
            None => {}
        }
        writeln!(out, "{line}").unwrap();
    }
    (out, names)
}

#[test]
fn the_page_shows_every_fixture_word_for_word() {
    let path = root().join("../../docs/agent-protocol.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (fresh, mut names) = rewritten(&page);
    if std::env::var_os("PLACET_WRITE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    } else {
        assert!(
            page == fresh,
            "docs/agent-protocol.md is old: run this test with PLACET_WRITE_DOCS=1"
        );
    }
    names.retain(|name| name != "faults");
    names.sort();
    let mut files: Vec<String> = std::fs::read_dir(root().join("fixtures"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(names, files, "each fixture once in the page");
}
