//! What a request's tokens say, and who says it.

use crate::Claims;

/// The claims of a token that was accepted.
#[derive(Debug, Clone, Copy)]
pub struct Said<'c> {
    /// Who issued it, by the name in the configuration.
    pub provider: &'c str,
    /// What it says.
    pub claims: &'c Claims,
}

impl<'c> Said<'c> {
    /// The claims of this provider's token, or of all tokens where none is named.
    pub fn by(
        said: &'c [Self],
        provider: Option<&'c str>,
    ) -> impl Iterator<Item = &'c Claims> + use<'c> {
        let is_meant = move |one: &&Self| provider.is_none_or(|provider| one.provider == provider);
        said.iter().filter(is_meant).map(|one| one.claims)
    }
}
