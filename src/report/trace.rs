//! The story of one operation, line by line, for people.

use std::fmt::Write;

use crate::experiment::trace::Trace;
use crate::kernel::{NodeId, Time};
use crate::model::database::Direction;
use crate::model::record::{Burial, Event, Record, Sight};
use crate::model::system::{DatabaseId, StepId, System};

/// The whole story of one operation: when, where, on behalf of which step, what.
pub fn text(system: &System, trace: &Trace) -> String {
    let Some(first) = trace.records.first() else {
        return format!("no operation {} arrived in this run\n", trace.op);
    };
    let began = first.time;
    let width = trace.nodes.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("operation {}, arrived at {began}\n\n", trace.op);
    for record in &trace.records {
        let Some(what) = line(system, trace, record) else { continue };
        let after = since(began, record.time);
        let node = &trace.nodes[usize::from(record.node.0)];
        let step = step_name(system, trace, record.step);
        let _ = writeln!(text, "{after:>12}  {node:width$}  {step:10}  {what}");
    }
    text
}

fn since(began: Time, at: Time) -> String {
    format!("+{}", at - began)
}

fn step_name<'a>(system: &'a System, trace: &Trace, step: StepId) -> &'a str {
    let kind = trace.records.iter().find_map(|record| match record.event {
        Event::Offered { kind, .. } => system.operations.get(usize::from(kind.0)),
        _ => None,
    });
    let spec = kind.and_then(|kind| kind.steps.get(step.index()));
    spec.map_or("", |spec| &spec.name.shown)
}

/// One record in words; `None` for what only measures care about.
fn line(system: &System, trace: &Trace, record: &Record) -> Option<String> {
    let name = |label| trace.labels.get(&label).copied().unwrap_or("?");
    let node = |node: NodeId| trace.nodes.get(usize::from(node.0)).map_or("?", String::as_str);
    let store = |id: DatabaseId| &*system.databases[id.index()].name.shown;
    let message = record.message;
    Some(match record.event {
        Event::Offered { kind, .. } => {
            format!("a client asks for {}", system.operation(kind).name.shown)
        }
        Event::Answered { answer, waited, .. } => {
            format!("the client hears: {}, after {waited}", answer.name())
        }
        Event::Sent { label, to, .. } => {
            format!("→ {} to {} (message {message})", name(label), node(to))
        }
        Event::Delivered { label, from, .. } => {
            format!("← {} from {} (message {message})", name(label), node(from))
        }
        Event::Lost { label, to, damaged, .. } => {
            let how = if damaged { "arrives damaged" } else { "is lost" };
            format!("✗ {} to {} {how} (message {message})", name(label), node(to))
        }
        Event::Duplicated { label, .. } => {
            format!("the network copies {} (message {message})", name(label))
        }
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
        Event::Buried { number, burial: Burial::Lost, .. } => format!("event {number} is lost"),
        Event::Buried { number, burial: Burial::DeadLetter, .. } => {
            format!("event {number} goes to the dead letters")
        }
        Event::Intervention { label } => format!("{}: left to a human", name(label)),
        Event::Alerted { label } => format!("{}: alert", name(label)),
        Event::Overflowed { .. } => "the queue is full".into(),
        Event::Logged { forced: true, .. } => "a log record is to be forced".into(),
        Event::ProbeBegan { .. } => "a reader looks".into(),
        Event::ProbeSaw { sight, .. } => {
            let saw = match sight {
                Sight::Nothing => "nothing",
                Sight::Effect => "the effect",
                Sight::Other => "something else",
            };
            format!("the reader sees {saw}")
        }
        event => return transaction_line(event, store),
    })
}

/// A database's part in a transaction, in words.
fn transaction_line<'a>(event: Event, name: impl Fn(DatabaseId) -> &'a str) -> Option<String> {
    Some(match event {
        Event::Committed { database, txn } => {
            format!("transaction {} commits in {}", txn.0, name(database))
        }
        Event::Aborted { database, txn, .. } => {
            format!("transaction {} rolls back in {}", txn.0, name(database))
        }
        Event::Prepared { database, txn, .. } => {
            format!("branch {} is prepared in {}", txn.0, name(database))
        }
        Event::Resolved { database, txn, decision, heuristic } => {
            let how = if heuristic { "heuristic " } else { "" };
            format!("branch {} learns: {how}{}, in {}", txn.0, decision.name(), name(database))
        }
        Event::LockWait { database, txn, .. } => {
            format!("transaction {} waits for a row in {}", txn.0, name(database))
        }
        Event::LockGranted { database, txn, .. } => {
            format!("transaction {} gets its row in {}", txn.0, name(database))
        }
        Event::LockFailed { database, txn, .. } => {
            format!("transaction {} gives up waiting in {}", txn.0, name(database))
        }
        Event::Fenced { txn, token, .. } => {
            format!("transaction {} passes with token {token}", txn.0)
        }
        _ => return None,
    })
}
