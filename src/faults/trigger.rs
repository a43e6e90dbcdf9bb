//! Triggers: a fault that waits for a semantic point instead of a time.

use std::cell::Cell;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::target::nodes;
use crate::kernel::NodeId;
use crate::model::point::{Hook, Point, When};
use crate::model::reason::Reason;
use crate::model::record::OpId;
use crate::model::workload::op_stream;
use crate::model::world::World;
use crate::reason;

/// The point at which a fault is triggered: the node, the effect, the operation and step, the
/// number of its occurrence, and the side of the effect. A key that is left out matches anything.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trigger {
    /// The node at which it happens: a service, a database, a driver node or a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The effect, optionally with the name of the message or log record: `force prepare`, `send
    /// commit`, `publish`.
    pub what: What,
    /// The other end, for an effect about a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The operation, as `LOAD#NUMBER`, which `driftlab list points` shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<OpName>,
    /// The step of the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The number of the occurrence at which all this matches, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub nth: u32,
    /// The side of the effect: before or after.
    #[serde(default)]
    pub when: When,
}

impl Trigger {
    /// The first occurrence of this effect at any node, after the effect.
    pub const fn on(what: What) -> Self {
        let (who, to, of, step, nth) = (None, None, None, None, first());
        Self { who, what, to, of, step, nth, when: When::After }
    }
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(nth: &u32) -> bool {
    *nth == 1
}

/// The effect at a point: a hook, optionally with the name of its message or log record.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct What {
    /// The hook.
    pub hook: Hook,
    /// The name of the message, log record or decision; any, if it is left out.
    pub label: Option<String>,
}

impl TryFrom<String> for What {
    type Error = Reason;

    fn try_from(text: String) -> Result<Self, Reason> {
        let (hook, label) = text.split_once(' ').unwrap_or((&text, ""));
        let Some(known) = Hook::ALL.iter().find(|known| known.name() == hook) else {
            let names: Vec<&str> = Hook::ALL.iter().map(|hook| hook.name()).collect();
            let names = names.join(", ");
            return Err(reason!("`{}` is not done anywhere: choose {names}", hook));
        };
        let label = label.trim();
        Ok(Self { hook: *known, label: (!label.is_empty()).then(|| label.to_owned()) })
    }
}

impl From<What> for String {
    fn from(what: What) -> Self {
        what.to_string()
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hook.name())?;
        self.label.iter().try_for_each(|label| write!(f, " {label}"))
    }
}

/// The name of an operation: its load and its number there, from 0, as in every run.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct OpName {
    /// The load, by its stream name.
    pub load: String,
    /// The number within the load.
    pub number: u64,
}

impl OpName {
    /// The name of an operation in a world.
    pub fn of(world: &World, op: OpId) -> Option<Self> {
        if op == OpId::NONE {
            return None;
        }
        let info = world.env().operation(op);
        let loads = &world.env().system().loads;
        let load =
            loads.iter().find(|load| op_stream(load.name.stream, info.ordinal) == info.stream)?;
        Some(Self { load: load.name.stream_name.to_string(), number: info.ordinal })
    }

    /// The random stream of the operation, if there is such a load.
    fn stream(&self, world: &World) -> Option<u64> {
        let loads = &world.env().system().loads;
        let load = loads.iter().find(|load| load.name.is_called(&self.load))?;
        Some(op_stream(load.name.stream, self.number))
    }
}

impl TryFrom<String> for OpName {
    type Error = Reason;

    fn try_from(text: String) -> Result<Self, Reason> {
        let wrong = || reason!("`{}` names no operation: write LOAD#NUMBER, as in tickets#3", text);
        let (load, number) = text.rsplit_once('#').ok_or_else(wrong)?;
        Ok(Self { load: load.to_owned(), number: number.parse().map_err(|_| wrong())? })
    }
}

impl From<OpName> for String {
    fn from(name: OpName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for OpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.load, self.number)
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, what, to, of, step, nth, when } = self;
        write!(f, "{when} {}: {what}", who.as_deref().unwrap_or("any node"))?;
        to.iter().try_for_each(|to| write!(f, " to {to}"))?;
        of.iter().try_for_each(|of| write!(f, " for {of}"))?;
        step.iter().try_for_each(|step| write!(f, ", step {step}"))?;
        if *nth > 1 { write!(f, ", time {nth}") } else { Ok(()) }
    }
}

