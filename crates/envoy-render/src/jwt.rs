//! Who issues tokens and what is required of them, as the pipeline takes it.

use gateway::{JwtConfig, PoliciesConfig};
use gateway_model::{Gateway, ProviderName, Route};
use jwt_authz::{KeysConfig, RemoteConfig};

use crate::key_servers;

/// The pipeline's part.
pub(crate) fn config(gateway: &Gateway) -> JwtConfig {
    if gateway.providers.is_empty() {
        return JwtConfig::default();
    }
    let providers = gateway.providers.iter().map(|(name, provider)| {
        let config = provider.with_keys(keys(gateway, name));
        (name.to_string(), config)
    });
    let requirement_of = |route: &Route| Some((route.name().into_owned(), route.jwt.clone()?));
    let of_routes = gateway.routes.iter().filter_map(requirement_of);
    JwtConfig {
        providers: providers.collect(),
        requirements: PoliciesConfig {
            gateway: gateway.jwt.clone(),
            routes: of_routes.collect(),
        },
    }
}

/// The keys of a provider. Nothing, which no pipeline takes, where nobody has read its file or asked its
/// issuer.
fn keys(gateway: &Gateway, provider: &ProviderName) -> KeysConfig {
    if let Some(keys) = gateway.learned.keys.get(provider) {
        return keys.clone();
    }
    let mut servers = gateway.key_servers();
    let server = servers.find(|(name, ..)| *name == provider);
    let remote = server.map(|(_, url, remote)| RemoteConfig {
        cluster: key_servers::cluster_name(&url, &remote),
        url: url.to_string(),
        fetch: remote.fetch,
    });
    KeysConfig {
        remote,
        ..KeysConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use filter_api::Filter;
    use gateway::Pipeline;
    use gateway_model::{Entrance, Url};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Functions, Placement, Resources, pipeline_config};

    fn gateway(providers: &str, routes: &str) -> Gateway {
        let document = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nedge: {{ topology: cluster-ip }}\n\
             listeners: [{{ name: http, port: 8080 }}]\nupstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
             providers: {{ {providers} }}\njwt: {{ provider: corp }}\nroutes:\n{routes}"
        );
        let checked = gateway_model::read("gateway.yaml", document.as_bytes());
        checked.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    const ROUTE: &str = "  - { match: { path: /a }, to: [{ upstream: pets }] }\n";

    fn configured(gateway: &Gateway, entrance: Option<&Entrance>) -> Value {
        let config = pipeline_config(gateway, &Functions::of(gateway), entrance, 1);
        let value = serde_json::to_value(&config.jwt).unwrap();
        if let Err(error) = Pipeline::compile(config) {
            panic!("{error}");
        }
        value
    }

    #[test]
    fn keys_are_fetched_from_a_cluster_of_their_servers_name() {
        let provider = |url: &str| format!("corp: {{ keys: {{ url: \"{url}\" }} }}");
        let of = |url: &str| {
            let gateway = gateway(&provider(url), ROUTE);
            let config = configured(&gateway, None);
            let cluster = config["providers"]["corp"]["keys"]["remote"]["cluster"].clone();
            let resources = Resources::of(&gateway, &Placement::in_directory("/x"));
            let cluster = cluster.as_str().unwrap().to_owned();
            assert!(
                resources
                    .named_by_pipeline()
                    .clusters_without(&Resources::of(
                        &self::gateway("corp: { issuer: \"https://a.example.com\" }", ROUTE),
                        &Placement::in_directory("/x")
                    ))
                    .any(|name| name == cluster),
                "{cluster}"
            );
            cluster
        };
        let one = of("https://id.example.com/keys");
        assert!(one.starts_with("keys_of_id_example_com_443-"), "{one}");
        assert_eq!(one, of("https://id.example.com/other"), "one server");
        assert_ne!(one, of("http://id.example.com:443/keys"), "without TLS");
        assert!(of("http://[::1]:8080/").starts_with("keys_of____1__8080-"));
    }

    #[test]
    fn an_issuer_that_was_asked_is_as_good_as_a_url() {
        let mut gateway = gateway("corp: { issuer: \"https://id.example.com\" }", ROUTE);
        let config = pipeline_config(&gateway, &Functions::of(&gateway), None, 1);
        assert!(Pipeline::compile(config).is_err(), "nobody has asked it");
        let url: Url = "https://keys.example.com/v1".parse().unwrap();
        let (name, _, _) = gateway.issuers().next().unwrap();
        let name = name.clone();
        gateway.learned.key_sets.insert(name, url);
        let config = configured(&gateway, None);
        let remote = &config["providers"]["corp"]["keys"]["remote"];
        assert_eq!(remote["url"], "https://keys.example.com/v1");
        let files = Resources::of(&gateway, &Placement::in_directory("/x")).files();
        assert!(files["cds.yaml"].contains("keys.example.com"));
        assert!(files.contains_key("sds-authorities-of-the-system.yaml"));
    }

    #[test]
    fn who_asks_whether_the_pipeline_works_asks_no_route_of_the_document() {
        let routes = format!(
            "{ROUTE}  - {{ name: ready, match: {{ path: /b }}, to: [{{ upstream: pets }}] }}\n"
        );
        let providers = "corp: { keys: { url: \"https://id.example.com/keys\" } }";
        let gateway = gateway(providers, &routes);
        let entrance = Entrance::of(&gateway, None).unwrap();
        let config = pipeline_config(&gateway, &Functions::of(&gateway), Some(&entrance), 1);
        assert_eq!(config.ready.as_deref(), Some("ready'"));
        let requirements = json!({ "gateway": { "provider": "corp" } });
        assert_eq!(
            configured(&gateway, Some(&entrance))["requirements"],
            requirements
        );
    }
}
