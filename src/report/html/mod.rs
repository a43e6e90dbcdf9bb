//! # index.html
//!
//! The whole report as a page: one HTML file that opens from disk, needs no script and fetches
//! nothing.
//!
//! The template and the style sheet are separate files beside this one. This module prepares their
//! values as text.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, HtmlEscape, Value, context};
use serde_json::Value as Json;

use super::chart::Chart;
use super::coupling::{Fact, facts};
use super::export::{Export, File, Results};
use super::{faults, human, sensitivity, sentence, terminal, view};
use crate::checks::census::State;
use crate::experiment::result::{CheckKind, CheckResult, Comparison, VariantResult};
use crate::model::record::Answer;

const TEMPLATE: &str = include_str!("report.html");
/// The name and the text of what pages have in common.
const FRAME: (&str, &str) = ("frame.html", include_str!("frame.html"));
/// The name and the text of the macro of tables.
const TABLE: (&str, &str) = ("table.html", include_str!("table.html"));
pub(super) const STYLE: &str = include_str!("style.css");

/// The most rows of the table of operations.
const MOST_ROWS: usize = 120;

/// The file `index.html`.
pub struct Page;

impl Export for Page {
    const NAME: &'static str = "index.html";
    const SUMMARY: &'static str = "the whole report; opens from disk and fetches nothing";
    const MANUAL: &'static str = include_str!("mod.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, page(results.comparison, &results.charts))]
    }
}

/// The text of `index.html`, with these charts in it.
pub fn page(comparison: &Comparison, charts: &[Chart]) -> String {
    render(TEMPLATE, content(comparison, charts))
}

/// The text of a page. Its template may extend the frame of a page, and use the macro of tables and
/// the filter `code`; `style` and `engine` are there.
pub(super) fn render(template: &str, content: Value) -> String {
    let mut environment = Environment::new();
    environment.add_filter("code", code);
    for (name, part) in [FRAME, TABLE] {
        environment.add_template(name, part).expect("the template is tested");
    }
    let engine = concat!("driftlab ", env!("CARGO_PKG_VERSION"));
    let content = context! { style => STYLE, engine, ..content };
    let page = environment.render_named_str("page.html", template, content);
    page.expect("the template is tested")
}

fn content(comparison: &Comparison, charts: &[Chart]) -> Value {
    let scenario = &comparison.scenario;
    let sentences = sentence::sentences(comparison);
    let (answer, rest) = sentences.split_at(sentences.len().min(terminal::ANSWER));
    context! {
        style => STYLE,
        name => &scenario.name,
        about => &scenario.about,
        profile => &scenario.profile,
        hash => &scenario.hash,
        engine => &comparison.engine,
        command => &comparison.command,
        seeds => terminal::seeds(&comparison.seeds),
        rests_on => view::rests_on(comparison),
        answers => &comparison.answers,
        matters => sensitivity::matters(comparison),
        about_operations => view::about(comparison),
        warnings => &comparison.warnings,
        answer => list(answer, said),
        rest => list(rest, said),
        summary => table(view::summary(comparison)),
        faults => list(&faults::lines(comparison), said),
        aftermath => faults::aftermath(comparison).map(table),
        matrix => view::checks(comparison).map(table),
        failed => list(&view::failed(comparison), check),
        tables => list(view::tables(comparison, MOST_ROWS), table),
        not_shown => sentence::not_shown(comparison),
        charts => list(charts, |chart| context! {
            name => chart.name,
            caption => chart.caption,
            svg => chart.picture.inline(),
        }),
        promises => list(comparison.checks.iter().filter(is_promise), check),
        course => course(comparison),
        variants => list(&comparison.variants, variant),
        values => values(comparison),
    }
}

fn said((name, text): &(String, String)) -> Value {
    context! { name, text => unbroken(text) }
}

fn is_promise(check: &&CheckResult) -> bool {
    check.kind == CheckKind::Promise
}

fn check(check: &CheckResult) -> Value {
    context! {
        verdict => check.words(),
        claim => check.claim().name(),
        variant => &check.variant,
        name => &check.name,
        why => &check.why,
    }
}

pub(super) fn list<T>(items: impl IntoIterator<Item = T>, of: impl Fn(T) -> Value) -> Vec<Value> {
    items.into_iter().map(of).collect()
}

pub(super) fn table(table: view::Table) -> Value {
    let cell = |cell: view::Cell| {
        let view::Cell { main, note, bad, best } = cell;
        context! { main, note, bad, best }
    };
    context! {
        title => table.title,
        note => table.note,
        heads => table.heads,
        rows => list(table.rows, |(name, cells)| context! { name, cells => list(cells, cell) }),
    }
}

