//! The bodies of intermediate requests (ANA §5.2, digest §2.6.5), written by hand.
//!
//! **Promises.** A body is written once into a buffer of its final size and handed to the HTTP
//! library without a copy; the buffer is wiped when the last holder lets go (M1).
//!
//! **Never** derive `Serialize` for what goes in here.

use bytes::Bytes;
use placet_core::form::{Filled, Values};
use placet_core::secret::Secret;
use zeroize::Zeroizing;

/// `{auth_session, response, client_id, elicitation_id?}`: an answer (A6, digest §2.10-5).
pub(crate) fn answer(
    auth_session: &Secret,
    client_id: &str,
    elicitation_id: Option<&str>,
    values: &Values,
) -> Bytes {
    let text: usize = values.0.iter().map(|(name, filled)| name.len() + bytes(filled)).sum();
    let strings: usize = values.0.iter().map(|(_, filled)| strings(filled)).sum();
    let id = elicitation_id.unwrap_or_default();
    let mut body =
        Body::of(auth_session.expose().len() + client_id.len() + id.len() + text, strings);
    body.start(auth_session, client_id);
    if let Some(id) = elicitation_id {
        body.member("elicitation_id", id);
    }
    body.raw(b",\"response\":{");
    for (at, (name, filled)) in values.0.iter().enumerate() {
        if at > 0 {
            body.raw(b",");
        }
        body.text(name);
        body.raw(b":");
        match filled {
            Filled::Text(text) => body.text(text),
            Filled::Secret(secret) => body.text(secret.expose()),
            Filled::Number(number) => body.raw(number.to_string().as_bytes()),
            Filled::Boolean(on) => body.raw(if *on { b"true" } else { b"false" }),
            Filled::List(items) => {
                body.raw(b"[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        body.raw(b",");
                    }
                    body.text(item);
                }
                body.raw(b"]");
            }
        }
    }
    body.raw(b"}}");
    body.done()
}

/// As [`answer`], with one property whose value is JSON already: what an authenticator signed.
pub(crate) fn passkey(
    auth_session: &Secret,
    client_id: &str,
    elicitation_id: Option<&str>,
    name: &str,
    json: &str,
) -> Bytes {
    let id = elicitation_id.unwrap_or_default();
    let fixed = auth_session.expose().len() + client_id.len() + id.len() + name.len();
    let mut body = Body::of(fixed + json.len(), 2);
    body.start(auth_session, client_id);
    if let Some(id) = elicitation_id {
        body.member("elicitation_id", id);
    }
    body.raw(b",\"response\":{");
    body.text(name);
    body.raw(b":");
    body.raw(json.as_bytes());
    body.raw(b"}}");
    body.done()
}

/// Bytes in a value, before they are written as JSON.
fn bytes(filled: &Filled) -> usize {
    match filled {
        Filled::Text(text) => text.len(),
        Filled::List(items) => items.iter().map(String::len).sum(),
        Filled::Secret(secret) => secret.expose().len(),
        Filled::Number(_) | Filled::Boolean(_) => 40,
    }
}

/// How many strings a member takes, its name included.
fn strings(filled: &Filled) -> usize {
    match filled {
        Filled::List(items) => items.len().saturating_add(1),
        Filled::Text(_) | Filled::Secret(_) | Filled::Number(_) | Filled::Boolean(_) => 1,
    }
}

/// `{auth_session, client_id}`: what is being asked now? (digest §2.6.5-7)
pub(crate) fn refresh(auth_session: &Secret, client_id: &str) -> Bytes {
    let mut body = Body::of(auth_session.expose().len() + client_id.len(), 0);
    body.start(auth_session, client_id);
    body.raw(b"}");
    body.done()
}

/// `{auth_session, client_id, action}`: `decline` or `cancel` (A24, digest §2.10-13).
pub(crate) fn action(auth_session: &Secret, client_id: &str, action: &'static str) -> Bytes {
    let mut body = Body::of(auth_session.expose().len() + client_id.len() + action.len(), 0);
    body.start(auth_session, client_id);
    body.member("action", action);
    body.raw(b"}");
    body.done()
}

/// A token request (RFC 6749 §4.1.3, RFC 7636 §4.5) of a public client, as a form.
pub(crate) fn redemption(code: &Secret, code_verifier: &Secret, client_id: &str) -> Bytes {
    let text = code.expose().len() + code_verifier.expose().len() + client_id.len();
    // Each byte may become `%XX`.
    let mut body = Zeroizing::new(Vec::with_capacity(text * 3 + 128));
    let mut member = |name: &str, value: &str| {
        body.extend_from_slice(name.as_bytes());
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => body.push(byte),
                other => body.extend([b'%', hex(other >> 4), hex(other)]),
            }
        }
    };
    member("grant_type=", "authorization_code");
    member("&code=", code.expose());
    member("&code_verifier=", code_verifier.expose());
    member("&client_id=", client_id);
    Bytes::from_owner(body)
}

