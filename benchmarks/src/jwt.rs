//! The rows about tokens: ours, and what does the same work natively.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::envoys::{bootstrap, functions, module, one_answer};
use crate::load::Requests;
use crate::routes::{self, Kind};
use crate::rows::{FUNCTIONS, Row, Setup};
use crate::tokens::{AUDIENCE, ISSUER, Tokens};

const JWT_AUTHN: &str =
    "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
const LUA: &str = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
/// Where `jwt_authn` puts claims.
const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// How many tokens both remember.
const REMEMBERED: u16 = 1024;

/// How many tokens go round where it is not their number that is measured.
const DIFFERENT: usize = 8;

/// All of them.
///
/// # Errors
/// When no tokens can be signed.
pub fn rows() -> Result<Vec<Row>> {
    let (rsa, curve) = (Tokens::rs256()?, Tokens::es256(DIFFERENT)?);
    let file = integration::module("jwt-authz");
    let ours = |key: &Value, cached: u16| vec![authz(&file, &provider(key), json!([]), cached)];
    let native = |key: &Value, cached: u16| vec![authn(key, cached, false)];
    Ok(vec![
        row(
            "bare-token",
            "Envoy alone, a token in the request",
            &rsa,
            vec![],
        ),
        row(
            "jwt-cached",
            "jwt-authz, a token it remembers",
            &rsa,
            ours(&rsa.key, REMEMBERED),
        ),
        row(
            "envoy-jwt-cached",
            "native jwt_authn, a token it remembers",
            &rsa,
            native(&rsa.key, REMEMBERED),
        ),
        row(
            "jwt-rs256",
            "jwt-authz, RS256 each time",
            &rsa,
            ours(&rsa.key, 0),
        ),
        row(
            "envoy-jwt-rs256",
            "native jwt_authn, RS256 each time",
            &rsa,
            native(&rsa.key, 0),
        ),
        row(
            "jwt-es256",
            "jwt-authz, ES256 each time",
            &curve,
            ours(&curve.key, 0),
        ),
        row(
            "envoy-jwt-es256",
            "native jwt_authn, ES256 each time",
            &curve,
            native(&curve.key, 0),
        ),
        row(
            "jwt-claims",
            "jwt-authz, remembered, a claim required, two claims to header fields",
            &rsa,
            vec![with_claims(&file, &rsa.key)],
        ),
        row(
            "envoy-jwt-rbac-lua",
            "native jwt_authn, rbac and Lua doing the same",
            &rsa,
            vec![authn(&rsa.key, REMEMBERED, true), rbac(), lua()],
        ),
        pipeline(
            "pipeline-token",
            "pipeline, 10 routes, a token in the request",
            &rsa,
            None,
        ),
        pipeline(
            "pipeline-jwt",
            "the same, and it must be good (remembered)",
            &rsa,
            Some(json!({
                "providers": { "shop": provider(&rsa.key) },
                "requirements": { "gateway": { "provider": "shop" } },
            })),
        ),
    ])
}

/// A build of jwt-authz.
///
/// # Errors
/// When there are no tokens.
pub fn build(name: &str, file: &Path) -> Result<Row> {
    let tokens = Tokens::rs256()?;
    let filter = authz(file, &provider(&tokens.key), json!([]), REMEMBERED);
    Ok(row(name, name, &tokens, vec![filter]))
}

/// What builds of jwt-authz are set against.
///
/// # Errors
/// When there are no tokens.
pub fn beside() -> Result<Vec<Row>> {
    let of_beside = |row: &Row| ["bare-token", "envoy-jwt-cached"].contains(&&*row.key);
    Ok(rows()?.into_iter().filter(of_beside).collect())
}

/// A module that remembers as many tokens as it does where nobody says it.
pub fn of_distinct(tokens: &Tokens) -> Value {
    let file = integration::module("jwt-authz");
    let filter = authz(&file, &provider(&tokens.key), json!([]), REMEMBERED);
    bootstrap(vec![filter], one_answer())
}

fn row(key: &str, title: &str, tokens: &Tokens, filters: Vec<Value>) -> Row {
    Row {
        key: key.to_owned(),
        title: title.to_owned(),
        setup: Setup::Bootstrap(bootstrap(filters, one_answer())),
        requests: requests(tokens),
    }
}

