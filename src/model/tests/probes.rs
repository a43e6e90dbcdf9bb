//! Tests of probes: which versions readers see, and when.

use super::*;
use crate::model::system::{
    Anchor, ColumnRef, KeyChoice, Name, ReadSpec, ReadWhat, StepId, TableId,
};

/// The small world with reads of its operation 0, 50 ms and 2 s after the arrival at 10 s.
fn probed() -> System {
    let mut system = small();
    system.reads = vec![ReadSpec {
        name: Name::new("both"),
        by: None,
        part: None,
        work: None,
        what: ReadWhat::Operation {
            kind: OperationKind(0),
            steps: vec![StepId(0), StepId(1)],
            at: vec![Span::ZERO, millis(50), Span::from_secs(2)],
            after: Anchor::Arrival,
            share: 1.0,
        },
    }];
    system
}

fn ended(bench: &Bench) -> Vec<(Time, ProbeEnd)> {
    bench.pick(pick!(record: Event::ProbeEnded { end, .. } => (record.time, end)))
}

#[test]
fn an_operation_is_read_at_its_owners_at_fixed_times_after_its_arrival() {
    let bench = Bench::of(probed());
    bench.offer();
    bench.run(at(30_000));
    let began: Vec<Time> = bench.all(Kind::ProbeBegan).iter().map(|record| record.time).collect();
    assert_eq!(began, [at(10_000), at(10_050), at(12_000)]);
    let saw = bench.all(Kind::ProbeSaw);
    let nodes: Vec<NodeId> = saw.iter().map(|record| record.node).collect();
    assert_eq!(saw.len(), 6, "each step's row each time");
    assert!(nodes.contains(&bench.node("da")) && nodes.contains(&bench.node("db")), "{nodes:?}");
    let sights = bench.pick(pick!(Event::ProbeSaw { sight, .. } => sight));
    assert_eq!(sights, [Sight::Nothing; 6], "nobody has done anything");
    assert!(ended(&bench).iter().all(|(_, end)| *end == ProbeEnd::Complete));
}

#[test]
fn a_reader_who_is_refused_or_hears_nothing_says_so() {
    for (machine, end) in [(false, ProbeEnd::Error), (true, ProbeEnd::TimedOut)] {
        let bench = Bench::of(probed());
        bench.offer();
        bench.crash("b", at(10_040), machine);
        bench.restart("b", at(11_000));
        bench.run(at(30_000));
        let ended = ended(&bench);
        let [first, second, third] = ended[..] else { panic!("three probes") };
        // The one that is patient enough to hear nothing ends last.
        let (struck, last) = if machine { (third, second) } else { (second, third) };
        assert_eq!((first.1, last.1), (ProbeEnd::Complete, ProbeEnd::Complete));
        assert_eq!(struck.1, end);
        let waited = if machine { probe::PATIENCE } else { millis(2) };
        assert!(struck.0 - at(10_050) >= waited, "{struck:?}");
        assert!(!machine || struck.0 == at(10_050) + probe::PATIENCE);
    }
}

#[test]
fn readers_of_a_column_come_at_their_rate_while_there_is_load() {
    let mut system = small();
    let column = ColumnRef { table: TableId(0), column: 0 };
    let choice = KeyChoice::Uniform(TableId(0));
    system.phases.warm_up = Span::from_secs(4);
    system.services[0].workers = 100;
    system.reads = vec![ReadSpec {
        name: Name::new("some"),
        by: None,
        part: None,
        work: None,
        what: ReadWhat::Column { column, choice, rate: 100.0 },
    }];
    let bench = Bench::of(system.clone());
    bench.offer();
    bench.run(at(40_000));
    let began = bench.all(Kind::ProbeBegan);
    let (n, expected) = (began.len() as f64, 16.0 * 100.0_f64);
    assert!((n - expected).abs() < 4.0 * expected.sqrt(), "{n}");
    assert!(began.iter().all(|record| at(4_000) <= record.time && record.time < at(20_000)));
    let rows = |bench: &Bench| bench.pick(pick!(Event::ReaderSaw { row, .. } => row.0));
    assert!(rows(&bench).iter().all(|row| *row < 1_000));
    // The same readers of the same rows, though all else is different.
    system.loads.clear();
    system.services[1].work = crate::kernel::Dist::Constant(millis(500));
    let other = Bench::of(system);
    other.offer();
    other.run(at(40_000));
    assert_eq!(rows(&other), rows(&bench));
}
