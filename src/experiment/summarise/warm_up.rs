//! The warning of a warm-up that looks too short.

use std::collections::BTreeMap;

use crate::experiment::compare::Judged;
use crate::experiment::result::ListedOperation;
use crate::kernel::Span;
use crate::scenario::Variant;
use crate::stats::{UNSTEADY_STEP, unsteady};

/// Into how many steps the time before the first fault is cut.
const STEPS: usize = 100;

/// The warning, if the latencies of a variant are not as they are later when its warm-up ends. Only
/// what arrives before anything goes wrong is looked at; without lists of operations, nothing is.
pub(super) fn warning(
    variant: &Variant,
    runs: &[&Judged],
    operations: &[Vec<ListedOperation>],
) -> Option<String> {
    let phases = &variant.system.phases;
    let faults = runs.iter().flat_map(|run| &run.report.faults);
    let first = faults.map(|fault| fault.began.as_nanos()).min().unwrap_or(u64::MAX);
    // What arrives shortly before a fault is answered in the middle of it.
    let patience = variant.system.client.deadline.as_nanos();
    let end = phases.load.as_nanos().min(first.saturating_sub(patience));
    let warm_up = phases.warm_up.as_nanos();
    if end < 2 * warm_up || end < STEPS as u64 {
        return None;
    }
    let series = latencies(operations, end)?;
    let steady = unsteady(&series)?;
    let at = |steps: usize| end / STEPS as u64 * steps as u64;
    let from = at(steady);
    (at(steady.saturating_sub(UNSTEADY_STEP)) > warm_up).then(|| {
        format!(
            "`{}` has not warmed up when its operations begin to count: by the rule MSER-5, how \
             long its answers take is steady from {} on only, and the warm-up ends at {}. Set \
             `warm-up = \"{}s\"` or more.",
            variant.name.shown,
            Span::from_nanos(from),
            phases.warm_up,
            from.div_ceil(1_000_000_000)
        )
    })
}

/// How long answers took to operations that arrived in each step up to `end`, over all seeds, as
/// multiples of what operations of their kind take; none if there was no answer in some step.
fn latencies(seeds: &[Vec<ListedOperation>], end: u64) -> Option<Vec<f64>> {
    let answered = || {
        let operations = seeds.iter().flatten().filter(|it| it.arrived.as_nanos() < end);
        operations.filter_map(|it| Some((it, it.answered_after?.as_nanos() as f64)))
    };
    let mut kinds = BTreeMap::new();
    for (operation, latency) in answered() {
        let (sum, count) = kinds.entry(operation.kind).or_insert((0.0, 0.0));
        *sum += latency;
        *count += 1.0;
    }
    let mut steps = vec![(0.0, 0.0); STEPS];
    for (operation, latency) in answered() {
        let (sum, count) = kinds[&operation.kind];
        let at = operation.arrived.as_nanos() / (end / STEPS as u64);
        let (all, many) = steps.get_mut(at as usize).or(None)?;
        *all += latency * count / f64::max(sum, 1.0);
        *many += 1.0;
    }
    let step = |(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count);
    steps.into_iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::{Study, judge};
    use crate::tests::runs::{SHOP, scenario};

    /// Answers that take longer at first, until this many seconds.
    fn warned(slow_until: u64) -> Option<String> {
        let scenario = scenario(&SHOP.replace("constant = \"4s\"", "constant = \"200ms\""));
        let compared = Study::of(&scenario, 1..=1).compare().expect("a seed");
        let mut operations = compared.variants[0].operations.to_vec();
        for operation in operations.iter_mut().flatten() {
            if operation.arrived.as_nanos() < slow_until * 1_000_000_000 {
                operation.answered_after =
                    operation.answered_after.map(|after| after.saturating_mul(3));
            }
        }
        let run = judge(&scenario, &scenario.variants[0], 1, false);
        warning(&scenario.variants[0], &[&run], &operations)
    }

    #[test]
    fn answers_that_take_longer_at_first_are_warned_of() {
        let found = warned(14).expect("slow until 14 s, and it counts from 1 s on");
        assert!(found.contains("the warm-up ends at 1s. Set `warm-up = \"1"), "{found}");
        assert_eq!((warned(0), warned(1)), (None, None), "nothing changes behind the warm-up");
    }
}
