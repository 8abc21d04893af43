//! Every member takes the lints of the workspace.
//!
//! **Promises.** A member may repeat the workspace's tables instead of inheriting them only to
//! relax `unsafe_code` from `forbid` to `deny`, and only if it stands in [`MAY_USE_UNSAFE`];
//! everything else in the repeated tables must be the same.

use std::collections::BTreeMap;
use std::fs;

use crate::check::verdict;
use crate::run::{Done, Stop};
use crate::workspace::Workspace;

/// Members with a fenced `unsafe` module: key entry in front of GTK, and hardware.
const MAY_USE_UNSAFE: [&str; 2] = ["placet-authenticators", "placet-desktop"];

/// Checks every member's manifest.
///
/// # Errors
/// If a member does not take the lints, or a manifest cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Done {
    let read = |path: &std::path::Path| {
        fs::read_to_string(path)
            .map_err(|error| Stop::failed(format!("{}: {error}", path.display())))
    };
    let root = read(&workspace.root.join("Cargo.toml"))?;
    let mut complaints = Vec::new();
    for member in &workspace.members {
        let manifest = read(&member.manifest)?;
        if let Some(complaint) = complaint(&member.name, &root, &manifest) {
            complaints.push(complaint);
        }
    }
    verdict(&complaints)
}

fn complaint(name: &str, root: &str, manifest: &str) -> Option<String> {
    if table(manifest, "lints").get("workspace").map(String::as_str) == Some("true") {
        return None;
    }
    if !MAY_USE_UNSAFE.contains(&name) {
        return Some(format!("{name} does not take the lints of the workspace"));
    }
    for kind in ["rust", "clippy"] {
        let wanted = table(root, &format!("workspace.lints.{kind}"));
        let found = table(manifest, &format!("lints.{kind}"));
        for (lint, level) in &wanted {
            let same = found.get(lint) == Some(level);
            let fenced = lint == "unsafe_code"
                && found.get(lint).is_some_and(|level| level.contains("\"deny\""));
            if !same && !fenced {
                return Some(format!("{name} has another level for the lint {lint}"));
            }
        }
        if let Some(lint) = found.keys().find(|lint| !wanted.contains_key(*lint)) {
            return Some(format!("{name} has a lint of its own: {lint}"));
        }
    }
    None
}

/// The `key = value` lines below `[name]`. Enough of TOML for tables that are written plainly, as
/// ours are: one line a key, comments only after `#`.
fn table(manifest: &str, name: &str) -> BTreeMap<String, String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != format!("[{name}]"))
        .skip(1)
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| line.split('#').next()?.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nx = \"warn\" # why\n\n\
                        [workspace.lints.clippy]\nall = { level = \"warn\", priority = -1 }\n";

    #[test]
    fn a_member_that_takes_them_is_fine_and_one_that_does_not_is_named() {
        assert_eq!(complaint("a", ROOT, "[package]\n[lints]\nworkspace = true\n"), None);
        assert!(complaint("a", ROOT, "[package]\nworkspace = true\n").is_some());
        assert!(complaint("a", ROOT, "[lints]\nworkspace = false\n").is_some());
    }

    #[test]
    fn a_fence_around_unsafe_is_the_only_difference_allowed_and_only_to_some() {
        let own = "[lints.rust]\nunsafe_code = \"deny\"\nx = \"warn\"\n\
                   [lints.clippy]\nall = { level = \"warn\", priority = -1 }\n";
        assert_eq!(complaint("placet-desktop", ROOT, own), None);
        assert!(complaint("placet-core", ROOT, own).is_some());
        let weaker = own.replace("x = \"warn\"", "x = \"allow\"");
        assert!(complaint("placet-desktop", ROOT, &weaker).is_some());
        let open = own.replace("\"deny\"", "\"allow\"");
        assert!(complaint("placet-desktop", ROOT, &open).is_some());
        let more = own.replace("[lints.clippy]\n", "[lints.clippy]\npanic = \"allow\"\n");
        assert!(complaint("placet-desktop", ROOT, &more).is_some());
    }
}
