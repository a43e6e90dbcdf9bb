//! A space-time diagram as data: who took part, which messages passed between them,
//! what happened where, and what went wrong.
//!
//! Everything has its true instant. What happens at the same instant keeps the order of the
//! history, so a cause is never drawn behind its effect.

use crate::kernel::Time;

/// The course of some operations, ready to be drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpaceTime {
    /// The origin of times: the arrival of the first operation.
    pub origin: Time,
    /// When the run ended.
    pub until: Time,
    /// True if the system was at rest then.
    pub settled: bool,
    /// The participants: clients first, then in the order of appearance, databases beside the
    /// service that talked to them first.
    pub lanes: Vec<Lane>,
    /// The operations, as every run knows them.
    pub operations: Vec<String>,
    /// The messages, in the order in which they were sent.
    pub messages: Vec<Message>,
    /// The events on nodes, in order.
    pub marks: Vec<Mark>,
    /// Nodes that were down, in order.
    pub outages: Vec<Outage>,
    /// Faults that struck, in order.
    pub strikes: Vec<Strike>,
    /// The events that are not shown.
    pub left_out: LeftOut,
}

/// A node that took part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// The kind of machine.
    pub sort: Sort,
}

/// Kinds of machine.
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

/// An instant, and the place within it: the position in the history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tick {
    /// When.
    pub time: Time,
    /// In which order, among what happens at that time.
    pub turn: u32,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The sender, as a position in [`SpaceTime::lanes`].
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// The name of the message.
    pub text: String,
    /// True if it answers another one.
    pub reply: bool,
    /// True if the network made it, as a second copy.
    pub copy: bool,
    /// On whose behalf, as a position in [`SpaceTime::operations`].
    pub op: Option<usize>,
    /// When it left.
    pub sent: Tick,
    /// The end of the message.
    pub end: End,
    /// The fault that struck it, by its position in the plan.
    pub fault: Option<usize>,
}

/// The end of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The message arrived.
    Arrived(Tick),
    /// The message was lost, at the latest then.
    Lost(Tick),
    /// The run was over before it arrived.
    Travelling,
}

/// Something that happened on a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Where, as a position in [`SpaceTime::lanes`].
    pub lane: usize,
    /// When it began, if it took time: a forced write.
    pub since: Option<Tick>,
    /// When it happened.
    pub at: Tick,
    /// The event in words.
    pub text: String,
    /// The meaning of the event for the operation.
    pub tone: Tone,
    /// On whose behalf, as a position in [`SpaceTime::operations`].
    pub op: Option<usize>,
}

/// The meaning of an event for the operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// The operation goes on.
    Plain,
    /// Something is there for good.
    Good,
    /// Something is lost or refused.
    Bad,
}

/// A node that was down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    /// Which, as a position in [`SpaceTime::lanes`].
    pub lane: usize,
    /// When it crashed.
    pub from: Tick,
    /// When it was back, if it was.
    pub to: Option<Tick>,
}

/// A fault that struck.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// Its position in the plan.
    pub fault: usize,
    /// The name of its kind.
    pub kind: String,
    /// When it began.
    pub from: Tick,
    /// When it ended, if it did.
    pub to: Option<Tick>,
    /// The part of the diagram that it struck.
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
