//! The book: a process of its own that shows little, may do less, and is gone when it is closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::time::{Duration, Instant};

use desktop_support::{SOON, alone, ask, await_label, desktop, icon, picture, run, start};
use placet_stage::desktop::{Entry, Node, Session, keys};
use placet_tests::book::{Driven, TITLE, answered, await_text};
use serde_json::{Value, json};

/// The processes that draw web pages, of anybody's program in this session.
fn web_processes(session: &Session) -> Vec<u32> {
    let ours =
        |name: &str| name.starts_with("WebKitWebProces") || name.starts_with("WebKitNetworkPr");
    let of_user = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains(&format!("\nUid:\t{}\t", session.as_user().uid))
            && !status.contains("State:\tZ")
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            ours(&name) && of_user(*pid)
        })
        .collect()
}

fn await_no_web_process(session: &Session) {
    let begun = Instant::now();
    while !web_processes(session).is_empty() {
        assert!(begun.elapsed() < SOON, "web processes stay: {:?}", web_processes(session));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_web_process_is_alive_only_while_the_book_is_open() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let mut program = start(&session, desktop(&session));
    let icon = icon(&session);
    let _asked = ask(&session, "agent");
    await_label(&icon, "1 request is waiting");
    assert_eq!(web_processes(&session), [0u32; 0], "one is alive before the book was opened");
    icon.press("Open the book").unwrap();
    let book = session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped);
    let book = book.unwrap();
    let begun = Instant::now();
    while web_processes(&session).is_empty() {
        assert!(begun.elapsed() < SOON, "the book has no page");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_ne!(book.pid, Some(program.pid()), "the book is in the prompt's process");
    // As the window manager closes the active window: Alt+F4 (keysyms Alt_L and F4).
    session.screen().await_active(SOON, |active| active.id == book.id).unwrap();
    session.person().unwrap().chord(&[0xffe9, 0xffc1]).unwrap();
    await_no_web_process(&session);
    assert!(program.running(), "{}", program.log());
    // A second one opens, and ends with the program.
    icon.press("Open the book").unwrap();
    session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped).unwrap();
    icon.press("Quit").unwrap();
    assert!(program.wait(SOON).unwrap().success(), "{}", program.log());
    await_no_web_process(&session);
}

#[test]
fn a_killed_placet_takes_its_book_along() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let mut program = start(&session, desktop(&session));
    icon(&session).press("Open the book").unwrap();
    session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(program.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    program.wait(SOON).unwrap();
    session.screen().await_no_window(SOON, |window| window.title == TITLE).unwrap();
    await_no_web_process(&session);
}

#[test]
fn h14_the_page_calls_its_three_commands_and_no_other() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    book.show(&json!([{"id": "req_1", "name": "bot", "heading": "bot wants to use <b>git</b>"}]));
    let call = |command: &str| {
        let call = format!("window.__TAURI__.core.invoke({command})");
        book.script(&format!("{call}.then(() => done('done'), (no) => done(`refused: ${{no}}`))"))
    };
    assert_eq!(call("'book', {seen: 0}"), "done");
    assert_eq!(call("'look', {request: 'req_1'}"), "done");
    assert_eq!(book.said(), "{\"look\":\"req_1\"}\n");
    // What is not on the list of questions does not reach Placet.
    for question in ["'approve'", "{rename: 'bot'}", "{history: 1}"] {
        let answer = call(&format!("'ask', {{question: {question}}}"));
        assert!(answer.as_str().unwrap().starts_with("refused"), "{question}: {answer}");
    }
    assert_eq!(book.said(), "{\"look\":\"req_1\"}\n");
    for command in [
        "'plugin:app|version'",
        "'plugin:event|listen', {event: 'x', target: {kind: 'Any'}, handler: 1}",
        "'plugin:event|emit', {event: 'x'}",
        "'plugin:window|close', {label: 'book'}",
        "'plugin:webview|create_webview_window', {options: {label: 'other'}}",
        "'plugin:path|resolve_directory', {directory: 1}",
        "'plugin:resources|close', {rid: 0}",
        "'plugin:menu|new', {kind: 'Menu'}",
        "'plugin:tray|new', {options: {}}",
        "'plugin:image|from_path', {path: '/etc/passwd'}",
        "'approve'",
    ] {
        let answer = call(command);
        assert!(answer.as_str().unwrap().starts_with("refused"), "{command}: {answer}");
    }
    let shown = "document.querySelector('.heading').textContent";
    assert_eq!(book.script(&format!("done({shown})")), "bot wants to use <b>git</b>");
    book.script("window.__TAURI__.core.invoke('ask', {question: 'agents'}); done(1)");
    answered(&mut book, 1, &json!("agents"), &json!({"agents": []}));
}

