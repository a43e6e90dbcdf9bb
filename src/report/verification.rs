//! The model beside closed forms, as a table, as CSV and as a page.

use minijinja::{Environment, context};

use super::export::File;
use super::html::STYLE;
use super::text::align;
use crate::verification::{COVERAGE, Finding};

/// The name of the page.
pub const PAGE: &str = "verify-model.html";

const TEMPLATE: &str = include_str!("verification.html");
const HEAD: [&str; 6] = ["system", "quantity", "exact", "measured", "interval", "verdict"];

/// A number with four significant digits or more.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.1}"),
        medium if medium >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.5}"),
    }
}

/// The cells of one row, as in [`HEAD`].
fn row(finding: &Finding) -> Vec<String> {
    let (low, high) = finding.interval;
    vec![
        finding.system.into(),
        finding.quantity.into(),
        number(finding.exact),
        number(finding.measured),
        format!("{} .. {}", number(low), number(high)),
        finding.verdict.word().into(),
    ]
}

/// A sentence that says what the columns are.
fn about(findings: &[Finding]) -> String {
    let seeds = findings.first().map_or(0, |finding| finding.seeds);
    format!("measured: the mean over {seeds} seeds; interval: its {:.1} %", 100.0 * COVERAGE)
}

/// The findings as a table for a terminal.
pub fn table(findings: &[Finding]) -> String {
    let head = HEAD.map(String::from).to_vec();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(findings.iter().map(row)).collect();
    format!("{}\n{}\n", align("", &rows, |column| (2..=4).contains(&column)), about(findings))
}

/// The findings as CSV, with formula and source.
pub fn csv(findings: &[Finding]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = ["system", "quantity", "formula", "source", "exact", "measured", "low", "high"];
    let head = head.into_iter().chain(["seeds", "verdict"]);
    writer.write_record(head).expect("memory takes all");
    for finding in findings {
        let (low, high) = finding.interval;
        let words = [finding.system, finding.quantity, finding.formula, finding.source];
        let numbers = [finding.exact, finding.measured, low, high].map(|value| value.to_string());
        let words = words.map(String::from).into_iter().chain(numbers);
        let last = [finding.seeds.to_string(), finding.verdict.word().into()];
        writer.write_record(words.chain(last)).expect("memory takes all");
    }
    String::from_utf8(writer.into_inner().expect("memory takes all")).expect("words are UTF-8")
}

/// The findings as a page that opens from disk and fetches nothing.
pub fn page(findings: &[Finding]) -> File {
    let mut environment = Environment::new();
    environment.add_template(PAGE, TEMPLATE).expect("the template is tested");
    let template = environment.get_template(PAGE).expect("it was just added");
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            let cells = row(finding);
            context! { cells, formula => finding.formula, source => finding.source }
        })
        .collect();
    let content = context! {
        style => STYLE,
        engine => concat!("driftlab ", env!("CARGO_PKG_VERSION")),
        about => about(findings),
        rows,
    };
    File::new(PAGE, template.render(content).expect("the template is tested"))
}
