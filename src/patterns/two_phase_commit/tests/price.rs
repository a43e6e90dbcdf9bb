//! The exact cost of a transaction, and its duration when nothing goes wrong.

use std::rc::Rc;

use super::*;
use crate::experiment::run::Setup;
use crate::kernel::{NodeId, Time};
use crate::model::call::{Message, Reply};
use crate::model::contract::Driver;
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, Decision, MessageClass};
use crate::model::system::{OperationKind, RowKey, ServiceId, TableId};
use crate::model::world::World;
use crate::patterns::atomic_commit::branches::Branches;
use crate::patterns::atomic_commit::{Participants, operation, participant};
use crate::patterns::pattern::{Pattern, Patterns};
use crate::patterns::two_phase_commit::settings::Settings;
use crate::patterns::two_phase_commit::{TwoPhaseCommit, coordinator};
use crate::tests::runs::record_run;

/// Participants.
const N: usize = 3;

/// Log records: at the coordinator and at the participants, forced and not; and messages of the
/// protocol, replies included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Price {
    forced: usize,
    lazy: usize,
    messages: usize,
}

fn price(told: &RecordedRun) -> Price {
    let logged = |labels: &[&str], forced| -> usize {
        labels.iter().map(|label| told.logged(label, forced)).sum()
    };
    let records = ["collecting", "decision", "end", "prepare", "commit", "abort"];
    let forced = logged(&records, true);
    let messages = ["prepare", "commit", "abort", "inquire", "inquire peer", "in doubt"];
    Price {
        forced,
        lazy: logged(&records, false) - forced,
        messages: messages.iter().map(|label| told.sent(label, MessageClass::Service)).sum(),
    }
}

/// One transfer under a presumption.
fn once(presumption: &str, more: &str) -> RecordedRun {
    let told = run(&scenario(&format!("presumption = '{presumption}'"), 15, more));
    check_sound(&told, presumption);
    assert_eq!(told.report.operations.len(), 1);
    told
}

#[test]
fn a_commit_costs_what_the_manual_says() {
    let prices = [
        ("nothing", Price { forced: 1 + 2 * N, lazy: 1, messages: 4 * N }),
        ("abort", Price { forced: 1 + 2 * N, lazy: 1, messages: 4 * N }),
        ("commit", Price { forced: 2 + N, lazy: N, messages: 3 * N }),
    ];
    for (presumption, expected) in prices {
        let told = once(presumption, "");
        assert_eq!(headlines(&told), [Headline::Committed]);
        assert_eq!(price(&told), expected, "presumed {presumption}");
        assert_eq!(told.sent("work", MessageClass::Service), 2 * N);
    }
}

/// A database whose transactions cannot be serialized votes no: the first `yes` participants vote
/// yes and all others no.
fn abort_after(yes: usize, settings: &str) -> RecordedRun {
    let refusal = |name: &&str| {
        format!(
            "[[faults]]\nkind = 'serialization-failure'\ntarget = '{name}-db'\n\
             on = {{ who = '{name}-db', what = 'force prepare' }}\n"
        )
    };
    let told = run(&scenario(
        settings,
        15,
        &["a", "b", "c"][yes..].iter().map(refusal).collect::<String>(),
    ));
    check_sound(&told, settings);
    assert_eq!(headlines(&told), [Headline::Rejected], "{settings}");
    told
}

/// Every abort of the manual's tables, and without the records that no recovery needs.
#[test]
fn an_abort_costs_what_the_manual_says() {
    for yes in 0..N {
        // Asked one after the other, the first no ends the round.
        let (asked, rest) = (yes + 1, N - yes - 1);
        let parallel = [
            ("nothing", Price { forced: 1 + N + yes, lazy: 1, messages: 2 * N + 2 * yes }),
            ("abort", Price { forced: yes, lazy: 1 + N, messages: 2 * N + yes }),
            ("commit", Price { forced: 1 + N + yes, lazy: 1, messages: 2 * N + 2 * yes }),
        ];
        let told = 2 * (yes + rest);
        let sequential = [
            ("nothing", Price { forced: 2 + 2 * yes, lazy: 1, messages: 2 * asked + told }),
            ("abort", Price { forced: yes, lazy: 2 + yes, messages: 2 * asked + told / 2 }),
            ("commit", Price { forced: 2 + 2 * yes, lazy: 1, messages: 2 * asked + told }),
        ];
        for (fan_out, prices) in [("parallel", parallel), ("sequential", sequential)] {
            let noes = if fan_out == "parallel" { N - yes } else { 1 };
            for (presumption, full) in prices {
                let settings = format!("presumption = '{presumption}', fan-out = '{fan_out}'");
                assert_eq!(price(&abort_after(yes, &settings)), full, "{yes} yes, {settings}");
                let spared = match presumption {
                    "abort" => Price { lazy: full.lazy - noes - 1, ..full },
                    "nothing" if yes + rest * usize::from(fan_out == "sequential") == 0 => {
                        Price { forced: 0, lazy: 0, ..full }
                    }
                    _ => Price { forced: full.forced - noes, ..full },
                };
                let settings = format!("{settings}, abort-records = false");
                assert_eq!(price(&abort_after(yes, &settings)), spared, "{yes} yes, {settings}");
            }
        }
    }
}

