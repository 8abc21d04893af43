//! The queue in front of the one prompt.
//!
//! **Promises.** First come, first served, but for the one that the person asked to see: that is
//! next ([`Line::next`]), and whoever has the prompt is told so. One at a time has a [`Hold`]; giving it
//! up, in whatever way, hands it to the next.
//!
//! **Never** take the prompt away from here: who has it decides whether to give it back
//! ([`crate::desk::DeskTurn`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet_core::request::RequestId;
use tokio::sync::{Notify, oneshot};

/// Who waits for the prompt, and who has it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Who has it, and how it hears that another was asked for. Also set while it is handed over.
    holder: Option<(RequestId, Arc<Notify>)>,
    waiting: VecDeque<(RequestId, oneshot::Sender<Hold>)>,
}

/// The prompt is this request's until this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    /// `None`: it was handed on already.
    line: Option<Arc<Line>>,
    /// Tells that the person asked for another.
    pub(crate) another: Arc<Notify>,
}

/// A place in the queue.
pub(crate) type InLine = oneshot::Receiver<Hold>;

/// Where one that was asked for is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has the prompt already.
    Shown,
    /// It waits, and is next now.
    Next,
    /// It does not wait, or no more.
    Nowhere,
}

impl Line {
    /// Behind all others.
    pub(crate) fn join(self: &Arc<Self>, request: &RequestId) -> InLine {
        self.enter(request, usize::MAX)
    }

    /// Gives the prompt back, to stand behind the one that is next.
    pub(crate) fn step_back(self: &Arc<Self>, request: &RequestId, hold: Hold) -> InLine {
        let place = self.enter(request, 1);
        drop(hold);
        place
    }

    /// The person asks for this one: it is next.
    pub(crate) fn next(&self, request: &RequestId) -> Found {
        let mut inner = self.inner();
        if inner.holder.as_ref().is_some_and(|(holder, _)| holder == request) {
            return Found::Shown;
        }
        let at = inner.waiting.iter().position(|(one, to)| one == request && !to.is_closed());
        let Some(one) = at.and_then(|at| inner.waiting.remove(at)) else { return Found::Nowhere };
        inner.waiting.push_front(one);
        if let Some((_, another)) = &inner.holder {
            another.notify_one();
        }
        Found::Next
    }

    fn enter(self: &Arc<Self>, request: &RequestId, at: usize) -> InLine {
        let (place, free) = self.stand(request, at);
        if free {
            self.hand_on();
        }
        place
    }

    /// A place in the queue, and whether the prompt was free; whoever hears so hands it on.
    fn stand(&self, request: &RequestId, at: usize) -> (InLine, bool) {
        let (to, place) = oneshot::channel();
        let mut inner = self.inner();
        let at = at.min(inner.waiting.len());
        inner.waiting.insert(at, (request.clone(), to));
        let free = inner.holder.is_none();
        if free {
            // Who comes before it is handed on must not find it free as well.
            inner.holder = Some((request.clone(), Arc::default()));
        }
        (place, free)
    }

    /// To the first who still waits.
    fn hand_on(self: &Arc<Self>) {
        loop {
            let (to, another) = {
                let mut inner = self.inner();
                let Some((request, to)) = inner.waiting.pop_front() else {
                    inner.holder = None;
                    return;
                };
                let another = Arc::new(Notify::new());
                inner.holder = Some((request, Arc::clone(&another)));
                (to, another)
            };
            match to.send(Hold { line: Some(Arc::clone(self)), another }) {
                Ok(()) => return,
                // Nobody waits there any more; this is not to hand it on once more.
                Err(mut unwanted) => unwanted.line = None,
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.hand_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> RequestId {
        RequestId(format!("req_{n}"))
    }

    #[tokio::test]
    async fn h16_first_come_first_served_and_the_one_that_was_asked_for_is_next() {
        let line = Arc::new(Line::default());
        let first = line.join(&id(1)).await.unwrap();
        let (mut second, mut third) = (line.join(&id(2)), line.join(&id(3)));
        assert_eq!(line.next(&id(1)), Found::Shown);
        assert_eq!(line.next(&id(9)), Found::Nowhere);
        assert!(second.try_recv().is_err() && third.try_recv().is_err(), "one at a time");
        assert_eq!(line.next(&id(3)), Found::Next);
        // Who has it is told.
        first.another.notified().await;
        assert!(third.try_recv().is_err(), "nothing was taken away");
        drop(first);
        let third = third.await.unwrap();
        assert!(second.try_recv().is_err());
        drop(third);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn h16_two_who_come_at_the_same_moment_do_not_both_get_it() {
        let line = Arc::new(Line::default());
        let (first, free) = line.stand(&id(1), usize::MAX);
        assert!(free);
        // The first is about to hand it on.
        let mut second = line.join(&id(2));
        line.hand_on();
        let first = first.await.unwrap();
        assert!(second.try_recv().is_err(), "one at a time");
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn who_steps_back_stands_behind_the_next_and_before_the_others() {
        let line = Arc::new(Line::default());
        let first = line.join(&id(1)).await.unwrap();
        let (mut second, third) = (line.join(&id(2)), line.join(&id(3)));
        line.next(&id(3));
        let mut first = line.step_back(&id(1), first);
        let third = third.await.unwrap();
        drop(third);
        let first = first.try_recv().unwrap();
        assert!(second.try_recv().is_err());
        drop(first);
        assert!(second.try_recv().is_ok());
    }

    #[tokio::test]
    async fn who_went_away_while_waiting_or_being_served_keeps_nobody_from_the_prompt() {
        let line = Arc::new(Line::default());
        let first = line.join(&id(1)).await.unwrap();
        let (second, third, fourth) = (line.join(&id(2)), line.join(&id(3)), line.join(&id(4)));
        drop(second);
        assert_eq!(line.next(&id(2)), Found::Nowhere);
        drop(first);
        // Handed over, and never taken.
        drop(third);
        drop(fourth.await.unwrap());
        line.join(&id(5)).await.unwrap();
    }
}
