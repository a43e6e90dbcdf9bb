//! The missing isolation of sagas: an operation may build on what another one has committed and
//! takes back later.
//!
//! A row is visible to others as soon as it is committed. When the operation that made it
//! compensates, what others have derived from it stays. Two cases are safe. Amounts that are added
//! can be taken back whatever else was added. And a row that the last step of an operation makes
//! (its pivot, in effect) is visible only when that operation is not compensated any more.
//! Garcia-Molina and Salem leave all other cases to the application.

use crate::model::system::{Effect, KeyChoice, OperationSpec, StepSpec, System};

/// Returns whether an operation may build on what another one takes back later. If steps run in
/// parallel, none of them is known to be the last.
pub(super) fn is_missed(system: &System, parallel: bool) -> bool {
    let all = |_: &StepSpec| true;
    let operations = || system.operations.iter();
    operations().any(|maker| operations().any(|other| builds_on(maker, other, parallel, all)))
}

/// Returns whether a compensating transaction may write over what another operation has written
/// since, whose effect is then gone for good. A row that goes as a whole is no such case: what
/// others did to it is moot.
pub(super) fn is_overwritten(system: &System, parallel: bool) -> bool {
    let writes = |step: &StepSpec| {
        matches!(step.undo, Effect::Set(_) | Effect::Update(..) | Effect::Restore(_))
    };
    let operations = || system.operations.iter();
    operations().any(|maker| operations().any(|other| builds_on(maker, other, parallel, writes)))
}

/// Returns whether the order of the steps behind the first ones matters: one of them and a step of
/// another operation meet at a row, and the later one overwrites the other. If events may overtake
/// each other, an older effect then hides a newer one for good.
pub(super) fn rests_on_order(system: &System) -> bool {
    let operations = || system.operations.iter();
    let later = || operations().flat_map(|it| it.steps.iter().skip(1).map(move |step| (it, step)));
    let all = || operations().flat_map(|it| it.steps.iter().map(move |step| (it, step)));
    later().any(|one| {
        all().any(|other| {
            (one.1.disturbs(other.1) || other.1.disturbs(one.1))
                && (meet_at_a_row(one, other) || meet_at_a_row(other, one))
        })
    })
}

/// Returns whether an operation may build on a row that another one, its maker, takes back later,
/// of those of its steps that count.
fn builds_on(
    maker: &OperationSpec,
    other: &OperationSpec,
    parallel: bool,
    counts: impl Fn(&StepSpec) -> bool,
) -> bool {
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
            .filter(|step| counts(step) && !step.is_lasting() && step.disturbs(theirs))
            .any(|step| meet_at_a_row((maker, step), (other, theirs)))
    })
}

/// Returns whether a step of one operation may read or write the row of an earlier step of another
/// one. A row with a new key is reached only by operations that follow its maker.
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
