//! Numbers that follow from a seed.

/// Numbers that follow from a seed (SplitMix64): the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one named thing.
    pub(crate) fn of(seed: u64, name: &str, serial: usize) -> Self {
        let start = name
            .bytes()
            .fold(seed ^ serial as u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self(start)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
