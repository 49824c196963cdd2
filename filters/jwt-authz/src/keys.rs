//! The keys of a provider.

use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::{ConfigError, Signatures};
use serde_json::Value;

use crate::config::KeysConfig;
use crate::denial::Denial;
use crate::key::{Key, KeyError};
use crate::pem;
use crate::token::Token;

/// How many keys are tried for a token that does not say which is its own.
const MOST_TRIED: usize = 8;

/// Keys, in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Keys {
    keys: Vec<Rc<Key>>,
    /// Their indices by name, so that a token finds its key among any number.
    named: BTreeMap<Box<str>, Vec<usize>>,
    /// The indices of those that have no name.
    nameless: Vec<usize>,
}

/// A key of a set that cannot be used: its place in `keys`, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// Its index.
    pub index: usize,
    /// Why.
    pub error: KeyError,
}

impl Keys {
    /// Reads keys in whichever form they have. With them come those of a set that are left out.
    pub(crate) fn compile(config: &KeysConfig) -> Result<(Self, Vec<KeyFault>), ConfigError> {
        let at = |place: &'static str| move |error: KeyError| ConfigError::new(place, error);
        let one = |key| Self::of(vec![key]);
        let KeysConfig {
            jwks,
            jwk,
            pem,
            secret,
            remote,
        } = config;
        let keys = match (jwks, jwk, pem, secret, remote) {
            (Some(set), None, None, None, None) => {
                let (keys, faults) = Self::from_jwks(set).map_err(at("jwks"))?;
                if let (true, Some(first)) = (keys.keys.is_empty(), faults.first()) {
                    let place = format!("jwks.keys[{}]", first.index);
                    return Err(ConfigError::new(place, &first.error));
                }
                return Ok((keys, faults));
            }
            (None, Some(jwk), None, None, None) => one(Key::from_jwk(jwk).map_err(at("jwk"))?),
            (None, None, Some(text), None, None) => {
                let blocks = pem::blocks(text).map_err(at("pem"))?;
                let keys: Result<_, _> = blocks.iter().map(Key::from_pem).collect();
                Self::of(keys.map_err(at("pem"))?)
            }
            (None, None, None, Some(secret), None) => {
                one(Key::from_secret(secret).map_err(at("secret"))?)
            }
            // They come while the filter runs.
            (None, None, None, None, Some(_)) => Self::default(),
            _ => {
                let problem = "must have exactly one of \"jwks\", \"jwk\", \"pem\", \"secret\" and \
                               \"remote\"";
                return Err(ConfigError::new("", problem));
            }
        };
        Ok((keys, Vec::new()))
    }

    /// Reads a JWK Set. Keys that cannot be used are left out (RFC 7517 section 5) and told.
    ///
    /// # Errors
    /// When it is no set, or an empty one.
    pub fn from_jwks(set: &Value) -> Result<(Self, Vec<KeyFault>), KeyError> {
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.filter(|keys| !keys.is_empty());
        let keys = keys.ok_or(KeyError::Member("keys"))?;
        let (mut good, mut faults) = (Vec::new(), Vec::new());
        for (index, jwk) in keys.iter().enumerate() {
            match Key::from_jwk(jwk) {
                Ok(key) => good.push(key),
                Err(error) => faults.push(KeyFault { index, error }),
            }
        }
        Ok((Self::of(good), faults))
    }

    fn of(keys: Vec<Key>) -> Self {
        let mut of = Self::default();
        for (index, key) in keys.into_iter().enumerate() {
            match key.kid() {
                Some(kid) => of.named.entry(kid.into()).or_default().push(index),
                None => of.nameless.push(index),
            }
            of.keys.push(Rc::new(key));
        }
        of
    }

