//! Screens: complete, in order, escaped.

use serde_json::json;

use super::*;
use crate::request::{Pairing, Process};

const BARE: Surroundings = Surroundings {
    hardened: false,
    observable: true,
    seat: crate::ports::Seat::Unknown,
    sees_cover: true,
};

fn request(matter: Matter, words: Option<&str>) -> Request {
    Request {
        id: RequestId("req_1".into()),
        asker: Asker {
            pairing: None,
            claims: Some("claude \u{202e}edoc".into()),
            kernel: Kernel {
                uid: 1000,
                pid: Some(42),
                chain: vec![
                    Process {
                        pid: 42,
                        name: "node".into(),
                        exe: Some("/usr/bin/node".into()),
                        exe_hash: None,
                    },
                    Process { pid: 41, name: "bash".into(), exe: None, exe_hash: None },
                ],
                cwd: Some("/srv/app".into()),
                place: Place::Session,
            },
        },
        matter,
        words: words.map(str::to_owned),
        binding_code: "ABCD-EFGH".into(),
        received_at: Timestamp(0),
        expires_at: Timestamp(300_000),
    }
}

fn call(arguments: Value) -> Matter {
    Matter::Approval(ToolCall {
        tool: "shell".into(),
        arguments,
        working_directory: Some("/srv/app".into()),
    })
}

fn lines(matter: Matter, words: Option<&str>) -> Vec<String> {
    Screen::review(&request(matter, words), None, BARE).lines()
}

#[test]
fn h3_every_member_of_the_arguments_has_a_row_whatever_its_type() {
    let all = lines(
        call(
            json!({"command":"make","timeout":5,"text5":"5","force":true,"env":{"A":"b"},"files":["x","y"],"none":null}),
        ),
        None,
    );
    for part in [
        "command",
        "make",
        "timeout (number)",
        "5",
        "text5",
        "force (yes or no)",
        "true",
        "env (object)",
        "{\"A\": \"b\"}",
        "files (list)",
        "[\"x\", \"y\"]",
        "none (null)",
    ] {
        assert!(all.iter().any(|line| line == part), "{part} is missing in {all:#?}");
    }
}

#[test]
fn h1_what_the_requester_named_stands_under_a_heading_of_ours_and_cannot_pose_as_a_row_of_ours() {
    let arguments = json!({"command": "make", "In the folder": "/safe", "Tool": "ls", "": "x", "a (number)": "5"});
    let screen = Screen::review(&request(call(arguments), None), None, BARE);
    let rows: Vec<(Part, &str)> =
        screen.action.rows.iter().map(|row| (row.part, row.label.as_str())).collect();
    assert_eq!(
        rows,
        [
            (Part::Fact, "Tool"),
            (Part::Fact, "In the folder"),
            (Part::Heading, ""),
            (Part::Given, "command"),
            (Part::Given, "\"In the folder\""),
            (Part::Given, "\"Tool\""),
            (Part::Given, "\"\""),
            (Part::Given, "\"a (number)\""),
        ]
    );
    // What a name that the requester chose must never look like: it holds for all labels of ours.
    let paired = Request {
        asker: Asker {
            pairing: Some("x do this? Let y".into()),
            ..request(call(json!([])), None).asker
        },
        ..request(call(json!([1])), None)
    };
    let other = Screen::review(&paired, None, BARE);
    assert_eq!(other.heading.as_str(), "Let \"x do this? Let y\" do this?");
    for row in [&screen, &other].iter().flat_map(|screen| {
        [&screen.action, &screen.asker, &screen.destination].into_iter().flat_map(|s| &s.rows)
    }) {
        if row.part == Part::Fact {
            assert!(!row.label.as_str().starts_with(|c: char| !c.is_ascii_uppercase()), "{row:?}");
        }
    }
}

#[test]
fn h3_what_is_too_large_to_be_shown_in_full_says_so_and_cannot_be_approved() {
    let large = "\n".repeat(SHOWN_LINES);
    let screen = Screen::review(&request(call(json!({"a": large})), None), None, BARE);
    assert!(!screen.approvable);
    assert_eq!(screen.action.rows.len(), 1, "not in part");
    assert!(screen.action.rows[0].value.as_str().starts_with("This is too large"));
    let most = "\n".repeat(SHOWN_LINES - 10);
    let most = Screen::review(&request(call(json!({"a": most})), None), None, BARE);
    assert!(most.approvable);
}

