//! The trace of one operation as text, a line for each event.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::experiment::trace::Trace;
use crate::kernel::{NodeId, Time};
use crate::model::database::Direction;
use crate::model::record::{Discard, Event, Kind, LabelId, LockFailure, OpId, Record, Sight};
use crate::model::system::{DatabaseId, RowKey, StepId, System};
use crate::search::explanation::row_text;

/// The trace of one operation of a variant with a seed. A head names the operation and its outcome;
/// each line has a time, a node, a step and an event.
pub fn text(system: &System, of: (&str, u64), trace: &Trace) -> String {
    if !trace.records.iter().any(|record| record.op.0 == trace.op) {
        return format!("no operation {} arrived in this run\n", trace.op);
    }
    head(system, of, trace) + "\n" + &lines(system, trace)
}

/// The events of a trace, a line each; empty if the operation did not arrive.
pub fn lines(system: &System, trace: &Trace) -> String {
    let Some(began) = began(trace) else { return String::new() };
    let routes = routes(&trace.records);
    let width = trace.nodes.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for record in &trace.records {
        let Some((node, what)) = line(system, trace, &routes, record) else { continue };
        let after = match record.time < began {
            true => format!("-{}", began - record.time),
            false => format!("+{}", record.time - began),
        };
        let node = node.map_or("", |node| name_of(trace, node));
        let step = step_name(system, trace, record.step);
        let _ = writeln!(text, "{after:>12}  {node:width$}  {step:10}  {what}");
    }
    text
}

/// The time of the first record of the operation.
fn began(trace: &Trace) -> Option<Time> {
    trace.records.iter().find(|record| record.op.0 == trace.op).map(|record| record.time)
}

/// The head of a trace: the operation, its variant, seed and arrival, and its outcome.
pub fn head(system: &System, (variant, seed): (&str, u64), trace: &Trace) -> String {
    let began = began(trace).unwrap_or(Time::ZERO);
    let mut text = format!("operation {}", trace.op);
    if let Some(row) = &trace.row {
        let spec = system.operation(row.kind);
        let rows = spec.steps.iter().zip(&row.keys);
        let mut rows: Vec<String> =
            rows.map(|(step, key)| row_text(system, step.table, RowKey(*key))).collect();
        rows.dedup();
        let _ = write!(text, ": {} ({})", spec.name.shown, rows.join(", "));
    }
    let _ = write!(text, "\nvariant {variant}, seed {seed}, arrived at {began}\n");
    if let Some(row) = &trace.row {
        let after = row.answered_after.map_or_else(String::new, |after| format!(" after {after}"));
        let _ = writeln!(
            text,
            "answer: {}{after}; effects in the stores: {}; outcome: {}",
            row.answer.name(),
            row.state.name(),
            row.headline.name()
        );
    }
    text
}

/// An operation by its number.
pub(super) fn who(op: OpId) -> String {
    match op {
        OpId::NONE => "a process of no operation".into(),
        OpId(number) => format!("operation {number}"),
    }
}

/// The route of a message: its sender, its receiver, and its label.
#[derive(Clone, Copy)]
struct Route {
    from: NodeId,
    to: NodeId,
    label: LabelId,
    /// True if the message answers another one.
    reply: bool,
    /// True if the operating system refuses the request because the process is down.
    refuses: bool,
}

/// The routes of messages, by number. For a node that is down the world makes the record, so the
/// records of both ends are used.
fn routes(records: &[Record]) -> BTreeMap<u32, Route> {
    let mut routes: BTreeMap<u32, Route> = BTreeMap::new();
    for record in records {
        match record.event {
            Event::Sent { label, to, .. } => {
                let from = record.node;
                let answers = |it: &Route| (it.label, it.from, it.to) == (label, to, from);
                let reply = routes.get(&record.cause).is_some_and(answers);
                routes.insert(record.message, Route { from, to, label, reply, refuses: false });
            }
            Event::Duplicated { copy, .. } => {
                let original = routes.get(&record.message).copied();
                routes.extend(original.map(|route| (copy, route)));
            }
            Event::Delivered { from, .. } => {
                let Some(route) = routes.get_mut(&record.message) else { continue };
                if route.from == NodeId::WORLD && from != NodeId::WORLD {
                    *route = Route { from, reply: true, refuses: true, ..*route };
                }
            }
            _ => {}
        }
    }
    routes
}