    /// The same keys; those that are among others too are these very others, and so is what is known of
    /// their tokens.
    #[must_use]
    pub(crate) fn succeeding(mut self, others: &Self) -> Self {
        for key in &mut self.keys {
            let same = others.called(key.kid()).find(|other| *other == key);
            if let Some(same) = same.cloned() {
                *key = same;
            }
        }
        self
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(|key| &**key)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Those of this very name, or those without one.
    fn called(&self, kid: Option<&str>) -> impl Iterator<Item = &Rc<Key>> + use<'_> {
        let indices = match kid {
            Some(kid) => self.named.get(kid).map(Vec::as_slice).unwrap_or_default(),
            None => &self.nameless,
        };
        indices.iter().filter_map(|index| self.keys.get(*index))
    }

    /// Whether a token could be by a key that is not among these: it names none of them.
    pub(crate) fn lack(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| !self.named.contains_key(kid))
    }

    /// Those that a token may be by: it names one, or any of a name will do.
    fn candidates(&self, kid: Option<&str>) -> impl Iterator<Item = &Rc<Key>> + use<'_> {
        let (any, named) = match kid {
            None => (Some(self.keys.iter()), None),
            Some(_) => (None, Some(self.called(kid).chain(self.called(None)))),
        };
        any.into_iter().flatten().chain(named.into_iter().flatten())
    }

    /// The one of these keys that has signed a token.
    ///
    /// A token that names its key is held against keys of this name, and against keys without a name.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn verify(
        &self,
        token: &Token<'_>,
        signatures: &mut dyn Signatures,
    ) -> Result<&Rc<Key>, Denial> {
        let mut of_name = self.candidates(token.kid.as_deref()).peekable();
        if of_name.peek().is_none() {
            return Err(Denial::KeyUnknown);
        }
        let mut fitting = of_name.filter(|key| key.fits(token.algorithm)).peekable();
        if fitting.peek().is_none() {
            return Err(Denial::AlgorithmNotAllowed);
        }
        let mut tried = fitting.take(MOST_TRIED);
        let signer = tried.find(|key| {
            // A key that the host does not take has signed nothing; the root has said so in the log.
            key.verify(token.algorithm, token.signed, &token.signature, signatures)
                .unwrap_or(false)
        });
        signer.ok_or(Denial::SignatureInvalid)
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;
    use software_signatures::SoftwareSignatures;

    use super::*;
    use crate::base64url;

    /// So many keys, of names like `key 7`.
    fn keys(number: usize) -> Keys {
        let octets = base64url::encode(&[7; 32]);
        let key = |index| {
            let kid = format!("key {index}");
            json!({ "kty": "EC", "crv": "P-256", "x": octets, "y": octets, "kid": kid })
        };
        let keys: Vec<Value> = (0..number).map(key).collect();
        Keys::from_jwks(&json!({ "keys": keys })).unwrap().0
    }

    /// The time that a key takes to be looked for, without a look at a signature.
    fn time(keys: &Keys) -> Duration {
        let header = base64url::encode(br#"{"alg":"ES256","kid":"key x"}"#);
        let token = format!("{header}.e30.AAAA");
        let token = Token::parse(token.as_bytes()).unwrap();
        let best = (0..10).map(|_| {
            #[allow(clippy::disallowed_methods, reason = "a test measures time")]
            let start = Instant::now();
            for _ in 0..100 {
                let found = keys.verify(&token, &mut SoftwareSignatures);
                assert_eq!(found.unwrap_err(), Denial::KeyUnknown);
            }
            start.elapsed()
        });
        best.min().unwrap()
    }

    #[test]
    fn a_key_is_found_as_soon_among_thousands() {
        let (few, many) = (time(&keys(2)), time(&keys(5000)));
        assert!(many < few * 30, "{few:?} {many:?}");
    }

    #[test]
    fn keys_that_stay_are_the_same_and_others_are_not() {
        let (before, after) = (keys(3), keys(5).succeeding(&keys(3)));
        let after = after.succeeding(&before);
        let same = after.keys.iter().zip(&before.keys);
        assert!(same.clone().all(|(one, other)| Rc::ptr_eq(one, other)));
        assert_eq!((same.count(), after.keys.len()), (3, 5));
    }
}
