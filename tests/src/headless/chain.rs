//! The record, read and checked by code that shares nothing with the daemon's: its own canonical
//! JSON, its own hash, plain SQL.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// `seq`.
    pub seq: i64,
    /// `request`.
    pub request: Option<String>,
    /// `event`.
    pub event: String,
    /// `body`.
    pub body: Value,
    /// `hash`.
    pub hash: String,
}

/// All rows, after the chain was checked.
#[must_use]
pub fn rows(record: &Path) -> Vec<Row> {
    let connection =
        Connection::open_with_flags(record, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let mut statement = connection
        .prepare("SELECT seq, request, event, body, prev, hash FROM record ORDER BY seq")
        .unwrap();
    let mut prev = sha256(b"");
    let mut expected = 0;
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        expected += 1;
        let seq: i64 = row.get(0).unwrap();
        assert_eq!(seq, expected, "no gaps");
        let body: String = row.get(3).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(row.get::<_, String>(4).unwrap(), prev, "entry {seq} hangs on the one before");
        let mut linked = String::new();
        write(&serde_json::json!({ "seq": seq, "prev": prev, "entry": body }), &mut linked);
        let hash: String = row.get(5).unwrap();
        assert_eq!(hash, sha256(linked.as_bytes()), "entry {seq} is what was hashed");
        prev.clone_from(&hash);
        let (request, event) = (row.get(1).unwrap(), row.get(2).unwrap());
        all.push(Row { seq, request, event, body, hash });
    }
    all
}

/// Each request with the outcomes that were recorded for it, in order.
#[must_use]
pub fn ends(rows: &[Row]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut ends = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        let Some(request) = &row.request else { continue };
        let of = ends.entry(request.clone()).or_default();
        if row.event == "ended" {
            let text = |name: &str| row.body[name].as_str().unwrap().to_owned();
            of.push((text("outcome"), text("reason")));
        }
    }
    ends
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// RFC 8785 for what the record holds: sorted ASCII names, whole numbers, texts.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            out.push('{');
            for (i, (name, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(name).unwrap());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}
