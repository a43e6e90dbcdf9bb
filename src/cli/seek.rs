//! Searches along the values of a place: what `driftlab crossover` and `driftlab capacity` share.
//!
//! Which values are looked at depends on what was found before. Once all have been, they are the
//! points of a sweep: its runs are those of the search, and of them alone the folder of results is
//! made, by this command as by `driftlab report`.

use std::path::Path;

use super::args::Runs;
use super::compare::{check, pool};
use super::job::{Job, Order, Outcome, Place, Plan, Workshop, carry_on};
use super::sought::Search;
use super::swept::{axis, points};
use super::unfinished::Unfinished;
use super::{Error, Exit, Session, remark, source};
use crate::experiment::compare::Study;
use crate::experiment::crossing::crossings;
use crate::experiment::result::Comparison;
use crate::experiment::sought::Sought;
use crate::experiment::stop::Stop;
use crate::report;
use crate::scenario::Scenario;
use crate::scenario::sweep::{Axis, Scale, number, shown};
use crate::stats::MIN_SEEDS;

/// How many values of a range are looked at first.
const FIRST: usize = 9;

/// The range of the command line, with how many of its values are looked at first.
///
/// # Errors
/// If the scenario has no such place, or the values are no numbers.
pub fn range(session: &Session, scenario: &Scenario, text: &str) -> Result<String, Error> {
    let values = text.split_once('=').map_or("", |(_, values)| values);
    let steps = match values.split_once("..").map(|(_, rest)| rest.split_once(':')) {
        Some(None | Some((_, "log" | "lin"))) => format!(":{FIRST}"),
        _ => String::new(),
    };
    let whole = format!("{text}{steps}");
    let axis = axis(session, scenario, &whole)?;
    if axis.scale == Scale::Names {
        let hint = "give a range such as `load.requests.poisson=10..1000`";
        return Err(Error::Usage(format!("`{}` has no numbers between\nhint: {hint}", axis.key)));
    }
    Ok(whole)
}

/// The order of a search with these variants, before anything was looked at.
pub fn order(
    scenario: &Scenario,
    runs: &Runs,
    variants: Vec<String>,
    (search, options): (Search, &str),
) -> Order {
    Order {
        command: search.command(),
        options: format!("{}{options}", runs.options(scenario)),
        variants,
        seeds: runs.seeds(scenario),
        search: Some(search),
        ..Order::default()
    }
}

/// Why a search ended early.
enum Ended {
    /// By an interruption.
    Stopped,
    /// A value that does not go with the scenario, or comes to more than the limits.
    Failed(Error),
}

/// Carries out a search here: looks at one value after the other, writes the folder, shows the
/// outcome.
pub fn seek(
    session: &Session,
    scenario: &Scenario,
    runs: &Runs,
    order: Order,
    (place, typed): (&Place<'_>, Option<&Path>),
    show: impl FnOnce(&Outcome) -> Result<Exit, Error>,
) -> Result<Exit, Error> {
    if runs.seeds < MIN_SEEDS as u64 {
        return Err(Error::Usage(format!("an interval needs at least {MIN_SEEDS} seeds")));
    }
    let Some(search) = &order.search else { return Ok(Exit::Undecided) };
    let sought = search.sought(session, scenario, &order.variants)?;
    let Some(axis) = sought.first().map(|sought| sought.axis.clone()) else {
        return Ok(Exit::Undecided);
    };
    let workshop = Workshop::open(session, scenario, runs, place)?;
    let seeds = report::terminal::seeds(&order.seeds);
    let first = axis.values.iter().map(shown).collect::<Vec<_>>().join(", ");
    remark(session, &format!("{}: {} = {first}, on {seeds}\n", scenario.name, axis.key));
    let Workshop { stop, kept, .. } = &workshop;
    let threads = pool(runs.workers.threads())?;
    let look = |value: &toml::Value| {
        let lookout = Lookout { session, runs, scenario, order: &order, kept, stop };
        threads.install(|| lookout.look(&axis.key, value))
    };
    let values = match values(&sought, look) {
        Ok(values) => values,
        Err(Ended::Failed(error)) => return Err(error),
        Err(Ended::Stopped) => {
            check(stop)?;
            remark(session, super::work::again(kept));
            return Ok(Exit::Interrupted);
        }
    };
    let vary = vec![Axis::new(&axis.key, values).typed()];
    let plan = Plan::new(scenario, Order { vary, ..order });
    let job = Job::new(session, scenario.clone(), plan)?;
    carry_on(session, &job, runs, (&workshop, typed), show)
}

/// The values that some searches look at, in ascending order.
fn values(
    sought: &[Sought],
    mut look: impl FnMut(&toml::Value) -> Result<Comparison, Ended>,
) -> Result<Vec<toml::Value>, Ended> {
    let mut values: Vec<toml::Value> = Vec::new();
    for sought in sought {
        let mut difference = |value: &toml::Value| Ok(sought.difference(&look(value)?));
        let found = crossings(&sought.axis, &mut difference)?;
        values.extend(found.looks.into_iter().map(|look| look.value));
    }
    let place = |value: &toml::Value| number(value).unwrap_or(0.0);
    values.sort_by(|one, other| place(one).total_cmp(&place(other)));
    values.dedup();
    Ok(values)
}

/// The surroundings of a look at the scenario with another value.
struct Lookout<'a> {
    session: &'a Session,
    runs: &'a Runs,
    scenario: &'a Scenario,
    order: &'a Order,
    kept: &'a Unfinished,
    stop: &'a Stop,
}

impl Lookout<'_> {
    /// The comparison with this value, whose runs are kept.
    fn look(&self, key: &str, value: &toml::Value) -> Result<Comparison, Ended> {
        let axis = Axis::new(key, vec![value.clone()]);
        let points = points(self.scenario, &[axis]).map_err(Ended::Failed)?;
        let scenario = &points[0].scenario;
        let named = |name: &String| scenario.variant(name);
        let study = Study {
            scenario,
            variants: self.order.variants.iter().filter_map(named).collect(),
            seeds: self.order.seeds.clone(),
            twins: false,
            lists: false,
        };
        let (path, limits) = (&self.runs.scenario, &self.runs.limits);
        source::refuse(self.session, path, &study, limits).map_err(Ended::Failed)?;
        let compared = study.resume(self.kept, self.stop, &|| ());
        let whole = compared.finished == study.seeds.len();
        remark(self.session, &format!("  {key} = {}\n", shown(value)));
        compared.comparison.filter(|_| whole).ok_or(Ended::Stopped)
    }
}
