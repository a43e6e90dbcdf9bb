//! The explanation of a failure: given a case and the property that it violates, all facts that a
//! reader needs to understand it.
//!
//! The case is run once more with its whole history kept. The outcomes of its operations, the rows
//! that disagree, the messages and events of a [diagram](space_time) and the faults as they were
//! injected follow from that history; the state of the pattern is not read. Then the run is
//! continued from each of its moments with other random numbers: see [`curve`].

mod case;
pub mod curve;
mod events;
mod layout;
mod messages;
pub mod operation;
mod phrases;
mod recording;
mod rows;
pub mod selection;
pub mod space_time;

use std::sync::Arc;

pub use case::of_case;
use phrases::fault;
pub use phrases::row_text;
pub use rows::RowState;

use self::curve::{Continuation, Curve};
use self::recording::Recording;
use self::space_time::SpaceTime;
use crate::checks::census::{Headline, State};
use crate::checks::{OperationRow, Verdict};
use crate::experiment::run::Setup;
use crate::experiment::trace::{OperationRecorder, Trace};
use crate::faults::plan::PlannedFault;
use crate::kernel::{Sink, Span, Time};
use crate::model::record::{Answer, OpId};
use crate::model::system::System;

/// The violation to explain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The property, by its name.
    pub property: String,
    /// The summary of the property.
    pub says: String,
    /// The finding that contradicts it.
    pub found: String,
    /// The operations at which it was found; none if it is about tables as a whole.
    pub operations: Vec<OpId>,
    /// The time of the first violation, if it is one instant.
    pub at: Option<Time>,
}

/// A failure with everything that reports show of it.
pub struct Explanation {
    /// The scenario.
    pub scenario: String,
    /// The variant.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The violated property.
    pub violation: Violation,
    /// The faults of the plan, in order.
    pub plan: Vec<Planned>,
    /// The operations involved, at most [`MOST`], and behind them as many that wrote to their rows
    /// later.
    pub operations: Vec<Involved>,
    /// The number of further operations that were involved and are not shown.
    pub more: usize,
    /// The state that each of their steps left in its row.
    pub rows: Vec<RowState>,
    /// The run as a space-time diagram.
    pub space_time: SpaceTime,
    /// The curve of inevitability, if it was computed.
    pub curve: Option<Curve>,
    /// The trace of each operation.
    pub stories: Vec<Trace>,
    /// The system to which `stories` refer.
    pub system: Arc<System>,
    /// The command that shows all this again; empty if there is none.
    pub replay: String,
}

/// A fault of the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// The text of the fault: kind, target, time and length.
    pub text: String,
    /// The times at which it began and ended; none if it never began.
    pub struck: Option<(Time, Option<Time>)>,
}

/// An operation of the failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Involved {
    /// The name of the operation in every run.
    pub name: String,
    /// The kind of operation.
    pub kind: String,
    /// Its keys, by name.
    pub keys: Vec<(String, String)>,
    /// The time of its arrival.
    pub arrived: Time,
    /// The answer that its client heard.
    pub answer: Answer,
    /// The time from its arrival to the answer; none without one.
    pub answered_after: Option<Span>,
    /// The state of its effects in the stores at the end.
    pub state: State,
    /// Its headline in the census.
    pub headline: Headline,
}

/// The greatest number of operations that are shown.
pub const MOST: usize = 4;

/// Explains a violation in a run. `again` runs a continuation of it and judges the same property;
/// without it there is no curve.
pub fn explain(
    scenario: &str,
    variant: &str,
    setup: &Setup,
    seed: u64,
    violation: Violation,
    again: Option<&(dyn Fn(&Continuation) -> Verdict + Sync)>,
) -> Explanation {
    let recording = recording::record(setup, seed);
    let (mut shown, more) = involved(&recording, &violation.operations);
    shown.extend(rows::overwriters(&setup.system, &recording, &shown, MOST));
    let operations: Vec<OpId> = shown.iter().map(|row| row.op).collect();
    let space_time = layout::space_time(setup, &recording, &operations, None);
    let curve = again.and_then(|again| curve::curve(&space_time, setup.faults.len(), again));
    let rows = shown.iter().enumerate();
    Explanation {
        scenario: scenario.to_owned(),
        variant: variant.to_owned(),
        seed,
        violation,
        plan: plan(&recording, &space_time),
        operations: shown.iter().map(|row| facts(setup, &recording, row)).collect(),
        more,
        rows: rows.flat_map(|(at, row)| rows::rows(&setup.system, &recording, at, row)).collect(),
        space_time,
        curve,
        stories: shown.iter().map(|row| story(&recording, row)).collect(),
        system: Arc::clone(&setup.system),
        replay: String::new(),
    }
}

/// The facts about an operation of a run.
fn facts(setup: &Setup, recording: &Recording, row: &OperationRow) -> Involved {
    Involved {
        name: layout::name(recording, row.op),
        kind: setup.system.operation(row.kind).name.shown.to_string(),
        keys: rows::keys(&setup.system, recording, row),
        arrived: row.arrived,
        answer: row.answer,
        answered_after: row.answered_after,
        state: row.state,
        headline: row.headline,
    }
}

/// The operations to show: the named ones; without any, those with wrong outcomes; without any,
/// all.
fn involved<'a>(recording: &'a Recording, named: &[OpId]) -> (Vec<&'a OperationRow>, usize) {
    let all = &recording.report.operations;
    let mut rows: Vec<&OperationRow> = all.iter().filter(|row| named.contains(&row.op)).collect();
    if rows.is_empty() {
        rows = all.iter().filter(|row| row.headline.is_wrong()).collect();
    }
    if rows.is_empty() {
        rows = all.iter().collect();
    }
    let more = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    (rows, more)
}

fn plan(recording: &Recording, space_time: &SpaceTime) -> Vec<Planned> {
    let struck = |at: usize| space_time.strikes.iter().find(|strike| strike.fault == at);
    let faults = recording.names.plan.iter().enumerate();
    faults
        .map(|(at, planned)| Planned {
            text: fault(planned),
            struck: struck(at).map(|it| (it.from.time, it.to.map(|tick| tick.time))),
        })
        .collect()
}

fn story(recording: &Recording, row: &OperationRow) -> Trace {
    let mut recorder = OperationRecorder::new(row.op);
    recording.records.iter().for_each(|record| recorder.see(record));
    let nodes = recording.names.actors.iter().map(|actor| actor.name.clone()).collect();
    let faults = recording.names.plan.iter().map(PlannedFault::what).collect();
    recorder.trace(Some(row.clone()), nodes, faults, |label| Some(recording.names.label(label)))
}

#[cfg(test)]
pub(crate) mod tests;
