//! From the document to the objects that a cluster is given.
//!
//! [`of`] is a pure function: it asks no cluster and reads no file. What stands before the gateway
//! ([`Entrance`]) decides the objects and Envoy's own settings alike. A module here is named after the kind
//! of object that it makes, or the part of one.

mod annotations;
pub mod capacity;
mod config_map;
mod deployment;
mod error;
mod horizontal_pod_autoscaler;
pub mod names;
mod network_policy;
mod object;
mod pod;
mod pod_disruption_budget;
mod ports;
mod rights;
mod service;
mod service_account;
mod shutdown;
mod standing;
#[cfg(test)]
mod tests;
mod upstreams;
mod volumes;

use crate::hash;
use std::collections::BTreeMap;

use envoy_render::Placement;
use gateway_model::{Certificate, Entrance, FileName, Gateway, ProviderKeys, Topology};

pub use capacity::{TooLarge, fit};
pub use error::ObjectsError;
pub use names::MANAGER;
pub use object::{Object, Objects};
pub use standing::Standing;
#[cfg(test)]
pub use standing::StandingPort;

use config_map::ConfigMaps;
use names::Names;

/// What is not in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the objects are.
    pub namespace: String,
    /// How clients come to the gateway, if not as the document says.
    pub topology: Option<Topology>,
    /// The gateway's image.
    pub image: String,
    /// The file name of the pipeline's module in that image: no other content has it.
    pub module: String,
    /// What is in the files of authorities that the document names.
    pub authorities: BTreeMap<FileName, String>,
}

/// The objects of a document, in the order in which they are to be applied: whom pods may call before the
/// routes that call them, and before the pods what they mount, and the Service, since who makes its balancer
/// sets conditions to the pods that come after it.
///
/// # Errors
/// When Kubernetes would not take one of them, or what stands before the gateway does not fit together.
pub fn of(gateway: &Gateway, options: &Options) -> Result<Objects, ObjectsError> {
    let names = Names::of(gateway, &options.namespace)?;
    let entrance = Entrance::of(gateway, options.topology).map_err(ObjectsError::Edge)?;
    require_secrets(gateway, &options.namespace)?;
    require_public_keys(gateway)?;
    upstreams::require_allowed(gateway)?;
    let enough = gateway.require_enough_for(Gateway::MOST_REPLICAS);
    enough.map_err(ObjectsError::Limit)?;
    let of = Deployed {
        gateway,
        options,
        names,
        placement: Placement::in_image(&options.module, entrance.clone()),
        entrance,
    };
    let config = ConfigMaps::of(&of)?;
    Ok(Objects::new([
        Object::of(&service_account::service_account(&of.names)),
        Object::of(&network_policy::network_policy(&of)),
        Object::of(&config.bootstrap),
        Object::of(&config.resources),
        Object::of(&service::service(&of)),
        Object::of(&pod_disruption_budget::pod_disruption_budget(&of.names)),
        Object::of(&deployment::deployment(&of, &config)),
        Object::of(&horizontal_pod_autoscaler::horizontal_pod_autoscaler(
            &of.names,
        )),
    ]))
}

/// All that objects are made of.
struct Deployed<'a> {
    gateway: &'a Gateway,
    options: &'a Options,
    names: Names<'a>,
    /// What stands before the gateway.
    entrance: Entrance,
    /// Where things are in a pod.
    placement: Placement,
}

/// What who carries the document to the cluster may do there. Somebody with more rights applies them, once.
///
/// # Errors
/// When Kubernetes would not take them.
pub fn rights(gateway: &Gateway, namespace: &str) -> Result<Objects, ObjectsError> {
    Ok(rights::rights(&Names::of(gateway, namespace)?))
}

/// Keys in files would have to be carried through whoever renders.
fn require_secrets(gateway: &Gateway, namespace: &str) -> Result<(), ObjectsError> {
    let mut certificates = gateway.certificates();
    let in_files = certificates.find_map(|(place, pair)| match pair {
        Certificate::Secret(_) => None,
        Certificate::Files { certificate, key } => Some(ObjectsError::Key {
            place,
            secret: secret_name(certificate),
            certificate: certificate.clone(),
            key: key.clone(),
            namespace: namespace.to_owned(),
        }),
    });
    in_files.map_or(Ok(()), Err)
}

/// What Envoy takes while it runs is in a ConfigMap, the configuration of the pipeline too: a secret that
/// checks signatures also makes them, and would be there for all to read.
fn require_public_keys(gateway: &Gateway) -> Result<(), ObjectsError> {
    let mut providers = gateway.providers.iter();
    let shared = providers.find(|(_, provider)| {
        let keys = provider.keys.as_ref();
        keys.is_some_and(|keys| matches!(keys, ProviderKeys::Secret(_)))
    });
    match shared {
        Some((name, _)) => Err(ObjectsError::SharedSecret {
            provider: name.to_string(),
        }),
        None => Ok(()),
    }
}

/// How a Secret could be called that takes the place of a file: `shop` for `tls/shop.crt`.
fn secret_name(file: &FileName) -> String {
    let name = file.as_str().rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let name: String = stem
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    match name.trim_matches('-') {
        "" => "gateway-tls".to_owned(),
        name => name.to_owned(),
    }
}

/// 40 bits of SHA-256, in hexadecimal.
fn short_hash(text: &str) -> String {
    hash::short(text.as_bytes(), 10)
}