/// The whole page, in both colours and at twice the text, for whoever looks at it; none of it is
/// wider than the window.
fn looked_at(session: &Session, book: &Driven, name: &str) {
    for (look, script) in [
        (
            "light",
            "document.documentElement.style.colorScheme = 'light'; document.documentElement.style.fontSize = '100%'",
        ),
        ("dark", "document.documentElement.style.colorScheme = 'dark'"),
        ("double", "document.documentElement.style.fontSize = '200%'"),
    ] {
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let wide = book.script(&format!("{script}; done({wide})"));
        book.frame(session);
        picture(session, &format!("book-{name}-{look}"));
        assert_eq!(wide, 0, "{name} at {look} is wider than the window");
    }
    book.script("scrollTo(0, document.body.scrollHeight); done(1)");
    book.frame(session);
    picture(session, &format!("book-{name}-double-end"));
    book.script("document.documentElement.style.fontSize = '100%'; done(1)");
}

#[test]
fn h9_the_history_shows_what_was_shown_as_text_and_every_page_fits() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    book.show(&json!([]));
    // Its scripts run.
    await_text(&book, "#version", "1.2.3");
    let evil = "<img src=x onerror='window.ran = 1'><b>push</b>";
    let past = json!({"seq": 9, "request": "req_1", "at": 1_795_000_000_000_u64, "kind": "approval",
        "agent": "build-bot", "server": "", "heading": evil, "outcome": "declined", "reason": "denied",
        "code": "VQ7Z-CCMK", "brief": evil});
    let nothing = json!({"history": {"before": null, "outcome": null, "agent": null, "server": null, "words": ""}});
    book.script("document.querySelector('[data-page=history]').click(); done(1)");
    answered(&mut book, 1, &nothing, &json!({"history": [past]}));
    await_text(&book, "#past .heading", evil);
    await_text(&book, "#past", &format!("Request VQ7Z-CCMK · {evil}"));
    looked_at(&session, &book, "history");
    // A search, by keyboard's own way: the form is sent.
    book.script(
        "document.querySelector('[name=words]').value = 'push'; document.querySelector('[name=outcome]').value = 'declined';
         document.getElementById('narrow').requestSubmit(); done(1)",
    );
    let narrowed = json!({"history": {"before": null, "outcome": "declined", "agent": null, "server": null, "words": "push"}});
    answered(&mut book, 2, &narrowed, &json!({"history": [past]}));
    await_text(&book, "#found", "1 shown");
    book.script("document.querySelector('#past button').click(); done(1)");
    let row = json!({"label": "command", "value": evil, "verbatim": true, "part": "given"});
    let section = json!({"title": "What will happen", "rows": [row]});
    let screen = json!({"heading": evil, "banners": [evil], "action": section, "asker": section,
        "destination": section, "problem": null, "fields": [], "words": section});
    let shown = json!({"at": 1, "display_hash": "sha256:00", "holds": false, "screen": screen});
    let step = json!({"seq": 1, "at": 1, "event": "received", "summary": evil});
    let receipt = json!({"digest": "sha256:5eed", "seal": "file"});
    let detail =
        json!({"past": past, "account": "", "steps": [step], "shown": [shown], "receipt": receipt});
    answered(&mut book, 3, &json!({"detail": "req_1"}), &json!({"detail": detail}));
    await_text(&book, "#detail .action .value", evil);
    await_text(&book, "#detail", "This is not what was sent to be shown");
    await_text(&book, "#detail", "sha256:5eed, signed with a key in a file");
    let markup = "document.querySelectorAll('main img, main b').length + (window.ran ?? 0)";
    assert_eq!(book.script(&format!("done({markup})")), 0, "an agent's text became markup");
    looked_at(&session, &book, "detail");
    // What was muted away is not lost to the person.
    book.script("document.querySelector('#detail button').click(); document.querySelector('#past button').click(); done(1)");
    let muted = json!({"seq": 9, "request": "req_1", "at": 1, "kind": "approval", "agent": "build-bot",
        "server": "", "heading": "", "outcome": "declined", "reason": "muted", "code": "VQ7Z-CCMK",
        "brief": evil});
    let detail = json!({"past": muted, "account": "", "note": "not on main", "steps": [],
        "shown": [], "receipt": null});
    answered(&mut book, 4, &json!({"detail": "req_1"}), &json!({"detail": detail}));
    await_text(&book, "#detail", "Declined without asking you (muted)");
    await_text(&book, "#detail", &format!("Request VQ7Z-CCMK · {evil}"));
    await_text(&book, "#detail", "not on main");
    assert_eq!(book.script(&format!("done({markup})")), 0, "an agent's text became markup");
}

