//! Reading the record back, for `placet log` and the book.
//!
//! **Promises.** A [`Line`] says what happened without what was shown: screens hold a server's
//! words and an action in full, and anybody of this user may ask for the log (S5). What was asked
//! stands in it on one clipped line ([`placet_core::brief`]).

use placet_core::request::{Request, RequestId, Timestamp};
use placet_keys::receipt::digest;
use rusqlite::Connection;
use serde_json::Value;

use super::error::StoreError;

/// One entry, fit for anybody of this user.
#[derive(Clone, Debug)]
pub struct Line {
    /// Sequence number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Which request, if any.
    pub request: Option<RequestId>,
    /// The event's name.
    pub event: String,
    /// One line for people. Holds names that agents chose: escape before printing.
    pub summary: String,
    /// The outcome, for `ended`.
    pub outcome: Option<String>,
    /// Why, for `ended`.
    pub reason: Option<String>,
    /// Who asked, for `received`: the agent's name.
    pub agent: Option<String>,
    /// The number that prompt and terminal show, for `received`.
    pub code: Option<String>,
    /// What was asked, for `received`; escaped already.
    pub brief: Option<String>,
    /// The hash of the entry.
    pub hash: String,
    /// The digest of the receipt, for `ended` (R7).
    pub receipt: Option<String>,
}

pub(super) fn read(
    connection: &Connection,
    limit: u64,
    before: Option<u64>,
) -> Result<Vec<Line>, StoreError> {
    // json_remove works in the database: a screen can be megabytes, and none leaves it.
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, request, event, json_remove(body, '$.screen'), hash FROM record
         WHERE seq < ? ORDER BY seq DESC LIMIT ?",
    )?;
    let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((before, limit), |row| {
        let body: String = row.get(4)?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let event: String = row.get(3)?;
        let text = |path: &str| body.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let some = |path: &str| text(path).filter(|text| !text.is_empty());
        let asked = event == "received";
        Ok(Line {
            seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
            at: Timestamp(row.get(1)?),
            request: row.get::<_, Option<String>>(2)?.map(RequestId),
            summary: summary(&event, &body),
            outcome: text("/outcome"),
            reason: text("/reason").filter(|_| event == "ended"),
            agent: some("/asker/pairing").filter(|_| asked),
            code: some("/code").filter(|_| asked),
            brief: some("/brief").filter(|_| asked),
            receipt: body.get("receipt").and_then(Value::as_str).map(digest),
            event,
            hash: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A server, and for which account; it is not said of every entry.
fn at(issuer: &str, account: &str) -> String {
    if account.is_empty() { issuer.to_owned() } else { format!("{issuer} for {account}") }
}

pub(super) fn summary(event: &str, body: &Value) -> String {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    match event {
        "received" => {
            let who = body.pointer("/asker/pairing").and_then(Value::as_str);
            format!("{} from {}", text("/kind"), who.unwrap_or("an unpaired program"))
        }
        "repeated" => {
            let who = body.pointer("/asker/pairing").and_then(Value::as_str);
            format!("by {}", who.unwrap_or("an unpaired program"))
        }
        // Whether it was enough is seen later: a code can be wrong.
        "answered" if body.get("approve") == Some(&Value::Bool(true)) => "went on".to_owned(),
        "answered" => "did not approve".to_owned(),
        "contacting" | "challenged" | "server_removed" => at(text("/issuer"), text("/account")),
        "server_enrolled" => at(text("/server/issuer"), text("/server/account")),
        "passkey_made" | "installation_registered" => at(text("/issuer"), text("/account")),
        "passkey_changed" => format!("{} at {}", text("/how"), text("/issuer")),
        "ended" => format!("{}: {}", text("/outcome"), text("/reason")),
        "paired" | "unpaired" => text("/name").to_owned(),
        "muted" => Request::who(text("/bucket")).to_owned(),
        "set" => match body.pointer("/setting/on_notification/on").and_then(Value::as_bool) {
            Some(on) => {
                let (agent, tool) = (
                    text("/setting/on_notification/kind/agent"),
                    text("/setting/on_notification/kind/tool"),
                );
                let on = if on { "approve" } else { "no longer approve" };
                format!("notifications {on}: {agent}, {tool}")
            }
            None => "quiet hours".to_owned(),
        },
        "suspicious" => text("/what").to_owned(),
        "key_made" => {
            let how = if body.get("found") == Some(&Value::Bool(true)) { "found" } else { "made" };
            format!("for {}, {how}: {}", text("/purpose"), text("/kid"))
        }
        "started" => {
            let wayland = text("/station/wayland_display");
            let display = if wayland.is_empty() { text("/station/display") } else { wayland };
            match (text("/version"), display, text("/station/seat")) {
                (version, "", _) => version.to_owned(),
                (version, display, "elsewhere") => {
                    format!("{version} on display {display}, where nobody is logged in")
                }
                (version, display, _) => format!("{version} on display {display}"),
            }
        }
        _ => String::new(),
    }
}
