//! What a command line says of a deployment that the document does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gateway_model::{FileName, Gateway, Topology};

use super::objects::{self, Objects};
use crate::image::reference;
use crate::input::Source;
use crate::modules;
use crate::replicas;
use crate::report;

/// What is deployed, and where.
#[derive(Debug, Args)]
pub struct Options {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    pub source: Source,
    /// The namespace, which must be there
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// How clients come to the gateway, if not as the document says (edge.topology)
    #[arg(long, value_name = "TOPOLOGY", value_parser = topology())]
    topology: Option<Topology>,
    /// The gateway's image, as the cluster pulls it; best by digest
    #[arg(long, value_name = "IMAGE", env = "HEADGATE_IMAGE", value_parser = image)]
    image: String,
    /// The directory of the wasm modules, which must be those of the image
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
}

const TOPOLOGIES: [Topology; 4] = [
    Topology::NlbPublic,
    Topology::NlbPrivate,
    Topology::ClusterIp,
    Topology::NodePort,
];

/// Takes what a cluster can pull, as it was written.
fn image(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err(
            "expected the name of an image, found nothing; write REGISTRY/REPOSITORY:TAG or \
                    REGISTRY/REPOSITORY@sha256:…"
                .to_owned(),
        );
    }
    if text.starts_with("oci://") {
        return Err("a cluster takes names of images without \"oci://\"; leave it out".to_owned());
    }
    reference::parse(text).map(|_| text.to_owned())
}

/// Takes them as the document does.
fn topology() -> impl TypedValueParser<Value = Topology> {
    let names = TOPOLOGIES.map(Topology::as_str);
    PossibleValuesParser::new(names).try_map(|text| {
        let named = |topology: &Topology| topology.as_str() == text;
        TOPOLOGIES.into_iter().find(named).ok_or("no topology")
    })
}

impl Options {
    /// The objects of a document in this namespace.
    ///
    /// # Errors
    /// When there is no module, a file that the document names cannot be read, or the document makes no
    /// objects that Kubernetes takes.
    pub fn objects(&self, gateway: &Gateway, namespace: &str) -> anyhow::Result<Objects> {
        let module = modules::pipeline(self.modules.as_deref())?;
        let options = objects::Options {
            namespace: namespace.to_owned(),
            topology: self.topology,
            image: self.image.clone(),
            module: module.file_name,
            authorities: self.authorities(gateway)?,
        };
        let topology = self.topology.or(gateway.edge.topology);
        if topology == Some(Topology::NodePort) {
            report::warning(
                "node-port is to try things out, not for production: a node without a pod of the gateway \
                 does not answer",
            );
        }
        let objects = objects::of(gateway, &options).with_context(|| self.source.name())?;
        for line in replicas::told(gateway, Gateway::MOST_REPLICAS) {
            report::say(&line);
        }
        Ok(objects)
    }

    /// The files of authorities that a document names.
    fn authorities(&self, gateway: &Gateway) -> anyhow::Result<BTreeMap<FileName, String>> {
        let files = gateway.authorities().map(|(place, file)| {
            let path = self.source.directory().join(file.as_str());
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("{place}: cannot read {}", path.display()))?;
            Ok((file.clone(), text))
        });
        files.collect()
    }
}
