//! Properties of the parts of the world: for each a bad history, a good one, and a near miss.

use super::*;
use crate::kernel::NodeId;
use crate::model::database::EventKind;
use crate::model::record::{
    AbortCause, Discard, LabelId, LogId, MessageClass, ProbeEnd, ProbeId, Sight,
};
use crate::model::system::{
    DatabaseId, Feed, QuorumLegs, QuorumSpec, ReplicaSpec, RowKey, StepId, System, TableId,
};
use crate::tests::history::CUSTOMERS;

const DATABASE: DatabaseId = DatabaseId(0);
const COPY: TableId = TableId(3);
const EVENT: LabelId = label::EVENT;
/// Another node than that of the clients.
const NODE: NodeId = NodeId(7);

/// An event of operation 0 that happens at a node, caused by a process.
fn by(history: &mut History, process: u32, event: Event) {
    history.note_with(event, |it| (it.op, it.node, it.process) = (OpId(0), NODE, process));
}

fn at_node(history: &mut History, event: Event) {
    by(history, 1, event);
}

/// A process gives back the lock of customer 3, which it held for so many ms.
fn unlock(history: &mut History, process: u32, ms: u64) {
    let (table, row, held) = (CUSTOMERS, RowKey(3), Span::from_millis(ms));
    by(history, process, Event::LockHeld { database: DATABASE, table, row, held });
}

/// A process writes customer 3 and gives back its lock, which it held for so many ms.
fn write(history: &mut History, process: u32, ms: u64) {
    let column = crate::model::system::ColumnRef { table: CUSTOMERS, column: 0 };
    by(history, process, Event::Value { column, row: RowKey(3), value: 7 });
    unlock(history, process, ms);
}

fn crash(history: &mut History) {
    at_node(history, Event::Crashed { processes: 1 });
}

#[test]
fn lock_exclusion() {
    let second = |held: u64| {
        move |history: &mut History| {
            write(history.at(20_000), 1, 10);
            write(history.at(20_005), 2, held);
        }
    };
    assert_eq!(verdict("lock-exclusion", second(6)), Violated);
    assert_eq!(verdict("lock-exclusion", second(5)), Held, "from one hand to the other");
    let reader = |history: &mut History| {
        unlock(history.at(20_000), 1, 10);
        write(history.at(20_005), 2, 9);
    };
    assert_eq!(verdict("lock-exclusion", reader), Held, "the first one wrote nothing");
}

#[test]
fn lock_waits_end() {
    let wait = |end: Option<Event>| {
        move |history: &mut History| {
            unlock(history.at(20_000), 9, 1);
            at_node(history, events::lock_wait(1, 3));
            if let Some(end) = end {
                at_node(history, end);
            }
        }
    };
    assert_eq!(verdict("lock-waits-end", wait(None)), Violated);
    for end in [
        events::lock_granted(1, 3),
        events::lock_failed(1, 3),
        events::aborted(1, AbortCause::Broken),
        Event::Crashed { processes: 0 },
    ] {
        assert_eq!(verdict("lock-waits-end", wait(Some(end))), Held);
    }
    let other = wait(Some(events::lock_granted(2, 3)));
    assert_eq!(verdict("lock-waits-end", other), Violated, "somebody else got it");
}

#[test]
fn locks_end_with_transactions() {
    let ends = |after: u64, event: Event| {
        move |history: &mut History| {
            at_node(history.at(20_000), events::lock_granted(1, 3));
            at_node(history.at(20_010), event);
            unlock(history.at(20_010 + after), 1, 10);
        }
    };
    let property = "locks-end-with-transactions";
    for end in [events::committed(1), events::aborted(1, AbortCause::Rule)] {
        assert_eq!(verdict(property, ends(0, end)), Held);
        assert_eq!(verdict(property, ends(1, end)), Violated, "later");
    }
    assert_eq!(verdict(property, ends(1, events::prepared(1, 5))), Held, "it goes on");
    let crashed = |history: &mut History| {
        at_node(history.at(20_000), events::lock_granted(1, 3));
        unlock(history, 2, 0);
        crash(history);
        at_node(history.at(20_010), events::aborted(1, AbortCause::Crash));
        history.at(30_000);
    };
    assert_eq!(verdict(property, crashed), Held, "the crash took the lock");
}

