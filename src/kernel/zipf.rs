//! The Zipf distribution, by which few rows are popular and most are not.

use rand::Rng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;

/// The Zipf distribution over `0..n`: the chance of `k` is proportional to `(k + 1)^-exponent`.
///
/// The weights are computed here, since `libm` computes the same power on every platform; `rand`
/// chooses by them.
#[derive(Clone, PartialEq, Debug)]
pub struct Zipf(WeightedIndex<f64>);

impl Zipf {
    /// The distribution over `n` numbers (at least one), which takes 8 bytes for each. Exponent 0
    /// is uniform.
    ///
    /// # Panics
    ///
    /// If the exponent is negative and the weights become infinite.
    pub fn new(n: u64, exponent: f64) -> Self {
        let weights = (1..=n.max(1)).map(|rank| libm::pow(rank as f64, -exponent));
        Self(WeightedIndex::new(weights).expect("the first weight is one, no other is greater"))
    }

    /// Draws one number below `n`.
    pub fn sample(&self, rng: &mut impl Rng) -> u64 {
        self.0.sample(rng) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Purpose, RandomStreams};

    #[test]
    fn frequencies_follow_the_law() {
        let (n, samples) = (50_usize, 200_000_u32);
        for exponent in [0.0, 0.8, 1.0, 2.0] {
            let zipf = Zipf::new(n as u64, exponent);
            let mut rng = RandomStreams::new(3).draw(Purpose::Key, 0, 0, 0, 0);
            let mut counts = vec![0_u32; n];
            for _ in 0..samples {
                counts[zipf.sample(&mut rng) as usize] += 1;
            }
            let weight = |k: usize| libm::pow(k as f64 + 1.0, -exponent);
            let total: f64 = (0..n).map(weight).sum();
            for (k, &count) in counts.iter().enumerate() {
                let p = weight(k) / total;
                let expected = p * f64::from(samples);
                let error = (f64::from(count) - expected).abs();
                let bound = 5.0 * (expected * (1.0 - p)).sqrt();
                assert!(error <= bound, "{k}: {count} for {expected}, exponent {exponent}");
            }
        }
    }

    #[test]
    fn samples_are_what_they_always_were() {
        let zipf = Zipf::new(1_000, 0.99);
        let mut rng = RandomStreams::new(3).draw(Purpose::Key, 0, 0, 0, 0);
        let values: Vec<u64> = (0..12).map(|_| zipf.sample(&mut rng)).collect();
        assert_eq!(values, [58, 20, 739, 14, 10, 390, 587, 0, 4, 143, 3, 134]);
        assert_eq!(Zipf::new(1, 1.0).sample(&mut rng), 0);
    }
}
