//! What `docs/containers.md` shows is what is said.

use std::path::Path;

/// The lines that the page shows, indented, without what indents them.
fn shown() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/containers.md");
    let page = std::fs::read_to_string(page).unwrap();
    let lines = page.lines().filter(|line| line.starts_with("    "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// Whether the page shows it. Of a time and what comes after it, what comes after.
pub fn shows(text: &str) -> bool {
    let same = |line: &String| {
        line == text
            || line
                .split_once(" s  ")
                .is_some_and(|(_, told)| told == text)
    };
    shown().iter().any(same)
}
