//! Runs cases on the fake host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use filter_api::{Filter, parse_config};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::CaseFile;
use crate::fake_proxy::{CalloutsAnswer, FakeProxy};
use crate::observed::verify;

/// Runs every case file of these folders on the fake host, one test a file. The body of a test target
/// without harness.
pub fn run_cases<F: Filter>(folders: &[&str]) -> ExitCode {
    let arguments = Arguments::from_args();
    let files = folders.iter().map(Path::new).flat_map(case_files);
    let trials = files.map(|path| {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Trial::test(name, move || run_file::<F>(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The case files of a folder, sorted.
pub fn case_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder can be read").path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no cases", folder.display());
    files
}

/// Reads a case file.
///
/// # Errors
/// What is wrong with it.
pub fn load_case_file(path: &Path) -> Result<CaseFile, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn run_file<F: Filter>(path: &Path) -> Result<(), String> {
    let file = load_case_file(path)?;
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
