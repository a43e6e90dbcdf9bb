//! `driftlab sweep`: a comparison at every point of one or two swept values.

use super::args::{Runs, Sweep, SweepFormat};
use super::compare::choose;
use super::figures::figures;
use super::job::{Job, Order, Outcome, Place, Plan, carry_out};
use super::swept::axis;
use super::{Error, Exit, Session, print, quote, source, write};
use crate::report;
use crate::scenario::Scenario;
use crate::scenario::sweep::Axis;

/// `driftlab sweep`.
pub fn sweep(session: &Session, args: &Sweep) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let order = order(session, &scenario, &args.runs, &args.vary, &args.measure)?;
    let plan = Plan::new(&scenario, order);
    let job = Job::new(session, scenario, plan)?;
    let place = Place { out: args.out.as_deref(), named: job.folder(), fresh: args.fresh };
    carry_out(session, &job, &args.runs, &place, |outcome| match (outcome, args.format) {
        (Outcome::Swept(swept), SweepFormat::Csv) => write(&report::sweep::table(swept)),
        _ => print(&outcome.render(session.terminal, false)),
    })
}

/// The order of a sweep of these runs at the points of these axes, or of those of the scenario.
pub fn order(
    session: &Session,
    scenario: &Scenario,
    runs: &Runs,
    vary: &[String],
    measure: &[String],
) -> Result<Order, Error> {
    let axes = axes(session, scenario, vary)?;
    figures(session, scenario, measure)?;
    let mut options = runs.options(scenario);
    for axis in vary {
        options.push_str(&format!(" --vary {}", quote(axis)));
    }
    if !measure.is_empty() {
        options.push_str(&format!(" --measure {}", quote(&measure.join(","))));
    }
    let variants = choose(scenario, &runs.variants)?;
    Ok(Order {
        command: "sweep",
        options,
        variants: variants.iter().map(|variant| variant.name.shown.to_string()).collect(),
        seeds: runs.seeds(scenario),
        twins: !runs.no_twin,
        vary: axes.iter().map(Axis::typed).collect(),
        measure: measure.to_vec(),
        ..Order::default()
    })
}

/// The axes of the command line, or those of the scenario.
pub fn axes(session: &Session, scenario: &Scenario, vary: &[String]) -> Result<Vec<Axis>, Error> {
    if vary.is_empty() {
        if scenario.sweep.is_empty() {
            return Err(Error::Usage(format!(
                "`{}` says nothing of a sweep\nhint: add `[sweep]` to it, or give --vary \
                 PLACE=VALUES; `driftlab explain sweep` shows how",
                scenario.name
            )));
        }
        return Ok(scenario.sweep.clone());
    }
    let axes = vary.iter().map(|text| axis(session, scenario, text));
    axes.collect()
}
