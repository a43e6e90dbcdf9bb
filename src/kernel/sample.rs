//! Samples and means of distributions, by inversion and Box-Muller on `libm`.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::{Dist, Span};

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

impl Dist {
    /// The log-normal distribution with this median and this 99th percentile (at least the median).
    pub fn log_normal_from_median_p99(median: Span, p99: Span) -> Self {
        let mu = libm::log(seconds(median));
        let sigma = (libm::log(seconds(p99)) - mu) / Z99;
        Self::LogNormal { mu, sigma: sigma.max(0.0) }
    }

    /// Draws one value.
    pub fn sample(&self, rng: &mut impl Rng) -> Span {
        match self {
            Self::Constant(span) => *span,
            Self::Uniform { low, high } => {
                let width = high.saturating_sub(*low).as_nanos();
                *low + Span::from_nanos(rng.random_range(0..=width))
            }
            Self::Exponential { mean } => span(nanos(*mean) * exponential(rng)),
            Self::Normal { mean, deviation } => loop {
                let value = nanos(*mean) + nanos(*deviation) * normal(rng);
                if value >= 0.0 {
                    return span(value);
                }
            },
            Self::LogNormal { mu, sigma } => span(exp(mu + sigma * normal(rng)) * SECOND),
            Self::Pareto { least, alpha } => {
                span(nanos(*least) * libm::pow(1.0 - rng.random::<f64>(), -1.0 / alpha))
            }
            Self::Erlang { shape, mean } => {
                let stages: f64 = (0..*shape).map(|_| exponential(rng)).sum();
                span(nanos(*mean) / f64::from((*shape).max(1)) * stages)
            }
            Self::Mixture(parts) => parts
                .choose_weighted(rng, |(weight, _)| *weight)
                .map_or(Span::ZERO, |(_, part)| part.sample(rng)),
            Self::Empirical(values) => values.choose(rng).copied().unwrap_or(Span::ZERO),
        }
    }

    /// The mean in seconds; `None` if there is none, as for a Pareto tail of index 1 or less.
    pub fn mean(&self) -> Option<f64> {
        Some(match self {
            Self::Constant(span) => seconds(*span),
            Self::Uniform { low, high } => f64::midpoint(seconds(*low), seconds(*high)),
            Self::Exponential { mean } | Self::Erlang { mean, .. } => seconds(*mean),
            Self::Normal { mean, deviation } => truncated_mean(seconds(*mean), seconds(*deviation)),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Pareto { alpha, .. } if *alpha <= 1.0 => return None,
            Self::Pareto { least, alpha } => seconds(*least) * alpha / (alpha - 1.0),
            Self::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mut mean = 0.0;
                for (weight, part) in parts.iter().filter(|(weight, _)| *weight > 0.0) {
                    mean += weight / total * part.mean()?;
                }
                mean
            }
            Self::Empirical(values) => {
                let sum: f64 = values.iter().map(|&value| seconds(value)).sum();
                sum / values.len().max(1) as f64
            }
        })
    }
}

fn nanos(span: Span) -> f64 {
    span.as_nanos() as f64
}

fn seconds(span: Span) -> f64 {
    span.as_secs_f64()
}

/// The nearest whole number of nanoseconds, at most the longest span.
fn span(nanos: f64) -> Span {
    Span::from_nanos((nanos + 0.5) as u64)
}

/// `libm::exp`, bit for bit. The branch for arguments whose result is a normal number stands here
/// without the others, because every message draws its delay with it.
#[inline]
fn exp(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const P1: f64 = 1.666_666_666_666_660_2e-1;
    const P2: f64 = -2.777_777_777_701_559_3e-3;
    const P3: f64 = 6.613_756_321_437_934e-5;
    const P4: f64 = -1.653_390_220_546_525_2e-6;
    const P5: f64 = 4.138_136_797_057_238_5e-8;
    let size = x.abs();
    if !(1.1..700.0).contains(&size) {
        return libm::exp(x);
    }
    let k = (std::f64::consts::LOG2_E * x + 0.5_f64.copysign(x)) as i32;
    let (high, low) = (x - f64::from(k) * LN2_HIGH, f64::from(k) * LN2_LOW);
    let x = high - low;
    let xx = x * x;
    let c = x - xx * (P1 + xx * (P2 + xx * (P3 + xx * (P4 + xx * P5))));
    let y = 1.0 + (x * c / (2.0 - c) - low + high);
    y * f64::from_bits(((1_023 + k) as u64) << 52)
}

/// An exponential value of mean 1.
fn exponential(rng: &mut impl Rng) -> f64 {
    -libm::log(1.0 - rng.random::<f64>())
}

/// A standard normal value by Box-Muller. It always draws two words, so that later draws from the
/// same generator do not depend on the values.
fn normal(rng: &mut impl Rng) -> f64 {
    // The square root is exact on every platform, unlike the functions of `libm`'s kind.
    let radius = (2.0 * exponential(rng)).sqrt();
    radius * libm::cos(std::f64::consts::TAU * rng.random::<f64>())
}

/// The mean of a normal distribution that is truncated to the values from zero up.
fn truncated_mean(mean: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        return mean;
    }
    let z = mean / deviation;
    let density = libm::exp(-z * z / 2.0) / std::f64::consts::TAU.sqrt();
    let kept = libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0;
    mean + deviation * density / kept
}

#[cfg(test)]
mod tests;
