//! Named random streams: the value of a draw depends on the seed and on its purpose and names,
//! never on when or by which process it is drawn.

use std::cell::Cell;
use std::convert::Infallible;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng, TryRng, utils};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::fingerprint::GOLDEN;

/// The purpose of a draw, which is part of its key. Every result depends on these numbers: none may
/// change, and a new purpose gets a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// The arrival times of operations.
    Arrival = 0,
    /// The rows that an operation touches.
    Key = 1,
    /// The delay of a message.
    Delay = 2,
    /// The loss of a message.
    Loss = 3,
    /// The second delivery of a message.
    Duplicate = 4,
    /// The duration of work.
    Work = 5,
    /// The duration of a forced write.
    Force = 6,
    /// The refusal of a step by a business rule.
    Refusal = 7,
    /// The wait before a retry.
    Backoff = 8,
    /// The times of reads by observers.
    Probe = 9,
    /// The choice of faults and of their times.
    Nemesis = 11,
    /// The earlier operation that an operation follows.
    Follow = 12,
    /// The instance that serves a name, where a service has several.
    Instance = 13,
    /// The delay between the wake-up of a process and its next step.
    WakeUp = 14,
    /// The technical failure of a handler or of a run.
    Failure = 15,
    /// The choice of seeds that are looked at once more.
    Resample = 16,
}

/// The random streams of a run: every random value in it is a function of the seed and of names.
///
/// A run can be branched: from some instant on, keyed draws are also a function of a *branch seed*,
/// so that the run continues in another way. Sequential streams continue as they are.
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

    /// The random streams of a seed that share no number with those of [`RandomStreams::new`], nor
    /// with those of another name.
    pub fn apart(seed: u64, name: &str) -> Self {
        Self::new(xxh3_64_with_seed(name.as_bytes(), seed))
    }

    /// Makes keyed draws depend on a branch seed from now on; 0 restores the draws of the
    /// unbranched run.
    pub fn set_branch_seed(&self, branch_seed: u64) {
        self.branch_seed.set(branch_seed);
    }

    /// A keyed draw: the same value whenever and in whatever order it is asked for. `name` is the
    /// hash of a stream name; the meaning of `a`, `b` and `c` depends on the purpose.
    #[inline]
    pub fn draw(&self, purpose: Purpose, name: u64, a: u64, b: u64, c: u64) -> Draw {
        Draw {
            state: self.hash(self.seed ^ self.branch_seed.get(), [purpose as u64, name, a, b, c]),
        }
    }

    /// A sequential stream, for draws that belong to no operation and follow one another in an
    /// order of their own.
    pub fn stream(&self, purpose: Purpose, name: u64) -> Stream {
        let mut seed = [0; 32];
        Draw { state: self.seed }.fill_bytes(&mut seed);
        let mut stream = Stream::from_seed(seed);
        stream.set_stream(self.hash(self.seed, [purpose as u64, name]));
        stream
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

/// The generator of one keyed draw: a counter that starts at a hash, scrambled by SplitMix64
/// (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl TryRng for Draw {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(word ^ (word >> 31))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(into, || self.try_next_u64())
    }
}

