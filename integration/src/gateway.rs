//! A gateway for a few upstreams, made of the parts of a document that a test is about.

use std::net::SocketAddr;

use crate::client::{self, Client};
use crate::envoy::{Envoy, Launch};
use crate::rendered::Rendered;

/// A rendered document in a running Envoy.
#[derive(Debug)]
pub struct Gateway {
    /// What is rendered; Envoy watches its directory.
    pub rendered: Rendered,
    /// The Envoy that runs it.
    pub envoy: Envoy,
    /// Where its first listener listens.
    pub address: SocketAddr,
}

/// A document with the listener `http`. `upstreams` and `routes` are its items, in YAML, a line each.
#[must_use]
pub fn document(upstreams: &[String], routes: &[&str]) -> String {
    document_with("", upstreams, routes)
}

/// The same with further fields of the document, as YAML.
#[must_use]
pub fn document_with(fields: &str, upstreams: &[String], routes: &[&str]) -> String {
    let lines = |items: Vec<&str>, bullet: &str| -> String {
        let line = |item| format!("  {bullet}{item}\n");
        items.into_iter().map(line).collect()
    };
    let upstreams = lines(upstreams.iter().map(String::as_str).collect(), "");
    let routes = lines(routes.to_vec(), "- ");
    format!(
        "apiVersion: headgate.dev/v1alpha1\n\
         kind: Gateway\n\
         listeners: [{{ name: http, port: 1, address: 127.0.0.1 }}]\n\
         {fields}\n\
         upstreams:\n{upstreams}\
         routes:\n{routes}"
    )
}

impl Gateway {
    /// Starts a [`document`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(upstreams: &[String], routes: &[&str]) -> Self {
        Self::of(Rendered::document(&document(upstreams, routes))).await
    }

    /// Starts a [`document_with`] further fields.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(fields: &str, upstreams: &[String], routes: &[&str]) -> Self {
        Self::of(Rendered::document(&document_with(
            fields, upstreams, routes,
        )))
        .await
    }

    /// Starts what is rendered of a [`document`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn of(rendered: Rendered) -> Self {
        let launch = rendered.launch();
        Self::launched(rendered, launch).await
    }

    /// The same with one worker, for limits of which each worker has a share.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with_one_worker(rendered: Rendered) -> Self {
        let launch = rendered.launch().concurrency(1);
        Self::launched(rendered, launch).await
    }

    async fn launched(rendered: Rendered, launch: Launch) -> Self {
        let envoy = launch.start().await;
        Self {
            address: envoy.listener("http").await,
            rendered,
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

    /// Stops Envoy, and looks for crashes in its log.
    ///
    /// # Panics
    /// When there are any.
    pub async fn stop(self) {
        self.envoy.stop().await;
    }
}
