//! The verdicts on each variant over all seeds: declared invariants, expectations, promises of the
//! pattern, effective faults, and self-checks of the simulator.

use super::compare::Judged;
use super::result::{CheckKind, CheckResult, DEGRADED};
use crate::checks::expectation::{Bound, Expectation};
use crate::checks::{Judgement, RunReport, Verdict};
use crate::faults::budget::{self, Excess};
use crate::faults::target::Site;
use crate::scenario::{Scenario, Variant};
use crate::stats::{self, MIN_SEEDS, paired};

/// Every check of one variant, which has the position `at` in the scenario. `others` returns the
/// runs of a variant by its name, if it was compared.
pub(super) fn of<'j>(
    scenario: &Scenario,
    at: usize,
    variant: &Variant,
    seeds: &[u64],
    runs: &[&'j Judged],
    others: impl Fn(&str) -> Option<Vec<&'j Judged>>,
) -> Vec<CheckResult> {
    let over = Over { variant: &variant.name.shown, seeds };
    let mut results = Vec::new();
    let invariants = runs.first().map_or(&[][..], |run| &run.report.invariants);
    for (number, invariant) in invariants.iter().enumerate() {
        let judged = runs.iter().map(|run| run.report.invariants[number].judgement.clone());
        let result = over.result(CheckKind::Invariant, &invariant.name, judged.collect());
        let meant_to_fail = variant.meant_to_fail.contains(&invariant.name);
        results.push(CheckResult { meant_to_fail, ..result });
    }
    for expectation in scenario.expectations.iter().filter(|it| it.concerns(at)) {
        results.push(match &expectation.bound {
            Bound::Amount(_) => {
                let judged = runs.iter().map(|run| expectation.judge(&run.report)).collect();
                over.result(CheckKind::Expectation, &expectation.name, judged)
            }
            Bound::Variant { name, times } => {
                let judged = match others(name) {
                    Some(others) => against(expectation, runs, &others, *times),
                    None => Judgement::undecided(format!("{name} was not compared")),
                };
                over.once(CheckKind::Expectation, &expectation.name, judged)
            }
        });
    }
    for (number, fault) in (0..).zip(&scenario.faults) {
        let reach = fault.fault.reach();
        let judged = runs.iter().map(|run| struck(&run.report, number, reach.needs_nodes()));
        let name = format!("{} {}", fault.fault.name(), reach.names().join(", "));
        let name = format!("{} hits work", name.trim_end());
        results.push(over.result(CheckKind::Fault, &name, judged.collect()));
    }
    let promises = variant.pattern.promises(&variant.system);
    let drivers = variant.pattern.drivers();
    let site = Site { system: &variant.system, drivers: &drivers };
    let outside = budget::inside(&scenario.faults, &promises.budget, &site).err();
    let kept = runs.first().map_or(&[][..], |run| &run.promised);
    for (number, finding) in kept.iter().enumerate() {
        if !runs.iter().any(|run| run.promised[number].counts()) {
            continue;
        }
        let judged = runs
            .iter()
            .map(|run| within_budget(run.promised[number].judgement.clone(), outside.as_ref()));
        results.push(over.result(CheckKind::Promise, &finding.property, judged.collect()));
    }
    for (run, seed) in runs.iter().zip(seeds) {
        for check in run.report.failed_self_checks() {
            results.push(CheckResult {
                variant: variant.name.shown.to_string(),
                kind: CheckKind::SelfCheck,
                name: format!("self-check: {}", check.name),
                verdict: Verdict::Violated,
                meant_to_fail: false,
                in_seeds: None,
                why: format!("{} against {} (seed {seed})", check.left, check.right),
            });
        }
    }
    results
}

/// Compares a variant with a multiple of another one on the same seeds.
fn against(
    expectation: &Expectation,
    runs: &[&Judged],
    others: &[&Judged],
    times: f64,
) -> Judgement {
    let of = |run: &&Judged| expectation.value(&run.report);
    let values: Vec<Option<f64>> = runs.iter().map(of).collect();
    let others: Vec<Option<f64>> =
        others.iter().map(|run| of(run).map(|other| other * times)).collect();
    let Some(found) = paired(&values, &others) else {
        return Judgement::undecided("no seed has a value of both");
    };
    let Some((low, high)) = found.interval else {
        let seeds = found.seeds;
        let hint =
            format!("{seeds} seeds give no interval, {MIN_SEEDS} do (`--seeds {MIN_SEEDS}`)");
        return Judgement::undecided(hint);
    };
    let why = format!("differs by {} to {}", expectation.text(low), expectation.text(high));
    match (expectation.limit.holds(low, 0.0), expectation.limit.holds(high, 0.0)) {
        (true, true) => Judgement { why: why.into(), ..Judgement::held() },
        (false, false) if found.verdict != stats::Verdict::NoDifferenceShown => {
            Judgement::violated(why)
        }
        _ => {
            let needed = needed(&found, (low, high));
            Judgement::undecided(format!("no difference shown: {why}{needed}"))
        }
    }
}

