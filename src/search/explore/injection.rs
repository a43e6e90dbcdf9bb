//! The faults that are injected at the semantic points of a run.

use toml::de::DeValue;

use crate::faults::fault::Faults;
use crate::faults::plan::{PlannedFault, Start};
use crate::kernel::{NodeId, Span, Time};
use crate::model::point::When;
use crate::search::points::Passed;

/// A fault that is injected at a point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Injection {
    /// The process crashes and restarts after the outage; unforced log records survive.
    Crash,
    /// The process crashes and restarts after the outage; unforced log records are lost.
    CrashAndLose,
    /// The message never arrives.
    Lose,
    /// The message arrives twice.
    Duplicate,
    /// The message arrives after its sender has given up.
    Delay,
    /// No message passes between the two ends of the message, or of the session in which a database
    /// works, until everything is healed.
    Partition,
}

impl Injection {
    /// All faults, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Crash,
        Self::CrashAndLose,
        Self::Lose,
        Self::Duplicate,
        Self::Delay,
        Self::Partition,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::CrashAndLose => "crash, unforced lost",
            Self::Lose => "lose",
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Partition => "partition",
        }
    }

    /// Returns whether a node crashes.
    pub const fn is_crash(self) -> bool {
        matches!(self, Self::Crash | Self::CrashAndLose)
    }

    /// Returns whether it affects one message and is over as soon as it has begun.
    pub const fn is_about_a_message(self) -> bool {
        matches!(self, Self::Lose | Self::Duplicate | Self::Delay)
    }

    /// Returns whether it can be injected at a point. Clients do not crash; the fate of a message
    /// is decided before it leaves; and a partition needs two ends.
    pub fn applies(self, passed: &Passed) -> bool {
        let point = &passed.point;
        let leaves = point.hook.is_message() && point.when == When::Before;
        match self {
            Self::Crash | Self::CrashAndLose => point.node != NodeId::WORLD,
            Self::Lose | Self::Duplicate => leaves,
            Self::Delay => leaves && point.deadline > Span::ZERO,
            Self::Partition => passed.far().is_some_and(|(far, _)| far != point.node),
        }
    }

    /// The planned fault. A node stays down for `outage`, a partition lasts until `heals`.
    pub fn planned(self, passed: &Passed, outage: Span, heals: Time) -> PlannedFault {
        let trigger = &passed.trigger;
        let text =
            |name: Option<&str>| toml::Value::String(name.unwrap_or_default().into()).to_string();
        let who = text(trigger.who.as_deref());
        let to = text(passed.far().map(|(_, name)| name));
        let deadline = passed.point.deadline;
        let (kind, settings) = match self {
            Self::Crash => ("crash", format!("target = {who}, unforced = \"kept\"")),
            Self::CrashAndLose => ("crash", format!("target = {who}")),
            Self::Lose => ("lose-message", String::new()),
            Self::Duplicate => ("duplicate-message", String::new()),
            Self::Delay => ("delay-message", format!("by = \"{deadline}\"")),
            Self::Partition => ("partition", format!("from = [{who}], to = [{to}]")),
        };
        let faults = Faults::builtin();
        let entry = faults.find(kind).expect("a kind that driftlab brings");
        let settings = format!("{{ {settings} }}");
        let tree = DeValue::parse(&settings).expect("settings as they are written above");
        PlannedFault {
            start: Start::On(trigger.clone()),
            length: match self {
                Self::Crash | Self::CrashAndLose => Some(outage),
                Self::Partition => Some(heals.since(passed.at)),
                Self::Lose | Self::Duplicate | Self::Delay => None,
            },
            fault: entry.decode(tree).expect("settings that the kind has"),
        }
    }
}
