//! Canaries: a made-up secret put into a place, in a form, so that the search can show that it
//! finds it there.
//!
//! The forms are written here a second time, and not taken from [`super::needle`], so that both
//! would have to be wrong in the same way. What is planted goes when the [`Planted`] is dropped.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::desktop::{Fault, Result, user::User};

/// How a canary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As it is.
    Plain,
    /// Base64, with nothing in front.
    Base64,
    /// Base64 of a text that has one byte in front.
    Base64After1,
    /// Base64 of a text that has two bytes in front, in the alphabet for addresses.
    Base64After2,
    /// Two lower hex digits a byte.
    HexLower,
    /// Two upper hex digits a byte.
    HexUpper,
    /// `%31%32…`
    Percent,
    /// `\u0031\u0032…`
    JsonEscape,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// A space between the digits.
    SplitByOne,
    /// Three characters between the digits: strings of a JSON array.
    SplitByThree,
    /// A zero byte between the digits: arguments, or C strings.
    SplitByZero,
    /// Two halves.
    Halves,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Plain,
        Self::Base64,
        Self::Base64After1,
        Self::Base64After2,
        Self::HexLower,
        Self::HexUpper,
        Self::Percent,
        Self::JsonEscape,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::SplitByOne,
        Self::SplitByThree,
        Self::SplitByZero,
        Self::Halves,
    ];

    /// `secret`, an ASCII text, written in this form.
    #[must_use]
    pub fn write(self, secret: &str) -> Vec<u8> {
        use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
        let each = |write: fn(u8) -> String| secret.bytes().map(write).collect::<String>();
        let letters: Vec<String> = secret.chars().map(String::from).collect();
        let (left, right) = secret.split_at_checked(secret.len() / 2).unwrap_or((secret, ""));
        match self {
            Self::Plain => secret.to_owned(),
            Self::Base64 => BASE64_STANDARD.encode(secret),
            Self::Base64After1 => BASE64_STANDARD.encode(format!("\u{7f}{secret}?")),
            Self::Base64After2 => BASE64_URL_SAFE_NO_PAD.encode(format!("~~{secret}~")),
            Self::HexLower => each(|byte| format!("{byte:02x}")),
            Self::HexUpper => each(|byte| format!("{byte:02X}")),
            Self::Percent => each(|byte| format!("%{byte:02X}")),
            Self::JsonEscape => each(|byte| format!("\\u{byte:04x}")),
            Self::Utf16Le => return secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => return secret.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::SplitByOne => letters.join(" "),
            Self::SplitByThree => letters.join("\",\""),
            Self::SplitByZero => letters.join("\0"),
            Self::Halves => format!("{left}-{right}"),
        }
        .into_bytes()
    }

    /// Whether the form has zero bytes, which an environment variable cannot.
    #[must_use]
    pub fn has_zeros(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be | Self::SplitByZero)
    }
}

/// A canary in its place; gone when dropped.
#[derive(Debug)]
pub struct Planted {
    file: Option<PathBuf>,
    process: Option<Child>,
}

impl Planted {
    /// The process that holds it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// The file that holds it.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if let Some(file) = self.file.take() {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A file in `folder` with the canary in the middle.
///
/// # Errors
/// When it cannot be written.
pub fn file(folder: &Path, canary: &[u8]) -> Result<Planted> {
    let path = folder.join("planted.bin");
    let content = [b"before\n", canary, b"\nafter\n"].concat();
    std::fs::write(&path, content).map_err(|error| Fault::new("planting a file", error))?;
    Ok(Planted { file: Some(path), process: None })
}

/// A row of an SQLite database in WAL mode, which is still open (so that the row is only in the
/// write-ahead log), in `folder`.
///
/// # Errors
/// When it cannot be written.
pub fn database(folder: &Path, canary: &[u8]) -> Result<(Planted, rusqlite::Connection)> {
    let doing = |error: rusqlite::Error| Fault::new("planting a database row", error);
    let path = folder.join("planted.db");
    let open = rusqlite::Connection::open(&path).map_err(doing)?;
    open.pragma_update(None, "journal_mode", "WAL").map_err(doing)?;
    open.execute_batch("CREATE TABLE t (b BLOB)").map_err(doing)?;
    open.execute("INSERT INTO t VALUES (?1)", [canary]).map_err(doing)?;
    Ok((Planted { file: Some(path), process: None }, open))
}

/// A process of `user` with the canary in its environment.
///
/// # Errors
/// When it cannot be started; a canary with zero bytes cannot.
pub fn environment(user: &User, canary: &[u8]) -> Result<Planted> {
    let mut command = user.command("/bin/sleep");
    command.arg("1000").env_clear().env("PLANTED", OsString::from_vec(canary.to_vec()));
    waiting(command, "sleep")
}

/// A process of `user` with the canary on its command line; zero bytes begin a new argument.
///
/// # Errors
/// When it cannot be started.
pub fn command_line(user: &User, canary: &[u8]) -> Result<Planted> {
    let mut command = user.command("/bin/sh");
    // The shell waits for a line that does not come.
    command.args(["-c", "read -r line", "planted"]);
    command.args(canary.split(|byte| *byte == 0).map(|part| OsString::from_vec(part.to_vec())));
    command.env_clear();
    waiting(command, "sh")
}

/// A process of `user` with the canary in its memory alone.
///
/// # Errors
/// When it cannot be started.
pub fn memory(user: &User, canary: &[u8]) -> Result<Planted> {
    // It reads all of its input before it does anything, and its input does not end.
    let mut command = user.command("/usr/bin/sort");
    command.env_clear();
    let mut planted = waiting(command, "sort")?;
    let doing = |error: &dyn std::fmt::Display| Fault::new("planting into memory", error);
    let process = planted.process.as_mut();
    let input = process.and_then(|process| process.stdin.as_mut());
    let input = input.ok_or_else(|| doing(&"no pipe"))?;
    input.write_all(canary).and_then(|()| input.flush()).map_err(|error| doing(&error))?;
    // In its memory when the pipe is empty.
    let pipe = &*input;
    soon("planting into memory", || {
        Ok(rustix::io::ioctl_fionread(pipe).map_err(|error| doing(&error))? == 0)
    })?;
    Ok(planted)
}

/// A process of `user` that holds the canary in a file without a name.
///
/// # Errors
/// When it cannot be started.
pub fn deleted_file(user: &User, folder: &Path, canary: &[u8]) -> Result<Planted> {
    let doing = |error: std::io::Error| Fault::new("planting a deleted file", error);
    let held = file(folder, canary)?;
    let mut command = user.command("/bin/sleep");
    command.arg("1000").env_clear();
    if let Some(path) = held.path() {
        command.stdout(File::open(path).map_err(doing)?);
    }
    waiting(command, "sleep")
}

/// A process that waits with an open pipe as its input, and is already `program`, not the command
/// that became it.
fn waiting(mut command: Command, program: &str) -> Result<Planted> {
    let doing = "planting a process";
    command.stdin(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let child = command.spawn().map_err(|error| Fault::new(doing, error))?;
    let planted = Planted { file: None, process: Some(child) };
    let pid = planted.pid().unwrap_or_default();
    soon(doing, || {
        // The kernel gives a new program its name first; its command line can be read when its
        // environment can.
        let whole =
            std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
        Ok(whole && super::process::name(pid) == program)
    })?;
    Ok(planted)
}

/// Looks again and again, for what no event tells.
fn soon(doing: &str, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !look()? {
        if Instant::now() >= deadline {
            return Err(Fault::new(doing, "it did not happen within ten seconds"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
