//! A sweep: a comparison at every point, on the same seeds.

use std::sync::Arc;

use super::compare::{Shelf, Study};
use super::result::{Comparison, Figure};
use super::sought::Searched;
use super::stop::Stop;
use crate::scenario::Inputs;
use crate::scenario::sweep::{Axis, Point};
use crate::stats::Curve;

/// A sweep to be made: some variants on some seeds, at every point.
pub struct Sweep<'a> {
    /// The points.
    pub points: &'a [Point],
    /// The names of the variants, each of which every point has.
    pub variants: Vec<String>,
    /// The seeds; every variant runs on each, at each point.
    pub seeds: Vec<u64>,
    /// True if each run with faults has a fault-free twin.
    pub twins: bool,
}

/// The outcome of a sweep.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Swept {
    /// The axes.
    pub axes: Vec<Axis>,
    /// The points that were finished, in the order of the axes.
    pub points: Vec<SweptPoint>,
    /// The figures that are drawn and described, the most important first.
    pub figures: Vec<Figure>,
    /// The files from which the scenario was read.
    pub inputs: Arc<Inputs>,
    /// The command that reproduces the same bytes.
    pub command: String,
    /// Warnings about the validity of the numbers, in full sentences.
    pub warnings: Vec<String>,
    /// The searches whose values the points are; none in a sweep that was asked for.
    pub searches: Vec<Searched>,
}

/// A point of a sweep that was finished.
#[derive(Clone, PartialEq, Debug)]
pub struct SweptPoint {
    /// The position of its value on each axis.
    pub at: Vec<usize>,
    /// The numbers at the point, without lists of operations and time series: there may be very
    /// many points.
    pub comparison: Comparison,
}

impl<'a> Sweep<'a> {
    /// The comparison of each point.
    pub fn studies(&self) -> Vec<Study<'a>> {
        let study = |point: &'a Point| {
            let named = |name: &String| point.scenario.variant(name);
            Study {
                scenario: &point.scenario,
                variants: self.variants.iter().filter_map(named).collect(),
                seeds: self.seeds.clone(),
                twins: self.twins,
                lists: false,
            }
        };
        self.points.iter().map(study).collect()
    }

    /// Makes all runs, point by point, but takes those that are on the shelf from there, and stores
    /// new ones there. `done` is called after each run, from any thread. Once `stop` is set no run
    /// continues; unfinished points are left out.
    pub fn run(&self, shelf: &dyn Shelf, stop: &Stop, done: &(dyn Fn() + Sync)) -> Vec<SweptPoint> {
        let mut finished = Vec::new();
        for (point, study) in self.points.iter().zip(self.studies()) {
            let compared = study.resume(shelf, stop, done);
            let Some(comparison) = compared.comparison else { break };
            if compared.finished < self.seeds.len() {
                break;
            }
            finished.push(SweptPoint { at: point.at.clone(), comparison: numbers(comparison) });
        }
        finished
    }
}

/// A comparison without what takes much memory, and without the settings that it rests on, which
/// are others at other points: what is left are its numbers.
pub fn numbers(mut comparison: Comparison) -> Comparison {
    comparison.rests_on.clear();
    for variant in &mut comparison.variants {
        variant.operations = Arc::default();
        variant.series.points = Vec::new();
        for curve in [&mut variant.lag, &mut variant.done, &mut variant.accepted] {
            *curve = Curve::default();
        }
    }
    comparison
}

impl Swept {
    /// The compared figures with a number other than zero at some point.
    pub fn telling(points: &[SweptPoint]) -> Vec<Figure> {
        let says = |figure: &Figure| {
            let variants = points.iter().flat_map(|point| &point.comparison.variants);
            let mut numbers = variants.filter_map(|variant| figure.estimate(variant));
            numbers.any(|estimate| estimate.value != 0.0)
        };
        Figure::compared().filter(says).collect()
    }

    /// The first point, which stands for everything that all points have in common.
    pub fn first(&self) -> Option<&Comparison> {
        self.points.first().map(|point| &point.comparison)
    }

    /// The names of the variants.
    pub fn variants(&self) -> Vec<&str> {
        let variants = self.first().into_iter().flat_map(|first| &first.variants);
        variants.map(|variant| &*variant.name).collect()
    }

    /// The point with these positions, if it was finished.
    pub fn point(&self, at: &[usize]) -> Option<&Comparison> {
        self.points.iter().find(|point| point.at == at).map(|point| &point.comparison)
    }
}

#[cfg(test)]
mod tests;
