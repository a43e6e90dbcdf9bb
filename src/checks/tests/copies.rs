//! M4, M5 and the measures of one read, for readers of a replica.

use super::{MS, distribution, quantity, share};
use crate::checks::RunReport;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::reads;
use crate::kernel::Span;
use crate::model::record::{OpId, ProbeEnd};
use crate::model::system::{
    ColumnRef, Feed, KeyChoice, Name, ReadSpec, ReadWhat, ReplicaSpec, ServiceId, System, TableId,
};
use crate::tests::history::{CUSTOMERS, History, system};

const COPY: TableId = TableId(3);
/// The read of the copy, behind the two that the small system has.
const SHOWN: u32 = 2;

/// The small system with a second service that keeps a copy of the customers and reads it.
fn copied() -> System {
    let mut system = system();
    let mut shop = system.services[0].clone();
    shop.name = Name::new("shop");
    system.services.push(shop);
    let mut copy = system.table(CUSTOMERS).clone();
    (copy.name, copy.owner) = (Name::new("copy"), ServiceId(1));
    system.tables.push(copy);
    let feed = Feed::Periodic(Span::from_secs(1));
    system.replicas.push(ReplicaSpec { of: CUSTOMERS, copy: COPY, feed });
    let ReadWhat::Column { column, .. } = system.reads[1].what else { panic!("a column") };
    let what = ReadWhat::Column { column, choice: KeyChoice::Uniform(CUSTOMERS), rate: 1.0 };
    system.reads.push(ReadSpec {
        name: Name::new("shown"),
        by: Some(ServiceId(1)),
        part: None,
        work: None,
        what,
    });
    system
}

/// A reader of the copy comes, sees, and hears it 7 ms later.
fn read(history: &mut History, row: u64) -> &mut History {
    history.reader_of((SHOWN, ColumnRef { table: COPY, column: 0 }), row, 7)
}

/// Of the reads of the copy: right and stale ones; their ages and versions behind.
fn seen(report: &RunReport) -> (u64, u64, Vec<u64>, Vec<u64>) {
    let read = &report.reads[SHOWN as usize];
    let within = read.within[2];
    assert_eq!((within.torn, read.read), (0, within.right + within.stale));
    let ages = report.measures.values(reads::AGE.of_read("shown"));
    let ages: Vec<u64> = ages.values.iter().map(|age| age / MS).collect();
    assert_eq!(distribution(report, STALE_AGE).values.len(), ages.len());
    (within.right, within.stale, ages, distribution(report, VERSIONS_BEHIND).values.clone())
}

#[test]
fn a_copied_value_is_right_while_its_source_holds_it() {
    let mut history = History::of(copied());
    read(history.at(20_000), 3); // Neither was ever written.
    history.at(21_000).value(CUSTOMERS, 0, 3, 5);
    history.at(22_000).value(CUSTOMERS, 0, 3, 6);
    read(history.at(24_000), 3); // It has left 0 for 3 s and been 5 since.
    history.at(25_000).value(COPY, 0, 3, 5);
    read(history.at(26_000), 3); // It has left 5 for 4 s.
    history.at(27_000).value(COPY, 0, 3, 6);
    read(history.at(28_000), 3);
    history.value(CUSTOMERS, 1, 3, 9).value(CUSTOMERS, 0, 4, 9);
    read(history.at(29_000), 3); // Another column and another row are no concern of it.
    assert_eq!(seen(&history.rest()), (3, 2, vec![3_000, 4_000], vec![1, 2]));
}

#[test]
fn a_value_that_came_back_is_right_again_and_ages_from_its_last_end() {
    let mut history = History::of(copied());
    history.at(20_000).value(CUSTOMERS, 0, 3, 5);
    history.at(21_000).value(CUSTOMERS, 0, 3, 0);
    read(history.at(22_000), 3);
    history.at(23_000).value(CUSTOMERS, 0, 3, 7);
    read(history.at(25_000), 3);
    assert_eq!(seen(&history.rest()), (1, 1, vec![2_000], vec![1]));
}

#[test]
fn a_row_that_is_gone_has_no_value() {
    let mut history = History::of(copied());
    history.at(20_000).delete(CUSTOMERS, 3);
    read(history.at(21_000), 3);
    history.at(22_000).delete(COPY, 3);
    read(history.at(23_000), 3);
    // A row that was not there at first, made and copied.
    history.at(24_000).value(CUSTOMERS, 0, 30, 1);
    read(history.at(25_000), 30);
    history.at(26_000).value(COPY, 0, 30, 1);
    read(history.at(27_000), 30);
    assert_eq!(seen(&history.rest()), (2, 2, vec![1_000, 1_000], vec![1, 1]));
}

#[test]
fn every_read_has_its_own_shares_which_add_up_to_one() {
    let mut history = History::of(copied());
    read(history.at(20_000), 3);
    history.at(21_000).value(CUSTOMERS, 0, 3, 5);
    read(history.at(22_000), 3);
    for (at, end) in [(24_000, ProbeEnd::Error), (25_000, ProbeEnd::TimedOut)] {
        let probe = history.begin_read(SHOWN, OpId::NONE);
        history.at(at).end_probe(probe, end);
    }
    history.begin_read(SHOWN, OpId::NONE); // Nobody ever answers.
    let report = history.rest();
    let read = &report.reads[SHOWN as usize];
    assert_eq!((read.scheduled, read.error, read.timed_out()), (5, 1, 2));
    let took = report.measures.values(reads::LATENCY.of_read("shown"));
    assert_eq!((took.offered, &took.values[..], took.never), (5, &[7 * MS, 7 * MS][..], 2));
    assert_eq!(report.measures.values(reads::AGE.of_read("shown")).offered, 2);
    assert_eq!(report.reads[1].scheduled, 0, "the readers of the source did not come");
    assert_eq!(quantity(&report, READ_ERRORS), share(1, 5));
    assert_eq!(quantity(&report, STALE), share(1, 2), "they count like all reads");
}
