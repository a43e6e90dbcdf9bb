//! Stories as JSON. All times are nanoseconds of virtual time since the start of the run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Heading;
use crate::checks::anomaly::Anomaly;
use crate::checks::measures::lag::Lag;
use crate::kernel::{Span, Time};
use crate::model::record::LockFailure;
use crate::report::failure::shows;
use crate::search::explanation::operation::{LockStory, Story};
use crate::search::explanation::space_time::{End, Message, Sort, SpaceTime, Tick};

/// The output of `driftlab trace --format json`.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Document {
    /// The version of this format.
    pub format: u32,
    /// The version of driftlab.
    pub driftlab: &'static str,
    /// The name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The operation, once for each variant.
    pub operations: Vec<Operation>,
}

/// An operation under a variant.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Operation {
    /// The variant.
    pub variant: String,
    /// The number of the operation in this run, as in `operations.csv`.
    pub operation: u32,
    /// The name of the operation in every run: its load, and its number there.
    pub name: String,
    /// The kind of operation.
    pub kind: String,
    /// Its keys, by name.
    pub keys: BTreeMap<String, String>,
    /// False if it arrived during the warm-up, so that no measure counts it.
    pub measured: bool,
    /// The time of its arrival.
    pub arrived_ns: u64,
    /// The answer that its client heard.
    pub answer: &'static str,
    /// The time from its arrival to the answer; null without one.
    pub answered_after_ns: Option<u64>,
    /// The state of its effects in the stores at the end.
    pub state: &'static str,
    /// Its headline in the census.
    pub outcome: &'static str,
    /// Its consistency lag; null if it never became consistent or never showed.
    pub lag_ns: Option<u64>,
    /// True if it never became consistent.
    pub never_consistent: bool,
    /// The anomalies that it met.
    pub anomalies: Vec<&'static str>,
    /// The faults that were in force while it was under way.
    pub faults: Vec<Fault>,
    /// Its waits for row locks.
    pub lock_waits: Vec<Wait>,
    /// The waits of other operations for rows that it held.
    pub held_up: Vec<Wait>,
    /// The rows of its steps at the end.
    pub rows: Vec<Row>,
    /// The nodes that took part.
    pub nodes: Vec<Node>,
    /// The messages, in the order in which they were sent.
    pub messages: Vec<Sent>,
    /// The events on nodes, in order.
    pub events: Vec<Happened>,
    /// The times at which participating nodes were down.
    pub outages: Vec<Down>,
    /// The number of messages that are left out: statements, reads that only measure, repetitions.
    pub left_out: usize,
}

/// A fault.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Fault {
    /// Kind, target, time and length.
    pub what: String,
    /// The time at which it began.
    pub from_ns: Option<u64>,
    /// The time at which it ended.
    pub until_ns: Option<u64>,
}

/// A wait for a row lock.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Wait {
    /// The number of the operation that waited; null for a process of no operation.
    pub operation: Option<u32>,
    /// The numbers of the operations that it waited for: the holder, the one that this waited for,
    /// and so on.
    pub holders: Vec<u32>,
    /// The database.
    pub database: String,
    /// The row.
    pub row: String,
    /// The beginning.
    pub from_ns: u64,
    /// The end; null if it waited until the end of the run.
    pub until_ns: Option<u64>,
    /// The reason why the lock was not granted: `timeout`, `deadlock` or `cancelled`.
    pub failed: Option<&'static str>,
}

/// The row of a step.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Row {
    /// The step.
    pub step: String,
    /// Its effect.
    pub effect: String,
    /// The table.
    pub table: String,
    /// The key.
    pub key: String,
    /// The database.
    pub store: String,
    /// The state of the effect there.
    pub shows: String,
    /// True if it contradicts the answer.
    pub disagrees: bool,
}

/// A node that took part.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `clients`, `service`, `database` or `driver`.
    pub kind: &'static str,
}

/// A message.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Sent {
    /// The sender, as a position in `nodes`.
    pub from: usize,
    /// The receiver, as a position in `nodes`.
    pub to: usize,
    /// The name of the message.
    pub text: String,
    /// True if it answers another one.
    pub answers: bool,
    /// True if the network made it, as a second copy.
    pub copy: bool,
    /// The time at which it was sent.
    pub sent_ns: u64,
    /// The time at which it arrived; null if it did not.
    pub arrived_ns: Option<u64>,
    /// True if it was lost.
    pub lost: bool,
}

/// An event on a node.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Happened {
    /// The node, as a position in `nodes`.
    pub node: usize,
    /// The beginning, for an event that takes time.
    pub from_ns: Option<u64>,
    /// The time of the event.
    pub at_ns: u64,
    /// The event in words.
    pub text: String,
}

