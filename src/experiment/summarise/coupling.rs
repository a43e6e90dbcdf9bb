//! M13 of one variant over all seeds, as text.

use std::collections::BTreeMap;

use crate::checks::RunReport;
use crate::checks::coupling::Coupling;
use crate::checks::measures::contention::Between;
use crate::experiment::result::{Contended, Touched};
use crate::experiment::verdicts::Strike;
use crate::model::record::Resource;
use crate::model::system::{ServiceId, System};
use crate::scenario::{Scenario, Variant};

/// The coupling that the variant's layout and pattern imply.
pub(super) fn of(variant: &Variant) -> Coupling {
    Coupling::of(&variant.system, |kind| variant.pattern.waits_in_turn(kind))
}

fn name(system: &System, service: ServiceId) -> String {
    system.services[service.index()].name.shown.to_string()
}

/// The waits between services, summed over the runs.
pub(super) fn contended(system: &System, reports: &[&RunReport]) -> Vec<Contended> {
    let mut sums: BTreeMap<Between, [u64; Resource::ALL.len()]> = BTreeMap::new();
    for (between, waited) in reports.iter().flat_map(|report| &report.contention.waited) {
        let sum = sums.entry(*between).or_default();
        sum.iter_mut().zip(waited).for_each(|(sum, more)| *sum += more);
    }
    let rows = sums.into_iter().map(|(between, [core, connection, lock])| {
        let Between { database, service, holder } = between;
        let all = reports.iter().map(|report| &report.contention);
        Contended {
            database: system.databases[database.index()].name.shown.to_string(),
            service: name(system, service),
            holder: holder.map(|holder| name(system, holder)),
            core,
            connection,
            lock,
            waits: all.clone().map(|it| it.waits(database, service)).sum(),
            took: all.map(|it| it.took(database, service)).sum(),
        }
    });
    rows.collect()
}

/// The effect of each fault of the scenario: in how many runs it struck, and which services it
/// touched. Faults that were drawn differ from seed to seed and are left out.
pub(super) fn touched(scenario: &Scenario, reports: &[&RunReport]) -> Vec<Touched> {
    let faults = (0..).zip(&scenario.faults).map(|(number, fault)| {
        let mut services: BTreeMap<ServiceId, u64> = BTreeMap::new();
        let blast_radii = reports.iter().flat_map(|report| &report.blast_radii);
        for radius in blast_radii.filter(|radius| radius.fault == number) {
            for service in &radius.services {
                *services.entry(*service).or_default() += 1;
            }
        }
        let reach = fault.fault.reach();
        let strikes = || reports.iter().map(|it| Strike::of(it, number, reach.needs_nodes()));
        let count = |which: &[Strike]| strikes().filter(|it| which.contains(it)).count() as u64;
        let targets = reach.names().join(", ");
        let services = services.into_iter();
        Touched {
            fault: format!("{} {targets}", fault.fault.name()).trim_end().into(),
            struck: count(&[Strike::Idle, Strike::Hit]),
            hit: count(&[Strike::Hit]),
            services: services.map(|(id, runs)| (name(&scenario.system, id), runs)).collect(),
        }
    });
    faults.collect()
}
