//! The axes of the charts, as coordinates for plotters.
//!
//! The axes of plotters use logarithms that differ between platforms in the last digit, have no
//! scale of nines (90, 99, 99.9 %), and have no place for infinite values.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::human;

/// An axis with its ticks. An infinite value has its place at the end of the axis, beyond all
/// others.
pub struct Axis {
    /// The transformation of values after which equal distances on paper are equal differences.
    stretch: fn(f64) -> f64,
    low: f64,
    high: f64,
    /// The dots between the finite values and the place of infinite ones: at the low end and at the
    /// high one.
    apart: (i32, i32),
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis on which equal distances are equal differences.
    pub fn linear(Range { start, end }: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        Self { stretch: |value| value, low: start, high: end, apart: (0, 0), ticks }
    }

    /// An axis on which equal distances are equal ratios; it begins above zero.
    pub fn ratios(range: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        Self { stretch: libm::log10, ..Self::linear(range, ticks) }
    }

    /// A linear axis from zero to a tick that holds `most`.
    pub fn from_zero(most: f64, label: impl Fn(f64) -> String) -> Self {
        let step = step(most);
        let count = libm::ceil(most / step).max(1.0) as u32;
        let ticks = (0..=count).map(|at| f64::from(at) * step);
        Self::linear(0.0..f64::from(count) * step, ticks.map(|at| (at, label(at))).collect())
    }

    /// A linear axis from tick to tick that holds everything between two values.
    pub fn holding(low: f64, high: f64, label: impl Fn(f64) -> String) -> Self {
        let step = step(high - low);
        let (first, last) = (libm::floor(low / step), libm::ceil(high / step));
        let last = if first == last { first + 1.0 } else { last };
        let ticks = (0..=(last - first) as u32).map(|at| (first + f64::from(at)) * step);
        let ticks = ticks.map(|at| (at, label(at))).collect();
        Self::linear(first * step..last * step, ticks)
    }

    /// An axis of simulated time in nanoseconds with a tick every 5, 10, 15, 30 or 60 seconds, or
    /// at longer steps.
    pub fn time(end: f64) -> Self {
        let seconds = end / 1e9;
        let steps =
            [0.1, 0.5, 1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
        let step = steps.into_iter().find(|step| seconds / step <= 9.0).unwrap_or(seconds / 6.0);
        let ticks = (0..(seconds / step + 1.000_001) as u32).map(|at| f64::from(at) * step * 1e9);
        Self::linear(0.0..end, ticks.map(|at| (at, span(at))).collect())
    }

    /// An axis of rows, the first one on top: row `n` lies from `n` to `n + 1`.
    pub fn rows(names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().enumerate();
        let ticks: Vec<_> = names.map(|(row, name)| (row as f64 + 0.5, name)).collect();
        Self::linear(ticks.len().max(1) as f64..0.0, ticks)
    }

    /// A logarithmic axis that contains all these times in nanoseconds, from and to 1, 2 or 5 times
    /// a power of ten, and at least a decade long.
    pub fn decades(spans: impl IntoIterator<Item = f64>) -> Self {
        let spans = spans.into_iter().filter(|span| *span > 0.0 && span.is_finite());
        let (low, high) =
            spans.fold((f64::INFINITY, 0.0_f64), |(low, high), at| (low.min(at), high.max(at)));
        let (low, high) = if low > high { (1e6, 1e9) } else { (low, high) };
        let parts = [1.0, 2.0, 5.0];
        let steps = || powers(1e19).flat_map(|power| parts.map(|part| part * power));
        let low = steps().take_while(|step| *step <= low).last().unwrap_or(1.0);
        let high = steps().find(|step| *step >= high.max(10.0 * low)).unwrap_or(high);
        // Ticks at 1, 2 and 5 times a power of ten, or only at the powers where there are many.
        let every = if high / low < 150.0 { 1 } else { parts.len() };
        let ticks = steps().step_by(every).filter(|tick| (low..=high).contains(tick));
        let ticks = ticks.map(|tick| (tick, span(tick))).collect();
        Self { stretch: libm::log10, low, high, apart: (0, 0), ticks }
    }

    /// An axis of counts that is logarithmic from about one on; zero has a place on it.
    pub fn counts(most: f64) -> Self {
        let high = most.max(2.4) * 1.25;
        let ticks = [0.0].into_iter().chain(powers(high));
        let ticks = ticks.map(|tick| (tick, human::count(tick as u64))).collect();
        Self { stretch: |value| libm::log10(1.0 + value), low: 0.0, high, apart: (0, 0), ticks }
    }

    /// An axis of shares by their distance from one, as far as `n` values can resolve them: 90, 99
    /// and 99.9 % are at equal distances.
    pub fn nines(n: u64) -> Self {
        let ends = [(0.99, 4), (0.999, 5), (0.9999, 6)];
        let enough = |(share, _): &(f64, usize)| (1.0 - share) * n as f64 <= 10.0;
        let (high, count) = ends.into_iter().find(enough).unwrap_or(ends[2]);
        let labels = ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"];
        let ticks = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999].into_iter().zip(labels.map(String::from));
        let ticks = ticks.take(count).collect();
        Self { stretch: |share| -libm::log10(1.0 - share), low: 0.0, high, apart: (0, 0), ticks }
    }

