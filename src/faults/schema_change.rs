//! # Schema change
//!
//! The owner of a table renames, splits or drops a column, or, without `column`, the whole table. A
//! service that relies on it breaks until it is deployed anew: the owner itself, services with a
//! grant, those that write the table without owning it, those that keep the same schema, and, where
//! the interface of the table is its rows (`api = "rows"`), those that read it through its owner.
//! With a contract as its interface, readers are not affected.
//!
//! Until then their statements that rely on the column, and answers that contain it, fail with
//! technical errors. A statement relies on the columns that it names:
//!
//! - a step on those that it writes, and those of its rule (`refuse`); its compensation, on those
//!   that it writes. A delete names none;
//! - a derivation on those that it reads, by which it groups and filters, and that it writes;
//! - a reader of a column (`reads.NAME.column`) on that one;
//! - a look-up, a page that joins the rows of an operation, and a copy take the row as a whole, and
//!   rely on all its columns.
//!
//! A service that names only other columns is not affected, and is not deployed even if it was
//! told. Without `column` every statement about the table is affected.
//!
//! **`change`**: a column that is renamed, split or dropped does not exist under its old name any
//! more, and services that rely on it break in the same way. `rename` and `split` are the same to
//! the model: a deployment takes as long for one new column as for two. `drop` differs in one
//! thing: there is no new column, so nothing is written twice while the old and the new schema
//! exist side by side.
//!
//! **`how = "at-once"`**: the change is made when the fault begins. The owner and the services in
//! `told` are deployed together: they are down for `redeploy`, and use the new schema from then on.
//!
//! **`how = "expand-contract"`**: for `window`, the old and the new schema exist side by side.
//! Every write of the column costs one more statement (none with `drop`), and the owner and the
//! services in `told` are deployed one after the other. Then the old schema is dropped.
//!
//! **A service that was not told** notices at first use, when one of its statements fails. After
//! `fix` it is deployed: down for `redeploy`, and working again.
//!
//! A variant that has split the table by its writers changes what its owner has kept of it.
//!
//! The end of the fault (`for`, the end of the load) cuts everything short: services that are down
//! are started, and all use the new schema.
//!
//! **Measures**: `m13.broken` (for how long services were broken), `m13.noticed` (from the change
//! to the first failure), `m13.schema-breaks` (failed statements and answers); failed operations
//! are in `m9`, and the services that have to be deployed together are in the coupling of the
//! variant.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal, Part};
use super::grid::{SPANS, below, draw};
use super::reach::Reach;
use super::target::TABLE;
use super::targets::Targets;
use crate::kernel::{NodeId, Span, Time};
use crate::model::reason::Reason;
use crate::model::system::{Columns, ServiceId, System, TableId};
use crate::model::world::World;
use crate::reason;

/// The change of the column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The column has another name.
    #[default]
    Rename,
    /// Two columns take its place.
    Split,
    /// The column is dropped.
    Drop,
}

/// The way in which the change is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// All at once: the services that were told are deployed together.
    #[default]
    AtOnce,
    /// The new schema is added, the services that were told are deployed, then the old one is
    /// dropped.
    ExpandContract,
}

/// A table whose schema changes while services rely on it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SchemaChange {
    /// The table.
    table: String,
    /// The column; by default the whole table changes.
    column: Option<String>,
    /// The change of the column.
    change: Change,
    /// Services that know of it in time, beside the owner.
    told: Vec<String>,
    /// The way in which the change is made.
    how: How,
    /// Time in which the old and the new schema exist side by side.
    window: Span,
    /// Time for which a service is down while it is deployed.
    redeploy: Span,
    /// Time from the first failure of a service that was not told to its deployment.
    fix: Span,
}

impl Default for SchemaChange {
    fn default() -> Self {
        Self {
            table: String::new(),
            column: None,
            change: Change::default(),
            told: Vec::new(),
            how: How::default(),
            window: Span::from_secs(60),
            redeploy: Span::from_secs(5),
            fix: Span::from_secs(30),
        }
    }
}

