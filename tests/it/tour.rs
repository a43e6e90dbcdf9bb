//! The ownership tour: every scenario runs as recorded, its patterns keep their word, and each
//! shows what it is told for.

use std::path::{Path, PathBuf};

use driftlab::checks::Verdict;
use driftlab::checks::census::Headline;
use driftlab::checks::measures::catalogue::*;
use driftlab::checks::measures::{Key, reads};
use driftlab::experiment::compare::Study;
use driftlab::experiment::result::{CheckKind, Comparison, ListedOperation, Statistic};
use driftlab::experiment::stop::Stop;
use driftlab::kernel::Time;
use driftlab::model::record::Answer;

use crate::whole::{scenario, text};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ownership.txt")
}

/// A scenario of the tour on its first seed.
struct Stage(Comparison);

impl Stage {
    /// Runs all variants. What they print as fingerprints is recorded, and no promise is broken.
    fn of(name: &str) -> Self {
        let scenario = scenario(&text(&format!("ownership/{name}.toml")));
        let study = Study::of(&scenario, scenario.seed..=scenario.seed);
        let compared = study.run(&Stop::default(), &|| ());
        let comparison = compared.comparison.expect("nobody interrupts");
        let recorded = std::fs::read_to_string(golden()).unwrap_or_default();
        for variant in &comparison.variants {
            let print = variant.fingerprints[0];
            let line =
                format!("{} {} {} {print:016x}\n", scenario.name, variant.name, scenario.seed);
            assert!(recorded.contains(&line), "results changed: {line}");
        }
        for check in comparison.checks.iter().filter(|check| check.kind == CheckKind::Promise) {
            assert_ne!(check.verdict, Verdict::Violated, "{check:?}");
        }
        Self(comparison)
    }

    fn value(&self, variant: &str, of: impl Into<Key>, statistic: Statistic) -> f64 {
        let key = of.into();
        let found = self.0.variant(variant).unwrap_or_else(|| panic!("no variant {variant}"));
        let found = found.measures.get(&key).unwrap_or_else(|| panic!("no measure {key}"));
        found.estimate(statistic).unwrap_or_else(|| panic!("{variant} has no {key}")).value
    }

    fn number(&self, variant: &str, of: impl Into<Key>) -> f64 {
        self.value(variant, of, Statistic::Value)
    }

    fn p99(&self, variant: &str, of: impl Into<Key>) -> f64 {
        self.value(variant, of, Statistic::P99)
    }

    /// Operations of a variant with this headline.
    fn ended(&self, variant: &str, headline: Headline) -> u64 {
        self.0.variant(variant).expect("it was compared").census.of(headline)
    }
}

#[test]
fn a_joint_table_gets_an_owner_and_each_way_costs_something_else() {
    let stage = Stage::of("1-joint-table");
    for together in ["shared-database", "data-domain", "delegate-by-domain", "consolidation"] {
        assert_eq!(stage.value(together, LAG, Statistic::Max), 0.0, "{together}");
    }
    for apart in ["split-background-sync", "split-orchestrated", "split-events"] {
        let longest = stage.value(apart, LAG, Statistic::Max);
        assert!(longest > 1e9, "{apart}: a part of the row is missing for {longest} ns");
    }
    // A row without its other part is an orphan, for as long as the pattern takes.
    let orphaned = |variant| stage.number(variant, ORPHAN_TIME);
    assert!(orphaned("split-background-sync") > orphaned("split-orchestrated"));
    assert!(orphaned("split-orchestrated") > 0.0);
    assert_eq!(stage.number("split-background-sync", ORPHANS), 0.0, "not in the end");
    // The catalogue's page needs the inventory as soon as that has its copies in its hands.
    let right = || reads::RIGHT.of_read("book-page");
    // Where it does not, it lacks an answer only while the database is away: 7 s of 60 s.
    let away = 1.0 - stage.number("delegate-by-domain", right());
    assert!((0.06..0.15).contains(&away), "{away}");
    assert!(stage.number("delegate-by-need", right()) < 0.85);
    assert!(stage.number("split-events", right()) < 0.9);
    // The frequent writer pays the hop under the domain's choice, the rare one under the other.
    let hops = |variant| stage.number(variant, SERVICE_MESSAGES);
    assert!(hops("delegate-by-need") < 0.3 && hops("delegate-by-domain") > 1.0);
    let coupled = |variant| stage.0.variant(variant).expect("compared").coupling.joint_tables();
    assert_eq!((coupled("shared-database"), coupled("split-events")), (1, 0));
}

