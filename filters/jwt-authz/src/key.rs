//! One key of a provider.

use ed25519_dalek as ed25519;
use filter_api::{Hash, HostError, Signatures, Signed};
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::sha2::{Sha256, Sha384, Sha512};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, pss};
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::config::SecretConfig;
use crate::pem::Block;
use crate::public_key_info::{self, Curve};

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No JWK.
    #[error("must be a JSON Web Key, {0}")]
    Jwk(String),
    /// No PEM, or one of something else.
    #[error("must be a public key in PEM, \"-----BEGIN PUBLIC KEY-----\"")]
    Pem,
    /// A certificate.
    #[error(
        "must be a public key, found a certificate; `openssl x509 -pubkey -noout` writes its key"
    )]
    Certificate,
    /// A private key, which nobody but its owner may have.
    #[error("must be a public key, found a private one; whoever can read it can issue tokens")]
    Private,
    /// Not made for signatures.
    #[error("is not for verifying signatures, by its \"use\" or \"key_ops\"")]
    Use,
    /// A type of key that is not known here.
    #[error("must be of \"kty\" RSA, EC or OKP, found \"{0}\"")]
    Type(String),
    /// A secret among public keys.
    #[error("must be a public key, found a secret (\"kty\" oct); write it as \"secret\"")]
    Secret,
    /// A curve that is not known here.
    #[error("must be on P-256, P-384, P-521 or Ed25519, found \"{0}\"")]
    Curve(String),
    /// A member is missing or is not what it must be.
    #[error("must have a proper \"{0}\"")]
    Member(&'static str),
    /// An RSA key that is too short, too long, or none (RFC 7518 section 3.3).
    #[error("must be an RSA key of 2048 to 8192 bits")]
    Rsa,
    /// The key's own algorithm is none that is known, or none for it.
    #[error("must have an \"alg\" for signatures that fits the key, found \"{0}\"")]
    Algorithm(String),
    /// A secret that is easier to guess than a signature (RFC 7518 section 3.2).
    #[error("must be of {needed} bytes at least for {}, found {found}", .algorithm.name())]
    SecretTooShort {
        /// What it is for.
        algorithm: Algorithm,
        /// How long it must be, in bytes.
        needed: usize,
        /// How long it is.
        found: usize,
    },
    /// A secret that is written in no way, or in two.
    #[error("must have exactly one of \"text\" and \"base64url\"")]
    SecretForm,
}

/// A key, and how its signatures are checked.
#[derive(Debug, PartialEq)]
pub struct Key {
    kid: Option<Box<str>>,
    /// The only algorithm that it is for, if it says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(PartialEq)]
enum Material {
    /// PKCS #1 v1.5 is the host's to check, PSS is not offered by any.
    Rsa {
        public_key: Box<[u8]>,
        pss: Box<rsa::PublicKey>,
    },
    Curve {
        curve: Curve,
        public_key: Box<[u8]>,
    },
    Ed25519(Box<ed25519::VerifyingKey>),
    Secret(Box<[u8]>),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rsa { .. } => "Rsa",
            Self::Curve { .. } => "Curve",
            Self::Ed25519(_) => "Ed25519",
            Self::Secret(_) => "Secret",
        })
    }
}

/// What is read of a JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2). Other members are
/// not looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
}

