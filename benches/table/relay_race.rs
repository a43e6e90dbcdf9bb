//! A pattern that only sends messages: what the network and the services cost by themselves.

use std::rc::Rc;

use driftlab::model::call::{Message, Reply};
use driftlab::model::process::ProcessCtx;
use driftlab::model::record::{Answer, OpId};
use driftlab::model::world::World;
use driftlab::patterns::pattern::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The service of the first step calls those of the others, one after the other, many times.
pub struct RelayRace;

/// How long the race is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Laps {
    laps: u64,
}

impl Default for Laps {
    fn default() -> Self {
        Self { laps: 10 }
    }
}

impl Pattern for RelayRace {
    const NAME: &'static str = "relay-race";
    const SUMMARY: &'static str = "messages and nothing else";
    const MANUAL: &'static str = include_str!("relay_race.rs");
    type Settings = Laps;

    fn new(_: &Laps, _: &Rc<World>) -> Self {
        Self
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        let kind = here.env().operation(op).kind;
        let message = Message::control("baton", here.system().retry.step_deadline);
        for _ in 0..Laps::default().laps {
            for step in &here.system().operation(kind).steps[1..] {
                let to = here.world().instance(step.by, op);
                if here.call(to, message, |_| async {}).await != Reply::Answered(()) {
                    return Answer::Unknown;
                }
            }
        }
        Answer::Done
    }
}
