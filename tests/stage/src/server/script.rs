//! What each scenario changes.
//!
//! A script is plain data that the honest code reads at its turning points: the metadata, the
//! first request, the challenge, the answer, the success. Everything not named here is honest.

use super::Scenario;
use super::fault::{Fault, RetryAfter};

/// The behaviour of one scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) metadata: Metadata,
    /// Challenges in their order; empty grants at once.
    pub(super) steps: &'static [Step],
    /// Shapes of a challenge on the wire.
    pub(super) dress: Dress,
    /// What happens to a first request instead of the honest thing.
    pub(super) first: Option<Turn>,
    /// What happens to an answer instead of the honest thing.
    pub(super) answer: Option<Turn>,
    /// What a wrong code leads to.
    pub(super) wrong: Wrong,
    /// What a fulfilled ceremony leads to.
    pub(super) success: Success,
    pub(super) grant: Granting,
    pub(super) approval: Approval,
    pub(super) binding: Binding,
    /// What happens to every token request.
    pub(super) token: Option<Fault>,
    /// Every answer of the challenge endpoint waits for the delay.
    pub(super) slow: bool,
    /// A decline is understood.
    pub(super) actions: bool,
}

/// A fault, and when it strikes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) fault: Fault,
    pub(super) times: u32,
    pub(super) looked: Looked,
}

/// Whether the server did its work before the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// Nothing was done with the request.
    No,
    /// The work was done (a code was used up); only its answer is lost.
    Yes,
}

/// How metadata come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    Honest,
    /// Without any `ana_*` member.
    Bare,
    /// Without `ana_actions_supported`.
    NoActions,
    OtherIssuer,
    IssuerSlash,
    Missing,
    Redirect,
    Html,
    Oversized,
    ForeignEndpoint,
    NoChallengeEndpoint,
    /// With passkeys only from another origin.
    ForeignOrigin,
}

/// One challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Choice,
    ChoiceOfThree,
    /// A choice among what the request said it can do; none when one is left.
    NegotiatedChoice,
    Otp,
    OtpOtherName,
    OtpSensitive,
    OtpWithDefault,
    OtpNoMode,
    OtpWithId,
    OtpExtraMembers,
    OtpExpiring,
    OtpLongTitle,
    OtpHostileText,
    OtpUnknownMode,
    Merged,
    Overlapping,
    Kinds,
    Url,
    UrlPending,
    FormOrUrl,
    TwoUrls,
    Zero,
    Absent,
    Nested,
    Ref,
    AllOf,
    ObjectArray,
    RequiredMissing,
    EnumNamesShort,
    ManyEntries,
    ManyProperties,
    /// A passkey, the options in one object.
    Passkey,
    PasskeyFlat,
    PasskeyAsObject,
    PasskeyRogueRpId,
    PasskeySuffixRpId,
    PasskeyShortChallenge,
    /// The challenge of the passkey before, again.
    PasskeyUsedChallenge,
    PasskeyMixed,
    PasskeyMalformed,
}

impl Step {
    /// True if it asks for a passkey, rightly or not.
    pub(super) fn is_passkey(self) -> bool {
        matches!(
            self,
            Self::Passkey
                | Self::PasskeyFlat
                | Self::PasskeyAsObject
                | Self::PasskeyRogueRpId
                | Self::PasskeySuffixRpId
                | Self::PasskeyShortChallenge
                | Self::PasskeyUsedChallenge
                | Self::PasskeyMixed
                | Self::PasskeyMalformed
        )
    }
}

/// How a challenge is put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    Honest,
    Status(u16),
    VendorJson,
    TypeHtml,
    TypeNone,
    NotJson,
    Empty,
    Truncated,
    EndlessBody,
    Oversized,
    Deep,
    Duplicate,
    ErrorNotString,
    NoSession,
    SameSession,
    SessionOnlyFirst,
    ExtraMembers,
}

/// What a wrong code leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The challenge again with `attempts_remaining`, `access_denied` at the limit.
    Counted,
    /// The same with this limit.
    Limit(u32),
    /// The challenge again, `attempts_remaining` 0.
    Zero,
    /// The challenge again, nothing said of attempts.
    Silent,
    EndsSession,
    /// The code comes back in the text.
    Echo,
    /// `access_denied` with an instructing description.
    HostileDescription,
}