#[test]
fn s6_a_server_in_punycode_and_one_that_resembles_another_are_warned_of() {
    let server = |issuer: &str| Server {
        issuer: issuer.into(),
        name: "Harbor".into(),
        client_id: "c".into(),
        account: "a".into(),
        challenge_endpoint: None,
        danger_http_loopback: false,
        way: crate::way::Way::default(),
    };
    let new = server("https://xn--hrbor-4ve.example");
    let screen = Screen::review(&request(Matter::EnrolServer(new), None), None, BARE);
    let all = screen.lines().join("\n");
    assert!(all.contains("hаrbor.example") && all.contains("Letters of other scripts"), "{all}");
    let all = screen.resembling(&server("https://harbor.example")).lines().join("\n");
    assert!(all.contains("It looks like Harbor at https://harbor.example"), "{all}");
}

#[test]
fn h3_a_long_argument_is_folded_and_complete() {
    let long = (0..3000).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let screen = Screen::review(&request(call(json!({"script": long.clone()})), None), None, BARE);
    let row = screen.action.rows.iter().find(|row| row.label.as_str() == "script").unwrap();
    assert!(row.folds());
    assert_eq!(row.value.as_str(), long);
}

#[test]
fn h3_every_member_of_every_authorization_detail_has_a_row() {
    let details = json!([
        {"type":"deploy","locations":["https://api.example"],"actions":["write","delete"],"secretly":{"also":[1]}},
        {"type":"read","identifier":"log"}
    ]);
    let asked = Authorization {
        issuer: "https://as.example".into(),
        scope: Some("a b".into()),
        resource: vec!["https://api.example".into()],
        authorization_details: details
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d.as_object().unwrap().clone())
            .collect(),
        authorization_details_raw: None,
        acr_values: None,
        max_age: Some(60),
        code_challenge: String::new(),
    };
    let all = lines(Matter::Authorization(asked), None).join("\n");
    for part in [
        "deploy",
        "locations",
        "https://api.example",
        "write",
        "delete",
        "secretly",
        "also",
        "read",
        "identifier",
        "log",
        "a b",
        "60 s",
    ] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
}

