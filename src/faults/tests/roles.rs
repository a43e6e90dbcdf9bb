//! A pattern from outside brings a driver of its own, which faults know by its role.

use std::rc::Rc;

use crate::experiment::compare::setup;
use crate::model::contract::Driver;
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, Event, OpId};
use crate::model::system::StepId;
use crate::model::world::World;
use crate::patterns::pattern::{Pattern, Patterns};
use crate::patterns::step::{self, ApplyOptions};
use crate::scenario::{Invalid, Registries, Scenario};
use crate::tests::pick;
use crate::tests::runs::record_run;

/// A local commit; an auditor looks on from nodes of its own, by a name without its role.
struct Audited;

impl Pattern for Audited {
    const NAME: &'static str = "audited";
    const SUMMARY: &'static str = "a local commit that an auditor watches";
    const MANUAL: &'static str = "//! For tests.";
    type Settings = ();

    fn drivers((): &()) -> Vec<Driver> {
        let watch = |name| Driver { name, role: "auditor" };
        vec![watch("east-eye"), watch("west-eye"), Driver::new("archive")]
    }

    fn new((): &(), _: &Rc<World>) -> Self {
        Self
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, _: OpId) -> Answer {
        match step::apply(&here, StepId(0), ApplyOptions::default()).await {
            Ok(()) => Answer::Done,
            Err(_) => Answer::TechnicalNo,
        }
    }
}

fn load(role: &str, patterns: Patterns) -> Result<Scenario, Invalid> {
    let text = format!(
        "[scenario]\nname = 'audit'\nload = '60s'\nsettle = '10s'\n\
         [services]\norder = {{}}\n\
         [databases]\norder-db = {{}}\n\
         [tables]\norder = {{ owner = 'order', database = 'order-db', columns = {{ s = 0 }} }}\n\
         [operations.place]\nkeys = {{ order = 'new' }}\n\
         steps = [{{ name = 'place', by = 'order', table = 'order', key = 'order', \
         effect = {{ insert = {{ s = 1 }} }} }}]\n\
         [load.buyers]\noperation = 'place'\nconstant = '1s'\n\
         [variants.it]\npattern = 'audited'\n\
         [[faults]]\nkind = 'pause'\ntarget = 'role:{role}'\nat = '40s'\nfor = '1s'\n"
    );
    let registries = Registries { patterns, ..Registries::builtin() };
    Scenario::from_text(&text, &registries)
}

#[test]
fn the_driver_of_a_pattern_from_outside_is_struck_by_its_role() {
    let patterns = || Patterns::builtin().with::<Audited>();
    let struck = |role: &str| {
        let scenario = load(role, patterns()).unwrap_or_else(|problems| panic!("{problems}"));
        let told = record_run(&setup(&scenario, &scenario.variants[0]), 1);
        let begun = pick!(Event::FaultBegan { nodes, .. } => nodes);
        told.pick(begun).collect::<Vec<u64>>()
    };
    assert_eq!(struck("auditor"), [2], "both nodes that play it");
    assert_eq!(struck("archive"), [1]);
    assert_eq!(struck("driver"), [3]);
    assert_eq!(struck("relay"), [0], "a role that this pattern does not have");
    let problems = load("auditer", patterns()).err().expect("nobody plays it").to_string();
    assert!(problems.contains("role:auditor"), "the nearest role is suggested: {problems}");
}
