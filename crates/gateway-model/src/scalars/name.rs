//! Names that the document gives to its parts.

use std::fmt;
use std::str::FromStr;

use super::travels_as_text;
use crate::words::quoted;

/// A label as DNS and Kubernetes have it (RFC 1123): 1 to 63 of `a`–`z`, `0`–`9` and `-`, not
/// beginning or ending with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Box<str>);

/// The name of an upstream: 1 to 63 letters, digits and `._-`, beginning and ending with a letter or
/// digit. `8080` and `00` are such names; in YAML they need quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamName(Box<str>);

/// The name of whoever issues tokens, as upstreams have names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(Box<str>);

/// What a rate-limit service calls the limits of a gateway, as upstreams have names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceDomain(Box<str>);

/// The name of a route in logs and metrics: 1 to 200 printable characters of ASCII, without blanks
/// around them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteName(Box<str>);

/// Why a text is no [`Label`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of at most 63 lower-case letters, digits and \"-\", beginning and ending with \
     a letter or digit, found {}{}", quoted(.0), repaired(.0)
)]
pub struct LabelError(String);

/// Why a text is no [`UpstreamName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of an upstream, at most 63 letters, digits and \"._-\", beginning and ending \
     with a letter or digit, found {}", quoted(.0)
)]
pub struct UpstreamNameError(String);

/// Why a text is no [`ProviderName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a provider, at most 63 letters, digits and \"._-\", beginning and ending \
     with a letter or digit, found {}", quoted(.0)
)]
pub struct ProviderNameError(String);

/// Why a text is no [`ServiceDomain`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a domain of a rate-limit service, at most 63 letters, digits and \"._-\", \
     beginning and ending with a letter or digit, found {}", quoted(.0)
)]
pub struct ServiceDomainError(String);

/// Why a text is no [`RouteName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of at most 200 printable ASCII characters without blanks around it, found {}",
    quoted(.0)
)]
pub struct RouteNameError(String);

/// What the text would be as a label, if that is a small change.
fn repaired(text: &str) -> String {
    let label = text
        .trim()
        .to_ascii_lowercase()
        .replace(['_', ' ', '.'], "-");
    if is_label(&label) {
        format!("; write {label:?}")
    } else {
        String::new()
    }
}

fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 63
        && text.bytes().all(allowed)
        && !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Label {
    /// What a gateway is called that has no name of its own.
    pub(crate) fn gateway() -> Self {
        Self("gateway".into())
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        if is_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(LabelError(text.to_owned()))
        }
    }
}

impl FromStr for UpstreamName {
    type Err = UpstreamNameError;

    fn from_str(text: &str) -> Result<Self, UpstreamNameError> {
        match is_of_part(text) {
            true => Ok(Self(text.into())),
            false => Err(UpstreamNameError(text.to_owned())),
        }
    }
}

impl FromStr for ProviderName {
    type Err = ProviderNameError;

    fn from_str(text: &str) -> Result<Self, ProviderNameError> {
        match is_of_part(text) {
            true => Ok(Self(text.into())),
            false => Err(ProviderNameError(text.to_owned())),
        }
    }
}

impl Default for ServiceDomain {
    fn default() -> Self {
        Self("headgate".into())
    }
}

impl FromStr for ServiceDomain {
    type Err = ServiceDomainError;

    fn from_str(text: &str) -> Result<Self, ServiceDomainError> {
        match is_of_part(text) {
            true => Ok(Self(text.into())),
            false => Err(ServiceDomainError(text.to_owned())),
        }
    }
}

/// Whether parts of a document may be called so.
fn is_of_part(text: &str) -> bool {
    let outer = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.starts_with(outer)
        && text.ends_with(outer)
        && text.chars().all(|c| outer(c) || "._-".contains(c))
}

impl FromStr for RouteName {
    type Err = RouteNameError;

    fn from_str(text: &str) -> Result<Self, RouteNameError> {
        let legal = (1..=200).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
            && text.trim() == text;
        if legal {
            Ok(Self(text.into()))
        } else {
            Err(RouteNameError(text.to_owned()))
        }
    }
}

/// What every name can do.
macro_rules! is_a_name {
    ($type:ty) => {
        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        travels_as_text!($type, "a string");
    };
}

is_a_name!(Label);
is_a_name!(UpstreamName);
is_a_name!(ProviderName);
is_a_name!(ServiceDomain);
is_a_name!(RouteName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_names_may_look_like_numbers() {
        for name in ["8080", "00", "x_y", "v1.pets", "a", "A-b"] {
            assert_eq!(name.parse::<UpstreamName>().unwrap().as_str(), name);
        }
        for name in ["", "-a", "a.", "_x", "a b", "é", &"a".repeat(64)] {
            assert!(name.parse::<UpstreamName>().is_err(), "{name}");
        }
    }

    #[test]
    fn labels_are_those_of_dns() {
        assert_eq!(
            "pet-store2".parse::<Label>().unwrap().as_str(),
            "pet-store2"
        );
        let error = "Pet_Store".parse::<Label>().unwrap_err().to_string();
        assert!(
            error.ends_with("found \"Pet_Store\"; write \"pet-store\""),
            "{error}"
        );
        for name in ["", "-a", "a-", &"a".repeat(64)] {
            assert!(name.parse::<Label>().is_err(), "{name}");
        }
    }

    #[test]
    fn route_names_are_printable() {
        assert!("GET /pets/{id}".parse::<RouteName>().is_ok());
        for name in ["", " a", "a\n", "ü", &"a".repeat(201)] {
            assert!(name.parse::<RouteName>().is_err(), "{name}");
        }
    }
}
