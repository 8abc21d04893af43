//! The last word of a hook: said once, whatever ends it.
//!
//! **Promises.** One verdict reaches the agent. A deadline, a signal that can be caught and a panic
//! are a no, said in the shape that is known by then. A word that could not be written is a no by
//! its exit status.
//!
//! **Cannot** answer SIGKILL, an abort or a lack of memory: for those stands what `placet init`
//! writes beside the command: the agent's own switch, or the shell's no.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use super::reply::{Reply, Shape};
use super::{SAYS_MAX, STDIN_PATIENCE};
use crate::print::visible;

/// What the agent is told.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// A person approved this very question.
    Yes,
    /// A person filled this very form.
    Filled(Map<String, Value>),
    /// A person said no to a form.
    Declined(String),
    /// Anything else, and why.
    No(String),
}

/// Who holds it may say one thing.
#[derive(Debug, Default)]
pub(crate) struct LastWord {
    shape: Mutex<Shape>,
    taken: AtomicBool,
    read_in: AtomicBool,
}

impl LastWord {
    /// What the agent understands, as far as it is known.
    pub(crate) fn shape(&self, shape: Shape) {
        *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = shape;
    }

    /// The payload is there.
    pub(crate) fn read_in(&self) {
        self.read_in.store(true, Ordering::SeqCst);
    }

    /// From now on a panic is a no. What it says of itself goes nowhere.
    pub(crate) fn on_panic(self: &Arc<Self>) {
        let word = Arc::clone(self);
        std::panic::set_hook(Box::new(move |_| {
            word.end(Verdict::No("The hook failed.".to_owned()));
        }));
    }

    /// From now on the end of the time, a signal and a panic are a no.
    pub(crate) fn guard(self: &Arc<Self>, within: Duration) -> io::Result<()> {
        self.on_panic();
        let word = Arc::clone(self);
        let (ready, is_ready) = mpsc::channel();
        thread::Builder::new().spawn(move || match watch(&word) {
            Ok(runtime) => {
                let _ = ready.send(Ok(()));
                runtime.block_on(async { tokio::time::sleep(within).await });
                let seconds = within.as_secs();
                word.end(Verdict::No(format!("Nobody answered within {seconds} s.")));
            }
            Err(error) => drop(ready.send(Err(error))),
        })?;
        is_ready.recv().unwrap_or_else(|_| Err(io::Error::other("its thread ended")))
    }

    /// Says it and ends the process.
    #[allow(
        clippy::exit,
        reason = "the one end of a hook: a word, then the status that says it too"
    )]
    pub(crate) fn end(&self, verdict: Verdict) -> ! {
        if self.taken.swap(true, Ordering::SeqCst) {
            // Another thread speaks and ends the process. If it cannot, this is the end: a no.
            thread::sleep(Duration::from_secs(2));
            std::process::exit(BLOCKS);
        }
        let shape = *self.shape.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = match verdict {
            Verdict::Yes => shape.yes(),
            Verdict::Filled(content) => shape.filled(content),
            Verdict::Declined(sentence) => shape.declined(&spoken(&sentence)),
            Verdict::No(sentence) => shape.no(&spoken(&sentence)),
        };
        std::process::exit(say(&reply).unwrap_or(BLOCKS))
    }
}

/// The exit status that blocks in every agent.
pub(super) const BLOCKS: i32 = 2;

fn say(reply: &Reply) -> io::Result<i32> {
    // The sentence first: it also has to be there if stdout is gone.
    if let Some(sentence) = &reply.stderr {
        let _ = writeln!(io::stderr().lock(), "placet: {sentence}");
    }
    if let Some(value) = &reply.stdout {
        let mut out = io::stdout().lock();
        writeln!(out, "{value}")?;
        out.flush()?;
    }
    Ok(reply.status)
}

/// One line without anything that a terminal acts on or that hides, and not without end.
fn spoken(sentence: &str) -> String {
    let line = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    visible(&line).chars().take(SAYS_MAX).collect()
}

/// The signals that would end us without a word, and a stdin that does not end.
fn watch(word: &Arc<LastWord>) -> io::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inside = runtime.enter();
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
        SignalKind::alarm(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
    ] {
        let (mut caught, word) = (signal(kind)?, Arc::clone(word));
        runtime.spawn(async move {
            caught.recv().await;
            word.end(Verdict::No("The hook was told to stop before anybody answered.".to_owned()))
        });
    }
    let word = Arc::clone(word);
    runtime.spawn(async move {
        tokio::time::sleep(STDIN_PATIENCE).await;
        if !word.read_in.load(Ordering::SeqCst) {
            word.end(Verdict::No("The agent's payload did not end.".to_owned()))
        }
    });
    drop(inside);
    Ok(runtime)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Not tests: the processes that the next one looks at.
    #[test]
    #[ignore = "panics on purpose, in a process of its own"]
    fn a_hook_that_panics() {
        let word = Arc::new(LastWord::default());
        word.guard(Duration::from_secs(60)).unwrap();
        word.shape(Shape::Decision);
        panic!("on purpose, with a secret in it");
    }

    #[test]
    #[ignore = "panics on purpose, in a process of its own"]
    fn a_program_that_panics_before_it_is_a_hook() {
        crate::hook::guard_start();
        panic!("on purpose, with a secret in it");
    }

    #[test]
    fn f1_a_panic_is_a_no_with_a_sentence_and_a_status_that_blocks() {
        let said = r#"{"decision":"deny","reason":"The hook failed."}"#;
        for (name, says) in
            [("a_hook_that_panics", true), ("a_program_that_panics_before_it_is_a_hook", false)]
        {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "--nocapture", "hook"])
                .arg(format!("hook::last_word::tests::{name}"))
                .output()
                .unwrap();
            let stdout = String::from_utf8(child.stdout).unwrap();
            let stderr = String::from_utf8(child.stderr).unwrap();
            assert_eq!(child.status.code(), Some(2), "{stderr}");
            assert_eq!(stdout.contains(said), says, "{stdout}");
            assert_eq!(stderr, "placet: The hook failed.\n", "and nothing of the panic's own text");
        }
    }

    #[test]
    fn h9_a_sentence_is_one_line_without_hidden_signs_and_not_without_end() {
        assert_eq!(spoken("use\nstaging\u{202e}!\u{1b}[2J"), "use staging\\u{202e}!\\u{1b}[2J");
        assert_eq!(spoken(&"x".repeat(10_000)).len(), SAYS_MAX);
    }
}
