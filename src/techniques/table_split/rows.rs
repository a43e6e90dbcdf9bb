//! Inserts and deletes in every part of a split table: by a step of the operation that writes the
//! part anyway, or by a step that is appended.

use super::plan::Plan;
use crate::model::reason::Reason;
use crate::model::system::{
    Derive, DeriveRule, Effect, Expr, MAX_STEPS, Name, OperationKind, ReadWhat, ServiceId, StepId,
    StepSpec, System, TableId, ValueSpec,
};
use crate::reason;
use crate::techniques::layout;

/// Completes every operation that inserts or deletes rows of a part; returns those that become too
/// long.
pub(super) fn complete(system: &mut System, plan: &Plan) -> Vec<Reason> {
    let mut problems = Vec::new();
    if plan.others.is_empty() {
        return problems;
    }
    let parts = plan.parts();
    for kind in system.kinds() {
        let causes = causes(&system.operation(kind).steps, &parts);
        for cause in causes {
            let here = system.operation(kind).steps[cause.index()].table;
            for (part, owner) in parts.iter().filter(|(part, _)| *part != here) {
                carry(system, kind, cause, *part, *owner);
            }
        }
        let operation = system.operation(kind);
        if operation.steps.len() > MAX_STEPS {
            let count = operation.steps.len();
            problems.push(reason!(
                "with a split of `{}`, `{}` has {count} steps, and an operation has at most \
                 {MAX_STEPS}",
                layout::table(system, plan.whole),
                operation.name.shown
            ));
        }
    }
    problems
}

/// The steps that insert or delete a row of any part.
fn causes(steps: &[StepSpec], parts: &[(TableId, ServiceId)]) -> Vec<StepId> {
    let of_part = |step: &StepSpec| parts.iter().any(|(part, _)| step.table == *part);
    let numbered = (0..).map(StepId).zip(steps);
    numbered.filter(|(_, step)| of_part(step) && step.effect.is_whole()).map(|(id, _)| id).collect()
}

/// Adds the insert (or delete) of one step to another part.
fn carry(system: &mut System, kind: OperationKind, cause: StepId, part: TableId, owner: ServiceId) {
    let steps = &system.operation(kind).steps;
    let made = &steps[cause.index()];
    let (source, key) = (made.table, made.key);
    let deletes = made.effect == Effect::Delete;
    let same = |step: &StepSpec| step.table == part && step.key == key;
    let does = |step: &StepSpec| match step.effect {
        Effect::Insert(_) => !deletes,
        Effect::Delete => deletes,
        Effect::Set(_) | Effect::Add(_) | Effect::Update(..) | Effect::Restore(_) => false,
        Effect::Nothing(_) => false,
    };
    if steps.iter().any(|step| same(step) && does(step)) {
        return;
    }
    let derive = Derive { source, filter: Vec::new(), rule: DeriveRule::RowPer };
    let writes = |step: &StepSpec| !step.effect.is_whole() && !step.effect.is_nothing();
    let mut numbered = (0..).map(StepId).zip(steps);
    let later = numbered.find(|(id, step)| {
        same(step) && writes(step) && !deletes && !comes_before(steps, *id, cause)
    });
    if let Some((id, _)) = later {
        let follows = comes_before(steps, cause, id);
        let initial: Vec<i64> =
            system.table(part).columns.iter().map(|column| column.initial).collect();
        let step = &mut system.operations[kind.index()].steps[id.index()];
        step.effect = Effect::Insert(first_values(&step.effect, &initial));
        step.undo = Effect::Delete;
        step.derive = Some(derive);
        if !follows {
            step.after.push(cause);
        }
        return;
    }
    let (verb, effect, undo) = match deletes {
        true => ("delete", Effect::Delete, Effect::Set(Vec::new())),
        false => ("create", Effect::Insert(Vec::new()), Effect::Delete),
    };
    let part_name = &system.table(part).name;
    let name = Name::with_stream(
        &format!("{verb} {}", part_name.shown),
        &format!("{verb} {}", part_name.stream_name),
    );
    append(
        system,
        kind,
        cause,
        StepSpec {
            name,
            by: owner,
            part: None,
            asked_by: None,
            table: part,
            key,
            effect,
            undo,
            after: vec![cause],
            refuse: None,
            derive: Some(derive),
            lookup: None,
        },
    );
}

/// Appends a step. A reader of the row of the step that causes it wants the whole row, so it also
/// reads the new part.
fn append(system: &mut System, kind: OperationKind, cause: StepId, step: StepSpec) {
    let steps = &mut system.operations[kind.index()].steps;
    let added = StepId(steps.len() as u8);
    steps.push(step);
    for read in &mut system.reads {
        if let ReadWhat::Operation { kind: of, steps, .. } = &mut read.what
            && *of == kind
            && steps.contains(&cause)
        {
            steps.push(added);
        }
    }
}

/// The values with which a row is inserted, instead of being written right after.
fn first_values(effect: &Effect, initial: &[i64]) -> Vec<(u8, ValueSpec)> {
    match effect {
        Effect::Insert(cells) | Effect::Set(cells) => cells.clone(),
        Effect::Add(cells) => {
            let sum = |(column, amount): &(u8, i64)| {
                let value = initial[usize::from(*column)].wrapping_add(*amount);
                (*column, ValueSpec::Literal(value))
            };
            cells.iter().map(sum).collect()
        }
        Effect::Update(cells, _) => {
            let value = |column: u8| initial[usize::from(column)];
            let computed = |(column, expr): &(u8, Expr)| {
                Some((*column, ValueSpec::Literal(expr.value(&value)?)))
            };
            cells.iter().filter_map(computed).collect()
        }
        Effect::Restore(_) | Effect::Delete | Effect::Nothing(_) => Vec::new(),
    }
}

/// Returns whether one step comes before another one.
fn comes_before(steps: &[StepSpec], first: StepId, then: StepId) -> bool {
    steps[then.index()]
        .after
        .iter()
        .any(|before| *before == first || comes_before(steps, first, *before))
}
