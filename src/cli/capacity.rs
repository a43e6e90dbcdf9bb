//! `driftlab capacity`: the load at which a variant breaks its expectation.

use super::args::Capacity;
use super::compare::choose;
use super::crossover::{Lookout, against, range};
use super::{Error, Exit, Session, print, source, sweep};
use crate::checks::expectation::{Bound, Expectation, Limit};
use crate::checks::measures::Unit;
use crate::experiment::result::Figure;
use crate::report;
use crate::report::crossing::Wanted;
use crate::scenario::Scenario;
use crate::scenario::sweep::number;

/// `driftlab capacity`.
pub fn capacity(session: &Session, args: &Capacity) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let axis = range(session, &scenario, &args.vary)?;
    let wanted = wanted(session, &scenario, args)?;
    let variants = choose(&scenario, &args.runs.variants)?;
    let mut exit = Exit::Held;
    for variant in variants {
        let name = variant.name.shown.to_string();
        let at = scenario.variants.iter().position(|it| it.name.shown == variant.name.shown);
        let concerned = |wanted: &&Wanted| {
            wanted.variants.is_empty() || at.is_some_and(|at| wanted.variants.contains(&at))
        };
        for wanted in wanted.iter().filter(concerned) {
            let look = Lookout::new(session, &args.runs, &scenario, &axis, &[&name])?;
            let found =
                look.search(|comparison| against(comparison, &name, &wanted.figure, wanted.limit));
            let Some(found) = look.end(found)? else { return Ok(Exit::Interrupted) };
            print(&report::crossing::capacity(&axis, wanted, &name, &found, session.terminal))?;
            if found.looks.iter().all(|look| look.found.is_none()) {
                exit = Exit::Undecided;
            }
        }
    }
    Ok(exit)
}

/// The limits to look for: that of the command line, or those of the scenario.
fn wanted(session: &Session, scenario: &Scenario, args: &Capacity) -> Result<Vec<Wanted>, Error> {
    let given = args.below.as_ref().map(|text| (text, true));
    let given = given.or(args.at_least.as_ref().map(|text| (text, false)));
    if let (Some(name), Some((text, is_upper))) = (&args.measure, given) {
        let figure = sweep::figure(session, scenario, name)?;
        let limit = amount(&figure, text)?;
        return Ok(vec![Wanted { figure, limit, is_upper, variants: Vec::new() }]);
    }
    let found: Vec<Wanted> = scenario.expectations.iter().filter_map(expected).collect();
    if found.is_empty() {
        return Err(Error::Usage(format!(
            "`{}` expects no measure to be below or above a number\nhint: give one, such as \
             `--measure m10.done.p99 --below 500ms`",
            scenario.name
        )));
    }
    Ok(found)
}

/// The limit of an expectation, if it has a number of each run and a number for a limit.
fn expected(expectation: &Expectation) -> Option<Wanted> {
    let Bound::Amount(limit) = expectation.bound else { return None };
    let figure = Figure::of(&expectation.subject)?;
    let is_upper = matches!(expectation.limit, Limit::Below | Limit::AtMost);
    Some(Wanted { figure, limit, is_upper, variants: expectation.variants.clone() })
}

/// A limit in the unit of its figure.
fn amount(figure: &Figure, text: &str) -> Result<f64, Error> {
    let value = text.parse().map_or_else(|_| toml::Value::String(text.into()), toml::Value::Float);
    let is_time = figure.unit() == Unit::Nanoseconds;
    let wanted = if is_time { "a duration such as `500ms`" } else { "a number" };
    let limit = number(&value).filter(|_| value.is_str() == is_time);
    limit.ok_or_else(|| Error::Usage(format!("`{figure}` is {wanted}, and `{text}` is none")))
}
