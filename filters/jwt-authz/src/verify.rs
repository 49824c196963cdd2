//! Whether a token is a provider's.

use std::time::Duration;

use filter_api::Signatures;

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
    let Provider {
        keys,
        algorithms,
        types,
        claims: rules,
        ..
    } = provider;
    if !algorithms.is_empty() && !algorithms.contains(&token.algorithm) {
        return Err(Denial::AlgorithmNotAllowed);
    }
    keys.verify(&token, signatures)?;
    if !types.is_empty() {
        let kind = token.kind.as_deref().map(media_type);
        if !kind.is_some_and(|kind| types.contains(&kind)) {
            return Err(Denial::TypeMismatch);
        }
    }
    let claims = TokenClaims::new(token.claims()?)?;
    claims.check(rules, now)?;
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
