//! Tokens in the compact form of a JSON Web Signature (RFC 7515 section 3.1).

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::denial::Denial;
use crate::json::{JsonFault, parse_object};

/// The longest token, in bytes. The parts of a request's head are shorter in most servers.
pub const MOST_TOKEN_BYTES: usize = 16 * 1024;

/// A token of which nothing is known yet but its form.
#[derive(Debug, Clone)]
pub struct Token<'t> {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub kid: Option<String>,
    /// `typ`.
    pub kind: Option<String>,
    /// What is signed: header and payload as they stand there.
    pub signed: &'t [u8],
    /// The signature.
    pub signature: Vec<u8>,
    payload: &'t [u8],
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is no token, or several, or one that asks for what is not given: a key of its own (`jwk`, `jku`,
    /// `x5u`), an extension (`crit`; none is known here), no signature (`none`).
    pub fn parse(text: &'t [u8]) -> Result<Self, Denial> {
        // Envoy makes one line of several `authorization`, with commas, which no token has.
        if text.contains(&b',') {
            return Err(Denial::TokenRepeated);
        }
        if text.len() > MOST_TOKEN_BYTES {
            return Err(Denial::TokenTooLarge);
        }
        let mut parts = text.split(|&byte| byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Denial::TokenMalformed);
        };
        let signed = text.get(..header.len() + 1 + payload.len());
        let (Some(signed), false) = (signed, payload.is_empty()) else {
            return Err(Denial::TokenMalformed);
        };
        let header = object(header)?;
        if ["jwk", "jku", "x5u"]
            .iter()
            .any(|name| header.contains_key(*name))
        {
            return Err(Denial::EmbeddedKey);
        }
        // `b64` (RFC 7797) would have to be named by `crit`; who sends it alone means something else.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(Denial::CriticalHeader);
        }
        let algorithm = text_of(&header, "alg")?.ok_or(Denial::TokenMalformed)?;
        let algorithm = Algorithm::named(&algorithm).ok_or(Denial::AlgorithmNotAllowed)?;
        Ok(Self {
            algorithm,
            kid: text_of(&header, "kid")?,
            kind: text_of(&header, "typ")?,
            signed,
            signature: base64url::decode(signature).ok_or(Denial::TokenMalformed)?,
            payload,
        })
    }

    /// The claims. Nobody has said them before the signature is verified.
    ///
    /// # Errors
    /// When the payload is no object.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, Denial> {
        object(self.payload).map_err(|denial| match denial {
            Denial::DuplicateMember => denial,
            _ => Denial::ClaimsMalformed,
        })
    }
}

fn object(part: &[u8]) -> Result<Map<String, Value>, Denial> {
    let text = base64url::decode(part).ok_or(Denial::TokenMalformed)?;
    parse_object(&text).map_err(|fault| match fault {
        JsonFault::Malformed => Denial::TokenMalformed,
        JsonFault::DuplicateMember => Denial::DuplicateMember,
    })
}

fn text_of(header: &Map<String, Value>, name: &str) -> Result<Option<String>, Denial> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Denial::TokenMalformed),
    }
}
