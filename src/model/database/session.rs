//! Sessions: how a transaction is opened, how its requests travel, and how it ends.

use std::rc::Rc;

use super::contention::Contention;
use super::flight::{Flight, Leg, WORK_LEG};
use super::limits::Heard;
use super::locks::{Asked, Mode, Wake};
use super::provenance::Direction;
use super::rows::RowId;
use super::state::{Changes, Session, Sleeper};
use super::{Call, Database, DbError, Relies};
use crate::kernel::{NodeId, Promise, Purpose, Span, Time, Waiting, promise};
use crate::model::contract::label;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::local_fault::LocalFault;
use crate::model::record::{
    AbortCause, Event, LabelId, LockFailure, MessageClass, Resource, TxnId,
};
use crate::model::system::{Columns, ServiceId};

/// An open transaction, as the service sees it.
///
/// If it is dropped its session breaks, and the database rolls it back one link delay later, unless
/// the whole machine has died ([`limits`](super::limits)). A transaction with a statement whose
/// answer was not awaited cannot be used any more: drop it.
pub struct Txn {
    pub(super) database: Rc<Database>,
    id: TxnId,
    ctx: Ctx,
    from: NodeId,
    class: MessageClass,
    /// The columns on which its statements rely, unless they name their own.
    columns: Columns,
    /// The number of statements so far.
    statements: u32,
    /// The direction of the current statement, which separates the draws of a step from those of
    /// its compensation.
    pub(super) direction: Direction,
    /// The delay of the last message.
    delay: Span,
    open: bool,
    /// True if a statement was sent whose answer was not awaited.
    pub(super) dangling: bool,
}

/// An answer on its way back.
struct Reply<T> {
    flight: Option<Flight>,
    result: Result<T, DbError>,
}

/// An answer that is awaited.
pub(super) struct Answer<T>(Waiting<Reply<T>>);

impl<T> Answer<T> {
    /// The answer, or `lost` if the database crashed before it answered. If its whole machine is
    /// down, the client learns that late: see [`Database::outlast_silence`].
    pub async fn or(self, database: &Database, lost: DbError) -> Result<T, DbError> {
        let sent = database.env.now();
        let Some(reply) = self.0.await else {
            database.outlast_silence(sent).await;
            return Err(lost);
        };
        if let Some(mut flight) = reply.flight {
            flight.arrive().await;
        }
        reply.result
    }
}

/// Longer than any run.
const ENDLESS: Span = Span::from_secs(1_000_000);

/// The bit that keys the draws of a statement which writes the second of two schemas.
const SECOND_SCHEMA: u64 = 1 << 40;

/// The use of a core, which is reported to the meter also if it is dropped early.
struct Core<'a> {
    database: &'a Database,
    began: Time,
    drawn: Option<Span>,
}

impl Drop for Core<'_> {
    fn drop(&mut self) {
        let now = self.database.env.now();
        self.database.state_mut().meter.end(self.began, now, self.drawn);
    }
}

impl Database {
    /// Opens a transaction for `service`, a process of which runs on node `from`: waits in line for
    /// a connection. With `grant` it may also write tables that the service does not own.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] if the database does not serve, or crashes before it grants a
    /// connection.
    pub async fn begin(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        grant: bool,
    ) -> Result<Txn, DbError> {
        self.connect(ctx, from, service, grant, MessageClass::Database).await
    }

    pub(super) async fn connect(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        grant: bool,
        class: MessageClass,
    ) -> Result<Txn, DbError> {
        if !self.is_serving() {
            self.outlast_silence(self.env.now()).await;
            let mut rng = self.rng(Purpose::Delay, &ctx, 0);
            let delay = self.env.system().links.database.delay.sample(&mut rng);
            self.env.sim().sleep_until(self.env.now() + delay).await;
            return Err(DbError::Unavailable);
        }
        let queued = self.env.now();
        let (line, books) = (self.state().pool.acquire(), self.contention.as_ref());
        let place = Ctx { node: self.node, ..ctx };
        let wait = books.map(|it| Box::new(it.wait(Resource::Connection, &place, service)));
        let Some(connection) = line.await else {
            drop(wait);
            self.outlast_silence(queued).await;
            return Err(DbError::Unavailable);
        };
        drop(wait);
        let waited = self.env.now() - queued;
        if waited > Span::ZERO {
            self.env.record(&place, Event::Connected { database: self.id, waited });
        }
        if !self.is_serving() {
            return Err(DbError::Unavailable);
        }
        let id = self.env.next_txn();
        let holding = self.contention.as_ref().map(|books| {
            books.open(id, service);
            books.hold(Resource::Connection, service)
        });
        let session = Session {
            ctx: Ctx { node: self.node, ..ctx },
            service,
            grant,
            changes: Changes::default(),
            closing: false,
            applied: false,
            preparing: None,
            refused: false,
            duplicate: false,
            wait: None,
            wakes: 0,
            heard: Heard::at(self.env.now()),
            _connection: (connection, holding),
        };
        self.state_mut().sessions.insert(id, Box::new(session));
        self.limit(id, from);
        let database = Rc::clone(self);
        Ok(Txn {
            database,
            id,
            ctx,
            from,
            class,
            columns: Columns::ALL,
            statements: 0,
            direction: Direction::Forward,
            delay: Span::ZERO,
            open: true,
            dangling: false,
        })
    }

