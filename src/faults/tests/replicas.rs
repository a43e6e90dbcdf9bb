//! Copies that lag, every duration constant.

use crate::kernel::{Span, Time};
use crate::model::record::Event;
use crate::model::system::{ColumnRef, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_text};

const PRODUCTS: TableId = TableId(1);
const COPY: TableId = TableId(2);

/// The shop with a copy of its products at the order service, and faults; from 10 s on a product
/// changes every two seconds.
fn text(feed: &str, faults: &str) -> String {
    let technique = format!(
        "saga = {{ technique = {{ name = 'replicate', tables = ['product'], to = ['order'], \
         {feed} }}, "
    );
    SHOP.replace("saga = { ", &technique) + faults
}

fn run(feed: &str, fault: &str) -> RecordedRun {
    let fault = format!("[[faults]]\nkind = 'replica-lag'\ntable = 'product'\n{fault}\n");
    record_text(&text(feed, &fault), "saga", 1)
}

/// When the cells of a table changed.
fn changes(told: &RecordedRun, table: TableId) -> Vec<Time> {
    let cell = ColumnRef { table, column: 0 };
    told.pick(pick!(record: Event::Value { column, .. } if column == cell => record.time)).collect()
}

/// How long after the source its copy held the same, each time, from the start of the fault on.
fn lags(told: &RecordedRun, from: Time) -> Vec<Span> {
    let (source, copy) = (changes(told, PRODUCTS), changes(told, COPY));
    assert_eq!(source.len(), copy.len());
    let both = source.into_iter().zip(copy).filter(|(source, _)| *source >= from);
    both.map(|(source, copy)| copy - source).collect()
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Span::from_secs(seconds)
}

const fn millis(millis: u64) -> Span {
    Span::from_millis(millis)
}

#[test]
fn every_refreshment_is_late_by_so_much_and_the_table_is_as_ever() {
    let late = run("feed = 'events'", "at = '20s'\nfor = '20s'\nby = '500ms'");
    let lags = lags(&late, at(0));
    let (usual, slow) = (millis(13), millis(513));
    // Until 20 s: four orders, and from 10 s on three that were taken back.
    let during = lags.iter().filter(|lag| **lag == slow).count();
    assert_eq!(during, 10, "{lags:?}");
    assert!(lags.iter().all(|lag| [usual, slow].contains(lag)), "{lags:?}");
    let never = run("feed = 'events'", "at = '20s'\nfor = '20s'\nby = '500ms'\nreader = 'order'");
    assert_eq!(changes(&never, COPY), changes(&late, COPY), "it is the only reader");
    let well = record_text(&text("feed = 'events'", ""), "saga", 1);
    assert_eq!(changes(&late, PRODUCTS), changes(&well, PRODUCTS));
}

#[test]
fn a_feed_that_stands_still_catches_up_when_it_may() {
    let told = run("feed = 'events'", "at = '20s'\nfor = '15s'");
    let copied = changes(&told, COPY);
    let stopped = copied.iter().filter(|time| (at(20)..at(35)).contains(time)).count();
    assert_eq!(stopped, 0);
    let behind: Vec<Time> =
        copied.iter().filter(|time| (at(35)..at(36)).contains(time)).copied().collect();
    // What had been read travels (1 ms), is served (1), written (1 + 1 + 1) and committed (1 + 2).
    // That is acknowledged (1 + 1), and then all the rest follows as it always does, at once.
    assert_eq!(behind[0], at(35) + millis(8));
    assert!(behind[1..].iter().all(|time| *time == at(35) + millis(8 + 2 + 13)), "{behind:?}");
    assert!(told.ran.settled);
}

#[test]
fn a_periodic_copy_goes_on_at_its_next_time() {
    let told = run("feed = 'periodic', every = '3s'", "at = '20s'\nfor = '15s'");
    let copied = changes(&told, COPY);
    assert!(copied.iter().all(|time| !(at(20)..at(35)).contains(time)));
    let after = |from, until| {
        let within = copied.iter().filter(|time| (at(from)..at(until)).contains(time));
        within.map(|time| *time - at(from)).collect::<Vec<_>>()
    };
    // The pull of 21 s was held back; the next one behind it is due at 36 s.
    assert!(!after(35, 36).is_empty() && after(35, 36).iter().all(|late| *late < millis(10)));
    assert!(!after(36, 37).is_empty());
}

#[test]
fn lags_overlap_and_outlive_a_crash_and_the_copy_is_whole_in_the_end() {
    let second = "[[faults]]\nkind = 'replica-lag'\ntable = 'product'\nat = '25s'\nfor = '20s'\n\
                  by = '3s'\n[[faults]]\nkind = 'crash'\ntarget = 'stock'\nat = '28s'\nfor = '2s'";
    let told = run("feed = 'events'", &format!("at = '20s'\nfor = '10s'\n{second}"));
    let (source, copy) = (changes(&told, PRODUCTS), changes(&told, COPY));
    assert!(copy.iter().all(|time| !(at(20)..at(30)).contains(time)), "the longer one counts");
    let last = |table| {
        let cell = ColumnRef { table, column: 0 };
        let mut cells = [99; 5];
        let values = pick!(Event::Value { column, row, value } if column == cell => (row, value));
        told.pick(values).for_each(|(row, value)| cells[row.0 as usize] = value);
        cells
    };
    assert_eq!(last(PRODUCTS), last(COPY));
    assert!(told.ran.settled && source.len() >= copy.len());
}

#[test]
fn copies_are_not_among_what_every_variant_has() {
    let random = "\n[[faults]]\nkind = 'random'\nat = '10s'\nkinds = ['replica-lag']\n";
    let registries = crate::scenario::Registries::builtin();
    let refused =
        crate::scenario::Scenario::from_text(&text("feed = 'events'", random), &registries);
    let message = refused.err().expect("it is refused");
    assert!(message.to_string().contains("copies, which not every variant has"), "{message}");
}
