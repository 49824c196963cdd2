//! `docs/eks.md`, as what there is to do in it.

use std::fs;
use std::path::Path;

/// What commands begin with, wherever the page has them.
const PROGRAMS: [&str; 6] = ["aws", "curl", "docker", "headgate", "kubectl", "make"];

/// What a reader does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes this to `gateway.yaml`, in place of the same fields.
    Document(String),
    /// Calls it.
    Command(String),
}

/// What stands under a heading.
#[derive(Debug)]
pub struct Section {
    pub heading: String,
    pub steps: Vec<Step>,
}

/// The page's sections that have something to do.
pub fn sections() -> Vec<Section> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/eks.md")).unwrap();
    let mut sections = read(&page);
    sections.retain(|section| !section.steps.is_empty());
    sections
}

fn read(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            sections.push(Section {
                heading: heading.trim_start_matches(['#', ' ']).to_owned(),
                steps: Vec::new(),
            });
            continue;
        }
        let section = sections.last_mut().unwrap();
        if line == "```yaml" {
            let document = lines.by_ref().take_while(|line| *line != "```");
            let document = document.flat_map(|line| [line, "\n"]).collect();
            section.steps.push(Step::Document(document));
        } else if let Some(command) = line.strip_prefix("    ") {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command = format!("{command}\n{}", lines.next().unwrap());
            }
            section.steps.push(Step::Command(command));
        } else {
            assert!(!line.starts_with("```"), "a block of a new kind: {line}");
            let commands = mentioned(line).map(|one| Step::Command(one.to_owned()));
            section.steps.extend(commands);
        }
    }
    sections
}

/// The commands in a line of text, or in a row of a table; in text, two words alone are the name of a command.
fn mentioned(line: &str) -> impl Iterator<Item = &str> {
    let least = if line.starts_with('|') { 2 } else { 3 };
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(move |quoted| {
        let mut words = quoted.split(' ');
        let is_program = words.next().is_some_and(|word| PROGRAMS.contains(&word));
        is_program && words.count() + 1 >= least
    })
}

/// The program that a command calls first; what it is put into does not matter. None where nothing is called.
pub fn program(command: &str) -> Option<&str> {
    let called = match assigned(command) {
        None => command,
        Some(value) => value.strip_prefix("$(")?,
    };
    called.split(' ').next()
}

/// Whether it prints nothing, since that is put into a variable.
pub fn sets_a_variable(command: &str) -> bool {
    assigned(command).is_some()
}

/// What is put into a variable.
fn assigned(command: &str) -> Option<&str> {
    let command = command.strip_prefix("export ").unwrap_or(command);
    let (name, value) = command.split_once('=')?;
    let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    is_name.then_some(value)
}
