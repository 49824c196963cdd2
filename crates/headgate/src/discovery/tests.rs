use serde_json::json;

use super::*;
use crate::served::{Served, found, ok};

fn gateway(providers: &str) -> Gateway {
    let document = format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
         listeners: [{{ name: http, port: 8080 }}]\nupstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
         providers:\n{providers}\njwt: none\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n"
    );
    let read = gateway_model::read("gateway.yaml", document.as_bytes());
    read.unwrap_or_else(|wrong| panic!("{wrong}")).document
}

async fn asked_of(providers: &str) -> Result<Vec<String>, String> {
    let gateway = discovered(gateway(providers), &Source::Stdin).await;
    let gateway = gateway.map_err(|error| error.to_string())?;
    let learned = gateway.learned.key_sets.iter();
    Ok(learned.map(|(name, url)| format!("{name} {url}")).collect())
}

/// A server of several issuers, by their paths.
async fn issuers() -> Served {
    Served::start(|own, path| {
        let issuer = path.strip_suffix("/.well-known/openid-configuration")?;
        let metadata = |issuer: &str, keys: &str| {
            ok(&json!({ "issuer": format!("{own}{issuer}"), "jwks_uri": keys }).to_string())
        };
        Some(match issuer {
            "" => metadata("", &format!("{own}/keys")),
            "/realms/shop" => metadata("/realms/shop/", "https://keys.example.com/shop"),
            "/moved" => found("/realms/new/.well-known/openid-configuration"),
            "/realms/new" => metadata("/moved", "https://keys.example.com/new"),
            "/round" => found("/round/.well-known/openid-configuration"),
            "/other" => metadata("/realms/shop/", "https://keys.example.com/shop"),
            "/page" => ok("<html>"),
            "/no-keys" => metadata("/no-keys", "keys"),
            "/long" => ok(&" ".repeat(1024 * 1024 + 1)),
            "/broken" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{".to_owned(),
            "/none" => return None,
            _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        })
    })
    .await
}

#[tokio::test]
async fn issuers_say_where_their_keys_are() {
    let served = issuers().await;
    let own = &served.url;
    let providers = format!(
        "  corp: {{ issuer: \"{own}\" }}\n  shop: {{ issuer: \"{own}/realms/shop/\" }}\n  \
         moved: {{ issuer: \"{own}/moved\" }}\n  told: {{ issuer: \"{own}/other\", keys: {{ url: \
         \"https://keys.example.com/\" }} }}"
    );
    let expected = [
        format!("corp {own}/keys"),
        "moved https://keys.example.com/new".to_owned(),
        "shop https://keys.example.com/shop".to_owned(),
    ];
    assert_eq!(asked_of(&providers).await, Ok(expected.into()));
    let asked = served.asked();
    assert!(
        !asked.iter().any(|path| path.starts_with("/other")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn what_an_issuer_does_not_say_is_told_with_the_repair() {
    let served = issuers().await;
    let own = &served.url;
    for (path, why) in [
        (
            "/other",
            format!("is of issuer \"{own}/realms/shop/\", and not of this one"),
        ),
        ("/page", "its answer is no JSON".to_owned()),
        (
            "/no-keys",
            "has no \"jwks_uri\" that is a URL of http or https".to_owned(),
        ),
        (
            "/long",
            "its answer is longer than 1048576 bytes".to_owned(),
        ),
        ("/nobody", "it answers 404 Not Found".to_owned()),
        ("/round", "too many redirects".to_owned()),
        ("/broken", String::new()),
        ("/none", String::new()),
    ] {
        let provider = format!("  corp: {{ issuer: \"{own}{path}\" }}");
        let told = asked_of(&provider).await.unwrap_err();
        let begin = format!(
            "providers.corp.issuer: {own}{path} does not say where its keys are: \
             {own}{path}/.well-known/openid-configuration"
        );
        assert!(told.starts_with(&begin) && told.contains(&why), "{told}");
        let end = "; write keys: { url: … } at the provider, if you know it";
        assert!(told.ends_with(end), "{told}");
    }
}

#[tokio::test]
async fn every_issuer_that_is_silent_is_told() {
    let served = issuers().await;
    let gone = { Served::start(|_, _| None).await.url.clone() };
    let own = &served.url;
    let providers = format!(
        "  a: {{ issuer: \"{own}\" }}\n  b: {{ issuer: \"{own}/page\" }}\n  c: {{ issuer: \"{gone}\" }}"
    );
    let told = asked_of(&providers).await.unwrap_err();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].starts_with("providers.b.issuer: "), "{told}");
    assert!(lines[1].starts_with("providers.c.issuer: "), "{told}");
}

#[test]
fn the_metadata_are_below_the_issuers_own_path() {
    for (issuer, url) in [
        (
            "https://id.example.com",
            "https://id.example.com/.well-known/openid-configuration",
        ),
        (
            "https://id.example.com/",
            "https://id.example.com/.well-known/openid-configuration",
        ),
        (
            "https://id.example.com/a/b/",
            "https://id.example.com/a/b/.well-known/openid-configuration",
        ),
    ] {
        assert_eq!(metadata_url(&issuer.parse().unwrap()).as_str(), url);
    }
}
