//! # Crash and restart
//!
//! The nodes of the target stop at once. They lose all volatile state: processes, queues, memory,
//! locks, and log records that were not forced. Durable state survives. When the fault ends they
//! restart as a new incarnation and recover from their logs before they serve: a service that is
//! down `for = "30s"` and recovers in five is back after 35 s, and results say so.
//!
//! While only the *process* is down, its machine refuses requests: the caller knows at once that
//! the work did not run. With `machine = true` there is no answer, and callers are in doubt until
//! their deadline. So are databases: the operating system of a dead process closes its sessions,
//! which they notice one network trip later, while a dead machine leaves its open transactions and
//! their row locks behind until a limit of the database ends them (`explain databases`), be it long
//! after the machine is back. And so are the clients of a database: while its machine is dead they
//! wait, each with its worker. The process is the default: most outages are due to software and
//! operation, not to hardware (Gray 1985, "Why do computers stop and what can be done about it?").
//!
//! When only the process is down, its operating system may still have what was written but not
//! forced: with `unforced = "kept"` it survives, since recovery forces what it reads. So an
//! operation that was never answered may turn out to be committed.
//!
//! With `rolling` the nodes go down one after the other, so far apart and each for the length of
//! the fault: a rolling restart. A deployment is one whose length is that of a restart.
//!
//! In the budget of a pattern, nodes that go down together are one outage, because they interrupt
//! each operation once. A rolling crash is one outage for each node.

use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{SPANS, below, check_positive, draw};
use super::reach::Reach;
use super::target::{Site, machines, on_machines};
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::model::world::World;
use crate::reason;

/// Crash and restart of the nodes of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Crash {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// True if the whole machine is down, so that callers get no answer instead of a refusal.
    #[serde(default)]
    machine: bool,
    /// Time between the crashes of the nodes, one after the other, instead of all at once.
    #[serde(default)]
    rolling: Option<Span>,
    /// The fate of log records that were written but not forced.
    #[serde(default)]
    unforced: Unforced,
}

/// The fate of log records that were written but not forced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unforced {
    /// Unforced records are lost.
    #[default]
    Lost,
    /// Unforced records survive, because the operating system continues and writes them.
    Kept,
}

impl FaultSettings for Crash {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        let machine = self.machine.then(|| "machine".to_owned());
        let rolling = self.rolling.map(|apart| format!("rolling {apart}"));
        let kept = (self.unforced == Unforced::Kept).then(|| "unforced kept".to_owned());
        machine.into_iter().chain(rolling).chain(kept).collect()
    }

    fn check(&self) -> Vec<Reason> {
        let rolling = self.rolling.iter().flat_map(|span| check_positive("rolling", *span));
        let mut wrong: Vec<Reason> = rolling.collect();
        if self.machine && self.unforced == Unforced::Kept {
            wrong.push(reason!(
                "with `{}` nothing is left that could keep what was unforced",
                "machine = true"
            ));
        }
        wrong
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = targets.machines(rng)?;
        let machine = rng.random_bool(0.5);
        let unforced = match rng.random_bool(0.5) && !machine {
            true => Unforced::Kept,
            false => Unforced::Lost,
        };
        let many = target.starts_with("zone:") && rng.random_bool(0.5);
        let rolling = many.then(|| draw(&SPANS, rng));
        Some(Self { target, machine, rolling, unforced })
    }

    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Vec::new();
        if self.rolling.is_some() {
            simpler.push(Self { rolling: None, ..self.clone() });
        }
        if self.machine {
            simpler.push(Self { machine: false, ..self.clone() });
        }
        if self.unforced == Unforced::Kept {
            simpler.push(Self { unforced: Unforced::Lost, ..self.clone() });
        }
        let spans = self.rolling.into_iter().flat_map(|span| below(&SPANS, span));
        simpler.extend(spans.map(|span| Self { rolling: Some(span), ..self.clone() }));
        simpler
    }
}

impl Fault for Crash {
    const NAME: &'static str = "crash";
    const SUMMARY: &'static str = "nodes stop, lose what is volatile, restart and recover";
    const MANUAL: &'static str = include_str!("crash.rs");
    type Settings = Self;

    fn stages(settings: &Self, world: &World) -> Vec<(Span, Self)> {
        let Some(apart) = settings.rolling else { return vec![(Span::ZERO, settings.clone())] };
        let nodes = machines(world, &settings.target);
        let one = |(number, node)| {
            let target = world.node_name(node).to_owned();
            (apart.saturating_mul(number), Self { target, rolling: None, ..settings.clone() })
        };
        (0..).zip(nodes).map(one).collect()
    }

    fn outages(settings: &Self, site: &Site<'_>) -> u32 {
        if settings.rolling.is_some() { site.count(&settings.target) } else { 1 }
    }

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let crash = |world: &Rc<World>, node| match settings.unforced {
            Unforced::Lost => world.crash(node, settings.machine),
            Unforced::Kept => world.crash_processes(node),
        };
        on_machines(world, &settings.target, crash, |world, node| world.restart(node))
    }
}
