//! A search as a plan says it, and the differences that it follows.

use serde::{Deserialize, Serialize};

use super::figures::{amount, figure};
use super::{Error, Session};
use crate::checks::expectation::{Bound, Expectation, Limit};
use crate::experiment::result::Figure;
use crate::experiment::sought::{Sides, Sought};
use crate::scenario::Scenario;
use crate::scenario::sweep::AxisText;

/// A search as a plan says it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The place and its range, with the number of values that are looked at first.
    vary: String,
    /// The measure; of a capacity by default those of the scenario's expectations.
    measure: Option<String>,
    /// The limit of a capacity, as it is typed, and whether it is an upper one.
    limit: Option<(String, bool)>,
    /// True if two variants are compared, and not one with a limit.
    is_between: bool,
}

impl Search {
    /// A search for the places where two variants change places in a measure.
    pub fn between(vary: String, measure: &str) -> Self {
        Self { vary, measure: Some(measure.into()), limit: None, is_between: true }
    }

    /// A search for the value at which a variant passes the limit of a measure, or those of the
    /// scenario's expectations.
    pub fn limit(vary: String, measure: Option<String>, limit: Option<(String, bool)>) -> Self {
        Self { vary, measure, limit, is_between: false }
    }

    /// The searches that it comes to.
    ///
    /// # Errors
    /// If the scenario has no such place, measure or variants.
    pub fn sought(
        &self,
        session: &Session,
        scenario: &Scenario,
        variants: &[String],
    ) -> Result<Vec<Sought>, Error> {
        let axis = AxisText::parse(&self.vary).map(|axis| axis.axis());
        let axis = axis.map_err(|problem| Error::Usage(problem.message))?;
        let figure = |name: &String| figure(session, scenario, name);
        let all = match (&self.measure, variants) {
            (Some(name), [first, second]) if self.is_between => {
                vec![(figure(name)?, Sides::Between([first.clone(), second.clone()]))]
            }
            (measure, [variant]) if !self.is_between => {
                let limits = match (measure, &self.limit) {
                    (Some(name), Some((text, is_upper))) => {
                        let figure = figure(name)?;
                        let limit = amount(&figure, text)?;
                        vec![(figure, limit, *is_upper)]
                    }
                    _ => expected(scenario, variant),
                };
                let sides = |(figure, limit, is_upper)| {
                    (figure, Sides::Limit { variant: variant.clone(), limit, is_upper })
                };
                limits.into_iter().map(sides).collect()
            }
            _ => return Err(Error::Usage("a search has one variant or two".into())),
        };
        let sought = |(figure, sides)| Sought { axis: axis.clone(), figure, sides };
        Ok(all.into_iter().map(sought).collect())
    }

    /// The command that searches so.
    pub const fn command(&self) -> &'static str {
        if self.is_between { "crossover" } else { "capacity" }
    }
}

/// The figures and limits of what a scenario expects of a variant, as far as results keep a number
/// of each run; true for an upper limit.
fn expected(scenario: &Scenario, variant: &str) -> Vec<(Figure, f64, bool)> {
    let at = scenario.variants.iter().position(|it| *it.name.shown == *variant);
    let is_meant = |expectation: &&Expectation| {
        let variants = &expectation.variants;
        variants.is_empty() || at.is_some_and(|at| variants.contains(&at))
    };
    let limit = |expectation: &Expectation| {
        let Bound::Amount(limit) = expectation.bound else { return None };
        let is_upper = matches!(expectation.limit, Limit::Below | Limit::AtMost);
        Some((Figure::of(&expectation.subject)?, limit, is_upper))
    };
    scenario.expectations.iter().filter(is_meant).filter_map(limit).collect()
}
