//! The examples of Istio's and Envoy Gateway's resources: an API server that knows their kinds takes them.

use std::path::Path;
use std::sync::Arc;

use integration::installed;
use integration::kubernetes::ControlPlane;

use crate::rig::Rig;

/// The definitions of the kinds, and what the examples of each are called.
const EXAMPLES: [(&str, &str); 2] = [
    (
        "istio-crds-1.32.0/customresourcedefinitions.gen.yaml",
        "wasmplugin",
    ),
    (
        "envoy-gateway-crds-1.9.1/gateway.envoyproxy.io_envoyextensionpolicies.yaml",
        "envoyextensionpolicy",
    ),
];

/// The filters of which there are examples.
const FILTERS: [&str; 3] = ["function-router", "jwt-authz", "rate-limiter"];

/// Each test has a namespace of its own.
fn example(filter: &str, kind: &str, namespace: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(format!("docs/examples/{filter}.{kind}.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    text.replace("namespace: shop", &format!("namespace: {namespace}"))
}

/// With the rules in CEL, which nothing but an API server checks; it says, too, which fields no schema has.
pub async fn an_api_server_takes_what_uses_the_images(cluster: Arc<ControlPlane>) {
    let rig = Rig::new(cluster).await;
    for (definitions, kind) in EXAMPLES {
        let definitions = installed(definitions).display().to_string();
        rig.kubectl(&["apply", "--server-side", "-f", &definitions], "");
        let established = ["wait", "--for=condition=Established", "-f", &definitions];
        rig.kubectl(&established, "");
        for filter in FILTERS {
            let text = example(filter, kind, &rig.namespace);
            let apply = ["apply", "--server-side", "--validate=strict", "-f", "-"];
            let applied = rig.kubectl(&apply, &text);
            assert!(applied.ends_with(" serverside-applied\n"), "{applied}");

            let slip = text.replace(&format!("{filter}\n  namespace"), "slip\n  namespace");
            let slip = slip.replace("\nspec:\n", "\nspec:\n  faiOpen: true\n");
            let refused = rig.try_kubectl(&apply, &slip).unwrap_err();
            assert!(refused.contains("faiOpen"), "{refused}");
        }
    }
    // A rule in CEL: a policy for something else than a Gateway or its routes.
    let text = example("function-router", "envoyextensionpolicy", &rig.namespace);
    let other = text.replace("kind: Gateway,", "kind: Deployment,");
    let refused = rig.try_kubectl(&["apply", "--server-side", "-f", "-"], &other);
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("Deployment") || refused.contains("targetRefs"),
        "{refused}"
    );
    assert!(refused.contains("is invalid"), "{refused}");
}
