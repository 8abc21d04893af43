//! `cargo xtask setup`: what building, running and testing need, on a Debian 12 machine that has
//! Rust, a C linker and Node.
//!
//! **Promises.** It says what is missing before it changes anything, installs only that, and does
//! nothing at all on a machine that has everything. Running it twice is the same as once.
//!
//! **Never** removes or upgrades anything, and never waits for an answer other than `sudo`'s.

mod packages;
mod tools;
mod user;

use std::collections::BTreeSet;
use std::process::Command;

pub(crate) use packages::Group;
use packages::{PACKAGES, Package};
pub(crate) use tools::cargo_deny;
pub(crate) use user::{TestUser, test_user};

use crate::run::{Done, Stop, probe, run, say, succeeds};

/// Runs the command: all groups but the benchmarks', or those that are named.
///
/// # Errors
/// If a name is unknown, or something cannot be installed.
pub(crate) fn command(arguments: &[String]) -> Done {
    let mut groups = Vec::new();
    let mut dry = false;
    for argument in arguments {
        match Group::ALL.iter().find(|(name, _)| name == argument) {
            Some((_, group)) => groups.push(*group),
            None if argument == "--dry-run" => dry = true,
            None => return Err(Stop::usage(format!("setup: what is `{argument}`?"))),
        }
    }
    if groups.is_empty() {
        groups = vec![Group::Build, Group::Run, Group::Test];
    }
    system_packages(&groups, dry)?;
    if dry {
        return Ok(());
    }
    if groups.contains(&Group::Test) {
        cargo_deny()?;
        test_user()?;
    }
    say("setup: all is there");
    Ok(())
}

/// Installs the packages of `groups` that are missing.
///
/// # Errors
/// If the machine is not a Debian, or neither root nor `sudo` is there, or apt-get fails.
pub(crate) fn system_packages(groups: &[Group], dry: bool) -> Done {
    let wanted: Vec<&Package> =
        PACKAGES.iter().filter(|package| groups.contains(&package.group)).collect();
    let known = probe(
        Command::new("dpkg-query")
            .args(["--show", "--showformat=${db:Status-Abbrev}|${Package}\n"])
            .args(wanted.iter().map(|package| package.name)),
    );
    let Some(known) = known else {
        let names: Vec<_> = wanted.iter().map(|package| package.name).collect();
        say("setup: no dpkg here; on Debian 12 these packages would be needed:");
        say(names.join(" "));
        return Ok(());
    };
    let missing = missing(&wanted, &known);
    if missing.is_empty() {
        return Ok(());
    }
    say("setup: these system packages are missing:");
    for package in &missing {
        say(format!("  {:<28} {}", package.name, package.why));
    }
    if dry { Ok(()) } else { install(&missing) }
}

/// Those of `wanted` that dpkg does not call installed. `known` is one line a package:
/// the three letters of dpkg's status (dpkg-query(1), `db:Status-Abbrev`), a bar, the name.
fn missing<'a>(wanted: &[&'a Package], known: &str) -> Vec<&'a Package> {
    let installed: BTreeSet<&str> = known
        .lines()
        .filter_map(|line| line.split_once('|'))
        // The second letter is the state: `i` is installed, `c` only configuration is left, `n`
        // dpkg has heard the name and no more.
        .filter(|(status, _)| status.chars().nth(1) == Some('i'))
        .map(|(_, name)| name)
        .collect();
    wanted.iter().copied().filter(|package| !installed.contains(package.name)).collect()
}

fn install(missing: &[&Package]) -> Done {
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    if !user::is_root() && !succeeds(Command::new("sudo").arg("--version")) {
        return Err(Stop::failed(format!(
            "run this as root: apt-get install --no-install-recommends {}",
            names.join(" ")
        )));
    }
    run(apt_get().arg("update").arg("--quiet"))?;
    run(apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(names))
}

fn apt_get() -> Command {
    let mut command = Command::new(if user::is_root() { "env" } else { "sudo" });
    if !user::is_root() {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<&'static Package> {
        PACKAGES.iter().filter(|package| names.contains(&package.name)).collect()
    }

    /// As dpkg-query 1.21 printed it on Debian 12; it names on stderr what it never heard of.
    const CAPTURED: &str = "ii |git\nun |pinentry-gtk2\nrc |zenity\nhi |xvfb\niU |openbox\n";

    #[test]
    fn unknown_removed_and_never_heard_of_are_missing_and_held_is_installed() {
        let wanted = named(&["git", "pinentry-gtk2", "zenity", "xvfb", "keepassxc", "openbox"]);
        let names: Vec<_> = missing(&wanted, CAPTURED).iter().map(|package| package.name).collect();
        assert_eq!(names, ["openbox", "zenity", "pinentry-gtk2", "keepassxc"]);
    }

    #[test]
    fn nothing_is_missing_where_all_is_installed() {
        let wanted = named(&["git", "xvfb"]);
        assert!(missing(&wanted, "ii |git\nii |xvfb\n").is_empty());
        assert_eq!(missing(&wanted, ""), wanted);
    }

    #[test]
    fn every_package_is_listed_once_with_a_reason() {
        let names: BTreeSet<_> = PACKAGES.iter().map(|package| package.name).collect();
        assert_eq!(names.len(), PACKAGES.len());
        assert!(PACKAGES.iter().all(|package| !package.why.is_empty()));
    }
}
