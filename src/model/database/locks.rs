//! Row locks: the lock table of a database, which says who holds which row and who waits for it.
//!
//! Locks are shared or exclusive, one for each row. A shared request waits behind an exclusive one
//! that waits already, so no transaction starves. Only an upgrade (from shared to exclusive) goes
//! ahead of those that do not hold the row. A request that would close a cycle of waits within the
//! database is refused at once: the victim of a deadlock is the requester. A cycle through several
//! databases is detected by none of them, and ends when one of the waits reaches `lock-timeout`.
//!
//! `lock-order` is the order in which waiters get a released lock.
//!
//! - `arrival`: the lock passes to the first in line.
//! - `wake-all` (default): waiters wake up and compete, as for the row locks of PostgreSQL (its
//!   `src/backend/access/heap/README.tuplock`; `heap_update` and `heapam_tuple_lock` for what
//!   follows a new version). A transaction that meets a locked row stands in line for this version
//!   of the row: the *front* of the line waits for the holder, the others for their turn to be the
//!   front. When the holder is gone, the front wakes up (which takes `wake-up`) and asks again; a
//!   transaction that came meanwhile may have the row already. If the holder has committed a new
//!   version, the line leads nowhere: one after the other becomes the front, notices, leaves the
//!   line and *follows* the new version, where it waits for the next holder directly. When that
//!   holder is gone all followers wake up together, and the first one on a processor has the row.
//!   Every wait has the whole `lock-timeout`, so that a statement may wait for several times as
//!   long.
//!
//! The order matters where one transaction wants hot rows of several databases. By arrival, the
//! order of a line is that in which requests came, much the same everywhere. Followers get a row in
//! an order that differs from database to database, so that two transactions soon hold rows that
//! the other waits for, until the lock timeout: with few hot rows the throughput is a fraction of
//! that by arrival. A test compares throughput and aborts with those of a measured PostgreSQL 15.

use std::collections::VecDeque;

use super::rows::RowId;
use crate::kernel::{Lookup, Span, Time};
use crate::model::record::TxnId;
use crate::model::system::LockOrder;

/// The manual page about row locks.
pub const MANUAL: &str = include_str!("locks.rs");

/// The mode of a row lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Shared with other readers.
    Shared,
    /// Exclusive.
    Exclusive,
}

/// The outcome of a lock request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The lock is held now, or was already.
    Granted,
    /// The transaction waits in line.
    Waits,
    /// Waiting would close a cycle; nothing was changed.
    Deadlock,
}

/// The reason for which a waiting transaction is woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// The transaction holds the lock now.
    Granted,
    /// The lock may be free: the transaction asks again, with [`LockTable::compete`].
    Competes,
}

/// A lock that was released.
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
    place: Place,
    /// True from the wake-up until it asks again.
    awake: bool,
}

/// The event for which a waiter waits; with [`LockOrder::Arrival`] all are in line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Its turn to be the front of the line.
    Line,
    /// The end of the holder, as the front of the line.
    Front,
    /// The end of the holder, behind a new version of the row.
    Follows,
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

/// Locks, holders and waiters of one database. The table is plain data without time: it decides
/// which transaction gets a lock and which are woken; the caller wakes them.
pub(crate) struct LockTable {
    order: LockOrder,
    rows: Lookup<RowId, Queue>,
    parties: Lookup<TxnId, Party>,
    /// Buffers of removed queues and parties, for reuse.
    spare_queues: Vec<Queue>,
    spare_parties: Vec<Party>,
}

/// Transactions to be woken, each with the row for which it waits.
pub(crate) type Woken = Vec<(TxnId, RowId, Wake)>;

impl LockTable {
    /// A table without locks.
    pub fn new(order: LockOrder) -> Self {
        Self {
            order,
            rows: Lookup::default(),
            parties: Lookup::default(),
            spare_queues: Vec::new(),
            spare_parties: Vec::new(),
        }
    }

    /// Requests a lock for a transaction that does not wait already.
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
        let wakes_all = self.order == LockOrder::WakeAll;
        let is_front = wakes_all && !queue.waiters.iter().any(Waiter::is_in_line);
        let place = if is_front { Place::Front } else { Place::Line };
        let waiter = Waiter { txn, mode, upgrade: held.is_some(), place, awake: false };
        // With `wake-all` a free row belongs to the first that asks: the waiters have to wake up
        // first.
        let is_free = wakes_all && queue.holders.is_empty();
        let first = waiter.upgrade || queue.waiters.is_empty() || is_free;
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

    /// Requests the lock again for a waiter that was woken. `follows` says that the row has a new
    /// version since it began to wait; `woken` receives the waiters whose turn it is now.
    ///
    /// No cycle can close here: a transaction that got the row meanwhile and then requested a lock
    /// that this waiter holds was refused, because a waiter counts as waiting until it has its
    /// lock.
    pub fn compete(
        &mut self,
        txn: TxnId,
        row: RowId,
        follows: bool,
        now: Time,
        woken: &mut Woken,
    ) -> Asked {
        let queue = self.rows.get_mut(&row).expect("the row has a waiter");
        let at = queue.waiters.iter().position(|waiter| waiter.txn == txn);
        let at = at.expect("it waits for the row");
        if queue.admits(queue.waiters[at]) {
            let waiter = queue.waiters.remove(at).expect("it was found there");
            let fresh = queue.grant(waiter, now);
            queue.wake(row, woken);
            let party = self.party(txn);
            party.awaits = None;
            if fresh {
                party.held.push(row);
            }
            return Asked::Granted;
        }
        let waiter = &mut queue.waiters[at];
        waiter.awake = false;
        if follows {
            waiter.place = Place::Follows;
        }
        queue.wake(row, woken);
        Asked::Waits
    }

