//! What the service says of itself, in Prometheus' text format.

/// The sum of all counters of a name, whatever their labels; 0 while there is none.
pub(super) fn counter(metrics: &str, name: &str) -> u64 {
    metrics.lines().filter_map(|line| value(line, name)).sum()
}

/// The value in `name 3` or `name{label="text"} 3`. A whole number from a million on has an exponent.
fn value(line: &str, name: &str) -> Option<u64> {
    let rest = line.strip_prefix(name)?;
    if !rest.starts_with([' ', '{']) {
        return None;
    }
    let (_, number) = rest.rsplit_once(' ')?;
    let number: f64 = number.parse().ok()?;
    Some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_whole_name() {
        let metrics = "# TYPE a counter\na{m=\"x\"} 2\na{m=\"y\"} 1.234567e+06\nab 7\n";
        assert_eq!(counter(metrics, "a"), 1_234_569);
        assert_eq!(counter(metrics, "ab"), 7);
        assert_eq!(counter(metrics, "b"), 0);
    }
}
