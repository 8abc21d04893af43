//! `placet log`: what was asked and how it ended, one line each, newest first.
//!
//! **Promises.** With `--json`, one page of the record as Placet gave it. Without, a line for each request
//! that is over, in the person's own time, and one for what belongs to no request; what an agent wrote
//! is escaped by [`Printer`].

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use placet_wire::ask::Ask;
use placet_wire::params::ListLog;
use placet_wire::results::{LogEntry, LogPage};
use serde_json::Value;

use super::converse;
use crate::args::{Global, Log};
use crate::exit::{Exit, Stop};
use crate::print::Printer;

/// Entries of a page: as many as Placet gives.
const PAGE: u64 = 500;
/// Pages that are looked through for the beginning of what ended.
const PAGES: usize = 20;
/// Steps of a request; how it ended says what became of them.
const STEPS: [&str; 6] = ["received", "shown", "answered", "contacting", "challenged", "asserted"];

/// `placet log`.
pub(crate) fn log(asked: &Log, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let (mut conversation, ..) = converse(global, printer)?;
    let mut page = |limit, before| -> Result<(LogPage, Value), Stop> {
        conversation.call(Ask::ListLog(ListLog { limit, before }), |_| {})
    };
    // A limit that is none is Placet's to refuse.
    if printer.is_json() || !(1..=PAGE).contains(&asked.limit) {
        let (_, value) = page(asked.limit, asked.before)?;
        printer.answer(&value, Vec::new)?;
        return Ok(Exit::Approved);
    }
    let mut told = Told::new(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    let mut before = asked.before;
    for _ in 0..PAGES {
        let (LogPage { entries }, _) = page(PAGE, before)?;
        let last = entries.last().map(|entry| entry.seq);
        let full = u64::try_from(entries.len()).is_ok_and(|count| count >= PAGE);
        entries.into_iter().for_each(|entry| told.take(entry));
        if !full || told.whole() {
            break;
        }
        before = last;
    }
    printer.answer(&Value::Null, || told.lines(&TimeZone::system()))?;
    Ok(Exit::Approved)
}

/// What is to be told, newest first.
struct Told {
    limit: usize,
    /// Each with how it began, if that was seen yet.
    lines: Vec<(LogEntry, Option<LogEntry>)>,
    /// Where the requests are that ended, and whose beginning was not seen yet.
    open: HashMap<String, usize>,
}

impl Told {
    fn new(limit: usize) -> Self {
        Self { limit, lines: Vec::new(), open: HashMap::new() }
    }

    fn take(&mut self, entry: LogEntry) {
        if entry.event == "received" {
            let at = entry.request.as_ref().and_then(|request| self.open.remove(request));
            if let Some((_, began)) = at.and_then(|at| self.lines.get_mut(at)) {
                *began = Some(entry);
            }
        } else if self.lines.len() < self.limit && !STEPS.contains(&entry.event.as_str()) {
            if let (Some(request), "ended") = (&entry.request, entry.event.as_str()) {
                self.open.insert(request.clone(), self.lines.len());
            }
            self.lines.push((entry, None));
        }
    }

    /// Nothing more is needed.
    fn whole(&self) -> bool {
        self.lines.len() >= self.limit && self.open.is_empty()
    }

    fn lines(&self, zone: &TimeZone) -> Vec<String> {
        self.lines.iter().map(|(entry, began)| line(entry, began.as_ref(), zone)).collect()
    }
}

fn line(entry: &LogEntry, began: Option<&LogEntry>, zone: &TimeZone) -> String {
    let at = local(entry.at, zone);
    if entry.event != "ended" {
        return format!("{at}  {} {}", entry.event, entry.summary).trim_end().to_owned();
    }
    let who = began.and_then(|began| began.agent.as_deref());
    let who = match began {
        Some(_) => who.unwrap_or("an unpaired program"),
        None => "-",
    };
    let ended = match &entry.sentence {
        Some(sentence) => sentence.clone(),
        None => entry.summary.clone(),
    };
    let mut parts = vec![at, who.to_owned()];
    if let Some(began) = began {
        parts.push(began.brief.clone().unwrap_or_else(|| began.summary.clone()));
    }
    parts.push(ended);
    parts.extend(began.and_then(|began| began.code.clone()));
    parts.join("  ")
}

/// Year to minute, where the person is.
fn local(at: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(seq: u64, request: &str, event: &str, more: Value) -> LogEntry {
        let mut entry = json!({"seq": seq, "at": 1_795_000_000_000_i64, "request": request,
            "event": event, "digest": "sha256:00", "summary": "s"});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(entry).unwrap()
    }

    #[test]
    fn h16_each_request_that_is_over_has_one_line_with_who_what_how_and_its_number() {
        let mut told = Told::new(3);
        let sentence = json!({"sentence": "A person declined this."});
        told.take(entry(9, "b", "ended", json!({})));
        told.take(entry(8, "a", "ended", sentence));
        told.take(entry(7, "a", "answered", json!({})));
        told.take(entry(6, "c", "paused", json!({})));
        told.take(entry(5, "d", "ended", json!({})));
        assert!(!told.whole(), "the beginnings are still to come");
        told.take(entry(4, "b", "received", json!({})));
        let asked = json!({"agent": "bot", "code": "VQ7Z-CCMK", "brief": "shell: git push"});
        told.take(entry(3, "a", "received", asked));
        assert!(told.whole());
        // The same in Tokyo: `TZ=Asia/Tokyo date -d @1795000000`.
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(
            told.lines(&tokyo),
            [
                "2026-11-18 20:06  an unpaired program  s  s",
                "2026-11-18 20:06  bot  shell: git push  A person declined this.  VQ7Z-CCMK",
                "2026-11-18 20:06  paused s",
            ]
        );
    }
}
