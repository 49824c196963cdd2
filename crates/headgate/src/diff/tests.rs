//! Nothing that differs is left out, and nothing is told that does not.

use std::collections::BTreeSet;
use std::path::Path as FilePath;

use envoy_render::Placement;
use gateway_model::{Entrance, Gateway};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::defaults::value;
use super::fields::{Side, compare};
use super::{Difference, text};

const EVERY_FIELD: &str = include_str!("../../tests/diff/every_field.yaml");

fn read(text: &str) -> Result<Gateway, String> {
    let checked = gateway_model::read("gateway.yaml", text.as_bytes());
    Ok(checked.map_err(|wrong| wrong.to_string())?.document)
}

fn every_field() -> Gateway {
    read(EVERY_FIELD).unwrap()
}

/// The JSON Pointers of all that a value holds, itself left out.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, one)| (key.clone(), one)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, one)| (i.to_string(), one))
            .collect(),
        _ => Vec::new(),
    };
    for (key, one) in inner {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(one, &at, found);
    }
}

fn places_of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(value, "", &mut found);
    found
}

/// What a leaf could be instead; which of it a document takes there is to be tried.
fn others(leaf: &Value) -> Vec<Value> {
    let texts = [
        "7s",
        "other",
        "/other",
        "/other/{id}",
        "other:99",
        "PUT",
        "other.example.com",
        "0.0.0.0",
        "https://other.example.com",
        "connect-failure",
        "application/xml",
        "None",
        "http",
        "stock-next",
        "beta",
        "stock-next",
        "pets",
        "o={id}",
        "/other/(?<id>[0-9]*)",
        "other.v1.Other",
        "other.shop:99",
        "nothing",
        "nlb-public",
        "nlb-private",
        "cloud-provider-aws",
        "70s",
        "arn:aws:acm:eu-west-1:123456789012:certificate/other",
        "ELBSecurityPolicy-2016-08",
        "ES256",
        "HS384",
        "plain",
        "joined",
        "b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlci1zZWNyZXQtb3RoZXItc2VjcmV0",
        "bob",
        "found",
        "night",
        "99/s",
        "header.x-other",
        "x-ratelimit",
        "refusals",
        "pass",
        "203.0.113.0/24",
        "large",
    ];
    match leaf {
        Value::Bool(yes) => vec![json!(!yes)],
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            vec![json!(number + 1), json!(number + 6)] // of redirects 302, 307 and so on
        }
        Value::String(text) => {
            let other = texts.iter().filter(|other| *other != text);
            other.map(|other| json!(other)).collect()
        }
        _ => Vec::new(),
    }
}

/// What Envoy is started with, here and where it is deployed.
fn bootstrap(gateway: &Gateway) -> [Option<String>; 2] {
    let here = Placement::in_directory("/etc/headgate");
    let deployed = Entrance::of(gateway, None).map(|entrance| Placement {
        entrance: Some(entrance),
        ..here.clone()
    });
    let deployed = deployed.ok();
    [Some(here), deployed].map(|place| Some(envoy_render::bootstrap(gateway, &place?)))
}

/// Holds a document against one that differs at this place.
fn assert_told(gateway: &Gateway, changed: &Gateway, place: &str) {
    for (before, after) in [(gateway, changed), (changed, gateway)] {
        let difference = Difference::of(before, after).unwrap();
        let shown = text(&difference);
        assert!(!difference.is_nothing(), "{place}: {shown}");
        // An item of a list is told with its list.
        let key = place
            .rsplit('/')
            .find(|key| key.parse::<usize>().is_err())
            .unwrap();
        let key = key.trim_end_matches('s'); // "- listener https"
        assert!(shown.contains(key), "{place} is not named: {shown}");
        let needs_restart = bootstrap(before) != bootstrap(after);
        assert_eq!(
            !difference.restart.is_empty(),
            needs_restart,
            "{place}: {shown}"
        );
        let field = place.split('/').nth(1).unwrap();
        for path in &difference.restart {
            assert!(path.to_string().starts_with(field), "{place}: {shown}");
        }
    }
}

