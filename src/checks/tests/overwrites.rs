//! Which writes destroy what, and which operations relapse: an owner sets names, which are copied.

use super::{distribution, quantity, share, total};
use crate::checks::RunReport;
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Quantity, reads};
use crate::model::record::{Answer, Sight};
use crate::model::system::{
    ColumnRef, Derive, DeriveRule, Effect, KeyChoice, Name, OperationKind, ReadSpec, ReadWhat,
    StepId, System, ValueSpec,
};
use crate::tests::history::{ASSIGNMENTS, CUSTOMERS, History, system};

/// The kind of operation with two steps: a customer's name is set, and then a row that shows it.
const PUBLISH: OperationKind = OperationKind(1);
const SHOWN: ColumnRef = ColumnRef { table: ASSIGNMENTS, column: 0 };
const NAME: u8 = 1;

/// The small system, in which the second step of `PUBLISH` copies a customer's name, or sets it
/// without saying where it comes from; what it shows is read.
fn publishing(copies: bool) -> System {
    let mut system = system();
    let publish = &mut system.operations[PUBLISH.index()];
    publish.steps[0].undo = Effect::Set(vec![(NAME, ValueSpec::Literal(0))]);
    let mut show = publish.steps[0].clone();
    let set = || Effect::Set(vec![(SHOWN.column, ValueSpec::Ordinal)]);
    (show.table, show.effect, show.undo) = (ASSIGNMENTS, set(), set());
    show.after = vec![StepId(0)];
    let rule = DeriveRule::Copy { from: NAME, to: SHOWN.column, values: Vec::new() };
    show.derive = copies.then_some(Derive { source: CUSTOMERS, filter: Vec::new(), rule });
    publish.steps.push(show);
    let choice = KeyChoice::Uniform(CUSTOMERS);
    let what = ReadWhat::Column { column: SHOWN, choice, rate: 1.0 };
    system.reads.push(ReadSpec {
        name: Name::new("shown"),
        by: None,
        part: None,
        work: None,
        what,
    });
    system
}

/// So many operations on the same customer, of which the first steps are committed in order, 100 ms
/// apart from 20 s on, and answered at once.
fn published(copies: bool, count: u32) -> History {
    let mut history = History::of(publishing(copies));
    for op in 0..count {
        history.at(20_000 + 100 * u64::from(op)).offer(op, PUBLISH, 3);
        history.touch(op, 0, CUSTOMERS, 3).touch(op, 1, ASSIGNMENTS, 3);
        history.apply(op, 0).answer(op, Answer::Accepted);
    }
    history
}

/// The second steps are committed in this order, a second apart from 30 s on.
fn shown(history: &mut History, order: &[u32]) {
    for (at, op) in (0..).zip(order) {
        history.at(30_000 + 1_000 * at).apply(*op, 1);
    }
}

fn read_at(history: &mut History, ms: u64) {
    history.at(ms).reader_of((2, SHOWN), 3, 0);
}

fn stale(report: &RunReport) -> Quantity {
    report.measures.number(reads::STALE.of_read("shown"))
}

#[test]
fn what_is_shown_in_order_destroys_nothing() {
    let mut history = published(true, 3);
    shown(&mut history, &[0, 1, 2]);
    read_at(&mut history, 40_000);
    let report = history.rest();
    assert_eq!((total(&report, LOST_UPDATES), total(&report, RELAPSES)), (0, 0));
    assert_eq!(total(&report, BLIND_WRITES), 2, "the owner's own, each behind another's");
    assert_eq!((distribution(&report, LAG).never, stale(&report)), (0, share(0, 1)));
}

#[test]
fn a_newer_value_that_an_older_one_overwrote_is_gone_for_good() {
    let mut history = published(true, 3);
    shown(&mut history, &[0, 2]);
    read_at(&mut history, 31_500);
    history.at(32_000).apply(1, 1);
    read_at(&mut history, 40_000);
    let report = history.rest();
    assert_eq!(stale(&report), share(1, 2), "right until the older one came");
    assert_eq!(distribution(&report, STALE_AGE).values, [19_800 * super::MS]);
    assert_eq!((total(&report, LOST_UPDATES), total(&report, RELAPSES)), (1, 1));
    assert_eq!(distribution(&report, LAG).never, 1);
    let headlines: Vec<Headline> = report.operations.iter().map(|row| row.headline).collect();
    assert_eq!(headlines, [Headline::Committed, Headline::Committed, Headline::Lost]);
}

