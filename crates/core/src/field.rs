//! The fields of a form as they are drawn: the label, what it takes, what it holds at first.
//!
//! **Promises.** Every text of a stranger went through [`crate::text::visible`] (H9). An option
//! stands with the value that is sent where its title is another text (H8). A line holds at first
//! only what looks as it is: a default that does not is told and not filled in.
//!
//! **Never** show a default of a secret.

use serde::Serialize;

use crate::form::{Choice, Form, Kind, said};
use crate::ours;
use crate::text::{Text, called, prose, visible_line};

/// A field, drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// The label.
    pub label: Text,
    /// Help below it.
    pub help: Vec<Text>,
    /// Whether it may stay empty.
    pub required: bool,
    /// What to draw.
    pub input: Input,
}

/// What to draw for a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Input {
    /// A line of text or a number, with what it holds at first.
    Line {
        /// Filled in at first.
        default: Text,
    },
    /// A masked line that never shows and never keeps what is typed.
    Secret,
    /// A switch.
    Switch {
        /// Set at first.
        default: bool,
    },
    /// One of several.
    Choice {
        /// In order.
        options: Vec<OptionView>,
        /// Chosen at first.
        default: Option<usize>,
        /// What stands before the options if none need be chosen, so that a choice can be taken
        /// back (H6).
        none: Option<Text>,
    },
    /// Several of several.
    Choices {
        /// In order.
        options: Vec<OptionView>,
        /// Chosen at first, in order.
        default: Vec<usize>,
    },
}

/// An option, drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OptionView {
    /// What the person reads.
    pub title: Text,
    /// Below it: the value that is sent, where it is not the title.
    pub sent: Option<Text>,
}

impl OptionView {
    fn of(option: &Choice) -> Self {
        let same = option.title == option.value;
        let sent = (!same).then(|| ours!("field-sent-as", value = called(&option.value)));
        Self { title: visible_line(&option.title), sent }
    }

    fn push_lines(&self, out: &mut Vec<String>) {
        out.push(self.title.as_str().to_owned());
        out.extend(self.sent.iter().map(|text| text.as_str().to_owned()));
    }
}

impl FieldView {
    /// As lines, in reading order.
    pub(crate) fn push_lines(&self, out: &mut Vec<String>) {
        out.push(self.label.as_str().to_owned());
        // Drawn above the options, and below a line, which says nothing itself.
        out.extend(self.help.iter().map(|text| text.as_str().to_owned()));
        match &self.input {
            Input::Choice { options, none, .. } => {
                out.extend(none.iter().map(|text| text.as_str().to_owned()));
                options.iter().for_each(|option| option.push_lines(out));
            }
            Input::Choices { options, .. } => {
                options.iter().for_each(|option| option.push_lines(out));
            }
            Input::Line { .. } | Input::Secret | Input::Switch { .. } => {}
        }
    }
}

/// The fields of a form, in order.
pub(crate) fn fields(form: &Form, from_server: bool) -> Vec<FieldView> {
    form.fields
        .iter()
        .map(|field| {
            let mut help: Vec<Text> = field.description.iter().map(|words| prose(words)).collect();
            help.extend(field.wants());
            let input = match &field.kind {
                Kind::Text { default, .. } => {
                    let (default, instead) = filled_in(default.as_deref().unwrap_or_default());
                    help.extend(instead);
                    Input::Line { default }
                }
                Kind::Secret { .. } => {
                    if from_server {
                        // T7 and T8: what a code is worth, said where it is typed.
                        help.push(ours!("field-code"));
                    }
                    Input::Secret
                }
                Kind::Number { default, .. } => {
                    Input::Line { default: visible_line(&default.map(said).unwrap_or_default()) }
                }
                Kind::Boolean { default } => Input::Switch { default: *default },
                Kind::Choice { options, default } => Input::Choice {
                    options: options.iter().map(OptionView::of).collect(),
                    default: *default,
                    none: (!field.required).then(|| ours!("field-none")),
                },
                Kind::Choices { options, default, .. } => Input::Choices {
                    options: options.iter().map(OptionView::of).collect(),
                    default: default.clone(),
                },
            };
            FieldView { label: visible_line(field.label()), help, required: field.required, input }
        })
        .collect()
}

/// What a line holds at first. What would look otherwise there than it is, or would be sent
/// otherwise than it looks, is told and not filled in.
fn filled_in(default: &str) -> (Text, Option<Text>) {
    let shown = visible_line(default);
    if shown.as_str() == default {
        return (shown, None);
    }
    (Text::default(), Some(ours!("field-suggested", value = shown)))
}
