//! Cross-origin resource sharing: who may read answers, and the answers to preflights.
//!
//! Source: the Fetch standard, "CORS protocol" (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//! Two of its rules shape what is here. An answer that depends on the origin says so in `vary`, and one
//! that does not is the same for requests without an origin too, so that caches may share it. And `*`
//! is a wildcard in `access-control-allow-headers` only without credentials, and never covers
//! `authorization`; so a policy that admits any field echoes the names that are asked for.
//!
//! Private network access (`access-control-request-private-network`) is not granted.

mod config;
mod origin;
mod policies;
mod preflight;
mod request;

use filter_api::{ConfigError, Edit, Fields, HostError, Reply};
use function_router::is_token;

pub use config::CorsConfig;
use origin::OriginPattern;
pub use policies::{CorsPolicies, CorsPoliciesConfig};
pub use preflight::Preflight;
pub use request::{Asked, CorsRequest};

/// How all fields begin by which a response speaks of CORS. Where the gateway has a policy, what the
/// upstream says is replaced.
const OF_CORS: &[u8] = b"access-control-";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
const EXPOSE_HEADERS: &str = "access-control-expose-headers";
const ALLOW_METHODS: &str = "access-control-allow-methods";
const ALLOW_HEADERS: &str = "access-control-allow-headers";
const MAX_AGE: &str = "access-control-max-age";

/// A policy, compiled.
#[derive(Debug, PartialEq, Eq)]
pub struct Cors {
    origins: Box<[OriginPattern]>,
    /// None means the route's.
    methods: Box<[String]>,
    headers: AllowedHeaders,
    expose: Option<String>,
    /// In seconds.
    max_age: Option<String>,
    credentials: bool,
}

/// The header fields that a page may send.
#[derive(Debug, PartialEq, Eq)]
enum AllowedHeaders {
    /// In lower case.
    Listed(Box<[String]>),
    /// Whatever is asked for.
    Asked,
}

/// Who may read the answers to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// Pages of any origin: it does not matter who asked.
    All,
    /// Pages of this origin, which is the one that asked.
    Origin(String),
    /// No page of the origin that asked, or nobody asked for one.
    None,
}

impl Readers {
    /// The value of `access-control-allow-origin`.
    fn allow_origin(&self) -> Option<&str> {
        match self {
            Self::All => Some("*"),
            Self::Origin(origin) => Some(origin),
            Self::None => None,
        }
    }
}

impl Cors {
    /// Compiles a policy.
    ///
    /// # Errors
    /// The first fault, its path beginning at a field of the policy.
    pub fn compile(config: &CorsConfig) -> Result<Self, ConfigError> {
        let any = |list: &[String]| list.iter().any(|item| item == "*");
        if config.origins.is_empty() {
            return Err(ConfigError::new(
                "origins",
                "must name at least one origin, or \"*\" for any",
            ));
        }
        let mut origins = Vec::with_capacity(config.origins.len());
        for (index, text) in config.origins.iter().enumerate() {
            let pattern = text.parse::<OriginPattern>();
            origins.push(pattern.map_err(|e| ConfigError::new(format!("origins[{index}]"), e))?);
        }
        if config.credentials && any(&config.origins) {
            return Err(ConfigError::new(
                "origins",
                "must not be \"*\" with credentials: every site could act for its visitors; name \
                 the origins, or leave credentials out",
            ));
        }
        for (list, name, what) in [
            (&config.origins, "origins", "any origin"),
            (&config.headers, "headers", "any field"),
            (&config.expose, "expose", "all fields"),
        ] {
            if any(list) && list.len() > 1 {
                let problem = format!("\"*\" is {what}, and stands alone");
                return Err(ConfigError::new(name, problem));
            }
        }
        if config.credentials && any(&config.expose) {
            return Err(ConfigError::new(
                "expose",
                "must not be \"*\" with credentials: browsers do not take it for a wildcard then; \
                 name the fields",
            ));
        }
        if any(&config.methods) {
            return Err(ConfigError::new(
                "methods",
                "must not be \"*\"; leave methods out, and those of the route are allowed",
            ));
        }
        tokens("methods", "a method such as \"PUT\"", &config.methods)?;
        tokens(
            "headers",
            "a field name such as \"x-user\"",
            &config.headers,
        )?;
        tokens("expose", "a field name such as \"etag\"", &config.expose)?;
        let max_age = config.max_age.map(|age| (age, age.get()));
        if let Some((age, _)) = max_age.filter(|(_, age)| age.subsec_nanos() != 0) {
            let problem = format!("must be in whole seconds, found \"{age}\"");
            return Err(ConfigError::new("max_age", problem));
        }
        let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
        Ok(Self {
            origins: origins.into(),
            methods: config.methods.as_slice().into(),
            headers: match any(&config.headers) {
                true => AllowedHeaders::Asked,
                false => AllowedHeaders::Listed(
                    config
                        .headers
                        .iter()
                        .map(|name| name.to_ascii_lowercase())
                        .collect(),
                ),
            },
            expose: joined(&config.expose).map(|list| list.to_ascii_lowercase()),
            max_age: max_age.map(|(_, age)| age.as_secs().to_string()),
            credentials: config.credentials,
        })
    }

