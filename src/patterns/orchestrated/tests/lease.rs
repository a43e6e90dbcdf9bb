//! Several orchestrators: who leads, what happens when the leader is gone, and what stops one that
//! does not know that it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use toml::de::DeValue;

use super::super::settings::{Settings, State as Keeping};
use super::*;
use crate::experiment::compare::setup;
use crate::faults::fault::{Faults, PreparedFault};
use crate::faults::plan::{PlannedFault, Start};
use crate::kernel::{NodeId, Span, Time};
use crate::model::record::{AbortCause, TxnId};
use crate::model::system::DatabaseId;
use crate::tests::runs::{record_run, scenario};

/// A lease of 3 s, which is renewed, and asked for by others, every second.
const TWO: &str = "instances = 2, lease = '3s'";
const PACE: u64 = 1_000_000;
const LEASE: u64 = 3 * PACE;
/// A trip to the workflow store and back, and one that forces its log there, in microseconds.
const TRIP: u64 = 2_000;
const FORCED: u64 = 2_000;

/// The faults that a node may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrong {
    Crashed,
    /// The node is paused.
    Paused,
    /// Its clock runs at a tenth of its speed.
    Slow,
}

/// Something wrong with a node.
struct Strange {
    node: &'static str,
    wrong: Wrong,
}

impl Strange {
    fn prepared(&self) -> Arc<dyn PreparedFault> {
        let (kind, more) = match self.wrong {
            Wrong::Crashed => ("crash", ""),
            Wrong::Paused => ("pause", ""),
            Wrong::Slow => ("clock-drift", ", parts-per-million = -900_000"),
        };
        let text = format!("{{ target = '{}'{more} }}", self.node);
        let settings = DeValue::parse(&text).expect("a table");
        let faults = Faults::builtin();
        faults.find(kind).expect("it is registered").decode(settings).expect("settings")
    }
}

impl Chain {
    fn run_with(&self, strange: Strange, at: u64, length: u64) -> RecordedRun {
        self.run_with_all(vec![(strange, at, length)])
    }

    /// Runs with strange faults, from `at` for `length` (milliseconds), beside its own.
    fn run_with_all(&self, strange: Vec<(Strange, u64, u64)>) -> RecordedRun {
        let scenario = scenario(&self.text());
        let mut setup = setup(&scenario, &scenario.variants[0]);
        let mut faults = setup.faults.to_vec();
        faults.extend(strange.into_iter().map(|(fault, at, length)| PlannedFault {
            start: Start::At(Span::from_millis(at)),
            length: Some(Span::from_millis(length)),
            fault: fault.prepared(),
        }));
        setup.faults = faults.into();
        record_run(&setup, 1)
    }
}

/// The leases that were granted: when (in microseconds), which epoch, to whom.
fn leases(told: &RecordedRun) -> Vec<(u64, u64, NodeId)> {
    let granted = pick!(record: Event::Leased { token, holder, .. } => {
        (micros(record.time), token, holder)
    });
    told.pick(granted).collect()
}

fn micros(time: Time) -> u64 {
    assert_eq!(time.as_nanos() % 1_000, 0, "everything takes whole microseconds here");
    time.as_nanos() / 1_000
}

/// When the first leader sends renewals while all is well: a pace after the answer to its claim,
/// then a pace after each answer.
fn renewals() -> impl Iterator<Item = u64> {
    (0..).map(|k| TRIP + FORCED + PACE + k * (PACE + TRIP))
}

/// When questions of an instance that stands by arrive at the store.
fn claims() -> impl Iterator<Item = u64> {
    (0..).map(|k| PACE + TRIP / 2 + k * (PACE + TRIP))
}

/// When the store grants the next lease, if the last renewal was sent before `gone`.
fn next_lease(gone: u64) -> u64 {
    let last = renewals().take_while(|sent| *sent < gone).last().expect("it has led for a while");
    let over = last + TRIP / 2 + LEASE;
    let claim = claims().find(|claim| *claim >= over).expect("it asks for ever");
    claim + FORCED
}

/// A step at its service: a request and its work, three statements (fence, key, row) of 2.1 ms, a
/// commit of 4 ms, the reply.
const STEP: u64 = 1_000 + 1_000 + 3 * 2_100 + 4_000 + 1_000;

/// Transactions that were refused for their token.
fn fenced(told: &RecordedRun) -> usize {
    told.pick(pick!(Event::Aborted { cause: AbortCause::Fenced, .. } => ())).count()
}

