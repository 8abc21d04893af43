//! Settings in JSON: puts our groups in, finds them, takes them out.
//!
//! **Promises.** What is not ours keeps its value, its order and its place. Putting in twice is the
//! same as once. Taking out removes our handlers, and the lists and objects that are empty without
//! them.
//!
//! **Never** touches a handler whose command is not exactly one of ours, and nothing in settings
//! that are not understood.

use serde_json::{Map, Value};

use super::wanted::Group;
use crate::agents::{Agent, Found, ours};
use crate::exit::Stop;
use crate::json;

/// Reads settings. Nothing of them is guessed: comments, a member twice, a number that would be
/// rounded are errors.
pub(crate) fn read(text: &str, path: &str) -> Result<Value, Stop> {
    let value = json::parse(text, path).map_err(|stop| {
        Stop::Local(format!(
            "{stop}. Placet changes only plain JSON without comments. Nothing was written."
        ))
    })?;
    hooks(&value, path)?;
    Ok(value)
}

/// The settings as text, indented as they were.
pub(crate) fn write(value: &Value, old: &str) -> String {
    let indent: String = old.lines().find(|line| line.starts_with([' ', '\t'])).map_or_else(
        || "  ".to_owned(),
        |line| line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect(),
    );
    let mut out = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut out, format);
    // Writing a value into memory does not fail.
    let _ = serde::Serialize::serialize(value, &mut writer);
    let mut text = String::from_utf8(out).unwrap_or_default();
    if old.is_empty() || old.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Puts the groups in, in place of whatever of ours is there.
pub(crate) fn put_in(agent: Agent, mut value: Value, groups: &[Group]) -> Value {
    if is_in(agent, &value, groups) {
        return value;
    }
    // A hook of ours for another event was put there by hand.
    value = take_out_of(agent, value, |event| groups.iter().any(|group| group.event == event));
    let Some(members) = value.as_object_mut() else { return value };
    let hooks = members.entry("hooks").or_insert_with(|| Value::Object(Map::new()));
    for group in groups {
        let Some(events) = hooks.as_object_mut() else { continue };
        let list = events.entry(group.event).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(group.value());
        }
    }
    value
}

/// Takes out all that is ours.
pub(crate) fn take_out(agent: Agent, value: Value) -> Value {
    take_out_of(agent, value, |_| true)
}

fn take_out_of(agent: Agent, mut value: Value, wanted: impl Fn(&str) -> bool) -> Value {
    let Some(members) = value.as_object_mut() else { return value };
    let Some(events) = members.get_mut("hooks").and_then(Value::as_object_mut) else {
        return value;
    };
    let mut emptied = Vec::new();
    for (event, groups) in events.iter_mut().filter(|(event, _)| wanted(event)) {
        let Some(groups) = groups.as_array_mut() else { continue };
        let before = groups.len();
        groups.retain_mut(|group| {
            let Some(handlers) = group.get_mut("hooks").and_then(Value::as_array_mut) else {
                return true;
            };
            let before = handlers.len();
            handlers.retain(|handler| command_of(agent, handler).is_none());
            before == handlers.len() || !handlers.is_empty()
        });
        if groups.is_empty() && before > 0 {
            emptied.push(event.clone());
        }
    }
    for event in &emptied {
        events.shift_remove(event);
    }
    if events.is_empty() && !emptied.is_empty() {
        members.shift_remove("hooks");
    }
    value
}

/// Whether exactly these groups of ours are in, and no other handler of ours for their events.
pub(crate) fn is_in(agent: Agent, value: &Value, groups: &[Group]) -> bool {
    let mut all = handlers(agent, value);
    all.retain(|one| groups.iter().any(|group| group.event == one.event));
    all.len() == groups.len()
        && groups.iter().all(|group| {
            all.iter().any(|one| {
                one.event == group.event
                    && one.matcher == Some(group.matcher)
                    && *one.handler == group.handler
            })
        })
}

/// A handler of ours that is in.
#[derive(Debug)]
pub(crate) struct Handler<'a> {
    /// Its event.
    pub(crate) event: &'a str,
    /// Its group's matcher.
    pub(crate) matcher: Option<&'a str>,
    /// All of it.
    pub(crate) handler: &'a Value,
    /// What it starts.
    pub(crate) found: Found,
}

/// Every handler of ours.
pub(crate) fn handlers(agent: Agent, value: &Value) -> Vec<Handler<'_>> {
    let mut all = Vec::new();
    let events = value.get("hooks").and_then(Value::as_object).into_iter().flatten();
    for (event, groups) in events {
        for group in groups.as_array().into_iter().flatten() {
            let matcher = group.get("matcher").and_then(Value::as_str);
            for handler in group.get("hooks").and_then(Value::as_array).into_iter().flatten() {
                if let Some(found) = command_of(agent, handler) {
                    all.push(Handler { event, matcher, handler, found });
                }
            }
        }
    }
    all
}

fn command_of(agent: Agent, handler: &Value) -> Option<Found> {
    ours(agent, handler.get("command")?.as_str()?)
}

/// What we have to understand of the settings, or leave them alone.
fn hooks(value: &Value, path: &str) -> Result<(), Stop> {
    let wrong = |what: &str| {
        Err(Stop::Local(format!(
            "In {path} {what}, so Placet leaves it alone. Nothing was written."
        )))
    };
    let Some(members) = value.as_object() else { return wrong("there is no JSON object") };
    let Some(hooks) = members.get("hooks") else { return Ok(()) };
    let Some(events) = hooks.as_object() else { return wrong("`hooks` is not an object") };
    for groups in events.values() {
        let Some(groups) = groups.as_array() else { return wrong("an event's hooks are no list") };
        let known =
            |group: &Value| group.get("hooks").is_none_or(Value::is_array) && group.is_object();
        if !groups.iter().all(known) {
            return wrong("an event has a group that is not understood");
        }
    }
    Ok(())
}