    /// Who may read the answers to a request.
    pub fn readers(&self, request: &CorsRequest<'_>) -> Readers {
        if !self.varies() {
            return Readers::All;
        }
        let origin = request.origin.filter(|origin| self.takes(origin));
        let origin = origin.and_then(|origin| str::from_utf8(origin).ok());
        origin.map_or(Readers::None, |origin| Readers::Origin(origin.to_owned()))
    }

    /// Says in the header of an upstream's response who may read it.
    ///
    /// # Errors
    /// When the host fails.
    pub fn mark_response(
        &self,
        readers: &Readers,
        host: &mut (impl Edit + ?Sized),
    ) -> Result<(), HostError> {
        let of = Fields::ResponseHeaders;
        // One look at all fields costs less than to remove each that might be there: measured 1.0 µs a
        // request against 3.5.
        for (name, _) in host.fields(of)?.iter() {
            if name.starts_with(OF_CORS)
                && let Ok(name) = str::from_utf8(name)
            {
                host.remove_field(of, name)?;
            }
        }
        for (name, value) in self.sharing(readers) {
            host.add_field(of, name, value.as_bytes())?;
        }
        if self.varies() {
            host.add_field(of, "vary", b"origin")?; // beside what the upstream's answer varies by
        }
        Ok(())
    }

    /// The same for an answer of the gateway's own, other than to a preflight.
    pub fn mark_reply(&self, readers: &Readers, reply: &mut Reply) {
        let fields = self.sharing(readers);
        reply
            .headers
            .extend(fields.map(|(name, value)| (name, value.to_owned())));
        reply.headers.extend(self.vary());
    }

    /// Whether answers depend on the origin that asks.
    fn varies(&self) -> bool {
        !matches!(*self.origins, [OriginPattern::Any])
    }

    fn vary(&self) -> Option<(&'static str, String)> {
        self.varies().then(|| ("vary", "origin".to_owned()))
    }

    /// Whether pages may use a method that the route takes.
    fn allows_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method)
    }

    /// Whether pages may send a field that Fetch does not always admit.
    fn allows_field(&self, name: &str) -> bool {
        match &self.headers {
            AllowedHeaders::Asked => true,
            AllowedHeaders::Listed(names) => names
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(name)),
        }
    }

    fn takes(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|pattern| pattern.takes(origin))
    }

    /// The fields that say who may read, on every answer.
    fn permission<'a>(
        &'a self,
        readers: &'a Readers,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let origin = readers.allow_origin();
        let credentials = origin.filter(|_| self.credentials);
        let credentials = credentials.map(|_| (ALLOW_CREDENTIALS, "true"));
        let origin = origin.map(|origin| (ALLOW_ORIGIN, origin));
        origin.into_iter().chain(credentials)
    }

    /// The same and what may be read, on every answer but that to a preflight.
    fn sharing<'a>(
        &'a self,
        readers: &'a Readers,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let expose = self.expose.as_deref();
        let expose = expose.filter(|_| *readers != Readers::None);
        let expose = expose.map(|list| (EXPOSE_HEADERS, list));
        self.permission(readers).chain(expose)
    }
}

fn tokens(field: &str, expected: &str, list: &[String]) -> Result<(), ConfigError> {
    for (index, text) in list.iter().enumerate() {
        if !is_token(text.as_bytes()) {
            let problem = format!("must be {expected}, found \"{text}\"");
            return Err(ConfigError::new(format!("{field}[{index}]"), problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
