//! Where an input event comes from, judged: the rule behind the gate, without the toolkit.
//!
//! **Promises.** One function, [`judge`], says for every input event of the prompt whether it may
//! count; one type, [`Trust`], is the place where a person who lives with injected input can allow
//! it. What is refused is named, so that it can be put on record.
//!
//! **Never** take a yes from here for proof: on X11 an attacker can inject as the person's own
//! device (design §2). A refusal is certain, an acceptance is not.

/// The X server's own devices for the XTEST extension. Every pair of master devices has one
/// (`Virtual core XTEST pointer`, `NAME XTEST keyboard`).
const XTEST: &str = "XTEST";

/// What an event says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The name of the source device; `None` if the event has none.
    pub device: Option<String>,
    /// `send_event`: some client sent it to this window, instead of the display server.
    pub sent: bool,
}

/// The name of the device that an accepted event came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device(pub String);

/// Why an input was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Injected {
    /// From an XTEST device: its name.
    Xtest(String),
    /// Sent by a client with `XSendEvent`.
    Sent,
    /// An event without a source device.
    NoDevice,
    /// Something happened to a control without any event: an accessibility action.
    NoEvent,
}

impl Injected {
    /// A stable phrase for the record: names the kind and the device, never a key or a text.
    #[must_use]
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Xtest(device) => format!("from the device {device}"),
            Self::Sent => "sent by another program".to_owned(),
            Self::NoDevice => "without a device".to_owned(),
            Self::NoEvent => "without an input event".to_owned(),
        }
    }
}

/// Whose input counts. The person's setting for on-screen keyboards, dwell clicks and remote
/// desktops will choose the second; until it exists the prompt uses the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trust {
    /// Only input that may be from a device of the person.
    #[default]
    DevicesOnly,
    /// Injected input as well. Decisions then stay `gesture`.
    DangerAlsoInjected,
}

/// Whether an input event may count, and whose it is.
///
/// # Errors
/// [`Injected`]: drop the event and put it on record.
pub(super) fn judge(origin: &Origin, trust: Trust) -> Result<Device, Injected> {
    let name = origin.device.clone();
    if trust == Trust::DangerAlsoInjected {
        return Ok(Device(name.unwrap_or_else(|| "injected".to_owned())));
    }
    if origin.sent {
        return Err(Injected::Sent);
    }
    match name {
        None => Err(Injected::NoDevice),
        Some(name) if name.contains(XTEST) => Err(Injected::Xtest(name)),
        Some(name) => Ok(Device(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(device: Option<&str>, sent: bool) -> Origin {
        Origin { device: device.map(str::to_owned), sent }
    }

    #[test]
    fn the_persons_device_counts() {
        let judged = judge(&from(Some("TigerVNC pointer"), false), Trust::DevicesOnly);
        assert_eq!(judged, Ok(Device("TigerVNC pointer".into())));
    }

    #[test]
    fn every_xtest_device_is_refused_also_of_other_masters() {
        for name in
            ["Virtual core XTEST pointer", "Virtual core XTEST keyboard", "evil XTEST pointer"]
        {
            let judged = judge(&from(Some(name), false), Trust::DevicesOnly);
            assert_eq!(judged, Err(Injected::Xtest(name.into())));
        }
    }

    #[test]
    fn what_a_client_sent_or_what_has_no_device_is_refused() {
        assert_eq!(judge(&from(Some("mouse"), true), Trust::DevicesOnly), Err(Injected::Sent));
        assert_eq!(judge(&from(None, false), Trust::DevicesOnly), Err(Injected::NoDevice));
    }

    #[test]
    fn the_one_setting_allows_all_of_it() {
        for origin in [from(None, true), from(Some("Virtual core XTEST pointer"), false)] {
            assert!(judge(&origin, Trust::DangerAlsoInjected).is_ok());
        }
    }
}
