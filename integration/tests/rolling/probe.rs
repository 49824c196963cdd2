//! When a pod is ready.

use crate::pod::Pod;
use crate::rig::Rig;

#[tokio::test]
async fn a_pod_is_ready_when_its_pipeline_works() {
    let rig = Rig::start().await;
    let pod = Pod::start(&rig.document()).await;
    assert_eq!(pod.probe().await, (0, "ready".to_owned()));
    assert_eq!(rig.upstream.requests(), 0);
    pod.terminate().await;
}

/// As an image of one version would, with what another has rendered.
#[tokio::test]
async fn a_pod_that_starts_with_a_configuration_that_it_refuses_is_not_ready_though_envoy_is_live()
{
    let rig = Rig::start().await;
    let pod = Pod::changed(&rig.document(), |file, text| match file {
        envoy_render::PIPELINE => text.replace(r#""routes""#, r#""pathways""#),
        _ => text,
    })
    .await;
    assert_eq!(pod.envoy().admin_get("/ready").await, "LIVE\n");
    let why = "not ready: Envoy has refused the configuration of the pipeline; its log says why";
    assert_eq!(pod.probe().await, (7, why.to_owned()));
    // What it says of the refusal looks like a crash, so it is not stopped in order.
    drop(pod);
}
