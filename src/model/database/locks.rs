//! The lock table of a database: who holds which row, and who waits for it.
//!
//! Shared and exclusive locks per row, strictly first come, first served: a shared request waits
//! behind an exclusive one that waits already, so nobody starves. Only an upgrade (from shared to
//! exclusive) goes ahead of those that do not hold the row. A request that would close a circle of
//! waiting is refused: the victim of a deadlock is always the requester, and none ever stands.
//!
//! The table is plain data without time or waiting: it says who got what, others wake them.

use std::collections::VecDeque;

use super::rows::RowId;
use crate::kernel::{Lookup, Span, Time};
use crate::model::record::TxnId;

/// How a row is locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Together with other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// The outcome of a lock request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The lock is held now, or was already.
    Granted,
    /// The transaction waits in line.
    Waits,
    /// Waiting would never end; nothing was changed.
    Deadlock,
}

/// A lock that was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Released {
    pub row: RowId,
    pub held: Span,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    txn: TxnId,
    mode: Mode,
    since: Time,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    txn: TxnId,
    mode: Mode,
    upgrade: bool,
}

/// One locked row.
#[derive(Debug, Default)]
struct Queue {
    holders: Vec<Holder>,
    waiters: VecDeque<Waiter>,
}

/// One transaction that holds or awaits locks.
#[derive(Debug, Default)]
struct Party {
    held: Vec<RowId>,
    awaits: Option<RowId>,
}

/// Locks, holders and waiters of one database.
#[derive(Default)]
pub(crate) struct LockTable {
    rows: Lookup<RowId, Queue>,
    parties: Lookup<TxnId, Party>,
    /// Buffers of queues and parties that are gone, to be used again.
    spare_queues: Vec<Queue>,
    spare_parties: Vec<Party>,
}

impl LockTable {
    /// Asks for a lock on behalf of a transaction that does not wait already.
    pub fn ask(&mut self, txn: TxnId, row: RowId, mode: Mode, now: Time) -> Asked {
        let Some(queue) = self.rows.get_mut(&row) else {
            let mut queue = self.spare_queues.pop().unwrap_or_default();
            queue.holders.push(Holder { txn, mode, since: now });
            self.rows.insert(row, queue);
            self.party(txn).held.push(row);
            return Asked::Granted;
        };
        let held = queue.holders.iter().find(|holder| holder.txn == txn).map(|holder| holder.mode);
        if held == Some(Mode::Exclusive) || held == Some(mode) {
            return Asked::Granted;
        }
        let waiter = Waiter { txn, mode, upgrade: held.is_some() };
        let first = waiter.upgrade || queue.waiters.is_empty();
        if first && queue.admits(waiter) {
            if queue.grant(waiter, now) {
                self.party(txn).held.push(row);
            }
            return Asked::Granted;
        }
        if self.closes_circle(txn, row) {
            return Asked::Deadlock;
        }
        let queue = self.rows.get_mut(&row).expect("the row is locked");
        let ahead = queue.waiters.iter().take_while(|other| other.upgrade).count();
        let place = if waiter.upgrade { ahead } else { queue.waiters.len() };
        queue.waiters.insert(place, waiter);
        self.party(txn).awaits = Some(row);
        Asked::Waits
    }

    /// Ends a transaction's wait without its lock. `granted` hears who got a lock thereby.
    pub fn give_up(&mut self, txn: TxnId, now: Time, granted: &mut Vec<(TxnId, RowId)>) {
        let Some(row) = self.parties.get_mut(&txn).and_then(|party| party.awaits.take()) else {
            return;
        };
        let queue = self.rows.get_mut(&row).expect("somebody waits for the row");
        queue.waiters.retain(|waiter| waiter.txn != txn);
        self.advance(row, now, granted);
    }

    /// Takes a transaction out: what it waits for and all it holds.
    pub fn release(
        &mut self,
        txn: TxnId,
        now: Time,
        released: &mut Vec<Released>,
        granted: &mut Vec<(TxnId, RowId)>,
    ) {
        self.give_up(txn, now, granted);
        let Some(mut party) = self.parties.remove(&txn) else { return };
        for row in party.held.drain(..) {
            released.push(self.drop_lock(txn, row, now, granted));
        }
        self.spare_parties.push(party);
    }

