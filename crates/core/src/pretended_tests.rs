//! No screen has a word of ours that is not in the file of sentences: with the pretended language,
//! and with strangers who write nothing in letters, no letter of ours is without an accent.

use serde_json::{Value, json};

use crate::display::{Screen, book, muted, name_of};
use crate::form::{Form, Source};
use crate::passkey::{Binding, CeremonyStep};
use crate::ports::{Seat, Surroundings};
use crate::request::{
    Asker, Authorization, Elicitation, Kernel, Matter, Pairing, Place, Process, Request, RequestId,
    Server, Timestamp, ToolCall,
};
use crate::settings::{Change, Kind, Quiet, Setting, Settings};
use crate::way::{Authority, Proxy, Way};

/// A stranger's word.
const X: &str = "77";

fn x() -> String {
    X.to_owned()
}

fn server() -> Server {
    Server {
        issuer: x(),
        name: x(),
        client_id: x(),
        account: x(),
        challenge_endpoint: Some(x()),
        danger_http_loopback: true,
        way: Way { authorities: vec![authority(), authority()], proxy: Proxy::parse(PROXY).ok() },
    }
}

/// The scheme of an address is the same in every language.
const PROXY: &str = "http://0.0.0.77:7";

fn authority() -> Authority {
    let (not_before, not_after) = (Timestamp(0), Timestamp(1));
    Authority { certificate: x(), subject: x(), sha256: x(), not_before, not_after }
}

fn request(matter: Matter, pairing: Option<String>, place: Place) -> Request {
    let process = |exe| Process { pid: 7, name: x(), exe, exe_hash: None };
    Request {
        id: RequestId(x()),
        asker: Asker {
            pairing,
            claims: Some(x()),
            kernel: Kernel {
                uid: 7,
                pid: Some(7),
                chain: vec![process(None), process(Some(x()))],
                cwd: Some(x()),
                place,
            },
        },
        matter,
        words: Some(X.repeat(200)),
        binding_code: x(),
        received_at: Timestamp(0),
        expires_at: Timestamp(1),
    }
}

fn matters() -> Vec<Matter> {
    let members = json!({"7": X, "8": null, "9": 7, "10": [7], "11": {"7": 7}});
    let details = vec![members.as_object().unwrap().clone(); 2];
    let asked = |details: &[_], scope| Authorization {
        issuer: x(),
        scope,
        resource: vec![x()],
        authorization_details: details.to_vec(),
        authorization_details_raw: None,
        acr_values: Some(x()),
        max_age: Some(7),
        code_challenge: x(),
    };
    let call = |arguments: Value| {
        Matter::Approval(ToolCall { tool: x(), arguments, working_directory: Some(x()) })
    };
    let form =
        Elicitation { server: Some(x()), message: x(), requested_schema: json!({}), form: form() };
    let kind = || Kind { agent: x(), tool: x() };
    let offered = |on| Change::Set(Setting::OnNotification { kind: kind(), on });
    let changes = [
        offered(true),
        offered(false),
        Change::Set(Setting::Quiet(None)),
        Change::EndPause,
        Change::EndMute(String::new()),
        Change::EndMute("set up".into()),
        Change::EndMute(x()),
    ];
    let bare =
        Authorization { resource: vec![], acr_values: None, max_age: None, ..asked(&[], None) };
    let mut all = vec![
        call(members),
        call(json!([7])),
        call(json!({"7": "\n".repeat(crate::display::SHOWN_LINES)})),
        Matter::Authorization(asked(&details, Some(x()))),
        Matter::Authorization(asked(&details[..1], None)),
        Matter::Authorization(bare),
        Matter::Elicitation(Elicitation { server: None, ..form.clone() }),
        Matter::Elicitation(form),
        Matter::EnrolServer(server()),
        Matter::RemoveServer(server()),
        Matter::Pair(Pairing { name: x(), code: x() }),
    ];
    all.extend(changes.map(|change| Matter::Change { change }));
    all
}

