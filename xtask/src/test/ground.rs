//! Where tests are built and who runs them.
//!
//! **Promises.** What is built can be read and run by the user that runs it. Each program gets a
//! home, a runtime folder and a folder for temporary files that did not exist before, belong to
//! that user alone and are gone afterwards. Of the caller's environment it gets nothing but `PATH`
//! (only if it runs as the caller) and `CI`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::mirror;
use crate::run::{Done, Stop, say, succeeds};
use crate::setup::{TestUser, test_user};
use crate::workspace::Workspace;

/// Root's copy of a source tree that the test user cannot read.
const COPY: &str = "/var/cache/placet-xtask";

/// The tree that is built, the folder that it is built in, the user.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) user: TestUser,
    /// Built as it is installed, for what is measured.
    pub(crate) release: bool,
}

impl Ground {
    /// The workspace itself, or a copy of it if the test user cannot read it.
    ///
    /// # Errors
    /// If the user or the copy cannot be made.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, Stop> {
        let user = test_user()?;
        let mut ground = Self {
            root: workspace.root.clone(),
            target: workspace.target.clone(),
            user,
            release: false,
        };
        fs::create_dir_all(&ground.target)
            .map_err(|error| Stop::failed(format!("{}: {error}", ground.target.display())))?;
        let files = workspace.files()?;
        if !ground.can_read(&ground.target) || !ground.all_readable(&files) {
            ground.root = Path::new(COPY).join("source");
            ground.target = Path::new(COPY).join("target");
            say(format!("the test user cannot read this folder: building in {COPY}"));
            mirror::update(&workspace.root, &files, &ground.root)?;
        }
        Ok(ground)
    }

    /// Where cargo puts the programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join(if self.release { "release" } else { "debug" })
    }

    /// Fails if the test user cannot run `program`.
    pub(crate) fn must_run(&self, program: &Path) -> Done {
        if succeeds(self.as_user("test").arg("-x").arg(program)) {
            return Ok(());
        }
        Err(Stop::failed(format!(
            "the test user cannot run {}: build it again with `umask 022`",
            program.display()
        )))
    }

    /// `program`, to be run as the user, with nothing in its environment but `PATH`, names and what
    /// the tests look for.
    pub(crate) fn as_user(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self.user {
            TestUser::Caller => Command::new(program),
            TestUser::Made { uid, gid } => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={uid}"))
                    .arg(format!("--regid={gid}"))
                    .args(["--init-groups", "--pdeathsig=KILL", "--"])
                    .arg(program);
                command
            }
        };
        command.env_clear().env("LANG", "C.UTF-8").env("RUST_BACKTRACE", "1");
        for name in ["CI", "TERM"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("PATH", self.path());
        command.env("PLACET_BIN_DIR", self.programs());
        // Software rendering: no graphics card, no surprise.
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
    }

    /// The caller's own search path, or one that an unprivileged user can use.
    fn path(&self) -> std::ffi::OsString {
        let own = std::env::var_os("PATH").unwrap_or_default();
        match self.user {
            TestUser::Caller => own,
            TestUser::Made { .. } => {
                let common = "/usr/local/bin:/usr/bin:/bin";
                let elsewhere = std::env::split_paths(&own)
                    .find(|folder| folder.join("node").exists())
                    .filter(|folder| !std::env::split_paths(common).any(|known| known == *folder));
                let mut folders: Vec<PathBuf> = std::env::split_paths(common).collect();
                folders.extend(elsewhere);
                std::env::join_paths(folders).unwrap_or_else(|_| common.into())
            }
        }
    }

    /// Gives a folder, made by us, to the user alone.
    pub(crate) fn give(&self, folder: &Path, mode: u32) -> Done {
        let owned = || -> std::io::Result<()> {
            if let TestUser::Made { uid, gid } = self.user {
                chown(folder, Some(uid), Some(gid))?;
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(mode))
        };
        owned().map_err(|error| Stop::failed(format!("{}: {error}", folder.display())))
    }

    fn can_read(&self, path: &Path) -> bool {
        self.user == TestUser::Caller || succeeds(self.as_user("test").arg("-r").arg(path))
    }

    /// Readable for others, each file and each folder above it: asked of the mode bits, as asking
    /// through a process of the user for each file would take long.
    fn all_readable(&self, files: &[PathBuf]) -> bool {
        self.user == TestUser::Caller
            || (self.can_read(&self.root.join("Cargo.toml"))
                && files.iter().all(|file| {
                    fs::metadata(self.root.join(file))
                        .is_ok_and(|entry| entry.permissions().mode() & 0o004 != 0)
                }))
    }
}

/// A home, a runtime folder and a folder for temporary files, gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    /// Short, because the path of a socket must stay under 108 bytes (unix(7)).
    pub(crate) folder: PathBuf,
}

impl Home {
    /// Makes one for the user of `ground`.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub(crate) fn new(ground: &Ground) -> Result<Self, Stop> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/placet-{}-{number}", std::process::id()));
        let make = |folder: &Path| {
            // Fails if it is there already, also as somebody's symbolic link.
            fs::create_dir(folder)
                .map_err(|error| Stop::failed(format!("{}: {error}", folder.display())))?;
            ground.give(folder, 0o700)
        };
        make(&folder)?;
        for part in ["home", "run", "tmp"] {
            make(&folder.join(part))?;
        }
        Ok(Self { folder })
    }

    /// Tells `command` about it.
    pub(crate) fn lend(&self, command: &mut Command) {
        command
            .env("HOME", self.folder.join("home"))
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            .env("TMPDIR", self.folder.join("tmp"));
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            say(format!("{} could not be removed: {error}", self.folder.display()));
        }
    }
}