#[test]
fn one_instance_is_what_it_was() {
    let told = Chain::of(3).run();
    let same = Chain::of(3).with("instances = 1, lease = '1s', fencing = false").run();
    assert_eq!(told.ran, same.ran);
    assert_eq!(leases(&told), []);
    for label in ["claim", "renew", "journal", "announce"] {
        assert_eq!(sent(&told, label), 0, "{label}");
    }
    assert_eq!(told.count(Kind::Fenced), 0);
}

#[test]
fn the_first_instance_leads_as_long_as_it_renews_at_an_exact_price() {
    let steps = 3;
    let chain = Chain { load: "constant = '1s'\nuntil = '31s'", ..Chain::of(steps).with(TWO) };
    let told = chain.run();
    let operations = 30;
    let answers = told.report.operations.iter().map(|row| (row.headline, row.answer));
    assert!(answers.eq([(Headline::Committed, Answer::Done); 30]));
    assert_eq!(leases(&told), [(TRIP / 2 + FORCED, 1, told.node("orchestrator"))]);
    // Began, applied, ended: each a request to the store, which forces it, and a reply.
    assert_eq!(sent(&told, "journal"), 2 * (steps + 2) * operations);
    assert_eq!(told.logged("workflow", true), (steps + 2) * operations);
    assert_eq!(sent(&told, "apply"), 2 * steps * operations);
    assert_eq!(told.count(Kind::Worked), 3 * steps * operations, "fence, key and row");
    assert_eq!(told.count(Kind::Fenced), steps * operations);
    let end = 120 * PACE;
    let renewed = renewals().take_while(|sent| *sent <= end).count();
    let claimed = claims().take_while(|arrives| *arrives <= end).count();
    assert_eq!(sent(&told, "renew"), 2 * renewed);
    assert_eq!(sent(&told, "claim"), 2 * (1 + claimed));
    assert_eq!(sent(&told, "announce"), 1 + renewed);
    let holds = told.pick(pick!(Event::Holds { change, .. } => change));
    assert_eq!(holds.sum::<i64>(), 0, "what the store holds is over");
}

#[test]
fn when_the_leader_crashes_its_workflows_wait_for_the_end_of_its_lease() {
    let crash = 10_012_000;
    let clients = "deadline = '30s'\nattempts = 10\nattempt-deadline = '1s'";
    let chain = Chain { clients, ..Chain::of(3).with(TWO) };
    let told = chain.crash("orchestrator", "10012ms", "20s").run();
    let granted = next_lease(crash);
    assert!(granted < crash + LEASE + PACE + TRIP + FORCED, "the bound of the manual");
    let standby = told.node("orchestrator-2");
    assert_eq!(leases(&told)[1..], [(granted, 2, standby)], "the one that restarts stands by");
    // The crash fell into the first step, which took effect all the same. The next leader finds
    // its key, behind the fence, which says that it still stands.
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    let resumed = granted + TRIP / 2;
    let first = STEP - 2_100 - 4_000; // No row is written, and nothing is committed.
    let ready = resumed + first + (TRIP + FORCED) + STEP + (TRIP + FORCED);
    let last = told.all(Kind::Shown).last().expect("the third step");
    assert_eq!(micros(last.time), ready + STEP - 2_000, "shown when the commit is forced");
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(told.count(Kind::Decided), 1);
}

#[test]
fn wherever_the_leader_crashes_the_next_one_resumes() {
    let mut counts = BTreeMap::new();
    for at in (0..=80).step_by(4) {
        let at = format!("{}ms", 10_000 + at);
        let told = Chain::of(3).with(TWO).crash("orchestrator", &at, "20s").run();
        assert!(matches!(shown(&told).len(), 0 | 3), "{at}");
        let told = Chain::of(3).with(TWO).refused_at(3).crash("orchestrator", &at, "20s").run();
        let history = shown(&told);
        let all = [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)];
        assert!(history.is_empty() || history == all, "{at}: {history:?}");
        *counts.entry(history.len()).or_insert(0) += 1;
        assert_eq!(told.report.census.wrong(), 0, "{at}");
    }
    assert!(counts[&4] > 15, "{counts:?}");
}

#[test]
fn a_leader_that_is_back_soon_leads_again_at_once() {
    let told = Chain::of(3).with(TWO).crash("orchestrator", "10012ms", "500ms").run();
    // Down for half a second, recovered after one more, which its old lease would have outlasted.
    let back = 10_012_000 + 500_000 + 1_000_000;
    let leader = told.node("orchestrator");
    assert_eq!(leases(&told)[1..], [(back + TRIP / 2 + FORCED, 2, leader)]);
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
}

