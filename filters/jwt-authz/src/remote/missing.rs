//! Names of keys that a provider does not have.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::time::Duration;

use twox_hash::XxHash64;

/// How many are remembered.
const MOST: usize = 1024;

/// Keys that a fetch has not brought, so that none of them is reason for another one soon.
///
/// They are kept as hashes, since names may be long and are anybody's to make up; nobody outside knows the
/// seed, so nobody finds two that are taken for each other.
#[derive(Debug)]
pub(crate) struct Missing {
    seed: u64,
    /// Until when, by hash.
    until: BTreeMap<u64, Duration>,
}

impl Missing {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            until: BTreeMap::new(),
        }
    }

    /// Whether a key was missing a short while ago.
    pub(crate) fn knows(&self, kid: &str, now: Duration) -> bool {
        let until = self.until.get(&self.hash(kid));
        until.is_some_and(|until| now < *until)
    }

    /// Remembers one for this long.
    pub(crate) fn remember(&mut self, kid: &str, now: Duration, for_this_long: Duration) {
        if self.until.len() >= MOST {
            self.until.retain(|_, until| now < *until);
        }
        if self.until.len() >= MOST {
            // Any: which hash is the lowest, nobody can choose.
            self.until.pop_first();
        }
        let until = now.saturating_add(for_this_long);
        self.until.insert(self.hash(kid), until);
    }

    /// Other keys have come: perhaps these are among them.
    pub(crate) fn clear(&mut self) {
        self.until.clear();
    }

    fn hash(&self, kid: &str) -> u64 {
        let mut hasher = XxHash64::with_seed(self.seed);
        hasher.write(kid.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_key_is_missing_for_a_while() {
        let mut missing = Missing::new(7);
        missing.remember("a", second(1), second(10));
        for (kid, now, known) in [
            ("a", 1, true),
            ("a", 10, true),
            ("a", 11, false),
            ("b", 1, false),
            ("", 1, false),
        ] {
            assert_eq!(missing.knows(kid, second(now)), known, "{kid} {now}");
        }
        missing.clear();
        assert!(!missing.knows("a", second(1)));
    }

    #[test]
    fn their_number_is_bounded_and_the_latest_is_among_them() {
        let mut missing = Missing::new(7);
        for n in 0..3 * MOST {
            let kid = n.to_string();
            missing.remember(&kid, second(1), second(10));
            assert!(missing.knows(&kid, second(1)));
            assert!(missing.until.len() <= MOST);
        }
    }

    #[test]
    fn those_that_are_over_make_room_first() {
        let mut missing = Missing::new(7);
        missing.remember("mine", second(1), second(1000));
        for n in 1..MOST {
            missing.remember(&n.to_string(), second(1), second(1));
        }
        missing.remember("one more", second(5), second(1));
        assert!(missing.knows("mine", second(5)));
        assert_eq!(missing.until.len(), 2);
    }
}
