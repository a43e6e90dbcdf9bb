//! Seeded bugs of the orchestrated saga: backward recovery by other rules, or no recovery at all.

use std::rc::Rc;

use super::super::mutated::OtherDriver;
use super::{PutToWork, decode};
use crate::model::process::ProcessCtx;
use crate::model::system::{OperationSpec, StepId};
use crate::patterns::orchestrated::Orchestrated;
use crate::patterns::orchestrated::backward::{BackwardRecovery, Compensation, ReverseOrder};
use crate::patterns::orchestrated::settings::{ORCHESTRATORS, Settings};
use crate::patterns::orchestrated::workflow::Workflow;
use crate::patterns::pattern::at_work;
use crate::patterns::step::{self, ApplyOptions, Failure, ToUndo};

/// An orchestrator that takes failed workflows back by these rules.
pub(super) fn recovering(
    settings: &toml::Table,
    rules: &'static dyn BackwardRecovery,
) -> PutToWork {
    let settings: Settings = decode(settings);
    Box::new(move |_, _| at_work(Rc::new(Orchestrated::recovering(settings.clone(), rules))))
}

/// An orchestrator on whose node nothing is started again after a crash.
pub(super) fn never_resuming(settings: &toml::Table) -> PutToWork {
    let original = recovering(settings, &ReverseOrder);
    Box::new(move |world, share| {
        let original = original(world, share);
        Rc::new(OtherDriver { original, driver: ORCHESTRATORS[0], start: |_| () })
    })
}

pub(super) struct LeavesNoTombstone;

impl BackwardRecovery for LeavesNoTombstone {
    fn compensate<'a>(
        &self,
        here: &'a ProcessCtx,
        step: StepId,
        options: ApplyOptions,
    ) -> Compensation<'a> {
        Box::pin(compensate(here, step, options, Ok(())))
    }
}

pub(super) struct FailsOnNothingToUndo;

impl BackwardRecovery for FailsOnNothingToUndo {
    fn compensate<'a>(
        &self,
        here: &'a ProcessCtx,
        step: StepId,
        options: ApplyOptions,
    ) -> Compensation<'a> {
        Box::pin(compensate(here, step, options, Err(Failure::Technical)))
    }
}

/// Compensates a step as it should be, unless the step never ran: then the transaction is rolled
/// back, with the keys that it has claimed, and this is answered.
async fn compensate(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
    never_ran: Result<(), Failure>,
) -> Result<(), Failure> {
    match step::find_to_undo(here, step, options).await? {
        ToUndo::NeverRan(_) => never_ran,
        found => step::finish_undo(here, step, options, found).await,
    }
}

pub(super) struct ForgetsTheUnknown;

impl BackwardRecovery for ForgetsTheUnknown {
    fn includes_failed(&self, _: bool) -> bool {
        false
    }
}

pub(super) struct CompensatesForwards;

impl BackwardRecovery for CompensatesForwards {
    fn next(&self, workflow: &Workflow, _: &OperationSpec) -> Option<StepId> {
        workflow.applied.first().copied()
    }
}

pub(super) struct SwallowsFailedCompensation;

impl BackwardRecovery for SwallowsFailedCompensation {
    fn is_compensated(&self, _: Result<(), Failure>) -> bool {
        true
    }
}
