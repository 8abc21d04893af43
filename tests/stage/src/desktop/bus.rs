//! A connection to a D-Bus bus, usable from plain and from async tests alike.
//!
//! zbus is async; the stage is not. One small runtime of the stage's own runs every call, so that
//! a call may be made from a test's thread or from inside another runtime. Every call has an end.

use std::future::Future;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::runtime::Runtime;
use zbus::names::{BusName, OwnedUniqueName};
use zbus::{MatchRule, Message, MessageStream};

use super::fault::{Fault, Result, While};

/// How long one method call may take: nothing on a private bus is slower, but for a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("placet-stage-bus")
        .enable_all()
        .build()
});

/// Runs `future` on the stage's runtime and waits for it on this thread, at most `within`.
pub(crate) fn block<T, E, F>(doing: impl Into<String>, within: Duration, future: F) -> Result<T>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
    F: Future<Output = std::result::Result<T, E>> + Send + 'static,
{
    let doing = doing.into();
    let runtime = match &*RUNTIME {
        Ok(runtime) => runtime,
        Err(error) => return Err(Fault::new(doing, error)),
    };
    let (answer, answered) = mpsc::channel();
    runtime.spawn(async move {
        let _ = answer.send(tokio::time::timeout(within, future).await);
    });
    match answered.recv() {
        Ok(Ok(Ok(done))) => Ok(done),
        Ok(Ok(Err(error))) => Err(Fault::new(doing, error)),
        Ok(Err(_)) => Err(Fault::new(doing, format!("nothing within {within:?}"))),
        Err(_) => Err(Fault::new(doing, "the call panicked")),
    }
}

/// A connection to a bus.
#[derive(Debug, Clone)]
pub struct Bus {
    connection: zbus::Connection,
}

impl Bus {
    /// Connects to the bus at a D-Bus `address`.
    ///
    /// # Errors
    /// When nothing listens there or it refuses us.
    pub fn connect(address: &str) -> Result<Self> {
        let address = address.to_owned();
        let connection = block(format!("connecting to {address}"), ANSWERS_WITHIN, async move {
            zbus::connection::Builder::address(address.as_str()).build().await
        })?;
        Ok(Self { connection })
    }

    /// The zbus connection, for what is not here.
    pub fn connection(&self) -> &zbus::Connection {
        &self.connection
    }

    /// Calls a method and returns the reply.
    ///
    /// # Errors
    /// The bus's or the method's own error, or no reply within twenty seconds.
    pub fn call<B>(
        &self,
        destination: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: B,
    ) -> Result<Message>
    where
        B: serde::Serialize + zbus::wire::DynamicType + Send + Sync + 'static,
    {
        let connection = self.connection.clone();
        let doing = format!("calling {interface}.{method} on {destination}");
        let [destination, path, interface, method] =
            [destination, path, interface, method].map(str::to_owned);
        block(doing, ANSWERS_WITHIN, async move {
            connection
                .call_method(
                    Some(destination.as_str()),
                    path.as_str(),
                    Some(interface.as_str()),
                    method.as_str(),
                    &body,
                )
                .await
        })
    }

    /// The unique name of the owner of `name`, if it has one.
    ///
    /// # Errors
    /// When the bus does not answer.
    pub fn owner(&self, name: &str) -> Result<Option<OwnedUniqueName>> {
        let connection = self.connection.clone();
        let name = name.to_owned();
        block(format!("asking who owns {name}"), ANSWERS_WITHIN, async move {
            owner(&connection, &name).await
        })
    }

    /// Waits until `name` has an owner, and returns it.
    ///
    /// # Errors
    /// When it has none `within` the time.
    pub fn await_owner(&self, name: &str, within: Duration) -> Result<OwnedUniqueName> {
        let connection = self.connection.clone();
        let name = name.to_owned();
        block(format!("waiting for an owner of {name}"), within, async move {
            let rule = MatchRule::builder()
                .msg_type(zbus::message::Type::Signal)
                .sender("org.freedesktop.DBus")
                .interface("org.freedesktop.DBus")
                .member("NameOwnerChanged")
                .add_arg(name.as_str())
                .build()?;
            // Listening first and asking second: a name taken in between is not missed.
            let mut changes = MessageStream::for_match_rule(rule, &connection, None).await?;
            loop {
                if let Some(owner) = owner(&connection, &name).await? {
                    return Ok::<_, zbus::Error>(owner);
                }
                if changes.next().await.is_none() {
                    return Err(zbus::Error::Failure("the bus went away".into()));
                }
            }
        })
    }

    /// Waits until `name` has no owner any more.
    ///
    /// # Errors
    /// When it still has one after `within`.
    pub fn await_no_owner(&self, name: &str, within: Duration) -> Result<()> {
        let connection = self.connection.clone();
        let name = name.to_owned();
        block(format!("waiting until nobody owns {name}"), within, async move {
            let rule = MatchRule::builder()
                .msg_type(zbus::message::Type::Signal)
                .sender("org.freedesktop.DBus")
                .interface("org.freedesktop.DBus")
                .member("NameOwnerChanged")
                .add_arg(name.as_str())
                .build()?;
            let mut changes = MessageStream::for_match_rule(rule, &connection, None).await?;
            while owner(&connection, &name).await?.is_some() {
                if changes.next().await.is_none() {
                    break;
                }
            }
            Ok::<_, zbus::Error>(())
        })
    }

    /// The process id behind a name on the bus, as the kernel told the bus.
    ///
    /// # Errors
    /// When nobody owns the name.
    pub fn pid_of(&self, name: &str) -> Result<u32> {
        const BUS: &str = "org.freedesktop.DBus";
        let reply = self.call(
            BUS,
            "/org/freedesktop/DBus",
            BUS,
            "GetConnectionUnixProcessID",
            name.to_owned(),
        )?;
        reply.body().deserialize().doing("reading a process id")
    }
}

async fn owner(connection: &zbus::Connection, name: &str) -> zbus::Result<Option<OwnedUniqueName>> {
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    match bus.get_name_owner(BusName::try_from(name)?).await {
        Ok(owner) => Ok(Some(owner)),
        Err(zbus::fdo::Error::NameHasNoOwner(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