#[test]
fn agents_servers_and_health_are_shown_and_a_revocation_takes_two_presses() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    book.show(&json!([]));
    // Its scripts run.
    await_text(&book, "#version", "1.2.3");
    let agents = json!({"agents": [{"name": "build-bot", "paired_at": 1, "last_used": null}]});
    book.script("document.querySelector('[data-page=agents]').click(); done(1)");
    answered(&mut book, 1, &json!("agents"), &agents);
    await_text(&book, "#agents-all .heading", "build-bot");
    looked_at(&session, &book, "agents");
    let there = book.script(
        "const first = document.querySelector('#agents-all button'); const place = first.getBoundingClientRect();
         first.click();
         done(document.elementFromPoint((place.left + place.right) / 2, (place.top + place.bottom) / 2).textContent)",
    );
    // A double click presses there, and a key where the focus is.
    assert_eq!(there, "Keep");
    assert_eq!(book.script("done(document.activeElement.textContent)"), "Keep");
    let sure = "[...document.querySelectorAll('#agents-all button')].find((one) => one.textContent !== 'Keep').click(); done(1)";
    book.script(sure);
    answered(&mut book, 2, &json!({"revoke": "build-bot"}), &json!({"revoked": true}));
    answered(&mut book, 3, &json!("agents"), &json!({"agents": []}));
    await_text(&book, "#agents-said", "build-bot is revoked.");
    book.script("document.querySelector('[data-page=servers]').click(); done(1)");
    let server = json!({"name": "Work", "issuer": "https://as.example", "account": "me",
        "client_id": "placet", "challenge_endpoint": null, "plain_http": true, "authorities": [],
        "proxy": null});
    answered(&mut book, 4, &json!("servers"), &json!({"servers": [server]}));
    await_text(&book, "#servers-all", "https://as.example");
    looked_at(&session, &book, "servers");
    book.script("document.querySelector('[data-page=health]').click(); done(1)");
    let finding =
        json!({"what": "Tray", "good": false, "state": "no place", "means": "m", "better": "b"});
    answered(&mut book, 5, &json!("health"), &json!({"health": [finding]}));
    await_text(&book, "#health-all", "To better it: b");
    looked_at(&session, &book, "health");
    book.script("document.querySelector('[data-page=history]').click(); done(1)");
    let asked = json!({"history": {"before": null, "outcome": null, "agent": null, "server": null, "words": ""}});
    answered(&mut book, 6, &asked, &json!({"failed": "The history cannot be read."}));
    await_text(&book, "#found", "cannot be read");
}

#[test]
fn settings_say_what_is_so_and_ask_for_what_widens() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    let shown = |quiet: Value, offers: Value| {
        let settings = json!({"quiet": quiet, "on_notification": offers});
        json!({"waiting": [], "paused_until": null, "trouble": null, "settings": settings})
    };
    book.state(&shown(json!(null), json!([])));
    await_text(&book, "#version", "1.2.3");
    book.script("document.querySelector('[data-page=settings]').click(); done(1)");
    let agents = json!({"agents": [{"name": "build-bot", "paired_at": 1, "last_used": null}]});
    answered(&mut book, 1, &json!("agents"), &agents);
    await_text(&book, "#quiet-now", "Notifications are always shown.");
    await_text(&book, "#offers", "No notification approves anything.");
    looked_at(&session, &book, "settings");
    let fill = |from: &str, to: &str| {
        format!(
            "document.querySelector('[name=from]').value = '{from}'; document.querySelector('[name=to]').value = '{to}';
             document.getElementById('quiet').requestSubmit(); done(1)"
        )
    };
    // What is no time is not sent.
    book.script(&fill("22", "7:00"));
    await_text(&book, "#quiet-said", "Write both times like 22:00.");
    book.script(&fill("22:00", "7:05"));
    let quiet = json!({"from": 1320, "to": 425});
    answered(
        &mut book,
        2,
        &json!({"change": {"set": {"quiet": quiet}}}),
        &json!({"changed": false}),
    );
    await_text(&book, "#quiet-said", "It is set.");
    // It says so once the program does.
    await_text(&book, "#quiet-now", "Notifications are always shown.");
    let kind = json!({"agent": "build-bot", "tool": "<b>ls</b>"});
    book.state(&shown(quiet, json!([kind])));
    await_text(&book, "#quiet-now", "from 22:00 to 07:05");
    await_text(&book, "#offers .heading", "<b>ls</b>");
    book.script(
        "document.querySelector('[name=tool]').value = '<b>ls</b>'; document.getElementById('offer').requestSubmit(); done(1)",
    );
    let on = json!({"change": {"set": {"on_notification": {"kind": kind, "on": true}}}});
    answered(&mut book, 3, &on, &json!({"changed": true}));
    await_text(&book, "#offers-said", "Placet's prompt asks you now.");
    book.script("document.querySelector('#offers button').click(); done(1)");
    let off = json!({"change": {"set": {"on_notification": {"kind": kind, "on": false}}}});
    answered(&mut book, 4, &off, &json!({"failed": "Nothing was changed."}));
    await_text(&book, "#offers-said", "Nothing was changed.");
    looked_at(&session, &book, "settings-set");
}

