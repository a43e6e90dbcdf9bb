//! Tests of quorum replication: the layout, what partial quorums show, and what faults do to it.

use rand::RngExt;

use super::*;
use crate::checks::measures::{Quantity, Scope, reads};
use crate::kernel::{Purpose, RandomStreams};
use crate::model::record::{Answer, Event};
use crate::model::system::Anchor;
use crate::techniques::tests::layouts::{laid, refused};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Rows are written once each and read after the answer; nothing but the legs of quorums takes any
/// time. What is kept on the three services is as `settings` says.
fn store(settings: &str, at: &str, more: &str) -> RecordedRun {
    let service = "{ work = '0ns', workers = 100000 }";
    let database = "{ work = '0ns', force = '0ns', connections = 100000, cores = 100000 }";
    let text = format!(
        "[scenario]
         name = 'store'
         warm-up = '0s'
         load = '60s'
         settle = '30s'
         [links]
         default = {{ delay = '0ns' }}
         database = {{ delay = '0ns' }}
         client = {{ delay = '0ns' }}
         [services]
         shop = {service}
         a = {service}
         b = {service}
         c = {service}
         [databases]
         shop-db = {database}
         a-db = {database}
         b-db = {database}
         c-db = {database}
         [tables.price]
         owner = 'shop'
         database = 'shop-db'
         columns = {{ amount = 0 }}
         [operations.put]
         keys = {{ price = 'new' }}
         [[operations.put.steps]]
         name = 'put'
         by = 'shop'
         table = 'price'
         key = 'price'
         effect = {{ insert = {{ amount = 7 }} }}
         [load.puts]
         operation = 'put'
         poisson = 40.0
         [reads.see]
         operation = 'put'
         after = 'answer'
         at = [{at}]
         [variants.quorum]
         pattern = 'local-transaction'
         [variants.quorum.technique]
         name = 'quorum'
         tables = ['price']
         on = ['a', 'b', 'c']
         {settings}
         {more}"
    );
    record_text(&text, "quorum", 1)
}

/// The share of the reads so long after the answer that were stale, and how many reads there were.
fn stale(told: &RecordedRun, after: Span) -> (f64, f64) {
    let scope = Scope::ReadAt("see".into(), after, Anchor::Answer);
    match told.report.measures.number(reads::STALE.of(&scope)) {
        Quantity::Ratio { part, whole } => (part as f64 / whole as f64, whole as f64),
        other => panic!("{other:?}"),
    }
}

/// The answers of the operations that arrived in these seconds.
fn answers(told: &RecordedRun, seconds: std::ops::Range<u64>) -> Vec<Answer> {
    let rows = told.report.operations.iter();
    let within =
        |at: Span| Span::from_secs(seconds.start) <= at && at < Span::from_secs(seconds.end);
    let rows = rows.filter(|row| within(Span::from_nanos(row.arrived.as_nanos())));
    rows.map(|row| row.answer).collect()
}

/// How many rows a copy has got, by its place.
fn rows_of_copies(told: &RecordedRun) -> Vec<usize> {
    let copies = &told.system.quorums[0].copies;
    let of = |copy: &TableId| {
        let written = pick!(Event::Value { column, .. } => column.table);
        told.pick(written).filter(|table| table == copy).count()
    };
    copies.iter().map(of).collect()
}

const MEMORYLESS: &str = "write-request = { exponential = '10ms' }\nacknowledgement = '1ms'\n\
                          read-request = { exponential = '1ms' }\nresponse = '1ms'\n";

#[test]
fn copies_are_tables_of_their_keepers_and_quorums_are_majorities_by_default() {
    let all = "{ name = 'quorum', tables = ['shelf'], on = ['catalog', 'inventory', 'desk'] }";
    let after = laid(&format!("['delegate', {all}]")).after;
    let quorum = &after.quorums[0];
    assert_eq!((quorum.write, quorum.read, quorum.is_strict()), (2, 2, true));
    let names: Vec<&str> =
        quorum.copies.iter().map(|copy| &*after.table(*copy).name.shown).collect();
    assert_eq!(names, ["shelf@catalog", "shelf@inventory", "shelf@desk"]);
    let legs = "tables = ['shelf'], on = ['catalog', 'desk'], write = 1, read = 1";
    let after = laid(&format!("['delegate', {{ name = 'quorum', {legs} }}]")).after;
    assert!(!after.quorums[0].is_strict());
}

