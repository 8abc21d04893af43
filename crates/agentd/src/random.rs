//! Names, codes and tokens that nobody can guess.
//!
//! **Promises.** All bytes come from the operating system's generator. If that fails, nothing is
//! made and the request ends as a no.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_core::request::RequestId;
use placet_core::secret::Secret;
use zeroize::Zeroizing;

/// Letters and digits that are not taken for each other when read aloud or typed: no 0, 1, I, O.
/// 32 of them, 5 bits each.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The generator of the operating system failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoRandomness;

/// `req_` and 128 bits in hex.
pub(crate) fn request_id() -> Result<RequestId, NoRandomness> {
    Ok(RequestId(format!("req_{}", hex::encode(bytes::<16>()?))))
}

/// `ABCD-EFGH`: 40 bits. Enough for a code that may be tried three times in one prompt, and for
/// telling two prompts apart (S16).
pub(crate) fn code() -> Result<String, NoRandomness> {
    let mut code = String::with_capacity(9);
    for (place, byte) in bytes::<8>()?.iter().enumerate() {
        if place == 4 {
            code.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'2');
        code.push(char::from(letter));
    }
    Ok(code)
}

/// A pairing token: 256 bits base64url, 43 characters.
pub(crate) fn token() -> Result<Secret, NoRandomness> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes::<32>()?.as_slice())))
}

fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_easy_to_read_and_a_token_is_long() {
        let code = code().unwrap();
        assert_eq!(code.len(), 9);
        assert!(code.split('-').all(|half| half.len() == 4));
        assert!(!code.contains(['0', '1', 'I', 'O']));
        assert_eq!(token().unwrap().expose().len(), 43);
        assert_ne!(token().unwrap().expose(), token().unwrap().expose());
        assert_eq!(request_id().unwrap().0.len(), 36);
    }
}
