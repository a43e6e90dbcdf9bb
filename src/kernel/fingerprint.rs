//! The fingerprint of a run: one word that says whether two histories are the same.

/// The 128-bit product of two words, with its halves combined by XOR, so that every bit of the
/// product counts.
pub(super) const fn folded(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// 2^64 divided by the golden ratio: an odd constant without a pattern in its bits.
pub(super) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A rolling hash of a sequence of words. It is not collision-resistant against an adversary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    /// The fingerprint of an empty sequence.
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

/// A record that counts for the fingerprint of a run.
pub trait Semantic {
    /// Hashes every field that equal runs share, and no other.
    fn fold(&self, into: &mut Fingerprint);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[u64]) -> u64 {
        let mut print = Fingerprint::default();
        words.iter().for_each(|&word| print.word(word));
        print.value()
    }

    #[test]
    fn words_their_order_and_their_number_count() {
        let mut all = [of(&[]), of(&[0]), of(&[0, 0]), of(&[1, 2]), of(&[2, 1]), of(&[1, 2, 0])];
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    /// Every committed fingerprint depends on this.
    #[test]
    fn it_is_what_it_always_was() {
        assert_eq!(of(&[1, 2, 3]), 0x4bb3_d80b_770d_ff9e);
    }

    #[test]
    fn one_bit_changes_half_of_the_bits() {
        let flipped = |bit: u32| (of(&[5, 6]) ^ of(&[5 ^ 1 << bit, 6])).count_ones();
        let mean = (0..64).map(flipped).sum::<u32>() / 64;
        assert!((28..=36).contains(&mean), "{mean}");
    }
}