fn hex(n: u8) -> u8 {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    HEX.get(usize::from(n & 15)).copied().unwrap_or(b'0')
}

struct Body(Zeroizing<Vec<u8>>);

impl Body {
    /// Room for `text` bytes of strings, each of which may become `\u00XX`, for what stands around
    /// this many of them and for the fixed members: a buffer that never grows leaves nothing behind.
    fn of(text: usize, strings: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(text * 6 + strings * 8 + 128)))
    }

    fn start(&mut self, auth_session: &Secret, client_id: &str) {
        self.raw(b"{\"auth_session\":");
        self.text(auth_session.expose());
        self.member("client_id", client_id);
    }

    fn member(&mut self, name: &'static str, value: &str) {
        self.raw(b",");
        self.text(name);
        self.raw(b":");
        self.text(value);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A JSON string (RFC 8259 §7).
    fn text(&mut self, text: &str) {
        self.raw(b"\"");
        for byte in text.bytes() {
            match byte {
                b'"' => self.raw(b"\\\""),
                b'\\' => self.raw(b"\\\\"),
                0x00..=0x1f => self.raw(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte)]),
                other => self.raw(&[other]),
            }
        }
        self.raw(b"\"");
    }

    fn done(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn read(body: &Bytes) -> Value {
        serde_json::from_slice(body).expect("it is JSON")
    }

    #[test]
    fn a6_an_answer_is_auth_session_and_response_and_the_public_clients_name() {
        let values = Values(vec![
            ("otp".into(), Filled::Secret(secret("012345"))),
            ("why".into(), Filled::Text("a \"b\" \\ \u{7} é 🙂\n".into())),
            ("n".into(), Filled::Number(3.into())),
            ("on".into(), Filled::Boolean(true)),
            ("who".into(), Filled::List(vec!["a\"".into(), "b".into()])),
            ("none".into(), Filled::List(Vec::new())),
        ]);
        assert_eq!(
            read(&answer(&secret("as_1"), "placet", None, &values)),
            json!({"auth_session":"as_1","client_id":"placet",
                "response":{"otp":"012345","why":"a \"b\" \\ \u{7} é 🙂\n","n":3,"on":true,"who":["a\"","b"],"none":[]}})
        );
        assert_eq!(
            read(&answer(&secret("as_1"), "placet", Some("e1"), &Values::default())),
            json!({"auth_session":"as_1","client_id":"placet","elicitation_id":"e1","response":{}})
        );
    }

    #[test]
    fn t5_a_refresh_carries_no_answer() {
        assert_eq!(
            read(&refresh(&secret("as_1"), "placet")),
            json!({"auth_session":"as_1","client_id":"placet"})
        );
    }

    #[test]
    fn a24_an_action_is_sent_without_a_response() {
        assert_eq!(
            read(&action(&secret("as_1"), "placet", "decline")),
            json!({"auth_session":"as_1","client_id":"placet","action":"decline"})
        );
    }

    #[test]
    fn a_redemption_is_a_form_and_its_buffer_does_not_grow() {
        let (code, verifier) = (secret("a+b/c=&d %é"), secret("dBjft-J~"));
        let body = redemption(&code, &verifier, "placet & co");
        let pairs: Vec<_> = url::form_urlencoded::parse(&body).into_owned().collect();
        let expected = [
            ("grant_type", "authorization_code"),
            ("code", "a+b/c=&d %é"),
            ("code_verifier", "dBjft-J~"),
            ("client_id", "placet & co"),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let worst = "é".repeat(500);
        assert!(redemption(&secret(&worst), &secret(&worst), &worst).len() <= 3000 * 3 + 128);
    }

    /// The worst text: every byte becomes six.
    #[test]
    fn m1_the_buffer_never_grows_so_no_copy_of_the_secret_is_left_behind() {
        let worst = "\u{1}".repeat(5000);
        for fields in [1, 32] {
            let mut body = Body::of(worst.len() * fields, fields);
            let at = (body.0.as_ptr(), body.0.capacity());
            body.start(&secret(""), "");
            body.raw(b",\"response\":{");
            for _ in 0..fields {
                body.text(&worst);
                body.raw(b":false,");
            }
            body.raw(b"}}");
            assert_eq!((body.0.as_ptr(), body.0.capacity()), at);
        }
    }

    #[test]
    fn m1_a_list_of_many_short_values_has_room_as_well() {
        let many = |n: usize| Filled::List((0..n).map(|_| "\u{1}".to_owned()).collect());
        let values = Values(vec![("a".into(), many(300)), ("b".into(), many(0))]);
        let text: usize = values.0.iter().map(|(name, filled)| name.len() + bytes(filled)).sum();
        let count = values.0.iter().map(|(_, filled)| strings(filled)).sum();
        let room = Body::of(text, count).0.capacity();
        assert!(answer(&secret(""), "", None, &values).len() <= room);
    }
}
