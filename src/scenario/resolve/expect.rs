//! Resolution of the expectations of measures and outcomes.

use super::super::operation::{Amount, Expect};
use super::super::problem::{Code, Place, Problem};
use super::super::suggest::{either, nearest};
use super::super::values::At;
use super::Context;
use super::loads::anchor;
use super::names::Names;
use crate::checks::census::Headline;
use crate::checks::expectation::{Bound, Expectation, Limit, MEAN, Parts, Subject, Unknown, Whose};
use crate::checks::measures::counters::OF_GROUP;
use crate::checks::measures::{GROUPS, Measure, OPERATIONS, POOLS, READS, Unit, capacity, reads};
use crate::kernel::Span;
use crate::model::contract::role;
use crate::model::reason::Reason;
use crate::model::system::Anchor;
use crate::reason;

impl Context<'_> {
    /// The expectations, in order.
    pub(super) fn expectations(&mut self) -> Option<Vec<Expectation>> {
        let file = self.file;
        let found: Vec<_> = file.expect.iter().map(|expect| self.expectation(expect)).collect();
        found.into_iter().collect()
    }

    fn expectation(&mut self, expect: &Expect) -> Option<Expectation> {
        let names = Names::new(Code::UnknownVariant, "variant", self.file.variants.names());
        let variants: Vec<Option<usize>> = (expect.variants.iter())
            .map(|variant| names.find(variant, &mut self.problems))
            .collect();
        let operation = match &expect.operation {
            Some(name) => self.operation.find(name, &mut self.problems).map(|at| Some((name, at))),
            None => Some(None),
        };
        let subject = operation.and_then(|operation| match (&expect.measure, &expect.census) {
            (Some(name), _) => self.measure(name, operation.map(|(name, _)| name)),
            (None, Some(name)) => {
                let whose = operation.map(|(name, at)| (name.value.as_str().into(), at));
                self.headline(name, &whose)
            }
            (None, None) => None,
        });
        let (limit, amount) = self.limit(expect)?;
        let subject = subject?;
        let bound = self.compared_with(&subject, amount)?;
        let variants = variants.into_iter().collect::<Option<Vec<_>>>()?;
        let variants = self.apart(variants, &bound, &amount.place)?;
        let mut expectation = Expectation { name: "".into(), subject, limit, bound, variants };
        let words = || format!("{}: {}", expectation.subject, expectation.wanted());
        expectation.name = expect.name.clone().unwrap_or_else(words).into();
        Some(expectation)
    }

    /// The variants for which an expectation holds: never the one with which it compares them.
    fn apart(&mut self, variants: Vec<usize>, bound: &Bound, place: &Place) -> Option<Vec<usize>> {
        let Bound::Variant { name, .. } = bound else { return Some(variants) };
        let all = self.file.variants.names();
        let other = |at: &usize| *all[*at].value != **name;
        if variants.is_empty() {
            return Some((0..all.len()).filter(other).collect());
        }
        if variants.iter().all(other) {
            return Some(variants);
        }
        let message = reason!("`{}` is compared with itself", name);
        let problem = Problem::error(Code::SameVariant, place, message, "it is in `variants`, too");
        self.problems.push(problem);
        None
    }

    /// The one limit that the expectation gives.
    fn limit<'e>(&mut self, expect: &'e Expect) -> Option<(Limit, &'e At<Amount>)> {
        let limits = [
            (Limit::Below, &expect.below),
            (Limit::Above, &expect.above),
            (Limit::AtMost, &expect.at_most),
            (Limit::AtLeast, &expect.at_least),
        ];
        let given =
            limits.into_iter().filter_map(|(limit, amount)| Some((limit, amount.as_ref()?)));
        let given: Vec<_> = given.collect();
        if let [only] = given.as_slice() {
            return Some(*only);
        }
        let names = either(limits.map(|(limit, _)| limit.name()));
        self.problems.push(match given.get(1) {
            None => {
                let message = Reason::from("an expectation needs one of ").and(names);
                Problem::error(Code::MissingKey, &expect.place, message, "none is given here")
            }
            Some((_, second)) => {
                let message = Reason::from("an expectation has only one of ").and(names);
                Problem::error(Code::TooManyKeys, &second.place, message, "one too many")
            }
        });
        None
    }

    /// A measure of the run or, if `operation` is given, of one operation.
    fn measure(&mut self, name: &At<String>, operation: Option<&At<String>>) -> Option<Subject> {
        let file = self.file;
        let reads: Vec<&At<String>> = file.reads.0.iter().map(|(read, _)| read).collect();
        let times = file.reads.0.iter().map(|(name, read)| {
            let at = read.as_ref().and_then(|read| Some((&*read.at.as_ref()?.value, anchor(read))));
            let (at, after) = at.unwrap_or((&[], Anchor::Arrival));
            (name.value.as_str(), after, at)
        });
        let times: Vec<(&str, Anchor, &[Span])> = times.collect();
        let operations: Vec<&At<String>> = file.operations.0.iter().map(|(it, _)| it).collect();
        let names: Vec<&str> = operations.iter().map(|it| it.value.as_str()).collect();
        let services: Vec<&At<String>> = file.services.0.iter().map(|(it, _)| it).collect();
        let groups: Vec<&str> = services.iter().map(|it| it.value.as_str()).collect();
        let stores: Vec<&At<String>> = file.databases.0.iter().map(|(it, _)| it).collect();
        let pools: Vec<&At<String>> = services.iter().chain(&stores).copied().collect();
        let pool_names = pools.iter().map(|it| it.value.as_str()).chain(role::WORKING);
        let parts = Parts::new(&times, &names, self.measures)
            .with_groups(&groups)
            .with_pools(&pool_names.collect::<Vec<_>>());
        let whole = match operation {
            Some(operation) => format!("{OPERATIONS}.{}.{}", operation.value, name.value),
            None => name.value.clone(),
        };
        match Subject::measure(&whole, &parts) {
            Ok(subject) => Some(subject),
            Err(Unknown::Read) => self.report(unknown_part(name, "read", READS, &reads)),
            Err(Unknown::Operation) => {
                self.report(unknown_part(name, "operation", OPERATIONS, &operations))
            }
            Err(Unknown::Group) => self.report(unknown_part(name, "service", GROUPS, &services)),
            Err(Unknown::Pool) => {
                self.report(unknown_part(name, "service, database or driver", POOLS, &pools))
            }
            Err(unknown) => self.report(self.unknown_measure(name, operation, unknown)),
        }
    }

    fn report(&mut self, problem: Problem) -> Option<Subject> {
        self.problems.push(problem);
        None
    }

    /// The problem of an unknown measure, or of one with many values for which no statistic is
    /// chosen.
    fn unknown_measure(
        &self,
        name: &At<String>,
        operation: Option<&At<String>>,
        unknown: Unknown,
    ) -> Problem {
        let patched =
            |problem: Problem, better: &str| problem.patch(&name.place, format!("{better:?}"));
        let problem =
            |message, label| Problem::error(Code::UnknownMeasure, &name.place, message, label);
        match unknown {
            Unknown::Measure
            | Unknown::Read
            | Unknown::Operation
            | Unknown::Group
            | Unknown::Pool => self.no_measure(name),
            Unknown::Number(stem) if stem.starts_with(GROUPS) => {
                unknown_number(name, &stem, "consumer groups have", OF_GROUP)
            }
            Unknown::Number(stem) if stem.starts_with(POOLS) => {
                unknown_number(name, &stem, "pools have", capacity::ALL)
            }
            Unknown::Number(stem) if stem.starts_with(READS) => {
                unknown_number(name, &stem, "reads have", reads::ALL)
            }
            Unknown::Number(stem) => {
                let all = self.measures.iter().copied().filter(|it| it.is_by_operation());
                let all: Vec<&Measure> = all.collect();
                match operation {
                    // The text is the measure alone.
                    Some(_) => unknown_number(name, "", "operations have", &all),
                    None => unknown_number(name, &stem, "operations have", &all),
                }
            }
            Unknown::NoStatistic(key) => {
                let message = reason!("`{}` has many values in a run", key);
                let problem = problem(message, "which of them?");
                let better = format!("{}.p99", name.value);
                patched(problem.help("say which: a quantile, `mean` or `max`"), &better)
            }
            Unknown::Statistic(key) if key.measure.is_many() => {
                let message = reason!("`{}` is no statistic of `{}`", name.value, key);
                problem(message, "")
                    .help("choose `mean`, `p50`, `p99`, `p99.9` or another, or `max`")
            }
            Unknown::Statistic(key) => {
                let message = reason!("`{}` has one value in a run", key);
                let better = match operation {
                    Some(_) => key.measure.to_string(),
                    None => key.to_string(),
                };
                patched(problem(message, "nothing to choose from"), &better)
            }
        }
    }

    /// The problem of an unknown measure, with similar ones.
    fn no_measure(&self, name: &At<String>) -> Problem {
        let message = reason!("no measure is named `{}`", name.value);
        let problem = Problem::error(Code::UnknownMeasure, &name.place, message, "");
        let is_statistic = |(_, end): &(&str, &str)| *end == MEAN || end.starts_with('p');
        let (stem, statistic) = match name.value.rsplit_once('.').filter(is_statistic) {
            Some((stem, end)) => (stem, format!(".{end}")),
            None => (name.value.as_str(), String::new()),
        };
        // Suggestions are restricted to the same family: `m10` is more like `m1` than like
        // `m10.done`, but a measure of its own family is more probably meant.
        let family = stem.split('.').next();
        let is_own = |measure: &&&Measure| measure.id.split('.').next() == family;
        let own: Vec<&Measure> = self.measures.iter().filter(is_own).copied().collect();
        let known = if own.is_empty() { self.measures } else { &own };
        let named = family != Some(stem) || own.is_empty();
        match nearest(stem, known.iter().map(|measure| measure.id)).filter(|_| named) {
            Some(better) => problem
                .help("a measure with a similar name exists")
                .patch(&name.place, format!("\"{better}{statistic}\"")),
            None if own.is_empty() => problem.help("`driftlab list measures` shows all measures"),
            None => {
                let statistic = if statistic.is_empty() { ".p99" } else { &statistic };
                let whole = own.iter().map(|measure| match measure.is_many() {
                    true => format!("{measure}{statistic}"),
                    false => measure.to_string(),
                });
                let whole: Vec<String> = whole.collect();
                problem.help(format!("choose {}", either(whole.iter().map(String::as_str))))
            }
        }
    }

    fn headline(&mut self, name: &At<String>, whose: &Whose) -> Option<Subject> {
        let found = Subject::census(&name.value, whose);
        if found.is_none() {
            let known: Vec<String> =
                Headline::ALL.iter().map(|headline| headline.name().replace(' ', "-")).collect();
            let known = || known.iter().map(String::as_str).chain(["wrong"]);
            let message = reason!("the census has no headline `{}`", name.value);
            let problem =
                Problem::error(Code::UnknownHeadline, &name.place, message, "not counted");
            self.problems.push(match nearest(&name.value, known()) {
                Some(better) => problem
                    .help("a headline with a similar name exists")
                    .patch(&name.place, format!("{better:?}")),
                None => problem.help(format!("choose {}", either(known()))),
            });
        }
        found
    }

    /// The bound: an amount in the unit of the subject, or the variant that is compared with.
    fn compared_with(&mut self, subject: &Subject, amount: &At<Amount>) -> Option<Bound> {
        let (found, wanted) = match (subject.unit(), &amount.value) {
            (_, Amount::Variant(name, times)) => {
                let names = Names::new(Code::UnknownVariant, "variant", self.file.variants.names());
                names.find(name, &mut self.problems)?;
                return Some(Bound::Variant { name: name.value.as_str().into(), times: *times });
            }
            (Unit::Nanoseconds, Amount::Time(span)) => (Some(span.as_nanos() as f64), ""),
            (Unit::Nanoseconds, Amount::Number(_)) => (None, "a duration such as \"2s\""),
            (Unit::Share, Amount::Number(share)) if !(0.0..=1.0).contains(share) => {
                (None, "a share from 0 to 1")
            }
            (_, Amount::Number(number)) => (Some(*number), ""),
            (Unit::Share, Amount::Time(_)) => (None, "a share from 0 to 1"),
            (_, Amount::Time(_)) => (None, "a number"),
        };
        if found.is_none() {
            let message = format!("{subject} is {wanted}");
            self.problems.push(Problem::error(Code::WrongValue, &amount.place, message, ""));
        }
        found.map(Bound::Amount)
    }
}

