//! The job: reads what has changed, derives what follows, corrects what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::owner::{self, Change, Corrected, Correction};
use super::rules::{Compared, Rule};
use super::{BackgroundSync, Find, JOB, Measured, OnRefusal, Write};
use crate::kernel::{Span, Time};
use crate::model::call::{Message, Reply};
use crate::model::database::{DbError, Derived, Policy, RowVersion, Version};
use crate::model::local_fault::LocalFault;
use crate::model::process::ProcessCtx;
use crate::model::record::Event;
use crate::model::system::{Columns, RowKey, TableId};
use crate::patterns::seeded_bug::SeededBug;

/// One line of the job's log: how far each rule has come. Saved when a run is over, never before.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// How many runs have saved theirs.
    runs: u64,
    /// Rows written before this have been carried on, by rule.
    watermarks: Vec<Time>,
    /// Source rows that are still to be carried on, by rule.
    pending: BTreeSet<(usize, RowKey)>,
}

/// A store that could not be reached: the rule is given up for this run.
struct Unreachable;

/// The result of reading and comparing some target rows.
struct Findings {
    /// The corrections to write.
    corrections: Vec<Correction>,
    /// Rows that somebody wrote meanwhile, or is about to.
    unsure: Vec<RowKey>,
    /// Rows that are not there yet.
    absent: Vec<RowKey>,
    /// The source rows behind each target row.
    groups: BTreeMap<RowKey, Vec<RowVersion>>,
}

/// The job's life: wait, run, wait. From start to start it keeps a timetable, as cron does: an
/// outage skips runs and shifts none, and the node's clock says what time it is. From end to start
/// it has nothing to wait for after a restart.
pub(super) async fn run(pattern: Rc<BackgroundSync>, here: ProcessCtx) {
    let interval = pattern.settings.interval;
    let (measured, began) = (pattern.settings.measured, here.clock());
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
        take_turn(&pattern, &here).await;
    }
}

/// The standby's life: run whenever the job does not answer.
pub(super) async fn stand_by(pattern: Rc<BackgroundSync>, here: ProcessCtx) {
    let job = here.world().driver(JOB);
    loop {
        here.sleep(pattern.settings.interval).await;
        let message = Message::control("heartbeat", here.system().retry.step_deadline);
        let alive = here.call(job, message, |_| async {}).await;
        if alive != Reply::Answered(()) {
            take_turn(&pattern, &here).await;
        }
    }
}

/// Takes one turn of the timetable: a run, unless a local fault keeps it from starting, or starts
/// another one beside it.
async fn take_turn(pattern: &Rc<BackgroundSync>, here: &ProcessCtx) {
    let name = here.world().name(here.node()).stream;
    if here.env().suffers(LocalFault::JobSkip, name, here.ctx(), 0) {
        return;
    }
    if here.env().suffers(LocalFault::JobOverlap, name, here.ctx(), 0) {
        let pattern = Rc::clone(pattern);
        here.spawn(|here| async move { pattern.synchronize(&here).await });
    }
    pattern.synchronize(here).await;
}

