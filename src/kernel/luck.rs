//! Named chance: what a draw is for decides what is drawn, not when or by whom.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::fingerprint::GOLDEN;

/// What a draw is for. The numbers are part of every result; new purposes get new ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// When operations arrive.
    Arrival = 0,
    /// Which rows they touch.
    Key = 1,
    /// How long a message takes.
    Delay = 2,
    /// Whether a message is lost.
    Loss = 3,
    /// Whether a message is delivered twice.
    Duplicate = 4,
    /// How long work takes.
    Work = 5,
    /// How long a forced write takes.
    Force = 6,
    /// Whether a business rule refuses.
    Refusal = 7,
    /// How long to wait before trying again.
    Backoff = 8,
    /// When somebody looks.
    Probe = 9,
    /// Resampling, for intervals.
    Bootstrap = 10,
    /// What goes wrong, and when.
    Nemesis = 11,
    /// Which operation follows which.
    Follow = 12,
    /// What belongs to one instance of something.
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

/// The luck of a run: all that is random in it is a function of this seed and of names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Luck {
    seed: u64,
}

impl Luck {
    /// The luck that goes with a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A keyed draw: the same whenever and in whatever order it is asked for. `name` is the hash of
    /// a luck name; the meaning of `a`, `b` and `c` depends on the purpose.
    #[inline]
    pub fn draw(&self, purpose: Purpose, name: u64, a: u64, b: u64, c: u64) -> Draw {
        Draw { state: self.hash([purpose as u64, name, a, b, c]) }
    }

    /// A stream of its own, for what has no operation as its cause and draws in an order of its own.
    pub fn stream(&self, purpose: Purpose, name: u64) -> Stream {
        let mut words = Draw { state: self.seed };
        let mut seed = [0; 32];
        for bytes in seed.chunks_exact_mut(8) {
            bytes.copy_from_slice(&words.word().to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(self.hash([purpose as u64, name]));
        Stream(rng)
    }

    #[inline]
    fn hash<const N: usize>(&self, key: [u64; N]) -> u64 {
        let bytes = key.map(u64::to_le_bytes);
        xxh3_64_with_seed(bytes.as_flattened(), self.seed)
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
