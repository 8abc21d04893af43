//! What is not about one agent: Placet itself, the programs, the pairings' files.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use placet_wire::answerer::PROGRAM;
use placet_wire::ask::Ask;
use placet_wire::results::{KeyState, StatusAnswer};

use super::Finding;
use crate::args::Global;
use crate::conversation::Conversation;
use crate::init::program;
use crate::print::Printer;
use crate::socket::{self, set};
use crate::token;

/// All of it.
pub(super) fn look(global: &Global, printer: &mut Printer) -> Vec<Finding> {
    let running = running(global, printer);
    let alone = running.is_none();
    let mut findings: Vec<Finding> = running.into_iter().collect();
    if alone {
        findings.extend(keys(global, printer));
    }
    findings.extend(on_path());
    findings.extend(autostart());
    for file in pairings() {
        findings.extend(pairing(&file, alone.then_some(global), printer));
    }
    findings
}

/// Whether Placet answers, and is Placet.
fn running(global: &Global, printer: &mut Printer) -> Option<Finding> {
    let start = format!("Start it: {PROGRAM}");
    let path = match socket::path(global.socket.as_deref()) {
        Ok(path) => path,
        Err(stop) => {
            let mend = "Run this in your session, or set PLACET_SOCK.";
            return Some(Finding::new("no_socket_path", stop.to_string(), mend));
        }
    };
    let shown = path.display();
    let stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            let sentence = format!("Placet is not running; its last socket is still at {shown}.");
            return Some(Finding::new("stale_socket", sentence, start));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let sentence = format!("Placet is not running (nothing at {shown}).");
            return Some(Finding::new("not_running", sentence, start));
        }
        Err(error) => {
            let sentence = format!("Placet cannot be reached at {shown}: {error}.");
            return Some(Finding::new("not_reachable", sentence, start));
        }
    };
    match socket::answerer(&stream) {
        Ok(None) => {}
        Ok(Some(program)) => {
            let sentence = format!("{program} answers at {shown}, and that is not {PROGRAM}.");
            let mend = format!("End that program, then start {PROGRAM}.");
            return Some(Finding::new("not_placet", sentence, mend));
        }
        Err(stop) => {
            let mend = format!("End that program, then start {PROGRAM}.");
            return Some(Finding::new("not_placet", stop.to_string(), mend));
        }
    }
    drop(stream);
    let hello = Conversation::open(&path, printer).and_then(|mut talk| talk.hello(None));
    hello.err().map(|stop| {
        let mend = "Install placet and placet-desktop of one version, and restart Placet.";
        Finding::new("not_understood", stop.to_string(), mend)
    })
}

/// Keys of this installation that cannot be used. How a key is kept is no finding: nothing better
/// can be had here.
fn keys(global: &Global, printer: &mut Printer) -> Vec<Finding> {
    let status = socket::path(global.socket.as_deref())
        .and_then(|path| Conversation::open(&path, printer))
        .and_then(|mut talk| talk.call::<StatusAnswer>(Ask::Status, |_| {}));
    let keys = status.map(|(status, _)| status.keys).unwrap_or_default();
    let finding = |key: KeyState| {
        let sentence = match key.used_for.as_str() {
            "receipts" => format!("No receipt is signed: {}.", key.sentence),
            _ => format!("Placet cannot show a server which installation it is: {}.", key.sentence),
        };
        Finding::new("key_unusable", sentence, "Mend that file, then restart Placet.")
    };
    keys.into_iter().filter(|key| !key.ok).map(finding).collect()
}

/// Whether the `placet` that a shell finds is this one.
fn on_path() -> Option<Finding> {
    let this = fs::canonicalize(program().ok()?).ok()?;
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("placet"))
        .find(|file| fs::metadata(file).is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0))?;
    let real = fs::canonicalize(&found).ok()?;
    (real != this).then(|| {
        let sentence =
            format!("`placet` in your PATH is {}, and this is {}.", real.display(), this.display());
        Finding::new("another_placet", sentence, "Remove the one that you do not want.")
    })
}