    /// Sends a request; a process of the database's node carries out `work`. `None` if that process
    /// is down, in which case its machine refuses.
    pub(super) fn send<T, F>(
        self: &Rc<Self>,
        mut call: Call,
        label: LabelId,
        work: impl FnOnce(Rc<Self>, Call) -> F + 'static,
    ) -> (Option<Answer<T>>, Span)
    where
        T: 'static,
        F: Future<Output = Result<T, DbError>> + 'static,
    {
        let flight = Flight::depart(self, &call, label, Leg::There);
        let now = self.env.now();
        let arrives = flight.as_ref().map_or(now, |flight| flight.arrives);
        call.ctx.cause = flight.as_ref().map_or(call.ctx.cause, Flight::message);
        let (promise, waiting) = promise(self.env.sim());
        let process = Rc::clone(self).handle(flight, call, label, work, promise);
        let sent = self.env.sim().spawn_at(arrives, self.node, process);
        let is_sent = sent.is_some() || self.wire.is_silent(self.node);
        (is_sent.then_some(Answer(waiting)), arrives - now)
    }

    /// The database's side of a request.
    #[expect(clippy::manual_async_fn, reason = "an async fn would store its arguments twice")]
    fn handle<T, F>(
        self: Rc<Self>,
        flight: Option<Flight>,
        call: Call,
        label: LabelId,
        work: impl FnOnce(Rc<Self>, Call) -> F,
        promise: Promise<Reply<T>>,
    ) -> impl Future<Output = ()>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        async move {
            if let Some(mut flight) = flight {
                flight.arrive().await;
            }
            self.hears(call.txn, true);
            let result = work(Rc::clone(&self), call).await;
            self.hears(call.txn, false);
            // A database that crashed in this very poll does not answer any more.
            if self.env.sim().is_up(self.node) {
                let flight = Flight::depart(&self, &call, label, Leg::Back);
                let arrives = flight.as_ref().map_or(self.env.now(), |flight| flight.arrives);
                promise.keep_until(Reply { flight, result }, arrives);
            }
        }
    }

    /// Executes one statement: takes a row lock, then a core for the drawn work, then calls `act`.
    #[expect(clippy::manual_async_fn, reason = "an async fn would store its arguments twice")]
    pub(super) fn statement<T>(
        self: Rc<Self>,
        call: Call,
        lock: Option<(RowId, Mode)>,
        act: impl FnOnce(&Self, &Call) -> Result<T, DbError>,
    ) -> impl Future<Output = Result<T, DbError>> {
        async move {
            self.check(&call)?;
            if let Some((row, mode)) = lock {
                self.lock(&call, row, mode).await?;
            }
            self.work(&call, None).await?;
            if let Some((row, Mode::Exclusive)) = lock
                && self.env.has_schema_changes()
                && self.env.is_doubled(row.table, self.columns_of(&call))
            {
                let again = Call { number: call.number | SECOND_SCHEMA, ..call };
                self.work(&again, None).await?;
            }
            self.check(&call)?;
            act(&self, &call)
        }
    }

    /// Checks that the transaction of a request is still open.
    pub(super) fn check(&self, call: &Call) -> Result<(), DbError> {
        let state = self.state();
        let open = state.sessions.get(call.txn).is_some_and(|session| !session.closing);
        if open { Ok(()) } else { Err(DbError::Broken) }
    }

    pub(super) async fn lock(&self, call: &Call, id: RowId, mode: Mode) -> Result<(), DbError> {
        let sim = self.env.sim();
        let mode = if self.env.lapses(Lapse::WritersShare) { Mode::Shared } else { mode };
        let mut asked = match self.suffers(LocalFault::Deadlock, call) {
            true => Asked::Deadlock,
            false => self.state_mut().locks.ask(call.txn, id, mode, sim.now()),
        };
        if asked == Asked::Granted {
            return Ok(());
        }
        let (database, txn, RowId { table, key: row }) = (self.id, call.txn, id);
        self.env.record(&call.ctx, Event::LockWait { database, txn, table, row });
        if let Some(books) = self.contention.as_ref().filter(|_| asked == Asked::Waits) {
            books.wait_for_row(&call.ctx, txn, id);
        }
        let version = self.state().version(id);
        let endless = self.env.lapses(Lapse::WaitsWithoutLimit);
        let patience = if endless { ENDLESS } else { self.spec().lock_timeout };
        while asked == Asked::Waits {
            let (promise, waiting) = promise(sim);
            if let Some(session) = self.state_mut().sessions.get_mut(txn) {
                session.wait = Some((call.ctx, promise));
            }
            // The timeout starts anew with every wait, as PostgreSQL's `lock_timeout` does.
            match sim.timeout(patience, waiting).await {
                Some(Some(Wake::Granted)) => return Ok(()),
                Some(Some(Wake::Competes)) => asked = self.compete(call, id, version)?,
                Some(None) => return Err(DbError::Broken),
                None => {
                    self.abort(txn, AbortCause::LockTimeout);
                    return Err(DbError::LockTimeout);
                }
            }
        }
        if asked == Asked::Granted {
            return Ok(());
        }
        let failure = LockFailure::Deadlock;
        self.env.record(&call.ctx, Event::LockFailed { database, txn, table, row, failure });
        self.abort(txn, AbortCause::Deadlock);
        Err(DbError::Deadlock)
    }

    /// Requests a row again for a transaction that was woken; `version` is the one that it found.
    fn compete(&self, call: &Call, id: RowId, version: u64) -> Result<Asked, DbError> {
        self.check(call)?;
        let RowId { table, key: row } = id;
        if let Some(books) = &self.contention {
            books.settle(&self.state().locks);
        }
        let (asked, woken) = {
            let (now, state) = (self.env.now(), &mut *self.state_mut());
            let follows = state.version(id) != version;
            let asked = state.locks.compete(call.txn, id, follows, now, &mut state.woken);
            (asked, state.take_woken())
        };
        if asked == Asked::Granted {
            if let Some(books) = &self.contention {
                books.end_wait(call.txn);
            }
            let (database, txn) = (self.id, call.txn);
            self.env.record(&call.ctx, Event::LockGranted { database, txn, table, row });
        }
        self.wake(woken);
        Ok(asked)
    }

    /// Holds a core for so long; by default as long as a statement takes. If the transaction has
    /// ended before a core is free, the work does not begin.
    pub(super) async fn work(&self, call: &Call, demand: Option<Span>) -> Result<(), DbError> {
        let sim = self.env.sim();
        let queued = sim.now();
        let line = self.state().cores.acquire();
        let books = self.books(call.txn);
        let wait = books.map(|(it, by)| Box::new(it.wait(Resource::Core, &call.ctx, by)));
        let _core = line.await.ok_or(DbError::Broken)?;
        drop(wait);
        let holding = books.map(|(books, by)| books.hold(Resource::Core, by));
        let began = sim.now();
        if began > queued {
            self.check(call)?;
        }
        self.state_mut().meter.begin(began);
        let mut core = Core { database: self, began, drawn: None };
        let demand = if let Some(long) = demand {
            // Boxed: few statements are long, and the futures of all others stay small.
            Box::pin(sim.long_work(long)).await;
            sim.now() - began
        } else {
            let number = call.number | WORK_LEG;
            let drawn = self.spec().work.sample(&mut self.rng(Purpose::Work, &call.ctx, number));
            let demand = sim.time_for(drawn);
            sim.sleep_until(began + demand).await;
            demand
        };
        core.drawn = Some(demand);
        drop((core, holding));
        let (database, busy, waited) = (self.id, demand, began - queued);
        self.env.record(&call.ctx, Event::Worked { database, busy, waited });
        if let Some((_, service)) = books {
            self.env.record(&call.ctx, Event::Served { database, service, busy });
        }
        Ok(())
    }

    /// The account of waits, and the service for which a transaction acts.
    fn books(&self, txn: TxnId) -> Option<(&Rc<Contention>, ServiceId)> {
        let books = self.contention.as_ref()?;
        Some((books, books.service(txn)?))
    }

    /// Rolls a transaction back, unless it was submitted.
    pub(super) fn abort(&self, txn: TxnId, cause: AbortCause) {
        let session = {
            let mut state = self.state_mut();
            match state.sessions.get(txn) {
                Some(session) if !session.closing => state.sessions.remove(txn),
                _ => None,
            }
        };
        let Some(session) = session else { return };
        // If the client ends the transaction after a refusal or after it found its key, that is the
        // cause, whether it asks for the rollback or just hangs up.
        let given_up = matches!(cause, AbortCause::Requested | AbortCause::Broken);
        let cause = match cause {
            _ if given_up && session.refused => AbortCause::Rule,
            _ if given_up && session.duplicate => AbortCause::Duplicate,
            cause => cause,
        };
        let database = self.id;
        if let Some((ctx, _)) = &session.wait
            && let Some(RowId { table, key: row }) = self.state().locks.awaited(txn)
        {
            let failure = match cause {
                AbortCause::LockTimeout => LockFailure::Timeout,
                _ => LockFailure::Cancelled,
            };
            self.env.record(ctx, Event::LockFailed { database, txn, table, row, failure });
        }
        self.env.record(&session.ctx, Event::Aborted { database, txn, cause });
        if cause == AbortCause::Rule && self.env.lapses(Lapse::RefusedKeepsLocks) {
            return;
        }
        self.release(&session.ctx, txn, false);
    }

    /// Releases the locks of a transaction (with `shared_only`, those of its reads) and wakes the
    /// transactions that get them.
    pub(super) fn release(&self, ctx: &Ctx, txn: TxnId, shared_only: bool) {
        let now = self.env.now();
        if let Some(books) = &self.contention {
            books.settle(&self.state().locks);
            books.end_wait(txn);
        }
        let (mut released, woken) = {
            let state = &mut *self.state_mut();
            let mut released = std::mem::take(&mut state.released);
            if shared_only {
                state.locks.release_shared(txn, now, &mut released, &mut state.woken);
            } else {
                state.locks.release(txn, now, &mut released, &mut state.woken);
            }
            (released, state.take_woken())
        };
        let database = self.id;
        for lock in released.drain(..) {
            let (RowId { table, key: row }, held) = (lock.row, lock.held);
            self.env.record(ctx, Event::LockHeld { database, table, row, held });
        }
        self.state_mut().released = released;
        if let Some(books) = self.contention.as_ref().filter(|_| !shared_only) {
            books.close(txn);
        }
        self.wake(woken);
    }

    /// Wakes transactions that wait for a row lock: at once those that have it, and those that must
    /// compete for it after their wake-up time.
    fn wake(&self, woken: Vec<Sleeper>) {
        let now = self.env.now();
        for Sleeper { txn, row, wake, wakes, ctx, promise } in woken {
            if wake == Wake::Competes {
                let mut rng = self.rng(Purpose::WakeUp, &ctx, wakes);
                promise.keep_until(wake, now + self.spec().wake_up.sample(&mut rng));
                continue;
            }
            if let Some(books) = &self.contention {
                books.end_wait(txn);
            }
            let (database, RowId { table, key: row }) = (self.id, row);
            self.env.record(&ctx, Event::LockGranted { database, txn, table, row });
            promise.keep(wake);
        }
    }
}

