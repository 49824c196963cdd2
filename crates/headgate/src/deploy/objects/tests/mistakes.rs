//! What is told of a document that cannot be deployed.

use std::fmt::Write;

use super::{Rendered, options, read};
use crate::deploy::objects::{of, rights};

const DOCUMENT: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }]
upstreams: { pets: { http: { service: \"pets.shop:8080\" } } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
";

fn error(document: &str) -> String {
    match Rendered::of(document) {
        Ok(_) => panic!("{document} can be deployed"),
        Err(error) => error.to_string(),
    }
}

fn with(parts: &str) -> String {
    DOCUMENT.to_owned() + parts
}

#[test]
fn somebody_has_to_say_how_clients_come() {
    assert_eq!(
        error(DOCUMENT),
        "edge: expected how clients come to the gateway, found nothing; write topology: nlb-public, \
         nlb-private, cluster-ip or node-port, or name it with --topology"
    );
}

#[test]
fn keys_in_files_become_secrets() {
    let tls = "{ name: https, port: 8443, tls: { certificates: [{ certificate: tls/Shop_1.crt, key: \
               tls/shop.key }] } }";
    let document = with("edge: { topology: cluster-ip }\n")
        .replace("[{ name: http, port: 8080 }]", &format!("[{tls}]"));
    assert_eq!(
        error(&document),
        "listeners[0].tls.certificates[0]: the key is in the file tls/shop.key, and what is deployed takes \
         keys from Secrets alone; make one:\n    kubectl create secret tls shop-1 --namespace shop --cert \
         tls/Shop_1.crt --key tls/shop.key\nand write in place of the files: { secret: shop-1 }"
    );
}

#[test]
fn a_service_has_a_name_that_begins_with_a_letter() {
    assert_eq!(
        error(&with(
            "edge: { topology: cluster-ip }\nmetadata: { name: 2shop }\n"
        )),
        "metadata.name: Kubernetes takes no Service whose name begins with a digit; write such as \
         \"gateway-2shop\" in place of \"2shop\""
    );
}

#[test]
fn a_gateway_is_not_called_as_the_account_that_deploys_another() {
    let document = with("edge: { topology: cluster-ip }\nmetadata: { name: shop-pusher }\n");
    let expected = "metadata.name: \"shop-pusher\" is what the account is called that deploys a gateway \"shop\"; \
                    write a name that does not end in \"-pusher\"";
    assert_eq!(error(&document), expected);
    let refused = rights(&read(&document), "shop").unwrap_err();
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_namespace_is_a_label() {
    let gateway = read(&with("edge: { topology: cluster-ip }\n"));
    for namespace in ["Shop", "", "a.b", &"a".repeat(64)] {
        let mut options = options();
        options.namespace = namespace.to_owned();
        let expected = format!(
            "--namespace: expected at most 63 lower-case letters, digits and \"-\", beginning and ending \
             with a letter or digit, found {namespace:?}"
        );
        assert_eq!(of(&gateway, &options).unwrap_err().to_string(), expected);
        assert_eq!(
            rights(&gateway, namespace).unwrap_err().to_string(),
            expected
        );
    }
}

#[test]
fn no_upstream_is_where_a_node_or_the_pod_itself_is_asked() {
    let document = |address: &str| {
        let pets = format!("{{ http: \"{address}\" }}");
        with("edge: { topology: cluster-ip }\n")
            .replace("{ http: { service: \"pets.shop:8080\" } }", &pets)
    };
    for (address, why) in [
        (
            "169.254.169.254:80",
            "where a node tells of itself and its rights, to whoever asks",
        ),
        (
            "[fd00:ec2::254]:80",
            "where a node tells of itself and its rights, to whoever asks",
        ),
        (
            "[::ffff:169.254.170.23]:80",
            "where a node tells of itself and its rights, to whoever asks",
        ),
        (
            "127.0.0.1:9901",
            "the admin endpoint of the pod's own Envoy, by which it is ended",
        ),
        (
            "localhost:9901",
            "the admin endpoint of the pod's own Envoy, by which it is ended",
        ),
        ("[::1]:8090", "where the pod itself tells how it is"),
        ("0.0.0.0:8090", "where the pod itself tells how it is"),
    ] {
        let error = error(&document(address));
        let expected = format!(" is {why}; write the address of a service");
        assert!(error.starts_with("upstreams.pets.http: "), "{error}");
        assert!(error.ends_with(&expected), "{error}");
    }
    // What another container of the pod, or another machine, answers.
    for address in [
        "127.0.0.1:8000",
        "localhost:8000",
        "10.0.0.1:9901",
        "pets:8090",
    ] {
        let rendered = Rendered::of(&document(address));
        assert!(rendered.is_ok(), "{address}");
    }
    let grpc = document("127.0.0.1:9901").replace("http: \"", "grpc: \"");
    assert!(error(&grpc).starts_with("upstreams.pets.grpc: "), "{grpc}");
}

#[test]
fn authorities_are_read_by_who_has_them() {
    let document = with("edge: { topology: cluster-ip }\n").replace(
        "{ http: { service: \"pets.shop:8080\" } }",
        "{ http: { service: \"pets.shop:8443\" }, tls: { ca: ca.pem } }",
    );
    assert_eq!(
        error(&document),
        "upstreams.pets.tls.ca: the authorities in ca.pem are not at hand"
    );
    let gateway = read(&document);
    let mut options = options();
    let (_, file) = gateway.authorities().next().unwrap();
    options.authorities.insert(file.clone(), "PEM".to_owned());
    let objects = of(&gateway, &options).unwrap();
    let yaml = objects.iter().fold(String::new(), |mut all, object| {
        let _ = write!(all, "{}", object.value);
        all
    });
    let key = envoy_render::Placement::key_of(file);
    assert!(yaml.contains(&format!("\"{key}\":\"PEM\"")), "{yaml}");
    assert!(
        yaml.contains(&format!("/etc/headgate/config/..data/{key}")),
        "{yaml}"
    );
}

#[test]
fn the_longest_name_is_taken() {
    let name = "a".repeat(63);
    let rendered = Rendered::of(&with(&format!(
        "edge: {{ topology: nlb-public }}\nmetadata: {{ name: {name} }}\n"
    )));
    for object in rendered
        .unwrap_or_else(|error| panic!("{error}"))
        .objects
        .iter()
    {
        // A ConfigMap's is a DNS subdomain, the others are labels.
        let most = if object.kind == "ConfigMap" { 253 } else { 63 };
        assert!(object.name.len() <= most, "{}", object.name);
    }
}

/// A document with this provider.
fn with_provider(keys: &str) -> String {
    let providers =
        format!("providers: {{ corp: {{ keys: {keys} }} }}\njwt: {{ provider: corp }}\n");
    with(&format!("edge: {{ topology: cluster-ip }}\n{providers}"))
}

#[test]
fn no_secret_of_tokens_gets_into_a_configmap() {
    let text = "a secret that is long enough for it";
    for keys in [
        format!("{{ secret: {{ algorithm: HS256, text: \"{text}\" }} }}"),
        "{ secret: { algorithm: HS256, file: robot.key } }".to_owned(),
    ] {
        let error = error(&with_provider(&keys));
        assert!(
            error.starts_with("providers.corp.keys.secret: what is deployed"),
            "{error}"
        );
        assert!(error.contains("keys: { url: … }"), "{error}");
        assert!(!error.contains(text), "{error}");
    }
}

#[test]
fn keys_are_fetched_from_where_pods_may_call() {
    let error = error(&with_provider("{ url: \"http://169.254.169.254/latest\" }"));
    let expected = "providers.corp.keys.url: 169.254.169.254:80 is where a node tells";
    assert!(error.starts_with(expected), "{error}");
    let rendered = Rendered::of(&with_provider("{ url: \"http://10.0.0.7:8088/keys\" }"));
    let rendered = rendered.unwrap_or_else(|error| panic!("{error}"));
    let mut objects = rendered.objects.iter();
    let policy = objects.find(|one| one.kind == "NetworkPolicy").unwrap();
    let egress = policy.value["spec"]["egress"].to_string();
    assert!(
        egress.contains("10.0.0.7/32") && egress.contains("8088"),
        "{egress}"
    );
}
