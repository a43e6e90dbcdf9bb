//! # Parts of one's own
//!
//! A program outside the crate that adds a pattern, a technique, a fault, a check, a measure and an
//! export, with the prelude alone, and runs a scenario that uses all of them. Its parts share this
//! one file, so that their manual pages are this text; a real program has a file for each.

use std::rc::Rc;
use std::sync::Arc;

use driftlab::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MANUAL: &str = include_str!("own_parts.rs");

/// A pattern: all steps one after the other by requests, and nothing is taken back.
struct InOrder {
    patience: Span,
}

/// The choices about the pattern.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct InOrderSettings {
    /// How long the coordinator waits for each participant.
    patience: Span,
}

impl Default for InOrderSettings {
    fn default() -> Self {
        Self { patience: Span::from_millis(200) }
    }
}

impl Pattern for InOrder {
    const NAME: &'static str = "in-order";
    const SUMMARY: &'static str = "one request after the other; nothing is taken back";
    const MANUAL: &'static str = MANUAL;
    type Settings = InOrderSettings;

    fn promises(_: &InOrderSettings, _: &System) -> Promises {
        let budget = Budget(vec![Allowance::new(Blink::NAME, 1, Span::from_secs(60))]);
        Promises { guarantees: vec![FewForces::NAME], budget, ..Promises::default() }
    }

    fn new(settings: &InOrderSettings, _: &Rc<World>) -> Self {
        Self { patience: settings.patience }
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        let once = ApplyOptions { once: true, ..ApplyOptions::default() };
        let steps = &here.system().operation(here.env().operation(op).kind).steps;
        for (step, spec) in (0..).map(StepId).zip(steps) {
            let there = here.world().instance(spec.by, op);
            let request = Message::request("apply", self.patience);
            let work =
                move |there: ProcessCtx| async move { step::apply(&there, step, once).await };
            match here.at_step(step, 0).call(there, request, work).await.answer() {
                Some(Ok(())) => {}
                Some(Err(Failure::Refused)) if step.index() == 0 => return Answer::RefusedByRule,
                _ => return Answer::TechnicalNo,
            }
        }
        Answer::Done
    }
}

/// A technique: every table moves to the database of the first.
struct OneDatabase;

/// No choice.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Technique for OneDatabase {
    const NAME: &'static str = "one-database";
    const SUMMARY: &'static str = "every table moves to the database of the first";
    const MANUAL: &'static str = MANUAL;
    type Settings = Nothing;

    fn apply(_: &Nothing, mut system: System) -> Result<System, Vec<Reason>> {
        let home = system.tables[0].database;
        system.tables.iter_mut().for_each(|table| table.database = home);
        Ok(system)
    }
}

/// A fault: the nodes of a target crash, and restart at once.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Blink {
    /// A service, a database or another target.
    target: String,
}

impl FaultSettings for Blink {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }
}

impl Fault for Blink {
    const NAME: &'static str = "blink";
    const SUMMARY: &'static str = "nodes crash and restart at once";
    const MANUAL: &'static str = MANUAL;
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        for node in target::machines(world, &settings.target) {
            world.crash(node, false);
            world.restart(node);
        }
        Box::new(|| ())
    }
}

/// A check: no log is forced more than so often in a run.
#[derive(Default)]
struct FewForces {
    case: Case,
    forced: u64,
}

impl Property for FewForces {
    const NAME: &'static str = "few-forces";
    const SUMMARY: &'static str = "logs are forced at most ten times";
    const MANUAL: &'static str = MANUAL;
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Forced];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        self.case.chance();
        self.forced += 1;
        if self.forced > 10 {
            self.case.fail(record.time, record.op, || "the eleventh".into());
        }
    }

    fn finish(self, _: &Ended<'_>) -> Finding {
        self.case.conclude(Self::NAME, "no log was forced")
    }
}

/// A measure: how many messages were lost, of all that were sent.
const LOST: &Measure = &Measure::number(
    "own.lost",
    "messages lost",
    Unit::Share,
    Better::Lower,
    "Messages that the network lost, of all that were sent.",
);

/// A meter, which takes the measure.
#[derive(Default)]
struct Losses {
    sent: u64,
    lost: u64,
}

impl Meter for Losses {
    const MEASURES: &'static [&'static Measure] = &[LOST];
    const SEES: &'static [Kind] = &[Kind::Sent, Kind::Lost];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Sent { .. } => self.sent += 1,
            Event::Lost { .. } => self.lost += 1,
            _ => {}
        }
    }

    fn finish(self, _: &Ended<'_>, into: &mut Measured) {
        into.quantity(LOST, Quantity::ratio(self.lost, self.sent, "no message was sent"));
    }
}

