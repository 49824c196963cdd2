//! Who issues tokens.

mod keys;
mod learned;

use jwt_authz::ProviderConfig;

pub use keys::{ProviderKeys, ProviderKeysError, RemoteKeys, SharedSecret};
pub use learned::Learned;

use super::Gateway;
use crate::scalars::{ProviderName, Url};

/// Who issues tokens, and what they must be like. Without `keys` the issuer itself says where its keys
/// are (OpenID Connect Discovery 1.0).
pub type Provider = ProviderConfig<Option<ProviderKeys>>;

/// Where a provider's keys are, if they are fetched.
pub(crate) fn remote(provider: &Provider) -> Option<RemoteKeys> {
    match &provider.keys {
        None => Some(RemoteKeys::default()),
        Some(ProviderKeys::Remote(remote)) => Some(remote.clone()),
        Some(ProviderKeys::File(_) | ProviderKeys::Secret(_)) => None,
    }
}

impl Gateway {
    /// Where the keys of each provider are that are fetched. Providers whose issuer is yet to be asked
    /// are left out.
    pub fn key_servers(&self) -> impl Iterator<Item = (&ProviderName, Url, RemoteKeys)> {
        self.providers.iter().filter_map(|(name, provider)| {
            let remote = remote(provider)?;
            let learned = self.learned.key_sets.get(name);
            let url = remote.url.clone().or_else(|| learned.cloned())?;
            Some((name, url, remote))
        })
    }

    /// The issuers that are to be asked where their keys are, each by its provider, with the file of the
    /// authorities that it is held against.
    pub fn issuers(&self) -> impl Iterator<Item = (&ProviderName, Url, RemoteKeys)> {
        self.providers.iter().filter_map(|(name, provider)| {
            let remote = remote(provider).filter(|remote| remote.url.is_none())?;
            // Of a document that was read it is one.
            let issuer = provider.issuer.as_deref()?.parse().ok()?;
            Some((name, issuer, remote))
        })
    }
}
