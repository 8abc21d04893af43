//! `placet-authenticators`: security keys, over USB HID and over NFC or smart-card readers (PC/SC).
//!
//! [`SecurityKeys`] is the adapter behind `placet_core::ports::Authenticators`: it finds the key,
//! lets the person choose if there are several, gets the user verified (PIN or the key's own
//! reader), asks for the assertion and looks at what came back. a new passkey is
//! made the same way.
//!
//! Finding keys and framing are the work of `webauthn-authenticator-rs` (its transports and its
//! `Token`). The messages on top are ours, because its own ceremony keeps the PIN in plain strings
//! and traces what was made of it, cannot be cancelled, and gives up on what the standard allows
//! (decision 0054).
//!
//! **Promises.**
//! - User verification is asked of every key, and the flags of every reply must show it (P5). A
//!   reply for another relying party, of a credential that was not allowed, without presence, or that
//!   is not understood in full is no reply. (Its signature counter is on record with the rules.)
//! - The PIN is wiped as soon as it was hashed, the hash as soon as it was encrypted, the token when
//!   the ceremony ends (M1). Nothing that could tell them is traced, at no level.
//! - A dropped ceremony is over: whoever waits is told at once, and a key that waits for a touch is
//!   told within 200 ms. (A card is not told: PC/SC has no word for it. It waits for no touch.)
//! - A reader or a bus that is missing or broken does not keep the others from working, and a fault
//!   inside a driver, a panic included, is an ordinary fault of this ceremony.
//!
//! **Never** send a PIN again by itself, judge an origin or a relying party (that is done where the
//! question is read), or choose between keys without the person.

mod assertion;
mod attached;
mod auth_data;
mod ceremony;
mod channel;
mod choose;
mod creation;
mod ctap;
mod find;
mod pin;
mod verify;

#[cfg(test)]
mod tests;

pub use ceremony::SecurityKeys;
