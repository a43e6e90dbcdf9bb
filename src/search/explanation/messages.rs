//! The messages that concern some operations: their own, their causes, and the answers.

use std::collections::{BTreeMap, BTreeSet};

use super::recording::{Names, Reached, Recording};
use super::space_time::{End, LeftOut, Tick};
use crate::kernel::NodeId;
use crate::model::contract::label;
use crate::model::network::Place;
use crate::model::record::{Event, LabelId, MessageClass, OpId};

/// A message in transit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trip {
    pub from: NodeId,
    pub to: NodeId,
    pub label: LabelId,
    pub class: MessageClass,
    pub op: OpId,
    /// The message that started the process which sent this one, or 0.
    cause: u32,
    pub sent: Tick,
    pub end: End,
    /// The kind of answer, if the message is one: of a process, or of the machine of a dead one.
    pub answer: Option<Answering>,
    pub copy: bool,
    pub fault: Option<usize>,
}

/// The kind of answer that a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answering {
    /// The receiver of a request answers it.
    Served,
    /// The machine of a process that is down refuses it.
    Refused,
}

/// The greatest number of messages that are shown.
const MOST: usize = 60;

/// Every message of a run, by number.
pub(super) fn trips(recording: &Recording) -> BTreeMap<u32, Trip> {
    let mut trips: BTreeMap<u32, Trip> = BTreeMap::new();
    let mut struck: Option<(usize, Tick)> = None;
    for (turn, record) in (0..).zip(&recording.records) {
        let tick = Tick { time: record.time, turn };
        match record.event {
            Event::FaultBegan { fault, .. } => {
                let fault = fault as usize;
                let about = recording.names.reached.get(fault);
                struck =
                    matches!(about, Some(Reached::Message)).then_some((fault, tick)).or(struck);
            }
            Event::Sent { label, to, class } => {
                let fault = struck.take().filter(|(_, at)| at.time == tick.time);
                let trip = Trip {
                    from: record.node,
                    to,
                    label,
                    class,
                    op: record.op,
                    cause: record.cause,
                    sent: tick,
                    end: End::Travelling,
                    answer: None,
                    copy: false,
                    fault: fault.map(|(fault, _)| fault),
                };
                trips.insert(record.message, trip);
            }
            Event::Duplicated { copy: number, .. } => {
                if let Some(original) = trips.get(&record.message).copied() {
                    let end = End::Travelling;
                    let copy = Trip { copy: true, sent: tick, end, ..original };
                    trips.insert(number, copy);
                }
            }
            Event::Delivered { from, .. } => {
                if let Some(trip) = trips.get_mut(&record.message) {
                    if trip.from == NodeId::WORLD && from != NodeId::WORLD {
                        trip.answer = Some(Answering::Refused);
                    }
                    trip.from = from;
                    trip.end = End::Arrived(tick);
                }
            }
            Event::Lost { .. } => {
                if let Some(trip) = trips.get_mut(&record.message) {
                    trip.end = End::Lost(tick);
                }
            }
            _ => {}
        }
    }
    mark_answers(&mut trips, &recording.names);
    trips
}

/// Marks answers: a message answers the one that started its process if it has the same label; a
/// message from a database is always an answer.
fn mark_answers(trips: &mut BTreeMap<u32, Trip>, names: &Names) {
    let answers: Vec<u32> = trips
        .iter()
        .filter(|(_, trip)| {
            let back = |request: &Trip| {
                (request.label, request.from, request.to) == (trip.label, trip.to, trip.from)
            };
            is_database(names, trip.from) || trips.get(&trip.cause).is_some_and(back)
        })
        .map(|(number, _)| *number)
        .collect();
    for number in answers {
        if let Some(trip) = trips.get_mut(&number) {
            trip.answer = trip.answer.or(Some(Answering::Served));
        }
    }
}

