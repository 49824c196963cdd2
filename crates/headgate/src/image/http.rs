//! Asks a registry, and reads no more than a bound of what it answers: the client that pushes reads
//! every answer to its end, and a registry can send without end.

use std::cell::RefCell;

use http_auth::ChallengeParser;
use oci_client::Reference;
use oci_client::errors::{OciDistributionError, OciEnvelope};
use oci_client::secrets::RegistryAuth;
use reqwest::header::{ACCEPT, HeaderMap, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::Deserialize;

use super::error::Action;
use crate::fetch::bounded;

/// The largest answer of a server that gives out tokens.
const MOST_OF_TOKEN: u64 = 1024 * 1024;

/// The longest that is read of why something is refused.
const MOST_OF_REFUSAL: u64 = 64 * 1024;

/// A way to a registry.
pub struct Http {
    client: reqwest::Client,
    scheme: &'static str,
    /// What is shown with each request: what was given, the token that was got for it, or nothing.
    shown: RefCell<RegistryAuth>,
}

/// What is asked for.
pub struct Wanted<'a> {
    /// What comes after the repository's name.
    pub path: [&'a str; 2],
    /// Only those of this kind, if the registry can tell.
    pub kind: Option<&'a str>,
    /// Which media types can be read.
    pub accept: &'a [&'a str],
    /// How many bytes are read.
    pub most: u64,
}

/// What was answered.
pub struct Answer {
    pub headers: HeaderMap,
    /// None if it is longer than what is read.
    pub body: Option<Vec<u8>>,
}

/// Where tokens are had, and what for.
struct Challenge {
    realm: String,
    service: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Http {
    pub fn new(client: reqwest::Client, scheme: &'static str) -> Self {
        Self {
            client,
            scheme,
            shown: RefCell::new(RegistryAuth::Anonymous),
        }
    }

    /// What is shown with each request.
    pub fn shown(&self) -> RegistryAuth {
        self.shown.borrow().clone()
    }

    /// Asks what the registry wants to be shown, and gets it.
    ///
    /// # Errors
    /// When it cannot be reached, or there is no token for these credentials.
    pub async fn log_in(
        &self,
        image: &Reference,
        auth: &RegistryAuth,
        action: Action,
    ) -> Result<(), OciDistributionError> {
        let host = image.resolve_registry();
        let url = format!("{}://{host}/v2/", self.scheme);
        let response = self.client.get(url).send().await?;
        let shown = match (auth, Challenge::of(response.headers())) {
            (RegistryAuth::Bearer(_), _) => auth.clone(),
            (_, Some(challenge)) => self.token(image, auth, action, challenge).await?,
            _ if response.headers().contains_key(WWW_AUTHENTICATE) => auth.clone(),
            _ => RegistryAuth::Anonymous,
        };
        self.shown.replace(shown);
        Ok(())
    }

    async fn token(
        &self,
        image: &Reference,
        auth: &RegistryAuth,
        action: Action,
        challenge: Challenge,
    ) -> Result<RegistryAuth, OciDistributionError> {
        let rights = match action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        let scope = format!("repository:{}:{rights}", image.repository());
        let mut url = parsed(&challenge.realm)?;
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = challenge.service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        let response = with(self.client.get(url), auth).send().await?;
        if response.status() != StatusCode::OK {
            return Err(OciDistributionError::AuthenticationFailure(String::new()));
        }
        let no_token = |problem: String| OciDistributionError::RegistryTokenDecodeError(problem);
        let body = bounded(response, MOST_OF_TOKEN, |_| ()).await?;
        let body = body.ok_or_else(|| {
            no_token(format!(
                "it is longer than the {MOST_OF_TOKEN} bytes that are read"
            ))
        })?;
        let answer: Token =
            serde_json::from_slice(&body).map_err(|error| no_token(error.to_string()))?;
        let token = answer.token.or(answer.access_token);
        let token = token.ok_or_else(|| no_token("there is none in it".to_owned()))?;
        Ok(RegistryAuth::Bearer(token))
    }

    /// Gets something of an image's repository; `received` is told of each piece that comes.
    ///
    /// # Errors
    /// When it cannot be reached or answers that there is none.
    pub async fn get(
        &self,
        image: &Reference,
        wanted: &Wanted<'_>,
        received: impl FnMut(u64),
    ) -> Result<Answer, OciDistributionError> {
        let mut url = parsed(&format!("{}://{}", self.scheme, image.resolve_registry()))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.push("v2")
                .extend(image.repository().split('/'))
                .extend(wanted.path);
        }
        if let Some(kind) = wanted.kind {
            url.query_pairs_mut().append_pair("artifactType", kind);
        }
        let request = self.client.get(url.clone());
        let request = request.header(ACCEPT, wanted.accept.join(", "));
        let response = with(request, &self.shown()).send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            let body = bounded(response, MOST_OF_REFUSAL, |_| ()).await?;
            return Err(refusal(status, &body.unwrap_or_default(), &url));
        }
        Ok(Answer {
            headers: response.headers().clone(),
            body: bounded(response, wanted.most, received).await?,
        })
    }
}

impl Challenge {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(WWW_AUTHENTICATE).into_iter();
        let challenges = fields
            .filter_map(|field| field.to_str().ok())
            .flat_map(ChallengeParser::new)
            .filter_map(Result::ok);
        let mut bearers = challenges.filter(|one| one.scheme.eq_ignore_ascii_case("Bearer"));
        bearers.find_map(|bearer| {
            let value = |name: &str| {
                let mut params = bearer.params.iter();
                let (_, value) = params.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                Some(value.to_unescaped())
            };
            Some(Self {
                realm: value("realm")?,
                service: value("service"),
            })
        })
    }
}

fn with(request: RequestBuilder, auth: &RegistryAuth) -> RequestBuilder {
    match auth {
        RegistryAuth::Anonymous => request,
        RegistryAuth::Basic(name, password) => request.basic_auth(name, Some(password)),
        RegistryAuth::Bearer(token) => request.bearer_auth(token),
    }
}

fn parsed(url: &str) -> Result<Url, OciDistributionError> {
    Url::parse(url).map_err(|error| OciDistributionError::UrlParseError(error.to_string()))
}

/// As the client that pushes has it.
fn refusal(status: StatusCode, body: &[u8], url: &Url) -> OciDistributionError {
    let url = url.to_string();
    if status == StatusCode::UNAUTHORIZED {
        return OciDistributionError::UnauthorizedError { url };
    }
    match serde_json::from_slice::<OciEnvelope>(body) {
        Ok(envelope) if status.is_client_error() => {
            OciDistributionError::RegistryError { envelope, url }
        }
        _ => OciDistributionError::ServerError {
            code: status.as_u16(),
            url,
            message: String::from_utf8_lossy(body).into_owned(),
        },
    }
}
