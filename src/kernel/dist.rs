//! Distributions of durations.

use std::sync::Arc;

use super::Span;

/// How long something takes, drawn anew each time.
#[derive(Clone, PartialEq, Debug)]
pub enum Dist {
    /// Always the same.
    Constant(Span),
    /// Any value in between, all alike.
    Uniform {
        /// Least value.
        low: Span,
        /// Greatest value.
        high: Span,
    },
    /// Memoryless.
    Exponential {
        /// Its mean.
        mean: Span,
    },
    /// A bell, drawn again until it is not negative.
    Normal {
        /// Mean of the untruncated bell.
        mean: Span,
        /// Standard deviation of the untruncated bell.
        deviation: Span,
    },
    /// `exp(mu + sigma x normal)` seconds: skewed, as latencies are.
    LogNormal {
        /// Natural logarithm of the median in seconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// A heavy tail: `P(X > x) = (least / x)^alpha`.
    Pareto {
        /// Least value.
        least: Span,
        /// Tail index; below 1 there is no mean.
        alpha: f64,
    },
    /// The sum of `shape` exponential stages.
    Erlang {
        /// Number of stages.
        shape: u32,
        /// Mean of the sum.
        mean: Span,
    },
    /// One of several, by weight.
    Mixture(Vec<(f64, Dist)>),
    /// One of these measurements, all alike, in ascending order.
    Empirical(Arc<[Span]>),
}