fn name_of(trace: &Trace, node: NodeId) -> &str {
    trace.nodes.get(usize::from(node.0)).map_or("?", String::as_str)
}

fn step_name<'a>(system: &'a System, trace: &Trace, step: StepId) -> &'a str {
    let kind = trace.records.iter().find_map(|record| match record.event {
        Event::Offered { kind, .. } => system.operations.get(usize::from(kind.0)),
        _ => None,
    });
    let spec = kind.and_then(|kind| kind.steps.get(step.index()));
    spec.map_or("", |spec| &spec.name.shown)
}

/// One record in words, with its node if it is about one; `None` for records that only measures
/// use.
fn line(
    system: &System,
    trace: &Trace,
    routes: &BTreeMap<u32, Route>,
    record: &Record,
) -> Option<(Option<NodeId>, String)> {
    match record.event {
        Event::FaultBegan { fault, .. } | Event::FaultEnded { fault, .. } => {
            let what = trace.faults.get(fault as usize).map_or("", String::as_str);
            let how = if record.kind() == Kind::FaultBegan { "begins" } else { "ends" };
            Some((None, format!("fault {}, {what}, {how}", fault + 1)))
        }
        Event::Ignored { label, from } if record.message == 0 => {
            let what = trace.labels.get(&label).copied().unwrap_or("?");
            let from = name_of(trace, from);
            Some((Some(record.node), format!("ignores the {what} of {from}: it comes too late")))
        }
        Event::Sent { .. }
        | Event::Delivered { .. }
        | Event::Lost { .. }
        | Event::Duplicated { .. }
        | Event::Ignored { .. } => message_line(trace, routes.get(&record.message)?, record),
        _ => Some((Some(record.node), node_line(system, trace, record)?)),
    }
}

/// The event of a message that a record is about, in words.
fn message_line(trace: &Trace, route: &Route, record: &Record) -> Option<(Option<NodeId>, String)> {
    let Route { from, to, label, reply, refuses } = *route;
    let what = match (reply, trace.labels.get(&label).copied().unwrap_or("?")) {
        (true, label) => format!("reply to {label}"),
        (false, label) => label.to_owned(),
    };
    let (there, back) = (name_of(trace, to), name_of(trace, from));
    let (node, text) = match record.event {
        Event::Sent { .. } if refuses => {
            (from, format!("→ {what} to {there}: refused, its process does not serve"))
        }
        Event::Sent { .. } => (from, format!("→ {what} to {there}")),
        Event::Delivered { .. } if record.node != to => {
            (to, format!("← {what} from {back}, but its process is down"))
        }
        Event::Delivered { .. } => (to, format!("← {what} from {back}")),
        Event::Lost { damaged: true, .. } => (from, format!("✗ {what} to {there} arrives damaged")),
        Event::Lost { .. } => (from, format!("✗ {what} to {there} is lost")),
        Event::Duplicated { .. } => (from, format!("the network copies {what} to {there}")),
        Event::Ignored { .. } => {
            (to, format!("ignores the {what} from {back}: no caller waits for it any more"))
        }
        _ => return None,
    };
    Some((Some(node), format!("{text} (message {})", record.message)))
}