/// The number of seeds that would decide, if intervals shrink as the root of it grows and the
/// difference stays as it is.
fn needed(found: &stats::Paired, (low, high): (f64, f64)) -> String {
    let times = (high - low) / 2.0 / found.difference.abs();
    let seeds = libm::ceil(found.seeds as f64 * times * times);
    // Without a difference, or with one that is "never", there is no such number.
    let is_one = seeds > found.seeds as f64 && seeds <= 1e5;
    let said = || format!("; about {seeds} seeds would decide (`--seeds {seeds}`)");
    if is_one { said() } else { String::new() }
}

/// The judgement of a broken promise when more went wrong than its budget allows.
fn within_budget(judgement: Judgement, outside: Option<&Excess>) -> Judgement {
    match outside {
        Some(outside) if judgement.verdict == Verdict::Violated => Judgement::undecided(format!(
            "{DEGRADED}, for outside the budget is {outside}: {}",
            judgement.why
        )),
        _ => judgement,
    }
}

/// Returns whether a planned fault began and overlapped work: without that, checks under the fault
/// could not have failed.
fn struck(report: &RunReport, number: u32, needs_nodes: bool) -> Judgement {
    match Strike::of(report, number, needs_nodes) {
        Strike::NeverFired => Judgement::undecided("it never fired"),
        Strike::Idle => Judgement::undecided("it overlapped no work"),
        Strike::Elsewhere | Strike::Hit => Judgement::held(),
    }
}

/// The effect of a planned fault in one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Strike {
    /// The fault did not begin.
    NeverFired,
    /// The variant has no node of those that it strikes.
    Elsewhere,
    /// No operation was under way while it lasted.
    Idle,
    /// Operations were under way while it lasted.
    Hit,
}

impl Strike {
    /// The effect of the fault with this number; `needs_nodes` says that it strikes nodes by name.
    pub(super) fn of(report: &RunReport, number: u32, needs_nodes: bool) -> Self {
        let windows = || report.faults.iter().filter(|window| window.fault == number);
        match () {
            () if windows().next().is_none() => Self::NeverFired,
            () if needs_nodes && windows().all(|window| window.nodes == 0) => Self::Elsewhere,
            () if windows().any(|window| window.hit) => Self::Hit,
            () => Self::Idle,
        }
    }
}

/// The seeds over which verdicts are combined.
struct Over<'a> {
    variant: &'a str,
    seeds: &'a [u64],
}

impl Over<'_> {
    /// A verdict over all seeds at once.
    fn once(&self, kind: CheckKind, name: &str, judged: Judgement) -> CheckResult {
        let (variant, name) = (self.variant.into(), name.into());
        let (verdict, why) = (judged.verdict, judged.why.to_string());
        CheckResult { variant, kind, name, verdict, meant_to_fail: false, in_seeds: None, why }
    }

    fn result(&self, kind: CheckKind, name: &str, judged: Vec<Judgement>) -> CheckResult {
        let verdict = Verdict::all(judged.iter().map(|judgement| judgement.verdict));
        let of_verdict = judged.iter().filter(|judgement| judgement.verdict == verdict).count();
        let those = || judged.iter().zip(self.seeds).filter(|(it, _)| it.verdict == verdict);
        let first = those().find(|(it, _)| it.why.starts_with(DEGRADED)).or(those().next());
        let why = match first {
            Some((judgement, seed)) if verdict == Verdict::Violated => {
                let violated = judged.iter().filter(|it| it.verdict == verdict);
                let often = often(violated.map(|it| it.failures));
                match self.seeds.len() {
                    1 => format!("{} (seed {seed})", judgement.why),
                    all => {
                        let why = &judgement.why;
                        format!("{why} (seed {seed}); in {of_verdict} of {all} seeds{often}")
                    }
                }
            }
            Some((judgement, seed)) if verdict == Verdict::Undecided => {
                format!("{} (seed {seed})", judgement.why)
            }
            _ => format!("in {of_verdict} of {} seeds", self.seeds.len()),
        };
        let judged = Judgement { verdict, why: why.into(), failures: 0 };
        CheckResult { in_seeds: Some(of_verdict), ..self.once(kind, name, judged) }
    }
}

/// The number of failures in each seed with a failure, unless it is one in all of them.
fn often(counts: impl Iterator<Item = u64> + Clone) -> String {
    match (counts.clone().min().unwrap_or_default(), counts.max().unwrap_or_default()) {
        (_, 0 | 1) => String::new(),
        (least, most) if least == most => format!(", {most} times in each"),
        (least, most) => format!(", {least} to {most} times in each"),
    }
}

#[cfg(test)]
mod tests;