impl Key {
    /// Reads a JWK of a public key.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let jwk =
            Jwk::deserialize(jwk).map_err(|error| KeyError::Jwk(shown(&error.to_string())))?;
        if jwk.kty == "oct" {
            return Err(KeyError::Secret);
        }
        if jwk.d.is_some() {
            return Err(KeyError::Private);
        }
        let verifies = |ops: &Vec<String>| ops.iter().any(|op| op == "verify");
        if jwk.usage.as_ref().is_some_and(|usage| usage != "sig")
            || jwk.key_ops.as_ref().is_some_and(|ops| !verifies(ops))
        {
            return Err(KeyError::Use);
        }
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (octets(jwk.n.as_ref(), "n")?, octets(jwk.e.as_ref(), "e")?);
                let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
                rsa(rsa::PublicKey::new(number(&n), number(&e)).map_err(|_| KeyError::Rsa)?)?
            }
            ("EC", Some(name)) => {
                let curve = Curve::named(name).ok_or_else(|| KeyError::Curve(shown(name)))?;
                let (x, y) = (octets(jwk.x.as_ref(), "x")?, octets(jwk.y.as_ref(), "y")?);
                let public_key = curve.public_key(&x, &y).ok_or(KeyError::Member("x"))?;
                Material::Curve {
                    curve,
                    public_key: public_key.into(),
                }
            }
            ("OKP", Some("Ed25519")) => {
                let x = octets(jwk.x.as_ref(), "x")?;
                ed25519(x.try_into().map_err(|_| KeyError::Member("x"))?)?
            }
            ("OKP", Some(name)) => return Err(KeyError::Curve(shown(name))),
            ("EC" | "OKP", None) => return Err(KeyError::Member("crv")),
            (kty, _) => return Err(KeyError::Type(shown(kty))),
        };
        let mut key = Self {
            kid: jwk.kid.map(Into::into),
            algorithm: None,
            material,
        };
        if let Some(name) = jwk.alg {
            let algorithm = Algorithm::named(&name).filter(|algorithm| key.fits(*algorithm));
            key.algorithm = Some(algorithm.ok_or_else(|| KeyError::Algorithm(shown(&name)))?);
        }
        Ok(key)
    }

    /// Reads a block of PEM.
    pub(crate) fn from_pem(block: &Block) -> Result<Self, KeyError> {
        let material = match block {
            Block::RsaPublicKey(der) => {
                rsa(rsa::PublicKey::from_pkcs1_der(der).map_err(|_| KeyError::Rsa)?)?
            }
            Block::PublicKey(der) => {
                let curve = Curve::ALL.iter().find(|curve| curve.is_public_key(der));
                if let Some(curve) = curve {
                    Material::Curve {
                        curve: *curve,
                        public_key: der.as_slice().into(),
                    }
                } else if let Some(key) = public_key_info::ed25519(der) {
                    ed25519(key)?
                } else {
                    let key = rsa::PublicKey::from_public_key_der(der);
                    rsa(key.map_err(|_| KeyError::Pem)?)?
                }
            }
        };
        Ok(Self {
            kid: None,
            algorithm: None,
            material,
        })
    }

    /// Reads a secret.
    pub(crate) fn from_secret(config: &SecretConfig) -> Result<Self, KeyError> {
        let secret = match (&config.text, &config.base64url) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(text)) => {
                let secret = base64url::decode(text.as_bytes());
                secret.ok_or(KeyError::Member("base64url"))?
            }
            _ => return Err(KeyError::SecretForm),
        };
        let algorithm = config.algorithm;
        let needed = match algorithm {
            Algorithm::Hs(Hash::Sha256) => 32,
            Algorithm::Hs(Hash::Sha384) => 48,
            Algorithm::Hs(Hash::Sha512) => 64,
            _ => return Err(KeyError::Algorithm(algorithm.name().to_owned())),
        };
        if secret.len() < needed {
            return Err(KeyError::SecretTooShort {
                algorithm,
                needed,
                found: secret.len(),
            });
        }
        Ok(Self {
            kid: config.kid.as_deref().map(Into::into),
            algorithm: Some(algorithm),
            material: Material::Secret(secret.into()),
        })
    }

    /// What tokens call it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it is a key for this algorithm (RFC 8725 section 3.1).
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let of_its_kind = match (&self.material, algorithm) {
            (Material::Rsa { .. }, Algorithm::Rs(_) | Algorithm::Ps(_))
            | (Material::Ed25519(_), Algorithm::EdDsa)
            | (Material::Secret(_), Algorithm::Hs(_)) => true,
            (Material::Curve { curve, .. }, Algorithm::Es(hash)) => curve.hash() == hash,
            _ => false,
        };
        of_its_kind && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// Whether it itself says that it is for this algorithm.
    pub(crate) fn names(&self, algorithm: Algorithm) -> bool {
        self.algorithm == Some(algorithm)
    }

    /// Whether a signature is this key's. One with an algorithm that does not fit is not.
    ///
    /// # Errors
    /// When the host is needed, and does not take the key.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        text: &[u8],
        signature: &[u8],
        host: &mut dyn Signatures,
    ) -> Result<bool, HostError> {
        if !self.fits(algorithm) {
            return Ok(false);
        }
        match (&self.material, algorithm) {
            (Material::Rsa { public_key, .. }, Algorithm::Rs(hash)) => {
                host.verify_signature(&Signed {
                    hash,
                    public_key,
                    signature,
                    text,
                })
            }
            (Material::Rsa { pss, .. }, Algorithm::Ps(hash)) => {
                Ok(verify_pss(pss, hash, text, signature))
            }
            (Material::Curve { curve, public_key }, _) => {
                let Some(signature) = curve.signature(signature) else {
                    return Ok(false);
                };
                host.verify_signature(&Signed {
                    hash: curve.hash(),
                    public_key,
                    signature: &signature,
                    text,
                })
            }
            (Material::Ed25519(key), _) => {
                let signature = ed25519::Signature::from_slice(signature);
                Ok(signature.is_ok_and(|signature| key.verify_strict(text, &signature).is_ok()))
            }
            (Material::Secret(secret), Algorithm::Hs(hash)) => {
                Ok(verify_hmac(secret, hash, text, signature))
            }
            _ => Ok(false),
        }
    }

    /// Whether the host takes the key, as far as it is the host that checks its signatures.
    ///
    /// # Errors
    /// When it does not.
    pub fn is_taken(&self, host: &mut dyn Signatures) -> Result<(), HostError> {
        let (public_key, hash) = match &self.material {
            Material::Rsa { public_key, .. } => (public_key, Hash::Sha256),
            Material::Curve { public_key, curve } => (public_key, curve.hash()),
            Material::Ed25519(_) | Material::Secret(_) => return Ok(()),
        };
        let any = Signed {
            hash,
            public_key,
            signature: &[],
            text: &[],
        };
        host.verify_signature(&any).map(|_| ())
    }
}

