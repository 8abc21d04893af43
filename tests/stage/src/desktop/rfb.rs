//! The client's half of RFB 3.8 (RFC 6143), as much as a scripted person needs.
//!
//! Written here and not taken from a crate: those that exist are viewers over TCP with a decoder
//! for every picture encoding; this one only sends input, over a Unix socket, and asks for one
//! pixel when it wants to know that the server has taken what was sent.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::fault::{Fault, Result, While};

/// No answer of a local X server takes longer, but for a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// The pseudo-encoding -308: it tells how the screen is divided.
const EXTENDED_DESKTOP_SIZE: u32 = 308_u32.wrapping_neg();

/// A connection that has passed its handshake.
#[derive(Debug)]
pub(crate) struct Rfb {
    stream: UnixStream,
    bytes_per_pixel: usize,
    /// Width and height of the screen.
    pub(crate) size: (u16, u16),
}

impl Rfb {
    /// Connects without a password and shares the screen (RFC 6143 section 7.1 to 7.3).
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let doing = "sitting down at the desktop";
        let stream = UnixStream::connect(socket).doing(doing)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN)).doing(doing)?;
        stream.set_write_timeout(Some(ANSWERS_WITHIN)).doing(doing)?;
        let mut rfb = Self { stream, bytes_per_pixel: 4, size: (0, 0) };
        // ProtocolVersion.
        rfb.read(12)?;
        rfb.write(b"RFB 003.008\n")?;
        // Security: a list of types; None is 1.
        let types = rfb.byte()?;
        if !rfb.read(usize::from(types))?.contains(&1) {
            return Err(Fault::new(doing, "the server wants a password"));
        }
        rfb.write(&[1])?;
        if rfb.number()? != 0 {
            return Err(Fault::new(doing, "the server refused"));
        }
        // ClientInit: shared.
        rfb.write(&[1])?;
        // ServerInit: width, height, pixel format (16 bytes), name.
        let (width, height) = (rfb.short()?, rfb.short()?);
        rfb.size = (width, height);
        let bits = rfb.byte()?;
        rfb.bytes_per_pixel = usize::from(bits / 8);
        rfb.read(15)?;
        let name = rfb.number()?;
        rfb.read(usize::try_from(name).doing(doing)?)?;
        Ok(rfb)
    }

    /// KeyEvent (section 7.5.4).
    pub(crate) fn key(&mut self, keysym: u32, down: bool) -> Result<()> {
        let mut message = vec![4, u8::from(down), 0, 0];
        message.extend(keysym.to_be_bytes());
        self.write(&message)
    }

    /// PointerEvent (section 7.5.5): bit 0 of `buttons` is the left one.
    pub(crate) fn pointer(&mut self, x: u16, y: u16, buttons: u8) -> Result<()> {
        let mut message = vec![5, buttons];
        message.extend(x.to_be_bytes());
        message.extend(y.to_be_bytes());
        self.write(&message)
    }

    /// Divides the screen into this many monitors beside each other (ExtendedDesktopSize and
    /// SetDesktopSize, in the registry of RFC 6143 section 7.5; described by the RFB community).
    pub(crate) fn divide(&mut self, monitors: u16) -> Result<()> {
        // SetEncodings: padding, one encoding.
        let mut message = vec![2, 0, 0, 1];
        message.extend(EXTENDED_DESKTOP_SIZE.to_be_bytes());
        self.write(&message)?;
        // The server says first how it is now.
        self.settle()?;
        let (width, height) = self.size;
        let each = width / monitors.max(1);
        // SetDesktopSize: padding, size, number of screens, padding.
        let mut message = vec![251, 0];
        message.extend(width.to_be_bytes());
        message.extend(height.to_be_bytes());
        message.extend([u8::try_from(monitors).doing("counting monitors")?, 0]);
        for monitor in 0..monitors {
            // id, x, y, width, height, flags.
            message.extend(u32::from(monitor).to_be_bytes());
            for number in [monitor * each, 0, each, height] {
                message.extend(number.to_be_bytes());
            }
            message.extend(0_u32.to_be_bytes());
        }
        self.write(&message)?;
        self.settle()
    }

    /// Returns when the server has taken everything that was sent before: it answers in order, and
    /// this asks for one pixel (sections 7.5.3 and 7.6).
    pub(crate) fn settle(&mut self) -> Result<()> {
        // FramebufferUpdateRequest, not incremental: x, y, width, height.
        self.write(&[3, 0, 0, 0, 0, 0, 0, 1, 0, 1])?;
        loop {
            match self.byte()? {
                0 => return self.update(),
                // SetColourMapEntries: padding, first colour, number, six bytes each.
                1 => {
                    self.read(3)?;
                    let colours = self.short()?;
                    self.read(usize::from(colours) * 6)?;
                }
                // Bell.
                2 => {}
                // ServerCutText.
                3 => {
                    self.read(3)?;
                    let length = self.number()?;
                    self.read(usize::try_from(length).doing("reading cut text")?)?;
                }
                other => {
                    return Err(Fault::new("reading from the desktop", format!("message {other}")));
                }
            }
        }
    }

    /// FramebufferUpdate: padding, number of rectangles, each with its pixels.
    fn update(&mut self) -> Result<()> {
        self.byte()?;
        for _ in 0..self.short()? {
            self.read(4)?;
            let (width, height, encoding) = (self.short()?, self.short()?, self.number()?);
            if encoding == EXTENDED_DESKTOP_SIZE {
                // Number of screens, padding, sixteen bytes each.
                let screens = self.byte()?;
                self.read(3 + usize::from(screens) * 16)?;
                continue;
            }
            if encoding != 0 {
                return Err(Fault::new("reading from the desktop", format!("encoding {encoding}")));
            }
            self.read(usize::from(width) * usize::from(height) * self.bytes_per_pixel)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).doing("sending input")
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).doing("reading from the desktop")?;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.read(1)?.iter().fold(0, |_, byte| *byte))
    }

    fn short(&mut self) -> Result<u16> {
        Ok(self.read(2)?.iter().fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }

    fn number(&mut self) -> Result<u32> {
        Ok(self.read(4)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}
