//! # Expensive query
//!
//! A service sends its database a long query again and again: a report, a missing index. Each holds
//! a connection and a core for as long as it takes, and locks nothing. A service that shares the
//! database waits for the remaining connections and cores; one with a database of its own is not
//! affected.
//!
//! The queries cost the service itself neither a worker nor work; while it is down none is sent.
//! When the fault ends, queries that still wait for a connection or a core are cancelled; one that
//! is on a core runs to its end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{SPANS, below, check_positive, draw};
use super::reach::Reach;
use super::target::databases;
use super::targets::Targets;
use crate::kernel::{NodeId, Span, TaskId};
use crate::model::database::Database;
use crate::model::env::Ctx;
use crate::model::reason::{Reason, too_frequent};
use crate::model::system::ServiceId;
use crate::model::world::World;

/// Long queries of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpensiveQuery {
    /// The database.
    target: String,
    /// The service that sends the queries.
    by: String,
    /// Core time of a query.
    takes: Span,
    /// Time from the start of one query to the start of the next.
    every: Span,
}

impl FaultSettings for ExpensiveQuery {
    fn reach(&self) -> Reach {
        Reach::Nodes(vec![self.target.clone(), self.by.clone()])
    }

    fn recurs(&self) -> Option<(&'static str, Span)> {
        Some(("every", self.every))
    }

    fn details(&self) -> Vec<String> {
        vec![format!("takes {}", self.takes), format!("every {}", self.every)]
    }

    fn check(&self) -> Vec<Reason> {
        let mut problems = check_positive("takes", self.takes);
        problems.extend(too_frequent("every", self.every));
        problems
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let whole = targets.single_services();
        let by = Targets::pick(whole, rng)?;
        let target = Targets::pick(&targets.databases, rng)?;
        let takes = Span::from_millis(draw(&[500, 1_000, 2_000, 5_000], rng));
        let every = Span::from_millis(draw(&[100, 200, 500, 1_000], rng));
        Some(Self { target, by, takes, every })
    }

    fn simpler(&self) -> Vec<Self> {
        let less = below(&SPANS, self.takes).into_iter();
        less.map(|takes| Self { takes, ..self.clone() }).collect()
    }
}

impl Fault for ExpensiveQuery {
    const NAME: &'static str = "expensive-query";
    const SUMMARY: &'static str = "a service's long queries hold connections and cores";
    const MANUAL: &'static str = include_str!("expensive_query.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let over = Rc::new(Cell::new(false));
        let asked = Rc::new(RefCell::new(Vec::new()));
        let Some(service) = world.env().system().service_named(&settings.by) else {
            return Box::new(|| ());
        };
        for database in databases(world, &settings.target) {
            let (asking, over) = (Rc::clone(world), Rc::clone(&over));
            let asked = Rc::clone(&asked);
            let &Self { takes, every, .. } = settings;
            world.env().sim().spawn(NodeId::WORLD, async move {
                while !over.get() {
                    asked.borrow_mut().extend(ask(&asking, &database, service, takes));
                    asking.env().sim().sleep(every).await;
                }
            });
        }
        let world = Rc::clone(world);
        Box::new(move || {
            over.set(true);
            for query in asked.take() {
                world.env().sim().kill(query);
            }
        })
    }
}

/// Sends one query from the service's first instance; none if that is down.
fn ask(
    world: &Rc<World>,
    database: &Rc<Database>,
    service: ServiceId,
    takes: Span,
) -> Option<TaskId> {
    let (env, node) = (world.env(), world.instances(service)[0]);
    let ctx = Ctx { node, process: env.next_process(), ..Ctx::WORLD };
    let database = Rc::clone(database);
    env.sim().spawn(node, async move {
        // A query that fails has used its core time all the same.
        database.query_for(ctx, node, service, takes).await.unwrap_or_default();
    })
}
