//! The report of one run, as plain data.

use serde::{Deserialize, Serialize};

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
    /// True if the system had come to rest when the run ended.
    pub settled: bool,
    /// When the last record was made.
    pub ended: Time,
    /// Operations that arrived.
    pub offered: u64,
    /// Those of them that arrived between warm-up and the end of the load; only they enter the
    /// measures per operation and the census.
    pub measured: u64,
    /// All measures.
    pub measures: Measured,
    /// M9, operation by operation, of each part of which results speak; the first is what
    /// headlines pool.
    pub availability: Vec<(Scope, Availability)>,
    /// M7 of the operations that headlines pool.
    pub census: Census,
    /// M7 of each declared kind of operation.
    pub censuses: Vec<Census>,
    /// M4 and M5, for probes of the operations that headlines pool.
    pub operation_probes: ProbeTally,
    /// M4 and M5, for readers of a column.
    pub readers: ProbeTally,
    /// How the probes of each read ended, in the order of `System::reads`.
    pub reads: Vec<ProbeTally>,
    /// M12, by kind.
    pub cost: Cost,
    /// The course of the run.
    pub series: Series,
    /// The faults as they happened.
    pub faults: Vec<FaultWindow>,
    /// The resources that were full at the end of the load.
    pub full: Vec<Limited>,
    /// Declared invariants, in the order of the scenario.
    pub invariants: Vec<InvariantReport>,
    /// The sums that must agree in every run.
    pub self_checks: Vec<SelfCheck>,
    /// M13: who waited for whom.
    pub contention: Contention,
    /// M13: which services each fault touched.
    pub blast_radii: Vec<BlastRadius>,
    /// Every operation, if the options asked for them.
    pub operations: Vec<OperationRow>,
}

impl RunReport {
    /// The census of all measured operations, those included that headlines do not pool.
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
    /// Which operation it is.
    pub kind: OperationKind,
    /// The key of the row that each of its steps touches.
    pub keys: Vec<u64>,
    /// True if it enters the measures.
    pub measured: bool,
    /// When it arrived.
    pub arrived: Time,
    /// The answer that its client heard.
    pub answer: Answer,
    /// How long after the arrival; none if it heard nothing.
    #[serde(with = "maybe_span")]
    pub answered_after: Option<Span>,
    /// The state of its effects in the stores at the end.
    pub state: State,
    /// Its headline in the census.
    pub headline: Headline,
    /// When a store first showed anything of it.
    pub first_visible: Option<Time>,
    /// The end of the last time that it showed in part; none if it never showed or still does.
    pub last_partial: Option<Time>,
    /// Its consistency lag, M1.
    pub lag: Lag,
    /// Its lag after the answer, M2; none if its client did not hear yes.
    pub lag_after_answer: Option<Lag>,
    /// How often it showed in part again after it had been consistent.
    pub relapses: u8,
}
