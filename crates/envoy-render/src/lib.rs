//! From the document to what Envoy reads.
//!
//! [`render`] is a pure function: the same document and the same placement give the same bytes. It
//! renders the whole world at once and writes nothing; whoever carries the files decides nothing.
//!
//! | file | what Envoy takes from it | when it changes |
//! | --- | --- | --- |
//! | `bootstrap.yaml` | admin, listeners, limits | Envoy restarts |
//! | `cds.yaml` | a cluster for each upstream | Envoy takes it up |
//! | `rds.yaml` | a route for each function, keyed on the internal header | Envoy takes it up |
//! | `ecds.yaml` | the pipeline's configuration | Envoy takes it up |
//! | `sds-….yaml` | a certificate, or authorities: which files they are in | Envoy takes it up |
//!
//! A module here is named after the part of Envoy's configuration that it writes.

mod access_log;
mod bootstrap;
mod clusters;
mod discovery;
mod duration;
mod fields;
mod function;
mod http_connection_manager;
mod listeners;
mod pipeline;
mod placement;
mod routes;
mod secrets;
mod stats;
mod tls;
mod yaml;

use std::collections::BTreeMap;

use gateway_model::Gateway;

pub use discovery::{BOOTSTRAP, CLUSTERS, PIPELINE, ROUTES};
pub use function::{Function, Functions};
pub use pipeline::pipeline_config;
pub use placement::{Placement, SYSTEM_CAS};
pub use secrets::secret_files;

/// What Envoy is started with, [`BOOTSTRAP`] alone. An Envoy that runs with another one has to be started
/// again; all else it takes up.
pub fn bootstrap(gateway: &Gateway, placement: &Placement) -> String {
    yaml::write(&bootstrap::bootstrap(gateway, placement))
}

/// The files, by name.
pub fn render(gateway: &Gateway, placement: &Placement) -> BTreeMap<String, String> {
    let functions = Functions::of(gateway);
    let mut files = secrets::files(gateway, placement);
    files.extend(
        [
            (BOOTSTRAP, bootstrap(gateway, placement)),
            (
                CLUSTERS,
                discovery::response(&clusters::clusters(&functions, placement)),
            ),
            (
                ROUTES,
                discovery::response(&[routes::route_configuration(&functions)]),
            ),
            (
                PIPELINE,
                discovery::response(&[pipeline::extension(gateway, &functions, placement)]),
            ),
        ]
        .map(|(file, text)| (file.to_owned(), text)),
    );
    files
}
