//! A gateway for a few upstreams.

use std::net::SocketAddr;

use integration::envoy::Envoy;
use integration::rendered::Rendered;

pub struct Gateway {
    /// Envoy watches its directory.
    _rendered: Rendered,
    pub envoy: Envoy,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Gateway {
    /// `upstreams` and `routes` are items of the document, in YAML, a line each.
    pub async fn start(upstreams: &[String], routes: &[&str]) -> Self {
        let lines = |items: Vec<&str>, bullet: &str| -> String {
            let line = |item| format!("  {bullet}{item}\n");
            items.into_iter().map(line).collect()
        };
        let upstreams = lines(upstreams.iter().map(String::as_str).collect(), "");
        let routes = lines(routes.to_vec(), "- ");
        let rendered = Rendered::document(&format!(
            "apiVersion: headgate.dev/v1alpha1\n\
             kind: Gateway\n\
             listeners: [{{ name: http, port: 1, address: 127.0.0.1 }}]\n\
             upstreams:\n{upstreams}\
             routes:\n{routes}"
        ));
        let envoy = rendered.start().await;
        Self {
            address: envoy.listener("http").await,
            _rendered: rendered,
            envoy,
        }
    }

    pub async fn stop(self) {
        self.envoy.stop().await;
    }
}