#[test]
fn what_makes_no_quorum_is_refused() {
    let refused = |keys: &str| refused(&format!("['delegate', {{ name = 'quorum', {keys} }}]"));
    for (keys, message) in [
        ("tables = ['shelf'], on = []", "must name the services"),
        ("tables = ['shelf'], on = ['desk'], write = 2", "between 1 and the 1 copies, not 2"),
        ("tables = ['shelf'], on = ['desk'], read = 0", "between 1 and the 1 copies, not 0"),
        ("tables = ['shelf'], on = ['nobody']", "no service is named `nobody`"),
        (
            "tables = ['shelf'], on = ['desk'], response = { uniform = ['2ms', '1ms'] }",
            "begins with 2ms, beyond 1ms",
        ),
        (
            "tables = ['shelf'], on = ['desk'], response = { mixture = [] }",
            "needs parts with weights above 0",
        ),
    ] {
        let problems = refused(keys);
        assert!(problems.contains(message), "{keys}: {problems}");
    }
}

#[test]
fn quorums_that_meet_are_never_stale_and_partial_ones_are() {
    for (sizes, is_stale) in [
        ("write = 2\nread = 2\n", false),
        ("write = 3\nread = 1\n", false),
        ("write = 1\nread = 3\n", false),
        ("write = 1\nread = 1\n", true),
        ("write = 2\nread = 1\n", true),
        ("write = 1\nread = 2\n", true),
    ] {
        let told = store(&[MEMORYLESS, sizes].concat(), "'0s', '1s'", "");
        assert!(told.report.failed_self_checks().next().is_none());
        assert!(told.ran.settled);
        let (share, count) = stale(&told, Span::ZERO);
        assert!(count > 2_000.0, "{count}");
        assert_eq!(share > 0.05, is_stale, "{sizes}: {share}");
        assert_eq!(stale(&told, Span::from_secs(1)).0, 0.0, "all copies have it by then");
        assert!(answers(&told, 0..60).iter().all(|answer| *answer == Answer::Done));
    }
}

/// The WARS model as the paper has it: the share of the reads that begin so long after a write was
/// acknowledged and miss it. Legs are given by their quantile functions in ms.
struct Wars {
    write: fn(f64, f64) -> f64,
    other: fn(f64, f64) -> f64,
    quorums: (usize, usize),
}

impl Wars {
    fn stale(&self, after: f64) -> f64 {
        const TRIALS: u64 = 40_000;
        let streams = RandomStreams::new(7);
        let mut stream = streams.stream(Purpose::Probe, 1);
        let mut draw = |leg: fn(f64, f64) -> f64| leg(stream.random(), stream.random());
        let missed = (0..TRIALS).filter(|_| {
            let legs = [(); 3].map(|()| {
                let (write, back) = (draw(self.write), draw(self.other));
                (write, write + back, draw(self.other), draw(self.other))
            });
            let mut acknowledged = legs.map(|leg| leg.1);
            acknowledged.sort_unstable_by(f64::total_cmp);
            let begun = acknowledged[self.quorums.0 - 1] + after;
            let mut answers = legs.map(|leg| (leg.2 + leg.3, begun + leg.2 < leg.0));
            answers.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
            answers[..self.quorums.1].iter().all(|(_, is_early)| *is_early)
        });
        missed.count() as f64 / TRIALS as f64
    }
}

fn exponential(uniform: f64, mean: f64) -> f64 {
    -mean * libm::log(1.0 - uniform)
}

fn pareto(uniform: f64, least: f64, alpha: f64) -> f64 {
    least * libm::pow(1.0 - uniform, -1.0 / alpha)
}

fn ssd(part: f64, uniform: f64) -> f64 {
    if part < 0.9122 { pareto(uniform, 0.235, 10.0) } else { exponential(uniform, 1.0 / 1.66) }
}

fn disk(part: f64, uniform: f64) -> f64 {
    if part < 0.38 { pareto(uniform, 1.05, 1.51) } else { exponential(uniform, 1.0 / 0.183) }
}

/// The fits of table 3 of the paper (LNKD-SSD, LNKD-DISK), and the memoryless legs of its section
/// on tails of writes, as settings.
const SSD: &str = "{ mixture = [{ weight = 91.22, dist = { pareto = { least = '235us', \
                   alpha = 10.0 } } }, { weight = 8.78, dist = { exponential = '602409ns' } }] }";
const DISK: &str = "{ mixture = [{ weight = 38.0, dist = { pareto = { least = '1050us', \
                    alpha = 1.51 } } }, { weight = 62.0, dist = { exponential = '5464481ns' } }] }";