/// An export: the number of committed operations of each variant, a line each.
struct Committed;

impl Export for Committed {
    const NAME: &'static str = "committed.txt";
    const SUMMARY: &'static str = "how many operations each variant committed";
    const MANUAL: &'static str = MANUAL;

    fn files(results: &Results<'_>) -> Vec<File> {
        let line = |variant: &VariantResult| {
            format!("{} {}\n", variant.name, variant.census.of(Headline::Committed))
        };
        let text: String = results.comparison.variants.iter().map(line).collect();
        vec![File::new(Self::NAME, text)]
    }
}

const SCENARIO: &str = r#"
    [scenario]
    name = "own-parts"
    load = "60s"
    settle = "30s"

    [services]
    order = {}
    stock = {}

    [databases]
    order-db = {}
    stock-db = {}

    [links]
    default = { loss = 0.05 }

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { left = 100 }, rows = 500 }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { left = -1 } } },
    ]

    [load.shoppers]
    operation = "buy"
    constant = "200ms"

    [variants]
    own = { pattern = "in-order", settings = { patience = "100ms" }, technique = "one-database" }
    saga = { pattern = "orchestrated" }

    [[faults]]
    kind = "blink"
    target = "stock"
    at = "20s"
    for = "1s"

    [[expect]]
    measure = "own.lost"
    below = 0.2
"#;

fn lab() -> Lab {
    Lab::new()
        .pattern::<InOrder>()
        .technique::<OneDatabase>()
        .fault::<Blink>()
        .check::<FewForces>()
        .meter::<Losses>()
        .export::<Committed>()
}

/// The program: all of `driftlab`, and these parts.
#[allow(dead_code, reason = "a test has a main of its own")]
fn main() -> Exit {
    lab().main()
}

#[test]
fn a_scenario_uses_every_part_that_a_program_added() {
    let lab = lab();
    let scenario = lab.scenario(SCENARIO).expect("it is sound");
    let comparison = lab.compare(&scenario, 1..=6);

    // The pattern leaves undone what a saga takes back or repeats; the technique left one database.
    let variant = |name: &str| comparison.variant(name).expect("it was compared");
    let halves = |name: &str| variant(name).census.of(Headline::Phantom);
    assert!(variant("own").census.of(Headline::Committed) > 1_000);
    assert!(halves("own") > 100 && halves("saga") == 0, "{} {}", halves("own"), halves("saga"));
    let databases = |name: &str| {
        let mut used: Vec<_> =
            scenario.variant(name).expect("a variant").system.tables.iter().collect();
        used.dedup_by_key(|table| table.database);
        used.len()
    };
    assert_eq!((databases("own"), databases("saga")), (1, 2));

    // The fault struck in every run.
    let blink = comparison.faults.iter().find(|fault| fault.name == "blink").expect("it is told");
    assert_eq!(blink.target, "stock");

    // The measure has a value, and an expectation judged it; the check found what it looks for.
    let lost = variant("own").measure(LOST).expect("it was measured");
    let share = lost.estimate(Statistic::Value).expect("messages were sent").value;
    assert!((0.001..0.05).contains(&share), "{share}: one in twenty between services");
    let verdict = |name: &str| {
        let of =
            |check: &&results::CheckResult| check.variant == "own" && check.name.contains(name);
        comparison.checks.iter().find(of).unwrap_or_else(|| panic!("{name} was judged")).verdict
    };
    assert_eq!(verdict("messages lost"), Verdict::Held);
    assert_eq!(verdict("few-forces"), Verdict::Violated);

    // The export stands among the files, and the folder explains it.
    let files = lab.files(&comparison);
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path).expect("it is written");
        String::from_utf8(file.bytes()).expect("text")
    };
    assert!(text("committed.txt").starts_with("own 1"), "{}", text("committed.txt"));
    assert!(text("README.md").contains("| `committed.txt` | how many operations"));
    assert!(text("summary.csv").contains("own.lost"));
}

#[test]
fn what_a_program_did_not_add_is_unknown_to_it() {
    let unknown = |lab: Lab| lab.scenario(SCENARIO).err().expect("names are unknown").to_string();
    let named = unknown(Lab::new());
    for part in ["pattern is named `in-order`", "named `one-database`", "named `blink`"] {
        assert!(named.contains(part), "{named}");
    }
    let lab = Lab::new().pattern::<InOrder>().technique::<OneDatabase>().fault::<Blink>();
    let named = unknown(lab);
    assert!(named.contains("no measure is named `own.lost`"), "{named}");
}
