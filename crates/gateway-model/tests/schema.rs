//! The JSON Schema says of a document what reading it says, as far as a schema can.

#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::path::Path;

use gateway_model::json_schema;
use serde_json::{Value, json};

fn sample() -> Value {
    json!({
        "apiVersion": "headgate.dev/v1alpha1",
        "kind": "Gateway",
        "listeners": [{ "name": "http", "port": 8080 }],
        "upstreams": { "pets": { "http": "pets:8080" } },
        "routes": [{
            "match": {
                "path": "/pets/{id}",
                "headers": { "x-env": "prod", "x-v": { "regex": "v.*" } },
            },
            "to": [{ "upstream": "pets", "timeout": "2s" }],
        }],
    })
}

/// Everything that is wrong with a document, by its place.
fn mistakes(document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let errors = validator.iter_errors(document);
    errors
        .map(|error| error.instance_path().to_string())
        .collect()
}

#[test]
fn every_sample_document_fits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy-configs");
    let mut documents = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let bytes = std::fs::read(&path).unwrap();
            let checked = gateway_model::read("gateway.yaml", &bytes).unwrap();
            let document = serde_json::to_value(&checked.document).unwrap();
            assert_eq!(
                mistakes(&document),
                Vec::<String>::new(),
                "{}",
                path.display()
            );
            documents += 1;
        }
    }
    assert!(documents >= 4, "{documents}");
    assert_eq!(mistakes(&sample()), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_is_seen_where_it_is() {
    for (place, wrong) in [
        ("/kind", json!("Gatway")),
        ("/listeners/0/port", json!(0)),
        ("/listeners/0/port", json!("8080")),
        (
            "/upstreams/pets",
            json!({ "http": "pets:8080", "timout": "2s" }),
        ),
        (
            "/upstreams/pets",
            json!({ "http": "pets:8080", "timeout": "2 s" }),
        ),
        ("/upstreams/pets", json!({ "timeout": "2s" })),
        ("/upstreams/pets", json!({ "http": "a:1", "grpc": "a:1" })),
        ("/routes/0/match", json!({ "methods": ["GET"] })),
        ("/routes/0/match", json!({ "path": "/", "prefix": "/" })),
        ("/routes/0/match/headers/x-v", json!({ "regexp": "v.*" })),
        ("/routes/0/to/0", json!({ "weight": 1 })),
        ("/routes/0", json!({ "match": { "path": "/" } })),
    ] {
        let mut document = sample();
        *document.pointer_mut(place).unwrap() = wrong.clone();
        let found = mistakes(&document);
        assert!(!found.is_empty(), "{place}: {wrong}");
        assert!(
            found.iter().all(|at| at.starts_with(place)),
            "{place}: {found:?}"
        );
    }
}

#[test]
fn every_field_says_what_it_is() {
    fn undescribed(schema: &Value, place: &str, found: &mut Vec<String>) {
        let Some(object) = schema.as_object() else {
            return;
        };
        let properties = object.get("properties").and_then(Value::as_object);
        for (name, field) in properties.into_iter().flatten() {
            if field.get("description").is_none() && !place.contains("/Value") {
                found.push(format!("{place}/{name}"));
            }
        }
    }
    let schema = json_schema();
    let mut found = Vec::new();
    undescribed(&schema, "", &mut found);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        undescribed(definition, &format!("/{name}"), &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
}