/// A transaction shows an effect; its commit record is durable or not. Then its database restarts
/// and has lost the effect.
fn lost(history: &mut History, durable: bool, prepared: bool) {
    let log = LogId::of_database(DATABASE);
    if prepared {
        at_node(history.at(20_000), events::prepared(1, 5));
    }
    let logged = Event::Logged { log, label: label::COMMIT, forced: true };
    at_node(history.at(20_001), logged);
    if durable {
        at_node(history, events::forced(0, 1));
    }
    history.apply(0, 0);
    at_node(history, events::committed(1));
    crash(history.at(21_000));
    history.at(22_000).recover(0, 0, -1);
}

#[test]
fn recovery_loses_nothing() {
    let property = "recovery-loses-nothing";
    let finding = told(property, |history| lost(history, true, false));
    assert_eq!(finding.verdict(), Violated);
    assert_eq!(finding.judgement.why, "recovery lost step 0 of operation 0, which was durable");
    assert_ne!(verdict(property, |it| lost(it, false, false)), Violated, "it was not durable");
    assert_ne!(verdict(property, |it| lost(it, true, true)), Violated, "a branch may ask again");
    let overwritten = |history: &mut History| {
        let log = LogId::of_database(DATABASE);
        at_node(history.at(20_000), Event::Logged { log, label: label::COMMIT, forced: true });
        at_node(history, events::forced(0, 1));
        history.apply(0, 0);
        history.apply(0, 1);
        at_node(history, events::committed(1));
        history.at(20_001).overwrite(0, 0);
        crash(history.at(21_000));
    };
    assert_eq!(verdict(property, overwritten), Held, "a transaction took it");
}

#[test]
fn one_flush_at_a_time() {
    let log = LogId::of_database(DATABASE);
    let append = |history: &mut History, at: u64| {
        at_node(history.at(at), Event::Logged { log, label: label::COMMIT, forced: true });
    };
    let flush = |history: &mut History, at: u64, records: u64, ms: u64| {
        let took = Span::from_millis(ms);
        at_node(history.at(at), Event::Forced { log, records, took });
    };
    let property = "one-flush-at-a-time";
    let story = |records: u64, second: u64| {
        move |history: &mut History| {
            append(history, 20_000);
            append(history, 20_003);
            flush(history, 20_005, records, 5);
            flush(history, 20_010, 1, second);
        }
    };
    assert_eq!(verdict(property, story(1, 5)), Held, "one behind the other");
    assert_eq!(verdict(property, story(1, 6)), Violated, "they overlap");
    assert_eq!(verdict(property, story(2, 5)), Violated, "the second record came too late");
    let crashed = |history: &mut History| {
        append(history, 20_000);
        crash(history.at(20_001));
        append(history, 20_002);
        flush(history, 20_004, 1, 1);
    };
    assert_eq!(verdict(property, crashed), Held, "the first is gone");
}

fn publish(history: &mut History, number: u64) {
    let (step, outcome) = (StepId(0), EventKind::Applied);
    at_node(history, Event::Published { topic: EVENT, partition: 0, number, step, outcome });
}

fn store(history: &mut History) {
    at_node(history, Event::Logged { log: LogId::of_node(NODE), label: EVENT, forced: false });
}

fn hand(history: &mut History, number: u64) {
    at_node(history, Event::Handed { topic: EVENT, delivery: 1, number });
}

#[test]
fn durable_before_delivery() {
    let story = |records: u64| {
        move |history: &mut History| {
            history.at(20_000);
            store(history);
            store(history);
            let (log, took) = (LogId::of_node(NODE), Span::ZERO);
            at_node(history, Event::Forced { log, records, took });
            publish(history, 1);
            publish(history, 2);
        }
    };
    assert_eq!(verdict("durable-before-delivery", story(2)), Held);
    assert_eq!(verdict("durable-before-delivery", story(1)), Violated);
    let volatile = |history: &mut History| publish(history.at(20_000), 1);
    assert_eq!(verdict("durable-before-delivery", volatile), Undecided, "it promises nothing");
}

