//! A stage key as a card: CTAP2 in APDUs (CTAP 2.1, 11.3) in the frames of the virtual reader.
//!
//! The reader listens and the card connects. A frame is a length in two bytes and so many bytes: one
//! of them is a signal to the card (off, on, reset, "your ATR?"), more are an APDU.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::StageKey;

/// A card without history: `3B 80 80 01 01`, T=0 and T=1.
const ATR: [u8; 5] = [0x3b, 0x80, 0x80, 0x01, 0x01];

/// The applet of FIDO.
const FIDO: [u8; 8] = [0xa0, 0x00, 0x00, 0x06, 0x47, 0x2f, 0x00, 0x01];

/// Bytes of an answer in one APDU.
const CHUNK: usize = 256;

const OK: [u8; 2] = [0x90, 0x00];

/// Is this key's card in the reader behind this port, until the future is dropped. While the key is
/// pulled out, no card is there.
///
/// # Errors
/// If the reader is not there.
pub async fn lie_on_reader(key: &StageKey, port: u16) -> io::Result<()> {
    loop {
        key.inserted(true).await;
        let reader = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        // The connection ends when the key is pulled out, or when the reader lets go.
        let _ = serve(reader, key).await;
    }
}

/// One connection of the reader.
async fn serve(mut reader: TcpStream, key: &StageKey) -> io::Result<()> {
    reader.set_nodelay(true)?;
    let mut applet = Applet::default();
    loop {
        let frame = tokio::select! {
            frame = frame(&mut reader) => frame?,
            () = key.inserted(false) => return Ok(()),
        };
        let answer = match frame[..] {
            [] | [1] => continue,
            [0] => {
                key.power_off();
                applet = Applet::default();
                continue;
            }
            [2] => {
                applet = Applet::default();
                continue;
            }
            [4] => ATR.to_vec(),
            _ => match applet.answer(&frame, key).await {
                Some(answer) => answer,
                None => return Ok(()),
            },
        };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        reader.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
    }
}

async fn frame(reader: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; usize::from(reader.read_u16().await?)];
    reader.read_exact(&mut frame).await?;
    Ok(frame)
}

/// What the card remembers between two APDUs.
#[derive(Default)]
struct Applet {
    selected: bool,
    asked: Vec<u8>,
    answer: Vec<u8>,
}

impl Applet {
    /// `None` if the key was pulled out meanwhile.
    async fn answer(&mut self, apdu: &[u8], key: &StageKey) -> Option<Vec<u8>> {
        let Some((&[class, instruction, p1, _], rest)) = apdu.split_first_chunk::<4>() else {
            return Some(vec![0x67, 0x00]);
        };
        // Short form: a length, so many bytes, and maybe how many are wanted.
        let data = match rest.split_first() {
            Some((&length, more)) if !more.is_empty() => {
                more.get(..usize::from(length)).unwrap_or_default()
            }
            _ => &[],
        };
        Some(match (class, instruction) {
            (0x00, 0xa4) if p1 == 4 => {
                self.selected = data == FIDO;
                if self.selected { [&b"U2F_V2"[..], &OK].concat() } else { vec![0x6a, 0x82] }
            }
            _ if !self.selected => vec![0x69, 0x85],
            (0x90, 0x10) => {
                self.asked.extend(data);
                OK.to_vec()
            }
            (0x80, 0x10) => {
                self.asked.extend(data);
                let asked = std::mem::take(&mut self.asked);
                self.answer = key.transmit(&asked).await?;
                self.chunk()
            }
            (0x00 | 0x80, 0xc0) => self.chunk(),
            (0x80, 0x12) => {
                self.selected = false;
                OK.to_vec()
            }
            _ => vec![0x6d, 0x00],
        })
    }

    /// The next part of the answer, and how much is left.
    fn chunk(&mut self) -> Vec<u8> {
        let rest = self.answer.split_off(self.answer.len().min(CHUNK));
        let part = std::mem::replace(&mut self.answer, rest);
        let left = self.answer.len();
        let status = match left {
            0 => OK,
            // 00 means 256 or more.
            left => [0x61, u8::try_from(left).unwrap_or(0)],
        };
        [&part[..], &status].concat()
    }
}
