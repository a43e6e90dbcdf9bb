//! The fingerprint of a run: one word that says whether two histories are the same.

/// Multiplies to 128 bits and folds the halves: every bit of the product counts.
pub(super) const fn folded(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// An odd constant with bits all over: the golden ratio in 64 bits.
pub(super) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A rolling hash over words; the order of the words counts. Not for adversaries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    /// The fingerprint of nothing.
    fn default() -> Self {
        Self(0x243F_6A88_85A3_08D3) // the fraction of pi: anything but zero
    }
}

impl Fingerprint {
    /// Takes in one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.0 = folded(self.0.rotate_left(23) ^ word, GOLDEN);
    }

    /// The hash of all words so far.
    pub const fn value(&self) -> u64 {
        folded(self.0 ^ GOLDEN, 0xD1B5_4A32_D192_ED03)
    }
}

/// Something whose meaning counts for the fingerprint of a run.
pub trait Semantic {
    /// Takes in what it means, and nothing that may differ between equal runs.
    fn fold(&self, into: &mut Fingerprint);
}
