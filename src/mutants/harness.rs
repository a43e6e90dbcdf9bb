//! The scenario in which a mutant runs, and the pattern with and without its mutation.

use std::sync::Arc;

use serde::Serialize;
use toml::{Table, Value};

use super::mutated::{Mutated, answering_early, lapsing};
use super::{Mutant, Mutation};
use crate::faults::plan::PlannedFault;
use crate::model::contract::Promises;
use crate::scenario::{Registries, Scenario, Variant};
use crate::search::trial::{Case, Trial};

/// How many operations a run has in which a mutant shows under its least plan.
pub const OPERATIONS: usize = 12;

/// The scenario in which every mutant runs, but for the variants.
pub(super) const SHOP: &str = include_str!("shop.toml");

/// A mutant and its original in the scenario of the mutants.
pub struct Harness {
    scenario: Scenario,
    promises: Promises,
    seed: u64,
}

/// The parts of the scenario that differ from mutant to mutant.
#[derive(Serialize)]
struct Parts<'a> {
    faults: &'a [Table],
    variants: Variants<'a>,
}

#[derive(Serialize)]
struct Variants<'a> {
    original: VariantParts<'a>,
    mutant: VariantParts<'a>,
}

#[derive(Serialize)]
struct VariantParts<'a> {
    pattern: &'a str,
    settings: Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<&'a Table>,
}

impl Harness {
    /// The harness of a mutant.
    ///
    /// # Panics
    ///
    /// If the pattern, the settings or the least plan of the mutant are not what a scenario may
    /// have.
    pub fn of(mutant: &'static Mutant) -> Self {
        let text = text(mutant);
        let scenario = Scenario::from_text(&text, &Registries::builtin());
        let mut scenario = scenario.unwrap_or_else(|problems| panic!("{}: {problems}", mutant.id));
        let [original, mutated] = &mut scenario.variants[..] else { panic!("two variants") };
        let correct = Arc::clone(&original.pattern);
        let promises = correct.promises(&original.system);
        match &mutant.mutation {
            Mutation::Settings(_) => {}
            Mutation::Lapse(lapse) => {
                mutated.pattern = Arc::new(lapsing(correct, *lapse));
            }
            Mutation::AnswersEarly(label) => {
                mutated.pattern = Arc::new(answering_early(correct, label));
            }
            Mutation::SeededBug(bug) => {
                let put_to_work = bug.put_to_work(&mutant.settings);
                mutated.pattern = Arc::new(Mutated { original: correct, put_to_work });
            }
        }
        Self { scenario, promises, seed: mutant.seed }
    }

    /// The pattern without the mutation.
    pub fn original(&self) -> Trial<'_> {
        self.trial(&self.scenario.variants[0])
    }

    /// The pattern with the mutation, judged by what its original promises.
    pub fn mutant(&self) -> Trial<'_> {
        self.trial(&self.scenario.variants[1])
    }

    fn trial<'a>(&'a self, variant: &'a Variant) -> Trial<'a> {
        Trial::new(&self.scenario, variant).promising(self.promises.clone()).reading()
    }

    /// The least plan of faults that shows the mutation.
    pub fn least(&self) -> &[PlannedFault] {
        &self.scenario.faults
    }

    /// A case with the operations of the mutant and these faults.
    pub fn case(&self, faults: &[PlannedFault]) -> Case {
        let (seed, operations) = (self.seed, self.mutant().offers(self.seed, OPERATIONS));
        Case { seed, operations, faults: faults.to_vec(), ..Case::default() }
    }
}

/// The scenario of a mutant.
fn text(mutant: &Mutant) -> String {
    let mut changed = mutant.settings.clone();
    if let Mutation::Settings(changes) = &mutant.mutation {
        changed.extend(changes.clone());
    }
    let (pattern, technique) = (&mutant.pattern, mutant.technique.as_ref());
    let variant = |settings| VariantParts { pattern, settings, technique };
    let variants =
        Variants { original: variant(mutant.settings.clone()), mutant: variant(changed) };
    let parts = toml::to_string(&Parts { faults: &mutant.faults, variants });
    let is_kept = |line: &&str| mutant.refusals || !line.starts_with("refuse ");
    let shop: Vec<&str> = SHOP.lines().filter(is_kept).collect();
    // In front: without faults there is a bare key, which must not end up in a table of the shop.
    let shop = shop.join("\n");
    let shop = if mutant.world.is_empty() { shop } else { changed_by(&shop, &mutant.world) };
    format!("{}\n{shop}", parts.expect("tables"))
}

/// The shop with these changes.
fn changed_by(shop: &str, changes: &Table) -> String {
    let mut shop: Table = shop.parse().expect("the shop is a table");
    merge(&mut shop, changes);
    toml::to_string(&shop).expect("a table")
}

fn merge(into: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (into.get_mut(key), change) {
            (Some(Value::Table(known)), Value::Table(change)) => merge(known, change),
            _ => drop(into.insert(key.clone(), change.clone())),
        }
    }
}
