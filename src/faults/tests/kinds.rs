//! The effect of each kind on a world in which every duration is known.

use std::cell::RefCell;
use std::rc::Rc;

use std::collections::BTreeSet;

use super::{first, order, text};
use crate::experiment::compare::setup;
use crate::experiment::run::observe;
use crate::kernel::{NodeId, Span, Time};
use crate::model::contract::label;
use crate::model::record::{Answer, Event, Kind, TxnId};
use crate::model::world::World;
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, scenario};

/// The observations of the running world at some times, in ms.
fn watch<T: 'static>(
    fault: &str,
    times: &[u64],
    look: impl Fn(&World) -> T + Clone + 'static,
) -> Vec<T> {
    let scenario = scenario(&text(fault));
    let setup = setup(&scenario, &scenario.variants[0]);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let ready = |world: &Rc<World>| {
        for at in times {
            let (seen, look, world) = (Rc::clone(&seen), look.clone(), Rc::clone(world));
            let sim = world.env().sim().clone();
            let at = Time::ZERO + Span::from_millis(*at);
            sim.spawn_at(at, NodeId::WORLD, async move {
                let shown = look(&world);
                seen.borrow_mut().push(shown);
            });
        }
    };
    observe(&setup, 1, Vec::new(), ready, |_| ());
    Rc::into_inner(seen).expect("the run is over").into_inner()
}

/// How far the clock of the stock service is off, in ms.
fn off(world: &World) -> i64 {
    let sim = world.env().sim();
    let stock = world.nodes().find(|node| world.node_name(*node) == "stock").expect("it exists");
    let (now, shown) = (sim.now().as_nanos() as i64, sim.local_now(stock).as_nanos() as i64);
    (shown - now) / 1_000_000
}

fn answered(told: &RecordedRun) -> (Answer, Span) {
    let mut answers = told.pick(pick!(Event::Answered { answer, waited, .. } => (answer, waited)));
    answers.next().expect("the client hears")
}

#[test]
fn clocks_are_wrong_as_long_as_their_fault_says() {
    let times = [1_999, 2_001, 4_000, 5_001, 14_999, 20_000];
    let at = "at = '2s'\ntarget = 'stock'";
    let offset = format!("kind = 'clock-offset'\n{at}\nfor = '3s'\nby = '-500ms'");
    assert_eq!(watch(&offset, &times, off), [0, -500, -500, 0, 0, 0]);
    let jump = format!("kind = 'clock-jump'\n{at}\nfor = '3s'\nby = '700ms'");
    assert_eq!(watch(&jump, &times, off), [0, 700, 700, 700, 700, 700]);
    let drift = format!("kind = 'clock-drift'\n{at}\nfor = '3s'\nparts-per-million = 100000");
    assert_eq!(watch(&drift, &times, off), [0, 0, 200, 0, 0, 0]);
}

#[test]
fn faults_of_one_clock_overlap_and_leave_nothing_behind() {
    let drift = "kind = 'clock-drift'\nat = '2s'\ntarget = 'stock'\nfor = '4s'\n\
                 parts-per-million = -250000";
    let offset = "[[faults]]\nkind = 'clock-offset'\nat = '1s'\ntarget = 'zone:left'\nfor = '3s'\n\
                  by = '10s'";
    let both = format!("{drift}\n{offset}");
    assert_eq!(watch(&both, &[3_000, 5_000, 7_000], off), [10_000 - 250, -750, 0]);
}

#[test]
fn a_paused_node_goes_on_where_it_was() {
    let quiet = answered(&order("kind = 'pause'\nat = '1s'\nfor = '1s'\ntarget = 'coordinator'"));
    assert_eq!(quiet.0, Answer::Done);
    let told = order("kind = 'pause'\nat = '10s'\nfor = '1s'\ntarget = 'coordinator'");
    // What the client sent at 10 s and 1 ms begins at 11 s.
    assert_eq!(answered(&told), (Answer::Done, quiet.1 + Span::from_millis(999)));
    assert_eq!(told.count(Kind::Crashed), 0);
}

#[test]
fn pauses_overlap_and_a_crash_ends_them() {
    let paused = |world: &World| {
        let stock = world.nodes().find(|node| world.node_name(*node) == "stock");
        world.env().sim().is_paused(stock.expect("it exists"))
    };
    let one = "kind = 'pause'\nat = '1s'\nfor = '4s'\ntarget = 'stock'";
    let two = "[[faults]]\nkind = 'pause'\nat = '3s'\nfor = '4s'\ntarget = 'stock'";
    let times = [500, 2_000, 6_000, 8_000];
    let both = format!("{one}\n{two}");
    assert_eq!(watch(&both, &times, paused), [false, true, true, false]);
    let crash = "[[faults]]\nkind = 'crash'\nat = '3s'\nfor = '1s'\ntarget = 'stock'";
    let killed = format!("{one}\n{crash}");
    assert_eq!(watch(&killed, &[2_000, 4_500], paused), [true, false]);
}

