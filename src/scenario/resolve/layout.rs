//! The system of each variant: its techniques applied to the layout of the file, and the check that
//! every service may then write the tables that its steps write.

use std::sync::Arc;

use super::super::file::File;
use super::super::plan::VariantText;
use super::super::problem::{Code, Problem};
use super::super::suggest::nearest;
use super::super::technique::TechniqueText;
use super::course::{change, clients};
use super::{switch, tables};
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::model::system::{Name, OperationKind, ServiceId, StepSpec, System, TableId};
use crate::reason;

/// A variant with its layouts.
pub(super) struct Laid<'f> {
    /// The layouts that follow each other; the first holds from the start.
    pub stages: Vec<Stage<'f>>,
    /// The system on which the variant runs: that of its only stage, or one system for all stages.
    pub system: Arc<System>,
}

/// A layout that holds from a time on.
pub(super) struct Stage<'f> {
    /// The time from which it holds.
    pub from: Span,
    /// The techniques that arrange it.
    pub techniques: &'f [TechniqueText],
    /// The system of the file after its techniques.
    pub system: Arc<System>,
}

impl Stage<'_> {
    /// The stage of a variant in words, for messages.
    pub fn of(&self, variant: &str) -> Reason {
        match self.from {
            Span::ZERO => reason!("in the variant `{}`", variant),
            from => reason!("in the variant `{}` from {from} on", variant),
        }
    }
}

/// The layouts of each variant, in order; `None` for a variant whose techniques do not fit.
pub(super) fn lay_out<'f>(
    system: &Arc<System>,
    file: &'f File,
    problems: &mut Vec<Problem>,
) -> Vec<Option<Laid<'f>>> {
    let mut reports: Vec<Problem> = Vec::new();
    let mut layouts = Vec::new();
    for (_, variant) in &file.variants.0 {
        layouts.push(variant.as_ref().and_then(|variant| {
            let first = (Span::ZERO, &*variant.technique);
            let all = std::iter::once(first).chain(variant.pattern.techniques());
            let retry = system.retry.changed(&change(variant.retry.as_ref()));
            let client = clients(system.client, variant.clients.as_ref());
            let mut system = System { retry, client, ..System::clone(system) };
            variant.drivers.iter().for_each(|parts| tables::change_drivers(&mut system, parts));
            let stages = all.map(|(from, techniques)| {
                let system = applied(&system, techniques, &mut reports)?;
                Some(Stage { from, techniques, system: Arc::new(system) })
            });
            let stages: Vec<Option<Stage<'_>>> = stages.collect();
            let stages: Vec<Stage<'_>> = stages.into_iter().collect::<Option<_>>()?;
            let system = switch::together(&stages, problems)?;
            Some(Laid { stages, system })
        }));
    }
    problems.extend(reports);
    layouts
}

/// Applies these techniques to a system one after the other; `None` if one does not fit.
fn applied(
    system: &System,
    techniques: &[TechniqueText],
    reports: &mut Vec<Problem>,
) -> Option<System> {
    let mut layout = system.clone();
    for technique in techniques {
        match technique.arrangement.apply(layout) {
            Ok(after) => layout = after,
            Err(reasons) => {
                for reason in reasons {
                    report(reports, technique, reason, system);
                }
                return None;
            }
        }
    }
    Some(layout)
}

/// Reports a technique that does not fit; the same reason in several variants is reported once,
/// with all places.
fn report(reports: &mut Vec<Problem>, technique: &TechniqueText, reason: Reason, system: &System) {
    let word = technique.first_written(&reason.names);
    let place = word.map_or(&technique.place, |word| &word.place);
    if let Some(problem) = reports.iter_mut().find(|known| known.message == reason.words) {
        let again = problem.clone().also(place, "and here");
        *problem = again;
        return;
    }
    let label = format!("`{}` does not fit", technique.arrangement.name());
    let problem = Problem::error(Code::Technique, place, reason, label);
    reports.push(match word.and_then(|word| meant(&word.value, system)) {
        Some(better) => problem.help("a similar name exists").patch(place, format!("{better:?}")),
        None => problem,
    });
}

/// The known name that is most like an unknown one.
fn meant<'s>(name: &str, system: &'s System) -> Option<&'s str> {
    let services = system.services.iter().map(|service| &service.name);
    let databases = system.databases.iter().map(|database| &database.name);
    let tables = system.tables.iter().map(|table| &table.name);
    let all: Vec<&Name> = services.chain(databases).chain(tables).collect();
    let unknown = !all.iter().any(|known| known.is_called(name));
    nearest(name, all.iter().map(|known| &*known.shown)).filter(|_| unknown)
}

