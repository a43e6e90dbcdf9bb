//! Named chance: what a draw is for decides what is drawn, not when or by whom.

use std::cell::Cell;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::fingerprint::GOLDEN;

/// The use of a draw, which is part of its key. The numbers are part of every result; new purposes
/// get new ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// When operations arrive.
    Arrival = 0,
    /// Which rows they touch.
    Key = 1,
    /// How long a message takes.
    Delay = 2,
    /// The loss of a message.
    Loss = 3,
    /// The second delivery of a message.
    Duplicate = 4,
    /// How long work takes.
    Work = 5,
    /// How long a forced write takes.
    Force = 6,
    /// The refusal of a step by a business rule.
    Refusal = 7,
    /// How long to wait before trying again.
    Backoff = 8,
    /// When somebody looks.
    Probe = 9,
    /// Resampling, for intervals.
    Bootstrap = 10,
    /// The choice of faults and of their times.
    Nemesis = 11,
    /// Which operation follows which.
    Follow = 12,
    /// A stream name of one instance among several.
    Instance = 13,
}

/// A source of uniformly distributed 64-bit words, and what is commonly made of them.
pub trait Words {
    /// The next word.
    fn word(&mut self) -> u64;

    /// A number from 0 up to but not including 1, in steps of 2^-53.
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `n`, all alike (Lemire 2019, doi:10.1145/3230636).
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below zero");
        loop {
            let product = u128::from(self.word()) * u128::from(n);
            let low = product as u64;
            // Of the 2^64 words the first 2^64 mod n are too many; they show in the low half.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `p`.
    fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

/// The random streams of a run: all that is random in it is a function of a seed and of names.
///
/// A run can be branched: from some instant on, keyed draws are also a function of a *branch
/// seed*, and so another of its futures comes true. Streams go on as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RandomStreams {
    seed: u64,
    branch_seed: Cell<u64>,
}

impl RandomStreams {
    /// The random streams that go with a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, branch_seed: Cell::new(0) }
    }

    /// From now on keyed draws depend on this branch_seed, too; 0 is the future that comes by
    /// itself.
    pub fn set_branch_seed(&self, branch_seed: u64) {
        self.branch_seed.set(branch_seed);
    }

    /// A keyed draw: the same whenever and in whatever order it is asked for. `name` is the hash of
    /// a stream name; the meaning of `a`, `b` and `c` depends on the purpose.
    #[inline]
    pub fn draw(&self, purpose: Purpose, name: u64, a: u64, b: u64, c: u64) -> Draw {
        Draw {
            state: self.hash(self.seed ^ self.branch_seed.get(), [purpose as u64, name, a, b, c]),
        }
    }

