//! The X display of a session, seen by a client: windows, focus, pointer, picture.
//!
//! Coordinates are pixels of the root window, origin at the top left.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::BufWriter;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt, EventMask, ImageFormat, MapState,
    Window as WindowId,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};

use super::fault::{Fault, Result, While};
use super::program::readable_within;

/// A client of the session's X server.
#[derive(Debug)]
pub struct Screen {
    connection: RustConnection,
    root: WindowId,
}

/// A window that the window manager knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The X server's number of it.
    pub id: u32,
    /// Its title.
    pub title: String,
    /// The process that says it owns it, from `_NET_WM_PID` (a claim).
    pub pid: Option<u32>,
    /// Left edge of its content, without the frame.
    pub x: i32,
    /// Top edge of its content, without the frame.
    pub y: i32,
    /// Width of its content.
    pub width: u32,
    /// Height of its content.
    pub height: u32,
    /// Whether it is on screen (not minimised or withdrawn).
    pub mapped: bool,
}

impl Screen {
    /// Connects to display `number` with the session's `cookie`.
    pub(crate) fn connect(number: u32, cookie: &[u8; 16]) -> Result<Self> {
        let doing = || format!("connecting to display :{number}");
        let stream = UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).doing(doing())?;
        let (stream, _) = DefaultStream::from_unix_stream(stream).doing(doing())?;
        let connection = RustConnection::connect_to_stream_with_auth_info(
            stream,
            0,
            b"MIT-MAGIC-COOKIE-1".to_vec(),
            cookie.to_vec(),
        )
        .doing(doing())?;
        let root = connection.setup().roots.first().doing(doing())?.root;
        let listen = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        connection.change_window_attributes(root, &listen).doing(doing())?.check().doing(doing())?;
        Ok(Self { connection, root })
    }

    /// The X connection, for what is not here.
    #[must_use]
    pub fn connection(&self) -> &RustConnection {
        &self.connection
    }

    /// The root window.
    #[must_use]
    pub fn root(&self) -> WindowId {
        self.root
    }

    /// Waits until a window manager has announced itself (EWMH `_NET_SUPPORTING_WM_CHECK`).
    ///
    /// # Errors
    /// When none did `within` the time.
    pub fn await_window_manager(&self, within: Duration) -> Result<()> {
        let atom = self.atom("_NET_SUPPORTING_WM_CHECK")?;
        self.until(within, "waiting for a window manager", |screen| {
            let window = screen.numbers(screen.root, atom, AtomEnum::WINDOW.into())?;
            Ok((!window.is_empty()).then_some(()))
        })
    }

    /// The windows that the window manager knows, oldest first (EWMH `_NET_CLIENT_LIST`).
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn windows(&self) -> Result<Vec<Window>> {
        let list = self.atom("_NET_CLIENT_LIST")?;
        let ids = self.numbers(self.root, list, AtomEnum::WINDOW.into())?;
        // A window may go away between the list and the look at it.
        Ok(ids.into_iter().filter_map(|id| self.window(id).ok()).collect())
    }

    /// Waits until a window fits and is on screen.
    ///
    /// # Errors
    /// When none does `within` the time; the message lists those that are there.
    pub fn await_window(&self, within: Duration, fits: impl Fn(&Window) -> bool) -> Result<Window> {
        let found = self.until(within, "waiting for a window", |screen| {
            Ok(screen.windows()?.into_iter().find(|window| window.mapped && fits(window)))
        });
        found.map_err(|fault| {
            Fault::new(fault.to_string(), format!("there are {:?}", self.windows()))
        })
    }

    /// Waits until no window fits any more.
    ///
    /// # Errors
    /// When one still does after `within`.
    pub fn await_no_window(&self, within: Duration, fits: impl Fn(&Window) -> bool) -> Result<()> {
        self.until(within, "waiting for a window to go", |screen| {
            let gone = !screen.windows()?.iter().any(|window| window.mapped && fits(window));
            Ok(gone.then_some(()))
        })
    }

    /// The window that the window manager says is active (EWMH `_NET_ACTIVE_WINDOW`), if any.
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn active(&self) -> Result<Option<Window>> {
        let atom = self.atom("_NET_ACTIVE_WINDOW")?;
        let ids = self.numbers(self.root, atom, AtomEnum::WINDOW.into())?;
        Ok(ids.first().filter(|id| **id != 0).and_then(|id| self.window(*id).ok()))
    }

    /// Waits until the active window fits.
    ///
    /// # Errors
    /// When it does not `within` the time.
    pub fn await_active(&self, within: Duration, fits: impl Fn(&Window) -> bool) -> Result<Window> {
        self.until(within, "waiting for a window to be active", |screen| {
            Ok(screen.active()?.filter(|window| fits(window)))
        })
    }

    /// Whether a window asks for attention.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn is_urgent(&self, window: WindowId) -> Result<bool> {
        let hints = AtomEnum::WM_HINTS.into();
        let flags = self.numbers(window, hints, hints)?;
        // ICCCM 4.1.2.4: UrgencyHint.
        Ok(flags.first().is_some_and(|flags| flags & 0x100 != 0))
    }

    /// Waits until a window asks for attention.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn await_urgent(&self, within: Duration, window: WindowId) -> Result<()> {
        self.until(within, "waiting for a window that asks for attention", |screen| {
            Ok(screen.is_urgent(window)?.then_some(()))
        })
    }

    /// Where the pointer is.
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn pointer(&self) -> Result<(i32, i32)> {
        let doing = "asking where the pointer is";
        let reply = self.connection.query_pointer(self.root).doing(doing)?.reply().doing(doing)?;
        Ok((i32::from(reply.root_x), i32::from(reply.root_y)))
    }

    /// Writes a picture of the whole screen, as PNG.
    ///
    /// # Errors
    /// When the server's pixels are not 32 bits each, or the file cannot be written.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        let (width, height) = self.size()?;
        self.picture((0, 0), (width, height), path)
    }

    /// Writes a picture of what the screen shows where this window's content is, as PNG.
    ///
    /// # Errors
    /// When the server's pixels are not 32 bits each, part of it is off the screen, or the file
    /// cannot be written.
    pub fn picture_of(&self, window: &Window, path: &Path) -> Result<()> {
        let doing = || format!("taking a picture of {}", window.title);
        let place = (window.x.try_into().doing(doing())?, window.y.try_into().doing(doing())?);
        let size =
            (window.width.try_into().doing(doing())?, window.height.try_into().doing(doing())?);
        self.picture(place, size, path)
    }

    fn picture(&self, (x, y): (i16, i16), (width, height): (u16, u16), path: &Path) -> Result<()> {
        let doing = "taking a screenshot";
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX)
            .doing(doing)?
            .reply()
            .doing(doing)?;
        if image.data.len() != usize::from(width) * usize::from(height) * 4 {
            return Err(Fault::new(doing, "the pixels are not 32 bits each"));
        }
        // Little-endian BGRX, as Xtigervnc has it at depth 24.
        let (pixels, _) = image.data.as_chunks::<4>();
        let pixels: Vec<[u8; 3]> = pixels.iter().map(|[b, g, r, _]| [*r, *g, *b]).collect();
        let (palette, indices) = indexed(&pixels);
        let file = std::fs::File::create(path).doing(format!("writing {}", path.display()))?;
        let mut encoder =
            png::Encoder::new(BufWriter::new(file), u32::from(width), u32::from(height));
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(palette);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        // Numbers of colours are not nearer to each other for standing side by side.
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().doing(doing)?;
        writer.write_image_data(&indices).doing(doing)?;
        writer.finish().doing(doing)
    }

    /// Width and height of the screen.
    ///
    /// # Errors
    /// When the X server does not answer.
    pub fn size(&self) -> Result<(u16, u16)> {
        let doing = "asking for the size of the screen";
        let reply = self.connection.get_geometry(self.root).doing(doing)?.reply().doing(doing)?;
        Ok((reply.width, reply.height))
    }

    pub(crate) fn atom(&self, name: &str) -> Result<Atom> {
        let doing = || format!("naming {name}");
        let reply = self.connection.intern_atom(false, name.as_bytes()).doing(doing())?;
        Ok(reply.reply().doing(doing())?.atom)
    }

    /// Waits for an event that fits, dropping the others; nothing when none came `within` the time.
    pub(crate) fn await_event<T>(
        &self,
        within: Duration,
        fits: impl Fn(&Event) -> Option<T>,
    ) -> Result<Option<T>> {
        let doing = "waiting for an event of the display";
        let deadline = Instant::now() + within;
        self.connection.flush().doing(doing)?;
        loop {
            while let Some(event) = self.connection.poll_for_event().doing(doing)? {
                if let Some(found) = fits(&event) {
                    return Ok(Some(found));
                }
            }
            if !readable_within(self.connection.stream(), deadline).doing(doing)? {
                return Ok(None);
            }
        }
    }

    /// Paints the empty desktop in one colour (`0xRRGGBB`), so that dark windows stand out in pictures.
    pub(crate) fn paint(&self, colour: u32) -> Result<()> {
        let doing = "painting the desktop";
        let background = ChangeWindowAttributesAux::new().background_pixel(colour);
        self.connection.change_window_attributes(self.root, &background).doing(doing)?;
        self.connection.clear_area(false, self.root, 0, 0, 0, 0).doing(doing)?.check().doing(doing)
    }

    /// Connects to the display of this process's own environment (`DISPLAY`, `XAUTHORITY`).
    ///
    /// # Errors
    /// When there is none, or it refuses us.
    pub fn from_environment() -> Result<Self> {
        let doing = "connecting to the display";
        let (connection, screen) = RustConnection::connect(None).doing(doing)?;
        let root = connection.setup().roots.get(screen).doing(doing)?.root;
        Ok(Self { connection, root })
    }

    /// Looks again at every change of a property of the root window until `look` finds something.
    ///
    /// What is asked for may change without one (a window that is mapped after it was listed):
    /// therefore also after a short while without any change. This is the one poll of the screen.
    fn until<T>(
        &self,
        within: Duration,
        doing: &str,
        look: impl Fn(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        const AT_LEAST_EVERY: Duration = Duration::from_millis(20);
        let deadline = Instant::now() + within;
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return Err(Fault::new(doing, format!("nothing within {within:?}")));
            }
            let next = deadline.min(Instant::now() + AT_LEAST_EVERY);
            while !matches!(
                self.connection.poll_for_event().doing(doing)?,
                Some(Event::PropertyNotify(_))
            ) {
                if !readable_within(self.connection.stream(), next).doing(doing)? {
                    break;
                }
            }
        }
    }

    fn window(&self, id: WindowId) -> Result<Window> {
        let doing = "looking at a window";
        let geometry = self.connection.get_geometry(id).doing(doing)?.reply().doing(doing)?;
        let origin = self.connection.translate_coordinates(id, self.root, 0, 0).doing(doing)?;
        let origin = origin.reply().doing(doing)?;
        let attributes =
            self.connection.get_window_attributes(id).doing(doing)?.reply().doing(doing)?;
        let utf8 = self.atom("UTF8_STRING")?;
        let title = self.bytes(id, self.atom("_NET_WM_NAME")?, utf8)?;
        let title = match title {
            title if title.is_empty() => {
                self.bytes(id, AtomEnum::WM_NAME.into(), AtomEnum::STRING.into())?
            }
            title => title,
        };
        let pid = self.numbers(id, self.atom("_NET_WM_PID")?, AtomEnum::CARDINAL.into())?;
        Ok(Window {
            id,
            title: String::from_utf8_lossy(&title).into_owned(),
            pid: pid.first().copied(),
            x: i32::from(origin.dst_x),
            y: i32::from(origin.dst_y),
            width: u32::from(geometry.width),
            height: u32::from(geometry.height),
            mapped: attributes.map_state == MapState::VIEWABLE,
        })
    }

    pub(crate) fn bytes(&self, window: WindowId, property: Atom, of_type: Atom) -> Result<Vec<u8>> {
        let doing = "reading a property";
        let request = self.connection.get_property(false, window, property, of_type, 0, 65536);
        Ok(request.doing(doing)?.reply().doing(doing)?.value)
    }

    fn numbers(&self, window: WindowId, property: Atom, of_type: Atom) -> Result<Vec<u32>> {
        let doing = "reading a property";
        let request = self.connection.get_property(false, window, property, of_type, 0, 65536);
        let reply = request.doing(doing)?.reply().doing(doing)?;
        Ok(reply.value32().map(Iterator::collect).unwrap_or_default())
    }
}

