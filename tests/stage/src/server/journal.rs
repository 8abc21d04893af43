//! What the stage was really sent.
//!
//! Every request outside the control API is written down before it is looked at: method, path,
//! headers, body, time, and how it ended. Secrets are in here by design: a test asks the journal
//! whether a secret was sent twice or to the wrong place.

use serde::{Deserialize, Serialize};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The stage is still at it.
    Open,
    /// An answer was made.
    Answered,
    /// The stage reset the connection instead of answering.
    Reset,
    /// The client went away before there was an answer.
    ClientLeft,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the journal, from 0.
    pub number: usize,
    /// Milliseconds since 1970, by the machine's clock.
    pub at: u64,
    /// Connection that it came on, counted from 0.
    pub connection: u64,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, read as UTF-8 with replacement characters.
    pub body: String,
    /// How it ended.
    pub fate: Fate,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
}

/// All requests in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The requests.
    pub entries: Vec<Entry>,
}

impl Entry {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as the pairs of a form.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }
}

impl Journal {
    /// Requests whose path (without query) ends so.
    pub fn to<'a>(&'a self, path_end: &'a str) -> impl Iterator<Item = &'a Entry> + 'a {
        self.entries
            .iter()
            .filter(move |e| e.path.split('?').next().is_some_and(|p| p.ends_with(path_end)))
    }

    /// How many requests carry this text anywhere: path, headers or body.
    pub fn carrying(&self, text: &str) -> usize {
        self.entries
            .iter()
            .filter(|e| {
                e.path.contains(text)
                    || e.body.contains(text)
                    || e.headers.iter().any(|(_, v)| v.contains(text))
            })
            .count()
    }

    /// Answers that were sent more than once with the same content, as JSON text: what a client
    /// must never do with a secret. Empty is good.
    pub fn sent_twice(&self) -> Vec<String> {
        let answers: Vec<String> = self
            .entries
            .iter()
            .filter_map(Entry::json)
            .filter_map(|body| body.get("response").map(ToString::to_string))
            .collect();
        let mut twice: Vec<String> = answers
            .iter()
            .enumerate()
            .filter(|(i, a)| answers.iter().take(*i).any(|b| b == *a))
            .map(|(_, a)| a.clone())
            .collect();
        twice.dedup();
        twice
    }
}
