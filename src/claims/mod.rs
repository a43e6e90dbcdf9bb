//! Claims: statements about ownership and consistency that a scenario measures.
//!
//! A claim is a statement of a textbook or of practitioners' notes that a scenario measures. It is
//! a row of `list.toml`: the statement with its source, the scenario that ships and measures it,
//! the expectations of that scenario which have to hold if it is true, and a change of the scenario
//! under which it is not. `driftlab claims` judges all of them, and with `--check` their changes,
//! too: a claim that no change turns would be believed whatever is measured.
//!
//! The verdict is that of the expectations over all seeds: *supported* if each holds in every
//! variant that it concerns, *contradicted* if one is violated, and otherwise *undecided*. A claim
//! that is true only within limits names the place that they depend on (`depends-on`, written as
//! for `driftlab sweep --vary`): its values are looked at from the first to the last, and the
//! interval in which the verdict turns is halved.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::checks::Verdict;
use crate::checks::expectation::{Bound, Expectation};
use crate::experiment::result::{CheckKind, CheckResult, Comparison, Estimate, Figure};
use crate::scenario::sweep::Axis;
use crate::scenario::{Change, Scenario};

/// The rows and their sources.
const LIST: &str = include_str!("list.toml");

/// All claims, with their sources.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claims {
    /// The sources, in the order of their names.
    pub sources: Vec<Source>,
    /// The claims, source by source.
    pub claims: Vec<Claim>,
}

/// A source of claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// The short name with which the ids of its claims begin, such as `S1`.
    pub id: String,
    /// The subject of the source.
    pub title: String,
}

/// A claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claim {
    /// The name: that of the source, a hyphen and a number.
    pub id: String,
    /// The statement, as a whole sentence.
    pub says: String,
    /// The scenario that measures it, as `driftlab examples` names it.
    pub scenario: String,
    /// The names of the scenario's expectations that have to hold.
    #[serde(default)]
    pub expects: Vec<String>,
    /// Further expectations, written as in a scenario.
    #[serde(default)]
    pub expect: Vec<toml::Table>,
    /// The values of the scenario under which the claim is not supported, by their places.
    #[serde(default)]
    pub turned_by: toml::Table,
    /// The place that the claim depends on, with the values that are looked at.
    pub depends_on: Option<String>,
}

/// The verdict on a claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Found {
    /// Every expectation holds.
    Supported,
    /// An expectation is violated.
    Contradicted,
    /// Neither is shown.
    Undecided,
}

impl Found {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        }
    }
}

/// One expectation of a claim in one variant.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// The variant.
    pub variant: String,
    /// The measure, as scenarios name it.
    pub measure: String,
    /// The limit: `below 2s`.
    pub wanted: String,
    /// The number that was measured, with its interval; none for a count of outcomes.
    pub measured: Option<Measured>,
    /// The verdict over all seeds.
    pub verdict: Verdict,
    /// The reason of the verdict.
    pub why: String,
}

/// A number of a variant and, if the limit is another variant, that of the other one.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// The figure.
    pub figure: Figure,
    /// The number of the variant.
    pub value: Estimate<f64>,
    /// The number of the variant that it is compared with.
    pub against: Option<Estimate<f64>>,
}

impl Claims {
    /// The claims that ship.
    pub fn all() -> Self {
        toml::from_str(LIST).expect("the list is tested")
    }

    /// The text of a scenario with the expectations that only claims have.
    pub fn with_expectations(&self, scenario: &str, text: &str) -> String {
        let its = self.claims.iter().filter(|claim| claim.scenario == scenario);
        let own: toml::value::Array =
            its.flat_map(|claim| claim.expect.iter().cloned()).map(toml::Value::Table).collect();
        let own = match own.is_empty() {
            true => toml::Table::new(),
            false => toml::Table::from_iter([("expect".to_owned(), toml::Value::Array(own))]),
        };
        format!("{text}\n{own}")
    }