impl BackgroundSync {
    /// One run: every rule in order, and again those whose source was corrected meanwhile.
    async fn synchronize(&self, here: &ProcessCtx) {
        let mut progress = here.log::<Progress>().records().pop().unwrap_or_default();
        progress.watermarks.resize(self.rules.len(), Time::ZERO);
        let mut dirty: BTreeSet<TableId> = self.rules.iter().map(|rule| rule.source).collect();
        for _ in 0..=self.rules.len() {
            let mut corrected = BTreeSet::new();
            for (number, rule) in self.rules.iter().enumerate() {
                if !dirty.contains(&rule.source) {
                    continue;
                }
                let followed = self.follow(here, number, &mut progress, &mut corrected).await;
                if followed.is_err() {
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
        here.log::<Progress>().force(progress, "watermark").await;
        here.log::<Progress>().forget_if(|older| older.runs < saved);
    }

    /// Follows one rule and says which tables that changed. Its watermark moves, and what was left
    /// to do is forgotten, only if all went well.
    async fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<(), Unreachable> {
        let rule = &self.rules[number];
        let changed = self.changed(here, rule, progress.watermarks[number]).await?;
        let newest = changed.iter().map(RowVersion::updated_at).max();
        self.watch(here, &changed, progress.watermarks[number]);
        let mut keys: BTreeMap<RowKey, BTreeSet<RowKey>> = BTreeMap::new();
        for row in &changed {
            keys.entry(rule.target_key(row)).or_default().insert(row.key());
        }
        for (_, key) in progress.pending.iter().filter(|(of, _)| *of == number) {
            keys.entry(*key).or_default();
        }
        let mut waiting = Vec::new();
        let targets: Vec<RowKey> = keys.keys().copied().collect();
        let seeded_bugs = self.settings.seeded_bugs;
        let reached = newest.unwrap_or_default().max(progress.watermarks[number]);
        if seeded_bugs.makes(SeededBug::SavesBeforeItWrites) {
            progress.watermarks[number] = reached;
            here.log::<Progress>().force(progress.clone(), "watermark").await;
        }
        for batch in targets.chunks(self.settings.batch as usize) {
            match self.carry_on(here, rule, batch.to_vec(), corrected).await {
                Ok(open) => waiting.extend(open),
                Err(Unreachable) if seeded_bugs.makes(SeededBug::MovesOnAfterFailure) => {}
                Err(unreachable) => return Err(unreachable),
            }
        }
        progress.pending.retain(|(of, _)| *of != number);
        progress.pending.extend(waiting.into_iter().map(|key| (number, key)));
        progress.watermarks[number] = reached;
        Ok(())
    }

    /// Alerts if a change has waited for longer than the watchdog allows.
    fn watch(&self, here: &ProcessCtx, changed: &[RowVersion], watermark: Time) {
        let Some(limit) = self.settings.watchdog else { return };
        let news = changed.iter().filter(|row| row.updated_at() > watermark);
        if news.clone().any(|row| here.clock() - row.updated_at() > limit) {
            here.record(Event::Intervention { label: here.label("watchdog") });
        }
    }

    /// The source rows that may have something to carry on.
    async fn changed(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        watermark: Time,
    ) -> Result<Vec<RowVersion>, Unreachable> {
        let (table, limit) = (rule.source, self.settings.batch as usize);
        let known = (table, rule.source_columns());
        let mut all: Vec<RowVersion> = Vec::new();
        let overlap = self.settings.overlap.as_nanos();
        let mut since = Time::from_nanos(watermark.as_nanos().saturating_sub(overlap));
        loop {
            let after = all.last().map(RowVersion::key);
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
            if let Some(row) = page.last() {
                since = Time::from_nanos(row.updated_at().as_nanos() + 1);
            }
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Carries some target rows on until they are right; gives those that must wait.
    async fn carry_on(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        mut keys: Vec<RowKey>,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<Vec<RowKey>, Unreachable> {
        let mut waiting = Vec::new();
        for _ in 0..here.system().retry.attempts.max(1) {
            let Findings { corrections, unsure: mut again, absent, groups } =
                self.derive(here, rule, &keys).await?;
            waiting.extend(absent);
            for (key, outcome) in self.correct(here, rule, corrections).await? {
                match (outcome, self.settings.on_refusal) {
                    (Corrected::Done, _) => {
                        corrected.insert(rule.target);
                    }
                    (Corrected::Conflict, _) => again.push(key),
                    (Corrected::Refused, OnRefusal::Retry) => waiting.push(key),
                    (Corrected::Refused, OnRefusal::Compensate) => {
                        self.compensate(here, rule, key, &groups).await?;
                        corrected.insert(rule.source);
                        again.push(key);
                    }
                }
            }
            keys = again;
            if keys.is_empty() {
                return Ok(waiting);
            }
        }
        waiting.extend(keys); // Somebody is always faster; the next run tries again.
        Ok(waiting)
    }

    /// Asks the owner to write corrections: what became of each.
    async fn correct(
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

    /// Reads sources and targets and compares. What is right needs no correction; that the job has
    /// seen to it is noted.
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
        let groups: Vec<Vec<RowVersion>> = match rule.grouped_by() {
            Some(by) => {
                ask(here, "groups", source, move |here| {
                    owner::groups(here, known, by, wanted.clone())
                })
                .await?
            }
            None => {
                let rows =
                    ask(here, "rows", source, move |here| owner::rows(here, known, wanted.clone()));
                rows.await?.into_iter().map(|row| vec![row]).collect()
            }
        };
        let wanted = keys.to_vec();
        let targets =
            ask(here, "rows", target, move |here| owner::rows(here, own, wanted.clone())).await?;
        let (mut corrections, mut unsure, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        let database = here.database(rule.target);
        for (rows, row) in groups.iter().zip(&targets) {
            match rule.compare(rows, row, self.settings.propagate_deletes) {
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
        let groups = keys.iter().copied().zip(groups).collect();
        Ok(Findings { corrections, unsure, absent, groups })
    }

    /// How the write policy puts a correction.
    fn change(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        target: &RowVersion,
        mut cells: Vec<(u8, Derived)>,
    ) -> Change {
        match self.settings.write {
            Write::Delta if rule.grouped_by().is_some() => {
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

    /// Takes back what a rule would not carry on: the change of the source row, or of several
    /// that were added up those to which the owner objects; if it names none, the last one.
    async fn compensate(
        &self,
        here: &ProcessCtx,
        rule: &Rule,
        key: RowKey,
        groups: &BTreeMap<RowKey, Vec<RowVersion>>,
    ) -> Result<(), Unreachable> {
        let rows = groups.get(&key).map_or(&[][..], Vec::as_slice);
        let mut culprits: Vec<(RowKey, u64)> = Vec::new();
        let named = |row: &RowVersion| (row.key(), row.version());
        if let Some(column) = rule.adds_up_to() {
            let versions: Vec<Version> = rows.iter().map(RowVersion::existence).collect();
            let cell = (rule.target, key, column);
            let vetting =
                ask(here, "vet", rule.target, move |here| owner::vet(here, cell, versions.clone()));
            let refused = vetting.await?.into_iter();
            let refused = rows.iter().zip(refused).filter(|(row, no)| *no && rule.admits(row));
            culprits.extend(refused.map(|(row, _)| named(row)));
        }
        if culprits.is_empty() {
            let admitted = rows.iter().filter(|row| rule.admits(row));
            let last = admitted.max_by_key(|row| (row.updated_at(), row.key()));
            culprits.extend(last.map(named));
        }
        let table = rule.source;
        for culprit in culprits {
            let causes = rule.causes();
            ask(here, "take back", table, move |here| {
                owner::take_back(here, table, culprit, causes.clone())
            })
            .await?;
        }
        Ok(())
    }
}

/// One request to the owner of a table.
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
    let owner = here.world().owner(table, here.ctx().op);
    let message = Message::request(label, here.system().retry.step_deadline);
    match here.call(owner, message, handler).await {
        Reply::Answered(Ok(answer)) => Ok(answer),
        _ => Err(Unreachable),
    }
}