#[test]
fn a_store_that_restarts_grants_nothing_before_a_whole_lease_is_over() {
    // Away from 9.5 s to 10.6 s, recovery included: one renewal is refused, the next is not.
    let chain = || Chain::of(3).with(TWO).crash("workflow-store", "9500ms", "100ms");
    let told = chain().run();
    assert_eq!(leases(&told).len(), 1, "the leader renews in time");
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    let told = chain().crash("orchestrator", "10800ms", "20s").run();
    let back = 10_600_000;
    let second = leases(&told)[1];
    assert!((back + LEASE..back + LEASE + PACE + TRIP + FORCED).contains(&second.0), "{second:?}");
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
}

/// The leader is stopped for 10 s while the journal takes in the first step, whose service needs
/// `statements`. The answer is the first thing that it sees when it goes on: it asks for the
/// second.
fn paused(settings: &'static str, statements: u64) -> RecordedRun {
    let leader = Strange { node: "orchestrator", wrong: Wrong::Paused };
    // Asked and begun (5 ms), a step, and then half of the way to the journal and back.
    let at = 10_000_000 + 5_000 + STEP - (3 - statements) * 2_100 + (TRIP + FORCED) / 2;
    Chain::of(3).with(settings).run_with(leader, at / 1_000, 10_000)
}

#[test]
fn the_late_request_of_a_paused_leader_is_refused_with_fencing_and_lands_without() {
    let forward = [(1, FORWARD), (2, FORWARD), (3, FORWARD)];
    let told = paused("instances = 2, lease = '3s', idempotency-keys = false", 2);
    assert_eq!(shown(&told), forward);
    assert_eq!(fenced(&told), 1);
    assert_eq!(fate(&told.report).0, Headline::Committed);
    let told = paused("instances = 2, lease = '3s', idempotency-keys = false, fencing = false", 1);
    assert_eq!(shown(&told), [forward.as_slice(), &[(2, FORWARD)]].concat());
    assert_eq!(fenced(&told), 0);
    assert_eq!(fate(&told.report).0, Headline::Duplicated);
    // With keys it finds the step done, if it gets that far.
    let told = paused(TWO, 3);
    assert_eq!((shown(&told), fenced(&told)), (forward.to_vec(), 1));
    let told = paused("instances = 2, lease = '3s', fencing = false", 2);
    assert_eq!((shown(&told), fenced(&told)), (forward.to_vec(), 0));
    assert_eq!(sent(&told, "apply"), 2 * 4, "it was asked for twice");
}

#[test]
fn two_leaders_go_two_ways_without_fencing_though_there_are_keys() {
    // A leader with a clock that runs at a tenth of its speed since 8 s thinks that it leads for
    // 30 s. The next one leads from 11.024 s on. At 11.026 s the old one has used up its attempts
    // at the second step, whose service is back at 11.1 s, before the new one has used up its own.
    let run = |settings| {
        let chain = Chain { attempts: 2, ..Chain::of(3).with(settings) };
        let chain = chain.crash("s2", "9s", "1100ms");
        chain.run_with(Strange { node: "orchestrator", wrong: Wrong::Slow }, 8_000, 30_000)
    };
    let told = run(TWO);
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    // The client, whom the old leader cannot tell what becomes of it, asks the new one.
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    let told = run("instances = 2, lease = '3s', fencing = false");
    assert_eq!(leases(&told)[1].0, next_lease(8_019_000), "as if the leader had gone then");
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK), (2, FORWARD), (3, FORWARD)]);
    assert_eq!(fate(&told.report), (Headline::Mixed, State::Partial, Answer::TechnicalNo));
}

