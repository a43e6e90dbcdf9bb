//! The operations of a run, as rows of lists.

use serde::{Deserialize, Serialize};

use crate::checks::OperationRow;
use crate::checks::anomaly::AnomalySet;
use crate::checks::census::{Headline, State};
use crate::checks::measures::lag::Lag;
use crate::kernel::{Span, Time};
use crate::model::record::{Answer, OpId};
use crate::model::system::{LoadId, OperationKind};

/// An operation of a run, with its arrival, its answer and its outcome.
///
/// A comparison keeps those of all its runs, so it is small, and finished runs are stored with it
/// as a plain list of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct ListedOperation {
    /// Its number.
    pub op: OpId,
    /// The kind of operation.
    pub kind: OperationKind,
    /// The load that offered it; none for one of a list that no load drew.
    pub load: Option<LoadId>,
    /// True if it enters the measures, because it did not arrive during the warm-up.
    pub measured: bool,
    /// The time of its arrival.
    pub arrived: Time,
    /// The answer that its client heard.
    pub answer: Answer,
    /// The time from its arrival to the answer; none without one.
    pub answered_after: Option<Span>,
    /// The state of its effects in the stores at the end.
    pub state: State,
    /// Its headline in the census.
    pub headline: Headline,
    /// The time at which a store first showed an effect of it.
    pub first_visible: Option<Time>,
    /// Its consistency lag, M1.
    pub lag: Lag,
    /// Its lag after the answer, M2; none if its client did not hear yes.
    pub lag_after_answer: Option<Lag>,
    /// The anomalies that it met.
    pub anomalies: AnomalySet,
}

const _: () = assert!(size_of::<ListedOperation>() <= 88, "there may be very many of them");

impl ListedOperation {
    /// An operation of a run that this load offered.
    pub fn new(row: &OperationRow, load: Option<LoadId>) -> Self {
        Self {
            op: row.op,
            kind: row.kind,
            load,
            measured: row.measured,
            arrived: row.arrived,
            answer: row.answer,
            answered_after: row.answered_after,
            state: row.state,
            headline: row.headline,
            first_visible: row.first_visible,
            lag: row.lag,
            lag_after_answer: row.lag_after_answer,
            anomalies: row.anomalies,
        }
    }
}

/// The fields in their order, times in nanoseconds.
type Written = (
    OpId,
    OperationKind,
    Option<LoadId>,
    bool,
    Time,
    Answer,
    Option<u64>,
    State,
    Headline,
    Option<Time>,
    Lag,
    Option<Lag>,
    AnomalySet,
);

impl From<ListedOperation> for Written {
    fn from(it: ListedOperation) -> Self {
        let answered = it.answered_after.map(Span::as_nanos);
        let (state, headline) = (it.state, it.headline);
        (
            it.op,
            it.kind,
            it.load,
            it.measured,
            it.arrived,
            it.answer,
            answered,
            state,
            headline,
            it.first_visible,
            it.lag,
            it.lag_after_answer,
            it.anomalies,
        )
    }
}

impl From<Written> for ListedOperation {
    fn from(
        (
            op,
            kind,
            load,
            measured,
            arrived,
            answer,
            answered,
            state,
            headline,
            first_visible,
            lag,
            lag_after_answer,
            anomalies,
        ): Written,
    ) -> Self {
        let answered_after = answered.map(Span::from_nanos);
        Self {
            op,
            kind,
            load,
            measured,
            arrived,
            answer,
            answered_after,
            state,
            headline,
            first_visible,
            lag,
            lag_after_answer,
            anomalies,
        }
    }
}
