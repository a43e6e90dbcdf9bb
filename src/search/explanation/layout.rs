//! The layout of the [`SpaceTime`] diagram of some operations, from a recorded run.

use std::collections::BTreeMap;

use super::events::{NodeEvent, events};
use super::messages::{self, Answering, Trip, concerning, selected, trips};
use super::recording::{Reached, Recording};
use super::space_time::{
    Lane, Mark, Message, Outage, Place as Struck, Sort, SpaceTime, Strike, Tick,
};
use crate::experiment::run::Setup;
use crate::kernel::{NodeId, Time};
use crate::model::network::Place;
use crate::model::record::{Event, Kind, MessageClass, OpId};

/// The space-time diagram of these operations: of the whole run, or of a part of it with the nodes
/// and the faults that have to do with them.
pub(super) fn space_time(
    setup: &Setup,
    recording: &Recording,
    operations: &[OpId],
    part: Option<(Time, Time)>,
) -> SpaceTime {
    let is_involved = |op: OpId| operations.contains(&op);
    let all = trips(recording);
    let chosen = concerning(recording, &all, is_involved);
    let (kept, left_out) = selected(&recording.names, &all, &chosen);
    let events = events(&setup.system, recording, is_involved);
    let participants = Participants::of(recording, &kept, &events, part.is_none());
    let arrived = |op: &OpId| recording.report.operations.get(op.0 as usize).map(|row| row.arrived);
    let place = |op: OpId| operations.iter().position(|known| *known == op);
    let messages: Vec<Message> = kept
        .iter()
        .map(|trip| Message {
            from: participants.lane(trip.from),
            to: participants.lane(trip.to),
            text: text(setup, recording, trip),
            reply: trip.answer.is_some(),
            copy: trip.copy,
            op: place(trip.op),
            sent: trip.sent,
            end: trip.end,
            fault: trip.fault,
        })
        .collect();
    let marks = events.into_iter().map(|event| Mark {
        lane: participants.lane(event.node),
        since: event.since,
        at: event.at,
        text: event.text,
        tone: event.tone,
        op: place(event.op),
    });
    let marks = marks.collect();
    SpaceTime {
        origin: operations.iter().filter_map(arrived).min().unwrap_or(Time::ZERO),
        until: recording.report.ended,
        settled: recording.ran.settled,
        strikes: strikes(recording, &participants, &messages, part),
        outages: outages(recording, &participants, part),
        lanes: participants.lanes(recording),
        operations: operations.iter().map(|op| name(recording, *op)).collect(),
        messages,
        marks,
        left_out,
    }
}

/// The name of an operation: that of every run, if it has one.
pub(super) fn name(recording: &Recording, op: OpId) -> String {
    let known = recording.names.operations.get(op.0 as usize).and_then(Option::as_ref);
    known.map_or_else(|| format!("operation {}", op.0), ToString::to_string)
}

/// The text on an arrow.
fn text(setup: &Setup, recording: &Recording, trip: &Trip) -> String {
    let label = recording.names.label(trip.label);
    let row = recording.report.operations.get(trip.op.0 as usize);
    let is_request = trip.class == MessageClass::Client && label == "ask";
    let label = match row.filter(|_| is_request) {
        Some(row) => &*setup.system.operation(row.kind).name.shown,
        None => label,
    };
    match trip.answer {
        None => label.to_owned(),
        Some(Answering::Served) => format!("re: {label}"),
        Some(Answering::Refused) => format!("{label} refused"),
    }
}

/// The participants of a diagram, in the order of their lanes.
struct Participants {
    nodes: Vec<NodeId>,
}

impl Participants {
    /// The participants: clients first, then in the order of appearance, each database right after
    /// the service that called it first. With `with_crashed` crashed nodes are included even if
    /// they exchanged no message.
    fn of(recording: &Recording, trips: &[Trip], events: &[NodeEvent], with_crashed: bool) -> Self {
        let mut seen: Vec<(Tick, u8, NodeId)> = Vec::new();
        for trip in trips {
            seen.push((trip.sent, 0, trip.from));
            seen.push((trip.sent, 1, trip.to));
        }
        seen.extend(events.iter().map(|event| (event.since.unwrap_or(event.at), 0, event.node)));
        for (turn, record) in (0..).zip(&recording.records) {
            if with_crashed && record.kind() == Kind::Crashed {
                seen.push((Tick { time: record.time, turn }, 0, record.node));
            }
        }
        seen.sort_unstable();
        let homes = Self::homes(recording);
        let mut nodes: Vec<NodeId> = Vec::new();
        for (_, _, node) in seen {
            if nodes.contains(&node) {
                continue;
            }
            let home = homes.get(&node).and_then(|home| nodes.iter().position(|it| it == home));
            match home {
                _ if node == NodeId::WORLD => nodes.insert(0, node),
                Some(at) => nodes.insert(at + 1, node),
                None => nodes.push(node),
            }
        }
        Self { nodes }
    }

