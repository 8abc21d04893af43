//! `authenticatorMakeCredential`: a new passkey, with user verification.
//!
//! **Promises.** Id and public key are read out of what was attested, and the id is never empty. The
//! key's statement about its maker is not passed on (attestation conveyance `none`): nobody asked
//! for it, and it can tell keys apart.

use ciborium::Value;
use placet_core::creation::{Created, Creation};
use placet_core::passkey::CeremonyFault;
use placet_core::ports::CeremonyUi;

use crate::assertion::list;
use crate::auth_data::{AuthData, other};
use crate::channel::Channel;
use crate::ctap::{Fault, Fields, MAKE_CREDENTIAL, message, words};
use crate::verify::{MC, verify};

/// A new passkey on the chosen key.
pub(crate) async fn make<U: CeremonyUi>(
    channel: &mut Channel<U>,
    wanted: &Creation,
) -> Result<Created, CeremonyFault> {
    let verified = verify(channel, MC, &wanted.rp_id).await?;
    let hash = &wanted.client_data.hash();
    let text = |text: &str| Value::from(text);
    let algorithm = |alg: &i64| words([("alg", Value::from(*alg)), ("type", text("public-key"))]);
    let mut parameters = vec![
        (1, Value::from(&hash[..])),
        (2, words([("id", text(&wanted.rp_id)), ("name", text(&wanted.rp_name))])),
        (
            3,
            words([
                ("id", Value::Bytes(wanted.user_id.clone())),
                ("name", text(&wanted.user_name)),
                ("displayName", text(&wanted.user_display_name)),
            ]),
        ),
        (4, Value::Array(wanted.algorithms.iter().map(algorithm).collect())),
    ];
    if !wanted.exclude_credentials.is_empty() {
        parameters.push((5, list(&wanted.exclude_credentials)));
    }
    let mut options = Vec::new();
    if wanted.resident_key {
        options.push((text("rk"), Value::Bool(true)));
    }
    if verified.is_itself() {
        options.push((text("uv"), Value::Bool(true)));
    }
    if !options.is_empty() {
        parameters.push((7, Value::Map(options)));
    }
    parameters.extend(verified.parameters(hash, 8)?);
    let answer = channel.send_touched(message(MAKE_CREDENTIAL, parameters)).await?;
    read(&answer, wanted, channel.key.transport)
}

fn read(
    answer: &[u8],
    wanted: &Creation,
    transport: &'static str,
) -> Result<Created, CeremonyFault> {
    let mut fields = Fields::read(answer)?;
    let authenticator_data = fields.bytes(2)?.ok_or(Fault::Malformed("no authenticator data"))?;
    let data = AuthData::read(&authenticator_data)?;
    data.check(&wanted.rp_id)?;
    let attested = data.attested.ok_or(Fault::Malformed("no credential in its data"))?;
    if !wanted.algorithms.contains(&attested.algorithm) {
        return Err(other("it made a passkey of a kind that was not asked for"));
    }
    let mut attestation_object = Vec::new();
    let object = words([
        ("fmt", Value::from("none")),
        ("attStmt", Value::Map(Vec::new())),
        ("authData", Value::Bytes(authenticator_data.clone())),
    ]);
    ciborium::into_writer(&object, &mut attestation_object)
        .map_err(|_| Fault::Malformed("an attestation object"))?;
    Ok(Created {
        credential_id: attested.credential_id,
        attestation_object,
        authenticator_data,
        algorithm: attested.algorithm,
        transports: vec![transport],
    })
}
