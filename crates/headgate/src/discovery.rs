//! Where issuers have their keys: OpenID Connect Discovery 1.0, section 4.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use gateway_model::{Gateway, ProviderName, RemoteKeys, Url};
use serde_json::Value;

use crate::fetch::{self, FetchError, Redirects};
use crate::input::Source;
use crate::report::say;
use crate::runtime::block_on;

/// Issuers that do not say where their keys are.
#[derive(Debug, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct DiscoveryError(Vec<Undiscovered>);

/// An issuer that does not say where its keys are.
#[derive(Debug, thiserror::Error)]
#[error(
    "providers.{provider}.issuer: {issuer} does not say where its keys are: {why}; write keys: {{ url: … }} \
     at the provider, if you know it"
)]
pub struct Undiscovered {
    provider: ProviderName,
    issuer: Url,
    why: Why,
}

/// Why it does not.
#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("{url}: {error}")]
    Fetch { url: Url, error: FetchError },
    #[error("{url} is of issuer {found}, and not of this one")]
    Issuer { url: Url, found: String },
    #[error("{url} has no \"jwks_uri\" that is a URL of http or https")]
    NoKeys { url: Url },
    #[error("{url} leads from https to http, {keys}")]
    Downgrade { url: Url, keys: Url },
}

/// A document with what issuers say, all of which are asked at once.
///
/// # Errors
/// Which of them do not say it.
pub async fn discovered(mut gateway: Gateway, source: &Source) -> Result<Gateway, DiscoveryError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (provider, answer) in asked(&gateway, source.directory()).await {
        match answer {
            Ok(url) => found.push((provider, url)),
            Err(error) => missing.push(error),
        }
    }
    if !missing.is_empty() {
        return Err(DiscoveryError(missing));
    }
    for (provider, url) in &found {
        // Whom Envoy will believe is nothing that happens unseen.
        say(&format!(
            "providers.{provider}: keys are at {url}, as its issuer says"
        ));
    }
    gateway.learned.key_sets.extend(found);
    Ok(gateway)
}

/// The same for who does not wait for anything else.
///
/// # Errors
/// As above, and when nobody can be asked.
pub fn complete(gateway: Gateway, source: &Source) -> anyhow::Result<Gateway> {
    if gateway.issuers().next().is_none() {
        return Ok(gateway);
    }
    block_on(async { Ok(discovered(gateway, source).await?) })
}

/// What each issuer says that has to be asked, by its provider. `directory` is where the names of files
/// start from.
pub async fn asked(
    gateway: &Gateway,
    directory: &Path,
) -> Vec<(ProviderName, Result<Url, Undiscovered>)> {
    let asking = gateway.issuers().map(|(provider, issuer, remote)| {
        let written = gateway.providers.get(provider);
        let written = written.and_then(|provider| provider.issuer.clone());
        async move {
            let answer = ask(&issuer, &written.unwrap_or_default(), &remote, directory).await;
            let answer = answer.map_err(|why| Undiscovered {
                provider: provider.clone(),
                issuer,
                why,
            });
            (provider.clone(), answer)
        }
    });
    join_all(asking).await
}

/// The URL of an issuer's keys. `written` is the issuer as tokens name it.
async fn ask(
    issuer: &Url,
    written: &str,
    remote: &RemoteKeys,
    directory: &Path,
) -> Result<Url, Why> {
    let url = metadata_url(issuer);
    let ca = remote.ca.as_ref();
    let ca: Option<PathBuf> = ca.map(|file| directory.join(file.as_str()));
    let metadata = fetch::json(&url, ca.as_deref(), Redirects::Follow).await;
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => return Err(Why::Fetch { url, error }),
    };
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    // Section 4.3: else one issuer could speak for another.
    match text("issuer") {
        Some(found) if found == written => {}
        found => {
            let found = format!("{:?}", found.unwrap_or_default());
            return Err(Why::Issuer { url, found });
        }
    }
    match text("jwks_uri").and_then(|keys| keys.parse::<Url>().ok()) {
        Some(keys) if issuer.is_https() && !keys.is_https() => Err(Why::Downgrade { url, keys }),
        Some(keys) => Ok(keys),
        None => Err(Why::NoKeys { url }),
    }
}

/// Section 4.1: the path is appended to the issuer's, whose last slash is none of it.
fn metadata_url(issuer: &Url) -> Url {
    let text = issuer.as_str().trim_end_matches('/');
    let url = format!("{text}/.well-known/openid-configuration");
    // What was a URL is one with a longer path.
    url.parse().unwrap_or_else(|_| issuer.clone())
}

fn lines(errors: &[Undiscovered]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
