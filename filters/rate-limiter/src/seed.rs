//! Keys as fingerprints that nobody outside can choose.

use std::hash::Hasher;

use filter_api::{HostError, Random, SharedData};
use siphasher::sip::SipHasher13;

use crate::place::SEED;

/// What fingerprints depend on. All threads of an Envoy have the same, and nobody else knows it; so nobody
/// can choose keys that share a row, or a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 16]);

impl Seed {
    /// The seed of this Envoy. Who asks first makes it: that is the thread which configures first, before
    /// there is traffic.
    ///
    /// # Errors
    /// When the host fails, or has no random numbers.
    pub fn of<H: SharedData + Random + ?Sized>(host: &mut H) -> Result<Self, HostError> {
        let known = host.shared(SEED)?;
        if let Some(seed) = known.and_then(|known| known.value.try_into().ok()) {
            return Ok(Self(seed));
        }
        let seed = host.seed()?;
        host.compare_and_swap(SEED, &seed, 0)?;
        Ok(Self(seed))
    }

    /// Begins the fingerprint of a key.
    pub fn hasher(self) -> impl Hasher {
        SipHasher13::new_with_key(&self.0)
    }
}
