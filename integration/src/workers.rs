//! The worker threads of an Envoy, each of which has a VM of its own for every module.

use crate::client::{self, Client};
use crate::envoy::Envoy;

/// Opens connections until each of the two workers has one, and a request has come on each.
///
/// # Panics
/// When one of them gets none.
pub async fn clients_of_both_workers(envoy: &Envoy, listener: &str) -> Vec<Client> {
    let address = envoy.listener(listener).await;
    let mut clients: Vec<Client> = Vec::new();
    loop {
        let stats = envoy.stats().await;
        let connections = stats.iter().filter(|(name, count)| {
            name.starts_with("listener.127.0.0.1_0.worker_")
                && name.ends_with(".downstream_cx_total")
                && **count > 0
        });
        if connections.count() == 2 && !clients.is_empty() {
            return clients;
        }
        assert!(
            clients.len() < 200,
            "a worker gets no connection: {stats:#?}"
        );
        let client = client::http1(address);
        client.get("/").await.expect("an answer");
        clients.push(client);
    }
}