/// What a fulfilled ceremony leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Success {
    Code,
    AccessToken,
    CodeAndAccessToken,
    Web,
    AskAgain,
}

/// What is granted of the requested `authorization_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granting {
    All,
    First,
}

/// The approval object beside a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    None,
    Honest,
    Changing,
    Foreign,
    MinAssurance,
    MinBound,
}

/// Whether a passkey's challenge is made from the approval object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    None,
    Honest,
    /// It says so, and is made from another.
    Tampered,
}

const ALWAYS: u32 = u32::MAX;

const HONEST: Script = Script {
    metadata: Metadata::Honest,
    steps: &[Step::Otp],
    dress: Dress::Honest,
    first: None,
    answer: None,
    wrong: Wrong::Counted,
    success: Success::Code,
    grant: Granting::All,
    approval: Approval::None,
    binding: Binding::None,
    token: None,
    slow: false,
    actions: true,
};

const fn first(fault: Fault, times: u32) -> Script {
    Script { first: Some(Turn { fault, times, looked: Looked::No }), ..HONEST }
}

const fn answer(fault: Fault, times: u32, looked: Looked) -> Script {
    Script { answer: Some(Turn { fault, times, looked }), ..HONEST }
}

const fn steps(steps: &'static [Step]) -> Script {
    Script { steps, ..HONEST }
}

const fn dress(dress: Dress) -> Script {
    Script { dress, ..HONEST }
}

const fn metadata(metadata: Metadata) -> Script {
    Script { metadata, ..HONEST }
}

const fn wrong(wrong: Wrong) -> Script {
    Script { wrong, ..HONEST }
}

const fn success(success: Success) -> Script {
    Script { success, ..HONEST }
}

const fn approval(approval: Approval) -> Script {
    Script { approval, ..HONEST }
}

const fn bound(binding: Binding) -> Script {
    Script { steps: &[Step::Passkey], binding, ..approval(Approval::Honest) }
}

