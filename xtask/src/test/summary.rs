//! What a test runner says at its end.

use std::fmt;

/// Tests by how they ended. Prints as `N passed, N failed, N skipped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// One thing that failed before any test could say so.
    pub(crate) const ONE_FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// Adds another runner's.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// What a runner reported, held against how it ended: one that ended badly without naming a
    /// failed test, or said nothing at all, counts as one failed.
    pub(crate) fn judged(said: Option<Self>, ended_well: bool) -> Self {
        match said {
            Some(tally) if ended_well || tally.failed > 0 => tally,
            Some(tally) => Self { failed: 1, ..tally },
            None => Self::ONE_FAILED,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// The sum of libtest's `test result:` lines; `None` if there is none.
///
/// The line is `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`. What was filtered
/// out was not asked for and does not count.
pub(crate) fn libtest(output: &str) -> Option<Tally> {
    let mut sum: Option<Tally> = None;
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("test result: ") else { continue };
        let counts = rest.split_once(". ").map_or("", |(_, counts)| counts);
        let count = |word: &str| {
            counts
                .split("; ")
                .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
                .unwrap_or(0)
        };
        sum.get_or_insert_default().add(Tally {
            passed: count("passed"),
            failed: count("failed"),
            skipped: count("ignored"),
        });
    }
    sum
}

/// The counts at the end of node's TAP output (`# pass 3`); `None` if they are not there.
pub(crate) fn node(output: &str) -> Option<Tally> {
    let count = |word: &str| {
        let prefix = format!("# {word} ");
        output.lines().rev().find_map(|line| line.strip_prefix(&prefix)?.trim().parse::<u32>().ok())
    };
    Some(Tally {
        passed: count("pass")?,
        failed: count("fail")? + count("cancelled").unwrap_or(0),
        skipped: count("skipped").unwrap_or(0) + count("todo").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tally(passed: u32, failed: u32, skipped: u32) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn libtests_lines_are_added_up() {
        let output = "running 4 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; \
                      9 filtered out; finished in 0.00s\n\ntest result: FAILED. 10 passed; 2 failed; \
                      0 ignored; 0 measured; 0 filtered out; finished in 1.10s\n";
        assert_eq!(libtest(output), Some(tally(13, 2, 1)));
        assert_eq!(libtest("test result: \n"), Some(tally(0, 0, 0)));
        assert_eq!(libtest("running 4 tests\n"), None);
    }

    /// As node 22 printed it.
    #[test]
    fn nodes_counts_are_read() {
        let output = "1..2\n# tests 5\n# suites 0\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n\
                      # todo 0\n# duration_ms 60.1\n";
        assert_eq!(node(output), Some(tally(2, 2, 1)));
        assert_eq!(node("# pass 2\n"), None);
    }

    #[test]
    fn a_runner_that_crashes_has_failed_whatever_it_said() {
        assert_eq!(Tally::judged(None, true), tally(0, 1, 0), "no summary");
        assert_eq!(Tally::judged(Some(tally(3, 0, 1)), false), tally(3, 1, 1), "died afterwards");
        assert_eq!(Tally::judged(Some(tally(3, 2, 0)), false), tally(3, 2, 0));
        assert_eq!(Tally::judged(Some(tally(3, 0, 0)), true), tally(3, 0, 0));
        assert_eq!(tally(1, 2, 3).to_string(), "1 passed, 2 failed, 3 skipped");
    }
}
