//! `ui/types.d.ts`: what the page's calls take and give, as TypeScript knows it, made from samples of
//! the Rust types as serde writes them.
//!
//! `PLACET_WRITE_TYPES=1 cargo test -p placet-desktop --lib book::types` writes the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use placet_agentd::store::history::{Detail, Past, Showing, Signed, Stepped, Wanted};
use placet_core::request::RequestId;
use placet_core::settings::{Change, Kind, Quiet, Setting, Settings};
use serde::Serialize;
use serde_json::{Value, json};

use super::commands::Numbered;
use super::question::{Agent, Answer, Beginning, Finding, Question, Trusted, Vouching};
use super::{Page, Place};
use crate::autostart::Autostart;
use crate::view::{Muted, State, Waiting};

/// Stands for a value of which the page knows nothing beforehand.
const UNKNOWN: &str = "\u{0}unknown";

/// The types in the order in which they are written: what is used comes before what uses it.
#[derive(Default)]
struct Types {
    named: BTreeMap<String, &'static str>,
    out: String,
}

impl Types {
    /// One type, by samples that have all of its variants and each optional member with and without.
    fn add<T: Serialize>(&mut self, name: &'static str, samples: &[T]) {
        let samples = samples.iter().map(|one| serde_json::to_value(one).unwrap());
        let samples: Vec<Value> = samples.collect();
        let shape = self.shape(&samples.iter().collect::<Vec<_>>(), true);
        writeln!(self.out, "\nexport type {name} = {shape};").unwrap();
        self.named.insert(shape, name);
    }

    fn shape(&self, samples: &[&Value], is_new: bool) -> String {
        let mut parts = BTreeSet::new();
        let mut members: BTreeMap<Vec<&String>, Vec<&Value>> = BTreeMap::new();
        let mut items = Vec::new();
        for sample in samples {
            match sample {
                Value::Null => drop(parts.insert("null".to_owned())),
                Value::Bool(_) => drop(parts.insert("boolean".to_owned())),
                Value::Number(_) => drop(parts.insert("number".to_owned())),
                Value::String(text) if text == UNKNOWN => {
                    parts.insert("unknown".to_owned());
                }
                // The word of a variant without anything in it.
                Value::String(text) if text.starts_with(':') => {
                    parts.insert(format!("\"{}\"", text.trim_start_matches(':')));
                }
                Value::String(_) => drop(parts.insert("string".to_owned())),
                Value::Array(all) => {
                    items.extend(all);
                    parts.insert(String::new());
                }
                Value::Object(object) => {
                    members.entry(object.keys().collect()).or_default().push(sample);
                }
            }
        }
        if parts.remove("") {
            let item = self.shape(&items, false);
            let item = if item.contains(" | ") { format!("({item})") } else { item };
            parts.insert(format!("{item}[]"));
        }
        for (names, of) in members {
            let mut shape = "{ ".to_owned();
            for name in names {
                let values: Vec<&Value> = of.iter().map(|one| &one[name.as_str()]).collect();
                write!(shape, "{name}: {}; ", self.shape(&values, false)).unwrap();
            }
            shape.push('}');
            parts.insert(shape);
        }
        // A member may be one of the types, or null.
        let null = !is_new && parts.len() > 1 && parts.remove("null");
        let whole = parts.iter().cloned().collect::<Vec<_>>().join(" | ");
        let whole = match self.named.get(&whole) {
            Some(name) if !is_new => (*name).to_owned(),
            _ => whole,
        };
        if null { format!("{whole} | null") } else { whole }
    }
}

/// As serde writes it, with the words of variants marked as such.
struct Words<T>(T);

impl<T: Serialize> Serialize for Words<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::to_value(&self.0).unwrap() {
            Value::String(word) => format!(":{word}").serialize(serializer),
            Value::Object(object) => {
                let marked = object.into_iter().map(|(name, value)| match (&*name, value) {
                    ("change" | "autostart", Value::String(word)) => {
                        (name, Value::String(format!(":{word}")))
                    }
                    (_, value) => (name, value),
                });
                marked.collect::<serde_json::Map<_, _>>().serialize(serializer)
            }
            other => other.serialize(serializer),
        }
    }
}

