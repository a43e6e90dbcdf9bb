//! The undo (compensation) of each step: given, known from its effect, or needed and missing.

use super::super::operation::{Step, Undo};
use super::super::problem::{Code, Problem};
use super::super::values::At;
use super::Context;
use super::names::Names;
use super::operations::Scope;
use crate::model::system::{Effect, StepSpec, TableId};
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

    /// The undo that a step gives, for its effect.
    pub(super) fn undo(
        &mut self,
        table: TableId,
        undo: &At<Undo>,
        effect: Option<&Effect>,
        keys: &Names,
    ) -> Option<Effect> {
        match (&undo.value, effect) {
            (Undo::Effect(undo), _) => self.effect(table, undo, keys),
            (Undo::BeforeImage, None) => None,
            (Undo::BeforeImage, Some(effect)) if effect.is_whole() => {
                let message = "rows that come or go have no before-image";
                let problem = Problem::error(Code::WrongValue, &undo.place, message, "");
                let help = "leave it out: an `insert` is taken back by deleting";
                self.problems.push(problem.help(help));
                None
            }
            (Undo::BeforeImage, Some(effect)) => Some(Effect::Restore(effect.columns())),
        }
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
            Effect::Nothing(_) => Some(Effect::Nothing(None)),
            Effect::Add(amounts) => {
                let negative = amounts.iter().map(|(column, n)| (*column, n.saturating_neg()));
                Some(Effect::Add(negative.collect()))
            }
            // After the last step no other step can fail, so its undo is never needed.
            _ if last(at, scope) => Some(Effect::Set(Vec::new())),
            _ => {
                let message = reason!("the step `{}` cannot be taken back", step.name.value);
                let label = "what was there before is unknown";
                self.problems.push(
                    Problem::error(Code::UndoMissing, &step.effect.place, message, label).help(
                        "add `undo = { set = { ... } }` or `undo = \"before-image\"`: a later \
                             step may fail",
                    ),
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