#[test]
fn partial_quorums_are_as_stale_as_bailis_and_others_have_published() {
    let ms = Span::from_millis;
    let mean_10ms = |_, uniform| exponential(uniform, 10.0);
    let mean_1ms = |_, uniform| exponential(uniform, 1.0);
    let mean_250us = |_, uniform| exponential(uniform, 0.25);
    let exp = |mean: &str| format!("{{ exponential = '{mean}' }}");
    // Legs, quorums, and the published probability of consistency at these times.
    type Leg = fn(f64, f64) -> f64;
    type Row<'a> = (&'a str, Leg, &'a str, Leg, (usize, usize), &'a [(Span, f64)]);
    let rows: [Row<'_>; 5] = [
        (SSD, ssd, SSD, ssd, (1, 1), &[(ms(0), 0.975), (ms(10), 1.0)]),
        (DISK, disk, SSD, ssd, (1, 1), &[(ms(0), 0.439), (ms(10), 0.925)]),
        (DISK, disk, SSD, ssd, (2, 1), &[]),
        (&exp("250us"), mean_250us, &exp("1ms"), mean_1ms, (1, 1), &[(ms(0), 0.94)]),
        (&exp("10ms"), mean_10ms, &exp("1ms"), mean_1ms, (1, 1), &[(ms(0), 0.41)]),
    ];
    for (write, write_leg, other, other_leg, quorums, published) in rows {
        let settings = format!(
            "write = {}\nread = {}\nwrite-request = {write}\nacknowledgement = {other}\n\
             read-request = {other}\nresponse = {other}\n",
            quorums.0, quorums.1
        );
        let told = store(&settings, "'0ms', '5ms', '10ms'", "");
        let wars = Wars { write: write_leg, other: other_leg, quorums };
        for after in [0, 5, 10] {
            let (found, count) = stale(&told, ms(after));
            let expected = wars.stale(after as f64);
            let error = 4.0 * f64::sqrt(expected.max(0.001) * (1.0 - expected) / count);
            let what = format!("{write} {quorums:?} after {after}: {found} for {expected}");
            assert!((found - expected).abs() < error, "{what}");
        }
        for (after, consistent) in published {
            let (found, count) = stale(&told, *after);
            let expected = 1.0 - consistent;
            // They are rounded, and drawn from 10,000 writes themselves.
            let error = 0.01 + 4.0 * f64::sqrt(expected.max(0.001) * (1.0 - expected) / count);
            assert!((found - expected).abs() < error, "{write} after {after}: {found}");
        }
    }
}

/// The machine of the copy on `a` is away from 20 s on for ten seconds.
const AWAY: &str = "[[faults]]\nkind = 'crash'\ntarget = 'a'\nmachine = true\nat = '20s'\n\
                    for = '10s'\n";

#[test]
fn a_copy_that_is_away_is_missed_by_those_quorums_only_that_need_it() {
    let strict = store(&[MEMORYLESS, "write = 2\nread = 2\n"].concat(), "'0s', '1s'", AWAY);
    assert!(answers(&strict, 0..60).iter().all(|answer| *answer == Answer::Done));
    let read = strict.report.reads[0];
    assert_eq!((read.stale, read.read), (0, read.scheduled), "two of three are enough");
    let all = store(&[MEMORYLESS, "write = 3\nread = 1\n"].concat(), "'0s'", AWAY);
    assert!(answers(&all, 20..27).iter().all(|answer| *answer != Answer::Done));
    let read = store(&[MEMORYLESS, "write = 1\nread = 3\n"].concat(), "'0s'", AWAY).report.reads[0];
    assert!(read.error > 200, "{read:?}");
    assert_eq!(read.stale, 0);
}

#[test]
fn a_copy_that_missed_writes_gets_them_by_hints_or_by_readers() {
    let sizes = "write = 2\nread = 2\n";
    let rows = |more: &str, at: &str| {
        let told = store(&[MEMORYLESS, sizes, more].concat(), at, AWAY);
        assert!(told.ran.settled);
        (rows_of_copies(&told), told.report.operations.len())
    };
    let (plain, count) = rows("", "'0s'");
    assert_eq!(plain[1..], [count, count]);
    assert!(plain[0] < count - 300, "{plain:?} of {count}");
    assert_eq!(rows("hinted-handoff = true\n", "'0s'").0, [count; 3]);
    assert_eq!(rows("read-repair = true\n", "'0s', '20s'").0, [count; 3]);
}