/// The messages that concern some operations: those sent for them, those that caused one of their
/// events, and the answers to these.
pub(super) fn concerning(
    recording: &Recording,
    trips: &BTreeMap<u32, Trip>,
    is_involved: impl Fn(OpId) -> bool,
) -> BTreeSet<u32> {
    let own = trips.iter().filter(|(_, trip)| is_involved(trip.op)).map(|(number, _)| *number);
    let mut chosen: BTreeSet<u32> = own.collect();
    let of_records = recording.records.iter().filter(|record| is_involved(record.op));
    let mut causes: Vec<u32> = of_records.map(|record| record.cause).collect();
    causes.extend(chosen.iter().filter_map(|number| Some(trips.get(number)?.cause)));
    while let Some(cause) = causes.pop() {
        if let Some(trip) = trips.get(&cause).filter(|_| chosen.insert(cause)) {
            causes.push(trip.cause);
        }
    }
    let answers = trips
        .iter()
        .filter(|(_, trip)| trip.answer.is_some() && chosen.contains(&trip.cause))
        .map(|(number, _)| *number);
    let answers: Vec<u32> = answers.collect();
    chosen.extend(answers);
    chosen
}

/// Leaves out messages that add little, and more of them the more there are: statements inside
/// transactions first, then answers of databases, then requests to them, then repetitions. Messages
/// that were lost, duplicated or affected by a fault are kept as long as possible.
pub(super) fn selected(
    names: &Names,
    trips: &BTreeMap<u32, Trip>,
    chosen: &BTreeSet<u32>,
) -> (Vec<Trip>, LeftOut) {
    let mut left_out = LeftOut::default();
    let known = chosen.iter().filter_map(|number| trips.get(number).copied());
    let mut kept: Vec<Trip> = known.filter(|trip| trip.from != trip.to).collect();
    let mut drop = |kept: &mut Vec<Trip>,
                    counter: fn(&mut LeftOut) -> &mut usize,
                    is_dull: &dyn Fn(&Trip) -> bool| {
        let before = kept.len();
        kept.retain(|trip| !is_dull(trip));
        *counter(&mut left_out) += before - kept.len();
    };
    let statements: fn(&mut LeftOut) -> &mut usize = |left_out| &mut left_out.statements;
    drop(&mut kept, |left_out| &mut left_out.reads, &|trip| trip.class == MessageClass::Probe);
    drop(&mut kept, statements, &|trip| is_statement(names, trip));
    if kept.len() > MOST {
        drop(&mut kept, statements, &|trip| is_quiet(trip) && is_database(names, trip.from));
    }
    if kept.len() > MOST {
        drop(&mut kept, statements, &|trip| is_quiet(trip) && is_database(names, trip.to));
    }
    if kept.len() > MOST {
        let before = kept.len();
        kept = without_repeats(kept);
        left_out.repeats += before - kept.len();
    }
    if kept.len() > MOST {
        left_out.repeats += kept.len() - MOST;
        kept.drain(MOST * 2 / 3..kept.len() - MOST / 3);
    }
    (kept, left_out)
}

fn is_statement(names: &Names, trip: &Trip) -> bool {
    let session = is_database(names, trip.from) || is_database(names, trip.to);
    session && is_quiet(trip) && [label::STATEMENT, label::ROLLBACK].contains(&trip.label)
}

/// Returns whether a message is uneventful.
const fn is_quiet(trip: &Trip) -> bool {
    matches!(trip.end, End::Arrived(_)) && trip.fault.is_none() && !trip.copy
}

pub(super) fn is_database(names: &Names, node: NodeId) -> bool {
    names.actors.get(usize::from(node.0)).is_some_and(|actor| actor.place == Place::Database)
}

/// Keeps of equal messages to the same node the first two and the last.
fn without_repeats(trips: Vec<Trip>) -> Vec<Trip> {
    let name = |trip: &Trip| {
        (trip.from, trip.to, trip.label, trip.op, trip.answer.is_some(), trip.end_kind())
    };
    let mut totals: BTreeMap<_, usize> = BTreeMap::new();
    for trip in &trips {
        *totals.entry(name(trip)).or_default() += 1;
    }
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut kept = trips;
    kept.retain(|trip| {
        let nth = seen.entry(name(trip)).or_default();
        *nth += 1;
        *nth <= 2 || *nth == totals[&name(trip)]
    });
    kept
}

impl Trip {
    const fn end_kind(&self) -> u8 {
        match self.end {
            End::Arrived(_) => 0,
            End::Lost(_) => 1,
            End::Travelling => 2,
        }
    }
}