/// One after the other costs a commit as much as all at once.
#[test]
fn a_sequential_commit_costs_as_much() {
    for presumption in ["nothing", "abort", "commit"] {
        let parallel = price(&once(presumption, ""));
        let settings = format!("presumption = '{presumption}', fan-out = 'sequential'");
        assert_eq!(price(&run(&scenario(&settings, 15, ""))), parallel, "{settings}");
    }
}

/// A participant whose database has lost the branch in a crash has nothing to write.
#[test]
fn a_lost_branch_votes_no_without_a_record() {
    let asked = Moments::of(ARRIVAL).asked;
    let told = once("abort", &crash("b-db", asked - LINK / 2, SECOND));
    assert_eq!(headlines(&told), [Headline::Rejected]);
    let yes = N - 1;
    assert_eq!(price(&told), Price { forced: yes, lazy: 1 + yes, messages: 2 * N + yes });
}

/// A rule refuses the work of `c`: nobody was asked for a vote, so nobody writes anything down, and
/// `a` and `b` are told once.
#[test]
fn a_refusal_of_work_costs_no_log_record() {
    for presumption in ["nothing", "abort", "commit"] {
        let text = scenario(&format!("presumption = '{presumption}'"), 15, "");
        let third = "name = \"third\"\n";
        let text = text.replace(third, &format!("{third}refuse = {{ probability = 1.0 }}\n"));
        let told = run(&text);
        check_sound(&told, presumption);
        assert_eq!(headlines(&told), [Headline::Refused]);
        assert_eq!(price(&told), Price { forced: 0, lazy: 0, messages: N - 1 });
        assert_eq!(told.count(Kind::Logged), 0);
    }
}

/// R*: a participant that has only read votes so, gives its locks back, writes no log record and
/// hears nothing of the second phase.
#[test]
fn a_step_that_only_reads_costs_a_vote_and_no_record() {
    let wrote = N - 1;
    let prices = [
        ("nothing", Price { forced: 1 + 2 * wrote, lazy: 1, messages: 2 * N + 2 * wrote }),
        ("abort", Price { forced: 1 + 2 * wrote, lazy: 1, messages: 2 * N + 2 * wrote }),
        ("commit", Price { forced: 2 + wrote, lazy: wrote, messages: 2 * N + wrote }),
    ];
    let effects = ["'none'", "'none'\nlock = 'shared'", "'none'\nlock = 'exclusive'"];
    for ((presumption, expected), effect) in prices.into_iter().zip(effects) {
        let text = scenario(&format!("presumption = '{presumption}'"), 15, "");
        let (before, third) = text.split_once("name = \"third\"").expect("a third step");
        let third = third.replacen("{ add = { n = 1 } }", effect, 1);
        let told = run(&format!("{before}name = \"third\"{third}"));
        check_sound(&told, presumption);
        assert_eq!(headlines(&told), [Headline::Committed], "what only reads is not missed");
        assert_eq!(price(&told), expected, "presumed {presumption}");
        assert_eq!(told.count(Kind::Prepared), wrote);
        assert_eq!(told.all(Kind::LockHeld).count(), N, "every lock was given back");
    }
}

/// Without any effect there is nothing to commit: all are out after their votes.
#[test]
fn an_operation_that_only_reads_is_done_when_its_client_hears_yes() {
    let text = scenario("", 15, "").replace("effect = { add = { n = 1 } }", "effect = 'none'");
    let told = run(&text);
    assert_eq!(headlines(&told), [Headline::Committed]);
    assert_eq!((told.count(Kind::Prepared), price(&told).messages), (0, 2 * N));
}

#[test]
fn several_first_steps_are_worked_on_at_once() {
    let work = WORK + 2 * WIRE + STATEMENT;
    let vote = 2 * WIRE + PREPARE;
    let text = scenario("", 15, "").replace("after = [\"first\"]", "after = []");
    let told = run(&text);
    assert_eq!(headlines(&told), [Headline::Committed]);
    let span = (2 * LINK + work) + 2 * LINK + vote;
    assert_eq!(waited(&told), 2 * CLIENT + span + FORCE);
}

/// How long the client of the only operation waited.
fn waited(told: &RecordedRun) -> u64 {
    told.report.operations[0].answered_after.expect("an answer").as_nanos()
}

