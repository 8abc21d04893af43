//! `cargo xtask bench [NAME]`: ratios against other programs, measured in one run.

use crate::run::{Done, Stop, say};
use crate::setup::{Group, system_packages};
use crate::test::{Purpose, stage_program};

/// The benchmarks there are; without a name all are run.
const NAMES: [&str; 2] = ["prompt", "passkey"];

/// Runs the benchmarks; arguments (a name, `--json`, `--runs N`) are the program's own. A goal that
/// was missed is said in the table and is no failure (`docs/decisions/0035-a-missed-goal-is-said-and-is-no-failure.md`).
///
/// # Errors
/// If an argument is wrong, something cannot be installed or built, or something could not be
/// measured.
pub(crate) fn command(arguments: &[String]) -> Done {
    // Before the build, which takes long.
    understood(arguments)?;
    // What is not there is not compared with; the program says so. What has no goal beside it and
    // brings much along is installed only by `cargo xtask setup beside`.
    if let Err(stop) = system_packages(&[Group::Bench], false) {
        say(stop.reason);
    }
    let folder = stage_program("placet-bench", "bench", arguments, Purpose::Measure)?;
    say(format!("bench: figures are in {}", folder.display()));
    Ok(())
}

fn understood(arguments: &[String]) -> Done {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let right = match word.as_str() {
            "--json" => true,
            "--runs" => {
                words.next().is_some_and(|runs| runs.parse().is_ok_and(|runs: u16| runs > 0))
            }
            name => NAMES.contains(&name),
        };
        if !right {
            return Err(Stop::usage(format!(
                "bench: what is `{word}`? There is: {}",
                NAMES.join(" ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_before_anything_is_built() {
        let code = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            understood(&words).map_err(|stop| stop.code)
        };
        assert_eq!(code(""), Ok(()));
        assert_eq!(code("prompt --json --runs 3"), Ok(()));
        assert_eq!(code("memory"), Err(2));
        assert_eq!(code("--runs"), Err(2));
        assert_eq!(code("--runs 0"), Err(2));
    }
}
