//! Names that look alike, of agents and of servers.
//!
//! **Promises.** [`alike`] compares what a hurried eye compares: letters that are confusable by
//! Unicode UTS 39 are the same, and case, accents, spaces and signs do not count. [`host_in_letters`]
//! gives the letters that a host in Punycode stands for.
//!
//! **Never** take two names that are not alike for proof of anything: this resists confusion.

use unicode_security::confusable_detection::skeleton;

use crate::request::Server;

/// True if the two would be taken for each other.
#[must_use]
pub fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (looks(one), looks(other));
    one.iter().any(|look| other.contains(look))
}

/// What a name looks like: as it is written, and in small letters. An I looks like an l, and an i
/// does not.
fn looks(name: &str) -> [String; 2] {
    let written: String = skeleton(name).flat_map(char::to_lowercase).collect();
    let small: String = skeleton(&name.to_lowercase()).flat_map(char::to_lowercase).collect();
    [written, small].map(|look| {
        let bare: String = look.chars().filter(|c| c.is_alphanumeric()).collect();
        // Nothing but signs: then the signs count.
        if bare.is_empty() { look } else { bare }
    })
}

/// The enrolled server that `new` could be taken for: by its name, or by another host than its own.
#[must_use]
pub fn resembled<'a>(
    new: &Server,
    enrolled: impl IntoIterator<Item = &'a Server>,
) -> Option<&'a Server> {
    let host = host(&new.issuer);
    enrolled.into_iter().filter(|old| old.issuer != new.issuer).find(|old| {
        let other = self::host(&old.issuer);
        alike(&new.name, &old.name) || (host != other && alike(&host, &other))
    })
}

/// The host of an issuer in the letters that a browser might show, if those are not plain ASCII.
#[must_use]
pub fn host_in_letters(issuer: &str) -> Option<String> {
    let host = url::Url::parse(issuer).ok()?.host_str()?.to_owned();
    let (letters, _) = idna::domain_to_unicode(&host);
    (letters != host).then_some(letters)
}

fn host(issuer: &str) -> String {
    let host = url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| issuer.to_owned());
    idna::domain_to_unicode(&host).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, issuer: &str) -> Server {
        Server {
            issuer: issuer.into(),
            name: name.into(),
            client_id: "placet".into(),
            account: "erin".into(),
            challenge_endpoint: None,
            danger_http_loopback: false,
            way: crate::way::Way::default(),
        }
    }

    #[test]
    fn s4_names_that_look_alike_are_found() {
        for (one, other) in [
            ("claude", "Claude"),
            ("claude", "cIaude"),
            ("claude", "c1aude"),
            ("claude-code", "claude_code"),
            ("claude-code", "claudecode."),
            ("codex", "c0dex"),
            ("claude", "сlaude"),
            ("Harbor Bank", "HARBOR  BANK"),
            ("Harbor Bank", "Hаrbоr Bank"),
            ("Harbor Bank", "Härbor Bank"),
            ("Harbor Bank", "Harbor\u{200B} Bank"),
            ("modern", "rnodem"),
            ("--", "--"),
        ] {
            assert!(alike(one, other) && alike(other, one), "{one} {other}");
        }
    }

    #[test]
    fn names_that_differ_may_stand_beside_each_other() {
        for (one, other) in [
            ("claude", "codex"),
            ("claude-work", "claude-home"),
            ("worker-1", "worker-2"),
            ("a", ""),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn s6_a_server_that_resembles_an_enrolled_one_is_found_by_name_and_by_host() {
        let enrolled = [server("Harbor Bank", "https://auth.harbor.example")];
        let like = |name, issuer| resembled(&server(name, issuer), &enrolled).is_some();
        assert!(like("Hаrbor Bank", "https://other.example"));
        assert!(like("Other", "https://auth.harb0r.example"));
        assert!(like("Other", "https://auth.xn--hrbor-4ve.example"), "а in Punycode");
        assert!(!like("Harbor Bank", "https://auth.harbor.example"), "itself");
        assert!(!like("Other", "https://auth.harbor.example/tenant"), "its own host");
        assert!(!like("Other", "https://other.example"));
    }

    #[test]
    fn s6_a_host_in_punycode_is_told_in_letters() {
        assert_eq!(
            host_in_letters("https://xn--bcher-kva.example/x").as_deref(),
            Some("bücher.example")
        );
        assert_eq!(host_in_letters("https://books.example"), None);
        assert_eq!(host_in_letters("http://127.0.0.1:80"), None);
    }
}