#[test]
fn h1_the_order_is_action_asker_destination_and_the_agents_words_last() {
    let all = lines(call(json!({"command":"make"})), Some("please"));
    let at = |what: &str| {
        all.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what} in {all:#?}"))
    };
    let order = [
        at("What it wants to do"),
        at("Who asks"),
        at("Where the answer goes"),
        at("In the agent's own words (not checked)"),
        at("please"),
        at("Deny"),
        at("Approve"),
    ];
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn h2_the_agents_words_are_clipped_at_280_characters_and_the_screen_says_so() {
    let exact = lines(call(json!({})), Some(&"x".repeat(280))).join("\n");
    assert!(exact.contains(&"x".repeat(280)) && !exact.contains("It said more"));
    let more = lines(call(json!({})), Some(&"x".repeat(281))).join("\n");
    assert!(!more.contains(&"x".repeat(281)) && more.contains("It said more"));
}

#[test]
fn h9_hostile_text_is_written_out_wherever_it_comes_from() {
    let evil = "a\u{202e}b\u{200b}c\u{7}";
    let asked = Authorization {
        issuer: evil.into(),
        scope: Some(evil.into()),
        resource: vec![evil.into()],
        authorization_details: vec![json!({evil: evil, "n": [evil]}).as_object().unwrap().clone()],
        authorization_details_raw: None,
        acr_values: Some(evil.into()),
        max_age: None,
        code_challenge: String::new(),
    };
    let server = Server {
        issuer: evil.into(),
        name: evil.into(),
        client_id: evil.into(),
        account: evil.into(),
        challenge_endpoint: Some(evil.into()),
        danger_http_loopback: false,
        way: crate::way::Way::default(),
    };
    let mut who = request(Matter::Authorization(asked), Some(evil));
    who.asker.pairing = Some(evil.into());
    who.asker.kernel.cwd = Some(evil.into());
    who.asker.kernel.chain[0].exe = Some(evil.into());
    who.asker.kernel.chain[0].name = evil.into();
    let review = Screen::review(&who, Some(&server), BARE);
    let schema = json!({"type":"object","properties":{evil:{"type":"string","title":evil,"description":evil,"default":evil},
        "c":{"type":"string","oneOf":[{"const":"a","title":evil}]}}});
    let form = Form::parse(&schema, crate::form::Source::Server).unwrap();
    let challenge = Screen::challenge(&review, 2, evil, form, None, Timestamp(1));
    let enrol = Screen::review(&request(Matter::EnrolServer(server.clone()), None), None, BARE);
    let found = Screen::found(&enrol, &server);
    for screen in [review, challenge, enrol, found] {
        let json = serde_json::to_string(&screen).unwrap();
        let all = screen.lines().join("\n") + &json;
        assert!(!all.contains(['\u{202e}', '\u{200b}', '\u{7}']), "{all}");
        assert!(all.contains("⟨U+202E⟩"));
    }
}

#[test]
fn s4_what_the_kernel_says_and_what_the_peer_says_are_told_apart() {
    let all = lines(call(json!({})), None);
    let after = |label: &str| {
        all.iter().skip_while(|line| *line != label).nth(1).cloned().unwrap_or_default()
    };
    assert_eq!(after("Program"), "/usr/bin/node");
    assert_eq!(after("Says it is"), "claude ⟨U+202E⟩edoc");
    assert_eq!(after("Started by"), "node ← bash");
    assert!(
        all[0].contains("an unpaired program"),
        "the heading never uses what a peer calls itself"
    );
}

fn code_screen() -> String {
    let review = Screen::review(&request(call(json!({})), None), None, BARE);
    let schema = json!({"type":"object","properties":{"otp":{"type":"string"}}});
    let form = Form::parse(&schema, crate::form::Source::Server).unwrap();
    Screen::challenge(&review, 2, "", form, None, Timestamp(1)).lines().join("\n")
}

#[test]
fn h1_what_a_form_says_of_itself_is_shown_with_the_question() {
    let schema = json!({"type": "object", "title": "Sign off", "description": "For the \u{202e}auditor.",
        "properties": {"name": {"type": "string"}}});
    let form = || Form::parse(&schema, crate::form::Source::Server).unwrap();
    let review = Screen::review(&request(call(json!({})), None), None, BARE);
    let shown = Screen::challenge(&review, 2, "", form(), None, Timestamp(1)).lines().join("\n");
    let asked = Matter::Elicitation(crate::request::Elicitation {
        server: None,
        message: "A question.".into(),
        requested_schema: schema.clone(),
        form: form(),
    });
    for shown in [shown, lines(asked, None).join("\n")] {
        assert!(shown.contains("The form says\nSign off"), "{shown}");
        assert!(shown.contains("For the ⟨U+202E⟩auditor."), "{shown}");
    }
}

fn form_lines(properties: Value, required: &[&str]) -> Vec<String> {
    let review = Screen::review(&request(call(json!({})), None), None, BARE);
    let schema = json!({"type":"object","properties":properties,"required":required});
    let form = Form::parse(&schema, crate::form::Source::Server).unwrap();
    let lines = Screen::challenge(&review, 2, "", form, None, Timestamp(1)).lines();
    let from = review.lines().len();
    // Two more for what the server says, and the two buttons behind.
    lines[from..lines.len() - 2].to_vec()
}

#[test]
fn h8_an_option_stands_with_its_title_and_with_what_is_sent_where_that_differs() {
    let options = json!([{"const":"r","title":"Red"},{"const":"Green","title":"Green"},{"const":"","title":"\u{202e}"}]);
    let several = json!({"a":{"type":"array","title":"Colours","description":"For the cover.",
        "items":{"anyOf":options.clone()},"minItems":1,"maxItems":2}});
    let shown = ["Red", "Sent as r", "Green", "⟨U+202E⟩", "Sent as \"\""];
    let lines = form_lines(several, &["a"]);
    assert_eq!(lines, [&["Colours", "For the cover.", "Choose 1 to 2."], &shown[..]].concat());
    let one = json!({"a":{"type":"string","title":"Colour","oneOf":options}});
    assert_eq!(form_lines(one.clone(), &["a"]), [&["Colour"], &shown[..]].concat());
    // Whoever need not choose can take a choice back.
    assert_eq!(form_lines(one, &[]), [&["Colour", "No answer"], &shown[..]].concat());
}

#[test]
fn h8_a_default_that_would_look_otherwise_than_it_is_is_told_and_not_filled_in() {
    let review = Screen::review(&request(call(json!({})), None), None, BARE);
    let drawn = |default: &str| {
        let schema = json!({"type":"object","properties":{"a":{"type":"string","default":default}},"required":["a"]});
        let form = Form::parse(&schema, crate::form::Source::Server).unwrap();
        let screen = Screen::challenge(&review, 2, "", form, None, Timestamp(1));
        let Input::Line { default } = &screen.fields[0].input else { panic!("a line") };
        let help = screen.fields[0].help.iter().map(Text::as_str).collect::<Vec<_>>().join("|");
        (default.as_str().to_owned(), help)
    };
    assert_eq!(drawn("Harbor 7 é"), ("Harbor 7 é".into(), String::new()));
    for (hostile, told) in [
        ("a\u{202e}b", "a⟨U+202E⟩b"),
        ("a\nb", "a⟨U+000A⟩b"),
        ("שלום", "⍇שלום⍈"),
        ("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"),
    ] {
        assert_eq!(
            drawn(hostile),
            (String::new(), format!("Suggested, and not filled in: {told}"))
        );
    }
}

#[test]
fn t7_the_screen_says_that_a_code_is_not_phishing_resistant() {
    assert!(code_screen().contains("not phishing-resistant"));
}

#[test]
fn t8_the_screen_says_that_a_code_is_not_tied_to_the_action() {
    assert!(code_screen().contains("not what you approve"));
}

#[test]
fn a27_a_test_server_without_encryption_has_a_banner_that_stays() {
    let server = Server {
        issuer: "http://localhost:1".into(),
        name: "t".into(),
        client_id: "c".into(),
        account: "a".into(),
        challenge_endpoint: None,
        danger_http_loopback: true,
        way: crate::way::Way::default(),
    };
    let review = Screen::review(&request(call(json!({})), None), Some(&server), BARE);
    assert!(review.lines().join("\n").contains("not encrypted"));
    let next = Screen::challenge(&review, 2, "", Form::default(), None, Timestamp(1));
    assert!(next.lines().join("\n").contains("not encrypted"));
}

#[test]
fn h1_a_prompt_on_another_screen_than_the_persons_own_says_so() {
    let banner = "This is not the screen that you are logged in at.";
    use crate::ports::Seat;
    for (seat, says) in [(Seat::Elsewhere, true), (Seat::Here, false), (Seat::Unknown, false)] {
        let at = Surroundings { seat, ..BARE };
        let review = Screen::review(&request(call(json!({})), None), None, at);
        let next = Screen::challenge(&review, 2, "", Form::default(), None, Timestamp(1));
        for screen in [review, next] {
            assert_eq!(screen.lines().iter().any(|line| line == banner), says, "{seat:?}");
        }
    }
}

#[test]
fn h1_a_prompt_that_cannot_know_what_lies_over_it_says_so() {
    let banner = "Placet cannot see here whether something lies over this window.";
    for sees_cover in [true, false] {
        let at = Surroundings { sees_cover, ..BARE };
        let review = Screen::review(&request(call(json!({})), None), None, at);
        let next = Screen::challenge(&review, 2, "", Form::default(), None, Timestamp(1));
        for screen in [review, next] {
            assert_eq!(screen.lines().iter().any(|line| line == banner), !sees_cover);
        }
    }
}

#[test]
fn h18_no_screen_offers_to_approve_for_ever() {
    for word in ["always", "remember", "don't ask"] {
        assert!(!lines(call(json!({})), None).join("\n").to_lowercase().contains(word));
    }
}

fn approval(members: serde_json::Value) -> crate::approved::Approval {
    crate::approved::Approval::of(members.as_object().unwrap().clone()).unwrap()
}

#[test]
fn h2_h3_what_the_server_will_do_takes_the_place_of_what_was_asked_for_with_every_member() {
    let details = json!([{"type": "pay", "to": "agent's words"}]);
    let asked = Matter::Authorization(Authorization {
        issuer: "https://as.example".into(),
        scope: Some("deploy".into()),
        resource: vec![],
        authorization_details: serde_json::from_value(details).unwrap(),
        authorization_details_raw: None,
        acr_values: None,
        max_age: None,
        code_challenge: String::new(),
    });
    let review = Screen::review(&request(asked, None), None, BARE);
    let mut server_says = approval(json!({
        "iss": "https://as.example", "aud": ["https://a.example"], "txn": "T-1", "extra": {"deep": [1, null]},
        "authorization_details": [{"to": "the baker\u{202e}", "type": "pay"}], "reason": "Over the limit."}));
    server_says.left_out = 2;
    let screen = Screen::passkey(&review, 2, "m", Binding::Bound, None, Timestamp(1))
        .acting_on(&server_says);
    let lines = screen.lines().join("\n");
    assert_eq!(screen.action.title.as_str(), "What the server will do");
    for shown in [
        "pay",
        "the baker⟨U+202E⟩",
        "Over the limit.",
        "T-1",
        "https://a.example",
        "extra",
        "deep",
        "leaves out 2 permissions",
        "https://as.example",
    ] {
        assert!(lines.contains(shown), "{shown}: {lines}");
    }
    assert!(!lines.contains("agent's words"), "{lines}");
    let action: Vec<_> =
        screen.action.rows.iter().map(|row| row.value.as_str().to_owned()).collect();
    let beside = action.iter().position(|value| value.starts_with("Beside it")).unwrap();
    assert_eq!(
        action[beside + 1..],
        ["deploy"],
        "the scope is not part of what is signed: {action:?}"
    );
    assert_ne!(screen.hash().unwrap(), review.hash().unwrap());
}

#[test]
fn h3_a_notification_shows_the_whole_of_a_short_action_or_does_not_offer_to_approve() {
    let offered = |matter| {
        let screen = Screen::review(&request(matter, Some("words of the agent")), None, BARE);
        screen.offered().on_notification.map(|text| text.as_str().to_owned())
    };
    let whole = "Tool: shell\nIn the folder: /srv/app\ncommand: ls -l\ntimeout (number): 5";
    let short = offered(call(json!({"command": "ls -l", "timeout": 5})));
    assert_eq!(short.as_deref(), Some(whole));
    let long = "x".repeat(SHORT_CHARACTERS);
    for too_much in [
        json!({"command": long}),
        json!({"a": 1, "b": 2, "c": 3}),
        // Its second line could pose as another row.
        json!({"command": "ls\nTool: nothing"}),
    ] {
        assert_eq!(offered(call(too_much.clone())), None, "{too_much}");
    }
    // What reorders or hides is written out here as well.
    let evil = offered(call(json!({"command": "a\u{202e}b"}))).unwrap();
    assert!(!evil.contains('\u{202e}'), "{evil}");
    let pairing = Pairing { name: "bot".into(), code: "ABCD-EFGH".into() };
    assert_eq!(offered(Matter::Pair(pairing)), None, "only a plain approval is offered");
}

#[test]
fn h3_what_a_notification_shows_is_part_of_what_is_hashed() {
    let screen = Screen::review(&request(call(json!({"command": "ls"})), None), None, BARE);
    let json = serde_json::to_value(&screen).unwrap();
    assert!(json.get("on_notification").is_none(), "a screen without one is as it always was");
    let offered = screen.clone().offered();
    assert_ne!(screen.hash().unwrap(), offered.hash().unwrap());
}

#[test]
fn h16_a_mute_says_whom_it_hits() {
    let mute = |pairing: Option<&str>, matter| {
        let mut request = request(matter, None);
        request.asker.pairing = pairing.map(str::to_owned);
        Screen::review(&request, None, BARE).mute.as_str().to_owned()
    };
    let ask = || call(json!({}));
    assert_eq!(mute(None, ask()), "Deny, and mute all unpaired programs for 1 hour");
    assert_eq!(mute(Some("bot"), ask()), "Deny, and mute bot for 1 hour");
    let pairing = Pairing { name: "bot".into(), code: String::new() };
    let set_up = "Deny, and mute questions about setting up for 1 hour";
    assert_eq!(mute(None, Matter::Pair(pairing)), set_up);
}
