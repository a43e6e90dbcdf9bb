//! A space-time diagram as data: participants, messages, events and faults.
//!
//! Everything has its true instant. Events of the same instant keep the order of the history, so
//! that a cause never comes after its effect.

use crate::kernel::Time;

/// The space-time diagram of some operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpaceTime {
    /// The origin of times: the arrival of the first operation.
    pub origin: Time,
    /// The time of the end of the run.
    pub until: Time,
    /// True if the system was quiescent then.
    pub settled: bool,
    /// The participants: clients first, then in the order of appearance, databases beside the
    /// service that called them first.
    pub lanes: Vec<Lane>,
    /// The names of the operations in every run.
    pub operations: Vec<String>,
    /// The messages, in the order in which they were sent.
    pub messages: Vec<Message>,
    /// The events on nodes, in order.
    pub marks: Vec<Mark>,
    /// Nodes that were down, in order.
    pub outages: Vec<Outage>,
    /// Faults that struck, in order.
    pub strikes: Vec<Strike>,
    /// The counts of the events that are not shown.
    pub left_out: LeftOut,
}

/// A participating node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// The kind of node.
    pub sort: Sort,
}

/// The kinds of nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sort {
    /// All clients together.
    Clients,
    /// An instance of a service.
    Service,
    /// A database.
    Database,
    /// A coordinator, orchestrator, job, relay or broker.
    Driver,
}

/// An instant, with the position in the history within it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tick {
    /// The time.
    pub time: Time,
    /// The order among events of that time.
    pub turn: u32,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The sender, as a position in [`SpaceTime::lanes`].
    pub from: usize,
    /// The receiver, as a position in [`SpaceTime::lanes`].
    pub to: usize,
    /// The name of the message.
    pub text: String,
    /// True if it answers another one.
    pub reply: bool,
    /// True if the network made it, as a second copy.
    pub copy: bool,
    /// The operation, as a position in [`SpaceTime::operations`].
    pub op: Option<usize>,
    /// The time at which it was sent.
    pub sent: Tick,
    /// The outcome of the message.
    pub end: End,
    /// The fault that affected it, by its position in the plan.
    pub fault: Option<usize>,
}

/// The outcome of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The message arrived.
    Arrived(Tick),
    /// The message was lost, by this time at the latest.
    Lost(Tick),
    /// The run ended before it arrived.
    Travelling,
}

/// An event on a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The node, as a position in [`SpaceTime::lanes`].
    pub lane: usize,
    /// The beginning, for an event that takes time: a forced write.
    pub since: Option<Tick>,
    /// The time of the event.
    pub at: Tick,
    /// The text of the event.
    pub text: String,
    /// The meaning of the event for the operation.
    pub tone: Tone,
    /// The operation, as a position in [`SpaceTime::operations`].
    pub op: Option<usize>,
}

/// The meaning of an event for the operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// The operation continues.
    Plain,
    /// An effect is durable or final.
    Good,
    /// Something is lost or refused.
    Bad,
}

/// A node that was down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The node, as a position in [`SpaceTime::lanes`].
    pub lane: usize,
    /// The time of the crash.
    pub from: Tick,
    /// The time of the restart, if there was one.
    pub to: Option<Tick>,
}

/// An active fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// Its position in the plan.
    pub fault: usize,
    /// The name of its kind.
    pub kind: String,
    /// The time at which it began.
    pub from: Tick,
    /// The time at which it ended, if it did.
    pub to: Option<Tick>,
    /// The part of the diagram that it affected.
    pub place: Place,
}

/// The target of a fault, as positions in [`SpaceTime::lanes`] or [`SpaceTime::messages`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// These nodes.
    Nodes(Vec<usize>),
    /// The links between these sides or groups.
    Links(Vec<Vec<usize>>),
    /// This message, if it is shown.
    Message(Option<usize>),
}

/// The counts of what a diagram leaves out to stay readable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Statements inside transactions and their answers, and transactions' uneventful ends.
    pub statements: usize,
    /// Reads that only measure.
    pub reads: usize,
    /// Further messages: retries of the same thing.
    pub repeats: usize,
}

impl Message {
    /// Returns whether it never arrived.
    pub const fn is_lost(&self) -> bool {
        matches!(self.end, End::Lost(_))
    }
}

#[cfg(test)]
impl SpaceTime {
    /// Everything that has an instant, in order.
    pub fn ticks(&self) -> Vec<Tick> {
        let messages = self.messages.iter().flat_map(|message| {
            let end = match message.end {
                End::Arrived(tick) | End::Lost(tick) => Some(tick),
                End::Travelling => None,
            };
            [Some(message.sent), end].into_iter().flatten()
        });
        let marks =
            self.marks.iter().flat_map(|mark| [mark.since, Some(mark.at)].into_iter().flatten());
        let outages = self.outages.iter().flat_map(|it| [Some(it.from), it.to]).flatten();
        let strikes = self.strikes.iter().flat_map(|it| [Some(it.from), it.to]).flatten();
        let mut ticks: Vec<Tick> = messages.chain(marks).chain(outages).chain(strikes).collect();
        ticks.sort_unstable();
        ticks.dedup();
        ticks
    }
}
