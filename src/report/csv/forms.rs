//! # forms.csv
//!
//! The file has a row for each variant and closed form that applies to it: the prediction of
//! queueing theory beside the measurement. If the scenario has faults no form applies, and there
//! are no rows.
//!
//! - `variant`: the variant.
//! - `measure`, `name`, `of`, `unit`: the measure, which of its numbers, and its unit.
//! - `measured`, `measured_low`, `measured_high`: the number over seeds and its 95 % interval.
//! - `bound`, `predicted`: the expected relation of the number to the prediction (`exactly`,
//!   `about`, `at least`, `at most`), and the prediction.
//! - `held`: `inside` or `outside` of the interval, `kept` or `broken` for a bound, or `too few
//!   seeds`.
//! - `formula`, `meaning`, `source`: the formula, the meaning of its names with what it leaves out,
//!   and its source.

use super::{interval, scalar, table};
use crate::experiment::forms::Predicted;
use crate::experiment::result::{Comparison, VariantResult};
use crate::report::export::{Export, File, Results};

/// The table `forms.csv`.
pub struct FormsTable;

impl Export for FormsTable {
    const NAME: &'static str = "forms.csv";
    const SUMMARY: &'static str = "closed forms beside the measurement, where any applies";
    const MANUAL: &'static str = include_str!("forms.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, forms(results.comparison))]
    }
}

/// The bytes of `forms.csv`.
pub fn forms(comparison: &Comparison) -> Vec<u8> {
    let heads = [
        "variant",
        "measure",
        "name",
        "of",
        "unit",
        "measured",
        "measured_low",
        "measured_high",
        "bound",
        "predicted",
        "held",
        "formula",
        "meaning",
        "source",
    ];
    let rows = comparison
        .variants
        .iter()
        .flat_map(|variant| variant.predicted.iter().map(|predicted| row(variant, predicted)));
    table(&heads, rows)
}

fn row(variant: &VariantResult, predicted: &Predicted) -> Vec<String> {
    let Predicted { form, prediction } = predicted;
    let (key, unit) = (&prediction.key, prediction.key.measure.unit);
    let measured = &variant.measures[key];
    let estimate = measured.estimate(prediction.of);
    let [low, high] = interval(unit, estimate.and_then(|it| it.interval));
    vec![
        variant.name.clone(),
        key.to_string(),
        key.title(),
        prediction.of.name().into(),
        unit.name().into(),
        estimate.map(|it| scalar(unit, it.value)).unwrap_or_default(),
        low,
        high,
        form.bound.word().into(),
        scalar(unit, prediction.value),
        predicted.held(measured).word().into(),
        form.formula.into(),
        form.meaning.into(),
        form.source.into(),
    ]
}
