//! What cannot be changed of a gateway that is deployed: what stands before it. While its pods are replaced, old
//! and new ones would expect different things of the same balancer.

use gateway_model::{Controller, Gateway};

use super::applied_document;
use super::cluster::{Cluster, ClusterError, Kind};
use super::objects::{MANAGER, Objects, Standing};

/// A field that says something else than what is deployed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{field}: gateway {gateway} is deployed in namespace {namespace} with {before}, found {after}; while its pods \
     are replaced, old and new ones would expect different things of what stands before them, and requests \
     fail. Deploy it under another metadata.name and move the DNS name to that, or take this one out of the \
     cluster first: headgate deploy delete --name {gateway} --namespace {namespace}"
)]
pub struct StandingChange {
    gateway: String,
    namespace: String,
    field: String,
    before: String,
    after: String,
}

/// Compares with what is there: the Service, and the document that was applied last.
///
/// # Errors
/// When something differs that cannot be changed, or the cluster does not answer.
pub async fn refuse(cluster: &Cluster, gateway: &Gateway, objects: &Objects) -> anyhow::Result<()> {
    match compare(cluster, gateway, objects).await {
        Ok(Some(change)) => Err(change.into()),
        // Without the right to read the Service it is not changed either, which applying it tells.
        Ok(None) | Err(ClusterError::Forbidden { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn compare(
    cluster: &Cluster,
    gateway: &Gateway,
    objects: &Objects,
) -> Result<Option<StandingChange>, ClusterError> {
    let name = gateway.metadata.name.as_str();
    let Some(service) = objects.iter().find(|one| one.kind == "Service") else {
        return Ok(None);
    };
    let live = cluster.get(Kind::of(service), &service.name).await?;
    let manager = "/metadata/labels/app.kubernetes.io~1managed-by";
    let live = live.and_then(|live| serde_json::to_value(live).ok());
    // One that somebody else has made is what applying it tells of.
    let Some(live) = live.filter(|live| live.pointer(manager).is_some_and(|one| one == MANAGER))
    else {
        return Ok(None);
    };
    let mut difference = difference(&Standing::of(&live), &Standing::of(&service.value));
    if difference.is_none() {
        let before = applied_document::read(cluster, name).await?;
        difference = before.and_then(|before| difference_of_front(&before, gateway));
    }
    Ok(difference.map(|(field, before, after)| StandingChange {
        gateway: name.to_owned(),
        namespace: cluster.namespace().to_owned(),
        field,
        before,
        after,
    }))
}

/// A field, what it was, and what it would be.
type Difference = (String, String, String);

fn differ(field: &str, before: &str, after: &str) -> Option<Difference> {
    let quoted = |text: &str| format!("{text:?}");
    (before != after).then(|| (field.to_owned(), quoted(before), quoted(after)))
}

fn difference(before: &Standing, after: &Standing) -> Option<Difference> {
    let topologies = (before.topology.as_str(), after.topology.as_str());
    let topology = differ("edge.topology", topologies.0, topologies.1);
    let controller = |of: &Standing| of.controller.map_or("", Controller::as_str);
    topology
        .or_else(|| differ("edge.controller", controller(before), controller(after)))
        .or_else(|| {
            before.ports.iter().find_map(|(port, was)| {
                let is = after.ports.get(port)?;
                // Pods are called by the name of the listener's port, which only the new ones have.
                let listener = differ(
                    &format!("listeners: port {port} of the Service"),
                    &was.listener,
                    &is.listener,
                );
                let ends = |tls: bool| match tls {
                    true => "TLS that ends at the balancer",
                    false => "no TLS that ends at the balancer",
                };
                listener.or_else(|| {
                    let (field, before, after) =
                        differ("edge.tls", ends(was.is_tls), ends(is.is_tls))?;
                    let of = |text: String| format!("{} (port {port})", text.trim_matches('"'));
                    Some((field, of(before), of(after)))
                })
            })
        })
}

fn difference_of_front(before: &Gateway, after: &Gateway) -> Option<Difference> {
    let front = |of: &Gateway| of.edge.front.unwrap_or_default().as_str();
    differ("edge.front", front(before), front(after))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gateway_model::Topology;

    use super::super::objects::StandingPort;
    use super::*;

    fn standing(
        topology: Topology,
        controller: Controller,
        ports: &[(u64, &str, bool)],
    ) -> Standing {
        let port = |(number, listener, is_tls): &(u64, &str, bool)| {
            let listener = (*listener).to_owned();
            let is_tls = *is_tls;
            (*number, StandingPort { listener, is_tls })
        };
        Standing {
            topology,
            controller: topology.has_balancer().then_some(controller),
            ports: ports.iter().map(port).collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn what_cannot_be_changed_is_named_with_both_values() {
        let aws = Controller::AwsLoadBalancerController;
        let ports = [(80, "http", false), (443, "https", true)];
        let before = standing(Topology::NlbPublic, aws, &ports);
        let told = |after: &Standing| {
            let told = difference(&before, after);
            told.map(|(field, before, after)| format!("{field}: {before} -> {after}"))
        };
        assert_eq!(told(&before), None);
        let with = |ports: &[(u64, &str, bool)]| standing(Topology::NlbPublic, aws, ports);
        for (after, expected) in [
            (
                standing(Topology::NlbPrivate, aws, &ports),
                "edge.topology: \"nlb-public\" -> \"nlb-private\"",
            ),
            (
                standing(Topology::NlbPublic, Controller::CloudProviderAws, &ports),
                "edge.controller: \"aws-load-balancer-controller\" -> \"cloud-provider-aws\"",
            ),
            (
                with(&[(80, "web", false), (443, "https", true)]),
                "listeners: port 80 of the Service: \"http\" -> \"web\"",
            ),
            (
                with(&[(443, "https", false)]),
                "edge.tls: TLS that ends at the balancer (port 443) -> no TLS that ends at the balancer \
                 (port 443)",
            ),
        ] {
            assert_eq!(told(&after).as_deref(), Some(expected));
        }
        // What comes or goes as a whole is nobody's before or after.
        assert_eq!(
            told(&with(&[(443, "https", true), (8443, "other", true)])),
            None
        );
    }
}
