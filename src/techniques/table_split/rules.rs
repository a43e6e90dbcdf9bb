//! The change of steps, reads and invariants to the parts that hold their columns.

use super::plan::Plan;
use crate::model::reason::Reason;
use crate::model::system::{
    ColumnRef, DeriveRule, Effect, InvariantRule, InvariantSpec, Lookup, ReadWhat, Refuse,
    StepSpec, System, TableId, When,
};
use crate::reason;

/// The error of columns that are used together and lie in different parts.
type Torn = Result<(), ()>;

/// Changes everything that names columns of the table; returns what would need a join.
pub(super) fn repoint(system: &mut System, plan: &Plan) -> Vec<Reason> {
    if plan.others.is_empty() {
        return Vec::new();
    }
    let whole = system.table(plan.whole).name.shown.to_string();
    let mut problems = Vec::new();
    for operation in &mut system.operations {
        for step in &mut operation.steps {
            if let Some(lookup) = &mut step.lookup {
                look_up(plan, lookup);
            }
            let own = step.table == plan.whole;
            let done = if own { move_step(plan, step) } else { Ok(()) };
            if done.and_then(|()| derive(plan, own, step)).is_err() {
                problems.push(reason!(
                    "step `{}` of `{}` goes by columns of `{}` that a split takes apart: \
                     it would need a join",
                    step.name.shown,
                    operation.name.shown,
                    whole
                ));
            }
        }
    }
    for read in &mut system.reads {
        if let ReadWhat::Column { column, .. } = &mut read.what {
            moved(plan, column);
        }
    }
    for invariant in &mut system.invariants {
        if self::invariant(plan, &mut invariant.rule).is_err() {
            problems.push(reason!(
                "the invariant `{}` goes by columns of `{}` that a split takes apart: \
                 it would need a join",
                invariant.name,
                whole
            ));
        }
    }
    problems
}

/// Adds the invariants that parts of one row exist together: no part is without the owner's, which
/// is not without them. A part is derived from the owner's, so a pattern keeps them as far as it
/// promises that derived rows agree with their sources.
pub(super) fn belong(system: &mut System, plan: &Plan) {
    for part in &plan.others {
        for (table, to) in [(part.table, plan.whole), (plan.whole, part.table)] {
            let [own, other] = [table, to].map(|table| &system.table(table).name.shown);
            let name = format!("every row of `{own}` has its row in `{other}`");
            let (filter, to_filter) = (Vec::new(), Vec::new());
            let rule = InvariantRule::References { table, by: None, filter, to, to_filter };
            system.invariants.push(InvariantSpec {
                name: name.into(),
                when: When::AtRest,
                rule,
                follows_from: Some("convergence"),
            });
        }
    }
}

/// Replaces a column by its place after the split.
fn moved(plan: &Plan, column: &mut ColumnRef) {
    if column.table == plan.whole {
        *column = plan.place(column.column);
    }
}

/// Changes a look-up to the part of its column; one that only checks whether the row exists stays
/// at the owner's part.
fn look_up(plan: &Plan, lookup: &mut Lookup) {
    if let Some(below) = &mut lookup.refuse
        && lookup.table == plan.whole
    {
        let place = plan.place(below.column);
        (lookup.table, below.column) = (place.table, place.column);
    }
}

/// Changes a step, and the rule that may refuse it, to its service's part.
fn move_step(plan: &Plan, step: &mut StepSpec) -> Torn {
    let part = plan.table_of(step.by);
    step.table = part;
    effect(plan, part, &mut step.effect)?;
    effect(plan, part, &mut step.undo)?;
    match &mut step.refuse {
        Some(Refuse::Below { column, .. }) => within(plan, part, column),
        Some(Refuse::Probability(_)) | None => Ok(()),
    }
}

fn effect(plan: &Plan, part: TableId, effect: &mut Effect) -> Torn {
    match effect {
        Effect::Insert(cells) | Effect::Set(cells) => {
            cells.iter_mut().try_for_each(|cell| within(plan, part, &mut cell.0))
        }
        Effect::Add(cells) => cells.iter_mut().try_for_each(|cell| within(plan, part, &mut cell.0)),
        Effect::Update(cells, _) => cells
            .iter_mut()
            .flat_map(|(column, expr)| std::iter::once(column).chain(expr.columns_mut()))
            .try_for_each(|column| within(plan, part, column)),
        Effect::Restore(columns) => {
            columns.iter_mut().try_for_each(|column| within(plan, part, column))
        }
        Effect::Delete | Effect::Nothing(_) => Ok(()),
    }
}

/// Replaces a column of the table by that of a certain part.
fn within(plan: &Plan, part: TableId, column: &mut u8) -> Torn {
    let place = plan.place(*column);
    *column = place.column;
    if place.table == part { Ok(()) } else { Err(()) }
}

/// The part that has all these columns, which are replaced by its own; the owner's part, if there
/// are none.
fn together<'c>(
    plan: &Plan,
    table: TableId,
    columns: impl IntoIterator<Item = &'c mut u8>,
) -> Result<TableId, ()> {
    if table != plan.whole {
        return Ok(table);
    }
    let mut part = None;
    for column in columns {
        let place = plan.place(*column);
        if *part.get_or_insert(place.table) != place.table {
            return Err(());
        }
        *column = place.column;
    }
    Ok(part.unwrap_or(plan.whole))
}

fn filter(filter: &mut [(u8, i64)]) -> impl Iterator<Item = &mut u8> {
    filter.iter_mut().map(|test| &mut test.0)
}

/// Changes a derivation: all columns that it reads must be in one part, and those that it writes in
/// the step's own.
fn derive(plan: &Plan, own: bool, step: &mut StepSpec) -> Torn {
    let part = step.table;
    let Some(derive) = &mut step.derive else { return Ok(()) };
    if let DeriveRule::Copy { to, .. } | DeriveRule::Count { to, .. } | DeriveRule::Sum { to, .. } =
        &mut derive.rule
        && own
    {
        within(plan, part, to)?;
    }
    let tests = filter(&mut derive.filter);
    derive.source = match &mut derive.rule {
        DeriveRule::RowPer => together(plan, derive.source, tests),
        DeriveRule::Copy { from: by, .. } | DeriveRule::Count { by, .. } => {
            together(plan, derive.source, tests.chain([by]))
        }
        DeriveRule::Sum { of, by, .. } => together(plan, derive.source, tests.chain([of, by])),
    }?;
    Ok(())
}

fn invariant(plan: &Plan, rule: &mut InvariantRule) -> Torn {
    match rule {
        InvariantRule::CountEqual { column, of, by, filter: tests } => {
            moved(plan, column);
            *of = together(plan, *of, filter(tests).chain([by]))?;
        }
        InvariantRule::SumConstant(columns) => {
            columns.iter_mut().for_each(|column| moved(plan, column));
        }
        InvariantRule::References { table, by, filter: tests, to, to_filter } => {
            *table = together(plan, *table, filter(tests).chain(by))?;
            *to = together(plan, *to, filter(to_filter))?;
        }
        InvariantRule::Equal { column, by, to } => {
            let columns = std::iter::once(&mut column.column).chain(by);
            column.table = together(plan, column.table, columns)?;
            moved(plan, to);
        }
        InvariantRule::Bound { column, .. } => moved(plan, column),
    }
    Ok(())
}
