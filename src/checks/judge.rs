//! The fold that computes all measures.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::anomaly::{Anomaly, AnomalySet};
use super::books::{Audit, Books, Listener};
use super::census::{self, Census, Headline};
use super::measures::anomalies::{self, Anomalies};
use super::measures::answers::{self, Availability};
use super::measures::blast_radius;
use super::measures::by_kind::ByKind;
use super::measures::capacity::Capacity;
use super::measures::contention::Contention;
use super::measures::copies::Copies;
use super::measures::cost::Cost;
use super::measures::counters::Counters;
use super::measures::expected_reads::ExpectedReads;
use super::measures::gauge::Gauge;
use super::measures::in_doubt::InDoubt;
use super::measures::in_flight::InFlight;
use super::measures::lag::{self, End, consistency_lag, lag_after_answer};
use super::measures::lock_waits::LockWaits;
use super::measures::probes::{self, ProbeTally, Probes};
use super::measures::reads::ReadTally;
use super::measures::schema_breaks::SchemaBreaks;
use super::measures::series::SeriesBuilder;
use super::measures::{Measured, NO_OPERATION, Quantity, Scope};
use super::outcome::{NEVER, Operations, Part, census};
use super::report::{OperationRow, RunReport};
use super::self_check::SelfChecks;
use crate::kernel::{Span, Time};
use crate::model::record::{Answer, Event, OpId, Record};
use crate::model::system::{OperationKind, StepId, System};

/// The options of a judge: what to keep beside the measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JudgeOptions {
    /// The width of a bucket of the series.
    pub bucket: Span,
    /// True if the report lists every operation.
    pub keep_operations: bool,
}

impl Default for JudgeOptions {
    /// The defaults: buckets of a second, and no list of operations.
    fn default() -> Self {
        Self { bucket: Span::from_secs(1), keep_operations: false }
    }
}

/// The phases of a run, all in ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Course {
    /// End of the warm-up.
    warm_up: u64,
    /// End of the load.
    load: u64,
    /// Latest end of the settle phase.
    cap: u64,
}

/// The fold of all measures, which returns the report of a run.
#[derive(Debug)]
pub struct Judge {
    system: Arc<System>,
    keep_operations: bool,
    course: Course,
    expected_reads: ExpectedReads,
    copies: Copies,
    probes: Probes,
    in_doubt: InDoubt,
    in_flight: InFlight,
    anomalies: Anomalies,
    contention: Contention,
    schema_breaks: SchemaBreaks,
    costs: ByKind<Cost>,
    counters: Counters,
    lock_waits: LockWaits,
    capacity: Capacity,
    series: SeriesBuilder,
    self_checks: SelfChecks,
}

impl Judge {
    /// A judge of one run of this system, and the books that it needs.
    pub fn audit(system: &Arc<System>, options: JudgeOptions) -> Audit<Self> {
        let phases = &system.phases;
        let (warm_up, load) = (phases.warm_up.as_nanos(), phases.load.as_nanos());
        let course = Course { warm_up, load, cap: load + phases.settle.as_nanos() };
        let window = (course.warm_up.min(course.cap), course.cap);
        let width = options.bucket.as_nanos().max(1);
        let count = course.cap.div_ceil(width) as usize;
        let books = Books::new(system, window, Gauge::with_buckets(window, width, count));
        let judge = Self {
            system: Arc::clone(system),
            keep_operations: options.keep_operations,
            course,
            expected_reads: ExpectedReads::new(system),
            copies: Copies::new(system),
            probes: Probes::new((course.warm_up, course.load), system),
            in_doubt: InDoubt::new(system, course.warm_up),
            in_flight: InFlight::new(system, (course.warm_up, course.load)),
            anomalies: Anomalies::new(system),
            contention: Contention::new(system, course.warm_up),
            schema_breaks: SchemaBreaks::default(),
            costs: ByKind::new(system, Cost::default()),
            counters: Counters::new(system, window),
            lock_waits: LockWaits::new(system),
            capacity: Capacity::new(system, window),
            series: SeriesBuilder::new(width, count),
            self_checks: SelfChecks::new(system),
        };
        Audit::new(books, judge)
    }

    fn offer(&mut self, record: &Record, books: &Books) {
        self.in_flight.see(record, books.operations.kind(record.op));
    }

    fn answer(&mut self, record: &Record, answer: Answer, books: &mut Books) {
        self.series.answer(books.now, answer);
        self.in_flight.see(record, books.operations.kind(record.op));
        self.expected_reads.update(record.op, &mut books.operations);
    }

    fn show(&mut self, record: &Record, books: &mut Books) {
        self.anomalies.show(record, &books.operations);
        let restated = books.operations.restated().to_vec();
        let others = restated.into_iter().map(|other| other.op);
        for op in std::iter::once(record.op).chain(others) {
            self.expected_reads.update(op, &mut books.operations);
        }
    }

    fn count(&mut self, record: &Record, books: &Books) {
        let kind = books.operations.kind(record.op);
        self.counters.see(record, kind, books.operations.measured_count() > 0);
    }