fn pipeline(key: &str, title: &str, tokens: &Tokens, jwt: Option<Value>) -> Row {
    let mut config = json!({ "routes": routes::of_router(Kind::Template, ROUTES, FUNCTIONS) });
    if let (Some(jwt), Some(config)) = (jwt, config.as_object_mut()) {
        config.insert("jwt".to_owned(), jwt);
    }
    let filter = module("gateway", &integration::module("gateway"), &config);
    Row {
        key: key.to_owned(),
        title: title.to_owned(),
        setup: Setup::Bootstrap(bootstrap(vec![filter], functions(FUNCTIONS))),
        requests: requests(tokens),
    }
}

const ROUTES: usize = 10;

/// All paths with each token.
pub fn requests(tokens: &Tokens) -> Requests {
    let paths = (0..ROUTES).map(|index| routes::request_path(Kind::Template, index));
    let paths: Vec<String> = paths.collect();
    let fields: Vec<String> = tokens.fields().collect();
    let one = |number: usize| {
        let path = paths.get(number % paths.len())?;
        Some((path.as_str(), fields.get(number % fields.len())?.as_str()))
    };
    // A multiple of both, or as many as there are tokens where these are many.
    let count = fields.len().max(paths.len() * fields.len().min(DIFFERENT));
    Requests::with_fields((0..count).filter_map(one))
}

/// Whose tokens, and how much of them is looked at: as much as `jwt_authn` does.
fn provider(key: &Value) -> Value {
    json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "keys": { "jwk": key },
    })
}

fn authz(file: &Path, provider: &Value, claims: Value, cached_tokens: u16) -> Value {
    let config = json!({
        "providers": { "shop": provider },
        "rules": [{
            "match": { "prefix": "/" },
            "require": { "provider": "shop", "claims": claims },
        }],
        "cached_tokens": cached_tokens,
    });
    module("jwt-authz", file, &config)
}

fn with_claims(file: &Path, key: &Value) -> Value {
    let mut provider = provider(key);
    if let Some(provider) = provider.as_object_mut() {
        let headers = json!([
            { "name": "x-user", "claim": "sub" },
            { "name": "x-roles", "claim": "realm_access.roles" },
        ]);
        provider.insert("headers".to_owned(), headers);
    }
    let claims = json!([{ "claim": "tier", "equals": "gold" }]);
    authz(file, &provider, claims, REMEMBERED)
}

fn authn(key: &Value, cached_tokens: u16, tells: bool) -> Value {
    let mut provider = json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "local_jwks": { "inline_string": json!({ "keys": [key] }).to_string() },
        "from_headers": [{ "name": "authorization", "value_prefix": "Bearer " }],
        "require_expiration": true,
    });
    if let Some(provider) = provider.as_object_mut() {
        if cached_tokens > 0 {
            let cache = json!({ "jwt_cache_size": cached_tokens });
            provider.insert("jwt_cache_config".to_owned(), cache);
        }
        if tells {
            provider.insert("payload_in_metadata".to_owned(), "claims".into());
        }
    }
    json!({
        "name": NAMESPACE,
        "typed_config": {
            "@type": JWT_AUTHN,
            "providers": { "shop": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "shop" } }],
        },
    })
}

fn rbac() -> Value {
    let tier = json!({ "metadata": {
        "filter": NAMESPACE,
        "path": [{ "key": "claims" }, { "key": "tier" }],
        "value": { "string_match": { "exact": "gold" } },
    } });
    json!({
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": RBAC,
            "rules": {
                "action": "ALLOW",
                "policies": { "gold": { "permissions": [{ "any": true }], "principals": [tier] } },
            },
        },
    })
}

fn lua() -> Value {
    let source = format!(
        r#"function envoy_on_request(handle)
             local claims = handle:streamInfo():dynamicMetadata():get("{NAMESPACE}")["claims"]
             local headers = handle:headers()
             headers:replace("x-user", claims["sub"])
             headers:replace("x-roles", table.concat(claims["realm_access"]["roles"], ","))
           end"#
    );
    json!({
        "name": "envoy.filters.http.lua",
        "typed_config": { "@type": LUA, "default_source_code": { "inline_string": source } },
    })
}
