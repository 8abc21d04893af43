//! Fields that look as if a secret were to be typed into them, in a form whose answers go to the
//! agent (S21).
//!
//! **Promises.** A field with a word for a secret in its name, title or description is found, in
//! `camelCase`, with any signs between. What is not typed (a switch, a choice) is none.
//!
//! **Never** take this for a proof that the others are harmless: words can be avoided. What holds is
//! the warning on the screen.

use unicode_security::confusable_detection::skeleton;

use super::{Field, Form, Kind};

/// Found as a word of its own.
const WORDS: [&str; 16] = [
    "pin", "otp", "totp", "tan", "cvv", "cvc", "cvv2", "2fa", "mfa", "secret", "secrets", "token",
    "pw", "iban", "pwd", "passkey",
];
/// Found anywhere, with all but letters and digits left out.
const PARTS: [&str; 32] = [
    "password",
    "passwort",
    "passwd",
    "passphrase",
    "passcode",
    "kennwort",
    "motdepasse",
    "contraseña",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "signingkey",
    "onetimecode",
    "verificationcode",
    "securitycode",
    "recoverycode",
    "backupcode",
    "authcode",
    "seedphrase",
    "mnemonic",
    "cardnumber",
    "creditcard",
    "bearertoken",
    "pincode",
    "sshkey",
    "recoveryphrase",
    "authenticatorcode",
    "smscode",
    "logincode",
    "accesscode",
];

impl Form {
    /// True if any field looks like one for a secret.
    #[must_use]
    pub fn seems_secret(&self) -> bool {
        self.fields.iter().any(Field::seems_secret)
    }
}

impl Field {
    fn seems_secret(&self) -> bool {
        match self.kind {
            Kind::Secret { .. } => true,
            Kind::Text { .. } | Kind::Number { .. } => {
                let called = [Some(&self.name), self.title.as_ref()];
                called.into_iter().flatten().any(|name| name.trim().eq_ignore_ascii_case("code"))
                    || self.names_secret()
            }
            // One that is put together of choices, digit by digit.
            Kind::Choice { ref options, .. } | Kind::Choices { ref options, .. } => {
                options.iter().all(|option| is_a_piece(&option.value)) && self.names_secret()
            }
            Kind::Boolean { .. } => false,
        }
    }
}

impl Field {
    fn names_secret(&self) -> bool {
        let said = [Some(&self.name), self.title.as_ref(), self.description.as_ref()];
        said.into_iter().flatten().any(|text| names_secret(text))
    }
}

/// What a code can be put together of.
fn is_a_piece(value: &str) -> bool {
    value.chars().count() <= 2 || value.chars().all(|c| c.is_ascii_digit())
}

fn names_secret(text: &str) -> bool {
    let words: Vec<String> = words(text).iter().map(|word| looks(word)).collect();
    let squeezed = words.concat();
    words.iter().any(|word| WORDS.iter().any(|secret| looks(secret) == *word))
        || PARTS.iter().any(|part| squeezed.contains(&looks(part)))
}

/// What a word looks like (UTS 39): letters of another alphabet or width change nothing.
fn looks(word: &str) -> String {
    skeleton(word).flat_map(char::to_lowercase).collect()
}

/// The words in lower case; a capital after a small letter begins one.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut small = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            out.push(String::new());
        }
        small = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), out.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::form::{Form, Source};

    fn seems(name: &str, property: Value) -> bool {
        let schema = json!({ "type": "object", "properties": { name: property } });
        Form::parse(&schema, Source::Requester).unwrap().seems_secret()
    }

    #[test]
    fn s21_a_field_that_names_a_secret_is_found_however_it_is_written() {
        for name in [
            "password",
            "userPassword",
            "PASS-WORD",
            "api_key",
            "apiKey",
            "API key",
            "otp",
            "code",
            "accessToken",
            "pin",
            "card.number",
            "githubToken",
            "Kennwort",
            "CVV",
            "pwd",
            "PINcode",
            "ssh_key",
            "ｐａｓｓｗｏｒｄ",
            "p\u{430}ssword",
        ] {
            assert!(seems(name, json!({ "type": "string" })), "{name}");
            let titled = json!({ "type": "string", "title": format!("Your {name}") });
            assert!(name == "code" || seems("a", titled), "title {name}");
        }
        assert!(seems("a", json!({ "type": "string", "description": "Your one-time code" })));
        assert!(seems("a", json!({ "type": "string", "x-sensitive": true })));
        assert!(seems("pin", json!({ "type": "integer" })));
        assert!(seems("a", json!({ "type": "string", "title": "Code" })));
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let digit = json!({ "type": "string", "title": "1st digit of your PIN", "enum": digits });
        assert!(seems("a", digit));
    }

    #[test]
    fn s21_what_only_sounds_like_it_may_be_asked() {
        for name in ["opinion", "spin", "zipCode", "maxTokens", "standard", "name", "keyboard"] {
            assert!(!seems(name, json!({ "type": "string" })), "{name}");
        }
        assert!(!seems("password", json!({ "type": "boolean", "title": "Reset the password?" })));
        assert!(!seems("token", json!({ "type": "string", "enum": ["keep", "revoke"] })));
    }
}
