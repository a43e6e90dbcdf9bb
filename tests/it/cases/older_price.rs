//! An older price overtakes a newer one and stays.

use driftlab::checks::Verdict;
use driftlab::checks::census::Headline;
use driftlab::checks::measures::catalogue::{LAG, LOST_UPDATES, RELAPSES, VERSIONS_BEHIND};
use driftlab::checks::measures::reads;

use super::{count, number, report};

const TEXT: &str = include_str!("older-price-stays.toml");

#[test]
fn a_copy_that_an_older_price_overwrote_is_stale_from_then_on() {
    let report = report(TEXT, "two-publishers", 1);
    // The last price of the catalogue is set at 22 s; those of sales come 3 s late, at 23 s and at
    // 24 s. Readers come from 5 s to 65 s.
    let stale = number(&report, reads::STALE.of_read("listed"));
    assert!((stale - 42.0 / 60.0).abs() < 0.03, "{stale}");
    let behind = report.measures.values(VERSIONS_BEHIND);
    assert!(behind.values.iter().all(|behind| (1..=2).contains(behind)));
    assert_eq!((count(&report, LOST_UPDATES), count(&report, RELAPSES)), (1, 1));
    assert_eq!(report.measures.values(LAG).never, 1);
    assert_eq!(report.census.of(Headline::Lost), 1);
    assert_eq!(report.invariants[0].judgement.verdict, Verdict::Violated);
}

#[test]
fn where_everything_is_in_one_place_nothing_is_overtaken() {
    let report = report(TEXT, "local-ref", 1);
    assert_eq!(number(&report, reads::STALE.of_read("listed")), 0.0);
    assert_eq!((count(&report, LOST_UPDATES), count(&report, RELAPSES)), (0, 0));
    assert_eq!(report.measures.values(LAG).never, 0);
    assert_eq!(report.invariants[0].judgement.verdict, Verdict::Held);
}
