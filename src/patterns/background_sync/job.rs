//! The job: it reads what has changed, derives the target rows, and corrects those that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rand::RngExt;

use super::coverage::{Found, Run};
use super::owner::{self, Change, Corrected, Correction};
use super::rules::{Compared, Rule, Source};
use super::{BackgroundSync, Find, JOB, Measured, OnRefusal, Settings, Write};
use crate::kernel::{Purpose, Span, Time};
use crate::model::call::{Message, Reply};
use crate::model::database::{DbError, Derived, Policy, RowVersion, Version};
use crate::model::local_fault::LocalFault;
use crate::model::process::ProcessCtx;
use crate::model::record::Event;
use crate::model::system::{Columns, RowKey, TableId};
use crate::model::world::instances::Slice;

/// A record of the job's log: the progress of each rule. It is saved when a run has ended, never
/// before, so that a run that crashed is repeated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The number of runs that have saved their progress.
    runs: u64,
    /// The watermark of each rule: rows written before it have been carried on.
    pub watermarks: Vec<Time>,
    /// Target rows that are still to be corrected, by rule.
    pending: BTreeSet<(usize, RowKey)>,
    /// The share of the target rows that this instance had.
    share: Option<Slice>,
}

/// The error of a store that could not be reached: the rule is given up for this run.
pub(crate) struct Unreachable;

/// The work that a run finds to do for one rule.
pub(crate) struct Changes {
    /// The target rows to be compared with their sources.
    targets: BTreeSet<RowKey>,
    /// The time up to which source rows were read.
    pub reached: Time,
}

/// A synchronization job. The provided method is the protocol; a variation of it overrides that
/// method.
pub(crate) trait Job: 'static {
    /// The pattern whose rules the job applies.
    fn pattern(&self) -> &BackgroundSync;

    /// Applies one rule, and adds the tables that this has changed to `corrected`. The watermark
    /// advances only after the corrections: after a failure the next run finds the same changes
    /// again.
    fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> impl Future<Output = Result<(), Unreachable>> {
        let pattern = self.pattern();
        async move {
            let changes = pattern.find(here, number, progress).await?;
            let waiting = pattern.correct(here, number, &changes, corrected).await?;
            progress.advance(number, changes.reached, waiting);
            Ok(())
        }
    }
}

impl Job for BackgroundSync {
    fn pattern(&self) -> &BackgroundSync {
        self
    }
}

/// The result of reading and comparing some target rows.
struct Findings {
    /// The corrections to write.
    corrections: Vec<Correction>,
    /// Rows that another transaction has written meanwhile, or is about to.
    unsure: Vec<RowKey>,
    /// Target rows that do not exist yet.
    absent: Vec<RowKey>,
    /// The source rows from which each target row is derived.
    sources: BTreeMap<RowKey, Source>,
}

/// Runs the job for ever. Measured from start to start it keeps a timetable, as cron does: an
/// outage skips runs and shifts none, and the node's clock is authoritative. Measured from end to
/// start, a restarted job runs at once.
pub(crate) async fn run(job: Rc<impl Job>, here: ProcessCtx) {
    let Settings { interval, measured, .. } = job.pattern().settings;
    let began = here.clock();
    let past = began.as_nanos() / interval.as_nanos();
    let mut due = Time::ZERO + interval.saturating_mul(past);
    let mut at_once = measured == Measured::EndToStart && here.incarnation() > 0;
    loop {
        let wait = match measured {
            Measured::EndToStart if std::mem::take(&mut at_once) => Span::ZERO,
            Measured::EndToStart => interval,
            Measured::StartToStart => {
                due += interval;
                while due < here.clock() {
                    due += interval; // The last run took longer than that.
                }
                due - here.clock()
            }
        };
        here.sleep(wait).await;
        take_turn(&job, &here).await;
    }
}

/// Runs the standby for ever: it makes a run whenever the job does not answer.
pub(super) async fn stand_by(job: Rc<impl Job>, here: ProcessCtx) {
    let first = here.world().driver(JOB);
    loop {
        here.sleep(job.pattern().settings.interval).await;
        let message = Message::control("heartbeat", here.retry().step_deadline);
        let alive = here.call(first, message, |_| async {}).await;
        if alive != Reply::Answered(()) {
            here.passes(Run::StoodIn);
            take_turn(&job, &here).await;
        }
    }
}

