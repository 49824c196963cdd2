//! Where the case files of a filter are written.

use std::fs;
use std::path::Path;

use crate::case::CaseFile;
use crate::markdown::yaml_examples;

/// A case file of a filter: a file of its own in `tests/cases`, or an example in its `README.md`.
#[derive(Debug, Clone)]
pub struct CaseSource {
    /// What it is called in tests: `paths`, `README.md:12`.
    pub name: String,
    text: String,
}

/// What every case file begins with. An example that begins otherwise shows something else.
const BEGIN: &str = "about: ";

/// All case files of the filter in a folder, sorted: those of `tests/cases`, then those of `README.md`.
///
/// # Panics
/// When there are none, or a file cannot be read.
pub fn case_sources(filter: &Path) -> Vec<CaseSource> {
    let folder = filter.join("tests/cases");
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let mut sources: Vec<CaseSource> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| CaseSource {
            name: stem(&path),
            text: text(&path),
        })
        .collect();
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!sources.is_empty(), "{} holds no cases", folder.display());
    let readme = filter.join("README.md");
    if readme.exists() {
        sources.extend(examples(&text(&readme)));
    }
    sources
}

/// The examples of a README that are case files.
fn examples(readme: &str) -> Vec<CaseSource> {
    yaml_examples(readme)
        .into_iter()
        .filter(|example| example.text.starts_with(BEGIN))
        .map(|example| CaseSource {
            name: format!("README.md:{}", example.line),
            text: example.text.to_owned(),
        })
        .collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

impl CaseSource {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self) -> Result<CaseFile, String> {
        serde_saphyr::from_str(&self.text).map_err(|error| format!("{}: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_files_in_a_readme_are_told_from_its_other_examples() {
        let readme = "```yaml\nroutes: []\n```\n\n```yaml\nabout: It works.\nconfig: {}\n```\n";
        let examples = examples(readme);
        let names: Vec<&str> = examples.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["README.md:6"]);
        assert_eq!(examples[0].read().unwrap().about, "It works.");
    }
}
