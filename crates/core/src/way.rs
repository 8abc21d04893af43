//! The way to a server: who may vouch for it, and what it is reached through.
//!
//! **Promises.** A [`Way`] is part of what the person enrolled and was shown; it holds for that
//! server's connections and for no other's. A [`Proxy`] is a host and a port and nothing more.
//!
//! **Never** take a way from a requester or from the environment.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::request::Timestamp;

/// How a server is reached. The ordinary way: whom the system trusts, and no proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Way {
    /// The only authorities that may vouch for the server, instead of those that the system trusts;
    /// none: those that the system trusts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<Authority>,
    /// What all that is said to the server goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
}

impl Way {
    /// True for whom the system trusts, without a proxy.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        self.authorities.is_empty() && self.proxy.is_none()
    }
}

/// A certificate authority, as it was read and shown at enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Authority {
    /// The certificate: DER in base64 (RFC 4648 §4).
    pub certificate: String,
    /// Its subject, as the certificate has it: a stranger's text.
    pub subject: String,
    /// SHA-256 of the DER, in pairs of hex digits with colons between, as other tools print it.
    pub sha256: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
}

impl Authority {
    /// True if the certificate is valid then. TLS libraries do not look at this for an authority.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// An HTTP proxy that makes tunnels (`CONNECT`, RFC 9110 §9.3.6): `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proxy(String);

impl Proxy {
    /// Reads `http://host:port`.
    ///
    /// # Errors
    /// Why it cannot be one, to go on after its name; never quotes it: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let not_one = "is not http://host:port";
        let url = Url::parse(text).map_err(|_| not_one)?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err("holds a user name or a password, and Placet keeps none");
        }
        let rest = text.strip_prefix("http://").ok_or(not_one)?;
        let (_, port) = rest.strip_suffix('/').unwrap_or(rest).rsplit_once(':').ok_or(not_one)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = port.parse().map_err(|_| not_one)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        match url.host_str() {
            Some(host) if digits && port > 0 && bare => Ok(Self(format!("http://{host}:{port}"))),
            _ => Err(not_one),
        }
    }

    /// `http://host:port`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_host_and_a_port_and_holds_no_credentials() {
        for (text, read) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://proxy.example:80/", "http://proxy.example:80"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(Proxy::parse(text).unwrap().as_str(), read);
        }
        for bad in [
            "",
            "proxy.example:3128",
            "http://proxy.example",
            "http://proxy.example:0",
            "http://proxy.example:65536",
            "http://proxy.example:+80",
            "http://:3128",
            "https://proxy.example:3128",
            "socks5://proxy.example:1080",
            "http://sam:secret@proxy.example:3128",
            "http://sam@proxy.example:3128",
            "http://@proxy.example:3128",
            "http://proxy.example:3128/path",
            "http://proxy.example:3128/?x",
            "http://proxy.example:3128#x",
            "HTTP://proxy.example:3128",
            "http://proxy.example:3128\n",
            " http://proxy.example:3128",
        ] {
            let refused = Proxy::parse(bad).unwrap_err();
            assert!(!refused.contains("secret"), "{bad}");
        }
    }

    #[test]
    fn an_authority_is_valid_from_its_first_moment_to_its_last() {
        let authority = Authority {
            certificate: String::new(),
            subject: "CN=Example".into(),
            sha256: String::new(),
            not_before: Timestamp(10),
            not_after: Timestamp(20),
        };
        let valid = [9, 10, 20, 21].map(|now| authority.is_valid_at(Timestamp(now)));
        assert_eq!(valid, [false, true, true, false]);
    }

    #[test]
    fn the_ordinary_way_is_not_written_down() {
        assert_eq!(serde_json::to_string(&Way::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Way>("{}").unwrap(), Way::default());
    }
}