#[test]
fn h16_a_pause_and_mutes_are_told_with_their_end_and_ended_by_asking() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    let muted = json!([{"bucket": "", "name": "all unpaired programs", "until": "15:20"}]);
    book.state(&json!({"waiting": [], "paused_until": "14:00", "trouble": null, "muted": muted}));
    await_text(&book, "#version", "1.2.3");
    book.script("document.querySelector('[data-page=agents]').click(); done(1)");
    answered(&mut book, 1, &json!("agents"), &json!({"agents": []}));
    await_text(&book, "#agents-stopped", "Paused until 14:00. Every answer is no.");
    await_text(&book, "#agents-stopped", "Muted until 15:20: all unpaired programs.");
    looked_at(&session, &book, "agents-stopped");
    let press = |number: u32| {
        format!("document.querySelectorAll('#agents-stopped button')[{number}].click(); done(1)")
    };
    book.script(&press(0));
    answered(&mut book, 2, &json!({"change": "end_pause"}), &json!({"changed": true}));
    await_text(&book, "#agents-stopped [role=status]", "Placet's prompt asks you now.");
    book.script(&press(1));
    answered(&mut book, 3, &json!({"change": {"end_mute": ""}}), &json!({"changed": true}));
    book.state(&json!({"waiting": [], "paused_until": null, "trouble": null, "muted": []}));
    await_text(&book, "#state", "Ready");
    assert_eq!(book.script("done(document.getElementById('agents-stopped').textContent)"), "");
    book.script("document.querySelector('[data-page=health]').click(); done(1)");
    answered(&mut book, 4, &json!("health"), &json!({"health": []}));
    book.state(&json!({"waiting": [], "paused_until": "14:00", "trouble": null, "muted": []}));
    await_text(&book, "#health-stopped", "Paused until 14:00");
}

