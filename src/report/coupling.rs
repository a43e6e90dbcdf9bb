//! The facts of M13 (coupling), one line for each, for the page and for `coupling.csv`.

use super::human;
use crate::checks::measures::Unit;
use crate::experiment::result::{Comparison, VariantResult};

/// The availability that reports assume of each node.
pub const EACH: f64 = 0.999;

/// One fact about the dependence of services on each other.
pub struct Fact {
    /// The sort of fact, e.g. `writes`.
    pub fact: &'static str,
    /// The subject: a table, column, operation, database, fault or group.
    pub subject: String,
    /// The services that the fact is about.
    pub who: String,
    /// The rest of the fact, if it has any: by which service, or in which way.
    pub of: String,
    /// The number that belongs to the fact, with its unit.
    pub number: Option<(Unit, f64)>,
}

/// All facts about one variant, those of its layout first.
pub fn facts(variant: &VariantResult, seeds: usize) -> Vec<Fact> {
    let mut facts = tables(variant);
    facts.extend(chains(variant));
    for (number, group) in (1..).zip(&variant.coupling.together) {
        facts.extend(group.iter().map(|who| fact("deploys", &format!("group {number}"), who, "")));
    }
    facts.extend(waits(variant));
    for touched in &variant.touched {
        for (who, runs) in &touched.services {
            let share = *runs as f64 / seeds.max(1) as f64;
            let fact = fact("touched", &touched.fault, who, "share of the seeds");
            facts.push(Fact { number: Some((Unit::Share, share)), ..fact });
        }
    }
    facts
}

fn fact(fact: &'static str, subject: &str, who: &str, of: &str) -> Fact {
    Fact { fact, subject: subject.into(), who: who.into(), of: of.into(), number: None }
}

fn tables(variant: &VariantResult) -> Vec<Fact> {
    let mut facts = Vec::new();
    for table in &variant.coupling.tables {
        facts.push(fact("owns", &table.name, &table.owner, table.ownership.name()));
        for (what, services) in [
            ("writes", &table.writers),
            ("reads", &table.readers),
            ("relies on the schema", &table.schema_users),
            ("writes without right", &table.without_right),
            ("publishes", &table.publishers),
        ] {
            facts.extend(services.iter().map(|who| fact(what, &table.name, who, "")));
        }
        for (column, services) in &table.joint_columns {
            let subject = format!("{}.{column}", table.name);
            facts.extend(services.iter().map(|who| fact("writes jointly", &subject, who, "")));
        }
    }
    facts
}

fn chains(variant: &VariantResult) -> Vec<Fact> {
    let mut facts = Vec::new();
    for chain in &variant.coupling.chains {
        let needs = chain.needs.iter().map(|who| fact("needs", &chain.name, who, ""));
        facts.extend(needs);
        let share = chain.availability(|_| EACH);
        let fact = fact("is available", &chain.name, &chain.formula(), "with 99.9 % each");
        facts.push(Fact { number: Some((Unit::Share, share)), ..fact });
    }
    facts
}

fn waits(variant: &VariantResult) -> Vec<Fact> {
    let mut facts = Vec::new();
    for row in &variant.contended {
        for (what, waited) in [
            ("waited for a core", row.core),
            ("waited for a connection", row.connection),
            ("waited for a row lock", row.lock),
        ] {
            if waited > 0 {
                let fact = fact(what, &row.database, &row.service, row.holder());
                let number = Some((Unit::Nanoseconds, waited as f64));
                facts.push(Fact { number, ..fact });
            }
        }
        for (what, share) in
            [("share of its waits", row.share()), ("share of its time", row.slowdown())]
        {
            let number = share.map(|share| (Unit::Share, share));
            facts.push(Fact { number, ..fact(what, &row.database, &row.service, row.holder()) });
        }
    }
    facts
}

impl Fact {
    /// The number as reports show it.
    pub fn shown(&self) -> String {
        self.number.map(|(unit, number)| human::value(unit, number)).unwrap_or_default()
    }
}

/// Returns whether there is any fact to report: a comparison made by a test may lack layouts.
pub fn is_known(comparison: &Comparison) -> bool {
    comparison.variants.iter().any(|variant| !variant.coupling.tables.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn facts_are_said_in_order_with_their_numbers() {
        let comparison = comparison::comparison(6);
        let told: Vec<String> = facts(&comparison.variants[0], 6)
            .iter()
            .map(|fact| {
                let Fact { fact: what, subject, who, of, .. } = fact;
                format!("{what} | {subject} | {who} | {of} | {}", fact.shown())
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
