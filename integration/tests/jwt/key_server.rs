//! A server that keeps keys, and the keys: fresh ones for each test.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integration::upstream::{Answer, SeenRequest, Upstream};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

/// A key pair on P-256, whose signatures the host checks.
pub struct Pair {
    kid: String,
    key: SigningKey,
}

impl Pair {
    pub fn new(kid: &str) -> Self {
        let key = std::iter::repeat_with(|| {
            let octets: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
            SigningKey::from_slice(&octets)
        });
        Self {
            kid: kid.to_owned(),
            key: key.flatten().next().unwrap(),
        }
    }

    pub fn jwk(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let [x, y] = [point.x(), point.y()].map(|octets| URL_SAFE_NO_PAD.encode(octets.unwrap()));
        json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y, "use": "sig" })
    }

    /// A token until 2100.
    pub fn token(&self) -> String {
        self.token_named(&self.kid)
    }

    /// The same with another name for the key.
    pub fn token_named(&self, kid: &str) -> String {
        let header = json!({ "alg": "ES256", "kid": kid });
        let claims = json!({ "sub": "ada", "exp": 4_102_444_800_u64 });
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = parts.join(".");
        let signature: Signature = self.key.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// An HTTP server with a JWK Set.
pub struct KeyServer {
    server: Mutex<Option<Upstream>>,
    port: u16,
}

impl KeyServer {
    /// Has these keys.
    pub async fn start(pairs: &[&Pair]) -> Self {
        let server = Upstream::start().await;
        server.answer(set(pairs));
        Self {
            port: server.port(),
            server: Mutex::new(Some(server)),
        }
    }

    /// Nobody listens yet on this port.
    pub fn down(port: u16) -> Self {
        Self {
            server: Mutex::default(),
            port,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Comes up with these keys.
    pub async fn come_up(&self, pairs: &[&Pair]) {
        let server = Upstream::start_on(self.port).await;
        server.answer(set(pairs));
        *self.server.lock().unwrap() = Some(server);
    }

    /// Goes down, with its connections.
    pub fn go_down(&self) {
        *self.server.lock().unwrap() = None;
    }

    /// Has these keys from now on, and no others.
    pub fn publish(&self, pairs: &[&Pair]) {
        self.answer(set(pairs));
    }

    pub fn answer(&self, answer: Answer) {
        self.with(|server| server.answer(answer));
    }

    /// How often it was asked.
    pub fn fetches(&self) -> usize {
        self.with(Upstream::requests)
    }

    pub fn last(&self) -> SeenRequest {
        self.with(Upstream::last)
    }

    /// Waits until it was asked so often.
    pub async fn wait_for_fetches(&self, number: usize) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        while self.fetches() < number {
            assert!(
                tokio::time::Instant::now() < deadline,
                "asked {} times",
                self.fetches()
            );
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    fn with<T>(&self, act: impl FnOnce(&Upstream) -> T) -> T {
        act(self.server.lock().unwrap().as_ref().unwrap())
    }
}

/// What a key server answers.
pub fn set(pairs: &[&Pair]) -> Answer {
    let keys: Vec<Value> = pairs.iter().map(|pair| pair.jwk()).collect();
    Answer::new(200)
        .header("content-type", "application/jwk-set+json")
        .body(json!({ "keys": keys }).to_string())
}