#[test]
fn handed_out_once_stored() {
    let property = "handed-out-once-stored";
    let known = |history: &mut History| {
        publish(history.at(20_000), 1);
        hand(history, 1);
    };
    assert_eq!(verdict(property, known), Held);
    assert_eq!(verdict(property, |history| hand(history.at(20_000), 1)), Violated);
    let lost = |history: &mut History| {
        known(history);
        let discard = Discard::Lost;
        at_node(history, Event::Discarded { topic: EVENT, discard, number: 1 });
        hand(history, 1);
    };
    assert_eq!(verdict(property, lost), Violated);
    let found = |history: &mut History| {
        let handed = Event::Handed { topic: EVENT, delivery: 1, number: 4 };
        history.at(20_000).note_with(handed, |it| (it.node, it.incarnation) = (NODE, 1));
    };
    assert_eq!(verdict(property, found), Held, "a restarted broker found it in its log");
}

#[test]
fn message_numbers_used_once() {
    let story = |durable: bool, second: u64| {
        move |history: &mut History| {
            history.at(20_000);
            if durable {
                store(history);
            }
            publish(history, 1);
            crash(history.at(21_000));
            publish(history.at(22_000), second);
        }
    };
    assert_eq!(verdict("message-numbers-used-once", story(true, 2)), Held);
    assert_eq!(verdict("message-numbers-used-once", story(true, 1)), Violated);
    assert_eq!(verdict("message-numbers-used-once", story(false, 1)), Held, "it has forgotten");
}

#[test]
fn transactions_end_once() {
    let story = |prepared: bool, second: Event| {
        move |history: &mut History| {
            history.at(20_000);
            if prepared {
                at_node(history, events::prepared(1, 5));
            }
            at_node(history, events::committed(1));
            at_node(history.at(21_000), second);
            at_node(history, events::committed(3));
        }
    };
    let property = "transactions-end-once";
    let crash = events::aborted(1, AbortCause::Crash);
    assert_eq!(verdict(property, story(false, crash)), Violated);
    assert_eq!(verdict(property, story(false, events::committed(1))), Violated);
    assert_eq!(verdict(property, story(false, events::committed(2))), Held);
    assert_eq!(verdict(property, story(true, events::committed(1))), Held, "carried out again");
}

#[test]
fn lease_tokens_grow_and_are_granted() {
    let lease = |history: &mut History, token: u64| {
        let (label, holder) = (LabelId(40), NODE);
        at_node(history.at(20_000), Event::Leased { label, token, holder });
    };
    let grants = |tokens: [u64; 2]| {
        move |history: &mut History| tokens.into_iter().for_each(|token| lease(history, token))
    };
    assert_eq!(verdict("lease-tokens-grow", grants([1, 2])), Held);
    assert_eq!(verdict("lease-tokens-grow", grants([2, 2])), Violated);
    assert_eq!(verdict("lease-tokens-grow", grants([2, 1])), Violated);
    assert_eq!(verdict("lease-tokens-grow", |it| lease(it, 1)), Undecided, "the first of all");
    let carried = |token: u64| {
        move |history: &mut History| {
            lease(history, 1);
            lease(history, 2);
            at_node(history, events::fenced(1, token));
        }
    };
    assert_eq!(verdict("tokens-are-granted", carried(2)), Held);
    assert_eq!(verdict("tokens-are-granted", carried(1)), Held, "an old one, which may be refused");
    assert_eq!(verdict("tokens-are-granted", carried(3)), Violated);
}

/// The usual system, with a copy of the customers.
fn copied(quorum: bool) -> System {
    let mut system = system();
    system.tables.push(system.table(CUSTOMERS).clone());
    if quorum {
        system.quorums.push(QuorumSpec {
            of: CUSTOMERS,
            copies: vec![COPY],
            write: 1,
            read: 1,
            legs: QuorumLegs::default(),
            read_repair: false,
            hinted_handoff: false,
        });
    } else {
        let feed = Feed::Periodic(Span::from_secs(1));
        system.replicas.push(ReplicaSpec { of: CUSTOMERS, copy: COPY, feed });
    }
    system
}

