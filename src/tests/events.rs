//! Events for hand-written histories: what no test cares about is the first of its kind.

use crate::kernel::{NodeId, Span};
use crate::model::database::{Direction, EventKind};
use crate::model::record::*;
use crate::model::system::{DatabaseId, RowKey, ServiceId, StepId};
use crate::tests::history::CUSTOMERS;

const DATABASE: DatabaseId = DatabaseId(0);
const SERVICE: ServiceId = ServiceId(0);
const DESK: Station = Station::Service(SERVICE);
const LABEL: LabelId = LabelId(0);

/// A branch of a distributed transaction is prepared.
pub const fn prepared(txn: u64, transaction: u64) -> Event {
    let transaction = GlobalTxnId(transaction);
    Event::Prepared { database: DATABASE, txn: TxnId(txn), transaction }
}

/// A prepared branch keeps a customer's row.
pub const fn prepared_row(txn: u64, row: u64) -> Event {
    let (txn, row) = (TxnId(txn), RowKey(row));
    Event::PreparedRow { database: DATABASE, txn, table: CUSTOMERS, row }
}

/// A prepared branch ends as its coordinator says.
pub const fn resolved(txn: u64, decision: Decision) -> Event {
    Event::Resolved { database: DATABASE, txn: TxnId(txn), decision, heuristic: false }
}

/// A prepared branch ends as its participant alone decides.
pub const fn resolved_alone(txn: u64, decision: Decision) -> Event {
    Event::Resolved { database: DATABASE, txn: TxnId(txn), decision, heuristic: true }
}

/// A transaction commits.
pub const fn committed(txn: u64) -> Event {
    Event::Committed { database: DATABASE, txn: TxnId(txn) }
}

/// A transaction rolls back.
pub const fn aborted(txn: u64, cause: AbortCause) -> Event {
    Event::Aborted { database: DATABASE, txn: TxnId(txn), cause }
}

/// A transaction waits for a customer's row.
pub const fn lock_wait(txn: u64, row: u64) -> Event {
    let (txn, row) = (TxnId(txn), RowKey(row));
    Event::LockWait { database: DATABASE, txn, table: CUSTOMERS, row }
}

/// A transaction gets a customer's row.
pub const fn lock_granted(txn: u64, row: u64) -> Event {
    let (txn, row) = (TxnId(txn), RowKey(row));
    Event::LockGranted { database: DATABASE, txn, table: CUSTOMERS, row }
}

/// A transaction gives up waiting for a customer's row.
pub const fn lock_failed(txn: u64, row: u64) -> Event {
    let (txn, row, failure) = (TxnId(txn), RowKey(row), LockFailure::Timeout);
    Event::LockFailed { database: DATABASE, txn, table: CUSTOMERS, row, failure }
}

/// A log record is written; somebody waits for it.
pub const fn logged(log: u32, label: LabelId) -> Event {
    Event::Logged { log: LogId(log), label, forced: true }
}

/// A log is forced.
pub const fn forced(log: u32, records: u64) -> Event {
    Event::Forced { log: LogId(log), records, took: Span::ZERO }
}

/// A message leaves.
pub const fn sent(class: MessageClass) -> Event {
    Event::Sent { label: LABEL, to: NodeId::WORLD, class }
}

/// A message arrives.
pub const fn delivered(class: MessageClass) -> Event {
    Event::Delivered { label: LABEL, from: NodeId::WORLD, class }
}

/// A message is lost.
pub const fn lost() -> Event {
    let class = MessageClass::Service;
    Event::Lost { label: LABEL, to: NodeId::WORLD, class, damaged: false }
}

/// A message is copied.
pub const fn duplicated(copy: u32) -> Event {
    Event::Duplicated { label: LABEL, copy, class: MessageClass::Service }
}

/// A request takes its place behind so many others.
pub const fn queued(waiting: u64) -> Event {
    Event::Queued { at: DESK, waiting }
}

/// A request has waited so many ns.
pub const fn started(waited: u64) -> Event {
    Event::Started { at: DESK, waited: Span::from_nanos(waited) }
}

/// A request ends after so many ns of work and of staying.
pub const fn finished(work: u64, stayed: u64) -> Event {
    let (work, stayed) = (Span::from_nanos(work), Span::from_nanos(stayed));
    Event::Finished { at: DESK, work, stayed }
}

/// A crash drops requests that had stayed so many ns together.
pub const fn dropped(requests: u64, stayed: u64) -> Event {
    Event::Dropped { at: DESK, requests, stayed: Span::from_nanos(stayed) }
}

/// A broker takes a message that tells of the first step.
pub const fn published() -> Event {
    told(StepId(0), EventKind::Applied)
}

/// A broker takes a message that tells the outcome of a step.
pub const fn told(step: StepId, outcome: EventKind) -> Event {
    Event::Published { topic: LABEL, partition: 0, number: 0, step, outcome }
}

/// A broker hands a message out.
pub const fn handed(delivery: u64) -> Event {
    Event::Handed { topic: LABEL, delivery, number: 0 }
}

/// A broker gives a message up.
pub const fn discarded(discard: Discard) -> Event {
    Event::Discarded { topic: LABEL, discard, number: 0 }
}

/// A circuit breaker has a new state.
pub const fn circuit(circuit: Circuit) -> Event {
    Event::Circuit { callee: Station::Service(SERVICE), circuit }
}

/// A consumer group is behind by so many messages.
pub const fn group_lag(waiting: u64) -> Event {
    Event::GroupLag { group: SERVICE, waiting }
}

/// The first fault of the plan begins.
pub const fn fault_began(target: u16) -> Event {
    Event::FaultBegan { fault: 0, target: NodeId(target), nodes: 0 }
}

/// The first fault of the plan ends.
pub const fn fault_ended(target: u16) -> Event {
    Event::FaultEnded { fault: 0, target: NodeId(target), nodes: 0 }
}

/// A transaction passes a fence.
pub const fn fenced(txn: u64, token: u64) -> Event {
    Event::Fenced { database: DATABASE, txn: TxnId(txn), token }
}

/// An idempotency key is committed.
pub const fn keyed(direction: Direction) -> Event {
    Event::Keyed { database: DATABASE, direction }
}
