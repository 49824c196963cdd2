//! What has a bucket of its own.

use std::borrow::Cow;
use std::fmt::Write;
use std::hash::Hasher;
use std::net::IpAddr;

use claims::{Said, Selector, text};
use filter_api::escapes::decode;
use filter_api::{Client, ConfigError, HostError};
use function_router::{Route, header_name, is_token};

use crate::address::Mask;
use crate::config::KeyConfig;
use crate::facts::Facts;
use crate::seed::Seed;

/// A part of a key.
#[derive(Debug)]
pub(crate) enum Part {
    Address(Mask),
    Header(Box<str>),
    Cookie(Box<str>),
    Query(Box<str>),
    /// A value in the path, by its place among those of the route.
    Path(usize),
    Claim {
        selector: Selector,
        provider: Option<Box<str>>,
    },
    Host,
    Method,
    Constant(Box<str>),
}

/// What a part of a key is for a request.
pub(crate) enum Value<'r> {
    /// There is none, or an empty one. All requests of which this is so have one bucket.
    Missing,
    /// There are several, and no telling which of them an upstream takes; or it is a method that no standard knows. All requests of which this is so have
    /// one bucket: else each other value beside the same one would be a bucket of its own.
    Several,
    Octets(Cow<'r, [u8]>),
    /// The first address of a network, and how many bits of it count.
    Network(IpAddr, u8),
}

impl Part {
    /// Compiles a part. `route` is the one that the limit belongs to.
    pub(crate) fn compile(config: &KeyConfig, route: Option<&Route>) -> Result<Self, ConfigError> {
        let at = |place: &str, problem: String| Err(ConfigError::new(place, problem));
        Ok(match config {
            KeyConfig::Address(address) => {
                Self::Address(Mask::compile(*address).map_err(|error| error.within("address"))?)
            }
            KeyConfig::Header(name) if matches!(&**name, "host" | ":authority") => {
                let problem = format!("must not be \"{name}\"; the key is \"host\"");
                return at("header", problem);
            }
            KeyConfig::Header(name) => match header_name(name) {
                Ok(()) => Self::Header(name.as_str().into()),
                Err(problem) => return at("header", problem),
            },
            KeyConfig::Cookie(name) if is_token(name.as_bytes()) => {
                Self::Cookie(name.as_str().into())
            }
            KeyConfig::Cookie(name) => {
                return at(
                    "cookie",
                    format!("must be the name of a cookie, found \"{name}\""),
                );
            }
            KeyConfig::Query(name) if name.is_empty() => {
                return at("query", "must be the name of a query parameter".to_owned());
            }
            KeyConfig::Query(name) => Self::Query(name.as_str().into()),
            KeyConfig::Path(name) => {
                let Some(route) = route else {
                    let problem = format!(
                        "no path of all requests has a \"{{{name}}}\"; say it of a route that matches one"
                    );
                    return at("path", problem);
                };
                let place = route.value_names().position(|known| known == name);
                match place {
                    Some(place) => Self::Path(place),
                    None => {
                        let problem = format!("the route's match has no value \"{name}\"");
                        return at("path", problem);
                    }
                }
            }
            KeyConfig::Claim { claim, provider } => Self::Claim {
                selector: Selector::compile(claim).map_err(|error| error.within("claim"))?,
                provider: provider.as_deref().map(Into::into),
            },
            KeyConfig::Host => Self::Host,
            KeyConfig::Method => Self::Method,
            KeyConfig::Constant(text) => Self::Constant(text.as_str().into()),
        })
    }

