//! What cargo knows about this workspace.
//!
//! **Promises.** [`Workspace::load`] asks cargo without resolving dependencies, so it works before
//! anything is downloaded.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::run::{Stop, cargo, output};

/// The members and where things are.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Every member, in cargo's order.
    pub(crate) members: Vec<Member>,
}

/// One package of ours.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    /// Names of its binaries.
    pub(crate) binaries: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line under `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The package's name, not its alias.
    pub(crate) name: String,
    /// Only for tests, examples and benches.
    pub(crate) dev: bool,
}

impl Workspace {
    /// Asks cargo about the workspace around the current folder.
    ///
    /// # Errors
    /// If cargo cannot read a manifest or answers in another form than documented.
    pub(crate) fn load() -> Result<Self, Stop> {
        let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&text).ok_or_else(|| Stop::failed("cargo metadata has an unknown form"))
    }

    /// The binary called `name`, if a member has one.
    pub(crate) fn owner_of_binary(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.binaries.iter().any(|binary| binary == name))
    }

    /// Every file that git tracks, and new ones that it does not ignore, relative to the root.
    ///
    /// # Errors
    /// If this is not a git checkout.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Stop> {
        let text = output(Command::new("git").current_dir(&self.root).args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut files: Vec<PathBuf> =
            text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
        files.sort();
        files.dedup();
        files.retain(|file| self.root.join(file).is_file());
        Ok(files)
    }

    fn parse(text: &str) -> Option<Self> {
        let metadata: Value = serde_json::from_str(text).ok()?;
        let members = metadata
            .get("packages")?
            .as_array()?
            .iter()
            .map(Member::parse)
            .collect::<Option<_>>()?;
        Some(Self {
            root: metadata.get("workspace_root")?.as_str()?.into(),
            target: metadata.get("target_directory")?.as_str()?.into(),
            members,
        })
    }
}

impl Member {
    fn parse(package: &Value) -> Option<Self> {
        let is_binary = |target: &&Value| {
            target
                .get("kind")
                .and_then(Value::as_array)
                .is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("bin")))
        };
        Some(Self {
            name: package.get("name")?.as_str()?.into(),
            manifest: package.get("manifest_path")?.as_str()?.into(),
            binaries: package
                .get("targets")?
                .as_array()?
                .iter()
                .filter(is_binary)
                .filter_map(|target| Some(target.get("name")?.as_str()?.to_owned()))
                .collect(),
            dependencies: package
                .get("dependencies")?
                .as_array()?
                .iter()
                .map(|dependency| {
                    Some(Dependency {
                        name: dependency.get("name")?.as_str()?.to_owned(),
                        dev: dependency.get("kind").and_then(Value::as_str) == Some("dev"),
                    })
                })
                .collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
impl Workspace {
    /// A workspace out of `(member, dependencies)`; a dependency that starts with `dev:` is one for
    /// tests only.
    pub(crate) fn made_of(members: &[(&str, &[&str])]) -> Self {
        let members = members
            .iter()
            .map(|(name, dependencies)| Member {
                name: (*name).into(),
                manifest: format!("{name}/Cargo.toml").into(),
                binaries: Vec::new(),
                dependencies: dependencies
                    .iter()
                    .map(|name| Dependency {
                        name: name.trim_start_matches("dev:").into(),
                        dev: name.starts_with("dev:"),
                    })
                    .collect(),
            })
            .collect();
        Self { root: ".".into(), target: "target".into(), members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_answer_gives_members_binaries_and_kinds_of_dependencies() {
        let text = r#"{"workspace_root":"/w","target_directory":"/w/target","packages":[
            {"name":"a","manifest_path":"/w/a/Cargo.toml",
             "targets":[{"kind":["lib"],"name":"a"},{"kind":["bin"],"name":"tool"}],
             "dependencies":[{"name":"b","kind":null},{"name":"c","kind":"dev"},{"name":"d","kind":"build"}]}]}"#;
        let workspace = Workspace::parse(text).unwrap();
        assert_eq!(workspace.owner_of_binary("tool").unwrap().name, "a");
        assert!(workspace.owner_of_binary("a").is_none());
        let kinds: Vec<_> =
            workspace.members[0].dependencies.iter().map(|d| (d.name.as_str(), d.dev)).collect();
        assert_eq!(kinds, [("b", false), ("c", true), ("d", false)]);
    }
}