/// A measure of a read or an operation that the scenario does not have.
fn unknown_part(
    name: &At<String>,
    what: &'static str,
    prefix: &str,
    all: &[&At<String>],
) -> Problem {
    let rest = name.value.split_once('.').map_or("", |(_, rest)| rest);
    let (wanted, part) = rest.split_once('.').map_or((rest, ""), |(wanted, part)| (wanted, part));
    let message = reason!("no {what} is named `{}`", wanted);
    let code = match prefix {
        READS => Code::UnknownRead,
        OPERATIONS => Code::UnknownOperation,
        _ => Code::UnknownService,
    };
    let problem = Problem::error(code, &name.place, message, "not defined");
    let drivers = if prefix == POOLS { &role::WORKING[..] } else { &[] };
    let known = || all.iter().map(|part| part.value.as_str()).chain(drivers.iter().copied());
    let Some(better) = nearest(wanted, known()) else {
        return problem.help(match (all, drivers) {
            ([], []) => format!("the scenario has no {what}s"),
            _ => format!("choose {}", either(known())),
        });
    };
    let found = all.iter().find(|part| part.value == better);
    let problem = match found {
        Some(part) => problem.also(&part.place, format!("`{better}` is defined here")),
        None => problem,
    };
    let dot = if part.is_empty() { "" } else { "." };
    let better = format!("{prefix}.{better}{dot}{part}");
    let article = if prefix == OPERATIONS { "an" } else { "a" };
    let help = format!("{article} {what} with a similar name exists");
    problem.help(help).patch(&name.place, format!("{better:?}"))
}

