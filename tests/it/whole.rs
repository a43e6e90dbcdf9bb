//! Scenarios to their histories, with nothing but the library's public parts.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use driftlab::checks::{Judge, JudgeOptions, RunReport};
use driftlab::experiment::compare::setup;
use driftlab::experiment::run::run;
use driftlab::kernel::Sink;
use driftlab::model::record::{Kind, Record};
use driftlab::model::system::{Arrivals, ReadWhat, System};
use driftlab::scenario::{Registries, Scenario, Source, Variant, load, render};

/// A run and everything that happened in it.
pub struct RecordedRun {
    pub records: Vec<Record>,
    pub report: RunReport,
}

struct RecordList(Vec<Record>);

impl Sink<Record> for RecordList {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

impl RecordedRun {
    /// The records of one kind.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind() == kind)
    }

    /// The things that `pick` takes out of the records.
    pub fn pick<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> impl Iterator<Item = T> {
        self.records.iter().filter_map(pick)
    }
}

/// The folder with the scenarios that ship.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The scenarios that ship, in the order of their files.
pub fn shipped() -> Vec<Scenario> {
    let files = fs::read_dir(folder()).expect("the scenarios");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    names.iter().map(|name| scenario(&text(name))).collect()
}

/// The text of a scenario that ships.
pub fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect("a scenario")
}

/// Reads a scenario as if it lay among those that ship.
pub fn scenario(text: &str) -> Scenario {
    let source = Source { name: "test.toml".into(), text: text.into() };
    let files = |name: &str| fs::read(folder().join(name));
    let (scenario, problems) = load(&source, &files, &Registries::builtin());
    scenario.unwrap_or_else(|| panic!("{}", render(&source, &problems, false)))
}

/// The same scenario with a tenth of its load, where what happens matters and how often does not.
pub fn thin(mut scenario: Scenario) -> Scenario {
    let mut system = System::clone(&scenario.system);
    thin_out(&mut system);
    scenario.system = Arc::new(system);
    for variant in &mut scenario.variants {
        let mut system = System::clone(&variant.system);
        thin_out(&mut system);
        variant.system = Arc::new(system);
    }
    scenario
}

fn thin_out(system: &mut System) {
    for load in &mut system.loads {
        match &mut load.arrivals {
            Arrivals::Poisson(rate) => *rate /= 10.0,
            Arrivals::Bursts { base, peak, .. } => (*base, *peak) = (*base / 10.0, *peak / 10.0),
            _ => {}
        }
    }
    for read in &mut system.reads {
        if let ReadWhat::Column { rate, .. } = &mut read.what {
            *rate /= 10.0;
        }
    }
}

/// The variant of this name.
pub fn variant<'a>(scenario: &'a Scenario, name: &str) -> &'a Variant {
    let found = scenario.variants.iter().find(|variant| &*variant.name.shown == name);
    found.unwrap_or_else(|| panic!("no variant `{name}`"))
}

/// Runs one variant on one seed and keeps everything. What must add up in every run must here.
pub fn tell(scenario: &Scenario, variant: &Variant, seed: u64) -> RecordedRun {
    let setup = setup(scenario, variant);
    let list = Rc::new(RefCell::new(RecordList(Vec::new())));
    let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
    let judge = Rc::new(RefCell::new(Judge::audit(&setup.system, options)));
    run(&setup, seed, vec![Rc::clone(&list) as _, Rc::clone(&judge) as _]);
    let report = Rc::into_inner(judge).expect("the run is over").into_inner().finish();
    let failed: Vec<_> = report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{}: {failed:?}", variant.name.shown);
    let records = std::mem::take(&mut list.borrow_mut().0);
    RecordedRun { records, report }
}

/// A desk with one operation of one step, at this many a second, in a world where nothing takes
/// time but what these tables of the scenario say: `scenario` its head, `own` the desk's service
/// and other sections, `variant` what carries it out.
pub fn desk(scenario: &str, own: &str, rate: f64, variant: &str) -> String {
    format!(
        "[scenario]
         {scenario}
         {own}
         [databases.store]
         work = '0ns'
         force = '0ns'
         connections = 1000000
         cores = 1000000
         [links]
         default = {{ delay = '0ns' }}
         database = {{ delay = '0ns' }}
         client = {{ delay = '0ns' }}
         [tables.visit]
         owner = 'desk'
         database = 'store'
         columns = {{ state = 'none' }}
         [operations.visit]
         keys = {{ visit = 'new' }}
         [[operations.visit.steps]]
         name = 'come'
         by = 'desk'
         table = 'visit'
         key = 'visit'
         effect = {{ insert = {{ state = 'seen' }} }}
         [load.visits]
         operation = 'visit'
         poisson = {rate:?}
         {variant}
        "
    )
}
