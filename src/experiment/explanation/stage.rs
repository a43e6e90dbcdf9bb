//! From a recorded run to the [`Scene`] of some of its operations.

use std::collections::BTreeMap;

use super::events::{Event, events};
use super::scene::{Lane, Mark, Message, Outage, Place as Struck, Scene, Sort, Strike, Tick};
use super::tape::{Reach, Tape};
use super::traffic::{self, Answering, Trip, concerning, selected, trips};
use crate::experiment::run::Setup;
use crate::kernel::{NodeId, Time};
use crate::model::network::Place;
use crate::model::record::{Kind, MessageClass, OpId};

/// What happened to these operations.
pub(super) fn scene(setup: &Setup, tape: &Tape, operations: &[OpId]) -> Scene {
    let is_involved = |op: OpId| operations.contains(&op);
    let all = trips(tape);
    let chosen = concerning(tape, &all, is_involved);
    let (kept, left_out) = selected(&tape.names, &all, &chosen);
    let events = events(&setup.system, tape, is_involved);
    let cast = Cast::of(tape, &kept, &events);
    let arrived = |op: &OpId| tape.report.operations.get(op.0 as usize).map(|row| row.arrived);
    let place = |op: OpId| operations.iter().position(|known| *known == op);
    let messages: Vec<Message> = kept
        .iter()
        .map(|trip| Message {
            from: cast.lane(trip.from),
            to: cast.lane(trip.to),
            text: text(setup, tape, trip),
            reply: trip.answer.is_some(),
            copy: trip.copy,
            op: place(trip.op),
            sent: trip.sent,
            end: trip.end,
            fault: trip.fault,
        })
        .collect();
    let marks = events.into_iter().map(|event| Mark {
        lane: cast.lane(event.node),
        since: event.since,
        at: event.at,
        text: event.text,
        tone: event.tone,
        op: place(event.op),
    });
    let marks = marks.collect();
    Scene {
        origin: operations.iter().filter_map(arrived).min().unwrap_or(Time::ZERO),
        until: tape.report.ended,
        settled: tape.ran.settled,
        strikes: strikes(setup, tape, &cast, &messages),
        outages: outages(tape, &cast),
        lanes: cast.lanes(tape),
        operations: operations.iter().map(|op| name(tape, *op)).collect(),
        messages,
        marks,
        left_out,
    }
}

/// What an operation is called: as every run knows it, if it has such a name.
pub(super) fn name(tape: &Tape, op: OpId) -> String {
    let known = tape.names.operations.get(op.0 as usize).and_then(Option::as_ref);
    known.map_or_else(|| format!("operation {}", op.0), ToString::to_string)
}

/// What is written on an arrow.
fn text(setup: &Setup, tape: &Tape, trip: &Trip) -> String {
    let label = tape.names.labels.get(trip.label as usize).copied().unwrap_or("?");
    let row = tape.report.operations.get(trip.op.0 as usize);
    let is_request = trip.class == MessageClass::Client as u64 && label == "ask";
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

/// Who takes part, and in which order they stand.
struct Cast {
    nodes: Vec<NodeId>,
}

impl Cast {
    /// Clients first, then in the order of appearance, each database right behind the service that
    /// talked to it first; crashed nodes stand there even if nobody talked to them.
    fn of(tape: &Tape, trips: &[Trip], events: &[Event]) -> Self {
        let mut seen: Vec<(Tick, u8, NodeId)> = Vec::new();
        for trip in trips {
            seen.push((trip.sent, 0, trip.from));
            seen.push((trip.sent, 1, trip.to));
        }
        seen.extend(events.iter().map(|event| (event.since.unwrap_or(event.at), 0, event.node)));
        for (turn, record) in (0..).zip(&tape.records) {
            if record.kind == Kind::Crashed {
                seen.push((Tick { time: record.time, turn }, 0, record.node));
            }
        }
        seen.sort_unstable();
        let homes = Self::homes(tape);
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

    /// The node that talked to each database first.
    fn homes(tape: &Tape) -> BTreeMap<NodeId, NodeId> {
        let mut homes = BTreeMap::new();
        for record in tape.records.iter().filter(|record| record.kind == Kind::Sent) {
            let to = NodeId(record.a as u16);
            let is_service = |node: NodeId| {
                let actor = tape.names.actors.get(usize::from(node.0));
                actor.is_some_and(|actor| matches!(actor.place, Place::Service(_)))
            };
            if traffic::is_database(&tape.names, to) && is_service(record.node) {
                homes.entry(to).or_insert(record.node);
            }
        }
        homes
    }

    fn find(&self, node: NodeId) -> Option<usize> {
        self.nodes.iter().position(|known| *known == node)
    }

    /// The lane of a node that takes part.
    fn lane(&self, node: NodeId) -> usize {
        self.find(node).unwrap_or_default()
    }

    /// The lanes of those nodes that take part.
    fn among(&self, nodes: &[NodeId]) -> Vec<usize> {
        let mut lanes: Vec<usize> = nodes.iter().filter_map(|node| self.find(*node)).collect();
        lanes.sort_unstable();
        lanes
    }

    fn lanes(&self, tape: &Tape) -> Vec<Lane> {
        let actors =
            self.nodes.iter().filter_map(|node| tape.names.actors.get(usize::from(node.0)));
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

/// When nodes were down.
fn outages(tape: &Tape, cast: &Cast) -> Vec<Outage> {
    let mut outages: Vec<Outage> = Vec::new();
    for (turn, record) in (0..).zip(&tape.records) {
        let Some(lane) = cast.find(record.node) else { continue };
        let tick = Tick { time: record.time, turn };
        match record.kind {
            Kind::Crashed => outages.push(Outage { lane, from: tick, to: None }),
            Kind::Restarted => {
                let open = outages.iter_mut().rev().find(|outage| outage.lane == lane);
                open.into_iter().for_each(|outage| outage.to = Some(tick));
            }
            _ => {}
        }
    }
    outages
}

/// When faults struck, and what of it can be seen here.
fn strikes(setup: &Setup, tape: &Tape, cast: &Cast, messages: &[Message]) -> Vec<Strike> {
    let mut strikes: Vec<Strike> = Vec::new();
    for (turn, record) in (0..).zip(&tape.records) {
        let fault = record.subject as usize;
        let tick = Tick { time: record.time, turn };
        match record.kind {
            Kind::FaultBegan => {
                let Some(reach) = tape.names.reaches.get(fault) else { continue };
                let place = match reach {
                    Reach::Nodes(nodes) => Struck::Nodes(cast.among(nodes)),
                    Reach::Links(from, to) => Struck::Links(cast.among(from), cast.among(to)),
                    Reach::Message => {
                        let hit = |message: &Message| message.fault == Some(fault);
                        Struck::Message(messages.iter().position(hit))
                    }
                };
                let kind = setup.faults[fault].fault.name().to_owned();
                strikes.push(Strike { fault, kind, from: tick, to: None, place });
            }
            Kind::FaultEnded => {
                let open = strikes.iter_mut().rev().find(|strike| strike.fault == fault);
                open.into_iter().for_each(|strike| strike.to = Some(tick));
            }
            _ => {}
        }
    }
    strikes
}
