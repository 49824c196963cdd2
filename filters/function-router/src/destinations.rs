//! The functions of a route, and each one's share.

use crate::config::DestinationConfig;

/// A function that a route sends requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its key in Envoy's route table.
    pub function: Box<str>,
    /// Whether it takes connections that are upgraded to WebSocket.
    pub websocket: bool,
}

impl From<&DestinationConfig> for Destination {
    fn from(config: &DestinationConfig) -> Self {
        Self {
            function: config.function.as_str().into(),
            websocket: config.websocket,
        }
    }
}

/// Functions laid on a line, each on a piece as long as its weight, in the order of the document.
#[derive(Debug)]
pub(crate) struct Destinations {
    /// All but the last, each with the end of its piece.
    before: Box<[(u64, Destination)]>,
    last: Destination,
    /// Of the whole line.
    length: u64,
}

impl Destinations {
    /// `None` when no function has a weight.
    pub(crate) fn new(destinations: &[DestinationConfig]) -> Option<Self> {
        let mut length = 0;
        let mut pieces = Vec::new();
        for destination in destinations
            .iter()
            .filter(|destination| destination.weight > 0)
        {
            length += u64::from(destination.weight);
            pieces.push((length, Destination::from(destination)));
        }
        let (_, last) = pieces.pop()?;
        Some(Self {
            before: pieces.into(),
            last,
            length,
        })
    }

    /// The function whose piece the random number falls on, when all its 64 bits are laid over the
    /// line.
    pub(crate) fn choose(&self, random: u64) -> &Destination {
        let place = ((u128::from(random) * u128::from(self.length)) >> 64) as u64;
        let index = self.before.partition_point(|(end, _)| *end <= place);
        self.before
            .get(index)
            .map_or(&self.last, |(_, destination)| destination)
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
                websocket: false,
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
            assert_eq!(&*chosen.choose(random).function, function, "{random}");
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
        assert_eq!(&*chosen.choose(u64::MAX / 2).function, "a");
        assert_eq!(&*chosen.choose(u64::MAX / 2 + 2).function, "b");
    }
}
