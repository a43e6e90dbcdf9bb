//! From values to positions, and where the ticks are.

use crate::report::human;

/// How values map onto an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Equal distances are equal differences.
    Linear,
    /// Equal distances are equal ratios; for values above zero.
    Log,
    /// Like a logarithm from about one on, and zero has a place.
    LogFromZero,
    /// Shares by their distance from one: 90, 99 and 99.9 % are equally far apart.
    Nines,
}

/// An axis: values from `low` to `high` lie between the positions `start` and `end`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    /// How values map.
    pub kind: Kind,
    /// The value at `start`.
    pub low: f64,
    /// The value at `end`.
    pub high: f64,
    /// A position in picture units.
    pub start: f64,
    /// A position in picture units.
    pub end: f64,
}

impl Scale {
    /// The position of a value; values beyond the ends are put there.
    pub fn at(&self, value: f64) -> f64 {
        let (low, high) = (self.stretch(self.low), self.stretch(self.high));
        let part = (self.stretch(value) - low) / (high - low);
        self.start + (self.end - self.start) * part.clamp(0.0, 1.0)
    }

    fn stretch(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear => value,
            Kind::Log => libm::log10(value.max(1e-300)),
            Kind::LogFromZero => libm::log10(1.0 + value.max(0.0)),
            Kind::Nines => -libm::log10((1.0 - value).max(1e-12)),
        }
    }

    /// A logarithmic axis that holds all values, from and to 1, 2 or 5 times a power of ten and at
    /// least a decade long.
    pub fn decades(values: impl IntoIterator<Item = f64>, start: f64, end: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for value in values.into_iter().filter(|value| *value > 0.0 && value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (1e6, 1e9);
        }
        let floor = power(libm::floor(libm::log10(low)));
        let low = [5.0, 2.0].into_iter().map(|by| by * floor).find(|tick| *tick <= low);
        let low = low.unwrap_or(floor);
        let high = high.max(10.0 * low);
        let floor = power(libm::floor(libm::log10(high)));
        let ends = [1.0, 2.0, 5.0].into_iter().map(|by| by * floor);
        let high = ends.into_iter().find(|tick| *tick >= high).unwrap_or(10.0 * floor);
        Self { kind: Kind::Log, low, high, start, end }
    }

    /// A linear axis whose ends are ticks.
    pub fn linear(low: f64, high: f64, start: f64, end: f64) -> Self {
        let step = step(high - low, 5.0);
        let (low, high) = (libm::floor(low / step) * step, libm::ceil(high / step) * step);
        let high = if high > low { high } else { low + step };
        Self { kind: Kind::Linear, low, high, start, end }
    }

    /// An axis of counts from zero to a power of ten, or to three times one.
    pub fn counts(most: f64, start: f64, end: f64) -> Self {
        let power = power(libm::ceil(libm::log10(most.max(1.0)))).max(10.0);
        let high = if most <= power * 0.3 { power * 0.3 } else { power };
        Self { kind: Kind::LogFromZero, low: 0.0, high, start, end }
    }

    /// The values of the ticks, ascending.
    pub fn ticks(&self) -> Vec<f64> {
        match self.kind {
            Kind::Linear => {
                let step = step(self.high - self.low, 5.0);
                let count = (self.high - self.low) / step + 1.5;
                (0..count as u32).map(|at| self.low + f64::from(at) * step).collect()
            }
            Kind::Log => {
                let few = self.high / self.low < 999.0;
                let parts: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
                decades_between(power(libm::floor(libm::log10(self.low))), self.high)
                    .into_iter()
                    .flat_map(|decade| parts.iter().map(move |part| part * decade))
                    .filter(|tick| *tick >= self.low * 0.999_999)
                    .filter(|tick| *tick <= self.high * 1.000_001)
                    .collect()
            }
            Kind::LogFromZero => [0.0].into_iter().chain(decades_between(1.0, self.high)).collect(),
            Kind::Nines => [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999]
                .into_iter()
                .filter(|share| *share <= self.high)
                .collect(),
        }
    }
}

