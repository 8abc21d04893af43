//! What stands in the fields of a form, and what of it is sent.
//!
//! **Never** keep a secret in anything but [`Secret`].

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What the person filled in, by field name, in the order of the form.
#[derive(Debug, Default)]
pub struct Values(pub Vec<(String, Filled)>);

/// One value.
#[derive(Debug)]
pub enum Filled {
    /// Text or a chosen option's value.
    Text(String),
    /// Several chosen options' values, in the order of the form.
    List(Vec<String>),
    /// A secret.
    Secret(Secret),
    /// A number as typed and checked.
    Number(serde_json::Number),
    /// Yes or no.
    Boolean(bool),
}

/// What stands in a field before it is checked: the prompt's side.
#[derive(Debug)]
pub enum Typed {
    /// Text as typed; also numbers.
    Text(String),
    /// Secret text as typed.
    Secret(Secret),
    /// A switch.
    Boolean(bool),
    /// A chosen option, by index.
    Choice(Option<usize>),
    /// Which of the options are chosen, by index.
    Choices(Vec<usize>),
}

/// What is wrong with one field, as a sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// The field's name.
    pub field: String,
    /// One short sentence.
    pub sentence: String,
}

impl Values {
    /// True if a secret is among them.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(|(_, filled)| matches!(filled, Filled::Secret(_)))
    }

    /// The one text value, for prompts of our own that ask for one text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(field, filled)| match filled {
            Filled::Text(text) if field == name => Some(text.as_str()),
            _ => None,
        })
    }
}