    /// The highest finite value.
    pub fn end(&self) -> f64 {
        self.high
    }

    /// Adds a tick for an infinite value, this many dots from all finite ones.
    pub fn with_far(mut self, value: f64, label: &str, apart: i32) -> Self {
        let is_high = (self.stretch)(value) > 0.0;
        *(if is_high { &mut self.apart.1 } else { &mut self.apart.0 }) = apart;
        self.ticks.push((value, label.into()));
        self
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    /// The dot of a value; values beyond the ends are drawn at the ends.
    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let at = (self.stretch)(*value);
        let forward = (end - start).signum();
        if at.is_infinite() {
            return if at > 0.0 { end } else { start };
        }
        let (low, high) = ((self.stretch)(self.low), (self.stretch)(self.high));
        let (first, last) = (start + forward * self.apart.0, end - forward * self.apart.1);
        let part = ((at - low) / (high - low)).clamp(0.0, 1.0);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let is_main = !hint.weight().allow_light_points();
        self.ticks.iter().filter(|_| is_main).map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let label = self.ticks.iter().find(|(tick, _)| tick == value);
        label.map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// A time as a tick shows it: `10 ms`; times of any length above a second are in seconds.
fn span(nanos: f64) -> String {
    if nanos < 1e9 { human::nanos(nanos) } else { format!("{} s", human::number(nanos / 1e9)) }
}

/// The powers of ten from one up to `high`.
fn powers(high: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), |power| Some(power * 10.0))
        .take_while(move |power| *power <= high)
}

/// A round step (1, 2 or 5 times a power of ten) that divides `span` into about five parts.
fn step(span: f64) -> f64 {
    let rough = if span > 0.0 { span / 5.0 } else { 1.0 };
    let size = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * size >= rough * 0.999);
    factor.unwrap_or(10.0) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis) -> Vec<f64> {
        axis.ticks.iter().map(|(tick, _)| *tick).collect()
    }

    #[test]
    fn decades_hold_all_values() {
        let axis = Axis::decades([3e5, 1.9e9, 0.0, f64::INFINITY]);
        assert_eq!((axis.low, axis.high), (2e5, 2e9));
        assert_eq!(ticks(&axis), [1e6, 1e7, 1e8, 1e9]);
        assert_eq!((axis.map(&1.0, (0, 100)), axis.map(&1e12, (0, 100))), (0, 100));
        assert_eq!(ticks(&Axis::decades([])).len(), 4);
        assert_eq!(ticks(&Axis::decades([2e6, 8e6])), [2e6, 5e6, 1e7, 2e7]);
    }

    #[test]
    fn what_is_infinitely_far_has_a_place_of_its_own() {
        let axis = Axis::decades([1e6, 1e9]).with_far(0.0, "0", 10);
        let axis = axis.with_far(f64::INFINITY, "never", 20);
        let places = [0.0, 1.0, 1e6, 1e9, 1e12, f64::INFINITY].map(|at| axis.map(&at, (200, 100)));
        assert_eq!(places, [200, 190, 190, 120, 120, 100]);
        assert_eq!(axis.format_ext(&f64::INFINITY), "never");
    }

    #[test]
    fn linear_axes_end_at_ticks() {
        let axis = Axis::from_zero(7.3, |at| at.to_string());
        let labels = axis.ticks.iter().map(|(_, label)| &**label);
        assert_eq!(labels.collect::<Vec<_>>(), ["0", "2", "4", "6", "8"]);
        assert_eq!((axis.high, Axis::from_zero(0.0, |at| at.to_string()).high), (8.0, 1.0));
        let holding = Axis::holding(-0.3, 1.1, |at| at.to_string());
        assert_eq!(ticks(&holding), [-0.5, 0.0, 0.5, 1.0, 1.5]);
        assert_eq!(ticks(&Axis::holding(0.0, 0.0, |at| at.to_string())).len(), 2);
        assert_eq!(ticks(&Axis::time(300e9)).len(), 6);
        assert_eq!(ticks(&Axis::time(360e9))[1], 60e9);
        assert_eq!((&*span(1e7), &*span(1e12), &*span(0.0)), ("10 ms", "1,000 s", "0 s"));
    }

    #[test]
    fn nines_are_equally_far_apart_and_counts_start_at_zero() {
        let nines = Axis::nines(900).with_far(1.0, "all", 10);
        assert_eq!(ticks(&nines), [0.0, 0.5, 0.9, 0.99, 1.0]);
        let places = [0.0, 0.9, 0.99, 0.9999, 1.0].map(|at| nines.map(&at, (0, 210)));
        assert_eq!(places, [0, 100, 200, 200, 210]);
        let counts = Axis::counts(250.0);
        assert_eq!((ticks(&counts), counts.map(&0.0, (0, 100))), (vec![0.0, 1.0, 10.0, 100.0], 0));
    }
}
