//! Measures that a text of the command line names, found and suggested as those of expectations.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::problem::{Code, Problem};
use super::{Label, Scenario};
use crate::checks::expectation::Subject;

impl Scenario {
    /// The number of its runs that a text names as `measure` of an expectation does, such as
    /// `m1.p99` or `reads.report.right`.
    ///
    /// # Errors
    /// The problem of the text, with its place in the text.
    pub fn subject(&self, text: &str) -> Result<Subject, Box<Problem>> {
        let whole = 0..text.len();
        let nothing =
            || Box::new(Problem::error(Code::UnknownMeasure, &whole, "no such measure", ""));
        let mut document: DocumentMut = self.inputs.text().parse().map_err(|_| nothing())?;
        for section in ["sweep", "expect"] {
            document.remove(section);
        }
        let mut wanted = Table::new();
        wanted.insert("measure", value(text));
        // A comparison with another variant, since it is the only limit that suits measures of
        // every unit.
        let mut other = InlineTable::new();
        let first = self.variants.first().map_or("", |variant| &*variant.name.shown);
        other.insert("variant", first.into());
        wanted.insert("below", value(other));
        document.insert("expect", Item::ArrayOfTables(ArrayOfTables::from_iter([wanted])));
        match self.reread(document.to_string()) {
            Ok(scenario) => {
                let subject = scenario.expectations.into_iter().next().map(|it| it.subject);
                subject.ok_or_else(nothing)
            }
            Err(problems) => {
                let problem = problems.into_iter().next().unwrap_or_else(|| *nothing());
                let text = problem.labels.first().map_or("", |label| &label.text).to_owned();
                let labels = vec![Label { span: whole.clone(), text, primary: true }];
                let patch = problem.patch.as_ref();
                let patch = patch.map(|(_, text)| (whole.clone(), text.replace('"', "")));
                Err(Box::new(Problem { labels, patch, ..problem }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::experiment::result::Figure;
    use crate::tests::runs::{SHOP, scenario};

    #[test]
    fn measures_are_found_and_suggested_as_in_expectations() {
        let shop = scenario(SHOP);
        for known in ["m1.p99", "m9", "operations.buy.m1.mean", "pools.stock.utilisation"] {
            let figure = shop.subject(known).ok().and_then(|it| Figure::of(&it));
            assert_eq!(figure.map(|it| it.to_string()).as_deref(), Some(known));
        }
        for (text, suggested) in [
            ("m1", "m1.p99"),
            ("operations.give-bak.m1.p99", "operations.give-back.m1.p99"),
            ("pools.stok.utilisation", "pools.stock.utilisation"),
        ] {
            let problem = shop.subject(text).expect_err(text);
            assert_eq!(problem.place(), 0..text.len());
            assert_eq!(problem.patch.map(|it| it.1).as_deref(), Some(suggested), "{text}");
        }
        assert!(shop.subject("nonsense").is_err() && shop.subject("").is_err());
    }
}
