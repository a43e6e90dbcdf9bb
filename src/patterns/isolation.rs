//! Where sagas miss their isolation: what one operation has committed and another one builds on may
//! still be taken back.
//!
//! A row is there for everybody as soon as it is committed. When its maker compensates, what
//! somebody else has made of it stays behind. Two things rule it out. Amounts that are added are
//! taken back whatever else was added. And a step on a row that the last step of the other
//! operation makes (its pivot, as it were) finds it only when nothing of that operation is taken
//! back any more; Garcia-Molina and Salem leave the rest to the application.

use crate::model::system::{Effect, KeyChoice, OperationSpec, StepSpec, System};

/// Whether an operation may build on what another one takes back later. Of steps that run in
/// parallel, none is known to be the last.
pub(super) fn is_missed(system: &System, parallel: bool) -> bool {
    let operations = &system.operations;
    operations.iter().any(|maker| {
        let steps = &maker.steps[..];
        let (passing, last) = match steps.split_last() {
            Some((last, passing)) if !parallel || steps.len() == 2 => (passing, Some(last)),
            _ => (steps, None),
        };
        let sealed = |seen: &StepSpec| {
            last.is_some_and(|last| {
                last.table == seen.table && matches!(last.effect, Effect::Insert(_))
            })
        };
        let alone = steps.len() == 1;
        operations.iter().filter(|_| !alone).any(|other| {
            let early = other.steps.iter().take_while(|step| !sealed(step));
            let mut early = early.filter(|theirs| {
                passing.iter().any(|step| {
                    !step.is_lasting()
                        && step.disturbs(theirs)
                        && meet_at_a_row((maker, step), (other, theirs))
                })
            });
            early.next().is_some()
        })
    })
}

/// Whether a step of one operation may find the row of an earlier step of another one: what has a
/// new key is found only by those who follow it.
fn meet_at_a_row(earlier: (&OperationSpec, &StepSpec), later: (&OperationSpec, &StepSpec)) -> bool {
    let choice = |(operation, step): (&OperationSpec, &StepSpec)| {
        operation.keys[usize::from(step.key)].choice.clone()
    };
    match (choice(earlier), choice(later)) {
        (_, KeyChoice::New) => false,
        (KeyChoice::New, later) => matches!(later, KeyChoice::Followed),
        (KeyChoice::Followed, KeyChoice::Followed) => earlier.0.name.luck != later.0.name.luck,
        _ => true,
    }
}
