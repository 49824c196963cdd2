//! What an image says of its module, in annotations of its manifest.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};

/// The OCI image specification's own names ("Pre-Defined Annotation Keys").
pub const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const REVISION: &str = "org.opencontainers.image.revision";
const LICENCES: &str = "org.opencontainers.image.licenses";
const CREATED: &str = "org.opencontainers.image.created";

/// The module's own SHA-256, in hexadecimal digits: what a `WasmPlugin` and an `EnvoyExtensionPolicy`
/// are given as `sha256` where they fetch the bare module over HTTP.
pub const MODULE_SHA256: &str = "dev.headgate.module.sha256";

/// Says when things were built, so that who builds them again can say the same
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What is known of a module. Nothing in it depends on when or where it is pushed.
#[derive(Debug, Default)]
pub struct Said {
    /// Its name.
    pub title: Option<String>,
    /// The version of its package.
    pub version: Option<String>,
    /// The commit that it was built from.
    pub revision: Option<String>,
    /// As an SPDX expression.
    pub licences: Option<String>,
    /// When it was built, if whoever builds it again would say the same: RFC 3339.
    pub created: Option<String>,
    /// Of the module's bytes.
    pub sha256: String,
    /// What the user adds; it goes before the rest.
    pub more: BTreeMap<String, String>,
}

/// There is no such time.
#[derive(Debug, thiserror::Error)]
#[error("{SOURCE_DATE_EPOCH} is \"{0}\"; it has to be the seconds since 1970, or not set")]
pub struct NoSuchTime(String);

/// Seconds since 1970 as RFC 3339 has them.
pub fn created(seconds: &str) -> Result<String, NoSuchTime> {
    let wrong = || NoSuchTime(seconds.to_owned());
    let number = seconds.parse().map_err(|_| wrong())?;
    let time = DateTime::from_timestamp(number, 0).ok_or_else(wrong)?;
    Ok(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

impl Said {
    /// The annotations of the manifest.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let known = [
            (TITLE, self.title.as_ref()),
            (VERSION, self.version.as_ref()),
            (REVISION, self.revision.as_ref()),
            (LICENCES, self.licences.as_ref()),
            (CREATED, self.created.as_ref()),
            (MODULE_SHA256, Some(&self.sha256)),
        ];
        let mut annotations: BTreeMap<String, String> = known
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
            .collect();
        annotations.extend(self.more.clone());
        annotations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_seconds_since_1970() {
        assert_eq!(created("0").unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(created("1764115200").unwrap(), "2025-11-26T00:00:00Z");
        assert_eq!(
            created("now").unwrap_err().to_string(),
            "SOURCE_DATE_EPOCH is \"now\"; it has to be the seconds since 1970, or not set"
        );
    }
}
