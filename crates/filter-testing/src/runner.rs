//! Runs cases on the fake host.

use std::path::Path;
use std::process::ExitCode;

use filter_api::{Filter, parse_config};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::fake_proxy::{CalloutsAnswer, FakeProxy};
use crate::observed::verify;
use crate::source::{CaseSource, case_sources};

/// Runs every case file of these filters' folders on the fake host, one test a file. The body of a test
/// target without harness.
pub fn run_cases<F: Filter>(filters: &[&str]) -> ExitCode {
    let arguments = Arguments::from_args();
    let sources = filters.iter().map(Path::new).flat_map(case_sources);
    let trials = sources.map(|source| {
        Trial::test(source.name.clone(), move || {
            run_file::<F>(&source).map_err(Failed::from)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn run_file<F: Filter>(source: &CaseSource) -> Result<(), String> {
    let file = source.read()?;
    let config = file.config.to_string();
    let compile = || parse_config(config.as_bytes()).and_then(F::compile);
    if let Some(expected) = &file.refused {
        return match compile() {
            Ok(_) => Err(format!("expected to be refused: {expected}")),
            Err(error) if error.to_string() == *expected => Ok(()),
            Err(error) => Err(format!("expected: {expected}\n     saw: {error}")),
        };
    }
    if file.cases.is_empty() {
        return Err("the file has no cases".to_owned());
    }
    for answered in [CalloutsAnswer::Early, CalloutsAnswer::Late] {
        let mut index = 0;
        for cases in file.hosts() {
            let filter = compile().map_err(|error| error.to_string())?;
            let mut proxy = FakeProxy::new(filter);
            for case in cases {
                verify(&case.expect, &proxy.run(case, answered)).map_err(|faults| {
                    format!("cases[{index}], callouts {answered:?}:\n{faults}")
                })?;
                index += 1;
            }
        }
    }
    Ok(())
}
