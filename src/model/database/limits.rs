//! The lifetime of a session whose client is silent.
//!
//! A *process* that dies leaves an operating system behind, which closes its connections: the
//! database hears of it one network trip later and rolls back what was not submitted. A *machine*
//! that dies (`machine = true` of a crash) and a cut cable (a partition) are silence, and silence
//! looks like a client that thinks. The session keeps its connection, its transaction and its row
//! locks, for which others wait, until the first of these limits ends it:
//!
//! - `branch-timeout`, since the transaction began: for every transaction that was not prepared,
//!   heard of or not. PostgreSQL 17 calls it `transaction_timeout` (off by default), XA the
//!   transaction timeout of the resource manager (Atomikos: 10 s, the default here).
//! - `idle-in-transaction`, since the last statement was answered: PostgreSQL's
//!   `idle_in_transaction_session_timeout`, off by default there and here.
//! - `keepalive`, since the client was last heard of. After `idle` the database's machine sends a
//!   probe, and another one after each further `interval`. A client's machine that lives answers
//!   them, whatever its processes do. After as many `probes` without an answer the session is
//!   ended: after 2 h 11 min with the defaults, which are those of Linux (`tcp(7)`:
//!   `tcp_keepalive_time`, `tcp_keepalive_intvl`, `tcp_keepalive_probes`) and so of PostgreSQL
//!   (`tcp_keepalives_idle` and so on, 0: as the system has it). Managed databases probe sooner:
//!   Aiven for PostgreSQL after 180 s, then 6 times every 10 s.
//!
//! A machine that is back knows nothing of its old connections and answers the next probe with a
//! reset, which ends the session at once; until then the database sends nothing, and the locks
//! stay, though the client may have served again for minutes. A cable that is mended in time lets
//! the session go on, and lets through what was sent meanwhile, be it that the client has hung up.
//!
//! It is the same the other way round. When the database's process dies, its machine resets the
//! connections and refuses new ones. When its whole machine dies, a client whose request is under
//! way hears nothing, nor does one that wants a connection: both wait, and keep their workers,
//! until the machine is back and resets, or until their own keepalive gives up (the same values).
//! The caller of the client gives up at its own deadline.
//!
//! So the defaults keep the locks of a dead machine for 10 s, not for two hours: few run a database
//! for transactions across services without any bound on their length. With a longer
//! `branch-timeout` the other two limits are what counts. A statement has no limit of its own: it
//! takes long only where it waits for a row lock, and `lock-timeout` bounds that. TCP's
//! retransmission of unacknowledged data (for about 15 minutes: `tcp_retries2`) is not modelled:
//! probes stand for it. A prepared branch has no session any more and none of these limits.

use std::rc::Rc;

use super::Database;
use super::state::Session;
use crate::kernel::{NodeId, Span, Time};
use crate::model::record::{AbortCause, OpId, TxnId};
use crate::model::system::KeepaliveSpec;

/// The manual page about the life of a silent session.
pub const MANUAL: &str = include_str!("limits.rs");

/// The last sign of life from the client of a session, as the database's machine knows it.
#[derive(Clone, Copy)]
pub(super) struct Heard {
    /// The time at which a request last arrived or was answered.
    last: Time,
    /// True while a request is being processed.
    busy: bool,
    /// True if the client's machine has died since: it will answer the next probe with a reset.
    forgotten: bool,
}

impl Heard {
    /// A client that has just connected.
    pub fn at(now: Time) -> Self {
        Self { last: now, busy: false, forgotten: false }
    }
}

/// The longest time that a periodic activity takes to find nothing to do.
const BRIEF: Span = Span::from_secs(1);

impl Session {
    /// Returns whether the session counts as work: it belongs to an operation, or has taken long
    /// and may keep others waiting. A job or a relay that looks for work opens a session in every
    /// round, also when all work is done.
    pub(super) fn is_work(&self, now: Time) -> bool {
        self.ctx.op != OpId::NONE || now > self.heard.last + BRIEF
    }
}

