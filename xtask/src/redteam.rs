//! `cargo xtask redteam`: the attacks of the hostile desktop, each carried out by a test.
//!
//! The list is `tests/redteam.txt`. It names for each attack the test that carries it out and what
//! must come of it. `docs/redteam.md` is the same list for people.
//!
//! **Promises.** An attack is told as held, or as seen only, if its test ran and passed, and by
//! nothing else; a test that was not run or failed is told as broken through. The table goes to
//! stdout, the result to `target/redteam.json`.
//!
//! **Never** is an outcome written down that no test looked at.

mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::check::verdict;
use crate::run::{Done, Stop, say};
use crate::setup::{self, Group};
use crate::test::{Aloud, Ground, Program, build, run_tests};
use crate::workspace::Workspace;
use list::{Attack, Outcome};

/// The list.
const LIST: &str = "tests/redteam.txt";
/// The list for people.
const PAGE: &str = "docs/redteam.md";
/// The package whose tests attack.
const PACKAGE: &str = "placet-tests";

/// Runs the attacks; words keep only those whose text contains one. `--page` prints what
/// `docs/redteam.md` must be, and attacks nothing.
///
/// # Errors
/// If something cannot be installed or built, or an attack came out otherwise than it must.
pub(crate) fn command(arguments: &[String]) -> Done {
    let workspace = Workspace::load()?;
    let mut attacks = read(&workspace.root)?;
    if arguments.iter().any(|word| word == "--page") {
        print!("{}", page(&attacks));
        return Ok(());
    }
    attacks.retain(|attack| {
        arguments.is_empty() || arguments.iter().any(|word| attack.line().contains(word.as_str()))
    });
    if attacks.is_empty() {
        return Err(Stop::usage("redteam: no attack has these words"));
    }
    setup::system_packages(&[Group::Build, Group::Run, Group::Test], false)?;
    let ground = Ground::of(&workspace)?;
    say("redteam: builds programs and tests");
    // The whole workspace: with less, features change and everything is built anew.
    let programs =
        build(&ground.root, &ground.target, &["build", "--workspace", "--bins", "--tests"])?;
    let passed = run(&ground, &programs, &attacks)?;
    let result = workspace.target.join("redteam.json");
    let rows: Vec<_> = attacks.iter().map(|attack| row(attack, &passed)).collect();
    fs::write(&result, format!("{:#}\n", json!({ "attacks": rows })))
        .map_err(|error| Stop::failed(format!("{}: {error}", result.display())))?;
    println!("{}", table(&attacks, &passed));
    say(format!("redteam: the result is in {}", result.display()));
    let through = attacks.iter().filter(|attack| !passed.contains(&attack.test)).count();
    if through == 0 {
        Ok(())
    } else {
        Err(Stop::failed(format!("redteam: {through} broken through")))
    }
}

/// `cargo xtask check redteam`: each attack names a test that is there, and the page is the list.
///
/// # Errors
/// If not.
pub(crate) fn check(workspace: &Workspace) -> Done {
    let attacks = read(&workspace.root)?;
    let mut complaints = Vec::new();
    for attack in &attacks {
        let file = format!("tests/tests/{}.rs", attack.test.0);
        let text = fs::read_to_string(workspace.root.join(&file)).unwrap_or_default();
        if !list::has_test(&text, &attack.test.1) {
            complaints.push(format!("{file} has no test {}", attack.test.1));
        } else if attack.outcome == Outcome::Observable
            && !list::body(&text, &attack.test.1).contains("observable\"]")
        {
            complaints.push(format!("{} does not look for `observable`", attack.test.1));
        }
    }
    if fs::read_to_string(workspace.root.join(PAGE)).ok().as_deref() != Some(&page(&attacks)) {
        complaints.push(format!("{PAGE} is not {LIST}: cargo xtask redteam --page > {PAGE}"));
    }
    verdict(&complaints)
}

fn read(root: &Path) -> Result<Vec<Attack>, Stop> {
    let text = fs::read_to_string(root.join(LIST))
        .map_err(|error| Stop::failed(format!("{LIST}: {error}")))?;
    list::parse(&text).map_err(|why| Stop::failed(format!("{LIST}: {why}")))
}

/// Runs the tests of the attacks, each program once, and gives back those that passed.
fn run(
    ground: &Ground,
    programs: &[Program],
    attacks: &[Attack],
) -> Result<BTreeSet<(String, String)>, Stop> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for attack in attacks {
        wanted.entry(&attack.test.0).or_default().insert(&attack.test.1);
    }
    let mut passed = BTreeSet::new();
    for (name, tests) in wanted {
        let program = programs
            .iter()
            .find(|one| one.is_test && one.kind == "test" && one.name == name)
            .ok_or_else(|| Stop::failed(format!("{PACKAGE} has no tests `{name}`")))?;
        say(format!("redteam: {name}, {} attacks", tests.len()));
        let arguments: Vec<&str> = std::iter::once("--exact").chain(tests).collect();
        let (_, ended) = run_tests(ground, program, &arguments, Aloud::Yes)?;
        passed.extend(list::passed(&ended.output).map(|test| (name.to_owned(), test.to_owned())));
    }
    Ok(passed)
}

fn row(attack: &Attack, passed: &BTreeSet<(String, String)>) -> serde_json::Value {
    json!({
        "group": attack.group,
        "attack": attack.name,
        "does": attack.does,
        "outcome": attack.told(passed),
        "says": attack.says,
        "test": format!("{}::{}", attack.test.0, attack.test.1),
    })
}

/// For a terminal.
fn table(attacks: &[Attack], passed: &BTreeSet<(String, String)>) -> String {
    let mut out = String::new();
    let mut group = "";
    for attack in attacks {
        if group != attack.group {
            group = &attack.group;
            out.push_str(&format!("\n{group}\n"));
        }
        let (file, test) = &attack.test;
        out.push_str(&format!(
            "{:<15} {}: {}\n                {}\n                {file}::{test}\n",
            attack.told(passed),
            attack.name,
            attack.does,
            attack.says,
        ));
    }
    let count = |word: &str| attacks.iter().filter(|attack| attack.told(passed) == word).count();
    out.push_str(&format!(
        "\n{} attacks: {} held, {} not stopped and said so, {} broken through",
        attacks.len(),
        count("held"),
        count("observable"),
        count(list::THROUGH),
    ));
    out
}

/// For people.
fn page(attacks: &[Attack]) -> String {
    let mut out = String::from(HEAD);
    let mut group = "";
    for attack in attacks {
        if group != attack.group {
            group = &attack.group;
            out.push_str(&format!(
                "\n## {group}\n\n| attack | what the attacker did | outcome | what Placet did | test |\n|---|---|---|---|---|\n"
            ));
        }
        out.push_str(&attack.line());
    }
    out
}

const HEAD: &str = "# The hostile desktop\n\n\
    What a program of the same user, in the same session, may do to the prompt, and what comes of it. \
    Every row is a test that carries the attack out; `cargo xtask redteam` runs them all and prints \
    what came of each. This page is `tests/redteam.txt` (`cargo xtask redteam --page`).\n\n\
    *held*: the attacker gained nothing. *observable*: plain X11 does not stop it; the test succeeds \
    when the attack does, and looks that the answer is marked `observable`. What has no test is not \
    here: see the holes in [threats.md](threats.md).\n";
