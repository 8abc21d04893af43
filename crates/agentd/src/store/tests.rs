use std::path::PathBuf;

use placet_core::ports::Gesture;
use placet_core::request::RequestId;
use serde_json::json;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("placet-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Folder) -> (Store, StoreThread) {
    let started = Event::Started { version: "1.2.3".to_owned(), station: None };
    Store::open(&folder.0, started, Timestamp(1_795_000_000_000)).unwrap()
}

#[test]
fn the_names_of_events_columns_and_failpoints_are_one_set() {
    let tags: Vec<String> = failpoint::EVENTS
        .iter()
        .map(|name| {
            // Only a known tag gets as far as complaining about a missing member.
            let error = serde_json::from_value::<Event>(json!({ "event": name })).unwrap_err();
            assert!(!error.to_string().contains("unknown variant"), "{name}: {error}");
            (*name).to_owned()
        })
        .collect();
    let unknown = serde_json::from_value::<Event>(json!({ "event": "?" })).unwrap_err().to_string();
    let listed = unknown.matches('`').count() / 2 - 1;
    assert_eq!(listed, tags.len(), "an event without failpoints: {unknown}");
    let gesture: Option<Gesture> = None;
    let event = Event::Answered {
        display_hash: Digest::of_bytes(b""),
        approve: false,
        gesture,
        took_ms: 1,
    };
    assert_eq!(serde_json::to_value(&event).unwrap()["event"], name_of(&event));
}

/// The expected hash was computed with Python's json and hashlib over sorted keys, which for this
/// entry is RFC 8785.
#[tokio::test]
async fn r1_the_hash_of_an_entry_is_sha256_over_its_canonical_form_with_prev_and_seq() {
    let folder = Folder::new("hash");
    let (store, thread) = open(&folder);
    let lines = store.log(10, None).await.unwrap();
    assert_eq!(
        lines.last().unwrap().hash,
        "sha256:7eb7bfd64285b7ebb6026f7c66b4190a2bb865b5cb3d14733fdf47db1a56ce4e"
    );
    drop(store);
    thread.close();
}

#[tokio::test]
async fn a_full_disk_is_told_apart_and_passes() {
    let folder = Folder::new("full");
    let opened = file::open(&folder.0).unwrap();
    opened.connection.execute_batch("PRAGMA max_page_count = 12").unwrap();
    let mut writer = Writer {
        opened: Some(opened),
        tip: chain::Tip::start(),
        state: Arc::default(),
        broken: None,
        trouble: watch::channel(None).0,
        keys: watch::channel(Keys::none(&KeyTrouble::Record)).0,
        version: String::new(),
    };
    let entry = |detail: String| Entry {
        at: Timestamp(1),
        request: Some(RequestId("req_1".into())),
        event: Event::Suspicious { what: "test".into(), detail },
    };
    assert_eq!(writer.append(&entry("x".repeat(100_000))), Err(StoreError::Full));
    assert!(writer.append(&entry("x".into())).is_ok(), "the entry that failed left no trace");
    let mut state = State::default();
    let tip = chain::verify(&writer.opened.as_ref().unwrap().connection, &mut state).unwrap();
    assert_eq!(tip.seq, 1);
}