/// An answer, whose own words stand one deeper.
struct Nested(Answer);

impl Serialize for Nested {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Answer::Beginning(beginning) => json!({ "beginning": Words(beginning) }),
            other => serde_json::to_value(Words(other)).unwrap(),
        }
        .serialize(serializer)
    }
}

fn words() -> String {
    String::from("x")
}

fn every_change(settings: &[Setting]) -> Vec<Change> {
    let all = settings.iter().cloned().map(Change::Set);
    let all: Vec<_> = all.chain([Change::EndPause, Change::EndMute(words())]).collect();
    // A new one has to be added above.
    all.iter().for_each(|one| match one {
        Change::Set(_) | Change::EndPause | Change::EndMute(_) => {}
    });
    all
}

fn every_question(wanted: &[Wanted], changes: &[Change]) -> Vec<Question> {
    let mut all: Vec<_> = wanted.iter().cloned().map(Question::History).collect();
    all.extend(changes.iter().cloned().map(Question::Change));
    all.extend([Question::Detail(words()), Question::Revoke(words())]);
    all.extend([Question::Agents, Question::Servers, Question::Health]);
    all.extend([Question::Beginning, Question::Autostart(true)]);
    all.iter().for_each(|one| match one {
        Question::History(_) | Question::Detail(_) | Question::Agents | Question::Servers => {}
        Question::Health | Question::Revoke(_) | Question::Change(_) => {}
        Question::Beginning | Question::Autostart(_) => {}
    });
    all
}

