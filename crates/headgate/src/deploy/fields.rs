//! What differs between two objects, field by field.

use serde::Serialize;
use serde_json::{Map, Value};

/// A field that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// `spec.template.spec.containers[envoy].image`.
    pub path: String,
    /// What it was; nothing, if it was not there.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// What the cluster writes itself, and nobody asks for.
const OF_THE_CLUSTER: [&str; 6] = [
    "metadata.creationTimestamp",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.uid",
    "status",
];

/// The fields that differ, in the order of their paths.
pub fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut changes);
    changes
}

fn compare(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<FieldChange>,
) {
    if before == after || OF_THE_CLUSTER.contains(&path.as_str()) {
        return;
    }
    let parts = match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => members(before, after),
        (Some(Value::Array(before)), Some(Value::Array(after))) => match named(before, after) {
            Some(elements) => elements,
            None if before.len() == after.len() => by_place(before, after),
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    if parts.is_empty() {
        return changes.push(FieldChange {
            path,
            before: before.cloned(),
            after: after.cloned(),
        });
    }
    for (segment, before, after) in parts {
        let path = match segment {
            Segment::Key(key) if path.is_empty() => key.to_owned(),
            Segment::Key(key) if key.contains(['.', '/']) => format!("{path}[{key:?}]"),
            Segment::Key(key) => format!("{path}.{key}"),
            Segment::Element(element) => format!("{path}[{element}]"),
        };
        compare(path, before, after, changes);
    }
}

enum Segment<'a> {
    Key(&'a str),
    Element(String),
}

type Part<'a> = (Segment<'a>, Option<&'a Value>, Option<&'a Value>);

fn members<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> Vec<Part<'a>> {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let part = |key: &'a String| (Segment::Key(key), before.get(key), after.get(key));
    keys.into_iter().map(part).collect()
}

/// Elements that have names, as containers, volumes and ports have, are known by them.
fn named<'a>(before: &'a [Value], after: &'a [Value]) -> Option<Vec<Part<'a>>> {
    let name = |value: &'a Value| value.get("name").and_then(Value::as_str);
    let mut names = Vec::new();
    for element in before.iter().chain(after) {
        let name = name(element)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let find = |all: &'a [Value], wanted: &str| all.iter().find(|one| name(one) == Some(wanted));
    let part = |one: &'a str| {
        let element = Segment::Element(one.to_owned());
        (element, find(before, one), find(after, one))
    };
    Some(names.into_iter().map(part).collect())
}

fn by_place<'a>(before: &'a [Value], after: &'a [Value]) -> Vec<Part<'a>> {
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .map(|(place, (before, after))| {
            let element = Segment::Element(place.to_string());
            (element, Some(before), Some(after))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: Value, after: Value) -> Vec<String> {
        let changes = changes(&before, &after);
        changes.into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn a_field_is_named_by_its_path() {
        let container = |image: &str, port: u16| {
            json!({ "spec": { "containers": [
                { "name": "envoy", "image": image, "args": ["-c", "x"], "ports": [{ "containerPort": port }] },
            ] } })
        };
        assert_eq!(
            paths(container("a:1", 80), container("a:2", 81)),
            [
                "spec.containers[envoy].image",
                "spec.containers[envoy].ports[0].containerPort"
            ]
        );
        let annotated = |value: &str| json!({ "metadata": { "annotations": { "a.b/c": value } } });
        assert_eq!(
            paths(annotated("1"), annotated("2")),
            ["metadata.annotations[\"a.b/c\"]"]
        );
    }

    #[test]
    fn what_comes_and_goes_is_told_whole() {
        let before = json!({ "spec": { "ports": [{ "name": "http", "port": 80 }] } });
        let after = json!({ "spec": { "ports": [{ "name": "https", "port": 443 }] } });
        let changes = changes(&before, &after);
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].path, "spec.ports[http]");
        assert_eq!(changes[0].after, None);
        assert_eq!(changes[1].before, None);
    }

    #[test]
    fn what_the_cluster_writes_is_no_difference() {
        let before =
            json!({ "metadata": { "resourceVersion": "1", "name": "a" }, "status": { "a": 1 } });
        let after = json!({ "metadata": { "resourceVersion": "2", "name": "a" } });
        assert!(paths(before, after).is_empty());
    }
}