impl Scenario {
    /// The script of this scenario.
    pub(super) fn script(self) -> Script {
        use Looked::{No, Yes};
        match self {
            Self::Selection => steps(&[Step::Choice, Step::Otp]),
            Self::Single => HONEST,
            Self::SelectionOfThree => steps(&[Step::ChoiceOfThree, Step::Otp]),
            Self::Negotiated => steps(&[Step::NegotiatedChoice, Step::Otp]),
            Self::RefusesTwo => answer(Fault::WrongCode, 2, No),
            Self::MergedForms => steps(&[Step::Merged]),
            Self::FormKinds => steps(&[Step::Kinds]),
            Self::OtpOtherName => steps(&[Step::OtpOtherName]),
            Self::OtpSensitive => steps(&[Step::OtpSensitive]),
            Self::OtpWithDefault => steps(&[Step::OtpWithDefault]),
            Self::NoMode => steps(&[Step::OtpNoMode]),
            Self::EntryId => steps(&[Step::OtpWithId]),
            Self::ExtraMembers => {
                Script { steps: &[Step::OtpExtraMembers], ..dress(Dress::ExtraMembers) }
            }
            Self::NoRotation => dress(Dress::SameSession),
            Self::OmitsSessionLater => {
                Script { steps: &[Step::Choice, Step::Otp], ..dress(Dress::SessionOnlyFirst) }
            }
            Self::CodeAtOnce => steps(&[]),
            Self::NoActions => Script { actions: false, ..metadata(Metadata::NoActions) },
            Self::PlainAna => Script { actions: false, ..metadata(Metadata::Bare) },
            Self::Status401 => dress(Dress::Status(401)),
            Self::Status403 => dress(Dress::Status(403)),
            Self::VendorJson => dress(Dress::VendorJson),
            Self::Narrowed => Script { grant: Granting::First, ..HONEST },
            Self::Approval => approval(Approval::Honest),
            Self::NarrowedApproval => {
                Script { grant: Granting::First, ..approval(Approval::Honest) }
            }
            Self::ApprovalChanges => {
                Script { steps: &[Step::Choice, Step::Otp], ..approval(Approval::Changing) }
            }
            Self::ApprovalForeign => approval(Approval::Foreign),
            Self::MinAssurance => approval(Approval::MinAssurance),
            Self::Passkey => steps(&[Step::Passkey]),
            Self::PasskeyFlat => steps(&[Step::PasskeyFlat]),
            Self::PasskeyAsObject => steps(&[Step::PasskeyAsObject]),
            Self::PasskeySelection => steps(&[Step::Choice, Step::Passkey]),
            Self::PasskeyBound => bound(Binding::Honest),
            Self::PasskeyUnbound => bound(Binding::None),
            Self::PasskeyTampered => bound(Binding::Tampered),
            Self::PasskeyMinBound => {
                Script { approval: Approval::MinBound, ..bound(Binding::None) }
            }
            Self::RogueRpId => steps(&[Step::PasskeyRogueRpId]),
            Self::SuffixRpId => steps(&[Step::PasskeySuffixRpId]),
            Self::ForeignOrigin => {
                Script { steps: &[Step::Passkey], ..metadata(Metadata::ForeignOrigin) }
            }
            Self::ShortChallenge => steps(&[Step::PasskeyShortChallenge]),
            Self::UsedChallenge => steps(&[Step::Passkey, Step::PasskeyUsedChallenge]),
            Self::MixedSchema => steps(&[Step::PasskeyMixed]),
            Self::MalformedChallenge => steps(&[Step::PasskeyMalformed]),
            Self::PasskeyResetConsumed => {
                Script { steps: &[Step::Passkey], ..answer(Fault::Reset, 1, Yes) }
            }
            Self::PasskeyResetUnconsumed => {
                Script { steps: &[Step::Passkey], ..answer(Fault::Reset, 1, No) }
            }
            Self::WebWithRequestUri => first(Fault::WebWithRequestUri, ALWAYS),
            Self::WebWithoutRequestUri => first(Fault::Web, ALWAYS),
            Self::WebAfterOtp => success(Success::Web),
            Self::UrlMode => steps(&[Step::Url]),
            Self::UrlPending => steps(&[Step::UrlPending]),
            Self::FormOrUrl => steps(&[Step::FormOrUrl]),
            Self::TwoUrls => steps(&[Step::TwoUrls]),
            Self::IssuerMismatch => metadata(Metadata::OtherIssuer),
            Self::IssuerSlash => metadata(Metadata::IssuerSlash),
            Self::MetadataMissing => metadata(Metadata::Missing),
            Self::MetadataRedirect => metadata(Metadata::Redirect),
            Self::MetadataNotJson => metadata(Metadata::Html),
            Self::MetadataOversized => metadata(Metadata::Oversized),
            Self::MetadataForeign => metadata(Metadata::ForeignEndpoint),
            Self::NoChallengeEndpoint => metadata(Metadata::NoChallengeEndpoint),
            Self::Overlapping => steps(&[Step::Overlapping]),
            Self::NoSession => dress(Dress::NoSession),
            Self::ZeroEntries => steps(&[Step::Zero]),
            Self::NoEntries => steps(&[Step::Absent]),
            Self::UnknownMode => steps(&[Step::OtpUnknownMode]),
            Self::NestedSchema => steps(&[Step::Nested]),
            Self::RefSchema => steps(&[Step::Ref]),
            Self::AllOfSchema => steps(&[Step::AllOf]),
            Self::ObjectArraySchema => steps(&[Step::ObjectArray]),
            Self::RequiredMissing => steps(&[Step::RequiredMissing]),
            Self::EnumNamesShort => steps(&[Step::EnumNamesShort]),
            Self::AccessToken => success(Success::AccessToken),
            Self::CodeAndAccessToken => success(Success::CodeAndAccessToken),
            Self::Endless => success(Success::AskAgain),
            Self::Redirects => first(Fault::Redirect(302), ALWAYS),
            Self::Redirects307 => first(Fault::Redirect(307), ALWAYS),
            Self::WrongType => dress(Dress::TypeHtml),
            Self::NoType => dress(Dress::TypeNone),
            Self::NotJson => dress(Dress::NotJson),
            Self::EmptyBody => dress(Dress::Empty),
            Self::Truncated => dress(Dress::Truncated),
            Self::EndlessBody => dress(Dress::EndlessBody),
            Self::Oversized => dress(Dress::Oversized),
            Self::Deep => dress(Dress::Deep),
            Self::ManyEntries => steps(&[Step::ManyEntries]),
            Self::ManyProperties => steps(&[Step::ManyProperties]),
            Self::LongString => steps(&[Step::OtpLongTitle]),
            Self::DuplicateMembers => dress(Dress::Duplicate),
            Self::ErrorNotString => dress(Dress::ErrorNotString),
            Self::HostileText => steps(&[Step::Choice, Step::OtpHostileText]),
            Self::HostileDescription => wrong(Wrong::HostileDescription),
            Self::EchoesCode => wrong(Wrong::Echo),
            Self::ServerError => first(Fault::Oauth(400, "server_error"), ALWAYS),
            Self::Unavailable => first(Fault::Oauth(400, "temporarily_unavailable"), ALWAYS),
            Self::AccessDenied => first(Fault::Oauth(400, "access_denied"), ALWAYS),
            Self::InvalidClient => first(Fault::Oauth(401, "invalid_client"), ALWAYS),
            Self::Unmet => first(Fault::Oauth(400, "unmet_authentication_requirements"), ALWAYS),
            Self::MissingInteraction => {
                first(Fault::Oauth(400, "missing_interaction_type"), ALWAYS)
            }
            Self::OwnError => first(Fault::Oauth(400, "stage_full_moon"), ALWAYS),
            Self::Initial500Once => first(Fault::Page(500), 1),
            Self::Initial500 => first(Fault::Page(500), ALWAYS),
            Self::Initial503Once => first(Fault::TooBusy, 1),
            Self::InitialResetOnce => first(Fault::Reset, 1),
            Self::InitialReset => first(Fault::Reset, ALWAYS),
            Self::InitialHold => first(Fault::Hold, 1),
            Self::InitialTooMany => first(Fault::TooMany(RetryAfter::Seconds(1)), 1),
            Self::DpopNonce => first(Fault::DpopNonce, 1),
            Self::DpopNonceForever => first(Fault::DpopNonce, ALWAYS),
            Self::InvalidSessionOnce => answer(Fault::InvalidSession, 1, No),
            Self::InvalidSessionForever => answer(Fault::InvalidSession, ALWAYS, No),
            Self::LocksAtTwo => wrong(Wrong::Limit(2)),
            Self::ZeroAttempts => wrong(Wrong::Zero),
            Self::WrongEndsSession => wrong(Wrong::EndsSession),
            Self::Unhelpful => wrong(Wrong::Silent),
            Self::ExpiresSoon => steps(&[Step::OtpExpiring]),
            Self::ExpiredToken => answer(Fault::Oauth(400, "expired_token"), ALWAYS, No),
            Self::TooManySeconds => answer(Fault::TooMany(RetryAfter::Seconds(1)), 1, No),
            Self::TooManyDate => answer(Fault::TooMany(RetryAfter::DateIn(2)), 1, No),
            Self::TooManyBare => answer(Fault::TooMany(RetryAfter::Unsaid), 1, No),
            Self::TooManyForever => answer(Fault::TooMany(RetryAfter::Seconds(3600)), ALWAYS, No),
            Self::Otp500Consumed => answer(Fault::Page(500), 1, Yes),
            Self::Otp500Unconsumed => answer(Fault::Page(500), 1, No),
            Self::Otp503Unconsumed => answer(Fault::Page(503), 1, No),
            Self::OtpResetConsumed => answer(Fault::Reset, 1, Yes),
            Self::OtpResetUnconsumed => answer(Fault::Reset, 1, No),
            Self::OtpHoldConsumed => answer(Fault::Hold, 1, Yes),
            Self::OtpHoldUnconsumed => answer(Fault::Hold, 1, No),
            Self::OtpDownAfter => answer(Fault::DownFromNowOn, 1, Yes),
            Self::OtpServerError => answer(Fault::Oauth(400, "server_error"), 1, No),
            Self::Slow => Script { slow: true, ..HONEST },
            Self::Token500 => Script { token: Some(Fault::Page(500)), ..HONEST },
            Self::TokenRedirects => Script { token: Some(Fault::Redirect(307)), ..HONEST },
        }
    }
}
