//! The scripted person: each screen comes to the test, and the test's answer goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use placet_agentd::desk::Window;
use placet_core::display::Screen;
use placet_core::form::{Kind, Typed, Values};
use placet_core::ports::{Answer, Gesture, GestureKind};
use placet_core::request::RequestId;
use placet_core::secret::Secret;
use tokio::sync::{mpsc, oneshot};

/// What the window was told.
#[derive(Debug)]
pub enum Told {
    /// A screen is up; the person is to answer.
    Asked(Shown),
    /// The screen says that the server is asked; only Cancel works.
    Waits(Shown),
    /// The window of this request is gone.
    Released(RequestId),
    /// It was asked to come up.
    Opened,
    /// The person asked for another request than the one that is up.
    Stays,
}

/// A screen that is up.
#[derive(Debug)]
pub struct Shown {
    /// What is shown.
    pub screen: Screen,
    answer: oneshot::Sender<Answer>,
}

impl Shown {
    /// The deliberate gesture, with these texts in the fields, in order.
    pub fn approve(self, typed: &[&str]) {
        let typed =
            self.screen.form.fields.iter().zip(typed).map(|(field, text)| match field.kind {
                Kind::Secret { .. } => Typed::Secret(Secret::new((*text).to_owned())),
                Kind::Boolean { .. } => Typed::Boolean(*text == "true"),
                Kind::Choice { .. } => Typed::Choice(text.parse().ok()),
                Kind::Choices { .. } => {
                    Typed::Choices(text.split(',').filter_map(|one| one.parse().ok()).collect())
                }
                _ => Typed::Text((*text).to_owned()),
            });
        let values = self.screen.form.check(typed.collect()).unwrap();
        let gesture =
            Gesture { kind: GestureKind::Held, device: "scripted".to_owned(), observable: true };
        let _ = self.answer.send(Answer::Approve { gesture, values });
    }

    /// Approve on a notification, as a window could say it of any screen.
    pub fn approve_on_notification(self) {
        let kind = GestureKind::Notification;
        let gesture = Gesture { kind, device: "scripted".to_owned(), observable: true };
        let _ = self.answer.send(Answer::Approve { gesture, values: Values::default() });
    }

    /// Deny, with a reason for the agent.
    pub fn deny(self, note: Option<&str>) {
        let _ = self.answer.send(Answer::Deny { note: note.map(str::to_owned) });
    }

    /// Esc.
    pub fn dismiss(self) {
        let _ = self.answer.send(Answer::Dismiss);
    }

    /// Waits until nobody wants this screen's answer any more.
    pub async fn gone(mut self) {
        super::soon("the end of a screen", self.answer.closed()).await;
    }
}

/// The test's side of the window.
#[derive(Debug)]
pub struct Hands {
    told: mpsc::UnboundedReceiver<Told>,
    session: Arc<AtomicBool>,
    begun: Arc<AtomicBool>,
}

impl Hands {
    /// The next thing that the window was told; never anything more once the daemon has ended.
    pub async fn told(&mut self) -> Told {
        match self.told.recv().await {
            Some(told) => told,
            None => std::future::pending().await,
        }
    }

    /// The next screen to be answered; what else the window is told before that is passed over.
    pub async fn asked(&mut self) -> Shown {
        loop {
            if let Told::Asked(shown) = super::soon("a screen", self.told()).await {
                return shown;
            }
        }
    }

    /// The next release.
    pub async fn released(&mut self) -> RequestId {
        loop {
            if let Told::Released(request) = super::soon("a release", self.told()).await {
                return request;
            }
        }
    }

    /// True if the window was told nothing since.
    pub fn nothing_new(&mut self) -> bool {
        self.told.try_recv().is_err()
    }

    /// True if no screen waits to be answered. What else the window was told is passed over.
    pub fn asked_nothing(&mut self) -> bool {
        while let Ok(told) = self.told.try_recv() {
            if matches!(told, Told::Asked(_)) {
                return false;
            }
        }
        true
    }

    /// Whether the person has typed something into what is up.
    pub fn begin(&self, begun: bool) {
        self.begun.store(begun, Ordering::SeqCst);
    }

    /// Whether there is a session in which a window can be shown.
    pub fn session(&self, is_there: bool) {
        self.session.store(is_there, Ordering::SeqCst);
    }
}

/// The window's side.
#[derive(Debug)]
pub struct Scene {
    told: mpsc::UnboundedSender<Told>,
    session: Arc<AtomicBool>,
    begun: Arc<AtomicBool>,
}

/// A window and the hands at it.
#[must_use]
pub fn window() -> (Arc<Scene>, Hands) {
    let (sender, told) = mpsc::unbounded_channel();
    let session = Arc::new(AtomicBool::new(true));
    let begun = Arc::new(AtomicBool::new(false));
    let scene = Scene { told: sender, session: Arc::clone(&session), begun: Arc::clone(&begun) };
    (Arc::new(scene), Hands { told, session, begun })
}

impl Scene {
    async fn answered(&self, tell: impl FnOnce(Shown) -> Told, screen: Screen) -> Answer {
        let (answer, answered) = oneshot::channel();
        let _ = self.told.send(tell(Shown { screen, answer }));
        match answered.await {
            Ok(answer) => answer,
            // A test that drops a screen leaves it standing: nobody answers.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Window for Scene {
    async fn ask(&self, screen: Screen) -> Answer {
        self.answered(Told::Asked, screen).await
    }

    async fn wait(&self, screen: Screen) -> Answer {
        self.answered(Told::Waits, screen).await
    }

    fn release(&self, request: &RequestId) {
        let _ = self.told.send(Told::Released(request.clone()));
    }

    async fn begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    fn stays(&self) {
        let _ = self.told.send(Told::Stays);
    }

    fn open(&self) {
        let _ = self.told.send(Told::Opened);
    }

    fn available(&self) -> bool {
        self.session.load(Ordering::SeqCst)
    }
}
