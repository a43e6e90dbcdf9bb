//! The measures of each read of the scenario.

use super::sample;
use crate::checks::RunReport;
use crate::checks::measures::Distribution;
use crate::checks::measures::probes::{ProbeTally, ReadTally};
use crate::experiment::result::{Better, MeasureResult, SeedQuantiles, Unit, key, ratio};
use crate::model::system::System;

/// A share of a read's probes: its key, its name, what is better, and how many of them.
type Part = (&'static str, &'static str, Better, fn(&ReadTally) -> u64);

/// What becomes of every probe, one way or the other: these add up to one.
const PARTS: [Part; 5] = [
    ("right", "right", Better::Higher, |read| last(&read.ended).0),
    ("stale", "stale", Better::Lower, |read| last(&read.ended).1),
    ("torn", "torn", Better::Lower, |read| last(&read.ended).2),
    ("error", "errors", Better::Lower, |read| read.ended.error),
    ("timed-out", "timed out", Better::Lower, ReadTally::timed_out),
];

/// Times of a read's probes: the key, the name, and the times.
type Times = (&'static str, &'static str, fn(&ReadTally) -> &Distribution);

/// All times of a read's probes.
const TIMES: [Times; 2] =
    [("latency", "latency", |read| &read.took), ("age", "age of stale reads", |read| &read.ages)];

/// Right, stale and torn ones of all that were answered.
const fn last(ended: &ProbeTally) -> (u64, u64, u64) {
    let [.., within] = &ended.within;
    (within.right, within.stale, within.torn)
}

/// All measures of all reads, by key.
pub(super) fn measures_of(system: &System, reports: &[&RunReport]) -> Vec<(String, MeasureResult)> {
    let mut all = Vec::new();
    for (at, read) in system.reads.iter().enumerate() {
        let tallies: Vec<&ReadTally> = reports.iter().map(|report| &report.reads[at]).collect();
        let key_of = |what: &str| format!("{}.{}.{what}", key::READS, read.name.shown);
        let name_of = |what: &str| format!("{}: {what}", read.name.shown);
        let counts: Vec<_> = tallies.iter().map(|read| Some(read.ended.scheduled as f64)).collect();
        let count = name_of("reads");
        let count = MeasureResult::scalar(&count, Unit::Count, Better::Neither, &counts);
        all.push((key_of("count"), count));
        for (what, shown, better, part) in PARTS {
            let shares: Vec<_> =
                tallies.iter().map(|read| ratio(part(read), read.ended.scheduled)).collect();
            let share = MeasureResult::scalar(&name_of(shown), Unit::Share, better, &shares);
            all.push((key_of(what), share));
        }
        for (what, shown, times) in TIMES {
            let seeds = tallies.iter().map(|read| times(read));
            let seeds = seeds.map(|found| SeedQuantiles::of(found.offered, &sample(Some(found))));
            let (name, unit) = (name_of(shown), Unit::Nanoseconds);
            let seeds = seeds.collect();
            all.push((key_of(what), MeasureResult::over_seeds(&name, unit, Better::Lower, seeds)));
        }
    }
    all
}

/// The names of the reads that a service does for its clients.
pub(super) fn by_services(system: &System) -> Vec<String> {
    let read = system.reads.iter().filter(|read| read.by.is_some());
    read.map(|read| read.name.shown.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use crate::experiment::compare::Study;
    use crate::experiment::result::Statistic;
    use crate::experiment::testbed::{SHOP, scenario};

    #[test]
    fn every_read_has_its_own_measures_in_the_results() {
        let text = SHOP.to_owned()
            + "[reads.mine]\nby = 'order'\noperation = 'buy'\nsteps = ['place']\nat = ['1s']\n\
               [reads.left]\ntable = 'product'\ncolumn = 'left'\n\
               key = { rows-of = 'product' }\nrate = 1.0\n";
        let scenario = scenario(&text);
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
}
