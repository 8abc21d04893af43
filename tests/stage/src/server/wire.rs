//! The sockets: loopback only, both families, and connections that can be cut.
//!
//! Promises: listens on 127.0.0.1 and, where the machine has it, on [::1] with the same port, so
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
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

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

/// Serves until dropped. Dropping it ends every connection.
pub(super) async fn serve(sockets: Sockets, router: Router) {
    let mut connections = JoinSet::new();
    let count = AtomicU64::new(0);
    loop {
        tokio::select! {
            accepted = sockets.accept() => {
                // A failed accept (out of descriptors, or a client that left) is not ours to die of.
                let Ok(stream) = accepted else { tokio::task::yield_now().await; continue };
                let _ = stream.set_nodelay(true);
                let number = Connection(count.fetch_add(1, Ordering::SeqCst));
                connections.spawn(connection(stream, router.clone(), number));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, router: Router, number: Connection) {
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
        // With no linger a close is a reset.
        let _ = stream.set_zero_linger();
    }
}
