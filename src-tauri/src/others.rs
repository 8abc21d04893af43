//! What the session lets its other programs do: watch, type, draw over the prompt.
//!
//! On X11 the answer is known beforehand: everything. A Wayland compositor offers each of these
//! things as a protocol of its own, and lists them to whoever connects ("globals" of
//! `wl_registry`). This asks for the list, as wayland-info(1) does, and looks for the protocols that
//! are known for it.
//!
//! **Promises.** [`look`] changes nothing, draws nothing, and returns after [`ANSWERS_WITHIN`] at
//! the latest. A compositor that does not answer in order is [`Others::Unknown`].
//!
//! **Never** take a short list for a closed session: a compositor may show a list that differs from
//! program to program, and desktops let programs in by other ways (remote desktop on the session's
//! bus). So no answer of this raises what an approval counts for (design §2).

use placet_texts::text;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A compositor that has not answered by then is not waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// No compositor has so long a list: it has some forty entries of some fifty bytes.
const LONGEST: usize = 64 * 1024;

/// Protocols by which a program types or clicks as a person does.
const TYPE: &[&str] = &[
    "zwp_virtual_keyboard_manager_v1",
    "zwlr_virtual_pointer_manager_v1",
    "zwp_input_method_manager_v2",
    "zwp_input_method_v1",
    "org_kde_kwin_fake_input",
];
/// Those by which it sees the screen.
const WATCH: &[&str] = &[
    "zwlr_screencopy_manager_v1",
    "zwlr_export_dmabuf_manager_v1",
    "ext_image_copy_capture_manager_v1",
    "zkde_screencast_unstable_v1",
    "weston_screenshooter",
    "weston_capture_v1",
];
/// Those by which it lays something over other windows, or changes the colours of the screen.
const COVER: &[&str] =
    &["zwlr_layer_shell_v1", "zwlr_gamma_control_manager_v1", "org_kde_plasma_shell"];
/// Those by which it reads what was copied.
const CLIPBOARD: &[&str] = &["zwlr_data_control_manager_v1", "ext_data_control_manager_v1"];

/// What other programs of the session can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Everything: it is X11, and Placet too is drawn there.
    X11,
    /// What the compositor lists.
    Wayland(Offers),
    /// A Wayland compositor that did not say, or no display.
    Unknown,
}

/// What a Wayland compositor offers to every program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    types: bool,
    watches: bool,
    covers: bool,
    reads_the_clipboard: bool,
}

/// Asks the display that this process draws on.
#[must_use]
pub fn look() -> Others {
    if is_x11() {
        return Others::X11;
    }
    let Some(display) = variable("WAYLAND_DISPLAY") else { return Others::Unknown };
    // wl_display_connect(3): a name is one in the runtime folder.
    let socket = match variable("XDG_RUNTIME_DIR") {
        Some(folder) => PathBuf::from(folder).join(display),
        None => PathBuf::from(display),
    };
    let asked = UnixStream::connect(socket).and_then(|stream| listed(stream, ANSWERS_WITHIN));
    match asked {
        Ok(names) => Others::Wayland(Offers::of(&names)),
        Err(error) => {
            tracing::debug!(%error, "the compositor does not say what it offers");
            Others::Unknown
        }
    }
}

/// Whether this process draws on X11, where it can look at what lies over its window. The toolkit
/// draws on Wayland if that is named.
#[must_use]
pub fn is_x11() -> bool {
    variable("WAYLAND_DISPLAY").is_none() && variable("DISPLAY").is_some()
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

impl Others {
    /// What is so, for the health page.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::X11 => text!("others-x11"),
            Self::Unknown => text!("health-unknown"),
            Self::Wayland(offers) => {
                let can: Vec<String> = [
                    (offers.types, text!("others-type")),
                    (offers.watches, text!("others-see")),
                    (offers.covers, text!("others-cover")),
                    (offers.reads_the_clipboard, text!("others-copy")),
                ]
                .into_iter()
                .filter_map(|(is, words)| is.then_some(words))
                .collect();
                match can.split_last() {
                    None => text!("others-none"),
                    Some((last, [])) => text!("others-one", what = last),
                    Some((last, rest)) => {
                        text!("others-several", what = rest.join(", "), last = last)
                    }
                }
            }
        }
    }
}

impl Offers {
    fn of(names: &[String]) -> Self {
        let any = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
        Self {
            types: any(TYPE),
            watches: any(WATCH),
            covers: any(COVER),
            reads_the_clipboard: any(CLIPBOARD),
        }
    }
}

/// The numbers of the three objects of this conversation.
const DISPLAY: u32 = 1;
const REGISTRY: u32 = 2;
const END: u32 = 3;