fn generated() -> String {
    let mut types = Types::default();
    let kind = Kind { agent: words(), tool: words() };
    types.add("Kind", &[&kind]);
    let quiet = Quiet { from: 1, to: 2 };
    types.add("Quiet", &[quiet]);
    let settings = |quiet| Settings { on_notification: [kind.clone()].into(), quiet };
    let settings = [settings(None), settings(Some(quiet))];
    types.add("Settings", &settings);
    let one = Setting::OnNotification { kind: kind.clone(), on: true };
    let every_setting = [one, Setting::Quiet(None), Setting::Quiet(Some(quiet))];
    every_setting.iter().for_each(|one| match one {
        Setting::OnNotification { .. } | Setting::Quiet(_) => {}
    });
    types.add("Setting", &every_setting);
    let changes = every_change(&every_setting);
    types.add("Change", &changes.iter().cloned().map(Words).collect::<Vec<_>>());
    let wanted = |some: Option<String>, before| Wanted {
        before,
        outcome: some.clone(),
        agent: some.clone(),
        server: some,
        words: words(),
    };
    let wanted = [wanted(None, None), wanted(Some(words()), Some(1))];
    types.add("Wanted", &wanted);
    let questions = every_question(&wanted, &changes);
    types.add("Question", &questions.into_iter().map(Words).collect::<Vec<_>>());

    let id = RequestId(words());
    let waiting = Waiting {
        id,
        name: words(),
        heading: words(),
        code: words(),
        brief: words(),
        asked_at: words(),
        offer: None,
    };
    types.add("Waiting", &[&waiting]);
    let muted = Muted { bucket: words(), name: words(), until: words() };
    types.add("Muted", &[&muted]);
    let state = |some: Option<String>, settings: &Settings| State {
        waiting: vec![waiting.clone()],
        paused_until: some.clone(),
        away: false,
        muted: vec![muted.clone()],
        quiet_until: some.clone(),
        settings: settings.clone(),
        trouble: some,
    };
    let states = [state(None, &settings[0]), state(Some(words()), &settings[1])];
    types.add("State", &states);
    let place = Place { label: words(), path: words() };
    types.add("Place", &[&place]);
    let page = |state: &State| Page {
        version: words(),
        state: state.clone(),
        said: words(),
        places: vec![place.clone()],
        first: true,
    };
    let pages = [page(&states[0]), page(&states[1])];
    types.add("Page", &pages);
    let [one, two] = pages;
    let numbered = |page| Numbered { number: 1, page };
    types.add("Numbered", &[numbered(None), numbered(Some(one)), numbered(Some(two))]);

    let past = Past {
        seq: 1,
        request: words(),
        at: 1,
        kind: words(),
        agent: words(),
        server: words(),
        heading: words(),
        outcome: words(),
        reason: words(),
        code: words(),
        brief: words(),
    };
    types.add("Past", &[&past]);
    let step = Stepped { seq: 1, at: 1, event: words(), summary: words() };
    types.add("Stepped", &[&step]);
    let showing = Showing { at: 1, display_hash: words(), holds: true, screen: json!(UNKNOWN) };
    types.add("Showing", &[&showing]);
    let signed = Signed { digest: words(), seal: words() };
    types.add("Signed", &[&signed]);
    let detail = |receipt: Option<Signed>| Detail {
        past: past.clone(),
        note: receipt.is_some().then(words),
        account: words(),
        steps: vec![step.clone()],
        shown: vec![showing.clone()],
        receipt,
    };
    types.add("Detail", &[&detail(None), &detail(Some(signed.clone()))]);
    let details = [detail(None), detail(Some(signed))].map(Box::new).map(Some);
    let agent = |last_used| Agent { name: words(), paired_at: 1, last_used };
    let agents = vec![agent(None), agent(Some(1))];
    types.add("Agent", &agents);
    let vouching = Vouching { subject: words(), sha256: words(), until: words() };
    types.add("Vouching", &[&vouching]);
    let server = |challenge_endpoint: Option<String>| Trusted {
        name: words(),
        issuer: words(),
        account: words(),
        client_id: words(),
        proxy: challenge_endpoint.clone(),
        challenge_endpoint,
        plain_http: true,
        authorities: vec![vouching.clone()],
    };
    let servers = vec![server(None), server(Some(words()))];
    types.add("Trusted", &servers);
    let finding =
        Finding { what: words(), good: true, state: words(), means: words(), better: words() };
    types.add("Finding", &[&finding]);
    let every_autostart = [Autostart::Off, Autostart::On, Autostart::Other(words())];
    every_autostart.iter().for_each(|one| match one {
        Autostart::Off | Autostart::On | Autostart::Other(_) => {}
    });
    types.add("Autostart", &every_autostart.clone().map(Words));
    let beginning =
        |autostart| Beginning { autostart, program: words(), agents: vec![words()], asked: true };
    let beginnings = every_autostart.clone().map(beginning);
    types.add("Beginning", &beginnings.clone().map(Words));
    let mut every_answer = vec![
        Answer::History(vec![past.clone()]),
        Answer::Detail(None),
        Answer::Agents(agents),
        Answer::Servers(servers),
        Answer::Health(vec![finding]),
        Answer::Revoked(true),
        Answer::Changed(true),
        Answer::Failed(words()),
    ];
    every_answer.extend(details.map(Answer::Detail));
    every_answer.extend(beginnings.map(Answer::Beginning));
    every_answer.extend(every_autostart.map(Answer::Autostart));
    every_answer.iter().for_each(|one| match one {
        Answer::History(_) | Answer::Detail(_) | Answer::Agents(_) | Answer::Servers(_) => {}
        Answer::Health(_) | Answer::Revoked(_) | Answer::Changed(_) | Answer::Failed(_) => {}
        Answer::Beginning(_) | Answer::Autostart(_) => {}
    });
    types.add("Answer", &every_answer.into_iter().map(Nested).collect::<Vec<_>>());
    let ids: Vec<_> = placet_texts::book().into_keys().map(|id| format!("\"{id}\"")).collect();
    writeln!(types.out, "\nexport type TextId = {};", ids.join(" | ")).unwrap();
    let head = "// Made from the Rust types by src-tauri/src/book/types_tests.rs, which says how; not written by hand.\n";
    format!("{head}{}", types.out)
}

#[test]
fn the_pages_types_are_those_of_the_program() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ui/types.d.ts");
    let made = generated();
    if std::env::var_os("PLACET_WRITE_TYPES").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), made, "see this test's file");
}
