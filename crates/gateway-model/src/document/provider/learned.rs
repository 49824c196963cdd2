//! What a document leaves to others to say.

use std::collections::BTreeMap;

use jwt_authz::KeysConfig;

use crate::scalars::{ProviderName, Url};

/// What a document leaves to others to say: what is in its files of keys, and where issuers have theirs.
/// What is rendered of a document is rendered with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// The keys of providers that are not fetched. Those of which the file was not read are not among
    /// them.
    pub keys: BTreeMap<ProviderName, KeysConfig>,
    /// Where issuers that were asked have their keys, by provider.
    pub key_sets: BTreeMap<ProviderName, Url>,
}
