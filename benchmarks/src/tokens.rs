//! Tokens: signed before anything is measured.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who issues all of them.
pub const ISSUER: &str = "https://id.example.com/realms/shop";
/// One of those whom they are for.
pub const AUDIENCE: &str = "shop-api";

/// A public key, and tokens by it.
#[derive(Debug, Deserialize)]
pub struct Tokens {
    /// As a JWK.
    pub key: Value,
    /// All differ.
    pub tokens: Vec<String>,
}

impl Tokens {
    /// Eight by RSA of 2048 bits. Nothing here makes such keys: they were signed by one that is gone, and
    /// hold until 2100.
    ///
    /// # Errors
    /// When the file is broken.
    pub fn rs256() -> Result<Self> {
        serde_json::from_str(include_str!("tokens/rs256.json")).context("tokens/rs256.json")
    }

    /// So many on P-256, by a new key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn es256(count: usize) -> Result<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let failed = |_| anyhow!("no key could be made");
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(failed)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|error| anyhow!("the new key is refused: {error}"))?;
        let header = encode(br#"{"alg":"ES256","typ":"JWT","kid":"p-256"}"#);
        let sign = |number| {
            let signed = format!("{header}.{}", encode(claims(number).to_string().as_bytes()));
            let signature = pair.sign(&random, signed.as_bytes());
            let signature = signature.map_err(|_| anyhow!("a token could not be signed"))?;
            Ok(format!("{signed}.{}", encode(signature.as_ref())))
        };
        let tokens = (0..count).map(sign).collect::<Result<_>>()?;
        // RFC 5480 section 2.2: the octet 4, then both coordinates.
        let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at_checked(32).context("a point on P-256")?;
        let (x, y) = (encode(x), encode(y));
        Ok(Self {
            key: json!({ "kty": "EC", "crv": "P-256", "kid": "p-256", "x": x, "y": y }),
            tokens,
        })
    }

    /// The header field of each.
    pub fn fields(&self) -> impl Iterator<Item = String> {
        let tokens = self.tokens.iter();
        tokens.map(|token| format!("authorization: Bearer {token}\r\n"))
    }
}

/// What an identity provider says of a user.
fn claims(number: usize) -> Value {
    json!({
        "iss": ISSUER,
        "sub": format!("0d5f3c1e-7a64-4c0b-9a53-{number:012}"),
        "aud": [AUDIENCE, "account"],
        "azp": "shop-web",
        "iat": 1_700_000_000,
        "exp": 4_102_444_800_u64, // 2100
        "jti": format!("5a2c8f0e-31b7-4d1c-8a4e-{number:012}"),
        "scope": "openid profile email",
        "email": format!("user-{number}@example.com"),
        "tier": "gold",
        "realm_access": { "roles": ["buyer", "reviewer", "offline_access"] },
    })
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
