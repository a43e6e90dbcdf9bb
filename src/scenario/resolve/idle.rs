//! Warnings of parts that do nothing: settings, faults without a target, expectations without a
//! value.

use std::sync::Arc;

use super::super::file::File;
use super::super::operation::Expect;
use super::super::plan::{FaultText, VariantText};
use super::super::problem::{Code, Problem};
use super::super::values::At;
use super::layout::Laid;
use super::loads::anchor;
use crate::checks::expectation::{Expectation, Subject};
use crate::checks::measures::{Key, Scope, catalogue, reads};
use crate::faults::target::{CLIENTS, DRIVERS, ROLE};
use crate::model::contract::{Waits, WaitsFor, role};
use crate::model::reason::Reason;
use crate::model::system::{Access, Anchor, ServiceId, StepSpec, System};
use crate::patterns::pattern::Prepared;
use crate::reason;

/// The code of the warnings.
const CODE: Code = Code::DoesNothing;

/// Warns of settings, faults and expectations that do nothing.
pub(super) fn check(
    layouts: &[Option<Laid<'_>>],
    expectations: &[Expectation],
    file: &File,
    problems: &mut Vec<Problem>,
) {
    for ((shown, variant), laid) in file.variants.0.iter().zip(layouts) {
        if let (Some(variant), Some(laid)) = (variant, laid) {
            let lead = reason!("in the variant `{}`, ", shown.value);
            problems.extend(variant.pattern.idle(&laid.system, &lead));
        }
    }
    problems.extend(idle_breakers(layouts, file));
    let targets = file.faults.iter().filter(|fault| fault.nemesis.is_none());
    problems.extend(targets.flat_map(|fault| absent_targets(fault, file)));
    for (expectation, text) in expectations.iter().zip(file.expect.iter()) {
        problems.extend(no_value(expectation, text, layouts, file));
    }
}

/// Warns of circuit breakers for services that are not called in any variant.
fn idle_breakers(layouts: &[Option<Laid<'_>>], file: &File) -> Vec<Problem> {
    let variants = || file.variants.iter().zip(layouts);
    let services = (0..).map(ServiceId).zip(file.services.0.iter());
    let idle = services.filter_map(|(id, (shown, service))| {
        let breaker = service.as_ref()?.retry.as_ref()?.breaker.as_ref()?;
        let called = variants().any(|((_, _, variant), laid)| {
            laid.as_ref().is_none_or(|laid| is_called(id, variant, &laid.system))
        });
        let message =
            reason!("no node calls `{}`, so its circuit breaker does nothing", shown.value);
        let label = "it consumes events, or is not used";
        (!called).then(|| Problem::error(CODE, &breaker.place, message, label).warning())
    });
    idle.collect()
}

/// Returns whether any node calls a service for an operation: as the first service, for a step
/// before the answer, or for a look-up.
fn is_called(service: ServiceId, variant: &VariantText, system: &System) -> bool {
    let pattern = variant.prepared(system);
    let for_step = |step: &StepSpec| step.by == service || step.asked_by == Some(service);
    system.kinds().any(|kind| {
        let (steps, at) = (&system.operation(kind).steps, system.offered(kind).start);
        let looked_up = |step: &StepSpec| {
            let table = step.lookup.map(|lookup| lookup.table);
            table.is_some_and(|table| system.access(step.by, table, at) == Access::Call(service))
        };
        let waits = pattern.waits_in_turn(kind);
        let each = waits.iter().any(|(_, waits)| waits.steps == WaitsFor::All);
        let called = if each { &steps[..] } else { &steps[..1] };
        called.iter().any(for_step) || steps.iter().any(looked_up)
    })
}

/// Warns of driver nodes that a fault targets and that no variant has.
fn absent_targets(fault: &FaultText, file: &File) -> Vec<Problem> {
    let drivers = file.variants.iter().flat_map(|(_, _, variant)| variant.pattern.drivers());
    let drivers: Vec<_> = drivers.collect();
    let absent = |target: &&At<String>| {
        let name = target.value.split('#').next().unwrap_or_default();
        match name.strip_prefix(ROLE) {
            _ if name == CLIENTS => false,
            _ if name == DRIVERS => drivers.is_empty(),
            Some(role) => !drivers.iter().any(|driver| driver.role == role),
            None => name == role::BROKER && !drivers.iter().any(|driver| driver.name == name),
        }
    };
    let warn = |target: &At<String>| {
        let message = reason!("no variant has a `{}` for this fault to strike", target.value);
        Problem::error(CODE, &target.place, message, "no such node").warning()
    };
    fault.targets.iter().filter(absent).map(warn).collect()
}

/// Warns of an expectation of a number that some of its variants cannot have.
fn no_value(
    expectation: &Expectation,
    text: &Expect,
    layouts: &[Option<Laid<'_>>],
    file: &File,
) -> Option<Problem> {
    let key = match &expectation.subject {
        Subject::Quantile(key, _) | Subject::Mean(key) | Subject::Number(key) => key,
        Subject::Census(..) | Subject::Wrong(_) => return None,
    };
    let name = text.measure.as_ref()?;
    let id = key.measure.id;
    let is = |measure: &crate::checks::measures::Measure| id == measure.id;
    let missing = match () {
        () if file.invariants.is_empty()
            && (is(catalogue::VIOLATION) || is(catalogue::VIOLATED)) =>
        {
            Some("the scenario declares no invariant")
        }
        () if file.faults.is_empty() && is(catalogue::RECOVERY) => Some("nothing goes wrong"),
        () if file.reads.0.is_empty() && (id.starts_with("m4.") || id.starts_with("m5")) => {
            Some("the scenario has no read")
        }
        () if is(reads::UNANSWERED) && !follows_answers(key, file) => {
            Some("the times of this read count from the arrival")
        }
        () => None,
    };
    let problem = |why: Reason| {
        let message = reason!("`{}` has no value: ", name.value).and(why);
        Problem::error(CODE, &name.place, message, "it stays undecided").warning()
    };
    if let Some(why) = missing {
        return Some(problem(why.into()));
    }
    let concerned = file.variants.0.iter().zip(layouts).enumerate();
    let mut concerned = concerned.filter(|(at, _)| expectation.concerns(*at));
    concerned.find_map(|(_, ((shown, variant), laid))| {
        let why = unanswered(key, variant.as_ref()?, laid.as_ref()?)?;
        let in_variant = reason!(" in the variant `{}`", shown.value);
        Some(problem(Reason::from(why).and(in_variant)))
    })
}

/// Returns whether the times of the read that a measure is about count from the answer.
fn follows_answers(key: &Key, file: &File) -> bool {
    let (Scope::Read(name) | Scope::ReadAt(name, ..)) = &key.scope else { return false };
    let named = file.reads.0.iter().find(|(known, _)| *known.value == **name);
    named.and_then(|(_, read)| read.as_ref()).is_some_and(|read| anchor(read) == Anchor::Answer)
}

/// The reason why no operation of a variant has the kind of answer that a measure is about.
fn unanswered(key: &Key, variant: &VariantText, laid: &Laid<'_>) -> Option<&'static str> {
    let system = &laid.system;
    let wanted: Vec<_> = match &key.scope {
        Scope::Run => system.pooled_kinds(),
        Scope::Operation(name) => {
            let named = |kind: &_| *system.operation(*kind).name.shown == **name;
            system.declared_kinds().filter(named).collect()
        }
        _ => Vec::new(),
    };
    let pattern: Arc<dyn Prepared> = variant.prepared(system);
    let turns = wanted.into_iter().flat_map(|kind| pattern.waits_in_turn(kind));
    let turns: Vec<Waits> = turns.map(|(_, waits)| waits).collect();
    let early = |waits: &Waits| waits.steps == WaitsFor::First;
    match key.measure.id {
        _ if turns.is_empty() => None,
        id if id == catalogue::ACCEPTED.id && !turns.iter().any(early) => {
            Some("answers wait for the last step, and are never just accepted,")
        }
        id if id == catalogue::DONE.id && turns.iter().all(early) => {
            Some("no answer waits for the last step: all are just accepted")
        }
        _ => None,
    }
}
