//! Each document in `mistakes/` and what is said about it: `<name>.yaml` and `<name>.txt`.
//!
//! `UPDATE_GOLDENS=1` writes the texts anew and deletes those whose document is gone.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> io::Result<ExitCode> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let update = env::var_os("UPDATE_GOLDENS").is_some();
    let documents = stems(&directory, "yaml")?;
    let texts = stems(&directory, "txt")?;

    let mut trials: Vec<Trial> = documents
        .iter()
        .map(|name| {
            let document = directory.join(name).with_extension("yaml");
            Trial::test(name.as_str(), move || compare(&document, update))
        })
        .collect();
    for orphan in texts.difference(&documents) {
        let text = directory.join(orphan).with_extension("txt");
        trials.push(Trial::test(format!("{orphan}.txt"), move || {
            remove(&text, update)
        }));
    }
    trials.push(Trial::test(
        "there_are_mistakes_of_many_kinds",
        move || match documents.len() {
            count if count >= 45 => Ok(()),
            count => Err(format!("only {count} documents").into()),
        },
    ));
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// The names of the files that end so, without that end.
fn stems(directory: &Path, extension: &str) -> io::Result<BTreeSet<String>> {
    let mut stems = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            stems.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    Ok(stems)
}

fn compare(document: &Path, update: bool) -> Result<(), Failed> {
    let bytes = fs::read(document)?;
    let said = match gateway_model::read("gateway.yaml", &bytes) {
        Ok(checked) if checked.warnings.is_empty() => return Err("nothing is wrong with it".into()),
        Ok(checked) => checked
            .warnings
            .iter()
            .map(|warning| format!("{warning}\n"))
            .collect(),
        Err(diagnostics) => format!("{diagnostics}\n"),
    };
    let golden = document.with_extension("txt");
    if update {
        return Ok(fs::write(golden, said)?);
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    if said == expected {
        Ok(())
    } else {
        Err(format!("expected:\n{expected}\nfound:\n{said}").into())
    }
}

fn remove(orphan: &Path, update: bool) -> Result<(), Failed> {
    if update {
        Ok(fs::remove_file(orphan)?)
    } else {
        Err("there is no document to this text".into())
    }
}
