//! What keeps a client at the function that it once got.

use std::fmt::Write;
use std::net::IpAddr;

use claims::{Said, Selector, text};
use filter_api::{ConfigError, Duration};
use twox_hash::XxHash64;

use crate::conditions::header_name;
use crate::config::{CookieConfig, SameSite, StickyConfig};
use crate::request::Request;
use crate::route::Circumstances;
use crate::tokens::is_token;

/// What of a request says who asks.
#[derive(Debug)]
pub(crate) enum Sticky {
    Header(Box<str>),
    Cookie(Cookie),
    Claim {
        selector: Selector,
        /// Whose.
        provider: Option<Box<str>>,
    },
    ClientAddress,
}

/// A cookie that is given to clients that have none.
#[derive(Debug)]
pub(crate) struct Cookie {
    name: Box<str>,
    /// The paths with which it is sent, as the upstream knows them.
    path: Box<str>,
    /// What follows the path in `set-cookie`.
    attributes: Box<str>,
}

/// What decides among weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// Whose turn it is: a number of a sequence that is evenly spread over 64 bits.
    Turn(u64),
    /// Who asks: the hash of a key, the same for every request of a client.
    Key(u64),
}

/// Why stickiness cannot be had so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StickyError {
    /// None or several keys.
    #[error("must have exactly one of \"header\", \"claim\", \"cookie\" and \"client_address\"")]
    NotOne,
    /// A provider of which nothing is asked.
    #[error("must stand beside \"claim\"")]
    ProviderAlone,
    /// No name of a cookie (RFC 6265 section 4.1.1).
    #[error("must be the name of a cookie, found \"{0}\"")]
    Name(String),
    /// No path of a cookie.
    #[error("must be a path that begins with \"/\" and holds no \";\", found \"{0}\"")]
    Path(String),
    /// Browsers refuse such a cookie.
    #[error("must be true with same_site: None, or browsers refuse the cookie")]
    Insecure,
    /// Browsers refuse cookies of this name without it (RFC 6265bis section 4.1.3).
    #[error("must be {1} with the name \"{0}\", or browsers refuse the cookie")]
    Prefix(String, &'static str),
    /// `Max-Age=0` takes a cookie away.
    #[error("must be at least 1s, found {0}; cookies know whole seconds")]
    Short(Duration),
}

impl Sticky {
    pub(crate) fn compile(config: &StickyConfig) -> Result<Self, ConfigError> {
        let StickyConfig {
            header,
            claim,
            provider,
            cookie,
            client_address,
        } = config;
        if provider.is_some() && claim.is_none() {
            return Err(ConfigError::new("provider", StickyError::ProviderAlone));
        }
        match (header, claim, cookie, client_address) {
            (Some(name), None, None, false) => {
                header_name(name).map_err(|problem| ConfigError::new("header", problem))?;
                Ok(Self::Header(name.as_str().into()))
            }
            (None, Some(claim), None, false) => {
                let selector = Selector::compile(claim).map_err(|error| error.within("claim"))?;
                Ok(Self::Claim {
                    selector,
                    provider: provider.as_deref().map(Into::into),
                })
            }
            (None, None, Some(cookie), false) => {
                let cookie = Cookie::compile(cookie).map_err(|error| error.within("cookie"))?;
                Ok(Self::Cookie(cookie))
            }
            (None, None, None, true) => Ok(Self::ClientAddress),
            _ => Err(ConfigError::new("", StickyError::NotOne)),
        }
    }

    /// What decides for this request, and the `set-cookie` that makes it decide again.
    pub(crate) fn ticket(
        &self,
        request: &Request<'_>,
        circumstances: &mut Circumstances<'_>,
    ) -> (Ticket, Option<String>) {
        let known = match self {
            // An empty field says no more than none: it would be one client for all who send it.
            Self::Header(name) => {
                let value = request.header(name).filter(|value| !value.is_empty());
                value.map(|value| hash(&value))
            }
            Self::Claim { selector, provider } => {
                let mut said = Said::by(circumstances.said, provider.as_deref());
                let found = said.find_map(|claims| text(selector.find(claims)?));
                let found = found.filter(|value| !value.is_empty());
                found.map(|value| hash(value.as_bytes()))
            }
            Self::ClientAddress => (circumstances.client)().map(|address| match address {
                IpAddr::V4(address) => hash(&address.octets()),
                IpAddr::V6(address) => hash(&address.octets()),
            }),
            Self::Cookie(cookie) => {
                if let Some(value) = request.cookies(&cookie.name).next() {
                    return (Ticket::Key(hash(value)), None);
                }
                let mut random = || (circumstances.random)();
                let value = format!("{:016x}{:016x}", random(), random());
                let set_cookie = cookie.set(&value, request.stage);
                return (Ticket::Key(hash(value.as_bytes())), Some(set_cookie));
            }
        };
        let ticket = known.map_or_else(|| Ticket::Turn((circumstances.spread)()), Ticket::Key);
        (ticket, None)
    }
}

impl Cookie {
    fn compile(config: &CookieConfig) -> Result<Self, ConfigError> {
        let CookieConfig {
            name,
            ttl,
            path,
            same_site,
            secure,
        } = config;
        if !is_token(name.as_bytes()) {
            return Err(ConfigError::new("name", StickyError::Name(name.clone())));
        }
        let path = path.as_deref().unwrap_or("/");
        let in_path = |byte: u8| byte.is_ascii_graphic() && byte != b';';
        if !path.starts_with('/') || !path.bytes().all(in_path) {
            return Err(ConfigError::new("path", StickyError::Path(path.to_owned())));
        }
        if *same_site == SameSite::None && !secure {
            return Err(ConfigError::new("secure", StickyError::Insecure));
        }
        let needs = |place, what| {
            let error = StickyError::Prefix(name.clone(), what);
            Err(ConfigError::new(place, error))
        };
        let lower = name.to_ascii_lowercase(); // browsers do not look at case here
        let is_host = lower.starts_with("__host-");
        if (is_host || lower.starts_with("__secure-")) && !secure {
            return needs("secure", "true");
        }
        if is_host && path != "/" {
            return needs("path", "\"/\"");
        }
        if let Some(ttl) = ttl.filter(|ttl| ttl.get().as_secs() == 0) {
            return Err(ConfigError::new("ttl", StickyError::Short(ttl)));
        }
        let mut attributes = format!("; HttpOnly; SameSite={same_site:?}");
        if *secure {
            attributes.push_str("; Secure");
        }
        if let Some(ttl) = ttl {
            // Writing to a string does not fail.
            let _ = write!(attributes, "; Max-Age={}", ttl.get().as_secs());
        }
        Ok(Self {
            name: name.as_str().into(),
            path: path.into(),
            attributes: attributes.into(),
        })
    }

    /// The client's paths begin with what was taken off its request.
    fn set(&self, value: &str, stage: &[u8]) -> String {
        let Self {
            name,
            path,
            attributes,
        } = self;
        let stage = match &**path {
            "/" => "",
            _ => std::str::from_utf8(stage).unwrap_or_default(),
        };
        format!("{name}={value}; Path={stage}{path}{attributes}")
    }
}

/// XXH64 without a seed: the same on every Envoy, today and after an update.
fn hash(key: &[u8]) -> u64 {
    XxHash64::oneshot(0, key)
}