/// A record of an event on its node, in words.
fn node_line(system: &System, trace: &Trace, record: &Record) -> Option<String> {
    let name = |label| trace.labels.get(&label).copied().unwrap_or("?");
    Some(match record.event {
        Event::Offered { kind, .. } => {
            format!("a client asks for {}", system.operation(kind).name.shown)
        }
        Event::Answered { answer, waited, .. } => {
            format!("the client hears: {}, after {waited}", answer.name())
        }
        Event::Crashed { .. } => "crashes".into(),
        Event::Restarted { .. } => "restarts".into(),
        Event::Shown { column, direction, change } => {
            let what = match direction {
                Direction::Forward => "the effect",
                Direction::Undo => "the compensation",
            };
            let table = system.table(column.table);
            let cell = table.columns.get(usize::from(column.column));
            let cell = cell.map_or("row", |spec| &spec.name);
            format!("{}.{cell} shows {what} {change:+}", table.name.shown)
        }
        Event::RefusedByRule { .. } => "a business rule refuses".into(),
        Event::Decided { label, decision, .. } => {
            format!("{}: decided to {}", name(label), decision.name())
        }
        Event::Retried { label, .. } => format!("{}: tries again", name(label)),
        Event::Published { number, .. } => format!("published as event {number}"),
        Event::Handed { number, delivery, .. } => {
            format!("event {number} handed out, delivery {delivery}")
        }
        Event::Discarded { number, discard: Discard::Lost, .. } => {
            format!("event {number} is lost")
        }
        Event::Discarded { number, discard: Discard::DeadLetter, .. } => {
            format!("event {number} goes to the dead letters")
        }
        Event::Intervention { label } => format!("{}: left to a human", name(label)),
        Event::Alerted { label } => format!("{}: alert", name(label)),
        Event::Overflowed { .. } => "the queue is full".into(),
        Event::Logged { label, forced: true, .. } => {
            format!("the log record {} is to be forced", name(label))
        }
        Event::Logged { label, forced: false, .. } => {
            format!("the log record {} is written, not forced", name(label))
        }
        Event::ProbeBegan { .. } => "a reader looks".into(),
        Event::Unread { .. } => "no reader looks: the client had no answer".into(),
        Event::ProbeSaw { sight, .. } => {
            let saw = match sight {
                Sight::Nothing => "nothing",
                Sight::Effect => "the effect",
                Sight::Other => "something else",
            };
            format!("the reader sees {saw}")
        }
        _ => return transaction_line(system, trace, record),
    })
}

/// A record of a database about a transaction, in words.
fn transaction_line(system: &System, trace: &Trace, record: &Record) -> Option<String> {
    let name = |id: DatabaseId| &*system.databases[id.index()].name.shown;
    Some(match record.event {
        Event::Committed { database, txn } => {
            format!("transaction {} commits in {}", txn.0, name(database))
        }
        Event::Aborted { database, txn, cause } => {
            format!("transaction {} rolls back in {}: {}", txn.0, name(database), cause.words())
        }
        Event::Prepared { database, txn, .. } => {
            format!("branch {} is prepared in {}", txn.0, name(database))
        }
        Event::Resolved { database, txn, decision, heuristic } => {
            let how = if heuristic { "heuristic " } else { "" };
            format!("branch {} learns: {how}{}, in {}", txn.0, decision.name(), name(database))
        }
        Event::LockWait { database, txn, table, row } => {
            let of = row_text(system, table, row);
            let wait = trace.waits.iter().find(|wait| (wait.from, wait.txn) == (record.time, txn));
            let holder = wait.and_then(|wait| wait.holder);
            let holder =
                holder.map_or_else(String::new, |holder| format!(", held by {}", who(holder)));
            format!("transaction {} waits for {of} in {}{holder}", txn.0, name(database))
        }
        Event::LockGranted { database, txn, table, row } => {
            let of = row_text(system, table, row);
            format!("transaction {} gets {of} in {}", txn.0, name(database))
        }
        Event::LockFailed { database, txn, table, row, failure } => {
            let of = row_text(system, table, row);
            let why = match failure {
                LockFailure::Timeout => "lock timeout",
                LockFailure::Deadlock => "a deadlock",
                LockFailure::Cancelled => "its transaction is over",
            };
            format!("transaction {} gives up {of} in {}: {why}", txn.0, name(database))
        }
        Event::Fenced { txn, token, .. } => {
            format!("transaction {} passes with token {token}", txn.0)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