#[test]
fn h16_the_book_asks_in_the_prompt_before_it_ends_a_pause() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let program = start(&session, desktop(&session));
    let icon = icon(&session);
    icon.press("Pause for 1 hour").unwrap();
    await_label(&icon, "Paused until");
    icon.press("Open the book").unwrap();
    let book = session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped);
    let book = book.unwrap();
    let eyes = session.eyes().unwrap();
    let mut person = session.person().unwrap();
    let begun = Instant::now();
    let a_while = Duration::from_secs(2);
    let waits = |menu: &Entry| menu.labels().contains(&"1 request is waiting");
    // The first key after a click may go to the view itself.
    let mut ways = [4, 3].into_iter().cycle();
    while icon.await_menu(a_while, waits).is_err() {
        let to_agents = ways.next().unwrap();
        assert!(begun.elapsed() < SOON * 3, "the book does not ask");
        // From the top of the page, wherever the keys before that went while it was loading: the third
        // button is the page of the agents, and the fifth after that ends the pause.
        person.click(book.x + 20, book.y + 12).unwrap();
        for tabs in [to_agents, 5] {
            for key in std::iter::repeat_n(keys::TAB, tabs).chain([keys::RETURN]) {
                person.key(key).unwrap();
                // The page takes them one by one.
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        picture(&session, "book-ends-a-pause");
    }
    await_label(&icon, "Paused until");
    let asked = |node: &Node| node.name == "End the pause?";
    eyes.await_node("placet", SOON, asked).unwrap();
    let prompt = session.screen().await_window(SOON, |window| window.title == "Placet").unwrap();
    assert!(run(&session, &["open"]).success);
    let begun = Instant::now();
    while icon.menu().unwrap().labels().iter().any(|label| label.starts_with("Paused until")) {
        assert!(begun.elapsed() < SOON * 3, "the pause does not end: {}", program.log());
        // A person clicks the window, reads, and holds the button.
        person.click(prompt.x + 20, prompt.y + 20).unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        picture(&session, "book-asked-to-end-a-pause");
        let approve = eyes.program("placet").unwrap();
        let approve =
            approve.iter().find_map(|program| program.named("push button", "End the pause"));
        if let Some(approve) = approve {
            person.hold_on(approve, Duration::from_millis(900)).unwrap();
        }
    }
    await_label(&icon, "Pause for 1 hour");
}

#[test]
fn h14_the_page_loads_and_runs_nothing_from_elsewhere() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let book = Driven::open(&session);
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let away = format!("http://{}", server.local_addr().unwrap());
    for (what, script) in [
        ("eval", "try { eval('1'); done('ran') } catch (no) { done('blocked') }".to_owned()),
        ("Function", "try { new Function('1')(); done('ran') } catch (no) { done('blocked') }".to_owned()),
        ("fetch", format!("fetch('{away}').then(() => done('ran'), () => done('blocked'))")),
        (
            "an image",
            format!("const i = new Image(); i.onload = () => done('ran'); i.onerror = () => done('blocked'); i.src = '{away}/x.png'"),
        ),
        (
            "an inline script",
            "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.head.append(s); done(window.ran ? 'ran' : 'blocked')".to_owned(),
        ),
        (
            "a script from elsewhere",
            format!("const s = document.createElement('script'); s.onload = () => done('ran'); s.onerror = () => done('blocked'); s.src = '{away}/x.js'; document.head.append(s)"),
        ),
        (
            "a frame",
            format!("const f = document.createElement('iframe'); f.src = '{away}'; document.body.append(f); setTimeout(() => done('blocked'), 300)"),
        ),
        ("another page", format!("location.href = '{away}'; setTimeout(() => done('blocked'), 300)")),
        ("another window", format!("done(window.open('{away}') === null ? 'blocked' : 'ran')")),
        ("a changed prototype", "Object.prototype.evil = 1; done({}.evil ? 'ran' : 'blocked')".to_owned()),
    ] {
        assert_eq!(book.script(&script), "blocked", "{what}");
    }
    let knocked = server.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(
        knocked,
        Err(std::io::ErrorKind::WouldBlock),
        "something was asked for over the network"
    );
    assert_eq!(book.script("done(location.protocol)"), "tauri:");
}

#[test]
fn h20_the_books_button_is_reached_by_keyboard_opens_the_prompt_and_decides_nothing() {
    let _alone = alone();
    let session = Session::builder().panel(true).accessibility(false).start().unwrap();
    let _program = start(&session, desktop(&session));
    let icon = icon(&session);
    let asked = ask(&session, "agent");
    await_label(&icon, "1 request is waiting");
    let prompt = session.screen().await_window(SOON, |window| window.title == "Placet").unwrap();
    icon.press("Open the book").unwrap();
    let book = session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped);
    let book = book.unwrap().id;
    session.screen().await_active(SOON, |active| active.id == book).unwrap();
    // Until the page is there, keys go nowhere.
    let begun = Instant::now();
    let mut person = session.person().unwrap();
    while session.screen().active().unwrap().is_some_and(|active| active.id == book) {
        assert!(begun.elapsed() < SOON, "the button was not reached");
        // Backwards: it is the last one on the page, and what comes first turns the pages.
        person.chord(&[keys::SHIFT, keys::TAB]).unwrap();
        person.key(keys::RETURN).unwrap();
        let a_while = Duration::from_millis(500);
        let _ = session.screen().await_active(a_while, |active| active.id == prompt.id);
    }
    session.screen().await_active(SOON, |active| active.id == prompt.id).unwrap();
    picture(&session, "book-opened-prompt");
    assert!(asked.running(), "{}", asked.log());
}

