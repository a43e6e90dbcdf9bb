//! # Local transaction
//!
//! Where one database holds every table of an operation, the operation is one local transaction:
//! all steps or none, at the cost of a single forced write. It is what every other pattern has to
//! be measured against, and what is given up when services get databases of their own.
//!
//! **Acknowledged**: `done` after the commit, `no` after the rollback.
//!
//! **Promises**: atomic, isolated, durable; `done` means everything is done.
//!
//! **Does not promise**: to work across databases. A scenario whose operation touches two of them
//! is refused with that reason. Nor to know a request again that it has refused and then forgotten
//! in a crash: where a rule looks at what others have done, a copy of it that the network held back
//! may succeed.
//!
//! **Beside other patterns**: where one service carries out all steps of an operation in one
//! database, the operation is a local transaction whatever the pattern of the variant is, unless it
//! says `single-store = "through-driver"`.
//!
//! **Fails as**: lock waits and deadlocks between services that share the database; everything
//! stops when that one database does.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use super::promise::{self, Guarantees};
use super::step::{self, Failure};
use crate::model::contract::{Promises, Waits, WaitsFor, faults};
use crate::model::database::{Direction, StepRef};
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{Answer, OpId};
use crate::model::replica::quorum;
use crate::model::system::{StepId, System};
use crate::model::world::World;
use crate::reason;

/// A single transaction in the one database that holds every table.
pub struct LocalTransaction;

/// A local transaction has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Pattern for LocalTransaction {
    const NAME: &'static str = "local-transaction";
    const SUMMARY: &'static str = "one database, one transaction, all or nothing";
    const MANUAL: &'static str = include_str!("local_transaction.rs");
    type Settings = Settings;

    fn check(_: &Settings, system: &System) -> Vec<Reason> {
        let mut problems = Vec::new();
        for operation in &system.operations {
            let mut homes: Vec<_> =
                operation.steps.iter().map(|step| system.table(step.table).database).collect();
            homes.sort_unstable();
            homes.dedup();
            if homes.len() > 1 {
                let count = homes.len();
                problems.push(reason!(
                    "`{}` touches {count} databases; a local transaction reaches only one",
                    operation.name.shown
                ));
            }
        }
        problems
    }

    fn promises(_: &Settings, system: &System) -> Promises {
        let within = promise::recovery(system) + promise::tries(&system.longest_retry());
        let mut budget = promise::usual();
        if promise::depends_on_others(system) {
            budget = budget.without(&[faults::COPIES]);
        }
        let guarantees = Guarantees::everything().and(promise::of_quorums(system)).names();
        Promises { guarantees, budget, within: Some(within) }
    }

    fn waits(_: &Settings) -> Waits {
        Waits { steps: WaitsFor::InOnePlace, drivers: Vec::new(), publishes: false }
    }

    fn new(_: &Settings, _: &Rc<World>) -> Self {
        Self
    }

    fn at_entry(&self, _: &World, _: OpId) -> u32 {
        u32::MAX
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        step::decide(&here, "transaction", Answer::Done, async |here: ProcessCtx| {
            transact(&here, op).await
        })
        .await
    }
}

/// All steps of the operation in one transaction, whichever service owns their tables.
async fn transact(here: &ProcessCtx, op: OpId) -> Result<(), Failure> {
    let kind = here.env().operation(op).kind;
    let first = StepId(0);
    let looked = step::lookups(here, op).await;
    if !matches!(looked, Ok(()) | Err(Failure::Refused)) {
        return looked;
    }
    let spec = &here.system().operation(kind).steps[0];
    let ctx = here.ctx().at_step(first, here.ctx().attempt);
    // Services that share a database may access each other's tables: that is the point of sharing
    // it, and its coupling.
    let mut txn = here.database(spec.table).begin(ctx, here.node(), spec.by, true).await?;
    if !txn.once(step::key(op, first, Direction::Forward)).await? {
        // An earlier attempt went through, and only its answer was lost.
        for at in 0..here.system().operation(kind).steps.len() as u8 {
            quorum::confirm(here, StepId(at)).await?;
        }
        return Ok(());
    }
    if looked.is_err() {
        txn.rollback().await;
        return looked;
    }
    for at in 0..here.system().operation(kind).steps.len() as u8 {
        let step = StepId(at);
        txn.apply(StepRef::forward(op, step)).await?;
    }
    Ok(txn.commit().await?)
}

#[cfg(test)]
mod tests;
