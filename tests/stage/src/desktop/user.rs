//! Who the programs of a session run as.
//!
//! Root bypasses file modes, ptrace checks and EACCES, so that a test run by root would prove
//! little. Started by root, the stage therefore runs its programs as a user of its own, which it
//! makes when it is missing; started by anyone else, as the caller.
//!
//! Must never: run a program of a session as root.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fault::{Fault, Result, While};

/// The account that root's test runs use.
pub const NAME: &str = "placet-test";

/// Who a program runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The kernel's number of the user.
    pub uid: u32,
    /// The kernel's number of the user's own group.
    pub gid: u32,
    /// Whether this is somebody else than the caller, so that a program must be wrapped.
    other: bool,
}

/// The caller, or for root [`NAME`], which is made when it is missing.
///
/// # Errors
/// When root cannot make the user.
pub fn unprivileged() -> Result<User> {
    let uid = rustix::process::geteuid().as_raw();
    if uid != 0 {
        return Ok(User { uid, gid: rustix::process::getegid().as_raw(), other: false });
    }
    if let Some(user) = look_up()? {
        return Ok(user);
    }
    let made = Command::new("useradd")
        .args(["--user-group", "--no-create-home", "--home-dir", "/nonexistent"])
        .args(["--shell", "/usr/sbin/nologin", NAME])
        .stdin(Stdio::null())
        .output()
        .doing("running useradd")?;
    // Two test runs may try at the same time: what counts is that the user is there afterwards.
    look_up()?.ok_or_else(|| {
        Fault::new(format!("making the user {NAME}"), String::from_utf8_lossy(&made.stderr).trim())
    })
}

fn look_up() -> Result<Option<User>> {
    let passwd = std::fs::read_to_string("/etc/passwd").doing("reading /etc/passwd")?;
    Ok(passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == NAME).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(User { uid, gid, other: true })
    }))
}

impl User {
    /// A command that runs `program` as this user and dies with the thread that spawns it.
    ///
    /// The environment is the caller's until `env_clear`; the process id of the child is the
    /// program's own, because setpriv(1) replaces itself.
    #[must_use]
    pub fn command_bound_to_thread(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.setpriv();
        // Not even a killed test runner leaves an X server behind.
        command.args(["--pdeathsig", "KILL"]);
        command.arg("--").arg(program);
        command
    }

    /// A command that runs `program` as this user.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        if !self.other {
            return Command::new(program);
        }
        let mut command = self.setpriv();
        command.arg("--").arg(program);
        command
    }

    fn setpriv(&self) -> Command {
        let mut command = Command::new("/usr/bin/setpriv");
        if self.other {
            command.arg("--reuid").arg(self.uid.to_string());
            command.arg("--regid").arg(self.gid.to_string());
            command.arg("--init-groups");
        }
        command
    }

    /// Gives a file or folder to this user (nothing to do for the caller's own).
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        if self.other {
            let doing = || format!("giving {} to {NAME}", path.display());
            chown(path, Some(self.uid), Some(self.gid)).doing(doing())?;
        }
        Ok(())
    }

    /// Whether this user can execute `program`: its own mode and that of every folder above it.
    ///
    /// # Errors
    /// When the program is not there.
    pub fn can_run(&self, program: &Path) -> Result<bool> {
        let doing = || format!("looking at {}", program.display());
        let whole = program.canonicalize().doing(doing())?;
        for path in whole.ancestors() {
            let status = match path.metadata() {
                Ok(status) => status,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(false),
                Err(error) => return Err(error).doing(doing()),
            };
            let mode = status.permissions().mode();
            let bit = if status.uid() == self.uid {
                0o100
            } else if status.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if mode & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `program` itself if this user can execute it, else a copy of it in `folder`.
    ///
    /// A tree under a root-only folder is not reachable for the user of the tests.
    ///
    /// # Errors
    /// When the program is not there or cannot be copied.
    pub fn reachable(&self, program: &Path, folder: &Path) -> Result<PathBuf> {
        if self.can_run(program)? {
            return Ok(program.to_path_buf());
        }
        let name = program.file_name().doing("naming a program")?;
        let copy = folder.join(name);
        if !copy.exists() {
            std::fs::copy(program, &copy).doing(format!("copying {}", program.display()))?;
            std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755))
                .doing("making a copy executable")?;
            self.give(&copy)?;
        }
        Ok(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_a_session_never_runs_as_root() {
        let user = unprivileged().unwrap();
        let output = user.command("/usr/bin/id").arg("-u").output().unwrap();
        let uid: u32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        assert_ne!(uid, 0);
        assert_eq!(uid, user.uid);
        let output = user.command("/usr/bin/id").arg("-G").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), user.gid.to_string());
    }

    #[test]
    fn a_program_in_a_closed_folder_is_copied_to_where_it_can_be_run() {
        let user = User { uid: 4_000_000, gid: 4_000_000, other: false };
        let closed = tempfile::tempdir().unwrap();
        std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let open = tempfile::tempdir().unwrap();
        let program = closed.path().join("true");
        std::fs::copy("/bin/true", &program).unwrap();
        let copy = user.reachable(&program, open.path()).unwrap();
        assert_eq!(copy, open.path().join("true"));
        assert_eq!(
            user.reachable(Path::new("/bin/true"), open.path()).unwrap(),
            Path::new("/bin/true")
        );
    }
}
