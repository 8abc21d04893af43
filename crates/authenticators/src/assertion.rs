//! `authenticatorGetAssertion`, and what may come back.
//!
//! **Promises.** What is returned was verified as far as it can be without the public key: our
//! relying party, the person present and verified, a credential that was allowed.
//!
//! **Never** take a credential that was not asked for, or guess one if several were allowed.

use ciborium::Value;
use placet_core::passkey::{
    Assertion, AuthenticatorAttachment, CeremonyFault, Keeping, PublicKeyCredentialDescriptor,
    Unfit, Wanted,
};
use placet_core::ports::CeremonyUi;

use crate::auth_data::{AuthData, other};
use crate::channel::Channel;
use crate::ctap::{Fault, Fields, GET_ASSERTION, message, status, words};
use crate::verify::{GA, Verified, verify};

/// One assertion of the chosen key.
pub(crate) async fn sign<U: CeremonyUi>(
    channel: &mut Channel<U>,
    wanted: &Wanted,
) -> Result<Assertion, CeremonyFault> {
    let hash = wanted.client_data.hash();
    let batches = batches(channel, wanted);
    let mut found = None;
    if batches.len() > 1 {
        // Asking for them all would want a touch for each list: look first, without one.
        for batch in &batches {
            if holds(channel, &wanted.rp_id, batch).await? {
                found = Some(*batch);
                break;
            }
        }
    }
    let tried = found.map_or(batches, |batch| vec![batch]);
    let verified = verify(channel, GA, &wanted.rp_id).await?;
    for batch in tried {
        let asked = asked(&wanted.rp_id, &hash, batch, &verified)?;
        match channel.send_touched(asked).await {
            Ok(answer) => return read(&answer, &wanted.rp_id, batch),
            Err(Fault::Status(status::NO_CREDENTIALS)) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(CeremonyFault::NoCredential)
}

/// The allowed credentials in lists that the key takes. No list at all is one list.
fn batches<'a, U>(
    channel: &Channel<U>,
    wanted: &'a Wanted,
) -> Vec<&'a [PublicKeyCredentialDescriptor]> {
    let info = &channel.key.info;
    let mut rest = &wanted.allow_credentials[..];
    let mut batches = Vec::new();
    while let [_, ..] = rest {
        // What stands around the list takes some hundred bytes; a credential's type some twenty.
        let mut room = info.max_message.saturating_sub(300 + wanted.rp_id.len());
        let fits = rest.iter().take_while(|credential| {
            let size = credential.id.len() + 24;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let length = fits.take(info.max_listed).count().max(1);
        let (batch, more) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        batches.push(batch);
        rest = more;
    }
    if batches.is_empty() {
        batches.push(rest);
    }
    batches
}

/// True if the key says, without a touch, that it has one of these. It need not say it.
async fn holds<U: CeremonyUi>(
    channel: &Channel<U>,
    rp_id: &str,
    batch: &[PublicKeyCredentialDescriptor],
) -> Result<bool, Fault> {
    let asked = message(
        GET_ASSERTION,
        vec![
            (1, Value::from(rp_id)),
            (2, Value::from(&[0; 32][..])),
            (3, list(batch)),
            (5, words([("up", Value::Bool(false))])),
        ],
    );
    match channel.send(asked).await {
        Ok(_) => Ok(true),
        Err(Fault::Status(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn asked(
    rp_id: &str,
    hash: &[u8; 32],
    batch: &[PublicKeyCredentialDescriptor],
    verified: &Verified,
) -> Result<Vec<u8>, Fault> {
    let mut parameters = vec![(1, Value::from(rp_id)), (2, Value::from(&hash[..]))];
    if !batch.is_empty() {
        parameters.push((3, list(batch)));
    }
    if verified.is_itself() {
        parameters.push((5, words([("uv", Value::Bool(true))])));
    }
    parameters.extend(verified.parameters(hash, 6)?);
    Ok(message(GET_ASSERTION, parameters))
}

/// `PublicKeyCredentialDescriptor`s. Transports are left out: they are of no use to the key.
pub(crate) fn list(batch: &[PublicKeyCredentialDescriptor]) -> Value {
    let one = |credential: &PublicKeyCredentialDescriptor| {
        words([("id", Value::Bytes(credential.id.clone())), ("type", Value::from("public-key"))])
    };
    Value::Array(batch.iter().map(one).collect())
}

fn read(
    answer: &[u8],
    rp_id: &str,
    allowed: &[PublicKeyCredentialDescriptor],
) -> Result<Assertion, CeremonyFault> {
    let mut fields = Fields::read(answer)?;
    let named = match fields.map(1)? {
        Some(mut credential) => credential.bytes("id")?,
        None => None,
    };
    let credential_id = match (named, allowed) {
        // CTAP 2.0, 5.2: it may be left out if one was allowed.
        (None, [only]) => only.id.clone(),
        (Some(id), _) if allowed.is_empty() || allowed.iter().any(|one| one.id == id) => id,
        (Some(_), _) => return Err(Unfit::OtherCredential.into()),
        (None, _) => return Err(other("it does not say which passkey signed")),
    };
    let authenticator_data = fields.bytes(2)?.ok_or(Fault::Malformed("no authenticator data"))?;
    let signature = fields.bytes(3)?.filter(|signature| !signature.is_empty());
    let signature = signature.ok_or(Fault::Malformed("no signature"))?;
    let user_handle = match fields.map(4)? {
        Some(mut user) => user.bytes("id")?.filter(|id| (1..=64).contains(&id.len())),
        None => None,
    };
    let data = AuthData::read(&authenticator_data)?;
    data.check(rp_id)?;
    if data.attested.is_some() {
        return Err(other("its answer is that to another question"));
    }
    Ok(Assertion {
        credential_id,
        authenticator_data,
        signature,
        user_handle,
        authenticator_attachment: AuthenticatorAttachment::CrossPlatform,
        keeping: Keeping::Hardware,
    })
}
