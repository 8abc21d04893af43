//! The book for everybody: by a screen reader, by the keyboard alone, with weak eyes, without motion,
//! and in scripts that run from right to left (H20, F20).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr)] // what is skipped is said

mod desktop_support;

use std::time::{Duration, Instant};

use desktop_support::{SOON, alone, desktop, icon, picture, run, start};
use placet_stage::desktop::{Node, Session, State, Theme};
use placet_tests::book::{Driven, TITLE, answered, await_text};
use placet_tests::gallery::book::leaf_through;
use serde_json::{Value, json};

/// What can be worked, in the order of the page.
const CONTROLS: &str = "[...document.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex]')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility())";

/// Colours as they come to lie: `ground(element)` and `ratio(colour, ground)` (WCAG 2.1).
const COLOURS: &str = "
    const parts = (colour) => {
      const numbers = colour.match(/[\\d.]+/g).map(Number);
      if (!/^rgba?\\(/.test(colour)) throw new Error(`a colour of another kind: ${colour}`);
      return [...numbers, 1].slice(0, 4);
    };
    const over = ([r, g, b, a], under) => [r, g, b].map((one, n) => one * a + under[n] * (1 - a)).concat(1);
    const ground = (element) => {
      const own = parts(getComputedStyle(element).backgroundColor);
      if (own[3] === 1) return own;
      return over(own, element.parentElement ? ground(element.parentElement) : [255, 255, 255, 1]);
    };
    const light = (colour) => colour.slice(0, 3)
      .map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
      .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
    const ratio = (one, other) => {
      const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };";

/// Texts that stand out from their ground by less than `least`, and how many were looked at.
fn faint(least: f64) -> String {
    format!(
        "{COLOURS}
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        let looked = 0;
        while (texts.nextNode()) {{
          const text = texts.currentNode;
          const element = text.parentElement;
          if (!text.data.trim() || !element.checkVisibility() || element.closest('script, template')) continue;
          looked += 1;
          const under = ground(element);
          const stands = ratio(over(parts(getComputedStyle(element).color), under), under);
          if (stands < {least}) found.push(`${{text.data.trim().slice(0, 40)}}: ${{stands.toFixed(2)}}`);
        }}
        done({{found, looked}});"
    )
}

#[test]
fn h20_all_text_of_the_book_stands_out_in_light_dark_and_high_contrast() {
    let _alone = alone();
    for (theme, least) in [(Theme::Light, 4.5), (Theme::Dark, 4.5), (Theme::Contrast, 7.0)] {
        let session = Session::builder().accessibility(false).theme(theme).start().unwrap();
        let book = Driven::open(&session);
        let dark = book.script("done(matchMedia('(prefers-color-scheme: dark)').matches)");
        assert_eq!(dark, theme == Theme::Dark, "the page does not follow the desktop");
        let more = book.script("done(matchMedia('(prefers-contrast: more)').matches)");
        assert_eq!(more, theme == Theme::Contrast, "the page does not follow the desktop");
        leaf_through(book, &mut |name, book| {
            let said = book.script(&faint(least));
            assert_eq!(said["found"], json!([]), "{name} in {theme:?}");
            assert!(said["looked"].as_u64().unwrap() > 10, "{name}: {said}");
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn h20_without_motion_nothing_of_the_book_moves_and_at_twice_the_text_nothing_is_cut() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).animations(false).text_scale(2.0);
    let session = session.size(1600, 1500).start().unwrap();
    let book = Driven::open(&session);
    let still = book.script("done(matchMedia('(prefers-reduced-motion: reduce)').matches)");
    assert_eq!(still, true, "the page does not follow the desktop");
    leaf_through(book, &mut |name, book| {
        let moves = "[...document.querySelectorAll('*')].filter((one) => {
            const style = getComputedStyle(one);
            return style.animationName !== 'none' || style.scrollBehavior !== 'auto'
              || style.transitionDuration.split(', ').some((time) => parseFloat(time) > 0);
          }).map((one) => one.outerHTML.slice(0, 60))";
        assert_eq!(book.script(&format!("done({moves})")), json!([]), "{name}");
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(book.script(&format!("done({wide})")), 0, "{name} is wider than the window");
        // The window grows with the text, so that a line holds as much as ever.
        let columns = book.script(
            "done(innerWidth / parseFloat(getComputedStyle(document.documentElement).fontSize))",
        );
        assert!(columns.as_f64().unwrap() > 40.0, "{columns} letters' heights wide");
        Ok(())
    })
    .unwrap();
}

/// Presses Tab, as a keyboard does.
fn tab(book: &Driven) {
    let keys =
        json!([{"type": "keyDown", "value": "\u{e004}"}, {"type": "keyUp", "value": "\u{e004}"}]);
    book.call("/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]}));
}

#[test]
fn h20_the_keyboard_alone_reaches_every_control_of_the_book_in_order_and_shows_where_it_is() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    leaf_through(Driven::open(&session), &mut |name, book| {
        let count = book.script(&format!("done({CONTROLS}.length)")).as_u64().unwrap();
        assert!(count >= 7, "{name} has {count}");
        book.script(&format!("{CONTROLS}[0].focus(); done(1)"));
        for number in 0..count {
            if number > 0 {
                tab(book);
            }
            let said = book.script(&format!(
                "{COLOURS} const now = document.activeElement; const style = getComputedStyle(now);
                 done({{at: {CONTROLS}.indexOf(now), what: now.outerHTML.slice(0, 80), style: style.outlineStyle,
                   width: parseFloat(style.outlineWidth),
                   ring: ratio(parts(style.outlineColor), ground(now.parentElement))}})"
            ));
            assert_eq!(said["at"], number, "{name}: {said}");
            assert_eq!(said["style"], "solid", "{name}: {said}");
            assert!(said["width"].as_f64().unwrap() >= 2.0, "{name}: {said}");
            assert!(said["ring"].as_f64().unwrap() >= 3.0, "{name}: {said}");
        }
        Ok(())
    })
    .unwrap();
}

/// The book's page, as a screen reader has it, once it fits.
fn await_page(session: &Session, fits: impl Fn(&Node) -> bool) -> Node {
    let eyes = session.eyes().unwrap();
    let of_web = |node: &Node| node.role == "document web" && fits(node);
    eyes.await_node("placet-desktop", SOON, of_web).unwrap()
}

#[test]
fn h20_a_screen_reader_finds_every_control_of_the_book_by_its_name_in_the_order_of_the_keyboard() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    leaf_through(Driven::open(&session), &mut |name, book| {
        // By the page's own words: a label of its own, that of its field, or what stands on it.
        let named = format!(
            "done({CONTROLS}.map((one) => one.getAttribute('aria-label')
               ?? (one.labels?.length ? one.labels[0].querySelector('[data-text]').textContent : one.textContent))
               .map((name) => name.trim()))"
        );
        let named: Vec<String> = serde_json::from_value(book.script(&named)).unwrap();
        assert!(named.iter().all(|name| !name.is_empty()), "{name}: {named:?}");
        let controls = |page: &Node| -> Vec<String> {
            let is_one = |node: &&Node| {
                ["push button", "entry", "combo box", "check box"].contains(&node.role.as_str())
            };
            let names = page.all().into_iter().filter(is_one).map(|node| node.name.trim().to_owned());
            names.collect()
        };
        let fits = |page: &Node| {
            let heard = controls(page);
            heard.len() == named.len()
                && heard.iter().zip(&named).all(|(heard, named)| heard.starts_with(named.as_str()))
        };
        let page = await_page(&session, fits);
        let headings: Vec<&str> =
            page.all().into_iter().filter(|node| node.role == "heading").map(|node| node.name.as_str()).collect();
        let title = book.script(
            "done([...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.checkVisibility()).map((one) => one.textContent))",
        );
        let title: Vec<String> = serde_json::from_value(title).unwrap();
        assert!(title.len() >= 2 && title[0] == "Placet", "{name}: {title:?}");
        assert_eq!(headings, title, "{name}");
        // Where the focus is, is told.
        book.script(&format!("{CONTROLS}[0].focus(); done(1)"));
        tab(book);
        let focused = |page: &Node| {
            page.all().into_iter().any(|node| node.is(State::Focused) && node.name.trim() == named[1])
        };
        await_page(&session, focused);
        Ok(())
    })
    .unwrap();
}