/// Somebody else's text as logs can show it: on one line, and not all of it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

fn octets(member: Option<&String>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let octets = member.and_then(|text| base64url::decode(text.as_bytes()));
    octets.ok_or(KeyError::Member(name))
}

fn rsa(key: rsa::PublicKey) -> Result<Material, KeyError> {
    const FEWEST_BITS: u32 = 2048;
    if key.n().bit_width_vartime() < FEWEST_BITS {
        return Err(KeyError::Rsa);
    }
    let public_key = key.to_public_key_der().map_err(|_| KeyError::Rsa)?;
    Ok(Material::Rsa {
        public_key: public_key.as_bytes().into(),
        pss: key.into(),
    })
}

fn ed25519(key: [u8; 32]) -> Result<Material, KeyError> {
    let key = ed25519::VerifyingKey::from_bytes(&key).ok();
    // Of a weak key anybody can make signatures.
    let key = key.filter(|key| !key.is_weak());
    let key = key.ok_or(KeyError::Member("x"))?;
    Ok(Material::Ed25519(key.into()))
}

/// The salt is as long as the hash (RFC 7518 section 3.5).
fn verify_pss(key: &rsa::PublicKey, hash: Hash, text: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = pss::Signature::try_from(signature) else {
        return false;
    };
    let key = key.clone();
    let verified = match hash {
        Hash::Sha256 => pss::VerifyingKey::<Sha256>::new(key).verify(text, &signature),
        Hash::Sha384 => pss::VerifyingKey::<Sha384>::new(key).verify(text, &signature),
        Hash::Sha512 => pss::VerifyingKey::<Sha512>::new(key).verify(text, &signature),
    };
    verified.is_ok()
}

/// Compares in constant time.
fn verify_hmac(secret: &[u8], hash: Hash, text: &[u8], signature: &[u8]) -> bool {
    fn verify<M: Mac + KeyInit>(secret: &[u8], text: &[u8], signature: &[u8]) -> bool {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) else {
            return false;
        };
        mac.update(text);
        mac.verify_slice(signature).is_ok()
    }
    match hash {
        Hash::Sha256 => verify::<Hmac<Sha256>>(secret, text, signature),
        Hash::Sha384 => verify::<Hmac<Sha384>>(secret, text, signature),
        Hash::Sha512 => verify::<Hmac<Sha512>>(secret, text, signature),
    }
}

#[cfg(test)]
mod tests;
