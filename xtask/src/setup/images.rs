//! What the tests of images need: a registry, a client of registries that is not ours, and what says
//! which resources Istio and Envoy Gateway take.

use anyhow::Result;

use super::go_tool::{GoFile, GoTool};
use super::have;
use super::system_packages::{self, SystemPackage};
use crate::sh;
use crate::workspace::Workspace;

/// Debian's, which speaks the first version of the distribution specification: no referrers.
const REGISTRY: &str = "docker-registry";

const PACKAGES: &[SystemPackage] = &[SystemPackage {
    name: "docker-registry",
    why: "a registry to push images to",
}];

const BRING_YOUR_OWN: &str = "build it: `go install \
     github.com/distribution/distribution/v3/cmd/registry@latest`, and put it into the PATH as docker-registry";

const CRANE: GoTool = GoTool {
    package: "github.com/google/go-containerregistry/cmd/crane",
    version: "0.22.1",
    program: "crane",
    place: "crane",
};

const COSIGN: GoTool = GoTool {
    package: "github.com/sigstore/cosign/v3/cmd/cosign",
    version: "3.1.3",
    program: "cosign",
    place: "cosign",
};

const ISTIO: GoFile = GoFile {
    module: "istio.io/api",
    version: "1.32.0",
    file: "kubernetes/customresourcedefinitions.gen.yaml",
    place: "istio-crds",
};

const ENVOY_GATEWAY: GoFile = GoFile {
    module: "github.com/envoyproxy/gateway",
    version: "1.9.1",
    file: "charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_envoyextensionpolicies.yaml",
    place: "envoy-gateway-crds",
};

/// Installs what is missing.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    match sh::find_program(REGISTRY) {
        Some(path) => have(REGISTRY, &path.display().to_string()),
        None => system_packages::ensure(PACKAGES, BRING_YOUR_OWN)?,
    }
    CRANE.ensure(workspace)?;
    ISTIO.ensure(workspace)?;
    ENVOY_GATEWAY.ensure(workspace)
}

/// Builds cosign, which takes minutes.
pub fn ensure_cosign(workspace: &Workspace) -> Result<()> {
    COSIGN.ensure(workspace)
}
