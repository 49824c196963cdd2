//! Medians and spread.

use serde::Serialize;

/// What several measurements of one thing come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// The middle.
    pub median: f64,
    /// A quarter of the measurements is below it.
    pub lower_quartile: f64,
    /// A quarter of the measurements is above it.
    pub upper_quartile: f64,
    /// The least.
    pub least: f64,
}

impl Summary {
    /// `None` of nothing.
    pub fn of(measurements: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = measurements.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |quarters: usize| {
            let place = last * quarters;
            let (below, part) = (place / 4, (place % 4) as f64 / 4.0);
            let value = |index: usize| sorted.get(index.min(last)).copied().unwrap_or_default();
            value(below) * (1.0 - part) + value(below + 1) * part
        };
        Some(Self {
            median: at(2),
            lower_quartile: at(1),
            upper_quartile: at(3),
            least: at(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_measurements_where_they_must() {
        let summary = Summary::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        let expected = Summary {
            median: 2.5,
            lower_quartile: 1.75,
            upper_quartile: 3.25,
            least: 1.0,
        };
        assert_eq!(summary, expected);
        assert_eq!(Summary::of([7.0]).unwrap().upper_quartile, 7.0);
        assert_eq!(Summary::of([]), None);
    }
}