    pub(crate) fn value<'v, 'r: 'v, H: Client + ?Sized>(
        &'v self,
        facts: &mut Facts<'r>,
        host: &mut H,
    ) -> Result<Value<'v>, HostError> {
        let request = facts.request;
        Ok(match self {
            Self::Address(mask) => {
                let address = facts.address(host)?;
                address.map_or(Value::Missing, |address| {
                    Value::Network(mask.of(address), mask.bits(address))
                })
            }
            Self::Header(name) => only(request.headers.get_all(name).map(Cow::Borrowed)),
            Self::Cookie(name) => only(request.cookies(name).map(|value| decode(unquoted(value)))),
            Self::Query(name) => only(request.parameters(name)),
            Self::Path(place) => {
                let values = facts.route.map(|route| route.values(request));
                let value = values.and_then(|values| values.get(*place).copied());
                Value::of(value.map(|value| Cow::Owned(value.bare().into_owned())))
            }
            Self::Claim { selector, provider } => {
                let mut said = Said::by(facts.said, provider.as_deref());
                let found = said.find_map(|claims| text(selector.find(claims)?));
                Value::of(found.map(|text| match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                }))
            }
            Self::Host => Value::of(Some(Cow::Borrowed(&*request.host))),
            // Any word can be a method, and each would be a key of its own.
            Self::Method if !METHODS.contains(&request.method) => Value::Several,
            Self::Method => Value::of(Some(Cow::Borrowed(request.method))),
            Self::Constant(text) => Value::of(Some(Cow::Borrowed(text.as_bytes()))),
        })
    }
}

impl<'v> Value<'v> {
    fn of(octets: Option<Cow<'v, [u8]>>) -> Self {
        let octets = octets.filter(|octets| !octets.is_empty());
        octets.map_or(Self::Missing, Self::Octets)
    }
}

/// The value, if there is one.
fn only<'v>(mut values: impl Iterator<Item = Cow<'v, [u8]>>) -> Value<'v> {
    match (values.next(), values.next()) {
        (_, Some(_)) => Value::Several,
        (one, None) => Value::of(one),
    }
}

/// A cookie's value without quotes, which some servers take off (RFC 6265 section 4.1.1).
fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value.strip_prefix(b"\"");
    inner
        .and_then(|inner| inner.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// RFC 9110 section 9, RFC 5789.
const METHODS: [&[u8]; 8] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE",
];

/// The fingerprint of a key: of its values, in order.
pub(crate) fn fingerprint<H: Client + ?Sized>(
    parts: &[Part],
    seed: Seed,
    facts: &mut Facts<'_>,
    host: &mut H,
) -> Result<u64, HostError> {
    let mut hasher = seed.hasher();
    for part in parts {
        // What there is, and how long it is: no values can be taken for others.
        match part.value(facts, host)? {
            Value::Missing => hasher.write(&[0]),
            Value::Several => hasher.write(&[2]),
            Value::Octets(octets) => {
                let [a, b, c, d, ..] = octets.len().to_le_bytes();
                hasher.write(&[1, a, b, c, d]);
                hasher.write(&octets);
            }
            Value::Network(IpAddr::V4(first), _) => {
                let [a, b, c, d] = first.octets();
                hasher.write(&[4, a, b, c, d]);
            }
            Value::Network(IpAddr::V6(first), _) => {
                hasher.write(&[6]);
                hasher.write(&first.octets());
            }
        }
    }
    Ok(hasher.finish())
}

/// A longer key is told by its hash.
const MOST_TOLD_BYTES: usize = 128;

impl Value<'_> {
    /// As it is written for people and for other programs: printable ASCII without spaces, `,`, `%` and `;`;
    /// what else there is percent-encoded; and a long one cut, with a hash of the whole behind it.
    pub(crate) fn told(&self) -> String {
        let octets = match self {
            Self::Missing => return "-".to_owned(),
            Self::Several => return "*".to_owned(),
            Self::Network(first, bits) => {
                let whole = if first.is_ipv4() { 32 } else { 128 };
                return match *bits == whole {
                    true => first.to_string(),
                    false => format!("{first}/{bits}"),
                };
            }
            Self::Octets(octets) => octets,
        };
        let mut told = String::new();
        for &octet in octets.iter().take(MOST_TOLD_BYTES) {
            // A String takes all. `-` and `*` alone would be none and several.
            let is_plain = octet.is_ascii_graphic() && !b",%;".contains(&octet);
            let _ = match is_plain && !matches!(**octets, [b'-' | b'*']) {
                true => write!(told, "{}", char::from(octet)),
                false => write!(told, "%{octet:02X}"),
            };
        }
        if octets.len() > MOST_TOLD_BYTES {
            // Without a seed: several Envoys tell the same.
            let mut hasher = siphasher::sip128::SipHasher13::new();
            hasher.write(octets);
            let (high, low) = siphasher::sip128::Hasher128::finish128(&hasher).as_u64();
            let _ = write!(told, ";{high:016x}{low:016x}");
        }
        told
    }
}