    fn doubt(&mut self, record: &Record, books: &Books) {
        self.count(record, books);
        self.in_doubt.see(record, books.operations.kind(record.op));
        self.lock(record, books);
    }

    fn lock(&mut self, record: &Record, books: &Books) {
        let kind = books.operations.kind(record.op);
        self.lock_waits.see(record, kind, books.operations.measured_count() > 0);
        self.spend(record, books);
    }

    /// Takes in the costs of a record. They count from the first measured arrival on.
    fn spend(&mut self, record: &Record, books: &Books) {
        if books.operations.measured_count() > 0 {
            self.costs.of(books.operations.kind(record.op)).see(record);
        }
    }

    /// Ends the run. Levels stay as they are until the end of the fixed window.
    pub fn finish(mut self, books: Books) -> RunReport {
        let Books { mut operations, mut invariants, now, settled, .. } = books;
        let (mut partial, mut partial_by_kind) = (books.partial, books.partial_by_kind);
        let system = Arc::clone(&self.system);
        let end = End { at: now, settled };
        let until = now.max(self.course.cap);
        partial.advance(until);
        partial_by_kind.all_mut().for_each(|gauge| gauge.advance(until));
        self.probes.finish(&mut operations);
        self.in_doubt.finish(now);

        let offered = operations.measured_count();
        let mut measures = Measured::default();
        let availability = self.take_parts(&mut measures, &operations, end);
        lag::levels(&mut measures, &system, &partial, &partial_by_kind);
        let censuses = operations.censuses();
        let sum_of = |reads: &Vec<ReadTally>| {
            reads.iter().fold(ProbeTally::default(), |sum, time| sum.plus(&time.ended))
        };
        let reads = self.probes.reads.iter().map(sum_of).collect();
        self.probes.measure(&mut measures, &system);
        let [operation_probes, readers] = self.probes.ended(&system);
        let census = self.take_costs(&mut measures, &censuses);
        self.in_doubt.measure(&mut measures, &system);
        self.in_flight.measure(&mut measures, &system);
        self.counters.measure(&mut measures, &system, now, until);
        self.lock_waits.measure(&mut measures, &system);
        let full = self.capacity.measure(&mut measures, until);
        let by_kind = operations.measured_by_kind();
        invariants.measure(&mut measures, until, &by_kind, &system);
        let (invariants, violations) = invariants.finish(until, settled);
        let met = self.anomalies.met(&operations.overwrites);
        self.anomalies.measure(&mut measures, &operations.overwrites, &system);
        anomalies::measure_invariants(&mut measures, &system, &invariants);
        self.contention.measure(&mut measures);
        self.schema_breaks.measure(&mut measures, now);
        let (series, faults) = self.series.finish(until, partial, violations, &operations, end);
        let blast_radii = blast_radius::of(&self.system, &operations, &faults);
        blast_radius::measure(&mut measures, &blast_radii);

        let listed = if self.keep_operations { operations.all().len() as u32 } else { 0 };
        RunReport {
            settled,
            ended: Time::from_nanos(now),
            offered: operations.all().len() as u64,
            measured: offered,
            measures,
            availability,
            census,
            censuses,
            operation_probes,
            readers,
            reads,
            cost: self.costs.all().fold(Cost::default(), Cost::plus),
            series,
            faults,
            full,
            invariants,
            self_checks: self.self_checks.finish(now, self.course.load, settled),
            contention: self.contention,
            blast_radii,
            operations: (0..listed).map(|op| list(OpId(op), &operations, &met, end)).collect(),
        }
    }
}

