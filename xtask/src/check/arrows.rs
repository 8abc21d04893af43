//! Dependencies point inward only (docs/architecture.md).
//!
//! **Promises.** Every member of the workspace stands in [`MAY_USE`]; a new one fails the check
//! until someone has decided where it belongs. The rules (`placet-core`) pull in nothing that does
//! input or output, however far down.

use crate::check::verdict;
use crate::run::{Done, Stop, cargo, locked, output};
use crate::workspace::Workspace;

/// Who may use whom of ours. Tests of a member may use the stage as well.
const MAY_USE: &[(&str, &[&str])] = &[
    ("placet-texts", &[]),
    ("placet-core", &["placet-texts"]),
    ("placet-wire", &[]),
    // Keys and what they sign: no rule, no server, no window.
    ("placet-keys", &[]),
    ("placet-fipa", &["placet-core", "placet-keys"]),
    ("placet-authenticators", &["placet-core"]),
    (
        "placet-agentd",
        &["placet-core", "placet-wire", "placet-fipa", "placet-authenticators", "placet-keys"],
    ),
    // A receipt is verified without a daemon.
    ("placet-cli", &["placet-wire", "placet-keys"]),
    ("placet-mcp", &["placet-wire"]),
    ("placet-desktop", &["placet-agentd", "placet-core", "placet-texts"]),
    // The stage is the outside world: if it shared code with us, both could be wrong alike.
    ("placet-stage", &[]),
    (
        "placet-tests",
        &[
            "placet-core",
            "placet-wire",
            "placet-fipa",
            "placet-authenticators",
            "placet-keys",
            "placet-agentd",
            "placet-stage",
        ],
    ),
    ("xtask", &[]),
];

/// What a test may use beside [`MAY_USE`].
const STAGE: &str = "placet-stage";

/// Crates that the inner circle must not pull in, at any depth.
const NO_INPUT_OR_OUTPUT: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "hyper",
    "reqwest",
    "ureq",
    "axum",
    "rustls",
    "rusqlite",
    "libsqlite3-sys",
    "tauri",
    "gtk",
    "zbus",
    "notify-rust",
    "socket2",
];

/// The members that hold the rules and the words, and must stay small.
const INNER: [&str; 3] = ["placet-texts", "placet-core", "placet-wire"];

/// Checks the arrows.
///
/// # Errors
/// If one points outward, or cargo cannot resolve the dependencies.
pub(crate) fn check(workspace: &Workspace) -> Done {
    let mut complaints = wrong(workspace);
    for name in INNER {
        if !workspace.members.iter().any(|member| member.name == name) {
            return Err(Stop::failed(format!("{name} is not a member any more")));
        }
        let tree = output(
            cargo()
                .args(["tree", "--package", name, "--edges", "normal,build", "--prefix", "none"])
                .args(["--format", "{p}"])
                .args(locked()),
        )?;
        complaints
            .extend(outside(&tree).into_iter().map(|found| format!("{name} pulls in {found}")));
    }
    verdict(&complaints)
}

fn wrong(workspace: &Workspace) -> Vec<String> {
    let ours = |name: &str| workspace.members.iter().any(|member| member.name == name);
    let mut complaints = Vec::new();
    for member in &workspace.members {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
            complaints.push(format!("{} has no place in xtask/src/check/arrows.rs", member.name));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|dependency| ours(&dependency.name)) {
            let for_tests = dependency.dev && dependency.name == STAGE;
            if !allowed.contains(&dependency.name.as_str()) && !for_tests {
                complaints.push(format!("{} must not use {}", member.name, dependency.name));
            }
        }
    }
    complaints
}

/// The forbidden crates in a `cargo tree --prefix none --format {p}` listing.
fn outside(tree: &str) -> Vec<&str> {
    let mut found: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| NO_INPUT_OR_OUTPUT.contains(name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_that_points_outward_is_named() {
        let workspace = Workspace::made_of(&[
            ("placet-core", &["serde", "placet-wire"]),
            ("placet-wire", &["dev:placet-core"]),
            ("placet-cli", &["placet-wire", "placet-core"]),
        ]);
        assert_eq!(
            wrong(&workspace),
            [
                "placet-core must not use placet-wire",
                "placet-wire must not use placet-core",
                "placet-cli must not use placet-core"
            ]
        );
    }

    #[test]
    fn inward_arrows_and_the_stage_in_tests_are_fine_but_not_the_stage_in_the_product() {
        let workspace = Workspace::made_of(&[
            ("placet-core", &[]),
            ("placet-stage", &[]),
            ("placet-fipa", &["placet-core", "dev:placet-stage"]),
        ]);
        assert!(wrong(&workspace).is_empty());
        let workspace =
            Workspace::made_of(&[("placet-stage", &[]), ("placet-fipa", &["placet-stage"])]);
        assert_eq!(wrong(&workspace), ["placet-fipa must not use placet-stage"]);
    }

    #[test]
    fn a_member_without_a_place_is_named() {
        let workspace = Workspace::made_of(&[("placet-new", &[])]);
        assert_eq!(wrong(&workspace), ["placet-new has no place in xtask/src/check/arrows.rs"]);
    }

    #[test]
    fn input_and_output_is_found_at_any_depth_and_only_by_whole_names() {
        let tree = "placet-core v0.1.0 (/x)\ntokio-util v1\nfutures v1\nmio v1.0 \nmio v1.0 (*)\n";
        assert_eq!(outside(tree), ["mio"]);
    }
}
