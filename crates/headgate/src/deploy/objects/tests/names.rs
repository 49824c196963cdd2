//! Two gateways of one namespace have no object in common.

use std::collections::BTreeMap;

use super::{Rendered, read};
use crate::deploy::applied_document;
use crate::deploy::objects::{Objects, rights};

/// Names that begin with another's and go on as its objects do.
const NAMES: [&str; 9] = [
    "shop",
    "shop-document",
    "shop-bootstrap",
    "shop-0123456789ab",
    "shop-document-bootstrap",
    "shop-pusher-1",
    "pusher",
    "document",
    "bootstrap",
];

fn document(name: &str) -> String {
    format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nmetadata: {{ name: {name} }}\n\
         listeners: [{{ name: http, port: 8080 }}]\nedge: {{ topology: cluster-ip }}\n\
         upstreams: {{ pets: {{ http: {{ service: \"pets.shop:8080\" }} }} }}\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n"
    )
}

/// All that there is of a gateway, by kind and name.
fn all(name: &str) -> Vec<String> {
    let document = document(name);
    let rights = rights(&read(&document), "shop").unwrap();
    let rendered = Rendered::of(&document).unwrap_or_else(|error| panic!("{error}"));
    let names = |objects: &Objects| {
        let names = objects
            .iter()
            .map(|one| format!("{} {}", one.kind, one.name));
        names.collect::<Vec<_>>()
    };
    let mut all = names(&rendered.objects);
    all.extend(names(&rights));
    all.push(format!("ConfigMap {}", applied_document::name(name)));
    all
}

#[test]
fn no_two_gateways_have_an_object_in_common() {
    let mut whose = BTreeMap::new();
    for gateway in NAMES {
        for object in all(gateway) {
            let other = whose.insert(object.clone(), gateway);
            assert_eq!(other, None, "{object} is of {gateway} too");
        }
    }
}

/// Another headgate alone replaces no pods.
#[test]
fn the_version_is_on_objects_and_not_on_pods() {
    let version = env!("CARGO_PKG_VERSION");
    let rendered = Rendered::of(&document("shop")).unwrap_or_else(|error| panic!("{error}"));
    for object in rendered.objects.iter() {
        let labels = &object.value["metadata"]["labels"];
        assert_eq!(
            labels["app.kubernetes.io/version"], version,
            "{}",
            object.kind
        );
    }
    let template = &rendered.object("Deployment")["spec"]["template"];
    let labels = template["metadata"]["labels"].as_object().unwrap();
    assert_eq!(labels["app.kubernetes.io/component"], "gateway");
    assert!(
        !template.to_string().contains("app.kubernetes.io/version"),
        "{labels:?}"
    );
}

/// The one that would.
#[test]
fn what_would_have_one_in_common_is_refused() {
    assert!(all("shop").contains(&"ServiceAccount shop-pusher".to_owned()));
    assert!(Rendered::of(&document("shop-pusher")).is_err());
}
