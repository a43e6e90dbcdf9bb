//! A recording of a run: its whole history, and every name in it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::checks::{Judge, JudgeOptions, RunReport};
use crate::experiment::lock_waits::LockWaits;
use crate::experiment::run::{Ran, Setup, observe};
use crate::faults::plan::PlannedFault;
use crate::faults::random;
use crate::faults::reach::{Ends, Reach};
use crate::faults::target::all_nodes;
use crate::faults::trigger::OpName;
use crate::kernel::{NodeId, Sink};
use crate::model::network::Place;
use crate::model::record::{LabelId, OpId, Record};
use crate::model::world::World;

/// A run that was recorded.
pub(super) struct Recording {
    /// Every record, in order.
    pub records: Vec<Record>,
    /// Every wait for a row lock.
    pub waits: LockWaits,
    /// The names of nodes, databases and labels.
    pub names: Names,
    /// The report of the judges.
    pub report: RunReport,
    /// The end of the run itself.
    pub ran: Ran,
}

/// The names in a run.
pub(super) struct Names {
    /// Every node, by number.
    pub actors: Vec<Actor>,
    /// The node of every database, by number.
    pub databases: Vec<NodeId>,
    /// Every label, by number.
    pub labels: Vec<&'static str>,
    /// The name of every operation in every run, by number.
    pub operations: Vec<Option<OpName>>,
    /// The faults of the run, those that were drawn for it included.
    pub plan: Vec<PlannedFault>,
    /// The reach of each of them.
    pub reached: Vec<Reached>,
}

impl Names {
    /// The text of a label.
    pub fn label(&self, label: LabelId) -> &'static str {
        self.labels.get(label.0 as usize).copied().unwrap_or("?")
    }
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    /// Its name, as shown.
    pub name: String,
    /// The kind of node.
    pub place: Place,
}

/// The nodes, links or message that a fault affects in the world of the run.
#[derive(Clone, Debug)]
pub(super) enum Reached {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The links between these sides or groups.
    Links(Vec<Vec<NodeId>>),
    /// The message whose point triggers it.
    Message,
}

struct RecordList(Vec<Record>);

impl Sink<Record> for RecordList {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// Runs once more and records everything.
pub(super) fn record(setup: &Setup, seed: u64) -> Recording {
    let list = Rc::new(RefCell::new(RecordList(Vec::new())));
    let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
    let judge = Rc::new(RefCell::new(Judge::audit(&setup.system, options)));
    let waits = Rc::new(RefCell::new(LockWaits::default()));
    let sinks = vec![Rc::clone(&list) as _, Rc::clone(&judge) as _, Rc::clone(&waits) as _];
    let (ran, names) = observe(setup, seed, sinks, |_| (), |world| read_names(world, setup));
    let judge = Rc::into_inner(judge).expect("the run is over, and its recorder gone with it");
    let records = std::mem::take(&mut list.borrow_mut().0);
    let waits = std::mem::take(&mut *waits.borrow_mut());
    Recording { records, waits, names, report: judge.into_inner().finish(), ran }
}

fn read_names(world: &World, setup: &Setup) -> Names {
    let env = world.env();
    let plan = random::plan(&setup.faults, &setup.nemeses, &setup.system, env.streams());
    let actor =
        |node| Actor { name: world.node_name(node).to_owned(), place: world.network().place(node) };
    Names {
        actors: world.nodes().map(actor).collect(),
        databases: world.databases().iter().map(|database| database.node()).collect(),
        labels: (0..).map_while(|number| env.label_text(LabelId(number))).collect(),
        operations: (0..env.operation_count()).map(|op| OpName::of(world, OpId(op))).collect(),
        reached: plan.iter().map(|fault| reached(world, fault)).collect(),
        plan: plan.into_owned(),
    }
}

/// The reach of a fault in this world.
fn reached(world: &World, planned: &PlannedFault) -> Reached {
    match planned.fault.reach() {
        reach @ (Reach::Nodes(_) | Reach::Load(_)) => Reached::Nodes(reach.nodes(world)),
        Reach::Sides(sides) => {
            let Ends { from, to } = sides.ends(world);
            Reached::Links(vec![from, to])
        }
        Reach::Groups(groups) => {
            Reached::Links(groups.iter().map(|group| all_nodes(world, group)).collect())
        }
        Reach::Message => Reached::Message,
    }
}
