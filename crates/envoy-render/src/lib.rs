//! From the document to what Envoy reads.
//!
//! [`render`] is a pure function: the same document and the same placement give the same bytes. It
//! renders the whole world at once and writes nothing; whoever carries the files decides nothing.
//!
//! | file | what Envoy takes from it | when it changes |
//! | --- | --- | --- |
//! | `bootstrap.yaml` | admin, listeners, limits; where it is deployed, how it is told | Envoy restarts |
//! | `cds.yaml` | a cluster for each upstream, each server of keys and the rate-limit service | Envoy takes it up |
//! | `rds.yaml` | a route for each function, keyed on the internal header | Envoy takes it up |
//! | `ecds.yaml` | the pipeline's configuration | Envoy takes it up |
//! | `ratelimit.yaml` | nothing: it is for the rate-limit service, if there is one | the service takes it up |
//! | `sds-….yaml` | a certificate, or authorities: which files they are in | Envoy takes it up |
//!
//! A module here is named after the part of Envoy's configuration that it writes.

mod access_log;
mod bootstrap;
mod clusters;
mod discovery;
mod duration;
mod edge;
mod fields;
mod function;
mod http_connection_manager;
mod jwt;
mod key_servers;
mod listeners;
mod pipeline;
mod placement;
mod rate_limit_service;
mod rate_limits;
mod resources;
mod routes;
mod secrets;
mod stats;
mod status;
mod tls;
mod yaml;

use std::collections::BTreeMap;

use gateway_model::Gateway;

pub use discovery::{BOOTSTRAP, CLUSTERS, PIPELINE, ROUTES, compact, version};
pub use edge::OF_PROXIES;
pub use function::{Function, Functions};
pub use pipeline::pipeline_config;
pub use placement::{Files, IMAGE_BOOTSTRAP, Placement, SYSTEM_CAS};
pub use rate_limit_service::{RATE_LIMIT_SERVICE, rate_limit_service_config};
pub use resources::{ReadError, Resources};
pub use status::{HEALTH_PATH, LISTENER as STATUS_LISTENER, METRICS_PATH, READY_PATH};

/// All the files, by name.
pub fn render(gateway: &Gateway, placement: &Placement) -> BTreeMap<String, String> {
    let mut files = Resources::of(gateway, placement).files();
    files.insert(BOOTSTRAP.to_owned(), bootstrap(gateway, placement));
    let service = rate_limit_service_config(gateway);
    files.extend(service.map(|text| (RATE_LIMIT_SERVICE.to_owned(), text)));
    files
}

/// The bootstrap: all that Envoy takes only at its start.
pub fn bootstrap(gateway: &Gateway, placement: &Placement) -> String {
    yaml::write(&bootstrap::bootstrap(gateway, placement))
}
