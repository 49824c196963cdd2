//! What stands before the gateway, as far as it can be told without a cluster.

use function_router::Router;

use super::Check;
use crate::document::{Entrance, Front, Pattern, Protocol, Topology, edge_faults};

impl Check<'_> {
    pub(super) fn edge(&mut self) {
        let edge = &self.gateway.edge;
        let stage = edge.stage_prefix.as_deref();
        if let Err(error) = Router::compile(&[], stage) {
            self.error(format!("edge.{}", error.path), error.problem);
        }
        for (path, fault) in edge_faults(self.gateway, edge.topology) {
            self.error(path, fault);
        }
        if let Some(topology) = edge.topology {
            self.redirects_to_the_balancer(topology);
        }
        let front = edge.front.unwrap_or_default();
        if front.is_api_gateway() {
            self.what_no_api_gateway_carries();
        } else if edge.topology.is_some() && stage.is_some() {
            let problem = "found it where no API Gateway stands before, which would put it there; leave it \
                           out, or write front: api-gateway-rest or api-gateway-http";
            self.warning("edge.stage_prefix", problem);
        }
    }

    /// Clients that are sent to https have to find it.
    fn redirects_to_the_balancer(&mut self, topology: Topology) {
        let gateway = self.gateway;
        let Ok(entrance) = Entrance::of(gateway, Some(topology)) else {
            return; // told already
        };
        if entrance.front != Front::Nothing {
            return; // clients find it elsewhere
        }
        let is_secure = |listener| entrance.tls(listener).is_some() || listener.tls.is_some();
        let secure: Vec<String> = gateway
            .listeners
            .iter()
            .filter(|listener| is_secure(listener))
            .map(|listener| entrance.port(listener).to_string())
            .collect();
        for (i, listener) in gateway.listeners.iter().enumerate() {
            let Some(port) = listener.redirect_to_https else {
                continue;
            };
            if !secure.contains(&port.to_string()) {
                let found = match secure.as_slice() {
                    [] => "no listener there has TLS".to_owned(),
                    ports => format!("those of https are at port {}", ports.join(" and ")),
                };
                let problem = format!(
                    "clients would find no https at port {port} of the Service: {found}; write the port of \
                     a listener with TLS, or edge: {{ ports: … }} for it"
                );
                self.warning(format!("listeners[{i}].redirect_to_https"), problem);
            }
        }
    }

    fn what_no_api_gateway_carries(&mut self) {
        let gateway = self.gateway;
        for (i, route) in gateway.routes.iter().enumerate() {
            if matches!(route.matches.pattern, Pattern::Grpc(_)) {
                let problem = "no call of gRPC comes over an API Gateway, which speaks HTTP/1.1 with what \
                               stands behind it";
                self.warning(format!("routes[{i}].match.grpc"), problem);
            }
        }
        for (name, upstream) in &gateway.upstreams {
            if upstream.protocol == Protocol::WebSocket {
                let problem =
                    "no upgrade to WebSocket comes over a REST or HTTP API of an API Gateway";
                let path = super::upstreams::upstream_path(name.as_str());
                self.warning(format!("{path}.websocket"), problem);
            }
        }
    }
}
