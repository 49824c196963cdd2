//! The document as it was applied last, kept beside what was made of it: what it meant cannot be read from
//! that any more.

use gateway_model::Gateway;
use serde_json::{Value, json};

use super::cluster::{Applied, Cluster, ClusterError, Kind};
use super::objects::Object;

/// The file in the ConfigMap.
const FILE: &str = "gateway.json";

/// The most that is kept of it, in bytes: a ConfigMap takes 1 MiB.
const MOST_BYTES: usize = 1_000_000;

/// The ConfigMap of a gateway's document.
pub fn name(gateway: &str) -> String {
    format!("{gateway}-document")
}

/// The document that was applied last; none if none was, or it cannot be read any more.
///
/// # Errors
/// When the cluster does not answer, or the rights do not reach.
pub async fn read(cluster: &Cluster, gateway: &str) -> Result<Option<Gateway>, ClusterError> {
    let found = cluster.get(Kind::CONFIG_MAP, &name(gateway)).await?;
    let text =
        found.and_then(|found| Some(found.data.get("data")?.get(FILE)?.as_str()?.to_owned()));
    let checked = text.and_then(|text| gateway_model::read(FILE, text.as_bytes()).ok());
    Ok(checked.map(|checked| checked.document))
}

/// Keeps a document that was applied, with the labels of the others. One that is too large for it is not kept;
/// then the next `diff` tells fields where it would tell routes.
///
/// # Errors
/// When the cluster does not take it.
pub async fn keep(
    cluster: &Cluster,
    gateway: &Gateway,
    beside: &Object,
    how: Applied,
) -> Result<(), ClusterError> {
    let text = serde_json::to_string(gateway).unwrap_or_default();
    let name = name(gateway.metadata.name.as_str());
    let data = match text.len() {
        ..=MOST_BYTES => json!({ FILE: text }),
        _ => json!({}),
    };
    let value = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": beside.namespace,
            "labels": beside.value.pointer("/metadata/labels").cloned().unwrap_or(Value::Null),
        },
        "data": data,
    });
    let kind = Kind::CONFIG_MAP;
    cluster.apply_value(kind, &name, &value, how).await?;
    Ok(())
}