    /// Takes back a transaction's shared locks.
    pub fn release_shared(
        &mut self,
        txn: TxnId,
        now: Time,
        released: &mut Vec<Released>,
        granted: &mut Vec<(TxnId, RowId)>,
    ) {
        let Some(party) = self.parties.get_mut(&txn) else { return };
        let is_exclusive = |row: &RowId| {
            let queue = self.rows.get(row).expect("a held row is locked");
            queue.holders[0].mode == Mode::Exclusive
        };
        if party.held.iter().all(is_exclusive) {
            return; // As where readers see a snapshot: nothing is to be sorted out.
        }
        let held = std::mem::take(&mut party.held);
        let (mut exclusive, shared): (Vec<_>, Vec<_>) = held.into_iter().partition(is_exclusive);
        self.party(txn).held.append(&mut exclusive);
        for row in shared {
            released.push(self.drop_lock(txn, row, now, granted));
        }
    }

    /// The rows that a transaction holds, in the order in which it got them.
    pub fn held(&self, txn: TxnId) -> &[RowId] {
        self.parties.get(&txn).map_or(&[], |party| &party.held)
    }

    /// The row that a transaction waits for.
    pub fn awaited(&self, txn: TxnId) -> Option<RowId> {
        self.parties.get(&txn).and_then(|party| party.awaits)
    }

    /// The transactions that hold a lock on a row.
    pub fn holding(&self, row: RowId) -> impl Iterator<Item = TxnId> {
        self.holders(row).iter().map(|holder| holder.txn)
    }

    /// Returns whether a transaction holds the exclusive lock on a row.
    pub fn is_exclusive(&self, row: RowId) -> bool {
        self.holders(row).iter().any(|holder| holder.mode == Mode::Exclusive)
    }

    /// How many rows are locked.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn party(&mut self, txn: TxnId) -> &mut Party {
        let spare = &mut self.spare_parties;
        self.parties.get_or_insert_with(txn, || spare.pop().unwrap_or_default())
    }

    fn drop_lock(
        &mut self,
        txn: TxnId,
        row: RowId,
        now: Time,
        granted: &mut Vec<(TxnId, RowId)>,
    ) -> Released {
        let queue = self.rows.get_mut(&row).expect("a held row is locked");
        let at = queue.holders.iter().position(|holder| holder.txn == txn);
        let holder = queue.holders.remove(at.expect("a held row has its holder"));
        self.advance(row, now, granted);
        Released { row, held: now - holder.since }
    }

    /// Grants what can be granted, in order, and forgets a row that nobody wants.
    fn advance(&mut self, row: RowId, now: Time, granted: &mut Vec<(TxnId, RowId)>) {
        let queue = self.rows.get_mut(&row).expect("the row is locked");
        while let Some(waiter) = queue.waiters.front().copied() {
            if !queue.admits(waiter) {
                break;
            }
            queue.waiters.pop_front();
            let fresh = queue.grant(waiter, now);
            let party = self.parties.get_mut(&waiter.txn).expect("a waiter is a party");
            party.awaits = None;
            if fresh {
                party.held.push(row);
            }
            granted.push((waiter.txn, row));
        }
        if queue.holders.is_empty() && queue.waiters.is_empty() {
            let queue = self.rows.remove(&row).expect("it was there");
            self.spare_queues.push(queue);
        }
    }

    /// Returns whether some holder of `row` waits, directly or through others, for `txn`.
    ///
    /// It suffices to follow holders: whoever waits ahead in a line waits for the same holders.
    fn closes_circle(&self, txn: TxnId, row: RowId) -> bool {
        let mut rows = vec![row];
        let mut at = 0;
        while at < rows.len() {
            for holder in self.holders(rows[at]).iter().filter(|holder| holder.txn != txn) {
                let Some(next) = self.awaited(holder.txn) else { continue };
                if self.holders(next).iter().any(|holder| holder.txn == txn) {
                    return true;
                }
                if !rows.contains(&next) {
                    rows.push(next);
                }
            }
            at += 1;
        }
        false
    }

    fn holders(&self, row: RowId) -> &[Holder] {
        self.rows.get(&row).map_or(&[], |queue| &queue.holders)
    }
}

impl Queue {
    /// Returns whether the holders leave room for this request.
    fn admits(&self, waiter: Waiter) -> bool {
        match waiter.mode {
            Mode::Shared => self.holders.iter().all(|holder| holder.mode == Mode::Shared),
            Mode::Exclusive => self.holders.iter().all(|holder| holder.txn == waiter.txn),
        }
    }

    /// Makes a waiter a holder; false if it was one already and is now exclusive.
    fn grant(&mut self, waiter: Waiter, now: Time) -> bool {
        let held = self.holders.iter_mut().find(|holder| holder.txn == waiter.txn);
        let fresh = held.is_none();
        match held {
            Some(holder) => holder.mode = Mode::Exclusive,
            None => self.holders.push(Holder { txn: waiter.txn, mode: waiter.mode, since: now }),
        }
        fresh
    }
}

#[cfg(test)]
mod tests;
