//! Who is asked for keys, and for which.

use filter_api::ConfigError;

use crate::config::RemoteConfig;

/// A URL, taken apart for a request.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) cluster: Box<str>,
    pub(crate) url: Box<str>,
    pub(crate) scheme: &'static str,
    pub(crate) authority: Box<str>,
    /// With its query.
    pub(crate) path: Box<str>,
}

impl Endpoint {
    pub(crate) fn compile(config: &RemoteConfig) -> Result<Self, ConfigError> {
        let RemoteConfig { cluster, url, .. } = config;
        if cluster.is_empty() {
            let problem = "must name the cluster of Envoy that is asked";
            return Err(ConfigError::new("cluster", problem));
        }
        let (scheme, authority, path) = parts(url).ok_or_else(|| {
            let problem = format!(
                "must be an http or https URL with a host, without user and fragment, such as \
                 https://id.example.com/keys, found \"{url}\""
            );
            ConfigError::new("url", problem)
        })?;
        Ok(Self {
            cluster: cluster.as_str().into(),
            url: url.as_str().into(),
            scheme,
            authority: authority.into(),
            path: path.into(),
        })
    }
}

/// Scheme, authority, path and query (RFC 3986 section 3, RFC 9110 section 4.2).
fn parts(url: &str) -> Option<(&'static str, &str, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = ["https", "http"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(scheme))?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(&byte);
    let host = match authority.rsplit_once(':') {
        // The last colon of an IPv6 address is within brackets.
        Some((host, port)) if !port.ends_with(']') => {
            let _: u16 = port.parse().ok()?;
            host
        }
        _ => authority,
    };
    let is_of_path = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    let is_url =
        !host.is_empty() && authority.bytes().all(is_of_host) && path.bytes().all(is_of_path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    is_url.then(|| (scheme, authority, format!("{slash}{path}")))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        for (url, scheme, authority, path) in [
            (
                "https://id.example.com/keys",
                "https",
                "id.example.com",
                "/keys",
            ),
            ("HTTP://id:8080/a/b?c=d", "http", "id:8080", "/a/b?c=d"),
            ("https://id.example.com", "https", "id.example.com", "/"),
            (
                "https://id.example.com?a=b",
                "https",
                "id.example.com",
                "/?a=b",
            ),
            ("https://[::1]/keys", "https", "[::1]", "/keys"),
            ("https://[::1]:8443/keys", "https", "[::1]:8443", "/keys"),
        ] {
            let parts = parts(url);
            let expected = Some((scheme, authority, path.to_owned()));
            assert_eq!(parts, expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "id.example.com/keys",
            "ftp://id.example.com/keys",
            "https://",
            "https:///keys",
            "https://:8443/keys",
            "https://id.example.com:port/keys",
            "https://id.example.com:/keys",
            "https://ada@id.example.com/keys",
            "https://id.example.com/keys#1",
            "https://id.example.com/the keys",
            "https://id.example.com/k\r\nx: y",
            "https://id.exämple.com/keys",
        ] {
            assert_eq!(parts(url), None, "{url}");
        }
    }
}