impl Listener for Judge {
    fn see(&mut self, record: &Record, books: &mut Books) {
        match record.event {
            Event::Offered { .. } => self.offer(record, books),
            Event::Answered { answer, .. } => self.answer(record, answer, books),
            Event::ProbeBegan { .. } => self.probes.begin(record, &mut books.operations),
            Event::ProbeSaw { .. } | Event::ReaderSaw { .. } => {
                self.probes.see(record, &books.operations, &self.expected_reads, &self.copies);
                self.anomalies.read(record);
            }
            Event::Unread { read } => self.probes.omit(read, record.op, &books.operations),
            Event::ProbeEnded { .. } => self.probes.end(record, &mut books.operations),
            Event::Shown { .. } => self.show(record, books),
            Event::Value { .. } | Event::RowDeleted { .. } => self.copies.see(record),
            Event::Aborted { .. }
            | Event::LockWait { .. }
            | Event::LockGranted { .. }
            | Event::LockFailed { .. }
            | Event::Prepared { .. }
            | Event::PreparedRow { .. }
            | Event::Crashed { .. }
            | Event::Resolved { .. } => self.doubt(record, books),
            Event::Committed { .. } | Event::LockHeld { .. } => self.lock(record, books),
            Event::Sent { .. } => {
                self.spend(record, books);
                self.self_checks.message(record);
            }
            Event::Duplicated { .. } => {
                self.anomalies.deliver(record, books.operations.kind(record.op));
                self.self_checks.message(record);
            }
            Event::Delivered { .. } | Event::Lost { .. } => self.self_checks.message(record),
            Event::Handed { .. } => {
                self.count(record, books);
                self.anomalies.deliver(record, books.operations.kind(record.op));
            }
            Event::Discarded { .. }
            | Event::Intervention { .. }
            | Event::Alerted { .. }
            | Event::Circuit { .. }
            | Event::GroupLag { .. } => self.count(record, books),
            Event::Contended { .. } | Event::Served { .. } => self.contention.see(record),
            Event::SchemaChanged { .. } | Event::SchemaBreak { .. } | Event::Adapted { .. } => {
                self.schema_breaks.see(record);
            }
            Event::Queued { .. }
            | Event::Started { .. }
            | Event::Finished { .. }
            | Event::Dropped { .. } => {
                self.capacity.see(record);
                self.self_checks.request(record);
            }
            Event::Worked { database, busy, waited } => {
                self.capacity.work(books.now, database, busy, waited);
                self.spend(record, books);
            }
            Event::Connected { database, waited } => {
                self.capacity.connect(books.now, database, waited);
            }
            Event::Forced { .. } | Event::Logged { .. } | Event::Retried { .. } => {
                self.spend(record, books)
            }
            Event::Holds { label, change } => {
                self.capacity.hold(record, label, change);
                self.series.hold(books.now, change);
            }
            Event::FaultBegan { .. } | Event::FaultEnded { .. } => self.series.fault(record),
            _ => {}
        }
    }
}

impl Audit<Judge> {
    /// Ends the run and returns its report.
    pub fn finish(self) -> RunReport {
        let (books, judge) = self.close();
        judge.finish(books)
    }
}

impl Judge {
    /// Takes M1, M2, M7, M9, M10 and M14 of each part of the run. Returns the available operations
    /// of each part.
    fn take_parts(
        &self,
        into: &mut Measured,
        operations: &Operations,
        end: End,
    ) -> Vec<(Scope, Availability)> {
        let load = self.course.warm_up..self.course.load;
        let take = |part: &Part<'_>| {
            lag::measure(into, part, end);
            probes::useful(into, part);
            take_census(into, part);
            (part.scope.clone(), answers::measure(into, part, load.clone()))
        };
        operations.parts().iter().map(take).collect()
    }

    /// Takes M12 of the operations that headlines pool, including idle polls and the like, and of
    /// each operation by itself. Returns the census of the pooled operations.
    fn take_costs(&self, into: &mut Measured, censuses: &[Census]) -> Census {
        let pooled = self.system.pooled_kinds().into_iter().map(|kind| &censuses[kind.index()]);
        let census = pooled.fold(Census::default(), Census::plus);
        let cost = self.costs.pooled(&self.system).fold(Cost::default(), Cost::plus);
        cost.measure(into, &Scope::Run, &census);
        for ((scope, cost), (_, kind)) in
            self.costs.operations(&self.system).zip(Scope::of_operations(&self.system))
        {
            cost.measure(into, &scope, &censuses[kind.index()]);
        }
        census
    }
}

/// Takes M7 of the measured operations of a part of the run.
fn take_census(into: &mut Measured, part: &Part<'_>) {
    let census = census(part.measured());
    let share = |count| Quantity::ratio(count, census.total(), NO_OPERATION);
    for headline in Headline::ALL {
        into.quantity(headline.measure().of(&part.scope), share(census.of(headline)));
    }
    into.quantity(census::WRONG.of(&part.scope), share(census.wrong()));
}

/// One operation as a row of a table.
fn list(
    op: OpId,
    operations: &Operations,
    met: &BTreeMap<OpId, AnomalySet>,
    end: End,
) -> OperationRow {
    let outcome = &operations.all()[op.0 as usize];
    let key = |step| operations.overwrites.row(op, StepId(step)).map_or(0, |(_, key)| key.0);
    let mut anomalies = met.get(&op).copied().unwrap_or_default();
    if outcome.is_misread() {
        anomalies.insert(Anomaly::WrongRead);
    }

    let answer = outcome.answer();
    let instant = |at: u64| (at != NEVER).then(|| Time::from_nanos(at));
    let heard = (answer != Answer::Unknown).then(|| outcome.answered - outcome.arrived);
    OperationRow {
        op,
        kind: OperationKind(u16::from(outcome.kind)),
        keys: (0..outcome.steps()).map(key).collect(),
        measured: outcome.is_measured(),
        arrived: Time::from_nanos(outcome.arrived),
        answer,
        answered_after: heard.map(Span::from_nanos),
        state: outcome.state(),
        headline: outcome.headline(),
        first_visible: instant(outcome.first),
        last_partial: instant(outcome.last).filter(|_| !outcome.is_partial()),
        lag: consistency_lag(outcome, end),
        lag_after_answer: answer.is_yes().then(|| lag_after_answer(outcome, end)),
        relapses: outcome.relapses,
        anomalies,
    }
}