    /// Ends a transaction's wait without the lock. `woken` receives the waiters to be woken.
    pub fn give_up(&mut self, txn: TxnId, now: Time, woken: &mut Woken) {
        let Some(row) = self.parties.get_mut(&txn).and_then(|party| party.awaits.take()) else {
            return;
        };
        let queue = self.rows.get_mut(&row).expect("a transaction waits for the row");
        queue.waiters.retain(|waiter| waiter.txn != txn);
        self.advance(row, now, woken);
    }

    /// Removes a transaction: its wait and all its locks.
    pub fn release(
        &mut self,
        txn: TxnId,
        now: Time,
        released: &mut Vec<Released>,
        woken: &mut Woken,
    ) {
        self.give_up(txn, now, woken);
        let Some(mut party) = self.parties.remove(&txn) else { return };
        for row in party.held.drain(..) {
            released.push(self.drop_lock(txn, row, now, woken));
        }
        self.spare_parties.push(party);
    }

    /// Releases a transaction's shared locks.
    pub fn release_shared(
        &mut self,
        txn: TxnId,
        now: Time,
        released: &mut Vec<Released>,
        woken: &mut Woken,
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
            released.push(self.drop_lock(txn, row, now, woken));
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

    /// The number of locked rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn party(&mut self, txn: TxnId) -> &mut Party {
        let spare = &mut self.spare_parties;
        self.parties.get_or_insert_with(txn, || spare.pop().unwrap_or_default())
    }

    fn drop_lock(&mut self, txn: TxnId, row: RowId, now: Time, woken: &mut Woken) -> Released {
        let queue = self.rows.get_mut(&row).expect("a held row is locked");
        let at = queue.holders.iter().position(|holder| holder.txn == txn);
        let holder = queue.holders.remove(at.expect("a held row has its holder"));
        self.advance(row, now, woken);
        Released { row, held: now - holder.since }
    }

    /// Grants what can be granted, in order, wakes the waiters that must ask again, and removes a
    /// row without holders and waiters.
    fn advance(&mut self, row: RowId, now: Time, woken: &mut Woken) {
        let queue = self.rows.get_mut(&row).expect("the row is locked");
        while let Some(waiter) = queue.waiters.front().copied() {
            let is_next = self.order == LockOrder::Arrival || waiter.upgrade;
            if !is_next || !queue.admits(waiter) {
                break;
            }
            queue.waiters.pop_front();
            let fresh = queue.grant(waiter, now);
            let party = self.parties.get_mut(&waiter.txn).expect("a waiter is a party");
            party.awaits = None;
            if fresh {
                party.held.push(row);
            }
            woken.push((waiter.txn, row, Wake::Granted));
        }
        if self.order == LockOrder::WakeAll {
            queue.wake(row, woken);
        }
        if queue.holders.is_empty() && queue.waiters.is_empty() {
            let queue = self.rows.remove(&row).expect("it was there");
            self.spare_queues.push(queue);
        }
    }

    /// Returns whether some holder of `row` waits, directly or through others, for `txn`.
    ///
    /// Following holders is enough: a transaction that waits ahead in a line waits for the same
    /// holders.
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

impl Waiter {
    fn is_in_line(&self) -> bool {
        !self.upgrade && self.place != Place::Follows
    }
}

impl Queue {
    /// Wakes all that wait for the holder, if there is none any more, and a new front of the line
    /// in any case.
    fn wake(&mut self, row: RowId, woken: &mut Woken) {
        if self.waiters.is_empty() {
            return; // Nearly always.
        }
        let is_free = self.holders.is_empty();
        let front = self.waiters.iter().position(Waiter::is_in_line);
        for (at, waiter) in self.waiters.iter_mut().enumerate() {
            let wakes = match waiter.place {
                Place::Line => Some(at) == front,
                Place::Front | Place::Follows => is_free,
            };
            if wakes && !waiter.awake && !waiter.upgrade {
                waiter.awake = true;
                if waiter.place == Place::Line {
                    waiter.place = Place::Front;
                }
                woken.push((waiter.txn, row, Wake::Competes));
            }
        }
    }

    /// Returns whether the holders are compatible with this request.
    fn admits(&self, waiter: Waiter) -> bool {
        match waiter.mode {
            Mode::Shared => self.holders.iter().all(|holder| holder.mode == Mode::Shared),
            Mode::Exclusive => self.holders.iter().all(|holder| holder.txn == waiter.txn),
        }
    }

    /// Makes a waiter a holder; returns false if it was a holder already and is now exclusive.
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
