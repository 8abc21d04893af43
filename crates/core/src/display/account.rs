//! How the prompt asks about an errand at a server: passkeys there.
//!
//! **Promises.** Says what the person's sign-in will be used for before they sign in, and which passkey
//! is made, renamed or deleted before that is done.

use super::{Screen, Section, Step, plain, row, server_section};
use crate::account::{Errand, Installation, Registered, Task};
use crate::creation::Creation;
use crate::form::Form;
use crate::ours;
use crate::passkey::Binding;
use crate::request::Server;
use crate::text::{Text, called, visible_line};

/// Step, heading, action, destination and the label of the approving control.
pub(super) fn asked(
    errand: &Errand,
    server: Option<&Server>,
) -> (Step, Text, Section, Section, Text) {
    let at = called(server.map_or(errand.issuer.as_str(), |server| &server.name));
    let first = plain(ours!("errand-first"));
    let (heading, rows, approve) = match &errand.task {
        Task::AddPasskey { name } => (
            ours!("errand-add", server = at),
            vec![
                row(ours!("row-its-name"), name),
                first,
                plain(ours!("errand-add-then")),
                plain(ours!("errand-add-means")),
            ],
            ours!("errand-go-on"),
        ),
        Task::ListPasskeys => (
            ours!("errand-list", server = at),
            vec![first, plain(ours!("errand-list-means"))],
            ours!("errand-list-yes"),
        ),
        Task::RenamePasskey { passkey, name } => (
            ours!("errand-rename", server = at),
            vec![
                row(ours!("row-passkey"), passkey),
                row(ours!("row-new-name"), name),
                first,
                plain(ours!("errand-which")),
            ],
            ours!("errand-go-on"),
        ),
        Task::DeletePasskey { passkey } => (
            ours!("errand-delete", server = at),
            vec![row(ours!("row-passkey"), passkey), first, plain(ours!("errand-which"))],
            ours!("errand-go-on"),
        ),
        Task::RegisterInstallation => (
            ours!("errand-register", server = at),
            vec![
                first,
                plain(ours!("errand-register-then")),
                plain(ours!("errand-register-means")),
            ],
            ours!("errand-go-on"),
        ),
    };
    let mut rows: Vec<_> = rows;
    rows.push(plain(ours!("errand-alone")));
    let action = Section { title: ours!("errand-what"), rows };
    let account = server.map_or_else(|| plain(Text::default()), super::account);
    let destination = server_section(server, account);
    (Step::Server, heading, action, destination, approve)
}

impl Screen {
    /// A passkey that is to be made, as the server wants it.
    #[must_use]
    pub fn creation(review: &Self, round: u32, wanted: &Creation, name: &str) -> Self {
        let mut rows = vec![
            row(ours!("row-its-name"), name),
            row(ours!("row-rp-name"), &wanted.rp_name),
            row(ours!("row-site"), &wanted.rp_id),
            row(ours!("row-user-name"), &wanted.user_name),
        ];
        if wanted.user_display_name != wanted.user_name && !wanted.user_display_name.is_empty() {
            rows.push(row(ours!("row-user"), &wanted.user_display_name));
        }
        match wanted.exclude_credentials.len() {
            0 => {}
            n => rows.push(plain(ours!("passkey-has", count = n))),
        }
        rows.push(plain(ours!("passkey-make-how")));
        Self {
            step: Step::Passkey,
            round,
            heading: ours!("passkey-make"),
            action: Section { title: ours!("passkey-make-what"), rows },
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve: ours!("passkey-make-yes"),
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
                self.destination.rows.push(plain(ours!("installation-known")));
                self.destination.rows.push(plain(visible_line(kept)));
            }
            (Binding::Bound, None) => {
                self.destination.rows.push(plain(ours!("installation-unknown")))
            }
        }
        self
    }

    /// The key that a server is to know, before it does.
    #[must_use]
    pub fn installation(review: &Self, round: u32, installation: &Installation) -> Self {
        let action = Section {
            title: ours!("installation-what"),
            rows: vec![
                row(ours!("row-key-name"), &installation.kid),
                plain(visible_line(installation.kept)),
            ],
        };
        Self {
            step: Step::Server,
            round,
            heading: ours!("installation-register"),
            action,
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve: ours!("installation-register-yes"),
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
        let mut rows = vec![
            row(ours!("row-its-name"), &passkey.name),
            row(ours!("row-server-id"), &passkey.id),
        ];
        rows.extend(passkey.created_at.as_deref().map(|at| row(ours!("row-made"), at)));
        rows.extend(passkey.last_used_at.as_deref().map(|at| row(ours!("row-last-used"), at)));
        let (heading, approve) = match name {
            Some(name) => {
                rows.push(row(ours!("row-new-name"), name));
                (ours!("passkey-rename"), ours!("passkey-rename-yes"))
            }
            None => {
                if only {
                    rows.push(plain(ours!("passkey-only")));
                }
                rows.push(plain(ours!("passkey-delete-means")));
                (ours!("passkey-delete"), ours!("passkey-delete-yes"))
            }
        };
        Self {
            step: Step::Server,
            round,
            heading,
            action: Section { title: ours!("passkey-which"), rows },
            problem: None,
            fields: Vec::new(),
            form: Form::default(),
            approve,
            ..review.clone()
        }
    }
}