/// The problem of a number that a part of the run does not have, though the part exists. `stem` is
/// the name of the part in the text, or empty if the text does not name it; `they_have` begins a
/// sentence.
fn unknown_number(
    name: &At<String>,
    stem: &str,
    they_have: &'static str,
    all: &[&'static Measure],
) -> Problem {
    let rest = name.value.strip_prefix(stem).unwrap_or("").trim_start_matches('.');
    let known = || all.iter().map(|measure| measure.id);
    let is_statistic =
        |(_, end): &(&str, &str)| ["max", MEAN].contains(end) || end.starts_with('p');
    let (wanted, statistic) = match rest.rsplit_once('.').filter(is_statistic) {
        Some((wanted, statistic)) => (wanted, format!(".{statistic}")),
        None => (rest, String::new()),
    };
    let (message, label) = match wanted {
        "" => (reason!("`{}` has many measures", stem), "which of them?"),
        _ => (reason!("{they_have} no measure `{}`", wanted), "not measured"),
    };
    let problem = Problem::error(Code::UnknownMeasure, &name.place, message, label);
    let dot = if stem.is_empty() { "" } else { "." };
    match nearest(wanted, known()) {
        Some(better) => problem
            .help("a measure with a similar name exists")
            .patch(&name.place, format!("{:?}", format!("{stem}{dot}{better}{statistic}"))),
        None => problem.help(format!("choose {}", either(known()))),
    }
}
