//! How the prompt asks about an errand at a server: passkeys there.
//!
//! **Promises.** Says what the person's sign-in will be used for before they sign in, and which passkey
//! is made, renamed or deleted before that is done.

use super::{Screen, Section, Step, fact, plain, row, server_section};
use crate::account::{Errand, Installation, Registered, Task};
use crate::creation::Creation;
use crate::form::Form;
use crate::passkey::Binding;
use crate::request::Server;
use crate::text::{Text, called, phrase, sentence};

/// Stands on each: an agent can ask as well.
const FIRST: &str = "First the server asks you to prove that it is you.";

/// Step, heading, action, destination and the label of the approving control.
pub(super) fn asked(
    errand: &Errand,
    server: Option<&Server>,
) -> (Step, Text, Section, Section, &'static str) {
    let at = server.map_or_else(|| "this server".into(), |server| called(&server.name));
    let (heading, rows, approve): (Text, _, _) = match &errand.task {
        Task::AddPasskey { name } => (
            phrase("Add a passkey at {}?", &[&at]),
            vec![
                row("Its name", name),
                plain(FIRST),
                plain("Then your security key makes the passkey."),
                plain("Whoever has that key and knows its PIN can then answer this server as you."),
            ],
            "Sign in and go on",
        ),
        Task::ListPasskeys => (
            phrase("List your passkeys at {}?", &[&at]),
            vec![
                plain(FIRST),
                plain(
                    "The names of your passkeys, and when they were made and used, then go to the program that asks.",
                ),
            ],
            "Sign in and list them",
        ),
        Task::RenamePasskey { passkey, name } => (
            phrase("Rename a passkey at {}?", &[&at]),
            vec![
                row("Passkey", passkey),
                row("New name", name),
                plain(FIRST),
                plain("Then you see which passkey it is."),
            ],
            "Sign in and go on",
        ),
        Task::RegisterInstallation => (
            phrase("Let {} know this installation?", &[&at]),
            vec![
                plain(FIRST),
                plain("Then it gets the public half of a key of this installation."),
                plain(
                    "From then on it answers nobody who speaks as Placet for your account and has not got that key.",
                ),
            ],
            "Sign in and go on",
        ),
        Task::DeletePasskey { passkey } => (
            phrase("Delete a passkey at {}?", &[&at]),
            vec![
                row("Passkey", passkey),
                plain(FIRST),
                plain("Then you see which passkey it is, before it is deleted."),
            ],
            "Sign in and go on",
        ),
    };
    let action = Section { title: "What will happen".into(), rows };
    let mut destination = server_section(server);
    destination
        .rows
        .push(plain("The sign-in is for Placet alone and for this alone. No program can use it."));
    (Step::Server, heading, action, destination, approve)
}

impl Screen {
    /// A passkey that is to be made, as the server wants it.
    #[must_use]
    pub fn creation(review: &Self, round: u32, wanted: &Creation, name: &str) -> Self {
        let mut rows = vec![
            row("Its name", name),
            row("For, as the server calls itself", &wanted.rp_name),
            row("Site", &wanted.rp_id),
            row("Account, as the server calls it", &wanted.user_name),
        ];
        if wanted.user_display_name != wanted.user_name && !wanted.user_display_name.is_empty() {
            rows.push(row("Of", &wanted.user_display_name));
        }
        match wanted.exclude_credentials.len() {
            0 => {}
            n => rows.push(fact(
                Text::default(),
                sentence(
                    "Passkeys that you have there: {}. A key with one of them makes no other.",
                    &[&n.to_string()],
                ),
                false,
            )),
        }
        rows.push(plain("Your security key asks for its PIN and for a touch."));
        Self {
            step: Step::Passkey,
            round,
            heading: "Make this passkey on your security key?".into(),
            action: Section { title: "What will be made".into(), rows },
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve: "Make the passkey".into(),
            ..review.clone()
        }
    }

    /// With what a signature over the action does not say, or says because the server knows this
    /// installation; `known` is how its key is kept.
    #[must_use]
    pub fn of_installation(mut self, binding: Binding, known: Option<&'static str>) -> Self {
        match (binding, known) {
            (Binding::Unbound, _) => {}
            (Binding::Bound, Some(kept)) => {
                self.destination.rows.push(plain(
                    "The server knows this installation by its key, and made this question for it alone.",
                ));
                self.destination.rows.push(plain(kept));
            }
            (Binding::Bound, None) => self.destination.rows.push(plain(
                "The server does not know this installation: another program could have your key sign for it at the same moment.",
            )),
        }
        self
    }

    /// The key that a server is to know, before it does.
    #[must_use]
    pub fn installation(review: &Self, round: u32, installation: &Installation) -> Self {
        let action = Section {
            title: "What it will know".into(),
            rows: vec![row("The key's name", &installation.kid), plain(installation.kept)],
        };
        Self {
            step: Step::Server,
            round,
            heading: "Register this installation?".into(),
            action,
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve: "Register it".into(),
            ..review.clone()
        }
    }

    /// A passkey that is to have another name, or to be deleted.
    #[must_use]
    pub fn passkey_change(
        review: &Self,
        round: u32,
        passkey: &Registered,
        name: Option<&str>,
        only: bool,
    ) -> Self {
        let mut rows = vec![row("Its name", &passkey.name), row("The server's id", &passkey.id)];
        rows.extend(passkey.created_at.as_deref().map(|at| row("Made", at)));
        rows.extend(passkey.last_used_at.as_deref().map(|at| row("Last used", at)));
        let (heading, approve) = match name {
            Some(name) => {
                rows.push(row("New name", name));
                ("Rename this passkey?", "Rename it")
            }
            None => {
                if only {
                    rows.push(plain("It is your only passkey there."));
                }
                rows.push(plain(
                    "The server will not take it any more. What is on the security key stays there.",
                ));
                ("Delete this passkey?", "Delete it")
            }
        };
        Self {
            step: Step::Server,
            round,
            heading: heading.into(),
            action: Section { title: "Which passkey".into(), rows },
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve: approve.into(),
            ..review.clone()
        }
    }
}
