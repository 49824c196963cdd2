//! What must be true of the images.

use anyhow::{Context as _, Result, bail, ensure};

use super::config::Config;
use super::{ALL_MODULES, Image, MODULES, contents};
use crate::docker::{CERTIFICATES_IN_IMAGE, Container, Engine, libraries};
use crate::outcome::Outcome;
use crate::setup::envoy;
use crate::workspace::Workspace;

/// The one of the image; one as OpenShift hands them out, in root's group; one that nobody knows.
const USERS: [&str; 3] = ["65532:65532", "1000660000:0", "4711:4712"];

/// Where a pod has its mounts.
const BOOTSTRAP: &str = "/etc/headgate/bootstrap";
const WATCHED: &str = "/etc/headgate/config";

const PROBE: [&str; 2] = ["headgate", "probe"];
const DRAIN: [&str; 6] = [
    "headgate",
    "drain",
    "--accept-for",
    "0s",
    "--drain-for",
    "1s",
];

/// Checks both.
pub fn of_both(
    engine: &Engine,
    workspace: &Workspace,
    gateway: &Image,
    headgate: &Image,
) -> Result<Vec<Outcome>> {
    let scratch = workspace.target.join("images/saved");
    let files = contents::files(engine, &gateway.tag, &scratch)?;
    let module = module(&files)?;
    let taken = Config::for_module(workspace, &module)?;
    let refused = Config::refused_by(workspace, &module)?;
    let outcome = |what: &str, found| Outcome {
        what: what.to_owned(),
        found,
    };
    let mut outcomes = vec![
        outcome(
            "the gateway's image holds what it needs and nothing else",
            expected_in_gateway(workspace, &module).and_then(|expected| holds(&files, expected)),
        ),
        outcome(
            "the image of headgate holds what it needs and nothing else",
            contents::files(engine, &headgate.tag, &scratch)
                .and_then(|files| holds(&files, expected_in_headgate())),
        ),
    ];
    for user in USERS {
        outcomes.push(outcome(
            &format!("the gateway is ready, drains and stops as user {user}"),
            serves(engine, gateway, user, &taken),
        ));
    }
    outcomes.push(outcome(
        "the gateway is not ready with the configuration of another version",
        refuses(engine, gateway, &refused),
    ));
    outcomes.push(outcome(
        "headgate checks a document and finds its modules",
        checks(engine, workspace, headgate),
    ));
    Ok(outcomes)
}

/// The file name of the pipeline's module.
fn module(files: &[String]) -> Result<String> {
    let mut names = files.iter().filter_map(|file| file.rsplit_once('/'));
    let found = names.find(|(_, name)| name.starts_with("gateway-"));
    let (_, name) = found.context("the gateway's image has no module")?;
    Ok(name.to_owned())
}

fn expected_in_gateway(workspace: &Workspace, module: &str) -> Result<Vec<String>> {
    let mut expected = vec![
        CERTIFICATES_IN_IMAGE.to_owned(),
        format!("{MODULES}/{module}"),
        "/usr/local/bin/envoy".to_owned(),
        "/usr/local/bin/headgate".to_owned(),
    ];
    let libraries = libraries(&envoy::path(workspace)?)?;
    expected.extend(libraries.iter().map(|path| path.display().to_string()));
    Ok(expected)
}

fn expected_in_headgate() -> Vec<String> {
    let modules = [
        "function-router.wasm",
        "gateway.wasm",
        "jwt-authz.wasm",
        "rate-limiter.wasm",
        "modules.json",
    ];
    let modules = modules.map(|file| format!("{ALL_MODULES}/{file}"));
    let others = [CERTIFICATES_IN_IMAGE, "/usr/local/bin/headgate"];
    let others = others.map(ToOwned::to_owned);
    others.into_iter().chain(modules).collect()
}

fn holds(files: &[String], mut expected: Vec<String>) -> Result<String> {
    expected.sort();
    let found: Vec<_> = files.iter().map(|file| format!("/{file}")).collect();
    let more = found.iter().filter(|file| !expected.contains(file));
    let more: Vec<_> = more.collect();
    let missing = expected.iter().filter(|file| !found.contains(file));
    let missing: Vec<_> = missing.collect();
    ensure!(
        more.is_empty() && missing.is_empty(),
        "it should not hold {more:?}, and lacks {missing:?}"
    );
    Ok(format!("{} files", found.len()))
}

fn started<'a>(
    engine: &'a Engine,
    gateway: &Image,
    user: &str,
    config: &Config,
) -> Result<Container<'a>> {
    let mounts = [
        (config.bootstrap.as_path(), BOOTSTRAP),
        (config.watched.as_path(), WATCHED),
    ];
    Container::run(engine, &gateway.tag, user, &mounts, &[])
}

fn serves(engine: &Engine, gateway: &Image, user: &str, config: &Config) -> Result<String> {
    let container = started(engine, gateway, user, config)?;
    let ready = container.until(&PROBE)?;
    let (code, drained) = container.exec(&DRAIN)?;
    ensure!(
        code == Some(0) && drained.ends_with("no connection is left"),
        "drain ends with {code:?}: {drained}"
    );
    let ended = container.stop()?;
    ensure!(ended == "0", "it ends with {ended}:\n{}", container.log());
    Ok(ready)
}

fn refuses(engine: &Engine, gateway: &Image, config: &Config) -> Result<String> {
    const WHY: &str = "Envoy has refused the configuration of the pipeline; its log says why";
    let [user, ..] = USERS;
    let container = started(engine, gateway, user, config)?;
    let said = crate::docker::poll::until(|| {
        let (code, said) = container.exec(&PROBE)?;
        if code == Some(0) {
            bail!("it is ready");
        }
        Ok(said.ends_with(WHY).then_some(said))
    })?;
    said.with_context(|| format!("the probe does not say why:\n{}", container.log()))
}

fn checks(engine: &Engine, workspace: &Workspace, headgate: &Image) -> Result<String> {
    let documents = workspace.root.join("envoy-configs");
    let mounts = [(documents.as_path(), "/documents")];
    let run = |arguments: &[&str]| {
        let [.., user] = USERS;
        let container = Container::run(engine, &headgate.tag, user, &mounts, arguments)?;
        let code = container.wait()?;
        anyhow::Ok((code, container.log()))
    };
    let document = "/documents/petstore.gateway.yaml";
    let (code, said) = run(&["check", document])?;
    ensure!(code == "0", "check ends with {code}: {said}");
    // The module is found before it is seen that nothing can be written.
    let (code, failed) = run(&["render", document, "--out", "/rendered"])?;
    ensure!(
        code == "3" && failed.contains("/rendered"),
        "render ends with {code}: {failed}"
    );
    Ok(said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_and_what_is_missing_is_named() {
        let files = ["usr/local/bin/envoy", "bin/sh"].map(ToOwned::to_owned);
        let expected = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let found = holds(&files, expected(&["/usr/local/bin/envoy", "/bin/sh"]));
        assert_eq!(found.unwrap(), "2 files");
        let found = holds(&files, expected(&["/usr/local/bin/envoy", "/etc/ca.crt"]));
        assert_eq!(
            found.unwrap_err().to_string(),
            r#"it should not hold ["/bin/sh"], and lacks ["/etc/ca.crt"]"#
        );
    }
}
