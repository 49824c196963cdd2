//! Upstreams that are Kubernetes Services.

use integration::rendered::Rendered;

#[tokio::test]
async fn a_service_is_looked_up_by_its_whole_name() {
    let document = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
                    listeners: [{ name: http, port: 8080 }]\nedge: { topology: cluster-ip }\n\
                    upstreams: { pets: { http: { service: \"pets.shop:8080\" } } }\n\
                    routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]\n";
    let rendered = Rendered::deployed(document);
    let launch = rendered.launch();
    let launch = launch.arguments(["--component-log-level", "dns:trace"]);
    let envoy = launch.start().await;
    // The dot keeps the resolver from trying each domain of the search list.
    envoy.wait_for_log("pets.shop.svc.cluster.local.").await;
    let clusters = envoy
        .admin_get("/config_dump?mask=dynamic_active_clusters")
        .await;
    assert!(
        clusters.contains("\"pets.shop.svc.cluster.local.\""),
        "{clusters}"
    );
    envoy.stop().await;
}