/// Whether what starts with the session is Placet. Off is not wrong.
fn autostart() -> Option<Finding> {
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    let file = config.join("autostart").join("placet.desktop");
    let text = fs::read_to_string(&file).ok()?;
    let exec = text.lines().find_map(|line| line.strip_prefix("Exec="))?.trim();
    let started = starts(exec);
    let beside = program().ok().map(|path| Path::new(&path).with_file_name(PROGRAM));
    let ours = match &started {
        // Found in the PATH, as an installed package has it.
        Some(path) if path == Path::new(PROGRAM) => true,
        Some(path) => match beside.and_then(|beside| fs::canonicalize(beside).ok()) {
            Some(beside) => fs::canonicalize(path).is_ok_and(|path| path == beside),
            None => path.file_name().is_some_and(|name| name == PROGRAM) && path.exists(),
        },
        None => false,
    };
    (!ours).then(|| {
        let sentence = format!("{} starts something else: {exec}", file.display());
        let mend = "Open Placet's settings and turn its start with the session on again, or delete \
                    that file.";
        Finding::new("autostart_replaced", sentence, mend)
    })
}

/// The program of an `Exec` line that has at most `--hidden` besides (Desktop Entry Specification
/// 1.5, "The Exec key"); `None` for anything else.
fn starts(exec: &str) -> Option<PathBuf> {
    let exec = exec.strip_suffix(" --hidden").unwrap_or(exec);
    let Some(quoted) = exec.strip_prefix('"') else {
        let plain = !exec.is_empty() && !exec.contains(|c: char| c.is_whitespace() || c == '"');
        return plain.then(|| exec.replace("%%", "%").into());
    };
    let inner = quoted.strip_suffix('"')?;
    let (mut out, mut letters) = (String::new(), inner.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '%' if letters.next() == Some('%') => out.push('%'),
            '%' => return None,
            // Escaped twice: as a string of the file, and inside the quotes.
            '\\' => {
                while letters.next_if_eq(&'\\').is_some() {}
                match letters.next() {
                    Some(escaped @ ('"' | '`' | '$')) => out.push(escaped),
                    Some(other) => out.extend(['\\', other]),
                    None => out.push('\\'),
                }
            }
            letter => out.push(letter),
        }
    }
    Some(out.into())
}

/// Every pairing's file.
fn pairings() -> Vec<PathBuf> {
    let folder = token::of_agent("any").ok().and_then(|path| path.parent().map(Path::to_owned));
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// Whether a pairing's file is for its user alone, can be read, and is known to Placet.
fn pairing(file: &Path, placet: Option<&Global>, printer: &mut Printer) -> Option<Finding> {
    let shown = file.display();
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let again = format!("Pair again: placet pair --name {name}");
    let found = fs::metadata(file).ok()?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let sentence = format!("Others can read the token in {shown} (mode {mode:o}).");
        return Some(Finding::new("token_mode", sentence, format!("chmod 600 {shown}")));
    }
    let token = match token::read(file) {
        Ok(token) => token,
        Err(_) => {
            let sentence = format!("{shown} is no pairing of Placet.");
            return Some(Finding::new("token_unreadable", sentence, again));
        }
    };
    let path = socket::path(placet?.socket.as_deref()).ok()?;
    let mut talk = Conversation::open(&path, printer).ok()?;
    let (answer, _) = talk.hello(Some(token)).ok()?;
    answer.paired.is_none().then(|| {
        let sentence = format!("Placet does not know the pairing in {shown}.");
        Finding::new("token_unknown", sentence, format!("{again}, or delete that file."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autostart_line_is_read_as_the_desktop_writes_it() {
        let path = |exec| starts(exec).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(path(r#""/a b/placet" --hidden"#).as_deref(), Some("/a b/placet"));
        assert_eq!(path(r#""/100%%/p" --hidden"#).as_deref(), Some("/100%/p"));
        assert_eq!(path(r#""/\\$x/\\`y\\`" --hidden"#).as_deref(), Some("/$x/`y`"));
        assert_eq!(path("placet-desktop --hidden").as_deref(), Some("placet-desktop"));
        assert_eq!(path("sh -c evil --hidden"), None);
        assert_eq!(path(r#""/a" "/b" --hidden"#), None);
        assert_eq!(path(""), None);
    }
}
