//! The ways in which the stage can behave, in one table.
//!
//! Each scenario has a name for the command line, the fixture of the project's interop matrix that
//! it serves (`-` for none) and a sentence. What it changes is in `script.rs`. Unless its sentence
//! says otherwise a scenario asks for one TOTP code and is otherwise well behaved.

macro_rules! scenarios {
    ($($variant:ident $name:literal $fixture:literal $sentence:literal;)*) => {
        /// One way for the stage to behave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scenario { $(#[doc = $sentence] $variant,)* }

        impl Scenario {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line and in the control API.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Numbers of the interop matrix that it serves, or `-`.
            pub fn fixture(self) -> &'static str {
                match self { $(Self::$variant => $fixture,)* }
            }

            /// What it does, in one sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

scenarios! {
    // Well behaved
    Selection "selection" "1" "Offers TOTP and a passkey, then asks for the code; choosing the passkey leads to redirect_to_web.";
    Single "single" "5" "Knows one authenticator and asks for its code at once.";
    SelectionOfThree "selection-of-three" "1" "Offers TOTP, a passkey and a push message, then asks for the code.";
    Negotiated "negotiated" "1" "Offers only what ana_authenticators of the request names; redirect_to_web if it can serve none of it.";
    RefusesTwo "refuses-two" "2" "Says twice that the code was wrong, whatever it was and without looking at it, then looks.";
    MergedForms "merged-forms" "6" "Sends two form entries with different properties (otp, reason) to be answered together.";
    FormKinds "form-kinds" "-" "One form with a choice, a code, a text, a whole number, a decimal number, a yes or no and several of several.";
    OtpOtherName "otp-other-name" "1" "The code's property is called totp_code and has a description but no pattern and no lengths.";
    OtpSensitive "otp-sensitive" "1" "The code's property is called answer and is marked x-sensitive.";
    OtpWithDefault "otp-with-default" "-" "The code's property carries a default, which must never fill in a secret.";
    NoMode "no-mode" "5" "The entry has no mode, which means form.";
    EntryId "entry-id" "5" "The entry has an id, which must come back as elicitation_id.";
    ExtraMembers "extra-members" "-" "Unknown members everywhere, in challenges, entries and the success, with a new auth_session beside the code.";
    NoRotation "no-rotation" "-" "Keeps the same auth_session through all rounds.";
    OmitsSessionLater "omits-session-later" "-" "Sends auth_session only in the first response; the client must keep it.";
    CodeAtOnce "code-at-once" "-" "Answers the very first request with an authorization code.";
    NoActions "no-actions" "16" "Lists no ana_actions_supported in its metadata and refuses a decline.";
    PlainAna "plain-ana" "5" "Publishes no ana_* metadata at all and ignores the parameters.";
    Status401 "status-401" "12" "Sends challenges with status 401.";
    Status403 "status-403" "12" "Sends challenges with status 403.";
    VendorJson "vendor-json" "13" "Sends challenges and the code as application/x.as+json.";
    Narrowed "narrowed" "25" "Grants only the first of the authorization_details that were asked for (of a single one: without its last member); only the token response says so.";
    Approval "approval" "-" "Sends an approval object (no binding) with every challenge.";
    NarrowedApproval "narrowed-approval" "25" "Sends an approval object that holds only the first of the authorization_details, and grants that.";
    ApprovalChanges "approval-changes" "-" "Sends an approval object that is another one in the second challenge.";
    ApprovalForeign "approval-foreign" "-" "Sends an approval object whose iss is another issuer.";
    MinAssurance "min-assurance" "-" "Sends an approval object with min_assurance passkey.";
    // Passkeys
    Passkey "passkey" "3" "Asks for a passkey, its options in x-webauthn-options.";
    PasskeyFlat "passkey-flat" "4" "Asks for a passkey, its options in one x-webauthn-* keyword each.";
    PasskeyAsObject "passkey-as-object" "3" "Asks for a passkey whose answer is an object and not its JSON text.";
    PasskeySelection "passkey-selection" "1" "Offers TOTP and a passkey, then asks for the passkey; choosing the code leads to redirect_to_web.";
    PasskeyBound "passkey-bound" "14" "Asks for a passkey with an approval object that its challenge commits to.";
    PasskeyUnbound "passkey-unbound" "-" "Asks for a passkey with an approval object and a challenge that has nothing to do with it.";
    PasskeyTampered "passkey-tampered" "14" "The challenge is said to commit to the approval object beside it, and commits to another.";
    PasskeyMinBound "passkey-min-bound" "-" "Asks for a passkey with an unbound challenge and an approval object with min_assurance passkey-bound.";
    RogueRpId "rogue-rp-id" "15" "Asks for a passkey of another site.";
    SuffixRpId "suffix-rp-id" "15" "Asks for a passkey of a public suffix.";
    ForeignOrigin "foreign-origin" "15" "The metadata take passkeys only from another origin.";
    ShortChallenge "short-challenge" "-" "Asks for a passkey over a challenge of 15 bytes.";
    UsedChallenge "used-challenge" "-" "Asks for a passkey, and then for another over the same challenge.";
    MixedSchema "mixed-schema" "-" "Asks for a passkey and a code in one form.";
    MalformedChallenge "malformed-challenge" "-" "The challenge is base64url with padding.";
    PasskeyResetConsumed "passkey-reset-consumed" "24" "The first passkey is accepted, and the connection is reset.";
    PasskeyResetUnconsumed "passkey-reset-unconsumed" "24" "The first passkey is not looked at, and the connection is reset.";
    // The browser
    WebWithRequestUri "web-with-request-uri" "8" "Answers redirect_to_web with a request_uri that is good for 60 seconds.";
    WebWithoutRequestUri "web-without-request-uri" "8" "Answers redirect_to_web without a request_uri.";
    WebAfterOtp "web-after-otp" "8" "Accepts the code, then answers redirect_to_web without a request_uri.";
    UrlMode "url-mode" "17" "Sends a url entry and answers each poll with the unchanged entry until the page was confirmed.";
    UrlPending "url-pending" "17" "Sends a url entry; the first poll gets slow_down, later ones authorization_pending, until the page was confirmed.";
    FormOrUrl "form-or-url" "17" "Sends one form entry (otp) and one url entry as alternatives.";
    TwoUrls "two-urls" "17" "Sends two url entries and no form.";
    // Metadata
    IssuerMismatch "issuer-mismatch" "21" "The metadata names another issuer.";
    IssuerSlash "issuer-slash" "21" "The metadata names the issuer with a slash at its end.";
    MetadataMissing "metadata-missing" "-" "Metadata are 404, at every well-known place.";
    MetadataRedirect "metadata-redirect" "-" "Metadata are a 302 to another place on this host.";
    MetadataNotJson "metadata-not-json" "-" "Metadata are an HTML page with status 200.";
    MetadataOversized "metadata-oversized" "22" "Metadata are 300 KiB long.";
    MetadataForeign "metadata-foreign" "-" "The metadata put the challenge endpoint on another host.";
    NoChallengeEndpoint "no-challenge-endpoint" "-" "The metadata have no authorization_challenge_endpoint.";
    // Challenges that must be refused
    Overlapping "overlapping" "7" "Two form entries share the property otp.";
    NoSession "no-session" "-" "Elicitations without any auth_session.";
    ZeroEntries "zero-entries" "-" "insufficient_authorization with an empty elicitations array.";
    NoEntries "no-entries" "-" "insufficient_authorization without elicitations.";
    UnknownMode "unknown-mode" "-" "The entry's mode is voice.";
    NestedSchema "nested-schema" "-" "A property of the form is an object with properties of its own.";
    RefSchema "ref-schema" "-" "A property of the form is a $ref.";
    AllOfSchema "all-of-schema" "-" "The form's schema is an allOf.";
    ObjectArraySchema "object-array-schema" "-" "A property of the form is an array of objects.";
    RequiredMissing "required-missing" "-" "The form requires a property that it does not have.";
    EnumNamesShort "enum-names-short" "-" "The form's enumNames is shorter than its enum.";
    AccessToken "access-token" "-" "The challenge endpoint answers a right code with an access token.";
    CodeAndAccessToken "code-and-access-token" "-" "The challenge endpoint answers a right code with an authorization code and an access token.";
    Endless "endless" "-" "Accepts every right code and asks for the next one, for ever.";
    // HTTP that must be refused
    Redirects "redirects" "-" "The challenge endpoint is a 302 to another place on this host, which journals what arrives.";
    Redirects307 "redirects-307" "-" "The same with 307, which would carry the body along.";
    WrongType "wrong-type" "-" "A right challenge labelled text/html.";
    NoType "no-type" "-" "A right challenge without any content type.";
    NotJson "not-json" "-" "A challenge that is not JSON, labelled application/json.";
    EmptyBody "empty-body" "-" "Status 400, application/json, no body.";
    Truncated "truncated" "-" "The challenge's body ends before its Content-Length.";
    EndlessBody "endless-body" "22" "The challenge's body never ends.";
    Oversized "oversized" "22" "A challenge of 300 KiB.";
    Deep "deep" "22" "A challenge with JSON of depth 40.";
    ManyEntries "many-entries" "22" "17 entries.";
    ManyProperties "many-properties" "22" "33 properties in one form.";
    LongString "long-string" "22" "A title of 16 KiB and one byte.";
    DuplicateMembers "duplicate-members" "-" "A challenge in which error, auth_session and elicitations occur twice, differently.";
    ErrorNotString "error-not-string" "-" "The member error is a number.";
    // What is shown
    HostileText "hostile-text" "23" "Bidi controls, zero-width characters, Punycode, markup and a link in message, titles and options.";
    HostileDescription "hostile-description" "23" "The first code is refused as access_denied with an error_description that instructs the reader.";
    EchoesCode "echoes-code" "-" "A wrong code comes back in error_description and message.";
    // Errors on the first request
    ServerError "server-error" "-" "server_error as JSON, at once.";
    Unavailable "unavailable" "-" "temporarily_unavailable as JSON, at once.";
    AccessDenied "access-denied" "-" "access_denied, at once.";
    InvalidClient "invalid-client" "-" "invalid_client with status 401, at once.";
    Unmet "unmet" "-" "unmet_authentication_requirements, at once.";
    MissingInteraction "missing-interaction" "-" "missing_interaction_type, at once.";
    OwnError "own-error" "-" "An error code of the server's own making, at once.";
    Initial500Once "initial-500-once" "24" "The first request gets a 500 page once, then all is well.";
    Initial500 "initial-500" "24" "The first request gets a 500 page, always.";
    Initial503Once "initial-503-once" "24" "The first request gets a 503 with Retry-After 1 once, then all is well.";
    InitialResetOnce "initial-reset-once" "24" "The connection of the first request is reset once, then all is well.";
    InitialReset "initial-reset" "24" "The connection of the first request is reset, always.";
    InitialHold "initial-hold" "20" "The first request gets no answer until released.";
    InitialTooMany "initial-429" "-" "The first request gets 429 with Retry-After 1 once, then all is well.";
    DpopNonce "dpop-nonce" "11" "The first request gets use_dpop_nonce with a DPoP-Nonce header once, then all is well.";
    DpopNonceForever "dpop-nonce-forever" "11" "Every request gets use_dpop_nonce.";
    // Sessions and wrong codes
    InvalidSessionOnce "invalid-session-once" "-" "The first answer gets invalid_session and the session is gone; a restart works.";
    InvalidSessionForever "invalid-session-forever" "-" "Every answer gets invalid_session.";
    LocksAtTwo "locks-at-two" "2" "The first wrong code leaves one attempt, the second gets access_denied.";
    ZeroAttempts "zero-attempts" "2" "A wrong code gets the challenge again with attempts_remaining 0.";
    WrongEndsSession "wrong-ends-session" "2" "A wrong code gets invalid_session.";
    Unhelpful "unhelpful" "2" "A wrong code gets the challenge again without attempts_remaining.";
    ExpiresSoon "expires-soon" "-" "The entry says expires_in 2, and an answer after that gets expired_token.";
    ExpiredToken "expired-token" "-" "Every answer gets expired_token.";
    // In the middle of sending the code
    TooManySeconds "429-seconds" "-" "The first code is not looked at: 429 with Retry-After 1 and a plain text body.";
    TooManyDate "429-date" "-" "The first code is not looked at: 429 with Retry-After as an HTTP date two seconds away.";
    TooManyBare "429-bare" "-" "The first code is not looked at: 429 without Retry-After and without a body.";
    TooManyForever "429-forever" "-" "No code is ever looked at: 429 with Retry-After 3600.";
    Otp500Consumed "otp-500-consumed" "24" "The first code is accepted and used up, and the answer is a 500 page.";
    Otp500Unconsumed "otp-500-unconsumed" "24" "The first code is not looked at, and the answer is a 500 page.";
    Otp503Unconsumed "otp-503-unconsumed" "24" "The first code is not looked at, and the answer is a 503 page.";
    OtpResetConsumed "otp-reset-consumed" "24" "The first code is accepted and used up, and the connection is reset.";
    OtpResetUnconsumed "otp-reset-unconsumed" "24" "The first code is not looked at, and the connection is reset.";
    OtpHoldConsumed "otp-hold-consumed" "24" "The first code is accepted and used up, and no answer comes until released.";
    OtpHoldUnconsumed "otp-hold-unconsumed" "24" "The first code is not looked at, and no answer comes until released.";
    OtpDownAfter "otp-down-after" "24" "The first code is used up, the connection is reset, and so is every later one.";
    OtpServerError "otp-server-error" "24" "The first code is not looked at: server_error as JSON.";
    Slow "slow" "-" "Every answer of the challenge endpoint comes after the delay that the control API sets (1500 ms).";
    // Token endpoint and resource
    Token500 "token-500" "-" "The token endpoint answers 500.";
    TokenRedirects "token-redirects" "-" "The token endpoint is a 307 to another place on this host, which journals what arrives.";
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// No scenario has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScenario(pub String);

impl std::fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no scenario is called {:?}; --list-scenarios prints them", self.0)
    }
}

impl std::error::Error for UnknownScenario {}

impl std::str::FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Self, UnknownScenario> {
        Self::ALL
            .iter()
            .copied()
            .find(|s| s.name() == name)
            .ok_or_else(|| UnknownScenario(name.to_owned()))
    }
}
