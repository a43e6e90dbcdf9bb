//! The settle phase: one for all variants, given or computed.

use std::sync::Arc;

use super::super::file::File;
use super::super::problem::{Code, Problem};
use super::super::settle::{LeftBehind, Settling};
use super::super::values::Settle;
use super::Resolved;
use super::capacity::utilisation;
use super::course::LONGEST;
use crate::faults::plan::Start;
use crate::kernel::Span;
use crate::model::system::System;
use crate::patterns::pattern::Prepared;
use crate::reason;

/// Computes the settle phase that each variant needs. A given settle phase that is shorter than the
/// longest of these is a warning. If none is given, it is the longest that any variant would need
/// if a fault lasted to the end of the load, as faults of `driftlab explore` and of the fuzzer do.
pub(super) fn settle(resolved: &mut Resolved, file: &File, problems: &mut Vec<Problem>) {
    let auto = file.scenario.settle.value == Settle::Auto;
    let mut needs = Vec::new();
    for variant in &resolved.variants {
        let mut left = left_behind(&*variant.pattern, &variant.system, resolved);
        if auto {
            left.healed = Some(Span::ZERO);
        }
        needs.push(Settling::of(&*variant.pattern, &variant.system, left));
    }
    for (variant, needs) in resolved.variants.iter_mut().zip(needs) {
        variant.settles = needs;
    }
    let longest = resolved.variants.iter().max_by_key(|variant| variant.settles.length());
    let Some(longest) = longest else { return };
    let (settle, needs) = (&file.scenario.settle, longest.settles.length());
    if let Settle::Given(given) = settle.value {
        if given < needs {
            let message = reason!(
                "settle = {given} is shorter than the {needs} that `{}` needs: {}",
                longest.name.shown,
                longest.settles
            );
            let problem = Problem::error(
                Code::Times,
                &settle.place,
                message,
                "too short to judge the state at rest",
            );
            problems.push(problem.warning().help("leave it out, and it is computed"));
        }
        return;
    }
    let load = &file.scenario.load;
    if load.value.0 + needs > LONGEST {
        let message = reason!(
            "`{}` needs {needs} to settle, and that is too long: {}",
            longest.name.shown,
            longest.settles
        );
        problems.push(Problem::error(
            Code::Times,
            &load.place,
            message,
            "with the settle phase after it",
        ));
    }
    Arc::make_mut(&mut resolved.system).phases.settle = needs;
    for variant in &mut resolved.variants {
        Arc::make_mut(&mut variant.system).phases.settle = needs;
    }
}

/// The backlog at the end of the load, by the mean utilisation of the busiest part: the work that
/// could not be done while a fault lasted, or that exceeds the capacity.
fn left_behind(pattern: &dyn Prepared, system: &System, resolved: &Resolved) -> LeftBehind {
    let seconds = |until: Span, from: Span| until.saturating_sub(from).as_secs_f64();
    let (load, busy) = (system.phases.load, utilisation(pattern, system));
    let mut backlog = (busy - 1.0).max(0.0) * load.as_secs_f64();
    let mut healed = (!resolved.nemeses.is_empty()).then_some(Span::ZERO);
    for fault in &resolved.faults {
        let from = match fault.start {
            Start::At(at) => at.min(load),
            Start::On(_) => load.saturating_sub(fault.length.unwrap_or(load)),
        };
        let until = fault.length.map_or(load, |length| (from + length).min(load));
        let missed = busy.min(1.0) * seconds(until, from);
        let caught_up = (1.0 - busy).max(0.0) * seconds(load, until);
        backlog = backlog.max(missed - caught_up);
        let ago = load.saturating_sub(until);
        healed = Some(healed.map_or(ago, |least| least.min(ago)));
    }
    LeftBehind { backlog: Span::from_secs_f64(backlog.ceil()), healed }
}
