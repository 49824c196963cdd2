//! Providers of tokens: their keys, and what they say upstreams.

use std::collections::BTreeSet;

use jwt_authz::{KeysConfig, Provider as Compiled, RequirementConfig, check_claim_field};
use software_signatures::SoftwareSignatures;

use super::Check;
use crate::ReadFile;
use crate::document::{Provider, ProviderKeys, RemoteKeys, provider_path, remote};
use crate::key_file::{self, KeyFile};
use crate::scalars::{FileName, ProviderName, Url};
use crate::words::quoted;

impl Check<'_> {
    pub(super) fn providers(&mut self, read: Option<ReadFile<'_>>) {
        let gateway = self.gateway;
        for (name, provider) in &gateway.providers {
            let path = provider_path(name.as_str());
            self.fetched(&path, provider);
            let keys = self.keys(&path, provider, read);
            let mut provider = provider.clone();
            if !self.claim_headers(&path, &provider) {
                provider.headers.clear(); // told already
            }
            self.compiled(&path, name, &provider, keys);
        }
    }

    /// Has the filter's own constructor look at it, with keys that stand for those that are not known.
    fn compiled(
        &mut self,
        path: &str,
        name: &ProviderName,
        provider: &Provider,
        keys: Option<KeysConfig>,
    ) {
        let unknown = || {
            let RemoteKeys { url, fetch, .. } = remote(provider).unwrap_or_default();
            KeysConfig::unasked(url.map(|url| url.to_string()), fetch)
        };
        let config = provider.with_keys(keys.clone().unwrap_or_else(unknown));
        let compiled = match Compiled::compile(name.as_str(), &config) {
            Ok(compiled) => compiled,
            Err(error) => {
                let place = match (error.path.as_str(), &provider.keys) {
                    (at, Some(ProviderKeys::File(_))) if at.starts_with("keys") => {
                        "keys.file".to_owned()
                    }
                    (at, Some(ProviderKeys::Secret(secret)))
                        if at.starts_with("keys") && secret.file.is_some() =>
                    {
                        "keys.secret.file".to_owned()
                    }
                    (at, _) => at.replacen("keys.remote", "keys", 1),
                };
                let dot = if place.is_empty() { "" } else { "." };
                self.error(format!("{path}{dot}{place}"), error.problem);
                return;
            }
        };
        for key in compiled.keys().iter() {
            if key.is_taken(&mut SoftwareSignatures).is_err() {
                let kid = key.kid().unwrap_or_default();
                let problem = format!("key {} is no point of its curve", quoted(kid));
                self.error(format!("{path}.keys.file"), problem);
            }
        }
        if let Some(keys) = keys {
            self.findings.keys.insert(name.clone(), keys);
        }
    }

    /// The keys of a provider, if they stand in the document or in a file that can be read.
    fn keys(
        &mut self,
        path: &str,
        provider: &Provider,
        read: Option<ReadFile<'_>>,
    ) -> Option<KeysConfig> {
        match provider.keys.as_ref()? {
            ProviderKeys::Remote(_) => None,
            ProviderKeys::File(file) => {
                let place = format!("{path}.keys.file");
                let bytes = self.content(&place, file, read)?;
                match KeyFile::read(&bytes) {
                    Ok(KeyFile { keys, left_out }) => {
                        for (index, error) in left_out {
                            let problem = format!("key {index} of {file} is left out: it {error}");
                            self.warning(place.as_str(), problem);
                        }
                        Some(keys)
                    }
                    Err(error) => {
                        self.error(place, format!("{file}: {error}"));
                        None
                    }
                }
            }
            ProviderKeys::Secret(secret) => {
                let place = format!("{path}.keys.secret");
                let forms = [
                    secret.file.is_some(),
                    secret.text.is_some(),
                    secret.base64url.is_some(),
                ];
                if forms.into_iter().filter(|form| *form).count() != 1 {
                    let problem = "expected exactly one of \"file\", \"text\" and \"base64url\"; write such \
                                   as { algorithm: HS256, file: robot.key }";
                    self.error(place, problem);
                    return None;
                }
                let content = match &secret.file {
                    Some(file) => Some(self.content(&format!("{place}.file"), file, read)?),
                    None => None,
                };
                Some(key_file::secret(secret, content.as_deref()))
            }
        }
    }

    /// What is in a file, if files are read.
    fn content(
        &mut self,
        place: &str,
        file: &FileName,
        read: Option<ReadFile<'_>>,
    ) -> Option<Vec<u8>> {
        match read?(file) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let problem =
                    format!("cannot read {file}: {error}; put the file there, or name another");
                self.error(place, problem);
                None
            }
        }
    }

    fn fetched(&mut self, path: &str, provider: &Provider) {
        let Some(RemoteKeys { url, ca, .. }) = remote(provider) else {
            return;
        };
        let asked = match (&url, provider.issuer.as_deref()) {
            (Some(url), _) => Some((format!("{path}.keys.url"), url.clone())),
            (None, Some(issuer)) => {
                let place = format!("{path}.issuer");
                match issuer.parse::<Url>() {
                    Ok(url) => Some((place, url)),
                    Err(error) => {
                        let problem = format!(
                            "{}, for the issuer says where its keys are; write the URL of the keys, keys: \
                             {{ url: … }}, if it does not",
                            problem_of(&error.to_string())
                        );
                        self.error(place, problem);
                        None
                    }
                }
            }
            (None, None) => {
                let problem = "expected an \"issuer\", which says where its keys are, or \"keys\", found \
                               neither; write such as issuer: \"https://id.example.com\"";
                self.error(path, problem);
                None
            }
        };
        if let Some((place, url)) = asked {
            if ca.is_some() && !url.is_https() {
                let problem =
                    "found it with a URL of http, which shows no certificate; leave it out";
                self.error(format!("{path}.keys.ca"), problem);
            }
            if !url.is_https() && url.is_public() {
                let host = &url.address().host;
                let problem = format!(
                    "keys come from {host} in the clear: whoever is on the way can put in a key and issue \
                     tokens; write https"
                );
                self.warning(place, problem);
            }
        }
    }

    /// Whether they can be written.
    fn claim_headers(&mut self, path: &str, provider: &Provider) -> bool {
        let headers = provider.headers.iter().enumerate();
        let names = headers.map(|(i, header)| (format!("{path}.headers[{i}].name"), &header.name));
        let mut can_be_written = true;
        for (place, name) in names.clone() {
            if let Err(problem) = check_claim_field(name) {
                self.error(place, problem);
                can_be_written = false;
            }
        }
        self.duplicates(names, "give one of them another name");
        can_be_written
    }

    /// Providers that nobody asks.
    pub(super) fn unused_providers(&mut self) {
        let gateway = self.gateway;
        let of_routes = gateway.routes.iter();
        let of_routes = of_routes.filter_map(|route| route.jwt.as_ref().or(gateway.jwt.as_ref()));
        let used: BTreeSet<&str> = of_routes.flat_map(RequirementConfig::providers).collect();
        for name in gateway.providers.keys() {
            if !used.contains(name.as_str()) {
                let problem = "no route requires a token of this provider; write jwt: { provider: … } at \
                               routes, or for all of them beside \"routes\"";
                let problem = problem.replace('…', name.as_str());
                self.warning(provider_path(name.as_str()), problem);
            }
        }
    }
}

/// What is wrong, without what to write instead.
fn problem_of(text: &str) -> &str {
    text.rsplit_once("; ").map_or(text, |(problem, _)| problem)
}
