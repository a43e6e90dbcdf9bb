//! Resolution of the invariants of the tables.

use super::super::operation::{
    Bound, CountEqual, Equal, Invariant, JudgedWhen, MeantToFail, References,
};
use super::super::problem::{Code, Problem};
use super::super::values::At;
use super::Context;
use super::names::{Names, no_duplicates};
use crate::model::system::{ColumnRef, InvariantRule, InvariantSpec, TableId, When};
use crate::reason;

impl Context<'_> {
    /// The invariants, in order.
    pub(super) fn invariants(&mut self) -> Option<Vec<InvariantSpec>> {
        let file = self.file;
        let names = file.invariants.iter().map(|invariant| &invariant.name);
        no_duplicates("invariant", names, &mut self.problems);
        let mut invariants = Vec::new();
        let variants = Names::new(Code::UnknownVariant, "variant", file.variants.names());
        for invariant in file.invariants.iter() {
            if let MeantToFail::In(names) = &invariant.meant_to_fail {
                for name in names {
                    variants.find(name, &mut self.problems);
                }
            }
            invariants.push(self.invariant(invariant).map(|rule| InvariantSpec {
                name: invariant.name.value.as_str().into(),
                when: match invariant.when {
                    JudgedWhen::AtRest => When::AtRest,
                    JudgedWhen::Always => When::Always,
                },
                rule,
                follows_from: None,
            }));
        }
        invariants.into_iter().collect()
    }

    fn invariant(&mut self, invariant: &Invariant) -> Option<InvariantRule> {
        if let Some(columns) = &invariant.sum_constant {
            let found = columns.iter().map(|name| self.dotted_column(name));
            let columns: Option<Vec<ColumnRef>> = found.collect::<Vec<_>>().into_iter().collect();
            return columns.map(InvariantRule::SumConstant);
        }
        if let Some(count) = &invariant.count_equal {
            return self.count_equal(count);
        }
        if let Some(references) = &invariant.references {
            return self.references(references);
        }
        if let Some(equal) = &invariant.equal {
            return self.equal(equal);
        }
        self.bound(invariant.bound.as_ref()?)
    }

    fn count_equal(&mut self, count: &CountEqual) -> Option<InvariantRule> {
        let table = self.table_id(&count.table);
        let column = table.and_then(|table| self.number_column(table, &count.column));
        let of = self.table_id(&count.of)?;
        let by = self.number_column(of, &count.by);
        let filter = self.filter(of, &count.where_);
        let column = ColumnRef { table: table?, column: column? };
        Some(InvariantRule::CountEqual { column, of, by: by?, filter: filter? })
    }

    fn references(&mut self, references: &References) -> Option<InvariantRule> {
        let table = self.table_id(&references.table);
        let to = self.table_id(&references.to);
        let by = table.and_then(|table| match &references.by {
            Some(by) => self.number_column(table, by).map(Some),
            None => Some(None),
        });
        let filter = table.and_then(|table| self.filter(table, &references.where_));
        let to_filter = to.and_then(|to| self.filter(to, &references.to_where));
        Some(InvariantRule::References {
            table: table?,
            by: by?,
            filter: filter?,
            to: to?,
            to_filter: to_filter?,
        })
    }

    fn equal(&mut self, equal: &Equal) -> Option<InvariantRule> {
        let table = self.table_id(&equal.table);
        let column = table.and_then(|table| self.column(table, &equal.column));
        let by = table.and_then(|table| match &equal.by {
            Some(by) => self.number_column(table, by).map(Some),
            None => Some(None),
        });
        let to = self.dotted(&equal.to, Self::column);
        let column = ColumnRef { table: table?, column: column? };
        let (by, to) = (by?, to?);
        if by.is_none() && column == to {
            let message = "a column always equals itself";
            self.problems.push(Problem::error(Code::WrongValue, &equal.to.place, message, ""));
        }
        Some(InvariantRule::Equal { column, by, to })
    }

    fn bound(&mut self, bound: &Bound) -> Option<InvariantRule> {
        let table = self.table_id(&bound.table)?;
        let column = self.number_column(table, &bound.column)?;
        let (least, most) = (bound.least, bound.most);
        if least.is_none() && most.is_none() {
            let message = reason!("a bound needs `{}`, `{}` or both", "least", "most");
            self.problems.push(Problem::error(Code::MissingKey, &bound.place, message, ""));
        }
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            let message = reason!("`{}` is above `{}`: nothing fits", "least", "most");
            self.problems.push(Problem::error(Code::WrongValue, &bound.place, message, ""));
        }
        Some(InvariantRule::Bound { column: ColumnRef { table, column }, least, most })
    }

    /// A column of numbers written as `table.column`.
    fn dotted_column(&mut self, name: &At<String>) -> Option<ColumnRef> {
        self.dotted(name, Self::number_column)
    }

    /// A column written as `table.column`, found by `find`.
    fn dotted(
        &mut self,
        name: &At<String>,
        find: fn(&mut Self, TableId, &At<String>) -> Option<u8>,
    ) -> Option<ColumnRef> {
        let Some((table, column)) = name.value.split_once('.') else {
            let message = format!("expected \"table.column\", not \"{}\"", name.value);
            self.problems.push(Problem::error(Code::WrongValue, &name.place, message, ""));
            return None;
        };
        let part = |text: &str| At { place: name.place.clone(), value: text.to_owned() };
        let before = self.problems.len();
        let table_id = self.table_id(&part(table));
        let found = table_id.and_then(|id| find(self, id, &part(column)));
        // The suggestion names only the table or only the column, so the other half is added.
        for problem in &mut self.problems[before..] {
            if let Some((_, better)) = &mut problem.patch {
                let better_half = better.trim_matches('"').to_owned();
                *better = match table_id {
                    None => format!("\"{better_half}.{column}\""),
                    Some(_) => format!("\"{table}.{better_half}\""),
                };
            }
        }
        Some(ColumnRef { table: table_id?, column: found? })
    }
}
