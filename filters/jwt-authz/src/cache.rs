//! Tokens that were verified before.

use std::rc::{Rc, Weak};

use twox_hash::XxHash64;

use crate::key::Key;
use crate::token_claims::TokenClaims;

/// How many tokens share a place; of these, the one that was asked for least recently makes room.
const WAYS: usize = 4;

/// Longer tokens are verified each time, and those that say more than is worth keeping.
const LONGEST: usize = 4 * 1024;

/// How much of a token's end chooses its place. It is the signature's, as good as random already.
const HASHED: usize = 64;

/// A bounded number of verified tokens, with what they say.
///
/// Its place is by a hash whose seed nobody outside knows, so that nobody can choose whom to push out;
/// what is found there is compared octet by octet, so that no other token is taken for a verified one.
/// Only verified tokens come in. Whether one still holds, its claims say each time; one whose key is gone
/// is not there any more.
#[derive(Debug)]
pub(crate) struct Cache {
    seed: u64,
    places: Box<[[Option<Entry>; WAYS]]>,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    provider: usize,
    token: Box<[u8]>,
    claims: Rc<TokenClaims>,
    /// What it is signed with, while the provider has it.
    key: Weak<Key>,
    used: u64,
}

impl Cache {
    /// Room for about this many tokens.
    pub(crate) fn new(tokens: u16, seed: u64) -> Self {
        let places = usize::from(tokens).div_ceil(WAYS);
        Self {
            seed,
            places: std::iter::repeat_with(|| [const { None }; WAYS])
                .take(places)
                .collect(),
            clock: 0,
        }
    }

    /// What a token of a provider says, if it was verified before.
    pub(crate) fn get(&mut self, provider: usize, token: &[u8]) -> Option<Rc<TokenClaims>> {
        self.clock += 1;
        let clock = self.clock;
        let mut entries = self.place(provider, token)?.iter_mut().flatten();
        let entry =
            entries.find(|entry| entry.provider == provider && is_same(&entry.token, token))?;
        if entry.key.strong_count() == 0 {
            return None;
        }
        entry.used = clock;
        Some(Rc::clone(&entry.claims))
    }

    /// Remembers a token that was verified just now.
    pub(crate) fn insert(
        &mut self,
        provider: usize,
        token: &[u8],
        claims: &Rc<TokenClaims>,
        key: &Rc<Key>,
    ) {
        if token.len() > LONGEST || !claims.is_small() {
            return;
        }
        let used = self.clock;
        let Some(place) = self.place(provider, token) else {
            return;
        };
        let last_used = |entry: &&mut Option<Entry>| entry.as_ref().map(|entry| entry.used);
        if let Some(oldest) = place.iter_mut().min_by_key(last_used) {
            *oldest = Some(Entry {
                provider,
                token: token.into(),
                claims: Rc::clone(claims),
                key: Rc::downgrade(key),
                used,
            });
        }
    }

    /// Forgets a token that holds no longer.
    pub(crate) fn remove(&mut self, provider: usize, token: &[u8]) {
        for way in self.place(provider, token).into_iter().flatten() {
            if matches!(way, Some(entry) if entry.provider == provider && is_same(&entry.token, token))
            {
                *way = None;
            }
        }
    }

    fn place(&mut self, provider: usize, token: &[u8]) -> Option<&mut [Option<Entry>; WAYS]> {
        let end = token.last_chunk::<HASHED>().map_or(token, |end| end);
        let hash = XxHash64::oneshot(self.seed.wrapping_add(provider as u64), end);
        let places = self.places.len() as u64;
        let index = hash.checked_rem(places)?;
        self.places.get_mut(usize::try_from(index).ok()?)
    }
}

/// Whether two are one, octet by octet. By eight at a time: `==` of slices looks at single octets where
/// this runs, and takes 0.7 µs for a token of 870.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let ((ones, one_rest), (others, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let word = |octets: &[u8; 8]| u64::from_le_bytes(*octets);
    one.len() == other.len()
        && ones.iter().map(word).eq(others.iter().map(word))
        && one_rest == other_rest
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn claims() -> Rc<TokenClaims> {
        Rc::new(TokenClaims::new(Map::new()).unwrap())
    }

    fn key() -> Rc<Key> {
        let secret = json!({ "algorithm": "HS256", "text": "x".repeat(32) });
        let secret = serde_json::from_value(secret).unwrap();
        Rc::new(Key::from_secret(&secret).unwrap())
    }

    #[test]
    fn a_token_is_found_for_its_provider_alone() {
        let (mut cache, key) = (Cache::new(8, 7), key());
        let claims = claims();
        cache.insert(1, b"a", &claims, &key);
        assert!(
            cache
                .get(1, b"a")
                .is_some_and(|found| Rc::ptr_eq(&found, &claims))
        );
        assert!(cache.get(0, b"a").is_none());
        assert!(cache.get(1, b"b").is_none());
        cache.remove(1, b"a");
        assert!(cache.get(1, b"a").is_none());
    }

    #[test]
    fn the_number_of_tokens_is_bounded_and_the_one_in_use_stays() {
        let (mut cache, key) = (Cache::new(4, 7), key());
        cache.insert(0, b"mine", &claims(), &key);
        for n in 0..1000_u32 {
            assert!(cache.get(0, b"mine").is_some(), "{n}");
            cache.insert(0, &n.to_le_bytes(), &claims(), &key);
        }
        let all = cache.places.iter().flatten().flatten();
        assert_eq!(all.count(), 4);
    }

    #[test]
    fn no_other_token_is_taken_for_one_that_is_in_the_same_place() {
        let (mut cache, key) = (Cache::new(4, 7), key());
        cache.insert(0, b"mine", &claims(), &key);
        for n in 0..100_u32 {
            assert!(cache.get(0, &n.to_le_bytes()).is_none(), "{n}");
        }
        assert!(cache.get(1, b"mine").is_none());
        assert!(cache.get(0, b"mine").is_some());
    }

    #[test]
    fn two_tokens_are_one_if_all_their_octets_are() {
        let token: Vec<u8> = (0..=255).cycle().take(1003).collect();
        for length in [0, 1, 7, 8, 9, 64, 1003] {
            let one = token.get(..length).unwrap();
            let same: Vec<u8> = one.into();
            assert!(is_same(one, &same), "{length}");
            for place in 0..length {
                let mut other = one.to_vec();
                *other.get_mut(place).unwrap() ^= 0x80;
                assert!(!is_same(one, &other), "{length} {place}");
            }
            assert!(!is_same(one, token.get(..length + 1).unwrap_or(b"a")));
        }
    }

    #[test]
    fn what_has_no_room_is_not_kept() {
        let (mut none, key) = (Cache::new(0, 7), key());
        none.insert(0, b"a", &claims(), &key);
        assert!(none.get(0, b"a").is_none());
        let mut cache = Cache::new(4, 7);
        let long = vec![b'a'; LONGEST + 1];
        cache.insert(0, &long, &claims(), &key);
        assert!(cache.get(0, &long).is_none());
    }

    #[test]
    fn a_token_goes_with_its_key() {
        let (mut cache, mine) = (Cache::new(8, 7), key());
        let other = key();
        cache.insert(0, b"a", &claims(), &mine);
        cache.insert(0, b"b", &claims(), &other);
        drop(mine);
        assert!(cache.get(0, b"a").is_none());
        assert!(cache.get(0, b"b").is_some());
    }
}
