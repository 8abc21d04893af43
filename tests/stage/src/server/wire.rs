//! The sockets: loopback only, both families, and connections that can be cut.
//!
//! Promises: listens on 127.0.0.1 and, where the machine has it, on `::1` with the same port, so
//! that `localhost` is ours in both; every connection is a task of one set and ends with it; a
//! reply that carries [`Cut`] is never sent, its connection is reset.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Marks a reply that resets its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut;

/// The number of the connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection(pub(super) u64);

/// Listening sockets on one port.
#[derive(Debug)]
pub(super) struct Sockets {
    v4: TcpListener,
    v6: Option<TcpListener>,
}

/// Free ports to try before giving up; another program may hold the same port in the other family.
const TRIES: usize = 16;

impl Sockets {
    /// Binds a port on loopback, 0 for a free one.
    ///
    /// # Errors
    /// The port is taken in either family.
    pub(super) async fn bind(port: u16) -> io::Result<Self> {
        let mut last = io::Error::other("no port was tried");
        for _ in 0..TRIES {
            let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let chosen = v4.local_addr()?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, chosen)).await {
                Ok(v6) => return Ok(Self { v4, v6: Some(v6) }),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => last = e,
                // No IPv6 on this machine: nobody else can be at [::1] either.
                Err(_) => return Ok(Self { v4, v6: None }),
            }
            if port != 0 {
                break;
            }
        }
        Err(last)
    }

    /// The port.
    ///
    /// # Errors
    /// The socket has no address.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.v4.local_addr()?.port())
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let v6 = async {
            match &self.v6 {
                Some(v6) => v6.accept().await,
                None => std::future::pending().await,
            }
        };
        let (stream, _) = tokio::select! { v4 = self.v4.accept() => v4?, v6 = v6 => v6? };
        Ok(stream)
    }
}

/// What is served, and how.
#[derive(Clone)]
pub(super) struct Served {
    /// Everything.
    pub(super) whole: Router,
    /// The control API alone, which is plain http on the same port even beside TLS.
    pub(super) control: Router,
    pub(super) tls: Option<TlsAcceptor>,
}

/// Serves until dropped. Dropping it ends every connection.
pub(super) async fn serve(sockets: Sockets, served: Served) {
    let mut connections = JoinSet::new();
    let count = AtomicU64::new(0);
    loop {
        tokio::select! {
            accepted = sockets.accept() => {
                // A failed accept (out of descriptors, or a client that left) is not ours to die of.
                let Ok(stream) = accepted else { tokio::task::yield_now().await; continue };
                let _ = stream.set_nodelay(true);
                let number = Connection(count.fetch_add(1, Ordering::SeqCst));
                connections.spawn(accepted_one(stream, served.clone(), number));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// First byte of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

async fn accepted_one(stream: TcpStream, served: Served, number: Connection) {
    let Some(tls) = served.tls else { return connection(stream, served.whole, number).await };
    let mut first = [0_u8];
    match stream.peek(&mut first).await {
        Ok(1) if first == [HANDSHAKE] => {
            if let Ok(stream) = tls.accept(stream).await {
                connection(stream, served.whole, number).await;
            }
        }
        Ok(1) => connection(stream, served.control, number).await,
        _ => {}
    }
}

/// A byte stream that can be closed with a reset.
trait Cuttable: AsyncRead + AsyncWrite + Unpin {
    /// With no linger a close is a reset.
    fn cut_on_close(&self);
}

impl Cuttable for TcpStream {
    fn cut_on_close(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Cuttable for TlsStream<TcpStream> {
    fn cut_on_close(&self) {
        self.get_ref().0.cut_on_close();
    }
}

async fn connection(stream: impl Cuttable, router: Router, number: Connection) {
    let router = TowerToHyperService::new(router);
    let cut = Arc::new(AtomicBool::new(false));
    let cutting = Arc::clone(&cut);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(number);
        let answer = router.call(request);
        let cutting = Arc::clone(&cutting);
        Box::pin(async move {
            let reply: Response<Body> = answer.await.map_err(io::Error::other)?;
            if reply.extensions().get::<Cut>().is_none() {
                return Ok(reply);
            }
            cutting.store(true, Ordering::SeqCst);
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        })
    });
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // How it ended is in the journal.
    let _ = std::future::poll_fn(|cx| serving.poll_without_shutdown(cx)).await;
    let stream = serving.into_parts().io.into_inner();
    if cut.load(Ordering::SeqCst) {
        stream.cut_on_close();
    }
}
