//! Numbers that are spread more evenly than chance would.

/// A sequence in which, of any so many numbers in a row, each part of the range gets almost exactly its
/// share (a Weyl sequence of the golden ratio). For shares of traffic: of 100 requests 5 % are 5, give
/// or take one, where chance would give or take four. Anyone can foresee it, so it is for nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread(u64);

impl Spread {
    /// The golden ratio's fraction of 2^64.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// A sequence that begins somewhere.
    pub const fn starting_at(start: u64) -> Self {
        Self(start)
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        self.0
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn each_part_gets_its_share_wherever_one_looks() {
        for start in [0, 1, u64::MAX / 3, u64::MAX] {
            let mut spread = Spread::starting_at(start);
            for _ in 0..100 {
                let twentieth = (0..100).filter(|_| spread.draw() < u64::MAX / 20).count();
                assert!((4..=6).contains(&twentieth), "{twentieth} of 100");
            }
        }
    }
}
