//! Crash and recovery: volatile state is lost, and the log is replayed.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Database;
use super::commit::Entry;
use super::keys::Keys;
use super::locks::{LockTable, Mode};
use super::outbox::Outbox;
use super::resolve::Resolution;
use super::rows::RowId;
use super::state::Unsettled;
use crate::kernel::{Numbered, Semaphore, Span};
use crate::model::contract::label;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::log::Lsn;
use crate::model::record::{AbortCause, Decision, Event, TxnId};

/// The time that a restarted database takes to replay one log record.
const REPLAY: Span = Span::from_micros(20);

impl Database {
    /// Applies a crash of the node: locks, open transactions and the pool are lost, and so is the
    /// part of the log that was not durable, unless the operating system has `flushed` it. Clients
    /// that wait for a connection get an error.
    pub fn crash(&self, flushed: bool) {
        let (pool, cores, sessions) = {
            let state = &mut *self.state_mut();
            state.serving = false;
            state.locks = LockTable::new(self.spec().lock_order);
            state.deadlines.clear();
            state.reaping = false;
            state.branches = Numbered::new();
            let sessions = std::mem::take(&mut state.sessions);
            let lost = sessions.iter().filter(|(_, session)| !session.applied);
            state.lost_transactions.extend(lost.map(|(txn, session)| (TxnId(txn), session.ctx)));
            (state.pool.clone(), state.cores.clone(), sessions)
        };
        if let Some(books) = &self.contention {
            books.crash(sessions.iter().map(|(txn, _)| TxnId(txn)));
        }
        self.log.crash(flushed);
        self.settle();
        pool.close();
        cores.close();
        drop(sessions);
    }

    /// Recovers after a restart, as a process of the database's node. It undoes changes that were
    /// installed but are not durable, redoes those that are durable but were not installed, and
    /// restores prepared branches with their locks; only then does the database serve.
    pub async fn recover(self: &Rc<Self>) {
        let records = self.log.durable().0 % self.spec().checkpoint;
        self.env.sim().long_work(self.spec().recovery + REPLAY.saturating_mul(records)).await;
        {
            let spec = self.spec();
            let mut state = self.state_mut();
            state.pool = Semaphore::new(self.env.sim(), spec.connections);
            state.cores = Semaphore::new(self.env.sim(), spec.cores);
        }
        self.revert();
        self.forget_as_lapses_say();
        let records = self.log.records();
        self.record_lost(&records);
        for (lsn, entry) in records {
            // A watcher of the records may have crashed the node again.
            if !self.env.sim().is_up(self.node) {
                return;
            }
            match entry {
                Entry::Commit { .. } if self.env.lapses(Lapse::RecoveryCutsTooMuch) => {}
                Entry::Prepare(_) if self.env.lapses(Lapse::RecoverySkipsPrepared) => {}
                Entry::Commit { txn, ctx, changes } => {
                    self.install(&ctx, txn, &changes, lsn, None);
                }
                Entry::Prepare(branch) => {
                    let now = self.env.now();
                    let locks = !self.env.lapses(Lapse::RecoveredWithoutLocks);
                    for row in branch.rows.iter().filter(|_| locks) {
                        self.state_mut().locks.ask(branch.txn, *row, Mode::Exclusive, now);
                    }
                    let txn = branch.txn;
                    self.hold(branch, lsn);
                    if self.env.lapses(Lapse::RecoveryCommitsPrepared) {
                        self.finish(txn, Resolution::forced(Decision::Commit), lsn);
                    }
                }
                Entry::Resolve { txn, resolution } => self.finish(txn, resolution, lsn),
            }
        }
        self.state_mut().serving = self.env.sim().is_up(self.node);
    }

    /// Undoes the changes that were installed but are not in the log, newest first.
    fn revert(&self) {
        loop {
            let change = self.state_mut().unsettled.pop_back();
            let Some(Unsettled {
                changes, old_rows, old_events, old_keys, old_fence, branch, ..
            }) = change
            else {
                return;
            };
            let ctx = Ctx { node: self.node, ..Ctx::WORLD };
            let mut notes = Vec::new();
            {
                let state = &mut *self.state_mut();
                for (id, old) in old_rows.into_iter().rev() {
                    let RowId { table, key } = id;
                    let new = state.table_mut(table).put(key, Arc::clone(&old));
                    self.compare(id, &new, &old, &ctx, &mut notes);
                }
                for (id, event) in &changes.sent {
                    if state.outbox.remove(*id).is_some() {
                        notes.push(self.holds(&ctx, event.op, label::OUTBOX, -1));
                    }
                }
                for row in old_events {
                    state.outbox.restore(row);
                    notes.push(self.holds(&ctx, row.event.op, label::OUTBOX, 1));
                }
                for (key, before) in old_keys.into_iter().rev() {
                    state.keys.restore(key, before);
                }
                state.fence = old_fence;
            }
            if let Some((_, branch)) = branch {
                branch.announced.set(false);
            }
            self.write_notes(notes);
        }
    }

    /// Forgets what a database with such a lapse keeps in memory only.
    fn forget_as_lapses_say(&self) {
        let state = &mut *self.state_mut();
        if self.env.lapses(Lapse::RecoveryForgetsKeys) {
            state.keys = Keys::default();
        }
        if self.env.lapses(Lapse::RecoveryForgetsOutbox) {
            state.outbox = Outbox::default();
        }
        if self.env.lapses(Lapse::RecoveryRenumbersOutbox) {
            state.outbox.renumber();
        }
    }

    /// Records the transactions that the crash has ended: those of which the log has no record.
    fn record_lost(&self, records: &[(Lsn, Entry)]) {
        let durable: BTreeSet<TxnId> = records
            .iter()
            .map(|(_, entry)| match entry {
                Entry::Commit { txn, .. } | Entry::Resolve { txn, .. } => *txn,
                Entry::Prepare(branch) => branch.txn,
            })
            .collect();
        let lost_transactions = std::mem::take(&mut self.state_mut().lost_transactions);
        for (txn, ctx) in lost_transactions {
            if !durable.contains(&txn) {
                let (database, cause) = (self.id, AbortCause::Crash);
                self.env.record(&ctx, Event::Aborted { database, txn, cause });
            }
        }
    }
}
