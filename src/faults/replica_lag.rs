//! # Replica lag
//!
//! The copies of a table that services keep (see `driftlab explain replicate`) are updated late:
//! their feed stands still, because of a lock, a full disk or a lost subscription, or it is slow.
//! The table itself, and requests to its owner, are not affected.
//!
//! **Without `by`** the copies are not updated at all while the fault lasts: rows that their feed
//! has read wait, and the copies grow older with every second.
//!
//! **With `by`** every update reaches its copy so much later. A feed makes one update at a time, in
//! the order of the commits, and rows that are committed meanwhile wait for the next: a copy that
//! is fed by events is between `by` and twice `by` behind. A fault that is shorter ends the wait.
//!
//! When the fault is over, the updates that were held back are written at once, and the feed
//! continues from there: one of events immediately, a periodic one at its next time. Then the
//! copies have caught up.
//!
//! A variant that keeps no copy of the table is not affected; a table that no variant copies is an
//! error.
//!
//! **Measures**: of a reader, the share of stale answers (`m5`, `reads.NAME.stale`) and their age
//! (`m5.age`). A step that looks up a row in a copy decides by an old state.

use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal, Part};
use super::grid::{SPANS, below, check_positive, draw};
use super::reach::Reach;
use super::target::TABLE;
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Copies of a table that are updated late.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ReplicaLag {
    /// The table whose copies lag.
    table: String,
    /// The service whose copy lags; by default every one.
    reader: Option<String>,
    /// Additional delay of each update; by default no update arrives until the fault ends.
    by: Option<Span>,
}

impl FaultSettings for ReplicaLag {
    fn reach(&self) -> Reach {
        let table = format!("{TABLE}{}", self.table);
        Reach::Nodes(std::iter::once(table).chain(self.reader.clone()).collect())
    }

    fn parts(&self) -> Vec<Part> {
        vec![Part::Copy { table: self.table.clone(), reader: self.reader.clone() }]
    }

    fn details(&self) -> Vec<String> {
        self.by.map(|by| format!("by {by}")).into_iter().collect()
    }

    fn check(&self) -> Vec<Reason> {
        self.by.map_or_else(Vec::new, |by| check_positive("by", by))
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let table = Targets::pick(targets.copies.iter().map(|(table, _)| table), rng)?;
        let of_table = targets.copies.iter().filter(|(known, _)| *known == table);
        let reader = Targets::pick(of_table.map(|(_, reader)| reader), rng);
        let by = rng.random_bool(0.5).then(|| draw(&SPANS, rng));
        Some(Self { table, reader, by })
    }

    fn simpler(&self) -> Vec<Self> {
        let less = below(&SPANS, self.by.unwrap_or(Span::MAX)).into_iter();
        less.map(|by| Self { by: Some(by), ..self.clone() }).collect()
    }
}

impl Fault for ReplicaLag {
    const NAME: &'static str = "replica-lag";
    const SUMMARY: &'static str = "copies of a table are refreshed late, or not at all";
    const MANUAL: &'static str = include_str!("replica_lag.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let replicas = world.env().system().replicas.iter().enumerate();
        let struck = replicas.filter(|(_, replica)| {
            replica.is_of(world.env().system(), &settings.table, settings.reader.as_deref())
        });
        let lags: Vec<_> = struck.map(|(at, _)| world.env().lag(at, settings.by)).collect();
        let world = Rc::clone(world);
        Box::new(move || lags.into_iter().for_each(|lag| world.env().catch_up(lag)))
    }
}
