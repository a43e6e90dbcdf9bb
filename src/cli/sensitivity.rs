//! `driftlab sensitivity`: which of the stated differences hang on which assumption.

use super::args::{Format, Moved, Runs, Sensitivity as Args};
use super::compare::choose;
use super::job::{Job, Order, Outcome, Place, Plan, carry_out};
use super::moved::Moves;
use super::{Error, Exit, Session, print, quote, source, write};
use crate::report;
use crate::scenario::{Scenario, Variant};
use crate::stats::MIN_SEEDS;

/// `driftlab sensitivity`.
pub fn sensitivity(session: &Session, args: &Args) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let plan = Plan::new(&scenario, order(&scenario, &args.runs, &args.moved)?);
    let job = Job::new(session, scenario, plan)?;
    let place = Place { out: args.out.as_deref(), named: job.folder(), fresh: args.fresh };
    carry_out(session, &job, &args.runs, &place, |outcome| match (outcome, args.format) {
        (Outcome::Moved(comparison, found), Format::Json) => {
            write(&report::sensitivity::json(found, comparison))
        }
        (Outcome::Moved(_, found), Format::Csv) => write(&report::sensitivity::table(found)),
        _ => print(&outcome.render(session.terminal, false)),
    })
}

/// The order of a comparison whose assumptions are moved.
pub fn order(scenario: &Scenario, runs: &Runs, moved: &Moved) -> Result<Order, Error> {
    let variants = choose(scenario, &runs.variants)?;
    comparable(&variants, runs)?;
    let Moved { factor, only, morris } = moved;
    let mut options = runs.options(scenario);
    options.push_str(&format!(" --factor {factor}"));
    if !only.is_empty() {
        options.push_str(&format!(" --only {}", quote(&only.join(","))));
    }
    let trajectories = morris.unwrap_or(0);
    if trajectories > 0 {
        options.push_str(&format!(" --morris {trajectories}"));
    }
    let moves = Moves { factor: *factor, only: only.clone(), trajectories };
    Ok(Order {
        command: "sensitivity",
        options,
        variants: variants.iter().map(|variant| variant.name.shown.to_string()).collect(),
        seeds: runs.seeds(scenario),
        twins: !runs.no_twin,
        moves: Some(moves),
        ..Order::default()
    })
}

/// Refuses what no difference could be stated of.
fn comparable(variants: &[&Variant], runs: &Runs) -> Result<(), Error> {
    let message = match () {
        () if variants.len() < 2 => "a difference is one between two variants".to_owned(),
        () if runs.seeds < MIN_SEEDS as u64 => {
            format!("an interval needs at least {MIN_SEEDS} seeds")
        }
        () => return Ok(()),
    };
    Err(Error::Usage(message))
}
