//! A second copy of the source tree, kept up to date.
//!
//! Used where the tree itself must not be touched (`removals`) or cannot be read by the test user
//! (a checkout inside root's home).
//!
//! **Promises.** A file is written only if its content differs, so that cargo rebuilds no more than
//! changed. Files that are gone from the source go from the copy. Everything is readable by all.
//!
//! **Never** touches anything outside the folder it is given.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::run::{Done, Stop};

/// The list of what was copied last time, inside the copy.
const LIST: &str = ".mirrored";

/// Makes `to` hold exactly `files` of `from` (and whatever cargo built there).
///
/// # Errors
/// If a file cannot be read or written.
pub(crate) fn update(from: &Path, files: &[PathBuf], to: &Path) -> Done {
    copy(from, files, to).map_err(|error| Stop::failed(format!("{}: {error}", to.display())))
}

fn copy(from: &Path, files: &[PathBuf], to: &Path) -> std::io::Result<()> {
    make_folder(to)?;
    let before: BTreeSet<PathBuf> =
        fs::read_to_string(to.join(LIST)).unwrap_or_default().lines().map(PathBuf::from).collect();
    let now: BTreeSet<PathBuf> = files.iter().cloned().collect();
    for gone in before.difference(&now) {
        if let Err(error) = fs::remove_file(to.join(gone))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
    }
    for file in files {
        let (source, copy) = (from.join(file), to.join(file));
        if let Some(folder) = copy.parent() {
            make_folder(folder)?;
        }
        let content = fs::read(&source)?;
        if fs::read(&copy).ok().as_deref() != Some(&content) {
            fs::write(&copy, &content)?;
        }
        let executable = fs::metadata(&source)?.permissions().mode() & 0o100;
        let mode = if executable == 0 { 0o644 } else { 0o755 };
        fs::set_permissions(&copy, fs::Permissions::from_mode(mode))?;
    }
    let list: Vec<String> = now.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    fs::write(to.join(LIST), list.join("\n"))
}

/// Makes a folder and its missing parents, all readable by everyone.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    fs::create_dir(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_files_keep_their_time_and_gone_files_go() {
        let base = std::env::temp_dir().join(format!("xtask-mirror-{}", std::process::id()));
        let (from, to) = (base.join("from"), base.join("to"));
        make_folder(&from.join("d")).unwrap();
        fs::write(from.join("d/same"), "1").unwrap();
        fs::write(from.join("gone"), "2").unwrap();
        update(&from, &["d/same".into(), "gone".into()], &to).unwrap();
        let time = fs::metadata(to.join("d/same")).unwrap().modified().unwrap();
        fs::write(from.join("d/same"), "1").unwrap();
        update(&from, &["d/same".into()], &to).unwrap();
        assert_eq!(fs::metadata(to.join("d/same")).unwrap().modified().unwrap(), time);
        assert!(!to.join("gone").exists());
        fs::remove_dir_all(base).unwrap();
    }
}
