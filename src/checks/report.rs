//! The report of one run, as plain data.

use serde::{Deserialize, Serialize};

use super::anomaly::AnomalySet;
use super::census::{Census, Headline, State};
use super::invariants::InvariantReport;
use super::measures::answers::Availability;
use super::measures::blast_radius::BlastRadius;
use super::measures::capacity::Limited;
use super::measures::contention::Contention;
use super::measures::cost::Cost;
use super::measures::lag::Lag;
use super::measures::probes::ProbeTally;
use super::measures::series::{FaultWindow, Series};
use super::measures::{Measured, Scope};
use super::self_check::SelfCheck;
use super::serial::maybe_span;
use super::verdict::Verdict;
use crate::kernel::{Span, Time};
use crate::model::record::{Answer, OpId};
use crate::model::system::OperationKind;

/// The report of one run. All numbers are exact integers: ns and counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunReport {
    /// True if the system was quiescent when the run ended.
    pub settled: bool,
    /// The time of the last record.
    pub ended: Time,
    /// Operations that arrived.
    pub offered: u64,
    /// Operations that arrived between warm-up and the end of the load; only they enter the
    /// measures per operation and the census.
    pub measured: u64,
    /// All measures.
    pub measures: Measured,
    /// M9, operation by operation, of each part that results cover; the first has the operations
    /// that headlines pool.
    pub availability: Vec<(Scope, Availability)>,
    /// M7 of the operations that headlines pool.
    pub census: Census,
    /// M7 of each declared kind of operation.
    pub censuses: Vec<Census>,
    /// M4 and M5, for probes of the operations that headlines pool.
    pub operation_probes: ProbeTally,
    /// M4 and M5, for readers of a column.
    pub readers: ProbeTally,
    /// The results of the probes of each read, in the order of `System::reads`.
    pub reads: Vec<ProbeTally>,
    /// M12, by kind.
    pub cost: Cost,
    /// The time series of the run.
    pub series: Series,
    /// The faults as they happened.
    pub faults: Vec<FaultWindow>,
    /// The resources that were full at the end of the load.
    pub full: Vec<Limited>,
    /// Declared invariants, in the order of the scenario.
    pub invariants: Vec<InvariantReport>,
    /// The sums that must agree in every run.
    pub self_checks: Vec<SelfCheck>,
    /// M13: the waits between services.
    pub contention: Contention,
    /// M13: the services that each fault touched.
    pub blast_radii: Vec<BlastRadius>,
    /// Every operation, if the options asked for them.
    pub operations: Vec<OperationRow>,
}

impl RunReport {
    /// The census of all measured operations, including those that headlines do not pool.
    pub fn census_of_all(&self) -> Census {
        self.censuses.iter().fold(Census::default(), |sum, census| sum.plus(census))
    }

    /// The verdict on all declared invariants; held if none is declared.
    pub fn verdict(&self) -> Verdict {
        if self.invariants.is_empty() {
            return Verdict::Held;
        }
        Verdict::all(self.invariants.iter().map(|invariant| invariant.judgement.verdict))
    }

    /// The self-checks that failed: defects of the simulator, which make its numbers worthless.
    pub fn failed_self_checks(&self) -> impl Iterator<Item = &SelfCheck> {
        self.self_checks.iter().filter(|check| !check.held())
    }
}

/// The outcome of one operation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OperationRow {
    /// Its number.
    pub op: OpId,
    /// The kind of operation.
    pub kind: OperationKind,
    /// The key of the row that each of its steps touches.
    pub keys: Vec<u64>,
    /// True if it enters the measures.
    pub measured: bool,
    /// The time of its arrival.
    pub arrived: Time,
    /// The answer that its client heard.
    pub answer: Answer,
    /// The time from its arrival to the answer; none without one.
    #[serde(with = "maybe_span")]
    pub answered_after: Option<Span>,
    /// The state of its effects in the stores at the end.
    pub state: State,
    /// Its headline in the census.
    pub headline: Headline,
    /// The time at which a store first showed an effect of it.
    pub first_visible: Option<Time>,
    /// The end of the last time that it showed in part; none if it never showed or still does.
    pub last_partial: Option<Time>,
    /// Its consistency lag, M1.
    pub lag: Lag,
    /// Its lag after the answer, M2; none if its client did not hear yes.
    pub lag_after_answer: Option<Lag>,
    /// The number of times that it was partial again after it had been consistent.
    pub relapses: u8,
    /// The anomalies that it met.
    pub anomalies: AnomalySet,
}
