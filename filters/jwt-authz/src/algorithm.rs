//! Algorithms of signatures (RFC 7518 section 3.1, RFC 8037 section 3.1).

use filter_api::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a token is signed with. `none` is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5.
    Rs(Hash),
    /// RSASSA-PSS with MGF1, both with this hash.
    Ps(Hash),
    /// ECDSA, each hash on its own curve: P-256, P-384, P-521.
    Es(Hash),
    /// EdDSA on Ed25519.
    EdDsa,
    /// HMAC.
    Hs(Hash),
}

const ALGORITHMS: [(&str, Algorithm); 14] = [
    ("RS256", Algorithm::Rs(Hash::Sha256)),
    ("RS384", Algorithm::Rs(Hash::Sha384)),
    ("RS512", Algorithm::Rs(Hash::Sha512)),
    ("PS256", Algorithm::Ps(Hash::Sha256)),
    ("PS384", Algorithm::Ps(Hash::Sha384)),
    ("PS512", Algorithm::Ps(Hash::Sha512)),
    ("ES256", Algorithm::Es(Hash::Sha256)),
    ("ES384", Algorithm::Es(Hash::Sha384)),
    ("ES512", Algorithm::Es(Hash::Sha512)),
    ("EdDSA", Algorithm::EdDsa),
    ("Ed25519", Algorithm::EdDsa), // RFC 9864 section 2.2
    ("HS256", Algorithm::Hs(Hash::Sha256)),
    ("HS384", Algorithm::Hs(Hash::Sha384)),
    ("HS512", Algorithm::Hs(Hash::Sha512)),
];

impl Algorithm {
    /// By the value of `alg`, whose case counts.
    pub fn named(name: &str) -> Option<Self> {
        let mut algorithms = ALGORITHMS.iter();
        algorithms
            .find(|(known, _)| *known == name)
            .map(|(_, algorithm)| *algorithm)
    }

    /// The value of `alg`.
    pub fn name(self) -> &'static str {
        let mut algorithms = ALGORITHMS.iter();
        algorithms
            .find(|(_, algorithm)| *algorithm == self)
            .map_or("", |(name, _)| name)
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::named(&name).ok_or_else(|| {
            de::Error::custom(format_args!(
                "expected an algorithm such as \"RS256\", \"ES256\" or \"EdDSA\", found \"{name}\""
            ))
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Algorithm {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = ALGORITHMS.map(|(name, _)| name);
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}
