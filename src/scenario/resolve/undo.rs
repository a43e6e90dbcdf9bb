//! The compensation of a step: given, known, or needed and missing.

use super::super::operation::Step;
use super::super::problem::{Code, Problem};
use super::Context;
use super::operations::Scope;
use crate::model::system::{Effect, StepSpec};
use crate::reason;

impl Context<'_> {
    /// Completes the undo of every step, and reports those that are needed and missing.
    pub(super) fn undos(
        &mut self,
        steps: &[Step],
        resolved: Vec<Option<StepSpec>>,
        scope: &Scope,
    ) -> Option<Vec<StepSpec>> {
        let mut whole = Some(Vec::new());
        for (at, (step, spec)) in steps.iter().zip(resolved).enumerate() {
            let spec = spec.and_then(|mut spec| {
                if step.undo.is_none() {
                    spec.undo = self.usual_undo(at, step, &spec.effect, scope)?;
                }
                Some(spec)
            });
            whole = whole.zip(spec).map(|(mut whole, spec)| {
                whole.push(spec);
                whole
            });
        }
        whole
    }

    /// The undo of a step that gives none.
    fn usual_undo(
        &mut self,
        at: usize,
        step: &Step,
        effect: &Effect,
        scope: &Scope,
    ) -> Option<Effect> {
        match effect {
            Effect::Insert(_) => Some(Effect::Delete),
            Effect::Add(amounts) => {
                let negative = amounts.iter().map(|(column, n)| (*column, n.saturating_neg()));
                Some(Effect::Add(negative.collect()))
            }
            // Nothing that may still fail is left when every other step came before.
            Effect::Set(_) | Effect::Delete if last(at, scope) => Some(Effect::Set(Vec::new())),
            Effect::Set(_) | Effect::Delete => {
                let message = reason!("the step `{}` cannot be taken back", step.name.value);
                let label = "what was there before is unknown";
                self.problems.push(
                    Problem::error(Code::UndoMissing, &step.effect.place, message, label)
                        .help("add `undo = { set = { ... } }`: a later step may fail"),
                );
                None
            }
        }
    }
}

/// Returns whether all other steps come before this one.
fn last(at: usize, scope: &Scope) -> bool {
    let mut others = (0..scope.steps.all().len()).filter(|other| *other != at);
    others.all(|other| scope.ancestors[at] & (1 << other) != 0)
}
