//! Every case file of every filter, through a real Envoy with the real module. The filters' own
//! `tests/cases.rs` run the same files on the fake host.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod host;
mod tokens;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use filter_testing::{CaseFile, CaseSource, case_sources, verify};
use integration::envoy::Envoy;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime;

use host::Host;

/// Where folders of filters are, from the workspace's root.
const FILTERS: [&str; 2] = ["filters", "integration/filters"];

/// Filters whose cases the pipeline passes as well, because they are its stages.
const STAGES: [&str; 1] = ["filters/function-router"];

/// How many Envoys run at once.
const AT_ONCE: usize = 2;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(arguments.test_threads.map_or(AT_ONCE, |n| n.min(AT_ONCE)));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let of_filters = FILTERS
        .into_iter()
        .flat_map(|folder| filters(&root.join(folder)));
    let of_filters = of_filters.map(|filter| (name(&filter), filter));
    let of_pipeline = STAGES.map(|stage| ("gateway".to_owned(), root.join(stage)));
    let trials = of_filters
        .chain(of_pipeline)
        .flat_map(|(module, filter)| trials(module, &filter));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The filters of a folder that have cases, sorted.
fn filters(folder: &Path) -> Vec<PathBuf> {
    let mut filters: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|filter| filter.join("tests/cases").is_dir())
        .collect();
    filters.sort();
    filters
}

/// A test for each case file of a filter, on this module.
fn trials(module: String, filter: &Path) -> impl Iterator<Item = Trial> + use<> {
    case_sources(filter).into_iter().map(move |source| {
        let module = module.clone();
        Trial::test(format!("{module}/{}", source.name), move || {
            runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(run_file(&module, &source))
                .map_err(Failed::from)
        })
    })
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

async fn run_file(module: &str, source: &CaseSource) -> Result<(), String> {
    let file = source.read()?;
    if let Some(expected) = &file.refused {
        return is_refused(module, &file, expected).await;
    }
    let mut index = 0;
    for cases in file.hosts() {
        let clusters = cases.iter().flat_map(|case| case.callouts.keys().cloned());
        let providers = cases
            .iter()
            .flat_map(|case| case.request.claims.keys().cloned());
        let providers = providers.collect();
        let host = Host::start(module, &file.config, clusters.collect(), &providers).await;
        for case in cases {
            let observed = host.run(case, &index.to_string()).await;
            verify(&case.expect, &observed)
                .map_err(|faults| format!("cases[{index}]:\n{faults}\n{observed:#?}"))?;
            index += 1;
        }
        host.stop().await;
    }
    Ok(())
}

async fn is_refused(module: &str, file: &CaseFile, expected: &str) -> Result<(), String> {
    let refused = match Host::launch(module, &file.config).await.try_start().await {
        Ok(envoy) => {
            Envoy::stop(envoy).await;
            return Err(format!("expected to be refused: {expected}"));
        }
        Err(refused) => refused,
    };
    let line = format!("refused its configuration: {expected}\n");
    match refused.log.contains(&line) {
        true => Ok(()),
        false => Err(format!("expected: {line}{refused}")),
    }
}
