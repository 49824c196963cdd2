//! Upstreams and servers of keys that no document means: where a node tells of its rights, and where the pod itself is asked and told what to do.

use std::net::{IpAddr, Ipv6Addr};

use gateway_model::{Address, Entrance, Gateway, Host, Location, Protocol};

use super::ObjectsError;

/// Why a pod calls nothing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Whoever may call it gets the rights of the node.
    #[error("where a node tells of itself and its rights, to whoever asks")]
    Metadata,
    /// Whoever may call it may end Envoy.
    #[error("the admin endpoint of the pod's own Envoy, by which it is ended")]
    Admin,
    /// It is not for clients.
    #[error("where the pod itself tells how it is")]
    Status,
}

/// Looks at each upstream and each server of keys. Others on the pod's loopback interface may be: somebody may have added a container.
pub(super) fn require_allowed(gateway: &Gateway) -> Result<(), ObjectsError> {
    for (name, upstream) in &gateway.upstreams {
        let Location::Address(address) = &upstream.location else {
            continue;
        };
        let field = match upstream.protocol {
            Protocol::Grpc => "grpc",
            _ => "http",
        };
        let place = format!("upstreams.{name}.{field}");
        require_address(gateway, address, place)?;
    }
    for (name, url, _) in gateway.key_servers() {
        let place = format!("providers.{name}.keys.url");
        require_address(gateway, url.address(), place)?;
    }
    if let Some(service) = &gateway.rate_limiting.service
        && let Location::Address(address) = &service.grpc
    {
        require_address(gateway, address, "rate_limiting.service.grpc".to_owned())?;
    }
    Ok(())
}

fn require_address(
    gateway: &Gateway,
    address: &Address,
    place: String,
) -> Result<(), ObjectsError> {
    let why = match address.port {
        _ if is_metadata(&address.host) => Forbidden::Metadata,
        port if is_the_pod(&address.host) && port == gateway.admin.port => Forbidden::Admin,
        port if is_the_pod(&address.host) && port == Entrance::STATUS_PORT => Forbidden::Status,
        _ => return Ok(()),
    };
    Err(ObjectsError::Upstream {
        place,
        address: address.to_string(),
        why,
    })
}

/// Addresses of the link, and those that AWS has beside them (`fd00:ec2::254`).
fn is_metadata(host: &Host) -> bool {
    match ip(host) {
        Some(IpAddr::V4(ip)) => ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_unicast_link_local() || is_of_aws(ip),
        None => false,
    }
}

fn is_of_aws(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0xfd00, 0x0ec2, ..])
}

/// To call no address at all is to call this machine.
fn is_the_pod(host: &Host) -> bool {
    match (host, ip(host)) {
        (_, Some(ip)) => ip.is_loopback() || ip.is_unspecified(),
        (Host::Name(name), None) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        (Host::Ip(_), None) => false,
    }
}

/// An address of IPv4 in the form of one of IPv6 is the same one.
fn ip(host: &Host) -> Option<IpAddr> {
    match host {
        Host::Ip(ip) => Some(ip.to_canonical()),
        Host::Name(_) => None,
    }
}
