//! No code is loaded into this process from outside of the system's folders.
//!
//! Toolkits load modules by name: GTK's from XSETTINGS and `settings.ini`, GIO's, image loaders,
//! input methods, drivers. Every one of them goes through `dlopen`. The program has a `dlopen` of
//! its own, which the dynamic linker finds before the C library's (`build.rs` exports it), and hands
//! on only what an agent cannot have put there.
//!
//! **Promises.** A name without a slash is handed on: the linker looks it up in the system's folders,
//! since the environment names no others ([`crate::environment`]). A path is handed on if, links
//! followed, it is below one of [`PLACES`], and the file and every folder above it belong to root
//! and nobody else can write to them.
//! Everything else is refused and told to whoever listens ([`listen`]). [`in_force`] says whether
//! the linker really comes here.
//!
//! **What it does not do.** What the first process was made to preload is there before, and a
//! process of the same user can replace the program's file (design §2). The processes of the book
//! that draw its pages are other programs; they decide nothing.
//!
//! **Never** let a path through because a library needs it.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Where the system keeps its libraries. Whose a file is does not suffice: a program of the user can
/// have a file system mounted, from an image or its own (udisks, FUSE), that says it is all root's.
const PLACES: [&str; 7] =
    ["/usr", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"];
/// What is refused before somebody listens is kept; more of it says nothing new.
const KEPT: usize = 8;
/// Nothing is there: asking for it makes `dlerror` say that something was not opened.
const NOTHING: &CStr = c"/Placet opens no module from there";
/// dlfcn.h: the next definition after the one of whoever asks.
const NEXT: *mut c_void = -1isize as *mut c_void;
/// dlfcn.h: the definition that everybody finds.
const DEFAULT: *mut c_void = std::ptr::null_mut();

type Dlopen = unsafe extern "C" fn(*const c_char, c_int) -> *mut c_void;
type Listener = Box<dyn Fn(&Path) + Send + Sync>;

static LISTENER: OnceLock<Listener> = OnceLock::new();
static REFUSED: AtomicU64 = AtomicU64::new(0);
static BEFORE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Calls `listener` with every path that was or will be refused, on the thread that asked for it.
/// Counts once. It must not block.
pub fn listen(listener: impl Fn(&Path) + Send + Sync + 'static) {
    if LISTENER.set(Box::new(listener)).is_err() {
        return;
    }
    let before = std::mem::take(&mut *BEFORE.lock().unwrap_or_else(PoisonError::into_inner));
    before.iter().for_each(|path| tell(path));
}

/// How many were refused so far.
#[must_use]
pub fn refused() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}

/// Whether the libraries of this process find our `dlopen`.
#[must_use]
pub fn in_force() -> bool {
    // SAFETY: the name is a C string; the answer is an address that is only compared.
    let found = unsafe { dlsym(DEFAULT, c"dlopen".as_ptr()) };
    std::ptr::eq(found, dlopen as *const c_void)
}

/// Opens a shared object, as the C library's function of this name, unless it must not be.
///
/// # Safety
/// As for the C library's: `file` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: `dlopen` is the C library's and has this type (dlfcn.h); null where there is none.
    let real: Option<Dlopen> = unsafe { std::mem::transmute(dlsym(NEXT, c"dlopen".as_ptr())) };
    let Some(real) = real else { return std::ptr::null_mut() };
    if file.is_null() {
        // SAFETY: null is the program itself.
        return unsafe { real(file, flags) };
    }
    // SAFETY: not null, so whoever called promised a C string.
    let name = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(file) }.to_bytes()));
    let (name, refused) = match judge(name) {
        Verdict::AsNamed => {
            // SAFETY: handed on as it came.
            return unsafe { real(file, flags) };
        }
        // The file that was looked at, not what a link names by then.
        Verdict::File(path) => (CString::new(path.into_os_string().into_vec()), None),
        Verdict::Missing => (Ok(NOTHING.to_owned()), None),
        Verdict::Refused => (Ok(NOTHING.to_owned()), Some(name)),
    };
    if let Some(refused) = refused {
        REFUSED.fetch_add(1, Ordering::Relaxed);
        tell(refused);
    }
    let Ok(name) = name else { return std::ptr::null_mut() };
    // SAFETY: a C string that lives until the call returns.
    unsafe { real(name.as_ptr(), flags) }
}

/// What becomes of a name.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The linker looks it up.
    AsNamed,
    /// This file.
    File(PathBuf),
    /// Nothing is there, and what comes there meanwhile is not looked at.
    Missing,
    Refused,
}

fn judge(name: &Path) -> Verdict {
    if !name.as_os_str().as_bytes().contains(&b'/') {
        return Verdict::AsNamed;
    }
    if !name.is_absolute() {
        return Verdict::Refused;
    }
    match name.canonicalize() {
        Ok(file) if of_the_system(&file) => Verdict::File(file),
        // Libraries try many places: nobody needs to hear of it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Verdict::Missing,
        _ => Verdict::Refused,
    }
}

/// Among the system's libraries, and with all that it is in root's alone to write to.
fn of_the_system(file: &Path) -> bool {
    PLACES.iter().any(|place| file.starts_with(place)) && file.ancestors().all(roots_alone)
}

fn roots_alone(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0)
}

fn tell(path: &Path) {
    match LISTENER.get() {
        Some(listener) => listener(path),
        None => {
            let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
            if before.len() < KEPT {
                before.push(path.to_path_buf());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn m2_what_the_system_has_is_opened_and_links_are_followed() {
        let libc = Path::new("/lib64/ld-linux-x86-64.so.2");
        if let Ok(file) = libc.canonicalize() {
            assert_eq!(judge(libc), Verdict::File(file));
        }
        assert_eq!(judge(Path::new("libfoo.so.1")), Verdict::AsNamed);
        assert_eq!(judge(Path::new("")), Verdict::AsNamed);
    }

    #[test]
    fn m2_what_others_can_write_or_lead_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("module.so");
        std::fs::write(&file, b"").unwrap();
        assert_eq!(judge(&file), Verdict::Refused);
        assert_eq!(judge(Path::new("./module.so")), Verdict::Refused);
        assert_eq!(judge(Path::new("../tmp/module.so")), Verdict::Refused);
        let upwards = Path::new("/usr/lib/../..").join(file.strip_prefix("/").unwrap());
        assert_eq!(judge(&upwards), Verdict::Refused);
        // A link of the user's to what is the system's is followed, and that is what is opened.
        let link = folder.path().join("link.so");
        let env = Path::new("/usr/bin/env").canonicalize().unwrap();
        symlink(&env, &link).unwrap();
        assert_eq!(judge(&link), Verdict::File(env));
    }

    #[test]
    fn m2_what_is_roots_but_not_where_the_system_keeps_libraries_is_refused() {
        // As on a stick that a program of the user made and had mounted below /run/media.
        let file = Path::new("/etc/passwd");
        assert!(file.ancestors().all(roots_alone));
        assert_eq!(judge(file), Verdict::Refused);
        assert_eq!(judge(Path::new("/usr/../etc/passwd")), Verdict::Refused);
    }

    #[test]
    fn m2_a_path_where_nothing_is_cannot_become_something_else() {
        assert_eq!(judge(Path::new("/nonexistent/module.so")), Verdict::Missing);
    }
}
