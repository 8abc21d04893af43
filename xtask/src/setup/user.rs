//! The unprivileged user that tests and demo run as when root starts them: root bypasses file
//! modes, ptrace checks and EACCES, and would prove nothing.
//!
//! **Never** is a user made, or an existing one changed, when the caller is not root.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::run::{Stop, output, run, say};

/// The user's name; the stage's desktop uses the same.
pub(crate) const NAME: &str = "placet-test";

/// Who runs the built programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestUser {
    /// The caller, who is not root.
    Caller,
    /// Root called: this user instead.
    Made { uid: u32, gid: u32 },
}

/// True if the caller is root.
pub(crate) fn is_root() -> bool {
    // The owner of our own entry in /proc is our effective user.
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// The user to run as; made, with a home, if root calls and there is none.
///
/// # Errors
/// If the user cannot be made.
pub(crate) fn test_user() -> Result<TestUser, Stop> {
    if !is_root() {
        return Ok(TestUser::Caller);
    }
    if find(&passwd()?).is_none() {
        say(format!("setup: making the unprivileged user {NAME}"));
        run(Command::new("useradd").args(["--create-home", "--shell", "/bin/bash", NAME]))?;
    }
    x11_sockets_folder()?;
    find(&passwd()?).ok_or_else(|| Stop::failed(format!("useradd did not make {NAME}")))
}

fn passwd() -> Result<String, Stop> {
    output(Command::new("getent").arg("passwd"))
}

/// Looks the user up in passwd(5) lines.
fn find(passwd: &str) -> Option<TestUser> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(NAME) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(TestUser::Made { uid, gid })
    })
}

/// X servers of an unprivileged user cannot make this folder themselves.
fn x11_sockets_folder() -> Result<(), Stop> {
    let folder = Path::new("/tmp/.X11-unix");
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir(folder)
        .and_then(|()| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o1777)))
        .map_err(|error| Stop::failed(format!("{}: {error}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_by_its_whole_name_and_is_never_root() {
        let lines = "root:x:0:0::/root:/bin/bash\nplacet-tester:x:7:7::/:/bin/sh\n";
        assert_eq!(find(lines), None);
        let lines = format!("{lines}placet-test:x:1001:1002::/h:/bin/bash\n");
        assert_eq!(find(&lines), Some(TestUser::Made { uid: 1001, gid: 1002 }));
        assert_eq!(find("placet-test:x:0:0::/h:/bin/bash"), None, "a second root is not a user");
    }
}
