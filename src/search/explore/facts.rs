//! The facts of a run's history that decide which faults are tried, each with its position in the
//! history, so that they can be evaluated at any point of the run.

use std::collections::{BTreeMap, BTreeSet};

use super::links::Links;
use crate::kernel::{Fingerprint, NodeId, Sink, Time};
use crate::model::record::{Event, Kind, OpId, Record};

/// The history of one run, condensed.
#[derive(Default)]
pub struct Facts {
    seen: u64,
    /// The number of operations that are offered.
    offered: usize,
    answered: usize,
    /// The numbers of messages in flight, durable unfinished work, nodes that are down, and active
    /// faults.
    open: [i64; 4],
    /// The positions from which on the run was quiescent, or no longer was.
    rest: Vec<(u64, bool)>,
    /// The number of records of a node's logs that a crash would lose, from each position on.
    unforced: BTreeMap<NodeId, Vec<(u64, i64)>>,
    /// The messages that arrived, or were given up, with the nodes between which they were sent.
    landings: Vec<(u64, NodeId, NodeId)>,
    sent: BTreeMap<u64, (NodeId, u32)>,
    lost: BTreeSet<u32>,
    copied: BTreeSet<u32>,
    arrived: Vec<Time>,
    stories: Vec<Fingerprint>,
    elsewhere: Fingerprint,
    links: Links,
}

/// Positions in [`Facts::open`].
const FLIGHTS: usize = 0;
const HOLDS: usize = 1;
const DOWN: usize = 2;
const FAULTS: usize = 3;

impl Facts {
    /// The facts before the first record, for so many operations.
    pub fn new(offered: usize) -> Self {
        Self { offered, ..Self::default() }
    }

    /// Returns whether at this position every operation had arrived and was answered, and nothing
    /// was under way for any: no message, no held work, no node down and no active fault.
    pub fn is_at_rest(&self, place: u64) -> bool {
        let before = self.rest.partition_point(|(at, _)| *at <= place);
        before > 0 && self.rest[before - 1].1
    }

    /// The number of log records that a crash of this node would have lost at this position.
    pub fn unforced(&self, node: NodeId, place: u64) -> i64 {
        let Some(changes) = self.unforced.get(&node) else { return 0 };
        let before = changes.partition_point(|(at, _)| *at < place);
        if before == 0 { 0 } else { changes[before - 1].1 }
    }

    /// Returns whether anything arrived between these nodes after one position and before another.
    /// A crash and the end of a session count as well: the other end learns of them.
    pub fn has_landed(&self, ends: (NodeId, NodeId), from: u64, to: u64) -> bool {
        let begin = self.landings.partition_point(|(at, ..)| *at < from);
        let between = self.landings[begin..].iter().take_while(|(at, ..)| *at < to);
        let is_end = |node: NodeId| node == ends.0 || node == ends.1;
        // The world records what a node receives that is down.
        let concerns = |one: NodeId, other: NodeId| {
            is_end(one) && is_end(other) || one == NodeId::WORLD && is_end(other)
        };
        between.into_iter().any(|(_, one, other)| concerns(*one, *other))
    }

    /// Returns whether the message that left `node` at this position never arrived anyway.
    pub fn is_lost_anyway(&self, node: NodeId, place: u64) -> bool {
        let next = self.sent.range(place..).find(|(_, (from, _))| *from == node);
        next.is_some_and(|(_, (_, number))| {
            self.lost.contains(number) && !self.copied.contains(number)
        })
    }

    /// A hash of what happened to each operation, with times since its arrival.
    pub fn stories(&self) -> Vec<u64> {
        self.stories.iter().map(Fingerprint::value).collect()
    }

    /// A hash of what happened for no operation.
    pub fn elsewhere(&self) -> u64 {
        self.elsewhere.value()
    }

    /// The links between nodes that ever influenced each other.
    pub fn links(&self) -> &Links {
        &self.links
    }

    fn count(&mut self, what: usize, change: i64) {
        self.open[what] += change;
    }

    fn keep_books(&mut self, record: &Record) {
        let flies = i64::from(record.op != OpId::NONE);
        match record.event {
            Event::Offered { .. } => self.arrived.push(record.time),
            Event::Answered { .. } => self.answered += 1,
            Event::Sent { .. } => {
                self.count(FLIGHTS, flies);
                self.sent.insert(self.seen, (record.node, record.message));
            }
            Event::Delivered { from, .. } => {
                self.count(FLIGHTS, -flies);
                self.landings.push((self.seen, record.node, from));
            }
            Event::Lost { .. } => {
                self.count(FLIGHTS, -flies);
                self.lost.insert(record.message);
            }
            Event::Duplicated { .. } => {
                self.count(FLIGHTS, flies);
                self.copied.insert(record.message);
            }
            Event::Aborted { .. } => {
                self.landings.push((self.seen, NodeId::WORLD, record.node));
            }
            Event::Holds { change, .. } => self.count(HOLDS, change),
            Event::Crashed { .. } => {
                self.count(DOWN, 1);
                self.landings.push((self.seen, NodeId::WORLD, record.node));
                self.unforced.entry(record.node).or_default().push((self.seen, 0));
            }
            Event::Restarted { .. } => self.count(DOWN, -1),
            Event::FaultBegan { .. } => self.count(FAULTS, 1),
            Event::FaultEnded { .. } => self.count(FAULTS, -1),
            Event::Logged { .. } => self.log(record, 1),
            Event::Forced { records, .. } => self.log(record, -(records as i64)),
            _ => {}
        }
    }

    fn log(&mut self, record: &Record, change: i64) {
        let changes = self.unforced.entry(record.node).or_default();
        let now = changes.last().map_or(0, |(_, count)| *count) + change;
        changes.push((self.seen, now.max(0)));
    }

    /// Adds a record to the hash of its operation.
    fn tell(&mut self, record: &Record) {
        let op = record.op.0 as usize;
        let since = match self.arrived.get(op) {
            Some(arrived) => record.time - *arrived,
            None => record.time - Time::ZERO,
        };
        let story = match record.kind() {
            Kind::FaultBegan | Kind::FaultEnded => return,
            _ if record.op == OpId::NONE => &mut self.elsewhere,
            _ => {
                if op >= self.stories.len() {
                    self.stories.resize(op + 1, Fingerprint::default());
                }
                &mut self.stories[op]
            }
        };
        record.fold_own(since, story);
    }
}

impl Sink<Record> for Facts {
    fn see(&mut self, record: &Record) {
        self.keep_books(record);
        self.tell(record);
        self.links.see(record);
        self.seen += 1;
        let rests = self.answered >= self.offered && self.open == [0; 4];
        if self.rest.last().is_none_or(|(_, before)| *before != rests) {
            self.rest.push((self.seen, rests));
        }
    }
}
