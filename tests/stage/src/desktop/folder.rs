//! The session's folder: home, run time folder, temporary folder, programs, logs, configuration.
//!
//! Everything is fresh and goes with the session. Folders and processes of runs that were killed
//! before they could clean up are removed by the next run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::builder::MARK;
use super::fault::{Result, While};
use super::sweep::end_marked;
use super::user::User;

const PREFIX: &str = "placet-stage-";

/// A session's folder, removed on drop.
#[derive(Debug)]
pub(crate) struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    /// Makes the folder, owned by and open to `user` alone.
    pub(crate) fn make(user: &User) -> Result<Self> {
        clear_leftovers();
        let root = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()
            .doing("making the session's folder")?;
        let folder = Self { root };
        user.give(folder.path())?;
        for name in ["home", "home/.config", "run", "tmp", "bin", "log", "etc"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).doing(format!("making {name}"))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
                .doing("closing a folder")?;
            user.give(&path)?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn sub(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file for `user`, making the folders above it.
    pub(crate) fn write(&self, user: &User, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.sub(name);
        let mut missing: Vec<&Path> =
            path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
        while let Some(folder) = missing.pop() {
            fs::create_dir(folder).doing(format!("making {}", folder.display()))?;
            user.give(folder)?;
        }
        fs::write(&path, content).doing(format!("writing {name}"))?;
        user.give(&path)?;
        Ok(path)
    }
}

/// Ends the processes and removes the folders of runs whose own process is no more (killed before
/// it could clean up).
fn clear_leftovers() {
    let over = |folder: &Path| {
        owner(folder).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    };
    end_marked(MARK, over);
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for folder in entries.flatten().map(|entry| entry.path()).filter(|folder| over(folder)) {
        // Somebody else's is not ours to remove, and the kernel says so.
        let _ = fs::remove_dir_all(folder);
    }
}

/// The process id that a session's folder has in its name.
fn owner(folder: &Path) -> Option<u32> {
    let name = folder.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    name.split('-').next()?.parse().ok()
}

/// An X authority file that holds for every display of this machine (Xau's binary format: family,
/// address, display number, name, data; each but the family with a two-byte length).
pub(crate) fn x_authority(cookie: &[u8; 16]) -> Vec<u8> {
    // FamilyWild, no address, no display number: the server's number is not known before it runs.
    let mut file = vec![0xff, 0xff, 0, 0, 0, 0];
    for field in [b"MIT-MAGIC-COOKIE-1".as_slice(), cookie] {
        file.extend(u16::try_from(field.len()).unwrap_or_default().to_be_bytes());
        file.extend(field);
    }
    file
}

/// A session bus that starts nothing: it has no service folders.
///
/// Root is allowed in, because the harness may run as root while the bus is a user's.
pub(crate) fn bus_configuration(socket: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="root"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}

/// A panel at the bottom of the screen with a task list and a tray, and no greeting.
pub(crate) const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#;
