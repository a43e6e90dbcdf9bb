//! Resolution of the expressions of an `update`.

use super::super::problem::{Code, Place, Problem};
use super::super::suggest::nearest;
use super::super::values::{At, Map};
use super::Context;
use crate::model::system::{Expr, TableId, Why};
use crate::reason;

impl Context<'_> {
    /// The columns that an update writes, each with what is computed for it.
    pub(super) fn expressions(
        &mut self,
        table: TableId,
        place: &Place,
        expressions: &Map<At<String>>,
    ) -> Option<Vec<(u8, Expr)>> {
        if expressions.0.is_empty() {
            let message = "an update that computes nothing is none";
            let problem = Problem::error(Code::WrongValue, place, message, "");
            self.problems.push(problem.help("write `update = { column = \"column + 1\" }`"));
            return None;
        }
        let mut found = Some(Vec::new());
        for (_, name, text) in expressions.iter() {
            let column = self.number_column(table, name);
            let expr = self.expression(table, text);
            found = found.zip(column.zip(expr)).map(|(mut found, cell)| {
                found.push(cell);
                found
            });
        }
        found
    }

    fn expression(&mut self, table: TableId, text: &At<String>) -> Option<Expr> {
        let columns = self.columns[table.index()].as_ref()?;
        let named = |name: &str| {
            let at = columns.names.position(name)?;
            Some(at as u8)
        };
        let misread = match Expr::read(&text.value, named) {
            Ok(expr) => {
                let words = expr.columns().into_iter().find(|column| self.worded(table, *column));
                let Some(column) = words else { return Some(expr) };
                let name = &columns.names.all()[usize::from(column)].value;
                let message = reason!("the column `{}` holds words", name);
                let label = "a number is needed here";
                self.problems.push(Problem::error(Code::WrongColumn, &text.place, message, label));
                return None;
            }
            Err(misread) => misread,
        };
        // The place includes the quotation marks, so the expression begins one byte later.
        let from = text.place.start + 1 + misread.at.start;
        let place: Place = from..(from + misread.at.len()).max(from + 1).min(text.place.end);
        let (code, label) = match misread.why {
            Why::NoColumn(_) => (Code::UnknownColumn, "not known"),
            _ => (Code::WrongValue, ""),
        };
        let mut problem = Problem::error(code, &place, misread.why.reason(), label);
        if let Why::NoColumn(name) = &misread.why {
            let names = || columns.names.all().iter().map(|known| known.value.as_str());
            let less = name.split_once('-').filter(|(column, _)| named(column).is_some());
            problem = match (less, nearest(name, names())) {
                (Some((column, rest)), _) => problem
                    .help("names may contain `-`: it needs blanks around it to subtract")
                    .patch(&place, format!("{column} - {rest}")),
                (None, Some(better)) => problem
                    .help("a column with a similar name exists")
                    .patch(&place, better.to_owned()),
                (None, None) => problem,
            };
        }
        self.problems.push(problem);
        None
    }
}