/// A schema change in progress.
#[derive(Clone)]
struct Rollout {
    world: Rc<World>,
    table: TableId,
    columns: Columns,
    settings: Rc<SchemaChange>,
    over: Rc<Cell<bool>>,
}

impl Rollout {
    /// Deploys a service, which uses the new schema from then on.
    async fn deploy(&self, service: ServiceId) {
        let env = self.world.env();
        let nodes = self.world.instances(service).to_vec();
        nodes.iter().for_each(|node| self.world.crash(*node, false));
        self.pass(self.settings.redeploy).await;
        env.adapt(self.table, service);
        nodes.iter().for_each(|node| self.world.restart(*node));
    }

    /// Waits for a span, or for the end of the fault.
    async fn pass(&self, span: Span) {
        self.pass_until(self.world.env().now() + span).await;
    }

    async fn pass_until(&self, until: Time) {
        let sim = self.world.env().sim();
        while !self.over.get() && sim.now() < until {
            sim.sleep_until((sim.now() + LOOK).min(until)).await;
        }
    }

    /// Waits, for a service that was not told, until its first failure and the time to fix it have
    /// passed, and deploys it.
    async fn find_out(self, service: ServiceId) {
        if self.world.env().until_schema_break(self.table, service).await {
            self.pass(self.settings.fix).await;
            if !self.over.get() {
                self.deploy(service).await;
            }
        }
    }

    async fn at_once(self, told: BTreeSet<ServiceId>, untold: BTreeSet<ServiceId>) {
        let env = self.world.env();
        env.change_schema(self.table, self.columns, told.union(&untold).copied());
        for service in told {
            let rollout = self.clone();
            env.sim().spawn(NodeId::WORLD, async move { rollout.deploy(service).await });
        }
        self.discover(untold);
    }

    /// Deploys services one after the other, evenly spread over the window, and then drops the old
    /// schema.
    async fn expand_and_contract(self, told: BTreeSet<ServiceId>, untold: BTreeSet<ServiceId>) {
        let env = self.world.env();
        let (began, window) = (env.now(), self.settings.window);
        let turn = window.as_nanos() / told.len().max(1) as u64;
        let is_gone = self.settings.change == Change::Drop;
        env.double(self.table, if is_gone { Columns::NONE } else { self.columns });
        for (service, number) in told.into_iter().zip(1..) {
            self.deploy(service).await;
            self.pass_until(began + Span::from_nanos(turn * number)).await;
        }
        self.pass_until(began + window).await;
        env.double(self.table, Columns::NONE);
        if !self.over.get() {
            env.change_schema(self.table, self.columns, untold.iter().copied());
            self.discover(untold);
        }
    }

    fn discover(&self, untold: BTreeSet<ServiceId>) {
        for service in untold {
            let rollout = self.clone();
            self.world.env().sim().spawn(NodeId::WORLD, rollout.find_out(service));
        }
    }
}

/// The interval at which a change checks whether its fault is over.
const LOOK: Span = Span::from_millis(10);

/// The services that rely on these columns of a table, by declaration or because they write it. The
/// owner, which makes the change, always does.
fn users(system: &System, table: TableId, columns: Columns) -> BTreeSet<ServiceId> {
    let mut users = system.schema_users(table);
    users.extend(system.writers(table));
    if columns != Columns::ALL {
        let of_columns = system.column_users(table, columns);
        users.retain(|user| of_columns.contains(user));
    }
    users.insert(system.table(table).owner);
    users
}

impl FaultSettings for SchemaChange {
    fn reach(&self) -> Reach {
        let owner = format!("{TABLE}{}", self.table);
        Reach::Nodes(std::iter::once(owner).chain(self.told.iter().cloned()).collect())
    }

