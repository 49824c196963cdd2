//! Why a token is not good, with what would be.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_authz::{Algorithm, Denial, Keys, ProviderConfig, SourceConfig};
use serde_json::{Map, Value};

/// What a token says of itself.
pub(super) struct Parts {
    pub(super) algorithm: Option<&'static str>,
    pub(super) kid: Option<String>,
    pub(super) claims: Option<Map<String, Value>>,
    header: Map<String, Value>,
}

/// Takes a token apart, as far as it is one.
pub(super) fn parts(token: &[u8]) -> Option<Parts> {
    let mut parts = token.split(|&byte| byte == b'.');
    let object = |part: &[u8]| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
    };
    let header = object(parts.next()?)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    Some(Parts {
        algorithm: text("alg").and_then(Algorithm::named).map(Algorithm::name),
        kid: text("kid").map(str::to_owned),
        claims: parts.next().and_then(object),
        header,
    })
}

pub(super) fn why(
    denial: &Denial,
    parts: Option<&Parts>,
    config: &ProviderConfig,
    keys: Option<&Keys>,
    silent: Option<&str>,
    now: Duration,
) -> String {
    let header = |name: &str| parts.and_then(|parts| parts.header.get(name)).map(shown);
    let claim = |name: &str| {
        parts
            .and_then(|parts| parts.claims.as_ref()?.get(name))
            .map(shown)
    };
    let is = |name: &str, found: Option<String>| match found {
        Some(found) => format!("{name} is {found}"),
        None => format!("{name} is not there"),
    };
    let leeway = config.leeway;
    match denial {
        Denial::TokenMissing => format!("there is none in {}", places(&config.from)),
        Denial::TokenRepeated => "there is more than one in one place".to_owned(),
        Denial::TokenTooLarge => "it is longer than 16 KiB".to_owned(),
        Denial::TokenMalformed => {
            "it is no JSON Web Signature: three parts in base64url, with dots between them"
                .to_owned()
        }
        Denial::DuplicateMember => "one of its objects has two members of one name".to_owned(),
        Denial::EmbeddedKey => {
            "it brings a key of its own, or says where to get one (jwk, jku, x5u)".to_owned()
        }
        Denial::CriticalHeader => "it asks for an extension (crit, b64); none is known".to_owned(),
        Denial::AlgorithmNotAllowed => {
            let allowed: Vec<&str> = config.algorithms.iter().map(|one| one.name()).collect();
            let expected = match allowed.as_slice() {
                [] => "the provider's keys are for others".to_owned(),
                allowed => format!("of the provider it may be {}", allowed.join(", ")),
            };
            format!("{}; {expected}", is("alg", header("alg")))
        }
        Denial::KeyUnknown => {
            let kids = keys.into_iter().flat_map(Keys::iter);
            let kids: Vec<&str> = kids.filter_map(|key| key.kid()).collect();
            let known = match kids.as_slice() {
                [] => "none".to_owned(),
                kids => kids.join(", "),
            };
            format!("{}; the provider has {known}", is("kid", header("kid")))
        }
        Denial::KeysUnavailable => {
            let silent = silent.unwrap_or("nobody has them");
            format!("the provider's keys could not be had: {silent}")
        }
        Denial::SignatureInvalid => "it is not signed by the provider's key".to_owned(),
        Denial::ClaimsMalformed => "what is signed is no object of claims".to_owned(),
        Denial::TypeMismatch => {
            let types = config.types.join(", ");
            format!("{}; it must be {types}", is("typ", header("typ")))
        }
        Denial::IssuerMismatch => {
            let issuer = config.issuer.clone().unwrap_or_default();
            format!("{}; it must be {issuer:?}", is("iss", claim("iss")))
        }
        Denial::AudienceMismatch => {
            let audiences = config.audiences.join(", ");
            format!(
                "{}; it must name one of {audiences}",
                is("aud", claim("aud"))
            )
        }
        Denial::ClaimMissing => {
            let mut needed: Vec<&str> = config.required_claims.iter().map(String::as_str).collect();
            if config.require_expiration {
                needed.push("exp");
            }
            if config.max_lifetime.is_some() {
                needed.extend(["iat", "exp"]);
            }
            needed.retain(|name| claim(name).is_none());
            needed.dedup();
            format!("it lacks {}", needed.join(", "))
        }
        Denial::LifetimeTooLong => {
            let longest = config.max_lifetime.map(|longest| longest.to_string());
            let longest = longest.unwrap_or_default();
            format!(
                "{} and {}, which is longer than {longest}",
                is("iat", claim("iat")),
                is("exp", claim("exp"))
            )
        }
        Denial::IssuedInFuture => format!("{}; {}", is("iat", claim("iat")), clock(now, leeway)),
        Denial::TokenNotYetValid => format!("{}; {}", is("nbf", claim("nbf")), clock(now, leeway)),
        Denial::TokenExpired => format!("{}; {}", is("exp", claim("exp")), clock(now, leeway)),
        Denial::PathNotNormalised
        | Denial::NoRule
        | Denial::ClaimMismatch
        | Denial::InsufficientScope { .. } => String::new(),
    }
}

fn shown(value: &Value) -> String {
    value.to_string()
}

fn clock(now: Duration, leeway: filter_api::Duration) -> String {
    format!(
        "it is {} now, and clocks may differ by {leeway}",
        now.as_secs()
    )
}

/// Where a provider's tokens are looked for.
fn places(from: &[SourceConfig]) -> String {
    let place = |source: &SourceConfig| match source {
        SourceConfig {
            header: Some(name),
            scheme: Some(scheme),
            ..
        } => format!("header {name} behind {scheme}"),
        SourceConfig {
            header: Some(name), ..
        } => format!("header {name}"),
        SourceConfig {
            cookie: Some(name), ..
        } => format!("cookie {name}"),
        SourceConfig { query, .. } => {
            format!("query parameter {}", query.as_deref().unwrap_or_default())
        }
    };
    match from {
        [] => "header authorization behind Bearer".to_owned(),
        from => from.iter().map(place).collect::<Vec<_>>().join(" and "),
    }
}
