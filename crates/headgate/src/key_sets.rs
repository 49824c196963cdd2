//! The keys of providers that an Envoy would fetch, fetched here.

use std::path::{Path, PathBuf};

use ::explain::KeySets;
use futures_util::future::join_all;
use gateway_model::{Gateway, RemoteKeys, Url};
use jwt_authz::Keys;
use serde_json::Value;

use crate::discovery;
use crate::fetch::{self, Redirects};

/// The key sets of these providers, or why they cannot be had. `directory` is where the names of files
/// start from.
pub async fn of(mut gateway: Gateway, providers: &[String], directory: &Path) -> KeySets {
    let is_wanted = |name: &str| providers.iter().any(|wanted| wanted == name);
    gateway.providers.retain(|name, _| is_wanted(name.as_str()));
    let mut sets = KeySets::new();
    for (name, answer) in discovery::asked(&gateway, directory).await {
        match answer {
            Ok(url) => {
                gateway.learned.key_sets.insert(name, url);
            }
            Err(error) => {
                sets.insert(name.to_string(), Err(error.to_string()));
            }
        }
    }
    let fetching = gateway.key_servers().map(|(name, url, remote)| async move {
        (name.to_string(), fetched(&url, &remote, directory).await)
    });
    sets.extend(join_all(fetching).await);
    sets
}

/// As the filter takes it: redirects are not followed.
async fn fetched(url: &Url, remote: &RemoteKeys, directory: &Path) -> Result<Value, String> {
    let ca = remote.ca.as_ref();
    let ca: Option<PathBuf> = ca.map(|file| directory.join(file.as_str()));
    let set = fetch::json(url, ca.as_deref(), Redirects::Refuse).await;
    let set = set.map_err(|error| format!("{url}: {error}"))?;
    let keys = Keys::from_jwks(&set);
    let (keys, _) = keys.map_err(|error| format!("{url}: no JWK Set: it {error}"))?;
    match keys.is_empty() {
        true => Err(format!("{url}: no key of the set can be used")),
        false => Ok(set),
    }
}