#[test]
fn who_looks_for_it_does_not_see_it_either() {
    let mut history = published(true, 2);
    shown(&mut history, &[1, 0]);
    let probe = history.at(40_000).begin_probe(crate::model::record::OpId(1));
    for (step, table) in [(0, CUSTOMERS), (1, ASSIGNMENTS)] {
        let sight = Sight::Effect; // The store knows both, and not which is newer.
        let saw = crate::model::record::Event::ProbeSaw { table, probe, sight };
        history.note_with(saw, |r| {
            (r.op, r.step) = (crate::model::record::OpId(1), StepId(step));
        });
    }
    history.end_probe(probe, crate::model::record::ProbeEnd::Complete);
    assert_eq!(quantity(&history.rest(), STALE), share(1, 1));
}

#[test]
fn a_value_that_is_as_new_repairs_a_relapse() {
    let mut history = published(true, 4);
    shown(&mut history, &[2, 0, 1, 3]);
    read_at(&mut history, 40_000);
    let report = history.rest();
    assert_eq!(total(&report, LOST_UPDATES), 1, "the second is older than nothing that is there");
    assert_eq!((total(&report, RELAPSES), stale(&report)), (1, share(0, 1)));
    let lags: Vec<u64> =
        distribution(&report, LAG).values.iter().map(|it| it / super::MS).collect();
    assert_eq!(lags, [11_000, 11_900, 12_700, 12_800], "2 until 33 s, though it showed at 30 s");
}

#[test]
fn what_says_not_where_it_comes_from_goes_by_the_row_with_which_it_begins() {
    let mut history = published(false, 2);
    shown(&mut history, &[1, 0]);
    let report = history.rest();
    assert_eq!((total(&report, LOST_UPDATES), total(&report, RELAPSES)), (0, 1));
    assert_eq!(total(&report, BLIND_WRITES), 2);
    // Those that begin with different rows have no order.
    let mut history = History::of(publishing(false));
    for op in 0..2 {
        history.at(20_000).offer(op, PUBLISH, 3);
        history.touch(op, 0, CUSTOMERS, op.into()).touch(op, 1, ASSIGNMENTS, 3).apply(op, 0);
    }
    shown(&mut history, &[1, 0]);
    assert_eq!(total(&history.rest(), RELAPSES), 0);
}

#[test]
fn an_undo_destroys_what_is_newer_than_the_effect_that_it_takes_back() {
    for (late, lost) in [(false, 0), (true, 1)] {
        let mut history = published(true, if late { 2 } else { 1 });
        history.at(25_000).undo(0, 0);
        let report = history.rest();
        assert_eq!(total(&report, LOST_UPDATES), lost);
        assert_eq!(total(&report, BLIND_WRITES), lost, "the second one's own");
    }
}

#[test]
fn what_is_compensated_while_it_has_relapsed_is_gone_and_not_twice() {
    let mut history = published(true, 2);
    shown(&mut history, &[1, 0]);
    history.at(40_000).undo(1, 1).undo(1, 0);
    let report = history.rest();
    assert_eq!(report.operations[1].headline, Headline::Withdrawn);
    assert_eq!(distribution(&report, LAG).never, 0);
}

#[test]
fn one_write_is_one_lost_update_however_many_effects_it_destroys() {
    let mut history = published(true, 3);
    shown(&mut history, &[0, 1, 2]);
    history.at(40_000).overwrite(1, 1).overwrite(2, 1);
    history.at(41_000).overwrite(0, 1);
    let report = history.rest();
    assert_eq!(total(&report, LOST_UPDATES), 2);
    assert_eq!(distribution(&report, LAG).never, 3);
}
