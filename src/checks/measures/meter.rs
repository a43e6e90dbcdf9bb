//! The interface of a meter: a fold over the history that takes measures of a user's program.

use std::sync::Arc;

use super::catalogue::CATALOGUE;
use super::{Distribution, Measure, Measured, Quantity};
use crate::checks::audience::Audience;
use crate::checks::properties::Ended;
use crate::checks::{Books, Listener};
use crate::model::record::{Kind, Record};
use crate::model::system::System;

/// A fold over the history of a run that takes measures: one type, one file, one line in the list
/// of meters. Like every judge it reads records and changes nothing.
pub trait Meter: Sized + 'static {
    /// The declarations of the measures that it takes. Their identifiers must be unique.
    const MEASURES: &'static [&'static Measure];
    /// The kinds of record that it is shown.
    const SEES: &'static [Kind];

    /// The meter before the first record.
    fn new(system: &Arc<System>) -> Self;

    /// Takes in the next record of a kind that it sees.
    fn see(&mut self, record: &Record);

    /// Takes the measures at the end of the run. A measure that is not taken is missing in this
    /// run.
    fn finish(self, end: &Ended<'_>, into: &mut Measured);
}

/// A meter in a run.
trait Metering {
    fn see(&mut self, record: &Record);
    fn finish(self: Box<Self>, end: &Ended<'_>, into: &mut Measured);
}

impl<M: Meter> Metering for M {
    fn see(&mut self, record: &Record) {
        Meter::see(self, record);
    }

    fn finish(self: Box<Self>, end: &Ended<'_>, into: &mut Measured) {
        Meter::finish(*self, end, into);
        // Every run must have every measure, or runs could not be compared.
        for measure in M::MEASURES {
            match into.get(&(*measure).into()) {
                Some(_) => {}
                None if measure.is_many() => into.distribution(*measure, Distribution::default()),
                None => into.quantity(*measure, Quantity::Missing { why: "it was not measured" }),
            }
        }
    }
}

/// A registered meter.
#[derive(Clone)]
struct Known {
    measures: &'static [&'static Measure],
    sees: &'static [Kind],
    begin: fn(&Arc<System>) -> Box<dyn Metering>,
}

/// The meters of a user's program, beside the measures that driftlab brings.
#[derive(Clone, Default)]
pub struct Meters(Vec<Known>);

impl Meters {
    /// Adds a meter.
    pub fn add<M: Meter>(&mut self) {
        let begin = |system: &Arc<System>| Box::new(M::new(system)) as Box<dyn Metering>;
        self.0.push(Known { measures: M::MEASURES, sees: M::SEES, begin });
    }

    /// All measures of a run: those that driftlab brings, then those of these meters.
    pub fn measures(&self) -> Vec<&'static Measure> {
        let own = self.0.iter().flat_map(|known| known.measures);
        CATALOGUE.iter().chain(own).copied().collect()
    }
}

/// The meters of one run.
pub struct MeteredRun {
    meters: Vec<Box<dyn Metering>>,
    audience: Audience,
}

impl MeteredRun {
    /// All meters before the first record of a run of this system.
    pub fn new(system: &Arc<System>, meters: &Meters) -> Self {
        let audience = Audience::new(meters.0.iter().map(|known| known.sees));
        let meters = meters.0.iter().map(|known| (known.begin)(system)).collect();
        Self { meters, audience }
    }

    /// Takes the measures at the end of the run.
    pub fn finish(self, end: &Ended<'_>, into: &mut Measured) {
        self.meters.into_iter().for_each(|meter| meter.finish(end, into));
    }
}

impl Listener for MeteredRun {
    #[inline]
    fn see(&mut self, record: &Record, _: &mut Books) {
        for at in self.audience.of(record.kind()) {
            self.meters[at].see(record);
        }
    }
}