/// The generator of a sequential stream (ChaCha with 8 rounds). Its 304 bytes are affordable for
/// each component, not for each message.
pub type Stream = ChaCha8Rng;

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand::distr::Distribution;
    use rand::distr::weighted::WeightedIndex;
    use rand::seq::{IndexedRandom, IteratorRandom};

    use super::*;

    fn first_words(rng: &mut impl Rng) -> [u64; 4] {
        std::array::from_fn(|_| rng.next_u64())
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
    fn a_branch_seed_changes_keyed_draws_and_leaves_streams_alone() {
        let stream = RandomStreams::new(7);
        let drawn = first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4));
        let streamed = first_words(&mut stream.stream(Purpose::Arrival, 1));
        stream.set_branch_seed(1);
        assert_ne!(first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)), drawn);
        assert_eq!(first_words(&mut stream.stream(Purpose::Arrival, 1)), streamed);
        stream.set_branch_seed(0);
        assert_eq!(first_words(&mut stream.draw(Purpose::Delay, 1, 2, 3, 4)), drawn);
    }

    /// Values that `rand` derives from these words: another version may derive others.
    #[test]
    fn rand_draws_what_it_always_drew() {
        let streams = RandomStreams::new(7);
        let drawn = drawn_by_rand(&mut streams.draw(Purpose::Delay, 11, 1, 2, 3));
        let streamed = drawn_by_rand(&mut streams.stream(Purpose::Arrival, 11));
        insta::assert_snapshot!(format!("keyed draw\n{drawn}\nstream\n{streamed}"), @r"
        keyed draw
        share 0.7110 0.8364 0.6392 0.9704 0.2042 0.0803 0.7853 0.1158
        below 10 of 32 bits 9 6 2 3 0 5 6 7
        below 10 of 64 bits 9 9 9 0 0 4 8 6
        last digits below 2^63 + 1 2725 6552 28 2655 3829 3820 1820 6208
        position 785 278 285 893 574 990 976 549
        yes or no 1 1 0 0 0 0 0 0
        one of a slice 82 63 76 61 91 58 12 19
        one of those that pass 40 96 23 94 75 14 15 74
        by whole weights 3 0 3 0 3 3 2 0
        by broken weights 0 0 0 0 3 0 3 0
        stream
        share 0.8087 0.4257 0.8930 0.7449 0.6287 0.1555 0.1564 0.2642
        below 10 of 32 bits 7 8 5 1 8 7 8 5
        below 10 of 64 bits 1 4 8 6 9 5 0 3
        last digits below 2^63 + 1 7924 346 1907 7888 6040 8565 4140 6676
        position 285 162 119 327 694 637 726 833
        yes or no 0 0 0 0 1 0 0 0
        one of a slice 55 22 84 84 47 34 10 73
        one of those that pass 57 55 47 8 82 95 49 56
        by whole weights 3 0 0 0 3 3 3 0
        by broken weights 0 0 2 0 3 0 0 2
        ");
    }

    /// One line for every way in which driftlab draws by `rand`.
    fn drawn_by_rand(rng: &mut dyn Rng) -> String {
        let hundred: Vec<u32> = (0..100).collect();
        let weights = WeightedIndex::new([3_u32, 0, 1, 2]).expect("weights");
        let shares = WeightedIndex::new([0.3, 0.0, 0.1, 0.2]).expect("weights");
        let mut lines = Vec::new();
        let mut line = |name: &str, draw: &mut dyn FnMut(&mut dyn Rng) -> String| {
            let drawn: Vec<String> = (0..8).map(|_| draw(rng)).collect();
            lines.push(format!("{name} {}", drawn.join(" ")));
        };
        line("share", &mut |rng| format!("{:.4}", rng.random::<f64>()));
        line("below 10 of 32 bits", &mut |rng| rng.random_range(0..10_u32).to_string());
        line("below 10 of 64 bits", &mut |rng| rng.random_range(0..10_u64).to_string());
        line("last digits below 2^63 + 1", &mut |rng| {
            (rng.random_range(0..=1_u64 << 63) % 10_000).to_string()
        });
        line("position", &mut |rng| rng.random_range(0..1_000_usize).to_string());
        line("yes or no", &mut |rng| u8::from(rng.random_bool(0.3)).to_string());
        line("one of a slice", &mut |rng| hundred.choose(rng).expect("one").to_string());
        line("one of those that pass", &mut |rng| {
            (0..100).choose_stable(rng).expect("one").to_string()
        });
        line("by whole weights", &mut |rng| weights.sample(rng).to_string());
        line("by broken weights", &mut |rng| shares.sample(rng).to_string());
        lines.join("\n")
    }

    #[test]
    fn bounded_numbers_are_all_alike() {
        let mut rng = RandomStreams::new(1).draw(Purpose::Key, 0, 0, 0, 0);
        for n in [1, 2, 3, 10, 1_000] {
            let (mut counts, each) = (vec![0_u32; n], 10_000 / n as u32 + 200);
            for _ in 0..each * n as u32 {
                counts[rng.random_range(0..n as u64) as usize] += 1;
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
        assert!((0..1_000).all(|_| rng.random_range(0..huge) < huge));
    }

    #[test]
    fn probabilities_are_kept() {
        let mut rng = RandomStreams::new(1).draw(Purpose::Loss, 0, 0, 0, 0);
        let hits = (0..100_000).filter(|_| rng.random_bool(0.3)).count();
        assert!((29_300..30_700).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| !rng.random_bool(0.0) && rng.random_bool(1.0)));
    }

    /// Draws whose keys differ in one low bit must not resemble one another.
    #[test]
    fn neighbouring_keys_are_independent() {
        let stream = RandomStreams::new(1);
        let differing: u32 = (0..10_000)
            .map(|op| {
                let mut a = stream.draw(Purpose::Work, 5, op, 0, 0);
                let mut b = stream.draw(Purpose::Work, 5, op + 1, 0, 0);
                (a.next_u64() ^ b.next_u64()).count_ones()
            })
            .sum();
        assert!((318_000..322_000).contains(&differing), "{differing} of 640,000 bits");
    }
}
