//! Forms: the restricted schema of MCP elicitation and of ANA challenges (digest §3.4), parsed
//! into fields that cannot be wrong, and what a person filled in.
//!
//! **Promises.** A schema that is not understood in full is refused, never shown in part (F1):
//! `schema.rs`. [`Form::check`] says for each field what is wrong, in a sentence (H7): `check.rs`,
//! `format.rs`, `pattern.rs`; `words.rs` says it before. A secret field has no default (H8) and its value lives in
//! [`crate::secret::Secret`]: `value.rs`.
//!
//! **Never** decide by a property's name alone what an answer is worth (T1); the name only helps
//! to choose a masked field, and only for a server's form (digest §2.6.2).

mod check;
mod format;
mod pattern;
mod schema;
mod secretive;
mod value;
mod words;

pub use value::{Filled, Typed, Values, Wrong};
pub(crate) use words::said;

/// At most this many fields (digest §2.6.5-3).
const MAX_FIELDS: usize = 32;
/// At most this many options in all of a form, each of them a control in the window: all countries
/// (ISO 3166) fit.
const MAX_OPTIONS: usize = 300;

/// Where a form comes from: only an enrolled server may ask for secrets (digest §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The challenge endpoint of an enrolled server.
    Server,
    /// A requester or an MCP server behind it.
    Requester,
}

/// A form: fields in the order their author gave.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
    /// What the form says of itself, by its own `title` and `description`.
    pub says: Vec<String>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The property name: where the value goes in `response` or `content`.
    pub name: String,
    /// `title`, if given.
    pub title: Option<String>,
    /// `description`, if given.
    pub description: Option<String>,
    /// True if the property is in `required`.
    pub required: bool,
    /// What kind of value.
    pub kind: Kind,
}

/// What kind of value a field takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Plain text.
    Text {
        /// Bounds and shape.
        rule: TextRule,
        /// Filled in at first.
        default: Option<String>,
    },
    /// A one-time code or another secret: masked, wiped, no default.
    Secret {
        /// Bounds and shape.
        rule: TextRule,
    },
    /// A number.
    Number {
        /// Whole numbers only.
        integer: bool,
        /// Smallest, as the schema wrote it.
        minimum: Option<f64>,
        /// Largest, as the schema wrote it.
        maximum: Option<f64>,
        /// Filled in at first.
        default: Option<f64>,
    },
    /// Yes or no.
    Boolean {
        /// Set at first.
        default: bool,
    },
    /// One of several.
    Choice {
        /// At least one.
        options: Vec<Choice>,
        /// Chosen at first: an index.
        default: Option<usize>,
    },
    /// Several of several.
    Choices {
        /// At least one.
        options: Vec<Choice>,
        /// At least so many are to be chosen (`minItems`).
        min: usize,
        /// At most so many (`maxItems`), never more than there are.
        max: usize,
        /// Chosen at first: indices, in order.
        default: Vec<usize>,
    },
}

/// One option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value that is sent.
    pub value: String,
    /// What the person reads.
    pub title: String,
}

/// Bounds and shape of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextRule {
    /// `minLength`, in Unicode code points.
    pub min: Option<u64>,
    /// `maxLength`, in Unicode code points.
    pub max: Option<u64>,
    /// `pattern`, unanchored, if it is one that runs in linear time.
    pub pattern: Option<String>,
    /// `format`.
    pub format: Option<Format>,
}

/// The formats of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `email`
    Email,
    /// `uri`
    Uri,
    /// `date`
    Date,
    /// `date-time`
    DateTime,
}

/// Why a schema was refused. For developers and logs; holds the property's name at most.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    /// It is not the restricted shape at all.
    #[error("the form breaks its schema: {0}")]
    Malformed(String),
    /// A kind of field that exists in the standards and not here (yet).
    #[error("the form has a field that Placet cannot show: {0}")]
    Unsupported(String),
}

impl Form {
    /// True if any field is a secret.
    #[must_use]
    pub fn asks_secret(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.kind, Kind::Secret { .. }))
    }

    /// True if the form is the choice of an authenticator: a single choice, nothing else.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self.fields.as_slice(), [Field { kind: Kind::Choice { .. }, .. }])
    }

    /// Both forms in one (digest §2.6.5-4).
    ///
    /// # Errors
    /// [`BadSchema::Malformed`] if a property name occurs in both.
    pub fn merged(mut self, other: Self) -> Result<Self, BadSchema> {
        for field in other.fields {
            if self.fields.iter().any(|mine| mine.name == field.name) {
                return Err(malformed(&format!("{} occurs in two forms", field.name)));
            }
            self.fields.push(field);
        }
        self.says.extend(other.says);
        self.within_bounds()?;
        Ok(self)
    }

    fn within_bounds(&self) -> Result<(), BadSchema> {
        if self.fields.len() > MAX_FIELDS {
            return Err(malformed("it has too many properties"));
        }
        let options = self.fields.iter().map(|field| match &field.kind {
            Kind::Choice { options, .. } | Kind::Choices { options, .. } => options.len(),
            _ => 0,
        });
        if options.sum::<usize>() > MAX_OPTIONS {
            return Err(BadSchema::Unsupported("it offers too much to choose from".to_owned()));
        }
        Ok(())
    }
}

impl Field {
    /// The label: the title, or the name where the title says nothing.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(&self.name)
    }
}

fn malformed(what: &str) -> BadSchema {
    BadSchema::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests;
