//! Listeners that could not all be started, or not serve.

use super::Check;
use crate::document::{Certificate, Listener, ListenerTls};
use crate::words::quoted;

/// What Envoy calls its own admin endpoint where it calls listeners by their names: `http.<name>.*`.
const ADMIN: &str = "admin";

impl Check<'_> {
    pub(super) fn listeners(&mut self) {
        let gateway = self.gateway;
        let listeners = || gateway.listeners.iter().enumerate();
        if gateway.listeners.is_empty() {
            self.error("listeners", "expected at least one listener, found none");
        }
        let names =
            listeners().map(|(i, listener)| (format!("listeners[{i}].name"), &listener.name));
        self.duplicates(names, "give each listener a name of its own");
        let ports =
            listeners().map(|(i, listener)| (format!("listeners[{i}].port"), listener.port));
        self.duplicates(ports, "give each listener a port of its own");
        for (i, listener) in listeners() {
            let path = format!("listeners[{i}]");
            if listener.name.as_str() == ADMIN {
                let problem = format!(
                    "{} is what Envoy's statistics call its admin endpoint, where connections of clients \
                     would not be told from its own; take another name",
                    quoted(ADMIN)
                );
                self.error(format!("{path}.name"), problem);
            }
            if listener.port == gateway.admin.port {
                let port = listener.port;
                let problem = format!(
                    "port {port} is Envoy's admin endpoint; take another, or move that with admin: \
                     {{ port: … }}"
                );
                self.error(format!("{path}.port"), problem);
            }
            if let Some(tls) = &listener.tls {
                self.certificates(&format!("{path}.tls.certificates"), tls);
            }
            self.redirect_to_https(&format!("{path}.redirect_to_https"), listener);
        }
        let mut redirecting = listeners().map(|(_, listener)| listener.redirect_to_https);
        if !gateway.listeners.is_empty() && redirecting.all(|port| port.is_some()) {
            let problem = "expected at least one listener that asks the routes, found none: all redirect to \
                           https; add one with tls, or one that a load balancer's TLS leads to";
            self.error("listeners", problem);
        }
    }

    fn redirect_to_https(&mut self, path: &str, listener: &Listener) {
        let Some(port) = listener.redirect_to_https else {
            return;
        };
        if listener.tls.is_some() {
            let problem = "found it with \"tls\", where clients use https already; leave one out";
            self.error(path, problem);
        } else if port == listener.port {
            let problem = format!(
                "port {port} is this listener's own, where there is no TLS; write the port where clients \
                 find it, such as 443"
            );
            self.warning(path, problem);
        }
    }

    fn certificates(&mut self, path: &str, tls: &ListenerTls) {
        if tls.certificates.is_empty() {
            let problem = "expected at least one certificate, found none; write such as \
                           [{ certificate: tls/shop.crt, key: tls/shop.key }]";
            self.error(path, problem);
        }
        let certificates = || tls.certificates.iter().enumerate();
        let files = certificates().filter_map(|(i, pair)| match pair {
            Certificate::Files { certificate, .. } => {
                Some((format!("{path}[{i}].certificate"), certificate))
            }
            Certificate::Secret(_) => None,
        });
        self.duplicates(files, "remove one of them");
        let secrets = certificates().filter_map(|(i, pair)| match pair {
            Certificate::Files { .. } => None,
            Certificate::Secret(name) => Some((format!("{path}[{i}].secret"), name)),
        });
        self.duplicates(secrets, "remove one of them");
    }
}
