//! Tokens, by a document that `headgate run` runs: keys in a file, and keys of an issuer that is asked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integration::client::{self, Client, Request, Response};
use integration::upstream::{Answer, SeenRequest, Upstream};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::headgate::Headgate;
use crate::versions::Version;

/// Somebody who issues tokens with one key.
struct Issuer {
    issuer: String,
    kid: String,
    key: Ed25519KeyPair,
}

impl Issuer {
    fn new(issuer: &str, kid: &str) -> Self {
        // A key for these tests alone, another one for each name.
        let mut seed = [7; 32];
        for (octet, byte) in seed.iter_mut().zip(kid.bytes()) {
            *octet = byte;
        }
        Self {
            issuer: issuer.to_owned(),
            kid: kid.to_owned(),
            key: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap(),
        }
    }

    fn jwks(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x }] }).to_string()
    }

    /// A token until 2100 with these claims too.
    fn token(&self, claims: Value) -> String {
        let mut payload = json!({ "iss": self.issuer, "aud": "pets", "exp": 4_102_444_800_u64 });
        for (name, claim) in claims.as_object().unwrap() {
            payload[name] = claim.clone();
        }
        let header = json!({ "alg": "EdDSA", "kid": self.kid });
        let parts = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = parts.join(".");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }
}

async fn get(client: &Client, path: &str, token: Option<&str>) -> Response {
    let mut request = Request::get(path).header("x-user", "root");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    client.send(request).await.unwrap()
}

fn reason(response: &Response) -> String {
    response.json()["reason"].as_str().unwrap().to_owned()
}

/// Providers and routes to two upstreams.
fn fields(provider: &str, pets: &Upstream, next: &Upstream) -> String {
    format!(
        "upstreams: {{ pets: {{ http: \"{}\" }}, next: {{ http: \"{}\" }} }}\n\
         providers:\n  corp: {{ {provider}, audiences: [pets], headers: [{{ name: x-user, claim: sub }}] }}\n\
         jwt: {{ provider: corp }}\n\
         routes:\n\
         \x20 - match: {{ path: /pets }}\n\
         \x20   to: [{{ upstream: next, when: {{ claims: [{{ claim: beta, equals: true }}] }} }}, {{ upstream: pets }}]\n\
         \x20 - {{ match: {{ path: /admin }}, jwt: {{ provider: corp, scopes: [admin] }}, to: [{{ upstream: pets }}] }}\n\
         \x20 - {{ match: {{ path: /health }}, jwt: none, respond: {{ status: 200, body: ok }} }}\n",
        pets.address(),
        next.address()
    )
}

/// What each kind of request comes to.
async fn requests_pass_by_their_tokens(
    client: &Client,
    issuer: &Issuer,
    pets: &Upstream,
    next: &Upstream,
) {
    let without = get(client, "/pets", None).await;
    assert_eq!(
        (without.status.as_u16(), reason(&without)),
        (401, "token_missing".to_owned())
    );
    let challenge = &without.headers["www-authenticate"];
    assert_eq!(challenge, "Bearer realm=\"gateway\"");
    let ada = issuer.token(json!({ "sub": "ada", "beta": true }));
    let bob = issuer.token(json!({ "sub": "bob", "scope": "read admin" }));
    for (token, upstream, user) in [(&ada, next, "ada"), (&bob, pets, "bob")] {
        let answer = get(client, "/pets", Some(token)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = upstream.last();
        let users: Vec<_> = seen.headers.get_all("x-user").iter().collect();
        assert_eq!(users, [user]);
        assert_eq!(seen.headers.get("authorization"), None);
    }
    let forbidden = get(client, "/admin", Some(&ada)).await;
    assert_eq!(
        (forbidden.status.as_u16(), reason(&forbidden)),
        (403, "insufficient_scope".to_owned())
    );
    assert_eq!(get(client, "/admin", Some(&bob)).await.status, 200);
    assert_eq!(get(client, "/health", None).await.text(), "ok");
    let others = Issuer::new(&issuer.issuer, "mallory");
    let token = others.token(json!({ "sub": "ada" }));
    assert_eq!(get(client, "/pets", Some(&token)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_a_file_are_the_documents_and_a_changed_file_is_carried() {
    let (pets, next) = (Upstream::start().await, Upstream::start().await);
    let old = Issuer::new("https://id.example.com", "old");
    let provider = "issuer: \"https://id.example.com\", keys: { file: corp.jwks.json }";
    let mut headgate = Headgate::with(&Version::first()).await;
    headgate.write("corp.jwks.json", &old.jwks());
    headgate.save_text(&headgate.document_with(&fields(provider, &pets, &next)));
    headgate.start();
    let client = client::http1(headgate.address());
    requests_pass_by_their_tokens(&client, &old, &pets, &next).await;

    // A broken file is told, and changes nothing.
    let said = headgate.lines();
    headgate.write("corp.jwks.json", "<html>");
    headgate.wait_for("expected a JWK Set", said);
    headgate.wait_for("the gateway runs on as it was", said);
    let token = old.token(json!({ "sub": "ada" }));
    assert_eq!(get(&client, "/pets", Some(&token)).await.status, 200);

    let said = headgate.lines();
    let new = Issuer::new("https://id.example.com", "new");
    headgate.write("corp.jwks.json", &new.jwks());
    headgate.wait_for("in use by every worker", said);
    requests_pass_by_their_tokens(&client, &new, &pets, &next).await;
    let refused = get(&client, "/pets", Some(&token)).await;
    assert_eq!(
        (refused.status.as_u16(), reason(&refused)),
        (401, "token_invalid".to_owned())
    );
    assert!(headgate.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_says_where_its_keys_are_and_envoy_fetches_them() {
    let (pets, next) = (Upstream::start().await, Upstream::start().await);
    let server = Upstream::start().await;
    let url = format!("http://{}", server.address());
    let issuer = Issuer::new(&url, "2026");
    let (own, keys) = (url.clone(), issuer.jwks());
    server.answer_with(move |seen: &SeenRequest| match seen.path.as_str() {
        "/.well-known/openid-configuration" => {
            let metadata = json!({ "issuer": own, "jwks_uri": format!("{own}/keys") });
            Answer::new(200).body(metadata.to_string())
        }
        "/keys" => Answer::new(200).body(keys.clone()),
        _ => Answer::new(404),
    });
    let document = |headgate: &Headgate, issuer: &str| {
        let provider = format!("issuer: \"{issuer}\"");
        headgate.document_with(&fields(&provider, &pets, &next))
    };
    let mut headgate = Headgate::with(&Version::first()).await;
    headgate.save_text(&document(&headgate, &url));
    headgate.start();
    let client = client::http1(headgate.address());
    requests_pass_by_their_tokens(&client, &issuer, &pets, &next).await;

    // An issuer that says nothing of itself changes nothing.
    let said = headgate.lines();
    headgate.save_text(&document(&headgate, &format!("{url}/other")));
    let told = headgate.wait_for("does not say where its keys are", said);
    assert!(told.contains("providers.corp.issuer: "), "{told}");
    headgate.wait_for("the gateway runs on as it was", said);
    requests_pass_by_their_tokens(&client, &issuer, &pets, &next).await;
    assert!(headgate.stop().success());
}
