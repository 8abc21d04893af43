//! User verification: a `pinUvAuthToken` by PIN or by the key's own reader (CTAP 2.1, 6.5.5.7).
//!
//! **Promises.** A PIN is sent once. What no key can have as a PIN is not sent at all, and costs no
//! try. Before each question the key says how many tries are left; at none nobody is asked. The
//! token is for this relying party and this one purpose, where the key can hold that.
//!
//! **Never** go on without verification: a key that has no way ends the ceremony (P5).

use ciborium::Value;
use placet_core::passkey::CeremonyFault;
use placet_core::ports::CeremonyUi;

use crate::channel::Channel;
use crate::ctap::{CLIENT_PIN, Fault, Fields, message, status};
use crate::pin::{Pin, Protocol, Shared, Token};

/// `permissions`: makeCredential.
pub(crate) const MC: u8 = 0x01;
/// `permissions`: getAssertion.
pub(crate) const GA: u8 = 0x02;

/// How often a finger may be wrong before the PIN is asked for.
const FINGERS: u32 = 3;

/// How the key is told that the user is verified.
#[derive(Debug)]
pub(crate) enum Verified {
    /// By a token.
    Token(Token),
    /// It does that itself, within the command (`uv`: true).
    Itself,
}

impl Verified {
    /// `pinUvAuthParam` and `pinUvAuthProtocol` of a command, to be put under `at` and the next.
    pub(crate) fn parameters(&self, hash: &[u8], at: u8) -> Result<Vec<(u8, Value)>, Fault> {
        let Self::Token(token) = self else { return Ok(Vec::new()) };
        let (param, protocol) = token.authenticate(hash)?;
        Ok(vec![(at, Value::Bytes(param)), (at + 1, Value::from(protocol))])
    }

    /// True if the command has to ask for it.
    pub(crate) fn is_itself(&self) -> bool {
        matches!(self, Self::Itself)
    }
}

/// Gets the user verified.
pub(crate) async fn verify<U: CeremonyUi>(
    channel: &mut Channel<U>,
    permission: u8,
    rp_id: &str,
) -> Result<Verified, CeremonyFault> {
    let info = channel.key.info.clone();
    if !info.can_verify() {
        return Err(CeremonyFault::PinNotSet);
    }
    if info.uv && !info.pin_uv_auth_token {
        return Ok(Verified::Itself);
    }
    let protocol = Protocol::choose(&info.pin_protocols)
        .ok_or(Fault::Malformed("no PIN protocol that is known"))?;
    if info.uv {
        for _ in 0..FINGERS {
            match built_in(channel, protocol, permission, rp_id).await {
                Ok(token) => return Ok(Verified::Token(token)),
                Err(Fault::Status(status::UV_INVALID)) => {}
                Err(Fault::Status(status::UV_BLOCKED)) => break,
                Err(fault) => return Err(fault.into()),
            }
        }
        if !info.client_pin {
            return Err(CeremonyFault::UvBlocked);
        }
    }
    let mut wrong_before = false;
    loop {
        let retries = retries(channel, protocol).await?;
        if retries == 0 {
            return Err(CeremonyFault::PinBlocked);
        }
        let typed = channel.pin(retries, wrong_before).await?;
        let Some(pin) = Pin::new(&typed) else {
            wrong_before = true;
            continue;
        };
        drop(typed);
        match with_pin(channel, protocol, pin, permission, rp_id).await {
            Ok(token) => return Ok(Verified::Token(token)),
            Err(Fault::Status(status::PIN_INVALID)) => wrong_before = true,
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// `getPINRetries`.
async fn retries<U: CeremonyUi>(
    channel: &Channel<U>,
    protocol: Protocol,
) -> Result<u8, CeremonyFault> {
    let asked = client_pin(protocol, 0x01, Vec::new());
    let mut answer = Fields::read(&channel.send(asked).await?)?;
    let retries = answer.number(3)?;
    Ok(retries.ok_or(Fault::Malformed("no tries"))?)
}

/// `getPinUvAuthTokenUsingUvWithPermissions`.
async fn built_in<U: CeremonyUi>(
    channel: &Channel<U>,
    protocol: Protocol,
    permission: u8,
    rp_id: &str,
) -> Result<Token, Fault> {
    let shared = agree(channel, protocol).await?;
    let asked = client_pin(
        protocol,
        0x06,
        vec![(3, shared.ours()), (9, Value::from(permission)), (10, Value::from(rp_id))],
    );
    token(&shared, &channel.send_touched(asked).await?)
}

/// `getPinUvAuthTokenUsingPinWithPermissions`, or what came before it.
async fn with_pin<U: CeremonyUi>(
    channel: &Channel<U>,
    protocol: Protocol,
    pin: Pin,
    permission: u8,
    rp_id: &str,
) -> Result<Token, Fault> {
    // A new agreement for each try: after a wrong one the key has a new key.
    let shared = agree(channel, protocol).await?;
    let mut parameters = vec![(3, shared.ours()), (6, Value::Bytes(shared.seal(&pin)?))];
    drop(pin);
    let subcommand = if channel.key.info.pin_uv_auth_token {
        parameters.push((9, Value::from(permission)));
        parameters.push((10, Value::from(rp_id)));
        0x09
    } else {
        0x05
    };
    token(&shared, &channel.send(client_pin(protocol, subcommand, parameters)).await?)
}

/// `getKeyAgreement`, and ours.
async fn agree<U: CeremonyUi>(channel: &Channel<U>, protocol: Protocol) -> Result<Shared, Fault> {
    let asked = client_pin(protocol, 0x02, Vec::new());
    let mut answer = Fields::read(&channel.send(asked).await?)?;
    Shared::agree(protocol, answer.take(1).ok_or(Fault::Malformed("no key agreement"))?)
}

fn token(shared: &Shared, answer: &[u8]) -> Result<Token, Fault> {
    let sealed = Fields::read(answer)?.bytes(2)?.ok_or(Fault::Malformed("no token"))?;
    shared.token(&sealed)
}

fn client_pin(protocol: Protocol, subcommand: u8, more: Vec<(u8, Value)>) -> Vec<u8> {
    let mut parameters = vec![(1, Value::from(protocol.number())), (2, Value::from(subcommand))];
    parameters.extend(more);
    message(CLIENT_PIN, parameters)
}
