//! Resolution of operations: keys, steps, effects, and the order of steps.

use std::sync::Arc;

use super::super::operation::{
    Effect as EffectText, Key, Lock as LockText, Lookup as LookupText, Operation,
    ReadFirst as ReadText, Refuse as RefuseText, Step, StepEffect,
};
use super::super::problem::{Code, Problem};
use super::super::values::{At, Map, Scalar, no_name};
use super::names::{Names, no_duplicates};
use super::{Context, course, name};
use crate::kernel::Zipf;
use crate::model::system::{
    Below, Effect, KeyChoice, KeySpec, Lookup, MAX_KEYS, MAX_KINDS, MAX_STEPS, Name, OperationSpec,
    ReadFirst, Refuse, RowLock, ServiceId, StepId, StepSpec, TableId, ValueSpec,
};
use crate::reason;

/// The names that the steps of one operation can refer to.
pub(super) struct Scope {
    pub keys: Names,
    pub steps: Names,
    /// For each step, the set of steps that come before it, as bits.
    pub ancestors: Vec<u64>,
}

impl Context<'_> {
    /// The operations, in order.
    pub(super) fn operations(&mut self) -> Option<Vec<OperationSpec>> {
        let file = self.file;
        if let Some((extra, _)) = file.operations.0.get(MAX_KINDS) {
            let message = format!("a scenario has at most {MAX_KINDS} operations");
            self.problems.push(Problem::error(
                Code::TooMany,
                &extra.place,
                message,
                "one too many",
            ));
        }
        let mut operations = Vec::new();
        for (shown, operation) in &file.operations.0 {
            operations.push(operation.as_ref().and_then(|operation| {
                let keys = self.keys(operation);
                let steps = self.steps(shown, operation);
                Some(OperationSpec {
                    name: name(shown, operation.stream.as_ref()),
                    keys: keys?,
                    steps: steps?,
                    spans_stores: false, // Known only with the tables.
                    retry: course::change(operation.retry.as_ref()),
                })
            }));
        }
        operations.into_iter().collect()
    }

    fn keys(&mut self, operation: &Operation) -> Option<Vec<KeySpec>> {
        if let Some((extra, _)) = operation.keys.0.get(MAX_KEYS) {
            let message = format!("an operation has at most {MAX_KEYS} keys");
            self.problems.push(Problem::error(
                Code::TooMany,
                &extra.place,
                message,
                "one too many",
            ));
        }
        let mut keys = Vec::new();
        for (shown, key) in &operation.keys.0 {
            keys.push(key.as_ref().and_then(|key| {
                let choice = self.choice(key)?;
                Some(KeySpec { name: Name::new(&shown.value), choice })
            }));
        }
        keys.into_iter().collect()
    }

    /// The choice of a row for a key.
    pub(super) fn choice(&mut self, key: &At<Key>) -> Option<KeyChoice> {
        let rows = match &key.value {
            Key::New => return Some(KeyChoice::New),
            Key::Followed => return Some(KeyChoice::Followed),
            Key::Rows(rows) => rows,
        };
        let table = self.table_id(&rows.rows_of)?;
        let known = self.file.tables.0[table.index()].1.as_ref()?;
        if known.rows.0 == 0 {
            let message = reason!("`{}` has no initial rows to choose from", rows.rows_of.value);
            let problem = Problem::error(Code::NoRows, &rows.rows_of.place, message, "chosen here");
            self.problems.push(problem.also(&known.place, "it needs `rows = ...`"));
            return None;
        }
        Some(match rows.zipf {
            Some(exponent) => KeyChoice::Zipf(table, Arc::new(Zipf::new(known.rows.0, exponent.0))),
            None => KeyChoice::Uniform(table),
        })
    }

    fn steps(&mut self, shown: &At<String>, operation: &Operation) -> Option<Vec<StepSpec>> {
        let steps = &operation.steps;
        if steps.is_empty() {
            let message = reason!("the operation `{}` has no steps", shown.value);
            let help = format!("add [[operations.{}.steps]]", shown.value);
            let problem = Problem::error(Code::NoSteps, &shown.place, message, "nothing to do");
            self.problems.push(problem.help(help));
            return None;
        }
        if let Some(extra) = steps.get(MAX_STEPS) {
            let message = format!("an operation has at most {MAX_STEPS} steps");
            let place = &extra.name.place;
            self.problems.push(Problem::error(Code::TooMany, place, message, "one too many"));
            return None;
        }
        no_duplicates("step", steps.iter().map(|step| &step.name), &mut self.problems);
        let names = steps.iter().map(|step| step.name.clone()).collect();
        let mut scope = Scope {
            keys: Names::new(Code::UnknownKeyName, "key of this operation", operation.keys.names()),
            steps: Names::new(Code::UnknownStep, "step of this operation", names),
            ancestors: Vec::new(),
        };
        let after = self.order(operation, &scope)?;
        scope.ancestors = ancestors(&after);
        let resolved: Vec<Option<StepSpec>> = (steps.iter().zip(after).enumerate())
            .map(|(at, (step, after))| self.step(at, step, after, &scope))
            .collect();
        self.undos(steps, resolved, &scope)
    }

    /// The direct predecessors of each step; `None` after a problem.
    fn order(&mut self, operation: &Operation, scope: &Scope) -> Option<Vec<Vec<StepId>>> {
        let mut orders = Vec::new();
        for (at, step) in operation.steps.iter().enumerate() {
            let order = match &step.after {
                None if at == 0 => Some(Vec::new()),
                None => Some(vec![StepId(at as u8 - 1)]),
                Some(names) => {
                    let found = names.iter().map(|name| {
                        let at = scope.steps.find(name, &mut self.problems)?;
                        Some(StepId(at as u8))
                    });
                    // All names are looked up before the first unknown one ends it, so that all are
                    // reported.
                    found.collect::<Vec<_>>().into_iter().collect()
                }
            };
            if at == 0 && order.as_ref().is_some_and(|order| !order.is_empty()) {
                let message = "the first step comes after nothing";
                let problem =
                    Problem::error(Code::StepOrder, &step.name.place, message, "this step");
                self.problems.push(problem);
                orders.push(None);
            } else {
                orders.push(order);
            }
        }
        let orders: Vec<Vec<StepId>> = orders.into_iter().collect::<Option<_>>()?;
        self.no_cycle(&operation.steps, &orders).then_some(orders)
    }

    /// Returns whether the steps have an order; a cycle is reported once.
    fn no_cycle(&mut self, steps: &[Step], orders: &[Vec<StepId>]) -> bool {
        let before = ancestors(orders);
        let in_cycle: Vec<usize> =
            (0..steps.len()).filter(|at| before[*at] & (1 << at) != 0).collect();
        let Some((&first, others)) = in_cycle.split_first() else {
            return true;
        };
        let message = reason!("the step `{}` comes after itself", steps[first].name.value);
        let label = "part of a cycle";
        let mut problem = Problem::error(Code::Cycle, &steps[first].name.place, message, label);
        for other in others.iter().filter(|other| before[first] & (1 << **other) != 0) {
            problem = problem.also(&steps[*other].name.place, "part of the same cycle");
        }
        self.problems.push(problem);
        false
    }

    fn step(
        &mut self,
        at: usize,
        step: &Step,
        after: Vec<StepId>,
        scope: &Scope,
    ) -> Option<StepSpec> {
        self.problems.extend(no_name(&step.name));
        let by = self.service.find(&step.by, &mut self.problems);
        let table = self.table_id(&step.table);
        let key = scope.keys.find(&step.key, &mut self.problems);
        let lookup = step.lookup.as_ref().map(|lookup| self.lookup(lookup, scope));
        let table = table?;
        let effect = self.step_effect(table, step, &scope.keys);
        let undo =
            (step.undo.as_ref()).map(|undo| self.undo(table, undo, effect.as_ref(), &scope.keys));
        let refuse = step.refuse.as_ref().map(|refuse| self.refuse(table, &refuse.value));
        let derive = (step.derive.as_ref()).map(|derive| self.derive(at, table, derive, scope));
        Some(StepSpec {
            name: Name::new(&step.name.value),
            by: ServiceId(by? as u16),
            part: None,
            asked_by: None,
            table,
            key: key? as u8,
            effect: effect?,
            // A placeholder for an undo that is not given; `undos` sets it later.
            undo: undo.unwrap_or(Some(Effect::Set(Vec::new())))?,
            after,
            refuse: refuse.map_or(Some(None), |refuse| refuse.map(Some))?,
            derive: derive.map_or(Some(None), |derive| derive.map(Some))?,
            lookup: lookup.map_or(Some(None), |lookup| lookup.map(Some))?,
        })
    }

    /// The effect of a step. A step without an effect could not be observed, so it is a problem.
    fn step_effect(&mut self, table: TableId, step: &Step, keys: &Names) -> Option<Effect> {
        let StepEffect::Change(effect) = &step.effect.value else {
            if let Some(undo) = &step.undo {
                let message = "a step without effect has nothing to take back";
                self.problems.push(Problem::error(Code::WrongValue, &undo.place, message, ""));
            }
            let lock = step.lock.as_ref().map(|lock| match lock.value {
                LockText::Shared => RowLock::Shared,
                LockText::Exclusive => RowLock::Exclusive,
            });
            return Some(Effect::Nothing(lock));
        };
        if let Some(lock) = &step.lock {
            let message = reason!("only a step with `{}` has a `{}`", "effect = \"none\"", "lock");
            let label = "what writes a row locks it anyway";
            self.problems.push(Problem::error(Code::WrongValue, &lock.place, message, label));
        }
        let empty = [
            ("set", effect.set.as_ref().is_some_and(|it| it.0.is_empty())),
            ("add", effect.add.as_ref().is_some_and(|it| it.0.is_empty())),
        ];
        if let Some((key, _)) = empty.into_iter().find(|(_, empty)| *empty) {
            let message = reason!("an empty `{}` changes nothing", key);
            let place = &step.effect.place;
            let problem = Problem::error(Code::WrongValue, place, message, "it is empty");
            let help = "name a column, or write `effect = \"none\"` for a step that only reads";
            self.problems.push(problem.help(help).patch(place, "\"none\""));
            return None;
        }
        self.effect(table, effect, keys)
    }

    /// An effect on a table.
    pub(super) fn effect(
        &mut self,
        table: TableId,
        effect: &EffectText,
        keys: &Names,
    ) -> Option<Effect> {
        if let Some(values) = &effect.insert {
            return self.written_values(table, values, keys).map(Effect::Insert);
        }
        if let Some(values) = &effect.set {
            return self.written_values(table, values, keys).map(Effect::Set);
        }
        if let Some(amounts) = &effect.add {
            let mut adds = Some(Vec::new());
            for (_, name, amount) in amounts.iter() {
                let column = self.number_column(table, name);
                adds = adds.zip(column).map(|(mut adds, column)| {
                    adds.push((column, *amount));
                    adds
                });
            }
            return adds.map(Effect::Add);
        }
        if let Some(expressions) = &effect.update {
            let cells = self.expressions(table, &effect.place, expressions);
            let read = match effect.read {
                ReadText::Plain => ReadFirst::Plain,
                ReadText::ForUpdate => ReadFirst::ForUpdate,
                ReadText::Version => ReadFirst::Version,
            };
            return cells.map(|cells| Effect::Update(cells, read));
        }
        if effect.delete == Some(false) {
            let message = "an effect that deletes nothing is none";
            let problem = Problem::error(Code::WrongValue, &effect.place, message, "");
            self.problems.push(problem.help("write `delete = true`"));
            return None;
        }
        Some(Effect::Delete)
    }

    fn written_values(
        &mut self,
        table: TableId,
        values: &Map<At<Scalar>>,
        keys: &Names,
    ) -> Option<Vec<(u8, ValueSpec)>> {
        let mut written = Some(Vec::new());
        for (_, name, value) in values.iter() {
            let found = self.column(table, name).and_then(|column| {
                if let Scalar::Word(word) = &value.value {
                    let word = At { place: value.place.clone(), value: word.clone() };
                    self.written.push((table, column, word));
                }
                Some((column, self.value(table, column, value, Some(keys))?))
            });
            written = written.zip(found).map(|(mut written, found)| {
                written.push(found);
                written
            });
        }
        written
    }

    fn lookup(&mut self, lookup: &LookupText, scope: &Scope) -> Option<Lookup> {
        let table = self.table_id(&lookup.table);
        let key = scope.keys.find(&lookup.key, &mut self.problems);
        let (table, key) = (table?, key? as u8);
        let refuse = match &lookup.refuse {
            None => None,
            Some(refuse) => {
                let below = &refuse.below;
                let column = self.number_column(table, &below.column)?;
                Some(Below { column, bound: below.bound })
            }
        };
        Some(Lookup { table, key, refuse })
    }

    fn refuse(&mut self, table: TableId, refuse: &RefuseText) -> Option<Refuse> {
        if let Some(probability) = refuse.probability {
            return Some(Refuse::Probability(probability.0));
        }
        let below = refuse.below.as_ref()?;
        let column = self.number_column(table, &below.column)?;
        Some(Refuse::Below { column, bound: below.bound })
    }
}

/// The steps that come before each step, directly or not, as bits; in a cycle, also the step
/// itself.
fn ancestors(orders: &[Vec<StepId>]) -> Vec<u64> {
    let mut before = vec![0_u64; orders.len()];
    // Each round reaches one step further, and no path is longer than the number of steps.
    for _ in orders {
        for (at, order) in orders.iter().enumerate() {
            before[at] |= order.iter().fold(0, |all, s| all | 1 << s.0 | before[s.index()]);
        }
    }
    before
}
