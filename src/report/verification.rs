//! The results of the model against closed forms, as a table, as CSV and as a page.

use minijinja::{Value, context};

use super::export::File;
use super::html;
use super::text::align;
use crate::verification::{COVERAGE, Finding, Verdict};

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

/// A sentence that explains the columns.
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
    let systems: Vec<_> = findings
        .chunk_by(|one, next| one.system == next.system)
        .map(|forms| {
            let (name, source) = (forms[0].system, forms[0].source);
            context! { name, source, forms => forms.iter().map(form).collect::<Vec<_>>() }
        })
        .collect();
    let content = context! {
        about => about(findings),
        systems,
    };
    File::new(PAGE, html::render(TEMPLATE, content))
}

/// One row of the page.
fn form(finding: &Finding) -> Value {
    let (low, high) = finding.interval;
    let class = match finding.verdict {
        Verdict::Agrees => "held",
        Verdict::Differs => "violated",
        Verdict::Wide => "undecided",
    };
    context! {
        quantity => finding.quantity,
        formula => finding.formula,
        exact => number(finding.exact),
        measured => number(finding.measured),
        interval => format!("{} \u{2013} {}", number(low), number(high)),
        class,
        verdict => finding.verdict.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(system: &'static str, verdict: Verdict) -> Finding {
        Finding {
            system,
            quantity: "mean wait, ms",
            formula: "rho / (mu - lambda)",
            source: "Erlang 1917",
            exact: 40.0,
            measured: 41.5,
            interval: (38.0, 45.0),
            seeds: 6,
            verdict,
        }
    }

    fn findings() -> [Finding; 2] {
        [finding("M/M/1", Verdict::Agrees), finding("M/M/2", Verdict::Differs)]
    }

    #[test]
    fn a_table_shows_exact_beside_measured() {
        let text = table(&findings());
        let line = text.lines().nth(1).expect("a row");
        let cells: Vec<&str> = line.split("  ").filter(|cell| !cell.is_empty()).collect();
        let cells: Vec<&str> = cells.into_iter().map(str::trim).collect();
        let expected = ["M/M/1", "mean wait, ms", "40.000", "41.500", "38.000 .. 45.000", "agrees"];
        assert_eq!(cells, expected);
        assert!(text.contains("over 6 seeds; interval: its 99.9 %"), "{text}");
    }

    #[test]
    fn csv_has_a_row_for_each_with_formula_and_source() {
        let text = csv(&findings());
        let last = text.lines().last().expect("a row");
        assert_eq!(
            last,
            "M/M/2,\"mean wait, ms\",rho / (mu - lambda),Erlang 1917,40,41.5,38,45,6,differs"
        );
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_page_has_a_table_for_each_system_and_marks_what_differs() {
        let page = String::from_utf8(page(&findings()).bytes()).expect("text");
        assert_eq!(page.matches("<table>").count(), 2);
        assert!(page.contains("<span class=\"violated\">differs</span>"), "{page}");
        assert!(page.contains(html::STYLE), "the style is a style, not text");
    }
}