#[test]
fn the_first_steps_come_first_on_a_first_start_and_say_what_is_done() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::open(&session);
    let state = json!({"waiting": [], "paused_until": null, "trouble": null});
    let page = json!({"show": {"version": "1.2.3", "state": state, "places": [], "first": true}});
    book.tell(&page);
    let beginning = |autostart: &Value, agents: &Value| {
        json!({"beginning": {"autostart": autostart, "program": "/opt/<b>placet</b>",
            "agents": agents, "asked": false}})
    };
    answered(&mut book, 1, &json!("beginning"), &beginning(&json!("off"), &json!([])));
    await_text(&book, "#start-auto", "/opt/<b>placet</b>");
    await_text(&book, "#start-agents", "No agent has a name yet.");
    looked_at(&session, &book, "first-steps");
    book.script("document.querySelector('#start-switch button').click(); done(1)");
    answered(&mut book, 2, &json!({"autostart": true}), &json!({"autostart": "on"}));
    await_text(&book, "#start-auto", "Placet starts when you log in.");
    // An agent was named: what is on the page follows.
    book.show(&json!([]));
    let other = json!({"other": "/tmp/<b>evil</b>"});
    answered(&mut book, 3, &json!("beginning"), &beginning(&other, &json!(["build-bot"])));
    await_text(&book, "#start-agents", "build-bot");
    await_text(&book, "#start-auto", "/tmp/<b>evil</b>");
    book.script("document.querySelector('#start-switch button').click(); done(1)");
    answered(&mut book, 4, &json!({"autostart": true}), &json!({"failed": "It cannot be."}));
    await_text(&book, "#start-auto", "It cannot be.");
}

#[test]
fn every_word_of_ours_in_the_book_can_be_translated() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut book = Driven::opened(&session, "PLACET_TEST_PRETEND=1");
    let waiting = json!([{"id": "7", "name": "7", "heading": "8"}]);
    let muted = json!([{"bucket": "7", "name": "7", "until": "15:20"}]);
    let kind = json!({"agent": "7", "tool": "8"});
    let state = json!({"waiting": waiting, "paused_until": "14:00", "trouble": null, "muted": muted,
        "quiet_until": "9:00", "settings": {"quiet": {"from": 1, "to": 2}, "on_notification": [kind]}});
    let page = json!({"show": {"version": "1.2.3", "state": state, "said": "7", "places": []}});
    book.tell(&page);
    await_text(&book, "#version", "1.2.3");
    let server = |endpoint: Value, http: bool| {
        json!({"name": "7", "issuer": "8", "account": "", "client_id": "9",
        "challenge_endpoint": endpoint, "plain_http": http, "proxy": http.then_some("7"),
        "authorities": if http { json!([{"subject": "7", "sha256": "8", "until": "9"}]) } else { json!([]) }})
    };
    let agents = json!({"agents": [{"name": "7", "paired_at": 1, "last_used": null}, {"name": "8", "paired_at": 1, "last_used": 2}]});
    let servers = json!({"servers": [server(json!("7"), true), server(Value::Null, false)]});
    let finding = json!({"what": "7", "good": false, "state": "8", "means": "9", "better": "10"});
    let beginning =
        json!({"beginning": {"autostart": "off", "program": "7", "agents": ["8"], "asked": true}});
    let asked = json!({"history": {"before": null, "outcome": null, "agent": null, "server": null, "words": ""}});
    for (number, page, question, answer, shown) in [
        (1, "agents", json!("agents"), agents.clone(), "#agents-all"),
        (2, "servers", json!("servers"), servers, "#servers-all"),
        (3, "health", json!("health"), json!({"health": [finding]}), "#health-all"),
        (4, "settings", json!("agents"), agents, "#page-settings"),
        (5, "start", json!("beginning"), beginning, "#start-agents"),
        (6, "history", asked, json!({"history": []}), "#found"),
    ] {
        book.script(&format!("document.querySelector('[data-page={page}]').click(); done(1)"));
        answered(&mut book, number, &question, &answer);
        await_text(&book, shown, "!!");
        looked_at(&session, &book, &format!("pretended-{page}"));
    }
    let words = book.script(
        "for (const one of document.querySelectorAll('.command, script, style')) one.remove();
         const labels = [...document.querySelectorAll('[aria-label]')].map((one) => one.getAttribute('aria-label'));
         const inside = document.getElementById('one').content.textContent;
         done([document.title, document.body.textContent, inside, ...labels].join('\\n'))",
    );
    let words = words.as_str().unwrap();
    assert!(words.matches("[!! ").count() > 100, "{words}");
    for line in words.split('\n') {
        // The name, a command, and the month as the system's own words have it.
        let ours = line
            .replace("Placet", "")
            .replace("placet as remove", "")
            .replace("--account", "")
            .replace("Jan", "");
        let english = ours.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_lowercase));
        assert!(!english, "{line}");
    }
}
