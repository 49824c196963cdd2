//! Why a request is not let through.

use std::borrow::Cow;
use std::rc::Rc;

use filter_api::{GrpcStatus, Refusal};

/// A request whose tokens are not what is required, the least far first: of several attempts, the one
/// that went furthest tells most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denial {
    /// The path can be read in two ways.
    PathNotNormalised,
    /// No rule matches.
    NoRule,
    /// There is no token where one is looked for.
    TokenMissing,
    /// There are several in one place.
    TokenRepeated,
    /// It is longer than any token.
    TokenTooLarge,
    /// It is no JSON Web Signature in compact form.
    TokenMalformed,
    /// One of its objects has two members of one name.
    DuplicateMember,
    /// It brings a key of its own, or says where to get one.
    EmbeddedKey,
    /// It asks for an extension.
    CriticalHeader,
    /// Its algorithm is none that the provider's keys are for.
    AlgorithmNotAllowed,
    /// It names a key that the provider does not have.
    KeyUnknown,
    /// The signature is not the key's.
    SignatureInvalid,
    /// It is signed, and yet its claims are none.
    ClaimsMalformed,
    /// It is of another type.
    TypeMismatch,
    /// Somebody else issued it.
    IssuerMismatch,
    /// It is for somebody else.
    AudienceMismatch,
    /// It lacks a claim.
    ClaimMissing,
    /// It was for longer than tokens are.
    LifetimeTooLong,
    /// It was issued in time to come.
    IssuedInFuture,
    /// It does not hold yet.
    TokenNotYetValid,
    /// It holds no longer.
    TokenExpired,
    /// Its claims do not say what they must.
    ClaimMismatch,
    /// It lacks a scope.
    InsufficientScope {
        /// All that are required, with spaces between them.
        scopes: Rc<str>,
    },
    /// Nobody can say whether the token is good: its key may be among those that have not come. It is the
    /// last, for as long as it stands nothing else is decided.
    KeysUnavailable,
}

/// When to ask again, in seconds: by then keys may have come.
const RETRY_AFTER: &str = "1";

/// What a request came to grief with (RFC 6750 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Request,
    Unauthenticated,
    Token,
    Forbidden,
    Unavailable,
}

impl Denial {
    const fn class(&self) -> Class {
        match self {
            Self::PathNotNormalised | Self::TokenRepeated => Class::Request,
            Self::TokenMissing => Class::Unauthenticated,
            Self::NoRule | Self::ClaimMismatch | Self::InsufficientScope { .. } => Class::Forbidden,
            Self::KeysUnavailable => Class::Unavailable,
            _ => Class::Token,
        }
    }
}

impl Refusal for Denial {
    fn status(&self) -> u16 {
        match self.class() {
            Class::Request => 400,
            Class::Unauthenticated | Class::Token => 401,
            Class::Forbidden => 403,
            Class::Unavailable => 503,
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::PathNotNormalised => "path_not_normalised",
            Self::NoRule => "no_rule",
            Self::TokenMissing => "token_missing",
            Self::TokenRepeated => "token_repeated",
            Self::TokenTooLarge => "token_too_large",
            Self::TokenMalformed => "token_malformed",
            Self::DuplicateMember => "duplicate_member",
            Self::EmbeddedKey => "embedded_key",
            Self::CriticalHeader => "critical_header",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::KeyUnknown => "key_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimsMalformed => "claims_malformed",
            Self::TypeMismatch => "type_mismatch",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::AudienceMismatch => "audience_mismatch",
            Self::ClaimMissing => "claim_missing",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::IssuedInFuture => "issued_in_future",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenExpired => "token_expired",
            Self::ClaimMismatch => "claim_mismatch",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }

    /// What is wrong with a token its sender need not know.
    fn told(&self) -> &'static str {
        match (self, self.class()) {
            (Self::TokenExpired, _) => self.label(),
            (_, Class::Token) => "token_invalid",
            (Self::NoRule | Self::ClaimMismatch, _) => "not_allowed",
            _ => self.label(),
        }
    }

    /// Who sends a token that is not good is told no more of it than whether to fetch another.
    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::PathNotNormalised => "The path can be read in two ways.",
            Self::TokenRepeated => "There is more than one access token.",
            Self::TokenMissing => "An access token is needed.",
            Self::TokenExpired => "The access token has expired.",
            Self::NoRule | Self::ClaimMismatch => "This is not allowed.",
            Self::InsufficientScope { .. } => "The access token does not have the scope for this.",
            Self::KeysUnavailable => "Access tokens cannot be verified now.",
            _ => "The access token is not valid.",
        }
        .into()
    }

    fn grpc_status(&self) -> GrpcStatus {
        match self.class() {
            Class::Request => GrpcStatus::InvalidArgument,
            Class::Unauthenticated | Class::Token => GrpcStatus::Unauthenticated,
            Class::Forbidden => GrpcStatus::PermissionDenied,
            Class::Unavailable => GrpcStatus::Unavailable,
        }
    }

    /// The challenge (RFC 6750 section 3). A request without a token is told no error; a refusal that no
    /// token would change has no challenge.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let error = match self {
            Self::PathNotNormalised | Self::NoRule => return Vec::new(),
            Self::KeysUnavailable => return vec![("retry-after", RETRY_AFTER.to_owned())],
            Self::TokenMissing => String::new(),
            Self::TokenRepeated => self.error("invalid_request"),
            Self::ClaimMismatch => self.error("insufficient_scope"),
            Self::InsufficientScope { scopes } => {
                let error = self.error("insufficient_scope");
                format!("{error}, scope=\"{scopes}\"")
            }
            _ => self.error("invalid_token"),
        };
        let challenge = format!("Bearer realm=\"gateway\"{error}");
        vec![("www-authenticate", challenge)]
    }
}

impl Denial {
    fn error(&self, error: &str) -> String {
        let detail = self.detail();
        format!(", error=\"{error}\", error_description=\"{detail}\"")
    }
}