/// Ticks of a time axis in nanoseconds: every 5, 10, 15, 30 or 60 seconds, or as needed.
pub fn time_ticks(end: f64) -> Vec<f64> {
    let seconds = end / 1e9;
    let steps = [0.1, 0.5, 1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
    let step = steps.into_iter().find(|step| seconds / step <= 9.0).unwrap_or(seconds / 6.0);
    let count = seconds / step + 1.000_001;
    (0..count as u32).map(|at| f64::from(at) * step * 1e9).collect()
}

/// A tick of a time axis: `10 ms`, and seconds up to any length.
pub fn time_label(nanos: f64) -> String {
    if nanos < 1e9 { human::nanos(nanos) } else { format!("{} s", human::number(nanos / 1e9)) }
}

fn decades_between(low: f64, high: f64) -> Vec<f64> {
    let (mut tick, mut ticks) = (low, Vec::new());
    while tick <= high * 1.000_001 {
        ticks.push(tick);
        tick *= 10.0;
    }
    ticks
}

/// Ten to a whole power, exact where a float can be.
fn power(exponent: f64) -> f64 {
    let one = if exponent < 0.0 { 0.1 } else { 10.0 };
    (0..exponent.abs() as u32).fold(1.0, |product, _| product * one)
}

/// A round step (1, 2 or 5 times a power of ten) that cuts `span` into about `parts` parts.
fn step(span: f64, parts: f64) -> f64 {
    let rough = if span > 0.0 { span / parts } else { 1.0 };
    let size = power(libm::floor(libm::log10(rough)));
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * size >= rough * 0.999);
    factor.unwrap_or(10.0) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_hold_all_values() {
        let scale = Scale::decades([3e5, 1.9e9, 0.0, f64::INFINITY], 0.0, 100.0);
        assert_eq!((scale.low, scale.high), (2e5, 2e9));
        assert_eq!(scale.ticks(), [1e6, 1e7, 1e8, 1e9]);
        assert!((scale.at(2e7) - 50.0).abs() < 1e-9);
        assert_eq!((scale.at(1.0), scale.at(1e12)), (0.0, 100.0));
        assert_eq!(Scale::decades([], 0.0, 1.0).ticks().len(), 4);
        let few = Scale::decades([2e6, 8e6], 0.0, 1.0);
        assert_eq!(few.ticks(), [2e6, 5e6, 1e7, 2e7]);
    }

    #[test]
    fn linear_axes_end_at_ticks() {
        let scale = Scale::linear(-3.0, 17.0, 0.0, 1.0);
        assert_eq!(scale.ticks(), [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0]);
        assert!(Scale::linear(0.0, 0.0, 0.0, 1.0).high > 0.0);
    }

    #[test]
    fn nines_are_equally_far_apart() {
        let scale = Scale { kind: Kind::Nines, low: 0.0, high: 0.999, start: 90.0, end: 0.0 };
        assert!((scale.at(0.9) - 60.0).abs() < 1e-9 && (scale.at(0.99) - 30.0).abs() < 1e-6);
        assert_eq!(scale.at(1.0), 0.0);
        assert_eq!(scale.ticks(), [0.0, 0.5, 0.9, 0.99, 0.999]);
    }

    #[test]
    fn counts_start_at_zero() {
        let scale = Scale::counts(250.0, 0.0, 1.0);
        assert_eq!(scale.ticks(), [0.0, 1.0, 10.0, 100.0]);
        assert_eq!(scale.high, 300.0);
        assert_eq!(scale.at(0.0), 0.0);
    }

    #[test]
    fn time_has_round_ticks() {
        assert_eq!(time_ticks(300e9).len(), 6);
        assert_eq!(time_ticks(360e9)[1], 60e9);
        assert_eq!((&*time_label(1e7), &*time_label(1e12)), ("10 ms", "1,000 s"));
        assert_eq!(time_label(0.0), "0 s");
    }
}
