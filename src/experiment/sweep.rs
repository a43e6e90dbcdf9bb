//! A sweep: a comparison at every point, on the same seeds.

use std::sync::Arc;

use super::compare::{Shelf, Study};
use super::result::{Comparison, Figure};
use super::stop::Stop;
use crate::scenario::Inputs;
use crate::scenario::sweep::{Axis, Point};
use crate::stats::Curve;

/// A sweep to make: some variants on some seeds, at every point.
pub struct Sweep<'a> {
    /// The points.
    pub points: &'a [Point],
    /// The names of the variants, each of which every point has.
    pub variants: Vec<String>,
    /// The seeds; every variant runs on each, at each point.
    pub seeds: Vec<u64>,
    /// True if each run in which something goes wrong has a twin in which nothing does.
    pub twins: bool,
}

/// The outcome of a sweep.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Swept {
    /// The axes.
    pub axes: Vec<Axis>,
    /// The points that were finished, in the order of the axes.
    pub points: Vec<SweptPoint>,
    /// The figures that are drawn and told, the most important first.
    pub figures: Vec<Figure>,
    /// The files of which the scenario was read.
    pub inputs: Arc<Inputs>,
    /// The command that gives the same bytes again.
    pub command: String,
    /// Warnings that a reader should know before believing the numbers, in full sentences.
    pub warnings: Vec<String>,
}

/// A point of a sweep that was finished.
#[derive(Clone, PartialEq, Debug)]
pub struct SweptPoint {
    /// The position of its value on each axis.
    pub at: Vec<usize>,
    /// The numbers there. Lists of operations and curves over time are left out: there may be very
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

    /// Runs everything, point by point, but takes runs from the shelf that are there, and puts new
    /// ones there. `done` is called after each run, from any thread. Once `stop` is set no run goes
    /// on; points that were not finished are left out.
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
fn numbers(mut comparison: Comparison) -> Comparison {
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
    /// Those of the figures that comparisons look at that say something: some point has a number
    /// that is not zero.
    pub fn telling(points: &[SweptPoint]) -> Vec<Figure> {
        let says = |figure: &Figure| {
            let variants = points.iter().flat_map(|point| &point.comparison.variants);
            let mut numbers = variants.filter_map(|variant| figure.estimate(variant));
            numbers.any(|estimate| estimate.value != 0.0)
        };
        Figure::compared().filter(says).collect()
    }

    /// The first point, which has whatever is the same at all of them.
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