/// A step whose service has no right to write its table.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Trespass {
    kind: OperationKind,
    step: usize,
}

fn trespasses(system: &System) -> Vec<Trespass> {
    let kinds = (0..).map(OperationKind).zip(&system.operations);
    let steps = kinds.flat_map(|(kind, operation)| {
        let numbered = operation.steps.iter().enumerate();
        numbered.map(move |(step, spec)| (Trespass { kind, step }, spec))
    });
    let barred = |spec: &StepSpec| !system.table(spec.table).is_writable_by(spec.by);
    steps.filter(|(_, spec)| barred(spec)).map(|(trespass, _)| trespass).collect()
}

/// Reports steps whose service neither owns the table that it writes nor has a right to it. If that
/// is so in every variant, and only one service writes the table, the step names the wrong service;
/// otherwise a technique is missing.
pub(super) fn check_writers(
    system: &System,
    layouts: &[Option<Laid<'_>>],
    file: &File,
    problems: &mut Vec<Problem>,
) {
    let stages = layouts.iter().flatten().flat_map(|laid| &laid.stages);
    let each: Vec<Vec<Trespass>> = stages.map(|stage| trespasses(&stage.system)).collect();
    let Some(first) = each.first() else { return };
    let spec = |at: Trespass| &system.operation(at.kind).steps[at.step];
    let is_everywhere = |at: &Trespass| {
        let everywhere = each.iter().all(|trespasses| trespasses.contains(at));
        everywhere && system.writers(spec(*at).table).len() == 1
    };
    let by_the_file: Vec<Trespass> = first.iter().filter(|at| is_everywhere(at)).copied().collect();
    problems.extend(by_the_file.iter().filter_map(|at| not_owner(*at, spec(*at).table, file)));
    for ((shown, variant), laid) in file.variants.0.iter().zip(layouts) {
        let (Some(variant), Some(laid)) = (variant, laid) else { continue };
        for stage in &laid.stages {
            let mut known: Vec<(ServiceId, TableId)> = Vec::new();
            for at in trespasses(&stage.system).into_iter().filter(|at| !by_the_file.contains(at)) {
                let who = (spec(at).by, spec(at).table);
                if !known.contains(&who) {
                    known.push(who);
                    problems.extend(missing(at, variant, &shown.value, stage, file));
                }
            }
        }
    }
}

/// The problem of a step for which the file itself names the wrong service.
fn not_owner(at: Trespass, table: TableId, file: &File) -> Option<Problem> {
    let step = &file.operations.0[at.kind.index()].1.as_ref()?.steps[at.step];
    let owner = &file.tables.0[table.index()].1.as_ref()?.owner;
    let message = reason!("`{}` does not own the table `{}`", step.by.value, step.table.value);
    let label = format!("writes to `{}`", step.table.value);
    Some(
        Problem::error(Code::NotOwner, &step.by.place, message, label)
            .also(&owner.place, "its owner is given here")
            .help(format!("let `{}` do it", owner.value))
            .patch(&step.by.place, format!("{:?}", owner.value)),
    )
}

/// The problem of a variant without a technique that lets a service write a table of another one.
fn missing(
    at: Trespass,
    variant: &VariantText,
    shown: &str,
    stage: &Stage<'_>,
    file: &File,
) -> Option<Problem> {
    let layout = &stage.system;
    let step = file.operations.0[at.kind.index()].1.as_ref()?.steps.get(at.step)?;
    let spec = &layout.operation(at.kind).steps[at.step];
    let name = |service: ServiceId| &layout.services[service.index()].name.shown;
    let table = layout.table(spec.table);
    let message = stage.of(shown).and(reason!(
        ", `{}` writes to `{}`, which belongs to `{}`",
        name(spec.by),
        table.name.shown,
        name(table.owner)
    ));
    let place = stage.techniques.first().map_or(&variant.name.place, |first| &first.place);
    let help = "name a technique that settles it, such as `table-split`, `delegate`, \
                `data-domain`, `shared-database` or `consolidation`";
    let label = "neither makes it the owner nor lets it write";
    Some(
        Problem::error(Code::NotOwner, place, message, label)
            .also(&step.by.place, "this step")
            .help(help),
    )
}