/// So many colours are enough for letters with smooth edges on a few grounds.
const COLOURS: usize = 48;

/// The picture by a palette of the [`COLOURS`] that occur most, a fourth of the size; every other one
/// becomes the nearest of them.
fn indexed(pixels: &[[u8; 3]]) -> (Vec<u8>, Vec<u8>) {
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for pixel in pixels {
        *counts.entry(*pixel).or_default() += 1;
    }
    let mut often: Vec<([u8; 3], usize)> = counts.into_iter().collect();
    often.sort_by_key(|(colour, count)| (Reverse(*count), *colour));
    let palette: Vec<[u8; 3]> = often.iter().take(COLOURS).map(|(colour, _)| *colour).collect();
    let apart = |one: &[u8; 3], other: &[u8; 3]| -> u32 {
        one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2)).sum()
    };
    let nearest = |colour: &[u8; 3]| {
        let numbers = (0u8..).zip(&palette);
        let near = numbers.min_by_key(|(_, other)| apart(colour, other));
        near.map_or(0, |(number, _)| number)
    };
    let numbers: HashMap<[u8; 3], u8> =
        often.iter().map(|(colour, _)| (*colour, nearest(colour))).collect();
    let number = |pixel| numbers.get(pixel).copied().unwrap_or_default();
    (palette.concat(), pixels.iter().map(number).collect())
}
