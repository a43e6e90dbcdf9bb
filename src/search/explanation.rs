//! A failure explained: from a case and the property that it violates to everything that somebody
//! who has never seen it needs to understand it.
//!
//! The case is run once more with its whole history kept. What its operations came to, the rows
//! that disagree, the messages and events of a [diagram](space_time) and the faults as they really
//! struck follow from that history; nothing is asked of a protocol. Then the run is continued from
//! each of its moments with other random numbers: see [`curve`].

mod case;
pub mod curve;
mod events;
mod layout;
mod messages;
mod phrases;
mod recording;
mod rows;
pub mod space_time;

use std::sync::Arc;

pub use case::of_case;
use phrases::fault;
pub use rows::RowState;

use self::curve::{Continuation, Curve};
use self::recording::Recording;
use self::space_time::SpaceTime;
use crate::checks::census::{Headline, State};
use crate::checks::{OperationRow, Verdict};
use crate::experiment::run::Setup;
use crate::experiment::trace::{Keeper, Trace};
use crate::faults::plan::PlannedFault;
use crate::kernel::{Sink, Span, Time};
use crate::model::record::{Answer, OpId};
use crate::model::system::System;

/// The violation to explain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The property, by its name.
    pub property: String,
    /// The property in words.
    pub says: String,
    /// The finding that contradicts it.
    pub found: String,
    /// The operations that it was found at; none if it speaks of tables as a whole.
    pub operations: Vec<OpId>,
    /// When it was first violated, if that is one instant.
    pub at: Option<Time>,
}

/// A failure, ready to be shown.
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
    /// The operations involved, at most [`MOST`].
    pub operations: Vec<Involved>,
    /// How many further operations were involved and are not shown.
    pub more: usize,
    /// The state that each of their steps left in its row.
    pub rows: Vec<RowState>,
    /// The course of the run as a space-time diagram.
    pub space_time: SpaceTime,
    /// How inevitable it was, if that was looked into.
    pub curve: Option<Curve>,
    /// Everything that happened to each operation.
    pub stories: Vec<Trace>,
    /// The system that `stories` refer to.
    pub system: Arc<System>,
    /// The command that shows all this again; empty if there is none.
    pub replay: String,
}

/// A fault of the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// The fault in words: kind, target, time and length.
    pub text: String,
    /// When it struck, and until when it lasted; nothing if its moment never came.
    pub struck: Option<(Time, Option<Time>)>,
}

/// An operation of the failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Involved {
    /// Its name, as every run knows it.
    pub name: String,
    /// Which operation it is.
    pub kind: String,
    /// Its keys, by name.
    pub keys: Vec<(String, String)>,
    /// When it arrived.
    pub arrived: Time,
    /// The answer that its client heard.
    pub answer: Answer,
    /// How long after the arrival; none if it heard nothing.
    pub answered_after: Option<Span>,
    /// The state of its effects in the stores at the end.
    pub state: State,
    /// Its headline in the census.
    pub headline: Headline,
}

/// At most so many operations are shown.
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
    let (shown, more) = involved(&recording, &violation.operations);
    let operations: Vec<OpId> = shown.iter().map(|row| row.op).collect();
    let space_time = layout::space_time(setup, &recording, &operations);
    let curve = again.and_then(|again| curve::curve(&space_time, setup.faults.len(), again));
    let involved = |row: &&OperationRow| Involved {
        name: layout::name(&recording, row.op),
        kind: setup.system.operation(row.kind).name.shown.to_string(),
        keys: rows::keys(&setup.system, &recording, row),
        arrived: row.arrived,
        answer: row.answer,
        answered_after: row.answered_after,
        state: row.state,
        headline: row.headline,
    };
    let rows = shown.iter().enumerate();
    Explanation {
        scenario: scenario.to_owned(),
        variant: variant.to_owned(),
        seed,
        violation,
        plan: plan(setup, &space_time),
        operations: shown.iter().map(involved).collect(),
        more,
        rows: rows.flat_map(|(at, row)| rows::rows(&setup.system, &recording, at, row)).collect(),
        space_time,
        curve,
        stories: shown.iter().map(|row| story(setup, &recording, row)).collect(),
        system: Arc::clone(&setup.system),
        replay: String::new(),
    }
}

/// The operations to show: those named; if none is, those that ended wrong; if none did, all.
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

fn plan(setup: &Setup, space_time: &SpaceTime) -> Vec<Planned> {
    let struck = |at: usize| space_time.strikes.iter().find(|strike| strike.fault == at);
    let faults = setup.faults.iter().enumerate();
    faults
        .map(|(at, planned)| Planned {
            text: fault(planned),
            struck: struck(at).map(|it| (it.from.time, it.to.map(|tick| tick.time))),
        })
        .collect()
}

fn story(setup: &Setup, recording: &Recording, row: &OperationRow) -> Trace {
    let mut keeper = Keeper::new(row.op);
    recording.records.iter().for_each(|record| keeper.see(record));
    let nodes = recording.names.actors.iter().map(|actor| actor.name.clone()).collect();
    let faults = setup.faults.iter().map(PlannedFault::what).collect();
    keeper.trace(Some(row.clone()), nodes, faults, |label| Some(recording.names.label(label)))
}

#[cfg(test)]
pub(crate) mod tests;