/// The names of everything that a compositor offers (The Wayland Protocol, "Wire Format",
/// `wl_display`, `wl_registry`).
fn listed(mut stream: UnixStream, within: Duration) -> std::io::Result<Vec<String>> {
    let bad = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    let deadline = Instant::now() + within;
    stream.set_write_timeout(Some(within))?;
    // wl_display.get_registry is its request 1 and wl_display.sync its request 0. The answer to the
    // second comes after all that the first one brings.
    let mut asked = Vec::new();
    for word in [DISPLAY, 12 << 16 | 1, REGISTRY, DISPLAY, 12 << 16, END] {
        asked.extend(word.to_ne_bytes());
    }
    stream.write_all(&asked)?;
    let (mut names, mut read) = (Vec::new(), 0);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let (object, head) = (word(&mut stream)?, word(&mut stream)?);
        let length = (head >> 16) as usize;
        read += length;
        let body = length.checked_sub(8).filter(|_| read <= LONGEST);
        let mut body = vec![0; body.ok_or_else(|| bad("a message of no possible length"))?];
        stream.read_exact(&mut body)?;
        match (object, head & 0xffff) {
            // wl_callback.done: that was all.
            (END, 0) => return Ok(names),
            // wl_registry.global: a number, the name with its length and a zero, the version.
            (REGISTRY, 0) => {
                let mut rest = body.get(4..).unwrap_or_default();
                let length = word(&mut rest)? as usize;
                let name = length.checked_sub(1).and_then(|length| rest.get(..length));
                let name = name.ok_or_else(|| bad("a name without an end"))?;
                names.push(String::from_utf8_lossy(name).into_owned());
            }
            // wl_display.error.
            (DISPLAY, 0) => return Err(bad("the compositor refused")),
            _ => {}
        }
    }
}

fn word(from: &mut impl Read) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compositor that answers with this and then says no more.
    fn asked_of(answer: Vec<u8>) -> std::io::Result<Vec<String>> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let compositor = std::thread::spawn(move || {
            let mut asked = [0; 24];
            theirs.read_exact(&mut asked).unwrap();
            theirs.write_all(&answer).unwrap();
            theirs
        });
        let heard = listed(ours, Duration::from_millis(300));
        drop(compositor.join());
        heard
    }

    fn global(name: &str) -> Vec<u8> {
        let padded = (name.len() + 1).next_multiple_of(4);
        let mut body = Vec::new();
        body.extend(7_u32.to_ne_bytes());
        body.extend((name.len() as u32 + 1).to_ne_bytes());
        body.extend(name.as_bytes());
        body.resize(8 + padded, 0);
        body.extend(1_u32.to_ne_bytes());
        message(REGISTRY, 0, &body)
    }

    fn message(object: u32, event: u32, body: &[u8]) -> Vec<u8> {
        let mut all = object.to_ne_bytes().to_vec();
        all.extend(((body.len() as u32 + 8) << 16 | event).to_ne_bytes());
        all.extend(body);
        all
    }

    #[test]
    fn what_a_compositor_lists_is_read_to_its_end() {
        let mut answer = [global("wl_compositor"), global("zwlr_screencopy_manager_v1")].concat();
        answer.extend(message(END, 0, &[0; 4]));
        answer.extend(global("zwp_virtual_keyboard_manager_v1"));
        let names = asked_of(answer).unwrap();
        assert_eq!(names, ["wl_compositor", "zwlr_screencopy_manager_v1"]);
    }

    #[test]
    fn a_compositor_that_breaks_off_lies_or_is_silent_is_not_known() {
        assert!(asked_of(vec![]).is_err(), "silent");
        assert!(asked_of(global("wl_compositor")).is_err(), "without an end");
        assert!(asked_of(message(DISPLAY, 0, &[0; 16])).is_err(), "refused");
        let mut long = global("wl_compositor");
        // The name's length.
        long[12..16].copy_from_slice(&4000_u32.to_ne_bytes());
        assert!(asked_of(long).is_err(), "a name that is longer than its message");
        let mut none = message(REGISTRY, 0, &[]);
        none[6..8].copy_from_slice(&4_u16.to_ne_bytes());
        assert!(asked_of(none).is_err(), "a message that is shorter than its head");
        assert!(asked_of(global("wl_compositor").repeat(2000)).is_err(), "a list without an end");
    }

    #[test]
    fn no_sentence_calls_a_session_closed() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Others::Wayland(Offers::of(&names)).sentence()
        };
        assert_eq!(
            of(&["wl_shm", "zwp_virtual_keyboard_manager_v1", "zwlr_layer_shell_v1"]),
            "Wayland: this desktop lets them type and click and lay something over this window"
        );
        assert_eq!(
            of(&[TYPE[1], WATCH[0], CLIPBOARD[0]]),
            "Wayland: this desktop lets them type and click, see the screen and read what you copy"
        );
        assert!(of(&["wl_shm"]).ends_with("It may have others, such as remote desktop"));
    }
}
