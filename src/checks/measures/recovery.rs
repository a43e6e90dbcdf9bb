//! M11: when a run is back to what it would have been without its faults.
//!
//! The *fault-free twin* of a run is the same variant on the same seed without the faults: the same
//! operations arrive and draw the same random numbers. From the heal on, the two are compared in
//! windows of 5 s, until the load ends. A window is *within the tolerance* if in each of six
//! numbers run and twin differ by no more than 5 % of the twin's, or than the spread of fault-free
//! runs: five standard deviations, over the twins of all seeds, of the same window and of those
//! around it as far as the longest period reaches, because a fault may shift the phase of a poll
//! for good. (Two runs that had nothing but their distribution in common would stay so close in a
//! hundred windows with 95 %.)
//!
//! A loss for good, such as an order or a row that stays behind, does not delay recovery: backlog,
//! partial operations and violations are compared net of what they differ by at the end of settled
//! runs, and what a rule refuses because something before it was lost has an answer, and counts for
//! no latency.

use serde::{Deserialize, Serialize};

use super::gauge::Level;
use super::series::{Arrivals, FaultWindow};
use super::{Better, Measure, Quantity, Unit, Values};
use crate::checks::report::RunReport;
use crate::kernel::Span;

/// M11, recovery after the heal.
pub const RECOVERY: &Measure = &Measure::number(
    "m11",
    "recovery after the heal",
    Unit::Nanoseconds,
    Better::Lower,
    "From the end of the last fault to the first window of 5 s from which on, to the end of the \
     load, backlog, partial operations, violations, arrivals, the share of them that hear yes or \
     a rule's no, and the mean latency of those that no rule refuses, differ from those of the \
     fault-free twin (the same seed without the faults) by no more than 5 % of it, or than the \
     spread of fault-free runs (5 standard deviations over seeds). Else never. What is lost for \
     good does not delay it.",
)
.values(Values::Once)
.head("recovery")
.at_rest();

/// The reason why there is no recovery without a fault.
pub const NO_FAULT: &str = "there was no fault to recover from";
/// The reason why there is no recovery if the twin did not run.
pub const NO_TWIN: &str = "the fault-free twin was left out";
/// The reason why there is no recovery if the faults end with the load.
pub const NO_WINDOW: &str = "the last fault ends less than 5 s before the load does";
/// The reason why there is no recovery if the faults had no effect.
pub const NO_EFFECT: &str =
    "no effect shown: from the first fault on the run stays within the tolerance of its twin";

/// The length of a window.
const WINDOW: Span = Span::from_secs(5);
/// The share of the twin's number by which the run may always differ.
const TOLERATED: f64 = 0.05;
/// The number of standard deviations that fault-free runs may differ from each other.
const DEVIATIONS: f64 = 5.0;

/// The compared numbers, as sentences name them.
const NAMES: [&str; NUMBERS] =
    ["backlog", "partial operations", "violations", "arrivals", "answers", "latency"];
/// The number of compared numbers.
const NUMBERS: usize = 6;
/// The number of levels among them, which come first and may stay raised for good.
const LEVELS: usize = 3;

/// The numbers of one window; none if no operation arrived.
type Numbers = [Option<f64>; NUMBERS];

/// The part of a run's series that is compared with another run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Course {
    /// The length of a step, ns.
    step: u64,
    /// The steps up to the end of the load.
    steps: Vec<Step>,
    /// The areas of the levels in the last step of a settled run.
    left: Option<[u64; LEVELS]>,
}

/// One step of a [`Course`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Step {
    /// Backlog, partial operations, violations; in units x ns.
    levels: [u64; LEVELS],
    /// The operations that arrived.
    arrivals: Arrivals,
}

impl Course {
    /// The course of a run whose load ends at `load`.
    pub fn of(report: &RunReport, load: Span) -> Self {
        let series = &report.series;
        let step = series.width.as_nanos().max(1);
        let levels = |at: usize| {
            let of = |levels: &[Level]| levels.get(at).map_or(0, |level| level.area);
            [of(&series.backlog), of(&series.partial), of(&series.violations)]
        };
        let steps = (load.as_nanos() / step) as usize;
        let steps = (0..steps).map(|at| {
            let arrivals = series.arrivals.get(at).copied().unwrap_or_default();
            Step { levels: levels(at), arrivals }
        });
        let left = report.settled.then(|| levels(series.partial.len().saturating_sub(1)));
        Self { step, steps: steps.collect(), left }
    }

    /// The number of steps of a window.
    const fn width(&self) -> usize {
        (WINDOW.as_nanos() / self.step) as usize
    }

    /// The numbers of the window that begins at a step.
    fn window(&self, from: usize) -> Numbers {
        let steps = &self.steps[from..from + self.width()];
        let sum = |of: &dyn Fn(&Step) -> u64| steps.iter().map(of).sum::<u64>() as f64;
        let level = |at: usize| Some(sum(&|step| step.levels[at]) / WINDOW.as_nanos() as f64);
        let arrived = sum(&|step| step.arrivals.arrived);
        let refused = sum(&|step| step.arrivals.refused);
        let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        [
            level(0),
            level(1),
            level(2),
            Some(arrived),
            ratio(sum(&|step| step.arrivals.yes) + refused, arrived),
            ratio(sum(&|step| step.arrivals.waited), arrived - refused),
        ]
    }

    /// The number of whole windows from a step on.
    fn windows(&self, from: usize) -> usize {
        self.steps.len().saturating_sub(from) / self.width()
    }

