//! Placet's side of the book: starts the process, keeps its page fresh, hears what it asks.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, watch};

use super::{Answer, FromBook, LINE_LIMIT, Page, Place, Question, ToBook};
use crate::notify::Open;
use crate::view::State;

/// A book that is asked to end takes a moment to put its web process away.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// How a question of the book is answered.
pub type Reply = Arc<dyn Fn(Question) -> BoxFuture<'static, Answer> + Send + Sync>;

/// The book, open or not.
#[derive(Clone, Debug, Default)]
pub struct Book {
    wanted: Arc<Notify>,
}

impl Book {
    /// Opens the book, or brings it to the front.
    pub fn open(&self) {
        self.wanted.notify_one();
    }

    /// Starts a book each time that one is wanted, until `states` is gone. `fixed`: where things are,
    /// and whether this is the first start. Dropping the future ends an open book.
    pub async fn serve(
        &self,
        mut states: watch::Receiver<State>,
        fixed: (Vec<Place>, bool),
        acts: (Open, Reply),
    ) {
        loop {
            tokio::select! {
                () = self.wanted.notified() => {}
                () = gone(states.clone()) => return,
            }
            if let Err(error) = self.accompany(&mut states, &fixed, &acts).await {
                tracing::warn!(%error, "the book was cut off");
            }
        }
    }

    /// One book, from its start to its end. One that was asked to come to the front while it was
    /// closing did not: then another is wanted.
    async fn accompany(
        &self,
        states: &mut watch::Receiver<State>,
        fixed: &(Vec<Place>, bool),
        acts: &(Open, Reply),
    ) -> std::io::Result<()> {
        let (mut child, mut to, from) = start()?;
        let mut asked = false;
        let ended = self.converse(states, fixed, acts, &mut to, from, &mut asked).await;
        // Its input ends here, which is what ends it; what does not end is killed on drop.
        drop(to);
        let _ = tokio::time::timeout(ENDS_WITHIN, child.wait()).await;
        if asked {
            self.open();
        }
        ended
    }

    async fn converse(
        &self,
        states: &mut watch::Receiver<State>,
        fixed: &(Vec<Place>, bool),
        (open, reply): &(Open, Reply),
        to: &mut ChildStdin,
        from: ChildStdout,
        asked: &mut bool,
    ) -> std::io::Result<()> {
        let mut heard = BufReader::new(from);
        let mut line = Vec::new();
        // One question at a time: the next is read when this one is answered.
        let mut answering: Option<BoxFuture<'static, ToBook>> = None;
        say(to, &show(states, fixed)).await?;
        loop {
            tokio::select! {
                changed = states.changed() => match changed {
                    Ok(()) => say(to, &show(states, fixed)).await?,
                    Err(_) => return Ok(()),
                },
                () = self.wanted.notified() => {
                    *asked = true;
                    say(to, &ToBook::Raise).await?;
                }
                answer = answered(&mut answering) => {
                    answering = None;
                    say(to, &answer).await?;
                }
                read = read_line(&mut heard, &mut line), if answering.is_none() => match read? {
                    Some(FromBook::Ask(number, question)) => {
                        let answer = reply(question);
                        answering = Some(Box::pin(async move {
                            ToBook::Answer(number, answer.await)
                        }));
                    }
                    Some(FromBook::Look(request)) => open(Some(&request)),
                    Some(FromBook::Raised) => *asked = false,
                    None => return Ok(()),
                },
            }
        }
    }
}

fn show(states: &mut watch::Receiver<State>, (places, first): &(Vec<Place>, bool)) -> ToBook {
    let state = states.borrow_and_update().clone();
    ToBook::Show(Page {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        said: state.said(),
        state,
        places: places.clone(),
        first: *first,
    })
}

fn start() -> std::io::Result<(Child, ChildStdin, ChildStdout)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--book")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let missing = || std::io::Error::other("the book has no pipes");
    let to = child.stdin.take().ok_or_else(missing)?;
    let from = child.stdout.take().ok_or_else(missing)?;
    Ok((child, to, from))
}

async fn say(to: &mut ChildStdin, what: &ToBook) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line).await
}

/// The answer that is being made; never, if none is.
async fn answered(answering: &mut Option<BoxFuture<'static, ToBook>>) -> ToBook {
    match answering {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

/// The next line; `None` at the end, or for anything that a book does not say. Keeps what was
/// read in `line`, so that it may be dropped between two bytes.
async fn read_line(
    heard: &mut BufReader<ChildStdout>,
    line: &mut Vec<u8>,
) -> std::io::Result<Option<FromBook>> {
    let left = LINE_LIMIT.saturating_sub(line.len() as u64);
    heard.take(left).read_until(b'\n', line).await?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    let said = serde_json::from_slice(line).ok();
    line.clear();
    Ok(said)
}

async fn gone(mut states: watch::Receiver<State>) {
    while states.changed().await.is_ok() {}
}
