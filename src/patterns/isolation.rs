//! Where sagas miss their isolation: what one operation has committed and another one builds on may
//! still be taken back.
//!
//! A row is there for everybody as soon as it is committed. When its maker compensates, what
//! somebody else has made of it stays behind. Two things rule it out. Amounts that are added are
//! taken back whatever else was added. And a step on a row that the last step of the other
//! operation makes (its pivot, as it were) finds it only when nothing of that operation is taken
//! back any more; Garcia-Molina and Salem leave the rest to the application.

use crate::model::system::{Effect, KeyChoice, OperationSpec, StepSpec, System};

/// Returns whether an operation may build on what another one takes back later. Of steps that run
/// in parallel, none is known to be the last.
pub(super) fn is_missed(system: &System, parallel: bool) -> bool {
    let operations = || system.operations.iter();
    operations().any(|maker| operations().any(|other| builds_on(maker, other, parallel)))
}

/// Returns whether one operation may build on what another one, its maker, takes back later.
fn builds_on(maker: &OperationSpec, other: &OperationSpec, parallel: bool) -> bool {
    let (passing, last) = match maker.steps.split_last() {
        Some((last, passing)) if !parallel || maker.steps.len() <= 2 => (passing, Some(last)),
        _ => (&maker.steps[..], None),
    };
    let seals = |last: &StepSpec, seen: &StepSpec| {
        last.table == seen.table && matches!(last.effect, Effect::Insert(_))
    };
    let mut early =
        other.steps.iter().take_while(|seen| !last.is_some_and(|last| seals(last, seen)));
    early.any(|theirs| {
        passing
            .iter()
            .filter(|step| !step.is_lasting() && step.disturbs(theirs))
            .any(|step| meet_at_a_row((maker, step), (other, theirs)))
    })
}

/// Returns whether a step of one operation may find the row of an earlier step of another one: what
/// has a new key is found only by those who follow it.
fn meet_at_a_row(earlier: (&OperationSpec, &StepSpec), later: (&OperationSpec, &StepSpec)) -> bool {
    let choice = |(operation, step): (&OperationSpec, &StepSpec)| {
        operation.keys[usize::from(step.key)].choice.clone()
    };
    match (choice(earlier), choice(later)) {
        (_, KeyChoice::New) => false,
        (KeyChoice::New, later) => matches!(later, KeyChoice::Followed),
        (KeyChoice::Followed, KeyChoice::Followed) => earlier.0.name.stream != later.0.name.stream,
        _ => true,
    }
}
