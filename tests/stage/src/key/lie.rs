//! The lies a stage key can be told to tell.

/// One lie. Everything else stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The user was verified, and the flag UV says that not.
    NotVerified,
    /// The flag UP is not set.
    NotPresent,
    /// The authenticator data is for another relying party.
    ForeignRp,
    /// The signature counter goes down instead of up.
    CounterBack,
    /// `credential` is left out of the answer, as it may be if one was allowed.
    NoCredential,
    /// The answer names a credential that was not allowed.
    ForeignCredential,
    /// The answer is no CBOR.
    Garbage,
    /// The answer is empty, without even a status.
    Nothing,
    /// The authenticator data ends early.
    CutShort,
    /// The signature is of something else.
    BadSignature,
    /// Extension data follows that was not asked for.
    Extensions,
}

impl Lie {
    /// Every lie, with the word by which the program is told.
    pub const ALL: [(&'static str, Self); 11] = [
        ("not-verified", Self::NotVerified),
        ("not-present", Self::NotPresent),
        ("foreign-rp", Self::ForeignRp),
        ("counter-back", Self::CounterBack),
        ("no-credential", Self::NoCredential),
        ("foreign-credential", Self::ForeignCredential),
        ("garbage", Self::Garbage),
        ("nothing", Self::Nothing),
        ("cut-short", Self::CutShort),
        ("bad-signature", Self::BadSignature),
        ("extensions", Self::Extensions),
    ];

    /// The lie of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, lie)| *lie)
    }
}
