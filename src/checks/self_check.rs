//! Self-checks: sums that must agree in every run, each from two sources and in exact integers.
//!
//! A self-check that fails is a defect of the simulator or of its history, never a result.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::kernel::NodeId;
use crate::model::contract::role;
use crate::model::record::{Event, Record, Station};
use crate::model::system::System;

/// Two numbers that must agree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SelfCheck {
    /// The name of the sums.
    pub name: String,
    /// The sum from the first source.
    pub left: i128,
    /// The sum from the second source.
    pub right: i128,
    /// The relation that must hold between them.
    pub relation: Relation,
}

/// The relation between the two sides of a self-check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Relation {
    /// Left equals right.
    Equal,
    /// Left is at most right.
    AtMost,
}

impl SelfCheck {
    /// Returns whether the relation holds.
    pub const fn held(&self) -> bool {
        match self.relation {
            Relation::Equal => self.left == self.right,
            Relation::AtMost => self.left <= self.right,
        }
    }

    fn equal(name: String, left: i128, right: i128) -> Self {
        Self { name, left, right, relation: Relation::Equal }
    }
}

/// All self-checks of a run.
#[derive(Debug)]
pub struct SelfChecks {
    services: Vec<(String, Pool)>,
    drivers: Vec<(String, Pool)>,
    messages: Messages,
}

impl SelfChecks {
    /// The self-checks before the first record.
    pub fn new(system: &System) -> Self {
        let named = |name: &str| (name.to_owned(), Pool::default());
        let services = system.services.iter().map(|service| named(&service.name.shown)).collect();
        let drivers = role::WORKING.iter().map(|role| named(role)).collect();
        Self { services, drivers, messages: Messages::default() }
    }

    /// Takes in a record about a message.
    pub fn message(&mut self, record: &Record) {
        self.messages.see(record);
    }

    /// Takes in a record about a request at a service or a driver.
    pub fn request(&mut self, record: &Record) {
        let (Event::Queued { at, .. }
        | Event::Started { at, .. }
        | Event::Finished { at, .. }
        | Event::Dropped { at, .. }) = record.event
        else {
            return;
        };
        let pool = match at {
            Station::Service(service) => self.services.get_mut(service.index()),
            Station::Driver(role) => self.drivers.get_mut(usize::from(role)),
        };
        if let Some((_, pool)) = pool {
            pool.see(record);
        }
    }

    /// Ends the run at `now`. If it has settled, no message that was sent before `quiet` may be in
    /// flight.
    pub fn finish(self, now: u64, quiet: u64, settled: bool) -> Vec<SelfCheck> {
        let mut checks = self.messages.finish(quiet, settled);
        for (name, pool) in self.services.into_iter().chain(self.drivers) {
            checks.extend(pool.finish(&name, now));
        }
        checks
    }
}

/// The workers and the queue of a service or a driver, over all of its nodes.
#[derive(Debug, Default)]
struct Pool {
    since: u64,
    inside: u64,
    serving: u64,
    area: u128,
    busy_area: u128,
    sojourns: u128,
    served: u128,
    drawn: u128,
    stray: u64,
    nodes: Vec<(NodeId, Requests)>,
}

/// The requests at one node, identified by the time at which they were queued.
#[derive(Debug, Default)]
struct Requests {
    waiting: VecDeque<u64>,
    /// The times at which each was queued and started.
    serving: Vec<(u64, u64)>,
}

impl Pool {
    fn advance(&mut self, now: u64) {
        let passed = u128::from(now - self.since);
        self.area += u128::from(self.inside) * passed;
        self.busy_area += u128::from(self.serving) * passed;
        self.since = now;
    }

    fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        self.advance(now);
        let node = record.node;
        match record.event {
            Event::Queued { .. } => {
                self.inside += 1;
                self.requests(node).waiting.push_back(now);
            }
            Event::Started { waited, .. } => self.start(node, now, waited.as_nanos()),
            Event::Finished { work, stayed, .. } => {
                self.drawn += u128::from(work.as_nanos());
                self.finished(node, now, stayed.as_nanos());
            }
            Event::Dropped { requests, stayed, .. } => {
                self.sojourns += u128::from(stayed.as_nanos());
                self.drop_all(node, now, requests);
            }
            _ => {}
        }
    }

    fn requests(&mut self, node: NodeId) -> &mut Requests {
        let at = self.nodes.iter().position(|(other, _)| *other == node).unwrap_or_else(|| {
            self.nodes.push((node, Requests::default()));
            self.nodes.len() - 1
        });
        &mut self.nodes[at].1
    }

    fn start(&mut self, node: NodeId, now: u64, waited: u64) {
        let queued = now.saturating_sub(waited);
        let requests = self.requests(node);
        if take(&mut requests.waiting, queued) {
            requests.serving.push((queued, now));
            self.serving += 1;
        } else {
            self.stray += 1;
        }
    }

    fn finished(&mut self, node: NodeId, now: u64, stayed: u64) {
        let queued = now.saturating_sub(stayed);
        let requests = self.requests(node);
        if let Some(at) = requests.serving.iter().position(|(since, _)| *since == queued) {
            let (_, started) = requests.serving.swap_remove(at);
            self.serving -= 1;
            self.served += u128::from(now - started);
        } else if !take(&mut requests.waiting, queued) {
            self.stray += 1;
        }
        self.inside = self.inside.saturating_sub(1);
        self.sojourns += u128::from(stayed);
    }

    fn drop_all(&mut self, node: NodeId, now: u64, dropped: u64) {
        let requests = std::mem::take(self.requests(node));
        let inside = (requests.waiting.len() + requests.serving.len()) as u64;
        self.stray += inside.abs_diff(dropped);
        self.inside = self.inside.saturating_sub(dropped);
        self.serving -= requests.serving.len() as u64;
        self.served += requests.served_until(now);
    }

    fn finish(mut self, name: &str, now: u64) -> [SelfCheck; 4] {
        self.advance(now);
        for (_, requests) in std::mem::take(&mut self.nodes) {
            let queued = requests.waiting.iter().chain(requests.serving.iter().map(|(at, _)| at));
            self.sojourns += queued.map(|at| u128::from(now - at)).sum::<u128>();
            self.served += requests.served_until(now);
        }
        let (area, busy) = (self.area as i128, self.busy_area as i128);
        [
            SelfCheck::equal(
                format!("{name}: area of the requests inside = their summed sojourns"),
                area,
                self.sojourns as i128,
            ),
            SelfCheck::equal(
                format!("{name}: area of the busy workers = summed times of service"),
                busy,
                self.served as i128,
            ),
            SelfCheck {
                name: format!("{name}: drawn work fits into the busy workers' time"),
                left: self.drawn as i128,
                right: busy,
                relation: Relation::AtMost,
            },
            SelfCheck::equal(
                format!("{name}: requests that end without having begun"),
                i128::from(self.stray),
                0,
            ),
        ]
    }
}

impl Requests {
    fn served_until(&self, now: u64) -> u128 {
        self.serving.iter().map(|(_, started)| u128::from(now - started)).sum()
    }
}

/// Removes the entry from a sorted queue; most often it is at the front.
fn take(queue: &mut VecDeque<u64>, entry: u64) -> bool {
    if queue.front() == Some(&entry) {
        return queue.pop_front().is_some();
    }
    queue.binary_search(&entry).is_ok_and(|at| queue.remove(at).is_some())
}

/// Messages in flight, by number.
#[derive(Debug, Default)]
struct Messages {
    sent: u64,
    copies: u64,
    delivered: u64,
    lost: u64,
    /// The number of the first message in `recent`.
    first: u32,
    /// The time at which each message was sent, or [`LANDED`].
    recent: VecDeque<u64>,
    /// The messages in flight that are older than those in `recent`.
    old: BTreeMap<u32, u64>,
}

/// The value for a message that is not in flight.
const LANDED: u64 = u64::MAX;
/// The number of messages that are found by position.
const RECENT: usize = 1 << 16;

impl Messages {
    fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        match record.event {
            Event::Sent { .. } => {
                self.sent += 1;
                self.launch(record.message, now);
            }
            Event::Duplicated { copy, .. } => {
                self.copies += 1;
                self.launch(copy, now);
            }
            Event::Delivered { .. } => {
                self.delivered += 1;
                self.land(record.message);
            }
            Event::Lost { .. } => {
                self.lost += 1;
                self.land(record.message);
            }
            _ => {}
        }
    }

    fn launch(&mut self, message: u32, now: u64) {
        if self.recent.is_empty() {
            self.first = message;
        }
        let Some(at) = message.checked_sub(self.first).map(|at| at as usize) else {
            self.old.insert(message, now);
            return;
        };
        if at >= 2 * RECENT {
            self.old.insert(message, now);
            return;
        }
        while self.recent.len() <= at {
            self.recent.push_back(LANDED); // Most often one: they are numbered as they are sent.
        }
        self.recent[at] = now;
        while self.recent.len() > RECENT {
            self.retire_front();
        }
    }

    fn retire_front(&mut self) {
        if let Some(sent) = self.recent.pop_front().filter(|sent| *sent != LANDED) {
            self.old.insert(self.first, sent);
        }
        self.first += 1;
    }

    fn land(&mut self, message: u32) {
        let at = message.checked_sub(self.first).map(|at| at as usize);
        match at.and_then(|at| self.recent.get_mut(at)) {
            Some(sent) => *sent = LANDED,
            None => drop(self.old.remove(&message)),
        }
        while self.recent.front() == Some(&LANDED) {
            self.retire_front();
        }
    }

    fn finish(self, quiet: u64, settled: bool) -> Vec<SelfCheck> {
        let under_way: Vec<u64> = self
            .recent
            .into_iter()
            .filter(|sent| *sent != LANDED)
            .chain(self.old.into_values())
            .collect();
        let mut checks = vec![SelfCheck::equal(
            "messages sent and copied = delivered + lost + in flight".to_owned(),
            i128::from(self.sent + self.copies),
            i128::from(self.delivered + self.lost) + under_way.len() as i128,
        )];
        if settled {
            let forgotten = under_way.iter().filter(|sent| **sent < quiet).count();
            checks.push(SelfCheck::equal(
                "messages of the load that are in flight at rest".to_owned(),
                forgotten as i128,
                0,
            ));
        }
        checks
    }
}

#[cfg(test)]
mod tests;
