//! A small HTTP proxy on loopback that makes tunnels (`CONNECT`), keeps what it was asked for, and
//! fails on command.
//!
//! It reaches this machine alone: a tunnel to `localhost:PORT` goes to 127.0.0.1, any other is
//! refused.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does when it is asked for a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Makes it.
    Tunnels,
    /// Says 403.
    Refuses,
    /// Says 407.
    WantsPassword,
    /// Says nothing and keeps the connection.
    Hangs,
    /// Says what is no HTTP.
    Babbles,
    /// Closes the connection.
    Closes,
}

/// A running proxy; dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// The port could not be had.
    pub async fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, manner, Arc::clone(&kept)));
            }
        });
        Ok(Self { url, asked, task })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first line of every request so far, whatever it asked for.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, kept: Arc<Mutex<Vec<String>>>) {
    let Some(line) = first_line(&mut stream).await else { return };
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    let said: &[u8] = match manner {
        Manner::Tunnels => return tunnel(stream, &line).await,
        Manner::Refuses => b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
        Manner::WantsPassword => {
            b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n"
        }
        Manner::Hangs => return std::future::pending().await,
        Manner::Babbles => b"\x16\x03\x01 what do you want?\r\n\r\n",
        Manner::Closes => b"",
    };
    let _ = stream.write_all(said).await;
    let _ = stream.shutdown().await;
}

async fn tunnel(mut stream: TcpStream, line: &str) {
    let target = line.strip_prefix("CONNECT localhost:").and_then(|rest| rest.split(' ').next());
    let Some(port) = target.and_then(|port| port.parse::<u16>().ok()) else {
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        return;
    };
    match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(mut there) => {
            if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
                let _ = copy_bidirectional(&mut stream, &mut there).await;
            }
        }
        Err(_) => {
            let _ =
                stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
        }
    }
}

/// Reads the head of a request; what follows it is the tunnel's.
async fn first_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8 * 1024 {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    head.lines().next().map(str::to_owned)
}
