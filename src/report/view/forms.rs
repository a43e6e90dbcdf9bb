//! The table of closed forms: the predictions of queueing theory beside the measurements.

use std::collections::BTreeMap;

use super::{Cell, Table, number};
use crate::experiment::forms::{Held, Predicted};
use crate::experiment::result::{Comparison, VariantResult};
use crate::report::human;

/// The table, if any form applies to any variant.
pub(super) fn table(comparison: &Comparison) -> Option<Table> {
    let all = || {
        let of = |variant| move |it| (variant, it);
        comparison.variants.iter().flat_map(move |it| it.predicted.iter().map(of(it)))
    };
    let meanings: BTreeMap<_, _> = all()
        .map(|(_, Predicted { form, .. })| ((form.formula, form.meaning), form.source))
        .collect();
    let meanings = meanings
        .into_iter()
        .map(|((formula, meaning), source)| format!("{formula} ({meaning}; {source})"));
    let note = format!(
        "Where nothing goes wrong by plan. Inside: the 95 % interval of what was measured holds \
         the prediction, as it does in 19 of 20 cases where both are right. Forms: {}.",
        meanings.collect::<Vec<_>>().join("; ")
    );
    let rows: Vec<_> = all().map(|(variant, it)| row(variant, it)).collect();
    (!rows.is_empty()).then(|| Table {
        title: "Closed forms".into(),
        note,
        heads: ["variant", "measure", "measured", "predicted", "form", ""].map(String::from).into(),
        rows,
    })
}

fn row(variant: &VariantResult, predicted: &Predicted) -> (String, Vec<Cell>) {
    let Predicted { form, prediction } = predicted;
    let (key, of) = (&prediction.key, prediction.of);
    let measured = &variant.measures[key];
    let held = predicted.held(measured);
    let title = match key.measure.is_many() {
        true => format!("{}, {}", key.title(), of.name()),
        false => key.title(),
    };
    let text = |main: &str| Cell { main: main.into(), ..Cell::default() };
    let value = human::value(key.measure.unit, prediction.value);
    let cells = vec![
        text(&title),
        number(variant, measured, of),
        text(&format!("{} {value}", form.bound.word())),
        text(form.formula),
        Cell { bad: matches!(held, Held::Outside | Held::Broken), ..text(held.word()) },
    ];
    (variant.name.clone(), cells)
}