    /// The title of the source of a claim.
    pub fn title(&self, claim: &Claim) -> &str {
        let its = self.sources.iter().find(|source| source.id == claim.source());
        its.map_or("", |source| &source.title)
    }
}

impl Claim {
    /// The short name of the source.
    pub fn source(&self) -> &str {
        self.id.split_once('-').map_or(&self.id, |(source, _)| source)
    }

    /// The changes of the scenario under which the claim is not supported.
    pub fn changes(&self) -> Vec<Change> {
        let change = |(key, value): (&String, &toml::Value)| Change {
            key: key.clone(),
            value: value.clone(),
        };
        self.turned_by.iter().map(change).collect()
    }

    /// Those changes in words.
    pub fn turned_in_words(&self) -> String {
        self.changes().iter().map(Change::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The names of all its expectations.
    fn names(&self) -> BTreeSet<&str> {
        let own = self.expect.iter().filter_map(|expect| expect.get("name")?.as_str());
        self.expects.iter().map(String::as_str).chain(own).collect()
    }

    /// The expectations in its scenario, in the order of the file.
    pub fn expectations<'s>(&self, scenario: &'s Scenario) -> Vec<&'s Expectation> {
        let names = self.names();
        scenario.expectations.iter().filter(|it| names.contains(&*it.name)).collect()
    }

    /// The variants that it needs: those that its expectations concern, and those that they are
    /// compared with, in the order of the scenario.
    pub fn variants(&self, scenario: &Scenario) -> Vec<String> {
        let expectations = self.expectations(scenario);
        let needs = |at: usize, name: &str| {
            let other = |it: &Expectation| match &it.bound {
                Bound::Variant { name, .. } => Some(Arc::clone(name)),
                Bound::Amount(_) => None,
            };
            expectations.iter().any(|it| it.concerns(at) || other(it).as_deref() == Some(name))
        };
        let names = scenario.variants.iter().map(|variant| &*variant.name.shown).enumerate();
        names.filter(|(at, name)| needs(*at, name)).map(|(_, name)| name.to_owned()).collect()
    }

    /// The evidence in a comparison of its scenario, expectation by expectation.
    pub fn evidence(&self, scenario: &Scenario, comparison: &Comparison) -> Vec<Evidence> {
        let of = |expectation: &&Expectation| {
            let is_its = |check: &&CheckResult| {
                check.kind == CheckKind::Expectation && *check.name == *expectation.name
            };
            let checks = comparison.checks.iter().filter(is_its);
            let evidence = checks.map(|check| Evidence {
                variant: check.variant.clone(),
                measure: expectation.subject.to_string(),
                wanted: expectation.wanted(),
                measured: measured(expectation, comparison, &check.variant),
                verdict: check.verdict,
                why: check.why.clone(),
            });
            evidence.collect::<Vec<_>>()
        };
        self.expectations(scenario).iter().flat_map(of).collect()
    }
}

/// The verdict of all evidence together; without any it is undecided.
pub fn found(evidence: &[Evidence]) -> Found {
    let any = |verdict| evidence.iter().any(|it| it.verdict == verdict);
    match () {
        () if any(Verdict::Violated) => Found::Contradicted,
        () if evidence.is_empty() || any(Verdict::Undecided) => Found::Undecided,
        () => Found::Supported,
    }
}

/// The numbers of an expectation in a variant.
fn measured(expectation: &Expectation, comparison: &Comparison, variant: &str) -> Option<Measured> {
    let figure = Figure::of(&expectation.subject)?;
    let number = |name: &str| figure.estimate(comparison.variant(name)?);
    let against = match &expectation.bound {
        Bound::Variant { name, .. } => number(name),
        Bound::Amount(_) => None,
    };
    let value = number(variant)?;
    Some(Measured { figure, value, against })
}