/// Turns names in backquotes into code. Backquotes without a partner stay as they are.
fn code(text: &str) -> Value {
    let escaped = HtmlEscape(text).to_string();
    let parts: Vec<&str> = escaped.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return Value::from_safe_string(escaped);
    }
    let marked = parts.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    });
    Value::from_safe_string(marked.collect())
}

/// Keeps a number on one line with the word after it.
fn unbroken(text: &str) -> String {
    let units = ["%", "ns", "µs", "ms", "s", "min"];
    let mut joined = String::with_capacity(text.len());
    for word in text.split(' ') {
        let after_number = joined.ends_with(|last: char| last.is_ascii_digit());
        let unit = word.trim_end_matches([')', ';', ',', '.']);
        if !joined.is_empty() {
            joined.push(if after_number && units.contains(&unit) { '\u{a0}' } else { ' ' });
        }
        joined += word;
    }
    joined
}

/// Phases and faults, in the order of their start.
fn course(comparison: &Comparison) -> Vec<Value> {
    let phases = comparison
        .phases
        .iter()
        .map(|phase| (phase.from, phase.to, phase.phase.name().to_owned(), String::new()));
    let faults = comparison.faults.iter().map(|fault| {
        let remark = fault.remark.clone().unwrap_or_default();
        (fault.from, fault.to, format!("{} {}", fault.name, fault.target), remark)
    });
    let mut windows: Vec<_> = phases.chain(faults).collect();
    windows.sort();
    list(windows, |(from, to, what, remark)| {
        context! {
            what,
            from => human::nanos(from as f64),
            to => human::nanos(to as f64),
            remark,
        }
    })
}

fn variant(variant: &VariantResult) -> Value {
    let settled = variant.settled.iter().filter(|settled| **settled).count();
    let prints = variant.fingerprints.iter().map(|print| format!("{print:016x}"));
    let mut settings = Vec::new();
    flatten("", &variant.settings, &mut settings);
    context! {
        name => &variant.name,
        summary => &variant.summary,
        pattern => &variant.pattern,
        technique => &variant.technique,
        settings => list(settings, |(name, value)| context! { name, value }),
        settled => format!("{settled} of {} runs", variant.settled.len()),
        fingerprints => prints.collect::<Vec<_>>(),
        answers => Answer::ALL.map(Answer::name).to_vec(),
        coupling => coupling(variant),
        census => list(State::ALL, |state| context! {
            state => state.name(),
            counts => Answer::ALL
                .map(|answer| human::count(variant.census.cell(state, answer)))
                .to_vec(),
        }),
    }
}

/// The most facts of one sort that the page shows for a variant.
const MOST_FACTS: usize = 60;

/// The facts of M13; of a sort with very many, the first ones and the number of the others.
fn coupling(variant: &VariantResult) -> Vec<Value> {
    let facts = facts(variant, variant.settled.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for fact in &facts {
        *counts.entry(fact.fact).or_default() += 1;
    }
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for fact in &facts {
        let shown = shown.entry(fact.fact).or_default();
        *shown += 1;
        let sort = fact.fact;
        if *shown <= MOST_FACTS {
            let Fact { subject, who, of, .. } = fact;
            rows.push(context! { fact => sort, subject, who, of, number => fact.shown() });
        } else if *shown == MOST_FACTS + 1 {
            let more = format!("{} more, in coupling.csv", counts[sort] - MOST_FACTS);
            rows.push(context! { fact => sort, subject => more });
        }
    }
    rows
}

/// Settings as (path, value), nested ones with dots.
fn flatten(path: &str, value: &Json, into: &mut Vec<(String, String)>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{name}"), value, into);
            }
        }
        Json::Null => {}
        Json::String(text) => into.push((path.into(), text.clone())),
        other => into.push((path.into(), other.to_string())),
    }
}

/// The most groups with equal values that are shown one by one.
const MOST_ALIKE: usize = 6;