fn form() -> Form {
    let option = json!({"const": "7", "title": "8"});
    let properties = json!({
        "1": {"type": "string", "minLength": 7, "maxLength": 9, "default": "7\u{202e}"},
        "2": {"type": "string", "minLength": 7}, "3": {"type": "string", "maxLength": 7},
        "4": {"type": "string", "minLength": 7, "maxLength": 7, "title": X, "description": X},
        "5": {"type": "string", "format": "email"}, "6": {"type": "string", "format": "uri"},
        "7": {"type": "string", "format": "date"}, "8": {"type": "string", "format": "date-time"},
        "9": {"type": "integer", "minimum": 1, "maximum": 7}, "10": {"type": "integer"},
        "11": {"type": "number", "minimum": 1}, "12": {"type": "number", "maximum": 7},
        "13": {"type": "number", "minimum": 1, "maximum": 7}, "14": {"type": "number"},
        "15": {"type": "integer", "minimum": 1}, "16": {"type": "integer", "maximum": 7},
        "17": {"type": "boolean"}, "18": {"type": "string", "oneOf": [option.clone()]},
        "19": {"type": "array", "items": {"anyOf": [option]}},
    });
    Form::parse(&json!({"type": "object", "properties": properties}), Source::Requester).unwrap()
}

fn screens() -> Vec<Screen> {
    let around =
        |seat, sees_cover| Surroundings { hardened: false, observable: true, seat, sees_cover };
    let mut screens = Vec::new();
    for matter in matters() {
        for (pairing, place, seat) in [
            (Some(x()), Place::Ssh, Seat::Elsewhere),
            (None, Place::Container, Seat::Here),
            (None, Place::Unknown, Seat::Here),
        ] {
            let request = request(matter.clone(), pairing, place);
            let review =
                Screen::review(&request, Some(&server()), around(seat, place == Place::Ssh));
            let ordinary = Server { way: Way::default(), ..server() };
            let warned = review.resembling(&server()).replacing(&server(), &ordinary);
            let several = [server(), server()];
            screens.push(warned.clone().beside(&several, &server()).forgetting_one(&several));
            screens.push(warned.clone().choosing(&several, None));
            screens.push(warned.offered());
        }
    }
    let review = screens[0].clone();
    let asked = |binding| Screen::passkey(&review, 2, X, binding, None, Timestamp(1));
    let secret =
        json!({"type": "object", "properties": {"7": {"type": "string", "x-sensitive": true}}});
    for form in [form(), Form::parse(&secret, Source::Server).unwrap()] {
        screens.push(Screen::challenge(&review, 2, X, form, None, Timestamp(1)));
    }
    screens.push(Screen::found(&review, &server()));
    screens.extend([Binding::Bound, Binding::Unbound].map(asked));
    let mut approval = crate::approved::Approval::of(
        json!({"authorization_details": [{"7": 7}, 7], "reason": X, "7": 7})
            .as_object()
            .unwrap()
            .clone(),
    )
    .unwrap();
    for left_out in [1, 2] {
        approval.left_out = left_out;
        screens.push(asked(Binding::Bound).acting_on(&approval));
    }
    let steps =
        [CeremonyStep::Looking, CeremonyStep::Choosing, CeremonyStep::Touch, CeremonyStep::Working];
    screens.extend(steps.map(|step| Screen::authenticator(&review, step)));
    for (tries, wrong) in [(Some(1), true), (Some(2), false), (None, true)] {
        screens.push(Screen::pin(&review, 2, tries, wrong));
    }
    screens
}

/// Two letters one after the other that have no accent.
fn plain(words: &str) -> bool {
    words.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_alphabetic))
}

#[test]
fn every_word_of_ours_on_a_screen_can_be_translated() {
    let screens = placet_texts::pretended(screens);
    assert!(screens.len() > 50);
    for screen in screens {
        let mut lines = screen.lines();
        lines.extend([screen.mute.as_str().to_owned()]);
        lines.extend(screen.on_notification.map(|text| text.as_str().to_owned()));
        for line in lines {
            // A name of the wire that is shown as it is.
            let line = line.replace("authorization_details", "7").replace("http", "7");
            assert!(!plain(&line), "{line}\nof {:?}", screen.heading);
        }
    }
}

#[test]
fn every_word_of_ours_beside_the_screens_can_be_translated() {
    placet_texts::pretended(|| {
        let mut said = vec![book(), muted(""), muted("set up")];
        said.push(name_of(
            &request(Matter::Change { change: Change::EndPause }, None, Place::Ssh).asker,
        ));
        let mut said: Vec<String> = said.iter().map(|text| text.as_str().to_owned()).collect();
        let settings = Settings::default();
        let kind = Kind { agent: x(), tool: String::new() };
        let unfit = settings.fits(&Setting::OnNotification { kind, on: true });
        said.push(unfit.unwrap_err().to_string());
        let hours = Some(Quiet { from: 1, to: 1 });
        said.push(settings.fits(&Setting::Quiet(hours)).unwrap_err().to_string());
        for words in said {
            assert!(!plain(&words) && words.starts_with("[!! "), "{words}");
        }
    });
}