#[test]
fn copies_catch_up() {
    let judged = |settled: bool, story: fn(&mut History)| {
        let mut history = History::of(copied(false));
        story(history.at(20_000).value(CUSTOMERS, 0, 3, 6).value(CUSTOMERS, 0, 4, 6));
        history.at(105_000).found("copies-catch-up", settled).verdict()
    };
    assert_eq!(judged(true, |_| ()), Violated);
    let half = |history: &mut History| {
        history.value(COPY, 0, 3, 6).value(COPY, 0, 4, 5);
    };
    assert_eq!(judged(true, half), Violated);
    assert_eq!(judged(false, half), Undecided, "it may yet come");
    let whole = |history: &mut History| {
        history.value(COPY, 0, 4, 6).value(COPY, 0, 3, 6);
    };
    assert_eq!(judged(true, whole), Held);
    let deleted = |history: &mut History| {
        history.value(COPY, 0, 4, 6).value(COPY, 0, 3, 6).delete(CUSTOMERS, 3);
    };
    assert_eq!(judged(true, deleted), Violated, "a row stayed");
    let gone = |history: &mut History| {
        history.value(COPY, 0, 4, 6).delete(CUSTOMERS, 3).delete(COPY, 3);
    };
    assert_eq!(judged(true, gone), Held);
}

#[test]
fn copies_never_go_back() {
    let judged = |values: &[i64]| {
        let mut history = History::of(copied(true));
        for value in [5, 6, 7] {
            history.at(20_000).value(CUSTOMERS, 0, 3, value);
        }
        for value in values {
            history.value(COPY, 0, 3, *value);
        }
        history.at(30_000).found("copies-never-go-back", true).verdict()
    };
    assert_eq!(judged(&[5, 6, 7]), Held);
    assert_eq!(judged(&[5, 7]), Held, "one was overtaken");
    assert_eq!(judged(&[7, 6]), Violated);
    assert_eq!(judged(&[8]), Violated, "a value of nobody");
}

#[test]
fn read_quorum() {
    let judged = |answer: Answer, sight: Sight, undone: bool| {
        let mut history = History::of(copied(true));
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1).answer(0, answer);
        let probe = history.at(20_100).begin_probe(OpId(0));
        let saw = Event::ProbeSaw { table: COPY, probe, sight };
        history.note_with(saw, |it| (it.op, it.step) = (OpId(0), StepId(1)));
        if undone {
            history.at(20_200).undo(0, 1);
        }
        history.at(30_000).found("read-quorum", true).verdict()
    };
    assert_eq!(judged(Answer::Done, Sight::Effect, false), Held);
    assert_eq!(judged(Answer::Done, Sight::Nothing, false), Violated);
    assert_eq!(judged(Answer::Unknown, Sight::Nothing, false), Undecided);
    assert_eq!(judged(Answer::Done, Sight::Nothing, true), Undecided, "it was taken back");
}

#[test]
fn reads_are_complete_and_end() {
    let read = |cells: u32, seen: &'static [u8], end: Option<ProbeEnd>| {
        move |history: &mut History| {
            let probe = ProbeId(9);
            history.at(20_000).note_of(0, Event::ProbeBegan { read: 0, probe, cells });
            for step in seen {
                let saw = Event::ProbeSaw { table: CUSTOMERS, probe, sight: Sight::Effect };
                history.note_with(saw, |it| (it.op, it.step) = (OpId(0), StepId(*step)));
            }
            if let Some(end) = end {
                history.note_of(0, Event::ProbeEnded { read: 0, probe, end });
            }
        }
    };
    let complete = Some(ProbeEnd::Complete);
    let verdict = |property, story| super::verdict(property, story);
    assert_eq!(super::verdict("reads-are-complete", read(2, &[1, 2], complete)), Held);
    let finding = told("reads-are-complete", read(2, &[1, 1], complete));
    assert_eq!(finding.judgement.why, "a complete read of operation 0 had read 1 of 2 cells");
    let failed = read(2, &[1], Some(ProbeEnd::Error));
    assert_eq!(verdict("reads-are-complete", failed), Undecided, "nobody said so");
    assert_eq!(verdict("reads-end", read(2, &[1], Some(ProbeEnd::Error))), Held);
    assert_eq!(verdict("reads-end", read(2, &[1], None)), Violated);
    let twice = |history: &mut History| {
        read(1, &[1], Some(ProbeEnd::Error))(history);
        let end = ProbeEnd::Complete;
        history.note_of(0, Event::ProbeEnded { read: 0, probe: ProbeId(9), end });
    };
    assert_eq!(super::verdict("reads-end", twice), Violated);
}

/// A client requests operation 0.
fn request(history: &mut History, ms: u64) {
    let (label, class) = (LabelId(41), MessageClass::Client);
    history.at(ms).note_of(0, Event::Sent { label, to: NODE, class });
}

