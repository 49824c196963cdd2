//! A listener is called by the name of its port, so that its port can be changed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rendered;

fn rendered(listeners: &[(&str, u16)]) -> Rendered {
    let listeners = listeners
        .iter()
        .map(|(name, port)| format!("{{ name: \"{name}\", port: {port} }}"));
    let listeners: Vec<String> = listeners.collect();
    let document = format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nlisteners: [{}]\n\
         upstreams: {{ pets: {{ http: {{ service: \"pets.shop:8080\" }} }} }}\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n\
         edge: {{ topology: cluster-ip }}\n",
        listeners.join(", ")
    );
    Rendered::of(&document).unwrap_or_else(|error| panic!("{error}"))
}

/// By the listeners' order: where the Service leads, and what the pods' ports are called.
fn names(rendered: &Rendered) -> (Vec<String>, Vec<String>) {
    let all = |ports: &Value, field: &str| {
        let ports = ports.as_array().unwrap().iter();
        let names = ports.map(|port| port[field].as_str().unwrap().to_owned());
        names.collect()
    };
    (
        all(&rendered.object("Service")["spec"]["ports"], "targetPort"),
        all(&rendered.envoy()["ports"], "name"),
    )
}

#[test]
fn a_port_that_is_changed_keeps_its_name() {
    let (before, after) = (rendered(&[("http", 8080)]), rendered(&[("http", 8081)]));
    assert_eq!(names(&before), names(&after));
    let (led, _) = names(&before);
    assert_eq!(led, ["http"]);
}

#[test]
fn every_listener_has_a_name_that_ports_can_have_and_no_other_has() {
    let long = "a".repeat(63);
    let listeners = [
        "http",
        "a-listener-of-15",
        "a-listener-of-1",
        "8080",
        "a--b",
        "status",
        "port-0123456789",
        &long,
    ];
    let listeners: Vec<(&str, u16)> = listeners.into_iter().zip(2000..).collect();
    let (led, mut called) = names(&rendered(&listeners));
    assert_eq!(called.pop().as_deref(), Some("status"));
    assert_eq!(led, called);
    let mut all: BTreeSet<&str> = called.iter().map(String::as_str).collect();
    assert!(all.insert("status"), "{called:?}");
    assert_eq!(all.len(), listeners.len() + 1, "{called:?}");
    for name in all {
        // As `IsValidPortName` of Kubernetes has it.
        let is_of = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
        assert!((1..=15).contains(&name.len()), "{name}");
        assert!(name.chars().all(is_of), "{name}");
        assert!(
            name.contains(|one: char| one.is_ascii_lowercase()),
            "{name}"
        );
        assert!(!name.contains("--"), "{name}");
        assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
    }
}
