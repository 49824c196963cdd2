//! Changing whom pods may be called by, and whom they may call, while old pods and new ones serve.
//!
//! Before anything that needs it, a policy admits what it admitted before and what the document says; when nothing
//! needs what was before any more, it admits what the document says alone.

use serde_json::{Value, json};

/// Where rules are. A policy admits what any one of them does.
const RULES: [&str; 2] = ["ingress", "egress"];

/// The new policy, with the rules that the live one has besides.
pub fn union(live: &Value, new: &Value) -> Value {
    let mut both = new.clone();
    for direction in RULES {
        let mut rules = rules(live, direction);
        for rule in self::rules(new, direction) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if let Some(spec) = both.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert(direction.to_owned(), json!(rules));
        }
    }
    both
}

/// Whether two policies admit the same, in the same words.
pub fn admit_the_same(one: &Value, other: &Value) -> bool {
    RULES
        .iter()
        .all(|direction| rules(one, direction) == rules(other, direction))
}

fn rules(policy: &Value, direction: &str) -> Vec<Value> {
    let rules = policy.get("spec").and_then(|spec| spec.get(direction));
    rules.and_then(Value::as_array).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(version: &str, ports: &[u16], namespaces: &[&str]) -> Value {
        let ports: Vec<Value> = ports.iter().map(|port| json!({ "port": port })).collect();
        let egress = namespaces.iter().map(|name| json!({ "to": [name] }));
        json!({
            "metadata": { "labels": { "version": version } },
            "spec": { "ingress": [{ "ports": ports }], "egress": egress.collect::<Vec<_>>() },
        })
    }

    #[test]
    fn both_admit_what_either_does() {
        let (live, new) = (
            policy("1", &[8080], &["a", "b"]),
            policy("2", &[8081], &["b", "c"]),
        );
        let both = union(&live, &new);
        assert_eq!(both["metadata"]["labels"]["version"], "2");
        assert_eq!(
            both["spec"]["ingress"],
            json!([{ "ports": [{ "port": 8080 }] }, { "ports": [{ "port": 8081 }] }])
        );
        assert_eq!(
            both["spec"]["egress"],
            json!([{ "to": ["a"] }, { "to": ["b"] }, { "to": ["c"] }])
        );
        assert!(!admit_the_same(&both, &new));
        // What an apply has left that was ended halfway.
        assert_eq!(union(&both, &new), both);
    }

    #[test]
    fn what_admits_no_more_is_the_new_one() {
        let (live, new) = (
            policy("1", &[8080], &["a"]),
            policy("2", &[8080], &["a", "b"]),
        );
        assert_eq!(union(&live, &new), new);
        assert_eq!(union(&Value::Null, &new), new);
        assert!(admit_the_same(&union(&live, &new), &new));
        assert!(!admit_the_same(&live, &new));
    }
}