#[test]
fn client_attempts() {
    let requests = |times: u64, to: NodeId| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            request(history, 20_000);
            for time in 1..times {
                let (label, class) = (LabelId(41), MessageClass::Client);
                history.at(20_000 + time).note_of(0, Event::Sent { label, to, class });
            }
        }
    };
    assert_eq!(verdict("client-attempts", requests(1, NODE)), Held);
    assert_eq!(verdict("client-attempts", requests(2, NODE)), Violated, "it has one attempt");
    let refused = requests(2, NodeId::WORLD);
    assert_eq!(verdict("client-attempts", refused), Held, "a machine refuses for its process");
}

#[test]
fn no_request_after_the_deadline() {
    let story = |ms: u64, answered: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            request(history, 20_000);
            if answered {
                history.answer(0, Answer::Unknown);
            }
            request(history, ms);
        }
    };
    let property = "no-request-after-the-deadline";
    assert_eq!(verdict(property, story(25_000, false)), Held);
    assert_eq!(verdict(property, story(25_001, false)), Violated);
    assert_eq!(verdict(property, story(21_000, true)), Violated, "it has an answer");
}

#[test]
fn messages_have_one_fate_and_keep_their_address() {
    let (label, class) = (LabelId(42), MessageClass::Service);
    let send = Event::Sent { label, to: NODE, class };
    let arrive = Event::Delivered { label, from: NodeId::WORLD, class };
    let lose = Event::Lost { label, to: NODE, class, damaged: false };
    let copy = Event::Duplicated { label, copy: 6, class };
    let note = |history: &mut History, number: u32, node: NodeId, event: Event| {
        history.at(20_000).note_with(event, |it| (it.message, it.node) = (number, node));
    };
    let told = |property: &'static str, story: &[(u32, Event)]| {
        let mut history = History::new();
        story.iter().for_each(|(number, event)| note(&mut history, *number, NODE, *event));
        history.found(property, true).verdict()
    };
    let fate = |story: &[(u32, Event)]| told("message-fate", story);
    assert_eq!(fate(&[(5, send), (5, arrive)]), Held);
    assert_eq!(fate(&[(5, send), (5, copy), (5, lose), (6, arrive)]), Held, "a copy lives on");
    assert_eq!(fate(&[(5, send), (5, arrive), (5, arrive)]), Violated);
    assert_eq!(fate(&[(5, send), (5, lose), (5, arrive)]), Violated);
    assert_eq!(fate(&[(5, arrive)]), Violated, "from nowhere");
    let address = |node: NodeId, event: Event| {
        let mut history = History::new();
        note(&mut history, 5, NodeId::WORLD, send);
        note(&mut history, 5, node, event);
        history.found("messages-keep-their-address", true).verdict()
    };
    assert_eq!(address(NODE, arrive), Held);
    assert_eq!(address(NodeId::WORLD, arrive), Held, "its process is down");
    assert_eq!(address(NodeId(8), arrive), Violated);
    let other = Event::Delivered { label: LabelId(43), from: NodeId::WORLD, class };
    assert_eq!(address(NODE, other), Violated, "under another name");
}

#[test]
fn accepted_after_first_commit() {
    let story = |answer: Answer, commits: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            if commits {
                history.note_of(0, events::committed(1));
            }
            history.answer(0, answer);
        }
    };
    let property = "accepted-after-first-commit";
    assert_eq!(verdict(property, story(Answer::Accepted, true)), Held);
    assert_eq!(verdict(property, story(Answer::Accepted, false)), Violated);
    assert_eq!(verdict(property, story(Answer::Done, false)), Held, "decided, and not yet known");
}

#[test]
fn corrections_follow_their_source() {
    let story = |first: bool, for_op: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            if first {
                history.apply(0, 0).note_of(0, events::committed(1));
            }
            history.at(21_000).apply(0, 1);
            match for_op {
                true => history.note_of(0, events::committed(2)),
                false => history.note(events::committed(2)),
            };
        }
    };
    let property = "corrections-follow-their-source";
    assert_eq!(verdict(property, story(true, false)), Held);
    assert_eq!(verdict(property, story(false, false)), Violated);
    assert_eq!(verdict(property, story(false, true)), Undecided, "no job did that");
}
