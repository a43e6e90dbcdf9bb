//! What happened to one operation, line by line, for people.

use std::fmt::Write;

use crate::experiment::trace::Trace;
use crate::kernel::{Span, Time};
use crate::model::record::{Answer, DAMAGED, Kind, Record, subject_column};
use crate::model::system::{StepId, System};

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
    let offered = trace.records.iter().find(|record| record.kind == Kind::Offered);
    let kind = offered.and_then(|offered| system.operations.get(offered.subject as usize));
    let spec = kind.and_then(|kind| kind.steps.get(step.index()));
    spec.map_or("", |spec| &spec.name.shown)
}

/// One record in words; `None` for what only measures care about.
fn line(system: &System, trace: &Trace, record: &Record) -> Option<String> {
    let label = || trace.labels.get(&record.subject).copied().unwrap_or("?");
    let node = |number: u64| trace.nodes.get(number as usize).map_or("?", String::as_str);
    let database = || &*system.databases[record.subject as usize].name.shown;
    let span = |nanos: u64| Span::from_nanos(nanos);
    let message = record.message;
    Some(match record.kind {
        Kind::Offered => {
            format!("a client asks for {}", system.operations[record.subject as usize].name.shown)
        }
        Kind::Answered => {
            let answer = Answer::from_word(record.a).name();
            format!("the client hears: {answer}, after {}", span(record.b))
        }
        Kind::Sent => format!("→ {} to {} (message {message})", label(), node(record.a)),
        Kind::Delivered => format!("← {} from {} (message {message})", label(), node(record.a)),
        Kind::Lost => {
            let how = if record.b & DAMAGED == 0 { "is lost" } else { "arrives damaged" };
            format!("✗ {} to {} {how} (message {message})", label(), node(record.a))
        }
        Kind::Duplicated => format!("the network copies {} (message {message})", label()),
        Kind::Committed => format!("transaction {} commits in {}", record.a, database()),
        Kind::Aborted => format!("transaction {} rolls back in {}", record.a, database()),
        Kind::Prepared => format!("branch {} is prepared in {}", record.a, database()),
        Kind::Resolved => {
            let how = ["commit", "abort", "heuristic commit", "heuristic abort"];
            let how = how.get(record.b as usize).copied().unwrap_or("?");
            format!("branch {} learns: {how}, in {}", record.a, database())
        }
        Kind::Shown => {
            let what = if record.a == 0 { "the effect" } else { "the compensation" };
            let (table, column) = subject_column(record.subject);
            let table = system.table(table);
            let name = table.columns.get(usize::from(column)).map_or("row", |spec| &spec.name);
            let times = record.b as i64;
            format!("{}.{name} shows {what} {times:+}", table.name.shown)
        }
        Kind::LockWait => format!("transaction {} waits for a row in {}", record.a, database()),
        Kind::LockGranted => format!("transaction {} gets its row in {}", record.a, database()),
        Kind::LockFailed => format!("transaction {} gives up waiting in {}", record.a, database()),
        Kind::RefusedByRule => "a business rule refuses".into(),
        Kind::Decided => {
            let decision = if record.a == 0 { "commit" } else { "abort" };
            format!("{}: decided to {decision}", label())
        }
        Kind::Retried => format!("{}: tries again", label()),
        Kind::Published => format!("published as event {}", record.b),
        Kind::Handed => format!("event {} handed out, delivery {}", record.b, record.a),
        Kind::Buried if record.a == 0 => format!("event {} is lost", record.b),
        Kind::Buried => format!("event {} goes to the dead letters", record.b),
        Kind::Fenced => format!("transaction {} passes with token {}", record.a, record.b),
        Kind::Intervention => format!("{}: left to a human", label()),
        Kind::Overflowed => "the queue is full".into(),
        Kind::Logged if record.b == 1 => "a log record is to be forced".into(),
        Kind::ProbeBegan => "a reader looks".into(),
        Kind::ProbeSaw => {
            let saw = ["nothing", "the effect", "something else"];
            format!("the reader sees {}", saw.get(record.b as usize).copied().unwrap_or("?"))
        }
        _ => return None,
    })
}
