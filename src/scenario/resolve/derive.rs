//! Resolution of derivations: how a step's row follows from earlier rows.

use super::super::operation::Derive as DeriveText;
use super::super::problem::{Code, Problem};
use super::super::values::{At, Scalar};
use super::Context;
use super::operations::Scope;
use crate::model::system::{ColumnRef, Derive, DeriveRule, TableId};
use crate::reason;

impl Context<'_> {
    /// Resolves the names in a step's derivation.
    pub(super) fn derive(
        &mut self,
        step: usize,
        table: TableId,
        derive: &At<DeriveText>,
        scope: &Scope,
    ) -> Option<Derive> {
        let derive = &derive.value;
        let leads = [&derive.row_per, &derive.copy, &derive.count, &derive.sum];
        let lead = leads.into_iter().flatten().next()?;
        let source = self.table_id(lead)?;
        self.source_is_earlier(step, lead, scope);
        let filter = self.filter(source, &derive.where_);
        let rule = self.rule(source, table, derive);
        Some(Derive { source, filter: filter?, rule: rule? })
    }

    fn rule(&mut self, source: TableId, here: TableId, derive: &DeriveText) -> Option<DeriveRule> {
        if derive.row_per.is_some() {
            return Some(DeriveRule::RowPer);
        }
        if derive.copy.is_some() {
            let from = self.column(source, derive.from.as_ref()?);
            let to = self.column(here, derive.to.as_ref()?);
            let (from, to) = (from?, to?);
            let column = |table, column| ColumnRef { table, column };
            let values = self.translation(column(source, from), column(here, to), derive)?;
            return Some(DeriveRule::Copy { from, to, values });
        }
        let by = self.number_column(source, derive.by.as_ref()?);
        let to = self.number_column(here, derive.to.as_ref()?);
        if derive.count.is_some() {
            return Some(DeriveRule::Count { by: by?, to: to? });
        }
        let of = self.number_column(source, derive.of.as_ref()?);
        Some(DeriveRule::Sum { of: of?, by: by?, to: to?, times: derive.times })
    }

    /// The translation of a copied column; without one, both columns must have the same type.
    fn translation(
        &mut self,
        from: ColumnRef,
        to: ColumnRef,
        derive: &DeriveText,
    ) -> Option<Vec<(i64, i64)>> {
        let worded = |context: &Self, at: ColumnRef| context.worded(at.table, at.column);
        if derive.values.0.is_empty() && worded(self, from) != worded(self, to) {
            let place = &derive.to.as_ref()?.place;
            let message = "one column holds words and the other numbers";
            let problem = Problem::error(Code::WrongColumn, place, message, "copied to here");
            self.problems.push(problem.help("translate with `values = { ... }`"));
            return None;
        }
        let mut values = Some(Vec::new());
        for (_, name, value) in derive.values.iter() {
            let source = match name.value.parse() {
                Ok(number) if !worded(self, from) => Some(number),
                _ if worded(self, from) => {
                    self.sought.push((from.table, from.column, name.clone()));
                    Some(self.symbol(&name.value))
                }
                _ => {
                    let message = "the copied column holds numbers";
                    let problem = Problem::error(Code::WrongColumn, &name.place, message, "");
                    self.problems.push(problem);
                    None
                }
            };
            if let Scalar::Word(word) = &value.value {
                let word = At { place: value.place.clone(), value: word.clone() };
                self.written.push((to.table, to.column, word));
            }
            let target = match self.value(to.table, to.column, value, None) {
                Some(crate::model::system::ValueSpec::Literal(literal)) => Some(literal),
                _ => None,
            };
            values = values.zip(source.zip(target)).map(|(mut values, pair)| {
                values.push(pair);
                values
            });
        }
        values
    }

    /// Reports a source that no earlier step of the operation writes.
    fn source_is_earlier(&mut self, step: usize, source: &At<String>, scope: &Scope) {
        let file = self.file;
        let written = |at: usize| {
            let name = &scope.steps.all()[at];
            let steps = file.operations.iter().flat_map(|(_, _, operation)| &operation.steps);
            // Steps are compared by place, because the same name may occur in several operations.
            steps.into_iter().find(|step| step.name.place == name.place)
        };
        let writers: Vec<usize> = (0..scope.steps.all().len())
            .filter(|at| written(*at).is_some_and(|step| step.table.value == source.value))
            .collect();
        if writers.iter().any(|at| scope.ancestors[step] & (1 << at) != 0) {
            return;
        }
        let message = reason!("no earlier step writes to `{}`", source.value);
        let label = "the row follows from this table";
        let mut problem = Problem::error(Code::DeriveNotEarlier, &source.place, message, label);
        for at in writers {
            let name = &scope.steps.all()[at];
            let text = match at == step {
                true => "only this step itself does".into(),
                false => format!("`{}` does, but does not come before", name.value),
            };
            problem = problem.also(&name.place, text);
        }
        self.problems.push(problem);
    }
}
