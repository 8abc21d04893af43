use std::time::Instant;

use serde_json::json;

use super::*;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A record without its chain: `screens` requests, each with the words that `word` gives.
fn record(name: &str, requests: i64, words: impl Fn(i64) -> String) -> Folder {
    let folder = std::env::temp_dir().join(format!("placet-history-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let opened = crate::store::file::open(&folder).unwrap();
    let mut connection = opened.connection;
    let work = connection.transaction().unwrap();
    {
        let mut put = work
            .prepare("INSERT INTO record(seq, at, request, event, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .unwrap();
        let mut seq = 0;
        for n in 0..requests {
            let screen = json!({"heading": "Let bot do this?", "action": {"title": "Do", "rows": [{"label": "c", "value": words(n)}]}});
            let id = format!("req_{n}");
            let agent = format!("bot-{}", n % 7);
            let outcome = if n % 3 == 0 { "approved" } else { "declined" };
            for (event, body) in [
                (
                    "received",
                    json!({"kind": "approval", "issuer": null, "asker": {"pairing": agent},
                        "code": format!("VQ7Z-{n:04}"), "brief": format!("shell: brief{n}")}),
                ),
                ("shown", json!({"display_hash": digest(&screen).unwrap(), "screen": screen})),
                ("ended", json!({"outcome": outcome, "reason": "denied", "note": "not on main"})),
            ] {
                seq += 1;
                let prev = format!("h{}", seq - 1);
                put.execute((seq, seq, &id, event, body.to_string(), prev, format!("h{seq}")))
                    .unwrap();
            }
        }
    }
    work.commit().unwrap();
    Folder(folder)
}

fn requests(page: &[Past]) -> Vec<&str> {
    page.iter().map(|past| past.request.as_str()).collect()
}

#[test]
fn the_history_is_leafed_through_newest_first_without_a_gap_or_a_double() {
    let folder = record("pages", 120, |n| format!("word{n}"));
    let history = History::new(&folder.0);
    let mut all = Vec::new();
    let mut wanted = Wanted::default();
    loop {
        let page = history.page(&wanted).unwrap();
        let Some(last) = page.last() else { break };
        wanted.before = Some(last.seq);
        all.extend(page);
    }
    let expected: Vec<String> = (0..120).rev().map(|n| format!("req_{n}")).collect();
    assert_eq!(requests(&all), expected);
}

#[test]
fn a_history_that_was_warmed_has_nothing_left_to_take_in() {
    let folder = record("warm", 30, |n| format!("word{n}"));
    History::new(&folder.0).warm().unwrap();
    // Without the record: what is found is in the index.
    let index = Connection::open(folder.0.join(INDEX)).unwrap();
    let page = page(&index, &Wanted { words: "word7 ".into(), ..Wanted::default() }).unwrap();
    assert_eq!(requests(&page), ["req_7"]);
    let (seq, _) = seen(&index).unwrap().unwrap();
    assert_eq!(seq, 90);
}

#[test]
fn filters_and_words_narrow_and_nothing_of_a_search_is_syntax() {
    let folder = record("search", 30, |n| format!("git push origin v{n} NEAR OR"));
    let history = History::new(&folder.0);
    let find =
        |words: &str| history.page(&Wanted { words: words.into(), ..Wanted::default() }).unwrap();
    assert_eq!(requests(&find("push v7 ")), ["req_7"]);
    assert_eq!(find("orig").len(), 30, "the beginning of a word");
    for words in ["\" OR *", "v7\" OR text:\"v8", "facts : x", "NEAR(", "'; DROP TABLE over; --"] {
        assert!(find(words).len() <= 30, "{words}");
    }
    assert!(requests(&find("v7\" OR text:\"v8")).is_empty(), "it is six words, not an OR");
    let wanted = Wanted {
        agent: Some("bot-2".into()),
        outcome: Some("approved".into()),
        ..Wanted::default()
    };
    assert_eq!(requests(&history.page(&wanted).unwrap()), ["req_9"]);
    let none = Wanted { agent: Some(String::new()), ..Wanted::default() };
    assert!(history.page(&none).unwrap().is_empty());
}

#[test]
fn r5_the_detail_is_what_was_shown_and_says_if_it_was_changed() {
    let folder = record("detail", 2, |n| format!("<b>word{n}</b>"));
    let history = History::new(&folder.0);
    let detail = history.detail("req_1").unwrap().unwrap();
    assert_eq!(detail.shown[0].screen["action"]["rows"][0]["value"], "<b>word1</b>");
    assert!(detail.shown[0].holds);
    assert_eq!(detail.steps.len(), 3);
    assert!(history.detail("req_9").unwrap().is_none());
    let other = Connection::open(folder.0.join(FILE)).unwrap();
    other.execute_batch("DROP TRIGGER record_keeps_its_rows").unwrap();
    other
        .execute("UPDATE record SET body = replace(body, 'word1', 'wOrd1') WHERE seq = 5", [])
        .unwrap();
    assert!(!history.detail("req_1").unwrap().unwrap().shown[0].holds);
}

#[test]
fn s16_a_request_is_found_by_its_number_and_by_what_was_asked_also_if_nothing_was_shown() {
    let folder = record("number", 3, |_| "same".to_owned());
    let other = Connection::open(folder.0.join(FILE)).unwrap();
    let put = "INSERT INTO record(seq, at, request, event, body, prev, hash)
               VALUES (?, 1, 'req_muted', ?, ?, ?, ?)";
    let asked = json!({"kind": "approval", "asker": {"pairing": "bot"}, "code": "TXBG-98WV",
        "brief": "shell: git push --force"});
    let ended = json!({"outcome": "declined", "reason": "muted"});
    for (seq, event, body) in [(10, "received", asked), (11, "ended", ended)] {
        let (prev, hash) = (format!("h{}", seq - 1), format!("h{seq}"));
        other.execute(put, (seq, event, body.to_string(), prev, hash)).unwrap();
    }
    let history = History::new(&folder.0);
    let find =
        |words: &str| history.page(&Wanted { words: words.into(), ..Wanted::default() }).unwrap();
    assert_eq!(requests(&find("TXBG-98WV")), ["req_muted"]);
    assert_eq!(requests(&find("force ")), ["req_muted"]);
    assert_eq!(requests(&find("VQ7Z-0001 ")), ["req_1"]);
    assert_eq!(requests(&find("brief2 ")), ["req_2"]);
    let detail = history.detail("req_muted").unwrap().unwrap();
    assert_eq!(detail.past.brief, "shell: git push --force");
    assert_eq!((detail.past.code.as_str(), detail.shown.len()), ("TXBG-98WV", 0));
    assert_eq!(detail.note, None);
    // What the person wrote to the agent.
    let detail = history.detail("req_1").unwrap().unwrap();
    assert_eq!(detail.note.as_deref(), Some("not on main"));
}

#[test]
fn what_an_older_version_recorded_has_neither_number_nor_line_and_is_shown() {
    let folder = record("older", 1, |_| "word".to_owned());
    let other = Connection::open(folder.0.join(FILE)).unwrap();
    other.execute_batch("DROP TRIGGER record_keeps_its_rows").unwrap();
    let older = "UPDATE record SET body = json_remove(body, '$.code', '$.brief', '$.note')";
    other.execute_batch(older).unwrap();
    let page = History::new(&folder.0).page(&Wanted::default()).unwrap();
    assert_eq!((page[0].code.as_str(), page[0].brief.as_str()), ("", ""));
}

#[test]
fn an_index_of_another_record_or_a_broken_one_is_made_anew() {
    let folder = record("anew", 5, |n| format!("word{n}"));
    assert_eq!(History::new(&folder.0).page(&Wanted::default()).unwrap().len(), 5);
    let index = Connection::open(folder.0.join(INDEX)).unwrap();
    index.execute_batch("UPDATE seen SET hash = 'h0'; DELETE FROM over").unwrap();
    drop(index);
    assert_eq!(History::new(&folder.0).page(&Wanted::default()).unwrap().len(), 5);
    thrown_away(&folder.0).unwrap();
    std::fs::write(folder.0.join(INDEX), "no database at all, but long enough to be read").unwrap();
    assert_eq!(History::new(&folder.0).page(&Wanted::default()).unwrap().len(), 5);
}

/// Run by hand, in release: a million requests.
#[test]
#[ignore = "takes minutes and a gigabyte; it measures"]
fn a_million_requests_are_searched() {
    let million = std::env::var("REQUESTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let folder = record("million", million, |n| {
        format!("git push origin v{n} to branch{} in folder{}", n % 1000, n % 17)
    });
    let history = History::new(&folder.0);
    let time = |what: &str, wanted: &Wanted| {
        let begun = Instant::now();
        let found = history.page(wanted).unwrap().len();
        println!("{what}: {found} in {:?}", begun.elapsed());
    };
    let of = |words: &str| Wanted { words: words.into(), ..Wanted::default() };
    time("the index, made", &Wanted::default());
    time("first page", &Wanted::default());
    time("a page in the middle", &Wanted { before: Some(1_500_000), ..Wanted::default() });
    time("a word of all", &of("push "));
    time("the beginning of a word of all", &of("pus"));
    time("a rare word", &of("v77777 "));
    time("the beginning of many words", &of("bran"));
    time("the beginning of a million words", &of("v77"));
    time("two words", &of("branch77 folder3 "));
    time("no such word", &of("nowhere "));
    let both =
        Wanted { agent: Some("bot-2".into()), outcome: Some("approved".into()), ..of("push ") };
    time("agent, outcome and a word", &both);
}

#[test]
fn triggers_and_views_that_were_planted_in_the_index_do_nothing() {
    let folder = record("planted", 3, |n| format!("word{n}"));
    History::new(&folder.0).warm().unwrap();
    // Any program of the user can write there.
    let planted = Connection::open(folder.0.join(INDEX)).unwrap();
    planted
        .execute_batch(
            "CREATE TRIGGER hides AFTER INSERT ON over BEGIN DELETE FROM over; END;
             CREATE TRIGGER forges AFTER INSERT ON part BEGIN
               UPDATE over SET outcome = 'approved', heading = 'nothing happened'; END;",
        )
        .unwrap();
    drop(planted);
    let more = Connection::open(folder.0.join(FILE)).unwrap();
    for (seq, event, body) in [
        (10, "received", json!({"kind": "approval", "asker": {"pairing": "bot-3"}})),
        (11, "ended", json!({"outcome": "declined", "reason": "denied"})),
    ] {
        more.execute(
            "INSERT INTO record(seq, at, request, event, body, prev, hash) VALUES (?1, ?1, 'req_3', ?2, ?3, ?4, ?5)",
            (seq, event, body.to_string(), format!("h{}", seq - 1), format!("h{seq}")),
        )
        .unwrap();
    }
    drop(more);
    let page = History::new(&folder.0).page(&Wanted::default()).unwrap();
    assert_eq!(requests(&page), ["req_3", "req_2", "req_1", "req_0"]);
    assert_eq!(page[1].outcome, "declined", "it was forged");

    // A view in a table's place is not asked either.
    let planted = Connection::open(folder.0.join(INDEX)).unwrap();
    planted
        .execute_batch(
            "ALTER TABLE over RENAME TO hidden;
             CREATE VIEW over AS SELECT seq, request, at, kind, agent, server, 'forged' AS heading,
               'approved' AS outcome, reason FROM hidden;",
        )
        .unwrap();
    drop(planted);
    let history = History::new(&folder.0);
    let refused = history.page(&Wanted::default());
    assert!(refused.is_err(), "what the view says was taken: {refused:?}");
}
