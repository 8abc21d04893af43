//! Reading the members of `params` one by one.
//!
//! **Promises.** Each error names its member. [`Members::end`] refuses what was not taken, so that
//! nothing a requester sends is silently ignored (S10).
//!
//! **Never** take null for "not there": a member that is not meant is left out.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::flaw::{Fault, Flaw};

/// Members that only enrolment may set, in any spelling OAuth has for them (S6, S7, design §5).
const OF_ENROLMENT: [&str; 22] = [
    "account",
    "acr_values_supported",
    "auth_session",
    "authorization_challenge_endpoint",
    "authorization_endpoint",
    "ca",
    "challenge_endpoint",
    "client_assertion",
    "client_id",
    "client_secret",
    "endpoint",
    "id_token_hint",
    "login_hint",
    "login_hint_token",
    "origin",
    "proxy",
    "redirect_uri",
    "request",
    "request_uri",
    "rp_id",
    "rpId",
    "token_endpoint",
];

/// The members not yet taken.
#[derive(Debug)]
pub(crate) struct Members {
    inside: &'static str,
    map: Map<String, Value>,
}

impl Members {
    /// The members of `params`; no `params` is the same as none inside.
    pub(crate) fn of_params(params: Option<Value>) -> Result<Self, Flaw> {
        match params {
            None => Ok(Self { inside: "", map: Map::new() }),
            Some(Value::Object(map)) => Ok(Self { inside: "", map }),
            Some(_) => Err(Flaw::of(Fault::WrongType, "params", "is not an object")),
        }
    }

    /// The members of an object inside, if it is there. `inside` is its name with a dot.
    pub(crate) fn inner(
        &mut self,
        name: &'static str,
        inside: &'static str,
    ) -> Result<Option<Self>, Flaw> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self { inside, map })),
            Some(_) => Err(self.flaw(Fault::WrongType, name, "is not an object")),
        }
    }

    /// Text of 1 to `max` bytes, if it is there.
    pub(crate) fn optional_text(
        &mut self,
        name: &'static str,
        max: usize,
    ) -> Result<Option<String>, Flaw> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => self.bounded(name, text, max).map(Some),
            Some(_) => Err(self.flaw(Fault::WrongType, name, "is not text; leave it out instead")),
        }
    }

    /// Text of 1 to `max` bytes.
    pub(crate) fn text(&mut self, name: &'static str, max: usize) -> Result<String, Flaw> {
        self.optional_text(name, max)?.ok_or_else(|| self.missing(name))
    }

    /// A list of 1 to `most` texts, if it is there; one text alone is a list of one if `alone`.
    pub(crate) fn optional_texts(
        &mut self,
        name: &'static str,
        most: usize,
        max: usize,
        alone: bool,
    ) -> Result<Option<Vec<String>>, Flaw> {
        let items = match self.map.remove(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(text @ Value::String(_)) if alone => vec![text],
            Some(_) => return Err(self.flaw(Fault::WrongType, name, "is not a list of texts")),
        };
        if items.is_empty() || items.len() > most {
            let sentence = format!("has {} entries; 1 to {most} are taken", items.len());
            return Err(self.flaw(Fault::BadValue, name, sentence));
        }
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) => self.bounded(name, text, max),
            _ => Err(self.flaw(Fault::WrongType, name, "is not a list of texts")),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// A whole number in `range`, if it is there.
    pub(crate) fn optional_whole(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Flaw> {
        let Some(value) = self.map.remove(name) else { return Ok(None) };
        let Some(number) = value.as_u64() else {
            return Err(self.flaw(Fault::WrongType, name, "is not a whole number of 0 or more"));
        };
        if !range.contains(&number) {
            let sentence = format!("is outside {} to {}", range.start(), range.end());
            return Err(self.flaw(Fault::BadValue, name, sentence));
        }
        Ok(Some(number))
    }

    /// A boolean; false if it is not there.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Flaw> {
        match self.map.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(self.flaw(Fault::WrongType, name, "is neither true nor false")),
        }
    }

    /// JSON of any shape, null too.
    pub(crate) fn any(&mut self, name: &'static str) -> Result<Value, Flaw> {
        self.map.remove(name).ok_or_else(|| self.missing(name))
    }

    /// JSON of any shape, if it is there.
    pub(crate) fn optional_any(&mut self, name: &'static str) -> Option<Value> {
        self.map.remove(name)
    }

    /// Refuses what was not taken.
    pub(crate) fn end(self) -> Result<(), Flaw> {
        let Some(name) = self.map.keys().next() else { return Ok(()) };
        // A forbidden member is named first: its sentence is the one that helps.
        match self.map.keys().find(|name| OF_ENROLMENT.contains(&name.as_str())) {
            Some(name) => {
                let sentence = "comes from the person's enrolment, never from a requester";
                Err(self.flaw(Fault::ForbiddenMember, name, sentence))
            }
            None => Err(self.flaw(Fault::UnknownMember, name, "is not known for this method")),
        }
    }

    /// A flaw of one member here.
    pub(crate) fn flaw(&self, fault: Fault, name: &str, sentence: impl Into<String>) -> Flaw {
        Flaw::of(fault, &format!("{}{name}", self.inside), sentence)
    }

    /// A required member that is not there.
    pub(crate) fn missing(&self, name: &str) -> Flaw {
        self.flaw(Fault::MissingMember, name, "is missing")
    }

    fn bounded(&self, name: &str, text: String, max: usize) -> Result<String, Flaw> {
        if text.is_empty() || text.len() > max {
            let sentence = format!("has {} bytes; 1 to {max} are taken", text.len());
            return Err(self.flaw(Fault::BadValue, name, sentence));
        }
        Ok(text)
    }
}
