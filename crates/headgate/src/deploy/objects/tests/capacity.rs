//! How many routes a ConfigMap holds; `docs/deploy.md` says the same.

use std::collections::BTreeMap;

use envoy_render::Resources;
use serde_json::Value;

use super::{Rendered, read};
use crate::deploy::objects::capacity::{MOST_BYTES, fit};

/// Routes as an API has them, over ten upstreams. With `functions`, each route has a function of its own,
/// since its timeout is another.
fn document(routes: usize, functions: bool) -> String {
    let mut document = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
                        listeners: [{ name: http, port: 8080 }]\n\
                        edge: { topology: cluster-ip }\nupstreams:\n"
        .to_owned();
    for i in 0..10 {
        document +=
            &format!("  service-{i}: {{ http: {{ service: \"service-{i}.shop:8080\" }} }}\n");
    }
    document += "routes:\n";
    for i in 0..routes {
        let upstream = i % 10;
        let timeout = match functions {
            true => format!(", timeout: {}ms", 1000 + i),
            false => String::new(),
        };
        document += &format!(
            "  - {{ match: {{ path: \"/service-{upstream}/resource-{i}/{{id}}\", methods: [GET] }}, \
             to: [{{ upstream: service-{upstream}{timeout} }}] }}\n"
        );
    }
    document
}

fn files(routes: usize, functions: bool) -> BTreeMap<String, String> {
    let gateway = read(&document(routes, functions));
    let rendered = Rendered::of(&document(1, functions)).unwrap();
    Resources::of(&gateway, &rendered.placement()).files()
}

fn bytes(files: &BTreeMap<String, String>) -> usize {
    files.values().map(String::len).sum()
}

#[test]
fn what_fits_stays_readable() {
    for (routes, functions) in [(50, false), (50, true)] {
        let files = files(routes, functions);
        assert_eq!(fit("shop", files.clone()), Ok(files));
    }
}

#[test]
fn what_does_not_fit_is_made_smaller_and_says_the_same() {
    let (routes, functions) = (2_200, true);
    let files = files(routes, functions);
    assert!(bytes(&files) > MOST_BYTES);
    let smaller = fit("shop", files.clone()).unwrap();
    assert!(bytes(&smaller) <= MOST_BYTES);
    for (name, text) in &files {
        let value = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
        assert_eq!(value(&smaller[name]), value(text), "{name}");
        assert_eq!(
            envoy_render::version(&smaller[name]),
            envoy_render::version(text)
        );
    }
    assert_eq!(Resources::read(&smaller), Resources::read(&files));
}

#[test]
fn what_is_too_much_is_refused_with_its_size_and_the_way_out() {
    let Err(error) = Rendered::of(&document(5_600, false)) else {
        panic!("a ConfigMap of any size is taken");
    };
    let error = error.to_string();
    let size = error
        .split(" would hold ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    assert!(size.parse::<usize>().unwrap() > MOST_BYTES, "{error}");
    let (place, parts) = error
        .split_once(" bytes, and Kubernetes takes at most 1048576 (")
        .unwrap();
    assert_eq!(
        place,
        format!("ConfigMap gateway-0123456789ab would hold {size}")
    );
    assert!(parts.starts_with("ecds.yaml "), "{error}");
    assert!(
        parts.contains("one route with a prefix or {variables}"),
        "{error}"
    );
}

/// What the page says of it.
#[test]
fn the_figures_are_so() {
    let readable = |routes, functions| bytes(&files(routes, functions)) <= MOST_BYTES;
    let compact = |routes, functions| fit("shop", files(routes, functions)).is_ok();
    // 5,600 of them are too much above.
    assert!(readable(5_500, false));
    assert!(readable(1_600, true) && !readable(1_700, true));
    assert!(compact(2_200, true) && !compact(2_300, true));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy.md");
    let page = std::fs::read_to_string(page).unwrap();
    for row in [
        "| the ten of them | 5,500 | 5,500 |",
        "| one for each route | 1,600 | 2,200 |",
    ] {
        assert!(page.contains(row), "docs/deploy.md has no row {row}");
    }
}