    /// The amounts by which each number stays above that of the twin for good.
    fn lost(&self, twin: &Self) -> [f64; NUMBERS] {
        let mut lost = [0.0; NUMBERS];
        if let Some((own, twins)) = self.left.zip(twin.left) {
            for (lost, (own, twins)) in lost.iter_mut().zip(own.into_iter().zip(twins)) {
                *lost = (own as f64 - twins as f64) / self.step as f64;
            }
        }
        lost
    }
}

/// Sums of a number and of its squares over several runs.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn join(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self
    }

    fn deviation(&self) -> f64 {
        if self.count < 2.0 {
            return 0.0;
        }
        let around = self.squares - self.sum * self.sum / self.count;
        (around.max(0.0) / (self.count - 1.0)).sqrt()
    }
}

/// The differences between the fault-free runs of one variant.
#[derive(Debug)]
pub struct Spread {
    /// The moments, by the step at which a window begins.
    moments: Vec<[Moments; NUMBERS]>,
    /// The number of windows before and after that count as well.
    around: usize,
}

impl Spread {
    /// The spread of these fault-free runs, whose longest recurring period is `period`.
    pub fn of<'c>(twins: impl IntoIterator<Item = &'c Course>, period: Span) -> Self {
        let mut moments: Vec<[Moments; NUMBERS]> = Vec::new();
        let mut runs = 0;
        for twin in twins {
            runs += 1;
            let windows = (twin.steps.len() + 1).saturating_sub(twin.width());
            moments.resize(windows.max(moments.len()), Default::default());
            for (from, sums) in moments.iter_mut().enumerate().take(windows) {
                for (sums, value) in sums.iter_mut().zip(twin.window(from)) {
                    value.into_iter().for_each(|value| sums.add(value));
                }
            }
        }
        // A single run has only its own windows from which its variation can be estimated.
        let least = if runs == 1 { 2 } else { 1 };
        let around = period.as_nanos().div_ceil(WINDOW.as_nanos()) as usize;
        Self { moments, around: around.max(least) }
    }

    /// The greatest difference of a number between two fault-free runs in the window that begins at
    /// a step.
    fn at(&self, from: usize, width: usize, number: usize) -> f64 {
        let before = (0..=self.around).filter_map(|back| from.checked_sub(back * width));
        let behind = (1..=self.around).map(|on| from + on * width);
        let windows = before.chain(behind).filter_map(|at| self.moments.get(at));
        let joined = windows.fold(Moments::default(), |sum, found| sum.join(&found[number]));
        DEVIATIONS * joined.deviation()
    }
}

/// A run beside its fault-free twin.
struct Pair<'c> {
    run: &'c Course,
    twin: &'c Course,
    spread: &'c Spread,
}

impl Pair<'_> {
    /// The numbers of the window that begins at a step that exceed the tolerance, if the run may
    /// differ by `net` for good.
    fn apart(&self, from: usize, net: [f64; NUMBERS]) -> impl Iterator<Item = usize> {
        let (run, twin) = (self.run.window(from), self.twin.window(from));
        let width = self.run.width();
        (0..NUMBERS).filter(move |number| {
            let (Some(own), Some(twin)) = (run[*number], twin[*number]) else { return false };
            let difference = (own - twin - net[*number]).abs();
            let spread = || self.spread.at(from, width, *number);
            difference > TOLERATED * twin.abs() && difference > spread()
        })
    }

    fn is_within(&self, from: usize, net: [f64; NUMBERS]) -> bool {
        self.apart(from, net).next().is_none()
    }

    /// Returns whether the run shows any effect of its faults from a step on.
    fn shows_any(&self, from: usize) -> bool {
        let mut starts = (0..self.run.windows(from)).map(|at| from + at * self.run.width());
        self.run.lost(self.twin).iter().any(|lost| *lost != 0.0)
            || starts.any(|from| !self.is_within(from, [0.0; NUMBERS]))
    }
}

/// M11 of a run with these faults, beside its twin.
pub fn recovery(run: &Course, twin: &Course, spread: &Spread, faults: &[FaultWindow]) -> Quantity {
    let Some(strike) = faults.iter().map(|fault| fault.began.as_nanos()).min() else {
        return Quantity::Missing { why: NO_FAULT };
    };
    let pair = Pair { run, twin, spread };
    if !pair.shows_any((strike / run.step) as usize) {
        return Quantity::Missing { why: NO_EFFECT };
    }
    let load = run.steps.len() as u64 * run.step;
    let ends = faults.iter().map(|fault| fault.ended.map_or(load, |end| end.as_nanos()));
    let healed = ends.max().unwrap_or(load);
    let (from, width) = (healed.div_ceil(run.step) as usize, run.width());
    let windows = run.windows(from);
    if windows == 0 {
        return Quantity::Missing { why: NO_WINDOW };
    }
    let lost = run.lost(twin);
    let starts = (0..windows).rev().map(|at| from + at * width);
    match starts.take_while(|at| pair.is_within(*at, lost)).last() {
        None => Quantity::Never,
        Some(at) if at == from => Quantity::total(0_u64),
        Some(at) => Quantity::total(at as u64 * run.step - healed),
    }
}

/// The names of the numbers that exceed the tolerance of the twin in the last 5 s of the load.
pub fn apart_at_last(run: &Course, twin: &Course, spread: &Spread) -> Vec<&'static str> {
    let from = run.steps.len().saturating_sub(run.width());
    let pair = Pair { run, twin, spread };
    pair.apart(from, run.lost(twin)).map(|number| NAMES[number]).collect()
}
