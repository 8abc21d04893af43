//! The benchmark: how long a person and an agent wait, and what Placet costs while nothing waits.
//!
//! Everything happens on a private desktop, ours and the peers' in turn, so that what the machine
//! does besides falls on both ([`prompt`]). A window counts as painted when the X server has its
//! pixels ([`paint`]), whoever's it is. Memory is each page divided by those who share it
//! ([`memory`]). The table and `NAME.json` have the same figures ([`figures`], design §8).
//!
//! **Promises.** A figure is compared only with what was measured in the same run. What is
//! left out is said: a peer that is not installed, memory that we may not read. Exit status 0 if all
//! the rest could be measured, also if a goal was missed, which the table says; 1 if something failed;
//! 2 for wrong usage.
//!
//! **Never** runs in CI: a figure is no test.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the benchmark speaks to the person at the terminal"
)]

mod agent;
mod figures;
mod life;
mod machine;
mod memory;
mod paint;
mod passkey;
mod peers;
mod prompt;
mod stage;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use self::figures::Report;

/// Any failure of the benchmark itself, as a sentence.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Longer than anything takes on a busy machine: then it has failed.
const SOON: Duration = Duration::from_secs(30);

/// How often each program is started, if nobody says it.
const RUNS: usize = 5;

const USAGE: &str = "placet-bench [prompt] [passkey] [--runs N] [--json]";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    prompt: bool,
    passkey: bool,
    runs: usize,
    json: bool,
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // The benchmark starts itself as the agent of the session.
    if let [word, socket] = words.as_slice()
        && word == agent::WORD
    {
        return agent::speak(std::path::Path::new(socket));
    }
    let Some(wish) = wish(&words) else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    match places().and_then(|places| measure(&places, wish)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn wish(words: &[String]) -> Option<Wish> {
    let mut wish = Wish { prompt: false, passkey: false, runs: RUNS, json: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "prompt" => wish.prompt = true,
            "passkey" => wish.passkey = true,
            "--json" => wish.json = true,
            "--runs" => wish.runs = words.next()?.parse().ok().filter(|runs| *runs > 0)?,
            _ => return None,
        }
    }
    if !wish.prompt && !wish.passkey {
        (wish.prompt, wish.passkey) = (true, true);
    }
    Some(wish)
}

/// Measures, writes the file, prints.
fn measure(places: &Places, wish: Wish) -> Outcome<()> {
    if wish.passkey {
        tell(&passkey::run(wish.runs)?, places, wish)?;
    }
    if wish.prompt {
        tell(&prompt::run(places, wish.runs)?, places, wish)?;
    }
    Ok(())
}

fn tell(report: &Report, places: &Places, wish: Wish) -> Outcome<()> {
    let json = serde_json::to_string_pretty(report)?;
    let file = places.out.join(format!("{}.json", report.name));
    std::fs::write(&file, format!("{json}\n"))?;
    print(report, &json, wish.json);
    eprintln!("bench: written to {}", file.display());
    Ok(())
}

fn print(report: &Report, json: &str, as_json: bool) {
    if as_json { println!("{json}") } else { print!("{}", table::of(report)) }
}

/// What the benchmark needs to know.
#[derive(Clone, Debug)]
struct Places {
    /// Where the built programs are.
    programs: PathBuf,
    /// Where the file goes.
    out: PathBuf,
}

fn places() -> Outcome<Places> {
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default();
    let programs = std::env::var_os("PLACET_BIN_DIR").map_or(beside, PathBuf::from);
    let out = std::env::var_os("PLACET_OUT_DIR")
        .map_or_else(|| PathBuf::from("target/bench"), PathBuf::from);
    std::fs::create_dir_all(&out)?;
    Ok(Places { programs, out })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Wish> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        wish(&words)
    }

    #[test]
    fn without_a_name_all_benchmarks_are_run_and_what_is_unknown_is_usage() {
        assert_eq!(of(""), Some(Wish { prompt: true, passkey: true, runs: RUNS, json: false }));
        let one = Wish { prompt: false, passkey: true, runs: 2, json: true };
        assert_eq!(of("passkey --json --runs 2"), Some(one));
        assert_eq!(of("memory"), None);
        assert_eq!(of("--runs"), None);
        assert_eq!(of("--runs 0"), None, "nothing would be measured");
    }
}
