//! A card reader of one's own: the PC/SC daemon with virtual readers, and nothing else.
//!
//! The daemon insists on `/run`. It gets a mount namespace in which `/run` is a folder of ours, so
//! that it meets no other daemon and no other daemon's readers; who is not root gets a user namespace
//! with it. Clients find it by `PCSCLITE_CSOCK_NAME`.
//!
//! Promises: it ends with the value that stands for it. Must never: touch the machine's own daemon.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The variable that names the daemon's socket to `libpcsclite`.
pub const SOCKET: &str = "PCSCLITE_CSOCK_NAME";

const DAEMON: &str = "/usr/sbin/pcscd";
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// How long a daemon may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon.
#[derive(Debug)]
pub struct Reader {
    daemon: Child,
    folder: TempDir,
    ports: [u16; 2],
}

impl Reader {
    /// The package that is missing on this machine, if one is.
    #[must_use]
    pub fn missing() -> Option<&'static str> {
        [(DAEMON, "pcscd"), (DRIVER, "vsmartcard-vpcd")]
            .into_iter()
            .find(|(file, _)| !Path::new(file).exists())
            .map(|(_, package)| package)
    }

    /// Starts a daemon with one reader that has two slots. Returns when clients can connect.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (run, list) = (folder.path().join("run"), folder.path().join("readers"));
        std::fs::create_dir(&run)?;
        std::fs::create_dir(&list)?;
        let ports = free_ports()?;
        let [port, _] = ports;
        let reader = format!(
            "FRIENDLYNAME \"Stage\"\nDEVICENAME /dev/null:{port}\nLIBPATH {DRIVER}\nCHANNELID {port}\n",
        );
        std::fs::write(list.join("stage"), reader)?;
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "sh", "-c", START, "sh"]).args([&run, &list]).arg(DAEMON);
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut reader = Self { daemon, folder, ports };
        let begun = Instant::now();
        while UnixStream::connect(reader.socket()).is_err() {
            if let Some(status) = reader.daemon.try_wait()? {
                return Err(io::Error::other(format!("pcscd ended: {status}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("pcscd does not listen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(reader)
    }

    /// Where cards connect, one port a slot.
    #[must_use]
    pub fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// What [`SOCKET`] has to be for a client.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/pcscd/pcscd.comm")
    }
}

/// Two free ports, one after the other: the driver wants it so.
fn free_ports() -> io::Result<[u16; 2]> {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = first.local_addr()?.port();
        if let Some(next) = port.checked_add(1)
            && TcpListener::bind((Ipv4Addr::UNSPECIFIED, next)).is_ok()
        {
            return Ok([port, next]);
        }
    }
    Err(io::Error::other("no two free ports"))
}

/// `exec`, so that ending our child ends the daemon; and it does not outlive whoever started it.
const START: &str =
    "mount --bind \"$1\" /run && exec setpriv --pdeathsig KILL \"$3\" --foreground --config \"$2\"";

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
