//! A gateway for a few upstreams, as it is rendered.

use std::net::SocketAddr;

use crate::client::{self, Client};
use crate::envoy::Envoy;
use crate::rendered::Rendered;

/// A running gateway. Every test ends with [`stop`](Self::stop).
#[derive(Debug)]
pub struct Gateway {
    /// Envoy watches its directory.
    _rendered: Rendered,
    /// Its Envoy.
    pub envoy: Envoy,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Gateway {
    /// `upstreams` and `routes` are items of the document, in YAML, a line each.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(upstreams: &[String], routes: &[&str]) -> Self {
        Self::with("", upstreams, routes).await
    }

    /// [`start`](Self::start) with further fields of the document, as YAML.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(fields: &str, upstreams: &[String], routes: &[&str]) -> Self {
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
             {fields}\n\
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

    /// A client of it that speaks HTTP/1.1.
    #[must_use]
    pub fn http1(&self) -> Client {
        client::http1(self.address)
    }

    /// A client of it that speaks HTTP/2.
    #[must_use]
    pub fn h2(&self) -> Client {
        client::h2(self.address)
    }

    /// Stops it; what [`Envoy::stop`] looks for must not have happened.
    ///
    /// # Panics
    /// As [`Envoy::stop`].
    pub async fn stop(self) {
        self.envoy.stop().await;
    }
}
