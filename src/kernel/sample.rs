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
            Self::LogNormal { mu, sigma } => span(libm::exp(mu + sigma * normal(rng)) * SECOND),
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

/// The nearest whole number of nanoseconds; what is too large becomes the maximum.
fn span(nanos: f64) -> Span {
    Span::from_nanos((nanos + 0.5) as u64)
}

/// An exponential value of mean 1.
fn exponential(rng: &mut impl Rng) -> f64 {
    -libm::log(1.0 - rng.random::<f64>())
}

/// A standard normal value: always two words, whatever they are.
fn normal(rng: &mut impl Rng) -> f64 {
    // The square root is exact on every platform, unlike the functions of `libm`'s kind.
    let radius = (2.0 * exponential(rng)).sqrt();
    radius * libm::cos(std::f64::consts::TAU * rng.random::<f64>())
}

/// The mean of a normal distribution of which only the values from zero up are kept.
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
