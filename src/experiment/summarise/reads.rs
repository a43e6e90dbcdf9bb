//! The measures of each read of the scenario.

use super::sample;
use crate::checks::RunReport;
use crate::checks::measures::probes::ReadTally;
use crate::checks::measures::reads::ReadNumber;
use crate::experiment::result::{Better, MeasureResult, SeedQuantiles, Unit, key, ratio};
use crate::model::system::System;

/// All measures of all reads, by key.
pub(super) fn measures_of(system: &System, reports: &[&RunReport]) -> Vec<(String, MeasureResult)> {
    let mut all = Vec::new();
    for (at, read) in system.reads.iter().enumerate() {
        let tallies: Vec<&ReadTally> = reports.iter().map(|report| &report.reads[at]).collect();
        for number in ReadNumber::ALL {
            let key = format!("{}.{}.{}", key::READS, read.name.shown, number.key());
            let name = format!("{}: {}", read.name.shown, number.name());
            all.push((key, measure_of(number, &name, &tallies)));
        }
    }
    all
}

/// One number of one read, of which there is a tally for each seed.
fn measure_of(number: ReadNumber, name: &str, tallies: &[&ReadTally]) -> MeasureResult {
    let better = match number {
        ReadNumber::Count => Better::Neither,
        ReadNumber::Right => Better::Higher,
        _ => Better::Lower,
    };
    if number.is_distribution() {
        let seeds = tallies.iter().filter_map(|read| number.values(read));
        let seeds = seeds.map(|found| SeedQuantiles::of(found.offered, &sample(Some(found))));
        return MeasureResult::over_seeds(name, Unit::Nanoseconds, better, seeds.collect());
    }
    if number == ReadNumber::Count {
        let counts: Vec<_> = tallies.iter().map(|read| Some(number.count(read) as f64)).collect();
        return MeasureResult::scalar(name, Unit::Count, better, &counts);
    }
    let shares = tallies.iter().map(|read| ratio(number.count(read), read.ended.scheduled));
    MeasureResult::scalar(name, Unit::Share, better, &shares.collect::<Vec<_>>())
}

/// The names of the reads that a service does for its clients.
pub(super) fn by_services(system: &System) -> Vec<String> {
    let read = system.reads.iter().filter(|read| read.by.is_some());
    read.map(|read| read.name.shown.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use crate::experiment::compare::Study;
    use crate::experiment::result::{CheckKind, CheckVerdict, Statistic};
    use crate::tests::runs::{SHOP, scenario};

    /// The shop with a read of one's own order, and one of a column.
    fn read_shop() -> String {
        SHOP.to_owned()
            + "[reads.mine]\nby = 'order'\noperation = 'buy'\nsteps = ['place']\nat = ['1s']\n\
               [reads.left]\ntable = 'product'\ncolumn = 'left'\n\
               key = { rows-of = 'product' }\nrate = 1.0\n"
    }

    #[test]
    fn every_read_has_its_own_measures_in_the_results() {
        let scenario = scenario(&read_shop());
        let comparison = Study::of(&scenario, [1]).compare().expect("one seed");
        let variant = &comparison.variants[0];
        let number = |key: &str, of| variant.measures[key].estimate(of).expect(key).value;
        assert_eq!(variant.reads, ["mine"]);
        // A buyer every 4 s from the end of the warm-up at 1 s to the end of the load at 60 s.
        assert_eq!(number("reads.mine.count", Statistic::Value), 14.0);
        assert_eq!(number("reads.mine.right", Statistic::Value), 1.0);
        assert_eq!(number("reads.mine.latency", Statistic::Max), 5e6);
        let shares = ["right", "stale", "torn", "error", "timed-out"];
        let share = |what| number(&format!("reads.left.{what}"), Statistic::Value);
        assert_eq!(shares.map(share).into_iter().sum::<f64>(), 1.0);
    }

    #[test]
    fn a_scenario_can_expect_something_of_one_read() {
        let expect = |measure, limit| format!("[[expect]]\nmeasure = '{measure}'\n{limit}\n");
        let text = read_shop()
            + &expect("reads.mine.count", "at-least = 14")
            + &expect("reads.mine.right", "at-least = 1.0")
            + &expect("reads.mine.latency.p99", "below = '5ms'")
            + &expect("reads.left.stale", "above = 0")
            + &expect("reads.left.age.max", "below = '1s'");
        let comparison = Study::of(&scenario(&text), [1]).compare().expect("one seed");
        let first = &comparison.variants[0].name;
        let judged = comparison.checks.iter();
        let judged = judged.filter(|it| it.kind == CheckKind::Expectation && it.variant == *first);
        let judged: Vec<_> = judged.map(|it| (&*it.name, it.verdict, &*it.why)).collect();
        let slow = "5ms, not below 5ms (seed 1)";
        let never = "there is no such value in this run (seed 1)";
        let expected = [
            ("mine: reads: at least 14", CheckVerdict::Held, "in 1 of 1 seeds"),
            ("mine: right: at least 1", CheckVerdict::Held, "in 1 of 1 seeds"),
            ("mine: latency, p99: below 5ms", CheckVerdict::Violated, slow),
            ("left: stale: above 0", CheckVerdict::Violated, "0, not above 0 (seed 1)"),
            ("left: age of stale reads, maximum: below 1s", CheckVerdict::Undecided, never),
        ];
        assert_eq!(judged, expected);
    }
}
