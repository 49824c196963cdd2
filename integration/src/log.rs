//! What programs write.

use std::path::Path;

/// How much of a line is shown: Envoy starts with lists of all its extensions.
const WIDTH: usize = 500;

/// The log so far. It may hold what is not UTF-8, as the header values of some requests.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|log| String::from_utf8_lossy(&log).into_owned())
        .unwrap_or_default()
}

/// So many of the last lines of a log.
pub(crate) fn tail(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let start = lines.len().saturating_sub(count);
    let last = lines.into_iter().skip(start);
    last.flat_map(|line| line.chars().take(WIDTH).chain(['\n']))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_end() {
        let log: String = (0..100).map(|line| format!("{line}\n")).collect();
        assert!(tail(&log, 60).starts_with("40\n") && tail(&log, 60).ends_with("99\n"));
        assert_eq!(tail(&"x".repeat(1000), 1).len(), WIDTH + 1);
    }
}
