//! A level that changes over time, integrated exactly.

use serde::{Deserialize, Serialize};

use super::Quantity;

/// The reason why a mean over time is missing.
const EMPTY_WINDOW: &str = "the measured window has no length";

/// A level over time: its exact integral over a fixed window, and its values in buckets.
#[derive(Clone, Debug)]
pub struct Gauge {
    value: u64,
    since: u64,
    window: (u64, u64),
    area: u128,
    positive: u64,
    peak: u64,
    buckets: Buckets,
}

/// The values of a level in buckets of equal width.
#[derive(Clone, Debug, Default)]
struct Buckets {
    width: u64,
    levels: Vec<Level>,
}

/// A level within one bucket of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Level {
    /// Integral over the bucket, in units x ns; divided by the width it is the time average.
    pub area: u64,
    /// The highest value that lasted for more than an instant.
    pub peak: u64,
}

impl Gauge {
    /// A level of zero from time 0, integrated over `window` (ns, from and until).
    pub fn new(window: (u64, u64)) -> Self {
        let buckets = Buckets::default();
        Self { value: 0, since: 0, window, area: 0, positive: 0, peak: 0, buckets }
    }

    /// A gauge that also has `count` buckets of `width` ns.
    pub fn with_buckets(window: (u64, u64), width: u64, count: usize) -> Self {
        let buckets = Buckets { width, levels: vec![Level::default(); count] };
        Self { buckets, ..Self::new(window) }
    }

    /// The level now.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// Sets the level to `value` from `now` on. Only the last value of an instant lasts.
    pub fn set(&mut self, now: u64, value: u64) {
        if value != self.value {
            self.advance(now);
            self.value = value;
        }
    }

    /// Keeps the level until `now`.
    pub fn advance(&mut self, now: u64) {
        if now <= self.since {
            return;
        }
        let (from, until) = (self.since.max(self.window.0), now.min(self.window.1));
        if self.value > 0 && from < until {
            self.area += u128::from(self.value) * u128::from(until - from);
            self.positive += until - from;
            self.peak = self.peak.max(self.value);
        }
        if self.value > 0 {
            self.buckets.spread(self.since, now, self.value);
        }
        self.since = now;
    }

    /// The integral over the window, in units x ns.
    pub const fn area(&self) -> u128 {
        self.area
    }

    /// The time, in ns, for which it was above zero in the window.
    pub const fn positive(&self) -> u64 {
        self.positive
    }

    /// The highest value that lasted within the window.
    pub const fn peak(&self) -> u64 {
        self.peak
    }

    /// The mean over the window.
    pub fn time_average(&self) -> Quantity {
        Quantity::amount(self.area, self.window.1 - self.window.0, EMPTY_WINDOW)
    }

    /// The share of the window during which it was above zero.
    pub fn positive_share(&self) -> Quantity {
        Quantity::amount(self.positive, self.window.1 - self.window.0, EMPTY_WINDOW)
    }

    /// The values in buckets.
    pub fn into_levels(self) -> Vec<Level> {
        self.buckets.levels
    }
}

impl Buckets {
    fn spread(&mut self, from: u64, until: u64, value: u64) {
        let mut at = from;
        while at < until && !self.levels.is_empty() {
            let bucket = at / self.width;
            let Some(level) = self.levels.get_mut(bucket as usize) else { return };
            let end = until.min((bucket + 1) * self.width);
            level.area += value * (end - at);
            level.peak = level.peak.max(value);
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_exact_and_clipped_to_the_window() {
        let mut gauge = Gauge::new((10, 100));
        gauge.set(5, 2);
        gauge.set(20, 3);
        gauge.set(30, 0);
        gauge.set(95, 1);
        gauge.advance(200);
        assert_eq!(gauge.area(), 2 * 10 + 3 * 10 + 5);
        assert_eq!(gauge.positive(), 25);
        assert_eq!(gauge.peak(), 3);
    }

    #[test]
    fn buckets_add_up_to_the_integral() {
        let mut gauge = Gauge::with_buckets((0, 40), 10, 4);
        gauge.set(3, 4);
        gauge.set(25, 1);
        gauge.advance(40);
        let area = gauge.area();
        let levels = gauge.into_levels();
        assert_eq!(levels.iter().map(|level| level.area).collect::<Vec<_>>(), [28, 40, 25, 10]);
        assert_eq!(levels.iter().map(|level| level.peak).collect::<Vec<_>>(), [4, 4, 4, 1]);
        assert_eq!(area, 103);
    }

    #[test]
    fn a_value_that_lasts_no_time_leaves_no_trace() {
        let mut gauge = Gauge::with_buckets((0, 40), 10, 4);
        gauge.set(5, 9);
        gauge.set(5, 0);
        gauge.advance(40);
        assert_eq!((gauge.area(), gauge.peak()), (0, 0));
    }
}
