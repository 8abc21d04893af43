//! `summary.json` (design §8, "Results that a machine reads").

use std::path::Path;

use serde::Serialize;

use super::Outcome;

/// How one scenario ended.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Scenario {
    /// Its name.
    pub(super) name: String,
    /// What was asked, in one line.
    pub(super) asked: String,
    /// SHA-256 of what was sent to be shown, as the record has it.
    pub shown_sha256: Option<String>,
    /// From the closed set.
    pub(super) outcome: String,
    /// How sure a yes is.
    pub(super) assurance: Option<String>,
    /// Digest of the record's last entry of the request.
    pub(super) receipt: Option<String>,
    /// The agent redeemed its code with its own PKCE verifier.
    pub(super) code_redeemed: bool,
    /// What the protected resource answered.
    pub(super) resource_status: Option<u16>,
    /// How often the typed code was found where an agent can read.
    pub(super) secret_hits: usize,
    /// Where it was looked for.
    pub(super) secrets_searched_in: Vec<String>,
    /// One for each step.
    pub(super) screenshots: Vec<String>,
    /// How long it took.
    pub(super) seconds: f64,
    /// It ended as it should.
    pub(super) passed: bool,
    /// What is wrong, if it did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<String>,
}

/// The whole file.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Summary {
    /// In the order in which they were played.
    pub(super) scenarios: Vec<Scenario>,
    /// How many passed.
    pub(super) passed: usize,
    /// How many did not.
    pub(super) failed: usize,
    /// What the search can find: canaries found, canaries planted.
    pub(super) search_proof: (usize, usize),
}

impl Summary {
    /// Adds a scenario and prints its line.
    pub(super) fn add(&mut self, scenario: Scenario) {
        let mark = if scenario.passed { "ok  " } else { "FAIL" };
        println!("{mark} {:32} {:14} {:5.1} s", scenario.name, scenario.outcome, scenario.seconds);
        for fault in &scenario.faults {
            println!("     {fault}");
        }
        if scenario.passed {
            self.passed += 1
        } else {
            self.failed += 1
        }
        self.scenarios.push(scenario);
    }

    /// Writes the file; true if all is well.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, folder: &Path) -> Outcome<bool> {
        std::fs::write(folder.join("summary.json"), serde_json::to_string_pretty(self)?)?;
        println!("{} passed, {} failed", self.passed, self.failed);
        Ok(self.failed == 0 && self.passed > 0 && self.search_proof.0 == self.search_proof.1)
    }
}
