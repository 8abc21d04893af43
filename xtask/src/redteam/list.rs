//! The form of `tests/redteam.txt`, which describes itself, and what a test runner says of its tests.

use std::collections::BTreeSet;

/// What must come of an attack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The attacker gained nothing.
    #[default]
    Held,
    /// It is not stopped, and the answer says that it could be.
    Observable,
}

/// What is told of an attack whose test did not pass.
pub(crate) const THROUGH: &str = "BROKEN THROUGH";

/// One attack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attack {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) does: String,
    pub(crate) outcome: Outcome,
    pub(crate) says: String,
    /// The file of tests, and the test.
    pub(crate) test: (String, String),
}

impl Attack {
    /// What came of it.
    pub(crate) fn told(&self, passed: &BTreeSet<(String, String)>) -> &'static str {
        match self.outcome {
            _ if !passed.contains(&self.test) => THROUGH,
            Outcome::Held => "held",
            Outcome::Observable => "observable",
        }
    }

    /// A row of the page.
    pub(crate) fn line(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Held => "held",
            Outcome::Observable => "**observable**",
        };
        let (file, test) = &self.test;
        format!(
            "| {} | {} | {outcome} | {} | `{file}::{test}` |\n",
            self.name, self.does, self.says
        )
    }
}

/// Reads the list.
///
/// # Errors
/// A sentence with the line number.
pub(crate) fn parse(text: &str) -> Result<Vec<Attack>, String> {
    let mut attacks: Vec<Attack> = Vec::new();
    let mut group = String::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: &str| Err(format!("line {}: {why}", number + 1));
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        if value.is_empty() || value.contains('|') {
            return wrong("a word, and what it says, without bars");
        }
        match (key, attacks.last_mut()) {
            ("group", _) => group = value.to_owned(),
            ("attack", _) => attacks.push(Attack {
                group: group.clone(),
                name: value.to_owned(),
                ..Attack::default()
            }),
            ("does", Some(attack)) => attack.does = value.to_owned(),
            ("says", Some(attack)) => attack.says = value.to_owned(),
            ("outcome", Some(attack)) => match value {
                "held" => attack.outcome = Outcome::Held,
                "observable" => attack.outcome = Outcome::Observable,
                _ => return wrong("an outcome is held or observable"),
            },
            ("test", Some(attack)) => match value.split_once(' ') {
                Some((file, test)) => attack.test = (file.to_owned(), test.to_owned()),
                None => return wrong("`test` takes a file and a test"),
            },
            _ => return wrong("this is no part of an attack"),
        }
    }
    let incomplete = |attack: &&Attack| {
        let Attack { group, does, says, test, .. } = attack;
        [group, does, says, &test.0].into_iter().any(String::is_empty)
    };
    match attacks.iter().find(incomplete) {
        Some(attack) => Err(format!("`{}` is not complete", attack.name)),
        None => Ok(attacks),
    }
}

/// Whether a file of tests has one of this name.
pub(crate) fn has_test(text: &str, name: &str) -> bool {
    text.contains(&format!("#[test]\nfn {name}() {{"))
}

/// What a test does, as it is written: up to its closing brace.
pub(crate) fn body<'a>(text: &'a str, name: &str) -> &'a str {
    let begins = text.split_once(&format!("fn {name}() {{")).map_or("", |(_, rest)| rest);
    begins.split_once("\n}").map_or(begins, |(body, _)| body)
}

/// The tests that passed: libtest's lines `test NAME ... ok`. What a test prints may stand between.
pub(crate) fn passed(output: &str) -> impl Iterator<Item = &str> {
    output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# a list\ngroup Input\n\nattack a press\ndoes presses\noutcome held\n\
                        says refused\ntest prompt_x it_is_refused\n";

    #[test]
    fn an_attack_is_told_as_held_only_if_its_test_passed() {
        let attacks = parse(GOOD).unwrap();
        assert_eq!(attacks.len(), 1);
        let output = "running 2 tests\ntest it_is_refused ... ok\ntest another ... FAILED\n";
        let told = |output: &str| {
            let ran = passed(output).map(|test| ("prompt_x".to_owned(), test.to_owned()));
            attacks[0].told(&ran.collect())
        };
        assert_eq!(told(output), "held");
        for other in ["FAILED", "ignored"] {
            assert_eq!(told(&output.replace("ok", other)), THROUGH, "{other}");
        }
        assert_eq!(told(""), THROUGH);
    }

    #[test]
    fn what_is_not_complete_is_refused() {
        for gone in
            ["group Input\n", "does presses\n", "says refused\n", "test prompt_x it_is_refused\n"]
        {
            assert!(parse(&GOOD.replace(gone, "")).is_err(), "{gone}");
        }
        assert!(parse(&GOOD.replace("outcome held", "outcome fine")).is_err());
        assert!(parse(&GOOD.replace("refused\n", "a | b\n")).is_err(), "it would break the table");
        assert!(parse("does x\n").is_err());
    }

    #[test]
    fn a_test_is_there_only_as_a_test() {
        let text = "#[test]\nfn one() {\n    let a = 1;\n}\n\nfn two() {\n    let b = 2;\n}\n";
        assert!(has_test(text, "one"));
        assert!(!has_test(text, "two"));
        assert_eq!(body(text, "one").trim(), "let a = 1;");
        assert_eq!(body(text, "three"), "");
    }
}
