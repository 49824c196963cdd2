//! The functions of a route, and each one's share.

use crate::config::DestinationConfig;

/// Functions in the order of the document, and where on a line as long as all weights together each
/// one's piece ends.
#[derive(Debug)]
pub(crate) struct Destinations {
    ends: Box<[u64]>,
    functions: Box<[Box<str>]>,
}

impl Destinations {
    /// `None` when no function has a weight.
    pub(crate) fn new(destinations: &[DestinationConfig]) -> Option<Self> {
        let with_weight = || {
            destinations
                .iter()
                .filter(|destination| destination.weight > 0)
        };
        let ends: Box<[u64]> = with_weight()
            .scan(0, |end, destination| {
                *end += u64::from(destination.weight);
                Some(*end)
            })
            .collect();
        let functions = with_weight()
            .map(|destination| destination.function.as_str().into())
            .collect();
        (!ends.is_empty()).then_some(Self { ends, functions })
    }

    /// The function whose piece the random number falls on, when all its 64 bits are laid over the
    /// line.
    pub(crate) fn choose(&self, random: u64) -> &str {
        let length = self.ends.last().copied().unwrap_or_default();
        let place = ((u128::from(random) * u128::from(length)) >> 64) as u64;
        let index = self.ends.partition_point(|&end| end <= place);
        self.functions.get(index).map_or("", |function| function)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn destinations(weights: &[(&str, u32)]) -> Vec<DestinationConfig> {
        weights
            .iter()
            .map(|&(function, weight)| DestinationConfig {
                function: function.to_owned(),
                weight,
            })
            .collect()
    }

    #[test]
    fn each_function_has_its_share_of_the_line() {
        let weights = [("none", 0), ("a", 3), ("never", 0), ("b", 1), ("last", 0)];
        let chosen = Destinations::new(&destinations(&weights)).unwrap();
        let quarter = u64::MAX / 4;
        for (random, function) in [
            (0, "a"),
            (quarter, "a"),
            (3 * quarter, "a"),
            (3 * quarter + 3, "b"),
            (u64::MAX, "b"),
        ] {
            assert_eq!(chosen.choose(random), function, "{random}");
        }
    }

    #[test]
    fn without_any_weight_there_is_nothing_to_choose() {
        assert!(Destinations::new(&destinations(&[("a", 0)])).is_none());
        assert!(Destinations::new(&[]).is_none());
    }

    #[test]
    fn the_greatest_weights_do_not_overflow() {
        let weights = destinations(&[("a", u32::MAX), ("b", u32::MAX)]);
        let chosen = Destinations::new(&weights).unwrap();
        assert_eq!(chosen.choose(u64::MAX / 2), "a");
        assert_eq!(chosen.choose(u64::MAX / 2 + 2), "b");
    }
}
