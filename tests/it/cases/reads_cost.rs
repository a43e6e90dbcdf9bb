//! A read through a service takes one of its workers and its work.

use driftlab::checks::measures::reads;
use driftlab::model::record::{Kind, Record};

use crate::whole::{scenario, tell, variant};

const READS: &str = include_str!("reads-cost-a-worker.toml");

#[test]
fn one_worker_of_ten_milliseconds_serves_a_hundred_reads_a_second() {
    let scenario = scenario(READS);
    let told = tell(&scenario, variant(&scenario, "local"), 1);
    let within = |record: &&Record| (10..30).contains(&(record.time.as_nanos() / 1_000_000_000));
    let served = told.all(Kind::Finished).filter(within).count();
    // A write takes a little longer than its work.
    assert!((1_995..=2_000).contains(&served), "{served} in 20 s");
    let number = |of| told.report.measures.number(of).value().expect("it is measured");
    let right = number(reads::RIGHT.of_read("pages"));
    // The wait grows by 2 s a second and passes the reader's 5 s after 2.5 s of 30.
    assert!((right - 2.5 / 30.0).abs() < 0.01, "{right}");
}
