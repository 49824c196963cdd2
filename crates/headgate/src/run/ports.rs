//! Whether the ports are free, asked before Envoy finds out in its own words.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use gateway_model::Gateway;

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot use {address}: {error}; {repair}")]
pub struct PortError {
    what: String,
    address: SocketAddr,
    error: std::io::Error,
    repair: String,
}

/// Whether each listener and the admin endpoint can have their port.
pub fn require_free(gateway: &Gateway) -> Result<(), PortError> {
    let listeners = gateway.listeners.iter().map(|listener| {
        let name = listener.name.as_str();
        let address = SocketAddr::new(listener.address.0, listener.port.get());
        let repair = format!("move it with --listener {name}=127.0.0.1:PORT");
        (format!("listener {name}"), address, repair)
    });
    let admin = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), gateway.admin.port.get());
    let repair = "move it with --admin-port PORT".to_owned();
    // Kept until all are asked for: two of the document's may be one.
    let mut held = Vec::new();
    for (what, address, repair) in listeners.chain([("the admin endpoint".into(), admin, repair)]) {
        held.push(TcpListener::bind(address).map_err(|error| PortError {
            what,
            address,
            error,
            repair,
        })?);
    }
    Ok(())
}
