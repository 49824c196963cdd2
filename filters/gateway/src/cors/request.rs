//! What a request tells about CORS, and what a preflight tells about the request that is to come.

use filter_api::HeaderList;
use function_router::{Foreknown, is_token};

/// The fields that browsers send without naming them beforehand, whatever a page does: those that Fetch
/// admits always ("CORS-safelisted request-header") or keeps from pages ("forbidden request-header"), and
/// those that browsers add by themselves, for a login, their caches and what they tell about themselves.
const NEVER_NAMED: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-language",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "device-memory",
    "dnt",
    "downlink",
    "dpr",
    "ect",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "rtt",
    "save-data",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "viewport-width",
    "width",
];

/// How more of them begin.
const NEVER_NAMED_PREFIXES: [&str; 3] = ["access-control-request-", "proxy-", "sec-"];

/// What of a request concerns CORS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CorsRequest<'a> {
    /// The origin of the page that asks.
    pub(super) origin: Option<&'a [u8]>,
    asked: Option<Asked<'a>>,
}

/// What a preflight asks: whether a page may send a request that a form could not have sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method of the request that is to come.
    pub method: &'a [u8],
    /// The names of its header fields, as a list.
    headers: &'a [u8],
}

impl<'a> CorsRequest<'a> {
    /// Reads the header fields of a request.
    pub fn of(headers: &'a HeaderList) -> Self {
        let (mut method, mut origin) = (&b""[..], None);
        let (mut asked_method, mut asked_headers) = (None, &b""[..]);
        for (name, value) in headers.iter() {
            match name {
                b":method" => method = value,
                // No browser sends two. What none sends is no origin that anybody named.
                b"origin" if origin.is_some() => origin = Some(&b""[..]),
                b"origin" => origin = Some(value),
                b"access-control-request-method" => asked_method = Some(value),
                b"access-control-request-headers" => asked_headers = value,
                _ => {}
            }
        }
        let asked_method = asked_method.filter(|method| is_token(method));
        let asked = asked_method.filter(|_| method == b"OPTIONS" && origin.is_some());
        Self {
            origin,
            asked: asked.map(|method| Asked {
                method,
                headers: asked_headers,
            }),
        }
    }

    /// What it asks, if it is a preflight.
    pub fn asked(&self) -> Option<&Asked<'a>> {
        self.asked.as_ref()
    }
}

impl<'a> Asked<'a> {
    /// The names of the fields that the request to come will have beyond those that browsers never
    /// name. What can be no name is left out, so that nothing else is echoed to a client.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let names = self.headers.split(|&byte| byte == b',');
        let names = names.map(<[u8]>::trim_ascii).filter(|name| is_token(name));
        names.filter_map(|name| str::from_utf8(name).ok())
    }

    /// What is known of a field of the request to come, from its preflight. `name` is in lower case.
    ///
    /// A field that is not named will not be there, unless browsers never name it. What a preflight has
    /// itself, somebody between the browser and here adds; so he may do to the request.
    pub fn foreknown(&self, name: &str, preflight: &HeaderList) -> Foreknown {
        if self.names().any(|named| named.eq_ignore_ascii_case(name)) {
            return Foreknown::Present;
        }
        let mut prefixes = NEVER_NAMED_PREFIXES.iter();
        let is_never_named =
            NEVER_NAMED.contains(&name) || prefixes.any(|prefix| name.starts_with(prefix));
        match is_never_named || preflight.get(name).is_some() {
            true => Foreknown::Unknown,
            false => Foreknown::Absent,
        }
    }
}
