//! The choice of one operation of a run: by its number or name, as the worst in a measure, by its
//! outcome, by an anomaly, or by a moment.

use std::cmp::Reverse;

use super::layout;
use super::recording::Recording;
use crate::checks::OperationRow;
use crate::checks::anomaly::Anomaly;
use crate::checks::census::Headline;
use crate::checks::measures::lag::Lag;
use crate::kernel::Time;
use crate::model::record::OpId;
use crate::stats::Quantile;

/// A choice of one operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// The operation with this number in the run.
    Number(u32),
    /// The operation with this name in every run: `LOAD#NUMBER`.
    Name(String),
    /// The operation that is worst in this respect; the first of several.
    Worst(Ranking),
    /// The first operation with this headline in the census.
    Outcome(Headline),
    /// The first operation that met this.
    First(Met),
    /// The operation that was under way at this time, and of several the one that arrived last.
    At(Time),
}

/// A respect in which operations are ranked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ranking {
    /// By consistency lag, M1; never is the longest.
    Lag,
    /// By lag after the answer, M2.
    LagAfterAnswer,
    /// By latency, M10; no answer is the longest.
    Latency,
    /// By the time for which its transactions waited for row locks.
    LockWait,
}

/// Something that an operation meets and that measures count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Met {
    /// An anomaly.
    Anomaly(Anomaly),
    /// The operation never became consistent.
    Never,
    /// The operation was partial again after it had been consistent.
    Relapse,
    /// Its client had no answer before it gave up.
    NoAnswer,
}

impl Ranking {
    /// All rankings, in the order of lists.
    pub const ALL: [Self; 4] = [Self::Lag, Self::LagAfterAnswer, Self::Latency, Self::LockWait];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lag => "lag",
            Self::LagAfterAnswer => "lag-after-answer",
            Self::Latency => "latency",
            Self::LockWait => "lock-wait",
        }
    }

    /// The rank of an operation; none if it has no value.
    fn of(self, recording: &Recording, row: &OperationRow) -> Option<Quantile> {
        match self {
            Self::Lag => row.lag.quantile(),
            Self::LagAfterAnswer => row.lag_after_answer.and_then(Lag::quantile),
            Self::Latency => {
                let nanos = row.answered_after.map(|after| Quantile::Value(after.as_nanos()));
                Some(nanos.unwrap_or(Quantile::Never))
            }
            Self::LockWait => {
                let ended = recording.report.ended;
                let waits = recording.waits.of(row.op);
                let nanos = waits.map(|wait| {
                    let until = wait.until.map_or(ended, |(until, _)| until);
                    (until - wait.from).as_nanos()
                });
                Some(Quantile::Value(nanos.sum())).filter(|sum| *sum != Quantile::Value(0))
            }
        }
    }
}

impl Met {
    /// All of them, in the order of lists.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Never, Self::Relapse, Self::NoAnswer];
        Anomaly::ALL.into_iter().map(Self::Anomaly).chain(others)
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anomaly(anomaly) => anomaly.name(),
            Self::Never => "never",
            Self::Relapse => "relapse",
            Self::NoAnswer => "no-answer",
        }
    }

    /// Returns whether an operation met it.
    pub fn is_met(self, row: &OperationRow) -> bool {
        match self {
            Self::Anomaly(anomaly) => row.anomalies.contains(anomaly),
            Self::Never => row.lag == Lag::Never,
            Self::Relapse => row.relapses > 0,
            Self::NoAnswer => row.answered_after.is_none(),
        }
    }
}

impl Selection {
    /// The chosen operation of a run; none if there is no such operation. Operations of the warm-up
    /// are chosen only if no other fits.
    pub(super) fn find(&self, recording: &Recording) -> Option<OpId> {
        let rows = || recording.report.operations.iter();
        let first = |is_it: &dyn Fn(&OperationRow) -> bool| {
            let fitting = || rows().filter(|row| is_it(row));
            fitting().find(|row| row.measured).or_else(|| fitting().next()).map(|row| row.op)
        };
        match self {
            Self::Number(number) => first(&|row| row.op.0 == *number),
            Self::Name(name) => first(&|row| layout::name(recording, row.op) == *name),
            Self::Outcome(headline) => first(&|row| row.headline == *headline),
            Self::First(met) => first(&|row| met.is_met(row)),
            Self::Worst(ranking) => {
                let ranked = rows().filter_map(|row| {
                    Some((row.measured, ranking.of(recording, row)?, Reverse(row.op)))
                });
                ranked.max().map(|(_, _, Reverse(op))| op)
            }
            Self::At(at) => {
                let late = recording.records.iter().rev().take_while(|record| record.time >= *at);
                let open = late.filter(|record| record.op != OpId::NONE).map(|record| record.op);
                let arrived = |op: &OpId| recording.report.operations.get(op.0 as usize);
                let arrived = |op: OpId| Some((arrived(&op)?.arrived, op));
                open.filter_map(arrived).filter(|(time, _)| time <= at).max().map(|(_, op)| op)
            }
        }
    }
}