/// The values in force, in groups of the same key up to its last dot, in the order of the first.
/// Where many groups have the same values, as those of a thousand databases, only the first is
/// shown, with their number.
fn values(comparison: &Comparison) -> Vec<Value> {
    let mut groups: Vec<(&str, Vec<[&str; 3]>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for used in &comparison.values {
        let (group, name) = used.name.rsplit_once('.').unwrap_or(("", &used.name));
        let place = *places.entry(group).or_insert_with(|| {
            groups.push((group, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push([name, &used.value, &used.origin]);
    }
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    for (name, values) in &groups {
        *alike.entry((sort_of(name), values)).or_default() += 1;
    }
    let mut said = BTreeSet::new();
    let shown = groups.iter().filter_map(|(name, values)| {
        let sort = (sort_of(name), values);
        let more = alike[&sort] - 1;
        let name = match more {
            0..MOST_ALIKE => (*name).to_owned(),
            _ if said.insert(sort) => format!("{name} and {more} more like it"),
            _ => return None,
        };
        let values = list(values, |[name, value, origin]| {
            context! { name => *name, value => *value, origin => *origin }
        });
        Some(context! { name, values })
    });
    shown.collect()
}

/// The section of a group of values and its key below the name there: `operations` and `steps[0]`
/// for `operations.buy.steps[0]`.
fn sort_of(name: &str) -> (&str, &str) {
    let (section, rest) = name.split_once('.').unwrap_or((name, ""));
    (section, rest.split_once('.').map_or("", |(_, below)| below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart;
    use crate::tests::comparison;

    fn example() -> String {
        let comparison = comparison::comparison(6);
        page(&comparison, &chart::charts(&comparison))
    }

    /// A file is replaced only if its beginning shows that driftlab wrote it; the style is long.
    #[test]
    fn a_page_names_who_wrote_it_before_its_style() {
        let page = render("{% extends 'frame.html' %}", context! {});
        let (before, _) = page.split_once("<style>").expect("a style");
        assert!(before.contains("driftlab"), "{before}");
    }

    /// A thousand services whose databases have the same values are one group, and of a sort of
    /// facts there are as many as a person reads.
    #[test]
    fn a_page_about_many_services_stays_short() {
        let of = |services: u16| {
            let mut comparison = comparison::comparison(6);
            for at in 0..services {
                let of = |name: &str| crate::experiment::result::ValueUsed {
                    name: format!("databases.d{at}.{name}"),
                    value: "1".into(),
                    origin: "default".into(),
                };
                comparison.values.extend(["cores", "connections"].map(of));
                let step = format!("operations.op{at}.steps[0].by");
                comparison
                    .values
                    .push(crate::experiment::result::ValueUsed { name: step, ..of("cores") });
                let table = &mut comparison.variants[0].coupling.tables[0];
                table.readers.push(format!("s{at}"));
            }
            page(&comparison, &[])
        };
        let (few, many) = (of(MOST_ALIKE as u16), of(1_000));
        assert!(few.contains("databases.d5") && few.contains("s5"));
        assert!(!few.contains("more like it") && !few.contains("more, in"));
        assert!(many.contains("databases.d0 and 999 more like it"));
        assert!(many.contains("operations.op0.steps[0] and 999 more like it"));
        assert!(!many.contains("databases.d1") && many.contains("more, in coupling.csv"));
        assert!(many.len() < few.len() + 10_000, "{} bytes, {} of few", many.len(), few.len());
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = example();
        for banned in ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<link"] {
            let found = page.find(banned).map(|at| &page[at.saturating_sub(60)..at + 20]);
            assert_eq!(found, None, "{banned}");
        }
        for target in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let own = target.starts_with('#') || target.starts_with("charts/");
            assert!(own || ["csv", "json"].iter().any(|end| target.ends_with(end)), "{target}");
        }
    }

    #[test]
    fn the_page_has_everything() {
        let page = example();
        for part in [
            "The ranking rests on: sync every 30s",
            "What stands out",
            "corrected for looking at many",
            "shortest consistency lag",
            "crash role:driver",
            "HikariCP advises 10 to 20",
            "sysops-ticket.toml --seeds 6</code>",
            "<td class=\"violated\">violated</td>",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<svg").count(), 6);
        for id in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn numbers_stay_with_their_units() {
        assert_eq!(unbroken("p99 4.1 ms; next (1.2 %)."), "p99 4.1\u{a0}ms; next (1.2\u{a0}%).");
    }

    #[test]
    fn names_in_backquotes_are_code() {
        let text = |text| code(text).to_string();
        assert_eq!(text("`a<b>` and `c`"), "<code>a&lt;b&gt;</code> and <code>c</code>");
        assert_eq!(text("one ` alone"), "one ` alone");
    }

    #[test]
    fn text_from_scenarios_is_escaped() {
        let mut comparison = comparison::comparison(6);
        comparison.scenario.about = "<b>bold</b> & more".into();
        comparison.variants[0].name = "<i>".into();
        let page = page(&comparison, &chart::charts(&comparison));
        assert!(!page.contains("<b>bold") && !page.contains("<i>"));
    }

    #[test]
    fn an_empty_comparison_is_a_page_too() {
        let empty = Comparison::default();
        assert!(page(&empty, &chart::charts(&empty)).contains("</html>"));
    }
}
