//! The rows that an operation touches, with the effects that the stores show at the end.

use std::collections::BTreeSet;

use super::recording::Recording;
use crate::checks::OperationRow;
use crate::checks::census::State;
use crate::kernel::Time;
use crate::model::database::Direction;
use crate::model::record::{Answer, Event, OpId};
use crate::model::system::{
    Effect, Expr, RowKey, RowLock, StepId, StepSpec, System, TableSpec, ValueSpec,
};

/// The final state of one step of one operation in its store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowState {
    /// The operation, as a position in the explanation's list.
    pub op: usize,
    /// The name of the step.
    pub step: String,
    /// The effect of the step on the row.
    pub effect: String,
    /// The table.
    pub table: String,
    /// The key of the row.
    pub key: String,
    /// The database that holds it.
    pub store: String,
    /// The number of times that the effect shows, less that of its compensation.
    pub shows: i64,
    /// True if the effect was compensated.
    pub undone: bool,
    /// The time of the last change or, for a missing effect, the first instant at which another row
    /// showed the operation.
    pub since: Option<Time>,
    /// True if it disagrees with the answer: missing although the client was not told no, there
    /// although it was, or there too often.
    pub disagrees: bool,
}

/// The rows of one operation, one entry for each step.
pub(super) fn rows(
    system: &System,
    recording: &Recording,
    position: usize,
    row: &OperationRow,
) -> Vec<RowState> {
    let spec = system.operation(row.kind);
    let first = row.first_visible;
    let is_mixed = !matches!(row.state, State::None | State::All | State::Reversed);
    let is_no = !row.answer.is_yes() && row.answer != Answer::Unknown;
    let wrong = row.headline.is_wrong();
    (0..)
        .map(StepId)
        .zip(&spec.steps)
        .filter(|(_, step)| !step.effect.is_nothing())
        .map(|(step, spec)| {
            let table = system.table(spec.table);
            let found = provenance(recording, row.op, step);
            let shows = found.forward - found.undo;
            let should = i64::from(!is_no);
            RowState {
                op: position,
                step: spec.name.shown.to_string(),
                effect: effect(system, table, spec),
                table: table.name.shown.to_string(),
                key: row
                    .keys
                    .get(step.index())
                    .map_or_else(String::new, |key| key_text(recording, row.op, *key)),
                store: system.databases[table.database.index()].name.shown.to_string(),
                shows,
                undone: found.undo > 0 && shows == 0,
                since: found.last.or(first.filter(|_| is_mixed)),
                disagrees: wrong && shows != should,
            }
        })
        .collect()
}

/// The other operations that wrote to a row of one of these after it did, and may have hidden its
/// effect: at most so many, the last writers first.
pub(super) fn overwriters<'a>(
    system: &System,
    recording: &'a Recording,
    shown: &[&OperationRow],
    most: usize,
) -> Vec<&'a OperationRow> {
    let all = &recording.report.operations;
    let row_of = |row: &OperationRow, step: StepId| {
        let table = system.operation(row.kind).steps.get(step.index())?.table;
        Some((table, *row.keys.get(step.index())?))
    };
    let (mut theirs, mut found) = (BTreeSet::new(), Vec::<&OperationRow>::new());
    for record in &recording.records {
        let Event::Shown { .. } = record.event else { continue };
        let Some(writer) = all.iter().find(|row| row.op == record.op) else { continue };
        let Some(written) = row_of(writer, record.step) else { continue };
        if shown.iter().any(|row| row.op == writer.op) {
            theirs.insert(written);
        } else if theirs.contains(&written) {
            found.retain(|row| row.op != writer.op);
            found.insert(0, writer);
        }
    }
    found.truncate(most);
    found
}

/// The state of one step in its store, with the time of its last change.
#[derive(Default)]
struct Provenance {
    forward: i64,
    undo: i64,
    last: Option<Time>,
}

fn provenance(recording: &Recording, op: OpId, step: StepId) -> Provenance {
    let mut found = Provenance::default();
    for record in recording.records.iter().filter(|it| it.op == op && it.step == step) {
        let Event::Shown { direction, change, .. } = record.event else { continue };
        match direction {
            Direction::Forward => found.forward += change,
            Direction::Undo => found.undo += change,
        }
        found.last = Some(record.time);
    }
    found
}

/// The key of a row: initial rows by number, others by the operation that made them, which is the
/// first one that touches them.
fn key_text(recording: &Recording, op: OpId, key: u64) -> String {
    if key >> 63 == 0 {
        return format!("#{key}");
    }
    let maker = recording.report.operations.iter().find(|row| row.keys.contains(&key));
    match maker {
        Some(maker) if maker.op != op => format!("of {}", super::layout::name(recording, maker.op)),
        _ => "its own".into(),
    }
}

/// The text of the effect of a step.
fn effect(system: &System, table: &TableSpec, step: &StepSpec) -> String {
    let column = |at: &u8| table.columns.get(usize::from(*at)).map_or("?", |column| &*column.name);
    let value = |value: &ValueSpec| match value {
        ValueSpec::Literal(number) => {
            let symbol = usize::try_from(*number).ok().and_then(|at| system.symbols.get(at));
            symbol.map_or_else(|| number.to_string(), ToString::to_string)
        }
        ValueSpec::Key(at) => format!("key {at}"),
        ValueSpec::Ordinal => "its number".into(),
    };
    match &step.effect {
        Effect::Insert(_) => "insert".into(),
        Effect::Delete => "delete".into(),
        Effect::Nothing(None) => "read".into(),
        Effect::Nothing(Some(RowLock::Shared)) => "read and lock, shared".into(),
        Effect::Nothing(Some(RowLock::Exclusive)) => "read and lock".into(),
        Effect::Set(cells) => {
            let cell = |(at, to): &(u8, ValueSpec)| format!("{} = {}", column(at), value(to));
            cells.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Effect::Add(cells) => {
            let cell = |(at, by): &(u8, i64)| format!("{} {by:+}", column(at));
            cells.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Effect::Update(cells, _) => {
            let cell = |(at, to): &(u8, Expr)| {
                format!("{} = {}", column(at), to.in_words(&|at| column(&at)))
            };
            cells.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Effect::Restore(columns) => {
            let cells = columns.iter().map(|at| format!("{} as it was", column(at)));
            cells.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The keys of an operation by name.
pub(super) fn keys(
    system: &System,
    recording: &Recording,
    row: &OperationRow,
) -> Vec<(String, String)> {
    let spec = system.operation(row.kind);
    let key_of = |at: usize| {
        let step = spec.steps.iter().position(|step| usize::from(step.key) == at)?;
        Some(RowKey(*row.keys.get(step)?))
    };
    spec.keys
        .iter()
        .enumerate()
        .filter_map(|(at, key)| {
            Some((key.name.shown.to_string(), key_text(recording, row.op, key_of(at)?.0)))
        })
        .collect()
}
