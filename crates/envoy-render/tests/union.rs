//! What a union promises, for any two documents.
#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::collections::BTreeMap;
use std::fmt::Write;

use envoy_render::{Placement, Resources};
use gateway_model::Gateway;
use proptest::prelude::*;

/// A document: the ports and timeouts of its upstreams by number, and the upstreams that its routes go to.
/// Pairs of them have upstreams of one name with another meaning.
fn documents() -> impl Strategy<Value = String> {
    let upstreams = prop::collection::btree_map(0..4_u8, (1..3_u16, 1..3_u16, any::<bool>()), 1..4);
    let routes = prop::collection::vec((any::<prop::sample::Index>(), 1..3_u16), 1..4);
    (upstreams, routes).prop_map(|(upstreams, routes)| {
        let mut text = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
                        listeners: [{ name: http, port: 8080 }]\nupstreams:\n"
            .to_owned();
        for (name, (port, timeout, tls)) in &upstreams {
            let tls = if *tls { ", tls: { ca: ca.crt }" } else { "" };
            let fields = format!("http: \"host:{port}\", timeout: {timeout}s{tls}");
            writeln!(text, "  up{name}: {{ {fields} }}").unwrap();
        }
        text += "routes:\n";
        let names: Vec<&u8> = upstreams.keys().collect();
        for (number, (upstream, timeout)) in routes.iter().enumerate() {
            let to = format!("upstream: up{}, timeout: {timeout}s", upstream.get(&names));
            writeln!(
                text,
                "  - {{ match: {{ path: /r{number} }}, to: [{{ {to} }}] }}"
            )
            .unwrap();
        }
        text
    })
}

fn resources(document: &str) -> Resources {
    let read = gateway_model::read("gateway.yaml", document.as_bytes());
    let gateway: Gateway = read.unwrap_or_else(|wrong| panic!("{wrong}")).document;
    Resources::of(&gateway, &Placement::in_directory("/etc/headgate"))
}

/// The files but that of the pipeline, in which each differs.
fn tables(resources: &Resources) -> BTreeMap<String, String> {
    let mut files = resources.files();
    files.remove(envoy_render::PIPELINE).unwrap();
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_union_says_all_that_both_say(old in documents(), new in documents()) {
        let (old, new) = (resources(&old), resources(&new));
        let (added, switched) = (old.union(&new), new.union(&old));
        for union in [&added, &switched] {
            prop_assert!(union.covers(&old) && union.covers(&new));
            prop_assert_eq!(union.clusters_without(&old).count(), new.clusters_without(&old).count());
        }
        // Between them only the pipeline changes.
        prop_assert_eq!(tables(&added), tables(&switched));
        prop_assert_eq!(&added.files()["ecds.yaml"], &old.files()["ecds.yaml"]);
        prop_assert_eq!(&switched.files()["ecds.yaml"], &new.files()["ecds.yaml"]);
    }

    #[test]
    fn what_was_written_is_read_again(old in documents(), new in documents()) {
        let union = resources(&old).union(&resources(&new));
        prop_assert_eq!(Resources::read(&union.files()), Ok(union));
    }

    #[test]
    fn what_the_pipeline_names_is_all_of_its_document_that_requests_reach(old in documents(), new in documents()) {
        let (old, new) = (resources(&old), resources(&new));
        let named = new.union(&old).named_by_pipeline();
        let alone = new.named_by_pipeline();
        prop_assert!(named.covers(&alone) && new.covers(&alone));
        let table = |of: &Resources, file| of.files()[file].clone();
        for file in [envoy_render::CLUSTERS, envoy_render::ROUTES] {
            prop_assert_eq!(table(&named, file), table(&alone, file));
        }
    }

    #[test]
    fn a_union_with_what_it_covers_changes_nothing(old in documents(), new in documents()) {
        let (old, new) = (resources(&old), resources(&new));
        let union = old.union(&new);
        prop_assert_eq!(union.union(&new), union.clone());
        prop_assert!(!old.covers(&new) || tables(&union) == tables(&old));
    }
}

#[test]
fn a_file_that_is_not_ours_is_named() {
    let document = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
                    listeners: [{ name: http, port: 8080 }]\n\
                    upstreams: { pets: { http: \"pets:80\" } }\n\
                    routes: [{ match: { path: /a }, to: [{ upstream: pets }] }]\n";
    let files = resources(document).files();
    let with = |file: &str, text: &str| {
        let mut files = files.clone();
        files.insert(file.to_owned(), text.to_owned());
        Resources::read(&files).unwrap_err().to_string()
    };
    assert_eq!(
        with("cds.yaml", "resources: 1"),
        "cds.yaml is not what Headgate writes: it holds no resources"
    );
    assert_eq!(
        with("rds.yaml", "resources: [{}]"),
        "rds.yaml is not what Headgate writes: it holds no table of functions"
    );
    assert_eq!(
        Resources::read(&BTreeMap::new()).unwrap_err().to_string(),
        "cds.yaml is not what Headgate writes: it is not there"
    );
}