#[test]
fn without_faults_all_ends_well_and_takes_as_long_as_computed() {
    let work = WORK + 2 * WIRE + STATEMENT;
    let vote = 2 * WIRE + PREPARE;
    for (presumption, collecting, messages) in
        [("nothing", 0, 4), ("abort", 0, 4), ("commit", FORCE, 3)]
    {
        let places = [
            // The work of `a`, then of `b` and `c`; then all votes, which others bound.
            ("own-node", "parallel", 2 * (2 * LINK + work) + 2 * LINK + vote),
            ("own-node", "sequential", 3 * (2 * LINK + work) + 3 * (2 * LINK + vote)),
            // The request is work for `a`, too, and `a` is no message away from itself.
            ("caller", "parallel", WORK + work + (2 * LINK + work) + 2 * LINK + vote),
            ("caller", "sequential", WORK + 3 * work + 4 * LINK + 3 * vote + 4 * LINK),
        ];
        for (place, fan_out, span) in places {
            let what = format!(
                "presumption = '{presumption}', coordinator = '{place}', fan-out = '{fan_out}'"
            );
            let told = run(&scenario(&what, 95, ""));
            check_sound(&told, &what);
            assert_eq!(headlines(&told), [Headline::Committed; 9], "{what}");
            let others = if place == "caller" { N - 1 } else { N };
            assert_eq!(told.sent("work", MessageClass::Service), 9 * 2 * others, "{what}");
            assert_eq!(price(&told).messages, 9 * messages * others, "{what}");
            assert_eq!(told.count(Kind::Retried), 0);
            assert_eq!(waited(&told), 2 * CLIENT + span + collecting + FORCE, "{what}");
            let decided = told.all(Kind::Decided).next().expect("a decision").time.as_nanos();
            assert_eq!(decided, ARRIVAL + waited(&told) - CLIENT, "durable, then answered");
        }
    }
}

#[test]
fn in_doubt_without_faults_is_the_way_of_the_decision() {
    let told = once("abort", "");
    let moments = Moments::of(ARRIVAL);
    assert_eq!(ARRIVAL + waited(&told), moments.answered);
    for database in 0..3 {
        assert_eq!(when(&told, Kind::Prepared, database, 0), moments.prepared);
        assert_eq!(when(&told, Kind::Resolved, database, 0), moments.resolved);
    }
    assert_eq!(values(&told, IN_DOUBT_EACH), [moments.resolved - moments.prepared; N]);
}

/// Two-phase commit, but that `c` only reads its row.
struct Reading(TwoPhaseCommit);

impl Pattern for Reading {
    const NAME: &'static str = "reading";
    const SUMMARY: &'static str = "two-phase commit with a participant that changes nothing";
    const MANUAL: &'static str = "//! For tests.";
    type Settings = Settings;

    fn drivers(settings: &Settings) -> Vec<Driver> {
        TwoPhaseCommit::drivers(settings)
    }

    fn new(settings: &Settings, world: &Rc<World>) -> Self {
        Self(TwoPhaseCommit::new(settings, world))
    }

    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        self.0.entry(world, kind, op, attempt)
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        let id = coordinator::begin(&here, 0);
        let operation = operation(&here, op);
        let all = Participants::of(operation);
        let message = Message::request("work", here.retry().step_deadline);
        for service in all.iter(operation) {
            let (steps, sent) = (1 << service.0, here.now());
            let node = id.participant(here.world(), service);
            let reply = here.call(node, message, move |here: ProcessCtx| async move {
                if service != ServiceId(2) {
                    let waited_for = (sent, Time::NEVER);
                    return participant::work(here, id, steps, None, waited_for).await.is_ok();
                }
                assert!(Branches::begin(&here, id, sent));
                let (ctx, database) = (*here.ctx(), here.database(TableId(2)));
                let begun = database.begin(ctx, here.node(), service, false).await;
                let mut txn = begun.expect("a connection");
                let read = txn.read(TableId(2), RowKey(0)).await;
                !Branches::put_back(&here, id, Some(txn), steps) && read.is_ok()
            });
            assert_eq!(reply.await, Reply::Answered(true));
        }
        let (waiting, decision) = self.0.prepare(&here, id, all).await;
        assert_eq!(decision, Decision::Commit);
        self.0.decide(&here, id, decision, waiting).await;
        Answer::Done
    }
}

#[test]
fn who_has_only_read_drops_out_at_its_vote_if_that_is_set() {
    let patterns = Patterns::builtin().with::<Reading>();
    let entry = patterns.find("reading").expect("it was just registered");
    for (read_only_vote, expected) in [
        (true, Price { forced: 1 + 2 * (N - 1), lazy: 1, messages: 2 * N + 2 * (N - 1) }),
        (false, Price { forced: 1 + 2 * N, lazy: 1, messages: 4 * N }),
    ] {
        let text = format!("read-only-vote = {read_only_vote}");
        let tree = toml::de::DeTable::parse(&text).expect("a table");
        let tree = toml::Spanned::new(tree.span(), toml::de::DeValue::Table(tree.into_inner()));
        let pattern = entry.decode(tree).expect("settings");
        let scenario = crate::tests::runs::scenario(&scenario("", 15, ""));
        let system = std::sync::Arc::clone(&scenario.system);
        let told = record_run(&Setup::new(system, pattern), 1);
        assert_eq!(price(&told), expected, "{text}");
        let prepared = if read_only_vote { N - 1 } else { N };
        assert_eq!(told.count(Kind::Prepared), prepared);
        assert_eq!(told.count(Kind::Resolved), prepared);
        assert_eq!(told.all(Kind::LockHeld).count(), N, "every lock was given back");
    }
}
