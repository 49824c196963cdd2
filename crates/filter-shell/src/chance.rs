//! Random numbers, seeded by the host.

use std::cell::{Cell, RefCell};

use filter_api::Spread;

use crate::abi;

/// What a VM draws numbers from. It costs no hostcall after the first.
pub(crate) struct Chance {
    random: RefCell<fastrand::Rng>,
    spread: Cell<Spread>,
}

impl Chance {
    pub(crate) fn new() -> Self {
        // Without the host's random numbers the clock has to do: shares of traffic need no secrecy.
        let seed = abi::random().map(u64::from_le_bytes);
        let seed = seed.unwrap_or_else(|_| abi::unix_time().as_nanos() as u64);
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            spread: Cell::new(Spread::starting_at(random.u64(..))),
            random: RefCell::new(random),
        }
    }

    pub(crate) fn random(&self) -> u64 {
        self.random.borrow_mut().u64(..)
    }

    pub(crate) fn spread(&self) -> u64 {
        let mut spread = self.spread.get();
        let number = spread.draw();
        self.spread.set(spread);
        number
    }
}
