//! The assumptions of a comparison that are moved, and what comes of it.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::experiment::compare::{Shelf, Study};
use crate::experiment::result::Comparison;
use crate::experiment::sensitivity::{Design, Sensitivity, sensitivity};
use crate::experiment::stop::Stop;
use crate::experiment::sweep::numbers;
use crate::report;
use crate::scenario::assumption::{Assumption, assumptions};
use crate::scenario::{Scenario, Variant, nearest};

/// How many assumptions the page of the comparison names.
const NAMED: usize = 3;

/// The assumptions that are moved, and how far.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moves {
    /// By how much each is divided and multiplied.
    pub factor: f64,
    /// The places of those that are moved alone; all, if it is empty.
    pub only: Vec<String>,
    /// How many trajectories a screening takes; none without one.
    pub trajectories: u16,
}

impl Moves {
    /// The moves in a scenario when these variants of it are compared.
    ///
    /// # Errors
    /// If a place names nothing that is assumed.
    pub fn design(&self, scenario: &Scenario, variants: &[&Variant]) -> Result<Design, Error> {
        let chosen = chosen(scenario, variants, &self.only)?;
        Ok(Design::new(scenario, chosen, self.factor, self.trajectories.into()))
    }
}

/// The assumptions that were asked for, or all of them.
fn chosen(
    scenario: &Scenario,
    variants: &[&Variant],
    only: &[String],
) -> Result<Vec<Assumption>, Error> {
    let all = assumptions(scenario, variants);
    if only.is_empty() {
        return Ok(all);
    }
    let is_meant = |wanted: &str, name: &str| {
        let rest = name.strip_prefix(wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let meant = |wanted: &str, assumption: &Assumption| {
        is_meant(wanted, &assumption.name) || assumption.keys.iter().any(|it| is_meant(wanted, it))
    };
    for wanted in only {
        if !all.iter().any(|assumption| meant(wanted, assumption)) {
            let names = all.iter().map(|assumption| &*assumption.name);
            let hint = nearest(wanted, names).map_or_else(
                || "without `--only` all are moved, and the page names them".into(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{}` assumes nothing called `{wanted}`", scenario.name);
            return Err(Error::Usage(format!("{message}\nhint: {hint}")));
        }
    }
    let is_wanted = |it: &Assumption| only.iter().any(|wanted| meant(wanted, it));
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// The comparison in which nothing is moved, the first of these, and what the others make of what
/// it states; none if it was stopped.
pub fn run_moved(
    design: &Design,
    studies: &[Study<'_>],
    scenario: &Scenario,
    (shelf, stop, done): (&dyn Shelf, &Stop, &(dyn Fn() + Sync)),
) -> Option<(Comparison, Sensitivity)> {
    let whole = |study: &Study<'_>| {
        let compared = study.resume(shelf, stop, done);
        compared.comparison.filter(|_| compared.finished == study.seeds.len())
    };
    let (first, others) = studies.split_first()?;
    let mut comparison = whole(first)?;
    let others: Option<Vec<Comparison>> = others.iter().map(|it| whole(it).map(numbers)).collect();
    let stated = report::sentence::stated(&comparison);
    let found = sensitivity(design, &comparison, stated, &others?, scenario.seed);
    comparison.matters = found.matters(NAMED);
    Some((comparison, found))
}
