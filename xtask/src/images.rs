//! `cargo xtask images`: the container images that Headgate is deployed with.

mod checks;
mod config;
mod contents;
mod headgate;

use std::path::Path;

use anyhow::Result;

use crate::docker::{Context, Engine};
use crate::outcome;
use crate::setup::envoy;
use crate::wasm::revision::Revision;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Args {
    /// What the images are FROM; with anything but scratch, Envoy is the base's own
    #[arg(long, value_name = "IMAGE", default_value = SCRATCH)]
    base: String,
    /// What the images' names begin with: <REPOSITORY>/gateway and <REPOSITORY>/headgate
    #[arg(long, value_name = "REPOSITORY", default_value = "headgate")]
    repository: String,
    /// The tag of the images
    #[arg(long, value_name = "TAG", default_value = "local")]
    tag: String,
}

const SCRATCH: &str = "scratch";

/// Where an image has the pipeline's module: where the rendered configuration names it.
const MODULES: &str = "/etc/headgate/modules";

/// Where the image of `headgate` has the modules, as `make wasm` places them.
const ALL_MODULES: &str = "/usr/share/headgate/modules";

const REPAIR: &str = "see docker's message above";

/// Builds both images on the engine that runs here, or on one of our own, which goes on: it has them.
pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let engine = match Engine::find(workspace)? {
        Some(engine) => engine,
        None => Engine::start(workspace)?,
    };
    for image in build(&engine, workspace, args)? {
        println!("{}\t{:.1} MB", image.tag, image.bytes as f64 / 1e6);
    }
    Ok(())
}

/// Builds them, and checks them on an engine that is stopped again if none ran.
pub fn test(workspace: &Workspace) -> Result<()> {
    let args = Args {
        base: SCRATCH.to_owned(),
        repository: "headgate-test".to_owned(),
        tag: "local".to_owned(),
    };
    Engine::borrow(workspace, |engine| {
        let [gateway, headgate] = build(engine, workspace, &args)?;
        let outcomes = checks::of_both(engine, workspace, &gateway, &headgate)?;
        outcome::report("images", &outcomes)
    })
}

/// An image that was built.
pub struct Image {
    pub tag: String,
    pub bytes: u64,
}

/// Builds the gateway's image and that of `headgate`.
pub fn build(engine: &Engine, workspace: &Workspace, args: &Args) -> Result<[Image; 2]> {
    let program = headgate::build_static()?;
    let arguments = arguments(args)?;
    let build = |name: &str, context: &Context| {
        let tag = format!("{}/{name}:{}", args.repository, args.tag);
        let bytes = context.build(engine, &tag, &arguments, REPAIR)?;
        anyhow::Ok(Image { tag, bytes })
    };

    let gateway = Context::of(workspace, "gateway")?;
    if args.base == SCRATCH {
        envoy::ensure(workspace)?;
        gateway.add_program(&envoy::path(workspace)?, "envoy")?;
    }
    gateway.add_program(&program, "headgate")?;
    gateway.add_certificates()?;
    gateway.add_all(&headgate::module(workspace, &program)?, Path::new(MODULES))?;

    let headgate = Context::of(workspace, "headgate")?;
    headgate.add_program(&program, "headgate")?;
    headgate.add_certificates()?;
    for file in shipped(workspace)? {
        headgate.add(
            &workspace.modules_dir().join(&file),
            &Path::new(ALL_MODULES).join(&file),
        )?;
    }
    Ok([build("gateway", &gateway)?, build("headgate", &headgate)?])
}

/// The modules that are more than for tests, and the list of what they are.
fn shipped(workspace: &Workspace) -> Result<Vec<String>> {
    let modules = workspace.modules()?.into_iter();
    let modules = modules.filter(|module| !module.test_only);
    let files = modules.map(|module| format!("{}.wasm", module.name));
    Ok(files.chain(["modules.json".to_owned()]).collect())
}

/// What describes an image (<https://specs.opencontainers.org/image-spec/annotations/>), and its base.
fn arguments(args: &Args) -> Result<Vec<String>> {
    let labels = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("revision", Revision::of_head()?.with_state_of_tree()),
        ("licenses", "Apache-2.0".to_owned()),
    ];
    let labels =
        labels.map(|(key, value)| format!("--label=org.opencontainers.image.{key}={value}"));
    let base = format!("--build-arg=BASE={}", args.base);
    Ok(labels.into_iter().chain([base]).collect())
}
