//! What Envoy takes only at its start.

use gateway_model::{Admin, Gateway, Listener, Metadata};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The fields of a document that take a restart when they change: those that are in the bootstrap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    metadata: Metadata,
    listeners: Vec<Listener>,
    admin: Admin,
}

impl Fixed {
    /// Those of a document.
    pub fn of(gateway: &Gateway) -> Self {
        Self {
            metadata: gateway.metadata.clone(),
            listeners: gateway.listeners.clone(),
            admin: gateway.admin,
        }
    }

    /// A document with these fields: what can be carried to an Envoy that was started with them.
    pub fn kept_in(&self, gateway: Gateway) -> Gateway {
        let Self {
            metadata,
            listeners,
            admin,
        } = self.clone();
        Gateway {
            metadata,
            listeners,
            admin,
            ..gateway
        }
    }

    /// Where another document has something else: `listeners[0].port`.
    pub fn changes_to(&self, other: &Self) -> Vec<String> {
        let value = |fixed: &Self| serde_json::to_value(fixed).unwrap_or_default();
        let mut changes = Vec::new();
        compare("", &value(self), &value(other), &mut changes);
        changes
    }
}

/// The paths at which two values differ, as deep as both have fields or items.
fn compare(path: &str, one: &Value, other: &Value, changes: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let only_there = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(only_there) {
                let of = |fields: &serde_json::Map<String, Value>| {
                    fields.get(name).cloned().unwrap_or_default()
                };
                let dot = if path.is_empty() { "" } else { "." };
                compare(&format!("{path}{dot}{name}"), &of(one), &of(other), changes);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for i in 0..one.len().max(other.len()) {
                let of = |items: &[Value]| items.get(i).cloned().unwrap_or_default();
                compare(&format!("{path}[{i}]"), &of(one), &of(other), changes);
            }
        }
        _ if one != other => changes.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(fields: &str) -> Gateway {
        let text = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n{fields}\n\
             upstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
             routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n"
        );
        let read = gateway_model::read("gateway.yaml", text.as_bytes());
        read.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    #[test]
    fn fields_that_take_a_restart_are_named_by_their_place() {
        let old = Fixed::of(&gateway("listeners: [{ name: http, port: 8080 }]"));
        for (fields, changes) in [
            ("listeners: [{ name: http, port: 8080 }]", &[][..]),
            (
                "listeners: [{ name: http, port: 8081 }]",
                &["listeners[0].port"],
            ),
            (
                "listeners: [{ name: http, port: 8080 }, { name: other, port: 8081 }]",
                &["listeners[1]"],
            ),
            (
                "listeners: [{ name: web, port: 8080, address: \"::\" }]\nadmin: { port: 1 }",
                &["listeners[0].name", "listeners[0].address", "admin.port"],
            ),
            (
                "metadata: { name: shop }\nlisteners: [{ name: http, port: 8080, \
                 tls: { certificates: [{ certificate: a, key: b }] } }]",
                &["metadata.name", "listeners[0].tls"],
            ),
        ] {
            let new = gateway(fields);
            assert_eq!(old.changes_to(&Fixed::of(&new)), changes, "{fields}");
            assert_eq!(Fixed::of(&old.kept_in(new)), old);
        }
    }

    #[test]
    fn what_an_envoy_was_started_with_is_read_again() {
        let fixed = Fixed::of(&gateway(
            "metadata: { name: shop }\nlisteners: [{ name: https, port: 8443, address: \"::1\", \
             tls: { certificates: [{ certificate: a, key: b }] } }]\nadmin: { port: 9000 }",
        ));
        let text = serde_json::to_string(&fixed).unwrap();
        assert_eq!(serde_json::from_str::<Fixed>(&text).unwrap(), fixed);
    }
}
