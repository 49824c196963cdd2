//! Whether a token is a provider's.

use std::time::Duration;

use filter_api::Signatures;

use crate::algorithm::Algorithm;
use crate::denial::Denial;
use crate::provider::Provider;
use crate::token::Token;
use crate::token_claims::TokenClaims;

/// What a token says, if it is one of the provider's and holds now.
///
/// # Errors
/// Why it does not.
pub fn verify(
    token: &[u8],
    provider: &Provider,
    now: Duration,
    signatures: &mut dyn Signatures,
) -> Result<TokenClaims, Denial> {
    let token = Token::parse(token)?;
    takes(provider, &token)?;
    provider.keys().verify(&token, signatures)?;
    claims(provider, &token, now)
}

/// Whether a provider takes tokens of this algorithm at all, whatever its keys.
///
/// # Errors
/// When it does not.
pub(crate) fn takes(provider: &Provider, token: &Token<'_>) -> Result<(), Denial> {
    let (algorithms, algorithm) = (&provider.algorithms, token.algorithm);
    // RSA keys are for RS unless they say otherwise: whoever sends PS chooses what costs ten times as much.
    let is_usual = || match algorithm {
        Algorithm::Ps(_) => provider.keys().iter().any(|key| key.names(algorithm)),
        _ => true,
    };
    match algorithms.contains(&algorithm) || (algorithms.is_empty() && is_usual()) {
        true => Ok(()),
        false => Err(Denial::AlgorithmNotAllowed),
    }
}

/// What a token says that is signed by one of the provider's keys, if it holds now.
///
/// # Errors
/// Why it does not.
pub(crate) fn claims(
    provider: &Provider,
    token: &Token<'_>,
    now: Duration,
) -> Result<TokenClaims, Denial> {
    let types = &provider.types;
    if !types.is_empty() {
        let kind = token.kind.as_deref().map(media_type);
        if !kind.is_some_and(|kind| types.contains(&kind)) {
            return Err(Denial::TypeMismatch);
        }
    }
    let claims = TokenClaims::new(token.claims()?)?;
    claims.check(&provider.claims, now)?;
    Ok(claims)
}

/// `at+jwt`, `AT+JWT` and `application/at+jwt` are one (RFC 7515 section 4.1.9).
pub(crate) fn media_type(name: &str) -> Box<str> {
    let mut name = name.to_ascii_lowercase();
    if let Some(short) = name.strip_prefix("application/")
        && !short.contains('/')
    {
        name = short.to_owned();
    }
    name.into()
}

#[cfg(test)]
mod tests;