impl Trigger {
    /// The text after `on =` in a scenario file, on one line.
    pub fn toml(&self) -> String {
        let Self { who, what, to, of, step, nth, when } = self;
        let text = |key: &str, value: String| format!("{key} = {}", toml::Value::String(value));
        let mut keys = Vec::new();
        keys.extend(who.iter().map(|who| text("who", who.clone())));
        keys.push(text("what", what.to_string()));
        keys.extend(to.iter().map(|to| text("to", to.clone())));
        keys.extend(of.iter().map(|of| text("of", of.to_string())));
        keys.extend(step.iter().map(|step| text("step", step.clone())));
        if !is_first(nth) {
            keys.push(format!("nth = {nth}"));
        }
        if *when == When::Before {
            keys.push(text("when", when.to_string()));
        }
        format!("{{ {} }}", keys.join(", "))
    }
}

/// A trigger in the world of one run, with its names resolved.
pub(super) struct TriggerMatcher {
    trigger: Trigger,
    who: Option<Vec<NodeId>>,
    to: Option<Vec<NodeId>>,
    /// The operation's stream name in draws; an unknown load never matches.
    of: Option<Option<u64>>,
    seen: Cell<u32>,
}

impl TriggerMatcher {
    /// A trigger that has not fired yet. With `early` it fires before the effect, because the fate
    /// of a message is decided before it leaves.
    pub fn new(world: &World, trigger: &Trigger, early: bool) -> Self {
        let resolve = |name: &String| nodes(world, name);
        let when = if early { When::Before } else { trigger.when };
        Self {
            who: trigger.who.as_ref().map(resolve),
            to: trigger.to.as_ref().map(resolve),
            of: trigger.of.as_ref().map(|of| of.stream(world)),
            trigger: Trigger { when, ..trigger.clone() },
            seen: Cell::new(0),
        }
    }

    /// Returns whether this is the point, and counts the occurrence.
    pub fn hits(&self, world: &World, point: &Point) -> bool {
        if !self.fits(world, point) {
            return false;
        }
        self.seen.set(self.seen.get() + 1);
        self.seen.get() == self.trigger.nth
    }

    fn fits(&self, world: &World, point: &Point) -> bool {
        let Trigger { what, when, step, .. } = &self.trigger;
        let env = world.env();
        let named = |label: &String| env.label_text(point.label) == Some(label.as_str());
        let among = |nodes: &Option<Vec<NodeId>>, node| {
            nodes.as_ref().is_none_or(|nodes| nodes.contains(&node))
        };
        what.hook == point.hook
            && *when == point.when
            && among(&self.who, point.node)
            && what.label.as_ref().is_none_or(named)
            && among(&self.to, point.peer)
            && self
                .of
                .is_none_or(|of| point.op != OpId::NONE && of == Some(env.op_stream(point.op)))
            && step.as_ref().is_none_or(|step| is_step(world, point, step))
    }
}

fn is_step(world: &World, point: &Point, name: &str) -> bool {
    if point.op == OpId::NONE {
        return false;
    }
    let env = world.env();
    let steps = &env.system().operation(env.operation(point.op).kind).steps;
    steps.get(point.step.index()).is_some_and(|step| step.name.is_called(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_and_of_are_read_as_they_are_written() {
        for text in ["force prepare", "publish", "send two words"] {
            let what = What::try_from(text.to_owned()).expect("known acts");
            assert_eq!(String::from(what), text);
        }
        let unknown = What::try_from("sned commit".to_owned()).expect_err("an unknown act");
        assert!(unknown.words.starts_with("`sned` is not done anywhere: choose send, receive"));
        let name = OpName::try_from("a#b#12".to_owned()).expect("a load may contain #");
        assert_eq!((name.load.as_str(), name.number), ("a#b", 12));
        assert!(OpName::try_from("tickets".to_owned()).is_err());
    }

    #[test]
    fn a_trigger_reads_as_a_sentence() {
        let trigger = Trigger {
            who: Some("stock-db".into()),
            what: What::try_from("force prepare".to_owned()).expect("a known act"),
            to: None,
            of: Some(OpName { load: "tickets".into(), number: 3 }),
            step: Some("take".into()),
            nth: 2,
            when: When::After,
        };
        let said = "after stock-db: force prepare for tickets#3, step take, time 2";
        assert_eq!(trigger.to_string(), said);
    }
}
