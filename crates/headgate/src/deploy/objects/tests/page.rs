//! What `docs/deploy.md` says of values is so.

use serde_json::Value;

use super::Rendered;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy.md");
    std::fs::read_to_string(path).unwrap()
}

fn document(listeners: &str, edge: &str) -> String {
    format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nmetadata: {{ name: shop }}\n\
         listeners: {listeners}\n\
         upstreams: {{ pets: {{ http: {{ service: \"pets.shop:8080\" }} }} }}\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\nedge: {edge}\n"
    )
}

const TLS: &str = "tls: { listeners: [https], certificates: \
                   [\"arn:aws:acm:eu-west-1:123456789012:certificate/a\"] }";

fn rendered(edge: &str) -> Rendered {
    let listeners = match edge.contains("tls:") {
        true => "[{ name: http, port: 8080 }, { name: https, port: 8443 }]",
        false => "[{ name: http, port: 8080 }]",
    };
    Rendered::of(&document(listeners, edge)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_annotation_has_its_row() {
    let page = page();
    let ports = "ports: { http: 80, https: 443 }";
    for edge in [
        format!("{{ topology: nlb-public, {TLS}, {ports} }}"),
        format!("{{ topology: nlb-public, {TLS}, {ports}, controller: cloud-provider-aws }}"),
    ] {
        let rendered = rendered(&edge);
        let service = &rendered.object("Service")["metadata"]["annotations"];
        for (name, value) in service.as_object().unwrap() {
            let name = name.strip_prefix("service.beta.kubernetes.io/aws-load-balancer-");
            let row = format!("| `{}` | `{}` |", name.unwrap(), value.as_str().unwrap());
            assert!(page.contains(&row), "docs/deploy.md has no row {row}");
        }
    }
}

#[test]
fn the_times_are_so() {
    let page = page();
    for (edge, of) in [
        ("{ topology: nlb-public }", "`nlb-public`, `nlb-private`"),
        (
            "{ topology: cluster-ip, front: alb }",
            "`cluster-ip`, `node-port` with another `front`",
        ),
        ("{ topology: node-port }", "`cluster-ip`, `node-port`"),
    ] {
        let rendered = rendered(edge);
        let command = &rendered.envoy()["lifecycle"]["preStop"]["exec"]["command"];
        let words: Vec<&str> = command
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let [.., "--accept-for", accept, "--drain-for", drain] = words[..] else {
            panic!("{words:?}");
        };
        let grace = &rendered.pod()["terminationGracePeriodSeconds"];
        let row = format!("| {of} | {accept} | {drain} | {grace} |");
        assert!(page.contains(&row), "docs/deploy.md has no row {row}");
    }
}

#[test]
fn the_amounts_are_so() {
    let page = page();
    let rendered = rendered("{ topology: node-port }");
    let resources = &rendered.envoy()["resources"];
    let amount = |side: &str, name: &str| {
        resources[side][name]
            .as_str()
            .map(|amount| format!("`{amount}`"))
            .unwrap_or_default()
    };
    for (title, name) in [("CPU", "cpu"), ("memory", "memory")] {
        let row = format!(
            "| {title} | {} | {} |",
            amount("requests", name),
            amount("limits", name)
        );
        assert!(
            page.contains(&row.replace("|  |", "| |")),
            "docs/deploy.md has no row {row}"
        );
    }
    let autoscaler = &rendered.object("HorizontalPodAutoscaler")["spec"];
    let (least, most) = (&autoscaler["minReplicas"], &autoscaler["maxReplicas"]);
    let percent = &autoscaler["metrics"][0]["resource"]["target"]["averageUtilization"];
    let text = format!("{least} to {most} pods, at {percent} % of the CPU");
    assert!(page.contains(&text), "docs/deploy.md does not say: {text}");
}