#[test]
fn h20_the_running_book_is_read_and_pressed_and_says_that_nobody_shows_notifications() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let program = start(&session, desktop(&session));
    icon(&session).press("Open the book").unwrap();
    session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped).unwrap();
    let eyes = session.eyes().unwrap();
    let mut person = session.person().unwrap();
    let begun = Instant::now();
    let told = |page: &Node| {
        let words: String = page
            .all()
            .into_iter()
            .map(|node| format!("{}\n{}\n", node.name, node.text.as_deref().unwrap_or("")))
            .collect();
        words.contains("Look at this: Nobody shows them")
            && words.contains("Start the notification service of your desktop.")
    };
    loop {
        assert!(begun.elapsed() < SOON * 3, "{:?}", eyes.program("placet-desktop"));
        // What was pressed while the page was coming up may have gone nowhere.
        let named = |node: &Node| node.role == "push button" && node.name == "Health";
        let button = eyes.await_node("placet-desktop", SOON, named).unwrap();
        person.click_on(&button).unwrap();
        let a_while = Duration::from_secs(8);
        let web = |node: &Node| node.role == "document web" && told(node);
        if eyes.await_node("placet-desktop", a_while, web).is_ok() {
            break;
        }
    }
    picture(&session, "book-health-running");
    // It is normal, so that the doctor has nothing to mend.
    let doctor = run(&session, &["doctor"]);
    assert!(doctor.success, "{}{}", doctor.out, doctor.err);
    assert!(!doctor.out.to_lowercase().contains("notification"), "{}", doctor.out);
    assert!(program.running(), "{}", program.log());
}

