//! Resolves the expectations of measures and outcomes.

use super::super::operation::{Amount, Expect};
use super::super::problem::{Code, Place, Problem};
use super::super::suggest::{either, nearest};
use super::super::values::At;
use super::Context;
use super::names::Names;
use crate::checks::census::Headline;
use crate::checks::expectation::{Bound, Expectation, Limit, Subject, Unknown};
use crate::checks::measures::{READS, Unit, reads};
use crate::model::reason::Reason;
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
        let subject = match (&expect.measure, &expect.census) {
            (Some(name), _) => self.measure(name),
            (None, Some(name)) => self.headline(name),
            (None, None) => None,
        };
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

    /// The variants that are meant: not the one that they are compared with.
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

    /// The one limit that was given.
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

    fn measure(&mut self, name: &At<String>) -> Option<Subject> {
        let file = self.file;
        let reads: Vec<&At<String>> = file.reads.0.iter().map(|(read, _)| read).collect();
        let names: Vec<&str> = reads.iter().map(|read| read.value.as_str()).collect();
        let unknown = match Subject::measure(&name.value, &names, self.measures) {
            Ok(subject) => return Some(subject),
            Err(unknown) => unknown,
        };
        let patched =
            |problem: Problem, better: &str| problem.patch(&name.place, format!("{better:?}"));
        let problem =
            |message, label| Problem::error(Code::UnknownMeasure, &name.place, message, label);
        self.problems.push(match unknown {
            Unknown::Measure => {
                let problem = problem(reason!("no measure is named `{}`", name.value), "");
                let (stem, statistic) = match name.value.rsplit_once(".p") {
                    Some((stem, rest)) => (stem, format!(".p{rest}")),
                    None => (name.value.as_str(), String::new()),
                };
                match nearest(stem, self.measures.iter().map(|measure| measure.id)) {
                    Some(better) => patched(
                        problem.help("a measure with a similar name exists"),
                        &format!("{better}{statistic}"),
                    ),
                    None => problem.help("`driftlab list measures` shows all measures"),
                }
            }
            Unknown::Read => unknown_read(name, &reads),
            Unknown::Number(at) => unknown_number(name, names[at]),
            Unknown::NoStatistic(key) => {
                let message = reason!("`{}` has many values in a run", key);
                let problem = problem(message, "which of them?");
                patched(problem.help("say which quantile"), &format!("{key}.p99"))
            }
            Unknown::Statistic(key) if key.measure.is_many() => {
                let message = reason!("`{}` is no statistic of `{}`", name.value, key);
                problem(message, "").help("choose `p50`, `p99`, `p99.9` or another, or `max`")
            }
            Unknown::Statistic(key) => {
                let message = reason!("`{}` has one value in a run", key);
                patched(problem(message, "nothing to choose from"), &key.to_string())
            }
        });
        None
    }

    fn headline(&mut self, name: &At<String>) -> Option<Subject> {
        let found = Subject::census(&name.value);
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

    /// The amount in the unit of the subject, or the variant that is there.
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
            (Unit::Count | Unit::PerOperation, Amount::Time(_)) => (None, "a number"),
        };
        if found.is_none() {
            let message = format!("{subject} is {wanted}");
            self.problems.push(Problem::error(Code::WrongValue, &amount.place, message, ""));
        }
        found.map(Bound::Amount)
    }
}

/// A measure of a read that the scenario does not have.
fn unknown_read(name: &At<String>, reads: &[&At<String>]) -> Problem {
    let rest = name.value.split_once('.').map_or("", |(_, rest)| rest);
    let (wanted, part) = rest.split_once('.').map_or((rest, ""), |(wanted, part)| (wanted, part));
    let message = reason!("no read is named `{}`", wanted);
    let problem = Problem::error(Code::UnknownRead, &name.place, message, "not defined");
    let known = || reads.iter().map(|read| read.value.as_str());
    let Some(better) = nearest(wanted, known()) else {
        return problem.help(match reads {
            [] => "the scenario has no reads".to_owned(),
            _ => format!("choose {}", either(known())),
        });
    };
    let found = reads.iter().find(|read| read.value == better);
    let problem = match found {
        Some(read) => problem.also(&read.place, format!("`{better}` is defined here")),
        None => problem,
    };
    let dot = if part.is_empty() { "" } else { "." };
    let better = format!("{READS}.{better}{dot}{part}");
    problem.help("a read with a similar name exists").patch(&name.place, format!("{better:?}"))
}

/// A number that no read has, of one that exists.
fn unknown_number(name: &At<String>, read: &str) -> Problem {
    let stem = format!("{READS}.{read}");
    let rest = name.value.strip_prefix(&stem).unwrap_or("").trim_start_matches('.');
    let (wanted, statistic) = match rest.split_once('.') {
        Some((wanted, statistic)) => (wanted, format!(".{statistic}")),
        None => (rest, String::new()),
    };
    let known = || reads::ALL.iter().map(|measure| measure.id);
    let (message, label) = match wanted {
        "" => (reason!("`{}` has many measures", stem), "which of them?"),
        _ => (reason!("reads have no measure `{}`", wanted), "not measured"),
    };
    let problem = Problem::error(Code::UnknownMeasure, &name.place, message, label);
    match nearest(wanted, known()) {
        Some(better) => problem
            .help("a measure with a similar name exists")
            .patch(&name.place, format!("{:?}", format!("{stem}.{better}{statistic}"))),
        None => problem.help(format!("choose {}", either(known()))),
    }
}
