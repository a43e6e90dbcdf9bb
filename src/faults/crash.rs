//! # Crash and restart
//!
//! The nodes of the target stop at once. Everything volatile on them is gone: processes, queues,
//! memory, locks, what a log had not forced. What is durable stays. When the fault ends they
//! restart as a new incarnation and recover from their logs before they serve.
//!
//! While only the *process* is down, its machine refuses what arrives: the caller knows at once
//! that the work did not run. With `machine = true` nobody answers, and callers are left in doubt
//! until their deadline. When only the process is down, its operating system may still have what
//! was written but not forced: with `unforced = "kept"` it survives, since recovery forces what it
//! reads. So an answer that was never given may turn out to have been a yes.
//!
//! With `rolling` the nodes go down one after the other, so far apart and each for the length of
//! the fault: a rolling restart. A deployment is one whose length is that of a restart.
//!
//! In the budget of a pattern, nodes that go down together are one outage: whatever is under way is
//! interrupted once. A rolling crash is as many as there are nodes.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SPANS, below, check_positive, draw};
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::{Span, Words};
use crate::model::world::World;

/// Crash and restart of the nodes of one target.
pub struct Crash;

/// Settings of a crash.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// True if the whole machine is down, so that callers hear nothing instead of a refusal.
    #[serde(default)]
    machine: bool,
    /// One node after the other, so far apart, instead of all at once.
    #[serde(default)]
    rolling: Option<Span>,
    /// What becomes of what was written to logs but not forced.
    #[serde(default)]
    unforced: Unforced,
}

/// What becomes of what was written to logs but not forced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unforced {
    /// It is gone.
    #[default]
    Lost,
    /// The operating system had it and goes on: it is there after the restart.
    Kept,
}

impl Fault for Crash {
    const NAME: &'static str = "crash";
    const SUMMARY: &'static str = "nodes stop, lose what is volatile, restart and recover";
    const MANUAL: &'static str = include_str!("crash.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        let mut wrong = check_machine(&settings.target);
        wrong.extend(settings.rolling.iter().flat_map(|span| check_positive("rolling", *span)));
        if settings.machine && settings.unforced == Unforced::Kept {
            let message = "with `machine = true` nothing is left that could keep what was unforced";
            wrong.push(message.to_owned());
        }
        wrong
    }

    fn stages(settings: &Settings, world: &World) -> Vec<(Span, Settings)> {
        let Some(apart) = settings.rolling else { return vec![(Span::ZERO, settings.clone())] };
        let nodes = machines(world, &settings.target);
        let one = |(number, node)| {
            let target = world.node_name(node).to_owned();
            (apart.saturating_mul(number), Settings { target, rolling: None, ..settings.clone() })
        };
        (0..).zip(nodes).map(one).collect()
    }

    fn outages(settings: &Settings, nodes: &dyn Fn(&str) -> u32) -> u32 {
        if settings.rolling.is_some() { nodes(&settings.target) } else { 1 }
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let nodes = machines(world, &settings.target);
        for node in &nodes {
            match settings.unforced {
                Unforced::Lost => world.crash(*node, settings.machine),
                Unforced::Kept => world.crash_processes(*node),
            }
        }
        let world = Rc::clone(world);
        Box::new(move || nodes.into_iter().for_each(|node| world.restart(node)))
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = targets.machines(words)?;
        let machine = words.chance(0.5);
        let unforced = match words.chance(0.5) && !machine {
            true => Unforced::Kept,
            false => Unforced::Lost,
        };
        let many = target.starts_with("zone:") && words.chance(0.5);
        let rolling = many.then(|| draw(&SPANS, words));
        Some(Settings { target, machine, rolling, unforced })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let mut simpler = Vec::new();
        if settings.rolling.is_some() {
            simpler.push(Settings { rolling: None, ..settings.clone() });
        }
        if settings.machine {
            simpler.push(Settings { machine: false, ..settings.clone() });
        }
        if settings.unforced == Unforced::Kept {
            simpler.push(Settings { unforced: Unforced::Lost, ..settings.clone() });
        }
        let spans = settings.rolling.into_iter().flat_map(|span| below(&SPANS, span));
        simpler.extend(spans.map(|span| Settings { rolling: Some(span), ..settings.clone() }));
        simpler
    }
}
