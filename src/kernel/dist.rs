//! Distributions of durations.

use std::sync::Arc;

use super::Span;

/// The distribution of a duration, from which each use draws anew.
#[derive(Clone, PartialEq, Debug)]
pub enum Dist {
    /// One value, always.
    Constant(Span),
    /// Uniform between two values.
    Uniform {
        /// Least value.
        low: Span,
        /// Greatest value.
        high: Span,
    },
    /// Exponential, which has no memory: the rest of a wait is distributed as the whole.
    Exponential {
        /// Its mean.
        mean: Span,
    },
    /// Normal, drawn again until the value is not negative.
    Normal {
        /// Mean before truncation at zero.
        mean: Span,
        /// Standard deviation before truncation at zero.
        deviation: Span,
    },
    /// Log-normal, `exp(mu + sigma x normal)` seconds: skewed to the right, as measured latencies
    /// are.
    LogNormal {
        /// Natural logarithm of the median in seconds.
        mu: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Pareto, with a heavy tail: `P(X > x) = (least / x)^alpha`.
    Pareto {
        /// Least value.
        least: Span,
        /// Tail index; below 1 there is no mean.
        alpha: f64,
    },
    /// Erlang: the sum of `shape` independent exponential values.
    Erlang {
        /// Number of summands.
        shape: u32,
        /// Mean of the sum.
        mean: Span,
    },
    /// One of several distributions, chosen with these weights.
    Mixture(Vec<(f64, Dist)>),
    /// One of these measured values in ascending order, each equally likely.
    Empirical(Arc<[Span]>),
}
