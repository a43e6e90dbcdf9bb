//! `driftlab crossover`: where two variants change places in a measure.

use super::args::{Crossover, Runs};
use super::compare::{check, find, interrupt, pool};
use super::{Error, Exit, Session, print, remark, source, sweep};
use crate::experiment::compare::Study;
use crate::experiment::crossing::{Crossings, crossings};
use crate::experiment::result::{Comparison, Figure};
use crate::experiment::stop::Stop;
use crate::report;
use crate::scenario::Scenario;
use crate::scenario::sweep::{Axis, Scale, shown};
use crate::stats::{MIN_SEEDS, Paired, paired};

/// `driftlab crossover`.
pub fn crossover(session: &Session, args: &Crossover) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let axis = range(session, &scenario, &args.vary)?;
    let figure = sweep::figure(session, &scenario, &args.measure)?;
    let [first, second] = &args.between[..] else {
        return Err(Error::Usage("`--between` takes two variants, such as `saga,events`".into()));
    };
    for name in [first, second] {
        find(&scenario, name)?;
    }
    if first == second {
        return Err(Error::Usage(format!("`{first}` is compared with itself")));
    }
    let look = Lookout::new(session, &args.runs, &scenario, &axis, &[first, second])?;
    let found = look.search(|comparison| {
        let pair = |name: &String| comparison.variant(name).map(|it| figure.per_seed(it));
        Some((pair(first)?, pair(second)?))
    });
    let Some(found) = look.end(found)? else { return Ok(Exit::Interrupted) };
    print(&report::crossing::crossover(&axis, &figure, [first, second], &found, session.terminal))?;
    Ok(if found.looks.iter().all(|look| look.found.is_none()) {
        Exit::Undecided
    } else {
        Exit::Held
    })
}

/// How many values of a range are looked at first.
const FIRST: usize = 9;

/// The axis of a range of numbers or durations, which need not say how many values it has.
pub fn range(session: &Session, scenario: &Scenario, text: &str) -> Result<Axis, Error> {
    let values = text.split_once('=').map_or("", |(_, values)| values);
    let steps = match values.split_once("..").map(|(_, rest)| rest.split_once(':')) {
        Some(None | Some((_, "log" | "lin"))) => format!(":{FIRST}"),
        _ => String::new(),
    };
    let axis = sweep::axis(session, scenario, &format!("{text}{steps}"))?;
    if axis.scale == Scale::Names {
        let hint = "give a range such as `load.requests.poisson=10..1000`";
        return Err(Error::Usage(format!("`{}` has no numbers between\nhint: {hint}", axis.key)));
    }
    Ok(axis)
}

/// Looks at the scenario with one value after the other, on the same seeds.
pub struct Lookout<'a> {
    session: &'a Session,
    runs: &'a Runs,
    scenario: &'a Scenario,
    axis: &'a Axis,
    variants: Vec<String>,
    stop: Stop,
}

/// The numbers of each seed on two sides of a comparison.
pub type Sides = (Vec<Option<f64>>, Vec<Option<f64>>);

/// Why a search ended early.
pub enum Ended {
    /// By an interruption.
    Stopped,
    /// A value that does not go with the scenario, or comes to more than the limits.
    Failed(Error),
}

impl<'a> Lookout<'a> {
    /// A search with these variants.
    pub fn new(
        session: &'a Session,
        runs: &'a Runs,
        scenario: &'a Scenario,
        axis: &'a Axis,
        variants: &[&String],
    ) -> Result<Self, Error> {
        if runs.seeds < MIN_SEEDS as u64 {
            let message = format!("an interval needs at least {MIN_SEEDS} seeds");
            return Err(Error::Usage(message));
        }
        let variants = variants.iter().map(|name| (*name).clone()).collect();
        let stop = interrupt(session, runs.limits.stop());
        let seeds = report::terminal::seeds(&runs.seeds(scenario));
        let values = axis.values.iter().map(shown).collect::<Vec<_>>().join(", ");
        remark(session, &format!("{}: {} = {values}, on {seeds}\n", scenario.name, axis.key));
        Ok(Self { session, runs, scenario, axis, variants, stop })
    }

    /// The crossings of what `sides` takes from each comparison: the numbers of each seed on two
    /// sides.
    pub fn search(
        &self,
        sides: impl Fn(&Comparison) -> Option<Sides> + Sync,
    ) -> Result<Crossings, Ended> {
        let threads = pool(self.runs.workers.threads()).map_err(Ended::Failed)?;
        let mut look = |value: &toml::Value| -> Result<Option<Paired>, Ended> {
            let comparison = threads.install(|| self.compare(value))?;
            let found = sides(&comparison)
                .filter(|(one, other)| one.len() == other.len())
                .and_then(|(one, other)| paired(&one, &other));
            remark(self.session, &format!("  {} = {}\n", self.axis.key, shown(value)));
            Ok(found)
        };
        crossings(self.axis, &mut look)
    }

    fn compare(&self, value: &toml::Value) -> Result<Comparison, Ended> {
        let axis = Axis::new(&self.axis.key, vec![value.clone()]);
        let points = sweep::points(self.scenario, &[axis]).map_err(Ended::Failed)?;
        let scenario = &points[0].scenario;
        let named = |name: &String| scenario.variant(name);
        let study = Study {
            scenario,
            variants: self.variants.iter().filter_map(named).collect(),
            seeds: self.runs.seeds(scenario),
            twins: false,
            lists: false,
        };
        let (path, limits) = (&self.runs.scenario, &self.runs.limits);
        let within = source::refuse(self.session, path, &study, limits);
        within.map_err(Ended::Failed)?;
        let compared = study.run(&self.stop, &|| ());
        let whole = compared.finished == study.seeds.len();
        compared.comparison.filter(|_| whole).ok_or(Ended::Stopped)
    }

    /// The outcome of a search; none if it was interrupted.
    ///
    /// # Errors
    /// If it failed.
    pub fn end<T>(&self, found: Result<T, Ended>) -> Result<Option<T>, Error> {
        check(&self.stop)?;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Ended::Failed(error)) => Err(error),
            Err(Ended::Stopped) => {
                remark(self.session, "interrupted: there is no result\n");
                Ok(None)
            }
        }
    }
}

/// The numbers of each seed of a variant in a figure, and a limit beside each.
pub fn against(comparison: &Comparison, name: &str, figure: &Figure, limit: f64) -> Option<Sides> {
    let values = figure.per_seed(comparison.variant(name)?);
    let limits = vec![Some(limit); values.len()];
    Some((values, limits))
}