#[test]
fn common_data_is_asked_for_copied_or_shared() {
    let stage = Stage::of("2-common-data");
    let stale = || reads::STALE.of_read("region-of-customer");
    assert!(stage.number("copy-every-20s", stale()) > 0.1);
    assert!(stage.number("copy-by-events", stale()) < 0.01);
    assert_eq!(stage.number("shared-schema", stale()), 0.0);
    let available = |variant| stage.number(variant, AVAILABILITY);
    for other in ["copy-every-20s", "copy-by-events", "shared-schema"] {
        assert!(available(other) > available("reference-service") + 0.1, "{other}");
    }
}

#[test]
fn the_squad_decides_between_every_technique() {
    let stage = Stage::of("3-sysops-squad");
    let lag = |variant| stage.p99(variant, LAG);
    assert_eq!((lag("shared-database"), lag("data-domain"), lag("consolidation")), (0.0, 0.0, 0.0));
    assert!(lag("split-background-sync") > lag("split-events"));
    assert!(lag("split-events") > lag("decision"));
    // The outage of the assignment service is everybody's who needs it for an answer.
    let available = |variant| stage.number(variant, AVAILABILITY);
    assert!(available("split-events") > available("decision"));
    // There is no broker, and a ticket that cannot be assigned is deleted again.
    let messages = |variant| stage.number(variant, BROKER_MESSAGES);
    assert!(messages("decision") == 0.0 && messages("split-events") > 0.0);
    assert!(stage.ended("decision", Headline::Compensated) > 0);
    assert!(stage.0.variants.iter().all(|variant| stage.ended(&variant.name, Headline::Lost) == 0));
}

#[test]
fn one_query_in_a_hundred_makes_everybody_wait() {
    let stage = Stage::of("4-noisy-neighbour");
    let p99 = |variant| stage.p99(variant, reads::LATENCY.of_read("orders"));
    assert!(p99("shared-database") > 10.0 * p99("database-per-service"));
    assert!(stage.number("shared-database", WAITED_SHARE) > 0.5);
}

#[test]
fn a_changed_column_breaks_those_who_rely_on_it() {
    let stage = Stage::of("5-schema-change");
    let failures = |variant| stage.number(variant, SCHEMA_BREAKS);
    for variant in ["shared-database", "schema-per-owner", "rows-as-interface"] {
        assert!(failures(variant) > 0.0, "{variant}");
    }
    assert_eq!(failures("contract"), 0.0);
    // Who reads the column notices at first use; who reads another one of the table does not, and
    // lacks an answer, where it has to ask, for no longer than the deployment of the owner takes:
    // 5 s and 5 s of starting, of 120 s.
    let right = |variant, read| stage.number(variant, reads::RIGHT.of_read(read));
    for variant in ["shared-database", "schema-per-owner"] {
        assert!(right(variant, "nightly") < 1.0, "{variant}");
        assert_eq!(right(variant, "campaign"), 1.0, "{variant}");
    }
    let away = |variant| 1.0 - right(variant, "campaign");
    assert!((0.06..0.11).contains(&away("contract")), "{}", away("contract"));
    assert_eq!(away("rows-as-interface"), away("contract"));
    assert!(right("rows-as-interface", "nightly") < right("contract", "nightly"));
    let together =
        |variant| stage.0.variant(variant).expect("it was compared").coupling.largest_deployment();
    assert_eq!((together("shared-database"), together("contract")), (4, 1));
}

#[test]
fn what_is_reconciled_at_night_disagrees_by_day() {
    let stage = Stage::of("6-billing");
    let lag = |variant| stage.p99(variant, LAG);
    assert!(lag("nightly") > 60e9 && lag("hourly") > 5e9);
    assert!(lag("hourly") > lag("events") && lag("events") > lag("two-phase-commit"));
    assert!(stage.number("nightly", MESSAGES) < stage.number("events", MESSAGES));
}

#[test]
fn who_checks_and_then_acts_sells_what_is_not_there() {
    let stage = Stage::of("7-oversell");
    let sold = |variant| stage.number(variant, OVERSELLS);
    assert!(sold("one-database") < sold("ask-events"));
    assert!(sold("copy-every-10s") > sold("ask-orchestrated"));
    assert!(sold("copy-every-10s") > sold("ask-events") && sold("ask-events") > 0.0);
    let seats = stage.0.checks.iter().filter(|check| check.name == "no seat is oversold");
    assert!(seats.clone().count() == 5 && seats.into_iter().all(|it| it.verdict == Verdict::Held));
}