#[test]
fn every_leaf_that_changes_is_told_and_named() {
    let gateway = every_field();
    let document = value(&gateway);
    let mut changes = 0;
    for place in places_of(&document) {
        let leaf = document.pointer(&place).unwrap();
        let changed = others(leaf).into_iter().find_map(|other| {
            let mut changed = document.clone();
            *changed.pointer_mut(&place).unwrap() = other;
            // Types alone are soon asked, and refuse most.
            serde_json::from_value::<Gateway>(changed.clone()).ok()?;
            read(&changed.to_string())
                .ok()
                .filter(|changed| *changed != gateway)
        });
        let is_leaf = !leaf.is_object() && !leaf.is_array() && !leaf.is_null();
        // What has one value, no sticky route can be without, or other fields of the edge need so.
        let one_value = [
            "/apiVersion",
            "/kind",
            "/routes/2/sticky/client_address",
            "/listeners/3/name",
            "/edge/topology",
            "/edge/controller",
            "/routes/6/jwt",
            "/limits/0/share",
        ];
        assert!(
            changed.is_some() || !is_leaf || one_value.contains(&&*place),
            "no other value found for {place}"
        );
        if let Some(changed) = changed {
            assert_told(&gateway, &changed, &place);
            changes += 1;
        }
    }
    assert!(changes > 90, "only {changes}");
}