/// A node that was down.
#[derive(Serialize, JsonSchema, Debug)]
pub struct Down {
    /// The node, as a position in `nodes`.
    pub node: usize,
    /// The time of the crash.
    pub from_ns: u64,
    /// The time of the restart; null if there was none.
    pub until_ns: Option<u64>,
}

/// Some stories as a document.
pub fn document(heading: Heading<'_>, stories: &[Story]) -> Document {
    Document {
        format: 1,
        driftlab: env!("CARGO_PKG_VERSION"),
        scenario: heading.scenario.to_owned(),
        seed: stories.first().map_or(0, |story| story.seed),
        operations: stories.iter().map(operation).collect(),
    }
}

fn operation(story: &Story) -> Operation {
    let (row, told, diagram) = (&story.row, &story.operation, &story.space_time);
    let left_out = diagram.left_out;
    Operation {
        variant: story.variant.clone(),
        operation: row.op.0,
        name: told.name.clone(),
        kind: told.kind.clone(),
        keys: told.keys.iter().cloned().collect(),
        measured: row.measured,
        arrived_ns: row.arrived.as_nanos(),
        answer: row.answer.name(),
        answered_after_ns: row.answered_after.map(Span::as_nanos),
        state: row.state.name(),
        outcome: row.headline.name(),
        lag_ns: match row.lag {
            Lag::Lasted(nanos) => Some(nanos),
            _ => None,
        },
        never_consistent: row.lag == Lag::Never,
        anomalies: row.anomalies.iter().map(Anomaly::name).collect(),
        faults: faults(story),
        lock_waits: story.waits.iter().map(wait).collect(),
        held_up: story.held_up.iter().map(wait).collect(),
        rows: rows(story),
        nodes: nodes(diagram),
        messages: diagram.messages.iter().map(message).collect(),
        events: events(diagram),
        outages: outages(diagram),
        left_out: left_out.statements + left_out.reads + left_out.repeats,
    }
}

fn faults(story: &Story) -> Vec<Fault> {
    let told = story.faults.iter().map(|fault| Fault {
        what: fault.text.clone(),
        from_ns: fault.struck.map(|(from, _)| from.as_nanos()),
        until_ns: fault.struck.and_then(|(_, until)| until).map(Time::as_nanos),
    });
    told.collect()
}

fn wait(wait: &LockStory) -> Wait {
    Wait {
        operation: wait.waiter.as_ref().map(|(number, _)| *number),
        holders: wait.holders.iter().map(|(number, _)| *number).collect(),
        database: wait.database.clone(),
        row: wait.row.clone(),
        from_ns: wait.from.as_nanos(),
        until_ns: wait.until.map(Time::as_nanos),
        failed: wait.failure.map(|failure| match failure {
            LockFailure::Timeout => "timeout",
            LockFailure::Deadlock => "deadlock",
            LockFailure::Cancelled => "cancelled",
        }),
    }
}

fn rows(story: &Story) -> Vec<Row> {
    let told = story.rows.iter().map(|row| Row {
        step: row.step.clone(),
        effect: row.effect.clone(),
        table: row.table.clone(),
        key: row.key.clone(),
        store: row.store.clone(),
        shows: shows(row),
        disagrees: row.disagrees,
    });
    told.collect()
}

fn nodes(diagram: &SpaceTime) -> Vec<Node> {
    let told = diagram.lanes.iter().map(|lane| Node {
        name: lane.name.clone(),
        kind: match lane.sort {
            Sort::Clients => "clients",
            Sort::Service => "service",
            Sort::Database => "database",
            Sort::Driver => "driver",
        },
    });
    told.collect()
}

fn message(message: &Message) -> Sent {
    Sent {
        from: message.from,
        to: message.to,
        text: message.text.clone(),
        answers: message.reply,
        copy: message.copy,
        sent_ns: nanos(message.sent),
        arrived_ns: match message.end {
            End::Arrived(tick) => Some(nanos(tick)),
            End::Lost(_) | End::Travelling => None,
        },
        lost: message.is_lost(),
    }
}

fn events(diagram: &SpaceTime) -> Vec<Happened> {
    let told = diagram.marks.iter().filter(|mark| !mark.text.is_empty()).map(|mark| Happened {
        node: mark.lane,
        from_ns: mark.since.map(nanos),
        at_ns: nanos(mark.at),
        text: mark.text.clone(),
    });
    told.collect()
}

fn outages(diagram: &SpaceTime) -> Vec<Down> {
    let told = diagram.outages.iter().map(|outage| Down {
        node: outage.lane,
        from_ns: nanos(outage.from),
        until_ns: outage.to.map(nanos),
    });
    told.collect()
}

const fn nanos(tick: Tick) -> u64 {
    tick.time.as_nanos()
}
