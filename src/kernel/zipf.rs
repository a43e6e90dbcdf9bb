//! Popularity: a few are chosen often, most of them rarely.

use super::Words;

/// The Zipf distribution over `0..n`: the chance of `k` is proportional to `(k + 1)^-exponent`.
#[derive(Clone, PartialEq, Debug)]
pub struct Zipf {
    /// Summed weights; the sum up to and including `k` is at `k`.
    sums: Box<[f64]>,
}

impl Zipf {
    /// The distribution over `n` numbers (at least one); 8 bytes each. Exponent 0 is uniform.
    pub fn new(n: u64, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weight = |rank: u64| libm::pow(rank as f64, -exponent);
        let sums = (1..=n.max(1)).map(|rank| {
            sum += weight(rank);
            sum
        });
        Self { sums: sums.collect() }
    }

    /// Draws one number below `n`.
    pub fn sample(&self, words: &mut impl Words) -> u64 {
        let last = self.sums.len() - 1;
        let at = words.unit() * self.sums[last];
        self.sums.partition_point(|&sum| sum <= at).min(last) as u64
    }
}