    fn parts(&self) -> Vec<Part> {
        let table = || self.table.clone();
        let column = self.column.iter().cloned();
        column.map(|column| Part::Column { table: table(), column }).collect()
    }

    fn details(&self) -> Vec<String> {
        let change = match self.change {
            Change::Rename => "rename",
            Change::Split => "split",
            Change::Drop => "drop",
        };
        let column = self.column.as_deref().unwrap_or("all columns");
        let how = match self.how {
            How::AtOnce => "at once".to_owned(),
            How::ExpandContract => format!("expand and contract over {}", self.window),
        };
        let (redeploy, fix) = (self.redeploy, self.fix);
        vec![
            format!("{change} {column}"),
            how,
            format!("redeploy {redeploy}"),
            format!("fix {fix}"),
        ]
    }

    fn check(&self) -> Vec<Reason> {
        let mut problems = Vec::new();
        let lasts = self.redeploy.saturating_mul(self.told.len() as u64 + 1);
        if self.how == How::ExpandContract && self.window < lasts {
            problems.push(reason!(
                "`{}` is too short to deploy in turn all services that were told, which takes \
                 {lasts}",
                "window"
            ));
        }
        problems
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let table = Targets::pick(targets.tables.iter().map(|(table, _)| table), rng)?;
        let (_, column) = targets.tables.iter().find(|(known, _)| *known == table)?.clone();
        let column = Some(column);
        let whole = targets.single_services();
        let told = Targets::pick(whole, rng).filter(|_| rng.random_bool(0.5)).into_iter().collect();
        let mut span = || Span::from_millis(draw(&[500, 1_000, 2_000, 5_000], rng));
        let (redeploy, fix) = (span(), span());
        let how = if rng.random_bool(0.5) { How::AtOnce } else { How::ExpandContract };
        let window = redeploy.saturating_mul(4);
        let change = Change::default();
        Some(Self { table, column, change, told, how, window, redeploy, fix })
    }

    fn simpler(&self) -> Vec<Self> {
        let less = |span| below(&SPANS, span).into_iter();
        let fixed = less(self.fix).map(|fix| Self { fix, ..self.clone() });
        let quick = less(self.redeploy).map(|redeploy| Self { redeploy, ..self.clone() });
        fixed.chain(quick).collect()
    }
}

impl Fault for SchemaChange {
    const NAME: &'static str = "schema-change";
    const SUMMARY: &'static str = "the schema of a table changes while services rely on it";
    const MANUAL: &'static str = include_str!("schema_change.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let system = world.env().system();
        let named = |name: &str| system.tables.iter().position(|it| it.name.is_called(name));
        let Some(table) = named(&settings.table).map(|at| TableId(at as u16)) else {
            return Box::new(|| ());
        };
        let column = settings.column.as_ref().and_then(|column| {
            let columns = &system.table(table).columns;
            columns.iter().position(|it| *it.name == **column).map(|at| at as u8)
        });
        let columns = Columns::from(column);
        let users = users(system, table, columns);
        let told = settings.told.iter().filter_map(|name| system.service_named(name));
        let told: BTreeSet<ServiceId> = told.chain([system.table(table).owner]).collect();
        let (told, untold) = users.iter().partition(|user| told.contains(user));
        let over = Rc::new(Cell::new(false));
        let how = settings.how;
        let (settings, healed) = (Rc::new(settings.clone()), Rc::clone(&over));
        let rollout = Rollout { world: Rc::clone(world), table, columns, settings, over };
        let world = Rc::clone(world);
        world.env().sim().spawn(NodeId::WORLD, async move {
            match how {
                How::AtOnce => rollout.at_once(told, untold).await,
                How::ExpandContract => rollout.expand_and_contract(told, untold).await,
            }
        });
        Box::new(move || {
            healed.set(true);
            users.into_iter().for_each(|user| world.env().adapt(table, user));
            world.env().double(table, Columns::NONE);
        })
    }
}