impl Database {
    /// Schedules the rollback of a transaction of a client on node `from`, in case it stays open
    /// for too long.
    pub(super) fn limit(self: &Rc<Self>, txn: TxnId, from: NodeId) {
        let (now, sim, spec) = (self.env.now(), self.env.sim(), self.spec());
        let idle = {
            let mut state = self.state_mut();
            state.deadlines.push_back((now + spec.branch_timeout, txn));
            !std::mem::replace(&mut state.reaping, true)
        };
        if idle {
            sim.spawn(self.node, Rc::clone(self).reap());
        }
        if spec.keepalive.idle < spec.branch_timeout && from != self.node {
            sim.spawn(self.node, Rc::clone(self).probe_client(txn, from));
        }
        if let Some(limit) = spec.idle_limit() {
            sim.spawn(self.node, Rc::clone(self).end_idle(txn, limit));
        }
    }

    /// Rolls back, one after the other, transactions that were open for as long as the branch
    /// timeout.
    async fn reap(self: Rc<Self>) {
        loop {
            let first = self.state().deadlines.front().copied();
            let Some((deadline, txn)) = first else { break };
            if self.state().sessions.contains(txn) {
                self.env.sim().sleep_until(deadline).await;
                self.abort(txn, AbortCause::BranchTimeout);
            }
            self.state_mut().deadlines.pop_front();
        }
        self.state_mut().reaping = false;
    }

    /// Sends keepalive probes to the client of a session, and ends the session if they are not
    /// answered.
    async fn probe_client(self: Rc<Self>, txn: TxnId, from: NodeId) {
        let KeepaliveSpec { idle, interval, probes } = self.spec().keepalive;
        let (mut next, mut unanswered) = (self.env.now() + idle, 0);
        loop {
            self.env.sim().sleep_until(next).await;
            let Some(heard) = self.heard(txn) else { return };
            if heard.last + idle > next {
                (next, unanswered) = (heard.last + idle, 0);
                continue;
            }
            let answered = !self.wire.is_silent(from)
                && self.wire.up(self.node, from)
                && self.wire.up(from, self.node);
            if unanswered == probes || answered && heard.forgotten {
                return self.abort(txn, AbortCause::Keepalive);
            }
            (next, unanswered) =
                if answered { (next + idle, 0) } else { (next + interval, unanswered + 1) };
        }
    }

    /// Ends a session whose client has sent nothing for so long since its last answer.
    async fn end_idle(self: Rc<Self>, txn: TxnId, limit: Span) {
        let mut next = self.env.now() + limit;
        loop {
            self.env.sim().sleep_until(next).await;
            let Some(heard) = self.heard(txn) else { return };
            let since = if heard.busy { next } else { heard.last };
            if since + limit <= next {
                return self.abort(txn, AbortCause::IdleInTransaction);
            }
            next = since + limit;
        }
    }

    /// Waits, as the client of a broken session, until the client learns of it: while the
    /// database's whole machine is down, at most until the probes of its own keepalive have gone
    /// unanswered since it last `heard` anything. A restarted machine answers with a reset.
    pub(super) async fn outlast_silence(&self, heard: Time) {
        let KeepaliveSpec { idle, interval, probes } = self.spec().keepalive;
        let limit = heard + idle + interval.saturating_mul(probes.into());
        let sim = self.env.sim();
        while self.wire.is_silent(self.node) && sim.now() < limit {
            sim.timeout(limit - sim.now(), self.wire.changed().wait()).await;
        }
    }

    fn heard(&self, txn: TxnId) -> Option<Heard> {
        self.state().sessions.get(txn).map(|session| session.heard)
    }

    /// Notes that a request of a session has arrived, and is `busy`, or was answered.
    pub(super) fn hears(&self, txn: TxnId, busy: bool) {
        let last = self.env.now();
        if let Some(session) = self.state_mut().sessions.get_mut(txn) {
            session.heard = Heard { last, busy, ..session.heard };
        }
    }

    /// Closes the connection of a client that has hung up or died. Its operating system does so,
    /// and the database learns of it after a `delay`, as soon as messages pass. If the machine has
    /// died with its processes, the database learns nothing.
    pub(super) fn hang_up(self: &Rc<Self>, txn: TxnId, from: NodeId, delay: Span) {
        if self.wire.is_silent(from) {
            if let Some(session) = self.state_mut().sessions.get_mut(txn) {
                session.heard.forgotten = true;
            }
            return;
        }
        let database = Rc::clone(self);
        self.env.sim().spawn_at(self.env.now() + delay, self.node, async move {
            while !database.wire.up(from, database.node) {
                database.wire.changed().wait().await;
            }
            database.abort(txn, AbortCause::Broken);
        });
    }
}