#[test]
fn a_leader_that_cannot_reach_the_store_steps_down_before_another_leads() {
    let clients = "deadline = '30s'\nattempts = 10\nattempt-deadline = '1s'";
    let settings = "instances = 2, lease = '3s', fencing = false, idempotency-keys = false";
    let chain = Chain { clients, ..Chain::of(3).with(settings) };
    let told = chain.cut("orchestrator", "workflow-store", "9900ms", "20s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    let granted = next_lease(9_900_000);
    assert_eq!(leases(&told)[1], (granted, 2, told.node("orchestrator-2")));
    let old = told.node("orchestrator");
    let over = granted - FORCED;
    let journal = told.all(Kind::Sent).filter(|record| {
        record.node == old && told.is_about(record, "journal") && record.op.0 == 0
    });
    let last = journal.map(|record| micros(record.time)).max().expect("it tries");
    assert!(last < over, "{last}");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let problems = |settings: Settings| -> Vec<String> {
        let scenario = scenario(&Chain::of(1).text());
        let problems = settings.problems(&setup(&scenario, &scenario.variants[0]).system);
        problems.into_iter().map(|problem| problem.words).collect()
    };
    let shared = Settings { instances: 2, ..Settings::default() };
    assert_eq!(problems(shared.clone()), [""; 0]);
    let many = problems(Settings { instances: 6, ..Settings::default() });
    assert_eq!(many, ["`instances` must be between 1 and 5"]);
    assert_eq!(problems(Settings { instances: 0, ..Settings::default() }), many);
    let forgetful = problems(Settings { state: Keeping::Volatile, ..shared.clone() });
    let text = "several instances share their workflows, so `state` must be `durable`";
    assert_eq!(forgetful, [text]);
    let never = problems(Settings { lease: Some(Span::ZERO), ..shared });
    assert_eq!(never, ["`lease` must be longer than nothing"]);
}

/// Behind the first transaction of an epoch, no database commits one of an earlier epoch.
fn assert_epochs_grow(told: &RecordedRun) {
    let passed = told.pick(pick!(Event::Fenced { txn, token, .. } => (txn, token)));
    let passed: BTreeMap<TxnId, u64> = passed.collect();
    let mut highest: BTreeMap<DatabaseId, u64> = BTreeMap::new();
    for (database, txn) in told.pick(pick!(Event::Committed { database, txn } => (database, txn))) {
        let token = passed[&txn];
        let known = highest.entry(database).or_default();
        assert!(*known <= token, "{token} behind {known} in {database:?}");
        *known = token;
    }
}

const PLACES: [&str; 7] =
    ["orchestrator", "orchestrator-2", "orchestrator-3", "workflow-store", "s1", "d2", "s3"];

/// A fault: its kind, node, time and length (milliseconds).
type Stroke = (Wrong, &'static str, u64, u64);

/// Orchestrators are struck as often as all others.
fn strokes(most: usize) -> impl Strategy<Value = Vec<Stroke>> {
    let wrong = prop::sample::select(vec![Wrong::Crashed, Wrong::Paused, Wrong::Slow]);
    let (orchestrators, others) = PLACES.split_at(3);
    let node = prop_oneof![prop::sample::select(orchestrators), prop::sample::select(others)];
    prop::collection::vec((wrong, node, 0..15_000_u64, 50..8_000_u64), 1..most)
}

/// Runs a plan of crashes, pauses and slow clocks.
fn struck(settings: &'static str, load: &'static str, plan: &[Stroke]) -> RecordedRun {
    let clients = "deadline = '20s'\nattempts = 8\nattempt-deadline = '2s'";
    let mut chain = Chain { clients, load, refusals: vec![0.1; 3], ..Chain::of(3).with(settings) };
    let mut strange = Vec::new();
    for &(wrong, node, at, length) in plan {
        if wrong == Wrong::Crashed {
            chain = chain.crash(node, &format!("{at}ms"), &format!("{length}ms"));
        } else {
            strange.push((Strange { node, wrong }, at, length));
        }
    }
    chain.run_with_all(strange)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn nothing_stays_partial_whoever_crashes_or_stands_still(three: bool, plan in strokes(8)) {
        let mut plan = plan;
        let load = "poisson = 8.0\nuntil = '15s'";
        let told = if three {
            struck("instances = 3, lease = '2s'", load, &plan)
        } else {
            plan.retain(|stroke| stroke.1 != "orchestrator-3");
            struck("instances = 2, lease = '2s'", load, &plan)
        };
        assert!(told.ran.settled);
        assert_eq!(told.report.census.wrong(), 0);
        let whole = |state| matches!(state, State::All | State::None | State::Reversed);
        assert!(told.report.operations.iter().all(|row| whole(row.state)));
        let holds = told.pick(pick!(Event::Holds { change, .. } => change));
        assert_eq!(holds.sum::<i64>(), 0);
    }

    #[test]
    fn behind_an_epoch_no_earlier_one_has_effects(at in 10_100..10_300_u64, plan in strokes(3)) {
        // Many workflows are under way when the leader stands still for longer than its lease, and
        // without keys whatever it still asks for would show.
        let settings = "instances = 3, lease = '2s', idempotency-keys = false";
        let load = "constant = '10ms'\nfrom = '10s'\nuntil = '10400ms'";
        let mut plan = plan;
        plan.push((Wrong::Paused, "orchestrator", at, 4_500));
        assert_epochs_grow(&struck(settings, load, &plan));
    }
}
