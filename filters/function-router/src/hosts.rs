//! Hosts: exact names, wildcards, and everything else.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::precedence::HostRank;

/// Why a host cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It has a port.
    #[error("must be a host without port, found \"{0}\"")]
    Port(String),
    /// It has letters that no normalised host has.
    #[error("must be in lower case, found \"{0}\"")]
    Case(String),
    /// Anything else.
    #[error("must be a host name, an address, or \"*.\" and a host name, found \"{0}\"")]
    Name(String),
}

/// Something for each host, the most specific first.
#[derive(Debug)]
pub(crate) struct HostTable<T> {
    exact: BTreeMap<Box<[u8]>, T>,
    /// By what follows the `*`, the dot included.
    wildcard: BTreeMap<Box<[u8]>, T>,
    any: T,
}

/// The longest host name (RFC 1035 section 2.3.4). Longer ones match no wildcard, which bounds the
/// work that a client can ask for.
const LONGEST_NAME: usize = 253;

impl<T: Default> HostTable<T> {
    pub(crate) fn new() -> Self {
        Self {
            exact: BTreeMap::new(),
            wildcard: BTreeMap::new(),
            any: T::default(),
        }
    }

    /// What belongs to a host, made if it is not there.
    pub(crate) fn entry(&mut self, host: &str) -> Result<&mut T, HostError> {
        let (table, name) = match host.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') => (&mut self.wildcard, suffix),
            _ => (&mut self.exact, host),
        };
        check(host, name.strip_prefix('.').unwrap_or(name))?;
        Ok(table.entry(name.as_bytes().into()).or_default())
    }

    /// What belongs to requests of any host.
    pub(crate) fn any_mut(&mut self) -> &mut T {
        &mut self.any
    }

    /// What belongs to each host.
    pub(crate) fn tables_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let named = self.exact.values_mut().chain(self.wildcard.values_mut());
        named.chain(Some(&mut self.any))
    }

    /// What belongs to this host, from the most specific to the least. `host` is normalised.
    pub(crate) fn matching<'t>(
        &'t self,
        host: &'t [u8],
    ) -> impl Iterator<Item = (HostRank, &'t T)> {
        let exact = self.exact.get(host).map(|found| (HostRank::Exact, found));
        // Two "host" fields reach us as one with a comma: no name, so below no wildcard.
        let known = !self.wildcard.is_empty() && is_name(host);
        let wildcards = (if known { host } else { &[] })
            .iter()
            .enumerate()
            .skip(1) // the "*" stands for at least one label
            .filter(|&(_, &byte)| byte == b'.')
            .filter_map(|(dot, _)| {
                let suffix = host.get(dot..)?;
                let found = self.wildcard.get(suffix)?;
                Some((HostRank::Wildcard(Reverse(suffix.len())), found))
            });
        let any = [(HostRank::Any, &self.any)];
        exact.into_iter().chain(wildcards).chain(any)
    }
}

fn check(host: &str, name: &str) -> Result<(), HostError> {
    let is_address = name.starts_with('[') && name.ends_with(']') && host == name;
    if !is_address && name.contains(':') && !name.contains('/') {
        return Err(HostError::Port(host.to_owned()));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(HostError::Case(host.to_owned()));
    }
    if is_name(name.as_bytes()) || is_address {
        Ok(())
    } else {
        Err(HostError::Name(host.to_owned()))
    }
}

/// Whether this could be a host: a name or an address, that of IPv6 in brackets.
pub(crate) fn is_host(host: &[u8]) -> bool {
    let of_address = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    match host {
        [b'[', address @ .., b']'] => !address.is_empty() && address.iter().all(of_address),
        name => is_name(name),
    }
}

/// Whether this could be the name of a host: labels of letters, digits, `-` and `_`.
pub(crate) fn is_name(host: &[u8]) -> bool {
    host.len() <= LONGEST_NAME && host.split(|&byte| byte == b'.').all(is_label)
}

/// Whether this could stand between the dots of a name.
pub(crate) fn is_label(label: &[u8]) -> bool {
    let in_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    !label.is_empty() && label.iter().all(in_label)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_most_specific_host_comes_first() {
        let mut table = HostTable::<&str>::new();
        for host in ["a.example.com", "*.example.com", "*.com", "[::1]"] {
            *table.entry(host).unwrap() = host;
        }
        *table.any_mut() = "any";
        for (host, expected) in [
            (
                "a.example.com",
                &["a.example.com", "*.example.com", "*.com", "any"][..],
            ),
            ("b.a.example.com", &["*.example.com", "*.com", "any"]),
            ("example.com", &["*.com", "any"]),
            (".com", &["any"]),
            ("evil,a.example.com", &["any"]),
            ("a..com", &["any"]),
            ("com", &["any"]),
            ("[::1]", &["[::1]", "any"]),
            ("", &["any"]),
        ] {
            let found = table.matching(host.as_bytes());
            let found: Vec<&str> = found.map(|(_, name)| *name).collect();
            assert_eq!(found, expected, "{host}");
        }
        let absurd = ".com".repeat(20_000);
        assert_eq!(table.matching(absurd.as_bytes()).count(), 1);
    }

    #[test]
    fn what_is_no_host_is_named() {
        for (host, message) in [
            (
                "example.com:80",
                "must be a host without port, found \"example.com:80\"",
            ),
            (
                "Example.com",
                "must be in lower case, found \"Example.com\"",
            ),
            (
                "*",
                "must be a host name, an address, or \"*.\" and a host name, found \"*\"",
            ),
            (
                "a.*.com",
                "must be a host name, an address, or \"*.\" and a host name, found \"a.*.com\"",
            ),
            (
                "http://a",
                "must be a host name, an address, or \"*.\" and a host name, found \"http://a\"",
            ),
            (
                "",
                "must be a host name, an address, or \"*.\" and a host name, found \"\"",
            ),
        ] {
            let error = HostTable::<()>::new().entry(host).unwrap_err();
            assert_eq!(error.to_string(), message, "{host}");
        }
    }
}