/// Takes one turn of the timetable: a run, unless a local fault prevents it or starts a second one
/// beside it.
async fn take_turn(job: &Rc<impl Job>, here: &ProcessCtx) {
    let name = here.world().name(here.node()).stream;
    if here.env().suffers(LocalFault::JobSkip, name, here.ctx(), 0) {
        return;
    }
    if here.env().suffers(LocalFault::JobOverlap, name, here.ctx(), 0) {
        let job = Rc::clone(job);
        here.spawn(|here| async move { synchronize(&*job, &here).await });
    }
    synchronize(&**job, here).await;
}

/// Returns whether the run that begins now fails before it has corrected anything.
fn fails(here: &ProcessCtx, share: f64) -> bool {
    let (name, now) = (here.world().name(here.node()).stream, here.now().as_nanos());
    let draw = || here.env().streams().draw(Purpose::Failure, name, now, 0, 0);
    share > 0.0 && draw().random_bool(share)
}

/// Makes one run: every rule in order, and again those whose source was corrected meanwhile.
async fn synchronize(job: &impl Job, here: &ProcessCtx) {
    let BackgroundSync { rules, settings } = job.pattern();
    if fails(here, settings.run_failure) {
        here.retried("run", 0_u64);
        return;
    }
    let mut progress = Progress::load(here, rules.len());
    let mut dirty: BTreeSet<TableId> = rules.iter().map(|rule| rule.source).collect();
    // A chain of rules is at most as long as there are rules; the bound also ends a cycle.
    for _ in 0..=rules.len() {
        let mut corrected = BTreeSet::new();
        for (number, rule) in rules.iter().enumerate() {
            if !dirty.contains(&rule.source) {
                continue;
            }
            let followed = job.follow(here, number, &mut progress, &mut corrected).await;
            if followed.is_err() {
                here.passes(Run::Unreachable);
                here.retried("run", number as u64);
            }
        }
        dirty = corrected;
        if dirty.is_empty() {
            break;
        }
    }
    progress.runs += 1;
    let saved = progress.runs;
    progress.save(here).await;
    // Only now that the new record is durable: a crash in between leaves both, and the last counts.
    here.log::<Progress>().forget_if(|older| older.runs < saved);
}

impl Progress {
    /// The last saved progress. An instance that takes over rows of another one does not know that
    /// one's progress, and reads everything again.
    fn load(here: &ProcessCtx, rules: usize) -> Self {
        let mut progress = here.log::<Self>().records().pop().unwrap_or_default();
        if here.incarnation() > 0 && progress.runs > 0 {
            here.passes(Run::Resumed);
        }
        let share = here.world().slice(here.node());
        if progress.share.as_ref().is_some_and(|before| share.has_grown_since(before)) {
            progress.watermarks.clear();
        }
        progress.watermarks.resize(rules, Time::ZERO);
        progress.share = Some(share);
        progress
    }

    /// Makes the progress durable.
    pub async fn save(&self, here: &ProcessCtx) {
        here.log::<Self>().force(self.clone(), "watermark").await;
    }

    /// Notes that a rule has been applied up to a time, except for the rows that must wait.
    pub fn advance(&mut self, rule: usize, reached: Time, waiting: Vec<RowKey>) {
        self.pending.retain(|(of, _)| *of != rule);
        self.pending.extend(waiting.into_iter().map(|key| (rule, key)));
        self.watermarks[rule] = reached;
    }
}

impl BackgroundSync {
    /// Finds the target rows that may have to be corrected, by the changes at their sources.
    pub(crate) async fn find(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &Progress,
    ) -> Result<Changes, Unreachable> {
        let (rule, watermark) = (&self.rules[number], progress.watermarks[number]);
        let changed = self.changed(here, rule, watermark).await?;
        self.watch(here, &changed, watermark);
        let pending = progress.pending.iter().filter(|(of, _)| *of == number);
        let mut targets: BTreeSet<RowKey> = pending.map(|(_, key)| *key).collect();
        targets.extend(changed.iter().map(|row| rule.target_key(row)));
        targets.retain(|key| progress.share.as_ref().is_none_or(|own| own.has(key.0)));
        // With an overlap all rows read may be older than the watermark, which must not go back.
        let newest = changed.iter().map(RowVersion::updated_at).max();
        Ok(Changes { targets, reached: newest.unwrap_or_default().max(watermark) })
    }

