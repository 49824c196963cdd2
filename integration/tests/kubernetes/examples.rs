//! The examples of Istio's and Envoy Gateway's resources: an API server that knows their kinds takes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use integration::installed;
use integration::kubernetes::ControlPlane;

use crate::rig::Rig;

/// The definitions of the kinds, and the example.
const EXAMPLES: [(&str, &str); 2] = [
    (
        "istio-crds-1.32.0/customresourcedefinitions.gen.yaml",
        "istio-wasmplugin.yaml",
    ),
    (
        "envoy-gateway-crds-1.9.1/gateway.envoyproxy.io_envoyextensionpolicies.yaml",
        "envoy-gateway-envoyextensionpolicy.yaml",
    ),
];

fn example(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join("docs/examples").join(name)
}

/// With the rules in CEL, which nothing but an API server checks; it says, too, which fields no schema has.
pub async fn an_api_server_takes_what_uses_the_images(cluster: Arc<ControlPlane>) {
    let rig = Rig::new(cluster).await;
    for (definitions, name) in EXAMPLES {
        let definitions = installed(definitions).display().to_string();
        rig.kubectl(&["apply", "--server-side", "-f", &definitions], "");
        let established = ["wait", "--for=condition=Established", "-f", &definitions];
        rig.kubectl(&established, "");
        let text = std::fs::read_to_string(example(name)).unwrap();
        // Each test has a namespace of its own.
        let text = text.replace("namespace: shop", &format!("namespace: {}", rig.namespace));
        let apply = ["apply", "--server-side", "--validate=strict", "-f", "-"];
        let applied = rig.kubectl(&apply, &text);
        assert!(applied.ends_with(" serverside-applied\n"), "{applied}");

        let slip = text.replace("function-router\n  namespace", "slip\n  namespace");
        let slip = slip.replace("\nspec:\n", "\nspec:\n  faiOpen: true\n");
        let refused = rig.try_kubectl(&apply, &slip).unwrap_err();
        assert!(refused.contains("faiOpen"), "{refused}");
    }
    // A rule in CEL: a policy for something else than a Gateway or its routes.
    let text = std::fs::read_to_string(example(EXAMPLES[1].1)).unwrap();
    let text = text.replace("namespace: shop", &format!("namespace: {}", rig.namespace));
    let other = text.replace("kind: Gateway,", "kind: Deployment,");
    let refused = rig.try_kubectl(&["apply", "--server-side", "-f", "-"], &other);
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("Deployment") || refused.contains("targetRefs"),
        "{refused}"
    );
    assert!(refused.contains("is invalid"), "{refused}");
}