/// A claim with what was found.
#[derive(Clone, Debug)]
pub struct JudgedClaim {
    /// The claim.
    pub claim: Claim,
    /// The title of its source.
    pub source: String,
    /// The evidence, expectation by expectation.
    pub evidence: Vec<Evidence>,
    /// The verdict under the change that is to turn it, if it was run.
    pub turned: Option<Found>,
    /// The place at which the verdict turns, if one was looked for.
    pub turn: Option<Turn>,
}

impl JudgedClaim {
    /// The verdict in the scenario as it ships.
    pub fn found(&self) -> Found {
        found(&self.evidence)
    }

    /// Returns whether the verdict is another within the values of the place that it depends on.
    pub fn depends(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.ends.is_some())
    }

    /// Returns whether the change that is to turn the claim was run, and did not turn it.
    pub fn is_stuck(&self) -> bool {
        self.turned == Some(self.found())
    }
}

/// The dependence of a claim's verdict on a place of its scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn {
    /// The keys of the place.
    pub place: String,
    /// The first and the last value that was looked at.
    pub range: (toml::Value, toml::Value),
    /// The verdict with the first value.
    pub begins: Found,
    /// The other verdict, and where it is reached; none if it is the same everywhere.
    pub ends: Option<Ends>,
}

/// The other end of a dependence.
#[derive(Clone, PartialEq, Debug)]
pub struct Ends {
    /// The last value with the verdict of the beginning.
    pub last: toml::Value,
    /// The first value with the other verdict. Values between have neither.
    pub first: toml::Value,
    /// The other verdict.
    pub found: Found,
}

impl Turn {
    /// Looks at the values of an axis, and halves the interval in which the verdict leaves that of
    /// the first value, and the one in which it reaches that of the last one (or of the first that
    /// differs, if the first and the last agree). `look` judges the claim with a value; none ends
    /// the search.
    pub fn search(
        axis: &Axis,
        look: &mut dyn FnMut(&toml::Value) -> Option<Found>,
    ) -> Option<Self> {
        let looks: Option<Vec<Found>> = axis.values.iter().map(&mut *look).collect();
        let looks = looks?;
        let (begins, range) = (*looks.first()?, (axis.values.first()?, axis.values.last()?));
        let range = (range.0.clone(), range.1.clone());
        let mut turn = Self { place: axis.key.clone(), range, begins, ends: None };
        let Some(left) = looks.iter().position(|found| *found != begins) else { return Some(turn) };
        let end = looks.iter().rposition(|found| *found != begins).unwrap_or(left);
        let found = looks[end];
        let reached = (left..=end).find(|at| looks[*at..=end].iter().all(|it| *it == found))?;
        let value = |at: usize| axis.values[at].clone();
        let mut is_first = |value: &toml::Value| look(value).map(|found| found == begins);
        let (last, behind) = halve(axis, (value(left - 1), value(left)), &mut is_first)?;
        // The other verdict may be reached where the first one is left.
        let before = if reached == left { behind } else { value(reached - 1) };
        let mut is_not = |value: &toml::Value| look(value).map(|it| it != found);
        let first = match is_not(&before)? {
            true => halve(axis, (before, value(reached)), &mut is_not)?.1,
            false => before,
        };
        turn.ends = Some(Ends { last, first, found });
        Some(turn)
    }
}

/// Halves an interval, for whose lower end `is` holds and for whose upper end it does not, down to
/// a 32th of its length.
fn halve(
    axis: &Axis,
    (mut low, mut high): (toml::Value, toml::Value),
    is: &mut dyn FnMut(&toml::Value) -> Option<bool>,
) -> Option<(toml::Value, toml::Value)> {
    const STEPS: usize = 5;
    for _ in 0..STEPS {
        let Some(middle) = axis.between(&low, &high) else { break };
        match is(&middle)? {
            true => low = middle,
            false => high = middle,
        }
    }
    Some((low, high))
}

#[cfg(test)]
mod tests;
