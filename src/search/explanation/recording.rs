//! A run once more, with its whole history and every name in it kept.

use std::cell::RefCell;
use std::rc::Rc;

use crate::checks::{Judge, JudgeOptions, RunReport};
use crate::experiment::run::{Ran, Setup, observe};
use crate::faults::plan::PlannedFault;
use crate::faults::target;
use crate::faults::trigger::OpName;
use crate::kernel::{NodeId, Sink};
use crate::model::network::Place;
use crate::model::record::{LabelId, OpId, Record};
use crate::model::world::World;

/// A run that was recorded.
pub(super) struct Recording {
    /// Every record, in order.
    pub records: Vec<Record>,
    /// The names of nodes, databases and labels.
    pub names: Names,
    /// The report of the judges.
    pub report: RunReport,
    /// The end of the run itself.
    pub ran: Ran,
}

/// The names of everything in a run.
pub(super) struct Names {
    /// Every node, by number.
    pub actors: Vec<Actor>,
    /// The node of every database, by number.
    pub databases: Vec<NodeId>,
    /// Every label, by number.
    pub labels: Vec<&'static str>,
    /// Every operation, by number, as every run knows it.
    pub operations: Vec<Option<OpName>>,
    /// What each fault of the plan reaches, by its position there.
    pub reaches: Vec<Reach>,
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
    /// The kind of machine.
    pub place: Place,
}

/// What a fault reaches.
#[derive(Clone, Debug)]
pub(super) enum Reach {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The links between these two sides.
    Links(Vec<NodeId>, Vec<NodeId>),
    /// The message at whose point it strikes.
    Message,
}

struct Keeper(Vec<Record>);

impl Sink<Record> for Keeper {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// Runs once more and keeps everything.
pub(super) fn record(setup: &Setup, seed: u64) -> Recording {
    let keeper = Rc::new(RefCell::new(Keeper(Vec::new())));
    let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
    let judge = Rc::new(RefCell::new(Judge::audit(&setup.system, options)));
    let sinks = vec![Rc::clone(&keeper) as _, Rc::clone(&judge) as _];
    let (ran, names) = observe(setup, seed, sinks, |_| (), |world| read_names(world, setup));
    let judge = Rc::into_inner(judge).expect("the run is over, and its recorder gone with it");
    let records = std::mem::take(&mut keeper.borrow_mut().0);
    Recording { records, names, report: judge.into_inner().finish(), ran }
}

fn read_names(world: &World, setup: &Setup) -> Names {
    let env = world.env();
    let actor =
        |node| Actor { name: world.node_name(node).to_owned(), place: world.network().place(node) };
    Names {
        actors: world.nodes().map(actor).collect(),
        databases: world.databases().iter().map(|database| database.node()).collect(),
        labels: (0..).map_while(|number| env.label_text(LabelId(number))).collect(),
        operations: (0..env.operations().len() as u32)
            .map(|op| OpName::of(world, OpId(op)))
            .collect(),
        reaches: setup.faults.iter().map(|fault| reach(world, fault)).collect(),
    }
}

/// What a fault reaches: faults of links name their two sides `from` and `to`.
fn reach(world: &World, planned: &PlannedFault) -> Reach {
    let settings = planned.fault.settings();
    let names = |side: &str| -> Option<Vec<String>> {
        let names = settings.get(side)?.as_array()?;
        Some(names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect())
    };
    if let Some(from) = names("from") {
        let (from, to) = target::sides(world, &from, &names("to").unwrap_or_default());
        return Reach::Links(from, to);
    }
    let targets = planned.fault.targets();
    if targets.is_empty() {
        return Reach::Message;
    }
    Reach::Nodes(target::all_nodes(world, &targets))
}