#[test]
fn neighbours_look_alike_and_are_not() {
    let stage = Stage::of("8-neighbours");
    let coupling = |variant| &stage.0.variant(variant).expect("it was compared").coupling;
    assert_eq!(coupling("monolith").largest_deployment(), 3);
    assert_eq!(coupling("microlith").largest_deployment(), 3);
    assert_eq!(coupling("same-schema").largest_deployment(), 3);
    assert_eq!(coupling("database-per-service").largest_deployment(), 1);
    // Both worsts: the calls of services, and the schema of a monolith.
    assert!(stage.p99("microlith", DONE) > stage.p99("monolith", DONE));
    // What fails together is one; what is separate lets the others answer.
    let available = |variant| stage.number(variant, AVAILABILITY);
    assert!(available("database-per-service") > available("monolith"));
}

#[test]
fn a_migration_takes_over_what_arrives_and_leaves_what_was_under_way() {
    let stage = Stage::of("9-migration");
    let lost = |variant| stage.ended(variant, Headline::Lost);
    assert_eq!((lost("orchestrated"), lost("events"), lost("migration")), (0, 0, 0));
    assert!(lost("hasty-migration") > 0);
    // Of two outages of the stock service one is over before the switch.
    let available = |variant| stage.number(variant, AVAILABILITY);
    let half = (available("orchestrated") + available("events")) / 2.0;
    assert!((available("migration") - half).abs() < 0.02, "{}", available("migration"));
}

#[test]
fn a_table_gets_its_owner_in_the_middle_of_the_day() {
    let stage = Stage::of("10-strangler");
    let rows = |variant: &str| &stage.0.variant(variant).expect("compared").operations[0];
    let seconds = |row: &ListedOperation| row.arrived.as_nanos() as f64 / 1e9;
    // Until the switch everything is as it was; what arrives later would have arrived anyway.
    let early = |variant| -> Vec<&ListedOperation> {
        rows(variant).iter().filter(|row| seconds(row) < 69.0).collect()
    };
    assert_eq!(early("switched"), early("before"));
    let arrivals = |variant| -> Vec<Time> { rows(variant).iter().map(|row| row.arrived).collect() };
    assert_eq!(arrivals("switched"), arrivals("after"));
    // The shop's reservations, before the switch and behind it.
    let reserved = |name: &str| -> Vec<&ListedOperation> {
        let kinds = &stage.0.variant("switched").expect("compared").kinds;
        rows("switched").iter().filter(|row| *kinds[row.kind.index()] == *name).collect()
    };
    let (old, new) = (reserved("reserve"), reserved("reserve (from 70s)"));
    assert!(old.iter().all(|row| seconds(row) < 70.0) && old.len() > 500);
    assert!(new.iter().all(|row| seconds(row) >= 70.0) && new.len() > 500);
    // The first outage of the warehouse is not the shop's. The second one is.
    let failed = |rows: &[&ListedOperation], from: f64, until: f64| -> (usize, usize) {
        let during = rows.iter().filter(|row| (from..until).contains(&seconds(row)));
        let bad =
            |row: &&&ListedOperation| [Answer::TechnicalNo, Answer::Unknown].contains(&row.answer);
        (during.clone().filter(bad).count(), during.count())
    };
    assert_eq!(failed(&old, 10.0, 70.0).0, 0);
    assert_eq!(failed(&new, 70.0, 94.0).0, 0, "the switch itself costs no operation");
    let (bad, all) = failed(&new, 95.0, 105.0);
    assert!(bad > all * 9 / 10, "{bad} of {all}");
    // And each reservation waits for one hop more.
    let median = |rows: &[&ListedOperation]| -> u64 {
        let mut took: Vec<u64> =
            rows.iter().filter_map(|row| Some(row.answered_after?.as_nanos())).collect();
        took.sort_unstable();
        took[took.len() / 2]
    };
    let added = median(&new) - median(&old);
    assert!((1_000_000..4_000_000).contains(&added), "{added} ns");
    let available = |variant| stage.number(variant, AVAILABILITY);
    assert!(available("before") > available("switched"));
    assert!(available("switched") > available("after"));
    let right = |variant| stage.number(variant, reads::RIGHT.of_read("product-page"));
    assert_eq!(right("before"), 1.0);
    assert!(right("before") > right("switched") && right("switched") > right("after"));
}

#[test]
fn with_two_publishers_an_older_price_overtakes_a_newer_one() {
    let stage = Stage::of("11-two-publishers");
    let publishers = |variant| {
        let coupling = &stage.0.variant(variant).expect("it was compared").coupling;
        let books = coupling.tables.iter().find(|table| table.name == "book");
        books.expect("there are books").publishers.len()
    };
    assert_eq!((publishers("two-publishers"), publishers("one-publisher")), (2, 1));
    let overtaken = |variant| stage.number(variant, OUT_OF_ORDER);
    assert!(overtaken("two-publishers") > 5.0, "{}", overtaken("two-publishers"));
    assert_eq!((overtaken("one-publisher"), overtaken("one-outbox")), (0.0, 0.0));
}