    /// The node that called each database first.
    fn homes(recording: &Recording) -> BTreeMap<NodeId, NodeId> {
        let mut homes = BTreeMap::new();
        for record in &recording.records {
            let Event::Sent { to, .. } = record.event else { continue };
            let is_service = |node: NodeId| {
                let actor = recording.names.actors.get(usize::from(node.0));
                actor.is_some_and(|actor| matches!(actor.place, Place::Service(_)))
            };
            if messages::is_database(&recording.names, to) && is_service(record.node) {
                homes.entry(to).or_insert(record.node);
            }
        }
        homes
    }

    fn find(&self, node: NodeId) -> Option<usize> {
        self.nodes.iter().position(|known| *known == node)
    }

    /// The lane of a participating node.
    fn lane(&self, node: NodeId) -> usize {
        self.find(node).unwrap_or_default()
    }

    /// The lanes of the participating nodes among these.
    fn among(&self, nodes: &[NodeId]) -> Vec<usize> {
        let mut lanes: Vec<usize> = nodes.iter().filter_map(|node| self.find(*node)).collect();
        lanes.sort_unstable();
        lanes
    }

    fn lanes(&self, recording: &Recording) -> Vec<Lane> {
        let actors =
            self.nodes.iter().filter_map(|node| recording.names.actors.get(usize::from(node.0)));
        actors
            .map(|actor| Lane {
                name: actor.name.clone(),
                sort: match actor.place {
                    Place::Client => Sort::Clients,
                    Place::Service(_) => Sort::Service,
                    Place::Database => Sort::Database,
                    Place::Driver => Sort::Driver,
                },
            })
            .collect()
    }
}

/// The times at which nodes were down.
fn outages(
    recording: &Recording,
    participants: &Participants,
    part: Option<(Time, Time)>,
) -> Vec<Outage> {
    let mut outages: Vec<Outage> = Vec::new();
    for (turn, record) in (0..).zip(&recording.records) {
        let Some(lane) = participants.find(record.node) else { continue };
        let tick = Tick { time: record.time, turn };
        match record.kind() {
            Kind::Crashed => outages.push(Outage { lane, from: tick, to: None }),
            Kind::Restarted => {
                let open = outages.iter_mut().rev().find(|outage| outage.lane == lane);
                open.into_iter().for_each(|outage| outage.to = Some(tick));
            }
            _ => {}
        }
    }
    outages.retain(|outage| meets(part, outage.from, outage.to));
    outages
}

/// Returns whether something that lasted from one tick to another meets a part of the run.
fn meets(part: Option<(Time, Time)>, from: Tick, to: Option<Tick>) -> bool {
    part.is_none_or(|(first, last)| from.time <= last && to.is_none_or(|to| to.time >= first))
}

/// The times at which faults were active, and the parts of the diagram that they affected.
fn strikes(
    recording: &Recording,
    participants: &Participants,
    messages: &[Message],
    part: Option<(Time, Time)>,
) -> Vec<Strike> {
    let mut strikes: Vec<Strike> = Vec::new();
    for (turn, record) in (0..).zip(&recording.records) {
        let tick = Tick { time: record.time, turn };
        match record.event {
            Event::FaultBegan { fault, .. } => {
                let fault = fault as usize;
                let Some(reached) = recording.names.reached.get(fault) else { continue };
                let place = match reached {
                    Reached::Nodes(nodes) => Struck::Nodes(participants.among(nodes)),
                    Reached::Links(parts) => {
                        let lanes = parts.iter().map(|part| participants.among(part));
                        Struck::Links(lanes.collect())
                    }
                    Reached::Message => {
                        let hit = |message: &Message| message.fault == Some(fault);
                        Struck::Message(messages.iter().position(hit))
                    }
                };
                let kind = recording.names.plan[fault].fault.name().to_owned();
                strikes.push(Strike { fault, kind, from: tick, to: None, place });
            }
            Event::FaultEnded { fault, .. } => {
                let is_it = |strike: &&mut Strike| strike.fault == fault as usize;
                let open = strikes.iter_mut().rev().find(is_it);
                open.into_iter().for_each(|strike| strike.to = Some(tick));
            }
            _ => {}
        }
    }
    strikes.retain(|strike| {
        let touches = match &strike.place {
            Struck::Nodes(lanes) => !lanes.is_empty(),
            Struck::Links(parts) => parts.iter().any(|lanes| !lanes.is_empty()),
            Struck::Message(hit) => hit.is_some(),
        };
        part.is_none() || touches && meets(part, strike.from, strike.to)
    });
    strikes
}