/// Whether a name is drawn wholly before what is written after it on the same line.
fn order(of: &str, name: &str, after: &str) -> String {
    format!(
        "const all = document.querySelector({of:?});
         const texts = document.createTreeWalker(all, NodeFilter.SHOW_TEXT);
         const letters = [];
         while (texts.nextNode()) [...texts.currentNode.data].reduce((at, letter) => {{
           letters.push([letter, texts.currentNode, at, at + letter.length]);
           return at + letter.length;
         }}, 0);
         const words = letters.map(([letter]) => letter).join('');
         const places = (from, text) => letters.slice(from, from + [...text].length).map(([, node, start, end]) => {{
           const range = document.createRange();
           range.setStart(node, start);
           range.setEnd(node, end);
           return range.getBoundingClientRect();
         }}).filter((place) => place.width > 0);
         const index = (text, from) => [...words.slice(0, words.indexOf(text, from))].length;
         const [name, after] = [{name:?}, {after:?}];
         const [first, second] = [places(index(name, 0), name), places(index(after, words.indexOf(name) + name.length), after)];
         done({{words, letters: [first.length, second.length], right: Math.max(...first.map((place) => place.right)),
           left: Math.min(...second.map((place) => place.left))}});"
    )
}

fn in_order(book: &Driven, of: &str, name: &str, after: &str) {
    let said = book.script(&order(of, name, after));
    assert!(
        said["letters"][0].as_u64() > Some(0) && said["letters"][1].as_u64() > Some(0),
        "{said}"
    );
    let (right, left) = (said["right"].as_f64().unwrap(), said["left"].as_f64().unwrap());
    assert!(right <= left + 0.5, "{of}: {after} is drawn before the end of {name}: {said}");
}

#[test]
fn h9_a_name_that_runs_from_right_to_left_leaves_what_stands_beside_it_in_place() {
    let _alone = alone();
    // There a date begins with a number, which such letters draw to their other side.
    let session =
        Session::builder().accessibility(false).env("LANG", "en_GB.UTF-8").start().unwrap();
    let mut book = Driven::open(&session);
    let (one, two) = ("דוד", "משה 7");
    let waiting = json!([{"id": "req_1", "name": two, "heading": "Let somebody do this?",
        "code": "ABCD-EFGH", "brief": "shell: ls", "asked_at": "15:10"}]);
    let muted = json!([{"bucket": two, "name": two, "until": "15:20"}]);
    book.state(&json!({"waiting": waiting, "paused_until": null, "trouble": null, "muted": muted}));
    await_text(&book, "#waiting .name", two);
    in_order(&book, "#waiting .name", two, "asks");
    let past = |name: &str| {
        json!({"seq": 9, "request": "req_1", "at": 1_795_000_000_000_u64, "kind": "approval",
            "agent": name, "server": "", "heading": "x", "outcome": "declined", "reason": "denied",
            "code": "ABCD-EFGH", "brief": "shell: ls"})
    };
    let nothing = json!({"history": {"before": null, "outcome": null, "agent": null, "server": null, "words": ""}});
    let mut number = 0;
    // The last two turn round what follows, if they are let.
    for name in [one, two, "\u{202e}bot", "\u{2067}bot"] {
        book.turn_to("history");
        number += 1;
        answered(&mut book, number, &nothing, &json!({"history": [past(name)]}));
        await_text(&book, "#past .name", name);
        in_order(&book, "#past .name", name, "2026");
        in_order(&book, "#past .name", name, "18");
    }
    book.turn_to("agents");
    let agents: Vec<Value> = [one, two]
        .iter()
        .map(|name| json!({"name": name, "paired_at": 1, "last_used": null}))
        .collect();
    answered(&mut book, number + 1, &json!("agents"), &json!({"agents": agents}));
    await_text(&book, "#agents-stopped", two);
    in_order(&book, "#agents-stopped .heading", two, "Every");
    book.turn_to("start");
    let beginning =
        json!({"autostart": "off", "program": "/x", "agents": [one, two], "asked": false});
    answered(&mut book, number + 2, &json!("beginning"), &json!({"beginning": beginning}));
    await_text(&book, "#start-agents", two);
    in_order(&book, "#start-agents", one, two);
    picture(&session, "book-leftwards");
}

/// Deque's axe, if it is here: `tests/interop/axe/by-hand.sh` gets it.
#[test]
fn h20_axe_finds_nothing_on_any_page_of_the_book() {
    let Some(axe) = std::env::var_os("PLACET_AXE") else {
        eprintln!("skipped: PLACET_AXE names no axe.min.js");
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let _alone = alone();
    for theme in [Theme::Light, Theme::Dark] {
        let session = Session::builder().accessibility(false).theme(theme).start().unwrap();
        let book = Driven::open(&session);
        // As the driver's own script: the page's policy lets none in.
        book.call(
            "/execute/sync",
            &json!({"script": format!("{axe}; window.axe = window.axe ?? axe"), "args": []}),
        );
        leaf_through(book, &mut |name, book| {
            let found = book.script(
                "axe.run(document).then(({violations}) => done(violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes[0].html}`)), (no) => done(String(no)))",
            );
            assert_eq!(found, json!([]), "{name} in {theme:?}");
            Ok(())
        })
        .unwrap();
    }
}