#[test]
fn a_slow_database_works_and_forces_that_much_longer() {
    let slow = "kind = 'slow-down'\nat = '2s'\nfactor = 2.0";
    let more = "[[faults]]\nkind = 'slow-down'\nat = '3s'\nfactor = 1.5";
    let told = order(&format!("{slow}\ntarget = 'stock-db'\n{more}\ntarget = 'stock-db'"));
    let node = told.node("stock-db");
    let worked = |at| {
        let busy = pick!(record: Event::Worked { busy, .. } if record.node == at => busy);
        told.pick(busy).next().expect("it works")
    };
    assert_eq!(worked(node), Span::from_micros(2_500), "1 ms, and 1 ms and 0.5 ms more");
    let took = pick!(record: Event::Forced { took, .. } if record.node == node => took);
    assert_eq!(told.pick(took).next(), Some(Span::from_millis(5)));
    let other = told.node("order-db");
    assert_eq!(worked(other), Span::from_millis(1), "nobody else is slow");
}

#[test]
fn who_restarts_on_a_slow_machine_is_slow_only_as_long_as_that_is() {
    let ready = |world: &World| {
        let stock = world.nodes().find(|node| world.node_name(*node) == "stock");
        world.has_started(stock.expect("it exists"))
    };
    let slow = "kind = 'slow-down'\nat = '1s'\nfor = '1s'\nfactor = 20.0\ntarget = 'stock'";
    let crash = "[[faults]]\nkind = 'crash'\nat = '1500ms'\nfor = '110ms'\ntarget = 'stock'";
    // Up again at 1.61 s, it gets 20 ms of its 5 s of recovery done in 400 ms, and then goes on at
    // its usual pace: until 2.01 s + 4.98 s.
    let times = [6_980, 7_000];
    assert_eq!(watch(&format!("{slow}\n{crash}"), &times, ready), [false, true]);
}

#[test]
fn a_rolling_crash_takes_one_node_after_the_other() {
    let told = order(
        "kind = 'crash'\nat = '2s'\nfor = '1s'\nrolling = '3s'\ntarget = 'zone:left'\n\
         machine = true",
    );
    let times = |kind| -> Vec<(NodeId, u64)> {
        told.all(kind).map(|record| (record.node, record.time.as_nanos() / 1_000_000)).collect()
    };
    let (order, stock) = (told.node("order"), told.node("stock"));
    assert_eq!(times(Kind::Crashed), [(order, 2_000), (stock, 5_000)]);
    assert_eq!(times(Kind::Restarted), [(order, 3_000), (stock, 6_000)]);
    assert_eq!(times(Kind::FaultBegan), [(NodeId::WORLD, 2_000)]);
    assert_eq!(times(Kind::FaultEnded), [(NodeId::WORLD, 6_000)]);
    // The load ends at 15 s: what has not begun by then does not, and everybody is back.
    let told = self::order("kind = 'crash'\nat = '14s'\nrolling = '2s'\ntarget = 'zone:left'");
    assert_eq!((told.count(Kind::Crashed), told.count(Kind::Restarted)), (1, 1));
    assert_eq!(told.all(Kind::FaultEnded).count(), 1);
}

/// A database crashes while it forces a prepared record. Its disk never had the record; its
/// operating system did.
#[test]
fn what_was_unforced_is_lost_or_kept() {
    let healthy = order("kind = 'pause'\nat = '1s'\nfor = '1s'\ntarget = 'coordinator'");
    let node = healthy.node("stock-db");
    let logged = first(&healthy, Kind::Logged, |record| {
        record.node == node && record.event.label() == Some(label::PREPARE)
    });
    let at = logged.expect("it prepares").time + Span::from_millis(1);
    let crash = |unforced: &str| {
        let at = at.as_nanos();
        let told = order(&format!(
            "kind = 'crash'\nat = '{at}ns'\nfor = '100ms'\ntarget = 'stock-db'\n\
             unforced = '{unforced}'"
        ));
        let branches = told.pick(pick!(Event::Prepared { txn, .. } => txn));
        let branches: BTreeSet<TxnId> = branches.collect();
        let voters = healthy.all(Kind::Prepared).count();
        assert_eq!(voters, 2);
        (branches.len(), answered(&told).0)
    };
    // The order service's branch, and those of the retry; the interrupted one only if kept.
    assert_eq!(crash("lost"), (3, Answer::Done));
    assert_eq!(crash("kept"), (4, Answer::Done));
}

#[test]
fn something_passes_only_within_a_group() {
    let parts = |groups: &str| {
        answered(&order(&format!("kind = 'partition'\nat = '1s'\ngroups = {groups}"))).0
    };
    let bridge = "[['order', 'role:driver'], ['stock', 'role:driver']]";
    assert_eq!(parts(bridge), Answer::Done, "the coordinator talks to both");
    let apart = "[['order'], ['stock'], ['role:driver']]";
    assert_eq!(parts(apart), Answer::Unknown);
    assert_eq!(parts("[['order'], ['stock']]"), Answer::Done, "who is in no group talks to all");
}

#[test]
fn a_flapping_link_is_down_first_and_mended_at_the_end() {
    let passes = |world: &World| {
        let named = |name| world.nodes().find(|node| world.node_name(*node) == name);
        let (order, stock) = (named("order").expect("a node"), named("stock").expect("a node"));
        world.network().passes(order, stock)
    };
    let fault = "kind = 'flapping'\nat = '2s'\nfor = '2500ms'\nfrom = ['stock']\nperiod = '1s'\n\
                 up = 0.25";
    let times = [1_900, 2_001, 2_740, 2_760, 2_990, 3_010, 3_760, 4_010, 4_490, 4_510, 5_900];
    let up = [true, false, false, true, true, false, true, false, false, true, true];
    assert_eq!(watch(fault, &times, passes), up);
}