    /// Applies all changes, batch by batch; returns the target rows that must wait.
    pub(crate) async fn correct(
        &self,
        here: &ProcessCtx,
        number: usize,
        changes: &Changes,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<Vec<RowKey>, Unreachable> {
        let targets: Vec<RowKey> = changes.targets.iter().copied().collect();
        let mut waiting = Vec::new();
        for (at, batch) in targets.chunks(self.settings.batch as usize).enumerate() {
            if at > 0 {
                here.passes(Run::NextBatch);
            }
            let rule = &self.rules[number];
            waiting.extend(self.carry_on(here, rule, batch.to_vec(), corrected).await?);
        }
        Ok(waiting)
    }

    /// Raises an alert if a change has waited for longer than the watchdog allows.
    fn watch(&self, here: &ProcessCtx, changed: &[RowVersion], watermark: Time) {
        let Some(limit) = self.settings.watchdog else { return };
        let news = changed.iter().filter(|row| row.updated_at() > watermark);
        if news.clone().any(|row| here.clock() - row.updated_at() > limit) {
            here.record(Event::Alerted { label: here.label("watchdog") });
        }
    }

    /// The source rows that may have changes to carry on.
    async fn changed(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        watermark: Time,
    ) -> Result<Vec<RowVersion>, Unreachable> {
        let (table, limit) = (rule.source, self.settings.batch as usize);
        let known = (table, rule.source_columns());
        let mut all: Vec<RowVersion> = Vec::new();
        // A transaction that commits after a run has read may have written rows before the
        // watermark; the overlap reads them again.
        let overlap = self.settings.overlap.as_nanos();
        let mut since = Time::from_nanos(watermark.as_nanos().saturating_sub(overlap));
        loop {
            let after = all.last().map(RowVersion::key);
            if after.is_some() {
                here.passes(Run::NextPage);
            }
            let page = match self.settings.find {
                Find::Watermark => {
                    ask(here, "changes", table, move |here| {
                        owner::changed(here, known, since, limit)
                    })
                    .await?
                }
                Find::Scan => {
                    ask(here, "scan", table, move |here| owner::scan(here, known, after, limit))
                        .await?
                }
            };
            let is_last = page.len() < limit;
            // A page has all rows of its last instant, so that the next page begins one nanosecond
            // later.
            if let Some(row) = page.last() {
                since = Time::from_nanos(row.updated_at().as_nanos() + 1);
            }
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Corrects some target rows until they agree with their sources, and reverts what cannot be
    /// carried on; returns those that must wait. An attempt is used up when another transaction was
    /// faster, not when a change was reverted.
    async fn carry_on(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        mut keys: Vec<RowKey>,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<Vec<RowKey>, Unreachable> {
        let mut waiting = Vec::new();
        let mut attempts = here.retry().attempts.max(1);
        while attempts > 0 {
            let mut taken_back = false;
            let Findings { corrections, unsure: mut again, absent, sources } =
                self.derive(here, rule, &keys).await?;
            waiting.extend(absent);
            for (key, outcome) in self.write(here, rule, corrections).await? {
                here.passes(outcome);
                match (outcome, self.settings.on_refusal) {
                    (Corrected::Done, _) => {
                        corrected.insert(rule.target);
                    }
                    (Corrected::Conflict, _) => again.push(key),
                    (Corrected::Refused, OnRefusal::Retry) => waiting.push(key),
                    (Corrected::Refused, OnRefusal::Compensate) => {
                        here.passes(Run::TookBack);
                        taken_back |= self.compensate(here, rule, key, &sources).await?;
                        corrected.insert(rule.source);
                        again.push(key);
                    }
                }
            }
            keys = again;
            if keys.is_empty() {
                return Ok(waiting);
            }
            attempts -= u16::from(!taken_back);
        }
        waiting.extend(keys); // Other transactions were faster each time; the next run tries again.
        Ok(waiting)
    }

    /// Asks the owner to write corrections; returns the outcome of each.
    async fn write(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        corrections: Vec<Correction>,
    ) -> Result<Vec<(RowKey, Corrected)>, Unreachable> {
        if corrections.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<RowKey> = corrections.iter().map(|correction| correction.key).collect();
        let table = rule.target;
        let outcomes = ask(here, "correct", table, move |here| {
            owner::correct(here, table, corrections.clone())
        });
        Ok(keys.into_iter().zip(outcomes.await?).collect())
    }

    /// Reads sources and targets and compares them. A target that agrees needs no correction; the
    /// history records that the job has seen its operation.
    async fn derive(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        keys: &[RowKey],
    ) -> Result<Findings, Unreachable> {
        let (source, target) = (rule.source, rule.target);
        let known = (source, rule.source_columns());
        let own = match self.settings.write {
            Write::Blind => (target, Columns::ALL), // It carries the rest of the row along.
            _ => (target, rule.target_columns()),
        };
        let wanted = keys.to_vec();
        let sources: Vec<Source> = match rule.aggregate() {
            Some(how) => {
                let groups = ask(here, "groups", source, move |here| {
                    owner::groups(here, known, how.clone(), wanted.clone())
                });
                groups.await?.into_iter().map(Source::Group).collect()
            }
            None => {
                let rows =
                    ask(here, "rows", source, move |here| owner::rows(here, known, wanted.clone()));
                rows.await?.into_iter().map(Source::Row).collect()
            }
        };
        let wanted = keys.to_vec();
        let targets =
            ask(here, "rows", target, move |here| owner::rows(here, own, wanted.clone())).await?;
        let (mut corrections, mut unsure, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        let database = here.database(rule.target);
        for (source, row) in sources.iter().zip(&targets) {
            let compared = rule.compare(source, row, self.settings.propagate_deletes);
            here.passes(Found::from(&compared));
            match compared {
                Compared::Silent => {}
                Compared::Absent => absent.push(row.key()),
                Compared::Right(column, found) => {
                    if !database.attest(here.ctx(), target, row, column, &found) {
                        unsure.push(row.key());
                    }
                }
                Compared::Wrong(cells) => {
                    let change = self.change(here, rule, row, cells);
                    corrections.push(Correction { key: row.key(), change });
                }
            }
        }
        let sources = keys.iter().copied().zip(sources).collect();
        Ok(Findings { corrections, unsure, absent, sources })
    }

    /// The change that writes a correction under the write policy.
    fn change(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        target: &RowVersion,
        mut cells: Vec<(u8, Derived)>,
    ) -> Change {
        match self.settings.write {
            Write::Delta if rule.aggregate().is_some() => {
                let delta = |(column, derived): (u8, Derived)| {
                    (column, derived.delta_from(&target.column(column)))
                };
                Change::Deltas(cells.into_iter().map(delta).collect())
            }
            Write::Blind => {
                let columns = here.system().table(rule.target).columns.len() as u8;
                if target.exists() {
                    let carried = (0..columns)
                        .filter(|column| cells.iter().all(|(other, _)| other != column))
                        .map(|column| (column, target.column(column).copied()));
                    let carried: Vec<_> = carried.collect();
                    cells.extend(carried);
                }
                Change::Cells(cells, Policy::Blind)
            }
            Write::Delta | Write::CompareAndSet => {
                Change::Cells(cells, Policy::CompareAndSet(target.version()))
            }
        }
    }

    /// Reverts what a rule would not carry on: the change of the source row, or, if several rows
    /// are summed, those that the owner refuses if it takes the oldest first, or the last one if it
    /// refuses none. Returns whether anything was reverted.
    async fn compensate(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        key: RowKey,
        sources: &BTreeMap<RowKey, Source>,
    ) -> Result<bool, Unreachable> {
        let Some(source) = sources.get(&key) else { return Ok(false) };
        let mut rows = source.rows();
        rows.retain(|row| rule.admits(row));
        rows.sort_by_key(|row| (row.updated_at(), row.key()));
        let mut culprits: Vec<(RowKey, u64)> = Vec::new();
        let named = |row: &RowVersion| (row.key(), row.version());
        if let Some(cell) = rule.sum(source) {
            let versions: Vec<Version> = rows.iter().map(RowVersion::existence).collect();
            let table = rule.target;
            let vetting = ask(here, "vet", table, move |here| {
                owner::vet(here, table, key, cell, versions.clone())
            });
            let refused = rows.iter().zip(vetting.await?).filter(|(_, no)| *no);
            culprits.extend(refused.map(|(row, _)| named(row)));
        }
        if culprits.is_empty() {
            culprits.extend(rows.last().map(named));
        }
        let (table, causes) = (rule.source, rule.causes());
        let mut any = false;
        for batch in culprits.chunks(self.settings.batch as usize) {
            let (batch, causes) = (batch.to_vec(), causes.clone());
            any |= ask(here, "take back", table, move |here| {
                owner::take_back(here, table, batch.clone(), causes.clone())
            })
            .await?;
        }
        Ok(any)
    }
}

/// Sends one request to the owner of a table.
async fn ask<T, F, Fut>(
    here: &ProcessCtx,
    label: &'static str,
    table: TableId,
    handler: F,
) -> Result<T, Unreachable>
where
    T: 'static,
    F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, DbError>> + 'static,
{
    here.long_work(label).await;
    let owner = here.world().owner(table, here.ctx().op);
    let message = Message::request(label, here.retry().step_deadline);
    let message = message.costs(here.system().table(table).answering());
    match here.call(owner, message, handler).await {
        Reply::Answered(Ok(answer)) => Ok(answer),
        _ => Err(Unreachable),
    }
}