#[test]
fn every_field_that_is_left_out_is_told_and_named() {
    let gateway = every_field();
    let document = value(&gateway);
    let mut changes = 0;
    // No other controller sets an idle timeout, and keys that are not written are written as nothing.
    let defaults = ["/edge/controller", "/providers/found/keys"];
    let is_default = |place: &String| defaults.contains(&&**place);
    for place in places_of(&document) {
        if is_default(&place) {
            continue;
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        let mut changed = document.clone();
        match changed.pointer_mut(parent).unwrap() {
            Value::Object(fields) => fields.remove(key),
            Value::Array(items) => Some(items.remove(key.parse().unwrap())),
            _ => None,
        };
        if let Ok(changed) = read(&changed.to_string()) {
            assert_told(&gateway, &changed, &place);
            changes += 1;
        }
    }
    assert!(changes > 60, "only {changes}");
}

/// Walks a schema along a value; which of each type's fields are there.
fn covered(
    root: &Value,
    schema: &Value,
    value: &Value,
    found: &mut BTreeSet<(String, String)>,
    of: &str,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        covered(root, root.pointer(pointer).unwrap(), value, found, pointer);
    }
    for either in ["anyOf", "oneOf", "allOf"] {
        for schema in schema[either].as_array().into_iter().flatten() {
            covered(root, schema, value, found, of);
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let known = &schema["properties"][key];
        if known.is_object() {
            found.insert((of.to_owned(), key.clone()));
            covered(root, known, inner, found, &format!("{of}/{key}"));
        }
        covered(root, &schema["additionalProperties"], inner, found, of);
    }
    for item in value.as_array().into_iter().flatten() {
        covered(root, &schema["items"], item, found, of);
    }
}

#[test]
fn the_document_of_these_tests_has_every_field_there_is() {
    let schema = gateway_model::json_schema();
    let mut found = BTreeSet::new();
    covered(&schema, &schema, &value(&every_field()), &mut found, "");
    let types = schema["$defs"].as_object().unwrap().iter();
    let types = types.map(|(name, schema)| (format!("/$defs/{name}"), schema));
    let mut fields = 0;
    for (name, schema) in types.chain([(String::new(), &schema)]) {
        for key in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
        {
            let field = (name.clone(), key.clone());
            // Written short, they are the same.
            let short = ["header", "cookie", "query", "path"];
            let is_short = name == "/$defs/KeyFields" && short.contains(&&**key);
            assert!(
                is_short || found.contains(&field),
                "every_field.yaml has no {key} of {name}"
            );
            fields += 1;
        }
    }
    assert!(fields > 60, "only {fields}");
}

#[test]
fn a_document_does_not_differ_from_itself() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy-configs");
    let samples = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let samples = samples.filter(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    let mut documents: Vec<Gateway> = samples
        .map(|path| read(&std::fs::read_to_string(path).unwrap()).unwrap())
        .collect();
    assert!(documents.len() >= 4);
    documents.push(every_field());
    for document in documents {
        let difference = Difference::of(&document, &document).unwrap();
        assert_eq!(
            (difference.is_nothing(), text(&difference)),
            (true, String::new())
        );
        assert_eq!(difference.summary(), "nothing");
    }
}

#[test]
fn what_stands_before_is_told_by_what_holds() {
    let of = |edge: &str| {
        let rest = "listeners: [{ name: http, port: 8080 }]\n\
                    upstreams: { pets: { http: \"pets:80\" } }\n\
                    routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]\n";
        let head = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway";
        read(&format!("{head}\nedge: {{ {edge} }}\n{rest}")).unwrap()
    };
    let told = |before: &str, after: &str| {
        let difference = Difference::of(&of(before), &of(after)).unwrap();
        let restart = difference.restart.iter().map(ToString::to_string);
        (text(&difference), restart.collect::<Vec<_>>())
    };
    let public = "topology: nlb-public";
    let written_out = "topology: nlb-public, controller: aws-load-balancer-controller, front: nothing, \
                       idle_timeout: 5m50s";
    assert_eq!(told(public, written_out), (String::new(), Vec::new()));

    let (shown, restart) = told(
        public,
        "topology: nlb-public, controller: cloud-provider-aws",
    );
    let line = "controller: aws-load-balancer-controller (default) -> cloud-provider-aws";
    assert!(shown.contains(line), "{shown}");
    assert_eq!(restart, ["edge.controller"]);
    // Who else may call the balancer is nothing to Envoy.
    let (shown, restart) = told(public, "topology: nlb-private, front: nothing");
    assert!(
        shown.contains("topology: nlb-public -> nlb-private"),
        "{shown}"
    );
    assert_eq!(restart, Vec::<String>::new());
    let private = "topology: nlb-private, front: nothing";
    let (_, restart) = told(private, "topology: nlb-private, front: alb");
    assert_eq!(restart, ["edge.front"]);
    // Neither of two fields can be what it is without the other.
    let (_, restart) = told(public, "topology: nlb-private, front: alb");
    assert_eq!(restart, ["edge"]);
}

#[test]
fn secrets_are_told_to_differ_and_not_shown() {
    let of = |keys: &str| {
        let keys = keys.replace("SECRET", "a secret that is long enough for all");
        let other = "jwt: none\nlisteners: [{ name: http, port: 8080 }]\n\
                     upstreams: { pets: { http: \"pets:80\" } }\n\
                     routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]\n";
        let head = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway";
        read(&format!("{head}\nproviders: {{ {keys} }}\n{other}")).unwrap()
    };
    let shared = |text: &str| {
        format!("robot: {{ keys: {{ secret: {{ algorithm: HS256, text: \"{text}\" }} }} }}")
    };
    let documents = ["", &shared("SECRET"), &shared("another SECRET")].map(of);
    for (before, after) in [(0, 1), (1, 0), (1, 2)] {
        let difference = Difference::of(&documents[before], &documents[after]).unwrap();
        let (shown, json) = (text(&difference), value(&difference).to_string());
        for told in [&shown, &json] {
            assert!(told.contains("(a secret)"), "{told}");
            assert!(!told.contains("long enough"), "{told}");
        }
    }
}

fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..3_u8).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|methods|to", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The same with the lists of methods in order, which is all that may differ.
fn without_order(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                let mut value = without_order(value);
                if let (Some(items), "methods") = (value.as_array_mut(), key.as_str()) {
                    items.sort_by_key(Value::to_string);
                }
                (key.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(items) => items.iter().map(without_order).collect(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn two_trees_differ_exactly_if_a_difference_is_found(before in trees(), after in trees()) {
        let changes = compare(Side::written(Some(&before)), Side::written(Some(&after)));
        let differ = without_order(&before) != without_order(&after);
        prop_assert_eq!(!changes.is_empty(), differ, "{:?}", changes);
        for change in changes {
            prop_assert_eq!(change.path.find(&before), change.before.as_ref());
            prop_assert_eq!(change.path.find(&after), change.after.as_ref());
        }
    }
}