    /// A stream, for what has no operation as its cause and draws in an order of its own.
    pub fn stream(&self, purpose: Purpose, name: u64) -> Stream {
        let mut words = Draw { state: self.seed };
        let mut seed = [0; 32];
        for bytes in seed.chunks_exact_mut(8) {
            bytes.copy_from_slice(&words.word().to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(self.hash(self.seed, [purpose as u64, name]));
        Stream(rng)
    }

    #[inline]
    fn hash<const N: usize>(&self, seed: u64, key: [u64; N]) -> u64 {
        let mut bytes = [[0; 8]; N];
        for (bytes, word) in bytes.iter_mut().zip(key) {
            *bytes = word.to_le_bytes(); // A plain loop: `array::map` is not unrolled.
        }
        xxh3_64_with_seed(bytes.as_flattened(), seed)
    }
}

/// The words of one keyed draw: a counter that begins at a hash, scrambled (SplitMix64).
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Words for Draw {
    #[inline]
    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

/// A long stream of words (ChaCha with 8 rounds): 304 bytes, so one a component, not one a message.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Words for Stream {
    #[inline]
    fn word(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_words(words: &mut impl Words) -> [u64; 4] {
        std::array::from_fn(|_| words.word())
    }

    /// Every result of every run depends on these words.
    #[test]
    fn words_are_what_they_always_were() {
        let stream = RandomStreams::new(7);
        let mut draw = stream.draw(Purpose::Delay, 11, 1, 2, 3);
        let drawn = [
            0xb602_1f03_1083_4e80,
            0xd61c_4155_9995_91fb,
            0xa39f_c050_351c_d2d2,
            0xf86f_5ef6_2428_feb5,
        ];
        assert_eq!(first_words(&mut draw), drawn);
        let mut stream = stream.stream(Purpose::Arrival, 11);
        let streamed = [
            0xcf04_b232_a468_06e7,
            0x6cf8_c8b8_3704_7a69,
            0xe49c_326a_42a7_101b,
            0xbeb3_c280_0786_bf00,
        ];
        assert_eq!(first_words(&mut stream), streamed);
    }

    #[test]
    fn every_part_of_a_key_counts_and_nothing_else_does() {
        let stream = RandomStreams::new(7);
        let mut all = vec![
            first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)),
            first_words(&mut stream.draw(Purpose::Loss, 1, 2, 3, 4)),
            first_words(&mut stream.draw(Purpose::Delay, 0, 2, 3, 4)),
            first_words(&mut stream.draw(Purpose::Delay, 1, 0, 3, 4)),
            first_words(&mut stream.draw(Purpose::Delay, 1, 2, 0, 4)),
            first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 0)),
            first_words(&mut RandomStreams::new(8).draw(Purpose::Delay, 1, 2, 3, 4)),
            first_words(&mut stream.stream(Purpose::Delay, 1)),
            first_words(&mut stream.stream(Purpose::Delay, 2)),
            first_words(&mut stream.stream(Purpose::Loss, 1)),
            first_words(&mut RandomStreams::new(8).stream(Purpose::Delay, 1)),
        ];
        assert_eq!(first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)), all[0]);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_salt_changes_keyed_draws_and_leaves_streams_alone() {
        let stream = RandomStreams::new(7);
        let drawn = first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4));
        let streamed = first_words(&mut stream.stream(Purpose::Arrival, 1));
        stream.set_branch_seed(1);
        assert_ne!(first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)), drawn);
        assert_eq!(first_words(&mut stream.stream(Purpose::Arrival, 1)), streamed);
        stream.set_branch_seed(0);
        assert_eq!(first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)), drawn);
    }

    #[test]
    fn numbers_below_n_are_all_alike() {
        let mut words = RandomStreams::new(1).draw(Purpose::Key, 0, 0, 0, 0);
        for n in [1, 2, 3, 10, 1_000] {
            let (mut counts, each) = (vec![0_u32; n], 10_000 / n as u32 + 200);
            for _ in 0..each * n as u32 {
                counts[words.below(n as u64) as usize] += 1;
            }
            // Pearson's statistic has mean n - 1 and variance 2 (n - 1).
            let expected = f64::from(each);
            let deviation = |&count: &u32| f64::from(count) - expected;
            let squares = counts.iter().map(deviation).map(|off| off * off / expected);
            let statistic: f64 = squares.sum();
            let freedom = n as f64 - 1.0;
            assert!(statistic <= freedom + 4.5 * (2.0 * freedom).sqrt(), "{n}: {statistic}");
        }
        let huge = u64::MAX / 2 + 2;
        assert!((0..1_000).all(|_| words.below(huge) < huge));
    }

    #[test]
    fn chances_are_kept() {
        let mut words = RandomStreams::new(1).draw(Purpose::Loss, 0, 0, 0, 0);
        let hits = (0..100_000).filter(|_| words.chance(0.3)).count();
        assert!((29_300..30_700).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| !words.chance(0.0) && words.chance(1.0)));
    }

    /// Draws whose keys differ in one low bit must not resemble one another.
    #[test]
    fn neighbouring_keys_are_independent() {
        let stream = RandomStreams::new(1);
        let differing: u32 = (0..10_000)
            .map(|op| {
                let mut a = stream.draw(Purpose::Work, 5, op, 0, 0);
                let mut b = stream.draw(Purpose::Work, 5, op + 1, 0, 0);
                (a.word() ^ b.word()).count_ones()
            })
            .sum();
        assert!((318_000..322_000).contains(&differing), "{differing} of 640,000 bits");
    }
}
