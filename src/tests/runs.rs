//! For tests: a scenario given as text, run once, with its whole history kept.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::checks::properties::{Finding, Properties, Verifier};
use crate::checks::{Judge, JudgeOptions, RunReport};
use crate::experiment::compare::setup;
use crate::experiment::run::{Ran, Setup, observe};
use crate::kernel::{NodeId, Sink, Span};
use crate::model::record::{Event, Kind, LabelId, MessageClass, OpId, Record};
use crate::model::system::System;
use crate::scenario::{Registries, Scenario, Source, load, render};
use crate::tests::pick;

/// Orders and their cancelling, in two loads, under a saga with and without idempotency keys; every
/// duration constant.
pub const SHOP: &str = r#"
    [scenario]
    name = "shop"
    warm-up = "1s"
    load = "60s"
    settle = "30s"

    [clients]
    deadline = "3s"

    [services]
    order = { work = "1ms" }
    stock = { work = "1ms" }

    [databases]
    order-db = { work = "1ms", force = "2ms" }
    stock-db = { work = "1ms", force = "2ms" }

    [links]
    default = { delay = "1ms" }
    database = { delay = "1ms" }
    client = { delay = "1ms" }

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { left = 99 }, rows = 5 }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { left = -1 } } },
    ]

    [operations.give-back]
    keys = { order = "followed", product = "followed" }
    steps = [
        { name = "give", by = "stock", table = "product", key = "product",
          effect = { add = { left = 1 } } },
    ]

    [load.shoppers]
    operation = "buy"
    constant = "4s"

    [load.regrets]
    operation = "give-back"
    follows = { load = "shoppers", delay = "10s", share = 1.0 }

    [variants]
    saga = { pattern = "orchestrated" }
    keyless = { pattern = "orchestrated", settings = { idempotency-keys = false } }
"#;

/// A run and everything that happened in it.
pub struct RecordedRun {
    /// The system that ran.
    pub system: Arc<System>,
    /// Every record, in order.
    pub records: Vec<Record>,
    /// The report of the judges.
    pub report: RunReport,
    /// The end of the run itself.
    pub ran: Ran,
    nodes: Vec<String>,
    labels: Vec<&'static str>,
}

struct RecordSink(Vec<Record>);

impl Sink<Record> for RecordSink {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// Reads a scenario; panics with the rendered problems if it has any error.
pub fn scenario(text: &str) -> Scenario {
    let source = Source { name: "test.toml".into(), text: text.into() };
    let (scenario, problems) =
        load(&source, &|_| Err(io::Error::other("no file")), &Registries::builtin());
    scenario.unwrap_or_else(|| panic!("{}", render(&source, &problems, false)))
}

/// Runs one variant of a scenario on one seed and keeps everything.
pub fn record_text(text: &str, variant: &str, seed: u64) -> RecordedRun {
    let scenario = scenario(text);
    let named = |found: &&crate::scenario::Variant| &*found.name.shown == variant;
    let variant = scenario.variants.iter().find(named).expect("a variant of this name");
    record_run(&setup(&scenario, variant), seed)
}

/// Runs something that no scenario can say, such as a pattern made for a test.
pub fn record_run(setup: &Setup, seed: u64) -> RecordedRun {
    let keeper = Rc::new(RefCell::new(RecordSink(Vec::new())));
    let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
    let judge = Rc::new(RefCell::new(Judge::audit(&setup.system, options)));
    let sinks = vec![Rc::clone(&keeper) as _, Rc::clone(&judge) as _];
    let (ran, (nodes, labels)) = observe(
        setup,
        seed,
        sinks,
        |_| (),
        |world| {
            let nodes = world.nodes().map(|node| world.node_name(node).to_owned()).collect();
            let labels =
                (0..).map_while(|number| world.env().label_text(LabelId(number))).collect();
            (nodes, labels)
        },
    );
    let judge = Rc::into_inner(judge).expect("the run is over").into_inner();
    let records = std::mem::take(&mut keeper.borrow_mut().0);
    let report = judge.finish();
    RecordedRun { system: Arc::clone(&setup.system), records, report, ran, nodes, labels }
}

impl RecordedRun {
    /// The findings of these properties and of the invariants on the run.
    pub fn verify(&self, properties: &[&str], within: Option<Span>) -> Vec<Finding> {
        let verifier = Verifier::new(&self.system, &Properties::builtin(), properties);
        let mut verifier = verifier.within(within).audit();
        self.records.iter().for_each(|record| verifier.see(record));
        verifier.finish().0
    }

    /// The records of one kind.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind() == kind)
    }

    /// How many records of one kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.all(kind).count()
    }

    /// The records of one operation.
    pub fn of(&self, op: u32) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.op == OpId(op))
    }

    /// The things that [`pick`](crate::tests::pick) takes out of the records.
    pub fn pick<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> impl Iterator<Item = T> {
        self.records.iter().filter_map(pick)
    }

    /// The text of a label.
    pub fn label(&self, label: LabelId) -> &'static str {
        self.labels[label.0 as usize]
    }

    /// Returns whether a record is about something of this name.
    pub fn is_about(&self, record: &Record, label: &str) -> bool {
        record.event.label().is_some_and(|known| self.label(known) == label)
    }

    /// The node with this name.
    pub fn node(&self, name: &str) -> NodeId {
        let found = self.nodes.iter().position(|node| node == name);
        NodeId(found.unwrap_or_else(|| panic!("no node is called `{name}`")) as u16)
    }

    /// Messages sent with this label, requests and replies together, of this class.
    pub fn sent(&self, label: &str, class: MessageClass) -> usize {
        let sent = self.pick(pick!(Event::Sent { label, class, .. } => (self.label(label), class)));
        sent.filter(|sent| *sent == (label, class)).count()
    }

    /// Log records with this label; with `forced`, only those that somebody waited for.
    pub fn logged(&self, label: &str, forced: bool) -> usize {
        let wanted = forced;
        let logged = self.pick(pick!(Event::Logged { label, forced, .. } => (label, forced)));
        logged.filter(|it| self.label(it.0) == label && (it.1 || !wanted)).count()
    }
}
