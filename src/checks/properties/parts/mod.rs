//! Properties of the parts of the world, which no pattern can give up: they are judged in every run
//! in which their part is at work.
//!
//! Each asks what a manual page of driftlab says about a part, and what no other property asks.
//!
//! - locks: an exclusive lock excludes every other one (`model::database::locks`):
//!   `lock-exclusion`.
//! - locks: a cycle of waits through several databases ends by the lock timeout:
//!   `lock-waits-end`.
//! - locks: what a transaction holds is released when it ends: `locks-end-with-transactions`.
//! - log, recovery: recovery redoes what is durable and undoes what is not
//!   (`model::database::recovery`): `recovery-loses-nothing`.
//! - log, recovery: there is one flush at a time, which covers what was appended before it
//!   (`model::log`): `one-flush-at-a-time`.
//! - broker: a durable broker delivers only what is durable (`model::broker`):
//!   `durable-before-delivery`.
//! - broker: consumers get what was stored, and nothing of what is lost:
//!   `handed-out-once-stored`.
//! - copies: a feed carries everything to its copy, whatever fails meanwhile (`model::replica`):
//!   `copies-catch-up`.
//! - copies: a copy of a quorum keeps the newer version (`model::replica::quorum`):
//!   `copies-never-go-back`.
//! - copies: with `R + W > N` a read after the acknowledgement sees the write
//!   (`techniques::quorum`): `read-quorum`.
//! - lease: the epoch of a lease only grows, and is durable before it is granted
//!   (`patterns::orchestrated`): `lease-tokens-grow`.
//! - lease: a transaction carries the token of the lease of its orchestrator
//!   (`model::database::fence`): `tokens-are-granted`.
//! - probes, look-ups: a probe is complete when all cells were read (`model::probe`):
//!   `reads-are-complete`.
//! - probes, look-ups: a reader hears, or gives up: `reads-end`.
//! - client: an operation has one budget of attempts (`model::client`): `client-attempts`.
//! - client: past its deadline a client has given up: `no-request-after-the-deadline`.
//! - network: a message arrives, or is lost; a copy has a number of its own (`model::call`):
//!   `message-fate`.
//! - network: a message arrives at its receiver, after its delay: `messages-keep-their-address`.
//! - job: the client is answered after the first local commit (`patterns::background_sync`):
//!   `accepted-after-first-commit`.
//! - job: the job sees rows and declared derivations, and no operations:
//!   `corrections-follow-their-source`.
//! - identifiers: numbers of messages are unique among all instances of a broker
//!   (`model::broker`): `message-numbers-used-once`.
//! - identifiers: the id of a transaction is unique within its run (`model::record`):
//!   `transactions-end-once`.

mod bits;

use super::{Finding, Properties, Property};
use crate::checks::verdict::Verdict;
use crate::kernel::NodeId;
use crate::model::record::{Event, MessageClass, OpId, Record};
use crate::model::system::System;

/// Returns whether a property is one of a part of the world.
pub fn is_of_parts(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Returns whether a part is at work in a system under a pattern with these guarantees.
pub type Applies = fn(&System, &[&str]) -> bool;

/// Declares the properties of parts: a line for each.
macro_rules! parts {
    ($($file:ident: $property:ident,)*) => {
        $(mod $file;)*

        /// The names of these properties.
        const NAMES: &[&str] = &[$(<$file::$property as Property>::NAME),*];

        impl Properties {
            /// These properties, and those of the parts of the world.
            #[must_use]
            pub(super) fn with_parts(self) -> Self {
                self$(.with::<$file::$property>())*
            }
        }
    };
}

parts! {
    lock_exclusion: LockExclusion,
    lock_waits_end: LockWaitsEnd,
    locks_end_with_transactions: LocksEndWithTransactions,
    recovery_loses_nothing: RecoveryLosesNothing,
    one_flush_at_a_time: OneFlushAtATime,
    durable_before_delivery: DurableBeforeDelivery,
    handed_out_once_stored: HandedOutOnceStored,
    copies_catch_up: CopiesCatchUp,
    copies_never_go_back: CopiesNeverGoBack,
    read_quorum: ReadQuorum,
    lease_tokens_grow: LeaseTokensGrow,
    tokens_are_granted: TokensAreGranted,
    reads_are_complete: ReadsAreComplete,
    reads_end: ReadsEnd,
    client_attempts: ClientAttempts,
    no_request_after_the_deadline: NoRequestAfterTheDeadline,
    message_fate: MessageFate,
    messages_keep_their_address: MessagesKeepTheirAddress,
    accepted_after_first_commit: AcceptedAfterFirstCommit,
    corrections_follow_their_source: CorrectionsFollowTheirSource,
    message_numbers_used_once: MessageNumbersUsedOnce,
    transactions_end_once: TransactionsEndOnce,
}

impl Finding {
    /// Returns whether it counts: what nobody has promised is worth telling only if it is broken.
    pub fn counts(&self) -> bool {
        self.verdict() == Verdict::Violated || !is_of_parts(&self.property)
    }
}

const fn everywhere(_: &System, _: &[&str]) -> bool {
    true
}

/// Events go through a broker.
fn with_events(_: &System, guarantees: &[&str]) -> bool {
    guarantees.contains(&"no-phantom-event")
}

/// Several orchestrators share a lease.
fn with_leases(_: &System, guarantees: &[&str]) -> bool {
    guarantees.contains(&"fencing")
}

/// A job carries changes on.
fn with_jobs(_: &System, guarantees: &[&str]) -> bool {
    guarantees.contains(&"corrections-follow-their-source")
}

fn with_reads(system: &System, _: &[&str]) -> bool {
    !system.reads.is_empty()
}

fn with_quorums(system: &System, _: &[&str]) -> bool {
    !system.quorums.is_empty()
}

fn with_kept_copies(system: &System, _: &[&str]) -> bool {
    !system.replicas.is_empty() || system.quorums.iter().any(|quorum| quorum.hinted_handoff)
}

fn with_quorums_that_are_read(system: &System, guarantees: &[&str]) -> bool {
    let meet = system.quorums.iter();
    let mut meet = meet.filter(|it| usize::from(it.read) + usize::from(it.write) > it.copies.len());
    meet.next().is_some() && !system.reads.is_empty() && guarantees.contains(&"write-quorum")
}

/// Returns whether a client requests an operation. Whoever answers for a node that is down is not a
/// client, and addresses one.
fn is_request_of_client(record: &Record) -> bool {
    let from_client = record.node == NodeId::WORLD && record.op != OpId::NONE;
    let class = MessageClass::Client;
    let is_request = |it: MessageClass, to: NodeId| it == class && to != NodeId::WORLD;
    from_client && matches!(record.event, Event::Sent { class, to, .. } if is_request(class, to))
}