impl Txn {
    /// The id of the transaction.
    pub fn id(&self) -> TxnId {
        self.id
    }

    /// The database of the transaction.
    pub fn database(&self) -> &Rc<Database> {
        &self.database
    }

    /// The context of the process that opened the session.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Sets the columns on which statements rely from now on, unless they name their own.
    pub fn rely_on(&mut self, columns: Columns) {
        self.columns = columns;
    }

    /// Sends a request on behalf of `ctx` (of the same process as the session).
    pub(super) fn send<T, F>(
        &mut self,
        ctx: &Ctx,
        label: LabelId,
        work: impl FnOnce(Rc<Database>, Call) -> F + 'static,
    ) -> Option<Answer<T>>
    where
        T: 'static,
        F: Future<Output = Result<T, DbError>> + 'static,
    {
        if !self.open || self.dangling {
            return None;
        }
        let number = u64::from(self.statements) << 3 | (self.direction as u64) << 2;
        self.statements += 1;
        let (txn, from, class, relies) = (self.id, self.from, self.class, Relies::On(self.columns));
        let ctx = Ctx { node: self.database.node, ..*ctx };
        let call = Call { ctx, txn, from, class, number, relies };
        let (answer, delay) = self.database.send(call, label, work);
        self.delay = delay;
        answer
    }

    /// Sends a statement and waits for its answer.
    pub(super) async fn ask<T, F>(
        &mut self,
        ctx: &Ctx,
        work: impl FnOnce(Rc<Database>, Call) -> F + 'static,
    ) -> Result<T, DbError>
    where
        T: 'static,
        F: Future<Output = Result<T, DbError>> + 'static,
    {
        let label = label::STATEMENT;
        let answer = self.send(ctx, label, work).ok_or(DbError::Broken)?;
        self.dangling = true;
        let result = answer.or(&self.database, DbError::Broken).await;
        self.dangling = false;
        let over = [
            DbError::LockTimeout,
            DbError::Deadlock,
            DbError::Serialization,
            DbError::Fenced,
            DbError::Broken,
        ];
        self.open = !result.as_ref().is_err_and(|error| over.contains(error));
        result
    }

    /// Marks the session as over.
    pub(super) fn over(&mut self) {
        self.open = false;
    }
}

impl Drop for Txn {
    fn drop(&mut self) {
        if self.open {
            self.database.hang_up(self.id, self.from, self.delay);
        }
    }
}
